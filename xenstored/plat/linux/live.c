/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One program of this process takes the place of another.
 *
 * I1  Descriptors are closed at exec unless they go over, which only those do
 *     that the state file names: the listening socket, clients, event channels.
 * I2  After a failed exec everything is as it was before the call.
 */
#define _GNU_SOURCE 1 /* O_NOFOLLOW */
#include "plat/linux/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plat/linux/plat_linux.h"

#define STATE_FILE "state_dump"

/* See plat.h. */
void plat_live_get(struct xs_plat *plat, struct xs_plat_live *live)
{
	live->listener = plat->listen_fd;
	live->event_channels = plat->evtchn_fd;
}

/* ---- The state file --------------------------------------------------- */

/* See plat.h.  On an error no file is there. */
int plat_state_write(struct xs_plat *plat, const void *data, size_t len)
{
	const char *p = data;
	int fd, ret = 0;

	plat_state_remove(plat);
	fd = openat(plat->rundir_fd, STATE_FILE,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (!ret && len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			ret = -errno;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	if (close(fd) && !ret)
		ret = -errno;
	if (ret)
		plat_state_remove(plat);
	return ret;
}

/* See plat.h. */
void plat_state_remove(struct xs_plat *plat)
{
	unlinkat(plat->rundir_fd, STATE_FILE, 0);
}

/* Where the state file of a run directory (NULL: the usual) is. */
int xs_state_path(const char *rundir, char *buf, size_t max)
{
	int n = snprintf(buf, max, "%s/" STATE_FILE,
			 rundir ? rundir : XS_PLAT_LINUX_RUNDIR);

	return n < 0 || (size_t)n >= max ? -ENAMETOOLONG : 0;
}

static int read_all(int fd, size_t size, void **datap, size_t *lenp)
{
	char *data = malloc(size + 1);
	size_t len = 0;

	if (!data)
		return -ENOMEM;
	while (len < size) {
		ssize_t n = read(fd, data + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int err = errno;

			free(data);
			return -err;
		}
		if (!n)
			break;
		len += (size_t)n;
	}
	*datap = data;
	*lenp = len;
	return 0;
}

/* Reads a whole file; to be given to free().  -EFBIG: over XS_STATE_MAX. */
int xs_state_file_read(const char *path, void **datap, size_t *lenp)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int ret;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		ret = -errno;
	else if (!S_ISREG(st.st_mode))
		ret = -EINVAL;
	else if ((uint64_t)st.st_size > XS_STATE_MAX)
		ret = -EFBIG;
	else
		ret = read_all(fd, (size_t)st.st_size, datap, lenp);
	close(fd);
	return ret;
}

/* ---- exec ------------------------------------------------------------- */

static void set_flags(int fd, bool goes_over, bool blocks)
{
	int flags = fcntl(fd, F_GETFL);

	if (fd < 0)
		return;
	fcntl(fd, F_SETFD, goes_over ? 0 : FD_CLOEXEC);
	if (flags >= 0)
		fcntl(fd, F_SETFL,
		      blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

/* Other daemons expect clients' sockets that block, as they make them. */
static void prepare(struct xs_plat *plat, bool goes)
{
	size_t i;

	for (i = 0; i < plat->n_streams; i++) {
		if (plat->streams[i].is_open)
			set_flags((int)i, goes, goes);
	}
	set_flags(plat->listen_fd, goes, goes);
	set_flags(plat->evtchn_fd, goes, false);
}

/* See plat.h. */
int plat_live_exec(struct xs_plat *plat, const char *const *argv)
{
	sigset_t blocked;
	int err;

	fflush(NULL);
	prepare(plat, true);
	signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &plat->saved_signals, &blocked);
	/* exec does not write to what it is given, its type just says so. */
	execv(argv[0], (char *const *)(uintptr_t)argv);
	err = errno;
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	signal(SIGHUP, SIG_DFL);
	prepare(plat, false);
	return -err;
}

/* See plat.h.  Sockets and memory of a process go with it. */
int plat_live_leave(struct xs_plat *plat, const char *const *argv)
{
	(void)plat;
	(void)argv;
	return -ENOSYS;
}
