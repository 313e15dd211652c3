/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tree and its snapshots: whatever changes, a snapshot shows what was
 * there when it was opened, and memory goes back when it closes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/check.h"
#include "unit/store/model.h"
#include "unit/store/world.h"
#include "unit/support/suite.h"

#define N_SNAPSHOTS 6

struct view {
	struct xs_snapshot snapshot;
	char *dump; /* NULL: not open */
};

static void random_change(struct world *w, struct rng *rng)
{
	static const char *const values[] = {"", "x", "longer than the rest"};
	static const char *const perms[] = {"n0", "b1", "n2 r1", "n1 b2 w3"};
	struct xs_cred dom0 = world_cred(0);
	char path[8];
	int rc;

	model_path_text(rng_below(rng, 30), path);
	switch (rng_below(rng, 4)) {
	case 0:
		rc = world_write(w, &dom0, path, NULL);
		break;
	case 1:
		rc = world_rm(w, &dom0, path);
		break;
	case 2:
		rc = world_set_perms(w, &dom0, path, perms[rng_below(rng, 4)]);
		break;
	default:
		rc = world_write(w, &dom0, path, values[rng_below(rng, 3)]);
		break;
	}
	(void)rc;
}

static void toggle(struct world *w, struct view *v)
{
	if (v->dump) {
		xs_snapshot_close(&w->tree, &v->snapshot);
		free(v->dump);
		v->dump = NULL;
		return;
	}
	xs_snapshot_open(&w->tree, &v->snapshot, world_account(w, 9));
	v->dump = world_dump(&w->tree, XS_NOW);
}

static void check_views(struct world *w, struct view *views, uint64_t seed)
{
	unsigned int i;

	for (i = 0; i < N_SNAPSHOTS; i++) {
		char *is;

		if (!views[i].dump)
			continue;
		ck_assert(!views[i].snapshot.revoked);
		is = world_dump(&w->tree, views[i].snapshot.gen);
		ck_assert_msg(!strcmp(is, views[i].dump),
			      "seed %llu: is\n%sshould be\n%s",
			      (unsigned long long)seed, is, views[i].dump);
		free(is);
	}
}

static size_t check_kept(struct world *w, struct view *views)
{
	struct xs_list *pos;
	size_t n = 0, bytes = 0;
	unsigned int i;

	for (i = 0; i < N_SNAPSHOTS; i++) {
		if (!views[i].dump)
			continue;
		xs_list_for_each(pos, &views[i].snapshot.kept) {
			bytes += xs_list_entry(pos, struct xs_version, kept)
					 ->charge.bytes;
			n++;
		}
	}
	ck_assert_uint_eq(world_account(w, 9)->used[XS_QUOTA_MEMORY], bytes);
	ck_assert_uint_eq(world_account(w, 9)->n_charges, n);
	return n;
}

static size_t history(uint64_t seed)
{
	struct view views[N_SNAPSHOTS] = {0};
	struct xs_settings settings;
	struct rng rng;
	struct world w;
	unsigned int i, k;
	size_t kept = 0;

	rng_init(&rng, seed);
	xs_settings_default(&settings);
	memset(&settings.limits, 0, sizeof(settings.limits));
	ck_assert_int_eq(world_init(&w, &settings, NULL, NULL), 0);
	for (i = 0; i < 60; i++) {
		for (k = rng_below(&rng, 6); k; k--)
			random_change(&w, &rng);
		toggle(&w, &views[rng_below(&rng, N_SNAPSHOTS)]);
		check_views(&w, views, seed);
		kept += check_kept(&w, views);
		world_check(&w.tree);
	}
	for (i = 0; i < N_SNAPSHOTS; i++) {
		if (views[i].dump)
			toggle(&w, &views[i]);
	}
	ck_assert(xs_account_is_zero(world_account(&w, 9)));
	/* What was removed stayed for the snapshots only. */
	ck_assert_uint_eq(w.tree.nodes.n_entries, w.tree.n_nodes);
	world_fini(&w);
	return kept;
}

START_TEST(test_histories)
{
	uint64_t seed;
	size_t kept = 0;

	for (seed = 1; seed <= 400; seed++)
		kept += history(seed);
	ck_assert_uint_gt(kept, 10000);
}
END_TEST

START_TEST(test_revoke_all)
{
	struct xs_cred dom0 = world_cred(0);
	struct xs_snapshot a, b;
	struct world w;

	ck_assert_int_eq(world_init(&w, NULL, NULL, NULL), 0);
	world_write(&w, &dom0, "/x/y", "1");
	xs_snapshot_open(&w.tree, &a, world_account(&w, 1));
	world_rm(&w, &dom0, "/x");
	xs_snapshot_open(&w.tree, &b, world_account(&w, 2));
	ck_assert_uint_gt(world_account(&w, 1)->used[XS_QUOTA_MEMORY], 0);
	xs_snapshot_revoke_all(&w.tree);
	ck_assert(a.revoked && b.revoked && !a.open && !b.open);
	ck_assert(xs_account_is_zero(world_account(&w, 1)));
	ck_assert_uint_eq(w.tree.nodes.n_entries, 0);
	xs_snapshot_close(&w.tree, &a);
	world_fini(&w);
}
END_TEST

START_TEST(test_looking)
{
	struct xs_cred dom0 = world_cred(0), dom1 = world_cred(1);
	struct xs_node *const *nodes;
	struct xs_node *x, *y;
	char buf[16];
	struct world w;

	ck_assert_int_eq(world_init(&w, NULL, NULL, NULL), 0);
	world_set_perms(&w, &dom0, "/", "b0");
	world_write(&w, &dom1, "/x/y", "1");
	x = xs_tree_child(&w.tree, w.tree.root, "x", 1, XS_NOW);
	y = xs_tree_child(&w.tree, x, "y", 1, XS_NOW);
	ck_assert_ptr_nonnull(y);
	ck_assert_ptr_null(xs_tree_child(&w.tree, x, "y2", 2, XS_NOW));
	ck_assert_ptr_null(xs_tree_child(&w.tree, y, "y", 1, XS_NOW));
	ck_assert_uint_eq(xs_tree_owned(&w.tree, 1, &nodes), 2);
	ck_assert_uint_eq(xs_tree_owned(&w.tree, 77, &nodes), 0);
	ck_assert_uint_eq(xs_node_path(&w.tree, y, buf, 4), 4);
	ck_assert_mem_eq(buf, "/x/y", 4);
	ck_assert_uint_eq(xs_node_path(&w.tree, y, buf, 3), 0);
	ck_assert_uint_eq(xs_node_path(&w.tree, w.tree.root, buf, 1), 1);
	/* The list's generation moves with the list, not with values below. */
	{
		uint64_t gen = xs_node_list_gen(x);

		world_write(&w, &dom1, "/x/y", "2");
		ck_assert_uint_eq(xs_node_list_gen(x), gen);
		world_write(&w, &dom1, "/x/z", "");
		ck_assert_uint_gt(xs_node_list_gen(x), gen);
	}
	world_fini(&w);
}
END_TEST

static void count(void *arg, const char *line)
{
	(void)line;
	++*(unsigned int *)arg;
}

/* A check that finds nothing in a broken tree would be worth nothing. */
START_TEST(test_check_finds)
{
	struct xs_cred dom0 = world_cred(0);
	struct xs_account *other, *right;
	unsigned int n = 0;
	struct xs_node *x;
	struct world w;

	ck_assert_int_eq(world_init(&w, NULL, NULL, NULL), 0);
	world_write(&w, &dom0, "/x/y", "1");
	other = world_account(&w, 5);
	x = xs_tree_child(&w.tree, w.tree.root, "x", 1, XS_NOW);
	ck_assert_uint_eq(xs_tree_check(&w.tree, count, &n), 0);
	x->dir->n_children++;
	ck_assert_uint_eq(xs_tree_check(&w.tree, count, &n), 1);
	x->dir->n_children--;
	/* From the future: so it is missed in two places. */
	x->gen = w.tree.gen + 1;
	ck_assert_uint_eq(xs_tree_check(&w.tree, count, &n), 2);
	x->gen = w.tree.gen;
	w.tree.n_nodes++;
	ck_assert_uint_eq(xs_tree_check(&w.tree, count, &n), 1);
	w.tree.n_nodes--;
	right = x->charge.account;
	x->charge.account = other;
	ck_assert_uint_eq(xs_tree_check(&w.tree, count, &n), 1);
	x->charge.account = right;
	x->link.spare++;
	ck_assert_uint_eq(xs_tree_check(&w.tree, count, &n), 1);
	x->link.spare--;
	ck_assert_uint_eq(n, 6);
	ck_assert_uint_eq(xs_tree_check(&w.tree, count, &n), 0);
	world_fini(&w);
}
END_TEST

#define MANY 5000 /* more than are checked at a time */

static void fill_many(struct world *w, const struct xs_cred *cred)
{
	char path[16];
	int i;

	for (i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "/%c/%d", i % 2 ? 'a' : 'b', i);
		ck_assert_int_eq(world_write(w, cred, path, "v"), 0);
	}
}

/* What changes in the middle is no mistake, and what is wrong is found. */
START_TEST(test_check_in_parts)
{
	struct xs_cred dom0 = world_cred(0);
	struct xs_check check;
	struct xs_node *b;
	struct world w;
	unsigned int n = 0, n_wrong;
	int parts = 1;

	ck_assert_int_eq(world_init(&w, NULL, NULL, NULL), 0);
	fill_many(&w, &dom0);
	xs_check_begin(&check, &w.tree, count, &n);
	ck_assert(!xs_check_some(&check));
	/* Where it is, what it has seen, and what it has not. */
	ck_assert_int_eq(world_rm(&w, &dom0, "/b"), 0);
	ck_assert_int_eq(world_write(&w, &dom0, "/b/new", ""), 0);
	ck_assert_int_eq(world_write(&w, &dom0, "/a/new", ""), 0);
	ck_assert_int_eq(world_set_perms(&w, &dom0, "/a/1", "n1"), 0);
	ck_assert_int_eq(world_rm(&w, &dom0, "/a/3"), 0);
	while (!xs_check_some(&check))
		parts++;
	ck_assert_int_gt(parts, 2);
	ck_assert_int_eq(xs_check_end(&check, &n_wrong), 0);
	ck_assert_uint_eq(n_wrong, 0);
	/* What was not come to yet is wrong. */
	xs_check_begin(&check, &w.tree, count, &n);
	ck_assert(!xs_check_some(&check));
	b = xs_tree_child(&w.tree, w.tree.root, "b", 1, XS_NOW);
	b->link.spare++;
	while (!xs_check_some(&check))
		;
	b->link.spare--;
	ck_assert_int_eq(xs_check_end(&check, &n_wrong), 0);
	ck_assert_uint_eq(n_wrong, 1);
	ck_assert_uint_eq(n, 1);
	/* It has lost what it goes through. */
	xs_check_begin(&check, &w.tree, count, &n);
	ck_assert(!xs_check_some(&check));
	xs_snapshot_revoke_all(&w.tree);
	ck_assert(xs_check_some(&check));
	ck_assert_int_eq(xs_check_end(&check, &n_wrong), -EAGAIN);
	ck_assert_uint_eq(n, 1);
	world_fini(&w);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("store/tree, snapshot, check");
	TCase *tc = suite_case(suite, "snapshot");

	tcase_add_test(tc, test_histories);
	tcase_add_test(tc, test_revoke_all);
	tcase_add_test(tc, test_looking);
	tcase_add_test(tc, test_check_finds);
	tcase_add_test(tc, test_check_in_parts);
	return suite;
}
