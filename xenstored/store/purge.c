/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Removing every trace of a domain.
 *
 * I1  Afterwards no node is owned by the domid and no permission names it, so
 *     whoever bears it next starts with nothing (XSA-322, XSA-419).
 * I2  It cannot fail: where memory is short, open snapshots are given up.
 */
#include "store/purge.h"

#include <stdlib.h>
#include <string.h>

#include "base/accounts.h"
#include "store/tree.h"
#include "store/watch.h"
#include "wire/path.h"

static int by_path(const void *a, const void *b)
{
	return xs_node_order(*(struct xs_node *const *)a,
			     *(struct xs_node *const *)b);
}

static struct xs_version *version_for(struct xs_tree *tree,
				      const struct xs_node *node)
{
	struct xs_version *version;

	if (xs_tree_prepare_change(tree, node, &version)) {
		xs_snapshot_revoke_all(tree);
		version = NULL;
	}
	return version;
}

static bool is_owned(const struct xs_node *node, uint16_t domid)
{
	return xs_perms_owner(node->perms) == domid;
}

/* The root and the special nodes are there whoever owned them. */
static bool is_permanent(const struct xs_tree *tree, const struct xs_node *node)
{
	return !node->parent || node->parent == tree->specials;
}

/* The highest node of the domain's on the way up from one of them. */
static struct xs_node *top_owned(const struct xs_tree *tree,
				 struct xs_node *node, uint16_t domid)
{
	struct xs_node *top = node;

	for (; !is_permanent(tree, node); node = node->parent) {
		if (is_owned(node, domid))
			top = node;
	}
	return top;
}

static void remove_tree(struct xs_tree *tree, struct xs_watches *watches,
			struct xs_node *node, uint16_t cause)
{
	struct xs_version *version = version_for(tree, node);
	struct xs_watch_rights rights = {
		.before = node->perms,
		.parent = node->parent->perms,
	};
	char path[XS_PATH_BUF];
	size_t len = xs_node_path(tree, node, path, sizeof(path));

	xs_watch_fire_removal(watches, tree, node, cause);
	if (len)
		xs_watch_fire(watches, path, len, &rights, cause);
	xs_tree_remove(tree, node, &version, cause);
	xs_tree_settle(tree);
}

/* Top-most nodes of the domain, sorted by path; 0 when out of memory. */
static size_t collect(struct xs_tree *tree, uint16_t domid,
		      struct xs_node ***rootsp)
{
	struct xs_node *const *nodes;
	size_t n = xs_tree_owned(tree, domid, &nodes), i, n_roots = 0;
	struct xs_node **roots =
		n ? malloc(n * sizeof(struct xs_node *)) : NULL;

	*rootsp = roots;
	if (!roots)
		return 0;
	for (i = 0; i < n; i++) {
		if (!is_permanent(tree, nodes[i]) &&
		    top_owned(tree, nodes[i], domid) == nodes[i])
			roots[n_roots++] = nodes[i];
	}
	qsort(roots, n_roots, sizeof(roots[0]), by_path);
	return n_roots;
}

/* Some node of the domain's that can be removed, or NULL. */
static struct xs_node *any_owned(const struct xs_tree *tree, uint16_t domid)
{
	struct xs_node *const *nodes;
	size_t n = xs_tree_owned(tree, domid, &nodes), i;

	for (i = 0; i < n; i++) {
		if (!is_permanent(tree, nodes[i]))
			return nodes[i];
	}
	return NULL;
}

static void remove_owned(struct xs_tree *tree, struct xs_watches *watches,
			 uint16_t domid)
{
	uint16_t cause = tree->master_domid;
	struct xs_node *node;
	struct xs_node **roots;
	size_t n = collect(tree, domid, &roots), i;

	for (i = 0; i < n; i++)
		remove_tree(tree, watches, roots[i], cause);
	free(roots);
	/* Out of memory for the order: without it. */
	while ((node = any_owned(tree, domid)))
		remove_tree(tree, watches, top_owned(tree, node, domid), cause);
}

/* A node for the heir: same rights, without what named the domain. */
static bool inherit(struct xs_tree *tree, struct xs_node *node, uint16_t heir,
		    struct xs_account *account)
{
	struct xs_version *version = version_for(tree, node);
	struct xs_perms *old = node->perms, *perms = NULL;
	size_t size = old->n * sizeof(old->entry[0]);
	struct xs_perm *entries = malloc(size);

	if (!entries)
		goto fail;
	memcpy(entries, old->entry, size);
	entries[0].domid = heir;
	if (xs_perms_intern(&tree->perms, entries, old->n, &perms) ||
	    xs_tree_prepare_owner(tree, heir, 1))
		goto fail;
	xs_tree_set_perms(tree, node, &version, perms, account, heir);
	free(entries);
	return true;
fail:
	xs_perms_unref(&tree->perms, perms);
	free(entries);
	if (version)
		free(version->value);
	free(version);
	return false;
}

/*
 * permanent: only the nodes that stay whatever happens.  false: memory was too
 * short for all of them.
 */
static bool bequeath(struct xs_tree *tree, uint16_t domid, uint16_t heir,
		     bool permanent)
{
	struct xs_node *const *nodes;
	struct xs_account *account;
	size_t i = 0;

	if (xs_accounts_get(tree->accounts, heir, &account))
		return false;
	while (i < xs_tree_owned(tree, domid, &nodes)) {
		if (permanent && !is_permanent(tree, nodes[i]))
			i++;
		else if (!inherit(tree, nodes[i], heir, account))
			return false;
	}
	return true;
}

/* What nobody could be found to inherit, or to remove. */
static void give_to_master(struct xs_tree *tree, uint16_t domid)
{
	xs_snapshot_revoke_all(tree);
	xs_tree_give_to_master(tree, domid);
}

/*
 * Removes the nodes that the domain owns with everything below them, telling
 * the watches, and its entries in the permissions of others.  heir: the domid
 * that gets the nodes instead (--keep-orphans), or XS_PURGE_NO_HEIR.  Where
 * memory is short, the master gets them.
 */
void xs_store_purge_domain(struct xs_tree *tree, struct xs_watches *watches,
			   uint16_t domid, int heir)
{
	bool done = true;

	/* What is being removed is still in the index of its owner. */
	xs_tree_settle(tree);
	xs_tree_begin_change(tree);
	if (heir == XS_PURGE_NO_HEIR)
		done = bequeath(tree, domid, tree->master_domid, true);
	else if (!bequeath(tree, domid, (uint16_t)heir, false))
		give_to_master(tree, domid);
	remove_owned(tree, watches, domid);
	if (!done)
		give_to_master(tree, domid);
	xs_perms_forget_domid(&tree->perms, domid);
	xs_tree_drop_owner(tree, domid);
	xs_tree_note_death(tree, domid);
	xs_tree_end_change(tree);
}
