/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the runtime share.  There is one processor and one
 * program, so unlike the daemon the runtime has static state, each file its
 * own.
 */
#ifndef XS_PLAT_STUBDOM_INTERNAL_H
#define XS_PLAT_STUBDOM_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plat/plat.h"
#include "plat/stubdom/plat_stubdom.h"

#define XS_SAID_MAX 256

struct xs_plat {
	xs_domid_t master_domid;
	uint32_t master_port;
	uint32_t timer_port;
	xs_plat_stubdom_check_fn *check;
	/* What comes after us (program.c). */
	uint8_t *program;
	size_t program_size;
	size_t program_len;
	uint8_t *state;
	size_t state_len;
	char said[XS_SAID_MAX]; /* by the trial */
	int status;
};

#define XS_CMDLINE_MAX 1024 /* init-xenstore-domain has room for 512 */

/* What may be done with a page. */
enum xs_access {
	XS_ACCESS_NONE,
	XS_ACCESS_READ,
	XS_ACCESS_WRITE,
	XS_ACCESS_EXECUTE,
};

/* paging.c */
void xs_paging_init(uint64_t ram_end);
void xs_paging_set(uint64_t page, enum xs_access access, uint64_t *table);
void xs_paging_map_special(uint64_t page);
void xs_paging_low(enum xs_access access);
void xs_paging_window_table(unsigned int index, uint64_t *table);

/* memory.c */
void xs_memory_init(uint64_t reserved_end);
uint64_t xs_memory_end(void);

/* console.c */
void xs_console_init(void);
void xs_console_write(const char *text, size_t len);
void xs_console_text(const char *text);
void xs_console_number(uint64_t number, unsigned int base);
void xs_console_say_crash(void);
void xs_console_event(void);
uint32_t xs_console_port(void);

/* trap.c, symbol.c */
struct xs_trap;
void xs_trap_init(void);
void xs_trap(struct xs_trap *trap);
bool xs_trap_was_asked(void);
const char *xs_symbol_find(uintptr_t address, uintptr_t *offsetp);

/* traps.S */
void xs_sleep(void);

/* clock.c */
uint64_t xs_clock_ns(void);
uint64_t xs_clock_wall_ns(void);

/* event.c */
void xs_event_init(void);
int xs_event_bind(xs_domid_t domid, uint32_t remote, uint32_t *portp);
int xs_event_bind_virq(unsigned int virq, uint32_t *portp);
void xs_event_close(uint32_t port);
void xs_event_notify(uint32_t port);
bool xs_event_take(uint32_t *portp);
bool xs_event_is_any(void);

/* window.c */
void xs_window_init(void);
int xs_window_map(xs_domid_t domid, uint32_t ref, void **pagep);
int xs_window_unmap(void *page);

void xs_window_unmap_all(void);

/* event.c */
int xs_event_remote(uint32_t port, xs_domid_t *domidp, uint32_t *remotep);
int xs_event_reset(void);

/* kexec.c */
int xs_kexec(const void *program, size_t program_len, const void *state,
	     size_t state_len, const char *cmdline);

/* program.c: what comes after us is told; -E2BIG */
int xs_program_cmdline(const struct xs_plat *plat, const char *const *argv,
		       char cmdline[XS_CMDLINE_MAX]);

/* boot.c */
uint64_t xs_boot_ns(void);
uint64_t xs_hvm_param(unsigned int index);
#endif
