/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one way to take bytes from outside apart and to put bytes together:
 * a reader and a writer that never leave their memory and remember a failure.
 */
#ifndef XS_BASE_CURSOR_H
#define XS_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xs_rd {
	const uint8_t *pos;
	const uint8_t *end;
	bool failed;
};

struct xs_wr {
	uint8_t *buf;
	size_t len; /* written so far */
	size_t max;
	bool failed; /* something did not fit */
};

void xs_rd_init(struct xs_rd *rd, const void *data, size_t len);
size_t xs_rd_left(const struct xs_rd *rd);
uint32_t xs_rd_u32(struct xs_rd *rd);
const void *xs_rd_bytes(struct xs_rd *rd, size_t len);
const char *xs_rd_string(struct xs_rd *rd, size_t *lenp);
uint64_t xs_rd_int(struct xs_rd *rd, size_t size, bool big_endian);

void xs_wr_init(struct xs_wr *wr, void *buf, size_t max);
void xs_wr_name(struct xs_wr *wr, const char *name, size_t len);
void xs_wr_u32(struct xs_wr *wr, uint32_t value);
void xs_wr_int(struct xs_wr *wr, uint64_t value, size_t size, bool big_endian);
void xs_wr_bytes(struct xs_wr *wr, const void *data, size_t len);
void xs_wr_string(struct xs_wr *wr, const char *string);
void xs_wr_printf(struct xs_wr *wr, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
