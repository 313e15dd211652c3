/* SPDX-License-Identifier: GPL-2.0-only */
/* What main/stubdom.c has to tell this platform beyond plat.h. */
#ifndef XS_PLAT_STUBDOM_PLAT_STUBDOM_H
#define XS_PLAT_STUBDOM_PLAT_STUBDOM_H

#include <stddef.h>
#include <stdint.h>

#include "plat/plat.h"

/*
 * Whether this state can be taken over: an exit status, and what a program
 * would print about it.
 */
typedef int xs_plat_stubdom_check_fn(const void *data, size_t len, char *out,
				     size_t max);

struct xs_plat_stubdom_config {
	xs_domid_t master_domid; /* whose ring is the first */
	uint32_t master_port;	 /* and what it offers us for it */
	xs_plat_stubdom_check_fn *check;
};

int xs_plat_stubdom_new(const struct xs_plat_stubdom_config *config,
			struct xs_plat **platp);
/* What came with the image: the state of another; NULL: nothing. */
const void *xs_plat_stubdom_module(size_t *lenp);

/* Says how long it took and how much memory there is. */
void xs_plat_stubdom_ready(struct xs_plat *plat);

/* A line for the console, where there is no platform yet. */
void xs_plat_stubdom_say(const char *line);

#endif
