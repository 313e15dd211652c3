/* SPDX-License-Identifier: GPL-2.0-only */
#include "unit/store/model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire/proto.h"

void model_init(struct model_store *store)
{
	memset(store, 0, sizeof(*store));
	store->node[0].present = true;
	store->node[0].n_perms = 1;
}

unsigned int model_parent(unsigned int path)
{
	return (path - 1) / 3;
}

void model_path_text(unsigned int path, char text[8])
{
	char above[8];

	if (!path) {
		strcpy(text, "/");
		return;
	}
	model_path_text(model_parent(path), above);
	snprintf(text, 8, "%.5s/%c", above[1] ? above : "",
		 'a' + (int)((path - 1) % 3));
}

static bool is_me(const struct xs_cred *cred, uint16_t domid)
{
	if (domid == cred->domid)
		return true;
	return cred->target != XS_DOMID_INVALID && domid == cred->target;
}

unsigned int model_access(const struct model_node *node,
			  const struct xs_cred *cred)
{
	unsigned int i;

	if (cred->privileged)
		return XS_PERM_ALL;
	if (is_me(cred, node->perm[0].domid))
		return XS_PERM_ALL;
	for (i = 1; i < node->n_perms; i++) {
		if (is_me(cred, node->perm[i].domid))
			return node->perm[i].access;
	}
	return node->perm[0].access;
}

unsigned int model_nearest(const struct model_store *store, unsigned int path)
{
	while (!store->node[path].present)
		path = model_parent(path);
	return path;
}

static void create(struct model_store *store, const struct xs_cred *cred,
		   unsigned int path)
{
	struct model_node *node = &store->node[path], *above;

	if (node->present)
		return;
	create(store, cred, model_parent(path));
	above = &store->node[model_parent(path)];
	memset(node, 0, sizeof(*node));
	node->present = true;
	node->n_perms = above->n_perms;
	memcpy(node->perm, above->perm, sizeof(node->perm));
	if (!cred->privileged)
		node->perm[0].domid = cred->domid;
	node->born = ++store->births;
}

static void destroy(struct model_store *store, unsigned int path)
{
	unsigned int i;

	if (path >= MODEL_PATHS)
		return;
	store->node[path].present = false;
	for (i = 1; i <= 3; i++)
		destroy(store, path * 3 + i);
}

/* Children that exist, in order of creation. */
unsigned int model_children(const struct model_store *store, unsigned int path,
			    unsigned int found[3])
{
	unsigned int i, j, n = 0;

	for (i = path * 3 + 1; i <= path * 3 + 3 && i < MODEL_PATHS; i++) {
		if (!store->node[i].present)
			continue;
		for (j = n;
		     j && store->node[found[j - 1]].born > store->node[i].born;
		     j--)
			found[j] = found[j - 1];
		found[j] = i;
		n++;
	}
	return n;
}

static void put(struct model_reply *reply, const void *bytes, size_t len)
{
	memcpy(reply->bytes + reply->len, bytes, len);
	reply->len += len;
}

static void look(const struct model_store *store, const struct model_op *op,
		 struct model_reply *reply)
{
	const struct model_node *node = &store->node[op->path];
	unsigned int found[3], n, i;
	char text[8];

	switch (op->kind) {
	case MODEL_READ:
		put(reply, node->value, node->len);
		break;
	case MODEL_LIST:
		n = model_children(store, op->path, found);
		for (i = 0; i < n; i++) {
			model_path_text(found[i], text);
			put(reply, strrchr(text, '/') + 1, 2);
		}
		break;
	default:
		put(reply, node->perm, node->n_perms * sizeof(node->perm[0]));
		break;
	}
}

static int set_perms(struct model_node *node, const struct xs_cred *cred,
		     const struct model_op *op)
{
	if (!cred->privileged && op->perm[0].domid != node->perm[0].domid)
		return -EPERM;
	node->n_perms = op->n_perms;
	memcpy(node->perm, op->perm, sizeof(node->perm));
	return 0;
}

static int change(struct model_store *store, const struct xs_cred *cred,
		  const struct model_op *op)
{
	struct model_node *node = &store->node[op->path];

	switch (op->kind) {
	case MODEL_WRITE:
		create(store, cred, op->path);
		memcpy(node->value, op->value, sizeof(node->value));
		node->len = op->len;
		return 0;
	case MODEL_MKDIR:
		create(store, cred, op->path);
		return 0;
	case MODEL_RM:
		if (!node->present &&
		    !store->node[model_parent(op->path)].present)
			return -ENOENT;
		destroy(store, op->path);
		return 0;
	default:
		return node->present ? set_perms(node, cred, op) : -ENOENT;
	}
}

void model_apply(struct model_store *store, const struct xs_cred *cred,
		 const struct model_op *op, struct model_reply *reply)
{
	unsigned int near = model_nearest(store, op->path), want, have;

	memset(reply, 0, sizeof(*reply));
	if (op->kind == MODEL_RM && !op->path) {
		reply->rc = -EINVAL;
		return;
	}
	have = model_access(&store->node[near], cred);
	want = XS_PERM_WRITE;
	if (op->kind <= MODEL_GET_PERMS)
		want = XS_PERM_READ;
	if (op->kind == MODEL_SET_PERMS)
		want = XS_PERM_WRITE | XS_PERM_OWNER;
	if ((have & want) != want) {
		reply->rc = -EACCES;
	} else if (op->kind > MODEL_GET_PERMS) {
		reply->rc = change(store, cred, op);
	} else if (near != op->path) {
		reply->rc = -ENOENT;
	} else {
		look(store, op, reply);
	}
}

bool model_same_reply(const struct model_reply *a, const struct model_reply *b)
{
	return a->rc == b->rc && a->len == b->len &&
	       !memcmp(a->bytes, b->bytes, a->len);
}

static size_t dump(const struct model_store *store, unsigned int path,
		   char *text, size_t at, size_t max)
{
	const struct model_node *node = &store->node[path];
	unsigned int found[3], n = model_children(store, path, found), i;
	char name[8], perm[XS_PERM_TEXT_MAX];

	model_path_text(path, name);
	at += (size_t)snprintf(text + at, max - at, "%s=%.*s", name, node->len,
			       node->value);
	for (i = 0; i < node->n_perms; i++) {
		xs_perm_format(&node->perm[i], perm);
		at += (size_t)snprintf(text + at, max - at, " %s", perm);
	}
	at += (size_t)snprintf(text + at, max - at, "\n");
	for (i = 0; i < n; i++)
		at = dump(store, found[i], text, at, max);
	return at;
}

void model_dump(const struct model_store *store, char *text, size_t max)
{
	dump(store, 0, text, 0, max);
}

void model_op_text(const struct model_op *op, char text[64])
{
	static const char *const names[] = {"read",	"list",	 "get_perms",
					    "write",	"mkdir", "rm",
					    "set_perms"};
	char path[8], perm[XS_PERM_TEXT_MAX];
	size_t at;
	unsigned int i;

	model_path_text(op->path, path);
	at = (size_t)snprintf(text, 64, "%s %s", names[op->kind], path);
	if (op->kind == MODEL_WRITE)
		snprintf(text + at, 64 - at, " '%.*s'", op->len, op->value);
	for (i = 0; op->kind == MODEL_SET_PERMS && i < op->n_perms; i++) {
		xs_perm_format(&op->perm[i], perm);
		at += (size_t)snprintf(text + at, 64 - at, " %s", perm);
	}
}
