/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers from text. */
#include <stdlib.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define BASE_MIN 2
#define BASE_MAX 36
#define NO_DIGIT BASE_MAX

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return NO_DIGIT;
}

struct number {
	unsigned long value;
	bool negative;
	bool too_big; /* for an unsigned long */
};

/* "0x" counts only if a hexadecimal digit comes next. */
static const char *skip_prefix(const char *p, int *basep)
{
	bool is_hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X') &&
		      digit_of(p[2]) < 16;

	if (is_hex && (*basep == 0 || *basep == 16)) {
		*basep = 16;
		return p + 2;
	}
	if (*basep == 0)
		*basep = *p == '0' ? 8 : 10;
	return p;
}

/* Returns whether there is a number at all; *endp is where it ends. */
static bool parse(const char *text, char **endp, int base, struct number *num)
{
	const char *p = text, *first;

	*num = (struct number){0};
	if (endp)
		*endp = (char *)(uintptr_t)text;
	if (base && (base < BASE_MIN || base > BASE_MAX)) {
		errno = EINVAL;
		return false;
	}
	while (is_space(*p))
		p++;
	num->negative = *p == '-';
	if (*p == '-' || *p == '+')
		p++;
	p = first = skip_prefix(p, &base);
	for (; digit_of(*p) < base; p++) {
		if (__builtin_mul_overflow(num->value, (unsigned long)base,
					   &num->value) ||
		    __builtin_add_overflow(num->value,
					   (unsigned long)digit_of(*p),
					   &num->value))
			num->too_big = true;
	}
	if (p == first)
		return false;
	if (endp)
		*endp = (char *)(uintptr_t)p;
	return true;
}

long strtol(const char *text, char **endp, int base)
{
	struct number num;
	unsigned long limit;

	if (!parse(text, endp, base, &num))
		return 0;
	limit = num.negative ? (unsigned long)LONG_MAX + 1 : LONG_MAX;
	if (num.too_big || num.value > limit) {
		errno = ERANGE;
		return num.negative ? LONG_MIN : LONG_MAX;
	}
	return (long)(num.negative ? -num.value : num.value);
}

unsigned long strtoul(const char *text, char **endp, int base)
{
	struct number num;

	if (!parse(text, endp, base, &num))
		return 0;
	if (num.too_big) {
		errno = ERANGE;
		return ULONG_MAX;
	}
	return num.negative ? -num.value : num.value;
}
