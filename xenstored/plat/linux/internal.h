/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of plat/linux share.  Every descriptor the daemon holds is
 * a named member here or a slot of the stream table, so that a live update
 * can find each of them by its meaning.
 */
#ifndef XS_PLAT_LINUX_INTERNAL_H
#define XS_PLAT_LINUX_INTERNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "plat/plat.h"

/* A client's socket; its slot in the table is its descriptor. */
struct xs_stream {
	bool is_open;
	bool want_read;
	bool want_write;
	void *cookie;
};

struct xs_plat {
	char *rundir;

	int epoll_fd;
	int signal_fd;
	sigset_t saved_signals; /* valid while signal_fd is */

	int rundir_fd; /* its lock says who serves this directory */
	int listen_fd;
	char *socket_path; /* set once the socket is ours to remove */
	dev_t socket_dev;
	ino_t socket_ino;

	struct xs_stream *streams;
	size_t n_streams; /* slots, not open streams */
	int spare_fd;	  /* given up to turn a client away */
	uint64_t next_refusal_ms;

	struct xenevtchn_handle *evtchn;
	int evtchn_fd; /* belongs to the handle */
	struct xengntdev_handle *gnttab;
	struct xc_interface_core *xc;
	void *master_page;

	pid_t program;	/* 0: none runs */
	int program_fd; /* what it prints */
	char *program_dir;
	char program_out[4096];
	size_t program_len;
	uint64_t program_until_ms;

	bool use_syslog;
	char *trace_path;
	int trace_fd;
};

/* wait.c */
int xs_wait_open(struct xs_plat *plat);
void xs_wait_close(struct xs_plat *plat);
int xs_wait_add(struct xs_plat *plat, int fd);

/* listen.c */
int xs_rundir_take(struct xs_plat *plat);
int xs_listen_open(struct xs_plat *plat);
void xs_listen_close(struct xs_plat *plat);

int xs_listen_adopt(struct xs_plat *plat, int fd);
int xs_rundir_retake(struct xs_plat *plat);

/* program.c */
void xs_program_event(struct xs_plat *plat);

/* stream.c */
int xs_stream_open(struct xs_plat *plat);
void xs_stream_close_all(struct xs_plat *plat);
bool xs_stream_event(struct xs_plat *plat, int fd, uint32_t ready,
		     struct xs_plat_event *eventp);

/* evtchn.c, ring.c, domain.c */
int xs_evtchn_open(struct xs_plat *plat);
int xs_evtchn_adopt(struct xs_plat *plat, int fd);
void xs_evtchn_close(struct xs_plat *plat);
int xs_evtchn_drain(struct xs_plat *plat, struct xs_plat_event *events,
		    size_t max);
int xs_ring_open(struct xs_plat *plat);
void xs_ring_close(struct xs_plat *plat);
int xs_domain_open(struct xs_plat *plat);
void xs_domain_close(struct xs_plat *plat);

/* log.c */
void xs_log_close(struct xs_plat *plat);
void xs_log_reopen(struct xs_plat *plat);
int xs_log_errno(struct xs_plat *plat, int err, const char *what,
		 const char *name);

#endif
