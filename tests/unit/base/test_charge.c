/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "base/charge.h"
#include "unit/support/alloc.h"
#include "unit/support/suite.h"

struct hits {
	unsigned int hard, soft;
	enum xs_quota last;
};

static void hit(void *arg, struct xs_account *account, enum xs_quota quota,
		bool soft)
{
	struct hits *h = arg;

	(void)account;
	h->last = quota;
	if (soft)
		h->soft++;
	else
		h->hard++;
}

static struct xs_account *new_account(bool limited, struct hits *h)
{
	struct xs_limits limits = {{0}, 0};

	limits.max[XS_QUOTA_WATCHES] = 2;
	limits.max[XS_QUOTA_MEMORY] = 1000;
	limits.soft_memory = 500;
	return xs_account_new(1, limited, &limits, hit, h);
}

START_TEST(test_limits)
{
	struct hits h = {0};
	struct xs_account *a = new_account(true, &h);
	struct xs_charge c[4] = {{0}};

	ck_assert_int_eq(xs_charge_take(&c[0], a, XS_QUOTA_WATCHES, 100), 0);
	ck_assert_int_eq(xs_charge_take(&c[1], a, XS_QUOTA_WATCHES, 100), 0);
	ck_assert(xs_account_over(a, XS_QUOTA_WATCHES));
	ck_assert_int_eq(xs_charge_take(&c[2], a, XS_QUOTA_WATCHES, 1),
			 XS_CHARGE_E_QUOTA);
	ck_assert_uint_eq(h.hard, 1);
	ck_assert_int_eq(h.last, XS_QUOTA_WATCHES);
	ck_assert_uint_eq(a->hits[XS_QUOTA_WATCHES], 1);
	/* 0 is no limit; memory counts as well, up to exactly its limit. */
	ck_assert_int_eq(xs_charge_take(&c[2], a, XS_QUOTA_NODES, 800), 0);
	ck_assert_uint_eq(h.soft, 1);
	ck_assert_int_eq(xs_charge_take(&c[3], a, XS_CHARGE_BYTES_ONLY, 1),
			 XS_CHARGE_E_QUOTA);
	ck_assert_ptr_null(c[3].account);
	ck_assert_int_eq(h.last, XS_QUOTA_MEMORY);
	ck_assert_uint_eq(a->used[XS_QUOTA_MEMORY], 1000);
	xs_charge_release(&c[2]);
	xs_charge_release(&c[2]);
	ck_assert_uint_eq(a->used[XS_QUOTA_MEMORY], 200);
	ck_assert_uint_eq(a->used[XS_QUOTA_NODES], 0);
	ck_assert_uint_eq(a->peak[XS_QUOTA_MEMORY], 1000);
	xs_charge_resize(&c[1], 30);
	ck_assert_uint_eq(a->used[XS_QUOTA_MEMORY], 130);
	xs_charge_release(&c[0]);
	xs_charge_release(&c[1]);
	ck_assert(xs_account_is_zero(a));
	xs_account_close(a);
}
END_TEST

START_TEST(test_unlimited)
{
	struct hits h = {0};
	struct xs_account *a = new_account(false, &h);
	struct xs_charge c[3] = {{0}};
	int i;

	for (i = 0; i < 3; i++)
		ck_assert_int_eq(
			xs_charge_take(&c[i], a, XS_QUOTA_WATCHES, 900), 0);
	ck_assert_uint_eq(a->used[XS_QUOTA_WATCHES], 3);
	ck_assert(!xs_account_over(a, XS_QUOTA_WATCHES));
	ck_assert(xs_account_fits(a, XS_QUOTA_MEMORY, UINT64_MAX));
	ck_assert_uint_eq(h.hard + h.soft, 0);
	for (i = 0; i < 3; i++)
		xs_charge_release(&c[i]);
	xs_account_close(a);
}
END_TEST

/* A message queued elsewhere outlives the domain that caused it. */
START_TEST(test_closed)
{
	struct hits h = {0};
	struct xs_account *a = new_account(true, &h);
	struct xs_account *b = new_account(true, &h);
	struct xs_charge c = {0}, d = {0};

	xs_charge_force(&c, a, XS_QUOTA_NODES, 5000);
	xs_charge_force(&d, a, XS_CHARGE_BYTES_ONLY, 1);
	ck_assert_uint_eq(h.soft, 1);
	xs_account_close(a);
	xs_charge_release(&d);
	xs_charge_move(&c, b);
	/* a is gone with its last charge: the leak check knows. */
	ck_assert_uint_eq(b->used[XS_QUOTA_NODES], 1);
	ck_assert_uint_eq(b->used[XS_QUOTA_MEMORY], 5000);
	xs_charge_move(&c, b);
	ck_assert_uint_eq(b->n_charges, 1);
	ck_assert(!xs_account_is_zero(b));
	xs_charge_release(&c);
	xs_account_close(b);
	xs_account_close(NULL);
}
END_TEST

START_TEST(test_room)
{
	struct hits h = {0};
	struct xs_account *a = new_account(true, &h);

	ck_assert(xs_account_has_room(a, XS_QUOTA_WATCHES, 2));
	ck_assert(!xs_account_has_room(a, XS_QUOTA_WATCHES, 3));
	ck_assert(xs_account_has_room(a, XS_QUOTA_WATCHES, -5));
	ck_assert_uint_eq(h.hard, 1);
	xs_account_close(a);
	alloc_fail_at(1);
	ck_assert_ptr_null(new_account(true, &h));
	alloc_fail_never();
}
END_TEST

START_TEST(test_names)
{
	struct xs_limits limits;
	enum xs_quota quota;
	unsigned int i, k;

	for (i = 0; i < XS_N_QUOTAS; i++) {
		ck_assert_int_eq(xs_quota_by_name(xs_quota_name(i), &quota), 0);
		ck_assert_uint_eq(quota, i);
		ck_assert_uint_gt(strlen(xs_quota_text(i)), 5);
		for (k = 0; k < i; k++)
			ck_assert_str_ne(xs_quota_name(i), xs_quota_name(k));
	}
	ck_assert_int_eq(xs_quota_by_name("permissions", &quota), 0);
	ck_assert_uint_eq(quota, XS_QUOTA_NODE_PERMISSIONS);
	ck_assert_int_eq(xs_quota_by_name("", &quota), -ENOENT);
	xs_limits_default(&limits);
	ck_assert_uint_eq(limits.max[XS_QUOTA_NODES], 1000);
	ck_assert_uint_eq(limits.max[XS_QUOTA_MEMORY], 2621440);
	ck_assert_uint_eq(limits.soft_memory, 2097152);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("base/charge");
	TCase *tc = suite_case(suite, "charge");

	tcase_add_test(tc, test_limits);
	tcase_add_test(tc, test_unlimited);
	tcase_add_test(tc, test_closed);
	tcase_add_test(tc, test_room);
	tcase_add_test(tc, test_names);
	return suite;
}
