/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Linear hashing with SipHash-1-3.
 *
 * I1  With p the largest power of two not above n_buckets, an entry is in
 *     bucket hash % 2p when that is below n_buckets, else in hash % p.
 * I2  xs_map_add() cannot fail: there are always buckets, growth is an
 *     optimisation that xs_map_reserve() or a lucky realloc() makes possible.
 */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 16

static inline uint64_t rotl(uint64_t x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

#define SIP_ROUND(a, b, c, d)        \
	do {                         \
		a += b;              \
		b = rotl(b, 13) ^ a; \
		a = rotl(a, 32);     \
		c += d;              \
		d = rotl(d, 16) ^ c; \
		a += d;              \
		d = rotl(d, 21) ^ a; \
		c += b;              \
		b = rotl(b, 17) ^ c; \
		c = rotl(c, 32);     \
	} while (0)

/* Up to seven bytes, lowest first, in at most three loads. */
static inline uint64_t load_tail(const unsigned char *p, size_t left)
{
	uint64_t m = 0;
	uint32_t four;
	uint16_t two;

	if (left & 1)
		m = p[left - 1];
	if (left & 2) {
		memcpy(&two, p + (left & 4), sizeof(two));
		m = m << 16 | two;
	}
	if (left & 4) {
		memcpy(&four, p, sizeof(four));
		m = m << 32 | four;
	}
	return m;
}

/*
 * Keyed hash of seed followed by data (SipHash, Aumasson and Bernstein 2012;
 * one compression and three finalisation rounds).
 */
uint32_t xs_hash(const struct xs_hash_key *key, uint64_t seed, const void *data,
		 size_t len)
{
	uint64_t a = key->k0 ^ 0x736f6d6570736575ULL;
	uint64_t b = key->k1 ^ 0x646f72616e646f6dULL;
	uint64_t c = key->k0 ^ 0x6c7967656e657261ULL;
	uint64_t d = key->k1 ^ 0x7465646279746573ULL;
	const unsigned char *p = data;
	uint64_t m = seed;
	size_t left = len;

	d ^= m;
	SIP_ROUND(a, b, c, d);
	a ^= m;
	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&m, p, 8);
		d ^= m;
		SIP_ROUND(a, b, c, d);
		a ^= m;
	}
	m = (uint64_t)(len + 8) << 56 | load_tail(p, left);
	d ^= m;
	SIP_ROUND(a, b, c, d);
	a ^= m;
	c ^= 0xff;
	SIP_ROUND(a, b, c, d);
	SIP_ROUND(a, b, c, d);
	SIP_ROUND(a, b, c, d);
	m = a ^ b ^ c ^ d;
	return (uint32_t)(m ^ m >> 32);
}

/* An empty map; -ENOMEM. */
int xs_map_init(struct xs_map *map)
{
	memset(map, 0, sizeof(*map));
	map->buckets = calloc(FIRST_BUCKETS, sizeof(*map->buckets));
	if (!map->buckets)
		return -ENOMEM;
	map->n_buckets = map->n_alloc = FIRST_BUCKETS;
	return 0;
}

/* Forgets the entries, which stay their owner's. */
void xs_map_fini(struct xs_map *map)
{
	free(map->buckets);
	memset(map, 0, sizeof(*map));
}

/* Largest power of two that is not above n (n > 0). */
static uint32_t power_below(uint32_t n)
{
	return 1u << (31 - __builtin_clz(n));
}

static uint32_t bucket_of(const struct xs_map *map, uint32_t hash)
{
	uint32_t p = power_below(map->n_buckets);
	uint32_t i = hash & (2 * p - 1);

	return i < map->n_buckets ? i : hash & (p - 1);
}

static int grow_array(struct xs_map *map, uint32_t want)
{
	uint32_t n = map->n_alloc;
	struct xs_map_link **buckets;

	while (n < want) {
		if (n > UINT32_MAX / 4)
			return -ENOMEM;
		n *= 2;
	}
	buckets = realloc(map->buckets, n * sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	map->buckets = buckets;
	map->n_alloc = n;
	return 0;
}

/* Moves what belongs there into the new last bucket (keeps I1). */
static void split_one(struct xs_map *map)
{
	uint32_t new = map->n_buckets, p = power_below(new);
	struct xs_map_link **from = &map->buckets[new - p];
	struct xs_map_link **to = &map->buckets[new];

	*to = NULL;
	map->n_buckets++;
	while (*from) {
		struct xs_map_link *link = *from;

		if ((link->hash & (2 * p - 1)) != new) {
			from = &link->next;
			continue;
		}
		*from = link->next;
		link->next = NULL;
		*to = link;
		to = &link->next;
	}
}

/*
 * Makes sure that the next n_more additions find room, so that they are all
 * equally cheap; -ENOMEM.
 */
int xs_map_reserve(struct xs_map *map, uint32_t n_more)
{
	uint32_t want = map->n_entries + n_more;

	if (n_more > UINT32_MAX / 8 - map->n_buckets)
		return -ENOMEM;
	if (map->n_buckets + n_more > map->n_alloc &&
	    grow_array(map, map->n_buckets + n_more))
		return -ENOMEM;
	while (map->n_buckets < want)
		split_one(map);
	return 0;
}

/* Adds an entry; the newest of equal ones is found first. */
void xs_map_add(struct xs_map *map, struct xs_map_link *link, uint32_t hash)
{
	uint32_t i;

	if (map->n_entries >= map->n_buckets &&
	    (map->n_buckets < map->n_alloc ||
	     !grow_array(map, map->n_buckets + 1)))
		split_one(map);
	i = bucket_of(map, hash);
	link->hash = hash;
	link->next = map->buckets[i];
	map->buckets[i] = link;
	map->n_entries++;
}

/* Removes an entry that is in the map. */
void xs_map_remove(struct xs_map *map, struct xs_map_link *link)
{
	struct xs_map_link **pp = &map->buckets[bucket_of(map, link->hash)];

	while (*pp && *pp != link)
		pp = &(*pp)->next;
	if (!*pp)
		return;
	*pp = link->next;
	link->next = NULL;
	map->n_entries--;
}

/* First entry that could have this hash; follow ->next and compare. */
struct xs_map_link *xs_map_bucket(const struct xs_map *map, uint32_t hash)
{
	return map->buckets[bucket_of(map, hash)];
}

/* Forgets the entries, which stay their owner's, and most of the buckets. */
void xs_map_clear(struct xs_map *map)
{
	struct xs_map_link **buckets;

	if (map->n_alloc > 64 * FIRST_BUCKETS) {
		buckets =
			realloc(map->buckets, FIRST_BUCKETS * sizeof(*buckets));
		if (buckets) {
			map->buckets = buckets;
			map->n_alloc = FIRST_BUCKETS;
		}
	}
	map->n_buckets = FIRST_BUCKETS;
	map->n_entries = 0;
	memset(map->buckets, 0, FIRST_BUCKETS * sizeof(*map->buckets));
}
