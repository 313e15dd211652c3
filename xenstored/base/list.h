/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Circular doubly linked list, embedded in what it links.
 *
 * A head and an unlinked entry point to themselves, so removing twice is
 * harmless and "is it linked?" is a question that can be asked.
 */
#ifndef XS_BASE_LIST_H
#define XS_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct xs_list {
	struct xs_list *next;
	struct xs_list *prev;
};

#define xs_container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define xs_list_entry(ptr, type, member) xs_container_of(ptr, type, member)

#define xs_list_for_each(pos, head) \
	for (pos = (head)->next; pos != (head); pos = pos->next)

/* The current entry may be removed in the body. */
#define xs_list_for_each_safe(pos, tmp, head)                    \
	for (pos = (head)->next, tmp = pos->next; pos != (head); \
	     pos = tmp, tmp = pos->next)

static inline void xs_list_init(struct xs_list *entry)
{
	entry->next = entry->prev = entry;
}

static inline bool xs_list_is_empty(const struct xs_list *head)
{
	return head->next == head;
}

static inline bool xs_list_is_linked(const struct xs_list *entry)
{
	return entry->next != entry;
}

static inline void xs_list_insert_before(struct xs_list *pos,
					 struct xs_list *entry)
{
	entry->next = pos;
	entry->prev = pos->prev;
	pos->prev->next = entry;
	pos->prev = entry;
}

static inline void xs_list_add_tail(struct xs_list *head, struct xs_list *entry)
{
	xs_list_insert_before(head, entry);
}

static inline void xs_list_remove(struct xs_list *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
	xs_list_init(entry);
}

/* First entry, taken off the list, or NULL. */
static inline struct xs_list *xs_list_pop(struct xs_list *head)
{
	struct xs_list *first = head->next;

	if (first == head)
		return NULL;
	xs_list_remove(first);
	return first;
}

#endif
