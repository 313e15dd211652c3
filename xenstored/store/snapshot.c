/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Snapshots and the old versions they keep alive.
 *
 *   gen      10        15          20       (now)
 *   node     |--- v ---|---- w ----|-- the node itself
 *   snapshots     ^12       ^17 ^18
 *
 * v is seen by 12, w by 17 and 18.  A version hangs at the newest snapshot
 * that sees it; when that one closes it goes to the next older one that does,
 * or is freed.
 *
 * I1  A version is kept if and only if an open snapshot lies in
 *     [its gen, gen of the next newer version).
 * I2  So a node has at most as many old versions as there are snapshots, and
 *     each is charged to the owner of a transaction that needs it.
 * I3  Opening a snapshot is O(1); closing is O(versions it kept).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/tree.h"

/* For xs_tree_retire(), allocated while failing is still allowed. */
struct xs_version *xs_version_new(void)
{
	struct xs_version *version = calloc(1, sizeof(*version));

	if (version)
		xs_list_init(&version->kept);
	return version;
}

/* Frees a version that its node no longer names. */
void xs_version_free(struct xs_tree *tree, struct xs_version *version)
{
	xs_list_remove(&version->kept);
	xs_charge_release(&version->charge);
	xs_perms_unref(&tree->perms, version->perms);
	free(version->value);
	free(version);
}

static struct xs_snapshot *newest(const struct xs_tree *tree)
{
	if (xs_list_is_empty(&tree->snapshots))
		return NULL;
	return xs_list_entry(tree->snapshots.prev, struct xs_snapshot, link);
}

/*
 * If a snapshot sees the node as it is, changing it takes a version to keep
 * that; *versionp is NULL when it does not.  -ENOMEM.
 */
int xs_tree_prepare_change(const struct xs_tree *tree,
			   const struct xs_node *node,
			   struct xs_version **versionp)
{
	struct xs_snapshot *snapshot = newest(tree);

	*versionp = NULL;
	if (!snapshot || node->gen > snapshot->gen)
		return 0;
	*versionp = xs_version_new();
	if (!*versionp)
		return -ENOMEM;
	if (node->value_len) {
		(*versionp)->value = malloc(node->value_len);
		if (!(*versionp)->value) {
			free(*versionp);
			*versionp = NULL;
			return -ENOMEM;
		}
	}
	return 0;
}

static void keep(struct xs_tree *tree, struct xs_version *version,
		 struct xs_snapshot *snapshot, size_t bytes)
{
	struct xs_account *account = snapshot->account;

	xs_list_remove(&version->kept);
	xs_list_add_tail(&snapshot->kept, &version->kept);
	xs_charge_release(&version->charge);
	xs_charge_force(&version->charge, account, XS_CHARGE_BYTES_ONLY, bytes);
	if (xs_account_over(account, XS_QUOTA_MEMORY))
		tree->over_memory = true;
}

/*
 * Keeps the node's present state as an old version, in what
 * xs_tree_prepare_change() allocated; nothing when no snapshot sees it.
 */
void xs_tree_retire(struct xs_tree *tree, struct xs_node *node,
		    struct xs_version **version_take)
{
	struct xs_version *version = *version_take;

	if (!version)
		return;
	*version_take = NULL;
	version->node = node;
	version->perms = xs_perms_ref(node->perms);
	version->gen = node->gen;
	version->writer = node->writer;
	version->value_len = node->value_len;
	if (node->value_len)
		memcpy(version->value, xs_node_value(node), node->value_len);
	version->older = node->old;
	node->old = version;
	keep(tree, version, newest(tree),
	     sizeof(*version) + version->value_len);
}

/* Starts to see the tree as it is now; account pays for what that keeps. */
void xs_snapshot_open(struct xs_tree *tree, struct xs_snapshot *snapshot,
		      struct xs_account *account)
{
	xs_list_init(&snapshot->link);
	xs_list_init(&snapshot->kept);
	snapshot->account = account;
	snapshot->gen = tree->gen;
	snapshot->open = true;
	snapshot->revoked = false;
	xs_list_add_tail(&tree->snapshots, &snapshot->link);
}

static void forget_deaths(struct xs_tree *tree);

static void drop_version(struct xs_tree *tree, struct xs_version *version)
{
	struct xs_node *node = version->node;
	struct xs_version **pp = &node->old;

	while (*pp != version)
		pp = &(*pp)->older;
	*pp = version->older;
	xs_version_free(tree, version);
	if (!node->perms && !node->old)
		xs_tree_doom(tree, node);
}

/* Stops seeing; a closed snapshot may be closed again. */
void xs_snapshot_close(struct xs_tree *tree, struct xs_snapshot *snapshot)
{
	struct xs_snapshot *older = NULL;

	if (!snapshot->open)
		return;
	snapshot->open = false;
	if (snapshot->link.prev != &tree->snapshots)
		older = xs_list_entry(snapshot->link.prev, struct xs_snapshot,
				      link);
	xs_list_remove(&snapshot->link);
	/* Reaping a subtree may free further entries: always take the first. */
	while (!xs_list_is_empty(&snapshot->kept)) {
		struct xs_version *version = xs_list_entry(
			snapshot->kept.next, struct xs_version, kept);

		if (older && older->gen >= version->gen)
			keep(tree, version, older, version->charge.bytes);
		else
			drop_version(tree, version);
	}
	forget_deaths(tree);
}

/* Frees all that snapshots keep, when memory is needed for something vital. */
void xs_snapshot_revoke_all(struct xs_tree *tree)
{
	while (!xs_list_is_empty(&tree->snapshots)) {
		struct xs_snapshot *s = xs_list_entry(tree->snapshots.next,
						      struct xs_snapshot, link);

		s->revoked = true;
		xs_snapshot_close(tree, s);
	}
}

/* ---- Deaths ----------------------------------------------------------- */

struct death {
	struct xs_list link;
	uint64_t gen;
	uint16_t domid;
};

/*
 * A transaction may be about to give rights to a domain that is gone by the
 * time it commits, and whose domid is another's then (XSA-322): it has to be
 * able to find out.
 */
void xs_tree_note_death(struct xs_tree *tree, uint16_t domid)
{
	struct death *death;

	if (xs_list_is_empty(&tree->snapshots))
		return;
	death = malloc(sizeof(*death));
	if (!death) {
		xs_snapshot_revoke_all(tree);
		return;
	}
	death->gen = tree->gen;
	death->domid = domid;
	xs_list_add_tail(&tree->deaths, &death->link);
}

/* Whether a bearer of the domid went after that; only while a snapshot of
 * that time is open. */
bool xs_tree_died_since(const struct xs_tree *tree, uint16_t domid,
			uint64_t gen)
{
	struct xs_list *pos;

	xs_list_for_each(pos, &tree->deaths) {
		const struct death *death =
			xs_list_entry(pos, struct death, link);

		if (death->domid == domid && death->gen > gen)
			return true;
	}
	return false;
}

static void forget_deaths(struct xs_tree *tree)
{
	uint64_t oldest = XS_NOW;

	if (!xs_list_is_empty(&tree->snapshots))
		oldest = xs_list_entry(tree->snapshots.next, struct xs_snapshot,
				       link)
				 ->gen;
	while (!xs_list_is_empty(&tree->deaths)) {
		struct death *death =
			xs_list_entry(tree->deaths.next, struct death, link);

		if (death->gen > oldest)
			return;
		xs_list_remove(&death->link);
		free(death);
	}
}

/*
 * Ends a change: transactions that came to keep more than their domain may
 * lose their snapshot.  Nothing can be asked in them any more, and they
 * fail to commit.
 */
void xs_tree_end_change(struct xs_tree *tree)
{
	struct xs_list *pos;

	while (tree->over_memory) {
		tree->over_memory = false;
		xs_list_for_each(pos, &tree->snapshots) {
			struct xs_snapshot *s =
				xs_list_entry(pos, struct xs_snapshot, link);

			if (xs_list_is_empty(&s->kept) ||
			    !xs_account_over(s->account, XS_QUOTA_MEMORY))
				continue;
			s->revoked = true;
			xs_snapshot_close(tree, s);
			tree->over_memory = true;
			break;
		}
	}
}
