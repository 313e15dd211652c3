/* SPDX-License-Identifier: GPL-2.0-only */
/* oxenstored's text: Debian's own, and damaged lines. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit/state/sample.h"
#include "unit/support/alloc.h"
#include "wire/perm.h"

#define HEAD "$xenstored-dump-format\n"

static const struct {
	const char *rule;
	const char *text;
} bads[] = {
	{"O-1", "$xenstored-dump"},
	{"O-1", "$xenstored-dump-formats\n"},
	{"O-2", HEAD "global,3"},
	{"O-2", HEAD "global\n"},
	{"O-2", HEAD "global,3,4\n"},
	{"O-2", HEAD "local,3\n"},
	{"O-2", HEAD "store,2f,6e30,,,,\n"},
	{"O-3", HEAD "global,\n"},
	{"O-3", HEAD "global,-1\n"},
	{"O-3", HEAD "global,2147483648\n"},
	{"O-3", HEAD "global,99999999999999999999999\n"},
	{"O-3", HEAD "evtchn-dev,3,x\n"},
	{"O-3", HEAD "dom,32752,1,2,3\n"},
	{"O-3", HEAD "dom,1,x,2,3\n"},
	{"O-3", HEAD "dom,1,1,2,99999999999\n"},
	{"O-4", HEAD "store,2,6e30,\n"},
	{"O-4", HEAD "store,2x,6e30,\n"},
	{"O-5", HEAD "store,2f,,\n"},
	{"O-5", HEAD "store,2f,00,\n"},
	{"O-5", HEAD "store,2f,6e,\n"},
	{"O-5", HEAD "store,2f,7830,\n"},
	{"O-5", HEAD "store,2f,6e30000000,\n"},
	{"O-5", HEAD "store,2f,6e3939393939,\n"},
	{"O-6", HEAD "watch,1,2f,\n"},
	{"O-6", HEAD "dom,1,1,1,1\nwatch,-1,2f,\n"},
	{"O-6", HEAD "dom,1,1,1,1\ndom,1,1,1,1\n"},
	{"O-7", HEAD "store,2f00,6e30,\n"},
};

START_TEST(is_refused)
{
	struct xs_image_error err;
	struct xs_image image;

	xs_image_init(&image, NULL);
	ck_assert_int_eq(xs_image_decode_ocaml(&image, bads[_i].text,
					       strlen(bads[_i].text), &err),
			 -EINVAL);
	ck_assert_str_eq(err.rule, bads[_i].rule);
	xs_image_fini(&image);
}
END_TEST

static const struct xs_image_node *find(const struct xs_image *image,
					const char *path)
{
	uint32_t i;

	for (i = 0; i < image->n_nodes; i++)
		if (image->nodes[i].path.len == strlen(path) &&
		    !memcmp(image->nodes[i].path.data, path, strlen(path)))
			return &image->nodes[i];
	ck_abort_msg("no node %s", path);
}

START_TEST(debian)
{
	const struct xs_image_node *node;
	struct xs_image_out out = {0};
	struct xs_image_error err;
	struct xs_image image;
	size_t len;
	uint8_t *data = sample_file(SAMPLE_DATA "debian-4.17-ocaml.db", &len);

	xs_image_init(&image, NULL);
	ck_assert_int_eq(xs_image_decode_ocaml(&image, data, len, &err), 0);
	ck_assert_int_eq(image.global.socket_fd, 3);
	ck_assert_int_eq(image.global.evtchn_fd, 5);
	ck_assert_uint_eq(image.global.virq_port, 1);
	ck_assert_uint_eq(image.n_conns, 5);
	ck_assert_uint_eq(image.conns[0].domid, 7);
	ck_assert_uint_eq(image.conns[0].guest_port, 17);
	ck_assert_uint_eq(image.conns[0].local_port, 3);
	ck_assert_int_eq(image.conns[3].kind, XS_IMAGE_SOCKET);
	ck_assert_int_eq(image.conns[3].fd, 7);
	ck_assert_uint_eq(image.n_watches, 5);
	ck_assert_uint_eq(image.watches[4].conn_id, image.conns[3].id);
	find(&image, "@releaseDomain");
	find(&image, "@introduceDomain");
	node = find(&image, "/shared");
	ck_assert_uint_eq(node->n_perms, 4);
	ck_assert_uint_eq(node->perms[0].access, XS_PERM_READ | XS_PERM_WRITE);
	ck_assert_uint_eq(node->perms[2].domid, 9);
	node = find(&image, "/local/domain/7/data/binary");
	ck_assert_uint_eq(node->value.len, 256);
	ck_assert_uint_eq(node->value.data[255], 255);
	ck_assert_int_eq(
		xs_image_validate(&image, XS_IMAGE_USE_LIVE_UPDATE, NULL, NULL),
		0);
	ck_assert_int_eq(xs_image_encode(&image, &xs_image_format_ours, &out),
			 0);
	xs_image_out_fini(&out);
	xs_image_fini(&image);
	free(data);
}
END_TEST

START_TEST(no_memory)
{
	struct xs_image_error err;
	struct xs_image image;
	size_t len;
	uint8_t *data = sample_file(SAMPLE_DATA "debian-4.17-ocaml.db", &len);
	unsigned int n;
	int rc;

	for (n = 1;; n++) {
		alloc_fail_at(n);
		xs_image_init(&image, NULL);
		rc = xs_image_decode_ocaml(&image, data, len, &err);
		xs_image_fini(&image);
		if (!alloc_has_failed())
			break;
		ck_assert_int_eq(rc, -ENOMEM);
	}
	alloc_fail_never();
	ck_assert_int_eq(rc, 0);
	free(data);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("state/ocaml");
	TCase *tc = suite_case(suite, "ocaml");

	tcase_add_loop_test(tc, is_refused, 0,
			    (int)(sizeof(bads) / sizeof(bads[0])));
	tcase_add_test(tc, debian);
	tcase_add_test(tc, no_memory);
	return suite;
}
