/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stub domain's C library beside the machine's: libc_x is ours, x the one
 * it is compared with (mk/libc.mk renames).
 */
#ifndef XS_UNIT_LIBC_H
#define XS_UNIT_LIBC_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern __typeof__(memcpy) libc_memcpy;
extern __typeof__(memmove) libc_memmove;
extern __typeof__(memset) libc_memset;
extern __typeof__(memcmp) libc_memcmp;
void *libc_memchr(const void *s, int c, size_t n);

extern __typeof__(strlen) libc_strlen;
extern __typeof__(strnlen) libc_strnlen;
extern __typeof__(strcmp) libc_strcmp;
extern __typeof__(strncmp) libc_strncmp;
char *libc_strchr(const char *s, int c);
char *libc_strrchr(const char *s, int c);
extern __typeof__(strspn) libc_strspn;
extern __typeof__(strcspn) libc_strcspn;
char *libc_strstr(const char *s, const char *what);
extern __typeof__(strdup) libc_strdup;
extern __typeof__(strerror) libc_strerror;

extern __typeof__(strtol) libc_strtol;
extern __typeof__(strtoul) libc_strtoul;
extern __typeof__(qsort) libc_qsort;
extern __typeof__(bsearch) libc_bsearch;
extern __typeof__(vsnprintf) libc_vsnprintf;
int libc_snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Of these the compiler must not know what they are: tests are rude. */
void *libc_malloc(size_t size);
void *libc_calloc(size_t n, size_t size);
void *libc_realloc(void *p, size_t size);
void *libc_reallocarray(void *p, size_t n, size_t size);
void libc_free(void *p);

struct option;
int libc_getopt_long(int argc, char *const *argv, const char *letters,
		     const struct option *longs, int *indexp);
extern char *libc_optarg;
extern int libc_optind, libc_opterr, libc_optopt;

_Noreturn void libc_abort(void);
int libc_atexit(void (*function)(void));
char *libc_getenv(const char *name);
unsigned long libc_getauxval(unsigned long type);
int libc_rand(void);
int *libc___errno_location(void);
#define libc_errno (*libc___errno_location())

extern FILE *libc_stderr;
int libc_fputs(const char *text, FILE *stream);
size_t libc_fwrite(const void *data, size_t size, size_t n, FILE *stream);
int libc_fflush(FILE *stream);
int libc___fprintf_chk(FILE *stream, int flag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int libc___vsnprintf_chk(char *buf, size_t max, int flag, size_t size,
			 const char *fmt, va_list ap)
	__attribute__((format(printf, 5, 0)));
_Noreturn void libc___stack_chk_fail(void);

#endif
