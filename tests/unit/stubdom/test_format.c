/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formats against the machine's: all conversions with random flags, widths,
 * precisions, lengths and values, into buffers that are too short as well.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "unit/stubdom/libc.h"
#include "unit/stubdom/system.h"
#include "unit/support/suite.h"

#define ROUNDS 100000

static char *ours, *theirs;

static void set_up(void)
{
	ours = (char *)fenced_page();
	theirs = (char *)fenced_page();
}

/* Into so many bytes, the last ones before memory ends. */
static void compare(size_t room, const char *fmt, ...)
{
	char *mine = ours + FENCED_SIZE - room;
	char *other = theirs + FENCED_SIZE - room;
	va_list ap;
	int want, got;

	memset(mine, 'U', room);
	memset(other, 'U', room);
	va_start(ap, fmt);
	want = vsnprintf(other, room, fmt, ap);
	va_end(ap);
	va_start(ap, fmt);
	got = libc_vsnprintf(mine, room, fmt, ap);
	va_end(ap);
	/* An assertion of Check's costs as much as all of this. */
	if (got != want)
		ck_abort_msg("\"%s\" gives %d, not %d", fmt, got, want);
	if (room && strcmp(mine, other))
		ck_abort_msg("\"%s\": [%s] not [%s]", fmt, mine, other);
	/* Nothing is written behind the NUL. */
	while (want >= 0 && (size_t)++want < room) {
		if (mine[want] != 'U')
			ck_abort_msg("\"%s\" goes on behind its end", fmt);
	}
}

static uint32_t any_room(struct rng *rng)
{
	return rng_below(rng, rng_below(rng, 2) ? 200 : 12);
}

static uint64_t any_value(struct rng *rng)
{
	static const uint64_t special[] = {0,	      1,	 9,
					   10,	      INT_MAX,	 UINT_MAX,
					   INT64_MAX, INT64_MIN, UINT64_MAX};
	uint64_t value = rng_next(rng) | (uint64_t)rng_next(rng) << 32;

	if (rng_below(rng, 2))
		return special[rng_below(rng, 9)];
	return value >> rng_below(rng, 64);
}

/* "%" and what may come before the conversion; *starsp: asterisks in it */
static char *any_spec(struct rng *rng, char *p, const char *flags, int *starsp)
{
	*p++ = '%';
	*starsp = 0;
	while (rng_below(rng, 2))
		*p++ = flags[rng_below(rng, (uint32_t)strlen(flags))];
	if (rng_below(rng, 4) == 0) {
		*p++ = '*';
		++*starsp;
	} else if (rng_below(rng, 2)) {
		p += sprintf(p, "%u", rng_below(rng, 40));
	}
	if (rng_below(rng, 2))
		return p;
	*p++ = '.';
	if (rng_below(rng, 3) == 0) {
		*p++ = '*';
		++*starsp;
	} else if (rng_below(rng, 4)) {
		p += sprintf(p, "%u", rng_below(rng, 40));
	}
	return p;
}

/* An asterisk's number: negative ones have a meaning. */
static int star(struct rng *rng)
{
	return (int)rng_below(rng, 60) - 20;
}

START_TEST(test_integers)
{
	static const char *const lengths[] = {"hh", "h", "",  "l",
					      "ll", "z", "j", "t"};
	struct rng rng;
	int i, stars;

	rng_init(&rng, 1);
	for (i = 0; i < ROUNDS; i++) {
		char fmt[64] = "a ",
		     *p = any_spec(&rng, fmt + 2, "-+ #0", &stars);
		uint64_t value = any_value(&rng);
		size_t room = any_room(&rng);

		p += sprintf(p, "%s%c z", lengths[rng_below(&rng, 8)],
			     "diuoxX"[rng_below(&rng, 6)]);
		if (stars == 0)
			compare(room, fmt, value, 7);
		else if (stars == 1)
			compare(room, fmt, star(&rng), value);
		else
			compare(room, fmt, star(&rng), star(&rng), value);
	}
}
END_TEST

START_TEST(test_text)
{
	static char text[] = "some text that is longer than what holds it";
	struct rng rng;
	int i, stars;

	rng_init(&rng, 2);
	for (i = 0; i < ROUNDS; i++) {
		char fmt[64], *p = any_spec(&rng, fmt, "-", &stars);
		size_t room = any_room(&rng);
		const char *s = text + rng_below(&rng, sizeof(text));

		if (rng_below(&rng, 50) == 0)
			s = NULL;
		strcpy(p, "s%%");
		if (stars == 0)
			compare(room, fmt, s);
		else if (stars == 1)
			compare(room, fmt, star(&rng), s);
		else
			compare(room, fmt, star(&rng), star(&rng), s);
	}
	for (i = 0; i < 256; i++) {
		compare(100, "%c|%-4c|%4c", i, i, i);
		compare(100, "%p %20p %-20p.", (void *)(uintptr_t)i,
			(void *)((uintptr_t)i << 40), (void *)0);
	}
}
END_TEST

/* The formats of the core, of talloc, and long mixtures. */
START_TEST(test_in_use)
{
	struct rng rng;
	int i;

	rng_init(&rng, 3);
	for (i = 0; i < 20000; i++) {
		unsigned int u = rng_next(&rng);
		uint64_t q = any_value(&rng);
		size_t z = (size_t)any_value(&rng);
		int d = (int)any_value(&rng);

		compare(any_room(&rng), "%*s%-30s contains %6lu bytes in %3lu",
			(int)(u % 9), "", "a name", (unsigned long)z,
			(unsigned long)q);
		compare(any_room(&rng), "%08x %x %zx %02x %% X % d", u, u, z,
			u & 0xff, d);
		compare(any_room(&rng), "%8llu %llu %8zu %3zu %8u %u %d",
			(unsigned long long)q, (unsigned long long)q, z, z, u,
			u, d);
		compare(any_room(&rng), "%-17s|%-16s|%.300s|%c|%.*s", "abc",
			"what is longer than that", "x", 'q', (int)(u % 5),
			"12345");
	}
}
END_TEST

/* Of ours alone; the compiler sees through what is wrong on purpose. */
static int format(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	libc_errno = 0;
	va_start(ap, fmt);
	n = libc_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

/* %.*s reads no further than it may; AddressSanitizer's own printf does. */
START_TEST(test_no_nul)
{
	char *end = (char *)fenced_page() + FENCED_SIZE, buf[10];

	memcpy(end - 4, "abcd", 4);
	ck_assert_int_eq(format(buf, sizeof(buf), "%.4s|", end - 4), 5);
	ck_assert_str_eq(buf, "abcd|");
	ck_assert_int_eq(format(buf, sizeof(buf), "%.*s|", 2, end - 2), 3);
	ck_assert_str_eq(buf, "cd|");
	ck_assert_int_eq(format(buf, sizeof(buf), "%.0s|", end), 1);
	ck_assert_str_eq(buf, "|");
}
END_TEST

START_TEST(test_refused)
{
	static const char *const unknown[] = {"a%n", "a%f", "a%",
					      "a%l", "a%y", "a%5.3e"};
	char buf[16];
	size_t i;

	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		ck_assert_int_eq(format(buf, sizeof(buf), unknown[i], buf), -1);
		ck_assert_int_eq(libc_errno, EINVAL);
		ck_assert_str_eq(buf, "a");
	}
	/* Longer than an int can say, though little of it is written. */
	ck_assert_int_eq(format(buf, 3, "%*d%*d", INT_MAX, 1, INT_MAX, 1), -1);
	ck_assert_int_eq(libc_errno, EOVERFLOW);
	ck_assert_str_eq(buf, "  ");
	ck_assert_int_eq(format(NULL, 0, "%*d", INT_MAX, 1), INT_MAX);
	ck_assert_int_eq(format(NULL, 0, "%*d ", INT_MAX, 1), -1);
	ck_assert_int_eq(format(NULL, 0, "%99999999999d", 1), INT_MAX);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/libc/format");
	TCase *tc = suite_case(suite, "format");

	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, test_integers);
	tcase_add_test(tc, test_text);
	tcase_add_test(tc, test_no_nul);
	tcase_add_test(tc, test_in_use);
	tcase_add_test(tc, test_refused);
	return suite;
}
