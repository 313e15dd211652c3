/* SPDX-License-Identifier: GPL-2.0-only */
/* CONTROL quota and quota-soft. */
#include <errno.h>
#include <string.h>

#include "conn/domain.h"
#include "protocol/control.h"
#include "protocol/request.h"
#include "store/store.h"
#include "wire/args.h"

#define DEFAULT_NEAR_PERCENT 80

static int end_text(struct xs_request *req)
{
	xs_wr_bytes(&req->reply, "", 1);
	return 0;
}

/* 4.17's text for each quota: its value and what it means. */
static void line_setting(struct xs_request *req, const char *name,
			 uint32_t value, const char *text)
{
	xs_wr_printf(&req->reply, "%-17s: %8u %s\n", name, value, text);
}

static int show_settings(struct xs_request *req)
{
	const struct xs_limits *limits = &req->protocol->store->accounts.limits;
	unsigned int i;

	xs_wr_printf(&req->reply, "Quota settings:\n");
	for (i = 0; i < XS_N_QUOTAS; i++) {
		enum xs_quota quota = (enum xs_quota)i;

		/* GET_QUOTA has another name for it than CONTROL always had. */
		line_setting(req,
			     quota == XS_QUOTA_NODE_PERMISSIONS
				     ? "permissions"
				     : xs_quota_name(quota),
			     limits->max[i], xs_quota_text(quota));
	}
	return end_text(req);
}

static int show_domain(struct xs_request *req, const char *text)
{
	const struct xs_account *account;
	uint16_t domid;
	unsigned int i;
	int rc = xs_parse_domid(text, &domid);

	if (rc)
		return rc;
	account = xs_accounts_find(&req->protocol->store->accounts, domid);
	if (!account)
		return -ENOENT;
	xs_wr_printf(&req->reply, "Domain %u:\n", domid);
	for (i = 0; i < XS_N_QUOTAS; i++) {
		if (i == XS_QUOTA_TRANSACTION_NODES || i >= XS_QUOTA_NODE_SIZE)
			continue; /* sizes of one thing, not sums */
		xs_wr_printf(&req->reply, "%-16s: %8llu\n",
			     xs_quota_name((enum xs_quota)i),
			     (unsigned long long)account->used[i]);
	}
	return end_text(req);
}

typedef void account_fn(void *arg, struct xs_account *account);

static void each_account(struct xs_request *req, account_fn *fn, void *arg)
{
	uint32_t domid;

	for (domid = 0; domid <= UINT16_MAX; domid++) {
		struct xs_account *account = xs_accounts_find(
			&req->protocol->store->accounts, (uint16_t)domid);

		if (account)
			fn(arg, account);
	}
}

static void raise_max(void *arg, struct xs_account *account)
{
	uint64_t *max = arg;
	unsigned int i;

	for (i = 0; account->limited && i < XS_N_QUOTAS; i++) {
		if (account->peak[i] > max[i])
			max[i] = account->peak[i];
	}
}

static void reset_peak(void *arg, struct xs_account *account)
{
	(void)arg;
	memcpy(account->peak, account->used, sizeof(account->peak));
}

/* The most any unprivileged domain ever used; -r: forget it afterwards. */
static int show_max(struct xs_request *req, bool reset)
{
	uint64_t max[XS_N_QUOTAS] = {0};
	unsigned int i;

	each_account(req, raise_max, max);
	xs_wr_printf(&req->reply, "Max used so far:\n");
	for (i = 0; i < XS_N_QUOTAS; i++)
		xs_wr_printf(&req->reply, "%-17s: %8llu\n",
			     xs_quota_name((enum xs_quota)i),
			     (unsigned long long)max[i]);
	if (reset)
		each_account(req, reset_peak, NULL);
	return end_text(req);
}

struct near {
	struct xs_request *req;
	uint32_t percent;
};

static void show_if_near(void *arg, struct xs_account *account)
{
	const struct near *near = arg;
	struct xs_wr *reply = &near->req->reply;
	unsigned int i;

	for (i = 0; account->limited && i < XS_N_QUOTAS; i++) {
		uint64_t limit = account->limits.max[i];

		if (!limit || (account->used[i] * 100 < limit * near->percent &&
			       !account->hits[i]))
			continue;
		/* Room for the closing line: a host may have many. */
		if (reply->max - reply->len < 160) {
			if (reply->buf[reply->len - 2] != '.')
				xs_wr_printf(reply, "...\n");
			return;
		}
		xs_wr_printf(reply,
			     "domid=%u quota=%s used=%llu peak=%llu limit=%llu "
			     "refused=%u\n",
			     account->domid, xs_quota_name((enum xs_quota)i),
			     (unsigned long long)account->used[i],
			     (unsigned long long)account->peak[i],
			     (unsigned long long)limit, account->hits[i]);
	}
}

/* Who uses so much of a quota, or was refused something. */
static int show_near(struct xs_request *req, const char *text)
{
	struct near near = {.req = req, .percent = DEFAULT_NEAR_PERCENT};

	if (text && (xs_parse_u32(text, &near.percent) || near.percent > 100))
		return -EINVAL;
	each_account(req, show_if_near, &near);
	return end_text(req);
}

static int parse_limit(const char *text, uint32_t *valuep)
{
	int rc = xs_parse_u32(text, valuep);

	return rc || !*valuep ? -EINVAL : 0;
}

int xs_control_quota(struct xs_request *req, const char *const *args, size_t n)
{
	enum xs_quota quota;
	uint32_t value;

	if (n == 1)
		return show_settings(req);
	if (n == 4 && !strcmp(args[1], "set")) {
		if (xs_quota_by_name(args[2], &quota) ||
		    parse_limit(args[3], &value))
			return -EINVAL;
		xs_accounts_set_limit(&req->protocol->store->accounts, quota,
				      value);
		return xs_request_ok(req);
	}
	if (!strcmp(args[1], "max") &&
	    (n == 2 || (n == 3 && !strcmp(args[2], "-r"))))
		return show_max(req, n == 3);
	if (!strcmp(args[1], "near") && n <= 3)
		return show_near(req, n == 3 ? args[2] : NULL);
	return n == 2 ? show_domain(req, args[1]) : -EINVAL;
}

int xs_control_quota_soft(struct xs_request *req, const char *const *args,
			  size_t n)
{
	struct xs_accounts *accounts = &req->protocol->store->accounts;
	uint32_t value;

	if (n == 1) {
		xs_wr_printf(&req->reply, "Quota settings:\n");
		line_setting(req, "memory", accounts->limits.soft_memory,
			     "a warning is logged above (bytes)");
		return end_text(req);
	}
	if (n != 4 || strcmp(args[1], "set") || strcmp(args[2], "memory") ||
	    parse_limit(args[3], &value))
		return -EINVAL;
	xs_accounts_set_soft_memory(accounts, value);
	return xs_request_ok(req);
}
