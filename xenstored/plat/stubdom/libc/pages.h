/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whole pages of the heap, for whoever needs them aligned: rings, event words,
 * large allocations.  heap.h cuts small ones out of these.
 */
#ifndef XS_STUBDOM_PAGES_H
#define XS_STUBDOM_PAGES_H

#include <stddef.h>

/* A run of n pages in a row, contents arbitrary; NULL: there is none. */
void *xs_pages_get(size_t n);
/* Gives back what xs_pages_get() gave, all of it; NULL is all right. */
void xs_pages_put(void *pages);

/* Of the whole heap, in pages. */
struct xs_pages_stats {
	size_t total;	     /* that can be used at all */
	size_t free;	     /* in runs of any length */
	size_t longest_free; /* the longest of them */
};

void xs_pages_stats(struct xs_pages_stats *stats);
/* How many of a hundred are free; quick. */
unsigned int xs_pages_free_percent(void);

#endif
