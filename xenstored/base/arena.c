/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bump allocation from chunks.
 *
 * I1  total is what the account is charged, and is at most its memory limit
 *     when the account is a limited one.
 */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 4000
#define ALIGN	   16

struct xs_arena_chunk {
	struct xs_arena_chunk *next;
	size_t size;
	_Alignas(ALIGN) unsigned char data[];
};

/* Takes no memory yet. */
void xs_arena_init(struct xs_arena *arena, struct xs_account *account)
{
	memset(arena, 0, sizeof(*arena));
	arena->account = account;
}

static struct xs_arena_chunk *add_chunk(struct xs_arena *arena, size_t size)
{
	size_t want = size > CHUNK_SIZE ? size : CHUNK_SIZE;
	size_t bytes = sizeof(struct xs_arena_chunk) + want;
	struct xs_arena_chunk *chunk;

	if (arena->account &&
	    !xs_account_has_room(arena->account, XS_QUOTA_MEMORY,
				 (int64_t)bytes))
		return NULL;
	chunk = malloc(bytes);
	if (!chunk)
		return NULL;
	chunk->size = want;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->used = 0;
	arena->total += bytes;
	if (!arena->account)
		return chunk;
	if (arena->charge.account)
		xs_charge_resize(&arena->charge, arena->total);
	else
		xs_charge_force(&arena->charge, arena->account,
				XS_CHARGE_BYTES_ONLY, arena->total);
	return chunk;
}

/* size bytes, not cleared; NULL when memory or the account is exhausted. */
void *xs_arena_alloc(struct xs_arena *arena, size_t size)
{
	struct xs_arena_chunk *chunk = arena->chunks;
	void *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (!chunk || size > chunk->size - arena->used) {
		chunk = add_chunk(arena, size);
		if (!chunk)
			return NULL;
	}
	p = chunk->data + arena->used;
	arena->used += size;
	return p;
}

/* Gives all back but, for the next time, one chunk that nobody pays for. */
void xs_arena_reset(struct xs_arena *arena)
{
	struct xs_arena_chunk *chunk = arena->chunks;

	if (arena->account || !chunk || chunk->next ||
	    chunk->size != CHUNK_SIZE) {
		struct xs_account *account = arena->account;

		xs_arena_fini(arena);
		arena->account = account;
	}
	arena->used = 0;
}

/* Gives all back. */
void xs_arena_fini(struct xs_arena *arena)
{
	struct xs_arena_chunk *chunk;

	while ((chunk = arena->chunks)) {
		arena->chunks = chunk->next;
		free(chunk);
	}
	xs_charge_release(&arena->charge);
	arena->used = arena->total = 0;
	arena->account = NULL;
}
