/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accounts and charges.
 *
 * I1  An account's used[] is the sum of its live charges, nothing else writes
 *     it.
 * I2  A charge with an account is live; release forgets the account, so a
 *     second release does nothing.
 * I3  A closed account (its domain is gone) lives until its last charge goes,
 *     for instance a message still queued at another domain.
 */
#include "base/charge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const quota_names[XS_N_QUOTAS] = {
#define QUOTA(sym, name, dflt, text) [XS_QUOTA_##sym] = name,
#include "base/quota.def"
#undef QUOTA
};

static const char *const quota_texts[XS_N_QUOTAS] = {
#define QUOTA(sym, name, dflt, text) [XS_QUOTA_##sym] = text,
#include "base/quota.def"
#undef QUOTA
};

#define SOFT_MEMORY_DEFAULT 2097152

/* Name as in CONTROL, GET_QUOTA and the options. */
const char *xs_quota_name(enum xs_quota quota)
{
	return quota_names[quota];
}

/* One line for an operator. */
const char *xs_quota_text(enum xs_quota quota)
{
	return quota_texts[quota];
}

/*
 * The quota of that name; 4.17 says "permissions" for "node-permissions".
 * -ENOENT when there is none.
 */
int xs_quota_by_name(const char *name, enum xs_quota *quotap)
{
	unsigned int i;

	if (!strcmp(name, "permissions"))
		name = quota_names[XS_QUOTA_NODE_PERMISSIONS];
	for (i = 0; i < XS_N_QUOTAS; i++) {
		if (!strcmp(name, quota_names[i])) {
			*quotap = (enum xs_quota)i;
			return 0;
		}
	}
	return -ENOENT;
}

/* Debian 4.17's defaults. */
void xs_limits_default(struct xs_limits *limits)
{
	static const uint32_t dflt[XS_N_QUOTAS] = {
#define QUOTA(sym, name, dflt, text) [XS_QUOTA_##sym] = dflt,
#include "base/quota.def"
#undef QUOTA
	};

	memcpy(limits->max, dflt, sizeof(dflt));
	limits->soft_memory = SOFT_MEMORY_DEFAULT;
}

/*
 * Opens the account of a domain; limited says whether charges above a limit
 * are refused.  hit may be NULL.  NULL when out of memory.
 */
struct xs_account *xs_account_new(uint16_t domid, bool limited,
				  const struct xs_limits *limits,
				  xs_account_hit_fn *hit, void *hit_arg)
{
	struct xs_account *account = calloc(1, sizeof(*account));

	if (!account)
		return NULL;
	account->domid = domid;
	account->limited = limited;
	account->limits = *limits;
	account->hit = hit;
	account->hit_arg = hit_arg;
	return account;
}

/* Nothing charged at all. */
bool xs_account_is_zero(const struct xs_account *account)
{
	unsigned int i;

	for (i = 0; i < XS_N_QUOTAS; i++) {
		if (account->used[i])
			return false;
	}
	return account->n_charges == 0;
}

/* The domain is gone: frees the account, at once or with its last charge. */
void xs_account_close(struct xs_account *account)
{
	if (!account)
		return;
	account->closed = true;
	account->hit = NULL;
	if (!account->n_charges)
		free(account);
}

static uint64_t limit_of(const struct xs_account *account, enum xs_quota quota)
{
	uint32_t max = account->limits.max[quota];

	return account->limited && max ? max : UINT64_MAX;
}

static void note_hit(struct xs_account *account, enum xs_quota quota)
{
	account->hits[quota]++;
	if (account->hit)
		account->hit(account->hit_arg, account, quota, false);
}

/* At or above its limit: wait before letting the domain cause more. */
bool xs_account_over(const struct xs_account *account, enum xs_quota quota)
{
	return account->used[quota] >= limit_of(account, quota);
}

/*
 * Whether one thing may have this size or count (node-size, path-max, ...);
 * a refusal is counted and reported.
 */
bool xs_account_fits(struct xs_account *account, enum xs_quota quota,
		     uint64_t value)
{
	if (value <= limit_of(account, quota))
		return true;
	note_hit(account, quota);
	return false;
}

/* Whether more could be charged; a refusal is counted and reported. */
bool xs_account_has_room(struct xs_account *account, enum xs_quota quota,
			 int64_t more)
{
	if (more <= 0)
		return true;
	return xs_account_fits(account, quota,
			       account->used[quota] + (uint64_t)more);
}

static void add(struct xs_account *account, enum xs_quota quota, uint64_t more)
{
	uint64_t before = account->used[quota];
	uint32_t soft = account->limits.soft_memory;

	account->used[quota] = before + more;
	if (account->used[quota] > account->peak[quota])
		account->peak[quota] = account->used[quota];
	if (quota == XS_QUOTA_MEMORY && account->limited && soft &&
	    before <= soft && before + more > soft && account->hit)
		account->hit(account->hit_arg, account, quota, true);
}

/*
 * Takes one of kind (XS_CHARGE_BYTES_ONLY: none) and bytes of memory from the
 * account, or nothing and returns XS_CHARGE_E_QUOTA.
 */
int xs_charge_take(struct xs_charge *charge, struct xs_account *account,
		   unsigned int kind, size_t bytes)
{
	if (kind < XS_N_QUOTAS &&
	    !xs_account_has_room(account, (enum xs_quota)kind, 1))
		return XS_CHARGE_E_QUOTA;
	if (!xs_account_has_room(account, XS_QUOTA_MEMORY, (int64_t)bytes))
		return XS_CHARGE_E_QUOTA;
	xs_charge_force(charge, account, kind, bytes);
	return 0;
}

/* As xs_charge_take(), for what was checked before or must not fail. */
void xs_charge_force(struct xs_charge *charge, struct xs_account *account,
		     unsigned int kind, size_t bytes)
{
	charge->account = account;
	charge->bytes = (uint32_t)bytes;
	charge->kind = (uint16_t)kind;
	account->n_charges++;
	if (kind < XS_N_QUOTAS)
		add(account, (enum xs_quota)kind, 1);
	add(account, XS_QUOTA_MEMORY, bytes);
}

/* The thing that is paid for now has another size. */
void xs_charge_resize(struct xs_charge *charge, size_t bytes)
{
	struct xs_account *account = charge->account;

	if (!account)
		return;
	account->used[XS_QUOTA_MEMORY] -= charge->bytes;
	add(account, XS_QUOTA_MEMORY, bytes);
	charge->bytes = (uint32_t)bytes;
}

/* Somebody else pays from now on. */
void xs_charge_move(struct xs_charge *charge, struct xs_account *account)
{
	unsigned int kind = charge->kind;
	size_t bytes = charge->bytes;

	if (charge->account == account)
		return;
	xs_charge_release(charge);
	xs_charge_force(charge, account, kind, bytes);
}

/* Gives back what was taken; nothing when nothing was. */
void xs_charge_release(struct xs_charge *charge)
{
	struct xs_account *account = charge->account;

	if (!account)
		return;
	charge->account = NULL;
	account->used[XS_QUOTA_MEMORY] -= charge->bytes;
	if (charge->kind < XS_N_QUOTAS)
		account->used[charge->kind]--;
	account->n_charges--;
	if (account->closed && !account->n_charges)
		free(account);
}
