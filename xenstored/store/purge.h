/* SPDX-License-Identifier: GPL-2.0-only */
/* Removing every trace of a domain from the store. */
#ifndef XS_STORE_PURGE_H
#define XS_STORE_PURGE_H

#include <stdint.h>

struct xs_tree;
struct xs_watches;

#define XS_PURGE_NO_HEIR (-1)

void xs_store_purge_domain(struct xs_tree *tree, struct xs_watches *watches,
			   uint16_t domid, int heir);

#endif
