/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The deltas of a stage, found by path; stage.c says what they are for.
 */
#include <errno.h>
#include <string.h>

#include "store/stage_priv.h"

/* Next delta below top, parents first; NULL after the last. */
struct xs_delta *xs_delta_next(const struct xs_delta *top,
			       const struct xs_delta *d)
{
	if (!xs_list_is_empty(&d->children))
		return xs_delta_entry(d->children.next);
	while (d != top) {
		if (d->sibling.next != &d->parent->children)
			return xs_delta_entry(d->sibling.next);
		d = d->parent;
	}
	return NULL;
}

static struct xs_delta *new_delta(struct xs_stage *stage,
				  struct xs_delta *parent, const char *name,
				  size_t len)
{
	struct xs_delta *d = xs_arena_alloc(&stage->arena, sizeof(*d) + len);

	if (!d)
		return NULL;
	memset(d, 0, sizeof(*d));
	xs_list_init(&d->children);
	xs_list_init(&d->sibling);
	xs_list_init(&d->touched);
	d->name = memcpy(d + 1, name, len);
	d->name_len = (uint16_t)len;
	d->parent = parent;
	return d;
}

static void show_base(struct xs_delta *d, struct xs_node *base)
{
	d->base = base;
	if (base)
		d->flags = XS_D_PRESENT | XS_D_THROUGH;
}

static struct xs_delta *top_delta(struct xs_stage *stage, bool special)
{
	struct xs_delta **topp = special ? &stage->specials : &stage->root;

	if (!*topp) {
		*topp = new_delta(stage, NULL, "", 0);
		if (*topp)
			show_base(*topp, special ? stage->tree->specials
						 : stage->tree->root);
	}
	return *topp;
}

/* That of the node if there may be one, so that it is worked out once. */
static uint32_t hash_of(const struct xs_stage *stage,
			const struct xs_delta *parent, const char *name,
			size_t len)
{
	const void *above = parent->base ? (const void *)parent->base : parent;

	return xs_tree_hash(stage->tree, above, name, len);
}

static struct xs_delta *find_below(const struct xs_stage *stage,
				   const struct xs_delta *parent,
				   const char *name, size_t len, uint32_t hash)
{
	struct xs_map_link *link = xs_map_bucket(&stage->deltas, hash);

	for (; link; link = link->next) {
		struct xs_delta *d =
			xs_container_of(link, struct xs_delta, link);

		if (link->hash == hash && d->parent == parent &&
		    d->name_len == len && !memcmp(d->name, name, len))
			return d;
	}
	return NULL;
}

/* What the stage knows of a child, or NULL. */
struct xs_delta *xs_delta_below(const struct xs_stage *stage,
				const struct xs_delta *parent, const char *name,
				size_t len)
{
	return find_below(stage, parent, name, len,
			  hash_of(stage, parent, name, len));
}

static struct xs_delta *get_below(struct xs_stage *stage,
				  struct xs_delta *parent, const char *name,
				  size_t len)
{
	uint32_t hash = hash_of(stage, parent, name, len);
	struct xs_delta *d = find_below(stage, parent, name, len, hash);

	if (d)
		return d;
	d = new_delta(stage, parent, name, len);
	if (!d)
		return NULL;
	if (parent->flags & XS_D_THROUGH)
		show_base(d, xs_tree_child_of_hash(stage->tree, parent->base,
						   name, len, hash, stage->at));
	xs_map_add(&stage->deltas, &d->link, hash);
	xs_list_add_tail(&parent->children, &d->sibling);
	return d;
}

/* The delta of a path, made if need be; counts as an access to it. */
int xs_delta_get(struct xs_stage *stage, const struct xs_path *path,
		 struct xs_delta **dp)
{
	struct xs_path_iter it;
	struct xs_delta *d;

	*dp = NULL;
	/* Without its snapshot the stage has lost what its deltas refer to. */
	if (stage->snapshot.revoked)
		return -ENOMEM;
	d = top_delta(stage, xs_path_is_special(path));
	xs_path_iter_init(&it, path);
	while (d && xs_path_iter_next(&it))
		d = get_below(stage, d, it.name, it.len);
	if (!d)
		return -ENOMEM;
	if (!xs_list_is_linked(&d->touched)) {
		if (!xs_account_fits(stage->account, XS_QUOTA_TRANSACTION_NODES,
				     stage->n_touched + 1u))
			return -ENOSPC;
		xs_list_add_tail(&stage->touched, &d->touched);
		stage->n_touched++;
	}
	*dp = d;
	return 0;
}

/* The node as it was before the stage changed it; no perms: not there. */
struct xs_node_state xs_delta_base(const struct xs_stage *stage,
				   const struct xs_delta *d)
{
	struct xs_node_state state = {0};

	if (d->base)
		xs_node_at(d->base, stage->at, &state);
	return state;
}

/* Its permissions as the stage sees them. */
struct xs_perms *xs_delta_perms(const struct xs_stage *stage,
				const struct xs_delta *d)
{
	return d->perms ? d->perms : xs_delta_base(stage, d).perms;
}

/* It, or something above it, was removed by the stage. */
bool xs_delta_is_below_cut(const struct xs_delta *d)
{
	for (; d; d = d->parent) {
		if (d->flags & XS_D_CUT)
			return true;
	}
	return false;
}
