/* SPDX-License-Identifier: GPL-2.0-only */
#include "store/txn.h"

#include <errno.h>
#include <string.h>

#include "unit/store/world.h"
#include "unit/support/alloc.h"
#include "unit/support/suite.h"

START_TEST(test_numbers)
{
	struct xs_cred dom1 = world_cred(1);
	struct xs_settings settings;
	struct xs_account *account;
	struct xs_txns a, b;
	struct world w;
	uint16_t blame;
	uint32_t id;

	xs_settings_default(&settings);
	settings.limits.max[XS_QUOTA_TRANSACTIONS] = 3;
	ck_assert_int_eq(world_init(&w, &settings, NULL, NULL), 0);
	account = world_account(&w, 1);
	xs_txns_init(&a);
	xs_txns_init(&b);
	ck_assert_int_eq(xs_txn_start(&a, &w.tree, &dom1, account, 0, &id), 0);
	ck_assert_uint_eq(id, 1);
	ck_assert_int_eq(xs_txn_start(&a, &w.tree, &dom1, account, 0, &id), 0);
	ck_assert_uint_eq(id, 2);
	/* Numbers are the client's own. */
	ck_assert_int_eq(xs_txn_start(&b, &w.tree, &dom1, account, 0, &id), 0);
	ck_assert_uint_eq(id, 1);
	ck_assert_int_eq(xs_txn_start(&b, &w.tree, &dom1, account, 0, &id),
			 XS_CHARGE_E_QUOTA);
	ck_assert_uint_eq(b.n, 1);
	ck_assert_ptr_null(xs_txn_find(&b, 2));
	ck_assert_int_eq(xs_txn_commit(&a, xs_txn_find(&a, 1), NULL, &blame),
			 0);
	ck_assert_ptr_null(xs_txn_find(&a, 1));
	/* Not 0, not one that is in use, after the last number there is. */
	a.last_id = UINT32_MAX - 1;
	ck_assert_int_eq(xs_txn_start(&a, &w.tree, &dom1, account, 0, &id), 0);
	ck_assert_uint_eq(id, UINT32_MAX);
	xs_txn_abort(&a, xs_txn_find(&a, UINT32_MAX));
	a.last_id = 1;
	ck_assert_int_eq(xs_txn_start(&a, &w.tree, &dom1, account, 0, &id), 0);
	ck_assert_uint_eq(id, 3);
	a.last_id = UINT32_MAX;
	xs_txn_abort(&b, xs_txn_find(&b, 1));
	ck_assert_int_eq(xs_txn_start(&a, &w.tree, &dom1, account, 0, &id), 0);
	ck_assert_uint_eq(id, 1);
	xs_txns_abort_all(&a);
	xs_txns_abort_all(&b);
	ck_assert_uint_eq(a.n, 0);
	ck_assert(xs_account_is_zero(account));
	world_fini(&w);
}
END_TEST

START_TEST(test_no_memory)
{
	struct xs_cred dom1 = world_cred(1);
	struct xs_account *account;
	struct xs_txns txns;
	struct world w;
	unsigned int n = 0;
	uint32_t id;
	int rc;

	ck_assert_int_eq(world_init(&w, NULL, NULL, NULL), 0);
	account = world_account(&w, 1);
	xs_txns_init(&txns);
	do {
		alloc_fail_at(++n);
		rc = xs_txn_start(&txns, &w.tree, &dom1, account, 0, &id);
		alloc_fail_never();
		if (rc) {
			ck_assert_int_eq(rc, -ENOMEM);
			ck_assert_uint_eq(txns.n, 0);
			ck_assert(xs_account_is_zero(account));
		}
	} while (rc);
	ck_assert_uint_gt(n, 2);
	xs_txns_abort_all(&txns);
	ck_assert(xs_account_is_zero(account));
	world_fini(&w);
}
END_TEST

START_TEST(test_blame)
{
	struct xs_cred dom0 = world_cred(0), dom1 = world_cred(1);
	struct xs_path p = world_path("/x/y");
	struct xs_txn *txn;
	struct xs_txns txns;
	struct world w;
	const char *value;
	uint16_t blame;
	uint32_t id;
	size_t len;

	ck_assert_int_eq(world_init(&w, NULL, NULL, NULL), 0);
	world_set_perms(&w, &dom0, "/", "b0");
	xs_txns_init(&txns);
	ck_assert_int_eq(xs_txn_start(&txns, &w.tree, &dom0,
				      world_account(&w, 0), 7, &id),
			 0);
	txn = xs_txn_find(&txns, id);
	ck_assert_uint_eq(txn->started_ms, 7);
	ck_assert_int_eq(xs_stage_read(&txn->stage, &p, &value, &len), -ENOENT);
	ck_assert_int_eq(xs_stage_write(&txn->stage, &p, "1", 1), 0);
	ck_assert_int_eq(world_write(&w, &dom1, "/x/y", "2"), 0);
	ck_assert_int_eq(xs_txn_commit(&txns, txn, &w.watches, &blame),
			 -EAGAIN);
	ck_assert_uint_eq(blame, 1);
	ck_assert_uint_eq(txns.n, 0);
	world_fini(&w);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("store/txn");
	TCase *tc = suite_case(suite, "txn");

	tcase_add_test(tc, test_numbers);
	tcase_add_test(tc, test_no_memory);
	tcase_add_test(tc, test_blame);
	return suite;
}
