/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of addresses in a table as tools/stubdom/symbols makes it. */
#include "plat/stubdom/internal.h"
#include "unit/support/suite.h"

extern const uint32_t xs_symbol_count;
extern const uint32_t xs_symbol_addresses[];
extern const char xs_symbol_names[];

const uint32_t xs_symbol_count = 3;
const uint32_t xs_symbol_addresses[] = {0x1000, 0x1010, 0x2000};
const char xs_symbol_names[] = "first\0second\0third";

static void check(uintptr_t address, const char *name, uintptr_t offset)
{
	uintptr_t found;

	ck_assert_str_eq(xs_symbol_find(address, &found), name);
	ck_assert_uint_eq(found, offset);
}

START_TEST(test_find)
{
	uintptr_t offset;

	ck_assert_ptr_null(xs_symbol_find(0, &offset));
	ck_assert_ptr_null(xs_symbol_find(0xfff, &offset));
	check(0x1000, "first", 0);
	check(0x100f, "first", 0xf);
	check(0x1010, "second", 0);
	check(0x1fff, "second", 0xfef);
	check(0x2000, "third", 0);
	check(0x12345, "third", 0x10345);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/symbol");

	tcase_add_test(suite_case(suite, "symbol"), test_find);
	return suite;
}
