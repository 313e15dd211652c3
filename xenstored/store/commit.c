/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Committing a stage: all of it or nothing.
 *
 * What a transaction did commits if and only if every reply it was given
 * would be the same were its requests made now, one after the other.  That is
 * what the notes of stage.c are checked for; a stage over the present passes
 * by nature.  Then:
 *
 *   validate  the notes, against the present           -EAGAIN
 *   plan      what to create, change and remove now; allocate all of it
 *             and ask the quotas                       -ENOMEM, -ENOSPC
 *   apply     cannot fail
 *
 * I1  Nothing before apply changes the tree, nothing in apply allocates
 *     (XSA-421: half a commit is worse than none).
 * I2  Events come in order of the first access to their nodes, one for each
 *     node, and see the permissions as they are after the whole commit.
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

/* ---- What is there now ------------------------------------------------ */

static void locate(struct commit *c, struct xs_delta *d)
{
	const struct xs_delta *p = d->parent;

	if (!p)
		d->here = d->base;
	else if (c->stage->at == XS_NOW)
		d->here = d->base;
	else
		d->here = p->here ? xs_tree_child(c->tree, p->here, d->name,
						  d->name_len, XS_NOW)
				  : NULL;
	if (p && (p->flags & (XS_D_CUT | XS_D_GONE)))
		d->flags |= XS_D_GONE;
	/* What stays of it once everything cut is gone. */
	d->now = d->flags & (XS_D_CUT | XS_D_GONE) ? NULL : d->here;
	if (d->flags & XS_D_WRITES)
		c->n_writes++;
}

/* ---- Validate --------------------------------------------------------- */

static const struct xs_delta *nearest_here(const struct xs_delta *d)
{
	while (!d->here)
		d = d->parent;
	return d;
}

/* Whose change made the difference: the latest at the node or beside it. */
static int conflict(struct commit *c, const struct xs_delta *d)
{
	const struct xs_node *node = nearest_here(d)->here;

	c->stage->blame = node->writer;
	if (node->dir && node->dir->gen > node->gen)
		c->stage->blame = node->dir->writer;
	return -EAGAIN;
}

static bool same_list(const struct xs_node *now, const struct xs_node *base,
		      uint64_t at)
{
	const struct xs_node *a = NULL, *b = NULL;

	if (now && now == base && (!now->dir || now->dir->gen <= at))
		return true;
	do {
		a = now ? xs_node_next_child(now, a, XS_NOW) : NULL;
		b = base ? xs_node_next_child(base, b, at) : NULL;
		if (a && b &&
		    (a->name_len != b->name_len ||
		     memcmp(a->name, b->name, a->name_len)))
			return false;
	} while (a && b);
	return !a && !b;
}

static bool same_rights(const struct commit *c, const struct xs_delta *d)
{
	const struct xs_perms *perms = nearest_here(d)->here->perms;
	unsigned int mask = xs_perms_access(perms, &c->stage->cred);

	return (mask & d->asked_yes) == d->asked_yes && !(mask & d->asked_no);
}

static bool same_replies(const struct commit *c, const struct xs_delta *d)
{
	uint64_t at = c->stage->at;
	struct xs_node_state then;
	bool was = d->base && xs_node_at(d->base, at, &then);

	if ((d->flags & XS_D_SAW_PRESENT) && !d->here)
		return false;
	if ((d->flags & XS_D_SAW_ABSENT) && d->here)
		return false;
	if ((d->asked_yes || d->asked_no) && !same_rights(c, d))
		return false;
	if ((d->flags & XS_D_SAW_LIST) &&
	    !same_list(d->here, was ? d->base : NULL, at))
		return false;
	if (d->here && d->here == d->base && d->here->gen <= at)
		return true;
	if (d->flags & XS_D_SAW_VALUE) {
		size_t now_len = d->here ? d->here->value_len : 0;
		size_t then_len = was ? then.value_len : 0;

		if (now_len != then_len ||
		    (now_len && memcmp(d->here->value, then.value, now_len)))
			return false;
	}
	if ((d->flags & XS_D_SAW_PERMS) && was && d->here &&
	    !xs_perms_equal(d->here->perms, then.perms))
		return false;
	return true;
}

static int validate(struct commit *c)
{
	struct xs_delta *d;
	int i;

	if (c->stage->snapshot.revoked)
		return -EAGAIN;
	if (c->tree->gen == c->stage->at)
		return 0;
	for_each_delta(d, i, c)
	{
		if (!same_replies(c, d))
			return conflict(c, d);
	}
	return 0;
}

/* ---- Plan ------------------------------------------------------------- */

/* Which nodes have to be created, those above them included. */
static void mark_creations(struct commit *c)
{
	const uint16_t makes =
		XS_D_FRESH | XS_D_ENSURE | XS_D_VALUE | XS_D_PERMS;
	struct xs_delta *d, *p;
	int i;

	for_each_delta(d, i, c)
	{
		if (!(d->flags & makes))
			continue;
		for (p = d; !p->now && !(p->flags & XS_D_CREATE); p = p->parent)
			p->flags |= XS_D_CREATE;
	}
}

static struct xs_perms *final_perms(const struct xs_delta *d)
{
	return d->flags & (XS_D_CREATE | XS_D_PERMS) ? d->perms : d->now->perms;
}

static int plan_perms(struct commit *c, struct xs_delta *d)
{
	struct xs_perms *perms;
	int rc;

	/* Over the present they were inherited from what is still there. */
	if (d->flags & XS_D_PERMS ||
	    (d->perms && c->tree->gen == c->stage->at) ||
	    c->stage->at == XS_NOW)
		return 0;
	rc = xs_stage_inherit(c->stage, final_perms(d->parent), &perms);
	if (rc)
		return rc;
	if ((d->flags & XS_D_SAW_PERMS) && d->perms &&
	    !xs_perms_equal(perms, d->perms))
		rc = conflict(c, d);
	xs_perms_unref(&c->tree->perms, d->perms);
	d->perms = perms;
	return rc;
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
	int rc = plan_perms(c, d);

	if (rc)
		return rc;
	c->n_new++;
	rc = plan_owner(c, d);
	if (rc)
		return rc;
	rc = xs_tree_prepare_dir(p->flags & XS_D_CREATE ? p->new_node : p->now);
	if (rc)
		return rc;
	d->new_node = xs_node_new(d->name, d->name_len, len);
	if (!d->new_node)
		return -ENOMEM;
	if (len)
		memcpy(d->new_node->value, d->value, len);
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
	int rc;

	if ((d->flags & XS_D_CUT) && !(d->flags & XS_D_GONE) && d->here) {
		d->old_perms = xs_perms_ref(d->here->perms);
		rc = xs_tree_prepare_change(c->tree, d->here, &d->version);
		if (rc)
			return rc;
	}
	if (d->flags & XS_D_CREATE)
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
		if (!(d->flags & XS_D_CUT) || (d->flags & XS_D_GONE))
			continue;
		for (n = d->here; n; n = xs_node_next(d->here, n, XS_NOW))
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
	if (!xs_account_has_room(account, XS_QUOTA_NODES, more))
		return -ENOSPC;
	if (!xs_account_has_room(account, XS_QUOTA_MEMORY,
				 (int64_t)c->new_bytes))
		return -ENOMEM;
	return 0;
}

static int plan(struct commit *c)
{
	struct xs_delta *d;
	int i, rc;

	mark_creations(c);
	for_each_delta(d, i, c)
	{
		rc = plan_one(c, d);
		if (rc)
			return rc;
	}
	return ask_quotas(c);
}

/* ---- Apply ------------------------------------------------------------ */

static void fire(struct commit *c, const struct xs_delta *d,
		 const struct xs_node *node, const struct xs_perms *after)
{
	struct xs_watch_rights rights = {
		.before = d->old_perms,
		.after = after,
		.parent = d->parent ? final_perms(d->parent) : NULL,
	};
	char path[XS_PATH_BUF];
	size_t len = xs_node_path(c->tree, node, path, sizeof(path));

	if (len && path[0] == '/')
		xs_watch_fire(c->watches, path, len, &rights,
			      c->stage->cred.domid);
}

static void apply_cut(struct commit *c, struct xs_delta *d)
{
	uint16_t cause = c->stage->cred.domid;

	if (!d->here || (d->flags & XS_D_GONE))
		return;
	if (c->watches && (d->flags & XS_D_TARGET)) {
		xs_watch_fire_removal(c->watches, c->tree, d->here, cause);
		if (!(d->flags & XS_D_CREATE))
			fire(c, d, d->here, NULL);
	}
	xs_tree_remove(c->tree, d->here, &d->version, cause);
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
	if (d->flags & XS_D_DONE)
		return;
	d->flags |= XS_D_DONE;
	if (d->flags & XS_D_CUT)
		apply_cut(c, d);
	if (d->flags & XS_D_CREATE) {
		d->now = d->new_node;
		d->new_node = NULL;
		xs_tree_link(c->tree, d->parent->now, d->now,
			     xs_perms_ref(d->perms), d->account,
			     c->stage->cred.domid);
	} else if (d->now) {
		apply_change(c, d);
	}
}

/* The deltas from the top down to d, whose parents were not applied yet. */
static void apply_down_to(struct commit *c, struct xs_delta *d)
{
	struct xs_delta *next;

	while (!(d->flags & XS_D_DONE)) {
		for (next = d;
		     next->parent && !(next->parent->flags & XS_D_DONE);
		     next = next->parent)
			;
		apply_one(c, next);
	}
}

static void apply(struct commit *c)
{
	const uint16_t changes = XS_D_CREATE | XS_D_VALUE | XS_D_PERMS;
	struct xs_list *pos;

	xs_tree_begin_change(c->tree);
	xs_list_for_each(pos, &c->stage->touched) {
		struct xs_delta *d =
			xs_list_entry(pos, struct xs_delta, touched);

		apply_down_to(c, d);
		if (c->watches && (d->flags & XS_D_TARGET) &&
		    (d->flags & changes) && d->now)
			fire(c, d, d->now, d->now->perms);
	}
	xs_tree_end_change(c->tree);
}

/*
 * Makes the stage's changes the store's, telling watches (NULL: nobody), and
 * closes the stage whatever comes out.  -EAGAIN: somebody changed what the
 * client's decisions may rest on, stage->blame says who; -ENOSPC, -ENOMEM.
 */
int xs_stage_commit(struct xs_stage *stage, struct xs_watches *watches)
{
	struct commit c = {
		.stage = stage,
		.tree = stage->tree,
		.watches = watches,
		.tops = {stage->root, stage->specials},
	};
	struct xs_delta *d;
	int i, rc = 0;

	for_each_delta(d, i, &c) locate(&c, d);
	if (!c.n_writes)
		goto out;
	if (stage->at != XS_NOW) {
		rc = validate(&c);
		if (rc)
			goto out;
		/* Its own snapshot shall not keep what it replaces. */
		xs_snapshot_close(stage->tree, &stage->snapshot);
	}
	rc = plan(&c);
	if (!rc)
		apply(&c);
out:
	xs_stage_close(stage);
	return rc;
}
