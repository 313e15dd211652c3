/* SPDX-License-Identifier: GPL-2.0-only */
/* What is written is read back; Debian's files; memory that runs out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state/crc32c.h"
#include "unit/state/sample.h"
#include "unit/support/alloc.h"
#include "wire/perm.h"

#define N_RANDOM 400

static void complain(void *arg, const struct xs_image_error *err)
{
	char text[XS_IMAGE_ERROR_TEXT];

	(void)arg;
	xs_image_error_format(err, text);
	if (err->severity == XS_IMAGE_WRONG)
		ck_abort_msg("%s", text);
}

static void decode(struct xs_image *image, const void *data, size_t len)
{
	char text[XS_IMAGE_ERROR_TEXT];
	struct xs_image_error err;
	int rc;

	xs_image_init(image, NULL);
	rc = xs_image_decode(image, data, len, &err);
	if (rc)
		xs_image_error_format(&err, text);
	ck_assert_msg(!rc, "%s", rc ? text : "");
}

/* encode, decode, encode: the same bytes. */
static void round_trip(const struct xs_image *image,
		       const struct xs_image_format *format)
{
	struct xs_image_out once = {0}, twice = {0};
	struct xs_image again;

	ck_assert_int_eq(xs_image_encode(image, format, &once), 0);
	decode(&again, once.data, once.len);
	ck_assert_uint_eq(again.len, once.len);
	ck_assert_int_eq(xs_image_encode(&again, format, &twice), 0);
	ck_assert_uint_eq(once.len, twice.len);
	ck_assert_mem_eq(once.data, twice.data, once.len);
	xs_image_fini(&again);
	xs_image_out_fini(&once);
	xs_image_out_fini(&twice);
}

START_TEST(random_images)
{
	struct xs_image_format formats[] = {
		xs_image_format_ours,
		xs_image_format_417,
		{.version = 2},
		{.version = 1, .extensions = true},
		{.version = 2, .extensions = true, .big_endian = true},
	};
	enum xs_image_what what = _i % 2 ? XS_IMAGE_DOMAIN : XS_IMAGE_WHOLE;
	struct xs_image image;
	struct rng rng;
	size_t i;

	rng_init(&rng, (uint64_t)_i);
	xs_image_init(&image, NULL);
	ck_assert_int_eq(sample_random(&image, &rng, what), 0);
	ck_assert_int_eq(xs_image_validate(&image,
					   _i % 2 ? XS_IMAGE_USE_DOMAIN
						  : XS_IMAGE_USE_LIVE_UPDATE,
					   complain, NULL),
			 0);
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		round_trip(&image, &formats[i]);
	xs_image_fini(&image);
}
END_TEST

/* Every byte changed once: refused, for the checksum sees it. */
START_TEST(every_byte_counts)
{
	struct xs_image_out out = {0};
	struct xs_image_error err;
	struct xs_image image;
	struct rng rng;
	size_t i;
	int rc;

	rng_init(&rng, 4242);
	xs_image_init(&image, NULL);
	sample_random(&image, &rng, XS_IMAGE_DOMAIN);
	ck_assert_int_eq(xs_image_encode(&image, &xs_image_format_ours, &out),
			 0);
	xs_image_fini(&image);
	for (i = 0; i < out.len; i++) {
		out.data[i] ^= 0x10;
		xs_image_init(&image, NULL);
		rc = xs_image_decode(&image, out.data, out.len, &err);
		/* The record of the sum itself may have become another. */
		if (!rc)
			rc = xs_image_validate(&image, XS_IMAGE_USE_DOMAIN,
					       NULL, NULL);
		ck_assert_int_ne(rc, 0);
		ck_assert_int_ne(rc, -ENOMEM);
		xs_image_fini(&image);
		out.data[i] ^= 0x10;
	}
	/* Cut off anywhere: refused. */
	for (i = 0; i < out.len; i++) {
		xs_image_init(&image, NULL);
		ck_assert_int_eq(xs_image_decode(&image, out.data, i, &err),
				 -EINVAL);
		xs_image_fini(&image);
	}
	xs_image_out_fini(&out);
}
END_TEST

START_TEST(debian_c)
{
	static const struct xs_image_format plain = {.version = 1};
	struct xs_image_out out = {0};
	struct xs_image image;
	size_t len;
	uint8_t *data = sample_file(SAMPLE_DATA "debian-4.17-c.state", &len);

	decode(&image, data, len);
	ck_assert_uint_eq(image.version, 1);
	ck_assert_uint_eq(image.n_conns, 5);
	ck_assert_uint_eq(image.n_watches, 5);
	ck_assert(image.has_end);
	ck_assert_uint_eq(image.conns[3].domid, 9);
	ck_assert_uint_eq(image.conns[3].target, 7);
	ck_assert_uint_eq(image.conns[2].in.len, 9);
	ck_assert_uint_eq(image.conns[4].in.len, 20);
	ck_assert_uint_eq(image.watches[0].path.len, strlen("device/vbd"));
	ck_assert_int_eq(xs_image_validate(&image, XS_IMAGE_USE_LIVE_UPDATE,
					   complain, NULL),
			 0);
	ck_assert_int_eq(
		xs_image_validate(&image, XS_IMAGE_USE_417, complain, NULL), 0);
	/* Written again, it is the very same. */
	ck_assert_int_eq(xs_image_encode(&image, &plain, &out), 0);
	ck_assert_uint_eq(out.len, len);
	ck_assert_mem_eq(out.data, data, len);
	xs_image_out_fini(&out);
	/* With what 4.17 wants, too: it wrote it in that order. */
	ck_assert_int_eq(xs_image_encode(&image, &xs_image_format_417, &out),
			 0);
	ck_assert_uint_eq(out.len, len);
	xs_image_out_fini(&out);
	xs_image_fini(&image);
	free(data);
}
END_TEST

/* 4.17 wants domain 0 first and targets before their stub domains. */
START_TEST(order_for_417)
{
	static const uint16_t domids[] = {5, 6, 0, 7, 8};
	static const uint16_t targets[] = {6, 7, 0x7ff4, 5, 9};
	static const uint16_t want[] = {0, 7, 6, 5, 8};
	struct xs_image_out out = {0};
	struct xs_image image;
	uint32_t i;

	xs_image_init(&image, NULL);
	for (i = 0; i < 5; i++) {
		const struct xs_image_conn conn = {
			.id = i + 1, .domid = domids[i], .target = targets[i]};

		ck_assert_int_eq(xs_image_add_conn(&image, &conn), 0);
	}
	ck_assert_int_eq(xs_image_encode(&image, &xs_image_format_417, &out),
			 0);
	xs_image_fini(&image);
	decode(&image, out.data, out.len);
	for (i = 0; i < 5; i++)
		ck_assert_uint_eq(image.conns[i].domid, want[i]);
	xs_image_fini(&image);
	xs_image_out_fini(&out);
}
END_TEST

static const struct xs_perm one_perm = {.access = XS_PERM_NONE};

START_TEST(too_large)
{
	static uint8_t many[70000];
	struct xs_image_node node = {.perms = &one_perm, .n_perms = 1};
	struct xs_image_conn conn = {.id = 1};
	struct xs_image_out out = {0};
	struct xs_image image;

	memset(many, 'a', sizeof(many));
	node.path = (struct xs_span){many, 10};
	node.value = (struct xs_span){many, sizeof(many)};
	xs_image_init(&image, NULL);
	xs_image_add_node(&image, &node);
	ck_assert_int_eq(xs_image_encode(&image, &xs_image_format_ours, &out),
			 -E2BIG);
	ck_assert_uint_eq(out.len, 0);
	image.nodes[0].value.len = 0;
	image.nodes[0].path.len = 65535;
	ck_assert_int_eq(xs_image_encode(&image, &xs_image_format_ours, &out),
			 -E2BIG);
	image.nodes[0].path.len = 10;
	many[5] = 0;
	ck_assert_int_eq(xs_image_encode(&image, &xs_image_format_ours, &out),
			 -EINVAL);
	many[5] = 'a';
	image.nodes[0].n_perms = 0;
	ck_assert_int_eq(xs_image_encode(&image, &xs_image_format_ours, &out),
			 -EINVAL);
	image.n_nodes = 0;
	conn.in = (struct xs_span){many, XS_IMAGE_IN_MAX + 1};
	xs_image_add_conn(&image, &conn);
	ck_assert_int_eq(xs_image_encode(&image, &xs_image_format_ours, &out),
			 -E2BIG);
	image.conns[0].in.len--;
	ck_assert_int_eq(xs_image_encode(&image, &xs_image_format_ours, &out),
			 0);
	xs_image_out_fini(&out);
	xs_image_fini(&image);
}
END_TEST

START_TEST(no_request_without_transaction)
{
	static const struct xs_image_request rq;
	struct xs_image image;

	xs_image_init(&image, NULL);
	ck_assert_int_eq(xs_image_add_request(&image, &rq), -EINVAL);
	xs_image_fini(&image);
}
END_TEST

/* Everything that allocates, with every allocation failing in turn. */
static int use_memory(const void *data, size_t len)
{
	struct xs_image_out out = {0};
	struct xs_image_error err;
	struct xs_image image;
	int rc;

	xs_image_init(&image, NULL);
	rc = xs_image_decode(&image, data, len, &err);
	if (!rc)
		rc = xs_image_validate(&image, XS_IMAGE_USE_ANY, NULL, NULL);
	if (!rc)
		rc = xs_image_encode(&image, &xs_image_format_ours, &out);
	xs_image_out_fini(&out);
	xs_image_fini(&image);
	return rc;
}

static int make_sample(struct xs_image_out *out)
{
	struct xs_image image;
	struct rng rng;
	int rc;

	rng_init(&rng, 7);
	xs_image_init(&image, NULL);
	rc = sample_random(&image, &rng, XS_IMAGE_WHOLE);
	if (!rc)
		rc = xs_image_encode(&image, &xs_image_format_ours, out);
	xs_image_fini(&image);
	return rc;
}

START_TEST(no_memory)
{
	struct xs_image_out out = {0}, other = {0};
	unsigned int n;

	ck_assert_int_eq(make_sample(&out), 0);
	for (n = 1;; n++) {
		int rc;

		alloc_fail_at(n);
		rc = use_memory(out.data, out.len);
		if (!alloc_has_failed())
			break;
		ck_assert_int_eq(rc, -ENOMEM);
	}
	ck_assert_uint_gt(n, 10);
	for (n = 1;; n++) {
		int rc;

		alloc_fail_at(n);
		rc = make_sample(&other);
		if (!alloc_has_failed())
			break;
		ck_assert_int_eq(rc, -ENOMEM);
		xs_image_out_fini(&other);
	}
	alloc_fail_never();
	ck_assert_uint_eq(out.len, other.len);
	xs_image_out_fini(&out);
	xs_image_out_fini(&other);
}
END_TEST

static void count(void *arg, const struct xs_image_error *err)
{
	(void)err;
	++*(unsigned int *)arg;
}

/* A record that is destroyed is left out, the others are not. */
START_TEST(salvage)
{
	static const size_t first = 16 + 8 + 8;
	unsigned int n = 0;
	struct xs_image image;
	size_t len;
	uint8_t *data = sample_file(SAMPLE_DATA "debian-4.17-c.state", &len);

	data[first + 4] = 0xff; /* length of the first connection */
	xs_image_init(&image, NULL);
	ck_assert_int_eq(xs_image_salvage(&image, data, len, count, &n), 0);
	ck_assert_uint_gt(n, 0);
	ck_assert_uint_eq(image.n_conns, 4);
	ck_assert_uint_eq(image.n_watches, 5);
	xs_image_fini(&image);
	xs_image_init(&image, NULL);
	ck_assert_int_eq(xs_image_salvage(&image, data, 7, count, &n), -EINVAL);
	xs_image_fini(&image);
	free(data);
}
END_TEST

START_TEST(checksum)
{
	const uint8_t zeros[32] = {0};
	uint8_t ones[32];

	/* RFC 3720, B.4 */
	memset(ones, 0xff, sizeof(ones));
	ck_assert_uint_eq(xs_crc32c(0, "123456789", 9), 0xe3069283u);
	ck_assert_uint_eq(xs_crc32c(0, zeros, 32), 0x8a9136aau);
	ck_assert_uint_eq(xs_crc32c(0, ones, 32), 0x62a8ab43u);
	ck_assert_uint_eq(xs_crc32c(xs_crc32c(0, "1234", 4), "56789", 5),
			  0xe3069283u);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("state/image");
	TCase *tc = suite_case(suite, "image");

	tcase_add_loop_test(tc, random_images, 0, N_RANDOM);
	tcase_add_test(tc, every_byte_counts);
	tcase_add_test(tc, debian_c);
	tcase_add_test(tc, order_for_417);
	tcase_add_test(tc, too_large);
	tcase_add_test(tc, no_request_without_transaction);
	tcase_add_test(tc, no_memory);
	tcase_add_test(tc, salvage);
	tcase_add_test(tc, checksum);
	return suite;
}
