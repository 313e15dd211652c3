// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pretended Xen and the client's end of sockets and rings.
 */
#define _GNU_SOURCE
#include "hostile/world.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define RING_SIZE    1024
#define VIRQ_DOM_EXC 3

struct world world;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

uint32_t rnd_next(struct rnd *r)
{
	r->s ^= r->s << 13;
	r->s ^= r->s >> 7;
	r->s ^= r->s << 17;
	return (uint32_t)(r->s >> 16);
}

uint32_t rnd_below(struct rnd *r, uint32_t n)
{
	return rnd_next(r) % n;
}

bool rnd_one_in(struct rnd *r, uint32_t n)
{
	return rnd_below(r, n) == 0;
}

void rnd_fill(struct rnd *r, void *buf, size_t len)
{
	unsigned char *p = buf;

	while (len--)
		*p++ = (unsigned char)rnd_next(r);
}

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void nap(unsigned int us)
{
	usleep(us);
}

/* ---- the pretended Xen ------------------------------------------------ */

static void *map_table(const char *name, size_t len)
{
	char path[128];
	void *p;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", world.xen, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)len))
		die(path);
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die(path);
	close(fd);
	return p;
}

void world_open(void)
{
	char path[128];

	snprintf(world.base, sizeof(world.base), "/tmp/hostile-XXXXXX");
	if (!mkdtemp(world.base))
		die("mkdtemp");
	snprintf(world.xen, sizeof(world.xen), "%s/xen", world.base);
	snprintf(world.run, sizeof(world.run), "%s/run", world.base);
	snprintf(world.log, sizeof(world.log), "%s/log", world.base);
	snprintf(world.sock, sizeof(world.sock), "%s/socket", world.run);
	snprintf(path, sizeof(path), "%s/evtchn", world.xen);
	if (mkdir(world.xen, 0700) || mkdir(world.run, 0700) ||
	    mkfifo(path, 0600))
		die(world.base);
	world.fifo = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (world.fifo < 0)
		die(path);
	world.ports = map_table("ports", SHIM_PORTS * sizeof(*world.ports));
	world.maps = map_table("maps", SHIM_MAPS * sizeof(*world.maps));
	dom_create(0);
}

void world_close(void)
{
	char cmd[100];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", world.base);
	if (system(cmd))
		perror(cmd);
}

static void put_file(const char *name, unsigned int domid, const char *text,
		     off_t size)
{
	char path[128], temp[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s-%u", world.xen, name, domid);
	snprintf(temp, sizeof(temp), "%s/new-%s-%u", world.xen, name, domid);
	fd = open(temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, size) ||
	    write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(temp);
	close(fd);
	if (rename(temp, path))
		die(path);
}

void dom_state(unsigned int domid, const char *flags)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %032x\n", flags, domid);
	put_file("dom", domid, text, 0);
}

/* A new domain has a new page and a new handle. */
void dom_create(unsigned int domid)
{
	static atomic_uint serial;
	char text[64];

	put_file("ring", domid, "", 4096);
	snprintf(text, sizeof(text), "- %024x%08x\n", domid, ++serial);
	put_file("dom", domid, text, 0);
}

void dom_kill(unsigned int domid)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/dom-%u", world.xen, domid);
	unlink(path);
}

struct ring *ring_map(unsigned int domid)
{
	char path[128];
	void *p;
	int fd;

	snprintf(path, sizeof(path), "%s/ring-%u", world.xen, domid);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

void ring_unmap(struct ring *ring)
{
	munmap(ring, 4096);
}

static void raise_port(uint32_t port)
{
	if (write(world.fifo, &port, sizeof(port)) < 0 && errno != EAGAIN)
		die("evtchn");
}

void dom_notify(unsigned int domid)
{
	uint32_t i;

	for (i = 1; i < 256; i++)
		if (world.ports[i].kind == SHIM_INTERDOMAIN &&
		    world.ports[i].domid == domid)
			raise_port(i);
}

void raise_virq(void)
{
	uint32_t i;

	for (i = 1; i < 256; i++)
		if (world.ports[i].kind == SHIM_VIRQ &&
		    world.ports[i].remote == VIRQ_DOM_EXC)
			raise_port(i);
}

unsigned int n_ports(void)
{
	unsigned int i, n = 0;

	for (i = 1; i < SHIM_PORTS; i++)
		n += world.ports[i].kind != SHIM_FREE;
	return n;
}

unsigned int n_maps(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < SHIM_MAPS; i++)
		n += world.maps[i].used != 0;
	return n;
}

/* ---- sockets ---------------------------------------------------------- */

int sock_open(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval limit = {.tv_sec = 1};

	if (fd < 0)
		return -1;
	/* A full backlog must not hold a thread for ever. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	memcpy(addr.sun_path, world.sock, strlen(world.sock) + 1);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    fcntl(fd, F_SETFL, O_NONBLOCK)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool sock_wait(int fd, short events, double until)
{
	struct pollfd pfd = {.fd = fd, .events = events};
	double left = until - now();

	if (left <= 0)
		return false;
	return poll(&pfd, 1, (int)(left * 1000) + 1) > 0;
}

bool sock_write(int fd, const void *buf, size_t len, double until)
{
	const char *p = buf;
	ssize_t n;

	while (len) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN || !sock_wait(fd, POLLOUT, until))
			return false;
	}
	return true;
}

bool sock_read(int fd, void *buf, size_t len, double until)
{
	char *p = buf;
	ssize_t n;

	while (len) {
		n = recv(fd, p, len, 0);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (n == 0 || errno != EAGAIN || !sock_wait(fd, POLLIN, until))
			return false;
	}
	return true;
}

/* ---- rings ------------------------------------------------------------ */

bool ring_write(unsigned int domid, struct ring *ring, const void *buf,
		size_t len, double until)
{
	const char *p = buf;
	uint32_t prod, room;

	while (len) {
		prod = ring->req_prod;
		room = RING_SIZE - (prod - ring->req_cons);
		if (!room || room > RING_SIZE) {
			if (now() > until)
				return false;
			nap(200);
			continue;
		}
		for (; room && len; room--, len--)
			ring->req[prod++ % RING_SIZE] = *p++;
		atomic_store(&ring->req_prod, prod);
		dom_notify(domid);
	}
	return true;
}

bool ring_read(unsigned int domid, struct ring *ring, void *buf, size_t len,
	       double until)
{
	char *p = buf;
	uint32_t cons, used;

	while (len) {
		cons = ring->rsp_cons;
		used = ring->rsp_prod - cons;
		if (!used || used > RING_SIZE) {
			if (now() > until)
				return false;
			nap(200);
			continue;
		}
		for (; used && len; used--, len--)
			*p++ = ring->rsp[cons++ % RING_SIZE];
		atomic_store(&ring->rsp_cons, cons);
		dom_notify(domid);
	}
	return true;
}

/* ---- well-behaved calls ----------------------------------------------- */

static size_t pack(struct message *msg, enum op op, const void *body,
		   size_t len)
{
	static atomic_uint req;

	msg->head.type = op;
	msg->head.req = ++req;
	msg->head.tx = 0;
	msg->head.len = (uint32_t)len;
	memcpy(msg->body, body, len);
	return sizeof(msg->head) + len;
}

bool sock_call(int fd, enum op op, const void *body, size_t len,
	       struct message *reply, double until)
{
	struct message msg;
	size_t n = pack(&msg, op, body, len);

	if (!sock_write(fd, &msg, n, until))
		return false;
	do {
		if (!sock_read(fd, &reply->head, sizeof(reply->head), until) ||
		    reply->head.len > PAYLOAD_MAX ||
		    !sock_read(fd, reply->body, reply->head.len, until))
			return false;
		reply->body[reply->head.len] = '\0';
	} while (reply->head.type == OP_EVENT);
	return reply->head.req == msg.head.req;
}

bool ring_call(unsigned int domid, struct ring *ring, enum op op,
	       const void *body, size_t len, struct message *reply,
	       double until)
{
	struct message msg;
	size_t n = pack(&msg, op, body, len);

	if (!ring_write(domid, ring, &msg, n, until))
		return false;
	do {
		if (!ring_read(domid, ring, &reply->head, sizeof(reply->head),
			       until) ||
		    reply->head.len > PAYLOAD_MAX ||
		    !ring_read(domid, ring, reply->body, reply->head.len,
			       until))
			return false;
		reply->body[reply->head.len] = '\0';
	} while (reply->head.type == OP_EVENT);
	return reply->head.req == msg.head.req;
}

bool dom_introduce(int fd, unsigned int domid)
{
	struct message reply;
	char body[64];
	int len;

	len = snprintf(body, sizeof(body), "%u%c%u%c%u", domid, 0,
		       0x1000 + domid, 0, 10 + domid);
	return sock_call(fd, OP_INTRODUCE, body, (size_t)len + 1, &reply,
			 now() + 5) &&
	       reply.head.type == OP_INTRODUCE;
}
