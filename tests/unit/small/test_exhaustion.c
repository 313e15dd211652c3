/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The whole daemon, as it is in the stub domain, in a memory that is too small:
 * what does not fit is refused, and nothing else happens.
 */
#include <stdio.h>
#include <string.h>

#include "plat/stubdom/libc/pages.h"
#include "plat/stubdom/libc/system.h"
#include "unit/main/rig.h"
#include "unit/stubdom/heap_check.h"
#include "unit/stubdom/system.h"
#include "unit/support/suite.h"

#define HEAP_PAGES 256

static struct rig rig;

/* Asks for something with the daemon knowing how much is free. */
static void call(struct peer *peer, struct reply *reply, uint32_t type,
		 const void *payload, size_t len)
{
	fake_memory_free(rig.plat, xs_pages_free_percent());
	peer_call(peer, reply, type, 0, payload, len);
	ck_assert_msg(reply->is_there, "no reply to request %u", type);
}

static bool is_ok(struct peer *peer, uint32_t type, const void *payload,
		  size_t len)
{
	struct reply reply;

	call(peer, &reply, type, payload, len);
	if (reply.hdr.type == type)
		return true;
	/* Or a quota came first. */
	ck_assert(!strcmp(reply.payload, "ENOMEM") ||
		  !strcmp(reply.payload, "ENOSPC"));
	return false;
}

static void remove_all(struct peer *peer, const char *path)
{
	ck_assert(is_ok(peer, XS_OP_RM, path, strlen(path) + 1));
}

static size_t path_of(char *buf, const char *dir, unsigned int n)
{
	return (size_t)sprintf(buf, "%s/%u/%u", dir, n % 7, n);
}

static void value_of(char *buf, unsigned int n, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = (char)('a' + (n + i) % 26);
}

/* Writes nodes below dir until that is refused; returns how many there are. */
static unsigned int fill(struct peer *peer, const char *dir, size_t len)
{
	unsigned int n, n_refused = 0;

	for (n = 0; n_refused < 20;) {
		char payload[XS_PAYLOAD_MAX];
		size_t used = path_of(payload, dir, n) + 1;

		value_of(payload + used, n, len);
		if (is_ok(peer, XS_OP_WRITE, payload, used + len))
			n++;
		else
			n_refused++;
	}
	return n;
}

static void check_values(struct peer *peer, const char *dir, unsigned int n_all,
			 size_t len)
{
	unsigned int n;

	for (n = 0; n < n_all; n++) {
		char path[64], value[XS_PAYLOAD_MAX];
		struct reply reply;
		size_t used = path_of(path, dir, n) + 1;

		call(peer, &reply, XS_OP_READ, path, used);
		value_of(value, n, len);
		ck_assert_int_eq(reply.hdr.type, XS_OP_READ);
		ck_assert_uint_eq(reply.hdr.len, len);
		ck_assert(!memcmp(reply.payload, value, len));
	}
}

static size_t pages_free(void)
{
	struct xs_pages_stats stats;

	heap_check();
	xs_pages_stats(&stats);
	return stats.free;
}

static struct peer start(void)
{
	struct peer dom0;

	system_set_pages(HEAP_PAGES);
	ck_assert_int_eq(rig_init(&rig), 0);
	ck_assert(rig_run(&rig));
	dom0 = peer_socket(&rig);
	ck_assert(peer_write(&dom0, "/before", "there"));
	return dom0;
}

static void end(struct peer *dom0)
{
	struct xs_pages_stats stats;

	ck_assert(peer_reads(dom0, "/before", "there"));
	rig_fini(&rig);
	heap_check();
	xs_pages_stats(&stats);
	ck_assert_uint_eq(stats.free, stats.total);
}

static const size_t lens[] = {0, 8, 100, 700, 1500, 4000};

#define N_LENS (int)(sizeof(lens) / sizeof(lens[0]))

/* _i: how long the values are */
START_TEST(test_filled_by_dom0)
{
	size_t len = lens[_i], before = 0;
	struct peer dom0 = start();
	int round;

	for (round = 0; round < 4; round++) {
		unsigned int n = fill(&dom0, "/fill", len);

		/* Not much more is left than has to be. */
		ck_assert_uint_lt(xs_pages_free_percent(), 9);
		ck_assert_uint_ge(n * (len + 100),
				  HEAP_PAGES * XS_PAGE_SIZE / 4);
		check_values(&dom0, "/fill", n, len);
		remove_all(&dom0, "/fill");
		if (round)
			ck_assert_uint_eq(pages_free(), before);
		before = pages_free();
	}
	end(&dom0);
}
END_TEST

static struct peer new_guest(struct peer *dom0, xs_domid_t domid)
{
	char text[64];
	int n;

	fake_domain_create(rig.plat, domid);
	ck_assert(peer_introduce(dom0, domid));
	n = sprintf(text, "/g/%u", domid);
	ck_assert(is_ok(dom0, XS_OP_MKDIR, text, (size_t)n + 1));
	n = sprintf(text, "/g/%u%cn%u", domid, 0, domid);
	ck_assert(is_ok(dom0, XS_OP_SET_PERMS, text, (size_t)n + 1));
	return peer_guest(&rig, domid);
}

/* Three whose quotas allow more than there is; _i: as above */
START_TEST(test_filled_by_guests)
{
	size_t len = lens[_i] < 2000 ? lens[_i] : 1900, before = 0;
	struct peer dom0 = start(), guests[3];
	unsigned int k, n[3];
	int round;

	for (k = 0; k < 3; k++)
		guests[k] = new_guest(&dom0, (xs_domid_t)(k + 1));
	/* All that the guests do is told to dom0. */
	ck_assert(is_ok(&dom0, XS_OP_WATCH, "/g\0tok", 7));
	for (round = 0; round < 3; round++) {
		char dir[3][16];

		for (k = 0; k < 3; k++) {
			sprintf(dir[k], "/g/%u/f", k + 1);
			n[k] = fill(&guests[k], dir[k], len);
			ck_assert_uint_eq(
				ring_get(&rig, guests[k].domid, RING_ERROR), 0);
		}
		for (k = 0; k < 3; k++)
			check_values(&guests[k], dir[k], n[k], len);
		ck_assert(len < 700 || xs_pages_free_percent() < 16);
		/* There is still something for dom0. */
		ck_assert(peer_write(&dom0, "/now", "and then"));
		ck_assert_uint_ge(dom0.n_events, n[0] + n[1] + n[2]);
		dom0.n_events = 0;
		for (k = 0; k < 3; k++)
			remove_all(k % 2 ? &dom0 : &guests[k], dir[k]);
		if (round > 1)
			ck_assert_uint_eq(pages_free(), before);
		before = pages_free();
	}
	for (k = 0; k < 3; k++)
		fake_domain_gone(rig.plat, guests[k].domid);
	ck_assert(rig_run(&rig));
	end(&dom0);
}
END_TEST

#define N_NODES 600

/* Whether the guest was answered at all: it may have to wait. */
static bool guest_does(struct peer *guest, uint32_t type, unsigned int n)
{
	struct reply reply;
	char path[16];
	size_t len = (size_t)sprintf(path, "/g/1/%u", n) + 1;

	fake_memory_free(rig.plat, xs_pages_free_percent());
	peer_call(guest, &reply, type, 0, path, len);
	ck_assert(!reply.is_there || reply.hdr.type == type ||
		  !strcmp(reply.payload, "ENOMEM"));
	return reply.is_there;
}

/* Reads all, and what comes then. */
static void listen(struct peer *watcher)
{
	struct reply none;

	fake_stream_limits(rig.plat, watcher->client, SIZE_MAX, SIZE_MAX,
			   SIZE_MAX);
	ck_assert(rig_run(&rig));
	peer_reply(watcher, &none);
	ck_assert(!none.is_there);
}

/*
 * One that watches and does not read: what others do fills memory with its
 * events, also when they only remove things.  They have to wait for it.
 * _i: whether they write or remove
 */
START_TEST(test_filled_by_events)
{
	struct peer dom0 = start(), watcher = peer_socket(&rig);
	struct peer guest = new_guest(&dom0, 1);
	uint32_t type = _i ? XS_OP_RM : XS_OP_WRITE;
	unsigned int n, n_before;
	char watch[1500];

	memset(watch, 't', sizeof(watch));
	memcpy(watch, "/g", 3);
	watch[sizeof(watch) - 1] = '\0';
	ck_assert(is_ok(&watcher, XS_OP_WATCH, watch, sizeof(watch)));
	for (n = 0; n < N_NODES; n++) {
		guest_does(&guest, XS_OP_WRITE, n);
		listen(&watcher);
	}
	n_before = watcher.n_events;
	fake_stream_limits(rig.plat, watcher.client, SIZE_MAX, SIZE_MAX, 1000);
	for (n = 0; n < N_NODES && guest_does(&guest, type, n); n++)
		;
	heap_check();
	ck_assert(!_i || n < N_NODES);
	ck_assert_uint_lt(xs_pages_free_percent(), 15);
	ck_assert(!fake_is_closed(rig.plat, watcher.client));
	ck_assert_uint_eq(ring_get(&rig, 1, RING_ERROR), 0);
	/* When it has read, all goes on. */
	while (n < N_NODES) {
		listen(&watcher);
		ck_assert(guest_does(&guest, type, n++));
	}
	listen(&watcher);
	ck_assert_uint_ge(watcher.n_events, n_before + (_i ? N_NODES : 100));
	end(&dom0);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("small/exhaustion");
	TCase *tc = suite_case(suite, "exhaustion");

	tcase_add_loop_test(tc, test_filled_by_dom0, 0, N_LENS);
	tcase_add_loop_test(tc, test_filled_by_guests, 0, N_LENS);
	tcase_add_loop_test(tc, test_filled_by_events, 0, 2);
	return suite;
}
