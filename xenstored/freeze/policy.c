/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nodes that relate to a domain.
 *
 * I1  What belongs to a domain is found by its number in places that only
 *     privileged domains write to, never by following what a guest wrote.
 */
#include "freeze/policy.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "store/tree.h"
#include "wire/path.h"

static const struct {
	enum xs_node_policy policy;
	const char *pattern;
} rules[] = {
#define NODES(policy, pattern) {XS_NODE_##policy, pattern},
#include "freeze/nodes.def"
#undef NODES
};

#define N_RULES (sizeof(rules) / sizeof(rules[0]))

static bool name_fits(const struct xs_path_iter *want,
		      const struct xs_path_iter *have, const char *domid)
{
	if (want->len == 1 && want->name[0] == '*')
		return true;
	if (want->len == 1 && want->name[0] == 'N')
		return have->len == strlen(domid) &&
		       !memcmp(have->name, domid, have->len);
	return have->len == want->len &&
	       !memcmp(have->name, want->name, want->len);
}

/* A pattern also fits what is below it; a last "**" fits x itself as well. */
static bool fits(const char *pattern, const struct xs_path *path,
		 const char *domid)
{
	const struct xs_path p = {.text = pattern, .len = strlen(pattern)};
	struct xs_path_iter want, have;

	xs_path_iter_init(&want, &p);
	xs_path_iter_init(&have, path);
	while (xs_path_iter_next(&want)) {
		if (want.len == 2 && !memcmp(want.name, "**", 2))
			return true;
		if (!xs_path_iter_next(&have) ||
		    !name_fits(&want, &have, domid))
			return false;
	}
	return true;
}

struct domid_text {
	char text[8];
};

static struct domid_text as_text(uint16_t domid)
{
	struct domid_text t;

	snprintf(t.text, sizeof(t.text), "%u", domid);
	return t;
}

/* The line of nodes.def that decides. */
static size_t find_rule(const char *path, size_t len, uint16_t domid)
{
	const struct xs_path p = {.text = path, .len = len};
	const struct domid_text number = as_text(domid);
	size_t i;

	for (i = 0; i < N_RULES - 1; i++) {
		if (fits(rules[i].pattern, &p, number.text))
			break;
	}
	return i;
}

/* What is to become of the node at path, of a blob of that domain. */
enum xs_node_policy xs_node_policy(const char *path, size_t len, uint16_t domid)
{
	return rules[find_rule(path, len, domid)].policy;
}

/* Whether the toolstack keeps it for the domain; the last line is the rest. */
bool xs_node_relates(const char *path, size_t len, uint16_t domid)
{
	return find_rule(path, len, domid) < N_RULES - 1;
}

/* Whether it is in one of the areas of the domain's back-ends. */
bool xs_node_is_backend(const char *path, size_t len, uint16_t domid)
{
	const struct xs_path p = {.text = path, .len = len};

	return fits("/local/domain/*/backend/*/N/**", &p, as_text(domid).text);
}

/*
 * How much of the path is that of a device in one of those areas, which the
 * node is or is below; 0: neither.
 */
size_t xs_node_device(const char *path, size_t len, uint16_t domid)
{
	static const char pattern[] = "/local/domain/*/backend/*/N/*";
	const struct xs_path p = {.text = path, .len = len};
	const struct xs_path names = {.text = pattern,
				      .len = sizeof(pattern) - 1};
	struct xs_path_iter want, have;

	if (!fits(pattern, &p, as_text(domid).text))
		return 0;
	xs_path_iter_init(&want, &names);
	xs_path_iter_init(&have, &p);
	while (xs_path_iter_next(&want))
		xs_path_iter_next(&have);
	return (size_t)(have.name - path) + have.len;
}

/* The node at a path, as it was at that time, or NULL. */
struct xs_node *xs_tree_find_at(const struct xs_tree *tree, const char *path,
				size_t len, uint64_t at)
{
	const struct xs_path p = {.text = path, .len = len};
	struct xs_node *node =
		xs_path_is_special(&p) ? tree->specials : tree->root;
	struct xs_path_iter it;

	xs_path_iter_init(&it, &p);
	while (node && xs_path_iter_next(&it))
		node = xs_tree_child(tree, node, it.name, it.len, at);
	return node;
}

/* The node at a path, as it is now, or NULL. */
struct xs_node *xs_tree_find(const struct xs_tree *tree, const char *path,
			     size_t len)
{
	return xs_tree_find_at(tree, path, len, XS_NOW);
}

static struct xs_node *find_text(const struct xs_tree *tree, const char *path)
{
	return xs_tree_find(tree, path, strlen(path));
}

/* <domain>/backend/<kind>/<domid>, of every domain that has back-ends. */
static int each_backend(const struct xs_tree *tree, const char *domid,
			xs_area_fn *fn, void *arg)
{
	const struct xs_node *domains = find_text(tree, "/local/domain");
	const struct xs_node *host = NULL, *backend, *kind;
	struct xs_node *top;
	int rc = 0;

	while (domains && !rc &&
	       (host = xs_node_next_child(domains, host, XS_NOW))) {
		backend = xs_tree_child(tree, host, "backend", 7, XS_NOW);
		kind = NULL;
		while (backend && !rc &&
		       (kind = xs_node_next_child(backend, kind, XS_NOW))) {
			top = xs_tree_child(tree, kind, domid, strlen(domid),
					    XS_NOW);
			if (top)
				rc = fn(arg, top);
		}
	}
	return rc;
}

/* /vm/<uuid>, which the toolstack names in the domain's own "vm" node. */
static struct xs_node *find_vm(const struct xs_tree *tree, uint16_t domid)
{
	const struct xs_node *node;
	const char *value;
	struct xs_node *vm;
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%u/vm", domid);
	node = find_text(tree, path);
	value = node ? xs_node_value(node) : NULL;
	if (!node || node->value_len < 5 || memcmp(value, "/vm/", 4) ||
	    memchr(value + 4, '/', node->value_len - 4u) ||
	    xs_perms_owner(node->perms) == domid)
		return NULL;
	vm = xs_tree_find(tree, value, node->value_len);
	return vm && vm->parent->parent == tree->root ? vm : NULL;
}

/*
 * Calls fn for every area that relates to the domain until it returns
 * nonzero, which is then returned.
 */
int xs_areas_each(const struct xs_tree *tree, uint16_t domid, xs_area_fn *fn,
		  void *arg)
{
	struct xs_node *top;
	char path[64], text[8];
	int rc = 0;

	snprintf(text, sizeof(text), "%u", domid);
	top = find_vm(tree, domid);
	if (top)
		rc = fn(arg, top);
	snprintf(path, sizeof(path), "/libxl/%u", domid);
	top = find_text(tree, path);
	if (!rc && top)
		rc = fn(arg, top);
	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	top = find_text(tree, path);
	if (!rc && top)
		rc = fn(arg, top);
	return rc ? rc : each_backend(tree, text, fn, arg);
}
