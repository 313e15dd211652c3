/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nodes.
 *
 * One hash map finds a node by its parent and name, so a path costs one look
 * per name whatever the size of the store.  Each node keeps its identity as
 * long as it exists; what it was like at the time of an open snapshot hangs
 * off it as old versions (snapshot.c).
 *
 * I1  A name has at most one node that exists now; nodes removed but still
 *     seen by a snapshot may stand beside it.
 * I2  A removed node's subtree stays linked below it untouched: nobody gets
 *     there but through the removed node.
 * I3  The charge of a node is live exactly while it exists now and every node
 *     above it does, or while it is in a doomed subtree and has its end before
 *     it: XS_TREE_SLICE nodes of one go at once, the others bit by bit, so that
 *     nobody waits for what one request removes.
 * I4  The owner index lists exactly the nodes with a live charge, but not those
 *     of the master domain, which has most and does not end.
 * I5  A value is behind the name if there is room for it; else there is a
 *     pointer to it, unaligned.
 */
#include "store/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/accounts.h"

struct owner {
	struct xs_map_link link;
	uint16_t domid;
	uint32_t n;
	uint32_t n_alloc;
	struct xs_node **nodes;
};

static struct owner *find_owner(const struct xs_tree *tree, uint16_t domid)
{
	struct xs_map_link *link =
		xs_map_bucket(&tree->owners, xs_hash_number(domid));

	for (; link; link = link->next) {
		struct owner *o = xs_container_of(link, struct owner, link);

		if (o->domid == domid)
			return o;
	}
	return NULL;
}

/* Room in the owner index for n_more nodes of that domain; -ENOMEM. */
int xs_tree_prepare_owner(struct xs_tree *tree, uint16_t domid,
			  unsigned int n_more)
{
	struct owner *o = find_owner(tree, domid);
	uint32_t want;
	void *p;

	if (domid == tree->master_domid)
		return 0;
	if (!o) {
		o = calloc(1, sizeof(*o));
		if (!o)
			return -ENOMEM;
		o->domid = domid;
		xs_map_add(&tree->owners, &o->link, xs_hash_number(domid));
	}
	if (n_more <= o->n_alloc - o->n)
		return 0;
	want = o->n + n_more;
	want += want / 2 + 8;
	p = realloc(o->nodes, want * sizeof(*o->nodes));
	if (!p)
		return -ENOMEM;
	o->nodes = p;
	o->n_alloc = want;
	return 0;
}

static void index_owner(struct xs_tree *tree, struct xs_node *node)
{
	uint16_t owner = xs_perms_owner(node->perms);
	struct owner *o;

	if (owner == tree->master_domid)
		return;
	o = find_owner(tree, owner);
	o->nodes[o->n++] = node;
	node->link.spare = o->n;
}

static void unindex_owner(struct xs_tree *tree, struct xs_node *node)
{
	uint32_t i = node->link.spare - 1;
	struct owner *o;

	if (!node->link.spare)
		return;
	o = find_owner(tree, xs_perms_owner(node->perms));
	o->nodes[i] = o->nodes[--o->n];
	o->nodes[i]->link.spare = i + 1;
	node->link.spare = 0;
}

/* The domain is gone and owns nothing: forgets that it ever did. */
void xs_tree_drop_owner(struct xs_tree *tree, uint16_t domid)
{
	struct owner *o = find_owner(tree, domid);

	if (!o || o->n)
		return;
	xs_map_remove(&tree->owners, &o->link);
	free(o->nodes);
	free(o);
}

/*
 * The existing nodes that a domain owns, which is not the master, in no order;
 * returns their number.
 */
size_t xs_tree_owned(const struct xs_tree *tree, uint16_t domid,
		     struct xs_node *const **nodesp)
{
	struct owner *o = find_owner(tree, domid);

	*nodesp = o ? o->nodes : NULL;
	return o ? o->n : 0;
}

/* What a name is found by; parent is a node, or what else has names below. */
uint32_t xs_tree_hash(const struct xs_tree *tree, const void *parent,
		      const char *name, size_t len)
{
	return xs_hash(&tree->key, (uintptr_t)parent, name, len);
}

/*
 * An unlinked node with room for a value; xs_node_discard() or
 * xs_tree_link().  NULL when out of memory.
 */
struct xs_node *xs_node_new(const char *name, size_t name_len, size_t value_len)
{
	size_t room = value_len < sizeof(char *) ? sizeof(char *) : value_len;
	size_t size = sizeof(struct xs_node) + name_len + room;
	struct xs_node *node;

	/* Allocators hand out multiples of 16 less 8: use what there is. */
	size = ((size + 8 + 15) & ~(size_t)15) - 8;
	node = calloc(1, size);
	if (!node)
		return NULL;
	xs_list_init(&node->sibling);
	memcpy(node->name, name, name_len);
	node->name_len = (uint16_t)name_len;
	node->room = (uint16_t)(size - sizeof(*node) - name_len);
	return node;
}

/* Frees a node that was never linked; NULL is fine. */
void xs_node_discard(struct xs_node *node)
{
	if (node)
		free(node->dir);
	free(node);
}

/* What a node's owner is charged for it. */
size_t xs_node_bytes(size_t name_len, size_t value_len, unsigned int n_perms)
{
	return sizeof(struct xs_node) + name_len + value_len +
	       n_perms * sizeof(struct xs_perm);
}

static size_t bytes_of(const struct xs_node *node)
{
	return xs_node_bytes(node->name_len, node->value_len, node->perms->n) +
	       (node->dir ? sizeof(*node->dir) : 0);
}

/* The node can have children; -ENOMEM. */
int xs_tree_prepare_dir(struct xs_node *node)
{
	if (node->dir)
		return 0;
	node->dir = calloc(1, sizeof(*node->dir));
	if (!node->dir)
		return -ENOMEM;
	xs_list_init(&node->dir->children);
	if (node->perms)
		xs_charge_resize(&node->charge, bytes_of(node));
	return 0;
}

static struct xs_node *new_top(struct xs_tree *tree, uint16_t owner)
{
	struct xs_perm none = {.access = XS_PERM_NONE, .domid = owner};
	struct xs_node *node = xs_node_new("", 0, 0);
	struct xs_account *account;

	if (!node || xs_tree_prepare_dir(node) ||
	    xs_accounts_get(tree->accounts, owner, &account) ||
	    xs_tree_prepare_owner(tree, owner, 1) ||
	    xs_perms_intern(&tree->perms, &none, 1, &node->perms)) {
		xs_node_discard(node);
		return NULL;
	}
	xs_charge_force(&node->charge, account, XS_QUOTA_NODES, bytes_of(node));
	index_owner(tree, node);
	node->writer = owner;
	return node;
}

/*
 * A tree with just the root, owned by owner and closed to everybody else.
 * accounts must outlive it.  -ENOMEM (call xs_tree_fini() all the same).
 */
int xs_tree_init(struct xs_tree *tree, struct xs_accounts *accounts,
		 const struct xs_hash_key *key, uint16_t owner)
{
	memset(tree, 0, sizeof(*tree));
	xs_list_init(&tree->snapshots);
	xs_list_init(&tree->doomed);
	xs_list_init(&tree->deaths);
	tree->accounts = accounts;
	tree->key = *key;
	tree->digest_key.k0 = (uint64_t)xs_hash(key, 1, "digest", 6) << 32 |
			      xs_hash(key, 2, "digest", 6);
	tree->digest_key.k1 = (uint64_t)xs_hash(key, 3, "digest", 6) << 32 |
			      xs_hash(key, 4, "digest", 6);
	tree->master_domid = owner;
	tree->gen = 1;
	if (xs_perms_table_init(&tree->perms, key) ||
	    xs_map_init(&tree->nodes) || xs_map_init(&tree->owners))
		return -ENOMEM;
	tree->root = new_top(tree, owner);
	if (tree->root)
		tree->specials = new_top(tree, owner);
	return tree->specials ? 0 : -ENOMEM;
}

static bool is_outside(const struct xs_node *node)
{
	return node->value_len > node->room;
}

static void free_value(struct xs_node *node)
{
	if (is_outside(node))
		free(xs_node_value(node));
}

/* ---- Looking ---------------------------------------------------------- */

/* Its value as it is now (keeps I5). */
char *xs_node_value(const struct xs_node *node)
{
	char *inside = (char *)(uintptr_t)node->name + node->name_len, *p;

	if (!is_outside(node))
		return inside;
	memcpy(&p, inside, sizeof(p));
	return p;
}

/* The node as it was at that time; false when it did not exist. */
bool xs_node_at(const struct xs_node *node, uint64_t at,
		struct xs_node_state *state)
{
	const struct xs_version *v;

	if (node->gen <= at) {
		state->perms = node->perms;
		state->value = xs_node_value(node);
		state->value_len = node->value_len;
		state->writer = node->writer;
		state->gen = node->gen;
		return node->perms != NULL;
	}
	for (v = node->old; v && v->gen > at; v = v->older)
		;
	if (!v)
		return false;
	state->perms = v->perms;
	state->value = v->value;
	state->value_len = v->value_len;
	state->writer = v->writer;
	state->gen = v->gen;
	return true;
}

static bool existed(const struct xs_node *node, uint64_t at)
{
	struct xs_node_state state;

	if (node->gen <= at)
		return node->perms != NULL;
	return xs_node_at(node, at, &state);
}

/* As xs_tree_child(), for those who know xs_tree_hash() of it. */
struct xs_node *xs_tree_child_of_hash(const struct xs_tree *tree,
				      const struct xs_node *parent,
				      const char *name, size_t len,
				      uint32_t hash, uint64_t at)
{
	struct xs_map_link *link;

	if (!parent->dir)
		return NULL;
	for (link = xs_map_bucket(&tree->nodes, hash); link;
	     link = link->next) {
		struct xs_node *node =
			xs_container_of(link, struct xs_node, link);

		if (link->hash == hash && node->parent == parent &&
		    node->name_len == len && !memcmp(node->name, name, len) &&
		    existed(node, at))
			return node;
	}
	return NULL;
}

/* The child of that name at that time, or NULL. */
struct xs_node *xs_tree_child(const struct xs_tree *tree,
			      const struct xs_node *parent, const char *name,
			      size_t len, uint64_t at)
{
	if (!parent->dir)
		return NULL;
	return xs_tree_child_of_hash(tree, parent, name, len,
				     xs_tree_hash(tree, parent, name, len), at);
}

/* Another node, further down in the bucket, of that parent and name. */
static bool has_double(const struct xs_node *node)
{
	struct xs_map_link *link = node->link.next;

	for (; link; link = link->next) {
		const struct xs_node *other =
			xs_container_of(link, struct xs_node, link);

		if (link->hash == node->link.hash &&
		    other->parent == node->parent &&
		    other->name_len == node->name_len &&
		    !memcmp(other->name, node->name, node->name_len))
			return true;
	}
	return false;
}

/*
 * A node that breaks I1, or NULL; for those who link many nodes at once and
 * have not looked before: in the order of the map that takes a sixth of the
 * time of looking each of them up.  There must be no snapshot.
 */
const struct xs_node *xs_tree_find_double(const struct xs_tree *tree)
{
	struct xs_map_link *link, *next;
	uint32_t i;

	xs_map_for_each(link, next, &tree->nodes, i) {
		struct xs_node *node =
			xs_container_of(link, struct xs_node, link);

		if (has_double(node))
			return node;
	}
	return NULL;
}

/* Goes through the children in order; after NULL: the first one. */
struct xs_node *xs_node_next_child(const struct xs_node *parent,
				   const struct xs_node *after, uint64_t at)
{
	struct xs_list *pos;

	if (!parent->dir)
		return NULL;
	pos = after ? after->sibling.next : parent->dir->children.next;
	for (; pos != &parent->dir->children; pos = pos->next) {
		struct xs_node *node =
			xs_container_of(pos, struct xs_node, sibling);

		if (existed(node, at))
			return node;
	}
	return NULL;
}

/*
 * Next node of the subtree as it was at that time, parents first; NULL after
 * the last.
 */
struct xs_node *xs_node_next(const struct xs_node *top,
			     const struct xs_node *node, uint64_t at)
{
	struct xs_node *next = xs_node_next_child(node, NULL, at);

	while (!next && node != top) {
		next = xs_node_next_child(node->parent, node, at);
		node = node->parent;
	}
	return next;
}

/* Changes whenever the node or its list of children does. */
uint64_t xs_node_list_gen(const struct xs_node *node)
{
	return node->dir && node->dir->gen > node->gen ? node->dir->gen
						       : node->gen;
}

/* The node's path, without a NUL; returns its length, 0 if it did not fit. */
size_t xs_node_path(const struct xs_tree *tree, const struct xs_node *node,
		    char *buf, size_t max)
{
	const struct xs_node *n;
	size_t len = 0, pos;

	if (node == tree->root) {
		if (max)
			buf[0] = '/';
		return max ? 1 : 0;
	}
	for (n = node; n->parent; n = n->parent)
		len += n->name_len + (n->parent != tree->specials);
	if (len > max)
		return 0;
	for (pos = len, n = node; n->parent; n = n->parent) {
		pos -= n->name_len;
		memcpy(buf + pos, n->name, n->name_len);
		if (n->parent != tree->specials)
			buf[--pos] = '/';
	}
	return len;
}

static unsigned int depth_of(const struct xs_node *node)
{
	unsigned int n = 0;

	while ((node = node->parent))
		n++;
	return n;
}

/* Below, at or above 0: a's path comes before, is, or comes after b's. */
int xs_node_order(const struct xs_node *a, const struct xs_node *b)
{
	unsigned int da = depth_of(a), db = depth_of(b), n;
	int rc;

	for (n = da; n > db; n--)
		a = a->parent;
	for (n = db; n > da; n--)
		b = b->parent;
	if (a == b)
		return (da > db) - (da < db);
	for (; a->parent != b->parent; a = a->parent)
		b = b->parent;
	rc = memcmp(a->name, b->name,
		    a->name_len < b->name_len ? a->name_len : b->name_len);
	return rc ? rc : (int)a->name_len - (int)b->name_len;
}

/* ---- Changing --------------------------------------------------------- */

/* Everything changed until xs_tree_end_change() gets this generation. */
uint64_t xs_tree_begin_change(struct xs_tree *tree)
{
	return ++tree->gen;
}

static void touch_dir(struct xs_tree *tree, struct xs_node *parent,
		      uint16_t writer)
{
	parent->dir->gen = tree->gen;
	parent->dir->writer = writer;
	xs_names_forget(&tree->names, parent->dir);
}

/*
 * Adds a new node as the last child of parent, whose dir is prepared, as is
 * the owner index.  Takes over the caller's use of perms.
 */
void xs_tree_link(struct xs_tree *tree, struct xs_node *parent,
		  struct xs_node *node, struct xs_perms *perms_take,
		  struct xs_account *account, uint16_t writer)
{
	node->parent = parent;
	node->perms = perms_take;
	node->gen = tree->gen;
	node->writer = writer;
	xs_map_add(&tree->nodes, &node->link,
		   xs_tree_hash(tree, parent, node->name, node->name_len));
	xs_list_add_tail(&parent->dir->children, &node->sibling);
	parent->dir->n_children++;
	parent->dir->names_len += node->name_len + 1u;
	touch_dir(tree, parent, writer);
	index_owner(tree, node);
	xs_charge_force(&node->charge, account, XS_QUOTA_NODES, bytes_of(node));
	tree->n_nodes++;
}

/* The node is nobody's any more. */
static void settle_node(struct xs_tree *tree, struct xs_node *node)
{
	if (!node->charge.account)
		return;
	unindex_owner(tree, node);
	xs_charge_release(&node->charge);
	tree->n_nodes--;
}

/*
 * Removes a node (not the root) with everything below it.  What no snapshot
 * sees is freed, now or soon.
 */
void xs_tree_remove(struct xs_tree *tree, struct xs_node *node,
		    struct xs_version **version_take, uint16_t writer)
{
	struct xs_node *n, *parent = node->parent;
	size_t bytes = 0;

	tree->recent.dir = NULL;
	parent->dir->n_children--;
	parent->dir->names_len -= node->name_len + 1u;
	touch_dir(tree, parent, writer);
	xs_tree_retire(tree, node, version_take);
	if (!node->old) {
		xs_tree_doom(tree, node);
		return;
	}
	for (n = node; n; n = xs_node_next(node, n, XS_NOW)) {
		bytes += n->charge.bytes;
		settle_node(tree, n);
	}
	xs_perms_unref(&tree->perms, node->perms);
	node->perms = NULL;
	node->gen = tree->gen;
	node->writer = writer;
	/* Whoever's snapshot keeps the subtree pays for it. */
	xs_charge_resize(&node->old->charge, node->old->charge.bytes + bytes);
	if (xs_account_over(node->old->charge.account, XS_QUOTA_MEMORY))
		tree->over_memory = true;
}

/*
 * Gives the node another value.  buf_take is an allocation of len bytes, or
 * *buf_take is NULL if and only if the room in the node is enough.
 */
void xs_tree_set_value(struct xs_tree *tree, struct xs_node *node,
		       struct xs_version **version_take, char **buf_take,
		       const char *value, size_t len, uint16_t writer)
{
	xs_tree_retire(tree, node, version_take);
	free_value(node);
	if (*buf_take)
		memcpy(node->name + node->name_len, buf_take,
		       sizeof(*buf_take));
	*buf_take = NULL;
	node->value_len = (uint16_t)len;
	if (len)
		memcpy(xs_node_value(node), value, len);
	node->gen = tree->gen;
	node->writer = writer;
	xs_charge_resize(&node->charge, bytes_of(node));
}

/*
 * Gives the node another list of permissions and perhaps another owner, whose
 * account is given and whose index is prepared.  Takes over the caller's use
 * of perms.
 */
void xs_tree_set_perms(struct xs_tree *tree, struct xs_node *node,
		       struct xs_version **version_take,
		       struct xs_perms *perms_take, struct xs_account *account,
		       uint16_t writer)
{
	xs_tree_retire(tree, node, version_take);
	unindex_owner(tree, node);
	xs_perms_unref(&tree->perms, node->perms);
	node->perms = perms_take;
	index_owner(tree, node);
	node->gen = tree->gen;
	node->writer = writer;
	xs_charge_release(&node->charge);
	xs_charge_force(&node->charge, account, XS_QUOTA_NODES, bytes_of(node));
}

/*
 * All nodes that a domain still owns become the master's.  Takes no memory, so
 * it cannot fail; there must be no snapshot, for none sees the change.
 */
void xs_tree_give_to_master(struct xs_tree *tree, uint16_t domid)
{
	/* This one nobody else can own. */
	struct xs_account *account = tree->specials->charge.account;
	struct owner *o = find_owner(tree, domid);

	while (o && o->n) {
		struct xs_node *node = o->nodes[o->n - 1];

		unindex_owner(tree, node);
		node->gen = tree->gen;
		node->writer = tree->master_domid;
		xs_charge_release(&node->charge);
		xs_charge_force(&node->charge, account, XS_QUOTA_NODES,
				bytes_of(node));
	}
	xs_perms_change_owner(&tree->perms, domid, tree->master_domid);
}

static void unlink_node(struct xs_tree *tree, struct xs_node *node)
{
	settle_node(tree, node);
	while (node->old) {
		struct xs_version *version = node->old;

		node->old = version->older;
		xs_version_free(tree, version);
	}
	xs_perms_unref(&tree->perms, node->perms);
	xs_list_remove(&node->sibling);
	if (node->parent)
		xs_map_remove(&tree->nodes, &node->link);
	free_value(node);
	if (node->dir)
		xs_names_forget(&tree->names, node->dir);
	free(node->dir);
	free(node);
}

/*
 * Frees up to max nodes of a subtree that nobody sees any more, what was
 * removed in it included, from below; false: some are left.
 */
static bool reap_some(struct xs_tree *tree, struct xs_node *top, uint32_t max)
{
	struct xs_node *node = top, *parent;

	for (; max; max--) {
		while (node->dir && !xs_list_is_empty(&node->dir->children))
			node = xs_container_of(node->dir->children.next,
					       struct xs_node, sibling);
		parent = node->parent;
		unlink_node(tree, node);
		if (node == top)
			return true;
		node = parent;
	}
	return false;
}

/* Takes a subtree that nobody sees any more out of the tree and frees it. */
void xs_tree_doom(struct xs_tree *tree, struct xs_node *top)
{
	xs_list_remove(&top->sibling);
	xs_map_remove(&tree->nodes, &top->link);
	top->parent = NULL;
	xs_list_add_tail(&tree->doomed, &top->sibling);
	reap_some(tree, top, XS_TREE_SLICE);
}

/* Goes on freeing; false: there is more to do. */
bool xs_tree_settle_some(struct xs_tree *tree)
{
	struct xs_list *first = tree->doomed.next;

	if (first == &tree->doomed)
		return true;
	reap_some(tree, xs_container_of(first, struct xs_node, sibling),
		  XS_TREE_SLICE);
	return xs_list_is_empty(&tree->doomed);
}

/* Frees what is left: accounts and the owner index are what they should be. */
void xs_tree_settle(struct xs_tree *tree)
{
	while (!xs_tree_settle_some(tree))
		;
}

/*
 * Whether the account may use so much more.  A quota refuses nothing because
 * of what was removed but still waits to be freed.
 */
bool xs_tree_has_room(struct xs_tree *tree, struct xs_account *account,
		      enum xs_quota quota, int64_t more)
{
	if (xs_account_has_room(account, quota, more))
		return true;
	if (xs_list_is_empty(&tree->doomed))
		return false;
	xs_tree_settle(tree);
	return xs_account_has_room(account, quota, more);
}

static void free_owners(struct xs_tree *tree)
{
	struct xs_map_link *link, *next;
	uint32_t i;

	xs_map_for_each(link, next, &tree->owners, i) {
		struct owner *o = xs_container_of(link, struct owner, link);

		free(o->nodes);
		free(o);
	}
	xs_map_fini(&tree->owners);
}

/* Frees everything; all snapshots must be closed. */
void xs_tree_fini(struct xs_tree *tree)
{
	struct xs_node *tops[] = {tree->root, tree->specials};
	size_t i;

	if (tree->root)
		xs_tree_settle(tree);
	for (i = 0; i < 2; i++) {
		if (tops[i])
			reap_some(tree, tops[i], UINT32_MAX);
	}
	if (tree->owners.buckets)
		free_owners(tree);
	if (tree->perms.map.buckets)
		xs_perms_table_fini(&tree->perms);
	xs_map_fini(&tree->nodes);
	memset(tree, 0, sizeof(*tree));
}
