/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Birth and death of the Linux platform, its clock and its randomness.
 *
 * I1 Descriptors are -1 and pointers NULL while not held, so that a half-made
 *    platform is freed by the same function as a whole one.
 * I2 Everything is opened by the process that serves: grant and event channel
 *    handles do not survive a fork().
 * I3 The socket comes last: nothing is taken from a running daemon, and no
 *    client is let in, before everything else is known to work.
 */
#include "plat/linux/plat_linux.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "plat/linux/confine.h"
#include "plat/linux/internal.h"

static struct xs_plat *plat_alloc(const struct xs_plat_linux_config *config)
{
	struct xs_plat *plat = calloc(1, sizeof(*plat));

	if (!plat)
		return NULL;
	plat->epoll_fd = -1;
	plat->signal_fd = -1;
	plat->rundir_fd = -1;
	plat->listen_fd = -1;
	plat->spare_fd = -1;
	plat->evtchn_fd = -1;
	plat->trace_fd = -1;
	plat->program_fd = -1;
	plat->rundir =
		strdup(config->rundir ? config->rundir : XS_PLAT_LINUX_RUNDIR);
	if (!plat->rundir) {
		free(plat);
		return NULL;
	}
	return plat;
}

/* plat_random() cannot fail later if the kernel gives randomness now. */
static int check_random(struct xs_plat *plat)
{
	char byte;

	if (getrandom(&byte, sizeof(byte), 0) == sizeof(byte))
		return 0;
	return xs_log_errno(plat, errno, "cannot get random bytes", NULL);
}

static int open_trace(struct xs_plat *plat, const char *path)
{
	int ret = path ? plat_log_file(plat, path) : 0;

	if (ret)
		xs_log_errno(plat, -ret, "cannot open trace file", path);
	return ret;
}

/*
 * Makes the platform of a dom0: takes the run directory, opens the Xen devices
 * and listens; or goes on with what another program had (config->adopt).  What
 * fails is said on standard error.  The strings of config are copied.  Returns
 * 0 and the platform, to be given to xs_plat_linux_free(), or a negative errno
 * value: -EBUSY and -EADDRINUSE say that another daemon serves this directory.
 */
int xs_plat_linux_new(const struct xs_plat_linux_config *config,
		      struct xs_plat **platp)
{
	struct xs_plat *plat = plat_alloc(config);
	int ret;

	if (!plat) {
		fputs("xenstored: out of memory\n", stderr);
		return -ENOMEM;
	}
	ret = check_random(plat);
	if (!ret)
		ret = xs_wait_open(plat);
	if (!ret)
		ret = config->adopt ? xs_rundir_retake(plat)
				    : xs_rundir_take(plat);
	if (!ret)
		ret = open_trace(plat, config->trace_file);
	if (!ret)
		ret = config->adopt
			      ? xs_evtchn_adopt(plat,
						config->adopt->event_channels)
			      : xs_evtchn_open(plat);
	if (!ret)
		ret = xs_ring_open(plat);
	if (!ret)
		ret = xs_domain_open(plat);
	if (!ret)
		ret = xs_stream_open(plat);
	if (!ret && !config->adopt)
		ret = xs_listen_open(plat);
	else if (!ret && config->adopt->listener >= 0)
		ret = xs_listen_adopt(plat, config->adopt->listener);
	if (ret) {
		xs_plat_linux_free(plat);
		return ret;
	}
	*platp = plat;
	return 0;
}

/*
 * Gives everything back, removes the socket and returns NULL.  Pages and
 * streams that are still held go with it.
 */
struct xs_plat *xs_plat_linux_free(struct xs_plat *plat)
{
	if (!plat)
		return NULL;
	plat_program_stop(plat);
	xs_listen_close(plat);
	xs_stream_close_all(plat);
	xs_domain_close(plat);
	xs_ring_close(plat);
	xs_evtchn_close(plat);
	xs_wait_close(plat);
	xs_log_close(plat);
	if (plat->rundir_fd >= 0)
		close(plat->rundir_fd);
	free(plat->rundir);
	free(plat);
	return NULL;
}

/*
 * Gives up rights that only starting took.  A host without a store is worse
 * than a daemon with too many of them, so a failure is just logged.
 */
void xs_plat_linux_confine(struct xs_plat *plat)
{
	int ret = xs_confine();

	if (ret)
		xs_log_errno(plat, -ret, "running without confinement", NULL);
}

/* Milliseconds since some moment in the past; see plat.h. */
uint64_t plat_now_ms(struct xs_plat *plat)
{
	struct timespec now;

	(void)plat;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* See plat.h.  Whoever limits a process of dom0 does not tell it. */
unsigned int plat_memory_free(struct xs_plat *plat)
{
	(void)plat;
	return 100;
}

/* Fills buf with len unpredictable bytes. */
void plat_random(struct xs_plat *plat, void *buf, size_t len)
{
	unsigned char *byte = buf;

	(void)plat;
	while (len) {
		ssize_t n = getrandom(byte, len, 0);

		if (n < 0)
			continue; /* EINTR: check_random() saw the others */
		byte += n;
		len -= (size_t)n;
	}
}
