/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * WATCH_DATA_EXTENDED, of which there are three layouts:
 *
 *   data at  what                              who
 *   12       depth at 8, two bytes of padding  the specification, and we
 *   10       depth at 8                        what the reader of 4.22 expects
 *   8        no depth                          what the writer of 4.22 writes
 *
 * The last announces the length of the first, so that, depending on its
 * strings, the next record begins 8 bytes before this one ends.
 */
#include <errno.h>

#include "state/decode_priv.h"

static bool is_path_start(uint8_t c)
{
	return c == '/' || c == '@' || c == '-' || c == '_' ||
	       (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

/* Whether both strings are where this layout has them. */
static bool is_layout(const struct xs_decoder *d, size_t at, size_t path_len,
		      size_t token_len)
{
	const struct xs_span *body = &d->record.body;

	return at <= body->len && path_len + token_len <= body->len - at &&
	       path_len > 1 && is_path_start(body->data[at]) &&
	       xs_decode_is_string(body->data + at, path_len) &&
	       xs_decode_is_string(body->data + at + path_len, token_len);
}

/* Goes back to where the next record begins, if that is before the end. */
static void resync(struct xs_decoder *d, size_t used)
{
	struct xs_record_iter probe = d->it;
	struct xs_record record;

	used = (used + 7) & ~(size_t)7;
	if (used >= d->record.body.len)
		return;
	probe.next -= d->record.body.len - used;
	if (xs_record_iter_next(&probe, &record, NULL) != 1 ||
	    !xs_record_is_known(record.type) ||
	    (record.type == XS_RECORD_END && record.body.len))
		return;
	d->it.next -= d->record.body.len - used;
	xs_rd_bytes(&d->body, xs_rd_left(&d->body));
}

int xs_decode_watch_ext(struct xs_decoder *d)
{
	struct xs_image_watch watch = {.at = d->record.at,
				       .depth = XS_IMAGE_NO_DEPTH,
				       .type_ext = true};
	static const size_t layouts[] = {12, 10, 8};
	size_t path_len, token_len, i, at = 0;
	int rc;

	watch.conn_id = decoder_u32(d);
	path_len = decoder_u16(d);
	token_len = decoder_u16(d);
	if (d->body.failed)
		return decoder_wrong(d, XS_RULE_W_1, "length %zu is too short",
				     d->record.body.len);
	if (path_len + token_len > d->record.body.len - 8)
		return decoder_wrong(d, XS_RULE_W_2,
				     "path-len %zu and token-len %zu exceed "
				     "the record",
				     path_len, token_len);
	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]) && !at; i++)
		if (is_layout(d, layouts[i], path_len, token_len))
			at = layouts[i];
	if (!at)
		return decoder_wrong(d, XS_RULE_W_3,
				     "path and token end with their only NUL "
				     "in none of three layouts");
	if (at > 8)
		watch.depth = decoder_u16(d);
	if (at > 10)
		decoder_u16(d);
	rc = xs_decode_string(d, path_len, XS_RULE_W_2, XS_RULE_W_3, "path",
			      &watch.path);
	if (!rc)
		rc = xs_decode_string(d, token_len, XS_RULE_W_2, XS_RULE_W_3,
				      "token", &watch.token);
	if (rc)
		return rc;
	if (at == 8)
		resync(d, at + path_len + token_len);
	if (at < 12) /* its length is that of the first layout */
		xs_rd_bytes(&d->body, xs_rd_left(&d->body));
	return xs_image_add_watch(d->image, &watch);
}
