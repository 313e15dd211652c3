/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the processor goes on an exception, and how we sleep.
 *
 * I1 Interrupts are off at all times but around one instruction, the HLT in
 *    xs_sleep().  So nothing ever runs between two instructions of C, and an
 *    interrupt has nothing to do but to end the sleep.
 * I2 Exceptions have a stack of their own: the one they came from may be the
 *    reason.
 */
#include "plat/stubdom/layout.h"

	.section .text.traps, "ax"

/* ---- Sleeping --------------------------------------------------------- */

/*
 * void xs_sleep(void): until Xen has an event for us.  STI takes effect only
 * after the instruction that follows it, so an event that comes between the
 * caller's last look and HLT should end the HLT.  On an emulated processor that
 * was seen to fail (docs/stubdom.md), so the upcall sees to it that a HLT that
 * has not begun yet is not begun at all.
 */
	.globl xs_sleep
	.type xs_sleep, @function
xs_sleep:
	pushq	%rbp			/* so that a backtrace shows the caller */
	movq	%rsp, %rbp
	sti
.Lsleep_begins:
	hlt
.Lsleep_ends:
	cli
	popq	%rbp
	ret
	.size xs_sleep, . - xs_sleep

/*
 * The upcall.  Xen would call again and again while the first byte of
 * shared_info (vcpu_info[0].evtchn_upcall_pending) is not zero.  What is pending
 * is found by looking at the queues (fifo.c).
 */
	.globl xs_upcall
	.type xs_upcall, @function
xs_upcall:
	pushq	%rax
	movabsq	$SHARED_INFO, %rax
	movb	$0, (%rax)
	popq	%rax
	cmpq	$.Lsleep_begins, (%rsp)	/* where it goes on */
	jne	1f
	movq	$.Lsleep_ends, (%rsp)
1:	iretq
	.size xs_upcall, . - xs_upcall

/* ---- Exceptions ------------------------------------------------------- */

/* One stub a vector, each TRAP_STUB_ALIGN bytes from the last. */
	.balign TRAP_STUB_ALIGN
	.globl xs_trap_stubs
	.type xs_trap_stubs, @function
xs_trap_stubs:
	vector = 0
	.rept N_EXCEPTIONS
	.balign TRAP_STUB_ALIGN
	.if ((HAS_ERROR_CODE >> vector) & 1) == 0
	pushq	$0			/* the processor pushed none */
	.endif
	pushq	$vector
	jmp	trap_common
	vector = vector + 1
	.endr
	.size xs_trap_stubs, . - xs_trap_stubs

/* Lays out struct xs_trap (trap.c) and calls xs_trap(). */
	.type trap_common, @function
trap_common:
	cld
	pushq	%rax
	pushq	%rbx
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbp
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %rdi
	movq	%rsp, %rbx
	/* An NMI is survived, so what C does to SSE registers is undone. */
	andq	$~15, %rsp		/* as FXSAVE and the ABI want it */
	subq	$FXSAVE_SIZE, %rsp
	fxsave	(%rsp)
	call	xs_trap
	fxrstor	(%rsp)
	movq	%rbx, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rbp
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rbx
	popq	%rax
	addq	$16, %rsp		/* vector and error code */
	iretq
	.size trap_common, . - trap_common

	.section .bss.pages, "aw", @nobits
	.balign PAGE_SIZE
	.skip TRAP_STACK_SIZE
	.globl xs_trap_stack_top
xs_trap_stack_top:

	.section .note.GNU-stack, "", @progbits
