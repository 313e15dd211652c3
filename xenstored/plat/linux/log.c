/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text out: errors to standard error while there is somebody to see it, to
 * syslog afterwards; everything to the trace file if there is one.
 *
 * I1 A line stays a line: control characters, which may come from a guest,
 *    are shown as '?'.
 * I2 No file name can block the daemon: files are opened non-blocking, so a
 *    FIFO nobody reads is an error.
 * I3 The trace file is opened anew at SIGHUP before the server hears of it.
 *    If that fails, tracing goes on into the old file.
 */
#include "plat/linux/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "plat/linux/plat_linux.h"

#define LINE_MAX_LEN 6144 /* a whole message of the protocol, and a prefix */

/* Closes the trace file and, if used, the connection to syslog. */
void xs_log_close(struct xs_plat *plat)
{
	if (plat->use_syslog)
		closelog();
	if (plat->trace_fd >= 0)
		close(plat->trace_fd);
	free(plat->trace_path);
}

/*
 * Nobody is behind standard error any more, where lines went so far: log to
 * syslog from now on.
 */
void xs_plat_linux_detach(struct xs_plat *plat)
{
	openlog("xenstored", LOG_PID, LOG_DAEMON);
	plat->use_syslog = true;
}

static size_t clean(char *out, const char *line)
{
	size_t n;

	for (n = 0; line[n] && n < LINE_MAX_LEN; n++) {
		unsigned char c = (unsigned char)line[n];

		out[n] = c < ' ' || c == 0x7f ? '?' : line[n];
	}
	out[n] = '\0';
	return n;
}

static void write_trace(struct xs_plat *plat, char *line, size_t len)
{
	char stamp[40];
	struct timespec now;
	struct tm tm;
	struct iovec vec[2];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	n = strftime(stamp, sizeof(stamp), "%Y%m%d %H:%M:%S", &tm);
	n += (size_t)snprintf(stamp + n, sizeof(stamp) - n, ".%03d ",
			      (int)(now.tv_nsec / 1000000));
	line[len] = '\n';
	vec[0] = (struct iovec){stamp, n};
	vec[1] = (struct iovec){line, len + 1};
	/* One call: two processes' lines do not mix.  A full disk loses it. */
	if (writev(plat->trace_fd, vec, 2) < 0)
		errno = 0;
}

/* See plat.h.  Lines over LINE_MAX_LEN are cut. */
void plat_log(struct xs_plat *plat, enum xs_log_level level, const char *line)
{
	static const int priorities[] = {
		[XS_LOG_ERROR] = LOG_ERR,
		[XS_LOG_WARN] = LOG_WARNING,
		[XS_LOG_INFO] = LOG_INFO,
		[XS_LOG_TRACE] = LOG_DEBUG,
	};
	char text[LINE_MAX_LEN + 1];
	size_t len = clean(text, line);

	if (level != XS_LOG_TRACE && plat->use_syslog)
		syslog(priorities[level], "%s", text);
	else if (!plat->use_syslog &&
		 (level != XS_LOG_TRACE || plat->trace_fd < 0))
		fprintf(stderr, "xenstored: %s\n", text);
	if (plat->trace_fd >= 0)
		write_trace(plat, text, len);
}

/*
 * Logs "what name: strerror(err)" (name NULL: without it) and returns -err, so
 * that a failing call can be told and passed up in one line.
 */
int xs_log_errno(struct xs_plat *plat, int err, const char *what,
		 const char *name)
{
	char line[512];

	if (!err)
		err = EIO; /* a library failed and did not say why */
	snprintf(line, sizeof(line), "%s%s%s: %s", what, name ? " " : "",
		 name ? name : "", strerror(err));
	plat_log(plat, XS_LOG_ERROR, line);
	return -err;
}

/* Relative names mean the run directory: the daemon's own is "/". */
static int open_append(struct xs_plat *plat, const char *path)
{
	int fd = openat(plat->rundir_fd, path,
			O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK |
				O_NOCTTY,
			0600);

	return fd < 0 ? -errno : fd;
}

/*
 * See plat.h.  A relative path is relative to the run directory.  At an error
 * the trace goes where it went before.
 */
int plat_log_file(struct xs_plat *plat, const char *path)
{
	char *copy = NULL;
	int fd = -1;

	if (path) {
		copy = strdup(path);
		if (!copy)
			return -ENOMEM;
		fd = open_append(plat, path);
		if (fd < 0) {
			free(copy);
			return fd;
		}
	}
	if (plat->trace_fd >= 0)
		close(plat->trace_fd);
	free(plat->trace_path);
	plat->trace_fd = fd;
	plat->trace_path = copy;
	return 0;
}

/* Follows a log rotation (I3). */
void xs_log_reopen(struct xs_plat *plat)
{
	int fd;

	if (!plat->trace_path)
		return;
	fd = open_append(plat, plat->trace_path);
	if (fd < 0) {
		xs_log_errno(plat, -fd, "cannot reopen", plat->trace_path);
		return;
	}
	close(plat->trace_fd);
	plat->trace_fd = fd;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* See plat.h.  A relative path is relative to the run directory. */
int plat_file_append(struct xs_plat *plat, const char *path, const void *data,
		     size_t len)
{
	int fd, ret;

	if (!path)
		return plat->trace_fd < 0
			       ? -EBADF
			       : write_all(plat->trace_fd, data, len);
	fd = open_append(plat, path);
	if (fd < 0)
		return fd;
	ret = write_all(fd, data, len);
	if (close(fd) && !ret)
		ret = -errno;
	return ret;
}
