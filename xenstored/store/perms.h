/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Permission lists.  Equal lists are stored once, counted by their users.
 */
#ifndef XS_STORE_PERMS_H
#define XS_STORE_PERMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "wire/perm.h"

/* Who asks: a domain, perhaps with the rights of the one it serves as well. */
struct xs_cred {
	uint16_t domid;
	uint16_t target; /* XS_DOMID_INVALID: none */
	bool privileged;
};

/* entry[0] names the owner and everybody else's rights; n >= 1. */
struct xs_perms {
	struct xs_map_link link; /* spare: number of users */
	uint16_t n;
	struct xs_perm entry[];
};

struct xs_perms_table {
	struct xs_map map;
	struct xs_hash_key key;
};

int xs_perms_table_init(struct xs_perms_table *table,
			const struct xs_hash_key *key);
void xs_perms_table_fini(struct xs_perms_table *table);
int xs_perms_intern(struct xs_perms_table *table, const struct xs_perm *entries,
		    unsigned int n, struct xs_perms **permsp);
struct xs_perms *xs_perms_ref(struct xs_perms *perms);
void xs_perms_unref(struct xs_perms_table *table, struct xs_perms *perms);
bool xs_perms_equal(const struct xs_perms *a, const struct xs_perms *b);
unsigned int xs_perms_access(const struct xs_perms *perms,
			     const struct xs_cred *cred);
void xs_perms_forget_domid(struct xs_perms_table *table, uint16_t domid);
void xs_perms_change_owner(struct xs_perms_table *table, uint16_t domid,
			   uint16_t heir);

static inline uint16_t xs_perms_owner(const struct xs_perms *perms)
{
	return perms->entry[0].domid;
}

#endif
