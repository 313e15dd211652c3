/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks at the stub domain's heap from below. */
#ifndef XS_UNIT_HEAP_CHECK_H
#define XS_UNIT_HEAP_CHECK_H

/* Every invariant of pages.c and heap.c that the table of pages shows. */
void heap_check(void);

#endif
