/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls come through a page of 64 entries, as Xen's has them; each goes on with
 * its number in %eax.  The callers do not know that C runs here, so its SSE
 * registers are kept and the stack is aligned.
 */
#include "unit/stubdom/fakexen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>

#include "plat/stubdom/internal.h"
#include "plat/stubdom/layout.h"

#define TABLES 64

struct fakexen fakexen = {
	.max_ports = FAKEXEN_PORTS - 1,
	.max_array_pages = UINT32_MAX,
	.max_mapped = FAKEXEN_GRANTS,
};

static uint64_t *tables[TABLES];

long fakexen_call(unsigned int number, uint64_t a1, uint64_t a2, uint64_t a3);

__asm__(".text\n"
	".balign 32\n"
	".globl xs_hypercall_page\n"
	"xs_hypercall_page:\n"
	"number = 0\n"
	".rept 64\n"
	".balign 32\n"
	"mov $number, %eax\n"
	"jmp fakexen_entry\n"
	"number = number + 1\n"
	".endr\n"
	"fakexen_entry:\n"
	"push %rbp\n"
	"mov %rsp, %rbp\n"
	"and $-16, %rsp\n"
	"sub $512, %rsp\n"
	"fxsave (%rsp)\n"
	"mov %rdx, %rcx\n"
	"mov %rsi, %rdx\n"
	"mov %rdi, %rsi\n"
	"mov %eax, %edi\n"
	"call fakexen_call\n"
	"fxrstor (%rsp)\n"
	"leave\n"
	"ret\n");

/* ---- Event channels --------------------------------------------------- */

static long bind(uint32_t *portp)
{
	uint32_t port = 1;

	if (fakexen.n_ports >= fakexen.max_ports)
		return -ENOSPC;
	while (fakexen.port_used[port])
		port++;
	fakexen.port_used[port] = true;
	fakexen.n_ports++;
	*portp = port;
	return 0;
}

static long do_event(uint64_t cmd, void *arg)
{
	struct evtchn_bind_interdomain *interdomain = arg;
	struct evtchn_bind_virq *virq = arg;
	const struct evtchn_close *close = arg;

	switch (cmd) {
	case EVTCHNOP_init_control:
		return 0;
	case EVTCHNOP_expand_array:
		if (fakexen.n_array_pages >= fakexen.max_array_pages)
			return -ENOMEM;
		fakexen.n_array_pages++;
		return 0;
	case EVTCHNOP_bind_interdomain:
		return bind(&interdomain->local_port);
	case EVTCHNOP_bind_virq:
		return bind(&virq->port);
	case EVTCHNOP_close:
		if (!fakexen.port_used[close->port])
			return -EINVAL;
		fakexen.port_used[close->port] = false;
		fakexen.n_ports--;
		return 0;
	case EVTCHNOP_send:
		fakexen.n_sent++;
		return 0;
	default:
		return -ENOSYS;
	}
}

/* ---- Grants ----------------------------------------------------------- */

static void map_one(struct gnttab_map_grant_ref *map)
{
	uint32_t handle;

	map->status = fakexen.map_status;
	if (!map->status && fakexen.n_mapped >= fakexen.max_mapped)
		map->status = GNTST_no_space;
	if (map->status)
		return;
	for (handle = 0; fakexen.mapped_at[handle]; handle++)
		;
	map->handle = handle;
	fakexen.mapped_at[handle] = map->host_addr;
	fakexen.n_mapped++;
}

static void unmap_one(struct gnttab_unmap_grant_ref *unmap)
{
	if (fakexen.no_unmap || unmap->handle >= FAKEXEN_GRANTS ||
	    fakexen.mapped_at[unmap->handle] != unmap->host_addr) {
		unmap->status = GNTST_bad_handle;
		return;
	}
	/* What Xen takes away must not be shown any more. */
	unmap->status = fakexen_is_shown(unmap->host_addr) ? GNTST_general_error
							   : GNTST_okay;
	fakexen.mapped_at[unmap->handle] = 0;
	fakexen.n_mapped--;
}

static long do_grant(uint64_t cmd, void *arg)
{
	switch (cmd) {
	case GNTTABOP_map_grant_ref:
		map_one(arg);
		return 0;
	case GNTTABOP_unmap_grant_ref:
		unmap_one(arg);
		return 0;
	default:
		return -ENOSYS;
	}
}

static long do_memory(uint64_t cmd, const void *arg)
{
	const struct xen_add_to_physmap *map = arg;

	if (cmd != XENMEM_add_to_physmap)
		return -ENOSYS;
	fakexen.shared_info = map->gpfn << PAGE_SHIFT;
	return 0;
}

/* Called through the page above. */
long fakexen_call(unsigned int number, uint64_t a1, uint64_t a2, uint64_t a3)
{
	(void)a3;
	switch (number) {
	case __HYPERVISOR_event_channel_op:
		return do_event(a1, (void *)(uintptr_t)a2);
	case __HYPERVISOR_grant_table_op:
		return do_grant(a1, (void *)(uintptr_t)a2);
	case __HYPERVISOR_memory_op:
		return do_memory(a1, (void *)(uintptr_t)a2);
	case __HYPERVISOR_hvm_op:
	case __HYPERVISOR_vcpu_op:
		return 0;
	default:
		return -ENOSYS;
	}
}

/* ---- Page tables ------------------------------------------------------ */

void xs_paging_window_table(unsigned int index, uint64_t *table)
{
	tables[index] = table;
}

void xs_paging_set(uint64_t page, enum xs_access access, uint64_t *table)
{
	table[(page >> PAGE_SHIFT) % TABLE_SIZE] =
		access == XS_ACCESS_NONE ? 0 : page | PTE_PRESENT;
}

bool fakexen_is_shown(uint64_t page)
{
	uint64_t n = (page - WINDOW_BASE) >> PAGE_SHIFT;
	const uint64_t *table = tables[n / TABLE_SIZE];

	return table && table[n % TABLE_SIZE] == (page | PTE_PRESENT);
}
