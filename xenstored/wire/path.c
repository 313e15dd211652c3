/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Path syntax (docs/misc/xenstore.txt, and what the daemons really enforce).
 *
 * A path consists of names of A-Z a-z 0-9 - _ @ separated by single slashes.
 * One that starts with neither '/' nor '@' is relative to the home directory
 * of the domain, /local/domain/<domid>.
 */
#include "wire/path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char domain_prefix[] = "/local/domain/";

/* What a character is in a path; 0: nothing that may be there. */
enum {
	NAME = 1,
	SLASH = 2
};

static const unsigned char kinds[256] = {
	['a' ... 'z'] = NAME, ['A' ... 'Z'] = NAME, ['0' ... '9'] = NAME,
	['-'] = NAME,	      ['_'] = NAME,	    ['@'] = NAME,
	['/'] = SLASH,
};

/* Names separated by single slashes, none of them empty. */
static bool are_names(const char *text, size_t len)
{
	unsigned char last = SLASH;
	size_t i;

	for (i = 0; i < len; i++) {
		unsigned char kind = kinds[(unsigned char)text[i]];

		/* Nothing is left of a slash next to one, or of no kind. */
		if (!(kind & ~(last & SLASH)))
			return false;
		last = kind;
	}
	return last == NAME;
}

/*
 * Checks a path of len bytes and makes it absolute; the result points into
 * text, or into buf for a relative path.  -EINVAL.
 */
int xs_path_canonical(const char *text, size_t len, uint16_t home,
		      char buf[XS_PATH_BUF], struct xs_path *pathp)
{
	size_t skip;
	int n;

	if (!len)
		return -EINVAL;
	pathp->prefix = 0;
	pathp->text = text;
	pathp->len = len;
	if (len == 1 && text[0] == '/')
		return 0;
	skip = text[0] == '/' || text[0] == '@';
	if (!are_names(text + skip, len - skip))
		return -EINVAL;
	if (skip)
		return 0;
	n = snprintf(buf, XS_PATH_BUF, "%s%u/", domain_prefix, home);
	if (n < 0 || (size_t)n + len > XS_PATH_BUF)
		return -EINVAL;
	memcpy(buf + n, text, len);
	pathp->text = buf;
	pathp->len = len + (size_t)n;
	pathp->prefix = (size_t)n;
	return 0;
}

/* The length that path-max limits: /local/domain/<domid>/ does not count. */
size_t xs_path_counted_len(const struct xs_path *path)
{
	const size_t fixed = sizeof(domain_prefix) - 1;
	size_t i = fixed;

	if (path->len <= fixed || memcmp(path->text, domain_prefix, fixed))
		return path->len;
	while (i < path->len && path->text[i] >= '0' && path->text[i] <= '9')
		i++;
	if (i == fixed || i > fixed + 5 || i >= path->len ||
	    path->text[i] != '/')
		return path->len;
	return path->len - i - 1;
}

/* An event name such as "@releaseDomain". */
bool xs_path_is_special(const struct xs_path *path)
{
	return path->text[0] == '@';
}

/* Goes through the names of a path; "/" has none, "@x" the one name. */
void xs_path_iter_init(struct xs_path_iter *it, const struct xs_path *path)
{
	it->pos = path->text;
	it->end = path->text + path->len;
	it->name = NULL;
	it->len = 0;
	if (it->pos < it->end && *it->pos == '/')
		it->pos++;
}

/* Steps to the next name; false after the last. */
bool xs_path_iter_next(struct xs_path_iter *it)
{
	const char *slash;

	if (it->pos >= it->end)
		return false;
	it->name = it->pos;
	/* Names are short: memchr() would take longer to begin. */
	for (slash = it->pos; slash < it->end && *slash != '/'; slash++)
		;
	it->len = (size_t)(slash - it->pos);
	it->pos = slash < it->end ? slash + 1 : slash;
	return true;
}
