/* SPDX-License-Identifier: GPL-2.0-only */
/* What of an image waits for its domain's ring. */
#ifndef XS_FREEZE_THAW_H
#define XS_FREEZE_THAW_H

#include <stddef.h>
#include <stdint.h>

#include "state/image.h"

struct xs_conns;
struct xs_domain;

struct xs_thaw {
	struct xs_image image;
	uint8_t *blob; /* what the image borrows from */
	uint32_t users;
};

struct xs_thaw *xs_thaw_new(struct xs_conns *conns, const void *blob,
			    size_t len);
void xs_thaw_put(struct xs_thaw *thaw);
void xs_thaw_wait(struct xs_domain *domain, struct xs_thaw *thaw);
void xs_thaw_free(struct xs_domain *domain);
int xs_thaw_attach(struct xs_conns *conns, struct xs_domain *domain);

#endif
