/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit/support/suite.h"
#include "wire/path.h"

static int canon(const char *text, char *out)
{
	char buf[XS_PATH_BUF];
	struct xs_path p;
	int rc = xs_path_canonical(text, strlen(text), 7, buf, &p);

	out[0] = '\0';
	if (!rc)
		snprintf(out, XS_PATH_BUF, "%.*s", (int)p.len, p.text);
	return rc;
}

START_TEST(test_good)
{
	static const char *const cases[][2] = {
		{"/", "/"},
		{"/a", "/a"},
		{"/a/b-c_d@e/F0", "/a/b-c_d@e/F0"},
		{"/@", "/@"},
		{"/a/@x", "/a/@x"},
		{"@releaseDomain", "@releaseDomain"},
		{"@releaseDomain/5", "@releaseDomain/5"},
		{"x", "/local/domain/7/x"},
		{"x@y/z", "/local/domain/7/x@y/z"},
	};
	char out[XS_PATH_BUF];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(canon(cases[i][0], out), 0);
		ck_assert_str_eq(out, cases[i][1]);
	}
}
END_TEST

START_TEST(test_bad)
{
	static const char *const cases[] = {
		"",	"//",  "/a/",  "/a//b", "//a", "a/",   "@",
		"@a/",	"@/a", "/a b", "/a.b",	"./a", "/a:b", "/\303\244",
		"/a\n", "~",   "/a\\", "/a+",	"a//b"};
	char out[XS_PATH_BUF], text[4] = "/x/";
	unsigned int c;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(canon(cases[i], out) == -EINVAL, "%s", cases[i]);
	/* Every byte there is. */
	for (c = 1; c < 256; c++) {
		bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
			    c == '@';

		text[2] = (char)c;
		ck_assert_int_eq(canon(text + 1, out), good ? 0 : -EINVAL);
		text[1] = text[2];
		text[2] = '\0';
		ck_assert_int_eq(canon(text, out), good ? 0 : -EINVAL);
		text[1] = 'x';
	}
}
END_TEST

START_TEST(test_nul_inside)
{
	char buf[XS_PATH_BUF];
	struct xs_path p;

	ck_assert_int_eq(xs_path_canonical("/a\0b", 4, 7, buf, &p), -EINVAL);
}
END_TEST

START_TEST(test_long)
{
	char text[5000], buf[XS_PATH_BUF];
	struct xs_path p;

	memset(text, 'a', sizeof(text));
	ck_assert_int_eq(xs_path_canonical(text, 4096, 65535, buf, &p), 0);
	ck_assert_uint_eq(p.len, 4096 + 20);
	ck_assert_uint_eq(p.prefix, 20);
	ck_assert_mem_eq(p.text, "/local/domain/65535/aaa", 23);
	ck_assert_int_eq(xs_path_canonical(text, 4900, 0, buf, &p), -EINVAL);
}
END_TEST

static size_t counted(const char *text)
{
	struct xs_path p = {.text = text, .len = strlen(text)};

	return xs_path_counted_len(&p);
}

START_TEST(test_counted)
{
	ck_assert_uint_eq(counted("/a/b"), 4);
	ck_assert_uint_eq(counted("/local/domain/1/ab"), 2);
	ck_assert_uint_eq(counted("/local/domain/65535/ab"), 2);
	ck_assert_uint_eq(counted("/local/domain/123456/ab"), 23);
	ck_assert_uint_eq(counted("/local/domain/12"), 16);
	ck_assert_uint_eq(counted("/local/domain/x/ab"), 18);
	ck_assert_uint_eq(counted("/local/domain"), 13);
	ck_assert_uint_eq(counted("/local/domains/1/x"), 18);
}
END_TEST

START_TEST(test_iter)
{
	struct xs_path root = {.text = "/", .len = 1};
	struct xs_path p = {.text = "/a/bc/d", .len = 7};
	struct xs_path s = {.text = "@x/5", .len = 4};
	struct xs_path_iter it;
	char out[32] = "";

	xs_path_iter_init(&it, &root);
	ck_assert(!xs_path_iter_next(&it));
	xs_path_iter_init(&it, &p);
	while (xs_path_iter_next(&it)) {
		strncat(out, it.name, it.len);
		strcat(out, "|");
	}
	ck_assert_str_eq(out, "a|bc|d|");
	ck_assert(!xs_path_iter_next(&it));
	xs_path_iter_init(&it, &s);
	ck_assert(xs_path_iter_next(&it));
	ck_assert_uint_eq(it.len, 2);
	ck_assert(xs_path_iter_next(&it));
	ck_assert_uint_eq(it.len, 1);
	ck_assert(xs_path_is_special(&s) && !xs_path_is_special(&p));
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("wire/path");
	TCase *tc = suite_case(suite, "path");

	tcase_add_test(tc, test_good);
	tcase_add_test(tc, test_bad);
	tcase_add_test(tc, test_nul_inside);
	tcase_add_test(tc, test_long);
	tcase_add_test(tc, test_counted);
	tcase_add_test(tc, test_iter);
	return suite;
}
