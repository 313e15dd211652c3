/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the C library needs from the runtime below it, and what programs that
 * Debian compiled (libtalloc.a) take for granted.
 *
 * There is one thread.  Nothing here is called from where an interrupt or an
 * exception is handled, except xs_sys_console_write().
 *
 * Before the first call into the library, or into anything compiled for it:
 * - SSE works (CR0.EM clear, CR0.MP set, CR4.OSFXSR and CR4.OSXMMEXCPT set);
 * - FS base is the address of a block whose word at offset 0x28 is the stack
 *   protector's canary: any value that cannot be guessed, lowest byte 0;
 * - nothing that returns to its caller runs on the same stack uninvited, for
 *   the 128 bytes below the stack pointer are in use (the ABI's red zone);
 * - .bss is zero.
 * Then the runtime calls the functions of .init_array (talloc has one).
 */
#ifndef XS_STUBDOM_SYSTEM_H
#define XS_STUBDOM_SYSTEM_H

#include <stddef.h>

#define XS_PAGE_SIZE 4096

/*
 * The memory that is the heap: one run of *n_pagesp pages, mapped, writable,
 * page aligned, contents arbitrary.  Asked for once, by whoever allocates
 * first, and never given back.  The runtime keeps none of it: what it needs in
 * pages it takes from the heap like everybody (pages.h).
 */
void *xs_sys_heap(size_t *n_pagesp);

/* Text for the console as it is, newlines included.  What cannot be written
 * is lost; it may wait, but not for ever.
 */
void xs_sys_console_write(const char *text, size_t len);

/* Bytes that nobody can guess.  Never fails. */
void xs_sys_random(void *buf, size_t len);

/*
 * The program is wrong (a corrupted heap, a smashed stack): says why, a line
 * without its newline, with all that helps to find it, and ends the domain.
 */
_Noreturn void xs_sys_crash(const char *why);

#endif
