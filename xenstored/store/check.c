/* SPDX-License-Identifier: GPL-2.0-only */
/* Holds every derived thing in the tree against what it derives from. */
#include "store/check.h"

#include <stdio.h>

#include "base/accounts.h"
#include "store/tree.h"
#include "wire/path.h"

struct check {
	const struct xs_tree *tree;
	xs_check_report_fn *report;
	void *arg;
	unsigned int n_wrong;
};

static void wrong(struct check *c, const struct xs_node *node, const char *what)
{
	char path[XS_PATH_BUF], line[XS_PATH_BUF + 100];
	size_t len = xs_node_path(c->tree, node, path, sizeof(path));

	c->n_wrong++;
	snprintf(line, sizeof(line), "check path=%.*s wrong=\"%s\"", (int)len,
		 path, what);
	c->report(c->arg, line);
}

static void check_list(struct check *c, const struct xs_node *node)
{
	const struct xs_node *child = NULL;
	uint32_t n = 0, len = 0;

	while ((child = xs_node_next_child(node, child, XS_NOW))) {
		n++;
		len += child->name_len + 1u;
		if (child->parent != node)
			wrong(c, child, "not its parent's child");
		if (xs_tree_child(c->tree, node, child->name, child->name_len,
				  XS_NOW) != child)
			wrong(c, child, "not found by its name");
	}
	if (node->dir &&
	    (n != node->dir->n_children || len != node->dir->names_len))
		wrong(c, node, "number of children");
}

static void check_node(struct check *c, const struct xs_node *node)
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
	if (node->gen > c->tree->gen)
		wrong(c, node, "from the future");
	check_list(c, node);
}

/* Reports what is wrong and returns how much; 0 is as it should be. */
unsigned int xs_tree_check(const struct xs_tree *tree,
			   xs_check_report_fn *report, void *arg)
{
	struct check c = {.tree = tree, .report = report, .arg = arg};
	const struct xs_node *tops[] = {tree->root, tree->specials};
	const struct xs_node *node;
	uint32_t n = 0;
	int i;

	for (i = 0; i < 2; i++) {
		for (node = tops[i]; node;
		     node = xs_node_next(tops[i], node, XS_NOW)) {
			check_node(&c, node);
			n++;
		}
	}
	if (n != tree->n_nodes + 2)
		wrong(&c, tree->root, "number of nodes in the store");
	return c.n_wrong;
}
