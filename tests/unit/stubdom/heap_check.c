/* SPDX-License-Identifier: GPL-2.0-only */
#include "unit/stubdom/heap_check.h"

#include <check.h>

#include "plat/stubdom/libc/pages_priv.h"

static void check_slab(const struct xs_page *page)
{
	unsigned int n = 0, i;

	ck_assert_uint_eq(page->n, 1);
	for (i = 0; i < XS_SLAB_WORDS; i++)
		n += (unsigned int)__builtin_popcountll(page->free[i]);
	ck_assert_uint_eq(page->n_free, n);
}

void heap_check(void)
{
	size_t n_free = 0, longest = 0;
	struct xs_pages_stats stats;
	bool was_free = false;
	uint32_t i;

	xs_pages_stats(&stats);
	for (i = 0; i < stats.total;) {
		const struct xs_page *page = xs_page_number(i);

		ck_assert_uint_ge(page->n, 1);
		ck_assert_uint_le(page->n, stats.total - i);
		ck_assert_int_ne(page->state, XS_PAGE_INSIDE);
		if (page->state == XS_PAGE_SLAB)
			check_slab(page);
		if (page->state == XS_PAGE_FREE) {
			const struct xs_page *last = page + page->n - 1;

			ck_assert(!was_free);
			ck_assert_int_eq(last->state, XS_PAGE_FREE);
			ck_assert_uint_eq(last->n, page->n);
			n_free += page->n;
			if (page->n > longest)
				longest = page->n;
		}
		was_free = page->state == XS_PAGE_FREE;
		i += page->n;
	}
	ck_assert_uint_eq(n_free, stats.free);
	/* stats counts what is in the bins */
	ck_assert_uint_eq(longest, stats.longest_free);
}
