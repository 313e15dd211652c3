/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who pays for what: an account per domain, and in every object that a domain
 * causes a charge that was taken from one account and goes back exactly once.
 */
#ifndef XS_BASE_CHARGE_H
#define XS_BASE_CHARGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum xs_quota {
#define QUOTA(sym, name, dflt, text) XS_QUOTA_##sym,
#include "base/quota.def"
#undef QUOTA
	XS_N_QUOTAS
};

/* What a limit of every kind is; soft_memory only leads to a warning. */
struct xs_limits {
	uint32_t max[XS_N_QUOTAS]; /* 0: no limit */
	uint32_t soft_memory;	   /* 0: never warn */
};

struct xs_account;

/* Called at a refused charge, and at memory above its soft limit (soft). */
typedef void xs_account_hit_fn(void *arg, struct xs_account *account,
			       enum xs_quota quota, bool soft);

struct xs_account {
	uint16_t domid;
	bool limited;	    /* false: counted, never refused */
	bool closed;	    /* its domain is gone */
	uint32_t n_charges; /* charges not given back yet */
	uint64_t used[XS_N_QUOTAS];
	uint64_t peak[XS_N_QUOTAS];
	uint32_t hits[XS_N_QUOTAS]; /* refusals so far */
	struct xs_limits limits;
	xs_account_hit_fn *hit;
	void *hit_arg;
};

/* Zero-initialised means: nothing taken. */
struct xs_charge {
	struct xs_account *account;
	uint32_t bytes;
	uint16_t kind;
};

#define XS_CHARGE_BYTES_ONLY XS_N_QUOTAS

/* Positive results of this module, to be handled by the caller. */
enum {
	XS_CHARGE_E_QUOTA = 1
};

const char *xs_quota_name(enum xs_quota quota);
const char *xs_quota_text(enum xs_quota quota);
int xs_quota_by_name(const char *name, enum xs_quota *quotap);
void xs_limits_default(struct xs_limits *limits);

struct xs_account *xs_account_new(uint16_t domid, bool limited,
				  const struct xs_limits *limits,
				  xs_account_hit_fn *hit, void *hit_arg);
bool xs_account_is_zero(const struct xs_account *account);
void xs_account_close(struct xs_account *account);
bool xs_account_over(const struct xs_account *account, enum xs_quota quota);
bool xs_account_fits(struct xs_account *account, enum xs_quota quota,
		     uint64_t value);
bool xs_account_has_room(struct xs_account *account, enum xs_quota quota,
			 int64_t more);

int xs_charge_take(struct xs_charge *charge, struct xs_account *account,
		   unsigned int kind, size_t bytes);
void xs_charge_force(struct xs_charge *charge, struct xs_account *account,
		     unsigned int kind, size_t bytes);
void xs_charge_resize(struct xs_charge *charge, size_t bytes);
void xs_charge_move(struct xs_charge *charge, struct xs_account *account);
void xs_charge_release(struct xs_charge *charge);

#endif
