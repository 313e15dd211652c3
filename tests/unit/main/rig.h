/* SPDX-License-Identifier: GPL-2.0-only */
/* A whole server on the fake platform, and clients that talk to it. */
#ifndef XS_UNIT_RIG_H
#define XS_UNIT_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/settings.h"
#include "plat/fake/fake.h"
#include "wire/proto.h"

#define RIG_PORT 5 /* the guests' end of their event channel */

struct xs_server;

struct rig {
	struct xs_plat *plat;
	struct xs_server *server;
	struct xs_settings settings;
	bool quit;
};

/* 0, or what xs_server_new() or _start() said; rig_fini() after either. */
int rig_init(struct rig *rig);
void rig_fini(struct rig *rig);
/* Turns until nothing happens any more; false: a turn failed. */
bool rig_run(struct rig *rig);

/* A client: a socket (client >= 0) or the guest domid with its ring. */
struct peer {
	struct rig *rig;
	int client;
	xs_domid_t domid;
	uint32_t next_id;
	unsigned int n_events;
};

struct reply {
	bool is_there; /* false: none came */
	struct xs_hdr hdr;
	char payload[XS_PAYLOAD_MAX + 1]; /* and a NUL */
};

struct peer peer_socket(struct rig *rig);
struct peer peer_guest(struct rig *rig, xs_domid_t domid);

size_t peer_message(struct peer *peer, char *buf, uint32_t type, uint32_t tx,
		    const void *payload, size_t len);
/* As much as the other side takes; returns how much that was. */
size_t peer_send(struct peer *peer, const void *data, size_t len);
size_t peer_recv(struct peer *peer, void *buf, size_t max);
/* The next reply among what has arrived; events are counted and dropped. */
void peer_reply(struct peer *peer, struct reply *reply);
/* Sends a request and runs the server until it is answered, or not. */
void peer_call(struct peer *peer, struct reply *reply, uint32_t type,
	       uint32_t tx, const void *payload, size_t len);

/* Whether the answer to the call is that text with its NUL ("ENOENT"). */
bool peer_says(struct peer *peer, uint32_t type, const char *payload,
	       size_t len, const char *answer);
bool peer_write(struct peer *peer, const char *path, const char *value);
bool peer_reads(struct peer *peer, const char *path, const char *value);
/* dom0 at a socket introduces a domain, which exists. */
bool peer_introduce(struct peer *dom0, xs_domid_t domid);

uint32_t ring_get(struct rig *rig, xs_domid_t domid, size_t off);
void ring_set(struct rig *rig, xs_domid_t domid, size_t off, uint32_t value);

#define RING_REQ_CONS	2048
#define RING_REQ_PROD	2052
#define RING_RSP_CONS	2056
#define RING_RSP_PROD	2060
#define RING_FEATURES	2064
#define RING_CONNECTION 2068
#define RING_ERROR	2072

#endif
