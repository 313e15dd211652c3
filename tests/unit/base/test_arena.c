/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/arena.h"
#include "unit/support/alloc.h"
#include "unit/support/suite.h"

static struct xs_account *new_account(uint32_t memory)
{
	struct xs_limits limits = {{0}, 0};

	limits.max[XS_QUOTA_MEMORY] = memory;
	return xs_account_new(1, true, &limits, NULL, NULL);
}

START_TEST(test_pieces)
{
	struct xs_account *account = new_account(0);
	unsigned char *p[300];
	struct xs_arena arena;
	struct rng rng;
	size_t size[300], i, k;

	rng_init(&rng, 1);
	xs_arena_init(&arena, account);
	ck_assert(xs_account_is_zero(account));
	for (i = 0; i < 300; i++) {
		size[i] = rng_below(&rng, i % 20 ? 200 : 9000);
		p[i] = xs_arena_alloc(&arena, size[i]);
		ck_assert_ptr_nonnull(p[i]);
		ck_assert_uint_eq((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)i & 0xff, size[i]);
		ck_assert_uint_eq(account->used[XS_QUOTA_MEMORY], arena.total);
	}
	for (i = 0; i < 300; i++) {
		for (k = 0; k < size[i]; k++)
			ck_assert_uint_eq(p[i][k], i & 0xff);
	}
	xs_arena_reset(&arena);
	ck_assert(xs_account_is_zero(account));
	/* Who pays is not forgotten. */
	ck_assert_ptr_nonnull(xs_arena_alloc(&arena, 1));
	ck_assert(!xs_account_is_zero(account));
	xs_arena_fini(&arena);
	ck_assert(xs_account_is_zero(account));
	xs_account_close(account);
}
END_TEST

START_TEST(test_limit)
{
	struct xs_account *account = new_account(10000);
	struct xs_arena arena;
	size_t n = 0;

	xs_arena_init(&arena, account);
	while (xs_arena_alloc(&arena, 100))
		n++;
	ck_assert_uint_gt(n, 60);
	ck_assert_uint_le(account->used[XS_QUOTA_MEMORY], 10000);
	ck_assert_uint_gt(account->hits[XS_QUOTA_MEMORY], 0);
	ck_assert_ptr_null(xs_arena_alloc(&arena, SIZE_MAX));
	ck_assert_ptr_null(xs_arena_alloc(&arena, SIZE_MAX - 20));
	xs_arena_fini(&arena);
	ck_assert(xs_account_is_zero(account));
	xs_account_close(account);
}
END_TEST

START_TEST(test_no_memory)
{
	struct xs_arena arena;
	void *first;

	xs_arena_init(&arena, NULL);
	alloc_fail_at(1);
	ck_assert_ptr_null(xs_arena_alloc(&arena, 8));
	first = xs_arena_alloc(&arena, 8);
	ck_assert_ptr_nonnull(first);
	/* Nobody pays: one chunk is kept, so this needs no memory. */
	xs_arena_reset(&arena);
	alloc_fail_from(1);
	ck_assert_ptr_eq(xs_arena_alloc(&arena, 8), first);
	ck_assert_ptr_null(xs_arena_alloc(&arena, 5000));
	alloc_fail_never();
	xs_arena_fini(&arena);
	xs_arena_fini(&arena);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("base/arena");
	TCase *tc = suite_case(suite, "arena");

	tcase_add_test(tc, test_pieces);
	tcase_add_test(tc, test_limit);
	tcase_add_test(tc, test_no_memory);
	return suite;
}
