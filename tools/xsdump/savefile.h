/* SPDX-License-Identifier: GPL-2.0-only */
/* Goes through the records of a libxc, libxl or xl save image. */
#ifndef XSDUMP_SAVEFILE_H
#define XSDUMP_SAVEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct save_record {
	const char *stream; /* "xl", "libxl", "libxc" */
	const char *name;
	uint32_t type;
	size_t offset;	     /* of its header */
	const uint8_t *body; /* without padding */
	size_t len;
	bool is_state; /* a state stream is in it */
};

enum save_level {
	SAVE_NONE,
	SAVE_LIBXL,
	SAVE_LIBXC,
};

struct save_iter {
	const uint8_t *data;
	size_t len;
	size_t next;
	enum save_level level;
	bool in_libxl; /* libxc's records lie between libxl's */
	bool libxl_big, libxc_big;
	bool begun; /* headers are behind us */
	bool xl;
	const char *error; /* what is wrong at next, if something is */
};

bool save_is(const void *data, size_t len);
void save_init(struct save_iter *it, const void *data, size_t len);
int save_next(struct save_iter *it, struct save_record *record);

#endif
