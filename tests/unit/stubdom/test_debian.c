/* SPDX-License-Identifier: GPL-2.0-only */
/* What there is for libtalloc.a only. */
#include <stdbool.h>
#include <sys/auxv.h>

#include "unit/stubdom/libc.h"
#include "unit/stubdom/system.h"
#include "unit/support/suite.h"

START_TEST(test_streams)
{
	static const char letters[] = "abcdef";
	char line[600];

	libc_fputs("one\n", libc_stderr);
	libc___fprintf_chk(libc_stderr, 1, "%d %s\n", 2, "two");
	ck_assert_uint_eq(libc_fwrite(letters, 2, 2, libc_stderr), 2);
	ck_assert_int_eq(libc_fflush(libc_stderr), 0);
	ck_assert_str_eq(system_console, "one\n2 two\nabcd");
	/* A line that is too long is cut. */
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	system_console[0] = '\0';
	libc___fprintf_chk(libc_stderr, 1, "%s", line);
	ck_assert_uint_eq(strlen(system_console), 511);
}
END_TEST

static int format_into(char *buf, size_t max, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = libc___vsnprintf_chk(buf, max, 1, size, fmt, ap);
	va_end(ap);
	return n;
}

static void lie(void *buf)
{
	format_into(buf, 11, 10, "x");
}

static void smash(void *unused)
{
	(void)unused;
	libc___stack_chk_fail();
}

static void give_up(void *unused)
{
	(void)unused;
	libc_abort();
}

START_TEST(test_crashes)
{
	char buf[10];

	ck_assert_int_eq(format_into(buf, 10, 10, "%s", "abc"), 3);
	ck_assert_str_eq(buf, "abc");
	ck_assert_ptr_nonnull(strstr(crash_of(lie, buf), "smaller"));
	ck_assert_ptr_nonnull(strstr(crash_of(smash, NULL), "stack"));
	ck_assert_str_eq(crash_of(give_up, NULL), "aborted");
}
END_TEST

static void end(void)
{
}

START_TEST(test_process)
{
	unsigned char *random = (void *)libc_getauxval(AT_RANDOM);
	int i;

	for (i = 0; i < 16; i++)
		ck_assert_uint_eq(random[i], SYSTEM_RANDOM);
	ck_assert_uint_eq(libc_getauxval(AT_PAGESZ), 0);
	ck_assert_int_ge(libc_rand(), 0);
	ck_assert_ptr_null(libc_getenv("PATH"));
	ck_assert_int_eq(libc_atexit(end), 0);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/libc/debian");
	TCase *tc = suite_case(suite, "debian");

	tcase_add_test(tc, test_streams);
	tcase_add_test(tc, test_crashes);
	tcase_add_test(tc, test_process);
	return suite;
}
