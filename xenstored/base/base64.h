/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Base64 (RFC 4648), for bytes that have to travel as text. */
#ifndef XS_BASE_BASE64_H
#define XS_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#define XS_BASE64_LEN(n) (((n) + 2) / 3 * 4)

void xs_base64_encode(const void *data, size_t len, char *text);
int xs_base64_decode(const char *text, size_t text_len, void *data, size_t max,
		     size_t *lenp);

#endif
