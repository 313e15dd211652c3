/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mutations of a state stream that leave most of it a stream.
 *
 * The stream is cut into records, one or more of them are changed, and it is
 * put together again: lengths and padding, the number of a transaction's
 * requests, checksum and END fit then, unless a die says that they shall not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "fuzz/fuzz.h"
#include "state/crc32c.h"
#include "state/records.h"

#define MAX_RECORDS 256
#define MAX_BODY    8192

struct piece {
	uint32_t type;
	size_t len;
	uint8_t *body; /* malloc */
};

struct stream {
	uint8_t header[XS_STREAM_HEADER_LEN];
	bool big;
	uint32_t n;
	struct piece pieces[MAX_RECORDS];
	uint32_t seed;
};

/* Where the lengths of a record's variable parts are, in their order. */
static const struct layout {
	uint32_t type;
	size_t start; /* of the first part */
	struct {
		size_t at;
		size_t size;
		bool nul;
	} len[2];
} layouts[] = {
	{XS_RECORD_CONN, 24, {{16, 2, false}, {20, 4, false}}},
	{XS_RECORD_WATCH, 8, {{4, 2, true}, {6, 2, true}}},
	{XS_RECORD_WATCH_EXT, 12, {{4, 2, true}, {6, 2, true}}},
	{XS_RECORD_NODE, 16, {{8, 2, true}, {10, 2, false}}},
	{XS_RECORD_REQUEST, 40, {{30, 2, false}, {32, 4, false}}},
};

static uint32_t roll(struct stream *s, uint32_t n)
{
	s->seed = s->seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(s->seed >> 4) * n >> 28);
}

static uint64_t get(const struct stream *s, const uint8_t *p, size_t size)
{
	struct xs_rd rd;

	xs_rd_init(&rd, p, size);
	return xs_rd_int(&rd, size, s->big);
}

static void set(const struct stream *s, uint8_t *p, uint64_t value, size_t size)
{
	struct xs_wr wr;

	xs_wr_init(&wr, p, size);
	xs_wr_int(&wr, value, size, s->big);
}

static bool add(struct stream *s, uint32_t at, uint32_t type,
		const uint8_t *body, size_t len)
{
	struct piece *p = &s->pieces[at];

	if (s->n == MAX_RECORDS || len > MAX_BODY)
		return false;
	memmove(p + 1, p, (s->n - at) * sizeof(*p));
	s->n++;
	p->type = type;
	p->len = len;
	p->body = calloc(1, MAX_BODY + 8);
	if (!p->body)
		abort();
	memcpy(p->body, body, len);
	return true;
}

static void drop(struct stream *s, uint32_t at)
{
	free(s->pieces[at].body);
	s->n--;
	memmove(&s->pieces[at], &s->pieces[at + 1],
		(s->n - at) * sizeof(s->pieces[0]));
}

static bool cut(struct stream *s, const uint8_t *data, size_t size)
{
	struct xs_record_iter it;
	struct xs_record record;

	if (xs_record_iter_init(&it, data, size, NULL))
		return false;
	memcpy(s->header, data, sizeof(s->header));
	s->big = it.big_endian;
	while (xs_record_iter_next(&it, &record, NULL) == 1 &&
	       record.type != XS_RECORD_END)
		if (record.type != XS_RECORD_CHECKSUM)
			add(s, s->n, record.type, record.body.data,
			    record.body.len);
	return s->n > 0;
}

/* ---- Changes ---------------------------------------------------------- */

/* A request or an event, perhaps cut short. */
static size_t make_message(struct stream *s, uint8_t *buf)
{
	size_t len = roll(s, 40), i;

	set(s, buf, roll(s, 28), 4);
	set(s, buf + 4, roll(s, 5), 4);
	set(s, buf + 8, roll(s, 3), 4);
	set(s, buf + 12, roll(s, 20) ? len : roll(s, 6000), 4);
	for (i = 0; i < len; i++)
		buf[16 + i] = (uint8_t) "/a0\0bd@rnw"[roll(s, 10)];
	return roll(s, 4) ? 16 + len : roll(s, (uint32_t)(16 + len));
}

/* New contents for one part, at most max bytes. */
static size_t make_part(struct stream *s, uint8_t *buf, size_t len, size_t max)
{
	static const char *const words[] = {
		"/",
		"@releaseDomain",
		"@introduceDomain/5",
		"@a",
		"a/b",
		"/local/domain/5",
		"/local/domain/5/device/vif/0/state",
		"/local/domain/5/data",
		"/local/domain/5/store/ring-ref",
		"/local/domain/0/backend/vif/5/0",
		"/local/domain/7",
		"/libxl/5/type",
		"/vm/x",
		"/tool",
		"//",
		"/a/",
		"",
		"data",
		"device",
		"0",
		"b5",
		"token with space",
		"a*b",
		"control/x",
	};
	static const uint16_t sizes[] = {0,    1,    15,   16,	 100,  1023,
					 2048, 3072, 3073, 4096, 4120, 4121};
	const char *word;
	size_t n = 0, k;

	switch (roll(s, 5)) {
	case 0:
		word = words[roll(s, sizeof(words) / sizeof(words[0]))];
		n = strlen(word);
		memcpy(buf, word, n);
		return n;
	case 1:
		n = sizes[roll(s, sizeof(sizes) / sizeof(sizes[0]))];
		if (n > max)
			return len;
		if (n > len)
			memset(buf + len, 'x', n - len);
		return n;
	case 2:
		for (k = roll(s, 4); k && n + 64 < max; k--)
			n += make_message(s, buf + n);
		return n;
	case 3: /* a name more */
		k = (size_t)snprintf((char *)buf + len, 24, "/%u", roll(s, 9));
		return len + k;
	default:
		return LLVMFuzzerMutate(buf, len,
					len + 32 < max ? len + 32 : max);
	}
}

/* One part of a record gets other contents, and its length says so. */
static void change_part(struct stream *s, struct piece *p)
{
	uint8_t part[MAX_BODY], rest[MAX_BODY];
	const struct layout *l = NULL;
	size_t i, start, len[2], n, tail;
	uint32_t which = roll(s, 2);

	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].type == p->type)
			l = &layouts[i];
	if (!l || p->len < l->start)
		return;
	start = l->start;
	if (p->type == XS_RECORD_NODE)
		start += 4 * (size_t)get(s, p->body + 14, 2);
	for (i = 0; i < 2; i++)
		len[i] = (size_t)get(s, p->body + l->len[i].at, l->len[i].size);
	if (start > p->len || len[0] > p->len - start ||
	    len[1] > p->len - start - len[0])
		return;
	start += which ? len[0] : 0;
	n = len[which];
	tail = which ? 0 : len[1];
	memcpy(part, p->body + start, n);
	memcpy(rest, p->body + start + n, tail);
	if (l->len[which].nul && n)
		n--;
	n = make_part(s, part, n, 4200);
	if (l->len[which].nul)
		part[n++] = '\0';
	if (start + n + tail > MAX_BODY)
		return;
	memcpy(p->body + start, part, n);
	memcpy(p->body + start + n, rest, tail);
	set(s, p->body + l->len[which].at, n, l->len[which].size);
	p->len = start + n + tail;
}

static void change_number(struct stream *s, struct piece *p)
{
	static const uint64_t values[] = {
		0,	   1,		2,	    3,		5,
		6,	   7,		8,	    0x7fef,	0x7ff0,
		0x7ff4,	   0x7ff5,	0x7fff,	    0xffff,	0x10000,
		INT32_MAX, 0x80000000u, UINT32_MAX, 1ull << 32, UINT64_MAX};
	size_t size = (size_t)1 << roll(s, 4), at;

	if (p->len < size)
		return;
	at = size * roll(s, (uint32_t)((p->len < 48 ? p->len : 48) / size));
	set(s, p->body + at, values[roll(s, 20)], size);
}

static void change(struct stream *s)
{
	uint32_t at = roll(s, s->n), other = roll(s, s->n);
	struct piece *p = &s->pieces[at], swap;

	switch (roll(s, 12)) {
	case 0:
		p->len = LLVMFuzzerMutate(p->body, p->len,
					  p->len + 64 < MAX_BODY ? p->len + 64
								 : MAX_BODY);
		break;
	case 1:
		if (s->n > 1)
			drop(s, at);
		break;
	case 2:
	case 3:
		if (add(s, other, p->type, p->body, p->len)) {
			change_part(s, &s->pieces[other]);
			change_number(s, &s->pieces[other]);
		}
		break;
	case 4:
		swap = *p;
		*p = s->pieces[other];
		s->pieces[other] = swap;
		break;
	case 5:
		p->type = roll(s, 2) ? roll(s, 10) : 0x78730000u + roll(s, 8);
		break;
	case 6:
	case 7:
		change_number(s, p);
		break;
	default:
		change_part(s, p);
		break;
	}
}

/* ---- Together again --------------------------------------------------- */

/* A transaction says how many requests follow, and they whose they are. */
static void fix_requests(struct stream *s)
{
	struct piece *txn = NULL;
	uint32_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		struct piece *p = &s->pieces[i];

		if (p->type == XS_RECORD_TXN && p->len >= 40) {
			txn = p;
			n = 0;
			set(s, txn->body + 36, 0, 4);
		} else if (p->type == XS_RECORD_REQUEST && txn &&
			   p->len >= 40) {
			memcpy(p->body, txn->body, 8);
			set(s, txn->body + 36, ++n, 4);
		} else {
			txn = NULL;
		}
	}
}

static size_t put(const struct stream *s, uint8_t *data, size_t at,
		  uint32_t type, const uint8_t *body, size_t len)
{
	size_t padded = (len + 7) & ~(size_t)7;

	set(s, data + at, type, 4);
	set(s, data + at + 4, padded, 4);
	memset(data + at + 8, 0, padded);
	if (len)
		memcpy(data + at + 8, body, len);
	return at + 8 + padded;
}

static size_t join(struct stream *s, uint8_t *data, size_t max_size)
{
	size_t at = sizeof(s->header);
	uint8_t sum[8] = {0};
	uint32_t i;

	memcpy(data, s->header, sizeof(s->header));
	for (i = 0; i < s->n; i++) {
		if (at + s->pieces[i].len + 8 + 7 + 24 > max_size)
			break;
		at = put(s, data, at, s->pieces[i].type, s->pieces[i].body,
			 s->pieces[i].len);
	}
	if (roll(s, 64)) {
		set(s, sum, xs_crc32c(0, data, at), 4);
		at = put(s, data, at, XS_RECORD_CHECKSUM, sum, sizeof(sum));
	}
	return put(s, data, at, XS_RECORD_END, NULL, 0);
}

size_t fuzz_mutate_stream(uint8_t *data, size_t size, size_t max_size,
			  unsigned int seed)
{
	struct stream s = {.seed = seed};
	uint32_t i;

	if (max_size < 64 || !roll(&s, 24) || !cut(&s, data, size))
		return LLVMFuzzerMutate(data, size, max_size);
	for (i = 1 + roll(&s, 3); i; i--)
		change(&s);
	if (roll(&s, 16))
		fix_requests(&s);
	if (!roll(&s, 64))
		s.header[8 + roll(&s, 8)] ^= 1;
	size = join(&s, data, max_size);
	for (i = 0; i < s.n; i++)
		free(s.pieces[i].body);
	return size;
}
