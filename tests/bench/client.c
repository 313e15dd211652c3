// SPDX-License-Identifier: GPL-2.0-only
/*
 * The client's end of sockets and rings.
 *
 * I1  Replies come in the order of the requests, with their ids and types; a
 *     client that sees anything else ends the driver.
 * I2  No wait is longer than REPLY_SECS.
 */
#define _GNU_SOURCE
#include "bench/bench.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define RING_SIZE 1024

struct ring {
	char req[RING_SIZE];
	char rsp[RING_SIZE];
	_Atomic uint32_t req_cons, req_prod, rsp_cons, rsp_prod;
};

static struct client *new_client(void)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		fail("out of memory");
	c->fd = -1;
	c->next_req = c->due_req = 1;
	return c;
}

/* A client at the daemon's socket. */
struct client *client_socket(void)
{
	const struct timeval limit = {.tv_sec = REPLY_SECS};
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct client *c = new_client();

	if (strlen(socket_path) >= sizeof(addr.sun_path))
		fail("%s: too long", socket_path);
	strcpy(addr.sun_path, socket_path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 ||
	    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    connect(c->fd, (struct sockaddr *)&addr, sizeof(addr)))
		fail("connect %s: %s", socket_path, strerror(errno));
	return c;
}

/* A domain that was introduced. */
struct client *client_ring(unsigned int domid)
{
	struct client *c = new_client();

	c->ring = xen_page(domid);
	c->port = xen_port(domid);
	c->local_port = xen_port_number(c->port);
	return c;
}

void client_close(struct client *c)
{
	if (c->ring)
		munmap(c->ring, 4096);
	else
		close(c->fd);
	free(c);
}

/* ---- bytes ------------------------------------------------------------ */

static void ring_wait(struct client *c, uint32_t notified)
{
	const struct timespec limit = {.tv_sec = REPLY_SECS};
	uint64_t end;

	if (c->polls) {
		end = now_ns() + REPLY_SECS * 1000000000ull;
		while (__atomic_load_n(&c->port->notified, __ATOMIC_SEQ_CST) ==
		       notified) {
			if (now_ns() > end)
				fail("ring: nothing came");
			sched_yield();
		}
		return;
	}
	if (syscall(SYS_futex, &c->port->notified, FUTEX_WAIT, notified, &limit,
		    NULL, 0) &&
	    errno == ETIMEDOUT)
		fail("ring: nothing came");
}

static void ring_put(struct client *c)
{
	struct ring *r = c->ring;
	uint32_t at = 0;

	while (at < c->out_len) {
		uint32_t notified =
			__atomic_load_n(&c->port->notified, __ATOMIC_SEQ_CST);
		uint32_t prod = r->req_prod;
		uint32_t room = RING_SIZE - (prod - r->req_cons);

		if (room > RING_SIZE)
			fail("ring: bad indexes");
		if (!room) {
			ring_wait(c, notified);
			continue;
		}
		for (; room && at < c->out_len; room--)
			r->req[prod++ % RING_SIZE] = c->out[at++];
		r->req_prod = prod;
		xen_raise(c->local_port);
	}
}

/* Sends what was asked. */
void send_all(struct client *c)
{
	const char *p = c->out;

	if (c->ring)
		ring_put(c);
	while (!c->ring && c->out_len) {
		ssize_t n = send(c->fd, p, c->out_len, MSG_NOSIGNAL);

		if (n <= 0)
			fail("send: %s", strerror(errno));
		p += n;
		c->out_len -= (uint32_t)n;
	}
	c->out_len = 0;
}

static uint32_t ring_get(struct client *c, char *buf, uint32_t max)
{
	struct ring *r = c->ring;
	uint32_t cons = r->rsp_cons, begin = cons, used, n;

	for (;;) {
		uint32_t notified =
			__atomic_load_n(&c->port->notified, __ATOMIC_SEQ_CST);

		used = r->rsp_prod - cons;
		if (used)
			break;
		ring_wait(c, notified);
	}
	if (used > RING_SIZE)
		fail("ring: bad indexes");
	for (n = 0; n < used && n < max; n++)
		buf[n] = r->rsp[cons++ % RING_SIZE];
	r->rsp_cons = cons;
	/*
	 * As Linux does: only who waits for room has to be told; it may have
	 * filled the ring since.
	 */
	if (r->rsp_prod - begin >= RING_SIZE)
		xen_raise(c->local_port);
	return n;
}

static void fill_in(struct client *c, uint32_t want)
{
	ssize_t n;

	if (c->in_at + want > IN_MAX) {
		memmove(c->in, c->in + c->in_at, c->in_len - c->in_at);
		c->in_len -= c->in_at;
		c->in_at = 0;
	}
	while (c->in_len - c->in_at < want) {
		if (c->ring)
			n = ring_get(c, c->in + c->in_len, IN_MAX - c->in_len);
		else
			n = recv(c->fd, c->in + c->in_len, IN_MAX - c->in_len,
				 0);
		if (n <= 0)
			fail("no reply: %s", n ? strerror(errno) : "closed");
		c->in_len += (uint32_t)n;
	}
}

static void take(struct client *c, void *to, uint32_t len)
{
	fill_in(c, len);
	memcpy(to, c->in + c->in_at, len);
	c->in_at += len;
	if (c->in_at == c->in_len)
		c->in_at = c->in_len = 0;
}

/* ---- messages --------------------------------------------------------- */

/* Adds a request to what send_all() will send. */
void ask(struct client *c, enum op op, uint32_t tx, const void *body,
	 size_t len)
{
	struct header head = {op, c->next_req, tx, (uint32_t)len};

	if (c->out_len + sizeof(head) + len > OUT_MAX)
		send_all(c);
	memcpy(c->out + c->out_len, &head, sizeof(head));
	memcpy(c->out + c->out_len + sizeof(head), body, len);
	c->out_len += (uint32_t)(sizeof(head) + len);
	c->due[c->next_req++ % sizeof(c->due)] = (uint8_t)op;
}

/* Whatever comes next. */
void get_message(struct client *c, struct message *msg)
{
	take(c, &msg->head, sizeof(msg->head));
	if (msg->head.len > MSG_MAX)
		fail("a message of %u bytes", msg->head.len);
	take(c, msg->body, msg->head.len);
	msg->body[msg->head.len] = '\0';
}

/* The next reply, an error too; events before it are counted. */
void get_reply(struct client *c, struct message *msg)
{
	if (c->out_len)
		send_all(c);
	for (;;) {
		get_message(c, msg);
		if (msg->head.type != OP_EVENT)
			break;
		c->n_events++;
	}
	if (msg->head.req != c->due_req++)
		fail("reply %u, due was %u", msg->head.req, c->due_req - 1);
	if (msg->head.type != OP_ERROR &&
	    msg->head.type != c->due[msg->head.req % sizeof(c->due)])
		fail("reply of type %u", msg->head.type);
}

/* True: done; false: the reply is this error.  Any other is fatal. */
bool get_result(struct client *c, struct message *msg, const char *error)
{
	get_reply(c, msg);
	if (msg->head.type != OP_ERROR)
		return true;
	if (!error || strcmp(msg->body, error))
		fail("operation %u: %s", c->due[msg->head.req % sizeof(c->due)],
		     msg->body);
	return false;
}

void get_ok(struct client *c)
{
	struct message msg;

	get_result(c, &msg, NULL);
	if (msg.head.len != 3 || strcmp(msg.body, "OK"))
		fail("reply \"%s\" instead of OK", msg.body);
}

void get_value(struct client *c)
{
	struct message msg;

	get_result(c, &msg, NULL);
	if (strcmp(msg.body, VALUE))
		fail("reply \"%s\" instead of the value", msg.body);
}

/* Waits until n events have come since the last call. */
void get_events(struct client *c, uint32_t n)
{
	struct message msg;

	while (c->n_events < n) {
		get_message(c, &msg);
		if (msg.head.type != OP_EVENT)
			fail("a message of type %u instead of an event",
			     msg.head.type);
		c->n_events++;
	}
	if (c->n_events > n)
		fail("%u events instead of %u", c->n_events, n);
	c->n_events = 0;
}

/* ---- requests --------------------------------------------------------- */

void ask_path(struct client *c, enum op op, uint32_t tx, const char *path)
{
	ask(c, op, tx, path, strlen(path) + 1);
}

void ask_write(struct client *c, uint32_t tx, const char *path,
	       const char *value)
{
	char body[MSG_MAX];
	size_t at = strlen(path) + 1, len = strlen(value);

	memcpy(body, path, at);
	memcpy(body + at, value, len);
	ask(c, OP_WRITE, tx, body, at + len);
}

static size_t two(char *body, const char *a, const char *b)
{
	size_t at = strlen(a) + 1, len = strlen(b) + 1;

	memcpy(body, a, at);
	memcpy(body + at, b, len);
	return at + len;
}

void ask_watch(struct client *c, const char *path, const char *token)
{
	char body[MSG_MAX];

	ask(c, OP_WATCH, 0, body, two(body, path, token));
}

/* A watch, and the event that every new one causes. */
void watch(struct client *c, const char *path, const char *token)
{
	ask_watch(c, path, token);
	get_ok(c);
	get_events(c, 1);
}

void call(struct client *c, enum op op, uint32_t tx, const void *body,
	  size_t len, struct message *msg)
{
	ask(c, op, tx, body, len);
	get_result(c, msg, NULL);
}

void call_path(struct client *c, enum op op, const char *path)
{
	ask_path(c, op, 0, path);
	get_ok(c);
}

void call_write(struct client *c, uint32_t tx, const char *path,
		const char *value)
{
	ask_write(c, tx, path, value);
	get_ok(c);
}

uint32_t tx_begin(struct client *c)
{
	struct message msg;

	call(c, OP_TX_START, 0, "", 1, &msg);
	return (uint32_t)strtoul(msg.body, NULL, 10);
}

/* False: EAGAIN. */
bool tx_commit(struct client *c, uint32_t tx)
{
	struct message msg;

	ask(c, OP_TX_END, tx, "T", 2);
	return get_result(c, &msg, "EAGAIN");
}

/* Removes a node that need not exist. */
void remove_tree(struct client *c, const char *path)
{
	struct message msg;

	ask_path(c, OP_RM, 0, path);
	get_result(c, &msg, "ENOENT");
}
