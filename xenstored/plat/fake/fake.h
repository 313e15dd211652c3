/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pretended world for tests: domains, ring pages, event channels, byte
 * streams and a clock that move only when the test says so.  This is the
 * test's side of it; the daemon's is plat/plat.h.
 *
 * Functions here that need memory end the process when there is none.
 */
#ifndef XS_PLAT_FAKE_H
#define XS_PLAT_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plat/plat.h"

struct xs_plat *fake_new(void);
void fake_free(struct xs_plat *plat);

void fake_advance(struct xs_plat *plat, uint64_t ms);
void fake_quit(struct xs_plat *plat);
void fake_reopen(struct xs_plat *plat);

/* ---- Domains: domid 0 is there from the beginning --------------------- */

/* Gives the domid a new life with another handle and a clean ring page. */
void fake_domain_create(struct xs_plat *plat, xs_domid_t domid);
/* These raise VIRQ_DOM_EXC, as Xen does. */
void fake_domain_shutdown(struct xs_plat *plat, xs_domid_t domid);
void fake_domain_resume(struct xs_plat *plat, xs_domid_t domid);
void fake_domain_dying(struct xs_plat *plat, xs_domid_t domid);
void fake_domain_gone(struct xs_plat *plat, xs_domid_t domid);

/* The page as the guest sees it; stays valid until the next life or the end. */
void *fake_ring(struct xs_plat *plat, xs_domid_t domid);
/* How often the daemon has it mapped, all lives of the domid together. */
int fake_ring_maps(struct xs_plat *plat, xs_domid_t domid);

/* ---- Event channels --------------------------------------------------- */

/* The guest signals; false when nobody is bound to its port. */
bool fake_signal(struct xs_plat *plat, xs_domid_t domid, uint32_t remote_port);
void fake_signal_dom_exc(struct xs_plat *plat);
/* How often the guest was notified since last asked. */
unsigned int fake_notified(struct xs_plat *plat, xs_domid_t domid,
			   uint32_t remote_port);
unsigned int fake_n_bound(struct xs_plat *plat);

/* ---- Streams ---------------------------------------------------------- */

/* A client connects; the number names it here, whatever the daemon does. */
int fake_connect(struct xs_plat *plat);
void fake_send(struct xs_plat *plat, int client, const void *data, size_t len);
/* Bytes taken from what the daemon has written, at most max. */
size_t fake_recv(struct xs_plat *plat, int client, void *buf, size_t max);
size_t fake_unread(struct xs_plat *plat, int client);
void fake_shutdown_write(struct xs_plat *plat, int client);
void fake_hangup(struct xs_plat *plat, int client);
bool fake_is_closed(struct xs_plat *plat, int client); /* by the daemon */
/* Most bytes for one read and one write, and unread bytes it may have. */
void fake_stream_limits(struct xs_plat *plat, int client, size_t read_max,
			size_t write_max, size_t room);
/* Its reads and writes fail with this (positive) errno value; 0: no more. */
void fake_stream_error(struct xs_plat *plat, int client, int error);

/* ---- What can fail ---------------------------------------------------- */

enum fake_call {
	FAKE_WAIT,
	FAKE_ACCEPT,
	FAKE_WATCH,
	FAKE_READ,
	FAKE_WRITE,
	FAKE_BIND,
	FAKE_BIND_DOM_EXC,
	FAKE_MAP,
	FAKE_MAP_MASTER,
	FAKE_DOMAIN_GET,
	FAKE_DOMAIN_LIST,
	FAKE_LOG_FILE,
	FAKE_APPEND,
	FAKE_N_CALLS,
	FAKE_ANY = FAKE_N_CALLS
};

/* The n-th such call from now on fails, counted from 1. */
void fake_fail(struct xs_plat *plat, enum fake_call call, unsigned int n,
	       int error);
/* Whether it did. */
bool fake_has_failed(struct xs_plat *plat);
unsigned int fake_n_calls(struct xs_plat *plat, enum fake_call call);

/* What the daemon is told is free, in percent; 100 at first. */
void fake_memory_free(struct xs_plat *plat, unsigned int percent);

/* ---- Text ------------------------------------------------------------- */

/* All lines logged since the last time, each "level line\n". */
const char *fake_log(struct xs_plat *plat);
void fake_log_clear(struct xs_plat *plat);
/* As much as has come of a program in pieces, and why none may come (0). */
const char *fake_program(struct xs_plat *plat, size_t *lenp);
void fake_refuse_program(struct xs_plat *plat, int error);
/* What was appended to a file, or NULL. */
const char *fake_file(struct xs_plat *plat, const char *path);
/* Where trace lines go, or NULL. */
const char *fake_trace_path(struct xs_plat *plat);

#endif
