/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The heap as runs of pages.
 *
 * It begins with a table that has a struct xs_page (48 bytes, 1.2 %) for each
 * page of the rest.  All that is known about memory is in that table and none
 * of it in the memory handed out, so what overruns its end there hits other
 * data, but never this.
 *
 * I1 Every page belongs to one run, which is free or has one owner; its first
 *    page says which, and how long it is.  So does a free run's last page.
 * I2 Two free runs are never neighbours.
 * I3 A free run is in the list of its length's bin, and bin_used has the bit
 *    of each bin that is not empty.  A bin's lengths differ by less than a
 *    quarter.
 * I4 Pages are refused only if no free run is long enough.
 *
 * Taking and giving pages is a matter of a few steps.  Only when nothing is
 * left in the bins where everything fits, the one below is searched.
 */
#include "plat/stubdom/libc/pages_priv.h"

#include <stdio.h>

/* A run's length is at most 2^32 - 1: 4 bins for each power of two. */
#define N_BINS (4 * 31)

static struct {
	unsigned char *base; /* the first page that can be used */
	struct xs_page *table;
	uint32_t n; /* pages in the table; 0: there is no heap yet */
	uint32_t n_free;
	uint32_t bins[N_BINS];
	uint64_t bin_used[(N_BINS + 63) / 64];
	bool is_ready;
} heap;

/* The heap, or whoever uses it, is wrong about the memory at p. */
void xs_heap_broken(const char *what, const void *p)
{
	char why[80];

	snprintf(why, sizeof(why), "heap: %p %s", p, what);
	xs_sys_crash(why);
}

/* ---- Pages by number, lists of them ----------------------------------- */

struct xs_page *xs_page_number(uint32_t number)
{
	return &heap.table[number];
}

static uint32_t number_of(const struct xs_page *page)
{
	return (uint32_t)(page - heap.table);
}

void *xs_page_address(const struct xs_page *page)
{
	return heap.base + (size_t)number_of(page) * XS_PAGE_SIZE;
}

struct xs_page *xs_page_at(const void *p)
{
	size_t offset = (uintptr_t)p - (uintptr_t)heap.base;

	if (offset >= (size_t)heap.n * XS_PAGE_SIZE)
		return NULL;
	return &heap.table[offset / XS_PAGE_SIZE];
}

void xs_page_link(uint32_t *headp, struct xs_page *page)
{
	page->prev = XS_NO_PAGE;
	page->next = *headp;
	if (*headp != XS_NO_PAGE)
		heap.table[*headp].prev = number_of(page);
	*headp = number_of(page);
}

void xs_page_unlink(uint32_t *headp, struct xs_page *page)
{
	uint32_t *before =
		page->prev == XS_NO_PAGE ? headp : &heap.table[page->prev].next;

	if (*before != number_of(page))
		xs_heap_broken("is in no list", xs_page_address(page));
	*before = page->next;
	if (page->next != XS_NO_PAGE)
		heap.table[page->next].prev = page->prev;
}

/* ---- Bins ------------------------------------------------------------- */

/* 1, 2, 3 have a bin each; from 4 on, four share out each power of two. */
static unsigned int bin_of(uint32_t n)
{
	unsigned int log;

	if (n < 4)
		return n;
	log = 31 - (unsigned int)__builtin_clz(n);
	return 4 * (log - 1) + (n >> (log - 2) & 3);
}

/* The first bin from this one on that is not empty, or N_BINS. */
static unsigned int next_bin(unsigned int bin)
{
	for (; bin < N_BINS; bin = (bin | 63) + 1) {
		uint64_t used = heap.bin_used[bin / 64] >> (bin % 64);

		if (used)
			return bin + (unsigned int)__builtin_ctzll(used);
	}
	return N_BINS;
}

/* n pages from here on become a free run (I1, I3). */
static void add_free(uint32_t first, uint32_t n)
{
	struct xs_page *page = &heap.table[first];
	struct xs_page *last = &heap.table[first + n - 1];
	unsigned int bin = bin_of(n);

	page->state = last->state = XS_PAGE_FREE;
	page->n = last->n = n;
	xs_page_link(&heap.bins[bin], page);
	heap.bin_used[bin / 64] |= 1ULL << (bin % 64);
	heap.n_free += n;
}

/* A free run becomes nobody's. */
static void remove_free(struct xs_page *page)
{
	unsigned int bin = bin_of(page->n);

	xs_page_unlink(&heap.bins[bin], page);
	if (heap.bins[bin] == XS_NO_PAGE)
		heap.bin_used[bin / 64] &= ~(1ULL << (bin % 64));
	heap.n_free -= page->n;
	page[page->n - 1].state = XS_PAGE_INSIDE;
	page->state = XS_PAGE_INSIDE;
}

/* I4.  Every run in the bins above that of n is long enough. */
static struct xs_page *find_free(uint32_t n)
{
	unsigned int bin = next_bin(bin_of(n) + 1);
	uint32_t i;

	for (i = heap.bins[bin_of(n)]; i != XS_NO_PAGE;
	     i = heap.table[i].next) {
		if (heap.table[i].n >= n)
			return &heap.table[i];
		if (bin < N_BINS)
			break;
	}
	return bin < N_BINS ? &heap.table[heap.bins[bin]] : NULL;
}

/* ---- Runs ------------------------------------------------------------- */

static void set_up(void)
{
	size_t n_pages = 0, n_table, i;
	unsigned char *start = xs_sys_heap(&n_pages);

	heap.is_ready = true;
	for (i = 0; i < N_BINS; i++)
		heap.bins[i] = XS_NO_PAGE;
	if (n_pages > UINT32_MAX - 1)
		n_pages = UINT32_MAX - 1;
	n_table = (n_pages * sizeof(*heap.table) + XS_PAGE_SIZE - 1) /
		  XS_PAGE_SIZE;
	if (n_table >= n_pages)
		return;
	heap.table = (void *)start;
	heap.base = start + n_table * XS_PAGE_SIZE;
	heap.n = (uint32_t)(n_pages - n_table);
	for (i = 0; i < heap.n; i++)
		heap.table[i].state = XS_PAGE_INSIDE;
	add_free(0, heap.n);
}

/* n pages in a row, or NULL (I4). */
struct xs_page *xs_run_take(size_t n, enum xs_page_end end)
{
	struct xs_page *page;
	uint32_t first, spare;

	if (!heap.is_ready)
		set_up();
	if (!n || n > heap.n_free)
		return NULL;
	page = find_free((uint32_t)n);
	if (!page)
		return NULL;
	first = number_of(page);
	spare = page->n - (uint32_t)n;
	remove_free(page);
	if (spare && end == XS_PAGE_BOTTOM)
		add_free(first + (uint32_t)n, spare);
	else if (spare)
		add_free(first, spare);
	if (end == XS_PAGE_TOP)
		page += spare;
	page->state = XS_PAGE_RUN;
	page->n = (uint32_t)n;
	return page;
}

/* I2.  The n pages from here on are nobody's. */
static void free_and_merge(uint32_t first, uint32_t n)
{
	struct xs_page *after = &heap.table[first + n];

	if (first + n < heap.n && after->state == XS_PAGE_FREE) {
		n += after->n;
		remove_free(after);
	}
	if (first && heap.table[first - 1].state == XS_PAGE_FREE) {
		uint32_t before = heap.table[first - 1].n;

		first -= before;
		n += before;
		remove_free(&heap.table[first]);
	}
	add_free(first, n);
}

/* Takes back what xs_run_take() gave. */
void xs_run_give(struct xs_page *page)
{
	page->state = XS_PAGE_INSIDE;
	free_and_merge(number_of(page), page->n);
}

/* Makes a run shorter, or longer if free pages follow; false: it cannot. */
bool xs_run_resize(struct xs_page *page, size_t n)
{
	uint32_t end = number_of(page) + page->n, more, spare;
	struct xs_page *after = &heap.table[end];

	if (n <= page->n) {
		uint32_t cut = page->n - (uint32_t)n;

		page->n = (uint32_t)n;
		if (cut)
			free_and_merge(end - cut, cut);
		return true;
	}
	if (n > heap.n || end == heap.n || after->state != XS_PAGE_FREE ||
	    after->n < n - page->n)
		return false;
	more = (uint32_t)n - page->n;
	spare = after->n - more;
	remove_free(after);
	if (spare)
		add_free(end + more, spare);
	page->n = (uint32_t)n;
	return true;
}

/* ---- For everybody ---------------------------------------------------- */

/* See pages.h. */
void *xs_pages_get(size_t n)
{
	struct xs_page *page = xs_run_take(n, XS_PAGE_TOP);

	return page ? xs_page_address(page) : NULL;
}

/* See pages.h. */
void xs_pages_put(void *pages)
{
	struct xs_page *page;

	if (!pages)
		return;
	page = xs_page_at(pages);
	if (!page || page->state != XS_PAGE_RUN ||
	    (uintptr_t)pages % XS_PAGE_SIZE)
		xs_heap_broken("is no run of pages that somebody has", pages);
	xs_run_give(page);
}

/* See pages.h. */
void xs_pages_stats(struct xs_pages_stats *stats)
{
	unsigned int bin;
	uint32_t i;

	if (!heap.is_ready)
		set_up();
	*stats = (struct xs_pages_stats){.total = heap.n, .free = heap.n_free};
	for (bin = 0; bin < N_BINS; bin++) {
		for (i = heap.bins[bin]; i != XS_NO_PAGE;
		     i = heap.table[i].next) {
			if (heap.table[i].n > stats->longest_free)
				stats->longest_free = heap.table[i].n;
		}
	}
}

/* See pages.h. */
unsigned int xs_pages_free_percent(void)
{
	if (!heap.is_ready)
		set_up();
	return heap.n ? (unsigned int)((uint64_t)heap.n_free * 100 / heap.n)
		      : 0;
}
