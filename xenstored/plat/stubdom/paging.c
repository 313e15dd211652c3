/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables.  An address is what a hypercall calls it: nothing is moved,
 * pages are only hidden or protected.
 *
 * I1 Nothing is both writable and executable, but for nothing.
 * I2 The first pages, the page below the stack and everything that is not RAM,
 *    a mapped ring or a page of Xen's faults.
 *
 * entry.S made tables of 2 MiB pages.  Here the part with the image gets pages
 * of 4 KiB, what is not RAM goes, and the window gets a branch of its own:
 *
 *   level 4 -> level 3 -+-> level 2 (4 of them): RAM; the first two entries
 *                       |      -> image_l1 (2 of them)
 *                       +-> window_l2 -> one level 1 table for 512 pages each
 *                              (window.c)
 */
#include "plat/stubdom/internal.h"

#include "plat/stubdom/cpu.h"
#include "plat/stubdom/layout.h"

#define LARGE_SIZE   (UINT64_C(1) << LARGE_SHIFT)
#define HUGE_SHIFT   (LARGE_SHIFT + TABLE_SHIFT) /* of a level 3 entry */
#define PTE_NO_EXEC  (UINT64_C(1) << PTE_NX)
#define IMAGE_TABLES (IMAGE_LIMIT >> LARGE_SHIFT)
#define ALIGNED	     __attribute__((aligned(PAGE_SIZE)))

extern uint64_t xs_boot_l3[TABLE_SIZE], xs_boot_l2[4 * TABLE_SIZE];
/* stubdom.lds: text, then constants, then data; entry.S */
extern char xs_text_end[], xs_const_end[], xs_stack_guard[];

static uint64_t image_l1[IMAGE_TABLES * TABLE_SIZE] ALIGNED;
static uint64_t window_l2[TABLE_SIZE] ALIGNED;

static uint64_t entry(uint64_t address, enum xs_access access)
{
	switch (access) {
	case XS_ACCESS_NONE:
		return 0;
	case XS_ACCESS_READ:
		return address | PTE_PRESENT | PTE_NO_EXEC;
	case XS_ACCESS_WRITE:
		return address | PTE_PRESENT | PTE_WRITE | PTE_NO_EXEC;
	case XS_ACCESS_EXECUTE:
		return address | PTE_PRESENT;
	}
	return 0;
}

static enum xs_access image_access(uint64_t page, uint64_t ram_end)
{
	if (page < IMAGE_BASE || page >= ram_end ||
	    page == (uintptr_t)xs_stack_guard)
		return XS_ACCESS_NONE;
	if (page < (uintptr_t)xs_text_end)
		return XS_ACCESS_EXECUTE;
	if (page < (uintptr_t)xs_const_end)
		return XS_ACCESS_READ;
	return XS_ACCESS_WRITE;
}

static uint64_t link_to(const uint64_t *table)
{
	return (uintptr_t)table | PTE_PRESENT | PTE_WRITE;
}

/* Everything as described above, with an empty window. */
void xs_paging_init(uint64_t ram_end)
{
	unsigned int i;

	for (i = 0; i < IMAGE_TABLES * TABLE_SIZE; i++) {
		uint64_t page = (uint64_t)i << PAGE_SHIFT;

		image_l1[i] = entry(page, image_access(page, ram_end));
	}
	for (i = 0; i < 4 * TABLE_SIZE; i++) {
		uint64_t page = (uint64_t)i << LARGE_SHIFT;

		if (i < IMAGE_TABLES)
			xs_boot_l2[i] = link_to(&image_l1[i * TABLE_SIZE]);
		else if (page < ram_end)
			xs_boot_l2[i] =
				entry(page, XS_ACCESS_WRITE) | PTE_LARGE;
		else
			xs_boot_l2[i] = 0;
	}
	xs_boot_l3[WINDOW_BASE >> HUGE_SHIFT] = link_to(window_l2);
	xs_write_cr3(xs_read_cr3());
}

/* Shows a page of Xen's below 4 GiB, and its neighbourhood. */
void xs_paging_map_special(uint64_t page)
{
	uint64_t large = page & ~(LARGE_SIZE - 1);

	xs_boot_l2[page >> LARGE_SHIFT] =
		entry(large, XS_ACCESS_WRITE) | PTE_LARGE;
}

/* Gives 512 pages of the window a table of their own, which is all zeros. */
void xs_paging_window_table(unsigned int index, uint64_t *table)
{
	window_l2[index] = link_to(table);
}

/* Shows or hides one page of the window. */
void xs_paging_set(uint64_t page, enum xs_access access, uint64_t *table)
{
	table[(page >> PAGE_SHIFT) % TABLE_SIZE] = entry(page, access);
	xs_invlpg(page);
}

/* The pages below the image, for who comes after us (kexec.c, leave.c). */
void xs_paging_low(enum xs_access access)
{
	uint64_t page;

	for (page = STEP_CODE; page < IMAGE_BASE; page += PAGE_SIZE)
		xs_paging_set(page, access, image_l1);
}
