/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * malloc() and its family.
 *
 * More than half a page is a run of pages of its own.  Anything smaller is an
 * object of a slab: a page cut into equal pieces, all of one size class.
 *
 * I1 A bit in its page's struct xs_page says of each object whether it is free;
 *    n_free counts them.  So a pointer that was never given, or is given back
 *    twice, is noticed.
 * I2 The slabs of a class that have a free object are in its list.  A slab of
 *    which all are free goes back to the runs of pages at once.
 * I3 A free object begins with a pattern.  Whoever writes there, after it was
 *    freed or past the end of the object before it, is noticed when it is
 *    handed out again.
 * I4 NULL means: no page is left, or no run of so many, and no free object is
 *    big enough.  To make something smaller never fails.
 *
 * What is lost: below 17 objects to a page, less than 16 bytes of each object;
 * above that, at most a third of it, and up to a half of more than half a page.
 * Then what is free in pages that are not full, which only objects of the same
 * class can have: 8 % in the steady life of a store, up to as much as is in use
 * when what is allocated changes its sizes (tests/unit/stubdom/test_heap.c).
 * What somebody causes to be lost was his, and charged to him, before.
 */
#include <stdlib.h>

#include <errno.h>
#include <string.h>

#include "plat/stubdom/libc/pages_priv.h"

/*
 * For each number of objects, the size of which just so many fit into a page;
 * where that would be less than 16 bytes more than the one before, every
 * multiple of 16.
 */
static const uint16_t class_size[] = {
	16,  32,  48,  64,  80,	 96,  112, 128,	 144,  160,
	176, 192, 208, 224, 240, 256, 272, 288,	 304,  336,
	368, 400, 448, 512, 576, 672, 816, 1024, 1360, 2048,
};

#define N_CLASSES (sizeof(class_size) / sizeof(class_size[0]))
#define SLAB_MAX  2048

/* Of a free object, this much begins with the pattern. */
#define PATTERN_MAX 64
#define PATTERN	    0xf4eef4eef4eef4eeULL

static struct {
	uint32_t slabs[N_CLASSES];			/* I2 */
	uint8_t class_of[SLAB_MAX / XS_SLAB_ALIGN + 1]; /* by size / 16 */
	bool is_ready;
} heap;

static void set_up(void)
{
	unsigned int units, class = 0;

	for (units = 0; units <= SLAB_MAX / XS_SLAB_ALIGN; units++) {
		if (units * XS_SLAB_ALIGN > class_size[class])
			class ++;
		heap.class_of[units] = (uint8_t) class;
	}
	for (class = 0; class < N_CLASSES; class ++)
		heap.slabs[class] = XS_NO_PAGE;
	heap.is_ready = true;
}

static unsigned int class_for(size_t size)
{
	return heap.class_of[(size + XS_SLAB_ALIGN - 1) / XS_SLAB_ALIGN];
}

static size_t pages_for(size_t size)
{
	return size / XS_PAGE_SIZE + (size % XS_PAGE_SIZE != 0);
}

/* ---- Objects of a slab ------------------------------------------------ */

static size_t pattern_len(unsigned int class)
{
	return class_size[class] < PATTERN_MAX ? class_size[class]
					       : PATTERN_MAX;
}

/* I3 */
static void mark_free(void *object, unsigned int class)
{
	uint64_t *p = object, *end = p + pattern_len(class) / sizeof(*p);

	while (p < end)
		*p++ = PATTERN;
}

static void check_free(const void *object, unsigned int class)
{
	const uint64_t *p = object, *end = p + pattern_len(class) / sizeof(*p);

	for (; p < end; p++) {
		if (*p != PATTERN)
			xs_heap_broken("was written to while it was free",
				       object);
	}
}

static struct xs_page *new_slab(unsigned int class)
{
	unsigned int i, n = XS_PAGE_SIZE / class_size[class];
	struct xs_page *page = xs_run_take(1, XS_PAGE_BOTTOM);
	unsigned char *base;

	if (!page)
		return NULL;
	base = xs_page_address(page);
	page->state = XS_PAGE_SLAB;
	page->class = (uint8_t) class;
	page->n_free = (uint16_t)n;
	memset(page->free, 0, sizeof(page->free));
	for (i = 0; i < n; i++) {
		page->free[i / 64] |= 1ULL << (i % 64);
		mark_free(base + i * class_size[class], class);
	}
	xs_page_link(&heap.slabs[class], page);
	return page;
}

/* The slab has a free object (I2). */
static void *take_object(struct xs_page *page)
{
	unsigned char *base = xs_page_address(page);
	unsigned int bit, word = 0;
	void *object;

	while (!page->free[word])
		word++;
	bit = (unsigned int)__builtin_ctzll(page->free[word]);
	object = base + (word * 64 + bit) * class_size[page->class];
	check_free(object, page->class);
	page->free[word] &= ~(1ULL << bit);
	if (!--page->n_free)
		xs_page_unlink(&heap.slabs[page->class], page);
	return object;
}

/* Which of its slab's objects this is (I1). */
static unsigned int object_index(const struct xs_page *page, const void *p)
{
	size_t offset = (uintptr_t)p % XS_PAGE_SIZE;
	unsigned int i = (unsigned int)(offset / class_size[page->class]);

	if (offset % class_size[page->class] ||
	    i >= XS_PAGE_SIZE / class_size[page->class])
		xs_heap_broken("is inside of an object", p);
	if (page->free[i / 64] >> (i % 64) & 1)
		xs_heap_broken("is free already", p);
	return i;
}

static void give_object(struct xs_page *page, void *p)
{
	unsigned int class = page->class, i = object_index(page, p);

	page->free[i / 64] |= 1ULL << (i % 64);
	mark_free(p, class);
	if (!page->n_free++)
		xs_page_link(&heap.slabs[class], page);
	if (page->n_free < XS_PAGE_SIZE / class_size[class])
		return;
	xs_page_unlink(&heap.slabs[class], page);
	xs_run_give(page);
}

/* ---- The family ------------------------------------------------------- */

/*
 * A slab with a free object for size bytes: one of their class, a new one, or,
 * when there are no pages left, the next best.
 */
static struct xs_page *find_slab(size_t size)
{
	unsigned int class = class_for(size);
	struct xs_page *page;

	if (heap.slabs[class] != XS_NO_PAGE)
		return xs_page_number(heap.slabs[class]);
	page = new_slab(class);
	while (!page && ++class < N_CLASSES) {
		if (heap.slabs[class] != XS_NO_PAGE)
			page = xs_page_number(heap.slabs[class]);
	}
	return page;
}

static void *allocate(size_t size)
{
	struct xs_page *page;

	if (!heap.is_ready)
		set_up();
	if (size > SLAB_MAX)
		return xs_pages_get(pages_for(size));
	page = find_slab(size);
	return page ? take_object(page) : NULL;
}

void *malloc(size_t size)
{
	void *p = allocate(size ? size : 1);

	if (!p)
		errno = ENOMEM;
	return p;
}

void *calloc(size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	p = malloc(bytes);
	return p ? memset(p, 0, bytes) : NULL;
}

/* The page of what malloc() gave and free() did not get yet. */
static struct xs_page *page_of(const void *p)
{
	struct xs_page *page = xs_page_at(p);

	if (!page)
		xs_heap_broken("is not in the heap", p);
	if (page->state == XS_PAGE_SLAB)
		object_index(page, p);
	else if (page->state != XS_PAGE_RUN || (uintptr_t)p % XS_PAGE_SIZE)
		xs_heap_broken("was never given, or is free already", p);
	return page;
}

void free(void *p)
{
	struct xs_page *page;

	if (!p)
		return;
	page = page_of(p);
	if (page->state == XS_PAGE_SLAB)
		give_object(page, p);
	else
		xs_run_give(page);
}

static size_t room_of(const struct xs_page *page)
{
	if (page->state == XS_PAGE_SLAB)
		return class_size[page->class];
	return (size_t)page->n * XS_PAGE_SIZE;
}

/* Where it lies, if that is worth it. */
static bool resize_in_place(struct xs_page *page, size_t size)
{
	if (page->state == XS_PAGE_RUN)
		return size > SLAB_MAX && xs_run_resize(page, pages_for(size));
	return size <= room_of(page) && size > room_of(page) / 2;
}

void *realloc(void *p, size_t size)
{
	struct xs_page *page;
	size_t room;
	void *moved;

	if (!p)
		return malloc(size);
	page = page_of(p);
	if (resize_in_place(page, size))
		return p;
	room = room_of(page);
	moved = malloc(size);
	if (!moved)
		return size <= room ? p : NULL; /* I4 */
	memcpy(moved, p, size < room ? size : room);
	free(p);
	return moved;
}

void *reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, bytes);
}
