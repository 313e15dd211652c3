/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file for each type of record, in both byte orders: what was once written
 * must be understood for ever, and written in the same way.
 *
 * XS_WRITE_GOLDEN=1 in the environment makes those that are not there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit/state/sample.h"
#include "wire/perm.h"

#define TEXT(text)                                        \
	{                                                 \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static const struct xs_perm perms[] = {
	{.access = XS_PERM_NONE, .domid = 7},
	{.access = XS_PERM_READ | XS_PERM_WRITE, .domid = 0x7ff5},
	{.access = XS_PERM_WRITE, .flags = XS_PERM_F_IGNORE, .domid = 300},
};

static const struct xs_image_quota quotas[] = {
	{TEXT("nodes"), 1000},
	{TEXT("memory"), 2621440},
	{TEXT("snapshots"), 0xfffffffe},
};

/* Everything there is in a connection, to leave out what is not wanted. */
static const struct xs_image_conn ring = {
	.id = 0x01020304,
	.kind = XS_IMAGE_RING,
	.domid = 7,
	.target = 300,
	.local_port = 0x0a0b0c0d,
	.fd = -1,
	.resp_left = 3,
	.in = TEXT("\2\0\0\0part"),
	.out = TEXT("end"),
};

static void end(struct xs_image *image)
{
	(void)image;
}

static void global(struct xs_image *image)
{
	image->global.present = true;
	image->global.socket_fd = 3;
	image->global.evtchn_fd = -1;
}

static void global_ext(struct xs_image *image)
{
	image->global.has_ext = true;
	image->global.gen = 0x0102030405060708;
	image->global.last_conn_id = 0x090a0b0c;
	image->global.virq_port = 5;
}

static void global_quota(struct xs_image *image)
{
	image->quota.present = true;
	image->quota.n_domain = 2;
	image->quota.n_global = 1;
	image->quota.quotas = quotas;
}

static void conn_ring(struct xs_image *image)
{
	ck_assert_int_eq(xs_image_add_conn(image, &ring), 0);
}

static void conn_socket(struct xs_image *image)
{
	const struct xs_image_conn conn = {.id = 2,
					   .kind = XS_IMAGE_SOCKET,
					   .target = XS_IMAGE_NO_DOMID,
					   .fd = 9};

	ck_assert_int_eq(xs_image_add_conn(image, &conn), 0);
}

static void conn_unique(struct xs_image *image)
{
	struct xs_image_conn conn = ring;

	conn.has_unique_id = true;
	conn.unique_id = 0x0102030405060708;
	ck_assert_int_eq(xs_image_add_conn(image, &conn), 0);
}

static void conn_ext(struct xs_image *image)
{
	struct xs_image_conn conn = ring;
	size_t i;

	conn.has_ext = conn.ignored = conn.introduced = true;
	conn.guest_port = 1;
	conn.last_tx_id = 2;
	conn.ring_features = 3;
	for (i = 0; i < sizeof(conn.handle); i++)
		conn.handle[i] = (uint8_t)(0xa0 + i);
	ck_assert_int_eq(xs_image_add_conn(image, &conn), 0);
}

static void watch(struct xs_image *image)
{
	const struct xs_image_watch w = {.conn_id = ring.id,
					 .depth = XS_IMAGE_NO_DEPTH,
					 .path = TEXT("device/vbd"),
					 .token = TEXT("tok\001en")};

	conn_ring(image);
	ck_assert_int_eq(xs_image_add_watch(image, &w), 0);
}

static void watch_ext(struct xs_image *image)
{
	const struct xs_image_watch w = {.conn_id = ring.id,
					 .depth = 4,
					 .path = TEXT("/local"),
					 .token = TEXT("")};

	conn_ring(image);
	ck_assert_int_eq(xs_image_add_watch(image, &w), 0);
}

static void node(struct xs_image *image)
{
	const struct xs_image_node n = {.path = TEXT("/a/b"),
					.value = TEXT("v\0\377"),
					.perms = perms,
					.n_perms = 3};

	ck_assert_int_eq(xs_image_add_node(image, &n), 0);
}

static void domain(struct xs_image *image)
{
	const struct xs_image_domain d = {
		.domid = 7, .features = 14, .n_quotas = 3, .quotas = quotas};

	ck_assert_int_eq(xs_image_add_domain(image, &d), 0);
}

static void bare_transaction(struct xs_image *image)
{
	const struct xs_image_txn txn = {
		.conn_id = 1, .tx_id = 2, .doomed = true, .bare = true};

	ck_assert_int_eq(xs_image_add_txn(image, &txn), 0);
}

static void transaction(struct xs_image *image)
{
	const struct xs_image_txn txn = {.conn_id = 1,
					 .tx_id = 2,
					 .age_ms = 0x0102030405060708,
					 .doomed = true,
					 .key = "0123456789abcdef"};
	const struct xs_image_request write = {.kind = XS_IMAGE_R_WRITE,
					       .rc = -13,
					       .gen = 5,
					       .sum = 0x1112131415161718,
					       .path = TEXT("/a/b"),
					       .data = TEXT("value")};
	const struct xs_image_request chmod = {.kind = XS_IMAGE_R_SET_PERMS,
					       .path = TEXT("/a"),
					       .data = TEXT("b7\0r0\0")};

	ck_assert_int_eq(xs_image_add_txn(image, &txn), 0);
	ck_assert_int_eq(xs_image_add_request(image, &write), 0);
	ck_assert_int_eq(xs_image_add_request(image, &chmod), 0);
}

static void origin(struct xs_image *image)
{
	static const struct xs_image_origin o = {
		.present = true,
		.kind = XS_IMAGE_DOMAIN,
		.domid = 7,
		.time = 1234567890,
		.uuid = TEXT("c0ffee00-0000-4000-8000-000000000007"),
		.host = TEXT("host.example"),
		.xen = TEXT("4.17.5"),
		.daemon = TEXT("xenstored 1"),
		.more = TEXT("later=yes\n"),
	};

	image->origin = o;
}

static const struct golden {
	const char *name;
	bool extensions;
	void (*fill)(struct xs_image *image);
} goldens[] = {
	{"end", false, end},
	{"global-data", false, global},
	{"connection-data-ring", false, conn_ring},
	{"connection-data-socket", false, conn_socket},
	{"connection-data-unique", false, conn_unique},
	{"watch-data", false, watch},
	{"watch-data-extended", false, watch_ext},
	{"transaction-data", true, bare_transaction},
	{"node-data", false, node},
	{"global-quota-data", false, global_quota},
	{"domain-data", false, domain},
	{"xs-origin", true, origin},
	{"xs-global", true, global_ext},
	{"xs-connection", true, conn_ext},
	{"xs-transaction", true, transaction},
	{"xs-checksum", true, end},
};

#define N_GOLDENS ((int)(sizeof(goldens) / sizeof(goldens[0])))

static void compare(const char *path, const struct xs_image_format *format,
		    const struct xs_image_out *out)
{
	struct xs_image_out again = {0};
	struct xs_image_error err;
	struct xs_image image;
	size_t len;
	uint8_t *data = sample_file(path, &len);

	ck_assert_msg(len == out->len && !memcmp(data, out->data, len),
		      "%s differs", path);
	xs_image_init(&image, NULL);
	ck_assert_int_eq(xs_image_decode(&image, data, len, &err), 0);
	ck_assert_int_eq(xs_image_encode(&image, format, &again), 0);
	ck_assert_uint_eq(again.len, len);
	ck_assert_mem_eq(again.data, data, len);
	xs_image_out_fini(&again);
	xs_image_fini(&image);
	free(data);
}

START_TEST(is_written_and_read)
{
	const struct golden *golden = &goldens[_i / 2];
	const struct xs_image_format format = {
		.version = 2,
		.extensions = golden->extensions,
		.big_endian = _i % 2,
	};
	struct xs_image_out out = {0};
	struct xs_image image;
	char path[128];

	snprintf(path, sizeof(path), SAMPLE_DATA "golden/%s.%s", golden->name,
		 _i % 2 ? "be" : "le");
	xs_image_init(&image, NULL);
	golden->fill(&image);
	ck_assert_int_eq(xs_image_encode(&image, &format, &out), 0);
	if (getenv("XS_WRITE_GOLDEN") && access(path, F_OK))
		sample_write(path, out.data, out.len);
	compare(path, &format, &out);
	xs_image_out_fini(&out);
	xs_image_fini(&image);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("state/golden");
	TCase *tc = suite_case(suite, "golden");

	tcase_add_loop_test(tc, is_written_and_read, 0, 2 * N_GOLDENS);
	return suite;
}
