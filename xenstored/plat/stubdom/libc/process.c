/* SPDX-License-Identifier: GPL-2.0-only */
/* A process that has no environment and never ends. */
#include <stdlib.h>

#include "plat/stubdom/libc/debian.h"
#include "plat/stubdom/libc/system.h"

/* Linux's and the psABI's name for "the address of 16 random bytes". */
#define AT_RANDOM	25
#define AT_RANDOM_BYTES 16

/* See stdlib.h.  talloc calls this when it finds its headers overwritten. */
void abort(void)
{
	xs_sys_crash("aborted");
}

/* Accepts everything, for no program ever ends in good order here. */
int atexit(void (*function)(void))
{
	(void)function;
	return 0;
}

char *getenv(const char *name)
{
	(void)name;
	return NULL;
}

/* talloc makes the magic number of its headers of this, when it starts. */
unsigned long getauxval(unsigned long type)
{
	static unsigned char bytes[AT_RANDOM_BYTES];

	if (type != AT_RANDOM)
		return 0;
	xs_sys_random(bytes, sizeof(bytes));
	return (unsigned long)bytes;
}

/* What talloc would take, were there no AT_RANDOM. */
int rand(void)
{
	unsigned int n;

	xs_sys_random(&n, sizeof(n));
	return (int)(n >> 1);
}
