/* SPDX-License-Identifier: GPL-2.0-only */
/* The arguments for a new program. */
#ifndef XS_LIVE_ARGV_H
#define XS_LIVE_ARGV_H

#include <stdbool.h>
#include <stddef.h>

struct xs_argv {
	const char **list; /* NULL ends it */
	size_t n;
	size_t n_alloc;
	char *words; /* what a command line was cut into */
};

int xs_argv_init(struct xs_argv *argv, const char *file,
		 const char *const *args, const char *cmdline);
void xs_argv_fini(struct xs_argv *argv);
int xs_argv_add(struct xs_argv *argv, const char *arg);
bool xs_argv_has_update(const struct xs_argv *argv);

#endif
