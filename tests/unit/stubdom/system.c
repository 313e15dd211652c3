/* SPDX-License-Identifier: GPL-2.0-only */
#include "unit/stubdom/system.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "plat/stubdom/libc/pages_priv.h"
#include "unit/stubdom/libc.h"

#define DEFAULT_PAGES 2048

char system_console[4096];

static struct {
	size_t n_pages;
	unsigned char *memory;
	bool crash_expected;
	jmp_buf crash_point;
	char why[128];
} sys = {.n_pages = DEFAULT_PAGES};

void system_set_pages(size_t n)
{
	sys.n_pages = n;
}

unsigned char *system_memory(void)
{
	return sys.memory;
}

static unsigned char *map(size_t n_pages, int prot)
{
	void *p = mmap(NULL, n_pages * XS_PAGE_SIZE, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

/*
 * Dirty, for nobody promises anything else: what looks behind the table of
 * pages finds there that everything is free.
 */
void *xs_sys_heap(size_t *n_pagesp)
{
	if (sys.memory) {
		fputs("the heap was asked for twice\n", stderr);
		exit(1);
	}
	sys.memory = map(sys.n_pages + 1, PROT_READ | PROT_WRITE);
	memset(sys.memory, XS_PAGE_FREE, sys.n_pages * XS_PAGE_SIZE);
	mprotect(sys.memory + sys.n_pages * XS_PAGE_SIZE, XS_PAGE_SIZE,
		 PROT_NONE);
	*n_pagesp = sys.n_pages;
	return sys.memory;
}

void xs_sys_console_write(const char *text, size_t len)
{
	strncat(system_console, text,
		len < sizeof(system_console) - strlen(system_console)
			? len
			: sizeof(system_console) - 1 - strlen(system_console));
}

void xs_sys_random(void *buf, size_t len)
{
	memset(buf, SYSTEM_RANDOM, len);
}

void xs_sys_crash(const char *why)
{
	if (!sys.crash_expected) {
		fprintf(stderr, "crash: %s\n", why);
		exit(1);
	}
	snprintf(sys.why, sizeof(sys.why), "%s", why);
	longjmp(sys.crash_point, 1);
}

const char *crash_of(void (*function)(void *arg), void *arg)
{
	const char *why = NULL;

	sys.crash_expected = true;
	if (!setjmp(sys.crash_point))
		function(arg);
	else
		why = sys.why;
	sys.crash_expected = false;
	return why;
}

unsigned char *fenced_page(void)
{
	unsigned char *p = map(3, PROT_NONE) + XS_PAGE_SIZE;

	if (mprotect(p, XS_PAGE_SIZE, PROT_READ | PROT_WRITE)) {
		perror("mprotect");
		exit(1);
	}
	return p;
}

void system_free(void *p)
{
	if (p && xs_page_at(p))
		libc_free(p);
	else
		free(p);
}
