/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commits: what the random histories of test_stage.c would meet too rarely,
 * the events, and every allocation failing in turn.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/store/world.h"
#include "unit/support/alloc.h"
#include "unit/support/suite.h"

/* Events as text: "token:path " each. */
struct heard {
	char text[2048];
	size_t len;
};

static void hear(void *arg, struct xs_watch *watch, const char *path,
		 size_t len, uint16_t cause)
{
	struct heard *h = arg;

	(void)cause;
	h->len += (size_t)snprintf(h->text + h->len, sizeof(h->text) - h->len,
				   "%s:%.*s ", xs_watch_token(watch), (int)len,
				   path);
	ck_assert_uint_lt(h->len, sizeof(h->text));
}

static void forget(struct heard *h)
{
	h->len = 0;
	h->text[0] = '\0';
}

struct fixture {
	struct world w;
	struct heard heard;
	struct xs_cred dom0, dom1, dom2;
	struct xs_stage tx;
	struct xs_watcher watcher;
};

static struct fixture *setup(const struct xs_settings *settings)
{
	struct fixture *f = calloc(1, sizeof(*f));

	ck_assert_int_eq(world_init(&f->w, settings, hear, &f->heard), 0);
	f->dom0 = world_cred(0);
	f->dom1 = world_cred(1);
	f->dom2 = world_cred(2);
	ck_assert_int_eq(xs_stage_init(&f->tx, &f->w.tree), 0);
	xs_watcher_init(&f->watcher);
	f->watcher.cred = f->dom0;
	ck_assert_int_eq(world_set_perms(&f->w, &f->dom0, "/", "b0"), 0);
	return f;
}

static void teardown(struct fixture *f)
{
	world_check(&f->w.tree);
	xs_watch_remove_all(&f->w.watches, &f->watcher);
	xs_stage_close(&f->tx);
	xs_stage_fini(&f->tx);
	world_fini(&f->w);
	free(f);
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

static void begin(struct fixture *f, const struct xs_cred *cred)
{
	xs_stage_open_snapshot(&f->tx, cred, world_account(&f->w, cred->domid));
}

static int tx_write(struct fixture *f, const char *path, const char *value)
{
	struct xs_path p = world_path(path);

	return value ? xs_stage_write(&f->tx, &p, value, strlen(value))
		     : xs_stage_mkdir(&f->tx, &p);
}

static int tx_rm(struct fixture *f, const char *path)
{
	struct xs_path p = world_path(path);

	return xs_stage_rm(&f->tx, &p);
}

static int tx_read(struct fixture *f, const char *path)
{
	struct xs_path p = world_path(path);
	const char *value;
	size_t len;

	return xs_stage_read(&f->tx, &p, &value, &len);
}

static int commit(struct fixture *f)
{
	return xs_stage_commit(&f->tx, &f->w.watches);
}

static void expect_dump(struct fixture *f, const char *text)
{
	char *is = world_dump(&f->w.tree, XS_NOW);

	ck_assert_str_eq(is, text);
	free(is);
}

START_TEST(test_event_order)
{
	struct fixture *f = setup(NULL);

	world_write(&f->w, &f->dom0, "/a/old", "1");
	watch(f, "/", "root");
	watch(f, "/a/new", "new");
	forget(&f->heard);
	begin(f, &f->dom0);
	ck_assert_int_eq(tx_read(f, "/a/new"), -ENOENT);
	ck_assert_int_eq(tx_write(f, "/b", "2"), 0);
	ck_assert_int_eq(tx_rm(f, "/a/old"), 0);
	ck_assert_int_eq(tx_write(f, "/a/new", "3"), 0);
	ck_assert_int_eq(tx_write(f, "/a/brief", "4"), 0);
	ck_assert_int_eq(tx_rm(f, "/a/brief"), 0);
	ck_assert_str_eq(f->heard.text, "");
	ck_assert_int_eq(commit(f), 0);
	/* In order of first access; what came and went is not told. */
	ck_assert_str_eq(f->heard.text,
			 "root:/a/new new:/a/new root:/b root:/a/old ");
	teardown(f);
}
END_TEST

START_TEST(test_removal_events)
{
	struct fixture *f = setup(NULL);

	world_write(&f->w, &f->dom0, "/a/b/c", "1");
	watch(f, "/a/b/c", "c");
	watch(f, "/a/b", "b");
	watch(f, "/", "root");
	watch(f, "/a", "a");
	watch(f, "/a/zz", "zz");
	forget(&f->heard);
	ck_assert_int_eq(world_rm(&f->w, &f->dom0, "/a"), 0);
	ck_assert_str_eq(f->heard.text, "c:/a/b/c b:/a/b root:/a a:/a ");
	forget(&f->heard);
	ck_assert_int_eq(world_rm(&f->w, &f->dom0, "/a"), 0);
	ck_assert_str_eq(f->heard.text, "");
	teardown(f);
}
END_TEST

START_TEST(test_recreated_once)
{
	struct fixture *f = setup(NULL);

	world_write(&f->w, &f->dom0, "/a/b", "1");
	watch(f, "/", "root");
	forget(&f->heard);
	begin(f, &f->dom0);
	ck_assert_int_eq(tx_rm(f, "/a/b"), 0);
	ck_assert_int_eq(tx_write(f, "/a/b", "2"), 0);
	ck_assert_int_eq(commit(f), 0);
	ck_assert_str_eq(f->heard.text, "root:/a/b ");
	expect_dump(f, "/= b0\n/a= b0\n/a/b=2 b0\n= n0\n");
	teardown(f);
}
END_TEST

START_TEST(test_failed_commit_is_silent)
{
	struct fixture *f = setup(NULL);

	world_write(&f->w, &f->dom0, "/a", "1");
	watch(f, "/", "root");
	begin(f, &f->dom0);
	ck_assert_int_eq(tx_read(f, "/a"), 0);
	ck_assert_int_eq(tx_write(f, "/b", "2"), 0);
	world_write(&f->w, &f->dom2, "/a", "x");
	forget(&f->heard);
	ck_assert_int_eq(commit(f), -EAGAIN);
	ck_assert_uint_eq(f->tx.blame, 2);
	ck_assert_str_eq(f->heard.text, "");
	expect_dump(f, "/= b0\n/a=x b0\n= n0\n");
	teardown(f);
}
END_TEST

START_TEST(test_inherits_as_of_creation)
{
	struct fixture *f = setup(NULL);
	struct xs_perm perms[2];
	struct xs_path p = world_path("/a");

	world_write(&f->w, &f->dom0, "/a", "1");
	begin(f, &f->dom0);
	ck_assert_int_eq(tx_write(f, "/a/b", "2"), 0);
	ck_assert_int_eq(xs_stage_set_perms(&f->tx, &p, perms,
					    world_perms("n1 r2", perms)),
			 0);
	world_write(&f->w, &f->dom0, "/zzz", "elsewhere");
	ck_assert_int_eq(commit(f), 0);
	expect_dump(f, "/= b0\n/a=1 n1 r2\n/a/b=2 b0\n/zzz=elsewhere b0\n"
		       "= n0\n");
	teardown(f);
}
END_TEST

/* What was told twice in a transaction counts twice if it changed in it. */
START_TEST(test_told_again)
{
	struct fixture *f = setup(NULL);
	struct xs_path p = world_path("/p/a");
	const struct xs_perms *perms;

	world_write(&f->w, &f->dom0, "/p", "");
	world_set_perms(&f->w, &f->dom0, "/p", "b0");
	world_set_perms(&f->w, &f->dom0, "/p", "b0 r2");
	begin(f, &f->dom0);
	ck_assert_int_eq(xs_stage_perms(&f->tx, &p, &perms), -ENOENT);
	ck_assert_int_eq(tx_write(f, "/p/a", NULL), 0);
	ck_assert_int_eq(xs_stage_perms(&f->tx, &p, &perms), 0);
	world_set_perms(&f->w, &f->dom0, "/p", "b0 r3");
	ck_assert_int_eq(commit(f), -EAGAIN);
	/* Not asked, it may inherit what it likes. */
	begin(f, &f->dom0);
	ck_assert_int_eq(tx_write(f, "/p/a", NULL), 0);
	world_set_perms(&f->w, &f->dom0, "/p", "b0 r4");
	ck_assert_int_eq(commit(f), 0);
	expect_dump(f, "/= b0\n/p= b0 r4\n/p/a= b0 r4\n= n0\n");
	teardown(f);
}
END_TEST

START_TEST(test_node_quota)
{
	struct xs_settings settings;
	struct fixture *f;

	xs_settings_default(&settings);
	settings.limits.max[XS_QUOTA_NODES] = 3;
	f = setup(&settings);
	ck_assert_int_eq(world_write(&f->w, &f->dom1, "/a/b/c", "1"), 0);
	ck_assert_int_eq(world_write(&f->w, &f->dom1, "/d", "1"), -ENOSPC);
	ck_assert_int_eq(world_write(&f->w, &f->dom1, "/a/b/c", "2"), 0);
	expect_dump(f, "/= b0\n/a= b1\n/a/b= b1\n/a/b/c=2 b1\n= n0\n");
	/* What a transaction gives up first it may use itself. */
	begin(f, &f->dom1);
	ck_assert_int_eq(tx_write(f, "/d", "1"), -ENOSPC);
	ck_assert_int_eq(tx_rm(f, "/a/b/c"), 0);
	ck_assert_int_eq(tx_write(f, "/d", "1"), 0);
	ck_assert_int_eq(commit(f), 0);
	expect_dump(f, "/= b0\n/a= b1\n/a/b= b1\n/d=1 b1\n= n0\n");
	ck_assert_uint_eq(world_account(&f->w, 1)->used[XS_QUOTA_NODES], 3);
	/* Nothing stays behind of a creation on several levels. */
	ck_assert_int_eq(world_rm(&f->w, &f->dom1, "/d"), 0);
	ck_assert_int_eq(world_write(&f->w, &f->dom1, "/x/y", "1"), -ENOSPC);
	expect_dump(f, "/= b0\n/a= b1\n/a/b= b1\n= n0\n");
	/* The privileged may give a domain more than it may take. */
	ck_assert_int_eq(world_write(&f->w, &f->dom0, "/m/n", ""), 0);
	ck_assert_int_eq(world_set_perms(&f->w, &f->dom0, "/m", "n1"), 0);
	ck_assert_int_eq(world_set_perms(&f->w, &f->dom0, "/m/n", "n1"), 0);
	ck_assert_uint_eq(world_account(&f->w, 1)->used[XS_QUOTA_NODES], 4);
	teardown(f);
}
END_TEST

START_TEST(test_node_size)
{
	struct fixture *f = setup(NULL);
	char value[2048];

	memset(value, 'v', sizeof(value));
	value[2015] = '\0';
	ck_assert_int_eq(world_write(&f->w, &f->dom1, "/a", value), 0);
	value[2015] = 'v';
	value[2016] = '\0';
	ck_assert_int_eq(world_write(&f->w, &f->dom1, "/a", value), -ENOSPC);
	ck_assert_int_eq(world_write(&f->w, &f->dom1, "/b", value), -ENOSPC);
	ck_assert_int_eq(world_write(&f->w, &f->dom0, "/a", value), 0);
	teardown(f);
}
END_TEST

/* ---- Every allocation failing ----------------------------------------- */

struct story {
	struct world w;
	struct xs_stage tx, other;
	struct xs_cred dom0, dom1;
	unsigned int n_failed;
};

/* A step's result; after a failure for memory nothing has changed. */
static int same_or_done(struct story *s, int rc, const char *before)
{
	char *after = world_dump(&s->w.tree, XS_NOW);

	ck_assert_msg(rc == 0 || rc == -ENOMEM || rc == -EAGAIN ||
			      rc == -ENOENT || rc == -EACCES,
		      "a step says %d", rc);
	if (rc)
		ck_assert_str_eq(before, after);
	s->n_failed += rc == -ENOMEM;
	free(after);
	world_check(&s->w.tree);
	return rc;
}

#define STEP(s, call)                                            \
	do {                                                     \
		char *before = world_dump(&(s)->w.tree, XS_NOW); \
		same_or_done(s, call, before);                   \
		free(before);                                    \
	} while (0)

static int stage_write(struct xs_stage *stage, const char *path,
		       const char *value)
{
	struct xs_path p = world_path(path);

	return xs_stage_write(stage, &p, value, strlen(value));
}

static int stage_perms(struct xs_stage *stage, const char *path,
		       const char *text)
{
	struct xs_path p = world_path(path);
	struct xs_perm perms[4];
	unsigned int n = world_perms(text, perms);

	return xs_stage_set_perms(stage, &p, perms, n);
}

static int stage_read(struct xs_stage *stage, const char *path)
{
	struct xs_path p = world_path(path);
	const char *value;
	size_t len;

	return xs_stage_read(stage, &p, &value, &len);
}

static int stage_rm(struct xs_stage *stage, const char *path)
{
	struct xs_path p = world_path(path);

	return xs_stage_rm(stage, &p);
}

static void tell(struct story *s)
{
	static const char long_value[] = "a value for which no node has room";
	struct xs_account *account = world_account(&s->w, 1);

	STEP(s, world_set_perms(&s->w, &s->dom0, "/", "b0"));
	STEP(s, world_write(&s->w, &s->dom1, "/a/b/c", "1"));
	STEP(s, world_write(&s->w, &s->dom0, "/d", "2"));
	if (!account)
		return;
	xs_stage_open_snapshot(&s->other, &s->dom1, account);
	xs_stage_open_snapshot(&s->tx, &s->dom1, account);
	STEP(s, stage_read(&s->tx, "/a/b"));
	STEP(s, stage_write(&s->tx, "/a/b/c", long_value));
	STEP(s, stage_write(&s->tx, "/new/x", "3"));
	STEP(s, stage_perms(&s->tx, "/new/x", "n1 r2"));
	STEP(s, stage_write(&s->tx, "/new/y", long_value));
	STEP(s, stage_rm(&s->tx, "/new/x"));
	STEP(s, stage_write(&s->tx, "/new/x/y/z", "4"));
	STEP(s, world_write(&s->w, &s->dom0, "/d", long_value));
	STEP(s, xs_stage_commit(&s->tx, &s->w.watches));
	STEP(s, stage_read(&s->other, "/a/b/c"));
	STEP(s, stage_rm(&s->other, "/a"));
	STEP(s, world_rm(&s->w, &s->dom1, "/new"));
	STEP(s, world_write(&s->w, &s->dom1, "/a/b/c", ""));
	STEP(s, xs_stage_commit(&s->other, &s->w.watches));
	STEP(s, world_rm(&s->w, &s->dom0, "/a"));
}

static int start(struct story *s)
{
	int rc = world_init(&s->w, NULL, NULL, NULL);

	if (!rc)
		rc = xs_stage_init(&s->tx, &s->w.tree);
	if (!rc)
		rc = xs_stage_init(&s->other, &s->w.tree);
	return rc;
}

static unsigned int story_with_failure(unsigned int n, bool goes_on)
{
	struct story s = {.dom0 = world_cred(0), .dom1 = world_cred(1)};
	bool failed;
	int rc;

	if (goes_on)
		alloc_fail_from(n);
	else
		alloc_fail_at(n);
	rc = start(&s);
	ck_assert(rc == 0 || rc == -ENOMEM);
	if (!rc)
		tell(&s);
	failed = alloc_has_failed();
	alloc_fail_never();
	if (s.tx.tree)
		xs_stage_close(&s.tx);
	if (s.other.tree)
		xs_stage_close(&s.other);
	if (!rc) {
		ck_assert_int_eq(world_rm(&s.w, &s.dom0, "/a"), 0);
		ck_assert_int_eq(world_rm(&s.w, &s.dom0, "/new"), 0);
		ck_assert(xs_account_is_zero(world_account(&s.w, 1)));
		world_check(&s.w.tree);
	}
	xs_stage_fini(&s.tx);
	xs_stage_fini(&s.other);
	world_fini(&s.w);
	return failed ? s.n_failed + 1 : 0;
}

START_TEST(test_allocations)
{
	unsigned int n = 0, reported = 0, is;

	do {
		is = story_with_failure(++n, _i);
		reported += is > 1;
	} while (is);
	/* Else the wrapping does not work. */
	ck_assert_uint_gt(n, 50);
	ck_assert_uint_gt(reported, 30);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("store/commit");
	TCase *tc = suite_case(suite, "events");

	tcase_add_test(tc, test_event_order);
	tcase_add_test(tc, test_removal_events);
	tcase_add_test(tc, test_recreated_once);
	tcase_add_test(tc, test_failed_commit_is_silent);
	tcase_add_test(tc, test_inherits_as_of_creation);
	tcase_add_test(tc, test_told_again);
	tc = suite_case(suite, "quotas");
	tcase_add_test(tc, test_node_quota);
	tcase_add_test(tc, test_node_size);
	tc = suite_case(suite, "memory");
	tcase_add_loop_test(tc, test_allocations, 0, 2);
	return suite;
}
