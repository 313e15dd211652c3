/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one stream there is: the console.  Only libtalloc.a refers to it, in
 * functions that print what is allocated; the core has its log.
 */
#include "plat/stubdom/libc/debian.h"

#include <string.h>

#include "plat/stubdom/libc/system.h"

/* Longer lines are cut. */
#define LINE_MAX_LEN 512

FILE *stderr; /* nobody looks behind it */

int __fprintf_chk(FILE *stream, int flag, const char *fmt, ...)
{
	char line[LINE_MAX_LEN];
	va_list ap;
	int len;

	(void)flag;
	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (len < 0)
		return len;
	return fputs(line, stream);
}

int fputs(const char *text, FILE *stream)
{
	(void)stream;
	xs_sys_console_write(text, strlen(text));
	return 0;
}

size_t fwrite(const void *data, size_t size, size_t n, FILE *stream)
{
	(void)stream;
	xs_sys_console_write(data, size * n);
	return n;
}

int fflush(FILE *stream)
{
	(void)stream;
	return 0;
}
