/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The step from this image to the next, back through 32-bit mode as the domain
 * builder left it.  struct step (kexec.c) says what to do.
 */
#include "plat/stubdom/layout.h"

/* Members of struct step. */
#define STEP_COPIES	0	/* two of: source, destination, length, zeros */
#define COPY_SIZE	32
#define STEP_GDT	64
#define STEP_START_INFO 74
#define STEP_ENTRY	78

	.section .text.kexec, "ax"

/*
 * void xs_step(const struct step *step, uint64_t cr3): from here on page tables
 * that are in nobody's way, in which everything may be done.  The code below has
 * been copied to STEP_CODE by then.
 */
	.globl xs_step
	.type xs_step, @function
xs_step:
	movq	%rdi, %rbx
	movq	%rsi, %cr3
	movq	$STEP_CODE, %rax
	jmp	*%rax
	.size xs_step, . - xs_step

	.globl xs_step_code, xs_step_code_end
	.type xs_step_code, @function
xs_step_code:
	cld
	leaq	STEP_COPIES(%rbx), %rdx
	movl	$2, %r8d
1:	movq	0(%rdx), %rsi
	movq	8(%rdx), %rdi
	movq	16(%rdx), %rcx
	rep movsb
	movq	24(%rdx), %rcx
	xorl	%eax, %eax
	rep stosb
	addq	$COPY_SIZE, %rdx
	decl	%r8d
	jnz	1b

	movl	STEP_START_INFO(%rbx), %esi
	movl	STEP_ENTRY(%rbx), %edi
	movq	$STEP_STACK, %rsp
	lgdt	STEP_GDT(%rbx)
	pushq	$SEL_CODE
	leaq	2f(%rip), %rax
	pushq	%rax
	lretq

	/* The reverse of entry.S: no paging, no long mode, no PAE. */
	.code32
2:	movl	$SEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%cr0, %eax
	andl	$~CR0_PG, %eax
	movl	%eax, %cr0
	movl	$MSR_EFER, %ecx
	rdmsr
	andl	$~(EFER_LME | EFER_NXE), %eax
	wrmsr
	xorl	%eax, %eax
	movl	%eax, %cr4
	movl	%esi, %ebx
	jmp	*%edi
	.code64
xs_step_code_end:
	.size xs_step_code, . - xs_step_code

	.section .note.GNU-stack, "", @progbits
