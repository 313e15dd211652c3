/* SPDX-License-Identifier: GPL-2.0-only */
/* The whole store: nodes, watches, accounts. */
#ifndef XS_STORE_STORE_H
#define XS_STORE_STORE_H

#include "base/accounts.h"
#include "store/stage.h"
#include "store/tree.h"
#include "store/watch.h"

struct xs_settings;

#define XS_INTRODUCE_DOMAIN "@introduceDomain"
#define XS_RELEASE_DOMAIN   "@releaseDomain"

struct xs_store {
	const struct xs_settings *settings;
	struct xs_accounts accounts;
	struct xs_tree tree;
	struct xs_watches watches;
	struct xs_stage now; /* for requests outside of transactions */
};

int xs_store_init(struct xs_store *store, const struct xs_settings *settings,
		  const struct xs_hash_key *key, xs_deliver_fn *deliver,
		  void *deliver_arg);
int xs_store_add_always(struct xs_store *store);
void xs_store_fini(struct xs_store *store);
void xs_store_fire_special(struct xs_store *store, const char *name,
			   const uint16_t *domid);

#endif
