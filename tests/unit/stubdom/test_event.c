/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports: more than the first page of words has, and none left. */
#include <errno.h>
#include <stdint.h>

#include <xen/xen.h>

#include "plat/stubdom/fifo.h"
#include "plat/stubdom/internal.h"
#include "plat/stubdom/libc/pages.h"
#include "unit/stubdom/fakexen.h"
#include "unit/stubdom/system.h"
#include "unit/support/suite.h"

#define MANY 5000 /* the older ABI ends at 4096 */

static uint32_t bind_many(uint32_t n)
{
	uint32_t port = 0;

	while (n--)
		ck_assert_int_eq(xs_event_bind(1, 1, &port), 0);
	return port;
}

START_TEST(test_bind)
{
	uint32_t port, virq;

	xs_event_init();
	ck_assert_uint_eq(fakexen.n_array_pages, 1);
	ck_assert_int_eq(xs_event_bind(1, 5, &port), 0);
	ck_assert_int_eq(xs_event_bind_virq(VIRQ_DOM_EXC, &virq), 0);
	ck_assert_uint_eq(port, 1);
	ck_assert_uint_eq(virq, 2);
	xs_event_notify(port);
	ck_assert_uint_eq(fakexen.n_sent, 1);
	xs_event_close(port);
	ck_assert_int_eq(xs_event_bind(1, 5, &port), 0);
	ck_assert_uint_eq(port, 1);
}
END_TEST

/* A port has its word when it is handed out. */
START_TEST(test_many)
{
	uint32_t n, port;

	xs_event_init();
	for (n = 1; n <= MANY; n++) {
		port = bind_many(1);
		ck_assert_uint_eq(port, n);
		ck_assert_uint_lt(port,
				  fakexen.n_array_pages * XS_FIFO_PAGE_PORTS);
	}
	ck_assert_uint_eq(fakexen.n_array_pages, MANY / XS_FIFO_PAGE_PORTS + 1);
	for (n = 1; n <= MANY; n++)
		xs_event_close(n);
	ck_assert_uint_eq(fakexen.n_ports, 0);
	bind_many(MANY);
	ck_assert_uint_eq(fakexen.n_array_pages, MANY / XS_FIFO_PAGE_PORTS + 1);
}
END_TEST

START_TEST(test_no_port)
{
	uint32_t port = 0;

	xs_event_init();
	fakexen.max_ports = 7;
	bind_many(7);
	ck_assert_int_eq(xs_event_bind(1, 1, &port), -ENOSPC);
	ck_assert_int_eq(xs_event_bind_virq(VIRQ_DOM_EXC, &port), -ENOSPC);
	ck_assert_uint_eq(port, 0);
	xs_event_close(3);
	ck_assert_uint_eq(bind_many(1), 3);
}
END_TEST

/* Somebody else took ports of the domain: the next one is far away. */
START_TEST(test_far_away)
{
	uint32_t n;

	xs_event_init();
	for (n = 1; n <= MANY; n++)
		fakexen.port_used[n] = true;
	ck_assert_uint_eq(bind_many(1), MANY + 1);
	ck_assert_uint_eq(fakexen.n_array_pages, MANY / XS_FIFO_PAGE_PORTS + 1);
}
END_TEST

/* Without room for its word a port is given back. */
START_TEST(test_no_room)
{
	struct xs_pages_stats stats, after;
	uint32_t port, n;
	void *rest;

	system_set_pages(32);
	xs_event_init();
	bind_many(XS_FIFO_PAGE_PORTS - 2);
	n = fakexen.n_ports;
	xs_pages_stats(&stats);
	rest = xs_pages_get(stats.longest_free);
	bind_many(1);
	ck_assert_int_eq(xs_event_bind(1, 1, &port), -ENOMEM);
	ck_assert_uint_eq(fakexen.n_ports, n + 1);
	xs_pages_put(rest);
	fakexen.max_array_pages = 1;
	xs_pages_stats(&stats);
	ck_assert_int_eq(xs_event_bind(1, 1, &port), -ENOMEM);
	xs_pages_stats(&after);
	ck_assert_uint_eq(after.free, stats.free);
	ck_assert_uint_eq(fakexen.n_ports, n + 1);
	fakexen.max_array_pages = 2;
	bind_many(1);
	ck_assert_uint_eq(fakexen.n_array_pages, 2);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/event");
	TCase *tc = suite_case(suite, "event");

	tcase_add_test(tc, test_bind);
	tcase_add_test(tc, test_many);
	tcase_add_test(tc, test_far_away);
	tcase_add_test(tc, test_no_port);
	tcase_add_test(tc, test_no_room);
	return suite;
}
