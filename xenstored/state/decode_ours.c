/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the records that are our own. */
#include <errno.h>
#include <string.h>

#include "state/crc32c.h"
#include "state/decode_priv.h"
#include "state/ours.h"
#include "state/pool.h"

int xs_decode_global_ext(struct xs_decoder *d)
{
	struct xs_image_global *global = &d->image->global;

	if (global->has_ext)
		return decoder_wrong(d, XS_RULE_R_5, "comes a second time");
	if (d->record.body.len != XS_GLOBAL_EXT_LEN)
		return decoder_wrong(d, XS_RULE_G_1, "length %zu is not 16",
				     d->record.body.len);
	global->has_ext = true;
	global->gen = decoder_int(d, 8);
	global->last_conn_id = decoder_u32(d);
	global->virq_port = decoder_u32(d);
	return 0;
}

int xs_decode_conn_ext(struct xs_decoder *d)
{
	struct xs_image *image = d->image;
	struct xs_image_conn *conn;
	uint32_t id, flags;

	if (d->record.body.len != XS_CONN_EXT_LEN)
		return decoder_wrong(d, XS_RULE_C_6, "length %zu is not 40",
				     d->record.body.len);
	id = decoder_u32(d);
	conn = image->n_conns ? &image->conns[image->n_conns - 1] : NULL;
	if (!conn || conn->id != id || conn->has_ext)
		return decoder_wrong(d, XS_RULE_C_5,
				     "connection %u is not the last one", id);
	flags = decoder_u32(d);
	if (flags & ~(uint32_t)XS_CONN_EXT_FLAGS)
		return decoder_wrong(d, XS_RULE_C_6, "flags 0x%x are not known",
				     flags);
	conn->has_ext = true;
	conn->ignored = flags & XS_CONN_EXT_IGNORED;
	conn->shutdown_told = flags & XS_CONN_EXT_SHUTDOWN_TOLD;
	conn->introduced = flags & XS_CONN_EXT_INTRODUCED;
	conn->guest_port = decoder_u32(d);
	conn->last_tx_id = decoder_u32(d);
	conn->ring_features = decoder_u32(d);
	if (decoder_u32(d))
		return decoder_wrong(d, XS_RULE_R_6,
				     "a reserved field is not zero");
	memcpy(conn->handle, xs_rd_bytes(&d->body, sizeof(conn->handle)),
	       sizeof(conn->handle));
	return 0;
}

int xs_decode_txn(struct xs_decoder *d)
{
	struct xs_image_txn txn = {.at = d->record.at};
	uint32_t flags, n;
	int rc;

	if (d->record.body.len != XS_TXN_LEN)
		return decoder_wrong(d, XS_RULE_T_1, "length %zu is not 40",
				     d->record.body.len);
	txn.conn_id = decoder_u32(d);
	txn.tx_id = decoder_u32(d);
	txn.age_ms = decoder_int(d, 8);
	memcpy(txn.key, xs_rd_bytes(&d->body, sizeof(txn.key)),
	       sizeof(txn.key));
	flags = decoder_u32(d);
	n = decoder_u32(d);
	if (flags & ~(uint32_t)XS_TXN_DOOMED)
		return decoder_wrong(d, XS_RULE_T_2, "flags 0x%x are not known",
				     flags);
	txn.doomed = flags & XS_TXN_DOOMED;
	rc = xs_image_add_txn(d->image, &txn);
	if (!rc)
		d->requests_due = n;
	return rc;
}

int xs_decode_request(struct xs_decoder *d)
{
	struct xs_image_request request = {.at = d->record.at};
	const struct xs_image_txn *txn;
	size_t path_len, data_len;
	uint32_t conn_id, tx_id, spare;
	int rc;

	if (d->record.body.len < XS_REQUEST_LEN)
		return decoder_wrong(d, XS_RULE_T_5, "length %zu is too short",
				     d->record.body.len);
	conn_id = decoder_u32(d);
	tx_id = decoder_u32(d);
	if (!d->requests_due)
		return decoder_wrong(d, XS_RULE_T_4,
				     "no transaction waits for a request");
	d->requests_due--;
	txn = &d->image->txns[d->image->n_txns - 1];
	if (txn->conn_id != conn_id || txn->tx_id != tx_id)
		return decoder_wrong(d, XS_RULE_T_4,
				     "belongs to transaction %u of connection "
				     "%u, which is not the last one",
				     tx_id, conn_id);
	request.gen = decoder_int(d, 8);
	request.sum = decoder_int(d, 8);
	request.rc = decoder_i32(d);
	request.kind = (uint8_t)decoder_int(d, 1);
	spare = (uint32_t)decoder_int(d, 1);
	path_len = decoder_u16(d);
	data_len = decoder_u32(d);
	if (spare || decoder_u32(d))
		return decoder_wrong(d, XS_RULE_R_6,
				     "a reserved field is not zero");
	if (request.kind >= XS_IMAGE_R_COUNT)
		return decoder_wrong(d, XS_RULE_T_7, "kind %u is not known",
				     request.kind);
	rc = xs_decode_span(d, path_len, XS_RULE_T_6, "path", &request.path);
	if (!rc)
		rc = xs_decode_span(d, data_len, XS_RULE_T_6, "data",
				    &request.data);
	if (!rc && xs_rd_left(&d->body) < 8)
		rc = xs_decode_padding(d);
	return rc ? rc : xs_image_add_request(d->image, &request);
}

int xs_decode_checksum(struct xs_decoder *d)
{
	uint32_t want, have;

	if (d->record.body.len != XS_CHECKSUM_LEN)
		return decoder_wrong(d, XS_RULE_K_1, "length %zu is not 8",
				     d->record.body.len);
	have = decoder_u32(d);
	if (decoder_u32(d))
		return decoder_wrong(d, XS_RULE_R_6,
				     "a reserved field is not zero");
	want = xs_crc32c(0, d->it.data, d->record.at.offset);
	d->summed = true;
	d->image->sum = want == have ? XS_IMAGE_SUM_GOOD : XS_IMAGE_SUM_BAD;
	if (want != have)
		return decoder_wrong(d, XS_RULE_K_2,
				     "0x%08x is not the sum 0x%08x of what "
				     "comes before",
				     have, want);
	return 0;
}

struct origin_line {
	struct xs_span key;
	struct xs_span value;
};

static bool span_is(const struct xs_span *span, const char *text)
{
	return span->len == strlen(text) &&
	       !memcmp(span->data, text, span->len);
}

/* A decimal number without sign or leading zero; -EINVAL. */
static int parse_number(const struct xs_span *span, uint64_t max, uint64_t *np)
{
	uint64_t n = 0;
	size_t i;

	if (!span->len || (span->len > 1 && span->data[0] == '0'))
		return -EINVAL;
	for (i = 0; i < span->len; i++) {
		uint8_t c = span->data[i];

		if (c < '0' || c > '9' || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(c - '0'), &n))
			return -EINVAL;
	}
	*np = n;
	return n > max ? -EINVAL : 0;
}

/* The text field of that key, or NULL. */
static struct xs_span *origin_text(struct xs_image_origin *origin,
				   const struct xs_span *key)
{
	if (span_is(key, "uuid"))
		return &origin->uuid;
	if (span_is(key, "host"))
		return &origin->host;
	if (span_is(key, "xen"))
		return &origin->xen;
	if (span_is(key, "daemon"))
		return &origin->daemon;
	return NULL;
}

/* What xs_decode_origin() has met. */
#define SEEN_KIND  1u
#define SEEN_DOMID 2u
#define SEEN_TIME  4u

static int origin_known(struct xs_decoder *d, const struct origin_line *line,
			unsigned int *seenp)
{
	struct xs_image_origin *origin = &d->image->origin;
	struct xs_span *text = origin_text(origin, &line->key);
	char quote[XS_QUOTE_TEXT];
	unsigned int flag = 0;
	uint64_t n = 0;

	if (text) {
		if (text->data)
			goto wrong;
		*text = line->value;
		return 1;
	}
	if (span_is(&line->key, "kind")) {
		flag = SEEN_KIND;
		if (span_is(&line->value, "domain"))
			origin->kind = XS_IMAGE_DOMAIN;
		else if (!span_is(&line->value, "whole"))
			return decoder_wrong(
				d, XS_RULE_P_2, "kind %s is not known",
				xs_span_quote(&line->value, quote));
	} else if (span_is(&line->key, "domid")) {
		flag = SEEN_DOMID;
		if (parse_number(&line->value, UINT16_MAX, &n))
			goto wrong;
		origin->domid = (uint16_t)n;
	} else if (span_is(&line->key, "time")) {
		flag = SEEN_TIME;
		if (parse_number(&line->value, UINT64_MAX, &origin->time))
			goto wrong;
	} else {
		return 0;
	}
	if (*seenp & flag)
		goto wrong;
	*seenp |= flag;
	return 1;

wrong:
	return decoder_wrong(d, XS_RULE_P_3, "%s comes twice or is no number",
			     xs_span_quote(&line->key, quote));
}

/* The next line; 1, 0 after the last, -EINVAL. */
static int origin_line(struct xs_decoder *d, struct xs_span *text,
		       struct origin_line *line)
{
	const uint8_t *newline, *equals;

	if (!text->len)
		return 0;
	newline = memchr(text->data, '\n', text->len);
	equals = newline ? memchr(text->data, '=',
				  (size_t)(newline - text->data))
			 : NULL;
	if (!equals || equals == text->data)
		return decoder_wrong(d, XS_RULE_P_1,
				     "has a line that is not key=value");
	line->key.data = text->data;
	line->key.len = (size_t)(equals - text->data);
	line->value.data = equals + 1;
	line->value.len = (size_t)(newline - equals - 1);
	text->len -= (size_t)(newline + 1 - text->data);
	text->data = newline + 1;
	return 1;
}

/* Lines of key=value, padded with NULs; unknown ones are kept together. */
int xs_decode_origin(struct xs_decoder *d)
{
	struct xs_image_origin *origin = &d->image->origin;
	struct xs_span text = d->record.body;
	struct origin_line line = {0};
	const uint8_t *nul;
	unsigned int seen = 0;
	uint8_t *more;
	int rc;

	if (origin->present)
		return decoder_wrong(d, XS_RULE_R_5, "comes a second time");
	nul = memchr(text.data, 0, text.len);
	if (nul)
		text.len = (size_t)(nul - text.data);
	xs_rd_bytes(&d->body, text.len);
	rc = xs_decode_padding(d);
	if (rc)
		return decoder_wrong(d, XS_RULE_P_1, "text follows a NUL");
	if (d->record.body.len - text.len >= 8)
		return decoder_wrong(d, XS_RULE_R_4,
				     "there is too much padding");
	more = xs_image_alloc(d->image, text.len ? text.len : 1);
	if (!more)
		return -ENOMEM;
	origin->present = true;
	origin->at = d->record.at;
	origin->more.data = more;
	while ((rc = origin_line(d, &text, &line)) > 0) {
		size_t len = (size_t)(text.data - line.key.data);

		rc = origin_known(d, &line, &seen);
		if (rc < 0)
			return rc;
		if (rc)
			continue;
		memcpy(more + origin->more.len, line.key.data, len);
		origin->more.len += len;
	}
	if (!rc && !(seen & SEEN_KIND))
		rc = decoder_wrong(d, XS_RULE_P_2, "there is no kind");
	return rc;
}
