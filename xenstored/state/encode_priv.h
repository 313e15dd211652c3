/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The writer's state; shared by encode.c and encode_out.c. */
#ifndef XS_STATE_ENCODE_PRIV_H
#define XS_STATE_ENCODE_PRIV_H

#include "state/image.h"

struct xs_encoder {
	const struct xs_image *image;
	const struct xs_image_format *format;
	struct xs_image_out *out;
	size_t start;  /* of the stream in out */
	size_t record; /* of the body of the record at hand */
	bool big;
	int rc;		       /* the first failure; then nothing is written */
	uint32_t *order;       /* of the connections */
	uint32_t *first_watch; /* for each connection; UINT32_MAX: none */
	uint32_t *next_watch;  /* for each watch */
};

int xs_encode_order(struct xs_encoder *e);
void xs_encode_order_fini(struct xs_encoder *e);

void xs_put_begin(struct xs_encoder *e, uint32_t type);
void xs_put_end(struct xs_encoder *e);
void xs_put_align(struct xs_encoder *e);
void xs_put_bytes(struct xs_encoder *e, const void *data, size_t len);
void xs_put_int(struct xs_encoder *e, uint64_t value, size_t size);
void xs_put_len(struct xs_encoder *e, size_t len, size_t size);
void xs_put_string(struct xs_encoder *e, const struct xs_span *span,
		   size_t max);

#endif
