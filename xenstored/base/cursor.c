/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bounds-checked reader and writer.
 *
 * I1  After a failure every further call fails and moves nothing, so a caller
 *     may check once, at the end.
 * I2  Integers are in the byte order of the machine, as in the store protocol,
 *     unless the name of a function ends in _int: state may come from another
 *     machine.
 */
#include "base/cursor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Reads from len bytes of data, which must outlive the reader. */
void xs_rd_init(struct xs_rd *rd, const void *data, size_t len)
{
	rd->pos = data;
	rd->end = rd->pos + len;
	rd->failed = false;
}

/* Bytes not read yet. */
size_t xs_rd_left(const struct xs_rd *rd)
{
	return (size_t)(rd->end - rd->pos);
}

/* The next len bytes in place, or NULL when there are fewer. */
const void *xs_rd_bytes(struct xs_rd *rd, size_t len)
{
	const void *data = rd->pos;

	if (rd->failed || len > xs_rd_left(rd)) {
		rd->failed = true;
		return NULL;
	}
	rd->pos += len;
	return data;
}

/* The next integer, 0 after a failure. */
uint32_t xs_rd_u32(struct xs_rd *rd)
{
	const void *data = xs_rd_bytes(rd, sizeof(uint32_t));
	uint32_t value = 0;

	if (data)
		memcpy(&value, data, sizeof(value));
	return value;
}

/*
 * The next string up to and without its NUL, in place; NULL, and no failure,
 * when no NUL follows.
 */
const char *xs_rd_string(struct xs_rd *rd, size_t *lenp)
{
	const uint8_t *start = rd->pos;
	const uint8_t *nul;

	if (rd->failed || start == rd->end)
		return NULL;
	nul = memchr(start, 0, xs_rd_left(rd));
	if (!nul)
		return NULL;
	*lenp = (size_t)(nul - start);
	rd->pos = nul + 1;
	return (const char *)start;
}

/* The next unsigned integer of size (1 to 8) bytes, 0 after a failure. */
uint64_t xs_rd_int(struct xs_rd *rd, size_t size, bool big_endian)
{
	const uint8_t *data = xs_rd_bytes(rd, size);
	uint64_t value = 0;
	size_t i;

	/* These are nearly all, and state streams have millions of them. */
	if (data && size == 2 && !big_endian)
		return (uint64_t)data[0] | (uint64_t)data[1] << 8;
	if (data && size == 4 && !big_endian)
		return (uint64_t)data[0] | (uint64_t)data[1] << 8 |
		       (uint64_t)data[2] << 16 | (uint64_t)data[3] << 24;
	for (i = 0; data && i < size; i++)
		value = value << 8 | data[big_endian ? i : size - 1 - i];
	return value;
}

/* Writes into at most max bytes of buf. */
void xs_wr_init(struct xs_wr *wr, void *buf, size_t max)
{
	wr->buf = buf;
	wr->len = 0;
	wr->max = max;
	wr->failed = false;
}

void xs_wr_bytes(struct xs_wr *wr, const void *data, size_t len)
{
	if (wr->failed || len > wr->max - wr->len) {
		wr->failed = true;
		return;
	}
	if (len)
		memcpy(wr->buf + wr->len, data, len);
	wr->len += len;
}

/* The bytes and a NUL. */
void xs_wr_name(struct xs_wr *wr, const char *name, size_t len)
{
	uint8_t *to = wr->buf + wr->len;

	if (wr->failed || len >= wr->max - wr->len) {
		wr->failed = true;
		return;
	}
	memcpy(to, name, len);
	to[len] = '\0';
	wr->len += len + 1;
}

void xs_wr_u32(struct xs_wr *wr, uint32_t value)
{
	xs_wr_bytes(wr, &value, sizeof(value));
}

/* The lowest size (1 to 8) bytes of value. */
void xs_wr_int(struct xs_wr *wr, uint64_t value, size_t size, bool big_endian)
{
	uint8_t bytes[8];
	size_t i;

	for (i = 0; i < size; i++)
		bytes[big_endian ? size - 1 - i : i] =
			(uint8_t)(value >> (8 * i));
	xs_wr_bytes(wr, bytes, size);
}

/* The string with its NUL. */
void xs_wr_string(struct xs_wr *wr, const char *string)
{
	xs_wr_bytes(wr, string, strlen(string) + 1);
}

/* Formatted text without a NUL; all of it or nothing. */
void xs_wr_printf(struct xs_wr *wr, const char *fmt, ...)
{
	size_t room = wr->max - wr->len;
	va_list ap;
	int n;

	if (wr->failed)
		return;
	va_start(ap, fmt);
	n = vsnprintf((char *)wr->buf + wr->len, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room) {
		wr->failed = true;
		return;
	}
	wr->len += (size_t)n;
}
