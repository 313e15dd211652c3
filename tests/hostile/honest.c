// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two clients that must be served whatever the others do.
 */
#include "hostile/world.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SERVED	1.0 /* seconds within which a round trip must be over */
#define GIVE_UP 5.0 /* how long we wait to tell late from never */

typedef bool call_fn(void *client, enum op op, const void *body, size_t len,
		     struct message *reply, double until);

static bool by_socket(void *client, enum op op, const void *body, size_t len,
		      struct message *reply, double until)
{
	return sock_call(*(int *)client, op, body, len, reply, until);
}

static bool by_ring(void *client, enum op op, const void *body, size_t len,
		    struct message *reply, double until)
{
	return ring_call(HONEST_DOM, client, op, body, len, reply, until);
}

/* Write and read back, and see how long it takes. */
static bool round_trip(struct honest *h, call_fn *call, void *client,
		       const char *path)
{
	double begin = now(), took;
	struct message reply;
	char body[128], value[32];
	int len;

	snprintf(value, sizeof(value), "%lu", h->trips);
	len = snprintf(body, sizeof(body), "%s%c%s", path, 0, value);
	if (!call(client, OP_WRITE, body, (size_t)len, &reply,
		  begin + GIVE_UP) ||
	    reply.head.type != OP_WRITE) {
		snprintf(h->failure, sizeof(h->failure), "WRITE %lu: %.20s",
			 h->trips,
			 now() - begin > GIVE_UP ? "no reply" : reply.body);
		return false;
	}
	if (!call(client, OP_READ, path, strlen(path) + 1, &reply,
		  begin + 2 * GIVE_UP) ||
	    reply.head.type != OP_READ || strcmp(reply.body, value)) {
		snprintf(h->failure, sizeof(h->failure), "READ %lu: %.20s",
			 h->trips, reply.body);
		return false;
	}
	took = now() - begin;
	if (took > h->slowest)
		h->slowest = took;
	h->late += took > SERVED;
	h->trips++;
	return true;
}

void *honest_socket(void *arg)
{
	struct honest *h = arg;
	int fd = sock_open();

	if (fd < 0)
		snprintf(h->failure, sizeof(h->failure), "no connection");
	while (fd >= 0 && !world.stop &&
	       round_trip(h, by_socket, &fd, "/honest/socket"))
		nap(2000);
	if (fd >= 0)
		close(fd);
	return NULL;
}

void *honest_ring(void *arg)
{
	struct honest *h = arg;
	struct ring *ring = ring_map(HONEST_DOM);

	if (!ring)
		snprintf(h->failure, sizeof(h->failure), "no ring");
	while (ring && !world.stop && round_trip(h, by_ring, ring, "ring"))
		nap(2000);
	if (ring)
		ring_unmap(ring);
	return NULL;
}
