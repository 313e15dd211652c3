/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory there is, and which of it is the heap.
 *
 * The memory map tells what may be RAM: with init-xenstore-domain --maxmem it
 * shows more than there is.  How much there is, is asked for as a number of
 * pages; the builder fills the map from the bottom.
 *
 *   0 .. IMAGE_BASE .. image, modules .. heap .. end
 */
#include "plat/stubdom/internal.h"

#include <stdlib.h>

#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/memory.h>

#include "plat/stubdom/hypercall.h"
#include "plat/stubdom/layout.h"
#include "plat/stubdom/libc/system.h"

#define MAP_MAX 32

/* As BIOSes have it, 20 bytes each, with the types of start_info.h. */
struct e820_entry {
	uint64_t addr;
	uint64_t size;
	uint32_t type;
} __attribute__((packed));

static uint64_t heap_start, heap_end;

static unsigned int read_map(struct e820_entry *entries)
{
	struct xen_memory_map map = {.nr_entries = MAP_MAX};

	set_xen_guest_handle(map.buffer, entries);
	if (xs_xen_memory(XENMEM_memory_map, &map))
		xs_sys_crash("Xen does not tell the memory map");
	return map.nr_entries;
}

static uint64_t count_pages(void)
{
	domid_t self = DOMID_SELF;
	long n = xs_xen_memory(XENMEM_current_reservation, &self);

	if (n <= 0)
		xs_sys_crash("Xen does not tell how much memory there is");
	return (uint64_t)n;
}

/* reserved_end: up to where memory is in use already. */
void xs_memory_init(uint64_t reserved_end)
{
	struct e820_entry entries[MAP_MAX];
	unsigned int n = read_map(entries), i;
	uint64_t present = count_pages() << PAGE_SHIFT;

	for (i = 0; i < n; i++) {
		const struct e820_entry *e = &entries[i];

		if (e->type == XEN_HVM_MEMMAP_TYPE_RAM && !e->addr)
			heap_end = e->size;
		/* The builder's own pages are RAM, but none for us. */
		if (e->type == XEN_HVM_MEMMAP_TYPE_RESERVED &&
		    present > e->size)
			present -= e->size;
	}
	if (heap_end > present)
		heap_end = present;
	if (heap_end > RAM_LIMIT)
		heap_end = RAM_LIMIT;
	heap_end &= ~(uint64_t)(PAGE_SIZE - 1);
	heap_start =
		(reserved_end + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
	if (heap_start >= heap_end)
		xs_sys_crash("there is no memory left for a heap");
}

/* The first address behind our RAM. */
uint64_t xs_memory_end(void)
{
	return heap_end;
}

/* See libc/system.h. */
void *xs_sys_heap(size_t *n_pagesp)
{
	*n_pagesp = (heap_end - heap_start) >> PAGE_SHIFT;
	return (void *)heap_start;
}
