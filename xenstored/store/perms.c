/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Permission lists.
 *
 * I1  A list does not change while it has users, with one exception: when a
 *     domain dies its entries leave every list at once, and its place as an
 *     owner is taken if need be, so that the domid's next bearer inherits
 *     nothing (XSA-322).
 * I2  Because of I1 two lists may come to be equal, so equality is asked of
 *     xs_perms_equal(), not of the pointers.
 */
#include "store/perms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "wire/proto.h"

int xs_perms_table_init(struct xs_perms_table *table,
			const struct xs_hash_key *key)
{
	table->key = *key;
	return xs_map_init(&table->map);
}

/* Frees what is left, used or not. */
void xs_perms_table_fini(struct xs_perms_table *table)
{
	struct xs_map_link *link, *next;
	uint32_t i;

	xs_map_for_each(link, next, &table->map, i)
		free(xs_container_of(link, struct xs_perms, link));
	xs_map_fini(&table->map);
}

static uint32_t hash_of(const struct xs_perms_table *table,
			const struct xs_perm *entries, unsigned int n)
{
	return xs_hash(&table->key, n, entries, n * sizeof(*entries));
}

/*
 * The list with these entries (n >= 1); the caller becomes a user of it.
 * -ENOMEM.
 */
int xs_perms_intern(struct xs_perms_table *table, const struct xs_perm *entries,
		    unsigned int n, struct xs_perms **permsp)
{
	uint32_t hash = hash_of(table, entries, n);
	struct xs_map_link *link = xs_map_bucket(&table->map, hash);
	struct xs_perms *perms;

	for (; link; link = link->next) {
		perms = xs_container_of(link, struct xs_perms, link);
		if (link->hash == hash && perms->n == n &&
		    !memcmp(perms->entry, entries, n * sizeof(*entries))) {
			*permsp = xs_perms_ref(perms);
			return 0;
		}
	}
	perms = malloc(sizeof(*perms) + n * sizeof(*entries));
	if (!perms)
		return -ENOMEM;
	perms->link.spare = 1;
	perms->n = (uint16_t)n;
	memcpy(perms->entry, entries, n * sizeof(*entries));
	xs_map_add(&table->map, &perms->link, hash);
	*permsp = perms;
	return 0;
}

/* One user more. */
struct xs_perms *xs_perms_ref(struct xs_perms *perms)
{
	perms->link.spare++;
	return perms;
}

/* One user less; NULL is fine. */
void xs_perms_unref(struct xs_perms_table *table, struct xs_perms *perms)
{
	if (!perms || --perms->link.spare)
		return;
	xs_map_remove(&table->map, &perms->link);
	free(perms);
}

bool xs_perms_equal(const struct xs_perms *a, const struct xs_perms *b)
{
	return a == b || (a->n == b->n && !memcmp(a->entry, b->entry,
						  a->n * sizeof(a->entry[0])));
}

/* The asker itself, or the domain it has the rights of. */
static bool is_asker(const struct xs_cred *cred, uint16_t domid)
{
	return domid == cred->domid ||
	       (domid == cred->target && domid != XS_DOMID_INVALID);
}

/*
 * What the asker may do, as XS_PERM_READ | WRITE | OWNER: the first entry
 * that fits decides, even when it grants less than the owner's entry grants
 * everybody.
 */
unsigned int xs_perms_access(const struct xs_perms *perms,
			     const struct xs_cred *cred)
{
	unsigned int i;

	if (cred->privileged || is_asker(cred, xs_perms_owner(perms)))
		return XS_PERM_ALL;
	for (i = 1; i < perms->n; i++) {
		const struct xs_perm *p = &perms->entry[i];

		if (p->flags & XS_PERM_F_IGNORE)
			continue;
		if (is_asker(cred, p->domid) || p->domid == XS_DOMID_ANY)
			return p->access;
	}
	return perms->entry[0].access;
}

static bool names(const struct xs_perms *perms, uint16_t domid)
{
	unsigned int i;

	for (i = 1; i < perms->n; i++) {
		if (perms->entry[i].domid == domid)
			return true;
	}
	return false;
}

static void drop_entries(struct xs_perms *perms, uint16_t domid)
{
	unsigned int i, n = 1;

	for (i = 1; i < perms->n; i++) {
		if (perms->entry[i].domid != domid)
			perms->entry[n++] = perms->entry[i];
	}
	perms->n = (uint16_t)n;
}

static bool is_owner(const struct xs_perms *perms, uint16_t domid)
{
	return xs_perms_owner(perms) == domid;
}

static void give_to_heir(struct xs_perms *perms, uint16_t heir)
{
	perms->entry[0].domid = heir;
}

/* Has all lists changed that concern the domid; it cannot fail. */
static void change_all(struct xs_perms_table *table, uint16_t domid,
		       bool (*concerns)(const struct xs_perms *, uint16_t),
		       void (*change)(struct xs_perms *, uint16_t),
		       uint16_t arg)
{
	struct xs_map_link *link, *next, *changed = NULL;
	uint32_t i;

	/* The hash changes with the content: out first, in again below. */
	xs_map_for_each(link, next, &table->map, i) {
		struct xs_perms *perms =
			xs_container_of(link, struct xs_perms, link);

		if (!concerns(perms, domid))
			continue;
		xs_map_remove(&table->map, link);
		change(perms, arg);
		link->next = changed;
		changed = link;
	}
	while (changed) {
		struct xs_perms *perms =
			xs_container_of(changed, struct xs_perms, link);

		link = changed;
		changed = changed->next;
		xs_map_add(&table->map, link,
			   hash_of(table, perms->entry, perms->n));
	}
}

/* Takes a dead domain's entries out of all lists; owners stay. */
void xs_perms_forget_domid(struct xs_perms_table *table, uint16_t domid)
{
	change_all(table, domid, names, drop_entries, domid);
}

/* Whatever the domain owned, the heir does. */
void xs_perms_change_owner(struct xs_perms_table *table, uint16_t domid,
			   uint16_t heir)
{
	change_all(table, domid, is_owner, give_to_heir, heir);
}
