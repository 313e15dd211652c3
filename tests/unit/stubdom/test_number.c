/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers from text, against the machine's functions. */
#include <limits.h>

#include "unit/stubdom/libc.h"
#include "unit/support/suite.h"

#define ROUNDS 100000

static void compare(const char *text, int base)
{
	char *end = NULL, *want_end = NULL;
	unsigned long want_u;
	long want;
	int err;

	errno = libc_errno = 0;
	want = strtol(text, &want_end, base);
	err = errno;
	ck_assert_msg(libc_strtol(text, &end, base) == want, "%s", text);
	ck_assert_msg(libc_errno == err, "strtol(%s, %d) error %d, not %d",
		      text, base, libc_errno, err);
	ck_assert_ptr_eq(end, want_end);

	errno = libc_errno = 0;
	want_u = strtoul(text, &want_end, base);
	err = errno;
	ck_assert_msg(libc_strtoul(text, &end, base) == want_u, "%s", text);
	ck_assert_msg(libc_errno == err, "strtoul(%s, %d) error %d, not %d",
		      text, base, libc_errno, err);
	ck_assert_ptr_eq(end, want_end);
}

START_TEST(test_chosen)
{
	static const char *const texts[] = {
		"",
		"0",
		"-0",
		"+",
		"-",
		"+-1",
		" \t\n\v\f\r42x",
		"0x",
		"0xg",
		"0x1f",
		"-0X1F",
		"08",
		"0777",
		"zz",
		"9223372036854775807",
		"9223372036854775808",
		"-9223372036854775808",
		"-9223372036854775809",
		"18446744073709551615",
		"18446744073709551616",
		"-18446744073709551615",
		"-18446744073709551616",
		"99999999999999999999999999999999999tail",
		"0x7fffffffffffffff",
		"0x8000000000000000",
		"0xffffffffffffffff",
		"0x10000000000000000",
		"\xe4",
	};
	static const int bases[] = {0, 2, 8, 10, 16, 35, 36};
	size_t i, k;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (k = 0; k < sizeof(bases) / sizeof(bases[0]); k++)
			compare(texts[i], bases[k]);
	}
	ck_assert_int_eq(libc_strtol("12", NULL, 10), 12);
	libc_errno = 0;
	ck_assert_int_eq(libc_strtol("12", NULL, 37), 0);
	ck_assert_int_eq(libc_errno, EINVAL);
	ck_assert_uint_eq(libc_strtoul("12", NULL, 1), 0);
}
END_TEST

START_TEST(test_random)
{
	static const char set[] = "00123456789999fFxX+- zZ.";
	struct rng rng;
	int i;

	rng_init(&rng, 1);
	for (i = 0; i < ROUNDS; i++) {
		char text[32];
		uint32_t n = rng_below(&rng, sizeof(text)), k;
		uint32_t base = rng_below(&rng, 37);

		for (k = 0; k < n; k++)
			text[k] = set[rng_below(&rng,
						i % 2 ? 14 : sizeof(set) - 1)];
		text[n] = '\0';
		compare(text, base == 1 ? 0 : (int)base);
	}
}
END_TEST

/* On either side of every power of two, in every base. */
START_TEST(test_limits)
{
	int bit, base, add;

	for (bit = 0; bit < 64; bit++) {
		for (add = -1; add <= 1; add++) {
			unsigned long value = (1UL << bit) + (unsigned long)add;

			for (base = 2; base <= 36; base++) {
				char text[72], *p = text + sizeof(text);
				unsigned long v = value;

				*--p = '\0';
				do {
					*--p = "0123456789abcdefghijklmnopqrstu"
					       "vwxyz"[v % (unsigned)base];
					v /= (unsigned)base;
				} while (v);
				compare(p, base);
				*--p = '-';
				compare(p, base);
			}
		}
	}
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/libc/number");
	TCase *tc = suite_case(suite, "number");

	tcase_add_test(tc, test_chosen);
	tcase_add_test(tc, test_random);
	tcase_add_test(tc, test_limits);
	return suite;
}
