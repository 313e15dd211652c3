/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes, eight at a time where that is possible.
 *
 * I1 No byte outside the given ranges is read or written.
 *
 * The compiler must not recognise these loops as the functions they are (see
 * LIBC_CFLAGS in mk/libc.mk).
 */
#include <string.h>

#include <stdint.h>

/* Eight bytes of anything, anywhere; x86 does not mind how they lie. */
typedef uint64_t __attribute__((may_alias, aligned(1))) word;

#define WORD sizeof(word)

/* Right as well for ranges that overlap, if dst comes before src. */
static void copy_up(unsigned char *dst, const unsigned char *src, size_t n)
{
	for (; n >= WORD; n -= WORD, dst += WORD, src += WORD)
		*(word *)dst = *(const word *)src;
	for (; n; n--)
		*dst++ = *src++;
}

/* Right as well for ranges that overlap, if src comes before dst. */
static void copy_down(unsigned char *dst, const unsigned char *src, size_t n)
{
	for (; n >= WORD; n -= WORD)
		*(word *)(dst + n - WORD) = *(const word *)(src + n - WORD);
	for (; n; n--)
		dst[n - 1] = src[n - 1];
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	copy_up(dst, src, n);
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	if ((uintptr_t)dst - (uintptr_t)src >= n)
		copy_up(dst, src, n);
	else
		copy_down(dst, src, n);
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	unsigned char *p = dst;
	word w = (unsigned char)c * (UINT64_MAX / UINT8_MAX);

	for (; n >= WORD; n -= WORD, p += WORD)
		*(word *)p = w;
	for (; n; n--)
		*p++ = (unsigned char)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; n >= WORD && *(const word *)p == *(const word *)q; n -= WORD)
		p += WORD, q += WORD;
	for (; n; n--, p++, q++) {
		if (*p != *q)
			return *p - *q;
	}
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (; n; n--, p++) {
		if (*p == (unsigned char)c)
			return (void *)(uintptr_t)p;
	}
	return NULL;
}
