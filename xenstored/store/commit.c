/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Committing a stage: all of it or nothing.
 *
 * What a transaction did commits if and only if every reply it was given
 * would be the same were its requests made now, one after the other.  If
 * anything changed since its beginning, that is found out by doing so:
 *
 *   replay    the requests, over the present           -EAGAIN
 *   plan      allocate all that is needed and ask the
 *             quotas                                   -ENOMEM, -ENOSPC
 *   apply     cannot fail
 *
 * I1  Nothing before apply changes the tree, nothing in apply allocates
 *     (XSA-421: half a commit is worse than none).
 * I2  Events come in order of the first access to their nodes, one for each
 *     node, and see the permissions as they are after the whole commit.
 * I3  New nodes come into the tree in the order in which they were created.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/accounts.h"
#include "store/stage_priv.h"
#include "store/watch.h"
#include "wire/path.h"
#include "wire/proto.h"

struct commit {
	struct xs_stage *stage;
	struct xs_tree *tree;
	struct xs_watches *watches;
	struct xs_delta *tops[2];
	uint32_t n_writes;
	uint32_t n_new;	  /* nodes for the client itself */
	size_t new_bytes; /* and their memory */
};

/* Visits all deltas, parents first. */
#define for_each_delta(d, i, c) \
	for (i = 0; i < 2; i++) \
		for (d = (c)->tops[i]; d; d = xs_delta_next((c)->tops[i], d))

/* ---- Plan ------------------------------------------------------------- */

static void locate(struct commit *c, struct xs_delta *d)
{
	if (d->parent && (d->parent->flags & (XS_D_CUT | XS_D_GONE)))
		d->flags |= XS_D_GONE;
	d->now = d->flags & (XS_D_CUT | XS_D_GONE) ? NULL : d->base;
	if (d->flags & XS_D_WRITES)
		c->n_writes++;
}

/* What stands there and is removed on its own, not with one above it. */
static struct xs_node *cut_node(const struct xs_delta *d)
{
	if ((d->flags & (XS_D_CUT | XS_D_GONE)) != XS_D_CUT)
		return NULL;
	return d->base;
}

static struct xs_perms *final_perms(const struct xs_delta *d)
{
	return d->flags & (XS_D_FRESH | XS_D_PERMS) ? d->perms : d->now->perms;
}

static int plan_owner(struct commit *c, struct xs_delta *d)
{
	uint16_t owner = xs_perms_owner(d->perms);
	int rc = xs_accounts_get(c->tree->accounts, owner, &d->account);

	if (rc)
		return rc;
	/* An upper bound is good enough for an array that doubles. */
	return xs_tree_prepare_owner(c->tree, owner,
				     c->n_writes + c->n_new + 1);
}

static int plan_creation(struct commit *c, struct xs_delta *d)
{
	size_t len = d->flags & XS_D_VALUE ? d->value_len : 0;
	struct xs_delta *p = d->parent;
	int rc;

	c->n_new++;
	rc = plan_owner(c, d);
	if (rc)
		return rc;
	rc = xs_tree_prepare_dir(p->flags & XS_D_FRESH ? p->new_node : p->now);
	if (rc)
		return rc;
	d->new_node = xs_node_new(d->name, d->name_len, len);
	if (!d->new_node)
		return -ENOMEM;
	if (len)
		memcpy(xs_node_value(d->new_node), d->value, len);
	d->new_node->value_len = (uint16_t)len;
	c->new_bytes += xs_node_bytes(d->name_len, len, d->perms->n);
	return 0;
}

static int plan_change(struct commit *c, struct xs_delta *d)
{
	int rc;

	if (!(d->flags & (XS_D_VALUE | XS_D_PERMS)))
		return 0;
	d->old_perms = xs_perms_ref(d->now->perms);
	rc = xs_tree_prepare_change(c->tree, d->now, &d->version);
	if (rc)
		return rc;
	if (d->flags & XS_D_VALUE) {
		if (d->value_len > d->now->value_len)
			c->new_bytes += d->value_len - d->now->value_len;
		if (d->value_len > d->now->room) {
			d->buf = malloc(d->value_len);
			if (!d->buf)
				return -ENOMEM;
		}
	}
	return d->flags & XS_D_PERMS ? plan_owner(c, d) : 0;
}

static int plan_one(struct commit *c, struct xs_delta *d)
{
	struct xs_node *cut = cut_node(d);
	int rc;

	if (cut) {
		d->old_perms = xs_perms_ref(cut->perms);
		rc = xs_tree_prepare_change(c->tree, cut, &d->version);
		if (rc)
			return rc;
	}
	if (d->flags & XS_D_FRESH)
		return plan_creation(c, d);
	return d->now ? plan_change(c, d) : 0;
}

static uint32_t count_removed(const struct commit *c)
{
	const struct xs_delta *d;
	const struct xs_node *n;
	uint32_t count = 0;
	int i;

	for_each_delta(d, i, c)
	{
		const struct xs_node *cut = cut_node(d);

		for (n = cut; n; n = xs_node_next(cut, n, XS_NOW))
			count += xs_perms_owner(n->perms) ==
				 c->stage->cred.domid;
	}
	return count;
}

/* A client that is limited creates nodes for itself only. */
static int ask_quotas(struct commit *c)
{
	struct xs_account *account = c->stage->account;
	int64_t more = c->n_new;

	if (!account->limited)
		return 0;
	if (more)
		more -= count_removed(c);
	if (!xs_tree_has_room(c->tree, account, XS_QUOTA_NODES, more))
		return -ENOSPC;
	if (!xs_tree_has_room(c->tree, account, XS_QUOTA_MEMORY,
			      (int64_t)c->new_bytes))
		return -ENOMEM;
	return 0;
}

static int plan(struct commit *c)
{
	struct xs_delta *d;
	int i, rc;

	for_each_delta(d, i, c) locate(c, d);
	for_each_delta(d, i, c)
	{
		rc = plan_one(c, d);
		if (rc)
			return rc;
	}
	return ask_quotas(c);
}

/* ---- Apply ------------------------------------------------------------ */

/* As xs_node_path(), which knows nothing of nodes still to come. */
static size_t delta_path(const struct xs_delta *d, char *buf, size_t max)
{
	const struct xs_delta *p;
	size_t len = 0, pos;

	for (p = d; p->parent; p = p->parent)
		len += p->name_len + 1u;
	if (!len)
		buf[len++] = '/';
	if (len > max)
		return 0;
	for (pos = len, p = d; p->parent; p = p->parent) {
		pos -= p->name_len;
		memcpy(buf + pos, p->name, p->name_len);
		buf[--pos] = '/';
	}
	return len;
}

static void fire(struct commit *c, const struct xs_delta *d,
		 const struct xs_perms *after)
{
	struct xs_watch_rights rights = {
		.before = d->old_perms,
		.after = after,
		.parent = d->parent ? final_perms(d->parent) : NULL,
	};
	char path[XS_PATH_BUF];
	size_t len = delta_path(d, path, sizeof(path));

	if (len)
		xs_watch_fire(c->watches, path, len, &rights,
			      c->stage->cred.domid);
}

/* Watchers of what is above it were to be told of this removal, too. */
static void fire_alone(struct commit *c, const struct xs_delta *d)
{
	struct xs_watch_rights rights = {
		.before = d->base->perms,
		.parent = d->base->parent->perms,
	};
	char path[XS_PATH_BUF];
	size_t len = delta_path(d, path, sizeof(path));

	if (len)
		xs_watch_fire(c->watches, path, len, &rights,
			      c->stage->cred.domid);
}

static bool is_special(const struct commit *c, const struct xs_delta *d)
{
	while (d->parent)
		d = d->parent;
	return d == c->stage->specials;
}

/* Goes before the changes: what is removed has still to be there. */
static void fire_all(struct commit *c)
{
	const uint16_t changes = XS_D_FRESH | XS_D_VALUE | XS_D_PERMS;
	struct xs_list *pos;

	xs_list_for_each(pos, &c->stage->touched) {
		const struct xs_delta *d =
			xs_list_entry(pos, struct xs_delta, touched);
		const struct xs_node *cut = cut_node(d);

		if (is_special(c, d))
			continue;
		if (d->flags & XS_D_ALONE && d->flags & XS_D_GONE && d->base)
			fire_alone(c, d);
		if (!(d->flags & XS_D_TARGET))
			continue;
		if (cut)
			xs_watch_fire_removal(c->watches, c->tree, cut,
					      c->stage->cred.domid);
		if (d->flags & changes)
			fire(c, d, final_perms(d));
		else if (cut)
			fire(c, d, NULL);
	}
}

static void apply_change(struct commit *c, struct xs_delta *d)
{
	uint16_t writer = c->stage->cred.domid;

	if (d->flags & XS_D_VALUE)
		xs_tree_set_value(c->tree, d->now, &d->version, &d->buf,
				  d->value, d->value_len, writer);
	if (d->flags & XS_D_PERMS) {
		xs_tree_set_perms(c->tree, d->now, &d->version,
				  xs_perms_ref(d->perms), d->account, writer);
	}
}

static void apply_one(struct commit *c, struct xs_delta *d)
{
	struct xs_node *cut = cut_node(d);

	if (cut)
		xs_tree_remove(c->tree, cut, &d->version, c->stage->cred.domid);
	if (d->flags & XS_D_FRESH) {
		d->now = d->new_node;
		d->new_node = NULL;
		xs_tree_link(c->tree, d->parent->now, d->now,
			     xs_perms_ref(d->perms), d->account,
			     c->stage->cred.domid);
	} else if (d->now) {
		apply_change(c, d);
	}
}

static void apply(struct commit *c)
{
	struct xs_delta *d;
	int i;

	xs_tree_begin_change(c->tree);
	for_each_delta(d, i, c) apply_one(c, d);
	xs_tree_end_change(c->tree);
}

/* A transaction's stage is one over the present from then on. */
static int catch_up(struct xs_stage *stage)
{
	if (!stage->is_tx)
		return 0;
	if (stage->snapshot.revoked || stage->doomed)
		return -EAGAIN;
	if (stage->tree->gen != stage->at)
		return xs_stage_replay(stage);
	/* Its own snapshot shall not keep what it replaces. */
	xs_snapshot_close(stage->tree, &stage->snapshot);
	stage->at = XS_NOW;
	return 0;
}

/*
 * Makes the stage's changes the store's, telling watches (NULL: nobody), and
 * closes the stage whatever comes out.  -EAGAIN: somebody changed what the
 * client was told, stage->blame says who; -ENOSPC, -ENOMEM.
 */
int xs_stage_commit(struct xs_stage *stage, struct xs_watches *watches)
{
	struct commit c = {
		.stage = stage,
		.tree = stage->tree,
		.watches = watches,
	};
	int rc = 0;

	/* Doomed: what it was told last does not go with what it was first. */
	if (!stage->n_changes && !stage->doomed)
		goto out;
	rc = catch_up(stage);
	if (rc)
		goto out;
	c.tops[0] = stage->root;
	c.tops[1] = stage->specials;
	rc = plan(&c);
	if (rc || !c.n_writes)
		goto out;
	if (watches)
		fire_all(&c);
	apply(&c);
out:
	xs_stage_close(stage);
	return rc;
}
