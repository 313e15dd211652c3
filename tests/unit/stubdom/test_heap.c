/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * malloc() and its family under a model: random sequences in heaps of all
 * sizes, most of the time exhausted; and what a wrong program is told.
 */
#include <stdbool.h>
#include <stdint.h>

#include "plat/stubdom/libc/pages.h"
#include "plat/stubdom/libc/system.h"
#include "unit/stubdom/heap_check.h"
#include "unit/stubdom/libc.h"
#include "unit/stubdom/system.h"
#include "unit/support/suite.h"

#define SLAB_MAX  2048
#define N_OBJECTS 3000

/* One allocation; all of its bytes are its tag. */
struct object {
	unsigned char *p;
	size_t size;
	unsigned char tag;
};

struct world {
	struct object objects[N_OBJECTS];
	size_t n, bytes, n_refused;
	struct rng rng;
};

static struct world world;

static size_t any_size(struct rng *rng)
{
	switch (rng_below(rng, 8)) {
	case 0:
		return rng_below(rng, 20000);
	case 1:
		return rng_below(rng, SLAB_MAX + 2);
	case 2:
		return rng_below(rng, 300) & ~15u;
	default:
		return rng_below(rng, 300);
	}
}

static void check_bytes(const unsigned char *p, size_t n, unsigned char want)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] != want)
			ck_abort_msg("%p: byte %zu of %zu is %x, not %x", p, i,
				     n, p[i], want);
	}
}

/* Refused, and there was a reason. */
static void check_refusal(size_t size)
{
	size_t n_pages = (size + XS_PAGE_SIZE - 1) / XS_PAGE_SIZE;
	struct xs_pages_stats stats;

	xs_pages_stats(&stats);
	if (size <= SLAB_MAX)
		n_pages = 1;
	ck_assert_uint_lt(stats.longest_free, n_pages);
	ck_assert_int_eq(libc_errno, ENOMEM);
	libc_errno = 0;
	world.n_refused++;
}

static void take(void)
{
	struct object *o = &world.objects[world.n];
	size_t size = any_size(&world.rng);
	bool clear = rng_below(&world.rng, 2);
	unsigned char *p = clear ? libc_calloc(size, 1) : libc_malloc(size);

	if (!p) {
		check_refusal(size);
		return;
	}
	ck_assert_uint_eq((uintptr_t)p % 16, 0);
	if (size > SLAB_MAX)
		ck_assert_uint_eq((uintptr_t)p % XS_PAGE_SIZE, 0);
	if (clear)
		check_bytes(p, size, 0);
	*o = (struct object){p, size, (unsigned char)rng_next(&world.rng)};
	memset(p, o->tag, size);
	world.n++;
	world.bytes += size;
}

static void give(size_t i)
{
	struct object *o = &world.objects[i];

	check_bytes(o->p, o->size, o->tag);
	libc_free(o->p);
	world.bytes -= o->size;
	*o = world.objects[--world.n];
}

static void resize(size_t i)
{
	struct object *o = &world.objects[i];
	size_t size = any_size(&world.rng), least;
	unsigned char *p = libc_realloc(o->p, size);

	if (!p) {
		ck_assert_uint_gt(size, o->size);
		check_refusal(size);
		check_bytes(o->p, o->size, o->tag);
		return;
	}
	least = size < o->size ? size : o->size;
	check_bytes(p, least, o->tag);
	world.bytes += size - o->size;
	o->p = p;
	o->size = size;
	memset(p, o->tag, size);
}

/* How many steps of a hundred take, when it fills and when it empties. */
static void run(int n_steps, uint32_t percent)
{
	int i;

	for (i = 0; i < n_steps; i++) {
		uint32_t what = rng_below(&world.rng, 100);

		if (world.n < N_OBJECTS && (what < percent || !world.n))
			take();
		else if (what % 3)
			give(rng_below(&world.rng, (uint32_t)world.n));
		else
			resize(rng_below(&world.rng, (uint32_t)world.n));
	}
	heap_check();
}

static void give_all(void)
{
	struct xs_pages_stats stats;

	while (world.n)
		give(rng_below(&world.rng, (uint32_t)world.n));
	heap_check();
	xs_pages_stats(&stats);
	ck_assert_uint_eq(stats.free, stats.total);
	ck_assert_uint_eq(stats.longest_free, stats.total);
	ck_assert_uint_eq(world.bytes, 0);
}

START_TEST(test_random)
{
	static const size_t heaps[] = {8, 33, 120, 400, 2048};
	int round;

	system_set_pages(heaps[_i / 4]);
	rng_init(&world.rng, (uint64_t)_i);
	for (round = 0; round < 8; round++) {
		run(2000, 80);
		run(2000, 50);
		run(2000, 35);
		if (round % 4 == 3)
			give_all();
	}
	if (heaps[_i / 4] <= 400)
		ck_assert_uint_gt(world.n_refused, 100);
}
END_TEST

/* When there are no pages left, an object that is too big serves as well. */
START_TEST(test_next_best)
{
	void *p, *last = NULL, *q;

	while ((p = libc_malloc(400)))
		last = p;
	libc_free(last);
	q = libc_malloc(17);
	ck_assert_ptr_eq(q, last);
	ck_assert_ptr_null(libc_malloc(17));
	q = libc_realloc(q, 400);
	ck_assert_ptr_eq(q, last);
	heap_check();
}
END_TEST

/* Whatever the heap is like, what shrinks can. */
START_TEST(test_shrink_exhausted)
{
	static unsigned char *list[4000];
	size_t n = 0, i, size;

	for (size = 60000; size >= 16; size = size * 4 / 5) {
		while ((list[n] = libc_malloc(size))) {
			memset(list[n], (int)n, size);
			n++;
		}
	}
	ck_assert_ptr_null(libc_malloc(1));
	for (i = 0; i < n; i++) {
		list[i] = libc_realloc(list[i], 12);
		ck_assert_ptr_nonnull(list[i]);
		check_bytes(list[i], 12, (unsigned char)i);
	}
	heap_check();
	for (i = 0; i < n; i++)
		libc_free(list[i]);
	heap_check();
}
END_TEST

START_TEST(test_grow_in_place)
{
	unsigned char *p, *q;
	struct xs_pages_stats before, after;

	q = libc_malloc(5 * XS_PAGE_SIZE);
	p = libc_malloc(3 * XS_PAGE_SIZE);
	libc_free(q);
	q = libc_malloc(3 * XS_PAGE_SIZE);
	/* p lies below what q had, of which two pages are free. */
	xs_pages_stats(&before);
	ck_assert_ptr_eq(libc_realloc(p, 4 * XS_PAGE_SIZE), p);
	ck_assert_ptr_eq(libc_realloc(p, 5 * XS_PAGE_SIZE), p);
	xs_pages_stats(&after);
	ck_assert_uint_eq(after.free, before.free - 2);
	p = libc_realloc(p, 5 * XS_PAGE_SIZE + 1);
	ck_assert_ptr_ne(p, NULL);
	ck_assert_ptr_eq(libc_realloc(p, XS_PAGE_SIZE), p);
	libc_free(p);
	libc_free(q);
	heap_check();
	xs_pages_stats(&after);
	ck_assert_uint_eq(after.free, after.total);
}
END_TEST

START_TEST(test_absurd)
{
	void *p;

	ck_assert_ptr_null(libc_malloc(SIZE_MAX));
	ck_assert_ptr_null(libc_malloc(SIZE_MAX - XS_PAGE_SIZE));
	ck_assert_ptr_null(libc_malloc((size_t)UINT32_MAX * XS_PAGE_SIZE));
	ck_assert_ptr_null(
		libc_malloc(((size_t)UINT32_MAX + 2) * XS_PAGE_SIZE));
	ck_assert_ptr_null(libc_calloc(SIZE_MAX / 2, 3));
	ck_assert_ptr_null(libc_reallocarray(NULL, SIZE_MAX / 2, 3));
	p = libc_malloc(3 * XS_PAGE_SIZE);
	ck_assert_ptr_null(libc_realloc(p, SIZE_MAX));
	ck_assert_ptr_null(
		libc_realloc(p, ((size_t)UINT32_MAX + 5) * XS_PAGE_SIZE));
	ck_assert_ptr_null(libc_reallocarray(p, SIZE_MAX / 2, 3));
	libc_free(p);
	libc_free(NULL);
	p = libc_malloc(0);
	ck_assert_ptr_nonnull(p);
	p = libc_realloc(p, 0);
	ck_assert_ptr_nonnull(p);
	libc_free(p);
	p = libc_realloc(NULL, 10);
	ck_assert_ptr_nonnull(p);
	libc_free(p);
	p = libc_reallocarray(NULL, 10, 10);
	ck_assert_ptr_nonnull(p);
	libc_free(p);
	heap_check();
}
END_TEST

/* _i: pages of the whole heap, of which its table takes one */
START_TEST(test_tiny)
{
	system_set_pages((size_t)_i);
	if (_i < 2) {
		ck_assert_ptr_null(libc_malloc(1));
		ck_assert_ptr_null(libc_malloc(5000));
		return;
	}
	ck_assert_ptr_nonnull(libc_malloc(100));
	heap_check();
	ck_assert_ptr_null(libc_malloc(3 * XS_PAGE_SIZE));
}
END_TEST

/* ---- What a wrong program is told ------------------------------------- */

#define ck_assert_crash(function, arg, text)                       \
	do {                                                       \
		const char *why = crash_of(function, arg);         \
		ck_assert_msg(why &&strstr(why, text), "%s", why); \
	} while (0)

static void grow(void *p)
{
	ck_assert_ptr_null(libc_realloc(p, 100000));
}

static void allocate(void *sizep)
{
	ck_assert_ptr_null(libc_malloc(*(size_t *)sizep));
}

/* _i: the size; small ones and some that have pages of their own */
START_TEST(test_wrong_pointers)
{
	static const size_t sizes[] = {17, 48, 816, 2048, 2049, 10000};
	size_t size = sizes[_i];
	const char *inside = size > SLAB_MAX ? "never given" : "inside";
	unsigned char *p = libc_malloc(size), *keep = libc_malloc(size);
	char local[32];

	ck_assert_crash(libc_free, p + 1, inside);
	ck_assert_crash(libc_free, p + 16, inside);
	ck_assert_crash(grow, p + 16, inside);
	ck_assert_crash(libc_free, local, "not in the heap");
	ck_assert_crash(libc_free, system_memory(), "not in the heap");
	ck_assert_crash(libc_free, p + 4000 * XS_PAGE_SIZE, "not in the heap");
	libc_free(p);
	ck_assert_crash(libc_free, p, "free already");
	ck_assert_crash(grow, p, "free already");
	ck_assert_crash(xs_pages_put, p, "no run");
	ck_assert_crash(xs_pages_put, keep + 16, "no run");
	libc_free(keep);
	ck_assert_crash(libc_free, keep, "free already");
	heap_check();
}
END_TEST

/* Behind its last object, a page whose size that is no divisor of goes on. */
START_TEST(test_behind_the_last)
{
	unsigned char *p = libc_malloc(48);
	unsigned char *page = p - (uintptr_t)p % XS_PAGE_SIZE;

	ck_assert_crash(libc_free, page + XS_PAGE_SIZE / 48 * 48, "inside");
}
END_TEST

START_TEST(test_written_when_free)
{
	static size_t sizes[] = {16, 48, 64, 300, 2048};
	size_t size = sizes[_i], k;

	for (k = 0; k < 64 && k < size; k++) {
		unsigned char *keep = libc_malloc(size);
		unsigned char *p = libc_malloc(size), was;

		libc_free(p);
		was = p[k];
		p[k] ^= 1;
		ck_assert_crash(allocate, &size, "was written to");
		p[k] = was;
		ck_assert_ptr_eq(libc_malloc(size), p);
		libc_free(p);
		libc_free(keep);
	}
}
END_TEST

/* A byte too many, into what nobody has yet. */
START_TEST(test_overrun)
{
	size_t size = 64;
	unsigned char *p = libc_malloc(size);

	p[size] = 0;
	ck_assert_crash(allocate, &size, "was written to");
}
END_TEST

/* ---- A store that lives long ------------------------------------------ */

#define N_NODES	  60000
#define LIFE_SIZE (8 << 20)

struct life {
	uint32_t shift;	    /* how much the usual size changes at a time */
	uint32_t use_most;  /* of the memory, in percent */
	size_t may_be_lost; /* of what is in use, in percent */
};

/* As in a store: mostly what a node needs, now and then a long value. */
static size_t node_size(const struct life *life, struct rng *rng, int step)
{
	uint32_t usual = 130 + life->shift * (uint32_t)(step / 200000 % 7);

	if (rng_below(rng, 30) == 0)
		return 2000 + rng_below(rng, 2200);
	return usual + rng_below(rng, 150);
}

/* In percent of what is in use; the table of pages is not in total. */
static size_t lost(size_t in_use)
{
	struct xs_pages_stats stats;

	xs_pages_stats(&stats);
	return ((stats.total - stats.free) * XS_PAGE_SIZE - in_use) * 100 /
	       in_use;
}

/*
 * Random nodes come and go for a long time in 8 MiB and nothing is refused.
 * Then again with sizes that become others, so that pages have to change their
 * class, which they can only when all of their objects are gone.
 */
START_TEST(test_long_life)
{
	static const struct life lives[] = {
		{.shift = 0, .use_most = 80, .may_be_lost = 15},
		{.shift = 40, .use_most = 50, .may_be_lost = 100},
	};
	const struct life *life = &lives[_i];
	size_t most = LIFE_SIZE / 100 * life->use_most, in_use = 0;
	static unsigned char *nodes[N_NODES];
	static uint16_t sizes[N_NODES];
	struct rng rng;
	int i;

	system_set_pages(LIFE_SIZE / XS_PAGE_SIZE);
	rng_init(&rng, 1);
	for (i = 0; i < 1000000; i++) {
		uint32_t k = rng_below(&rng, N_NODES);
		size_t size = node_size(life, &rng, i);

		in_use -= sizes[k];
		libc_free(nodes[k]);
		nodes[k] = NULL;
		sizes[k] = 0;
		if (in_use + size > most)
			continue;
		nodes[k] = libc_malloc(size);
		if (!nodes[k])
			ck_abort_msg("step %d: %zu bytes refused", i, size);
		sizes[k] = (uint16_t)size;
		in_use += size;
		if (i > 200000 && i % 1000 == 0)
			ck_assert_uint_lt(lost(in_use), life->may_be_lost);
	}
	heap_check();
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/libc/heap");
	TCase *tc = suite_case(suite, "heap");

	tcase_add_loop_test(tc, test_random, 0, 20);
	tcase_add_test(tc, test_next_best);
	tcase_add_test(tc, test_shrink_exhausted);
	tcase_add_test(tc, test_grow_in_place);
	tcase_add_test(tc, test_absurd);
	tcase_add_loop_test(tc, test_tiny, 0, 4);
	tcase_add_loop_test(tc, test_wrong_pointers, 0, 6);
	tcase_add_test(tc, test_behind_the_last);
	tcase_add_loop_test(tc, test_written_when_free, 0, 5);
	tcase_add_test(tc, test_overrun);
	tcase_add_loop_test(tc, test_long_life, 0, 2);
	return suite;
}
