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

/* How it was started; false: that cannot be kept, so it cannot be repeated. */
static bool keep_args(const char *pid, struct consoled *consoled)
{
	size_t len = of_process(pid, "cmdline", consoled->words,
				sizeof(consoled->words), false);

	of_process(pid, "exe", consoled->path, sizeof(consoled->path), true);
	consoled->len = 0;
	/* What the buffer has no room for is missing, its NUL at least. */
	if (!len || consoled->words[len - 1] || !consoled->path[0])
		return false;
	consoled->len = (uint32_t)len;
	return true;
}

static bool stop(const char *pid, struct consoled *consoled)
{
	uint64_t limit = now_ms() + STOP_MS;
	char buf[NAME_LEN];
	bool kept = keep_args(pid, consoled);

	if (!kept)
		say("%s has to be started again by hand", CONSOLED);
	kill((pid_t)strtol(pid, NULL, 10), SIGTERM);
	/* One that has ended but was not waited for has no command line. */
	while (of_process(pid, "cmdline", buf, sizeof(buf), false) &&
	       now_ms() < limit)
		sleep_ms(POLL_MS);
	return kept;
}

/*
 * What guests write meanwhile waits in their rings.  False: there is none that
 * could be started again, and *consoled is as it was.
 */
bool consoled_stop(struct consoled *consoled)
{
	DIR *dir = opendir("/proc");
	struct consoled found;
	char name[NAME_LEN];
	struct dirent *d;
	bool kept = false;

	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] < '1' || d->d_name[0] > '9')
			continue;
		of_process(d->d_name, "comm", name, sizeof(name), false);
		if (!strcmp(name, CONSOLED "\n")) {
			kept = stop(d->d_name, &found);
			break;
		}
	}
	if (dir)
		closedir(dir);
	if (kept)
		*consoled = found;
	return kept;
}

/* Again, if it ran. */
void consoled_start(const struct consoled *consoled)
{
	char words[CONSOLED_ARGS_MAX], *args[ARGS_MAX + 1] = {NULL};
	size_t at, n = 0;
	int status = 0;
	pid_t pid;

	memcpy(words, consoled->words, consoled->len);
	for (at = 0; at < consoled->len && n < ARGS_MAX;
	     at += strlen(words + at) + 1)
		args[n++] = words + at;
	if (!n)
		return;
	pid = fork();
	if (!pid) {
		execv(consoled->path, args);
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
