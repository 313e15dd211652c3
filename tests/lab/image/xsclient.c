// SPDX-License-Identifier: GPL-2.0-only
/*
 * xsclient DEVICE check DIR          every kind of request a guest makes
 * xsclient DEVICE hammer DIR SECONDS reads, writes, watches and transactions
 *                                    as fast as the store answers
 * xsclient DEVICE hold DIR FILE      a watch on DIR/watched and a transaction
 *                                    with DIR/held in it, until FILE is there
 *
 * Speaks the xenstore protocol itself, over the kernel's /dev/xen/xenbus, so
 * it needs no library and runs in a guest of nothing but this program.  DIR
 * is a directory that the caller may write to; a relative one is relative to
 * its /local/domain/N.  One line "XS name ok" or "XS name FAIL why" a check,
 * "XS done N passed N failed" last.  hammer: "XS hammer requests=N errors=N".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	DIRECTORY = 1,
	READ,
	GET_PERMS,
	WATCH,
	UNWATCH,
	TX_START,
	TX_END,
	GET_DOMAIN_PATH = 10,
	WRITE,
	MKDIR,
	RM,
	SET_PERMS,
	WATCH_EVENT,
	ERROR,
};

#define PAYLOAD_MAX 4096
#define ANSWER_MS 20000
#define EVENTS_MAX 16

struct head {
	uint32_t type, req, tx, len;
};

struct event {
	char path[PAYLOAD_MAX + 1], token[PAYLOAD_MAX + 1];
};

struct conn {
	int fd;
	uint32_t req;
	struct event events[EVENTS_MAX]; /* the latest, in a ring */
	unsigned n_events, n_seen; /* that came, that were looked at */
	uint32_t len; /* of the last answer, */
	char body[PAYLOAD_MAX + 1]; /* and its payload, with a 0 added */
};

static const char *dir;
static unsigned n_ok, n_fail;

static bool read_all(int fd, void *p, size_t len, int ms)
{
	while (len) {
		struct pollfd pf = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&pf, 1, ms) <= 0)
			return false;
		n = read(fd, p, len);
		if (n <= 0)
			return false;
		p = (char *)p + n;
		len -= (size_t)n;
	}
	return true;
}

/* The next packet within MS; an event is kept besides. */
static bool take_packet(struct conn *c, struct head *h, int ms)
{
	if (!read_all(c->fd, h, sizeof(*h), ms) || h->len > PAYLOAD_MAX ||
	    !read_all(c->fd, c->body, h->len, ANSWER_MS))
		return false;
	c->body[h->len] = 0;
	c->len = h->len;
	if (h->type == WATCH_EVENT) {
		struct event *e = &c->events[c->n_events++ % EVENTS_MAX];

		snprintf(e->path, sizeof(e->path), "%s", c->body);
		snprintf(e->token, sizeof(e->token), "%s",
			 c->body + strlen(c->body) + 1);
	}
	return true;
}

/*
 * One request and its answer.  Returns NULL when it succeeded, else the error
 * the store named (or a text about the connection).
 */
static const char *call(struct conn *c, uint32_t type, uint32_t tx,
			const void *data, size_t len)
{
	char packet[sizeof(struct head) + PAYLOAD_MAX];
	struct head h = { type, ++c->req, tx, (uint32_t)len };

	memcpy(packet, &h, sizeof(h));
	memcpy(packet + sizeof(h), data, len);
	if (write(c->fd, packet, sizeof(h) + len) < 0)
		return strerror(errno);
	do {
		if (!take_packet(c, &h, ANSWER_MS))
			return "no answer";
		/* The kernel answers for watches itself, with no request id. */
	} while (h.type == WATCH_EVENT || (h.req && h.req != c->req));
	if (h.type == ERROR)
		return c->body;
	return h.type == type ? NULL : "answer of another type";
}

/* A request whose payload is DIR/NAME, a 0 and then VALUE (if any). */
static const char *call_path(struct conn *c, uint32_t type, uint32_t tx,
			     const char *name, const char *value)
{
	char data[PAYLOAD_MAX];
	int n = name[0] == '/' ? snprintf(data, sizeof(data), "%s", name) :
				 snprintf(data, sizeof(data), "%s%s%s", dir,
					  *name ? "/" : "", name);
	size_t len = (size_t)n + 1;

	if (value) {
		memcpy(data + len, value, strlen(value));
		len += strlen(value);
	}
	/* Watches and permissions: every string ends in a 0. */
	if (type == WATCH || type == UNWATCH || type == SET_PERMS)
		data[len++] = 0;
	return call(c, type, tx, data, len);
}

static const char *start_tx(struct conn *c, uint32_t *txp)
{
	const char *e = call(c, TX_START, 0, "", 1);

	*txp = e ? 0 : (uint32_t)strtoul(c->body, NULL, 10);
	return e;
}

static const char *end_tx(struct conn *c, uint32_t tx, bool commit)
{
	return call(c, TX_END, tx, commit ? "T" : "F", 2);
}

/* The event may have come before the answer to the request that caused it. */
static bool wait_event(struct conn *c, const char *token, const char *end)
{
	struct head h;

	for (;;) {
		while (c->n_seen < c->n_events) {
			struct event *e = &c->events[c->n_seen++ % EVENTS_MAX];
			size_t path_len = strlen(e->path);
			size_t end_len = strlen(end);

			if (!strcmp(e->token, token) && path_len >= end_len &&
			    !strcmp(e->path + path_len - end_len, end))
				return true;
		}
		if (!take_packet(c, &h, ANSWER_MS))
			return false;
	}
}

static void report(const char *name, bool ok, const char *why)
{
	printf("XS %s %s%s%s\n", name, ok ? "ok" : "FAIL", ok ? "" : " ",
	       ok ? "" : (why ? why : "wrong answer"));
	n_ok += ok;
	n_fail += !ok;
}

/* The call must succeed; with WANT its answer must be that text too. */
static void must(struct conn *c, const char *name, const char *e,
		 const char *want)
{
	report(name, !e && (!want || !strcmp(c->body, want)), e);
}

static void must_fail(const char *name, const char *e, const char *want)
{
	report(name, e && !strcmp(e, want), e ? e : "was allowed");
}

static void check_nodes(struct conn *c)
{
	char big[2001] = "";

	must(c, "write", call_path(c, WRITE, 0, "a", "one"), NULL);
	must(c, "read", call_path(c, READ, 0, "a", NULL), "one");
	must(c, "overwrite", call_path(c, WRITE, 0, "a", "two"), NULL);
	must(c, "read-new", call_path(c, READ, 0, "a", NULL), "two");
	must(c, "mkdir", call_path(c, MKDIR, 0, "d/e/f", NULL), NULL);
	must(c, "list", call_path(c, DIRECTORY, 0, "d", NULL), "e");
	memset(big, 'x', sizeof(big) - 1);
	must(c, "write-2000", call_path(c, WRITE, 0, "big", big), NULL);
	must(c, "read-2000", call_path(c, READ, 0, "big", NULL), big);
	must(c, "get-perms", call_path(c, GET_PERMS, 0, "a", NULL), NULL);
	must(c, "remove", call_path(c, RM, 0, "d", NULL), NULL);
	must_fail("read-removed", call_path(c, READ, 0, "d/e", NULL), "ENOENT");
	must_fail("read-missing", call_path(c, READ, 0, "none", NULL),
		  "ENOENT");
	must_fail("bad-path", call_path(c, READ, 0, "/a//b", NULL), "EINVAL");
	must(c, "domain-path", call(c, GET_DOMAIN_PATH, 0, "0", 2),
	     "/local/domain/0");
}

static void check_watch(struct conn *c)
{
	must(c, "watch", call_path(c, WATCH, 0, "w", "tok"), NULL);
	report("watch-first-event", wait_event(c, "tok", "/w"), "no event");
	call_path(c, WRITE, 0, "w/x", "1");
	report("watch-event", wait_event(c, "tok", "/w/x"), "no event");
	call_path(c, RM, 0, "w", NULL);
	report("watch-remove-event", wait_event(c, "tok", "/w"), "no event");
	must(c, "unwatch", call_path(c, UNWATCH, 0, "w", "tok"), NULL);
}

static void check_tx(struct conn *c, struct conn *other)
{
	uint32_t tx;

	must(c, "tx-start", start_tx(c, &tx), NULL);
	must(c, "tx-write", call_path(c, WRITE, tx, "t", "in"), NULL);
	must(c, "tx-read-inside", call_path(c, READ, tx, "t", NULL), "in");
	must_fail("tx-not-outside", call_path(other, READ, 0, "t", NULL),
		  "ENOENT");
	must(c, "tx-commit", end_tx(c, tx, true), NULL);
	must(c, "tx-committed", call_path(other, READ, 0, "t", NULL) ?
					"ENOENT" : NULL, NULL);

	start_tx(c, &tx);
	call_path(c, WRITE, tx, "t", "dropped");
	must(c, "tx-abort", end_tx(c, tx, false), NULL);
	must(c, "tx-aborted", call_path(c, READ, 0, "t", NULL), "in");

	start_tx(c, &tx);
	call_path(c, READ, tx, "t", NULL);
	call_path(c, WRITE, tx, "t", "mine");
	call_path(other, WRITE, 0, "t", "theirs");
	must_fail("tx-conflict", end_tx(c, tx, true), "EAGAIN");
	must(c, "tx-conflict-kept", call_path(c, READ, 0, "t", NULL), "theirs");
}

static bool connect_to(struct conn *c, const char *device)
{
	memset(c, 0, sizeof(*c));
	c->fd = open(device, O_RDWR);
	if (c->fd < 0)
		printf("XS open FAIL %s: %s\n", device, strerror(errno));
	return c->fd >= 0;
}

static int run_checks(struct conn *c, struct conn *other)
{
	/* A guest must not write outside its own; dom0 may, and skips this. */
	const char *e = call_path(c, WRITE, 0, "/local/domain/0/lab", "x");

	if (e)
		must_fail("denied-elsewhere", e, "EACCES");
	else
		call_path(c, RM, 0, "/local/domain/0/lab", NULL);
	check_nodes(c);
	check_watch(c);
	check_tx(c, other);
	must(c, "remove-all", call_path(c, RM, 0, "a", NULL), NULL);
	call_path(c, RM, 0, "big", NULL);
	call_path(c, RM, 0, "t", NULL);
	printf("XS done %u passed %u failed\n", n_ok, n_fail);
	return n_fail != 0;
}

static int hammer(struct conn *c, double seconds)
{
	unsigned long n = 0, n_bad = 0;
	time_t end = time(NULL) + (time_t)seconds;
	uint32_t tx;

	n_bad += call_path(c, WATCH, 0, "h", "hammer") != NULL;
	do {
		char value[32];

		snprintf(value, sizeof(value), "%lu", n);
		n_bad += call_path(c, WRITE, 0, "h/v", value) != NULL;
		n_bad += call_path(c, READ, 0, "h/v", NULL) != NULL ||
			 strcmp(c->body, value);
		n_bad += start_tx(c, &tx) != NULL;
		n_bad += call_path(c, WRITE, tx, "h/t", value) != NULL;
		n_bad += end_tx(c, tx, true) != NULL;
		n += 5;
		if (n == 5) {
			printf("XS hammering\n");
			fflush(stdout);
		}
	} while (time(NULL) < end);
	call_path(c, RM, 0, "h", NULL);
	printf("XS hammer requests=%lu errors=%lu events=%u\n", n, n_bad,
	       c->n_events);
	return n_bad != 0;
}

/*
 * Prints "XS holds" when all is open, "XS event PATH" for each event, and when
 * FILE is there "XS commit ok" or the error.
 */
static int hold(struct conn *w, struct conn *t, const char *file)
{
	struct pollfd pf = { .fd = w->fd, .events = POLLIN };
	const char *e;
	uint32_t tx;
	struct head h;

	must(w, "watch", call_path(w, WATCH, 0, "watched", "hold"), NULL);
	must(t, "start", start_tx(t, &tx), NULL);
	must(t, "write", call_path(t, WRITE, tx, "held", "in transit"), NULL);
	if (n_fail)
		return 1;
	printf("XS holds\n");
	while (access(file, F_OK)) {
		while (w->n_seen < w->n_events)
			printf("XS event %s\n",
			       w->events[w->n_seen++ % EVENTS_MAX].path);
		if (poll(&pf, 1, 100) > 0 && !take_packet(w, &h, ANSWER_MS))
			return 1;
	}
	e = end_tx(t, tx, true);
	printf("XS commit %s\n", e ? e : "ok");
	return e != NULL;
}

int main(int argc, char **argv)
{
	static struct conn a, b;

	if (argc < 4 || !connect_to(&a, argv[1]) || !connect_to(&b, argv[1]))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	dir = argv[3];
	if (!strcmp(argv[2], "hammer"))
		return hammer(&a, argc > 4 ? atof(argv[4]) : 5);
	if (!strcmp(argv[2], "hold") && argc > 4)
		return hold(&a, &b, argv[4]);
	return run_checks(&a, &b);
}
