/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hash map whose links are embedded in what it holds.
 *
 * It grows by one bucket per insertion (linear hashing), so that no insertion
 * ever stops the daemon to rehash everything.
 */
#ifndef XS_BASE_MAP_H
#define XS_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xs_map_link {
	struct xs_map_link *next;
	uint32_t hash;
	uint32_t spare; /* the embedder's: saves it the padding */
};

struct xs_map {
	struct xs_map_link **buckets;
	uint32_t n_buckets; /* in use; a power of two plus those split so far */
	uint32_t n_alloc;
	uint32_t n_entries;
};

/* 128 unpredictable bits: guests choose the names that are hashed. */
struct xs_hash_key {
	uint64_t k0, k1;
};

uint32_t xs_hash(const struct xs_hash_key *key, uint64_t seed, const void *data,
		 size_t len);

/* For numbers that nobody chooses to do harm, such as domids. */
static inline uint32_t xs_hash_number(uint32_t number)
{
	return number * 2654435761u;
}

int xs_map_init(struct xs_map *map);
void xs_map_fini(struct xs_map *map);
void xs_map_clear(struct xs_map *map);
int xs_map_reserve(struct xs_map *map, uint32_t n_more);
void xs_map_add(struct xs_map *map, struct xs_map_link *link, uint32_t hash);
void xs_map_remove(struct xs_map *map, struct xs_map_link *link);
struct xs_map_link *xs_map_bucket(const struct xs_map *map, uint32_t hash);

/* Visits every entry once, in no order to rely on; none may be added. */
#define xs_map_for_each(link, tmp, map, i)                                     \
	for (i = 0; i < (map)->n_buckets; i++)                                 \
		for (link = (map)->buckets[i], tmp = link ? link->next : NULL; \
		     link; link = tmp, tmp = link ? link->next : NULL)

#endif
