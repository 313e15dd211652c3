/* SPDX-License-Identifier: GPL-2.0-only */
/* Images for the tests: random ones, and bytes put together by hand. */
#ifndef XS_UNIT_STATE_SAMPLE_H
#define XS_UNIT_STATE_SAMPLE_H

#include <stdint.h>

#include "state/image.h"
#include "unit/support/suite.h"

#define SAMPLE_DATA "tests/data/state/"

/* A valid image with a bit of everything; 0 or -ENOMEM. */
int sample_random(struct xs_image *image, struct rng *rng,
		  enum xs_image_what what);
/* The bytes of a file, which free() gives back. */
uint8_t *sample_file(const char *path, size_t *lenp);
void sample_write(const char *path, const void *data, size_t len);

/* A stream that is put together byte by byte. */
struct raw {
	uint8_t data[65536];
	size_t len;
	bool big;
};

void raw_begin(struct raw *raw, uint32_t version, bool big);
void raw_int(struct raw *raw, uint64_t value, size_t size);
void raw_text(struct raw *raw, const char *text, size_t len);
/* A record whose body is what fmt says: 1, 2, 4, 8: an integer of that many
 * bytes (uint64_t); s: a text with its NUL; p: padding to 8; -: see code. */
void raw_record(struct raw *raw, uint32_t type, const char *fmt, ...);
void raw_end(struct raw *raw);

#endif
