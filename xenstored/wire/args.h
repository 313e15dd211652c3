/* SPDX-License-Identifier: GPL-2.0-only */
/* The arguments of a request: NUL-terminated strings in its payload. */
#ifndef XS_WIRE_ARGS_H
#define XS_WIRE_ARGS_H

#include <stddef.h>
#include <stdint.h>

#define XS_ARGS_MAX 4097 /* no payload holds more strings */

int xs_args_one(const char *payload, size_t len, size_t *arg_lenp);
size_t xs_args_split(const char *payload, size_t len, const char **args,
		     size_t max, size_t *usedp);
int xs_parse_u32(const char *text, uint32_t *valuep);
int xs_parse_domid(const char *text, uint16_t *domidp);

#endif
