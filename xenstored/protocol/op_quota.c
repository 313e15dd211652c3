/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GET_FEATURE, SET_FEATURE, GET_QUOTA, SET_QUOTA (docs/misc/xenstore.txt of
 * Xen 4.22).
 */
#include <errno.h>
#include <string.h>

#include "conn/domain.h"
#include "protocol/request.h"
#include "store/store.h"
#include "wire/args.h"

#define SOFT_PREFIX "soft-"

/* Up to max strings; a single empty one is as good as none.  -EINVAL. */
static int optional_args(const struct xs_request *req, const char **args,
			 size_t max, size_t *np)
{
	size_t used;

	*np = xs_args_split(req->payload, req->len, args, max, &used);
	if (*np > max || used != req->len)
		return -EINVAL;
	if (*np == 1 && !args[0][0])
		*np = 0;
	return 0;
}

static int reply_number(struct xs_request *req, uint32_t value)
{
	xs_wr_printf(&req->reply, "%u", value);
	xs_wr_bytes(&req->reply, "", 1);
	return 0;
}

int xs_do_get_feature(struct xs_request *req)
{
	struct xs_domain *domain;
	const char *args[1];
	uint16_t domid;
	size_t n;
	int rc = optional_args(req, args, 1, &n);

	if (rc)
		return rc;
	if (!n)
		return reply_number(req, xs_request_features(req));
	if (!xs_conn_cred(req->conn)->privileged)
		return -EACCES;
	rc = xs_parse_domid(args[0], &domid);
	if (rc)
		return rc;
	domain = xs_domain_find(req->protocol->conns, domid);
	return domain ? reply_number(req, domain->features) : -ENOENT;
}

/* Only before the guest can have seen the features. */
int xs_do_set_feature(struct xs_request *req)
{
	struct xs_domain *domain;
	uint32_t features;
	const char *args[2];
	uint16_t domid;
	size_t n;
	int rc = optional_args(req, args, 2, &n);

	if (rc || n != 2)
		return -EINVAL;
	rc = xs_parse_domid(args[0], &domid);
	if (!rc)
		rc = xs_parse_u32(args[1], &features);
	if (rc || (features & ~XS_FEATURES_ALL))
		return -EINVAL;
	rc = xs_domain_get(req->protocol->conns, domid, &domain);
	if (rc)
		return rc;
	if (domain->introduced)
		return -EBUSY;
	domain->features = features;
	return xs_request_ok(req);
}

/* The limit of that name among some limits.  -EINVAL. */
static int find_limit(struct xs_limits *limits, const char *name,
		      uint32_t **limitp)
{
	enum xs_quota quota;

	if (!strcmp(name, SOFT_PREFIX "memory")) {
		*limitp = &limits->soft_memory;
		return 0;
	}
	if (xs_quota_by_name(name, &quota))
		return -EINVAL;
	*limitp = &limits->max[quota];
	return 0;
}

/* Of one domain's account, or for domains to come.  -ENOENT, -EINVAL. */
static int find_limits(struct xs_request *req, const char *domid_text,
		       struct xs_limits **limitsp)
{
	struct xs_domain *domain;
	uint16_t domid;
	int rc;

	*limitsp = &req->protocol->store->accounts.limits;
	if (!domid_text)
		return 0;
	rc = xs_parse_domid(domid_text, &domid);
	if (rc)
		return rc;
	rc = xs_domain_get(req->protocol->conns, domid, &domain);
	if (!rc)
		*limitsp = &domain->account->limits;
	return rc;
}

static int reply_names(struct xs_request *req)
{
	unsigned int i;

	for (i = 0; i < XS_N_QUOTAS; i++)
		xs_wr_printf(&req->reply, "%s ",
			     xs_quota_name((enum xs_quota)i));
	xs_wr_string(&req->reply, SOFT_PREFIX "memory");
	return 0;
}

int xs_do_get_quota(struct xs_request *req)
{
	struct xs_limits *limits;
	const char *args[2];
	uint32_t *limit;
	size_t n;
	int rc = optional_args(req, args, 2, &n);

	if (rc)
		return rc;
	if (!n)
		return reply_names(req);
	rc = find_limits(req, n == 2 ? args[0] : NULL, &limits);
	if (!rc)
		rc = find_limit(limits, args[n - 1], &limit);
	return rc ? rc : reply_number(req, *limit);
}

int xs_do_set_quota(struct xs_request *req)
{
	struct xs_limits *limits;
	const char *args[3];
	uint32_t *limit, value;
	size_t n;
	int rc = optional_args(req, args, 3, &n);

	if (rc || n < 2)
		return -EINVAL;
	rc = xs_parse_u32(args[n - 1], &value);
	if (!rc)
		rc = find_limits(req, n == 3 ? args[0] : NULL, &limits);
	if (!rc)
		rc = find_limit(limits, args[n - 2], &limit);
	if (rc)
		return rc;
	*limit = value;
	return xs_request_ok(req);
}
