/* SPDX-License-Identifier: GPL-2.0-only */
#include "unit/main/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "main/server.h"

#define TURNS_MAX 2000
#define RING_SIZE 1024

int rig_init(struct rig *rig)
{
	int rc;

	memset(rig, 0, sizeof(*rig));
	xs_settings_default(&rig->settings);
	rig->plat = fake_new();
	rc = xs_server_new(NULL, &rig->settings, rig->plat, &rig->server);
	return rc ? rc : xs_server_start(rig->server);
}

void rig_fini(struct rig *rig)
{
	xs_server_free(rig->server);
	ck_assert_uint_eq(fake_n_bound(rig->plat), 0);
	ck_assert_int_eq(fake_ring_maps(rig->plat, 0), 0);
	fake_free(rig->plat);
	memset(rig, 0, sizeof(*rig));
}

/* Whether a turn did anything shows in the calls that it made. */
bool rig_run(struct rig *rig)
{
	unsigned int before, i, idle = 0;

	for (i = 0; i < TURNS_MAX && idle < 3; i++) {
		before = fake_n_calls(rig->plat, FAKE_ANY);
		if (xs_server_turn(rig->server, 0, &rig->quit))
			return false;
		if (fake_n_calls(rig->plat, FAKE_ANY) == before + 1)
			idle++;
		else
			idle = 0;
	}
	ck_assert_msg(idle >= 3, "the server never comes to rest");
	return true;
}

struct peer peer_socket(struct rig *rig)
{
	struct peer peer = {.rig = rig, .client = fake_connect(rig->plat)};

	return peer;
}

struct peer peer_guest(struct rig *rig, xs_domid_t domid)
{
	struct peer peer = {.rig = rig, .client = -1, .domid = domid};

	return peer;
}

size_t peer_message(struct peer *peer, char *buf, uint32_t type, uint32_t tx,
		    const void *payload, size_t len)
{
	struct xs_hdr hdr = {
		.type = type,
		.req_id = ++peer->next_id,
		.tx_id = tx,
		.len = (uint32_t)len,
	};

	xs_hdr_encode(&hdr, buf);
	if (len)
		memcpy(buf + XS_HDR_SIZE, payload, len);
	return XS_HDR_SIZE + len;
}

uint32_t ring_get(struct rig *rig, xs_domid_t domid, size_t off)
{
	uint32_t value;

	memcpy(&value, (char *)fake_ring(rig->plat, domid) + off, 4);
	return value;
}

void ring_set(struct rig *rig, xs_domid_t domid, size_t off, uint32_t value)
{
	memcpy((char *)fake_ring(rig->plat, domid) + off, &value, 4);
}

static size_t ring_send(struct peer *peer, const char *data, size_t len)
{
	char *page = fake_ring(peer->rig->plat, peer->domid);
	uint32_t prod = ring_get(peer->rig, peer->domid, RING_REQ_PROD);
	uint32_t cons = ring_get(peer->rig, peer->domid, RING_REQ_CONS);
	size_t i;

	for (i = 0; i < len && prod - cons < RING_SIZE; i++)
		page[prod++ % RING_SIZE] = data[i];
	ring_set(peer->rig, peer->domid, RING_REQ_PROD, prod);
	fake_signal(peer->rig->plat, peer->domid, RIG_PORT);
	return i;
}

static size_t ring_recv(struct peer *peer, char *buf, size_t max)
{
	const char *page = fake_ring(peer->rig->plat, peer->domid);
	uint32_t prod = ring_get(peer->rig, peer->domid, RING_RSP_PROD);
	uint32_t cons = ring_get(peer->rig, peer->domid, RING_RSP_CONS);
	size_t i;

	for (i = 0; i < max && cons != prod; i++)
		buf[i] = page[RING_SIZE + cons++ % RING_SIZE];
	ring_set(peer->rig, peer->domid, RING_RSP_CONS, cons);
	if (i)
		fake_signal(peer->rig->plat, peer->domid, RIG_PORT);
	return i;
}

size_t peer_send(struct peer *peer, const void *data, size_t len)
{
	if (peer->client < 0)
		return ring_send(peer, data, len);
	fake_send(peer->rig->plat, peer->client, data, len);
	return len;
}

size_t peer_recv(struct peer *peer, void *buf, size_t max)
{
	if (peer->client < 0)
		return ring_recv(peer, buf, max);
	return fake_recv(peer->rig->plat, peer->client, buf, max);
}

/* All of it; what is still to come through a full ring is waited for. */
static bool recv_all(struct peer *peer, char *buf, size_t len)
{
	size_t have = 0, n;
	int i;

	for (i = 0; i < 8 && have < len; i++) {
		n = peer_recv(peer, buf + have, len - have);
		have += n;
		if (have < len && !rig_run(peer->rig))
			break;
	}
	return have == len;
}

static bool recv_message(struct peer *peer, struct reply *reply)
{
	char head[XS_HDR_SIZE];

	memset(reply, 0, sizeof(*reply));
	if (!recv_all(peer, head, sizeof(head)))
		return false;
	xs_hdr_decode(&reply->hdr, head);
	ck_assert_uint_le(reply->hdr.len, XS_PAYLOAD_MAX);
	return recv_all(peer, reply->payload, reply->hdr.len);
}

void peer_reply(struct peer *peer, struct reply *reply)
{
	do {
		reply->is_there = recv_message(peer, reply);
		peer->n_events +=
			reply->is_there && reply->hdr.type == XS_OP_WATCH_EVENT;
	} while (reply->is_there && reply->hdr.type == XS_OP_WATCH_EVENT);
}

void peer_call(struct peer *peer, struct reply *reply, uint32_t type,
	       uint32_t tx, const void *payload, size_t len)
{
	char buf[XS_HDR_SIZE + XS_PAYLOAD_MAX];
	size_t n = peer_message(peer, buf, type, tx, payload, len), sent = 0;
	int i;

	memset(reply, 0, sizeof(*reply));
	for (i = 0; i < 8 && sent < n; i++) {
		sent += peer_send(peer, buf + sent, n - sent);
		if (!rig_run(peer->rig))
			return;
	}
	/* The reply to a request that was given up may come late. */
	do
		peer_reply(peer, reply);
	while (reply->is_there && reply->hdr.req_id < peer->next_id);
	if (reply->is_there)
		ck_assert_uint_eq(reply->hdr.req_id, peer->next_id);
}

bool peer_says(struct peer *peer, uint32_t type, const char *payload,
	       size_t len, const char *answer)
{
	struct reply reply;

	peer_call(peer, &reply, type, 0, payload, len);
	return reply.is_there && reply.hdr.len == strlen(answer) + 1 &&
	       !strcmp(reply.payload, answer);
}

bool peer_write(struct peer *peer, const char *path, const char *value)
{
	char payload[XS_PAYLOAD_MAX];
	int n = snprintf(payload, sizeof(payload), "%s%c%s", path, 0, value);

	return peer_says(peer, XS_OP_WRITE, payload, (size_t)n, "OK");
}

bool peer_reads(struct peer *peer, const char *path, const char *value)
{
	struct reply reply;

	peer_call(peer, &reply, XS_OP_READ, 0, path, strlen(path) + 1);
	return reply.is_there && reply.hdr.type == XS_OP_READ &&
	       !strcmp(reply.payload, value);
}

bool peer_introduce(struct peer *dom0, xs_domid_t domid)
{
	char payload[64];
	int n = snprintf(payload, sizeof(payload), "%u%c1%c%u", domid, 0, 0,
			 RIG_PORT);

	return peer_says(dom0, XS_OP_INTRODUCE, payload, (size_t)n + 1, "OK");
}
