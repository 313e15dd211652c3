/* SPDX-License-Identifier: GPL-2.0-only */
/* A node of an image into a store that serves. */
#ifndef XS_FREEZE_PUT_H
#define XS_FREEZE_PUT_H

#include <stddef.h>
#include <stdint.h>

struct xs_conns;
struct xs_image_node;
struct xs_stage;

int xs_put_node(struct xs_conns *conns, struct xs_stage *stage,
		const struct xs_image_node *n, const void *value, size_t len,
		const uint8_t *others);

#endif
