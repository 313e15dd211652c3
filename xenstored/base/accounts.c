/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Table of accounts.
 *
 * I1  A domid has at most one open account.  Dropping it starts the domid
 *     afresh: whatever is still charged stays with the closed account.
 */
#include "base/accounts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/settings.h"

struct entry {
	struct xs_map_link link; /* hash: the domid itself, spread */
	struct xs_account *account;
};

static struct entry *find(const struct xs_accounts *accounts, uint16_t domid)
{
	struct xs_map_link *link =
		xs_map_bucket(&accounts->map, xs_hash_number(domid));

	for (; link; link = link->next) {
		struct entry *e = xs_container_of(link, struct entry, link);

		if (e->account->domid == domid)
			return e;
	}
	return NULL;
}

/* settings must outlive the table; -ENOMEM. */
int xs_accounts_init(struct xs_accounts *accounts,
		     const struct xs_settings *settings)
{
	accounts->settings = settings;
	accounts->limits = settings->limits;
	accounts->hit = NULL;
	accounts->hit_arg = NULL;
	return xs_map_init(&accounts->map);
}

/* Closes every account. */
void xs_accounts_fini(struct xs_accounts *accounts)
{
	struct xs_map_link *link, *next;
	uint32_t i;

	xs_map_for_each(link, next, &accounts->map, i) {
		struct entry *e = xs_container_of(link, struct entry, link);

		xs_account_close(e->account);
		free(e);
	}
	xs_map_fini(&accounts->map);
}

/* The open account of a domid, or NULL. */
struct xs_account *xs_accounts_find(const struct xs_accounts *accounts,
				    uint16_t domid)
{
	struct entry *e = find(accounts, domid);

	return e ? e->account : NULL;
}

/* The account of a domid, opened with today's limits if need be; -ENOMEM. */
int xs_accounts_get(struct xs_accounts *accounts, uint16_t domid,
		    struct xs_account **accountp)
{
	const struct xs_settings *settings = accounts->settings;
	struct entry *e = find(accounts, domid);
	bool limited;

	if (!e) {
		limited = domid != settings->master_domid &&
			  domid != settings->priv_domid;
		e = calloc(1, sizeof(*e));
		if (!e)
			return -ENOMEM;
		e->account = xs_account_new(domid, limited, &accounts->limits,
					    accounts->hit, accounts->hit_arg);
		if (!e->account) {
			free(e);
			return -ENOMEM;
		}
		xs_map_add(&accounts->map, &e->link, xs_hash_number(domid));
	}
	*accountp = e->account;
	return 0;
}

static uint32_t *limit_in(struct xs_limits *limits, unsigned int quota)
{
	return quota < XS_N_QUOTAS ? &limits->max[quota] : &limits->soft_memory;
}

static void set_limit(struct xs_accounts *accounts, unsigned int quota,
		      uint32_t value)
{
	uint32_t *dflt = limit_in(&accounts->limits, quota);
	struct xs_map_link *link, *next;
	uint32_t i;

	xs_map_for_each(link, next, &accounts->map, i) {
		struct entry *e = xs_container_of(link, struct entry, link);
		uint32_t *own = limit_in(&e->account->limits, quota);

		if (*own == *dflt)
			*own = value;
	}
	*dflt = value;
}

/*
 * Another limit for all accounts, to be opened or open, but those that were
 * given one of their own.
 */
void xs_accounts_set_limit(struct xs_accounts *accounts, enum xs_quota quota,
			   uint32_t value)
{
	set_limit(accounts, quota, value);
}

void xs_accounts_set_soft_memory(struct xs_accounts *accounts, uint32_t value)
{
	set_limit(accounts, XS_N_QUOTAS, value);
}

/* The domid's present life is over. */
void xs_accounts_drop(struct xs_accounts *accounts, uint16_t domid)
{
	struct entry *e = find(accounts, domid);

	if (!e)
		return;
	xs_map_remove(&accounts->map, &e->link);
	xs_account_close(e->account);
	free(e);
}
