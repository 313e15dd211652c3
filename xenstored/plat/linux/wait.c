/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting: one epoll set with the event channels, the signals, the listening
 * socket and the clients.
 *
 * I1 Everything is level-triggered: what finds no room in the caller's array
 *    is reported by the next call.
 * I2 Event channels can fill only the room that the descriptors ready in the
 *    same call leave, at least half of it: neither side can starve the other.
 * I3 Signals arrive as events only, at a moment the daemon chose.
 */
#include "plat/linux/internal.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define WAIT_BATCH 64

/* Has the descriptor reported when readable. */
int xs_wait_add(struct xs_plat *plat, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(plat->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return xs_log_errno(plat, errno, "cannot wait for events",
				    NULL);
	return 0;
}

static int open_signals(struct xs_plat *plat)
{
	sigset_t set;

	/* Old libraries write to sockets without MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	/* While a program takes another's place hang-ups are ignored. */
	signal(SIGHUP, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	plat->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (plat->signal_fd < 0)
		return xs_log_errno(plat, errno, "cannot take signals", NULL);
	sigprocmask(SIG_BLOCK, &set, &plat->saved_signals);
	return xs_wait_add(plat, plat->signal_fd);
}

/* Makes the epoll set and turns signals into events. */
int xs_wait_open(struct xs_plat *plat)
{
	plat->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (plat->epoll_fd < 0)
		return xs_log_errno(plat, errno, "cannot wait for events",
				    NULL);
	return open_signals(plat);
}

/* Undoes xs_wait_open(), also when that failed half-way. */
void xs_wait_close(struct xs_plat *plat)
{
	if (plat->signal_fd >= 0) {
		close(plat->signal_fd);
		sigprocmask(SIG_SETMASK, &plat->saved_signals, NULL);
	}
	if (plat->epoll_fd >= 0)
		close(plat->epoll_fd);
}

/* Log rotation moved the file away: follow before anybody logs again. */
static bool signal_event(struct xs_plat *plat, struct xs_plat_event *eventp)
{
	struct signalfd_siginfo info;

	if (read(plat->signal_fd, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo != SIGHUP) {
		*eventp = (struct xs_plat_event){.kind = XS_PLAT_QUIT};
		return true;
	}
	xs_log_reopen(plat);
	*eventp = (struct xs_plat_event){.kind = XS_PLAT_REOPEN};
	return true;
}

static bool other_event(struct xs_plat *plat, const struct epoll_event *ready,
			struct xs_plat_event *eventp)
{
	int fd = ready->data.fd;

	if (fd == plat->listen_fd) {
		*eventp = (struct xs_plat_event){.kind = XS_PLAT_ACCEPT};
		return true;
	}
	if (fd == plat->signal_fd)
		return signal_event(plat, eventp);
	if (fd == plat->program_fd) {
		xs_program_event(plat);
		return false;
	}
	return xs_stream_event(plat, fd, ready->events, eventp);
}

/*
 * See plat.h.  A signal that the daemon does not take ends the waiting early
 * with no event.
 */
int plat_wait(struct xs_plat *plat, int timeout_ms,
	      struct xs_plat_event *events, size_t max)
{
	struct epoll_event ready[WAIT_BATCH];
	size_t room = max < 2 ? max : max / 2;
	size_t n = 0;
	int n_ready, i;

	if (room > WAIT_BATCH)
		room = WAIT_BATCH;
	n_ready = epoll_wait(plat->epoll_fd, ready, (int)room, timeout_ms);
	if (n_ready < 0)
		return errno == EINTR ? 0 : -errno;
	for (i = 0; i < n_ready; i++) {
		int n_ports;

		if (ready[i].data.fd != plat->evtchn_fd)
			continue;
		n_ports = xs_evtchn_drain(plat, events,
					  max - (size_t)(n_ready - 1));
		if (n_ports < 0)
			return n_ports;
		n = (size_t)n_ports;
	}
	for (i = 0; i < n_ready; i++) {
		if (ready[i].data.fd != plat->evtchn_fd &&
		    other_event(plat, &ready[i], &events[n]))
			n++;
	}
	return (int)n;
}
