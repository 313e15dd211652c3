// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of the pretended Xen (tests/shim) from the tests' side.
 */
#define _GNU_SOURCE
#include "bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char xen_dir[256];
static struct shim_port *ports;
static int fifo = -1;

static void file_name(char *path, size_t size, const char *kind,
		      unsigned int domid)
{
	snprintf(path, size, "%s/%s-%u", xen_dir, kind, domid);
}

static void *map_file(const char *path, size_t len)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *p;

	if (fd < 0)
		fail("%s: %s", path, strerror(errno));
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		fail("%s: %s", path, strerror(errno));
	close(fd);
	return p;
}

/* The directory in which the daemon's domains live. */
void xen_open(const char *dir)
{
	char path[300];

	snprintf(xen_dir, sizeof(xen_dir), "%s", dir);
	snprintf(path, sizeof(path), "%s/ports", dir);
	ports = map_file(path, SHIM_PORTS * sizeof(*ports));
	snprintf(path, sizeof(path), "%s/evtchn", dir);
	fifo = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fifo < 0)
		fail("%s: %s", path, strerror(errno));
}

static void put_file(const char *kind, unsigned int domid, const char *text,
		     off_t size)
{
	char path[300];
	ssize_t len = (ssize_t)strlen(text);
	int fd;

	file_name(path, sizeof(path), kind, domid);
	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, size) ||
	    write(fd, text, (size_t)len) != len)
		fail("%s: %s", path, strerror(errno));
	close(fd);
}

/* A new domain with a new page. */
void xen_create(unsigned int domid)
{
	static unsigned int serial;
	char text[64];

	put_file("ring", domid, "", 4096);
	snprintf(text, sizeof(text), "- %024x%08x\n", domid, ++serial);
	put_file("dom", domid, text, 0);
}

void xen_destroy(unsigned int domid)
{
	char path[300];

	file_name(path, sizeof(path), "dom", domid);
	unlink(path);
}

void *xen_page(unsigned int domid)
{
	char path[300];

	file_name(path, sizeof(path), "ring", domid);
	return map_file(path, 4096);
}

/* The daemon's port for that domain. */
struct shim_port *xen_port(unsigned int domid)
{
	uint32_t i;

	for (i = 1; i < SHIM_PORTS; i++)
		if (ports[i].kind == SHIM_INTERDOMAIN &&
		    ports[i].domid == domid)
			return &ports[i];
	fail("domain %u has no port", domid);
}

uint32_t xen_port_number(const struct shim_port *port)
{
	return (uint32_t)(port - ports);
}

/*
 * An event for the daemon.  Xen merges events, this queue can be full of them
 * while the daemon is slow.
 */
void xen_raise(uint32_t port)
{
	uint64_t end = now_ns() + REPLY_SECS * 1000000000ull;

	while (write(fifo, &port, sizeof(port)) != sizeof(port)) {
		if (errno != EAGAIN || now_ns() > end)
			fail("evtchn: %s", strerror(errno));
		sched_yield();
	}
}
