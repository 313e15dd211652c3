/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base64, strictly: padded, without line ends. */
#include "base/base64.h"

#include <errno.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789+/";

/* Writes XS_BASE64_LEN(len) characters, without a NUL. */
void xs_base64_encode(const void *data, size_t len, char *text)
{
	const uint8_t *p = data;
	uint32_t v;

	for (; len >= 3; len -= 3, p += 3) {
		v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		*text++ = digits[v >> 18];
		*text++ = digits[v >> 12 & 63];
		*text++ = digits[v >> 6 & 63];
		*text++ = digits[v & 63];
	}
	if (!len)
		return;
	v = (uint32_t)p[0] << 16 | (len == 2 ? (uint32_t)p[1] << 8 : 0);
	*text++ = digits[v >> 18];
	*text++ = digits[v >> 12 & 63];
	*text++ = len == 2 ? digits[v >> 6 & 63] : '=';
	*text = '=';
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* At most max bytes; *lenp says how many.  -EINVAL, -E2BIG. */
int xs_base64_decode(const char *text, size_t text_len, void *data, size_t max,
		     size_t *lenp)
{
	uint8_t *out = data;
	size_t pad = 0, i, n = 0;
	uint32_t v = 0;

	if (text_len % 4)
		return -EINVAL;
	while (pad < 2 && pad < text_len && text[text_len - 1 - pad] == '=')
		pad++;
	for (i = 0; i < text_len; i++) {
		int digit = i >= text_len - pad ? 0 : value_of(text[i]);

		if (digit < 0)
			return -EINVAL;
		v = v << 6 | (uint32_t)digit;
		if (i % 4 != 3)
			continue;
		if (n + 3 - (i == text_len - 1 ? pad : 0) > max)
			return -E2BIG;
		out[n++] = (uint8_t)(v >> 16);
		if (i < text_len - 1 || pad < 2)
			out[n++] = (uint8_t)(v >> 8);
		if (i < text_len - 1 || pad < 1)
			out[n++] = (uint8_t)v;
		v = 0;
	}
	*lenp = n;
	return 0;
}
