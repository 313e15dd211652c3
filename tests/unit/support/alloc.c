/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * malloc() and so on as the objects of a test program see them, linked with
 * -Wl,--wrap.  Libraries (Check, the sanitizers) are not touched.
 */
#include "unit/support/alloc.h"

#include <stdarg.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real__talloc_zero(const void *ctx, size_t size, const char *name);
char *__real_talloc_strdup(const void *ctx, const char *text);
char *__real_talloc_vasprintf_append_buffer(char *text, const char *fmt,
					    va_list ap);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap__talloc_zero(const void *ctx, size_t size, const char *name);
char *__wrap_talloc_strdup(const void *ctx, const char *text);
char *__wrap_talloc_vasprintf_append_buffer(char *text, const char *fmt,
					    va_list ap)
	__attribute__((format(printf, 2, 0)));

static struct {
	unsigned int countdown; /* 0: never */
	bool goes_on;
	bool failed;
} fail;

void alloc_fail_at(unsigned int n)
{
	fail.countdown = n;
	fail.goes_on = false;
	fail.failed = false;
}

void alloc_fail_from(unsigned int n)
{
	alloc_fail_at(n);
	fail.goes_on = true;
}

void alloc_fail_never(void)
{
	fail.countdown = 0;
}

bool alloc_has_failed(void)
{
	return fail.failed;
}

static bool must_fail(void)
{
	if (!fail.countdown || --fail.countdown)
		return false;
	fail.failed = true;
	if (fail.goes_on)
		fail.countdown = 1;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return must_fail() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return must_fail() ? NULL : __real_realloc(p, size);
}

void *__wrap__talloc_zero(const void *ctx, size_t size, const char *name)
{
	return must_fail() ? NULL : __real__talloc_zero(ctx, size, name);
}

char *__wrap_talloc_strdup(const void *ctx, const char *text)
{
	return must_fail() ? NULL : __real_talloc_strdup(ctx, text);
}

char *__wrap_talloc_vasprintf_append_buffer(char *text, const char *fmt,
					    va_list ap)
{
	if (must_fail())
		return NULL;
	return __real_talloc_vasprintf_append_buffer(text, fmt, ap);
}
