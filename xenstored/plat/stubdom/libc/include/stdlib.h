/* SPDX-License-Identifier: GPL-2.0-only */
/* As in ISO C and POSIX; heap.c, number.c, sort.c, process.c. */
#ifndef XS_STUBDOM_STDLIB_H
#define XS_STUBDOM_STDLIB_H

#include <stddef.h>

/* Aligned to 16 bytes, to a page from one page on. */
void *malloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *calloc(size_t n, size_t size) __attribute__((malloc, alloc_size(1, 2)));
/* What becomes smaller cannot fail; a size of 0 is one of 1. */
void *realloc(void *p, size_t size) __attribute__((alloc_size(2)));
void *reallocarray(void *p, size_t n, size_t size)
	__attribute__((alloc_size(2, 3)));
void free(void *p);

long strtol(const char *text, char **endp, int base);
unsigned long strtoul(const char *text, char **endp, int base);

/* In place, and never slow; equal ones end up in any order. */
void qsort(void *array, size_t n, size_t size,
	   int (*compare)(const void *a, const void *b));
void *bsearch(const void *key, const void *array, size_t n, size_t size,
	      int (*compare)(const void *key, const void *element));

_Noreturn void abort(void);

#endif
