/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/list.h"
#include "unit/support/suite.h"

struct item {
	int value;
	struct xs_list link;
};

static void expect(struct xs_list *head, const int *values, size_t n)
{
	struct xs_list *pos;
	size_t i = 0;

	xs_list_for_each(pos, head) {
		ck_assert_uint_lt(i, n);
		ck_assert_int_eq(xs_list_entry(pos, struct item, link)->value,
				 values[i++]);
		ck_assert_ptr_eq(pos->next->prev, pos);
	}
	ck_assert_uint_eq(i, n);
}

START_TEST(test_order)
{
	struct item i[4] = {{.value = 0}, {1, {0}}, {2, {0}}, {3, {0}}};
	struct xs_list head, *pos, *tmp;

	xs_list_init(&head);
	ck_assert(xs_list_is_empty(&head));
	ck_assert_ptr_null(xs_list_pop(&head));
	xs_list_add_tail(&head, &i[0].link);
	xs_list_add_tail(&head, &i[2].link);
	xs_list_insert_before(&i[2].link, &i[1].link);
	xs_list_insert_before(&head, &i[3].link);
	expect(&head, (const int[]){0, 1, 2, 3}, 4);
	xs_list_remove(&i[1].link);
	ck_assert(!xs_list_is_linked(&i[1].link));
	xs_list_remove(&i[1].link);
	expect(&head, (const int[]){0, 2, 3}, 3);
	ck_assert_ptr_eq(xs_list_pop(&head), &i[0].link);
	ck_assert(!xs_list_is_linked(&i[0].link));
	xs_list_for_each_safe(pos, tmp, &head)
		xs_list_remove(pos);
	ck_assert(xs_list_is_empty(&head));
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("base/list");

	tcase_add_test(suite_case(suite, "list"), test_order);
	return suite;
}
