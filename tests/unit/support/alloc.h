/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocations that fail when a test wants them to (ld --wrap). */
#ifndef XS_UNIT_ALLOC_H
#define XS_UNIT_ALLOC_H

#include <stdbool.h>

/* The n-th allocation from now on fails, counted from 1; 0: none does. */
void alloc_fail_at(unsigned int n);
/* From the n-th on, all of them fail. */
void alloc_fail_from(unsigned int n);
/* Whether one has failed since; then none fails any more. */
bool alloc_has_failed(void);
void alloc_fail_never(void);

#endif
