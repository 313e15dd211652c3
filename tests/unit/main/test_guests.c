/* SPDX-License-Identifier: GPL-2.0-only */
/* Guests that do what they like, and guests that do not read. */
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

/* A domain with a home of its own that the others may read. */
static struct peer new_guest(struct rig *rig, struct peer *dom0,
			     xs_domid_t domid)
{
	char text[64];
	int n;

	fake_domain_create(rig->plat, domid);
	ck_assert(peer_introduce(dom0, domid));
	n = snprintf(text, sizeof(text), "/local/domain/%u", domid);
	ck_assert(peer_says(dom0, XS_OP_MKDIR, text, (size_t)n + 1, "OK"));
	n = snprintf(text, sizeof(text), "/local/domain/%u%cr%u", domid, 0,
		     domid);
	ck_assert(peer_says(dom0, XS_OP_SET_PERMS, text, (size_t)n + 1, "OK"));
	return peer_guest(rig, domid);
}

/* ---- Anything at all -------------------------------------------------- */

static size_t random_payload(struct rng *rng, char *buf)
{
	static const char *const words[] = {"/",
					    "a",
					    "/a/b",
					    "/local/domain/1/a",
					    "x/y/z",
					    "data",
					    "@releaseDomain",
					    "@introduceDomain",
					    "/a//b",
					    "T",
					    "F",
					    "0",
					    "1",
					    "2",
					    "65535",
					    "-1",
					    "n1",
					    "r1",
					    "b2",
					    "n0",
					    "tok",
					    "",
					    "quota",
					    "check",
					    "help",
					    "memreport",
					    "nodes",
					    "value of some length"};
	unsigned int n = rng_below(rng, 5), i;
	size_t len = 0;

	for (i = 0; i < n; i++) {
		const char *w = words[rng_below(rng, 28)];

		memcpy(buf + len, w, strlen(w) + 1);
		len += strlen(w) + (rng_below(rng, 12) ? 1 : 0);
	}
	if (!rng_below(rng, 20)) {
		for (i = rng_below(rng, 300); i; i--)
			buf[len++] = (char)rng_next(rng);
	}
	return len;
}

/* RELEASE and SET_QUOTA would only make the rest of the test dull. */
static uint32_t random_type(struct rng *rng)
{
	uint32_t type;

	do
		type = rng_below(rng, 30);
	while (type == XS_OP_RELEASE || type == XS_OP_SET_QUOTA ||
	       type == XS_OP_INTRODUCE);
	return type;
}

START_TEST(test_anything)
{
	struct rig *rig = new_rig();
	struct peer dom0 = peer_socket(rig), who[4];
	unsigned int i, n_ok = 0, n_error = 0;
	char buf[1024];
	struct reply r;
	struct rng rng;

	rng_init(&rng, (uint64_t)_i);
	who[0] = new_guest(rig, &dom0, 1);
	who[1] = new_guest(rig, &dom0, 2);
	who[2] = peer_socket(rig);
	who[3] = peer_guest(rig, 0);
	for (i = 0; i < 6000; i++) {
		struct peer *p = &who[rng_below(&rng, 8) % 4];
		uint32_t tx = rng_below(&rng, 3) ? 0 : rng_below(&rng, 30);
		size_t n = random_payload(&rng, buf);

		if (p->client < 0 && !p->domid)
			continue; /* dom0's ring has another port */
		peer_call(p, &r, random_type(&rng), tx, buf, n);
		/* One reply to every request, whatever it is. */
		ck_assert_msg(r.is_there, "seed %d: no reply to %u", _i, i);
		if (r.hdr.type == XS_OP_ERROR)
			n_error++;
		else
			n_ok++;
	}
	ck_assert_uint_gt(n_ok, 300);
	ck_assert_uint_gt(n_error, 500);
	fake_domain_gone(rig->plat, 1);
	fake_domain_gone(rig->plat, 2);
	ck_assert(rig_run(rig));
	ck_assert(peer_says(&dom0, XS_OP_CONTROL, "check", 6, "OK"));
	ck_assert_ptr_null(strstr(fake_log(rig->plat), "account domid"));
	ck_assert_int_eq(fake_ring_maps(rig->plat, 1), 0);
	free_rig(rig);
}
END_TEST

/* The page belongs to the guest: any byte of it may change at any time. */
START_TEST(test_scribbled_page)
{
	struct rig *rig = new_rig();
	struct peer dom0 = peer_socket(rig), guest;
	unsigned int i, k;
	struct rng rng;
	char *page;

	rng_init(&rng, (uint64_t)_i);
	guest = new_guest(rig, &dom0, 1);
	page = fake_ring(rig->plat, 1);
	for (i = 0; i < 3000; i++) {
		for (k = rng_below(&rng, 40); k; k--)
			page[rng_below(&rng, 2084)] = (char)rng_below(&rng, 32);
		if (!rng_below(&rng, 3))
			ring_set(rig, 1, RING_REQ_PROD,
				 ring_get(rig, 1, RING_REQ_CONS) +
					 rng_below(&rng, 1025));
		if (!rng_below(&rng, 3))
			ring_set(rig, 1, RING_RSP_CONS,
				 ring_get(rig, 1, RING_RSP_PROD));
		fake_signal(rig->plat, 1, RIG_PORT);
		ck_assert(rig_run(rig));
		if (!rng_below(&rng, 50))
			ck_assert(peer_introduce(&dom0, 1));
	}
	ck_assert(peer_introduce(&dom0, 1));
	ck_assert(peer_says(&guest, XS_OP_GET_DOMAIN_PATH, "1", 2,
			    "/local/domain/1"));
	ck_assert(peer_says(&dom0, XS_OP_CONTROL, "check", 6, "OK"));
	free_rig(rig);
}
END_TEST

/* ---- Those who do not read -------------------------------------------- */

/* Writes that the guest is answered before it has to wait. */
static unsigned int writes_until_stall(struct peer *writer, unsigned int max)
{
	char payload[64];
	struct reply r;
	unsigned int i;
	int n;

	for (i = 0; i < max; i++) {
		n = snprintf(payload, sizeof(payload), "n%u%cvalue", i % 50, 0);
		peer_call(writer, &r, XS_OP_WRITE, 0, payload, (size_t)n);
		if (!r.is_there)
			break;
		ck_assert_uint_eq(r.hdr.type, XS_OP_WRITE);
	}
	return i;
}

/* XSA-326: whoever causes events for one that does not read has to wait. */
START_TEST(test_deaf_guest)
{
	struct rig *rig = new_rig();
	struct peer dom0 = peer_socket(rig), deaf, writer;
	char buf[64];
	struct reply r;
	size_t n;

	deaf = new_guest(rig, &dom0, 1);
	writer = new_guest(rig, &dom0, 2);
	n = peer_message(&deaf, buf, XS_OP_WATCH, 0, "/local/domain/2\0t", 18);
	peer_send(&deaf, buf, n);
	ck_assert(rig_run(rig));
	n = writes_until_stall(&writer, 500);
	ck_assert_uint_ge(n, 19);
	ck_assert_uint_lt(n, 100);
	/* The others do not notice. */
	ck_assert(peer_write(&dom0, "/other", "x"));
	fake_advance(rig->plat, rig->settings.watch_event_ms + 1);
	ck_assert(rig_run(rig));
	peer_reply(&writer, &r);
	ck_assert(r.is_there);
	ck_assert_uint_ge(writes_until_stall(&writer, 15), 15);
	/* Its end frees everybody who waits for it. */
	writes_until_stall(&writer, 500);
	fake_domain_gone(rig->plat, 1);
	ck_assert(rig_run(rig));
	peer_reply(&writer, &r);
	ck_assert(r.is_there);
	ck_assert_uint_eq(writes_until_stall(&writer, 200), 200);
	ck_assert(peer_says(&dom0, XS_OP_CONTROL, "check", 6, "OK"));
	free_rig(rig);
}
END_TEST

/* A socket that does not read must not stop a guest either. */
START_TEST(test_deaf_socket)
{
	struct rig *rig = new_rig();
	struct peer dom0 = peer_socket(rig), deaf, writer;

	deaf = peer_socket(rig);
	writer = new_guest(rig, &dom0, 2);
	ck_assert(
		peer_says(&deaf, XS_OP_WATCH, "/local/domain/2\0t", 18, "OK"));
	fake_stream_limits(rig->plat, deaf.client, SIZE_MAX, SIZE_MAX, 0);
	ck_assert_uint_eq(writes_until_stall(&writer, 500), 500);
	fake_stream_limits(rig->plat, deaf.client, SIZE_MAX, SIZE_MAX,
			   SIZE_MAX);
	ck_assert(rig_run(rig));
	/* One event for each node and the first: equal ones are not doubled. */
	{
		struct reply r;

		peer_reply(&deaf, &r);
		ck_assert(!r.is_there);
		ck_assert_uint_eq(deaf.n_events, 51);
	}
	free_rig(rig);
}
END_TEST

/* Puts n requests into the ring at once. */
static void fill_ring(struct peer *guest, unsigned int n)
{
	char buf[64];

	while (n--) {
		size_t len = peer_message(guest, buf, XS_OP_READ, 0, "x", 2);

		ck_assert_uint_eq(peer_send(guest, buf, len), len);
	}
}

/* Replies to these that are there, without a turn of the server. */
static unsigned int count_replies(struct peer *guest)
{
	char buf[1024];

	return (unsigned int)(peer_recv(guest, buf, sizeof(buf)) /
			      (XS_HDR_SIZE + 1));
}

/* However much guests ask, the others wait for one request of theirs. */
static void flood_of(unsigned int n_guests)
{
	struct rig *rig = new_rig();
	struct peer dom0 = peer_socket(rig), guest[4];
	unsigned int i, n = 0;
	char buf[256];
	size_t len;

	for (i = 0; i < n_guests; i++) {
		guest[i] = new_guest(rig, &dom0, (xs_domid_t)(i + 1));
		ck_assert(peer_says(&guest[i], XS_OP_WRITE, "x\0y", 3, "OK"));
	}
	for (i = 0; i < n_guests; i++)
		fill_ring(&guest[i], 10);
	/* The first time nobody knows yet what they are up to. */
	ck_assert_int_eq(xs_server_turn(rig->server, 0, &rig->quit), 0);
	for (i = 0; i < n_guests; i++)
		n += count_replies(&guest[i]);
	ck_assert_uint_le(n, n_guests + 1);
	len = peer_message(&dom0, buf, XS_OP_READ, 0, "/local", 7);
	peer_send(&dom0, buf, len);
	ck_assert_int_eq(xs_server_turn(rig->server, 0, &rig->quit), 0);
	ck_assert_uint_eq(peer_recv(&dom0, buf, sizeof(buf)), XS_HDR_SIZE);
	for (i = 0, n = 0; i < n_guests; i++)
		n += count_replies(&guest[i]);
	ck_assert_uint_eq(n, 1);
	/* All of them are served in the end, in turns. */
	for (i = 0; i < 2 * n_guests; i++)
		ck_assert_int_eq(xs_server_turn(rig->server, 0, &rig->quit), 0);
	for (i = 0; i < n_guests; i++)
		ck_assert_uint_ge(count_replies(&guest[i]), 1);
	ck_assert(rig_run(rig));
	free_rig(rig);
}

START_TEST(test_flood)
{
	flood_of(2);
	flood_of(4);
}
END_TEST

/* Whoever makes others' commits fail again and again is slowed down. */
START_TEST(test_conflicts)
{
	struct rig *rig = new_rig();
	struct peer dom0 = peer_socket(rig), bad;
	unsigned int i, n_committed = 0;
	struct reply r;
	uint32_t tx;

	bad = new_guest(rig, &dom0, 1);
	for (i = 0; i < 50; i++) {
		peer_call(&dom0, &r, XS_OP_TRANSACTION_START, 0, "", 1);
		tx = (uint32_t)atoi(r.payload);
		peer_call(&dom0, &r, XS_OP_READ, tx, "/local/domain/1/x", 18);
		peer_call(&dom0, &r, XS_OP_WRITE, tx, "/y\0z", 4);
		peer_call(&bad, &r, XS_OP_WRITE, 0, i % 2 ? "x\0001" : "x\0002",
			  3);
		peer_call(&dom0, &r, XS_OP_TRANSACTION_END, tx, "T", 2);
		ck_assert(r.is_there);
		n_committed += r.hdr.type != XS_OP_ERROR;
	}
	ck_assert_uint_ge(n_committed, 30);
	fake_advance(rig->plat, 60000);
	ck_assert(rig_run(rig));
	peer_reply(&bad, &r);
	ck_assert(r.is_there);
	ck_assert(peer_says(&bad, XS_OP_WRITE, "x\0003", 3, "OK"));
	free_rig(rig);
}
END_TEST

/* What needs more memory is refused while there is still some for the rest. */
START_TEST(test_memory_short)
{
	struct rig *rig = new_rig();
	struct peer dom0 = peer_socket(rig), guest = new_guest(rig, &dom0, 1);

	fake_memory_free(rig->plat, 14);
	ck_assert(peer_says(&guest, XS_OP_WRITE, "a\0b", 3, "ENOMEM"));
	ck_assert(peer_says(&guest, XS_OP_MKDIR, "a", 2, "ENOMEM"));
	ck_assert(peer_says(&guest, XS_OP_WATCH, "a\0b", 4, "ENOMEM"));
	ck_assert(peer_write(&dom0, "/local/domain/1/x", "y"));
	fake_memory_free(rig->plat, 7);
	ck_assert(peer_says(&dom0, XS_OP_WRITE, "/x\0y", 4, "ENOMEM"));
	ck_assert(peer_says(&dom0, XS_OP_MKDIR, "/x", 3, "ENOMEM"));
	ck_assert(peer_reads(&guest, "x", "y"));
	ck_assert(peer_says(&dom0, XS_OP_RM, "/local/domain/1/x", 18, "OK"));
	fake_memory_free(rig->plat, 15);
	ck_assert(peer_says(&guest, XS_OP_WRITE, "a\0b", 3, "OK"));
	free_rig(rig);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("main/guests");
	TCase *tc = suite_case(suite, "guests");

	tcase_add_loop_test(tc, test_anything, 1, 5);
	tcase_add_loop_test(tc, test_scribbled_page, 1, 5);
	tcase_add_test(tc, test_deaf_guest);
	tcase_add_test(tc, test_deaf_socket);
	tcase_add_test(tc, test_flood);
	tcase_add_test(tc, test_conflicts);
	tcase_add_test(tc, test_memory_short);
	return suite;
}
