/* SPDX-License-Identifier: GPL-2.0-only */
/* Sorting elements of all sizes, and finding them again. */
#include <stdint.h>

#include "unit/stubdom/libc.h"
#include "unit/stubdom/system.h"
#include "unit/support/suite.h"

#define MAX 300

static size_t size;
static int n_compared;

/* The last byte tells elements apart that are alike otherwise. */
static int compare(const void *a, const void *b)
{
	n_compared++;
	return memcmp(a, b, size > 1 ? size - 1 : 1);
}

static int compare_all(const void *a, const void *b)
{
	return memcmp(a, b, size);
}

static void check_one(unsigned char *ours, unsigned char *theirs, size_t n)
{
	size_t i;
	int log = 1;

	while ((size_t)1 << log < n)
		log++;
	n_compared = 0;
	libc_qsort(ours, n, size, compare);
	ck_assert_int_le(n_compared, 2 * (int)n * (log + 1));
	for (i = 1; i < n; i++)
		ck_assert_int_le(
			compare(ours + (i - 1) * size, ours + i * size), 0);
	/* The same elements, whatever the order of those that are equal. */
	qsort(ours, n, size, compare_all);
	qsort(theirs, n, size, compare_all);
	ck_assert(!n || !memcmp(ours, theirs, n * size));
}

/* _i: 0 random, 1 ascending, 2 descending, 3 all the same */
static void make(struct rng *rng, unsigned char *p, size_t n, int kind)
{
	size_t i;

	for (i = 0; i < n * size; i++)
		p[i] = (unsigned char)(kind == 3 ? 7 : rng_next(rng) & 0x83);
	if (kind == 1 || kind == 2)
		qsort(p, n, size, compare);
	for (i = 0; kind == 2 && i < n / 2; i++) {
		unsigned char tmp[64];

		memcpy(tmp, p + i * size, size);
		memcpy(p + i * size, p + (n - 1 - i) * size, size);
		memcpy(p + (n - 1 - i) * size, tmp, size);
	}
}

START_TEST(test_sort)
{
	static unsigned char ours[MAX * 40], theirs[MAX * 40];
	struct rng rng;
	int i;

	rng_init(&rng, (uint64_t)_i);
	for (i = 0; i < 1000; i++) {
		size_t n = rng_below(&rng, i % 10 ? 20 : MAX);

		size = rng_below(&rng, 40) + 1;
		make(&rng, ours, n, _i);
		memcpy(theirs, ours, n * size);
		check_one(ours, theirs, n);
	}
}
END_TEST

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

START_TEST(test_search)
{
	uint32_t *end = (uint32_t *)(fenced_page() + FENCED_SIZE);
	uint32_t i, n, key;

	for (n = 0; n < MAX; n++) {
		uint32_t *list = end - n;

		for (i = 0; i < n; i++)
			list[i] = 2 * i + 1;
		for (key = 0; key <= 2 * n; key++) {
			uint32_t *found =
				libc_bsearch(&key, list, n, sizeof(list[0]),
					     compare_numbers);

			ck_assert_ptr_eq(found,
					 key % 2 ? &list[key / 2] : NULL);
		}
	}
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/libc/sort");
	TCase *tc = suite_case(suite, "sort");

	tcase_add_loop_test(tc, test_sort, 0, 4);
	tcase_add_test(tc, test_search);
	return suite;
}
