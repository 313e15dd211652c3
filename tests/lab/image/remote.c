// SPDX-License-Identifier: GPL-2.0-only
/*
 * remote: what ssh is to `xl migrate`, without cost for an emulated processor.
 *
 *   remote -l DIR             serves port 7022; each connection's command gets
 *                             a log DIR/N.log for what it says on stderr
 *   remote HOST COMMAND...    runs COMMAND there with our stdin and stdout;
 *                             for xl migrate -s remote GUEST HOST
 *
 * A connection begins with the command as one line.  Then it is the command's
 * standard input and output itself: nothing stands between.  On this side the
 * pipe from xl is spliced into the socket, so that no page is copied twice.
 * The exit status is that of the connection (0 when both ends closed it).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT 7022
#define LINE_MAX_BYTES 4096
#define BUFFER (1 << 20)

static bool write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The connection's process: becomes the command of the first line. */
static void serve(int fd, const char *dir, int number)
{
	char line[LINE_MAX_BYTES], path[256];
	size_t n = 0;
	int log;

	for (;;) {
		if (n == sizeof(line) || read(fd, line + n, 1) != 1)
			_exit(1);
		if (line[n] == '\n')
			break;
		n++;
	}
	line[n] = 0;
	snprintf(path, sizeof(path), "%s/%d.log", dir, number);
	log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	dup2(log, 2);
	fprintf(stderr, "remote: %.3f %s\n", now(), line);
	dup2(fd, 0);
	dup2(fd, 1);
	if (fd > 2)
		close(fd);
	if (log > 2)
		close(log);
	execl("/bin/sh", "sh", "-c", line, NULL);
	_exit(127);
}

static int listen_for_ever(const char *dir)
{
	struct sockaddr_in me = { .sin_family = AF_INET,
				  .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&me, sizeof(me)) < 0 ||
	    listen(fd, 16) < 0) {
		perror("remote: listen");
		return 1;
	}
	signal(SIGCHLD, SIG_IGN);
	for (int number = 1;; number++) {
		int c = accept(fd, NULL, NULL);

		if (c < 0)
			continue;
		if (fork() == 0) {
			signal(SIGCHLD, SIG_DFL);
			setsid();
			serve(c, dir, number);
		}
		close(c);
	}
}

static int connect_to(const char *host)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (!inet_aton(host, &to.sin_addr) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		fprintf(stderr, "remote: %s: %s\n", host, strerror(errno));
		return -1;
	}
	return fd;
}

/* Standard input to the socket; false when there will be no more. */
static bool pass_out(int fd)
{
	static char buf[65536];
	ssize_t n = splice(0, NULL, fd, NULL, BUFFER, SPLICE_F_MOVE);

	if (n >= 0 || errno != EINVAL)
		return n > 0;
	n = read(0, buf, sizeof(buf)); /* not a pipe */
	return n > 0 && write_all(fd, buf, (size_t)n);
}

static bool pass_in(int fd)
{
	static char buf[65536];
	ssize_t n = read(fd, buf, sizeof(buf));

	return n > 0 && write_all(1, buf, (size_t)n);
}

static int relay(int fd)
{
	struct pollfd p[2] = { { .fd = 0, .events = POLLIN },
			       { .fd = fd, .events = POLLIN } };

	fcntl(0, F_SETPIPE_SZ, BUFFER);
	while (p[1].fd >= 0) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return 1;
		if (p[0].revents && !pass_out(fd)) {
			shutdown(fd, SHUT_WR);
			p[0].fd = -1;
		}
		if (p[1].revents && !pass_in(fd))
			p[1].fd = -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	char line[LINE_MAX_BYTES] = "";
	int fd;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(argv[1], "-l"))
		return listen_for_ever(argv[2]);
	if (argc < 3)
		return 2;
	for (int i = 2; i < argc; i++) {
		size_t at = strlen(line);

		if (at + strlen(argv[i]) + 2 > sizeof(line))
			return 2;
		sprintf(line + at, "%s%s", argv[i], i + 1 < argc ? " " : "\n");
	}
	fd = connect_to(argv[1]);
	if (fd < 0 || !write_all(fd, line, strlen(line)))
		return 1;
	return relay(fd);
}
