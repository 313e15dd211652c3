/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A node of an image into a store that serves.
 *
 * I1  What is so already is not changed: nobody is told of it.
 * I2  No permission is for a domain that is not here.
 */
#include "freeze/put.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "conn/conn.h"
#include "conn/domain.h"
#include "freeze/policy.h"
#include "state/image.h"
#include "store/store.h"
#include "wire/path.h"

static bool has_bit(const uint8_t *domids, uint16_t domid)
{
	return domids && domids[domid / 8] & (1u << domid % 8);
}

static int stage_perms(struct xs_conns *conns, struct xs_stage *stage,
		       const struct xs_path *path,
		       const struct xs_image_node *n, const uint8_t *others)
{
	size_t size = n->n_perms * sizeof(struct xs_perm);
	struct xs_perm *perms = malloc(size);
	uint16_t i;
	int rc;

	if (!perms)
		return -ENOMEM;
	memcpy(perms, n->perms, size);
	for (i = 1; i < n->n_perms; i++) {
		if (has_bit(others, perms[i].domid))
			perms[i].flags |= XS_PERM_F_IGNORE;
		else
			xs_domain_settle_perm(conns, XS_FEATURES_ALL,
					      &perms[i]);
	}
	rc = xs_stage_set_perms(stage, path, perms, n->n_perms);
	free(perms);
	return rc;
}

static bool has_value(const struct xs_node *node, const void *value, size_t len)
{
	return node && node->value_len == len &&
	       !memcmp(xs_node_value(node), value, len);
}

static bool has_perms(const struct xs_node *node, const struct xs_image_node *n)
{
	return node && node->perms->n == n->n_perms &&
	       !memcmp(node->perms->entry, n->perms,
		       n->n_perms * sizeof(struct xs_perm));
}

/*
 * n with another value, perhaps, into the stage; its owner has to be here.
 * others: a bit for each number that is another domain's here; NULL: none.
 */
int xs_put_node(struct xs_conns *conns, struct xs_stage *stage,
		const struct xs_image_node *n, const void *value, size_t len,
		const uint8_t *others)
{
	const struct xs_path path = {
		.text = (const char *)n->path.data,
		.len = n->path.len,
	};
	const struct xs_node *here =
		xs_tree_find(&conns->store->tree, path.text, path.len);
	int rc = 0;

	/* Event names are there from the start, and have no value. */
	if (path.text[0] == '/' && !has_value(here, value, len))
		rc = xs_stage_write(stage, &path, value, len);
	if (!rc && !has_perms(here, n))
		rc = stage_perms(conns, stage, &path, n, others);
	return rc;
}
