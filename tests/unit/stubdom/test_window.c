/* SPDX-License-Identifier: GPL-2.0-only */
/* Other domains' pages: mapped, given back, and whatever can be missing. */
#include <errno.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/grant_table.h>

#include "plat/stubdom/internal.h"
#include "plat/stubdom/layout.h"
#include "plat/stubdom/libc/pages.h"
#include "unit/stubdom/fakexen.h"
#include "unit/stubdom/system.h"
#include "unit/support/alloc.h"
#include "unit/support/suite.h"

#define REF	  GNTTAB_RESERVED_XENSTORE
#define ALL_SLOTS (64 * TABLE_SIZE - 1)

static void *pages[ALL_SLOTS + 1];

static uint64_t address(const void *page)
{
	return (uintptr_t)page;
}

static void map_many(unsigned int from, unsigned int to)
{
	for (; from < to; from++)
		ck_assert_int_eq(
			xs_window_map((xs_domid_t)from, REF, &pages[from]), 0);
}

static void unmap_many(unsigned int from, unsigned int to)
{
	for (; from < to; from++)
		ck_assert_int_eq(xs_window_unmap(pages[from]), 0);
}

START_TEST(test_shared_info)
{
	xs_window_init();
	ck_assert_uint_eq(fakexen.shared_info, SHARED_INFO);
	ck_assert(fakexen_is_shown(SHARED_INFO));
	map_many(0, 1);
	ck_assert_uint_ne(address(pages[0]), SHARED_INFO);
}
END_TEST

START_TEST(test_map_and_unmap)
{
	uint64_t page;

	xs_window_init();
	map_many(0, 1);
	page = address(pages[0]);
	ck_assert(fakexen_is_shown(page));
	ck_assert_uint_eq(fakexen.n_mapped, 1);
	unmap_many(0, 1);
	ck_assert(!fakexen_is_shown(page));
	ck_assert_uint_eq(fakexen.n_mapped, 0);
	map_many(0, 1);
	ck_assert_uint_eq(address(pages[0]), page);
}
END_TEST

/* Every domain id there can be, and no memory is lost over it. */
START_TEST(test_all_slots)
{
	struct xs_pages_stats full, again;
	void *page;
	unsigned int i;

	xs_window_init();
	map_many(0, ALL_SLOTS);
	ck_assert_int_eq(xs_window_map(1, REF, &page), -ENOSPC);
	for (i = 1; i < ALL_SLOTS; i++)
		ck_assert_uint_gt(address(pages[i]), address(pages[i - 1]));
	xs_pages_stats(&full);
	unmap_many(0, ALL_SLOTS);
	ck_assert_uint_eq(fakexen.n_mapped, 0);
	map_many(0, ALL_SLOTS);
	xs_pages_stats(&again);
	ck_assert_uint_eq(again.free, full.free);
	unmap_many(0, ALL_SLOTS);
}
END_TEST

START_TEST(test_refused)
{
	static const struct {
		int16_t status;
		int error;
	} cases[] = {
		{GNTST_bad_domain, -ENOENT},
		{GNTST_no_space, -ENOSPC},
		{GNTST_eagain, -EAGAIN},
		{GNTST_bad_gntref, -EINVAL},
		{GNTST_general_error, -EINVAL},
		{GNTST_permission_denied, -EINVAL},
	};
	void *page = NULL;
	size_t i;

	xs_window_init();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fakexen.map_status = cases[i].status;
		ck_assert_int_eq(xs_window_map(1, REF, &page), cases[i].error);
		ck_assert_ptr_null(page);
	}
	fakexen.map_status = GNTST_okay;
	map_many(0, 1);
	/* None of the failures cost a slot. */
	ck_assert_uint_eq(address(pages[0]), WINDOW_BASE + PAGE_SIZE);
}
END_TEST

START_TEST(test_xen_is_full)
{
	void *page;

	xs_window_init();
	fakexen.max_mapped = 10;
	map_many(0, 10);
	ck_assert_int_eq(xs_window_map(10, REF, &page), -ENOSPC);
	unmap_many(3, 4);
	map_many(3, 4);
	ck_assert_int_eq(xs_window_map(10, REF, &page), -ENOSPC);
	unmap_many(0, 10);
}
END_TEST

/* The 512th needs a table and a list: either may be missing. */
START_TEST(test_no_memory)
{
	struct xs_pages_stats before, after;
	void *page, *rest;

	system_set_pages(64);
	xs_window_init();
	map_many(0, TABLE_SIZE - 1);
	xs_pages_stats(&before);
	alloc_fail_from(1);
	ck_assert_int_eq(xs_window_map(1, REF, &page), -ENOMEM);
	ck_assert(alloc_has_failed());
	alloc_fail_never();
	xs_pages_stats(&after);
	ck_assert_uint_eq(before.free, after.free);
	rest = xs_pages_get(after.longest_free);
	ck_assert_int_eq(xs_window_map(1, REF, &page), -ENOMEM);
	xs_pages_put(rest);
	map_many(TABLE_SIZE - 1, TABLE_SIZE + 1);
	unmap_many(0, TABLE_SIZE + 1);
}
END_TEST

/* A slot that Xen does not give back is hidden and not used again. */
START_TEST(test_not_taken_back)
{
	uint64_t stuck;

	xs_window_init();
	map_many(0, 2);
	stuck = address(pages[0]);
	fakexen.no_unmap = true;
	ck_assert_int_eq(xs_window_unmap(pages[0]), -EINVAL);
	fakexen.no_unmap = false;
	ck_assert(!fakexen_is_shown(stuck));
	map_many(2, 20);
	for (unsigned int i = 2; i < 20; i++)
		ck_assert_uint_ne(address(pages[i]), stuck);
	unmap_many(1, 20);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/window");
	TCase *tc = suite_case(suite, "window");

	tcase_add_test(tc, test_shared_info);
	tcase_add_test(tc, test_map_and_unmap);
	tcase_add_test(tc, test_all_slots);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_xen_is_full);
	tcase_add_test(tc, test_no_memory);
	tcase_add_test(tc, test_not_taken_back);
	return suite;
}
