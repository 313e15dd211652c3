/* SPDX-License-Identifier: GPL-2.0-only */
/* The whole server on the fake platform: bytes, rings, domains, failures. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main/server.h"
#include "unit/main/rig.h"
#include "unit/support/alloc.h"
#include "unit/support/suite.h"

static struct rig *new_rig(void)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	ck_assert_int_eq(rig_init(rig), 0);
	ck_assert(rig_run(rig));
	return rig;
}

static void free_rig(struct rig *rig)
{
	rig_fini(rig);
	free(rig);
}

static void expect_in_order(struct rig *rig, struct peer *dom0)
{
	ck_assert(peer_says(dom0, XS_OP_CONTROL, "check", 6, "OK"));
	ck_assert_ptr_null(strstr(fake_log(rig->plat), "account domid"));
}

START_TEST(test_two_servers)
{
	struct rig *a = new_rig(), *b = new_rig();
	struct peer pa = peer_socket(a), pb = peer_socket(b);

	ck_assert(peer_write(&pa, "/x", "in a"));
	ck_assert(peer_says(&pb, XS_OP_READ, "/x", 3, "ENOENT"));
	ck_assert(peer_write(&pb, "/x", "in b"));
	ck_assert(peer_reads(&pa, "/x", "in a"));
	free_rig(a);
	ck_assert(peer_reads(&pb, "/x", "in b"));
	free_rig(b);
}
END_TEST

/* ---- Bytes ------------------------------------------------------------ */

#define WRITE_X "x\0value"

/* A write, a read, and something that fails: what comes back is the same. */
static size_t three_requests(struct peer *peer, char *buf)
{
	size_t n;

	peer->next_id = 100;
	n = peer_message(peer, buf, XS_OP_WRITE, 0, WRITE_X, 7);
	n += peer_message(peer, buf + n, XS_OP_READ, 0, "x", 2);
	n += peer_message(peer, buf + n, XS_OP_READ, 7, "x", 2);
	return n;
}

static void expect_three_replies(struct peer *peer)
{
	static const struct {
		uint32_t type, tx;
		const char *payload;
	} should[] = {
		{XS_OP_WRITE, 0, "OK"},
		{XS_OP_READ, 0, "value"},
		{XS_OP_ERROR, 7, "ENOENT"},
	};
	struct reply r;
	uint32_t i;

	for (i = 0; i < 3; i++) {
		peer_reply(peer, &r);
		ck_assert(r.is_there);
		ck_assert_uint_eq(r.hdr.type, should[i].type);
		ck_assert_uint_eq(r.hdr.tx_id, should[i].tx);
		ck_assert_uint_eq(r.hdr.req_id, 101 + i);
		ck_assert_str_eq(r.payload, should[i].payload);
	}
	peer_reply(peer, &r);
	ck_assert(!r.is_there);
}

START_TEST(test_socket_split)
{
	struct rig *rig = new_rig();
	struct peer peer = peer_socket(rig);
	char buf[256];
	size_t n = three_requests(&peer, buf), at;

	for (at = 0; at <= n; at++) {
		peer_send(&peer, buf, at);
		ck_assert(rig_run(rig));
		peer_send(&peer, buf + at, n - at);
		ck_assert(rig_run(rig));
		expect_three_replies(&peer);
	}
	/* Byte by byte in both directions. */
	fake_stream_limits(rig->plat, peer.client, 1, 1, SIZE_MAX);
	peer_send(&peer, buf, n);
	ck_assert(rig_run(rig));
	expect_three_replies(&peer);
	/* A client that reads a few bytes at a time. */
	fake_stream_limits(rig->plat, peer.client, SIZE_MAX, SIZE_MAX, 5);
	peer_send(&peer, buf, n);
	ck_assert(rig_run(rig));
	ck_assert_uint_eq(fake_unread(rig->plat, peer.client), 5);
	fake_stream_limits(rig->plat, peer.client, SIZE_MAX, SIZE_MAX, 100);
	ck_assert(rig_run(rig));
	expect_three_replies(&peer);
	free_rig(rig);
}
END_TEST

static void start_ring_at(struct rig *rig, xs_domid_t domid, uint32_t start)
{
	ring_set(rig, domid, RING_REQ_CONS, start);
	ring_set(rig, domid, RING_REQ_PROD, start);
	ring_set(rig, domid, RING_RSP_CONS, start);
	ring_set(rig, domid, RING_RSP_PROD, start);
}

START_TEST(test_ring_split)
{
	struct rig *rig = new_rig();
	struct peer dom0 = peer_socket(rig), guest = peer_guest(rig, 1);
	uint32_t start = _i ? UINT32_MAX - 80 : 1024 - 80, i;
	char buf[256];
	size_t n = three_requests(&guest, buf), at;

	fake_domain_create(rig->plat, 1);
	ck_assert(peer_introduce(&dom0, 1));
	ck_assert(peer_says(&dom0, XS_OP_MKDIR, "/local/domain/1", 16, "OK"));
	ck_assert(peer_says(&dom0, XS_OP_SET_PERMS, "/local/domain/1\0n1", 19,
			    "OK"));
	for (i = 0; i < 96; i++) {
		for (at = 1; at <= n; at++) {
			start_ring_at(rig, 1, start + i);
			peer_send(&guest, buf, at);
			ck_assert(rig_run(rig));
			peer_send(&guest, buf + at, n - at);
			ck_assert(rig_run(rig));
			expect_three_replies(&guest);
		}
	}
	ck_assert_uint_eq(ring_get(rig, 1, RING_ERROR), 0);
	expect_in_order(rig, &dom0);
	free_rig(rig);
}
END_TEST

START_TEST(test_many_at_once)
{
	struct rig *rig = new_rig();
	struct peer peer = peer_socket(rig);
	char *buf = malloc(64 * 200);
	struct reply r;
	size_t n = 0;
	uint32_t i;

	for (i = 0; i < 200; i++)
		n += peer_message(&peer, buf + n, XS_OP_DIRECTORY, 0, "/", 2);
	peer_send(&peer, buf, n);
	if (_i)
		fake_shutdown_write(rig->plat, peer.client);
	ck_assert(rig_run(rig));
	ck_assert_int_eq(fake_is_closed(rig->plat, peer.client), _i);
	for (i = 1; i <= 200; i++) {
		peer_reply(&peer, &r);
		ck_assert(r.is_there);
		ck_assert_uint_eq(r.hdr.req_id, i);
	}
	free(buf);
	free_rig(rig);
}
END_TEST

/* More than the outstanding quota, by a guest that is slow to read. */
START_TEST(test_slow_guest)
{
	struct rig *rig = new_rig();
	struct peer dom0 = peer_socket(rig), guest = peer_guest(rig, 1);
	char buf[64];
	struct reply r;
	size_t n, sent;
	uint32_t i, n_replies = 0;

	fake_domain_create(rig->plat, 1);
	ck_assert(peer_introduce(&dom0, 1));
	for (i = 0; i < 500; i++) {
		n = peer_message(&guest, buf, XS_OP_GET_DOMAIN_PATH, 0, "1", 2);
		for (sent = 0; sent < n;) {
			sent += peer_send(&guest, buf + sent, n - sent);
			ck_assert(rig_run(rig));
			if (sent == n)
				break;
			peer_reply(&guest, &r);
			ck_assert(r.is_there);
			ck_assert_uint_eq(r.hdr.req_id, ++n_replies);
		}
	}
	for (; n_replies < 500; n_replies++) {
		peer_reply(&guest, &r);
		ck_assert(r.is_there);
		ck_assert_uint_eq(r.hdr.req_id, n_replies + 1);
	}
	expect_in_order(rig, &dom0);
	free_rig(rig);
}
END_TEST

START_TEST(test_half_closed)
{
	struct rig *rig = new_rig();
	struct peer peer = peer_socket(rig);
	char buf[256];
	size_t n = three_requests(&peer, buf);

	peer_send(&peer, buf, n);
	fake_shutdown_write(rig->plat, peer.client);
	fake_stream_limits(rig->plat, peer.client, 7, 3, SIZE_MAX);
	ck_assert(rig_run(rig));
	expect_three_replies(&peer);
	ck_assert(fake_is_closed(rig->plat, peer.client));
	/* One that leaves in the middle of a request. */
	peer = peer_socket(rig);
	peer_send(&peer, buf, 20);
	fake_hangup(rig->plat, peer.client);
	ck_assert(rig_run(rig));
	ck_assert(fake_is_closed(rig->plat, peer.client));
	free_rig(rig);
}
END_TEST

static void oversized(char buf[XS_HDR_SIZE], uint32_t len)
{
	const struct xs_hdr hdr = {.type = XS_OP_READ, .req_id = 1, .len = len};

	xs_hdr_encode(&hdr, buf);
}

START_TEST(test_oversized)
{
	static const uint32_t lens[] = {4097, 0x7fffffff, 0xffffffff};
	struct rig *rig = new_rig();
	struct peer dom0 = peer_socket(rig), bad, guest = peer_guest(rig, 1);
	char buf[XS_HDR_SIZE], payload[XS_PAYLOAD_MAX];
	struct reply r;

	oversized(buf, lens[_i]);
	bad = peer_socket(rig);
	peer_send(&bad, buf, sizeof(buf));
	ck_assert(rig_run(rig));
	ck_assert(fake_is_closed(rig->plat, bad.client));
	ck_assert_uint_eq(fake_unread(rig->plat, bad.client), 0);
	fake_domain_create(rig->plat, 1);
	ck_assert(peer_introduce(&dom0, 1));
	peer_send(&guest, buf, sizeof(buf));
	ck_assert(rig_run(rig));
	ck_assert_uint_eq(ring_get(rig, 1, RING_ERROR), 3);
	ck_assert(peer_says(&dom0, XS_OP_IS_DOMAIN_INTRODUCED, "1", 2, "T"));
	/* 4096 is still good. */
	memset(payload, 'v', sizeof(payload));
	memcpy(payload, "/big", 5);
	peer_call(&dom0, &r, XS_OP_WRITE, 0, payload, sizeof(payload));
	ck_assert_uint_eq(r.hdr.type, XS_OP_WRITE);
	peer_call(&dom0, &r, XS_OP_READ, 0, "/big", 5);
	ck_assert_uint_eq(r.hdr.len, 4091);
	free_rig(rig);
}
END_TEST

/* ---- Rings ------------------------------------------------------------ */

static bool guest_is_served(struct peer *guest)
{
	return peer_says(guest, XS_OP_GET_DOMAIN_PATH, "1", 2,
			 "/local/domain/1");
}

/* Too much to read, or too much said to be unread. */
static void break_ring(struct rig *rig, int how)
{
	static const uint32_t by[] = {2000, 1025, UINT32_MAX, 1025};
	uint32_t to;

	if (how < 2) {
		to = ring_get(rig, 1, RING_REQ_CONS) + by[how];
		ring_set(rig, 1, RING_REQ_PROD, to);
	} else {
		to = ring_get(rig, 1, RING_RSP_PROD) - by[how];
		ring_set(rig, 1, RING_RSP_CONS, to);
	}
}

START_TEST(test_ring_garbage)
{
	struct rig *rig = new_rig();
	struct peer dom0 = peer_socket(rig), guest = peer_guest(rig, 1);
	char buf[64];
	size_t n;

	fake_domain_create(rig->plat, 1);
	ck_assert(peer_introduce(&dom0, 1));
	ck_assert(guest_is_served(&guest));
	ck_assert(ring_get(rig, 1, RING_FEATURES) & 1);
	/* Responses are looked at when there is one to be written. */
	if (_i > 1) {
		n = peer_message(&guest, buf, XS_OP_READ, 0, "x", 2);
		peer_send(&guest, buf, n);
	}
	break_ring(rig, _i);
	fake_signal(rig->plat, 1, RIG_PORT);
	ck_assert(rig_run(rig));
	ck_assert_uint_eq(ring_get(rig, 1, RING_ERROR), 2);
	ck_assert(fake_notified(rig->plat, 1, RIG_PORT) > 0);
	/* Repairing the indexes does not help. */
	start_ring_at(rig, 1, 0);
	ck_assert(!guest_is_served(&guest));
	ck_assert(peer_introduce(&dom0, 1));
	ck_assert_uint_eq(ring_get(rig, 1, RING_ERROR), 0);
	ck_assert(guest_is_served(&guest));
	/* Nor does it need dom0 when the guest knows how to reconnect. */
	break_ring(rig, 0);
	fake_signal(rig->plat, 1, RIG_PORT);
	ck_assert(rig_run(rig));
	ck_assert_uint_eq(ring_get(rig, 1, RING_ERROR), 2);
	ring_set(rig, 1, RING_CONNECTION, 1);
	fake_signal(rig->plat, 1, RIG_PORT);
	ck_assert(rig_run(rig));
	ck_assert_uint_eq(ring_get(rig, 1, RING_CONNECTION), 0);
	ck_assert_uint_eq(ring_get(rig, 1, RING_ERROR), 0);
	ck_assert(guest_is_served(&guest));
	expect_in_order(rig, &dom0);
	free_rig(rig);
}
END_TEST

/* ---- Domains ---------------------------------------------------------- */

static void give_home(struct peer *dom0)
{
	ck_assert(peer_says(dom0, XS_OP_MKDIR, "/local/domain/1", 16, "OK"));
	ck_assert(peer_says(dom0, XS_OP_SET_PERMS, "/local/domain/1\0n1", 19,
			    "OK"));
}

START_TEST(test_death_in_request)
{
	struct rig *rig = new_rig();
	struct peer dom0 = peer_socket(rig), guest = peer_guest(rig, 1);
	char buf[256];
	size_t n, at;

	n = three_requests(&guest, buf);
	for (at = 0; at < n; at += 3) {
		fake_domain_create(rig->plat, 1);
		ck_assert(peer_introduce(&dom0, 1));
		give_home(&dom0);
		ck_assert(peer_says(&guest, XS_OP_WATCH, "x\0token", 8, "OK"));
		peer_send(&guest, buf, at);
		if (at % 2)
			ck_assert(rig_run(rig));
		fake_domain_dying(rig->plat, 1);
		ck_assert(rig_run(rig));
		ck_assert_int_eq(fake_ring_maps(rig->plat, 1), 0);
		fake_domain_gone(rig->plat, 1);
		ck_assert(rig_run(rig));
		/* dom0's ring and VIRQ_DOM_EXC. */
		ck_assert_uint_eq(fake_n_bound(rig->plat), 2);
		ck_assert(peer_says(&dom0, XS_OP_READ, "/local/domain/1", 16,
				    "ENOENT"));
		ck_assert(peer_says(&dom0, XS_OP_IS_DOMAIN_INTRODUCED, "1", 2,
				    "F"));
	}
	expect_in_order(rig, &dom0);
	free_rig(rig);
}
END_TEST

/* The next bearer of a domid has none of the rights of the last one. */
START_TEST(test_domid_reuse)
{
	struct rig *rig = new_rig();
	struct peer dom0 = peer_socket(rig), guest = peer_guest(rig, 1);

	fake_domain_create(rig->plat, 1);
	if (_i)
		ck_assert(peer_introduce(&dom0, 1));
	ck_assert(peer_write(&dom0, "/secret", "s"));
	ck_assert(
		peer_says(&dom0, XS_OP_SET_PERMS, "/secret\0n0\0r1", 14, "OK"));
	ck_assert(peer_write(&dom0, "/owned", "o"));
	ck_assert(peer_says(&dom0, XS_OP_SET_PERMS, "/owned\0n1", 10, "OK"));
	if (_i)
		ck_assert(peer_reads(&guest, "/secret", "s"));
	/* Without a VIRQ in between: the daemon finds out by the handle. */
	fake_domain_gone(rig->plat, 1);
	if (_i)
		ck_assert(rig_run(rig));
	fake_domain_create(rig->plat, 1);
	ck_assert(peer_introduce(&dom0, 1));
	ck_assert(peer_says(&guest, XS_OP_READ, "/secret", 8, "EACCES"));
	ck_assert(peer_says(&dom0, XS_OP_READ, "/owned", 7, "ENOENT"));
	expect_in_order(rig, &dom0);
	free_rig(rig);
}
END_TEST

/* ---- Whatever fails --------------------------------------------------- */

static void guest_session(struct rig *rig, struct peer *dom0)
{
	struct peer guest = peer_guest(rig, 1), other = peer_socket(rig);
	struct reply r;
	uint32_t tx;

	peer_says(dom0, XS_OP_MKDIR, "/local/domain/1", 16, "OK");
	peer_says(dom0, XS_OP_SET_PERMS, "/local/domain/1\0n1\0r2", 22, "OK");
	peer_says(&other, XS_OP_WATCH, "/local\0tok", 11, "OK");
	peer_says(&other, XS_OP_WATCH, "@releaseDomain\0r", 17, "OK");
	peer_write(&guest, "data/a", "1");
	peer_says(&guest, XS_OP_WATCH, "data\0mine", 10, "OK");
	peer_call(&guest, &r, XS_OP_TRANSACTION_START, 0, "", 1);
	if (r.is_there && r.hdr.type == XS_OP_TRANSACTION_START) {
		tx = (uint32_t)atoi(r.payload);
		peer_call(&guest, &r, XS_OP_READ, tx, "data/a", 7);
		peer_call(&guest, &r, XS_OP_WRITE, tx, "data/b\0002", 8);
		peer_write(dom0, "/elsewhere", "3");
		peer_call(&guest, &r, XS_OP_TRANSACTION_END, tx, "T", 2);
	}
	peer_call(&guest, &r, XS_OP_TRANSACTION_START, 0, "", 1);
	peer_call(&guest, &r, XS_OP_DIRECTORY, 0, "data", 5);
	peer_says(&guest, XS_OP_RM, "data/a", 7, "OK");
	peer_call(dom0, &r, XS_OP_CONTROL, 0, "quota\0001", 8);
	peer_call(dom0, &r, XS_OP_GET_QUOTA, 0, "1\0nodes", 8);
	fake_hangup(rig->plat, other.client);
}

/* A domain's whole life, some call or allocation failing in it. */
static void session(struct rig *rig)
{
	struct peer dom0 = peer_socket(rig);

	rig_run(rig);
	fake_domain_create(rig->plat, 1);
	peer_introduce(&dom0, 1);
	guest_session(rig, &dom0);
	fake_domain_shutdown(rig->plat, 1);
	rig_run(rig);
	fake_domain_dying(rig->plat, 1);
	rig_run(rig);
	fake_domain_gone(rig->plat, 1);
	rig_run(rig);
	fake_hangup(rig->plat, dom0.client);
	rig_run(rig);
}

/* The failure is over: everything is as if nothing had been. */
static void expect_recovered(struct rig *rig)
{
	struct peer dom0, guest = peer_guest(rig, 2);

	fake_signal_dom_exc(rig->plat);
	ck_assert(rig_run(rig));
	dom0 = peer_socket(rig);
	ck_assert(peer_says(&dom0, XS_OP_IS_DOMAIN_INTRODUCED, "1", 2, "F"));
	ck_assert_int_eq(fake_ring_maps(rig->plat, 1), 0);
	ck_assert_uint_eq(fake_n_bound(rig->plat), 2);
	fake_domain_create(rig->plat, 2);
	ck_assert(peer_introduce(&dom0, 2));
	ck_assert(peer_says(&guest, XS_OP_GET_DOMAIN_PATH, "2", 2,
			    "/local/domain/2"));
	ck_assert(peer_write(&dom0, "/after", "all"));
	ck_assert(peer_reads(&dom0, "/after", "all"));
	fake_domain_gone(rig->plat, 2);
	ck_assert(rig_run(rig));
	expect_in_order(rig, &dom0);
}

START_TEST(test_plat_failures)
{
	static const int errors[] = {EIO, ENOMEM};
	enum fake_call call = (enum fake_call)_i;
	unsigned int n, e;
	struct rig rig;
	bool failed;
	int rc;

	for (e = 0; e < 2; e++) {
		for (n = 1, failed = true; failed; n++) {
			rc = rig_init(&rig);
			ck_assert_int_eq(rc, 0);
			fake_fail(rig.plat, call, n, errors[e]);
			session(&rig);
			failed = fake_has_failed(rig.plat);
			fake_fail(rig.plat, call, 0, 0);
			expect_recovered(&rig);
			rig_fini(&rig);
		}
	}
}
END_TEST

START_TEST(test_start_failures)
{
	enum fake_call call = (enum fake_call)_i;
	struct xs_plat *plat = fake_new();
	struct xs_settings settings;
	struct xs_server *server = NULL;
	int rc;

	xs_settings_default(&settings);
	ck_assert_int_eq(xs_server_new(NULL, &settings, plat, &server), 0);
	fake_fail(plat, call, 1, EIO);
	rc = xs_server_start(server);
	ck_assert_int_eq(rc, fake_has_failed(plat) ? -EIO : 0);
	xs_server_free(server);
	ck_assert_uint_eq(fake_n_bound(plat), 0);
	ck_assert_int_eq(fake_ring_maps(plat, 0), 0);
	fake_free(plat);
}
END_TEST

START_TEST(test_allocations)
{
	unsigned int n = 0;
	struct rig rig;
	bool failed;
	int rc;

	do {
		alloc_fail_at(++n);
		rc = rig_init(&rig);
		if (rc)
			ck_assert_int_eq(rc, -ENOMEM);
		else
			session(&rig);
		failed = alloc_has_failed();
		alloc_fail_never();
		if (!rc)
			expect_recovered(&rig);
		rig_fini(&rig);
	} while (failed);
	/* Else the wrapping does not work. */
	ck_assert_uint_gt(n, 90);
}
END_TEST

START_TEST(test_memory_gone_for_a_while)
{
	unsigned int n;
	struct rig rig;
	bool failed = true;

	for (n = 1; failed; n += 3) {
		ck_assert_int_eq(rig_init(&rig), 0);
		alloc_fail_from(n);
		session(&rig);
		failed = alloc_has_failed();
		alloc_fail_never();
		expect_recovered(&rig);
		rig_fini(&rig);
	}
}
END_TEST

#define CHECK_NODES 5000 /* more than are checked at a time */

static void ask(struct peer *peer, uint32_t type, const char *text, size_t len)
{
	char buf[64];

	peer_send(peer, buf, peer_message(peer, buf, type, 0, text, len));
}

static void turn(struct rig *rig)
{
	ck_assert_int_eq(xs_server_turn(rig->server, 0, &rig->quit), 0);
}

/* A large check lets others go first, and whoever asked may go meanwhile. */
START_TEST(test_check_takes_turns)
{
	struct rig *rig = new_rig();
	struct peer asker = peer_socket(rig), leaver = peer_socket(rig);
	struct peer other = peer_socket(rig);
	char path[24];
	struct reply r;
	int i, turns = 0;

	for (i = 0; i < CHECK_NODES; i++) {
		snprintf(path, sizeof(path), "/many/%d", i);
		ck_assert(peer_write(&other, path, "v"));
	}
	ask(&leaver, XS_OP_CONTROL, "check", 6);
	ask(&asker, XS_OP_CONTROL, "check", 6);
	ask(&asker, XS_OP_READ, "/many/1", 8);
	turn(rig);
	ask(&other, XS_OP_RM, "/many/0", 8);
	fake_hangup(rig->plat, leaver.client);
	turn(rig);
	ck_assert_uint_gt(fake_unread(rig->plat, other.client), 0);
	while (!fake_unread(rig->plat, asker.client) && ++turns < CHECK_NODES)
		turn(rig);
	ck_assert_int_gt(turns, 1);
	peer_reply(&asker, &r);
	ck_assert_uint_eq(r.hdr.type, XS_OP_CONTROL);
	ck_assert_str_eq(r.payload, "OK");
	ck_assert(rig_run(rig));
	peer_reply(&asker, &r);
	ck_assert_uint_eq(r.hdr.type, XS_OP_READ);
	/* One that is under way when the server ends. */
	ask(&asker, XS_OP_CONTROL, "check", 6);
	turn(rig);
	free_rig(rig);
}
END_TEST

START_TEST(test_quit)
{
	struct rig *rig = new_rig();

	ck_assert(!rig->quit);
	fake_reopen(rig->plat);
	ck_assert(rig_run(rig));
	ck_assert(!rig->quit);
	fake_quit(rig->plat);
	ck_assert(rig_run(rig));
	ck_assert(rig->quit);
	free_rig(rig);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("main/server");
	TCase *tc = suite_case(suite, "bytes");

	tcase_add_test(tc, test_two_servers);
	tcase_add_test(tc, test_socket_split);
	tcase_add_loop_test(tc, test_ring_split, 0, 2);
	tcase_add_loop_test(tc, test_many_at_once, 0, 2);
	tcase_add_test(tc, test_slow_guest);
	tcase_add_test(tc, test_half_closed);
	tcase_add_loop_test(tc, test_oversized, 0, 3);
	tc = suite_case(suite, "domains");
	tcase_add_loop_test(tc, test_ring_garbage, 0, 4);
	tcase_add_test(tc, test_death_in_request);
	tcase_add_loop_test(tc, test_domid_reuse, 0, 2);
	tcase_add_test(tc, test_check_takes_turns);
	tcase_add_test(tc, test_quit);
	tc = suite_case(suite, "failures");
	tcase_add_loop_test(tc, test_plat_failures, 0, FAKE_N_CALLS);
	tcase_add_loop_test(tc, test_start_failures, 0, FAKE_N_CALLS);
	tcase_add_test(tc, test_allocations);
	tcase_add_test(tc, test_memory_gone_for_a_while);
	return suite;
}
