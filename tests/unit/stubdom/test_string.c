/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings that end where memory does, against the machine's functions. */
#include "unit/stubdom/libc.h"
#include "unit/stubdom/system.h"
#include "unit/support/suite.h"

#define ROUNDS 60000

static char *page, *other;

static void set_up(void)
{
	page = (char *)fenced_page();
	other = (char *)fenced_page();
}

/*
 * A string of up to max of a few characters, one above 127 among them, whose
 * NUL is the last byte before the fence.
 */
static char *make(struct rng *rng, char *in, uint32_t max)
{
	static const char set[] = "ab/\xe4 ";
	size_t n = rng_below(rng, max + 1), i;
	char *s = in + FENCED_SIZE - 1 - n;

	for (i = 0; i < n; i++)
		s[i] = set[rng_below(rng, sizeof(set) - 1)];
	s[n] = '\0';
	return s;
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

START_TEST(test_one_string)
{
	struct rng rng;
	int i;

	rng_init(&rng, 1);
	for (i = 0; i < ROUNDS; i++) {
		char *s = make(&rng, page, 40);
		size_t max = rng_below(&rng, 44);
		int c = "ab/\xe4 x"[rng_below(&rng, 7)];

		if (i % 3 == 0)
			c += 256; /* counts as a char */
		ck_assert_uint_eq(libc_strlen(s), strlen(s));
		ck_assert_uint_eq(libc_strnlen(s, max), strnlen(s, max));
		ck_assert_ptr_eq(libc_strchr(s, c), strchr(s, c));
		ck_assert_ptr_eq(libc_strrchr(s, c), strrchr(s, c));
	}
	/* What has no NUL within max. */
	memset(page, 'x', FENCED_SIZE);
	memset(other, 'x', FENCED_SIZE);
	for (i = 0; i < 20; i++) {
		const char *s = page + FENCED_SIZE - i;
		size_t max = (size_t)i;

		ck_assert_uint_eq(libc_strnlen(s, max), max);
		ck_assert_int_eq(libc_strncmp(s, other + FENCED_SIZE - i, max),
				 0);
	}
}
END_TEST

START_TEST(test_two_strings)
{
	int i, n_equal = 0, n_found = 0;
	struct rng rng;

	rng_init(&rng, 2);
	for (i = 0; i < ROUNDS; i++) {
		char *a = make(&rng, page, i % 2 ? 3 : 20);
		char *b = make(&rng, other, i % 2 ? 3 : 2);
		size_t max = rng_below(&rng, 5);

		ck_assert_int_eq(sign(libc_strcmp(a, b)), sign(strcmp(a, b)));
		ck_assert_int_eq(sign(libc_strncmp(a, b, max)),
				 sign(strncmp(a, b, max)));
		ck_assert_uint_eq(libc_strspn(a, b), strspn(a, b));
		ck_assert_uint_eq(libc_strcspn(a, b), strcspn(a, b));
		ck_assert_ptr_eq(libc_strstr(a, b), strstr(a, b));
		n_equal += !strcmp(a, b);
		n_found += strstr(a, b) && *b;
	}
	ck_assert_int_gt(n_equal, 1000);
	ck_assert_int_gt(n_found, 1000);
}
END_TEST

START_TEST(test_dup)
{
	char *s = libc_strdup("what a string"), *none;

	ck_assert_str_eq(s, "what a string");
	libc_free(s);
	none = libc_strdup("");
	ck_assert_str_eq(none, "");
	libc_free(none);
	while (libc_malloc(16))
		;
	ck_assert_ptr_null(libc_strdup("x"));
}
END_TEST

/* All that errno.def names, and what nobody names. */
START_TEST(test_errors)
{
	static const int numbers[] = {
#define ERROR(name, text) name,
#include "plat/stubdom/libc/errno.def"
#undef ERROR
	};
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		ck_assert_str_eq(libc_strerror(numbers[i]),
				 strerror(numbers[i]));
	ck_assert_str_eq(libc_strerror(0), strerror(0));
	ck_assert_str_eq(libc_strerror(4711), strerror(4711));
	ck_assert_str_eq(libc_strerror(-1), strerror(-1));
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/libc/string");
	TCase *tc = suite_case(suite, "string");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, test_one_string);
	tcase_add_test(tc, test_two_strings);
	tcase_add_test(tc, test_dup);
	tcase_add_test(tc, test_errors);
	return suite;
}
