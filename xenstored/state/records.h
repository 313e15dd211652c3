/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Framing of a state stream: its header, its records, their names. */
#ifndef XS_STATE_RECORDS_H
#define XS_STATE_RECORDS_H

#include "state/image.h"

#define XS_STREAM_IDENT	     "xenstore"
#define XS_STREAM_IDENT_LEN  8
#define XS_STREAM_HEADER_LEN 16
#define XS_RECORD_HEADER_LEN 8
#define XS_STREAM_MAX	     (1ul << 30)

enum xs_record_type {
#define RECORD(symbol, type, name) XS_RECORD_##symbol = type,
#include "state/records.def"
#undef RECORD
};

/* One record as it lies in the stream. */
struct xs_record {
	uint32_t type;
	struct xs_span body;
	struct xs_image_at at;
};

/* Goes through the records of a stream, END included. */
struct xs_record_iter {
	const uint8_t *data;
	size_t len;
	size_t next; /* offset of the next record */
	uint32_t n;  /* records so far */
	uint32_t version;
	bool big_endian;
	bool ended;
};

const char *xs_record_name(uint32_t type);
bool xs_record_is_known(uint32_t type);
int xs_record_iter_init(struct xs_record_iter *it, const void *data, size_t len,
			struct xs_image_error *err);
int xs_record_iter_next(struct xs_record_iter *it, struct xs_record *record,
			struct xs_image_error *err);

#endif
