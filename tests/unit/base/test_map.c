/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "unit/support/alloc.h"
#include "unit/support/suite.h"

struct item {
	struct xs_map_link link;
	uint32_t value;
	bool in;
};

static struct item *find(const struct xs_map *map, uint32_t hash,
			 uint32_t value)
{
	struct xs_map_link *l;

	for (l = xs_map_bucket(map, hash); l; l = l->next) {
		struct item *i = xs_container_of(l, struct item, link);

		if (l->hash == hash && i->value == value)
			return i;
	}
	return NULL;
}

static void check_all(const struct xs_map *map, struct item *items, size_t n)
{
	struct xs_map_link *l, *tmp;
	size_t i, n_in = 0, n_seen = 0;
	uint32_t b;

	for (i = 0; i < n; i++) {
		n_in += items[i].in;
		ck_assert_ptr_eq(find(map, items[i].link.hash, (uint32_t)i),
				 items[i].in ? &items[i] : NULL);
	}
	xs_map_for_each(l, tmp, map, b)
		n_seen++;
	ck_assert_uint_eq(map->n_entries, n_in);
	ck_assert_uint_eq(n_seen, n_in);
}

#define N 3000

/* _i: how many bits of the hash differ at all. */
START_TEST(test_random)
{
	static const uint32_t masks[] = {UINT32_MAX, 0x3f, 0xffff0000};
	struct item *items = calloc(N, sizeof(*items));
	struct xs_map map;
	struct rng rng;
	size_t i, k;

	rng_init(&rng, (uint64_t)_i);
	ck_assert_int_eq(xs_map_init(&map), 0);
	for (i = 0; i < N; i++) {
		items[i].value = (uint32_t)i;
		items[i].link.hash = rng_next(&rng) & masks[_i];
	}
	for (k = 0; k < 20000; k++) {
		struct item *it = &items[rng_below(&rng, N)];

		if (it->in)
			xs_map_remove(&map, &it->link);
		else
			xs_map_add(&map, &it->link, it->link.hash);
		it->in = !it->in;
		if (k % 1000 == 0)
			check_all(&map, items, N);
	}
	check_all(&map, items, N);
	xs_map_clear(&map);
	for (i = 0; i < N; i++)
		items[i].in = false;
	check_all(&map, items, N);
	xs_map_fini(&map);
	free(items);
}
END_TEST

/* Growing is an optimisation: without memory everything is still found. */
START_TEST(test_no_memory)
{
	struct item *items = calloc(N, sizeof(*items));
	struct xs_map map;
	size_t i;

	alloc_fail_at(1);
	ck_assert_int_eq(xs_map_init(&map), -ENOMEM);
	alloc_fail_never();
	ck_assert_int_eq(xs_map_init(&map), 0);
	alloc_fail_from(1);
	for (i = 0; i < N; i++) {
		items[i].value = (uint32_t)i;
		items[i].in = true;
		xs_map_add(&map, &items[i].link, (uint32_t)i * 2654435761u);
		/* A little memory now and then. */
		if (i == N / 2)
			alloc_fail_at(4);
	}
	ck_assert(alloc_has_failed());
	alloc_fail_never();
	check_all(&map, items, N);
	ck_assert_int_eq(xs_map_reserve(&map, 100000), 0);
	ck_assert_uint_ge(map.n_buckets, N + 100000);
	ck_assert_uint_ge(map.n_alloc, map.n_buckets);
	ck_assert_int_eq(xs_map_reserve(&map, UINT32_MAX), -ENOMEM);
	check_all(&map, items, N);
	xs_map_fini(&map);
	free(items);
}
END_TEST

START_TEST(test_newest_first)
{
	struct item a = {.value = 1}, b = {.value = 2};
	struct xs_map map;

	ck_assert_int_eq(xs_map_init(&map), 0);
	xs_map_add(&map, &a.link, 5);
	xs_map_add(&map, &b.link, 5);
	ck_assert_ptr_eq(xs_map_bucket(&map, 5), &b.link);
	xs_map_remove(&map, &b.link);
	ck_assert_ptr_eq(xs_map_bucket(&map, 5), &a.link);
	/* Not in the map any more: nothing happens. */
	xs_map_remove(&map, &b.link);
	ck_assert_uint_eq(map.n_entries, 1);
	xs_map_fini(&map);
}
END_TEST

START_TEST(test_hash)
{
	const struct xs_hash_key k1 = {1, 2}, k2 = {1, 3};
	char text[64] = "a name of a node";
	uint32_t h = xs_hash(&k1, 7, text, 16);
	size_t len, i, n_same = 0;

	ck_assert_uint_eq(xs_hash(&k1, 7, text, 16), h);
	ck_assert_uint_ne(xs_hash(&k2, 7, text, 16), h);
	ck_assert_uint_ne(xs_hash(&k1, 8, text, 16), h);
	/* Every bit of every length matters, alignment does not. */
	for (len = 1; len <= 24; len++) {
		char copy[64];

		h = xs_hash(&k1, 0, text, len);
		memcpy(copy + 1, text, len);
		ck_assert_uint_eq(xs_hash(&k1, 0, copy + 1, len), h);
		n_same += xs_hash(&k1, 0, text, len - 1) == h;
		for (i = 0; i < len * 8; i++) {
			memcpy(copy, text, len);
			copy[i / 8] ^= (char)(1 << i % 8);
			n_same += xs_hash(&k1, 0, copy, len) == h;
		}
	}
	ck_assert_uint_eq(n_same, 0);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("base/map");
	TCase *tc = suite_case(suite, "map");

	tcase_add_loop_test(tc, test_random, 0, 3);
	tcase_add_test(tc, test_no_memory);
	tcase_add_test(tc, test_newest_first);
	tcase_add_test(tc, test_hash);
	return suite;
}
