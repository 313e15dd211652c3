/* SPDX-License-Identifier: GPL-2.0-only */
/* Which nodes go with a domain, and what the destination does with them. */
#ifndef XS_FREEZE_POLICY_H
#define XS_FREEZE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xs_node;
struct xs_tree;

enum xs_node_policy {
	XS_NODE_GUEST,
	XS_NODE_TOOLSTACK,
	XS_NODE_HOST,
};

enum xs_node_policy xs_node_policy(const char *path, size_t len,
				   uint16_t domid);

bool xs_node_is_backend(const char *path, size_t len, uint16_t domid);
size_t xs_node_device(const char *path, size_t len, uint16_t domid);
bool xs_node_relates(const char *path, size_t len, uint16_t domid);

/* Called for the top of each area that relates to the domain, in order. */
typedef int xs_area_fn(void *arg, struct xs_node *top);
int xs_areas_each(const struct xs_tree *tree, uint16_t domid, xs_area_fn *fn,
		  void *arg);
struct xs_node *xs_tree_find_at(const struct xs_tree *tree, const char *path,
				size_t len, uint64_t at);
struct xs_node *xs_tree_find(const struct xs_tree *tree, const char *path,
			     size_t len);

#endif
