/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stages and their commits against the model: several clients, in and out of
 * transactions, thousands of random histories.
 *
 * A transaction of the model is a copy of the store and a log; its commit
 * applies the log to the present and asks whether every reply is the same.
 * That is the definition of what the real one decides from its notes.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/store/model.h"
#include "unit/support/suite.h"
#include "unit/store/world.h"
#include "wire/proto.h"

#define N_TX	  5
#define LOG_MAX	  40
#define TRACE_MAX 16384

struct tx {
	bool open;
	bool changed; /* a request that changes things succeeded */
	struct xs_cred cred;
	struct xs_stage stage;
	struct model_store view;
	struct model_op log[LOG_MAX];
	struct model_reply replies[LOG_MAX];
	unsigned int n_log;
};

struct run {
	uint64_t seed;
	struct rng rng;
	struct world w;
	struct model_store store;
	struct tx tx[N_TX];
	char trace[TRACE_MAX];
	size_t n_trace;
};

static const struct xs_cred clients[] = {
	{.domid = 0, .target = XS_DOMID_INVALID, .privileged = true},
	{.domid = 1, .target = XS_DOMID_INVALID},
	{.domid = 2, .target = XS_DOMID_INVALID},
	{.domid = 3, .target = 1},
};

static void note(struct run *r, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(r->trace + r->n_trace, TRACE_MAX - r->n_trace, fmt, ap);
	va_end(ap);
	if (n > 0 && r->n_trace + (size_t)n < TRACE_MAX)
		r->n_trace += (size_t)n;
}

static void wrong(struct run *r, const char *what)
{
	char *is = world_dump(&r->w.tree, XS_NOW), should[4096];

	model_dump(&r->store, should, sizeof(should));
	fprintf(stderr, "seed %llu: %s\n%s--- is\n%s--- should be\n%s",
		(unsigned long long)r->seed, what, r->trace, is, should);
	free(is);
	ck_abort_msg("seed %llu: %s", (unsigned long long)r->seed, what);
}

static void random_op(struct rng *rng, struct model_op *op)
{
	unsigned int i;

	memset(op, 0, sizeof(*op));
	op->kind = rng_below(rng, MODEL_KINDS);
	/* Few paths are much in use, so that clients meet. */
	op->path = rng_below(rng, rng_below(rng, 3) ? 14 : MODEL_PATHS);
	op->len = (uint8_t)rng_below(rng, 3);
	for (i = 0; i < op->len; i++)
		op->value[i] = (char)('x' + rng_below(rng, 2));
	op->n_perms = (uint8_t)(1 + rng_below(rng, MODEL_PERMS));
	for (i = 0; i < op->n_perms; i++) {
		op->perm[i].access = (uint8_t)rng_below(rng, 4);
		op->perm[i].domid = (uint16_t)rng_below(rng, 4);
	}
}

static int add_name(void *arg, const char *name, size_t len)
{
	struct model_reply *reply = arg;

	memcpy(reply->bytes + reply->len, name, len);
	reply->bytes[reply->len + len] = '\0';
	reply->len += len + 1;
	return 0;
}

static void real_apply(struct xs_stage *stage, const struct model_op *op,
		       struct model_reply *reply)
{
	const struct xs_perms *perms;
	const char *value;
	char text[8];
	struct xs_path path;
	uint64_t gen;

	model_path_text(op->path, text);
	path = world_path(text);
	memset(reply, 0, sizeof(*reply));
	switch (op->kind) {
	case MODEL_READ:
		reply->rc = xs_stage_read(stage, &path, &value, &reply->len);
		if (!reply->rc && reply->len)
			memcpy(reply->bytes, value, reply->len);
		break;
	case MODEL_LIST:
		reply->rc = xs_stage_list(stage, &path, &gen, add_name, reply);
		break;
	case MODEL_GET_PERMS:
		reply->rc = xs_stage_perms(stage, &path, &perms);
		if (reply->rc)
			break;
		reply->len = perms->n * sizeof(perms->entry[0]);
		memcpy(reply->bytes, perms->entry, reply->len);
		break;
	case MODEL_WRITE:
		reply->rc = xs_stage_write(stage, &path, op->value, op->len);
		break;
	case MODEL_MKDIR:
		reply->rc = xs_stage_mkdir(stage, &path);
		break;
	case MODEL_RM:
		reply->rc = xs_stage_rm(stage, &path);
		break;
	default:
		reply->rc =
			xs_stage_set_perms(stage, &path, op->perm, op->n_perms);
		break;
	}
}

static void compare_store(struct run *r, const char *when)
{
	char should[4096], *is = world_dump(&r->w.tree, XS_NOW);
	size_t len;

	model_dump(&r->store, should, sizeof(should));
	len = strlen(should);
	/* The specials' top comes last in the dump. */
	if (strncmp(is, should, len) || strchr(is + len, '/'))
		wrong(r, when);
	free(is);
}

static void step_alone(struct run *r)
{
	const struct xs_cred *cred = &clients[rng_below(&r->rng, 4)];
	struct model_reply real, should;
	struct model_op op;
	char text[64];

	random_op(&r->rng, &op);
	model_apply(&r->store, cred, &op, &should);
	xs_stage_open_now(&r->w.now, cred, world_account(&r->w, cred->domid));
	real_apply(&r->w.now, &op, &real);
	if (real.rc || op.kind <= MODEL_GET_PERMS)
		xs_stage_close(&r->w.now);
	else
		real.rc = xs_stage_commit(&r->w.now, &r->w.watches);
	model_op_text(&op, text);
	note(r, "     d%u %s -> %d\n", cred->domid, text, should.rc);
	if (!model_same_reply(&real, &should))
		wrong(r, "a single request's reply");
	compare_store(r, "the store after a single request");
}

static void step_inside(struct run *r, unsigned int i)
{
	struct tx *tx = &r->tx[i];
	struct model_op *op = &tx->log[tx->n_log];
	struct model_reply *should = &tx->replies[tx->n_log], real;
	char text[64];

	random_op(&r->rng, op);
	model_apply(&tx->view, &tx->cred, op, should);
	real_apply(&tx->stage, op, &real);
	model_op_text(op, text);
	note(r, "t%u   d%u %s -> %d\n", i, tx->cred.domid, text, should->rc);
	if (!model_same_reply(&real, should))
		wrong(r, "a reply inside a transaction");
	tx->n_log++;
	if (op->kind > MODEL_GET_PERMS && !should->rc)
		tx->changed = true;
}

static int model_commit(struct run *r, const struct tx *tx)
{
	struct model_store work = r->store;
	struct model_reply again;
	unsigned int i;

	if (!tx->changed)
		return 0;
	for (i = 0; i < tx->n_log; i++) {
		model_apply(&work, &tx->cred, &tx->log[i], &again);
		if (!model_same_reply(&again, &tx->replies[i]))
			return -EAGAIN;
	}
	r->store = work;
	return 0;
}

static void step_commit(struct run *r, unsigned int i)
{
	struct tx *tx = &r->tx[i];
	int should = model_commit(r, tx), is;

	is = xs_stage_commit(&tx->stage, &r->w.watches);
	tx->open = false;
	note(r, "t%u   commit -> %d\n", i, should);
	if (is != should) {
		note(r, "but is %d\n", is);
		wrong(r, "what a commit says");
	}
	compare_store(r, "the store after a commit");
}

static void step_open(struct run *r, unsigned int i)
{
	struct tx *tx = &r->tx[i];

	tx->open = true;
	tx->changed = false;
	tx->n_log = 0;
	tx->cred = clients[rng_below(&r->rng, 4)];
	tx->view = r->store;
	xs_stage_open_snapshot(&tx->stage, &tx->cred,
			       world_account(&r->w, tx->cred.domid));
	note(r, "t%u   d%u open\n", i, tx->cred.domid);
}

static void step(struct run *r)
{
	unsigned int i = rng_below(&r->rng, N_TX), what;
	struct tx *tx = &r->tx[i];

	what = rng_below(&r->rng, 12);
	if (what < 3) {
		step_alone(r);
	} else if (!tx->open) {
		step_open(r, i);
	} else if (what == 11) {
		note(r, "t%u   abort\n", i);
		xs_stage_close(&tx->stage);
		tx->open = false;
	} else if (what > 8 || tx->n_log == LOG_MAX) {
		step_commit(r, i);
	} else {
		step_inside(r, i);
	}
}

static void check_accounts(struct run *r)
{
	uint16_t domid;

	for (domid = 1; domid < 4; domid++) {
		struct xs_account *a = xs_accounts_find(&r->w.accounts, domid);

		if (a && !xs_account_is_zero(a))
			wrong(r, "an account is not at zero in the end");
	}
	/* dom0 owns "/" and the specials. */
	if (world_account(&r->w, 0)->used[XS_QUOTA_NODES] != 2)
		wrong(r, "dom0 is charged for nodes in the end");
}

static void run_init(struct run *r, uint64_t seed,
		     const struct xs_settings *settings)
{
	struct xs_cred dom0 = world_cred(0);
	unsigned int i;

	memset(r, 0, sizeof(*r));
	r->seed = seed;
	rng_init(&r->rng, seed);
	ck_assert_int_eq(world_init(&r->w, settings, NULL, NULL), 0);
	model_init(&r->store);
	for (i = 0; i < N_TX; i++)
		ck_assert_int_eq(xs_stage_init(&r->tx[i].stage, &r->w.tree), 0);
	/* Where the unprivileged have something to say. */
	r->store.node[0].perm[0].access = 3;
	ck_assert_int_eq(world_set_perms(&r->w, &dom0, "/", "b0"), 0);
}

static void run_fini(struct run *r)
{
	struct xs_cred dom0 = world_cred(0);
	unsigned int i;

	world_check(&r->w.tree);
	for (i = 0; i < N_TX; i++) {
		xs_stage_close(&r->tx[i].stage);
		xs_stage_fini(&r->tx[i].stage);
	}
	world_check(&r->w.tree);
	world_rm(&r->w, &dom0, "/a");
	world_rm(&r->w, &dom0, "/b");
	world_rm(&r->w, &dom0, "/c");
	world_set_perms(&r->w, &dom0, "/", "n0");
	ck_assert_uint_eq(r->w.tree.n_nodes, 0);
	ck_assert_uint_eq(r->w.tree.nodes.n_entries, 0);
	check_accounts(r);
	world_fini(&r->w);
}

static void settings_wide(struct xs_settings *settings)
{
	xs_settings_default(settings);
	memset(&settings->limits, 0, sizeof(settings->limits));
}

#define HISTORIES 6000
#define PARTS	  4

START_TEST(test_histories)
{
	struct run *r = malloc(sizeof(*r));
	struct xs_settings settings;
	unsigned int i, k;

	settings_wide(&settings);
	for (k = 0; k < HISTORIES / PARTS; k++) {
		run_init(r, (uint64_t)(_i * (HISTORIES / PARTS)) + k + 1,
			 &settings);
		for (i = 0; i < 90; i++)
			step(r);
		run_fini(r);
	}
	free(r);
}
END_TEST

/* A request whose reply may be any; returns whether it succeeded. */
static bool stress_inside(struct run *r, struct xs_stage *stage)
{
	struct model_reply reply;
	struct model_op op;

	random_op(&r->rng, &op);
	real_apply(stage, &op, &reply);
	ck_assert_msg(reply.rc == 0 || reply.rc == -EACCES ||
			      reply.rc == -ENOENT || reply.rc == -EINVAL ||
			      reply.rc == -EPERM || reply.rc == -ENOSPC ||
			      reply.rc == -ENOMEM,
		      "seed %llu: a reply of %d", (unsigned long long)r->seed,
		      reply.rc);
	return !reply.rc;
}

static void stress_alone(struct run *r)
{
	const struct xs_cred *cred = &clients[rng_below(&r->rng, 4)];
	char *before = world_dump(&r->w.tree, XS_NOW), *after;
	int rc;

	xs_stage_open_now(&r->w.now, cred, world_account(&r->w, cred->domid));
	if (!stress_inside(r, &r->w.now)) {
		xs_stage_close(&r->w.now);
		rc = -1;
	} else {
		rc = xs_stage_commit(&r->w.now, &r->w.watches);
	}
	after = world_dump(&r->w.tree, XS_NOW);
	if (rc && strcmp(before, after))
		wrong(r, "a request that failed changed something");
	free(before);
	free(after);
}

static void stress_step(struct run *r, unsigned int *n_revoked,
			unsigned int *n_refused)
{
	unsigned int i = rng_below(&r->rng, N_TX);
	struct tx *tx = &r->tx[i];
	bool revoked;
	int rc;

	if (!rng_below(&r->rng, 3)) {
		stress_alone(r);
	} else if (!tx->open) {
		step_open(r, i);
	} else if (rng_below(&r->rng, 12)) {
		tx->changed |= stress_inside(r, &tx->stage);
	} else {
		revoked = tx->stage.snapshot.revoked;
		rc = xs_stage_commit(&tx->stage, &r->w.watches);
		if (revoked && rc && rc != -EAGAIN)
			wrong(r, "a revoked transaction says something else");
		*n_revoked += revoked;
		*n_refused += rc == -ENOSPC || rc == -ENOMEM;
		tx->open = false;
	}
	r->n_trace = 0;
}

/* No domain keeps more than its limit allows once that was looked at. */
static void check_limits(struct run *r)
{
	uint16_t domid;

	if (!r->w.tree.over_memory)
		return;
	xs_tree_end_change(&r->w.tree);
	for (domid = 1; domid < 4; domid++) {
		struct xs_account *a = world_account(&r->w, domid);
		unsigned int i;
		bool keeps = false;

		for (i = 0; i < N_TX; i++) {
			if (r->tx[i].open && r->tx[i].cred.domid == domid &&
			    r->tx[i].stage.snapshot.open &&
			    !xs_list_is_empty(&r->tx[i].stage.snapshot.kept))
				keeps = true;
		}
		if (keeps && xs_account_over(a, XS_QUOTA_MEMORY))
			wrong(r, "a snapshot keeps more than it may");
	}
}

START_TEST(test_small_limits)
{
	struct run *r = malloc(sizeof(*r));
	struct xs_settings settings;
	unsigned int i, k, n_revoked = 0, n_refused = 0;

	settings_wide(&settings);
	settings.limits.max[XS_QUOTA_MEMORY] = 8600;
	settings.limits.max[XS_QUOTA_NODES] = 6;
	settings.limits.max[XS_QUOTA_TRANSACTION_NODES] = 9;
	for (k = 0; k < 1000; k++) {
		run_init(r, 1000000 + k, &settings);
		for (i = 0; i < 150; i++) {
			stress_step(r, &n_revoked, &n_refused);
			check_limits(r);
		}
		run_fini(r);
	}
	free(r);
	/* Else this test tests nothing. */
	ck_assert_uint_gt(n_revoked, 100);
	ck_assert_uint_gt(n_refused, 10);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("store/stage");
	TCase *tc = suite_case(suite, "histories");

	tcase_add_loop_test(tc, test_histories, 0, PARTS);
	tc = suite_case(suite, "small limits");
	tcase_add_test(tc, test_small_limits);
	return suite;
}
