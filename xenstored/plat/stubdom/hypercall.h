/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls of the hypervisor.  Xen fills a page with 32 entries of 32 bytes each,
 * one a call; arguments and result are in the registers that are named below
 * (xen/arch-x86/xen-x86_64.h).  A negative result is a negative errno value
 * in Xen's own numbering, which is Linux's for all that matters here.
 */
#ifndef XS_PLAT_STUBDOM_HYPERCALL_H
#define XS_PLAT_STUBDOM_HYPERCALL_H

#include <stdint.h>

#include <xen/xen.h>

#define HYPERCALL_ENTRY_SIZE 32

/* Executable; Xen writes it (boot.c). */
extern char xs_hypercall_page[];

static inline long xs_hypercall(unsigned int number, uint64_t a1, uint64_t a2,
				uint64_t a3)
{
	const char *entry = xs_hypercall_page + number * HYPERCALL_ENTRY_SIZE;
	long ret;

	/* The call pushes an address: not onto the red zone. */
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "call *%[entry]\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "=a"(ret), "+D"(a1), "+S"(a2), "+d"(a3)
			 : [entry] "r"(entry)
			 : "memory", "cc", "rcx", "r8", "r9", "r10", "r11");
	return ret;
}

static inline long xs_xen_memory(unsigned int cmd, void *arg)
{
	return xs_hypercall(__HYPERVISOR_memory_op, cmd, (uintptr_t)arg, 0);
}

static inline long xs_xen_hvm(unsigned int cmd, void *arg)
{
	return xs_hypercall(__HYPERVISOR_hvm_op, cmd, (uintptr_t)arg, 0);
}

static inline long xs_xen_event(unsigned int cmd, void *arg)
{
	return xs_hypercall(__HYPERVISOR_event_channel_op, cmd, (uintptr_t)arg,
			    0);
}

static inline long xs_xen_grant(unsigned int cmd, void *arg, unsigned int n)
{
	return xs_hypercall(__HYPERVISOR_grant_table_op, cmd, (uintptr_t)arg,
			    n);
}

static inline long xs_xen_sched(unsigned int cmd, void *arg)
{
	return xs_hypercall(__HYPERVISOR_sched_op, cmd, (uintptr_t)arg, 0);
}

static inline long xs_xen_vcpu(unsigned int cmd, unsigned int vcpu, void *arg)
{
	return xs_hypercall(__HYPERVISOR_vcpu_op, cmd, vcpu, (uintptr_t)arg);
}

static inline long xs_xen_domctl(void *arg)
{
	return xs_hypercall(__HYPERVISOR_domctl, (uintptr_t)arg, 0, 0);
}

#endif
