/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Becoming a daemon.
 *
 * I1 The process that was started lives until the daemon serves or has failed,
 *    and its exit status says which.
 * I2 Until then errors can be seen: standard error stays where it was.
 * I3 The pid file is locked as long as the daemon lives.
 */
#define _GNU_SOURCE 1 /* pipe2() */
#include "main/daemonise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A byte means success; without one the daemon died (I1). */
static int await_verdict(int fd)
{
	char byte;
	ssize_t n;

	do {
		n = read(fd, &byte, sizeof(byte));
	} while (n < 0 && errno == EINTR);
	close(fd);
	return n == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A second fork, so that the daemon is no session leader. */
static int leave_session(void)
{
	pid_t pid;

	if (setsid() < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid > 0)
		_exit(EXIT_SUCCESS);
	if (chdir("/"))
		return -errno;
	umask(0);
	return 0;
}

/*
 * Goes on in a process of its own session, in the directory "/".  Returns 0
 * there, with a descriptor for xs_daemon_detach(); in the process that was
 * started returns XS_DAEMON_PARENT once the daemon serves or ended, with the
 * status to exit with; or a negative errno value.
 */
int xs_daemon_fork(int *verdict_fdp, int *statusp)
{
	int fds[2], ret;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0) {
		ret = -errno;
		close(fds[0]);
		close(fds[1]);
		return ret;
	}
	if (pid > 0) {
		close(fds[1]);
		*statusp = await_verdict(fds[0]);
		waitpid(pid, NULL, 0);
		return XS_DAEMON_PARENT;
	}
	close(fds[0]);
	*verdict_fdp = fds[1];
	return leave_session();
}

/*
 * Lets go of the terminal and tells the waiting process that all is well;
 * verdict_fd is closed.
 */
int xs_daemon_detach(int verdict_fd)
{
	int fd, ret = 0;

	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	fflush(NULL);
	if (write(verdict_fd, "", 1) != 1)
		ret = -errno;
	/* From here on nobody listens, neither there nor on these. */
	close(verdict_fd);
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
	return ret;
}

/* A file that was removed before it was locked says nothing to anybody. */
static bool is_current(const char *path, int fd)
{
	struct stat named, held;

	return !stat(path, &named) && !fstat(fd, &held) &&
	       named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

static int open_locked(const char *path, int *fdp)
{
	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		int ret;

		if (fd < 0)
			return -errno;
		if (lockf(fd, F_TLOCK, 0)) {
			ret = errno == EACCES || errno == EAGAIN ? -EBUSY
								 : -errno;
			close(fd);
			return ret;
		}
		if (is_current(path, fd)) {
			*fdp = fd;
			return 0;
		}
		close(fd);
	}
}

/*
 * Writes this process's id into the file at path and keeps it locked through
 * the descriptor returned, to be given to xs_pid_file_drop().  -EBUSY: another
 * process holds it.  To be called by the process that serves: the lock is not
 * inherited.
 */
int xs_pid_file_take(const char *path, int *fdp)
{
	char text[24];
	int fd = -1;
	int len, ret;

	ret = open_locked(path, &fd);
	if (ret)
		return ret;
	len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	errno = EIO;
	if (ftruncate(fd, 0) || write(fd, text, (size_t)len) != len) {
		ret = -errno;
		close(fd);
		return ret;
	}
	*fdp = fd;
	return 0;
}

/* Removes the pid file, while it is still locked. */
void xs_pid_file_drop(const char *path, int fd)
{
	if (fd < 0)
		return;
	unlink(path);
	close(fd);
}

/*
 * Tells a service manager, if there is one ($NOTIFY_SOCKET), how this process
 * does; text is in the form of sd_notify(3).
 */
int xs_notify_manager(const char *text)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	socklen_t addr_len;
	size_t len;
	int fd, ret = 0;

	if (!name || !*name)
		return 0;
	len = strlen(name);
	if ((*name != '/' && *name != '@') || len >= sizeof(addr.sun_path))
		return -EINVAL;
	memcpy(addr.sun_path, name, len);
	if (*name == '@')
		addr.sun_path[0] = '\0'; /* not a file: an abstract name */
	addr_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL,
		   (const struct sockaddr *)&addr, addr_len) < 0)
		ret = -errno;
	close(fd);
	return ret;
}
