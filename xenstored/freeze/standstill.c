/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a domain that stood still need not hear about.
 *
 * While it stands still its back-ends may be detached and attached again (a
 * migration that was called off).  Their nodes change then and change back;
 * a guest that is told looks at them again and may say so in its log.
 *
 * I1  Only events that were queued during the standstill are dropped, and only
 *     those of nodes in the domain's back-end areas that are as they were.
 * I2  In doubt (the snapshot had to be given up) all are delivered.
 */
#include "freeze/standstill.h"

#include <string.h>

#include "conn/conn.h"
#include "conn/domain.h"
#include "freeze/policy.h"
#include "store/store.h"
#include "wire/path.h"
#include "wire/proto.h"

/* Begins to compare: what changes from here on may change back. */
void xs_standstill_begin(struct xs_conns *conns, struct xs_domain *domain)
{
	domain->still_msgs = domain->conn->out.n_msgs;
	xs_snapshot_open(&conns->store->tree, &domain->still, domain->account);
}

static const struct xs_node *find_at(const struct xs_tree *tree,
				     const char *path, size_t len, uint64_t at,
				     struct xs_node_state *state)
{
	const struct xs_node *node = xs_tree_find_at(tree, path, len, at);

	return node && xs_node_at(node, at, state) ? node : NULL;
}

static bool is_as_it_was(const struct xs_tree *tree, const char *path,
			 size_t len, uint64_t before)
{
	struct xs_node_state was, is;
	const struct xs_node *old = find_at(tree, path, len, before, &was);
	const struct xs_node *now = find_at(tree, path, len, XS_NOW, &is);

	if (!old || !now)
		return !old && !now;
	/* Permissions are interned: the same ones are the same object. */
	return was.perms == is.perms && was.value_len == is.value_len &&
	       (!is.value_len || !memcmp(was.value, is.value, is.value_len));
}

/* Whether an event tells nothing new. */
static bool is_no_news(const struct xs_tree *tree,
		       const struct xs_domain *domain, const struct xs_msg *msg)
{
	const char *text = (const char *)msg->bytes + XS_HDR_SIZE;
	size_t len = strnlen(text, msg->len - XS_HDR_SIZE);
	const char *path = text;

	if (!msg->is_event || msg->is_part || !len)
		return false;
	/* A relative one is below its home, where no back-end of its is. */
	return path[0] == '/' && xs_node_is_backend(path, len, domain->domid) &&
	       is_as_it_was(tree, path, len, domain->still.gen);
}

/* Drops what is no news any more.  The connection goes on after this. */
void xs_standstill_end(struct xs_conns *conns, struct xs_domain *domain)
{
	struct xs_tree *tree = &conns->store->tree;
	struct xs_queue *out = &domain->conn->out;
	struct xs_list *pos = out->msgs.next, *next;
	uint32_t i;

	for (i = 0; pos != &out->msgs && domain->still.open; pos = next, i++) {
		struct xs_msg *msg = xs_list_entry(pos, struct xs_msg, link);

		next = pos->next;
		if (i >= domain->still_msgs && is_no_news(tree, domain, msg))
			xs_queue_drop(msg);
	}
	xs_snapshot_close(tree, &domain->still);
}
