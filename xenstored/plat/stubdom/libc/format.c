/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formatted text: %d %i %u %o %x %X %c %s %p and %%, with all their flags,
 * widths, precisions and lengths.  There are no floating point numbers and no
 * %n; at a conversion that is not known it ends with EINVAL.
 *
 * I1 At most size bytes are written, the last of them a NUL; the length that
 *    is returned is that of the whole text, whatever there was room for.
 */
#include <stdio.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct out {
	char *buf;
	size_t size; /* of buf, a NUL included */
	size_t len;  /* of the text so far */
};

/* One conversion: %[flags][width][.precision][length]what */
struct spec {
	bool left, plus, space, alternate, zero; /* - + blank # 0 */
	size_t width;
	int precision; /* -1: none */
	size_t bytes;  /* of the integer */
	char what;
};

/* The longest: 64 bits in octal. */
#define MAX_DIGITS 22

/* ---- What comes out --------------------------------------------------- */

static void put(struct out *out, const char *text, size_t len)
{
	if (out->len < out->size) {
		size_t room = out->size - out->len;

		memcpy(out->buf + out->len, text, len < room ? len : room);
	}
	out->len += len;
}

static void fill(struct out *out, char c, size_t n)
{
	if (out->len < out->size) {
		size_t room = out->size - out->len;

		memset(out->buf + out->len, c, n < room ? n : room);
	}
	out->len += n;
}

/* The text, and blanks on one of its sides. */
static void put_padded(struct out *out, const struct spec *spec,
		       const char *text, size_t len)
{
	size_t pad = spec->width > len ? spec->width - len : 0;

	if (!spec->left)
		fill(out, ' ', pad);
	put(out, text, len);
	if (spec->left)
		fill(out, ' ', pad);
}

/* ---- Numbers ---------------------------------------------------------- */

/* Digits from the end of a buffer on; none for 0.  Returns the first. */
static char *digits(char *end, uint64_t value, char what)
{
	const char *set = what == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int base = 10;

	if (what == 'x' || what == 'X' || what == 'p')
		base = 16;
	else if (what == 'o')
		base = 8;
	for (; value; value /= base)
		*--end = set[value % base];
	return end;
}

static const char *prefix_of(const struct spec *spec, uint64_t value,
			     bool negative)
{
	switch (spec->what) {
	case 'd':
		if (negative)
			return "-";
		return spec->plus ? "+" : spec->space ? " " : "";
	case 'p':
		return "0x";
	case 'x':
		return spec->alternate && value ? "0x" : "";
	case 'X':
		return spec->alternate && value ? "0X" : "";
	default:
		return "";
	}
}

/* blanks, prefix, zeros, digits, blanks */
static void put_number(struct out *out, const struct spec *spec, uint64_t value,
		       bool negative)
{
	const char *prefix = prefix_of(spec, value, negative);
	char buf[MAX_DIGITS], *end = buf + sizeof(buf);
	char *text = digits(end, value, spec->what);
	size_t n = (size_t)(end - text), len, zeros = 0, pad;
	/* Without a precision there is at least one digit. */
	size_t want = spec->precision < 0 ? 1 : (size_t)spec->precision;

	if (spec->what == 'o' && spec->alternate && want <= n)
		want = n + 1;
	if (want > n)
		zeros = want - n;
	len = strlen(prefix) + zeros + n;
	pad = spec->width > len ? spec->width - len : 0;
	if (spec->zero && !spec->left && spec->precision < 0) {
		zeros += pad;
		pad = 0;
	}
	if (!spec->left)
		fill(out, ' ', pad);
	put(out, prefix, strlen(prefix));
	fill(out, '0', zeros);
	put(out, text, n);
	if (spec->left)
		fill(out, ' ', pad);
}

/* A vararg of less than an int came as an int. */
static uint64_t take_integer(va_list *ap, const struct spec *spec)
{
	uint64_t value = spec->bytes == sizeof(uint64_t)
				 ? va_arg(*ap, uint64_t)
				 : va_arg(*ap, unsigned int);
	unsigned int spare = CHAR_BIT * (unsigned int)(8 - spec->bytes);

	value <<= spare;
	if (spec->what == 'd')
		return (uint64_t)((int64_t)value >> spare);
	return value >> spare;
}

/* ---- Conversions ------------------------------------------------------ */

static void put_integer(struct out *out, const struct spec *spec, va_list *ap)
{
	uint64_t value = take_integer(ap, spec);
	bool negative = spec->what == 'd' && (int64_t)value < 0;

	put_number(out, spec, negative ? -value : value, negative);
}

static void put_string(struct out *out, const struct spec *spec, va_list *ap)
{
	const char *text = va_arg(*ap, const char *);
	size_t max = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;

	if (!text)
		text = max < strlen("(null)") ? "" : "(null)";
	put_padded(out, spec, text, strnlen(text, max));
}

static void put_pointer(struct out *out, const struct spec *spec, va_list *ap)
{
	uintptr_t value = (uintptr_t)va_arg(*ap, void *);

	if (value)
		put_number(out, spec, value, false);
	else
		put_padded(out, spec, "(nil)", strlen("(nil)"));
}

static int convert(struct out *out, const struct spec *spec, va_list *ap)
{
	char c;

	switch (spec->what) {
	case 'd':
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		put_integer(out, spec, ap);
		return 0;
	case 'c':
		c = (char)va_arg(*ap, int);
		put_padded(out, spec, &c, 1);
		return 0;
	case 's':
		put_string(out, spec, ap);
		return 0;
	case 'p':
		put_pointer(out, spec, ap);
		return 0;
	case '%':
		put(out, "%", 1);
		return 0;
	default:
		return -EINVAL;
	}
}

/* ---- The format ------------------------------------------------------- */

static const char *read_flags(const char *p, struct spec *spec)
{
	for (;; p++) {
		if (*p == '-')
			spec->left = true;
		else if (*p == '+')
			spec->plus = true;
		else if (*p == ' ')
			spec->space = true;
		else if (*p == '#')
			spec->alternate = true;
		else if (*p == '0')
			spec->zero = true;
		else
			return p;
	}
}

/* Digits or an asterisk; what is too much for an int becomes INT_MAX. */
static const char *read_number(const char *p, va_list *ap, int *np)
{
	int n = 0;

	if (*p == '*') {
		*np = va_arg(*ap, int);
		return p + 1;
	}
	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, *p - '0', &n))
			n = INT_MAX;
	}
	*np = n;
	return p;
}

static const char *read_length(const char *p, struct spec *spec)
{
	switch (*p) {
	case 'h':
		spec->bytes = p[1] == 'h' ? sizeof(char) : sizeof(short);
		return p[1] == 'h' ? p + 2 : p + 1;
	case 'l':
		spec->bytes = sizeof(long);
		return p[1] == 'l' ? p + 2 : p + 1;
	case 'z':
	case 'j':
	case 't':
		spec->bytes = sizeof(size_t);
		return p + 1;
	default:
		spec->bytes = sizeof(int);
		return p;
	}
}

static const char *read_spec(const char *p, va_list *ap, struct spec *spec)
{
	int width;

	*spec = (struct spec){.precision = -1};
	p = read_flags(p, spec);
	p = read_number(p, ap, &width);
	if (width < 0)
		spec->left = true;
	spec->width = width < 0 ? -(size_t)width : (size_t)width;
	if (*p == '.')
		p = read_number(p + 1, ap, &spec->precision);
	p = read_length(p, spec);
	spec->what = *p == 'i' ? 'd' : *p;
	return *p ? p + 1 : p;
}

static int format(struct out *out, const char *fmt, va_list *ap)
{
	while (*fmt) {
		size_t plain = strcspn(fmt, "%");
		struct spec spec;

		put(out, fmt, plain);
		fmt += plain;
		if (!*fmt)
			break;
		fmt = read_spec(fmt + 1, ap, &spec);
		if (convert(out, &spec, ap))
			return -EINVAL;
		if (out->len > INT_MAX)
			return -EOVERFLOW;
	}
	return out->len > INT_MAX ? -EOVERFLOW : 0;
}

/* See stdio.h. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out out = {.buf = buf, .size = size};
	va_list copy;
	int rc;

	/* Where va_list is an array, a parameter of it is none. */
	va_copy(copy, ap);
	rc = format(&out, fmt, &copy);
	va_end(copy);
	if (size)
		buf[out.len < size ? out.len : size - 1] = '\0';
	if (!rc)
		return (int)out.len;
	errno = -rc;
	return -1;
}

/* See stdio.h. */
int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len;
}
