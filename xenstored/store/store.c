/* SPDX-License-Identifier: GPL-2.0-only */
/* Setting up and tearing down the store. */
#include "store/store.h"

#include <errno.h>
#include <string.h>

#include "base/settings.h"
#include "wire/path.h"
#include "wire/proto.h"

static int add_node(struct xs_store *store, const char *name,
		    struct xs_account *account)
{
	const struct xs_path path = {.text = name, .len = strlen(name)};
	const struct xs_cred cred = {
		.domid = store->settings->master_domid,
		.target = XS_DOMID_INVALID,
		.privileged = true,
	};
	int rc;

	xs_stage_open_now(&store->now, &cred, account);
	rc = xs_stage_mkdir(&store->now, &path);
	if (rc) {
		xs_stage_close(&store->now);
		return rc;
	}
	return xs_stage_commit(&store->now, NULL);
}

/*
 * A store with the nodes that are always there.  settings must outlive it;
 * deliver is called for every watch event.  -ENOMEM (xs_store_fini() frees
 * what there is).
 */
int xs_store_init(struct xs_store *store, const struct xs_settings *settings,
		  const struct xs_hash_key *key, xs_deliver_fn *deliver,
		  void *deliver_arg)
{
	int rc;

	memset(store, 0, sizeof(*store));
	store->settings = settings;
	rc = xs_accounts_init(&store->accounts, settings);
	if (!rc)
		rc = xs_tree_init(&store->tree, &store->accounts, key,
				  settings->master_domid);
	if (!rc)
		rc = xs_watches_init(&store->watches, key, deliver,
				     deliver_arg);
	if (!rc)
		rc = xs_stage_init(&store->now, &store->tree);
	return rc ? rc : xs_store_add_always(store);
}

/* Makes those of the nodes that are always there that are not.  -ENOMEM. */
int xs_store_add_always(struct xs_store *store)
{
	static const char *const always[] = {
		"/tool/xenstored",
		XS_INTRODUCE_DOMAIN,
		XS_RELEASE_DOMAIN,
	};
	struct xs_account *account;
	size_t i;
	int rc = xs_accounts_get(&store->accounts,
				 store->settings->master_domid, &account);

	for (i = 0; !rc && i < sizeof(always) / sizeof(always[0]); i++)
		rc = add_node(store, always[i], account);
	return rc;
}

/* All watches and transactions must be gone. */
void xs_store_fini(struct xs_store *store)
{
	if (store->now.tree)
		xs_stage_fini(&store->now);
	xs_watches_fini(&store->watches);
	if (store->tree.accounts)
		xs_tree_fini(&store->tree);
	if (store->accounts.map.buckets)
		xs_accounts_fini(&store->accounts);
}

/* Tells of a domain that came or went; domid as in xs_watch_fire_special(). */
void xs_store_fire_special(struct xs_store *store, const char *name,
			   const uint16_t *domid)
{
	struct xs_node *node = xs_tree_child(&store->tree, store->tree.specials,
					     name, strlen(name), XS_NOW);

	if (node)
		xs_watch_fire_special(&store->watches, name, node->perms,
				      domid);
}
