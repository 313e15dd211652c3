/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>

#include "unit/support/suite.h"
#include "wire/args.h"

START_TEST(test_one)
{
	size_t len = 99;

	ck_assert_int_eq(xs_args_one("abc", 4, &len), 0);
	ck_assert_uint_eq(len, 3);
	ck_assert_int_eq(xs_args_one("", 1, &len), 0);
	ck_assert_uint_eq(len, 0);
	ck_assert_int_eq(xs_args_one("", 0, &len), -EINVAL);
	ck_assert_int_eq(xs_args_one(NULL, 0, &len), -EINVAL);
	ck_assert_int_eq(xs_args_one("abc", 3, &len), -EINVAL);
	ck_assert_int_eq(xs_args_one("a\0b", 4, &len), -EINVAL);
	ck_assert_int_eq(xs_args_one("a\0", 3, &len), -EINVAL);
	ck_assert_int_eq(xs_args_one("a\0b", 3, &len), -EINVAL);
}
END_TEST

START_TEST(test_split)
{
	const char data[] = "ab\0\0cd\0rest";
	const char *args[3] = {0};
	size_t used, n;

	n = xs_args_split(data, sizeof(data) - 1, args, 3, &used);
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(args[0], "ab");
	ck_assert_str_eq(args[1], "");
	ck_assert_str_eq(args[2], "cd");
	ck_assert_uint_eq(used, 7);
	/* More strings than wanted are counted all the same. */
	args[1] = NULL;
	n = xs_args_split(data, sizeof(data) - 1, args, 1, &used);
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(used, 3);
	ck_assert_ptr_null(args[1]);
	ck_assert_uint_eq(xs_args_split("x", 1, args, 3, &used), 0);
	ck_assert_uint_eq(used, 0);
	ck_assert_uint_eq(xs_args_split("", 0, args, 3, &used), 0);
}
END_TEST

START_TEST(test_numbers)
{
	static const char *const bad[] = {
		"",   " 1",	    "1 ",
		"+1", "-1",	    "0x1",
		"1a", "4294967296", "99999999999999999999999"};
	uint32_t v = 0;
	uint16_t d = 0;
	size_t i;

	ck_assert_int_eq(xs_parse_u32("0", &v), 0);
	ck_assert_uint_eq(v, 0);
	ck_assert_int_eq(xs_parse_u32("4294967295", &v), 0);
	ck_assert_uint_eq(v, UINT32_MAX);
	ck_assert_int_eq(xs_parse_u32("0000000000012", &v), 0);
	ck_assert_uint_eq(v, 12);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(xs_parse_u32(bad[i], &v) == -EINVAL, "%s",
			      bad[i]);
		ck_assert_int_eq(xs_parse_domid(bad[i], &d), -EINVAL);
	}
	ck_assert_uint_eq(v, 12);
	ck_assert_int_eq(xs_parse_domid("65535", &d), 0);
	ck_assert_uint_eq(d, 65535);
	ck_assert_int_eq(xs_parse_domid("65536", &d), -EINVAL);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("wire/args");
	TCase *tc = suite_case(suite, "args");

	tcase_add_test(tc, test_one);
	tcase_add_test(tc, test_split);
	tcase_add_test(tc, test_numbers);
	return suite;
}
