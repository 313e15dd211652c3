/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Other domains' pages.  A granted page is mapped by telling Xen at which
 * guest-physical page it shall appear, one that nothing else is at; then our
 * own page table shows it at the same address.
 *
 *   WINDOW_BASE: shared_info, slot 1, slot 2, ... up to CHUNKS * TABLE_SIZE
 *
 * I1 A slot is shown in the page table exactly while Xen has a page there, so
 *    that a ring that is used after it was given back faults.
 * I2 A slot whose page Xen does not take back is never used again.
 */
#include "plat/stubdom/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xen/memory.h>

#include "plat/stubdom/hypercall.h"
#include "plat/stubdom/layout.h"
#include "plat/stubdom/libc/pages.h"
#include "plat/stubdom/libc/system.h"

#define CHUNKS	    64 /* so that every domain id can have a page */
#define CHUNK_PAGES TABLE_SIZE

#define FREE	    UINT32_MAX /* of handles: Xen's count from 0 */
#define NEVER_AGAIN (UINT32_MAX - 1)

/* What one table of the lowest level shows. */
struct chunk {
	uint64_t *table; /* NULL: not there yet */
	unsigned int n_free;
	uint32_t *handles; /* what to give a page back by */
};

static struct chunk chunks[CHUNKS];
static uint64_t first_table[TABLE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static uint32_t first_handles[CHUNK_PAGES];

static void add_chunk(unsigned int i, uint64_t *table, uint32_t *handles)
{
	unsigned int slot;

	for (slot = 0; slot < CHUNK_PAGES; slot++)
		handles[slot] = FREE;
	chunks[i] = (struct chunk){
		.table = table,
		.n_free = CHUNK_PAGES,
		.handles = handles,
	};
	xs_paging_window_table(i, table);
}

static int make_chunk(unsigned int i)
{
	uint64_t *table = xs_pages_get(1);
	uint32_t *handles = malloc(CHUNK_PAGES * sizeof(*handles));

	if (!table || !handles) {
		xs_pages_put(table);
		free(handles);
		return -ENOMEM;
	}
	memset(table, 0, PAGE_SIZE);
	add_chunk(i, table, handles);
	return 0;
}

/* Has Xen's shared_info page where layout.h says. */
void xs_window_init(void)
{
	struct xen_add_to_physmap map = {
		.domid = DOMID_SELF,
		.space = XENMAPSPACE_shared_info,
		.gpfn = SHARED_INFO >> PAGE_SHIFT,
	};

	if (xs_xen_memory(XENMEM_add_to_physmap, &map))
		xs_sys_crash("Xen does not give its shared_info page");
	add_chunk(0, first_table, first_handles);
	first_handles[0] = NEVER_AGAIN;
	chunks[0].n_free--;
	xs_paging_set(SHARED_INFO, XS_ACCESS_WRITE, first_table);
}

static uint64_t address_of(unsigned int chunk, unsigned int slot)
{
	return WINDOW_BASE +
	       (((uint64_t)chunk * CHUNK_PAGES + slot) << PAGE_SHIFT);
}

static int find_free(unsigned int *chunkp, unsigned int *slotp)
{
	unsigned int i, slot = 0;

	for (i = 0; i < CHUNKS; i++) {
		if (!chunks[i].table) {
			int ret = make_chunk(i);

			if (ret)
				return ret;
		}
		if (chunks[i].n_free)
			break;
	}
	if (i == CHUNKS)
		return -ENOSPC;
	while (chunks[i].handles[slot] != FREE)
		slot++;
	*chunkp = i;
	*slotp = slot;
	return 0;
}

static int grant_error(int16_t status)
{
	switch (status) {
	case GNTST_okay:
		return 0;
	case GNTST_bad_domain:
		return -ENOENT;
	case GNTST_no_space:
		return -ENOSPC;
	case GNTST_eagain:
		return -EAGAIN;
	default:
		return -EINVAL;
	}
}

/* Maps the page behind another domain's grant reference. */
int xs_window_map(xs_domid_t domid, uint32_t ref, void **pagep)
{
	struct gnttab_map_grant_ref map = {
		.flags = GNTMAP_host_map,
		.ref = ref,
		.dom = domid,
	};
	unsigned int chunk, slot;
	int ret;

	ret = find_free(&chunk, &slot);
	if (ret)
		return ret;
	map.host_addr = address_of(chunk, slot);
	ret = (int)xs_xen_grant(GNTTABOP_map_grant_ref, &map, 1);
	if (!ret)
		ret = grant_error(map.status);
	if (ret)
		return ret;
	chunks[chunk].handles[slot] = map.handle;
	chunks[chunk].n_free--;
	xs_paging_set(map.host_addr, XS_ACCESS_WRITE, chunks[chunk].table);
	*pagep = (void *)map.host_addr;
	return 0;
}

/* Gives back what xs_window_map() gave. */
int xs_window_unmap(void *page)
{
	uint64_t n = ((uintptr_t)page - WINDOW_BASE) >> PAGE_SHIFT;
	struct chunk *chunk = &chunks[n / CHUNK_PAGES];
	uint32_t *handle = &chunk->handles[n % CHUNK_PAGES];
	struct gnttab_unmap_grant_ref unmap = {
		.host_addr = (uintptr_t)page,
		.handle = *handle,
	};
	int ret;

	xs_paging_set(unmap.host_addr, XS_ACCESS_NONE, chunk->table);
	ret = (int)xs_xen_grant(GNTTABOP_unmap_grant_ref, &unmap, 1);
	if (!ret)
		ret = grant_error(unmap.status);
	if (ret) {
		*handle = NEVER_AGAIN;
		return ret;
	}
	*handle = FREE;
	chunk->n_free++;
	return 0;
}

/* Gives back all there are: this program will not use them any more. */
void xs_window_unmap_all(void)
{
	unsigned int i, slot;

	for (i = 0; i < CHUNKS; i++) {
		for (slot = 0; chunks[i].table && slot < CHUNK_PAGES; slot++) {
			if (chunks[i].handles[slot] < NEVER_AGAIN)
				xs_window_unmap((void *)address_of(i, slot));
		}
	}
}
