/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reader of event channels against a writer that does what Xen's public
 * header says of it, in turn and at the same time in another thread.
 *
 * What matters: whatever was done before a port was signalled has been seen
 * by the time the reader has nothing more to take.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "plat/stubdom/fifo.h"
#include "unit/support/suite.h"

#define PAGES	3
#define PORTS	(PAGES * XS_FIFO_PAGE_PORTS)
#define QUEUES	EVTCHN_FIFO_MAX_QUEUES
#define ROUNDS	300000
#define PENDING (UINT32_C(1) << EVTCHN_FIFO_PENDING)
#define MASKED	(UINT32_C(1) << EVTCHN_FIFO_MASKED)
#define LINKED	(UINT32_C(1) << EVTCHN_FIFO_LINKED)
#define LINK	((uint32_t)EVTCHN_FIFO_LINK_MASK)

static struct evtchn_fifo_control_block control;
static event_word_t words[PAGES][XS_FIFO_PAGE_PORTS];
static struct xs_fifo fifo;
static uint32_t tails[QUEUES]; /* the writer's */
static uint32_t priorities[PORTS];
static uint32_t sent[PORTS], seen[PORTS];
static int done;

static event_word_t *word_of(uint32_t port)
{
	return &words[port / XS_FIFO_PAGE_PORTS][port % XS_FIFO_PAGE_PORTS];
}

static void set_up(void)
{
	int i;

	memset(&control, 0, sizeof(control));
	memset(words, 0, sizeof(words));
	memset(tails, 0, sizeof(tails));
	memset(sent, 0, sizeof(sent));
	memset(seen, 0, sizeof(seen));
	done = 0;
	fifo = (struct xs_fifo){.control = &control};
	for (i = 0; i < PAGES; i++)
		ck_assert(xs_fifo_add_page(&fifo, words[i]));
	for (i = 0; i < PORTS; i++)
		priorities[i] = EVTCHN_FIFO_PRIORITY_DEFAULT;
}

/* ---- The writer ------------------------------------------------------- */

/* Gives the old last one its successor, if it still is in the queue. */
static int link_to(event_word_t *word, uint32_t port)
{
	event_word_t old = __atomic_load_n(word, __ATOMIC_SEQ_CST);

	while (old & LINKED) {
		if (__atomic_compare_exchange_n(
			    word, &old, (old & ~LINK) | port, 0,
			    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return 1;
	}
	return 0;
}

static void signal_port(uint32_t port)
{
	event_word_t *word = word_of(port);
	uint32_t queue = priorities[port];
	int linked = 0;

	__atomic_fetch_or(word, PENDING, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(word, __ATOMIC_SEQ_CST) & MASKED)
		return;
	if (__atomic_fetch_or(word, LINKED, __ATOMIC_SEQ_CST) & LINKED)
		return;
	/* It was the last one and has been taken: the queue is empty. */
	if (tails[queue] == port)
		tails[queue] = 0;
	if (tails[queue])
		linked = link_to(word_of(tails[queue]), port);
	if (!linked)
		__atomic_store_n(&control.head[queue], port, __ATOMIC_SEQ_CST);
	tails[queue] = port;
	if (!linked)
		__atomic_fetch_or(&control.ready, UINT32_C(1) << queue,
				  __ATOMIC_SEQ_CST);
}

static void send(uint32_t port)
{
	__atomic_fetch_add(&sent[port], 1, __ATOMIC_SEQ_CST);
	signal_port(port);
}

/* ---- The reader ------------------------------------------------------- */

static uint32_t take_all(void)
{
	uint32_t port, n = 0;

	while (xs_fifo_take(&fifo, &port)) {
		ck_assert_uint_gt(port, 0);
		ck_assert_uint_lt(port, PORTS);
		seen[port] = __atomic_load_n(&sent[port], __ATOMIC_SEQ_CST);
		n++;
	}
	return n;
}

static void check_all_seen(void)
{
	uint32_t port;

	ck_assert(!xs_fifo_is_any(&fifo));
	for (port = 0; port < PORTS; port++) {
		ck_assert_msg(seen[port] == sent[port], "port %u: %u of %u",
			      port, seen[port], sent[port]);
		ck_assert_uint_eq(*word_of(port) & (PENDING | LINKED), 0);
	}
}

/* ---- Tests ------------------------------------------------------------ */

START_TEST(test_order)
{
	static const uint32_t ports[] = {7, 1, 2999, 1025, 3};
	uint32_t port;
	size_t i;

	set_up();
	ck_assert(!xs_fifo_is_any(&fifo));
	ck_assert(!xs_fifo_take(&fifo, &port));
	for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		send(ports[i]);
	send(ports[0]); /* is in the queue already */
	ck_assert(xs_fifo_is_any(&fifo));
	for (i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		ck_assert(xs_fifo_take(&fifo, &port));
		ck_assert_uint_eq(port, ports[i]);
	}
	ck_assert(!xs_fifo_take(&fifo, &port));
}
END_TEST

START_TEST(test_priority)
{
	uint32_t port;

	set_up();
	priorities[5] = EVTCHN_FIFO_PRIORITY_MIN;
	priorities[6] = EVTCHN_FIFO_PRIORITY_MAX;
	send(5);
	send(4);
	send(6);
	ck_assert(xs_fifo_take(&fifo, &port));
	ck_assert_uint_eq(port, 6);
	send(6); /* comes before those that wait already */
	ck_assert(xs_fifo_take(&fifo, &port));
	ck_assert_uint_eq(port, 6);
	ck_assert(xs_fifo_take(&fifo, &port));
	ck_assert_uint_eq(port, 4);
	ck_assert(xs_fifo_take(&fifo, &port));
	ck_assert_uint_eq(port, 5);
	ck_assert(!xs_fifo_take(&fifo, &port));
}
END_TEST

/* Xen clears PENDING of a port that is closed, but leaves it in its queue. */
START_TEST(test_closed_meanwhile)
{
	uint32_t port;

	set_up();
	send(8);
	send(9);
	send(10);
	*word_of(9) &= ~PENDING;
	*word_of(10) |= MASKED;
	ck_assert(xs_fifo_take(&fifo, &port));
	ck_assert_uint_eq(port, 8);
	ck_assert(!xs_fifo_take(&fifo, &port));
	ck_assert_uint_eq(*word_of(9) & LINKED, 0);
	send(9);
	ck_assert(xs_fifo_take(&fifo, &port));
	ck_assert_uint_eq(port, 9);
}
END_TEST

/* A number without a word, which Xen never gives, ends no queue for good. */
START_TEST(test_unknown_port)
{
	uint32_t port;

	set_up();
	control.head[3] = PORTS;
	control.ready = 1 << 3;
	ck_assert(!xs_fifo_take(&fifo, &port));
	ck_assert(!xs_fifo_is_any(&fifo));
	priorities[11] = 3;
	send(11);
	ck_assert(xs_fifo_take(&fifo, &port));
	ck_assert_uint_eq(port, 11);
}
END_TEST

START_TEST(test_last_port)
{
	struct xs_fifo full = {.control = &control};
	uint32_t i;

	for (i = 0; i < XS_FIFO_PAGES; i++)
		ck_assert(xs_fifo_add_page(&full, words[0]));
	ck_assert(!xs_fifo_add_page(&full, words[0]));
	ck_assert_uint_eq(full.n_pages * XS_FIFO_PAGE_PORTS,
			  EVTCHN_FIFO_NR_CHANNELS);
}
END_TEST

START_TEST(test_in_turn)
{
	struct rng rng;
	int i;

	set_up();
	rng_init(&rng, 1);
	for (i = 1; i < PORTS; i++)
		priorities[i] = rng_below(&rng, QUEUES);
	for (i = 0; i < ROUNDS; i++) {
		uint32_t port = 1 + rng_below(&rng, i % 2 ? 9 : PORTS - 1);

		if (rng_below(&rng, 3)) {
			send(port);
		} else if (xs_fifo_take(&fifo, &port)) {
			seen[port] = sent[port];
		}
	}
	take_all();
	check_all_seen();
}
END_TEST

static void *write_many(void *arg)
{
	struct rng rng;
	int i;

	(void)arg;
	rng_init(&rng, 2);
	for (i = 0; i < ROUNDS; i++)
		send(1 + rng_below(&rng, i % 4 ? 5 : PORTS - 1));
	__atomic_store_n(&done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

START_TEST(test_at_the_same_time)
{
	pthread_t writer;
	uint32_t i;

	set_up();
	for (i = 1; i < PORTS; i++)
		priorities[i] = i % QUEUES;
	ck_assert(!pthread_create(&writer, NULL, write_many, NULL));
	while (!__atomic_load_n(&done, __ATOMIC_SEQ_CST))
		take_all();
	pthread_join(writer, NULL);
	take_all();
	check_all_seen();
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/fifo");
	TCase *tc = suite_case(suite, "fifo");

	tcase_add_test(tc, test_order);
	tcase_add_test(tc, test_priority);
	tcase_add_test(tc, test_closed_meanwhile);
	tcase_add_test(tc, test_unknown_port);
	tcase_add_test(tc, test_last_port);
	tcase_add_test(tc, test_in_turn);
	tcase_add_test(tc, test_at_the_same_time);
	return suite;
}
