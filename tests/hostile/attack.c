// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attackers.  Domains may do anything that a guest can do with its page
 * and its event channel.  Sockets are root's, so they do everything except
 * what would take the honest clients' nodes, domain or quota away by right.
 */
#define _GNU_SOURCE
#include "hostile/world.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURN 0.2 /* seconds an attack goes on */

/* ---- requests --------------------------------------------------------- */

static unsigned int any_dom(struct rnd *r)
{
	return FIRST_DOM + rnd_below(r, N_DOMS);
}

/* Appends formatted text to a body. */
#define ADD(buf, at, ...) \
	(at += (size_t)snprintf((buf) + (at), PAYLOAD_MAX - (at), __VA_ARGS__))

static size_t make_path(struct rnd *r, char *buf)
{
	size_t at = 0;
	unsigned int depth, i;

	switch (rnd_below(r, 16)) {
	case 0:
		rnd_fill(r, buf, 20);
		return 20;
	case 1:
		memset(buf, '/', 1);
		memset(buf + 1, 'x', 2046);
		return 1 + rnd_below(r, 2060);
	case 2:
		ADD(buf, at, "@releaseDomain");
		return at;
	case 3:
		ADD(buf, at, "@introduceDomain/%u", any_dom(r));
		return at;
	case 4:
		ADD(buf, at, "/h/");
		return at;
	case 5:
	case 6:
	case 7:
		ADD(buf, at, "x%u/y", rnd_below(r, 40));
		return at;
	case 8:
	case 9:
		ADD(buf, at, "/local/domain/%u/x%u", any_dom(r),
		    rnd_below(r, 40));
		return at;
	case 10:
		depth = rnd_below(r, 200);
		ADD(buf, at, "/h/deep");
		for (i = 0; i < depth; i++)
			ADD(buf, at, "/d");
		return at;
	default:
		ADD(buf, at, "/h/%c", 'a' + (int)rnd_below(r, 5));
		if (rnd_one_in(r, 2))
			ADD(buf, at, "/n%u", rnd_below(r, 30));
		if (rnd_one_in(r, 3))
			ADD(buf, at, "/leaf");
		return at;
	}
}

static size_t make_perms(struct rnd *r, char *buf)
{
	unsigned int i, n = 1 + rnd_below(r, 7);
	size_t at = 0;

	for (i = 0; i < n; i++) {
		ADD(buf, at, "%c%u", "nrwbq"[rnd_below(r, 5)],
		    rnd_one_in(r, 4) ? 0 : any_dom(r));
		at++;
	}
	return at;
}

static size_t make_control(struct rnd *r, char *buf)
{
	static const char *const cmd[] = {
		"check", "help",      "print",	     "quota",	 "quota-soft",
		"log",	 "memreport", "live-update", "nonsense", "",
	};
	unsigned int i, n = rnd_below(r, 4);
	size_t at = 0;

	ADD(buf, at, "%s", cmd[rnd_below(r, 10)]);
	at++;
	for (i = 0; i < n; i++) {
		switch (rnd_below(r, 5)) {
		case 0:
			ADD(buf, at, "-s");
			break;
		case 1:
			ADD(buf, at, "-f");
			break;
		case 2:
			ADD(buf, at, "%d", (int)rnd_next(r));
			break;
		case 3:
			ADD(buf, at, "off");
			break;
		default:
			rnd_fill(r, buf + at, 30);
			buf[at] = '.'; /* no name of a file */
			buf[at + 1] = '\0';
			at += 30;
		}
		at++;
	}
	return at;
}

static size_t make_body(struct rnd *r, enum op op, char *b)
{
	size_t at = 0;

	switch (op) {
	case OP_CONTROL:
		return make_control(r, b);
	case OP_WATCH:
	case OP_UNWATCH:
		at = make_path(r, b);
		b[at++] = '\0';
		ADD(b, at, "t%u", rnd_below(r, 50));
		at++;
		if (rnd_one_in(r, 4)) {
			ADD(b, at, "%u", rnd_below(r, 4));
			at++;
		}
		return at;
	case OP_TX_START:
	case OP_RESET_WATCHES:
		b[0] = '\0';
		return 1;
	case OP_TX_END:
		b[0] = "TFX"[rnd_below(r, 3)];
		b[1] = '\0';
		return 2;
	case OP_INTRODUCE:
		ADD(b, at, "%u%c%u%c%u", any_dom(r), 0, rnd_below(r, 9), 0,
		    rnd_below(r, 60));
		return at + 1;
	case OP_RELEASE:
	case OP_RESUME:
	case OP_IS_INTRODUCED:
	case OP_DOMAIN_PATH:
		ADD(b, at, "%u", any_dom(r));
		return at + 1;
	case OP_SET_TARGET:
	case OP_SET_FEATURE:
		ADD(b, at, "%u%c%u", any_dom(r), 0, any_dom(r));
		return at + 1;
	case OP_GET_QUOTA:
	case OP_SET_QUOTA:
		ADD(b, at, "%u%cnodes%c%u", any_dom(r), 0, 0,
		    rnd_below(r, 1000));
		return at + 1;
	case OP_WRITE:
		at = make_path(r, b);
		b[at++] = '\0';
		rnd_fill(r, b + at, 2000);
		return at + (rnd_one_in(r, 4) ? rnd_below(r, 2000)
					      : rnd_below(r, 20));
	case OP_SET_PERMS:
		at = make_path(r, b);
		b[at++] = '\0';
		return at + make_perms(r, b + at);
	case OP_DIRECTORY_PART:
		at = make_path(r, b);
		b[at++] = '\0';
		ADD(b, at, "%d", (int)rnd_next(r) >> rnd_below(r, 32));
		return at + 1;
	default:
		at = make_path(r, b);
		b[at++] = '\0';
		return at;
	}
}

size_t make_request(struct rnd *r, struct message *msg, bool privileged)
{
	static const uint8_t usual[] = {
		OP_READ,      OP_WRITE,		 OP_WRITE,    OP_MKDIR,
		OP_RM,	      OP_DIRECTORY,	 OP_WATCH,    OP_UNWATCH,
		OP_SET_PERMS, OP_GET_PERMS,	 OP_TX_START, OP_TX_END,
		OP_TX_END,    OP_DIRECTORY_PART,
	};
	struct header *h = &msg->head;

	h->type = rnd_one_in(r, 4) ? rnd_below(r, 30)
				   : usual[rnd_below(r, sizeof(usual))];
	if (rnd_one_in(r, 200))
		h->type = rnd_next(r);
	h->req = rnd_next(r);
	h->tx = rnd_one_in(r, 3) ? rnd_below(r, 12) : 0;
	h->len = (uint32_t)make_body(r, h->type, msg->body);
	/* Sometimes without the final NUL, empty, or cut anywhere. */
	if (rnd_one_in(r, 30))
		h->len = rnd_below(r, h->len + 1);
	/* A global quota would be taken from the honest domain as well. */
	if (privileged && h->type == OP_SET_QUOTA && msg->body[0] > '9')
		h->len = 0;
	return sizeof(*h) + h->len;
}

/* ---- sockets ---------------------------------------------------------- */

static void drain(int fd)
{
	char buf[16384];
	int i;

	for (i = 0; i < 64 && recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0; i++)
		;
}

static void socket_turn(struct rnd *r, int fd)
{
	double until = now() + TURN * (1 + rnd_below(r, 4));
	bool reads = rnd_one_in(r, 2), storm = rnd_one_in(r, 4);
	struct message msg;
	unsigned int i;
	size_t len;

	for (i = 0; storm && i < 300; i++) {
		msg.head = (struct header){OP_WATCH, i, 0, 0};
		msg.head.len =
			(uint32_t)snprintf(msg.body, 64, "/h%ctoken-%u", 0, i) +
			1;
		if (!sock_write(fd, &msg, sizeof(msg.head) + msg.head.len,
				until))
			return;
		if (i % 16 == 0)
			drain(fd);
	}
	while (!world.stop && now() < until) {
		len = make_request(r, &msg, true);
		world.sent++;
		if (rnd_one_in(r, 400))
			msg.head.len = rnd_next(r);
		if (rnd_one_in(r, 100)) {
			sock_write(fd, &msg, rnd_below(r, (uint32_t)len),
				   until);
			return;
		}
		if (!sock_write(fd, &msg, len, until))
			return;
		if (reads)
			drain(fd);
		if (rnd_one_in(r, 8))
			nap(rnd_below(r, 500));
	}
}

void *attack_by_socket(void *arg)
{
	struct attacker *a = arg;
	int fd;

	while (!world.stop) {
		fd = sock_open();
		if (fd < 0) {
			nap(10000);
			continue;
		}
		socket_turn(&a->rnd, fd);
		if (rnd_one_in(&a->rnd, 3)) {
			shutdown(fd, SHUT_WR);
			nap(1000);
		}
		close(fd);
	}
	return NULL;
}

/* ---- rings ------------------------------------------------------------ */

static void ring_garbage(struct rnd *r, struct ring *ring, unsigned int domid)
{
	switch (rnd_below(r, 8)) {
	case 0:
		ring->req_prod = rnd_next(r);
		break;
	case 1:
		ring->rsp_cons = rnd_next(r);
		break;
	case 2:
		ring->req_cons = rnd_next(r);
		break;
	case 3:
		ring->rsp_prod = rnd_next(r);
		break;
	case 4:
		ring->req_prod = ring->req_cons + 1024 + rnd_below(r, 3);
		break;
	case 5:
		ring->connection = rnd_below(r, 3);
		break;
	case 6:
		rnd_fill(r, ring, 4096);
		break;
	default:
		ring->error = rnd_next(r);
		ring->features = rnd_next(r);
		ring->evtchn_port = rnd_next(r);
	}
	dom_notify(domid);
}

static void ring_turn(struct rnd *r, struct ring *ring, unsigned int domid)
{
	double until = now() + TURN * (1 + rnd_below(r, 4));
	bool reads = rnd_one_in(r, 2);
	struct message msg;
	unsigned int i;
	size_t len;

	/* Ask to be served again after what was done before. */
	ring->connection = 1;
	dom_notify(domid);
	nap(2000);
	while (!world.stop && now() < until) {
		len = make_request(r, &msg, false);
		world.sent++;
		if (rnd_one_in(r, 300))
			msg.head.len = rnd_next(r);
		if (rnd_one_in(r, 50))
			len = rnd_below(r, (uint32_t)len);
		if (!ring_write(domid, ring, &msg, len, now() + 0.02) && !reads)
			nap(5000);
		if (reads)
			ring->rsp_cons = ring->rsp_prod;
		if (rnd_one_in(r, 3))
			nap(rnd_below(r, 300));
		for (i = 0; rnd_one_in(r, 100) && i < 500; i++)
			dom_notify(domid);
	}
	if (rnd_one_in(r, 2))
		ring_garbage(r, ring, domid);
}

void *attack_by_ring(void *arg)
{
	struct attacker *a = arg;
	unsigned int domid;
	struct ring *ring;

	while (!world.stop) {
		domid = any_dom(&a->rnd);
		ring = ring_map(domid);
		if (!ring) {
			nap(10000);
			continue;
		}
		ring_turn(&a->rnd, ring, domid);
		ring_unmap(ring);
	}
	return NULL;
}

/* Changes pages while the daemon reads them. */
void *attack_pages(void *arg)
{
	struct attacker *a = arg;
	volatile char *page;
	struct ring *ring;
	unsigned int i;

	while (!world.stop) {
		ring = ring_map(any_dom(&a->rnd));
		if (!ring) {
			nap(10000);
			continue;
		}
		page = (volatile char *)ring;
		for (i = 0; i < 20000; i++)
			page[rnd_below(&a->rnd, 1024)] ^=
				(char)(1 << rnd_below(&a->rnd, 8));
		if (rnd_one_in(&a->rnd, 4))
			page[2048 + rnd_below(&a->rnd, 32)] ^= 4;
		ring_unmap(ring);
		nap(500);
	}
	return NULL;
}

/* The toolstack: domains shut down, die, and come back. */
void *attack_lives(void *arg)
{
	static const char *const states[] = {"-", "S", "C", "D"};
	struct attacker *a = arg;
	struct rnd *r = &a->rnd;
	unsigned int domid;
	int fd = -1;

	while (!world.stop) {
		if (fd < 0)
			fd = sock_open();
		domid = any_dom(r);
		switch (rnd_below(r, 6)) {
		case 0:
			dom_kill(domid);
			if (rnd_one_in(r, 2))
				raise_virq();
			break;
		case 1:
			dom_state(domid, states[rnd_below(r, 4)]);
			raise_virq();
			break;
		default:
			if (rnd_one_in(r, 3)) {
				dom_kill(domid);
				dom_create(domid);
			} else {
				dom_state(domid, "-");
			}
			if (rnd_one_in(r, 2))
				raise_virq();
			if (fd >= 0 && !dom_introduce(fd, domid) &&
			    rnd_one_in(r, 20)) {
				close(fd);
				fd = -1;
			}
		}
		nap(rnd_below(r, 20000));
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}
