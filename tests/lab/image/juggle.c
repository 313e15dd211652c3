// SPDX-License-Identifier: GPL-2.0-only
/*
 * juggle N         N pairs of event channels of the guest with itself, through
 *                  /dev/xen/evtchn.  On each pair there is one event at any
 *                  time: who gets it sends it back.  So one event that is lost
 *                  stops its pair for good, and one too many is noticed.
 * juggle for DOMID one event channel that only DOMID may bind, held for ever
 *
 * The two ends of the pairs are two threads', each on its own processor if
 * there are two, and so are their interrupts: while one runs, the queue of the
 * other fills.  Once a second one line of counters:
 *   EV pairs=N hops=N least=N extra=N port=N
 * least: hops of the pair that has fewest; port: the highest in use.  A line
 * "ERR ..." for what else goes wrong.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

typedef uint16_t domid_t; /* which the next takes for granted */
#include <xen/evtchn.h>

#define DOMID_SELF 0x7ff0
#define MAX_PORTS  16384
#define BATCH	   1024
#define NICENESS   5 /* others have to get a word in on the console */
#define AFFINITY   "/proc/irq/default_smp_affinity"

struct pair {
	uint32_t port[2];
	int at; /* which end has the event, or will get it */
	unsigned long hops;
};

static struct pair pairs[MAX_PORTS / 2];
static struct pair *pair_of[MAX_PORTS];
static unsigned int n_pairs;
static int fds[2];
static unsigned long n_extra;

static void fail(const char *what)
{
	printf("ERR juggle %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_channels(void)
{
	int fd = open("/dev/xen/evtchn", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail("/dev/xen/evtchn");
	return fd;
}

static uint32_t bind_for(int fd, unsigned int domid)
{
	struct ioctl_evtchn_bind_unbound_port bind = {domid};
	int port = ioctl(fd, IOCTL_EVTCHN_BIND_UNBOUND_PORT, &bind);

	if (port <= 0 || port >= MAX_PORTS)
		fail("bind unbound");
	return (uint32_t)port;
}

static uint32_t bind_to(int fd, uint32_t remote)
{
	struct ioctl_evtchn_bind_interdomain bind = {DOMID_SELF, remote};
	int port = ioctl(fd, IOCTL_EVTCHN_BIND_INTERDOMAIN, &bind);

	if (port <= 0 || port >= MAX_PORTS)
		fail("bind interdomain");
	return (uint32_t)port;
}

static void send_from(int side, uint32_t port)
{
	struct ioctl_evtchn_notify notify = {port};

	if (ioctl(fds[side], IOCTL_EVTCHN_NOTIFY, &notify))
		fail("notify");
}

/* Interrupts that are bound from now on are delivered to processor SIDE. */
static void deliver_to(int side)
{
	FILE *f = fopen(AFFINITY, "w");

	if (!f || fprintf(f, "%x\n", 1u << side) < 0 || fclose(f))
		fail(AFFINITY);
}

static void stay_on(int side)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(side, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("affinity");
}

static void *play(void *arg)
{
	int side = arg == &fds[1];
	uint32_t ports[BATCH];

	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		stay_on(side);
	if (nice(NICENESS) < 0)
		fail("nice");
	for (;;) {
		ssize_t got = read(fds[side], ports, sizeof(ports));
		size_t i, n = (size_t)got / sizeof(*ports);

		if (got <= 0)
			fail("read");
		if (write(fds[side], ports, (size_t)got) != got)
			fail("write");
		for (i = 0; i < n; i++) {
			struct pair *p = pair_of[ports[i]];

			if (__atomic_load_n(&p->at, __ATOMIC_ACQUIRE) != side) {
				__atomic_add_fetch(&n_extra, 1,
						   __ATOMIC_RELAXED);
				continue;
			}
			p->hops++;
			__atomic_store_n(&p->at, !side, __ATOMIC_RELEASE);
			send_from(side, ports[i]);
		}
	}
	return NULL;
}

static uint32_t make_pairs(void)
{
	int two = sysconf(_SC_NPROCESSORS_ONLN) > 1;
	uint32_t highest = 0;
	unsigned int i, side;

	for (side = 0; side < 2; side++) {
		fds[side] = open_channels();
		if (two)
			deliver_to((int)side);
		for (i = 0; i < n_pairs; i++) {
			struct pair *p = &pairs[i];
			uint32_t port = side ? bind_to(fds[1], p->port[0])
					     : bind_for(fds[0], DOMID_SELF);

			p->port[side] = port;
			pair_of[port] = p;
			if (port > highest)
				highest = port;
		}
	}
	return highest;
}

static void report(uint32_t highest)
{
	unsigned long hops = 0, least = ~0ul;
	unsigned int i;

	for (i = 0; i < n_pairs; i++) {
		hops += pairs[i].hops;
		if (pairs[i].hops < least)
			least = pairs[i].hops;
	}
	printf("EV pairs=%u hops=%lu least=%lu extra=%lu port=%u\n", n_pairs,
	       hops, least, n_extra, highest);
}

int main(int argc, char **argv)
{
	uint32_t highest;
	pthread_t t;
	unsigned int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && !strcmp(argv[1], "for")) {
		highest = bind_for(open_channels(),
				   (unsigned int)strtoul(argv[2], NULL, 0));
		printf("EV for %s port=%u\n", argv[2], highest);
		pause();
	}
	n_pairs = argc == 2 ? (unsigned int)atoi(argv[1]) : 0;
	if (!n_pairs || n_pairs >= MAX_PORTS / 2 - 64)
		return 2;

	highest = make_pairs();
	/* Binding has raised an event on the end that was bound last. */
	for (i = 0; i < n_pairs; i++)
		pairs[i].at = 1;
	pthread_create(&t, NULL, play, &fds[0]);
	pthread_create(&t, NULL, play, &fds[1]);
	for (;;) {
		sleep(1);
		report(highest);
	}
}
