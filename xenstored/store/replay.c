/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making a transaction's requests again: at its commit, to see whether it
 * still holds, and where it is taken to.
 *
 * I1  A transaction holds if and only if every request, made again in order
 *     over the store as it is, gets the reply it got.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/stage_priv.h"
#include "wire/path.h"

/* Whose change made the difference: the latest at the path's end. */
static uint16_t last_writer(const struct xs_tree *tree,
			    const struct xs_path *path)
{
	const struct xs_node *node,
		*child = xs_path_is_special(path) ? tree->specials : tree->root;
	struct xs_path_iter it;

	xs_path_iter_init(&it, path);
	do {
		node = child;
		child = xs_path_iter_next(&it)
				? xs_tree_child(tree, node, it.name, it.len,
						XS_NOW)
				: NULL;
	} while (child);
	if (node->dir && node->dir->gen > node->gen)
		return node->dir->writer;
	return node->writer;
}

static int repeat(struct xs_stage *stage, struct xs_request *rq)
{
	uint64_t sum = 0;
	int rc;

	if (rq->kind >= XS_R_WRITE)
		rc = xs_stage_change(stage, rq);
	else
		rc = xs_stage_reread(stage, rq->kind, &rq->path, &sum);
	if (rc == -ENOMEM)
		return rc;
	if (rc == rq->rc && sum == rq->sum)
		return 0;
	stage->blame = last_writer(stage->tree, &rq->path);
	return -EAGAIN;
}

/* Whether it gave rights to a domid whose bearer is gone by now (XSA-322). */
static bool names_dead(const struct xs_tree *tree, const struct xs_request *rq)
{
	const struct xs_perm *entries = (const void *)rq->data;
	size_t n = rq->data_len / sizeof(*entries), i;

	if (rq->kind != XS_R_SET_PERMS || rq->rc)
		return false;
	for (i = 0; i < n; i++) {
		if (xs_tree_died_since(tree, entries[i].domid, rq->gen))
			return true;
	}
	return false;
}

/* Who died is known as long as the snapshot is open. */
static bool any_names_dead(const struct xs_stage *stage)
{
	struct xs_list *pos;

	xs_list_for_each(pos, &stage->log) {
		if (names_dead(stage->tree,
			       xs_list_entry(pos, struct xs_request, link)))
			return true;
	}
	return false;
}

/*
 * Makes a transaction's requests again, over the present.  -EAGAIN: some reply
 * would not be what the client was told; blame says who changed it.  -ENOMEM.
 */
int xs_stage_replay(struct xs_stage *stage)
{
	struct xs_list *pos;
	int rc = 0;

	if (any_names_dead(stage))
		return -EAGAIN;
	xs_stage_forget_deltas(stage);
	xs_list_for_each(pos, &stage->log) {
		rc = repeat(stage, xs_list_entry(pos, struct xs_request, link));
		if (rc)
			break;
	}
	return rc;
}

/* ---- Taking a transaction elsewhere ----------------------------------- */

/* Calls fn for the requests so far until it returns nonzero. */
int xs_stage_each_request(const struct xs_stage *stage, xs_stage_request_fn *fn,
			  void *arg)
{
	struct xs_list *pos;
	int rc = 0;

	xs_list_for_each(pos, &stage->log) {
		const struct xs_request *rq =
			xs_list_entry(pos, struct xs_request, link);
		const struct xs_stage_request out = {
			.kind = rq->kind,
			.rc = rq->rc,
			.sum = rq->sum,
			.path = &rq->path,
			.data = rq->data,
			.len = rq->data_len,
		};

		rc = fn(arg, &out);
		if (rc)
			break;
	}
	return rc;
}

/*
 * Makes a request of a transaction that began elsewhere again in this one,
 * whose snapshot is of now.  If the client would not be told what it was told,
 * the transaction is doomed: it goes on, but its commit answers -EAGAIN.
 */
int xs_stage_adopt(struct xs_stage *stage, const struct xs_stage_request *in)
{
	struct xs_request *rq =
		xs_stage_new_request(stage, (enum xs_request_kind)in->kind,
				     in->path, in->data, in->len);
	int rc;

	if (!rq)
		return -ENOMEM;
	rq->rc = in->rc;
	rq->sum = in->sum;
	rc = repeat(stage, rq);
	if (rc == -ENOMEM)
		return rc;
	if (rc)
		stage->doomed = true;
	xs_list_add_tail(&stage->log, &rq->link);
	return 0;
}

static int adopt_in(void *arg, const struct xs_stage_request *rq)
{
	return xs_stage_adopt(arg, rq);
}

/*
 * Whether the client would be told the same were it to make all its requests
 * now.  Changes nothing and charges nobody; -ENOMEM.
 */
int xs_stage_holds(const struct xs_stage *stage, bool *holdsp)
{
	struct xs_stage probe;
	int rc;

	*holdsp = false;
	if (stage->doomed || stage->snapshot.revoked || any_names_dead(stage))
		return 0;
	rc = xs_stage_init(&probe, stage->tree);
	if (rc)
		return rc;
	xs_stage_open_snapshot(&probe, &stage->cred, stage->account);
	probe.arena.account = probe.log_arena.account = NULL;
	probe.digest_key = stage->digest_key;
	rc = xs_stage_each_request(stage, adopt_in, &probe);
	*holdsp = !probe.doomed;
	xs_stage_close(&probe);
	xs_stage_fini(&probe);
	return rc;
}
