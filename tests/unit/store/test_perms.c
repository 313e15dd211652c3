/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "store/perms.h"
#include "unit/store/world.h"
#include "unit/support/alloc.h"
#include "unit/support/suite.h"
#include "wire/proto.h"

static const struct xs_hash_key key = {1, 2};

static struct xs_perms *intern(struct xs_perms_table *t, const char *text)
{
	struct xs_perm entries[16];
	unsigned int n = world_perms(text, entries);
	struct xs_perms *perms;

	ck_assert_int_eq(xs_perms_intern(t, entries, n, &perms), 0);
	return perms;
}

START_TEST(test_access)
{
	static const struct {
		const char *perms;
		uint16_t domid;
		uint16_t target;
		unsigned int access;
	} cases[] = {
		{"n1", 1, XS_DOMID_INVALID, XS_PERM_ALL},
		{"n1", 2, XS_DOMID_INVALID, XS_PERM_NONE},
		{"r1", 2, XS_DOMID_INVALID, XS_PERM_READ},
		{"b1", 2, XS_DOMID_INVALID, XS_PERM_READ | XS_PERM_WRITE},
		{"n1 w2", 2, XS_DOMID_INVALID, XS_PERM_WRITE},
		/* The first entry that fits decides, even to one's loss. */
		{"b1 n2 b2", 2, XS_DOMID_INVALID, XS_PERM_NONE},
		{"b1 n2 b2", 3, XS_DOMID_INVALID, XS_PERM_READ | XS_PERM_WRITE},
		/* With the rights of another one as well. */
		{"n1", 2, 1, XS_PERM_ALL},
		{"n0 r1", 2, 1, XS_PERM_READ},
		{"n0 w2 r1", 2, 1, XS_PERM_WRITE},
		{"n0 r1 w2", 2, 1, XS_PERM_READ},
		/* No target is not a domain of that number. */
		{"n32756", 2, XS_DOMID_INVALID, XS_PERM_NONE},
		{"n0 r32756", 2, XS_DOMID_INVALID, XS_PERM_NONE},
		/* Anybody. */
		{"n0 r32757", 2, XS_DOMID_INVALID, XS_PERM_READ},
		{"n0 n2 r32757", 2, XS_DOMID_INVALID, XS_PERM_NONE},
	};
	struct xs_perms_table t;
	size_t i;

	ck_assert_int_eq(xs_perms_table_init(&t, &key), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xs_perms *p = intern(&t, cases[i].perms);
		struct xs_cred cred = {.domid = cases[i].domid,
				       .target = cases[i].target};

		ck_assert_msg(xs_perms_access(p, &cred) == cases[i].access,
			      "case %zu: %s", i, cases[i].perms);
		cred.privileged = true;
		ck_assert_uint_eq(xs_perms_access(p, &cred), XS_PERM_ALL);
		xs_perms_unref(&t, p);
	}
	ck_assert_uint_eq(t.map.n_entries, 0);
	xs_perms_table_fini(&t);
}
END_TEST

START_TEST(test_ignored_entry)
{
	struct xs_perm e[3];
	struct xs_cred cred = {.domid = 2, .target = XS_DOMID_INVALID};
	struct xs_perms_table t;
	struct xs_perms *p;

	ck_assert_int_eq(xs_perms_table_init(&t, &key), 0);
	ck_assert_uint_eq(world_perms("n0 b2 r2", e), 3);
	e[1].flags = XS_PERM_F_IGNORE;
	ck_assert_int_eq(xs_perms_intern(&t, e, 3, &p), 0);
	ck_assert_uint_eq(xs_perms_access(p, &cred), XS_PERM_READ);
	xs_perms_unref(&t, p);
	xs_perms_table_fini(&t);
}
END_TEST

START_TEST(test_shared)
{
	struct xs_perms_table t;
	struct xs_perms *a, *b, *c;

	ck_assert_int_eq(xs_perms_table_init(&t, &key), 0);
	a = intern(&t, "n0 r1");
	b = intern(&t, "n0 r1");
	c = intern(&t, "n0 r1 r1");
	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_ne(a, c);
	ck_assert(!xs_perms_equal(a, c));
	xs_perms_unref(&t, a);
	ck_assert_uint_eq(t.map.n_entries, 2);
	xs_perms_unref(&t, b);
	ck_assert_uint_eq(t.map.n_entries, 1);
	xs_perms_unref(&t, c);
	ck_assert_uint_eq(t.map.n_entries, 0);
	xs_perms_unref(&t, NULL);
	alloc_fail_at(1);
	{
		struct xs_perm e[1] = {{0}};

		ck_assert_int_eq(xs_perms_intern(&t, e, 1, &a), -ENOMEM);
	}
	alloc_fail_never();
	xs_perms_table_fini(&t);
}
END_TEST

static void expect(const struct xs_perms *p, const char *text)
{
	struct xs_perm e[16];
	unsigned int n = world_perms(text, e), i;

	ck_assert_uint_eq(p->n, n);
	for (i = 0; i < n; i++) {
		ck_assert_uint_eq(p->entry[i].domid, e[i].domid);
		ck_assert_uint_eq(p->entry[i].access, e[i].access);
	}
}

START_TEST(test_forget)
{
	struct xs_perms_table t;
	struct xs_perms *a, *b, *c, *d;

	ck_assert_int_eq(xs_perms_table_init(&t, &key), 0);
	a = intern(&t, "n0 r7 w2 b7");
	b = intern(&t, "n0 w2");
	c = intern(&t, "n7 r7 r3");
	xs_perms_forget_domid(&t, 7);
	expect(a, "n0 w2");
	expect(b, "n0 w2");
	expect(c, "n7 r3"); /* owners stay */
	ck_assert(xs_perms_equal(a, b));
	/* They are found under what they are now. */
	d = intern(&t, "n7 r3");
	ck_assert_ptr_eq(c, d);
	xs_perms_unref(&t, a);
	xs_perms_unref(&t, b);
	xs_perms_unref(&t, c);
	xs_perms_unref(&t, d);
	ck_assert_uint_eq(t.map.n_entries, 0);
	xs_perms_table_fini(&t);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("store/perms");
	TCase *tc = suite_case(suite, "perms");

	tcase_add_test(tc, test_access);
	tcase_add_test(tc, test_ignored_entry);
	tcase_add_test(tc, test_shared);
	tcase_add_test(tc, test_forget);
	return suite;
}
