/* SPDX-License-Identifier: GPL-2.0-only */
/* xsdump tree: the nodes as xenstore-ls shows them. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "wire/perm.h"
#include "xsdump.h"

/* How many names a path has; 0 for the root. */
static long depth_of(const struct xs_span *path)
{
	long n = 0;
	size_t i;

	if (path->len == 1 && path->data[0] == '/')
		return 0;
	for (i = 0; i < path->len; i++)
		n += path->data[i] == '/';
	return n;
}

static bool is_below(const struct xs_span *path, const char *top)
{
	size_t len = strlen(top);

	if (len && top[len - 1] == '/')
		len--;
	return path->len >= len && !memcmp(path->data, top, len) &&
	       (path->len == len || path->data[len] == '/');
}

static bool matches(const struct xs_span *path, const char *glob)
{
	char *text = xsd_alloc(path->len + 1, 1);
	bool found;

	memcpy(text, path->data, path->len);
	found = !fnmatch(glob, text, 0);
	free(text);
	return found;
}

static bool is_wanted(const struct xs_image_node *node,
		      const struct xsd_options *opts, const char *top)
{
	const struct xs_span root = {(const uint8_t *)top, strlen(top)};
	bool special = node->path.len && node->path.data[0] == '@';

	if (special ? strcmp(top, "/") && !xsd_span_is(&node->path, top)
		    : !is_below(&node->path, top))
		return false;
	if (opts->depth >= 0 && !special &&
	    depth_of(&node->path) - depth_of(&root) > opts->depth)
		return false;
	if (opts->owner >= 0 &&
	    (!node->n_perms || node->perms[0].domid != opts->owner))
		return false;
	return !opts->match || matches(&node->path, opts->match);
}

/*
 * Whole paths where lines are left out, else names indented by depth below
 * base, which comes with its whole path, if it is not the root.
 */
static void put_node(const struct xs_image_node *node,
		     const struct xsd_options *opts, long base, bool whole)
{
	const uint8_t *name = node->path.data;
	size_t len = node->path.len;
	long depth = depth_of(&node->path) - base;

	if (!whole && name[0] == '/' && len > 1 && depth) {
		depth -= !base;
		while (depth-- > 0)
			putchar(' ');
		name = memrchr(node->path.data, '/', len);
		name++;
		len -= (size_t)(name - node->path.data);
	}
	xsd_color(stdout, "blue");
	xsd_put_text(stdout, name, len);
	xsd_color(stdout, NULL);
	fputs(" = ", stdout);
	xsd_put_value(stdout, &node->value);
	if (opts->perms) {
		fputs("   ", stdout);
		xsd_put_perms(stdout, node);
	}
	putchar('\n');
}

int xsd_cmd_tree(const struct xsd_options *opts)
{
	const char *top = opts->n_args > 1 ? opts->args[1] : "/";
	const struct xs_span root = {(const uint8_t *)top, strlen(top)};
	bool whole = opts->owner >= 0 || opts->match;
	struct xsd_file file;
	uint32_t i, n = 0;
	int rc;

	rc = xsd_load(opts->args[0], opts, &file);
	for (i = 0; !rc && i < file.image.n_nodes; i++) {
		const struct xs_image_node *node = &file.image.nodes[i];

		if (!is_wanted(node, opts, top))
			continue;
		/* Of one domain there are only parts of the tree. */
		put_node(node, opts, depth_of(&root),
			 whole || file.image.origin.kind == XS_IMAGE_DOMAIN);
		n++;
	}
	if (!rc && !n && opts->n_args > 1) {
		fprintf(stderr, "xsdump: %s: no node ", file.name);
		xsd_put_text(stderr, top, strlen(top));
		fputc('\n', stderr);
		rc = XSD_DIFFER;
	}
	if (!rc && file.n_damages)
		rc = XSD_DIFFER;
	xsd_unload(&file);
	return rc;
}
