/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reader's state; shared by decode.c, decode_ours.c and decode_ext.c. */
#ifndef XS_STATE_DECODE_PRIV_H
#define XS_STATE_DECODE_PRIV_H

#include "base/cursor.h"
#include "state/records.h"
#include "state/rules.h"

struct xs_decoder {
	struct xs_image *image;
	struct xs_record_iter it;
	struct xs_record record;
	struct xs_rd body;
	uint32_t requests_due; /* of the transaction just read */
	bool summed;	       /* the checksum has come */
	struct xs_image_error *err;
};

/* Breaks a rule in the record at hand; -EINVAL. */
#define decoder_wrong(d, rule, ...)                                      \
	xs_rule_broken((d)->err, rule, xs_record_name((d)->record.type), \
		       (d)->record.at, __VA_ARGS__)

static inline uint64_t decoder_int(struct xs_decoder *d, size_t size)
{
	return xs_rd_int(&d->body, size, d->it.big_endian);
}

static inline uint32_t decoder_u32(struct xs_decoder *d)
{
	return (uint32_t)decoder_int(d, 4);
}

static inline uint16_t decoder_u16(struct xs_decoder *d)
{
	return (uint16_t)decoder_int(d, 2);
}

static inline int32_t decoder_i32(struct xs_decoder *d)
{
	return (int32_t)decoder_u32(d);
}

int xs_decode_span(struct xs_decoder *d, size_t len, enum xs_rule rule,
		   const char *what, struct xs_span *spanp);
int xs_decode_string(struct xs_decoder *d, size_t len, enum xs_rule too_long,
		     enum xs_rule no_nul, const char *what,
		     struct xs_span *spanp);
int xs_decode_padding(struct xs_decoder *d);
bool xs_decode_is_string(const uint8_t *data, size_t len);

int xs_decode_watch_ext(struct xs_decoder *d);

int xs_decode_origin(struct xs_decoder *d);
int xs_decode_global_ext(struct xs_decoder *d);
int xs_decode_conn_ext(struct xs_decoder *d);
int xs_decode_txn(struct xs_decoder *d);
int xs_decode_request(struct xs_decoder *d);
int xs_decode_checksum(struct xs_decoder *d);

#endif
