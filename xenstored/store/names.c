/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whoever lists a large directory often lists it again.
 *
 * I1  A text is what the walk over the children would give; it goes as soon as
 *     one of them comes or goes.
 * I2  There are few of them, none longer than a reply: they are the daemon's
 *     own, and nobody is charged for them.
 */
#include "store/names.h"

#include <stdlib.h>
#include <string.h>

#include "store/tree.h"
#include "wire/proto.h"

/* Below that walking costs no more than it is worth. */
#define CHILDREN_MIN 32

static char *make_text(const struct xs_dir *dir)
{
	char *text = malloc(dir->names_len), *p = text;
	struct xs_list *pos;

	if (!text)
		return NULL;
	xs_list_for_each(pos, &dir->children) {
		const struct xs_node *child =
			xs_container_of(pos, struct xs_node, sibling);

		if (!child->perms)
			continue;
		memcpy(p, child->name, child->name_len);
		p += child->name_len;
		*p++ = '\0';
	}
	return text;
}

/*
 * The names of all children that exist now, each with a NUL; names_len bytes,
 * valid until the next change.  NULL: walk.
 */
const char *xs_names_get(struct xs_names *names, struct xs_dir *dir)
{
	unsigned int i = names->next;
	char *text;

	if (dir->list)
		return names->lists[dir->list - 1].text;
	if (dir->n_children < CHILDREN_MIN || dir->names_len > XS_PAYLOAD_MAX)
		return NULL;
	text = make_text(dir);
	if (!text)
		return NULL;
	if (names->lists[i].dir)
		xs_names_forget(names, names->lists[i].dir);
	names->lists[i].dir = dir;
	names->lists[i].text = text;
	names->next = (i + 1) % XS_N_LISTS;
	dir->list = (uint16_t)(i + 1);
	return text;
}

/* The list changes, or the directory goes. */
void xs_names_forget(struct xs_names *names, struct xs_dir *dir)
{
	if (!dir->list)
		return;
	free(names->lists[dir->list - 1].text);
	names->lists[dir->list - 1].text = NULL;
	names->lists[dir->list - 1].dir = NULL;
	dir->list = 0;
}
