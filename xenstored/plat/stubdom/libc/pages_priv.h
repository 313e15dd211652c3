/* SPDX-License-Identifier: GPL-2.0-only */
/* What pages.c knows of each page, and heap.c of those that it cuts up. */
#ifndef XS_STUBDOM_PAGES_PRIV_H
#define XS_STUBDOM_PAGES_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plat/stubdom/libc/pages.h"
#include "plat/stubdom/libc/system.h"

enum xs_page_state {
	XS_PAGE_INSIDE, /* of a run; says nothing itself */
	XS_PAGE_FREE,	/* first or last page of a free run */
	XS_PAGE_RUN,	/* first page of a run that somebody has */
	XS_PAGE_SLAB,	/* the same, one page, cut up by heap.c */
};

#define XS_SLAB_ALIGN 16
#define XS_SLAB_WORDS (XS_PAGE_SIZE / XS_SLAB_ALIGN / 64)

struct xs_page {
	uint32_t n;	     /* pages in the run */
	uint32_t prev, next; /* of one list, by number; XS_NO_PAGE: none */
	uint8_t state;	     /* enum xs_page_state */
	uint8_t class;	     /* XS_PAGE_SLAB: of what size its objects are */
	uint16_t n_free;     /* XS_PAGE_SLAB: of its objects */
	/* XS_PAGE_SLAB: bit i: object i is free */
	uint64_t free[XS_SLAB_WORDS];
};

#define XS_NO_PAGE UINT32_MAX

/* From which end of a longer free run pages are cut: what lives on its own
 * page from below, the rest from above, so that they do not mix.
 */
enum xs_page_end {
	XS_PAGE_BOTTOM,
	XS_PAGE_TOP
};

struct xs_page *xs_run_take(size_t n, enum xs_page_end end);
void xs_run_give(struct xs_page *page);
bool xs_run_resize(struct xs_page *page, size_t n);

/* NULL: the address is none of the heap's pages. */
struct xs_page *xs_page_at(const void *p);
void *xs_page_address(const struct xs_page *page);

/* Lists of pages that begin at *headp. */
void xs_page_link(uint32_t *headp, struct xs_page *page);
void xs_page_unlink(uint32_t *headp, struct xs_page *page);
struct xs_page *xs_page_number(uint32_t number);

_Noreturn void xs_heap_broken(const char *what, const void *p);

#endif
