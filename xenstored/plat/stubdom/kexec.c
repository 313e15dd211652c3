/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another image takes the place of this one in the same domain.  So it keeps
 * the domain's number, to which every ring is granted and every port is bound;
 * nobody else has to do anything.
 *
 *   low pages       code of the step, page tables, start info, command line
 *   IMAGE_BASE      the new image, behind it the state as its module
 *   end of RAM      copies of both, made before anything is overwritten
 *
 * I1 Until xs_event_reset() everything can fail and nothing has changed.
 * I2 The copies lie above whatever they will be copied to.
 */
#include "plat/stubdom/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>

#include "plat/stubdom/elf.h"
#include "plat/stubdom/layout.h"
#include "plat/stubdom/libc/pages.h"
#include "plat/stubdom/libc/system.h"

/* Read by step.S: no padding. */
struct step {
	struct {
		uint64_t from, to, len, zeros;
	} copies[2];
	uint16_t gdt_limit;
	uint64_t gdt_base;
	uint32_t start_info;
	uint32_t entry;
} __attribute__((packed));

/* All that lies at STEP_INFO. */
struct info {
	struct step step;
	uint64_t gdt[3];
	struct hvm_start_info start;
	struct hvm_modlist_entry module;
	char cmdline[XS_CMDLINE_MAX];
};

extern char xs_step_code[], xs_step_code_end[];
_Noreturn void xs_step(const struct step *step, uint64_t cr3);

static uint64_t page_up(uint64_t n)
{
	return (n + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

/* Three tables that show the first GiB as it is, with all rights. */
static void make_tables(void)
{
	uint64_t *l4 = (uint64_t *)STEP_TABLES;
	uint64_t *l3 = l4 + TABLE_SIZE, *l2 = l3 + TABLE_SIZE;
	unsigned int i;

	memset(l4, 0, 3 * PAGE_SIZE);
	l4[0] = (uintptr_t)l3 | PTE_PRESENT | PTE_WRITE;
	l3[0] = (uintptr_t)l2 | PTE_PRESENT | PTE_WRITE;
	for (i = 0; i < TABLE_SIZE; i++)
		l2[i] = (uint64_t)i << LARGE_SHIFT | PTE_PRESENT | PTE_WRITE |
			PTE_LARGE;
}

/* Copies of image and state at the end of the largest piece of memory (I2). */
static int make_copies(struct step *step, const struct xs_elf_image *image,
		       const void *state, size_t state_len)
{
	uint64_t module = page_up(image->to + image->mem_len);
	uint64_t end = module + page_up(state_len);
	uint64_t need = page_up(image->file_len) + page_up(state_len);
	struct xs_pages_stats stats;
	uint64_t place;
	void *pages;

	xs_pages_stats(&stats);
	pages = xs_pages_get(stats.longest_free);
	place = (uintptr_t)pages + (stats.longest_free << PAGE_SHIFT) - need;
	if (!pages || stats.longest_free << PAGE_SHIFT < need || place < end) {
		xs_pages_put(pages);
		return -ENOMEM;
	}
	memcpy((void *)place, image->data, image->file_len);
	step->copies[0].from = place;
	step->copies[0].to = image->to;
	step->copies[0].len = image->file_len;
	step->copies[0].zeros = image->mem_len - image->file_len;
	place += page_up(image->file_len);
	memcpy((void *)place, state, state_len);
	step->copies[1].from = place;
	step->copies[1].to = module;
	step->copies[1].len = state_len;
	return 0;
}

static void fill_info(struct info *info, const struct xs_elf_image *image,
		      const char *cmdline)
{
	info->gdt[SEL_CODE / 8] = SEGMENT_CODE32;
	info->gdt[SEL_DATA / 8] = SEGMENT_DATA32;
	info->step.gdt_base = (uintptr_t)info->gdt;
	info->step.gdt_limit = sizeof(info->gdt) - 1;
	info->step.start_info = (uint32_t)(uintptr_t)&info->start;
	info->step.entry = image->entry;
	info->start.magic = XEN_HVM_START_MAGIC_VALUE;
	info->start.version = 1;
	info->start.nr_modules = 1;
	info->start.modlist_paddr = (uintptr_t)&info->module;
	info->start.cmdline_paddr = (uintptr_t)info->cmdline;
	info->module.paddr = info->step.copies[1].to;
	info->module.size = info->step.copies[1].len;
	memcpy(info->cmdline, cmdline, strlen(cmdline) + 1);
}

/*
 * The console has a port that its other end does not make anew.  After a reset
 * the first to be bound gets the lowest number, which is the one it had when
 * the builder made it, and where the next image looks for it.
 */
static void reset_ports(void)
{
	xs_domid_t domid;
	uint32_t remote, port;
	bool has_console;

	has_console = xs_console_port() &&
		      !xs_event_remote(xs_console_port(), &domid, &remote);
	if (xs_event_reset())
		xs_sys_crash("Xen does not close our ports");
	if (has_console)
		xs_event_bind(domid, remote, &port);
}

/* Returns only if it cannot be done; then nothing has changed (I1). */
int xs_kexec(const void *program, size_t program_len, const void *state,
	     size_t state_len, const char *cmdline)
{
	struct info *info = (struct info *)STEP_INFO;
	struct step step = {.gdt_limit = 0};
	struct xs_elf_image image;
	int ret;

	ret = xs_elf_read(&image, program, program_len);
	if (!ret)
		ret = make_copies(&step, &image, state, state_len);
	if (ret)
		return ret;
	xs_paging_low(XS_ACCESS_WRITE);
	memset(info, 0, sizeof(*info));
	info->step = step;
	fill_info(info, &image, cmdline);
	make_tables();
	memcpy((void *)STEP_CODE, xs_step_code,
	       (size_t)(xs_step_code_end - xs_step_code));
	xs_window_unmap_all();
	reset_ports();
	xs_step(&info->step, STEP_TABLES);
}
