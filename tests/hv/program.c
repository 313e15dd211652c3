/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that does nothing but random hypercalls, on what a context left it:
 * it sends on the event channels that it was given, moves and closes them,
 * looks at its grant table, sets timers.  It ends by a halt with interrupts
 * off, which Xen takes for a power-off.
 *
 * It runs in 32-bit mode without paging, so that it needs five pages only.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenctrl.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/hvm/save.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#include "hv/gtmctl.h"

#define CODE	  0x100u
#define CALLS	  0x101u
#define ARGUMENTS 0x102u
#define HYPERCALL 0x103u /* where Xen puts its page */
#define STACK	  0x104u
#define N_PAGES	  5u
#define N_CALLS	  96u
#define ARG_SIZE  32u

struct call {
	uint32_t number, args[3];
};

static const uint8_t code[] = {
	0xbc, 0xf0, 0x4f, 0x10, 0x00, /* mov $0x104ff0, %esp */
	0xb9, 0x00, 0x00, 0x00, 0x40, /* mov $0x40000000, %ecx */
	0xb8, 0x00, 0x30, 0x10, 0x00, /* mov $0x103000, %eax */
	0x31, 0xd2,		      /* xor %edx, %edx */
	0x0f, 0x30,		      /* wrmsr */
	0xbe, 0x00, 0x10, 0x10, 0x00, /* mov $0x101000, %esi */
	0x8b, 0x06,		      /* next: mov (%esi), %eax */
	0x85, 0xc0,		      /* test %eax, %eax */
	0x74, 0x18,		      /* jz end */
	0x8b, 0x5e, 0x04,	      /* mov 4(%esi), %ebx */
	0x8b, 0x4e, 0x08,	      /* mov 8(%esi), %ecx */
	0x8b, 0x56, 0x0c,	      /* mov 12(%esi), %edx */
	0xc1, 0xe0, 0x05,	      /* shl $5, %eax */
	0x05, 0x00, 0x30, 0x10, 0x00, /* add $0x103000, %eax */
	0xff, 0xd0,		      /* call *%eax */
	0x83, 0xc6, 0x10,	      /* add $16, %esi */
	0xeb, 0xe2,		      /* jmp next */
	0xfa, 0xf4,		      /* end: cli; hlt */
	0xeb, 0xfc,		      /* jmp end */
};

void program_pages(struct pages *pages)
{
	unsigned int i;

	for (i = 0; i < N_PAGES; i++)
		add_page(pages, CODE + i);
}

static uint32_t some_port(struct rng *rng)
{
	return roll(rng, 8) ? roll(rng, 24) : roll(rng, 5000);
}

static void event_call(struct rng *rng, struct call *call, uint32_t *arg)
{
	static const uint8_t commands[] = {
		EVTCHNOP_send,		EVTCHNOP_send,
		EVTCHNOP_send,		EVTCHNOP_unmask,
		EVTCHNOP_unmask,	EVTCHNOP_bind_vcpu,
		EVTCHNOP_close,		EVTCHNOP_status,
		EVTCHNOP_set_priority,	EVTCHNOP_send,
		EVTCHNOP_send,		EVTCHNOP_bind_virq,
		EVTCHNOP_close,		EVTCHNOP_bind_ipi,
		EVTCHNOP_alloc_unbound, EVTCHNOP_unmask,
		EVTCHNOP_expand_array,	EVTCHNOP_init_control,
		EVTCHNOP_send,		EVTCHNOP_bind_interdomain,
		EVTCHNOP_reset,
	};
	const uint8_t command = commands[roll(rng, sizeof(commands))];

	call->number = __HYPERVISOR_event_channel_op;
	call->args[0] = command;
	arg[0] = some_port(rng);
	arg[1] = roll(rng, 3);
	switch (command) {
	case EVTCHNOP_status:
	case EVTCHNOP_alloc_unbound:
	case EVTCHNOP_reset:
	case EVTCHNOP_bind_interdomain:
		arg[0] = DOMID_SELF | (uint32_t)DOMID_SELF << 16;
		arg[1] = some_port(rng);
		if (command == EVTCHNOP_bind_interdomain)
			arg[0] = DOMID_SELF;
		break;
	case EVTCHNOP_set_priority:
		arg[1] = roll(rng, 18);
		break;
	case EVTCHNOP_expand_array:
		arg[0] = STACK;
		arg[1] = 0;
		break;
	case EVTCHNOP_init_control:
		arg[0] = STACK;
		arg[1] = 0;
		arg[2] = 8 * roll(rng, 512);
		arg[3] = roll(rng, 3);
		break;
	}
}

static void grant_call(struct rng *rng, struct call *call, uint32_t *arg)
{
	static const uint8_t commands[] = {
		GNTTABOP_query_size,  GNTTABOP_set_version,
		GNTTABOP_get_version, GNTTABOP_set_version,
		GNTTABOP_copy,
	};

	call->number = __HYPERVISOR_grant_table_op;
	call->args[0] = commands[roll(rng, sizeof(commands))];
	call->args[2] = 1;
	switch (call->args[0]) {
	case GNTTABOP_set_version:
		arg[0] = 1 + roll(rng, 2);
		break;
	case GNTTABOP_copy: /* of its own grant to a page of its own */
		arg[0] = roll(rng, 600);
		arg[1] = DOMID_SELF;
		arg[2] = STACK;
		arg[3] = DOMID_SELF;
		arg[4] = 64u << 16 | 0; /* 32-bit layout: offsets and length */
		arg[5] = GNTCOPY_source_gref;
		break;
	default:
		arg[0] = DOMID_SELF;
		break;
	}
}

static void other_call(struct rng *rng, struct call *call, uint32_t *arg)
{
	switch (roll(rng, 4)) {
	case 0:
		call->number = __HYPERVISOR_sched_op;
		call->args[0] = SCHEDOP_watchdog;
		arg[0] = roll(rng, 4);
		arg[1] = roll(rng, 3) ? 60 : 0;
		break;
	case 1:
		call->number = __HYPERVISOR_sched_op;
		call->args[0] = SCHEDOP_yield;
		break;
	case 2:
		call->number = __HYPERVISOR_set_timer_op;
		call->args[0] = (uint32_t)rng_next(rng);
		call->args[1] = roll(rng, 30);
		break;
	default:
		call->number = __HYPERVISOR_vcpu_op;
		call->args[0] = roll(rng, 2) ? VCPUOP_set_singleshot_timer
					     : VCPUOP_set_periodic_timer;
		call->args[1] = roll(rng, 3);
		arg[0] = 1000000 * roll(rng, 50);
		break;
	}
}

static void write_program(uint8_t *page, struct rng *rng)
{
	struct call *calls = (void *)(page + XC_PAGE_SIZE);
	uint8_t *arguments = page + 2 * XC_PAGE_SIZE;
	unsigned int i;

	/* Where the calls end there is a zero; new memory is not empty. */
	memset(page, 0, 3 * XC_PAGE_SIZE);
	memcpy(page, code, sizeof(code));
	for (i = 0; i < N_CALLS; i++) {
		uint32_t arg[ARG_SIZE / 4] = {0};
		uint32_t where = ARGUMENTS * XC_PAGE_SIZE + i * ARG_SIZE;

		switch (roll(rng, 8)) {
		case 0:
			other_call(rng, &calls[i], arg);
			break;
		case 1:
			grant_call(rng, &calls[i], arg);
			break;
		default:
			event_call(rng, &calls[i], arg);
			break;
		}
		if (calls[i].number == __HYPERVISOR_vcpu_op)
			calls[i].args[2] = where;
		else if (calls[i].number != __HYPERVISOR_set_timer_op)
			calls[i].args[1] = where;
		memcpy(arguments + i * ARG_SIZE, arg, sizeof(arg));
	}
}

/* As a boot loader leaves it: flat segments, no paging. */
static void set_cpu(struct hvm_hw_cpu *cpu)
{
	cpu->cs_limit = cpu->ds_limit = cpu->es_limit = cpu->ss_limit = ~0u;
	cpu->tr_limit = 0x67;
	cpu->cs_arbytes = 0xc9b;
	cpu->ds_arbytes = cpu->es_arbytes = cpu->ss_arbytes = 0xc93;
	cpu->tr_arbytes = 0x8b;
	cpu->cr0 = 0x11; /* PE, ET */
	cpu->rflags = 2;
	cpu->rip = (uint64_t)CODE * XC_PAGE_SIZE;
	cpu->dr6 = 0xffff0ff0;
	cpu->dr7 = 0x400;
}

struct context {
	struct hvm_save_descriptor header_d;
	HVM_SAVE_TYPE(HEADER) header;
	struct hvm_save_descriptor cpu_d;
	HVM_SAVE_TYPE(CPU) cpu;
	struct hvm_save_descriptor end_d;
	HVM_SAVE_TYPE(END) end;
};

/* It can't be made, only read; but it is the same for all domains. */
static void read_header(uint32_t domid, struct context *context)
{
	int size = xc_domain_hvm_getcontext(xch, domid, NULL, 0);
	uint8_t *full = calloc(1, size > 0 ? (size_t)size : 1);

	if (size <= 0 || !full ||
	    xc_domain_hvm_getcontext(xch, domid, full, (uint32_t)size) <= 0)
		die("HVM context");
	memcpy(context, full,
	       sizeof(context->header_d) + sizeof(context->header));
	free(full);
}

static void load_cpu(uint32_t domid)
{
	static struct context context;

	if (!context.header_d.length) {
		read_header(domid, &context);
		context.cpu_d.typecode = HVM_SAVE_CODE(CPU);
		context.cpu_d.length = HVM_SAVE_LENGTH(CPU);
		set_cpu(&context.cpu);
		context.end_d.typecode = HVM_SAVE_CODE(END);
		context.end_d.length = HVM_SAVE_LENGTH(END);
	}
	if (xc_domain_hvm_setcontext(xch, domid, (void *)&context,
				     sizeof(context)))
		die("HVM context of the program");
}

void program_load(uint32_t domid, struct rng *rng)
{
	xen_pfn_t gfns[] = {CODE, CALLS, ARGUMENTS};
	uint8_t *pages = xc_map_foreign_pages(xch, domid,
					      PROT_READ | PROT_WRITE, gfns, 3);

	if (!pages)
		die("pages of the program");
	write_program(pages, rng);
	munmap(pages, 3 * XC_PAGE_SIZE);
	load_cpu(domid);
}
