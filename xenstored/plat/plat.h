/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon needs from the world below it: a clock, byte streams, event
 * channels, the pages that hold the store rings, and the state of domains.
 *
 * One implementation is chosen at link time: plat/linux (dom0), plat/fake (the
 * tests) or plat/stubdom.  The core calls nothing else of an operating system.
 *
 * Unless said otherwise a function returns 0 or a negative errno value.
 */
#ifndef XS_PLAT_PLAT_H
#define XS_PLAT_PLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

typedef uint16_t xs_domid_t;

struct xs_plat;

/* ---- Waiting ---------------------------------------------------------- */

enum xs_plat_event_kind {
	XS_PLAT_ACCEPT, /* a client waits at the listening socket */
	XS_PLAT_STREAM, /* the stream with this cookie became ready */
	XS_PLAT_PORT,	/* the local port was signalled (already unmasked) */
	XS_PLAT_REOPEN, /* reopen log files (SIGHUP) */
	XS_PLAT_QUIT,	/* end in good order (SIGTERM, SIGINT) */
};

struct xs_plat_event {
	enum xs_plat_event_kind kind;
	void *cookie;  /* XS_PLAT_STREAM */
	uint32_t port; /* XS_PLAT_PORT: local port */
	bool readable; /* XS_PLAT_STREAM: data, end of file or error */
	bool writable; /* XS_PLAT_STREAM */
};

/*
 * Waits until something happens or timeout_ms passed (-1: for ever, 0: only
 * look) and fills at most max events, port events first.  Returns their
 * number or a negative errno value.
 */
int plat_wait(struct xs_plat *plat, int timeout_ms,
	      struct xs_plat_event *events, size_t max);

/* Milliseconds of a clock that never goes backwards. */
uint64_t plat_now_ms(struct xs_plat *plat);

/* Unpredictable bytes, for hash keys. */
void plat_random(struct xs_plat *plat, void *buf, size_t len);

/* In percent of what the daemon may use; 100 where there is no such limit. */
unsigned int plat_memory_free(struct xs_plat *plat);

/* ---- Streams (dom0 sockets; a stub domain has none) ------------------- */

struct xs_iov {
	const void *base;
	size_t len;
};

/* Takes one waiting client; *streamp names it.  -EAGAIN: none waits. */
int plat_stream_accept(struct xs_plat *plat, int *streamp);

/*
 * Says what plat_wait() shall report for the stream, under which cookie.
 * Nothing is reported for a stream before the first call.
 */
int plat_stream_watch(struct xs_plat *plat, int stream, bool readable,
		      bool writable, void *cookie);

/*
 * Bytes moved, 0 at end of file (read only), -EAGAIN when it would block, or
 * another negative errno value.
 */
int plat_stream_read(struct xs_plat *plat, int stream, void *buf, size_t len);
int plat_stream_write(struct xs_plat *plat, int stream,
		      const struct xs_iov *iov, size_t n_iov);
void plat_stream_close(struct xs_plat *plat, int stream);

/* ---- Event channels --------------------------------------------------- */

int plat_port_bind(struct xs_plat *plat, xs_domid_t domid, uint32_t remote_port,
		   uint32_t *local_portp);
/* VIRQ_DOM_EXC: some domain shut down, crashed or went. */
int plat_port_bind_dom_exc(struct xs_plat *plat, uint32_t *local_portp);
void plat_port_unbind(struct xs_plat *plat, uint32_t local_port);
void plat_port_notify(struct xs_plat *plat, uint32_t local_port);

/* ---- Store rings ------------------------------------------------------ */

/* The page behind a domain's grant reference 1 (GNTTAB_RESERVED_XENSTORE). */
int plat_ring_map(struct xs_plat *plat, xs_domid_t domid, void **pagep);
void plat_ring_unmap(struct xs_plat *plat, xs_domid_t domid, void *page);

/*
 * The ring of the domain the daemon serves first (dom0: xsd_kva, xsd_port).
 * plat_ring_unmap() takes this page back as well.
 */
int plat_ring_map_master(struct xs_plat *plat, void **pagep,
			 uint32_t *remote_portp);

/* ---- Domains ---------------------------------------------------------- */

struct xs_dominfo {
	xs_domid_t domid;
	bool shutdown;	    /* shut down or crashed, memory still there */
	bool dying;	    /* being torn down */
	uint8_t handle[16]; /* tells two lives of one domid apart */
};

/* -ENOENT: no such domain. */
int plat_domain_get(struct xs_plat *plat, xs_domid_t domid,
		    struct xs_dominfo *infop);
/*
 * The domains from domid first on, in ascending order; returns their number
 * (fewer than max: that was the last of them) or a negative errno value.
 */
int plat_domain_list(struct xs_plat *plat, xs_domid_t first,
		     struct xs_dominfo *infos, size_t max);

/* ---- Another program takes this one's place --------------------------- */

/* What goes from one to the other: names that both understand. */
struct xs_plat_live {
	int listener; /* -1: none */
	int event_channels;
};

void plat_live_get(struct xs_plat *plat, struct xs_plat_live *live);

/* A stream that this process had before its program began, by its name. */
int plat_stream_adopt(struct xs_plat *plat, int stream);

/* The file through which the state goes over; a new one replaces an old. */
int plat_state_write(struct xs_plat *plat, const void *data, size_t len);
void plat_state_remove(struct xs_plat *plat);

/* -ENOENT: no such file; -EACCES: it cannot be a program. */
int plat_program_find(struct xs_plat *plat, const char *path);

/*
 * A program that comes in pieces, where there are no files: size bytes in all
 * will come, replacing what came before.  -EINVAL: here are files, or that is
 * more than was announced; -E2BIG.
 */
int plat_program_receive(struct xs_plat *plat, size_t size);
int plat_program_piece(struct xs_plat *plat, const void *data, size_t len);

/*
 * Runs a program that has nothing of this daemon's but its environment and an
 * empty run directory with that file in it, whose path becomes its last
 * argument.  One at a time; argv[0] is its path, and a NULL ends argv.
 */
int plat_program_start(struct xs_plat *plat, const char *const *argv,
		       const void *data, size_t len);
/*
 * Waits at most timeout_ms for its end: -EAGAIN: not yet; 0: *statusp is its
 * exit status (-1: a signal ended it) and out begins with what it printed.
 */
int plat_program_wait(struct xs_plat *plat, int timeout_ms, int *statusp,
		      char *out, size_t max);
void plat_program_stop(struct xs_plat *plat);

/*
 * The program argv[0] goes on in this process, with streams, listener and
 * event channels.  Returns only if it cannot, and nothing has changed then.
 */
int plat_live_exec(struct xs_plat *plat, const char *const *argv);

/*
 * The state is left to a program that takes over from outside, and this one
 * stands still; argv as above.  Returns only if nobody takes over, and nothing
 * has changed then.  -ENOSYS: not here.
 */
int plat_live_leave(struct xs_plat *plat, const char *const *argv);

/* ---- Text out --------------------------------------------------------- */

/* One line without its newline.  Never fails: what cannot be said is lost. */
void plat_log(struct xs_plat *plat, enum xs_log_level level, const char *line);

/* Where trace lines go from now on; NULL: nowhere. */
int plat_log_file(struct xs_plat *plat, const char *path);

/* Appends to a file; path NULL: to the trace file (-EBADF when there is none).
 */
int plat_file_append(struct xs_plat *plat, const char *path, const void *data,
		     size_t len);

#endif
