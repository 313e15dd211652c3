/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists of many names, which are kept as text for a while: whatever happens in
 * between, a list is what a walk over the children gives.
 */
#include <stdio.h>
#include <string.h>

#include "unit/store/world.h"
#include "unit/support/suite.h"

#define N_DIRS	   (2 * XS_N_LISTS)
#define N_CHILDREN 60
#define N_STEPS	   20000

struct text {
	char data[4096];
	size_t len;
};

static int add(void *arg, const char *name, size_t len)
{
	struct text *text = arg;

	ck_assert_uint_lt(text->len + len, sizeof(text->data));
	memcpy(text->data + text->len, name, len);
	text->data[text->len + len] = '\0';
	text->len += len + 1;
	return 0;
}

static void expect_list(struct world *w, const struct xs_cred *cred,
			const char *dir)
{
	struct xs_path path = world_path(dir);
	struct text listed = {.len = 0}, walked = {.len = 0};
	const struct xs_node *child = NULL;
	struct xs_node *node;
	uint64_t gen;

	xs_stage_open_now(&w->now, cred, world_account(w, cred->domid));
	ck_assert_int_eq(xs_stage_list(&w->now, &path, &gen, add, &listed), 0);
	xs_stage_close(&w->now);
	node = xs_tree_child(&w->tree, w->tree.root, dir + 1, strlen(dir + 1),
			     XS_NOW);
	while ((child = xs_node_next_child(node, child, XS_NOW)))
		add(&walked, child->name, child->name_len);
	ck_assert_uint_eq(listed.len, walked.len);
	ck_assert_mem_eq(listed.data, walked.data, walked.len);
}

START_TEST(test_lists)
{
	struct xs_cred dom0 = world_cred(0);
	struct rng rng;
	struct world w;
	char dir[16], path[40];
	int i, d, n_kept = 0;

	rng_init(&rng, 1);
	ck_assert_int_eq(world_init(&w, NULL, NULL, NULL), 0);
	for (i = 0; i < N_STEPS; i++) {
		d = (int)rng_below(&rng, N_DIRS);
		snprintf(dir, sizeof(dir), "/d%d", d);
		snprintf(path, sizeof(path), "%s/%d", dir,
			 (int)rng_below(&rng, N_CHILDREN));
		world_write(&w, &dom0, path, "v");
		if (!rng_below(&rng, 4))
			world_rm(&w, &dom0, path);
		if (!rng_below(&rng, 500))
			world_rm(&w, &dom0, dir);
		world_write(&w, &dom0, dir, "");
		expect_list(&w, &dom0, dir);
		n_kept += w.tree.names.lists[w.tree.names.next].dir != NULL;
		expect_list(&w, &dom0, dir);
	}
	ck_assert_int_gt(n_kept, N_STEPS / 10); /* else nothing was tested */
	world_fini(&w);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("store/names");

	tcase_add_test(suite_case(suite, "lists"), test_lists);
	return suite;
}
