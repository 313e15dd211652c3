/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every function on ranges of every alignment and length that matters, at
 * either end of memory that nobody may look beyond, against the machine's.
 */
#include <stdbool.h>

#include "unit/stubdom/libc.h"
#include "unit/stubdom/system.h"
#include "unit/support/suite.h"

#define ROUNDS 60000
#define SPACE  96

static unsigned char *ours, *theirs;

static void set_up(void)
{
	ours = fenced_page();
	theirs = fenced_page();
}

static void randomise(struct rng *rng, unsigned char *p, size_t n, uint32_t set)
{
	for (; n; n--)
		*p++ = (unsigned char)(rng_below(rng, set) + 0x7e);
}

/* A place of so many bytes: at the start, at the end or anywhere. */
static size_t place(struct rng *rng, size_t n)
{
	switch (rng_below(rng, 3)) {
	case 0:
		return rng_below(rng, 9);
	case 1:
		return FENCED_SIZE - n - rng_below(rng, 9);
	default:
		return rng_below(rng, FENCED_SIZE - (uint32_t)n);
	}
}

static void same(void)
{
	ck_assert(!memcmp(ours, theirs, FENCED_SIZE));
}

START_TEST(test_set_and_move)
{
	struct rng rng;
	int i;

	rng_init(&rng, 1);
	randomise(&rng, ours, FENCED_SIZE, 256);
	memcpy(theirs, ours, FENCED_SIZE);
	for (i = 0; i < ROUNDS; i++) {
		size_t n = rng_below(&rng, i % 100 ? SPACE : 2000);
		size_t to = place(&rng, n), from = place(&rng, n);
		int c = (int)rng_next(&rng);

		/* Mostly so near that they overlap. */
		if (i % 2 && to >= 16 && to + n + 16 <= FENCED_SIZE)
			from = to - 16 + rng_below(&rng, 33);
		ck_assert_ptr_eq(libc_memmove(ours + to, ours + from, n),
				 ours + to);
		memmove(theirs + to, theirs + from, n);
		if (i % 10 == 0) {
			to = place(&rng, n);
			ck_assert_ptr_eq(libc_memset(ours + to, c, n),
					 ours + to);
			memset(theirs + to, c, n);
		}
		if (i % 16 == 0)
			same();
	}
	same();
}
END_TEST

START_TEST(test_copy)
{
	struct rng rng;
	int i;

	rng_init(&rng, 2);
	for (i = 0; i < ROUNDS; i++) {
		size_t n = rng_below(&rng, SPACE), to = place(&rng, n);
		size_t from = place(&rng, n);

		randomise(&rng, theirs + from, n, 256);
		ck_assert_ptr_eq(libc_memcpy(ours + to, theirs + from, n),
				 ours + to);
		ck_assert(!memcmp(ours + to, theirs + from, n));
	}
}
END_TEST

/* The bytes around what is copied or set stay as they are. */
START_TEST(test_nothing_else)
{
	size_t n, at;

	for (at = 8; at < 24; at++) {
		for (n = 0; n < 40; n++) {
			memset(ours, 1, 80);
			memset(theirs, 2, 80);
			libc_memcpy(ours + at, theirs, n);
			ck_assert_int_eq(ours[at - 1], 1);
			ck_assert_int_eq(ours[at + n], 1);
			libc_memset(ours + at, 3, n);
			ck_assert_int_eq(ours[at - 1], 1);
			ck_assert_int_eq(ours[at + n], 1);
		}
	}
}
END_TEST

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

START_TEST(test_compare_and_find)
{
	struct rng rng;
	int i, n_equal = 0, n_found = 0;

	rng_init(&rng, 3);
	for (i = 0; i < ROUNDS; i++) {
		size_t n = rng_below(&rng, SPACE);
		unsigned char *a = ours + place(&rng, n);
		unsigned char *b = theirs + place(&rng, n);
		int c = (int)rng_below(&rng, 16) + 0x7e + 0x100;
		int want;

		randomise(&rng, a, n, 8);
		memcpy(b, a, n);
		if (n && i % 2)
			b[rng_below(&rng, (uint32_t)n)] =
				(unsigned char)rng_next(&rng);
		want = sign(memcmp(a, b, n));
		ck_assert_int_eq(sign(libc_memcmp(a, b, n)), want);
		ck_assert_ptr_eq(libc_memchr(a, c, n), memchr(a, c, n));
		n_equal += !want;
		n_found += !!memchr(a, c, n);
	}
	ck_assert_int_gt(n_equal, ROUNDS / 10);
	ck_assert_int_gt(n_found, ROUNDS / 10);
	ck_assert_int_lt(n_found, ROUNDS - ROUNDS / 10);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/libc/memory");
	TCase *tc = suite_case(suite, "memory");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, test_set_and_move);
	tcase_add_test(tc, test_copy);
	tcase_add_test(tc, test_nothing_else);
	tcase_add_test(tc, test_compare_and_find);
	return suite;
}
