/* SPDX-License-Identifier: GPL-2.0-only */
/* A state stream as a whole daemon. */
#ifndef XS_LIVE_LOAD_H
#define XS_LIVE_LOAD_H

#include <stdbool.h>
#include <stddef.h>

struct xs_conns;
struct xs_hash_key;
struct xs_image;
struct xs_image_domain;
struct xs_store;

/* Called with one line for each thing that is wrong. */
typedef void xs_live_say_fn(void *arg, const char *line);

int xs_live_read(struct xs_image *image, const struct xs_hash_key *key,
		 const void *data, size_t len, bool to_load,
		 xs_live_say_fn *say, void *arg);
void xs_live_load_defaults(struct xs_store *store,
			   const struct xs_image *image);
int xs_live_load_limits(struct xs_store *store, const struct xs_image *image,
			const struct xs_image_domain *d);
int xs_live_load(struct xs_conns *conns, const struct xs_image *image);

#endif
