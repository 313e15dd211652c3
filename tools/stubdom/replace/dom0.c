/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store's clients in dom0: requests by hand over the kernel's connection,
 * because libxenstore would wait for an answer; xenconsoled; the nodes of the
 * domain's own console.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xen/io/xs_wire.h>
#include <xenstore.h>

#include "replace.h"

#define BUS	 "/dev/xen/xenbus"
#define CONSOLED "xenconsoled"
#define STOP_MS	 5000
#define POLL_MS	 10
#define ARGS_MAX 64
#define NAME_LEN 256

/* ---- Requests --------------------------------------------------------- */

/* CONTROL; answers the descriptor that the reply will come from, or -1. */
int bus_send(const char *words, size_t len)
{
	char message[sizeof(struct xsd_sockmsg) + 64];
	struct xsd_sockmsg hdr = {.type = XS_CONTROL, .len = (uint32_t)len};
	int fd = open(BUS, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || len > sizeof(message) - sizeof(hdr)) {
		say("%s: %s", BUS, strerror(errno));
		return -1;
	}
	memcpy(message, &hdr, sizeof(hdr));
	memcpy(message + sizeof(hdr), words, len);
	if (write(fd, message, sizeof(hdr) + len) < 0) {
		say("%s: %s", BUS, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

/* Whether there is a reply; its beginning is the text. */
bool bus_answered(int fd, char *text, size_t max)
{
	char message[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	struct xsd_sockmsg hdr;
	size_t have = 0, n;

	if (poll(&ready, 1, 0) != 1)
		return false;
	while (have < sizeof(message)) {
		ssize_t got = read(fd, message + have, sizeof(message) - have);

		if (got <= 0)
			break;
		have += (size_t)got;
	}
	n = have > sizeof(hdr) ? have - sizeof(hdr) : 0;
	if (n >= max)
		n = max - 1;
	memcpy(text, message + sizeof(hdr), n);
	text[n] = '\0';
	return have >= sizeof(hdr);
}

/* ---- xenconsoled ------------------------------------------------------ */

static char consoled_path[NAME_LEN], consoled_words[4096];
static char *consoled_args[ARGS_MAX + 1];

/* The content of a file of a process, or what its link says; its length. */
static size_t of_process(const char *pid, const char *what, char *buf,
			 size_t max, bool is_link)
{
	char path[NAME_LEN];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, what);
	if (is_link) {
		n = readlink(path, buf, max - 1);
	} else {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			n = read(fd, buf, max - 1);
			close(fd);
		}
	}
	buf[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* How it was started, for consoled_start(). */
static void keep_args(const char *pid)
{
	size_t len = of_process(pid, "cmdline", consoled_words,
				sizeof(consoled_words), false);
	size_t at, n = 0;

	of_process(pid, "exe", consoled_path, sizeof(consoled_path), true);
	for (at = 0; at < len && n < ARGS_MAX;
	     at += strlen(consoled_words + at) + 1)
		consoled_args[n++] = consoled_words + at;
}

static void stop(const char *pid)
{
	uint64_t limit = now_ms() + STOP_MS;
	char buf[NAME_LEN];

	keep_args(pid);
	kill((pid_t)strtol(pid, NULL, 10), SIGTERM);
	/* One that has ended but was not waited for has no command line. */
	while (of_process(pid, "cmdline", buf, sizeof(buf), false) &&
	       now_ms() < limit)
		sleep_ms(POLL_MS);
}

/* What guests write meanwhile waits in their rings. */
void consoled_stop(void)
{
	DIR *dir = opendir("/proc");
	char name[NAME_LEN];
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] < '1' || d->d_name[0] > '9')
			continue;
		of_process(d->d_name, "comm", name, sizeof(name), false);
		if (!strcmp(name, CONSOLED "\n")) {
			stop(d->d_name);
			break;
		}
	}
	if (dir)
		closedir(dir);
}

/* Again, if it ran. */
void consoled_start(void)
{
	int status = 0;
	pid_t pid;

	if (!consoled_args[0])
		return;
	pid = fork();
	if (!pid) {
		execv(consoled_path, consoled_args);
		_exit(127);
	}
	/* It goes into the background by itself. */
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		say("%s does not start again", CONSOLED);
}

/* ---- Nodes ------------------------------------------------------------ */

static int write_number(struct xs_handle *xsh, const struct facts *facts,
			const char *name, unsigned long number)
{
	char path[NAME_LEN], text[32];

	snprintf(path, sizeof(path), "/local/domain/%u/%s", facts->domid, name);
	snprintf(text, sizeof(text), "%lu", number);
	return xs_write(xsh, XBT_NULL, path, text, (unsigned int)strlen(text))
		       ? 0
		       : -1;
}

/* The console is a new one; the rest is as the old domain had it. */
int nodes_write(const struct facts *facts, const struct console *console)
{
	struct xs_handle *xsh = xs_open(0);
	int rc = -1;

	if (xsh)
		rc = write_number(xsh, facts, "console/port", console->port) ||
				     write_number(xsh, facts,
						  "console/ring-ref",
						  console->gfn) ||
				     write_number(xsh, facts, "memory/target",
						  facts->memory_mb * 1024ul)
			     ? -1
			     : 0;
	if (rc)
		say("the nodes of its console cannot be written: %s",
		    strerror(errno));
	if (xsh)
		xs_close(xsh);
	return rc;
}
