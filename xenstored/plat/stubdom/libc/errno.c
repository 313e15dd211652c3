/* SPDX-License-Identifier: GPL-2.0-only */
/* The last error, and what errors are called. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int last;

/* Where errno is; Debian's libraries call this by its name. */
int *__errno_location(void)
{
	return &last;
}

static const char *known(int err)
{
	switch (err) {
	case 0:
		return "Success";
#define ERROR(name, text) \
	case name:        \
		return text;
#include "plat/stubdom/libc/errno.def"
#undef ERROR
	}
	return NULL;
}

/* See string.h. */
char *strerror(int err)
{
	static char text[64];
	const char *name = known(err);

	if (name)
		snprintf(text, sizeof(text), "%s", name);
	else
		snprintf(text, sizeof(text), "Unknown error %d", err);
	return text;
}
