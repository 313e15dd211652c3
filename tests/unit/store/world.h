/* SPDX-License-Identifier: GPL-2.0-only */
/* A store without a daemon around it, and some domains that use it. */
#ifndef XS_UNIT_WORLD_H
#define XS_UNIT_WORLD_H

#include <stddef.h>

#include "base/accounts.h"
#include "base/settings.h"
#include "store/stage.h"
#include "store/tree.h"
#include "store/watch.h"
#include "wire/path.h"

struct world {
	struct xs_settings settings;
	struct xs_accounts accounts;
	struct xs_tree tree;
	struct xs_watches watches;
	struct xs_stage now; /* for single requests */
};

/* 0 or -ENOMEM; after either, world_fini(). */
int world_init(struct world *w, const struct xs_settings *settings,
	       xs_deliver_fn *deliver, void *arg);
void world_fini(struct world *w);

struct xs_cred world_cred(uint16_t domid);
struct xs_path world_path(const char *text);
struct xs_account *world_account(struct world *w, uint16_t domid);

/* Requests outside of transactions; NULL value: mkdir. */
int world_write(struct world *w, const struct xs_cred *cred, const char *path,
		const char *value);
int world_rm(struct world *w, const struct xs_cred *cred, const char *path);
int world_set_perms(struct world *w, const struct xs_cred *cred,
		    const char *path, const char *perms);

/* "n0 r3" as entries; returns their number. */
unsigned int world_perms(const char *text, struct xs_perm *entries);

/* What a client sees, as text: one line a node, in order. */
char *world_dump(const struct xs_tree *tree, uint64_t at);

/* Ends the test unless the tree is in order. */
void world_check(struct xs_tree *tree);

#endif
