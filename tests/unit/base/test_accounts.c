/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "base/accounts.h"
#include "base/settings.h"
#include "unit/support/alloc.h"
#include "unit/support/suite.h"

START_TEST(test_table)
{
	struct xs_settings settings;
	struct xs_accounts t;
	struct xs_account *a, *b;
	unsigned int i;

	xs_settings_default(&settings);
	settings.master_domid = 0;
	settings.priv_domid = 9;
	ck_assert_int_eq(xs_accounts_init(&t, &settings), 0);
	ck_assert_ptr_null(xs_accounts_find(&t, 3));
	for (i = 0; i <= UINT16_MAX; i += 7) {
		ck_assert_int_eq(xs_accounts_get(&t, (uint16_t)i, &a), 0);
		ck_assert_uint_eq(a->domid, i);
		ck_assert_int_eq(a->limited, i != 0 && i != 9);
	}
	for (i = 0; i <= UINT16_MAX; i++) {
		a = xs_accounts_find(&t, (uint16_t)i);
		ck_assert_int_eq(a != NULL, i % 7 == 0);
		ck_assert(!a || a->domid == i);
	}
	ck_assert_int_eq(xs_accounts_get(&t, 9, &b), 0);
	ck_assert(!b->limited);
	xs_accounts_fini(&t);
}
END_TEST

/* The next bearer of a domid starts at zero, with today's limits. */
START_TEST(test_next_life)
{
	struct xs_settings settings;
	struct xs_accounts t;
	struct xs_account *a, *b;
	struct xs_charge c = {0};

	xs_settings_default(&settings);
	ck_assert_int_eq(xs_accounts_init(&t, &settings), 0);
	ck_assert_int_eq(xs_accounts_get(&t, 5, &a), 0);
	xs_charge_force(&c, a, XS_QUOTA_NODES, 10);
	t.limits.max[XS_QUOTA_NODES] = 3;
	xs_accounts_drop(&t, 5);
	ck_assert_ptr_null(xs_accounts_find(&t, 5));
	ck_assert_int_eq(xs_accounts_get(&t, 5, &b), 0);
	ck_assert_ptr_ne(a, b);
	ck_assert(xs_account_is_zero(b));
	ck_assert_uint_eq(a->limits.max[XS_QUOTA_NODES], 1000);
	ck_assert_uint_eq(b->limits.max[XS_QUOTA_NODES], 3);
	xs_charge_release(&c);
	xs_accounts_drop(&t, 5);
	xs_accounts_drop(&t, 5);
	xs_accounts_fini(&t);
}
END_TEST

START_TEST(test_no_memory)
{
	struct xs_settings settings;
	struct xs_accounts t;
	struct xs_account *a;
	unsigned int n;

	xs_settings_default(&settings);
	alloc_fail_at(1);
	ck_assert_int_eq(xs_accounts_init(&t, &settings), -ENOMEM);
	ck_assert_int_eq(xs_accounts_init(&t, &settings), 0);
	for (n = 1; n <= 2; n++) {
		alloc_fail_at(n);
		ck_assert_int_eq(xs_accounts_get(&t, 5, &a), -ENOMEM);
		ck_assert_ptr_null(xs_accounts_find(&t, 5));
	}
	ck_assert_int_eq(xs_accounts_get(&t, 5, &a), 0);
	xs_accounts_fini(&t);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("base/accounts");
	TCase *tc = suite_case(suite, "accounts");

	tcase_add_test(tc, test_table);
	tcase_add_test(tc, test_next_life);
	tcase_add_test(tc, test_no_memory);
	return suite;
}
