/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "unit/support/suite.h"

START_TEST(test_reader)
{
	const char data[] = "\1\0\0\0ab\0cd\0rest";
	struct xs_rd rd;
	size_t len;

	xs_rd_init(&rd, data, sizeof(data) - 1);
	ck_assert_uint_eq(xs_rd_u32(&rd), 1);
	ck_assert_str_eq(xs_rd_string(&rd, &len), "ab");
	ck_assert_uint_eq(len, 2);
	ck_assert_mem_eq(xs_rd_bytes(&rd, 2), "cd", 2);
	ck_assert_str_eq(xs_rd_string(&rd, &len), "");
	ck_assert_uint_eq(len, 0);
	/* No NUL follows: no string, no failure, nothing moved. */
	ck_assert_ptr_null(xs_rd_string(&rd, &len));
	ck_assert(!rd.failed);
	ck_assert_uint_eq(xs_rd_left(&rd), 4);
	ck_assert_ptr_null(xs_rd_bytes(&rd, 5));
	ck_assert(rd.failed);
	/* Once failed, always failed: even for what would be there. */
	ck_assert_ptr_null(xs_rd_bytes(&rd, 1));
	ck_assert_uint_eq(xs_rd_u32(&rd), 0);
	ck_assert_ptr_null(xs_rd_string(&rd, &len));
	ck_assert_uint_eq(xs_rd_left(&rd), 4);
}
END_TEST

/* Whatever is asked for, a reader stays inside (the sanitizer looks on). */
START_TEST(test_reader_bounds)
{
	struct rng rng;
	size_t n, k, len;

	rng_init(&rng, 1);
	for (n = 0; n < 40; n++) {
		unsigned char *data = malloc(n ? n : 1);
		struct xs_rd rd;

		memset(data, 1, n);
		if (n > 3)
			data[n / 2] = 0;
		xs_rd_init(&rd, data, n);
		for (k = 0; k < 30; k++) {
			switch (rng_below(&rng, 3)) {
			case 0:
				xs_rd_u32(&rd);
				break;
			case 1:
				xs_rd_string(&rd, &len);
				break;
			default:
				xs_rd_bytes(&rd, rng_below(&rng, 8));
				break;
			}
			ck_assert_uint_le(xs_rd_left(&rd), n);
		}
		free(data);
	}
	ck_assert(true);
}
END_TEST

START_TEST(test_writer)
{
	char buf[16];
	struct xs_wr wr;

	memset(buf, '#', sizeof(buf));
	xs_wr_init(&wr, buf, 12);
	xs_wr_u32(&wr, 7);
	xs_wr_string(&wr, "ab");
	xs_wr_printf(&wr, "%d", 123);
	ck_assert(!wr.failed);
	ck_assert_uint_eq(wr.len, 10);
	ck_assert_mem_eq(buf + 4,
			 "ab\0"
			 "123",
			 6);
	xs_wr_bytes(&wr, "xyz", 3);
	ck_assert(wr.failed);
	ck_assert_uint_eq(wr.len, 10);
	xs_wr_bytes(&wr, "x", 1);
	ck_assert_uint_eq(wr.len, 10);
	ck_assert_mem_eq(buf + 12, "####", 4);
}
END_TEST

START_TEST(test_writer_printf)
{
	char buf[8];
	struct xs_wr wr;

	memset(buf, '#', sizeof(buf));
	xs_wr_init(&wr, buf, 4);
	xs_wr_printf(&wr, "%s", "12345");
	ck_assert(wr.failed);
	ck_assert_uint_eq(wr.len, 0);
	ck_assert_mem_eq(buf + 4, "####", 4);
	xs_wr_init(&wr, buf, 0);
	xs_wr_printf(&wr, "x");
	ck_assert(wr.failed);
	xs_wr_init(&wr, buf, 0);
	xs_wr_bytes(&wr, NULL, 0);
	ck_assert(!wr.failed);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("base/cursor");
	TCase *tc = suite_case(suite, "cursor");

	tcase_add_test(tc, test_reader);
	tcase_add_test(tc, test_reader_bounds);
	tcase_add_test(tc, test_writer);
	tcase_add_test(tc, test_writer_printf);
	return suite;
}
