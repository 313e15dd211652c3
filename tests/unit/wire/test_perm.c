/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <string.h>

#include "unit/support/suite.h"
#include "wire/perm.h"

START_TEST(test_parse)
{
	static const struct {
		const char *text;
		uint8_t access;
		uint16_t domid;
	} good[] = {
		{"n0", 0, 0},	      {"r1", 1, 1},	{"w22", 2, 22},
		{"b65535", 3, 65535}, {"n0x10", 0, 16}, {"r010", 1, 8},
		{"n 3", 0, 3},
	};
	static const char *const bad[] = {
		"",    "n",	 "q1",
		"1",   "n1x",	 "nx",
		"n-1", "b65536", "r99999999999999999999",
		"N1",  "n1 "};
	struct xs_perm p;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		memset(&p, 0xff, sizeof(p));
		ck_assert_int_eq(xs_perm_parse(good[i].text, &p), 0);
		ck_assert_uint_eq(p.access, good[i].access);
		ck_assert_uint_eq(p.domid, good[i].domid);
		ck_assert_uint_eq(p.flags, 0);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(xs_perm_parse(bad[i], &p) == -EINVAL, "%s",
			      bad[i]);
}
END_TEST

START_TEST(test_round_trip)
{
	char text[XS_PERM_TEXT_MAX];
	struct xs_perm p = {.flags = XS_PERM_F_IGNORE}, q;
	unsigned int domid, access;

	for (domid = 0; domid <= UINT16_MAX; domid += 5) {
		for (access = 0; access < 4; access++) {
			p.domid = (uint16_t)domid;
			p.access = (uint8_t)access;
			ck_assert_uint_eq(xs_perm_format(&p, text),
					  strlen(text));
			ck_assert_int_eq(xs_perm_parse(text, &q), 0);
			ck_assert_uint_eq(q.domid, domid);
			ck_assert_uint_eq(q.access, access);
		}
	}
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("wire/perm");
	TCase *tc = suite_case(suite, "perm");

	tcase_add_test(tc, test_parse);
	tcase_add_test(tc, test_round_trip);
	return suite;
}
