/* SPDX-License-Identifier: GPL-2.0-only */
/* The accounts of all domains, found by domid. */
#ifndef XS_BASE_ACCOUNTS_H
#define XS_BASE_ACCOUNTS_H

#include "base/charge.h"
#include "base/map.h"

struct xs_settings;

struct xs_accounts {
	struct xs_map map;
	const struct xs_settings *settings;
	struct xs_limits limits; /* for accounts opened from now on */
	xs_account_hit_fn *hit;
	void *hit_arg;
};

int xs_accounts_init(struct xs_accounts *accounts,
		     const struct xs_settings *settings);
void xs_accounts_fini(struct xs_accounts *accounts);
struct xs_account *xs_accounts_find(const struct xs_accounts *accounts,
				    uint16_t domid);
int xs_accounts_get(struct xs_accounts *accounts, uint16_t domid,
		    struct xs_account **accountp);
void xs_accounts_set_limit(struct xs_accounts *accounts, enum xs_quota quota,
			   uint32_t value);
void xs_accounts_set_soft_memory(struct xs_accounts *accounts, uint32_t value);
void xs_accounts_drop(struct xs_accounts *accounts, uint16_t domid);

#endif
