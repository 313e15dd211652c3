/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A whole server on the fake platform.
 *
 * W1  When the domains are gone, so is everything that was theirs: nodes,
 *     permissions, watches, charges, ring pages, ports.
 */
#include "fuzz/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn/conn.h"
#include "conn/domain.h"
#include "fuzz/fuzz.h"
#include "main/server.h"
#include "store/check.h"
#include "store/store.h"
#include "wire/path.h"

#define TURNS_MAX  (1 << 20) /* a script's bytes, one at a time */
#define LIVES_MAX  60
#define RING_SIZE  1024
#define DOMIDS_MAX 16
#define HOUR_MS	   3600000

void world_new(struct world *world)
{
	int rc;

	memset(world, 0, sizeof(*world));
	xs_settings_default(&world->settings);
	world->plat = fake_new();
	rc = xs_server_new(NULL, &world->settings, world->plat, &world->server);
	fuzz_require(!rc, "xs_server_new: %d", rc);
}

void world_init(struct world *world)
{
	int rc;

	world_new(world);
	rc = xs_server_start(world->server);
	fuzz_require(!rc, "xs_server_start: %d", rc);
	world->dom0 = fake_connect(world->plat);
	world_run(world);
}

void world_run(struct world *world)
{
	unsigned int before, i, idle = 0;
	int rc;

	for (i = 0; i < TURNS_MAX && idle < 2; i++) {
		before = fake_n_calls(world->plat, FAKE_ANY);
		rc = xs_server_turn(world->server, 0, &world->quit);
		if (rc || fake_n_calls(world->plat, FAKE_ANY) != before + 1)
			idle = 0;
		else
			idle++;
	}
	fuzz_require(idle >= 2, "the server never comes to rest");
}

/* ---- Rings ------------------------------------------------------------ */

uint32_t world_index(struct world *world, xs_domid_t domid, size_t at)
{
	uint32_t value;

	memcpy(&value, (char *)fake_ring(world->plat, domid) + at, 4);
	return value;
}

void world_set_index(struct world *world, xs_domid_t domid, size_t at,
		     uint32_t value)
{
	memcpy((char *)fake_ring(world->plat, domid) + at, &value, 4);
}

size_t world_ring_send(struct world *world, xs_domid_t domid, const void *data,
		       size_t len)
{
	char *page = fake_ring(world->plat, domid);
	uint32_t prod = world_index(world, domid, RING_REQ_PROD);
	uint32_t cons = world_index(world, domid, RING_REQ_CONS);
	size_t i;

	for (i = 0; i < len && prod - cons < RING_SIZE; i++)
		page[prod++ % RING_SIZE] = ((const char *)data)[i];
	world_set_index(world, domid, RING_REQ_PROD, prod);
	fake_signal(world->plat, domid, WORLD_PORT);
	return i;
}

size_t world_ring_recv(struct world *world, xs_domid_t domid, void *buf,
		       size_t max)
{
	const char *page = fake_ring(world->plat, domid);
	uint32_t prod = world_index(world, domid, RING_RSP_PROD);
	uint32_t cons = world_index(world, domid, RING_RSP_CONS);
	size_t i;

	for (i = 0; i < max && cons != prod; i++)
		((char *)buf)[i] = page[RING_SIZE + cons++ % RING_SIZE];
	world_set_index(world, domid, RING_RSP_CONS, cons);
	fake_signal(world->plat, domid, WORLD_PORT);
	return i;
}

/* ---- Messages --------------------------------------------------------- */

size_t world_message(void *buf, uint32_t type, uint32_t tx, const void *payload,
		     size_t len)
{
	const struct xs_hdr hdr = {
		.type = type,
		.req_id = 77,
		.tx_id = tx,
		.len = (uint32_t)len,
	};

	xs_hdr_encode(&hdr, buf);
	if (len)
		memcpy((char *)buf + XS_HDR_SIZE, payload, len);
	return XS_HDR_SIZE + len;
}

static bool recv_message(struct world *world, struct world_reply *reply)
{
	char head[XS_HDR_SIZE];
	size_t n = fake_recv(world->plat, world->dom0, head, sizeof(head));

	if (!n)
		return false;
	fuzz_require(n == sizeof(head), "%zu bytes of a header", n);
	xs_hdr_decode(&reply->hdr, head);
	fuzz_require(reply->hdr.len <= XS_PAYLOAD_MAX, "a reply of %u bytes",
		     reply->hdr.len);
	n = fake_recv(world->plat, world->dom0, reply->payload, reply->hdr.len);
	fuzz_require(n == reply->hdr.len, "%zu of %u bytes", n, reply->hdr.len);
	reply->payload[n] = '\0';
	return true;
}

void world_ask(struct world *world, uint32_t type, const void *payload,
	       size_t len, struct world_reply *reply)
{
	char buf[XS_HDR_SIZE + XS_PAYLOAD_MAX];

	fake_send(world->plat, world->dom0, buf,
		  world_message(buf, type, 0, payload, len));
	world_run(world);
	do
		reply->is_there = recv_message(world, reply);
	while (reply->is_there && reply->hdr.type == XS_OP_WATCH_EVENT);
}

static size_t split(const char *args, char *payload)
{
	size_t i, len = strlen(args);

	for (i = 0; i < len; i++)
		payload[i] = args[i] == '|' ? '\0' : args[i];
	return len;
}

bool world_says(struct world *world, uint32_t type, const char *args,
		const char *answer)
{
	struct world_reply reply;
	char payload[XS_PAYLOAD_MAX];
	size_t len = split(args, payload);

	world_ask(world, type, payload, len, &reply);
	fuzz_require(reply.is_there, "no reply");
	return !strcmp(reply.payload, answer);
}

void world_guest_asks(struct world *world, xs_domid_t domid, uint32_t type,
		      uint32_t tx, const char *args)
{
	char payload[XS_PAYLOAD_MAX], buf[XS_HDR_SIZE + XS_PAYLOAD_MAX];
	size_t len = split(args, payload);

	len = world_message(buf, type, tx, payload, len);
	world_ring_send(world, domid, buf, len);
	world_run(world);
	world_ring_recv(world, domid, buf, sizeof(buf));
}

/* ---- Domains ---------------------------------------------------------- */

bool world_create(struct world *world, xs_domid_t domid)
{
	struct xs_dominfo info;

	if (world->n_lives == LIVES_MAX ||
	    !plat_domain_get(world->plat, domid, &info))
		return false;
	world->n_lives++;
	fake_domain_create(world->plat, domid);
	return true;
}

bool world_introduce(struct world *world, xs_domid_t domid)
{
	char args[64];

	snprintf(args, sizeof(args), "%u|1|%u|", domid, WORLD_PORT);
	return world_says(world, XS_OP_INTRODUCE, args, "OK");
}

void world_guest(struct world *world, xs_domid_t domid)
{
	char args[128];

	world_create(world, domid);
	fuzz_require(world_introduce(world, domid), "domain %u", domid);
	snprintf(args, sizeof(args), "/local/domain/%u|", domid);
	world_says(world, XS_OP_MKDIR, args, "OK");
	snprintf(args, sizeof(args), "/local/domain/%u|r%u|", domid, domid);
	world_says(world, XS_OP_SET_PERMS, args, "OK");
}

/* What toolstack, driver domain and guest write; how: a bit for each. */
void world_busy(struct world *world, xs_domid_t domid, unsigned int how)
{
	static const struct {
		uint32_t type;
		const char *args; /* with %u, the domid */
	} from_dom0[] = {
		{XS_OP_WRITE, "/vm/9d/name|one"},
		{XS_OP_WRITE, "/local/domain/%u/vm|/vm/9d"},
		{XS_OP_WRITE, "/local/domain/%u/store/ring-ref|12"},
		{XS_OP_WRITE, "/local/domain/%u/console/port|3"},
		{XS_OP_WRITE, "/libxl/%u/type|pvh"},
		{XS_OP_WRITE, "/local/domain/7/backend/vif/%u/0/state|4"},
		{XS_OP_WRITE, "/local/domain/7/backend/vif/%u/0/script|vif"},
		{XS_OP_WRITE, "/local/domain/%u/device/vif/0/backend-id|7"},
		{XS_OP_WRITE, "/local/domain/%u/data|"},
		{XS_OP_SET_PERMS, "/local/domain/%u/data|n%u|b7|"},
	};
	char args[128];
	size_t i;

	for (i = 0; i < sizeof(from_dom0) / sizeof(from_dom0[0]); i++) {
		snprintf(args, sizeof(args), from_dom0[i].args, domid, domid);
		world_says(world, from_dom0[i].type, args, "OK");
	}
	if (how & 1) {
		world_guest_asks(world, domid, XS_OP_WATCH, 0, "data|tok|");
		world_guest_asks(world, domid, XS_OP_WATCH, 0,
				 "@releaseDomain|r 1|");
		world_guest_asks(world, domid, XS_OP_WATCH, 0,
				 "/local/domain/7/backend|x|2|");
	}
	if (how & 2) {
		world_guest_asks(world, domid, XS_OP_TRANSACTION_START, 0, "|");
		world_guest_asks(world, domid, XS_OP_READ, 1, "vm|");
		world_guest_asks(world, domid, XS_OP_DIRECTORY, 1, "device|");
		world_guest_asks(world, domid, XS_OP_WRITE, 1, "data/a|xyz");
		world_guest_asks(world, domid, XS_OP_SET_PERMS, 1,
				 "data|n5|r0|");
		world_guest_asks(world, domid, XS_OP_RM, 1, "data/none|");
	}
	if (how & 4)
		world_guest_asks(world, domid, XS_OP_WRITE, 0, "data/b|123");
	if (how & 8) /* a part of a request */
		world_ring_send(world, domid, "\2\0\0\0\1\0\0\0\0\0\0\0\6", 13);
	world_run(world);
}

/* ---- What must hold --------------------------------------------------- */

static void say_line(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

void world_check(struct world *world)
{
	struct xs_conns *conns = world_conns(world);
	unsigned int n = xs_tree_check(&conns->store->tree, say_line, NULL);

	fuzz_require(!n, "%u things are wrong with the store", n);
}

static uint64_t mix(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	sum = (sum ^ len) * 0x100000001b3u;
	while (len--)
		sum = (sum ^ *p++) * 0x100000001b3u;
	return sum;
}

uint64_t world_nodes(struct world *world)
{
	const struct xs_tree *tree = &world_conns(world)->store->tree;
	const struct xs_node *tops[] = {tree->root, tree->specials}, *node;
	uint64_t sum = 0xcbf29ce484222325u;
	char path[XS_PATH_BUF];
	size_t len, i;

	for (i = 0; i < 2; i++) {
		for (node = tops[i]; node;
		     node = xs_node_next(tops[i], node, XS_NOW)) {
			len = xs_node_path(tree, node, path, sizeof(path));
			sum = mix(sum, path, len);
			sum = mix(sum, xs_node_value(node), node->value_len);
			sum = mix(sum, node->perms->entry,
				  node->perms->n * sizeof(struct xs_perm));
		}
	}
	return sum;
}

/* Nothing in the store names anybody but domain 0 (W1). */
static void check_no_traces(struct world *world)
{
	const struct xs_tree *tree = &world_conns(world)->store->tree;
	const struct xs_node *node;
	uint16_t i;

	for (node = tree->root; node;
	     node = xs_node_next(tree->root, node, XS_NOW)) {
		for (i = 0; i < node->perms->n; i++) {
			uint16_t domid = node->perms->entry[i].domid;

			fuzz_require(!domid || domid == XS_DOMID_ANY ||
					     (node->perms->entry[i].flags &
					      XS_PERM_F_IGNORE),
				     "%s names domain %u", node->name, domid);
		}
	}
}

static void check_accounts(struct world *world)
{
	struct xs_conns *conns = world_conns(world);
	const struct xs_account *account;
	struct xs_map_link *link, *next;
	const struct xs_domain *domain;
	uint32_t i;

	xs_map_for_each(link, next, &conns->domains, i) {
		domain = xs_container_of(link, struct xs_domain, link);
		fuzz_require(!domain->domid, "domain %u is still known",
			     domain->domid);
	}
	for (i = 1; i < DOMIDS_MAX; i++) {
		account =
			xs_accounts_find(&conns->store->accounts, (uint16_t)i);
		fuzz_require(!account || xs_account_is_zero(account),
			     "the account of domain %u", i);
	}
	fuzz_require(!strstr(fake_log(world->plat), "account domid"),
		     "an account was not zero: %s", fake_log(world->plat));
}

void world_drop(struct world *world)
{
	xs_server_free(world->server);
	fuzz_require(!fake_ring_maps(world->plat, 0), "dom0's page is mapped");
	fake_free(world->plat);
}

void world_end(struct world *world)
{
	struct xs_dominfo info;
	uint32_t domid;

	fake_fail(world->plat, FAKE_ANY, 0, 0);
	for (domid = 1; domid < DOMIDS_MAX; domid++) {
		if (!plat_domain_get(world->plat, (xs_domid_t)domid, &info))
			fake_domain_gone(world->plat, (xs_domid_t)domid);
	}
	fake_signal_dom_exc(world->plat);
	world_run(world);
	fake_advance(world->plat, HOUR_MS);
	world_run(world);
	world_check(world);
	check_accounts(world);
	check_no_traces(world);
	for (domid = 1; domid < DOMIDS_MAX; domid++)
		fuzz_require(!fake_ring_maps(world->plat, (xs_domid_t)domid),
			     "the page of domain %u is mapped", domid);
	xs_server_free(world->server);
	fuzz_require(!fake_n_bound(world->plat), "ports are bound");
	fuzz_require(!fake_ring_maps(world->plat, 0), "dom0's page is mapped");
	fake_free(world->plat);
}
