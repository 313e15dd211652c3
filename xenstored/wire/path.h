/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths: what is legal, and the absolute form of a relative one. */
#ifndef XS_WIRE_PATH_H
#define XS_WIRE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest text: a payload, and the prefix that a relative path gets. */
#define XS_PATH_PREFIX_MAX 24 /* "/local/domain/65535/" */
#define XS_PATH_BUF	   (4096 + XS_PATH_PREFIX_MAX)

/* An absolute path ("/a/b") or special name ("@x"); not NUL-terminated. */
struct xs_path {
	const char *text;
	size_t len;
	size_t prefix; /* bytes put before a relative path, else 0 */
};

struct xs_path_iter {
	const char *pos;
	const char *end;
	const char *name;
	size_t len;
};

int xs_path_canonical(const char *text, size_t len, uint16_t home,
		      char buf[XS_PATH_BUF], struct xs_path *pathp);
size_t xs_path_counted_len(const struct xs_path *path);
bool xs_path_is_special(const struct xs_path *path);
void xs_path_iter_init(struct xs_path_iter *it, const struct xs_path *path);
bool xs_path_iter_next(struct xs_path_iter *it);

#endif
