/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nodes and what watches them. */
#include <stdio.h>
#include <string.h>

#include "state/judge.h"
#include "state/records.h"
#include "wire/perm.h"

#define NODE_NAME  xs_record_name(XS_RECORD_NODE)
#define WATCH_NAME xs_record_name(XS_RECORD_WATCH)
#define HOME_TEXT  32

/*
 * What a watched path is found by: relative to the home of the connection
 * where that can be, so that both spellings of a path are one.
 */
static struct xs_span watch_key(const struct xs_image_conn *conn,
				struct xs_span path)
{
	unsigned int home = conn->kind == XS_IMAGE_RING ? conn->domid : 0;
	char prefix[HOME_TEXT];
	size_t len;

	len = (size_t)snprintf(prefix, sizeof(prefix), "/local/domain/%u/",
			       home);
	if (path.len > len && !memcmp(path.data, prefix, len)) {
		path.data += len;
		path.len -= len;
	}
	return path;
}

static void judge_watch(struct xs_judge *j, uint32_t i, struct xs_index *seen)
{
	const struct xs_image_watch *watch = &j->image->watches[i];
	const struct xs_image_conn *conn = xs_judge_conn(j, watch->conn_id);
	char quote[XS_QUOTE_TEXT];
	struct xs_index_key key;

	if (!xs_judge_is_path(&watch->path, true))
		xs_judge_wrong(j, XS_RULE_W_5, WATCH_NAME, watch->at,
			       "path %s is not legal",
			       xs_span_quote(&watch->path, quote));
	if (watch->token.len && memchr(watch->token.data, 0, watch->token.len))
		xs_judge_wrong(j, XS_RULE_W_3, WATCH_NAME, watch->at,
			       "the token of %s has a NUL",
			       xs_span_quote(&watch->path, quote));
	if (watch->type_ext && watch->depth == XS_IMAGE_NO_DEPTH)
		xs_judge_note(j, XS_RULE_W_7, WATCH_NAME, watch->at,
			      "the depth of %s was not written",
			      xs_span_quote(&watch->path, quote));
	if (!conn) {
		xs_judge_wrong(j, XS_RULE_W_4, WATCH_NAME, watch->at,
			       "connection %u is not there", watch->conn_id);
		return;
	}
	key.number = watch->conn_id;
	key.a = watch_key(conn, watch->path);
	key.b = watch->token;
	if (xs_index_add(seen, &key, i) != XS_INDEX_NONE)
		xs_judge_wrong(j, XS_RULE_W_6, WATCH_NAME, watch->at,
			       "connection %u watches %s twice with one token",
			       watch->conn_id,
			       xs_span_quote(&watch->path, quote));
}

int xs_judge_watches(struct xs_judge *j)
{
	struct xs_index seen;
	uint32_t i;
	int rc = xs_index_init(&seen, j->image->n_watches, &j->image->key);

	for (i = 0; !rc && i < j->image->n_watches; i++)
		judge_watch(j, i, &seen);
	xs_index_fini(&seen);
	return rc;
}

static void judge_perms(struct xs_judge *j, const struct xs_image_node *node)
{
	char quote[XS_QUOTE_TEXT];
	uint32_t owner, i;

	if (!node->n_perms) {
		xs_judge_wrong(j, XS_RULE_N_7, NODE_NAME, node->at,
			       "%s has no owner",
			       xs_span_quote(&node->path, quote));
		return;
	}
	for (i = 0; i < node->n_perms; i++) {
		uint32_t domid = node->perms[i].domid;

		if (!xs_judge_is_domid(domid) && domid != XS_IMAGE_ANY_DOMID)
			xs_judge_wrong(j, XS_RULE_N_13, NODE_NAME, node->at,
				       "permission %u of %s names domid %u", i,
				       xs_span_quote(&node->path, quote),
				       domid);
		else if (i && j->use == XS_IMAGE_USE_417 &&
			 !(node->perms[i].flags & XS_PERM_F_IGNORE) && domid &&
			 !xs_judge_ring(j, domid))
			xs_judge_note(j, XS_RULE_V_4, NODE_NAME, node->at,
				      "domain %u loses its rights to %s", domid,
				      xs_span_quote(&node->path, quote));
	}
	owner = node->perms[0].domid;
	if (j->use == XS_IMAGE_USE_417 && owner && !xs_judge_ring(j, owner))
		xs_judge_wrong(j, XS_RULE_V_2, NODE_NAME, node->at,
			       "%s belongs to domain %u, which has no "
			       "connection",
			       xs_span_quote(&node->path, quote), owner);
}

/* The path of the parent; empty for the root and for special nodes. */
static struct xs_span parent_of(struct xs_span path)
{
	if (path.len < 2 || path.data[0] != '/') {
		path.len = 0;
		return path;
	}
	while (path.len && path.data[path.len - 1] != '/')
		path.len--;
	if (path.len > 1)
		path.len--;
	return path;
}

/* seen holds all nodes before this one; NULL: nobody asks. */
static void judge_node(struct xs_judge *j, uint32_t i, struct xs_index *seen)
{
	const struct xs_image_node *node = &j->image->nodes[i];
	const struct xs_index_key key = {.a = node->path};
	char quote[XS_QUOTE_TEXT];

	judge_perms(j, node);
	if (!xs_judge_is_path(&node->path, false)) {
		xs_judge_wrong(j, XS_RULE_N_8, NODE_NAME, node->at,
			       "path %s is not legal",
			       xs_span_quote(&node->path, quote));
		return;
	}
	if (seen && xs_index_add(seen, &key, i) != XS_INDEX_NONE)
		xs_judge_wrong(j, XS_RULE_N_9, NODE_NAME, node->at,
			       "%s is there twice",
			       xs_span_quote(&node->path, quote));
}

/* The parent looked for last: in the order of a tree it is often the next. */
struct last_parent {
	struct xs_span path;
	uint32_t found;
};

static uint32_t find_parent(const struct xs_index *seen,
			    const struct xs_index_key *key,
			    struct last_parent *last)
{
	if (last->path.len != key->a.len ||
	    memcmp(last->path.data, key->a.data, key->a.len)) {
		last->path = key->a;
		last->found = xs_index_find(seen, key);
	}
	return last->found;
}

/* Once all nodes are in seen: the parents of those that are legal. */
static void judge_parent(struct xs_judge *j, uint32_t i,
			 const struct xs_index *seen, struct last_parent *last)
{
	const struct xs_image_node *node = &j->image->nodes[i];
	const struct xs_index_key key = {.a = parent_of(node->path)};
	char quote[XS_QUOTE_TEXT];
	uint32_t parent;

	if (!key.a.len)
		return;
	parent = find_parent(seen, &key, last);
	if (parent != XS_INDEX_NONE && parent > i)
		xs_judge_wrong(j, XS_RULE_N_10, NODE_NAME, node->at,
			       "%s comes before its parent, node %u",
			       xs_span_quote(&node->path, quote), parent + 1);
	/* A root that is missing is made. */
	if (parent == XS_INDEX_NONE && key.a.len > 1 && xs_judge_is_whole(j))
		xs_judge_wrong(j, XS_RULE_N_11, NODE_NAME, node->at,
			       "%s has no parent",
			       xs_span_quote(&node->path, quote));
}

int xs_judge_nodes(struct xs_judge *j)
{
	const struct xs_image *image = j->image;
	const struct xs_index_key root = {
		.a = {(const uint8_t *)"/", 1},
	};
	struct last_parent last = {.found = XS_INDEX_NONE};
	struct xs_index seen;
	uint32_t i;
	int rc;

	if (j->use == XS_IMAGE_USE_LOAD) {
		for (i = 0; i < image->n_nodes; i++)
			judge_node(j, i, NULL);
		return 0;
	}
	rc = xs_index_init(&seen, image->n_nodes, &image->key);
	for (i = 0; !rc && i < image->n_nodes; i++)
		judge_node(j, i, &seen);
	for (i = 0; !rc && i < image->n_nodes; i++)
		judge_parent(j, i, &seen, &last);
	if (!rc && xs_index_find(&seen, &root) == XS_INDEX_NONE &&
	    xs_judge_is_whole(j))
		xs_judge_note(j, XS_RULE_N_12, NODE_NAME,
			      (struct xs_image_at){0, 0},
			      "there is no root; an empty one is made");
	xs_index_fini(&seen);
	return rc;
}
