/* SPDX-License-Identifier: GPL-2.0-only */
/* The pretended world does what the tests above it take for granted. */
#include <errno.h>
#include <string.h>

#include "plat/fake/fake.h"
#include "unit/support/suite.h"

START_TEST(test_streams)
{
	struct xs_plat *plat = fake_new();
	struct xs_iov iov[] = {{"abc", 3}, {"defg", 4}};
	struct xs_plat_event e[4];
	int client = fake_connect(plat), stream;
	char buf[16];

	ck_assert_int_eq(plat_wait(plat, -1, e, 4), 1);
	ck_assert_int_eq(e[0].kind, XS_PLAT_ACCEPT);
	ck_assert_int_eq(plat_stream_accept(plat, &stream), 0);
	ck_assert_int_eq(plat_stream_accept(plat, &stream), -EAGAIN);
	ck_assert_int_eq(plat_stream_watch(plat, stream, true, false, buf), 0);
	ck_assert_int_eq(plat_wait(plat, -1, e, 4), 0);
	ck_assert_int_eq(plat_stream_read(plat, stream, buf, 16), -EAGAIN);
	fake_send(plat, client, "hello", 5);
	fake_stream_limits(plat, client, 3, 5, 6);
	ck_assert_int_eq(plat_wait(plat, -1, e, 4), 1);
	ck_assert_ptr_eq(e[0].cookie, buf);
	ck_assert(e[0].readable && !e[0].writable);
	ck_assert_int_eq(plat_stream_read(plat, stream, buf, 16), 3);
	ck_assert_int_eq(plat_stream_read(plat, stream, buf, 16), 2);
	ck_assert_int_eq(plat_stream_write(plat, stream, iov, 2), 5);
	ck_assert_int_eq(plat_stream_write(plat, stream, iov, 2), 1);
	ck_assert_int_eq(plat_stream_write(plat, stream, iov, 2), -EAGAIN);
	ck_assert_uint_eq(fake_recv(plat, client, buf, 16), 6);
	ck_assert_mem_eq(buf, "abcdea", 6);
	fake_shutdown_write(plat, client);
	ck_assert_int_eq(plat_stream_read(plat, stream, buf, 16), 0);
	fake_hangup(plat, client);
	ck_assert_int_eq(plat_stream_write(plat, stream, iov, 2), -EPIPE);
	plat_stream_close(plat, stream);
	ck_assert(fake_is_closed(plat, client));
	fake_free(plat);
}
END_TEST

START_TEST(test_domains)
{
	struct xs_plat *plat = fake_new();
	struct xs_dominfo a, b, list[4];
	uint32_t exc, port;
	struct xs_plat_event e[4];
	void *page;

	fake_domain_create(plat, 7);
	fake_domain_create(plat, 3);
	ck_assert_int_eq(plat_domain_list(plat, 1, list, 4), 2);
	ck_assert_uint_eq(list[0].domid, 3);
	ck_assert_uint_eq(list[1].domid, 7);
	ck_assert_int_eq(plat_domain_list(plat, 0, list, 1), 1);
	ck_assert_int_eq(plat_domain_get(plat, 7, &a), 0);
	ck_assert_int_eq(plat_ring_map(plat, 7, &page), 0);
	ck_assert_ptr_eq(page, fake_ring(plat, 7));
	ck_assert_int_eq(plat_port_bind_dom_exc(plat, &exc), 0);
	ck_assert_int_eq(plat_port_bind(plat, 7, 9, &port), 0);
	fake_domain_gone(plat, 7);
	ck_assert(fake_signal(plat, 7, 9));
	ck_assert_int_eq(plat_wait(plat, 0, e, 4), 2);
	ck_assert_int_eq(plat_wait(plat, 0, e, 4), 0);
	ck_assert_int_eq(plat_domain_get(plat, 7, &b), -ENOENT);
	fake_domain_create(plat, 7);
	ck_assert_int_eq(plat_domain_get(plat, 7, &b), 0);
	ck_assert_int_ne(memcmp(a.handle, b.handle, sizeof(a.handle)), 0);
	ck_assert_ptr_ne(page, fake_ring(plat, 7));
	ck_assert_int_eq(fake_ring_maps(plat, 7), 1);
	plat_ring_unmap(plat, 7, page);
	ck_assert_int_eq(fake_ring_maps(plat, 7), 0);
	fake_free(plat);
}
END_TEST

START_TEST(test_failures)
{
	struct xs_plat *plat = fake_new();
	struct xs_dominfo info;
	struct xs_plat_event e[1];

	fake_fail(plat, FAKE_DOMAIN_GET, 2, EIO);
	ck_assert_int_eq(plat_domain_get(plat, 0, &info), 0);
	ck_assert_int_eq(plat_wait(plat, 0, e, 1), 0);
	ck_assert(!fake_has_failed(plat));
	ck_assert_int_eq(plat_domain_get(plat, 0, &info), -EIO);
	ck_assert(fake_has_failed(plat));
	ck_assert_int_eq(plat_domain_get(plat, 0, &info), 0);
	ck_assert_int_eq(plat_file_append(plat, NULL, "x", 1), -EBADF);
	ck_assert_int_eq(plat_log_file(plat, "/trace"), 0);
	ck_assert_int_eq(plat_file_append(plat, NULL, "x", 1), 0);
	ck_assert_int_eq(plat_file_append(plat, "/trace", "y", 1), 0);
	ck_assert_str_eq(fake_file(plat, "/trace"), "xy");
	fake_free(plat);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("plat/fake");
	TCase *tc = suite_case(suite, "world");

	tcase_add_test(tc, test_streams);
	tcase_add_test(tc, test_domains);
	tcase_add_test(tc, test_failures);
	return suite;
}
