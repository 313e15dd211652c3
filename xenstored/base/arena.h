/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is given back all at once, charged to one account. */
#ifndef XS_BASE_ARENA_H
#define XS_BASE_ARENA_H

#include <stddef.h>

#include "base/charge.h"

struct xs_arena_chunk;

struct xs_arena {
	struct xs_arena_chunk *chunks; /* newest first; NULL: none yet */
	size_t used;		       /* of the newest */
	size_t total;		       /* bytes of all chunks */
	struct xs_account *account;    /* NULL: nobody pays */
	struct xs_charge charge;
};

void xs_arena_init(struct xs_arena *arena, struct xs_account *account);
void *xs_arena_alloc(struct xs_arena *arena, size_t size);
void xs_arena_reset(struct xs_arena *arena);
void xs_arena_fini(struct xs_arena *arena);

#endif
