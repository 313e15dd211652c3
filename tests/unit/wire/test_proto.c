/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "unit/support/suite.h"
#include "wire/proto.h"

START_TEST(test_header)
{
	const uint32_t words[4] = {11, 0xdeadbeef, 7, 4096};
	unsigned char bytes[XS_HDR_SIZE];
	struct xs_hdr hdr;

	memcpy(bytes, words, sizeof(words));
	xs_hdr_decode(&hdr, bytes);
	ck_assert_uint_eq(hdr.type, 11);
	ck_assert_uint_eq(hdr.req_id, 0xdeadbeef);
	ck_assert_uint_eq(hdr.tx_id, 7);
	ck_assert_uint_eq(hdr.len, 4096);
	memset(bytes, 0, sizeof(bytes));
	xs_hdr_encode(&hdr, bytes);
	ck_assert_mem_eq(bytes, words, sizeof(words));
}
END_TEST

START_TEST(test_names)
{
	ck_assert_str_eq(xs_op_name(XS_OP_READ), "READ");
	ck_assert_str_eq(xs_op_name(XS_OP_SET_QUOTA), "SET_QUOTA");
	ck_assert_str_eq(xs_op_name(20), "?");
	ck_assert_str_eq(xs_op_name(XS_N_OPS), "?");
	ck_assert_str_eq(xs_op_name(0xffff), "?");
	ck_assert_str_eq(xs_error_name(ENOENT), "ENOENT");
	ck_assert_str_eq(xs_error_name(EAGAIN), "EAGAIN");
	/* What clients do not know they must not be sent. */
	ck_assert_str_eq(xs_error_name(EBADF), "EINVAL");
	ck_assert_str_eq(xs_error_name(0), "EINVAL");
	ck_assert_str_eq(xs_error_name(-ENOENT), "EINVAL");
}
END_TEST

/* io/xs_wire.h: numbers are for ever. */
START_TEST(test_numbers)
{
	ck_assert_int_eq(XS_OP_CONTROL, 0);
	ck_assert_int_eq(XS_OP_WATCH_EVENT, 15);
	ck_assert_int_eq(XS_OP_ERROR, 16);
	ck_assert_int_eq(XS_OP_RESET_WATCHES, 21);
	ck_assert_int_eq(XS_OP_DIRECTORY_PART, 22);
	ck_assert_int_eq(XS_OP_SET_QUOTA, 26);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("wire/proto");
	TCase *tc = suite_case(suite, "proto");

	tcase_add_test(tc, test_header);
	tcase_add_test(tc, test_names);
	tcase_add_test(tc, test_numbers);
	return suite;
}
