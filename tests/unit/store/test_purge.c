/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/purge.h"
#include "unit/store/world.h"
#include "unit/support/alloc.h"
#include "unit/support/suite.h"

struct fixture {
	struct world w;
	struct xs_watcher watcher;
	char heard[512];
};

static void hear(void *arg, struct xs_watch *watch, const char *path,
		 size_t len, uint16_t cause)
{
	struct fixture *f = arg;

	(void)cause;
	sprintf(f->heard + strlen(f->heard), "%s:%.*s ", xs_watch_token(watch),
		(int)len, path);
}

static void watch(struct fixture *f, const char *path, const char *token)
{
	struct xs_path p = world_path(path);
	struct xs_watch *w;

	ck_assert_int_eq(xs_watch_add(&f->w.watches, &f->watcher,
				      world_account(&f->w, 0), &p, token,
				      strlen(token), XS_WATCH_DEPTH_ALL, &w),
			 0);
}

/* Domain 1 owns /b, /a/x with what is below it, and is named elsewhere. */
static struct fixture *setup(void)
{
	static const struct {
		const char *path, *value, *perms;
	} nodes[] = {
		{"/a", "", "n0 r1 w2"},	    {"/b", "1", "b1 r2"},
		{"/a/x", "", "n1"},	    {"/a/x/two", "", "n2"},
		{"/a/x/two/one", "", "n1"}, {"/a/y", "", "n2 r1 r1"},
	};
	struct fixture *f = calloc(1, sizeof(*f));
	struct xs_cred dom0 = world_cred(0);
	size_t i;

	ck_assert_int_eq(world_init(&f->w, NULL, hear, f), 0);
	xs_watcher_init(&f->watcher);
	f->watcher.cred = dom0;
	for (i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		world_write(&f->w, &dom0, nodes[i].path, nodes[i].value);
		ck_assert_int_eq(world_set_perms(&f->w, &dom0, nodes[i].path,
						 nodes[i].perms),
				 0);
	}
	watch(f, "/", "root");
	watch(f, "/a/x/two/one", "deep");
	f->heard[0] = '\0';
	return f;
}

static void teardown(struct fixture *f)
{
	world_check(&f->w.tree);
	xs_watch_remove_all(&f->w.watches, &f->watcher);
	world_fini(&f->w);
	free(f);
}

static void expect_purged(struct fixture *f)
{
	char *is = world_dump(&f->w.tree, XS_NOW);

	ck_assert_str_eq(is, "/= n0\n/a= n0 w2\n/a/y= n2\n= n0\n");
	free(is);
	ck_assert(xs_account_is_zero(world_account(&f->w, 1)));
	ck_assert_uint_eq(world_account(&f->w, 2)->used[XS_QUOTA_NODES], 1);
}

START_TEST(test_everything_goes)
{
	struct fixture *f = setup();

	xs_store_purge_domain(&f->w.tree, &f->w.watches, 1, XS_PURGE_NO_HEIR);
	expect_purged(f);
	ck_assert_str_eq(f->heard, "deep:/a/x/two/one root:/a/x root:/b ");
	teardown(f);
}
END_TEST

/* Memory may be short: then snapshots go, never the purge. */
START_TEST(test_no_memory)
{
	struct xs_snapshot s;
	struct fixture *f;
	bool failed;
	unsigned int n = 0;

	do {
		f = setup();
		xs_snapshot_open(&f->w.tree, &s, world_account(&f->w, 3));
		alloc_fail_at(++n);
		xs_store_purge_domain(&f->w.tree, &f->w.watches, 1,
				      XS_PURGE_NO_HEIR);
		failed = alloc_has_failed();
		alloc_fail_never();
		expect_purged(f);
		xs_snapshot_close(&f->w.tree, &s);
		ck_assert(xs_account_is_zero(world_account(&f->w, 3)));
		teardown(f);
	} while (failed);
	ck_assert_uint_gt(n, 2);
}
END_TEST

/* The root and special nodes stay, and must not stay the dead domain's. */
START_TEST(test_no_memory_for_an_heir)
{
	struct xs_cred dom0 = world_cred(0);
	unsigned int n = 0, short_of = 0;
	struct xs_snapshot s;
	struct fixture *f;
	bool failed;
	char *is;

	do {
		bool keep = n % 2;
		f = setup();
		ck_assert_int_eq(world_set_perms(&f->w, &dom0, "/", "n1 r2"),
				 0);
		xs_snapshot_open(&f->w.tree, &s, world_account(&f->w, 3));
		alloc_fail_from(n / 2 + 1);
		xs_store_purge_domain(&f->w.tree, &f->w.watches, 1,
				      keep ? 9 : XS_PURGE_NO_HEIR);
		failed = alloc_has_failed();
		alloc_fail_never();
		short_of += failed;
		is = world_dump(&f->w.tree, XS_NOW);
		ck_assert_ptr_nonnull(strstr(is, "/a/y= n2\n"));
		ck_assert_int_eq(!!strstr(is, "/b=1 b"), keep);
		ck_assert_ptr_null(strstr(is, "n1"));
		ck_assert_ptr_null(strstr(is, "b1"));
		free(is);
		ck_assert(xs_account_is_zero(world_account(&f->w, 1)));
		xs_snapshot_close(&f->w.tree, &s);
		ck_assert(xs_account_is_zero(world_account(&f->w, 3)));
		teardown(f);
		n++;
	} while (failed || n % 2);
	ck_assert_uint_gt(short_of, 4);
}
END_TEST

START_TEST(test_snapshot_still_sees)
{
	struct fixture *f = setup();
	struct xs_snapshot s;
	char *then;

	xs_snapshot_open(&f->w.tree, &s, world_account(&f->w, 3));
	xs_store_purge_domain(&f->w.tree, &f->w.watches, 1, XS_PURGE_NO_HEIR);
	expect_purged(f);
	then = world_dump(&f->w.tree, s.gen);
	ck_assert_ptr_nonnull(strstr(then, "/a/x/two/one="));
	ck_assert_ptr_nonnull(strstr(then, "/b=1"));
	/* But nobody gets back a right that the domain had. */
	ck_assert_ptr_nonnull(strstr(then, "/a= n0 w2\n"));
	free(then);
	xs_snapshot_close(&f->w.tree, &s);
	teardown(f);
}
END_TEST

START_TEST(test_heir)
{
	struct fixture *f = setup();
	char *is;

	xs_store_purge_domain(&f->w.tree, &f->w.watches, 1, 9);
	is = world_dump(&f->w.tree, XS_NOW);
	ck_assert_str_eq(is, "/= n0\n/a= n0 w2\n/a/x= n9\n/a/x/two= n2\n"
			     "/a/x/two/one= n9\n/a/y= n2\n/b=1 b9 r2\n= n0\n");
	free(is);
	ck_assert(xs_account_is_zero(world_account(&f->w, 1)));
	ck_assert_uint_eq(world_account(&f->w, 9)->used[XS_QUOTA_NODES], 3);
	teardown(f);
}
END_TEST

/* n nodes of domain 1's in a directory of dom0's, which is then removed. */
static void fill_and_remove(struct fixture *f, unsigned int n)
{
	struct xs_cred dom0 = world_cred(0);
	char path[32];
	unsigned int i;

	world_write(&f->w, &dom0, "/big", "");
	for (i = 0; i < n; i++) {
		sprintf(path, "/big/%u", i);
		world_write(&f->w, &dom0, path, "value");
		ck_assert_int_eq(world_set_perms(&f->w, &dom0, path, "n1"), 0);
	}
	ck_assert_int_eq(world_rm(&f->w, &dom0, "/big"), 0);
}

/* What is too much to be freed at once is gone for everybody all the same. */
START_TEST(test_big_removal)
{
	struct fixture *f = setup();
	struct xs_cred dom0 = world_cred(0);
	const uint64_t *used = world_account(&f->w, 1)->used;
	char *before, *after;

	/* Nobody has to hear of so much. */
	xs_watch_remove_all(&f->w.watches, &f->watcher);
	before = world_dump(&f->w.tree, XS_NOW);
	fill_and_remove(f, 3 * XS_TREE_SLICE);
	ck_assert_uint_gt(used[XS_QUOTA_NODES], XS_TREE_SLICE);
	after = world_dump(&f->w.tree, XS_NOW);
	ck_assert_str_eq(before, after);
	free(after);
	/* The same names again, and removed again. */
	fill_and_remove(f, 10);
	after = world_dump(&f->w.tree, XS_NOW);
	ck_assert_str_eq(before, after);
	free(after);
	free(before);
	while (!xs_tree_settle_some(&f->w.tree))
		;
	ck_assert_uint_eq(used[XS_QUOTA_NODES], 3);
	world_check(&f->w.tree);
	/* The end of the owner does not wait for the rest. */
	fill_and_remove(f, 3 * XS_TREE_SLICE);
	ck_assert_uint_gt(used[XS_QUOTA_NODES], XS_TREE_SLICE);
	xs_store_purge_domain(&f->w.tree, &f->w.watches, 1, XS_PURGE_NO_HEIR);
	ck_assert(xs_account_is_zero(world_account(&f->w, 1)));
	/* Nor does the end of the store. */
	world_write(&f->w, &dom0, "/a/z", "");
	fill_and_remove(f, 3 * XS_TREE_SLICE);
	world_fini(&f->w);
	free(f);
}
END_TEST

/* What is still to be freed is in nobody's way: a quota has it freed first. */
START_TEST(test_room_after_big_removal)
{
	struct fixture *f = setup();
	struct xs_cred dom1 = world_cred(1);
	struct xs_account *account = world_account(&f->w, 1);

	xs_watch_remove_all(&f->w.watches, &f->watcher);
	account->limits.max[XS_QUOTA_NODES] = 2 * XS_TREE_SLICE;
	fill_and_remove(f, 3 * XS_TREE_SLICE);
	ck_assert_uint_gt(account->used[XS_QUOTA_NODES], 2 * XS_TREE_SLICE - 1);
	ck_assert_int_eq(world_write(&f->w, &dom1, "/b/new", ""), 0);
	ck_assert_uint_eq(account->used[XS_QUOTA_NODES], 4);
	account->limits.max[XS_QUOTA_NODES] = 4;
	ck_assert_int_eq(world_write(&f->w, &dom1, "/b/more", ""), -ENOSPC);
	teardown(f);
}
END_TEST

/* A transaction that saw it ends: that frees as much, not at once either. */
START_TEST(test_big_removal_seen)
{
	struct fixture *f = setup();
	struct xs_cred dom0 = world_cred(0);
	struct xs_stage stage;
	unsigned int i;
	char path[32];

	xs_watch_remove_all(&f->w.watches, &f->watcher);
	ck_assert_int_eq(xs_stage_init(&stage, &f->w.tree), 0);
	for (i = 0; i < 3 * XS_TREE_SLICE; i++) {
		sprintf(path, "/big/%u", i);
		world_write(&f->w, &dom0, path, "value");
	}
	xs_stage_open_snapshot(&stage, &dom0, world_account(&f->w, 0));
	/* One of them has a version of its own. */
	world_write(&f->w, &dom0, "/big/7", "other");
	ck_assert_int_eq(world_rm(&f->w, &dom0, "/big"), 0);
	world_check(&f->w.tree);
	xs_stage_close(&stage);
	ck_assert(!xs_tree_settle_some(&f->w.tree));
	world_check(&f->w.tree);
	xs_tree_settle(&f->w.tree);
	ck_assert_uint_eq(f->w.tree.nodes.n_entries, f->w.tree.n_nodes);
	xs_stage_fini(&stage);
	teardown(f);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("store/purge");
	TCase *tc = suite_case(suite, "purge");

	tcase_add_test(tc, test_everything_goes);
	tcase_add_test(tc, test_no_memory);
	tcase_add_test(tc, test_no_memory_for_an_heir);
	tcase_add_test(tc, test_snapshot_still_sees);
	tcase_add_test(tc, test_heir);
	tcase_add_test(tc, test_big_removal);
	tcase_add_test(tc, test_room_after_big_removal);
	tcase_add_test(tc, test_big_removal_seen);
	return suite;
}
