/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes JSON, member by member: pretty, on one line, or as path = value. */
#ifndef XSDUMP_JSONW_H
#define XSDUMP_JSONW_H

#include <stdio.h>

#include "state/image.h"

#define JSONW_DEPTH 16

struct jsonw {
	FILE *out;
	bool compact;
	bool flat;
	unsigned int depth;
	struct {
		const char *key; /* of the member at hand; NULL: an array's */
		unsigned long n; /* members so far */
		bool is_array;
	} levels[JSONW_DEPTH];
};

void jsonw_open(struct jsonw *w, const char *key, bool is_array);
void jsonw_close(struct jsonw *w);
void jsonw_int(struct jsonw *w, const char *key, long long value);
void jsonw_hex(struct jsonw *w, const char *key, uint64_t value);
void jsonw_bool(struct jsonw *w, const char *key, bool value);
void jsonw_text(struct jsonw *w, const char *key, const char *text);
void jsonw_bytes(struct jsonw *w, const char *key, const void *data,
		 size_t len);
void jsonw_span(struct jsonw *w, const char *key, const struct xs_span *span);

#endif
