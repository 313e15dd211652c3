/* SPDX-License-Identifier: GPL-2.0-only */
/* The lists of children that were asked for last, as the text of a reply. */
#ifndef XS_STORE_NAMES_H
#define XS_STORE_NAMES_H

#include <stddef.h>

struct xs_dir;

#define XS_N_LISTS 16

struct xs_names {
	struct {
		struct xs_dir *dir; /* NULL: free */
		char *text;
	} lists[XS_N_LISTS];
	unsigned int next; /* to be given up */
};

const char *xs_names_get(struct xs_names *names, struct xs_dir *dir);
void xs_names_forget(struct xs_names *names, struct xs_dir *dir);

#endif
