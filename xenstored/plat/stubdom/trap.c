/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exceptions, and the end of the program when something in it is wrong.
 *
 * No exception is expected, so each of them ends the domain with its registers
 * and the functions that led there on the console.  The exception to that is
 * the non-maskable interrupt, which the operator sends (`xl trigger DOMID
 * nmi`): it shows the same, and the program goes on.
 *
 * Nothing here allocates or uses the C library beyond memcpy() and strlen():
 * they may be what is broken.
 */
#include "plat/stubdom/internal.h"

#include <stdlib.h>

#include <xen/xen.h>
#include <xen/sched.h>

#include "plat/stubdom/cpu.h"
#include "plat/stubdom/hypercall.h"
#include "plat/stubdom/layout.h"
#include "plat/stubdom/libc/system.h"

#define HEX	  16
#define MAX_DEPTH 32

/* As traps.S pushes it; behind the error code it is the processor's. */
struct xs_trap {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* AMD64 4.8.4. */
struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t stack; /* 1-7: of the task state's stacks; 0: go on */
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

#define GATE_INTERRUPT 0x8e /* present, turns interrupts off */
#define TRAP_STACK     1

/* AMD64 12.2.5; only the stacks are used. */
struct task_state {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map;
} __attribute__((packed));

#define SEGMENT_TASK_STATE 0x89 /* present, available 64-bit TSS */

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* A frame of the call stack, as compilers make it with frame pointers. */
struct frame {
	const struct frame *next;
	uintptr_t ret;
};

static const char *const names[N_EXCEPTIONS] = {
	[0] = "division by zero",
	[1] = "debug exception",
	[2] = "non-maskable interrupt",
	[3] = "breakpoint",
	[4] = "overflow",
	[5] = "bound exceeded",
	[6] = "invalid instruction",
	[7] = "no floating-point unit",
	[8] = "double fault",
	[10] = "invalid task state",
	[11] = "segment not present",
	[12] = "stack fault",
	[13] = "general protection fault",
	[14] = "page fault",
	[16] = "floating-point error",
	[17] = "misaligned access",
	[18] = "machine check",
	[19] = "SIMD floating-point error",
	[21] = "control-flow protection fault",
};

#define VECTOR_PAGE_FAULT 14

extern char xs_trap_stubs[], xs_trap_stack_top[], xs_stack[];
extern uint64_t xs_gdt_tss[2];
void xs_upcall(void);

static struct gate gates[N_VECTORS];
static struct task_state task_state;
static bool crashing;
static volatile bool asked;

/* ---- Setting up ------------------------------------------------------- */

static void set_gate(unsigned int vector, uintptr_t handler, uint8_t stack)
{
	gates[vector] = (struct gate){
		.offset_low = (uint16_t)handler,
		.offset_middle = (uint16_t)(handler >> 16),
		.offset_high = (uint32_t)(handler >> 32),
		.selector = SEL_CODE,
		.stack = stack,
		.type = GATE_INTERRUPT,
	};
}

/* The descriptor's fields are scattered for the sake of the 80286. */
static void set_task_state(void)
{
	uint64_t base = (uintptr_t)&task_state;
	uint64_t limit = sizeof(task_state) - 1;

	task_state.ist[TRAP_STACK - 1] = (uintptr_t)xs_trap_stack_top;
	task_state.io_map = sizeof(task_state);
	xs_gdt_tss[0] = limit | (base & 0xffffff) << 16 |
			(uint64_t)SEGMENT_TASK_STATE << 40 |
			(base >> 24 & 0xff) << 56;
	xs_gdt_tss[1] = base >> 32;
	__asm__ volatile("ltr %w0" : : "r"(SEL_TSS));
}

/* From now on an exception is said and not simply the domain's end. */
void xs_trap_init(void)
{
	struct table_pointer pointer = {
		.limit = sizeof(gates) - 1,
		.base = (uintptr_t)gates,
	};
	unsigned int i;

	for (i = 0; i < N_EXCEPTIONS; i++)
		set_gate(i, (uintptr_t)xs_trap_stubs + i * TRAP_STUB_ALIGN,
			 TRAP_STACK);
	set_gate(VECTOR_UPCALL, (uintptr_t)xs_upcall, 0);
	set_task_state();
	__asm__ volatile("lidt %0" : : "m"(pointer));
}

/* ---- Showing ---------------------------------------------------------- */

static void show_hex(const char *name, uint64_t value)
{
	xs_console_text(name);
	xs_console_number(value, HEX);
}

static void show_address(uintptr_t address)
{
	uintptr_t offset;
	const char *name = xs_symbol_find(address, &offset);

	show_hex("  ", address);
	if (name) {
		xs_console_text(" ");
		xs_console_text(name);
		show_hex("+0x", offset);
	}
	xs_console_text("\n");
}

static bool is_frame(const struct frame *frame)
{
	uintptr_t p = (uintptr_t)frame;

	return !(p % sizeof(void *)) && p >= (uintptr_t)xs_stack &&
	       p + sizeof(*frame) <= (uintptr_t)xs_stack + STACK_SIZE;
}

static void show_calls(const struct frame *frame)
{
	int depth;

	for (depth = 0; depth < MAX_DEPTH && is_frame(frame); depth++) {
		if (!frame->ret)
			break;
		show_address(frame->ret);
		/* A stack grows down, so its frames lie in order. */
		if (frame->next <= frame)
			break;
		frame = frame->next;
	}
}

static void show_registers(const struct xs_trap *t)
{
	show_hex("rax ", t->rax);
	show_hex(" rbx ", t->rbx);
	show_hex(" rcx ", t->rcx);
	show_hex(" rdx ", t->rdx);
	show_hex("\nrsi ", t->rsi);
	show_hex(" rdi ", t->rdi);
	show_hex(" rbp ", t->rbp);
	show_hex(" rsp ", t->rsp);
	show_hex("\nr8  ", t->r8);
	show_hex(" r9  ", t->r9);
	show_hex(" r10 ", t->r10);
	show_hex(" r11 ", t->r11);
	show_hex("\nr12 ", t->r12);
	show_hex(" r13 ", t->r13);
	show_hex(" r14 ", t->r14);
	show_hex(" r15 ", t->r15);
	show_hex("\nrip ", t->rip);
	show_hex(" rflags ", t->rflags);
	show_hex(" cr2 ", xs_read_cr2());
	xs_console_text("\n");
}

/* ---- Ending ----------------------------------------------------------- */

static _Noreturn void end(void)
{
	struct sched_shutdown down = {.reason = SHUTDOWN_crash};

	for (;;)
		xs_xen_sched(SCHEDOP_shutdown, &down);
}

/* What it was doing may fail again: then there is nothing more to say. */
static void begin_crash(void)
{
	if (crashing)
		end();
	crashing = true;
	xs_console_say_crash();
}

/* See libc/system.h. */
_Noreturn void xs_sys_crash(const char *why)
{
	begin_crash();
	xs_console_text("\nxenstored: crash: ");
	xs_console_text(why);
	xs_console_text("\n");
	show_calls(__builtin_frame_address(0));
	end();
}

/* Called by traps.S for every exception. */
void xs_trap(struct xs_trap *trap)
{
	const char *name = names[trap->vector % N_EXCEPTIONS];

	if (trap->vector != VECTOR_NMI)
		begin_crash();
	xs_console_text("\nxenstored: ");
	xs_console_text(name ? name : "exception");
	show_hex(" (vector ", trap->vector);
	show_hex(", error ", trap->error);
	if (trap->vector == VECTOR_PAGE_FAULT)
		show_hex(") at address 0x", xs_read_cr2());
	else
		xs_console_text(")");
	xs_console_text("\n");
	show_registers(trap);
	show_address(trap->rip);
	show_calls((const struct frame *)trap->rbp);
	if (trap->vector != VECTOR_NMI)
		end();
	asked = true;
}

/* Has there been a non-maskable interrupt since the last call? */
bool xs_trap_was_asked(void)
{
	bool was = asked;

	asked = false;
	return was;
}
