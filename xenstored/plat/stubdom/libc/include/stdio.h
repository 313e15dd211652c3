/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As in ISO C, of which there is: formatting of integers and strings
 * (format.c), and one stream, the console (stream.c).
 */
#ifndef XS_STUBDOM_STDIO_H
#define XS_STUBDOM_STDIO_H

#include <stdarg.h>
#include <stddef.h>

int snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

typedef struct xs_stream FILE;

extern FILE *stderr;

#endif
