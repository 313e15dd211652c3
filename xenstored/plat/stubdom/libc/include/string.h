/* SPDX-License-Identifier: GPL-2.0-only */
/* As in ISO C and POSIX; memory.c, string.c, errno.c. */
#ifndef XS_STUBDOM_STRING_H
#define XS_STUBDOM_STRING_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);
char *strstr(const char *s, const char *what);
char *strdup(const char *s) __attribute__((malloc));

/* Never fails; what it says of an unknown number is there until the next. */
char *strerror(int err);

#endif
