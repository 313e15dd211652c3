/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches against a list of them that is gone through for every event: random
 * watches of several clients, random requests, the same events in the same
 * order.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/store/model.h"
#include "unit/store/world.h"
#include "unit/support/alloc.h"
#include "unit/support/suite.h"
#include "wire/proto.h"

#define N_CLIENTS 4
#define N_WATCHES 24
#define TEXT_MAX  16384

struct naive {
	struct xs_watch *real; /* NULL: free */
	unsigned int client;
	unsigned int path;
	int depth;
	unsigned int order;
};

struct run {
	uint64_t seed;
	struct rng rng;
	struct world w;
	struct model_store store;
	struct xs_watcher watcher[N_CLIENTS];
	struct naive watch[N_WATCHES];
	unsigned int n_added;
	char is[TEXT_MAX], should[TEXT_MAX];
	size_t n_is, n_should;
	unsigned int n_events;
};

static const struct xs_cred clients[N_CLIENTS] = {
	{.domid = 0, .target = XS_DOMID_INVALID, .privileged = true},
	{.domid = 1, .target = XS_DOMID_INVALID},
	{.domid = 2, .target = XS_DOMID_INVALID},
	{.domid = 3, .target = 1},
};

static void hear(void *arg, struct xs_watch *watch, const char *path,
		 size_t len, uint16_t cause)
{
	struct run *r = arg;

	(void)cause;
	r->n_events++;
	r->n_is += (size_t)snprintf(r->is + r->n_is, TEXT_MAX - r->n_is,
				    "%s %.*s\n", xs_watch_token(watch),
				    (int)len, path);
}

/* ---- The naive way ---------------------------------------------------- */

static int level(unsigned int path)
{
	int n = 0;

	for (; path; path = model_parent(path))
		n++;
	return n;
}

static bool is_at_or_below(unsigned int path, unsigned int top)
{
	while (path > top)
		path = model_parent(path);
	return path == top;
}

static bool can_read(const struct model_node *node, const struct xs_cred *cred)
{
	return node->present && (model_access(node, cred) & XS_PERM_READ);
}

/* before: the store then; parents: the store whose parent decides. */
static bool may_know(const struct model_store *before,
		     const struct model_store *after,
		     const struct model_store *parents, unsigned int path,
		     const struct xs_cred *cred)
{
	if (cred->privileged)
		return true;
	if (can_read(&before->node[path], cred) ||
	    can_read(&after->node[path], cred))
		return true;
	return path && can_read(&parents->node[model_parent(path)], cred);
}

static void expect(struct run *r, unsigned int i, unsigned int path)
{
	char text[8];

	model_path_text(path, text);
	r->n_should +=
		(size_t)snprintf(r->should + r->n_should,
				 TEXT_MAX - r->n_should, "%u %s\n", i, text);
}

/* The highest path first; on one path in order of registration. */
static void expect_event(struct run *r, const struct model_store *before,
			 const struct model_store *after,
			 const struct model_store *parents, unsigned int path,
			 bool exact)
{
	unsigned int order, i;
	int l;

	for (l = exact ? level(path) : 0; l <= level(path); l++) {
		for (order = 0; order < r->n_added; order++) {
			for (i = 0; i < N_WATCHES; i++) {
				struct naive *n = &r->watch[i];

				if (!n->real || n->order != order ||
				    level(n->path) != l ||
				    !is_at_or_below(path, n->path))
					continue;
				if (n->depth >= 0 && level(path) - l > n->depth)
					continue;
				if (may_know(before, after, parents, path,
					     &clients[n->client]))
					expect(r, i, path);
			}
		}
	}
}

static void expect_removal(struct run *r, const struct model_store *before,
			   unsigned int path)
{
	unsigned int found[3], n = model_children(before, path, found), i;

	for (i = 0; i < n; i++) {
		expect_removal(r, before, found[i]);
		expect_event(r, before, before, before, found[i], true);
	}
}

static void expect_events(struct run *r, const struct model_op *op,
			  const struct model_store *before)
{
	bool was = before->node[op->path].present;

	if (op->kind == MODEL_MKDIR && was)
		return;
	if (op->kind == MODEL_RM && !was)
		return;
	if (op->kind == MODEL_RM)
		expect_removal(r, before, op->path);
	expect_event(r, before, &r->store, &r->store, op->path, false);
}

/* ---- Random histories ------------------------------------------------- */

static void change_watch(struct run *r)
{
	unsigned int i = rng_below(&r->rng, N_WATCHES);
	struct naive *n = &r->watch[i];
	char text[8], token[8];
	struct xs_path path;

	if (n->real) {
		xs_watch_remove(&r->w.watches, n->real);
		n->real = NULL;
		return;
	}
	n->client = rng_below(&r->rng, N_CLIENTS);
	n->path = rng_below(&r->rng, MODEL_PATHS);
	n->depth = (int)rng_below(&r->rng, 8) - 4;
	if (n->depth < 0)
		n->depth = XS_WATCH_DEPTH_ALL;
	n->order = r->n_added++;
	model_path_text(n->path, text);
	path = world_path(text);
	snprintf(token, sizeof(token), "%u", i);
	ck_assert_int_eq(
		xs_watch_add(&r->w.watches, &r->watcher[n->client],
			     world_account(&r->w, clients[n->client].domid),
			     &path, token, strlen(token), n->depth, &n->real),
		0);
	ck_assert_ptr_eq(xs_watch_find(&r->w.watches, &r->watcher[n->client],
				       &path, token, strlen(token)),
			 n->real);
}

static int request(struct run *r, const struct xs_cred *cred,
		   const struct model_op *op)
{
	char path[8], value[4], perms[32] = "", one[XS_PERM_TEXT_MAX];
	unsigned int i;

	model_path_text(op->path, path);
	snprintf(value, sizeof(value), "%.*s", op->len, op->value);
	switch (op->kind) {
	case MODEL_WRITE:
		return world_write(&r->w, cred, path, value);
	case MODEL_MKDIR:
		return world_write(&r->w, cred, path, NULL);
	case MODEL_RM:
		return world_rm(&r->w, cred, path);
	default:
		for (i = 0; i < op->n_perms; i++) {
			xs_perm_format(&op->perm[i], one);
			strcat(strcat(perms, " "), one);
		}
		return world_set_perms(&r->w, cred, path, perms);
	}
}

static void random_op(struct rng *rng, struct model_op *op)
{
	unsigned int i;

	memset(op, 0, sizeof(*op));
	op->kind = MODEL_WRITE + rng_below(rng, 4);
	op->path = rng_below(rng, rng_below(rng, 2) ? 13 : MODEL_PATHS);
	op->n_perms = (uint8_t)(1 + rng_below(rng, MODEL_PERMS));
	for (i = 0; i < op->n_perms; i++) {
		op->perm[i].access = (uint8_t)rng_below(rng, 4);
		op->perm[i].domid = (uint16_t)rng_below(rng, 4);
	}
}

static void step(struct run *r)
{
	const struct xs_cred *cred =
		&clients[rng_below(&r->rng, 2) ? rng_below(&r->rng, 4) : 0];
	struct model_store before = r->store;
	struct model_reply reply;
	struct model_op op;
	char text[64];

	if (!rng_below(&r->rng, 3)) {
		change_watch(r);
		return;
	}
	random_op(&r->rng, &op);
	r->n_is = r->n_should = 0;
	r->is[0] = r->should[0] = '\0';
	model_apply(&r->store, cred, &op, &reply);
	if (!reply.rc)
		expect_events(r, &op, &before);
	ck_assert_int_eq(request(r, cred, &op), reply.rc);
	model_op_text(&op, text);
	ck_assert_msg(!strcmp(r->is, r->should),
		      "seed %llu: d%u %s: events are\n%sand should be\n%s",
		      (unsigned long long)r->seed, cred->domid, text, r->is,
		      r->should);
}

static unsigned int one_run(struct run *r, uint64_t seed)
{
	struct xs_settings settings;
	unsigned int i;

	memset(r, 0, sizeof(*r));
	r->seed = seed;
	rng_init(&r->rng, seed);
	xs_settings_default(&settings);
	memset(&settings.limits, 0, sizeof(settings.limits));
	ck_assert_int_eq(world_init(&r->w, &settings, hear, r), 0);
	model_init(&r->store);
	r->store.node[0].perm[0].access = 3;
	ck_assert_int_eq(world_set_perms(&r->w, &clients[0], "/", "b0"), 0);
	for (i = 0; i < N_CLIENTS; i++) {
		xs_watcher_init(&r->watcher[i]);
		r->watcher[i].cred = clients[i];
	}
	for (i = 0; i < 120; i++)
		step(r);
	for (i = 0; i < N_CLIENTS; i++) {
		xs_watch_remove_all(&r->w.watches, &r->watcher[i]);
		ck_assert_uint_eq(r->watcher[i].n_watches, 0);
		ck_assert_uint_eq(world_account(&r->w, clients[i].domid)
					  ->used[XS_QUOTA_WATCHES],
				  0);
	}
	ck_assert_uint_eq(r->w.watches.n_watches, 0);
	ck_assert_uint_eq(r->w.watches.places.n_entries, 0);
	world_fini(&r->w);
	return r->n_events;
}

START_TEST(test_histories)
{
	struct run *r = malloc(sizeof(*r));
	unsigned int k, n_events = 0;

	for (k = 0; k < 1500; k++)
		n_events += one_run(r, k + 1);
	ck_assert_uint_gt(n_events, 10000);
	free(r);
}
END_TEST

/* ---- Single cases ----------------------------------------------------- */

START_TEST(test_registration)
{
	struct world w;
	struct xs_watcher a, b;
	struct xs_watch *x, *y;
	struct xs_path p = world_path("/p/q/r"), s = world_path("@x");
	struct xs_settings settings;

	xs_settings_default(&settings);
	settings.limits.max[XS_QUOTA_WATCHES] = 3;
	ck_assert_int_eq(world_init(&w, &settings, NULL, NULL), 0);
	xs_watcher_init(&a);
	xs_watcher_init(&b);
	ck_assert_int_eq(xs_watch_add(&w.watches, &a, world_account(&w, 1), &p,
				      "t", 1, XS_WATCH_DEPTH_ALL, &x),
			 0);
	/* The depth makes no difference, the token and the watcher do. */
	ck_assert_int_eq(xs_watch_add(&w.watches, &a, world_account(&w, 1), &p,
				      "t", 1, 2, &y),
			 -EEXIST);
	ck_assert_int_eq(xs_watch_add(&w.watches, &b, world_account(&w, 1), &p,
				      "t", 1, 2, &y),
			 0);
	ck_assert_int_eq(xs_watch_add(&w.watches, &a, world_account(&w, 1), &s,
				      "", 0, 2, &y),
			 0);
	ck_assert_int_eq(xs_watch_add(&w.watches, &a, world_account(&w, 1), &p,
				      "u", 1, 2, &y),
			 XS_CHARGE_E_QUOTA);
	ck_assert_uint_eq(w.watches.n_watches, 3);
	xs_watch_remove(&w.watches, x);
	ck_assert_ptr_null(xs_watch_find(&w.watches, &a, &p, "t", 1));
	ck_assert_ptr_nonnull(xs_watch_find(&w.watches, &b, &p, "t", 1));
	xs_watch_remove_all(&w.watches, &a);
	xs_watch_remove_all(&w.watches, &b);
	ck_assert_uint_eq(w.watches.places.n_entries, 0);
	world_fini(&w);
}
END_TEST

START_TEST(test_no_memory)
{
	struct world w;
	struct xs_watcher a;
	struct xs_watch *x;
	struct xs_path p = world_path("/p/q/r");
	struct xs_account *account;
	unsigned int n = 0;
	int rc;

	ck_assert_int_eq(world_init(&w, NULL, NULL, NULL), 0);
	xs_watcher_init(&a);
	account = world_account(&w, 1);
	do {
		alloc_fail_at(++n);
		rc = xs_watch_add(&w.watches, &a, account, &p, "t", 1, 0, &x);
		alloc_fail_never();
		if (rc) {
			ck_assert_int_eq(rc, -ENOMEM);
			ck_assert(xs_account_is_zero(account));
			ck_assert_uint_eq(w.watches.places.n_entries, 0);
		}
	} while (rc);
	ck_assert_uint_eq(n, 5);
	xs_watch_remove_all(&w.watches, &a);
	world_fini(&w);
}
END_TEST

static void hear_all(void *arg, struct xs_watch *watch, const char *path,
		     size_t len, uint16_t cause)
{
	char *text = arg;

	(void)cause;
	sprintf(text + strlen(text), "%s:%.*s ", xs_watch_token(watch),
		(int)len, path);
}

START_TEST(test_special)
{
	static const struct {
		const char *path, *token;
		int32_t depth;
	} watches[] = {{"@releaseDomain", "plain", XS_WATCH_DEPTH_ALL},
		       {"@releaseDomain", "deep", 1},
		       {"@releaseDomain/5", "five", XS_WATCH_DEPTH_ALL},
		       {"@releaseDomain/6", "six", XS_WATCH_DEPTH_ALL},
		       {"@introduceDomain", "other", 1},
		       {"/", "root", XS_WATCH_DEPTH_ALL}};
	struct xs_perm entries[2];
	char text[256] = "";
	struct xs_watcher a, b;
	struct xs_watch *x;
	struct xs_perms *perms;
	struct world w;
	uint16_t domid = 5;
	size_t i;

	ck_assert_int_eq(world_init(&w, NULL, hear_all, text), 0);
	xs_watcher_init(&a);
	a.cred = clients[1];
	xs_watcher_init(&b);
	b.cred = clients[2];
	for (i = 0; i < sizeof(watches) / sizeof(watches[0]); i++) {
		struct xs_path p = world_path(watches[i].path);

		xs_watch_add(&w.watches, &a, world_account(&w, 1), &p,
			     watches[i].token, strlen(watches[i].token),
			     watches[i].depth, &x);
		xs_watch_add(&w.watches, &b, world_account(&w, 2), &p, "no", 2,
			     watches[i].depth, &x);
	}
	ck_assert_int_eq(xs_perms_intern(&w.tree.perms, entries,
					 world_perms("n0 r1", entries), &perms),
			 0);
	xs_watch_fire_special(&w.watches, "@releaseDomain", perms, &domid);
	ck_assert_str_eq(text, "five:@releaseDomain/5 deep:@releaseDomain/5 ");
	text[0] = '\0';
	xs_watch_fire_special(&w.watches, "@releaseDomain", perms, NULL);
	ck_assert_str_eq(text, "plain:@releaseDomain ");
	xs_watch_remove_all(&w.watches, &a);
	xs_watch_remove_all(&w.watches, &b);
	xs_perms_unref(&w.tree.perms, perms);
	world_fini(&w);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("store/watch");
	TCase *tc = suite_case(suite, "watch");

	tcase_add_test(tc, test_histories);
	tcase_add_test(tc, test_registration);
	tcase_add_test(tc, test_no_memory);
	tcase_add_test(tc, test_special);
	return suite;
}
