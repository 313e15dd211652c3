/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Debian's libtalloc.a calls besides the functions of the headers: names
 * and arguments as in the ABI of the GNU C library ("__x_chk" are the checked
 * forms that the compiler puts in place of x).
 */
#ifndef XS_STUBDOM_DEBIAN_H
#define XS_STUBDOM_DEBIAN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* stream.c: all there is of streams goes to the console. */
int __fprintf_chk(FILE *stream, int flag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int fputs(const char *text, FILE *stream);
size_t fwrite(const void *data, size_t size, size_t n, FILE *stream);
int fflush(FILE *stream);

/* checked.c */
int __vsnprintf_chk(char *buf, size_t max, int flag, size_t size,
		    const char *fmt, va_list ap)
	__attribute__((format(printf, 5, 0)));
_Noreturn void __stack_chk_fail(void);

/* process.c */
int atexit(void (*function)(void));
char *getenv(const char *name);
unsigned long getauxval(unsigned long type);
int rand(void);

#endif
