/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sorting by a heap: no memory, no recursion, and n log n steps at worst; and
 * finding in what is sorted.
 *
 * I1 While the heap is built, and afterwards while its greatest is taken away,
 *    an element of the heap is never smaller than its two children: those of i
 *    are 2i + 1 and 2i + 2.
 */
#include <stdlib.h>

#include <stdint.h>

typedef int compare_fn(const void *a, const void *b);

static void swap(unsigned char *a, unsigned char *b, size_t size)
{
	for (; size; size--, a++, b++) {
		unsigned char byte = *a;

		*a = *b;
		*b = byte;
	}
}

/* Lets element i sink until I1 holds for it, in a heap of n. */
static void sink(unsigned char *base, size_t i, size_t n, size_t size,
		 compare_fn *compare)
{
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= n)
			return;
		if (child + 1 < n &&
		    compare(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (compare(base + i * size, base + child * size) >= 0)
			return;
		swap(base + i * size, base + child * size, size);
		i = child;
	}
}

/* See stdlib.h. */
void qsort(void *array, size_t n, size_t size, compare_fn *compare)
{
	unsigned char *base = array;
	size_t i;

	for (i = n / 2; i > 0; i--)
		sink(base, i - 1, n, size, compare);
	for (i = n; i > 1; i--) {
		swap(base, base + (i - 1) * size, size);
		sink(base, 0, i - 1, size, compare);
	}
}

/* See stdlib.h. */
void *bsearch(const void *key, const void *array, size_t n, size_t size,
	      compare_fn *compare)
{
	const unsigned char *base = array;

	while (n) {
		const unsigned char *middle = base + n / 2 * size;
		int order = compare(key, middle);

		if (!order)
			return (void *)(uintptr_t)middle;
		if (order > 0) {
			base = middle + size;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	return NULL;
}
