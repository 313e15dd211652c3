/* SPDX-License-Identifier: GPL-2.0-only */
/* Splitting payloads and reading numbers, strictly. */
#include "wire/args.h"

#include <errno.h>
#include <string.h>

#include "base/cursor.h"

/*
 * For a request whose payload is one string: its length.  -EINVAL unless the
 * only NUL is the last byte.
 */
int xs_args_one(const char *payload, size_t len, size_t *arg_lenp)
{
	const char *nul = len ? memchr(payload, 0, len) : NULL;

	if (!nul || nul != payload + len - 1)
		return -EINVAL;
	*arg_lenp = len - 1;
	return 0;
}

/*
 * Points args[] at the first strings, at most max of them, and counts all of
 * them; *usedp: where the bytes behind the strings in args[] begin.
 */
size_t xs_args_split(const char *payload, size_t len, const char **args,
		     size_t max, size_t *usedp)
{
	struct xs_rd rd;
	const char *arg;
	size_t n = 0, arg_len;

	xs_rd_init(&rd, payload, len);
	*usedp = 0;
	while ((arg = xs_rd_string(&rd, &arg_len))) {
		if (n < max) {
			args[n] = arg;
			*usedp = len - xs_rd_left(&rd);
		}
		n++;
	}
	return n;
}

/* A decimal number without sign, blanks or anything behind it.  -EINVAL. */
int xs_parse_u32(const char *text, uint32_t *valuep)
{
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > UINT32_MAX)
			return -EINVAL;
	}
	*valuep = (uint32_t)value;
	return 0;
}

/* A decimal domid, at most 65535.  -EINVAL. */
int xs_parse_domid(const char *text, uint16_t *domidp)
{
	uint32_t value;
	int rc = xs_parse_u32(text, &value);

	if (rc)
		return rc;
	if (value > UINT16_MAX)
		return -EINVAL;
	*domidp = (uint16_t)value;
	return 0;
}
