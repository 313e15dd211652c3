/* SPDX-License-Identifier: GPL-2.0-only */
/* From what the daemon has to an image of it (state/image.h). */
#ifndef XS_FREEZE_SAVE_H
#define XS_FREEZE_SAVE_H

#include <stdint.h>

struct xs_conn;
struct xs_domain;
struct xs_image;
struct xs_node;
struct xs_tree;

int xs_save_conn(struct xs_image *image, const struct xs_conn *conn,
		 uint32_t id);
int xs_save_domain(struct xs_image *image, const struct xs_domain *domain);
int xs_save_node(struct xs_image *image, const struct xs_tree *tree,
		 const struct xs_node *node);
int xs_save_subtree(struct xs_image *image, const struct xs_tree *tree,
		    const struct xs_node *top);

#endif
