/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The run directory and the socket that clients of this domain connect to.
 *
 * I1 One daemon per directory: ours hold a lock on the directory itself, and
 *    anybody else's is noticed because its socket answers.
 * I2 A socket that does not answer was left by a dead daemon and is replaced.
 * I3 Only the socket made here is ever removed at the end.
 */
#include "plat/linux/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* The kernel cuts this to net.core.somaxconn. */
#define BACKLOG	     4096

#define RETAKE_TRIES 200

static int refuse(struct xs_plat *plat, int err, const char *why,
		  const char *where)
{
	char line[512];

	snprintf(line, sizeof(line), "another xenstored %s %s", why, where);
	plat_log(plat, XS_LOG_ERROR, line);
	return -err;
}

/* Makes the run directory if needed and claims it (I1). */
int xs_rundir_take(struct xs_plat *plat)
{
	if (mkdir(plat->rundir, 0755) && errno != EEXIST)
		return xs_log_errno(plat, errno, "cannot make directory",
				    plat->rundir);
	plat->rundir_fd =
		open(plat->rundir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (plat->rundir_fd < 0)
		return xs_log_errno(plat, errno, "cannot open directory",
				    plat->rundir);
	if (!flock(plat->rundir_fd, LOCK_EX | LOCK_NB))
		return 0;
	if (errno != EWOULDBLOCK)
		return xs_log_errno(plat, errno, "cannot lock directory",
				    plat->rundir);
	return refuse(plat, EBUSY, "holds directory", plat->rundir);
}

/*
 * The same for a program that takes another one's place: whoever holds the
 * directory for a moment meets a socket that answers, and goes (I1).  So this
 * is no reason to give up all clients.
 */
int xs_rundir_retake(struct xs_plat *plat)
{
	int i;

	plat->rundir_fd =
		open(plat->rundir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (plat->rundir_fd < 0)
		return xs_log_errno(plat, errno, "cannot open directory",
				    plat->rundir);
	for (i = 0; i < RETAKE_TRIES; i++) {
		const struct timespec pause = {.tv_nsec = 1000000};

		if (!flock(plat->rundir_fd, LOCK_EX | LOCK_NB))
			return 0;
		nanosleep(&pause, NULL);
	}
	xs_log_errno(plat, errno, "cannot lock directory", plat->rundir);
	return 0;
}

static int fill_address(struct xs_plat *plat, struct sockaddr_un *addr)
{
	int len;

	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	len = snprintf(addr->sun_path, sizeof(addr->sun_path), "%s/socket",
		       plat->rundir);
	if (len < 0 || (size_t)len >= sizeof(addr->sun_path))
		return xs_log_errno(plat, ENAMETOOLONG,
				    "no socket fits into directory",
				    plat->rundir);
	return 0;
}

/* I1, I2.  EAGAIN: the queue of a busy daemon is full. */
static int displace(struct xs_plat *plat, const struct sockaddr_un *addr)
{
	const struct sockaddr *sa = (const struct sockaddr *)addr;
	int err, fd;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return xs_log_errno(plat, errno, "cannot make a socket", NULL);
	err = connect(fd, sa, sizeof(*addr)) ? errno : 0;
	close(fd);
	if (!err || err == EAGAIN || err == EINPROGRESS)
		return refuse(plat, EADDRINUSE, "answers at", addr->sun_path);
	if (unlink(addr->sun_path) && errno != ENOENT)
		return xs_log_errno(plat, errno, "cannot remove",
				    addr->sun_path);
	return 0;
}

static int bind_private(int fd, const struct sockaddr_un *addr)
{
	/* The mode must never be wider, not even before a chmod(). */
	mode_t saved = umask(0177);
	int ret = bind(fd, (const struct sockaddr *)addr, sizeof(*addr));
	int err = errno;

	umask(saved);
	return ret ? -err : 0;
}

static int remember_socket(struct xs_plat *plat, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	plat->socket_path = strdup(path);
	if (!plat->socket_path)
		return -ENOMEM;
	plat->socket_dev = st.st_dev;
	plat->socket_ino = st.st_ino;
	return 0;
}

/* Listens at <rundir>/socket; xs_rundir_take() came before. */
int xs_listen_open(struct xs_plat *plat)
{
	struct sockaddr_un addr;
	int ret;

	ret = fill_address(plat, &addr);
	if (!ret)
		ret = displace(plat, &addr);
	if (ret)
		return ret;
	plat->listen_fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (plat->listen_fd < 0)
		return xs_log_errno(plat, errno, "cannot make a socket", NULL);
	ret = bind_private(plat->listen_fd, &addr);
	if (!ret)
		ret = remember_socket(plat, addr.sun_path);
	if (!ret && listen(plat->listen_fd, BACKLOG))
		ret = -errno;
	if (ret)
		return xs_log_errno(plat, -ret, "cannot listen at",
				    addr.sun_path);
	return xs_wait_add(plat, plat->listen_fd);
}

/* Goes on listening where another program in this process did. */
int xs_listen_adopt(struct xs_plat *plat, int fd)
{
	struct sockaddr_un addr = {.sun_family = AF_UNSPEC};
	socklen_t len = sizeof(addr) - 1;
	int flags;

	if (getsockname(fd, (struct sockaddr *)&addr, &len))
		return xs_log_errno(plat, errno, "cannot take over", "socket");
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return xs_log_errno(plat, errno, "cannot take over", "socket");
	plat->listen_fd = fd;
	/* It is as much ours as if it had been made here; if its name is gone,
	 * there is nothing to remove at the end.
	 */
	if (addr.sun_family == AF_UNIX && addr.sun_path[0] == '/')
		remember_socket(plat, addr.sun_path);
	/* The queue of other daemons has room for one client. */
	listen(fd, BACKLOG);
	return xs_wait_add(plat, fd);
}

/* Stops listening and removes the socket (I3). */
void xs_listen_close(struct xs_plat *plat)
{
	struct stat st;

	if (plat->socket_path && !stat(plat->socket_path, &st) &&
	    st.st_dev == plat->socket_dev && st.st_ino == plat->socket_ino)
		unlink(plat->socket_path);
	free(plat->socket_path);
	if (plat->listen_fd >= 0)
		close(plat->listen_fd);
}
