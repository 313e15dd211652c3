// SPDX-License-Identifier: GPL-2.0-only
/*
 * cutter WHEN FLAG COMMAND...: runs COMMAND between its own standard input and
 * output and cuts it off, as a network that fails; for xl migrate -s.
 *
 *   bytes:N      after N bytes of input
 *   in:TEXT      just before TEXT of the input goes through
 *   out:TEXT     just before TEXT of the output does
 *   dead,WHEN    and every later COMMAND cannot be reached at all
 *
 * FLAG is a file that is made when that was done; while it exists COMMAND runs
 * untouched (or, dead, not at all).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char buf[65536];
static const char *text;
static long n_left = -1;
static bool of_input;

static bool put(int fd, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t w = write(fd, buf + at, n - at);

		if (w <= 0)
			return false;
		at += (size_t)w;
	}
	return true;
}

/* Whether the N bytes in buf are those that must not arrive. */
static bool is_time(bool input, size_t n)
{
	if (n_left >= 0) {
		n_left -= input ? (long)n : 0;
		return input && n_left <= 0;
	}
	return input == of_input && memmem(buf, n, text, strlen(text));
}

static int cut(pid_t child, const char *flag)
{
	close(open(flag, O_CREAT | O_WRONLY, 0600));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 1;
}

static int relay(pid_t child, int to, int from, const char *flag)
{
	struct pollfd f[2] = { { .fd = 0, .events = POLLIN },
			       { .fd = from, .events = POLLIN } };
	int status;

	for (;;) {
		poll(f, 2, -1);
		for (int i = 0; i < 2; i++) {
			ssize_t n;

			if (f[i].fd < 0 || !f[i].revents)
				continue;
			n = read(f[i].fd, buf, sizeof(buf));
			if (n <= 0 && i) {
				waitpid(child, &status, 0);
				return WEXITSTATUS(status);
			}
			if (n <= 0) {
				close(to);
				f[0].fd = -1;
			} else if (is_time(!i, (size_t)n)) {
				return cut(child, flag);
			} else if (!put(i ? 1 : to, (size_t)n) && !i) {
				f[0].fd = -1;
			}
		}
	}
}

int main(int argc, char **argv)
{
	bool dead = argc > 3 && !strncmp(argv[1], "dead,", 5);
	const char *when = dead ? argv[1] + 5 : argv[1];
	int down[2], up[2];
	pid_t child;

	if (argc < 4 || !strchr(when, ':'))
		return 2;
	if (!access(argv[2], F_OK)) {
		if (!dead)
			execvp(argv[3], argv + 3);
		return 2;
	}
	text = strchr(when, ':') + 1;
	of_input = !strncmp(when, "in:", 3);
	if (!strncmp(when, "bytes:", 6))
		n_left = atol(text);
	if (pipe(down) || pipe(up))
		return 2;
	signal(SIGPIPE, SIG_IGN);
	child = fork();
	if (!child) {
		dup2(down[0], 0);
		dup2(up[1], 1);
		for (int i = 0; i < 2; i++) {
			close(down[i]);
			close(up[i]);
		}
		execvp(argv[3], argv + 3);
		_exit(2);
	}
	close(down[0]);
	close(up[1]);
	return relay(child, down[1], up[0], argv[2]);
}
