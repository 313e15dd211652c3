/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests on nodes.
 *
 * A stage that changes things, or sees a snapshot, keeps a delta for every
 * node it was asked about and for the nodes above it.  The deltas form a tree
 * of their own over the tree of nodes:
 *
 *   nodes at "at"      deltas                    the stage sees
 *   /                  / (through)               /
 *   |- a               |- a (through)            |- a
 *   |  |- x            |  |- x (cut)             |  `- y
 *   |                  |  `- y (fresh, value)    `- b
 *   `- b
 *
 * I1  A delta's parent has a delta.  The root is always present.
 * I2  A present delta is fresh or through, never both; below a fresh one
 *     nothing of base shows.
 * I3  A request that fails leaves what the stage sees as it was.
 * I4  A transaction's requests are logged with a digest of their replies, as
 *     far as they say anything new: made again they tell whether it still
 *     holds.
 */
#include "store/stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/accounts.h"
#include "store/stage_priv.h"
#include "wire/path.h"
#include "wire/proto.h"

/* 4.17 counts a header of 24 bytes, and refuses to reach the limit. */
#define NODE_SIZE_FIXED 25
#define NODE_SIZE_PERM	8

/* One stage for use again and again; -ENOMEM. */
int xs_stage_init(struct xs_stage *stage, struct xs_tree *tree)
{
	memset(stage, 0, sizeof(*stage));
	stage->tree = tree;
	stage->at = XS_NOW;
	xs_list_init(&stage->touched);
	xs_list_init(&stage->log);
	xs_arena_init(&stage->arena, NULL);
	xs_arena_init(&stage->log_arena, NULL);
	return xs_map_init(&stage->deltas);
}

static void open_stage(struct xs_stage *stage, const struct xs_cred *cred,
		       struct xs_account *account, bool is_tx)
{
	stage->cred = *cred;
	stage->account = account;
	stage->blame = XS_DOMID_INVALID;
	/* The chunk that nobody pays for is for single requests. */
	if (is_tx) {
		xs_arena_fini(&stage->arena);
		xs_arena_fini(&stage->log_arena);
	}
	stage->arena.account = is_tx ? account : NULL;
	stage->log_arena.account = stage->arena.account;
	stage->is_tx = is_tx;
	stage->doomed = false;
	stage->digest_key = stage->tree->digest_key;
}

/*
 * Requests see the present.  account pays for what they create and, being the
 * requester's, limits it.
 */
void xs_stage_open_now(struct xs_stage *stage, const struct xs_cred *cred,
		       struct xs_account *account)
{
	open_stage(stage, cred, account, false);
	stage->at = XS_NOW;
}

/* Requests see the store as it is now until the stage is closed: O(1). */
void xs_stage_open_snapshot(struct xs_stage *stage, const struct xs_cred *cred,
			    struct xs_account *account)
{
	open_stage(stage, cred, account, true);
	xs_snapshot_open(stage->tree, &stage->snapshot, account);
	stage->at = stage->snapshot.gen;
}

static void release_delta(struct xs_tree *tree, struct xs_delta *d)
{
	xs_perms_unref(&tree->perms, d->perms);
	xs_perms_unref(&tree->perms, d->old_perms);
	xs_node_discard(d->new_node);
	if (d->version) {
		free(d->version->value);
		free(d->version);
	}
	free(d->buf);
}

/* The stage sees what it saw in the beginning, or the present from now on. */
void xs_stage_forget_deltas(struct xs_stage *stage)
{
	struct xs_delta *tops[] = {stage->root, stage->specials};
	struct xs_delta *d;
	size_t i;

	for (i = 0; i < 2; i++) {
		for (d = tops[i]; d; d = xs_delta_next(tops[i], d))
			release_delta(stage->tree, d);
	}
	if (stage->root || stage->specials)
		xs_map_clear(&stage->deltas);
	stage->root = stage->specials = NULL;
	xs_list_init(&stage->touched);
	stage->n_touched = stage->n_changes = 0;
	xs_arena_reset(&stage->arena);
	xs_snapshot_close(stage->tree, &stage->snapshot);
	stage->at = XS_NOW;
}

/* Forgets everything asked and changed; the stage can be opened again. */
void xs_stage_close(struct xs_stage *stage)
{
	xs_stage_forget_deltas(stage);
	xs_list_init(&stage->log);
	xs_arena_reset(&stage->log_arena);
	stage->snapshot.revoked = false;
	stage->is_tx = false;
	stage->arena.account = stage->log_arena.account = NULL;
}

/* Ends its use; the stage is closed. */
void xs_stage_fini(struct xs_stage *stage)
{
	xs_arena_fini(&stage->arena);
	xs_arena_fini(&stage->log_arena);
	xs_map_fini(&stage->deltas);
}

/* ---- Asking ----------------------------------------------------------- */

/*
 * 0: the node exists and the client may do what it wants with it.  Of a node
 * that does not exist only those learn (-ENOENT) who might do it with the
 * nearest node above that does; the others get -EACCES as for one that does.
 */
static int ask(const struct xs_stage *stage, const struct xs_delta *d,
	       unsigned int want)
{
	const struct xs_delta *at = d;

	while (!(at->flags & XS_D_PRESENT))
		at = at->parent;
	if ((xs_perms_access(xs_delta_perms(stage, at), &stage->cred) & want) !=
	    want)
		return -EACCES;
	return d->flags & XS_D_PRESENT ? 0 : -ENOENT;
}

/* ---- The log ---------------------------------------------------------- */

/* A request with n bytes of data behind its path; NULL: no memory. */
struct xs_request *xs_stage_new_request(struct xs_stage *stage,
					enum xs_request_kind kind,
					const struct xs_path *path,
					const void *data, size_t n)
{
	struct xs_request *rq;

	rq = xs_arena_alloc(&stage->log_arena, sizeof(*rq) + n + path->len);
	if (!rq)
		return NULL;
	memset(rq, 0, sizeof(*rq));
	xs_list_init(&rq->link);
	rq->kind = kind;
	rq->gen = stage->tree->gen;
	rq->data = (char *)(rq + 1);
	rq->data_len = n;
	if (n)
		memcpy(rq->data, data, n);
	rq->path.text = memcpy(rq->data + n, path->text, path->len);
	rq->path.len = path->len;
	return rq;
}

/* Its reply was given; one for want of memory says nothing of the store. */
static int log_request(struct xs_stage *stage, struct xs_request *rq, int rc)
{
	rq->rc = rc;
	if (stage->is_tx && rc != -ENOMEM)
		xs_list_add_tail(&stage->log, &rq->link);
	return rc;
}

/* ---- Reading ---------------------------------------------------------- */

/* The length of what is above the last name, 0 if that is the root. */
static size_t parent_len(const struct xs_path *path)
{
	size_t len = path->len;

	while (len && path->text[len - 1] != '/')
		len--;
	return len ? len - 1 : 0;
}

/*
 * The node of that path, or the last one above it that exists.  Whoever reads
 * a node often reads others beside it: the last directory that was found is
 * remembered for as long as nothing is removed.
 */
static bool walk(struct xs_tree *tree, const struct xs_path *path,
		 struct xs_node **nodep)
{
	struct xs_node *node =
		xs_path_is_special(path) ? tree->specials : tree->root;
	struct xs_node *child = node;
	size_t above = parent_len(path);
	struct xs_recent *recent = &tree->recent;
	struct xs_path_iter it;

	xs_path_iter_init(&it, path);
	if (recent->dir && above == recent->len &&
	    !memcmp(path->text, recent->path, above)) {
		node = recent->dir;
		it.pos = path->text + above + 1;
	}
	while (child && xs_path_iter_next(&it)) {
		child = xs_tree_child(tree, node, it.name, it.len, XS_NOW);
		if (child)
			node = child;
	}
	*nodep = node;
	if (!child)
		return false;
	if (node->parent != recent->dir && above &&
	    above <= sizeof(recent->path)) {
		recent->dir = node->parent;
		recent->len = above;
		memcpy(recent->path, path->text, above);
	}
	return true;
}

/* Outside of transactions nothing has to be noted: straight to the node. */
static int find_now(const struct xs_stage *stage, const struct xs_path *path,
		    struct xs_node **nodep)
{
	struct xs_node *node;
	bool found = walk(stage->tree, path, &node);

	if (!(xs_perms_access(node->perms, &stage->cred) & XS_PERM_READ))
		return -EACCES;
	*nodep = node;
	return found ? 0 : -ENOENT;
}

static int get_for_reading(struct xs_stage *stage, const struct xs_path *path,
			   struct xs_delta **dp)
{
	int rc = xs_delta_get(stage, path, dp);

	return rc ? rc : ask(stage, *dp, XS_PERM_READ);
}

static const char *value_of(const struct xs_stage *stage,
			    const struct xs_delta *d, size_t *lenp)
{
	struct xs_node_state state = {.value = ""};

	if (d->flags & XS_D_VALUE) {
		*lenp = d->value_len;
		return d->value;
	}
	if (!(d->flags & XS_D_FRESH))
		state = xs_delta_base(stage, d);
	*lenp = state.value_len;
	return state.value;
}

static int list_base(const struct xs_stage *stage, const struct xs_node *base,
		     const struct xs_delta *d, xs_name_fn *emit, void *arg)
{
	const struct xs_node *child = NULL;
	int rc;

	while ((child = xs_node_next_child(base, child, stage->at))) {
		if (!xs_list_is_empty(&d->children)) {
			const struct xs_delta *c = xs_delta_below(
				stage, d, child->name, child->name_len);

			if (c && !(c->flags & XS_D_THROUGH))
				continue;
		}
		rc = emit(arg, child->name, child->name_len);
		if (rc)
			return rc;
	}
	return 0;
}

static int list_delta(const struct xs_stage *stage, const struct xs_delta *d,
		      xs_name_fn *emit, void *arg)
{
	struct xs_list *pos;
	int rc = 0;

	if (d->flags & XS_D_THROUGH)
		rc = list_base(stage, d->base, d, emit, arg);
	if (rc)
		return rc;
	xs_list_for_each(pos, &d->children) {
		const struct xs_delta *c = xs_delta_entry(pos);

		if (!(c->flags & XS_D_FRESH))
			continue;
		rc = emit(arg, c->name, c->name_len);
		if (rc)
			return rc;
	}
	return 0;
}

struct sum {
	const struct xs_hash_key *key;
	uint64_t value;
};

static int digest(void *arg, const char *data, size_t len)
{
	struct sum *sum = arg;
	uint64_t high = xs_hash(sum->key, ~sum->value, data, len);

	sum->value = high << 32 | xs_hash(sum->key, sum->value, data, len);
	return 0;
}

/* A digest of what reading the node says. */
static uint64_t sum_of(const struct xs_stage *stage, enum xs_request_kind kind,
		       const struct xs_delta *d)
{
	struct sum sum = {.key = &stage->digest_key};
	const struct xs_perms *perms;
	const char *value;
	size_t len;

	if (kind == XS_R_READ) {
		value = value_of(stage, d, &len);
		digest(&sum, value, len);
	} else if (kind == XS_R_PERMS) {
		perms = xs_delta_perms(stage, d);
		digest(&sum, (const char *)perms->entry,
		       perms->n * sizeof(perms->entry[0]));
	} else {
		list_delta(stage, d, digest, &sum);
	}
	return sum.value;
}

/* Reads (again) for a digest of what is said; 0 for an error. */
int xs_stage_reread(struct xs_stage *stage, enum xs_request_kind kind,
		    const struct xs_path *path, uint64_t *sump)
{
	struct xs_delta *d;
	int rc = get_for_reading(stage, path, &d);

	*sump = rc ? 0 : sum_of(stage, kind, d);
	return rc;
}

/* Reads in a transaction: *dp is the node to tell of. */
static int read_logged(struct xs_stage *stage, enum xs_request_kind kind,
		       const struct xs_path *path, struct xs_delta **dp)
{
	int rc = get_for_reading(stage, path, dp);
	struct xs_delta *d = *dp;
	struct xs_request *rq;

	/* What was told since the last change is told again: no news. */
	if (!d || d->told[kind] == stage->n_changes + 1)
		return rc;
	rq = xs_stage_new_request(stage, kind, path, NULL, 0);
	if (!rq)
		return -ENOMEM;
	d->told[kind] = stage->n_changes + 1;
	if (!rc)
		rq->sum = sum_of(stage, kind, d);
	return log_request(stage, rq, rc);
}

/*
 * The node's value, valid until the next change.  -ENOENT, -EACCES, -ENOSPC,
 * -ENOMEM; so do the other requests below.
 */
int xs_stage_read(struct xs_stage *stage, const struct xs_path *path,
		  const char **valuep, size_t *lenp)
{
	struct xs_delta *d;
	struct xs_node *node;
	int rc;

	if (!stage->is_tx) {
		rc = find_now(stage, path, &node);
		if (!rc) {
			*valuep = xs_node_value(node);
			*lenp = node->value_len;
		}
		return rc;
	}
	rc = read_logged(stage, XS_R_READ, path, &d);
	if (!rc)
		*valuep = value_of(stage, d, lenp);
	return rc;
}

/* The node's permissions, valid until the next change. */
int xs_stage_perms(struct xs_stage *stage, const struct xs_path *path,
		   const struct xs_perms **permsp)
{
	struct xs_delta *d;
	struct xs_node *node;
	int rc;

	if (!stage->is_tx) {
		rc = find_now(stage, path, &node);
		if (!rc)
			*permsp = node->perms;
		return rc;
	}
	rc = read_logged(stage, XS_R_PERMS, path, &d);
	if (!rc)
		*permsp = xs_delta_perms(stage, d);
	return rc;
}

/* As list_base() for the present, which is asked for most and at length. */
static int list_now(struct xs_tree *tree, const struct xs_node *node,
		    xs_name_fn *emit, void *arg)
{
	struct xs_list *pos;
	const char *text;
	int rc = 0;

	if (!node->dir)
		return 0;
	text = xs_names_get(&tree->names, node->dir);
	if (text)
		return emit(arg, text, node->dir->names_len - 1u);
	xs_list_for_each(pos, &node->dir->children) {
		const struct xs_node *child =
			xs_container_of(pos, struct xs_node, sibling);

		if (child->perms)
			rc = emit(arg, child->name, child->name_len);
		if (rc)
			return rc;
	}
	return 0;
}

/*
 * Calls emit for the children in order, until it returns something else than
 * 0, which is then returned.  *genp changes when the list may have.
 */
int xs_stage_list(struct xs_stage *stage, const struct xs_path *path,
		  uint64_t *genp, xs_name_fn *emit, void *arg)
{
	struct xs_delta *d;
	struct xs_node *node;
	int rc;

	if (!stage->is_tx) {
		rc = find_now(stage, path, &node);
		if (rc)
			return rc;
		*genp = xs_node_list_gen(node);
		return list_now(stage->tree, node, emit, arg);
	}
	rc = read_logged(stage, XS_R_LIST, path, &d);
	if (rc)
		return rc;
	*genp = stage->at + stage->n_changes;
	return list_delta(stage, d, emit, arg);
}

struct skipping {
	uint64_t left; /* bytes of the list still to be passed over */
	xs_name_fn *emit;
	void *arg;
};

static int skip_names(void *arg, const char *name, size_t len)
{
	struct skipping *s = arg;
	size_t skip = 0;

	if (s->left > len) {
		s->left -= len + 1;
		return 0;
	}
	skip = (size_t)s->left;
	s->left = 0;
	return s->emit(s->arg, name + skip, len - skip);
}

/* Goes on behind mark->last, or from the beginning, and moves the mark. */
static int list_from_mark(const struct xs_node *node, struct skipping *s,
			  struct xs_list_mark *mark, uint64_t offset)
{
	const struct xs_node *child = NULL, *last;
	uint64_t at = 0, gen = xs_node_list_gen(node);
	int rc = 0;

	/* The same generation is the same list, so last is still there. */
	if (mark->dir == node && mark->gen == gen && mark->offset == offset) {
		child = mark->last;
		at = offset;
		s->left = 0;
	}
	for (last = child; (child = xs_node_next_child(node, last, XS_NOW));
	     last = child) {
		rc = skip_names(s, child->name, child->name_len);
		if (rc)
			break;
		at += child->name_len + 1u;
	}
	mark->dir = node;
	mark->last = last;
	mark->gen = gen;
	mark->offset = at;
	return rc;
}

/*
 * As xs_stage_list(), from byte offset of the list on, in which every name
 * counts with a NUL; the first name emitted may be the end of one.  With the
 * mark the previous part left, going through a whole list is linear.
 */
int xs_stage_list_part(struct xs_stage *stage, const struct xs_path *path,
		       uint64_t offset, struct xs_list_mark *mark,
		       uint64_t *genp, xs_name_fn *emit, void *arg)
{
	struct skipping s = {.left = offset, .emit = emit, .arg = arg};
	struct xs_node *node;
	int rc;

	if (stage->is_tx)
		return xs_stage_list(stage, path, genp, skip_names, &s);
	rc = find_now(stage, path, &node);
	if (rc)
		return rc;
	*genp = xs_node_list_gen(node);
	return list_from_mark(node, &s, mark, offset);
}

/* ---- Changing --------------------------------------------------------- */

/*
 * The permissions of a node that the client creates below one with these: the
 * same, but an unprivileged creator owns what it creates.
 */
static int inherit(struct xs_stage *stage, struct xs_perms *from,
		   struct xs_perms **permsp)
{
	struct xs_perms_table *table = &stage->tree->perms;
	struct xs_perm *entries;
	int rc;

	if (stage->cred.privileged ||
	    xs_perms_owner(from) == stage->cred.domid) {
		*permsp = xs_perms_ref(from);
		return 0;
	}
	entries = malloc(from->n * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	memcpy(entries, from->entry, from->n * sizeof(*entries));
	entries[0].domid = stage->cred.domid;
	entries[0].flags = 0;
	rc = xs_perms_intern(table, entries, from->n, permsp);
	free(entries);
	return rc;
}

static bool size_fits(struct xs_stage *stage, unsigned int n_perms,
		      size_t value_len)
{
	return xs_account_fits(stage->account, XS_QUOTA_NODE_SIZE,
			       NODE_SIZE_FIXED + n_perms * NODE_SIZE_PERM +
				       value_len);
}

/* How many nodes of the client's the stage will have removed. */
static uint32_t count_cut(const struct xs_stage *stage)
{
	const struct xs_node *node;
	struct xs_list *pos;
	uint32_t n = 0;

	xs_list_for_each(pos, &stage->touched) {
		const struct xs_delta *d =
			xs_list_entry(pos, struct xs_delta, touched);
		struct xs_node_state state;

		if (!(d->flags & XS_D_CUT) || !d->base ||
		    xs_delta_is_below_cut(d->parent))
			continue;
		for (node = d->base; node;
		     node = xs_node_next(d->base, node, stage->at)) {
			if (xs_node_at(node, stage->at, &state) &&
			    xs_perms_owner(state.perms) == stage->cred.domid)
				n++;
		}
	}
	return n;
}

static uint32_t count_fresh(const struct xs_stage *stage)
{
	const struct xs_delta *d;
	uint32_t n = 0;

	for (d = stage->root; d; d = xs_delta_next(stage->root, d))
		n += (d->flags & XS_D_FRESH) != 0;
	return n;
}

/*
 * Inside a transaction the node quota is judged by what a commit would come
 * to; a single request is judged by its commit alone.
 */
static bool nodes_fit(struct xs_stage *stage, uint32_t n_more)
{
	if (!stage->is_tx || !stage->account->limited)
		return true;
	return xs_tree_has_room(stage->tree, stage->account, XS_QUOTA_NODES,
				(int64_t)count_fresh(stage) + n_more -
					count_cut(stage));
}

/* Makes d and what is missing above it; all of it or nothing. */
static int create(struct xs_stage *stage, struct xs_delta *d, size_t value_len)
{
	struct xs_delta *at, *c;
	struct xs_perms *perms;
	uint32_t n = 0;
	int rc;

	for (at = d; !(at->flags & XS_D_PRESENT); at = at->parent)
		n++;
	rc = inherit(stage, xs_delta_perms(stage, at), &perms);
	if (rc)
		return rc;
	if (!nodes_fit(stage, n) || !size_fits(stage, perms->n, value_len)) {
		xs_perms_unref(&stage->tree->perms, perms);
		return -ENOSPC;
	}
	for (c = d; c != at; c = c->parent) {
		c->flags |= XS_D_PRESENT | XS_D_FRESH;
		xs_perms_unref(&stage->tree->perms, c->perms);
		c->perms = xs_perms_ref(perms);
		xs_list_remove(&c->sibling);
		xs_list_add_tail(&c->parent->children, &c->sibling);
	}
	xs_perms_unref(&stage->tree->perms, perms);
	return 0;
}

/* Gives the node a value, creating it and what is missing above it. */
static int do_write(struct xs_stage *stage, struct xs_request *rq)
{
	struct xs_delta *d;
	int rc = xs_delta_get(stage, &rq->path, &d);

	if (rc)
		return rc;
	rc = ask(stage, d, XS_PERM_WRITE);
	if (!rc && !size_fits(stage, xs_delta_perms(stage, d)->n, rq->data_len))
		return -ENOSPC;
	if (rc == -ENOENT)
		rc = create(stage, d, rq->data_len);
	if (rc)
		return rc;
	d->value = rq->data;
	d->value_len = (uint32_t)rq->data_len;
	d->flags |= XS_D_VALUE | XS_D_TARGET;
	return 0;
}

static int do_mkdir(struct xs_stage *stage, const struct xs_request *rq)
{
	struct xs_delta *d;
	int rc = xs_delta_get(stage, &rq->path, &d);

	if (rc)
		return rc;
	rc = ask(stage, d, XS_PERM_WRITE);
	if (rc != -ENOENT)
		return rc;
	rc = create(stage, d, 0);
	if (!rc)
		d->flags |= XS_D_TARGET;
	return rc;
}

static void forget(struct xs_stage *stage, struct xs_delta *d)
{
	d->flags &= (uint16_t) ~(XS_D_PRESENT | XS_D_THROUGH | XS_D_WRITES |
				 XS_D_TARGET);
	xs_perms_unref(&stage->tree->perms, d->perms);
	d->perms = NULL;
}

static int do_rm(struct xs_stage *stage, const struct xs_request *rq)
{
	struct xs_delta *d, *c;
	int rc = xs_delta_get(stage, &rq->path, &d);

	if (rc)
		return rc;
	if (!d->parent)
		return -EINVAL;
	rc = ask(stage, d, XS_PERM_WRITE);
	if (rc && rc != -ENOENT)
		return rc;
	if (rc && !(d->parent->flags & XS_D_PRESENT))
		return rc;
	for (c = d; c; c = xs_delta_next(d, c)) {
		if (c != d && c->flags & XS_D_CUT)
			c->flags |= XS_D_ALONE;
		forget(stage, c);
	}
	d->flags |= XS_D_CUT | XS_D_TARGET;
	return 0;
}

static int do_set_perms(struct xs_stage *stage, const struct xs_request *rq)
{
	const struct xs_perm *entries = (const void *)rq->data;
	unsigned int n = (unsigned int)(rq->data_len / sizeof(*entries));
	struct xs_perms *perms;
	struct xs_delta *d;
	size_t len;
	int rc = xs_delta_get(stage, &rq->path, &d);

	if (!rc)
		rc = ask(stage, d, XS_PERM_WRITE | XS_PERM_OWNER);
	if (rc)
		return rc;
	if (!stage->cred.privileged &&
	    entries[0].domid != xs_perms_owner(xs_delta_perms(stage, d)))
		return -EPERM;
	value_of(stage, d, &len);
	if (!size_fits(stage, n, len))
		return -ENOSPC;
	rc = xs_perms_intern(&stage->tree->perms, entries, n, &perms);
	if (rc)
		return rc;
	xs_perms_unref(&stage->tree->perms, d->perms);
	d->perms = perms;
	d->flags |= XS_D_PERMS | XS_D_TARGET;
	return 0;
}

/* Makes a request that changes something (again).  As the requests below. */
int xs_stage_change(struct xs_stage *stage, struct xs_request *rq)
{
	int rc;

	if (rq->kind == XS_R_WRITE)
		rc = do_write(stage, rq);
	else if (rq->kind == XS_R_MKDIR)
		rc = do_mkdir(stage, rq);
	else if (rq->kind == XS_R_RM)
		rc = do_rm(stage, rq);
	else
		rc = do_set_perms(stage, rq);
	if (!rc)
		stage->n_changes++;
	return rc;
}

static int change(struct xs_stage *stage, enum xs_request_kind kind,
		  const struct xs_path *path, const void *data, size_t len)
{
	struct xs_request *rq =
		xs_stage_new_request(stage, kind, path, data, len);

	return rq ? log_request(stage, rq, xs_stage_change(stage, rq))
		  : -ENOMEM;
}

/* Gives the node a value, creating it and what is missing above it. */
int xs_stage_write(struct xs_stage *stage, const struct xs_path *path,
		   const void *value, size_t len)
{
	return change(stage, XS_R_WRITE, path, value, len);
}

/* Creates the node and what is missing above it; fine if it exists. */
int xs_stage_mkdir(struct xs_stage *stage, const struct xs_path *path)
{
	return change(stage, XS_R_MKDIR, path, NULL, 0);
}

/*
 * Removes the node with everything below it.  A node that does not exist
 * counts as removed if the node above it does exist.
 */
int xs_stage_rm(struct xs_stage *stage, const struct xs_path *path)
{
	return change(stage, XS_R_RM, path, NULL, 0);
}

/*
 * Replaces the permissions (n >= 1 entries).  -EPERM: only a privileged
 * client may give a node to another owner.
 */
int xs_stage_set_perms(struct xs_stage *stage, const struct xs_path *path,
		       const struct xs_perm *entries, unsigned int n)
{
	return change(stage, XS_R_SET_PERMS, path, entries,
		      n * sizeof(*entries));
}
