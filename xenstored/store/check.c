/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holds every derived thing in the tree against what it derives from.
 *
 * I1  It goes through the nodes there were when it began, as a transaction
 *     would, some at a time; the store may change in between.  So each of them
 *     is met once, and their number is known.
 * I2  What is derived is that of the present: nodes that are gone by the time
 *     they are met have none, and of a list that has changed the length is not
 *     known.
 */
#include "store/check.h"

#include <errno.h>
#include <stdio.h>

#include "base/accounts.h"
#include "wire/path.h"

/* What is done at a time: 1 for a name in a list, more for looking up a node */
#define SLICE	  4000
#define NODE_COST 4

static void wrong(struct xs_check *c, const struct xs_node *node,
		  const char *what)
{
	char path[XS_PATH_BUF], line[XS_PATH_BUF + 100];
	size_t len = xs_node_path(c->tree, node, path, sizeof(path));

	c->n_wrong++;
	snprintf(line, sizeof(line), "check path=%.*s wrong=\"%s\"", (int)len,
		 path, what);
	c->report(c->arg, line);
}

/* Counts one more child of the node's; false: all were. */
static bool count_child(struct xs_check *c)
{
	c->child = xs_node_next_child(c->node, c->child, c->snapshot.gen);
	if (!c->child)
		return false;
	c->n_children++;
	c->names_len += c->child->name_len + 1u;
	if (c->child->parent != c->node)
		wrong(c, c->child, "not its parent's child");
	return true;
}

static void check_list(struct xs_check *c, const struct xs_node *node)
{
	const struct xs_dir *dir = node->dir;

	if (dir && dir->gen <= c->snapshot.gen &&
	    (c->n_children != dir->n_children ||
	     c->names_len != dir->names_len))
		wrong(c, node, "number of children");
}

static void check_node(struct xs_check *c, const struct xs_node *node)
{
	uint16_t owner = xs_perms_owner(node->perms);
	const struct xs_account *account =
		xs_accounts_find(c->tree->accounts, owner);
	struct xs_node *const *nodes;
	size_t n = xs_tree_owned(c->tree, owner, &nodes);
	uint32_t i = node->link.spare;

	if (!node->charge.account || node->charge.account != account)
		wrong(c, node, "not charged to its owner");
	if (owner == c->tree->master_domid
		    ? i != 0
		    : !i || i > n || nodes[i - 1] != node)
		wrong(c, node, "not among its owner's nodes");
	if (node->parent && xs_tree_child(c->tree, node->parent, node->name,
					  node->name_len, XS_NOW) != node)
		wrong(c, node, "not found by its name");
}

static bool is_gone(const struct xs_node *node)
{
	while (node && node->perms)
		node = node->parent;
	return node != NULL;
}

static void step(struct xs_check *c)
{
	c->n_seen++;
	c->child = NULL;
	c->n_children = c->names_len = 0;
	c->node = xs_node_next(c->top, c->node, c->snapshot.gen);
	if (!c->node && c->top == c->tree->root)
		c->node = c->top = c->tree->specials;
}

/* xs_check_some() is to be called until it is through, then xs_check_end(). */
void xs_check_begin(struct xs_check *check, struct xs_tree *tree,
		    xs_check_report_fn *report, void *arg)
{
	*check = (struct xs_check){
		.tree = tree,
		.top = tree->root,
		.node = tree->root,
		.n_nodes = tree->n_nodes + 2,
		.report = report,
		.arg = arg,
	};
	/* Nobody but the master can own this one. */
	xs_snapshot_open(tree, &check->snapshot,
			 tree->specials->charge.account);
}

/* Checks some more; true: it is through. */
bool xs_check_some(struct xs_check *check)
{
	unsigned int done;

	for (done = 0; check->node && !check->snapshot.revoked && done < SLICE;
	     done++) {
		if (count_child(check))
			continue;
		if (!is_gone(check->node)) {
			check_node(check, check->node);
			check_list(check, check->node);
		}
		step(check);
		done += NODE_COST - 1;
	}
	if (check->node && !check->snapshot.revoked)
		return false;
	if (!check->node && check->n_seen != check->n_nodes)
		wrong(check, check->tree->root, "number of nodes in the store");
	return true;
}

/*
 * Ends a check, through or not.  What was found wrong was reported, *n_wrongp
 * is how much.  -EAGAIN: memory was short, so not everything was seen.
 */
int xs_check_end(struct xs_check *check, unsigned int *n_wrongp)
{
	bool revoked = check->snapshot.revoked;

	xs_snapshot_close(check->tree, &check->snapshot);
	*n_wrongp = check->n_wrong;
	return revoked ? -EAGAIN : 0;
}

/* All at one go: returns how much is wrong, 0 is as it should be. */
unsigned int xs_tree_check(struct xs_tree *tree, xs_check_report_fn *report,
			   void *arg)
{
	struct xs_check check;
	unsigned int n_wrong;

	xs_check_begin(&check, tree, report, arg);
	while (!xs_check_some(&check))
		;
	xs_check_end(&check, &n_wrong);
	return n_wrong;
}
