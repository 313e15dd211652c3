/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers of the processor and of our own choice that assembler and C share.
 *
 * "AMD64" below is the AMD64 Architecture Programmer's Manual, volume 2,
 * "System Programming"; Intel's manual has the same under the same names.
 */
#ifndef XS_PLAT_STUBDOM_LAYOUT_H
#define XS_PLAT_STUBDOM_LAYOUT_H

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1 << PAGE_SHIFT)

/*
 * Where things are.  Virtual, guest-physical: all the same, but not all of it
 * is there.
 *
 *   0            nothing, so that a NULL pointer is found out
 *   IMAGE_BASE   the image, then the heap to the end of RAM
 *   WINDOW_BASE  pages that are not RAM of ours: Xen's shared_info page, then
 *                other domains' ring pages (64 GiB: above all RAM we use, and
 *                within the 39 bits that every processor with nested paging
 *                has for addresses)
 */
/*
 * What the step from one image to the next uses while nothing else is there
 * (kexec.c): the code of the step, page tables, what to copy, start info.
 */
#define STEP_CODE   0x1000
#define STEP_TABLES 0x2000 /* levels 4, 3 and 2 */
#define STEP_INFO   0x5000
#define STEP_STACK  0x8000 /* grows down */

#define IMAGE_BASE  0x10000
#define IMAGE_LIMIT 0x400000	/* the part of memory with pages of 4 KiB */
#define RAM_LIMIT   0x100000000 /* what entry.S maps */
#define WINDOW_BASE 0x1000000000
#define SHARED_INFO WINDOW_BASE

/* gcc -fstack-usage finds a frame of 16 KiB and several of 8 in the core. */
#define STACK_SIZE	(32 * PAGE_SIZE)
#define TRAP_STACK_SIZE (4 * PAGE_SIZE)

/* Control registers (AMD64 3.1). */
#define CR0_PE	       (1 << 0) /* protected mode */
#define CR0_MP	       (1 << 1) /* with CR0_EM clear: SSE may be used */
#define CR0_EM	       (1 << 2)
#define CR0_WP	       (1 << 16) /* read-only pages are so for us as well */
#define CR0_PG	       (1 << 31) /* paging */
#define CR4_PAE	       (1 << 5)	 /* 64-bit entries, as long mode wants */
#define CR4_OSFXSR     (1 << 9)	 /* SSE, and FXSAVE saves its registers */
#define CR4_OSXMMEXCPT (1 << 10)

/* Model-specific registers (AMD64 appendix A). */
#define MSR_EFER	      0xc0000080
#define EFER_LME	      (1 << 8)	/* long mode once paging is on */
#define EFER_NXE	      (1 << 11) /* pages may forbid execution */
#define MSR_FS_BASE	      0xc0000100
#define CPUID_FEATURES	      1
#define CPUID_FEATURES_RDRAND (1 << 30) /* in %ecx */

/* Entries of page tables (AMD64 5.4). */
#define PTE_PRESENT (1 << 0)
#define PTE_WRITE   (1 << 1)
#define PTE_LARGE   (1 << 7) /* this entry is a page of 2 MiB */
#define PTE_NX	    63	     /* bit: no execution */
#define LARGE_SHIFT 21
#define TABLE_SHIFT 9 /* each of the four levels takes so many bits */
#define TABLE_SIZE  (1 << TABLE_SHIFT)

/* Segments (AMD64 4.7, 4.8): in long mode only the rights matter. */
#define SEL_CODE       0x08
#define SEL_DATA       0x10
#define SEL_TSS	       0x18
#define SEGMENT_CODE   0x00209a0000000000 /* present, code, readable, 64 bit */
#define SEGMENT_CODE32 0x00cf9a000000ffff /* 32 bit, from 0 to 4 GiB */
#define SEGMENT_DATA32 0x00cf92000000ffff
#define SEGMENT_DATA   0x0000920000000000 /* present, data, writable */

/* Interrupt table: exceptions have the vectors below 32 (AMD64 8.2). */
#define N_EXCEPTIONS	32
#define VECTOR_NMI	2
#define VECTOR_UPCALL	0x20 /* ours: Xen calls it when an event is pending */
#define N_VECTORS	(VECTOR_UPCALL + 1)
#define TRAP_STUB_ALIGN 16
/* Exceptions that push an error code: 8, 10-14, 17, 21, 29, 30. */
#define HAS_ERROR_CODE 0x60227d00

#define FXSAVE_SIZE    512 /* AMD64 11.4.4 */

/* The compiler's stack protector looks for its secret at %fs:0x28. */
#define CANARY_OFFSET 0x28

#endif
