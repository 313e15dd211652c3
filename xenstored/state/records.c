/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Framing: a header of 16 bytes, then records, each a type, the length of its
 * body, and the body.
 *
 * I1  next never goes beyond len.
 */
#include "state/records.h"

#include <errno.h>
#include <string.h>

#include "base/cursor.h"
#include "state/rules.h"

static const struct {
	uint32_t type;
	const char *name;
} names[] = {
#define RECORD(symbol, type, name) {type, name},
#include "state/records.def"
#undef RECORD
};

/* The name of a record type, "unknown" if it has none. */
const char *xs_record_name(uint32_t type)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == type)
			return names[i].name;
	return "unknown";
}

/* Whether it is one of ours or of the common stream. */
bool xs_record_is_known(uint32_t type)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == type)
			return true;
	return false;
}

/*
 * Reads the header of a stream, whose bytes must outlive the iteration.
 * -EINVAL, with err filled in.
 */
int xs_record_iter_init(struct xs_record_iter *it, const void *data, size_t len,
			struct xs_image_error *err)
{
	const struct xs_image_at start = {0, 0};
	uint64_t flags;
	struct xs_rd rd;

	memset(it, 0, sizeof(*it));
	it->data = data;
	it->len = len;
	if (len < XS_STREAM_HEADER_LEN)
		return xs_rule_broken(err, XS_RULE_H_1, NULL, start,
				      "%zu bytes are too few for a header",
				      len);
	if (len > XS_STREAM_MAX)
		return xs_rule_broken(err, XS_RULE_H_5, NULL, start,
				      "%zu bytes are too many", len);
	xs_rd_init(&rd, data, len);
	if (memcmp(xs_rd_bytes(&rd, XS_STREAM_IDENT_LEN), XS_STREAM_IDENT,
		   XS_STREAM_IDENT_LEN))
		return xs_rule_broken(err, XS_RULE_H_2, NULL, start,
				      "does not begin with \"xenstore\"");
	it->version = (uint32_t)xs_rd_int(&rd, 4, true);
	if (it->version != 1 && it->version != 2)
		return xs_rule_broken(err, XS_RULE_H_3, NULL, start,
				      "version %u is not known", it->version);
	flags = xs_rd_int(&rd, 4, true);
	if (flags > 1)
		return xs_rule_broken(err, XS_RULE_H_4, NULL, start,
				      "flags 0x%x are not known",
				      (unsigned int)flags);
	it->big_endian = flags;
	it->next = XS_STREAM_HEADER_LEN;
	return 0;
}

/*
 * The next record: 1, or 0 after END; -EINVAL with err filled in, and then
 * again and again.
 */
int xs_record_iter_next(struct xs_record_iter *it, struct xs_record *record,
			struct xs_image_error *err)
{
	size_t left = it->len - it->next;
	uint64_t body_len;
	struct xs_rd rd;

	if (it->ended)
		return 0;
	record->at.offset = it->next;
	record->at.record = it->n + 1;
	if (!left)
		return xs_rule_broken(err, XS_RULE_E_1, "none", record->at,
				      "the stream ends without END");
	if (left < XS_RECORD_HEADER_LEN)
		return xs_rule_broken(err, XS_RULE_R_1, "none", record->at,
				      "%zu bytes are too few for a record",
				      left);
	xs_rd_init(&rd, it->data + it->next, left);
	record->type = (uint32_t)xs_rd_int(&rd, 4, it->big_endian);
	body_len = xs_rd_int(&rd, 4, it->big_endian);
	if (body_len > xs_rd_left(&rd))
		return xs_rule_broken(err, XS_RULE_R_2,
				      xs_record_name(record->type), record->at,
				      "length %u exceeds the %zu bytes left",
				      (unsigned int)body_len, xs_rd_left(&rd));
	if (body_len % 8)
		return xs_rule_broken(err, XS_RULE_R_3,
				      xs_record_name(record->type), record->at,
				      "length %u is not a multiple of 8",
				      (unsigned int)body_len);
	record->body.len = (size_t)body_len;
	record->body.data = xs_rd_bytes(&rd, record->body.len);
	it->next += XS_RECORD_HEADER_LEN + record->body.len;
	it->n++;
	it->ended = record->type == XS_RECORD_END;
	return 1;
}
