/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs of pages against a map of who has which page: what is given is nobody
 * else's, and what is refused is not there.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "plat/stubdom/libc/pages.h"
#include "plat/stubdom/libc/system.h"
#include "unit/stubdom/heap_check.h"
#include "unit/stubdom/libc.h"
#include "unit/stubdom/system.h"
#include "unit/support/suite.h"

#define MAX_PAGES 600

struct run {
	unsigned char *p;
	size_t n;
};

static struct {
	bool taken[MAX_PAGES];
	size_t n_pages; /* all of them, the table's at the start included */
	struct run runs[MAX_PAGES];
	size_t n;
} model;

static size_t number(const unsigned char *p)
{
	ck_assert_uint_eq((uintptr_t)p % XS_PAGE_SIZE, 0);
	return (size_t)(p - system_memory()) / XS_PAGE_SIZE;
}

static void mark(const unsigned char *p, size_t n, bool taken)
{
	size_t i, first = number(p);

	ck_assert_uint_le(first + n, model.n_pages);
	for (i = first; i < first + n; i++) {
		ck_assert_int_ne(model.taken[i], taken);
		model.taken[i] = taken;
	}
}

static size_t longest(void)
{
	size_t i, run = 0, most = 0;

	for (i = 0; i < model.n_pages; i++) {
		run = model.taken[i] ? 0 : run + 1;
		if (run > most)
			most = run;
	}
	return most;
}

static void check_model(void)
{
	struct xs_pages_stats stats;
	size_t i, n_free = 0;

	for (i = 0; i < model.n_pages; i++)
		n_free += !model.taken[i];
	xs_pages_stats(&stats);
	ck_assert_uint_eq(stats.free, n_free);
	ck_assert_uint_eq(stats.longest_free, longest());
	ck_assert_uint_eq(xs_pages_free_percent(), n_free * 100 / stats.total);
	heap_check();
}

static void set_up(size_t n_pages)
{
	struct xs_pages_stats stats;

	system_set_pages(n_pages);
	xs_pages_stats(&stats);
	model.n_pages = n_pages;
	mark(system_memory(), n_pages - stats.total, true);
	check_model();
}

static void get(size_t n)
{
	unsigned char *p = xs_pages_get(n);

	if (!p) {
		ck_assert_uint_gt(n, longest());
		return;
	}
	mark(p, n, true);
	memset(p, 0xee, n * XS_PAGE_SIZE);
	model.runs[model.n++] = (struct run){p, n};
}

static void put(size_t i)
{
	struct run run = model.runs[i];

	xs_pages_put(run.p);
	mark(run.p, run.n, false);
	model.runs[i] = model.runs[--model.n];
}

/* What becomes longer where it is takes exactly what follows. */
static void resize(size_t i, size_t n)
{
	struct run *run = &model.runs[i];
	size_t after = number(run->p) + run->n, k;
	bool fits = true;
	unsigned char *p;

	for (k = after; k < number(run->p) + n; k++)
		fits = fits && k < model.n_pages && !model.taken[k];
	if (!fits)
		return;
	p = libc_realloc(run->p, n * XS_PAGE_SIZE);
	ck_assert_ptr_eq(p, run->p);
	if (n > run->n)
		mark(p + run->n * XS_PAGE_SIZE, n - run->n, true);
	else
		mark(p + n * XS_PAGE_SIZE, run->n - n, false);
	run->n = n;
}

START_TEST(test_random)
{
	static const size_t heaps[] = {5, 40, 130, 600};
	struct rng rng;
	int i;

	set_up(heaps[_i % 4]);
	rng_init(&rng, (uint64_t)_i);
	for (i = 0; i < 4000; i++) {
		size_t n = 1 + rng_below(&rng, rng_below(&rng, 4) ? 4 : 70);
		uint32_t what = rng_below(&rng, 100);
		size_t k = model.n ? rng_below(&rng, (uint32_t)model.n) : 0;

		if (what < (i % 1000 < 500 ? 60u : 35u))
			get(n);
		else if (model.n && what < 85)
			put(k);
		else if (model.n)
			resize(k, n);
		if (i % 16 == 0)
			check_model();
	}
	while (model.n)
		put(rng_below(&rng, (uint32_t)model.n));
	check_model();
}
END_TEST

START_TEST(test_nothing)
{
	set_up(100);
	ck_assert_ptr_null(xs_pages_get(0));
	ck_assert_ptr_null(xs_pages_get(100));
	ck_assert_ptr_null(xs_pages_get(SIZE_MAX));
	ck_assert_ptr_null(xs_pages_get((size_t)UINT32_MAX + 2));
	xs_pages_put(NULL);
	check_model();
}
END_TEST

/* All of a heap as one run, and page by page. */
START_TEST(test_all)
{
	struct xs_pages_stats stats;
	size_t i;

	set_up(MAX_PAGES);
	xs_pages_stats(&stats);
	get(stats.total);
	ck_assert_uint_eq(model.n, 1);
	get(1);
	ck_assert_uint_eq(model.n, 1);
	put(0);
	for (i = 0; i < stats.total; i++)
		get(1);
	ck_assert_uint_eq(model.n, stats.total);
	/* Every other one: nothing of two pages is left. */
	for (i = stats.total; i-- > 0;) {
		if (number(model.runs[i].p) % 2)
			put(i);
	}
	get(1);
	get(2);
	check_model();
}
END_TEST

/* Small things live at the bottom, the others at the top. */
START_TEST(test_ends)
{
	struct xs_pages_stats stats;
	unsigned char *small[100], *p;
	int i;

	set_up(MAX_PAGES);
	for (i = 0; i < 100; i++) {
		small[i] = libc_malloc(2000);
		ck_assert_uint_lt(
			number(small[i] - (uintptr_t)small[i] % XS_PAGE_SIZE),
			80);
		p = libc_malloc(5000);
		ck_assert_uint_gt(number(p), 350);
	}
	for (i = 0; i < 100; i++)
		libc_free(small[i]);
	xs_pages_stats(&stats);
	ck_assert_uint_eq(stats.longest_free, stats.free);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/libc/pages");
	TCase *tc = suite_case(suite, "pages");

	tcase_add_loop_test(tc, test_random, 0, 16);
	tcase_add_test(tc, test_nothing);
	tcase_add_test(tc, test_all);
	tcase_add_test(tc, test_ends);
	return suite;
}
