/* SPDX-License-Identifier: GPL-2.0-only */
#include "unit/stubdom/system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "plat/stubdom/libc/system.h"

#define DEFAULT_PAGES 2048

char system_console[4096];
jmp_buf system_crash_point;
char system_why[128];

static struct {
	size_t n_pages;
	unsigned char *memory;
	int crash_expected;
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

/* Dirty, for nobody promises anything else. */
void *xs_sys_heap(size_t *n_pagesp)
{
	if (sys.memory) {
		fputs("the heap was asked for twice\n", stderr);
		exit(1);
	}
	sys.memory = map(sys.n_pages + 1, PROT_READ | PROT_WRITE);
	memset(sys.memory, 0xd1, sys.n_pages * XS_PAGE_SIZE);
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
	memset(buf, 0x5a, len);
}

void system_expect_crash(int on)
{
	sys.crash_expected = on;
}

void xs_sys_crash(const char *why)
{
	snprintf(system_why, sizeof(system_why), "%s", why);
	if (sys.crash_expected)
		longjmp(system_crash_point, 1);
	fprintf(stderr, "crash: %s\n", why);
	exit(1);
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
