/* SPDX-License-Identifier: GPL-2.0-only */
/* A whole server on the fake platform, and what must hold for it. */
#ifndef XS_FUZZ_WORLD_H
#define XS_FUZZ_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"
#include "plat/fake/fake.h"
#include "wire/proto.h"

#define WORLD_PORT 5 /* the guests' end of their event channel */

/* Who lives in it. */
#define WORLD_GUEST   1 /* a guest at work */
#define WORLD_MOVED   5 /* the one whose state comes and goes */
#define WORLD_BACKEND 7 /* a driver domain */

struct xs_conns;
struct xs_server;

struct world {
	struct xs_plat *plat;
	struct xs_server *server;
	struct xs_settings settings;
	int dom0; /* a socket */
	unsigned int n_lives;
	bool quit;
};

struct world_reply {
	bool is_there;
	struct xs_hdr hdr;
	char payload[XS_PAYLOAD_MAX + 1];
};

void world_init(struct world *world);
void world_new(struct world *world); /* a server that was not started */
/* Ends all domains and clients: nothing of them may be left. */
void world_end(struct world *world);
/* Ends it as it is. */
void world_drop(struct world *world);
struct xs_conns *world_conns(struct world *world);
/* Turns until nothing happens any more, which must come. */
void world_run(struct world *world);

/* False: there have been too many lives already. */
bool world_create(struct world *world, xs_domid_t domid);
bool world_introduce(struct world *world, xs_domid_t domid);
/* A domain with a home, introduced; and what a guest at work has. */
void world_guest(struct world *world, xs_domid_t domid);
void world_busy(struct world *world, xs_domid_t domid, unsigned int how);

uint32_t world_index(struct world *world, xs_domid_t domid, size_t at);
void world_set_index(struct world *world, xs_domid_t domid, size_t at,
		     uint32_t value);
size_t world_ring_send(struct world *world, xs_domid_t domid, const void *data,
		       size_t len);
size_t world_ring_recv(struct world *world, xs_domid_t domid, void *buf,
		       size_t max);

size_t world_message(void *buf, uint32_t type, uint32_t tx, const void *payload,
		     size_t len);
/* dom0 asks; the answer's payload has a NUL behind it. */
void world_ask(struct world *world, uint32_t type, const void *payload,
	       size_t len, struct world_reply *reply);
/* The arguments are separated by '|'. */
bool world_says(struct world *world, uint32_t type, const char *args,
		const char *answer);
/* The guest asks and reads what it is told. */
void world_guest_asks(struct world *world, xs_domid_t domid, uint32_t type,
		      uint32_t tx, const char *args);

/* A digest of all nodes, with permissions and values. */
uint64_t world_nodes(struct world *world);
/* The store holds what it should, by its own check. */
void world_check(struct world *world);

#define RING_REQ_CONS 2048
#define RING_REQ_PROD 2052
#define RING_RSP_CONS 2056
#define RING_RSP_PROD 2060

#endif
