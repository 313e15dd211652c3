// SPDX-License-Identifier: GPL-2.0-only
/*
 * cutter [ACTION,]WHEN FLAG COMMAND...: runs COMMAND between its own standard
 * input and output and does, once, what a bad network or a bad moment does; for
 * xl migrate -s.
 *
 * ACTION:
 *   cut          kills COMMAND and ends (the default)
 *   dead         that, and every later COMMAND cannot be reached at all
 *   hold         lets nothing through until there is a file FLAG.go
 *   flip         changes the byte; flip^HEX those bits of it
 *
 * WHEN, the byte before which that happens:
 *   bytes:N      byte N of the input
 *   in:TEXT      the last of TEXT in the input; in+N:TEXT the Nth behind it
 *   out:TEXT     the same in the output
 *
 * FLAG is a file that is made when it was done; while it exists COMMAND runs
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

#define POLL_US	  20000
#define PIPE_SIZE (1 << 20)

enum action {
	CUT,
	DEAD,
	HOLD,
	FLIP
};

/* The byte to be found, and how far that has come. */
struct spot {
	enum action action;
	char bits; /* FLIP: which to change */
	bool of_input, done;
	const char *text;
	size_t len, matched;
	size_t behind; /* bytes still to pass, once text was found */
};

static char buf[PIPE_SIZE];

/* ---- Finding the byte -------------------------------------------------- */

/* How much of the text the stream ends with after one more byte. */
static size_t match(const struct spot *s, char c)
{
	for (size_t n = s->matched + 1; n; n--)
		if (s->text[n - 1] == c &&
		    !memcmp(s->text, s->text + s->matched + 1 - n, n - 1))
			return n;
	return 0;
}

/* Where in the N bytes of buf it is, or -1. */
static ssize_t find(struct spot *s, bool input, size_t n)
{
	size_t at = 0;

	if (s->done || input != s->of_input)
		return -1;
	while (s->matched < s->len) {
		const char *next = memchr(buf + at, s->text[0], n - at);

		if (at == n || (!s->matched && !next))
			return -1;
		if (!s->matched)
			at = (size_t)(next - buf);
		s->matched = match(s, buf[at]);
		if (s->matched < s->len)
			at++;
	}
	if (s->behind >= n - at) {
		s->behind -= n - at;
		return -1;
	}
	s->done = true;
	return (ssize_t)(at + s->behind);
}

static bool parse(struct spot *s, char *when)
{
	static const char *const actions[] = {"cut,", "dead,", "hold,",
					      "flip,", "flip^"};
	char *text;

	s->bits = (char)~0;
	for (size_t a = 0; a < sizeof(actions) / sizeof(*actions); a++) {
		if (strncmp(when, actions[a], strlen(actions[a])) != 0)
			continue;
		s->action = a > FLIP ? FLIP : (enum action)a;
		when += strlen(actions[a]);
		if (a > FLIP) {
			s->bits = (char)strtoul(when, &when, 16);
			if (*when++ != ',')
				return false;
		}
		break;
	}
	text = strchr(when, ':');
	if (!text)
		return false;
	*text++ = 0;
	s->of_input = strncmp(when, "out", 3) != 0;
	if (!strcmp(when, "bytes")) {
		s->behind = strtoul(text, NULL, 10);
		return true;
	}
	if (strchr(when, '+'))
		s->behind = strtoul(strchr(when, '+') + 1, NULL, 10);
	s->text = text;
	s->len = strlen(text);
	return s->len > 0;
}

/* ---- Passing on -------------------------------------------------------- */

static bool put(int fd, const char *data, size_t n)
{
	while (n) {
		ssize_t w = write(fd, data, n);

		if (w <= 0)
			return false;
		data += w;
		n -= (size_t)w;
	}
	return true;
}

static void wait_for_go(const char *flag)
{
	char go[4096];

	snprintf(go, sizeof(go), "%s.go", flag);
	while (access(go, F_OK) != 0)
		usleep(POLL_US);
}

/* Passes on the N bytes of buf, of which that at AT is the one. */
static bool strike(const struct spot *s, int to, size_t at, size_t n,
		   pid_t child, const char *flag)
{
	if (s->action == FLIP)
		buf[at] ^= s->bits;
	else if (!put(to, buf, at))
		return false;
	close(open(flag, O_CREAT | O_WRONLY, 0600));
	if (s->action == FLIP)
		return put(to, buf, n);
	if (s->action == HOLD) {
		wait_for_go(flag);
		return put(to, buf + at, n - at);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	exit(1);
}

/* What is there to be read goes on; 0: that was the end. */
static ssize_t pass(struct spot *s, bool input, int from, int to, pid_t child,
		    const char *flag)
{
	ssize_t n, at;
	bool ok;

	/* Nothing to be found in it: its pages need not be copied. */
	if (s->done || input != s->of_input)
		return splice(from, NULL, to, NULL, PIPE_SIZE, SPLICE_F_MOVE);
	n = read(from, buf, sizeof(buf));
	if (n <= 0)
		return n;
	at = find(s, input, (size_t)n);
	ok = at < 0 ? put(to, buf, (size_t)n)
		    : strike(s, to, (size_t)at, (size_t)n, child, flag);
	return ok ? n : -1;
}

static int relay(struct spot *s, pid_t child, int to, int from,
		 const char *flag)
{
	struct pollfd f[2] = {{.fd = 0, .events = POLLIN},
			      {.fd = from, .events = POLLIN}};
	int status;

	for (;;) {
		poll(f, 2, -1);
		for (int i = 0; i < 2; i++) {
			if (f[i].fd < 0 || !f[i].revents ||
			    pass(s, !i, f[i].fd, i ? 1 : to, child, flag) > 0)
				continue;
			if (i) {
				waitpid(child, &status, 0);
				return WEXITSTATUS(status);
			}
			close(to);
			f[0].fd = -1;
		}
	}
}

int main(int argc, char **argv)
{
	struct spot spot = {0};
	int down[2], up[2];
	pid_t child;

	if (argc < 4 || !parse(&spot, argv[1]))
		return 2;
	if (!access(argv[2], F_OK)) {
		if (spot.action != DEAD)
			execvp(argv[3], argv + 3);
		return 2;
	}
	if (pipe(down) || pipe(up))
		return 2;
	fcntl(0, F_SETPIPE_SZ, PIPE_SIZE); /* a page at a time is slow */
	fcntl(down[1], F_SETPIPE_SZ, PIPE_SIZE);
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
	return relay(&spot, child, down[1], up[0], argv[2]);
}
