/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the first instruction to C.
 *
 * Xen's domain builder finds the entry in an ELF note and starts the one vcpu
 * there as a PVH guest (xen/include/public/arch-x86/hvm/start_info.h, and
 * docs/misc/pvh.pandoc in Xen's source): 32-bit protected mode, flat segments,
 * no paging, interrupts off, %ebx = address of struct hvm_start_info.  Nothing
 * else is promised, the stack pointer neither.
 *
 * What is done here: page tables that show the first 4 GiB at their own
 * addresses, 64-bit mode, a stack, SSE (the compiler uses it), and the call of
 * xs_boot().  Everything finer is C's business.
 */
#include "plat/stubdom/layout.h"

#include <xen/elfnote.h>

/* ---- The note that makes this file a PVH kernel ----------------------- */

	.section .note.Xen, "a", @note
	.balign 4
	.long 4			/* length of the name */
	.long 8			/* length of the value */
	.long XEN_ELFNOTE_PHYS32_ENTRY
	.asciz "Xen"
	.quad boot32

/* ---- 32 bits ---------------------------------------------------------- */

	.section .text.boot, "ax"
	.code32
	.globl boot32
boot32:
	cld
	movl	%ebx, %esi		/* start info, kept for xs_boot() */

	/* Level 4 -> level 3 -> four level 2 tables of 2 MiB pages each. */
	movl	$(xs_boot_l3 + PTE_PRESENT + PTE_WRITE), xs_boot_l4
	movl	$(xs_boot_l2 + PTE_PRESENT + PTE_WRITE), %eax
	movl	$xs_boot_l3, %edi
	movl	$4, %ecx
1:	movl	%eax, (%edi)
	addl	$PAGE_SIZE, %eax
	addl	$8, %edi
	loop	1b

	movl	$(PTE_PRESENT + PTE_WRITE + PTE_LARGE), %eax
	movl	$xs_boot_l2, %edi
	movl	$(4 * TABLE_SIZE), %ecx
2:	movl	%eax, (%edi)
	addl	$(1 << LARGE_SHIFT), %eax
	addl	$8, %edi
	loop	2b

	/* The order is the manual's (AMD64 14.6): PAE, table, LME, PG. */
	movl	$(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
	movl	%eax, %cr4
	movl	$xs_boot_l4, %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$(EFER_LME | EFER_NXE), %eax
	wrmsr
	movl	%cr0, %eax
	andl	$~CR0_EM, %eax
	orl	$(CR0_PG | CR0_WP | CR0_MP | CR0_PE), %eax
	movl	%eax, %cr0

	lgdt	gdt_pointer
	ljmp	$SEL_CODE, $boot64

/* ---- 64 bits ---------------------------------------------------------- */

	.code64
boot64:
	movl	$SEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs

	/* The secret of the stack protector, before any C function looks. */
	movl	$MSR_FS_BASE, %ecx
	movl	$(xs_canary - CANARY_OFFSET), %eax
	xorl	%edx, %edx
	wrmsr
	rdtsc				/* xs_boot() makes a better one */
	movl	%eax, xs_canary + 4

	movq	$xs_stack + STACK_SIZE, %rsp
	xorl	%ebp, %ebp		/* the end of every backtrace */
	movl	%esi, %edi		/* the upper half becomes zero */
	call	xs_boot
	ud2				/* it does not return */

/* ---- Data ------------------------------------------------------------- */

	.section .data.boot, "aw"
	.balign 8
gdt:
	.quad 0
	.quad SEGMENT_CODE
	.quad SEGMENT_DATA
	.globl xs_gdt_tss
xs_gdt_tss:
	.quad 0, 0			/* filled in by trap.c */
gdt_end:
	.word 0				/* so that the base is aligned */
gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt

	.balign 8
	.globl xs_canary
xs_canary:
	.quad 0

	.section .bss.pages, "aw", @nobits
	.balign PAGE_SIZE
	.globl xs_boot_l4, xs_boot_l3, xs_boot_l2
xs_boot_l4:
	.skip PAGE_SIZE
xs_boot_l3:
	.skip PAGE_SIZE
xs_boot_l2:
	.skip 4 * PAGE_SIZE

	/* The page below the stack is taken out of the page table (paging.c). */
	.globl xs_stack_guard, xs_stack
xs_stack_guard:
	.skip PAGE_SIZE
xs_stack:
	.skip STACK_SIZE

	.section .note.GNU-stack, "", @progbits
