/* SPDX-License-Identifier: GPL-2.0-only */
/* INTRODUCE, RELEASE, RESUME, SET_TARGET and questions about domains. */
#include "conn/domain.h"

#include <errno.h>

#include "protocol/request.h"
#include "wire/args.h"

/* domid, frame (the page is grant 1 anyway), event channel; more is ignored */
int xs_do_introduce(struct xs_request *req)
{
	const char *args[3];
	uint16_t domid;
	uint32_t port;
	size_t used;
	int rc;

	if (xs_args_split(req->payload, req->len, args, 3, &used) < 3)
		return -EINVAL;
	rc = xs_parse_domid(args[0], &domid);
	if (!rc)
		rc = xs_parse_u32(args[2], &port);
	if (rc || !port || port > INT32_MAX)
		return -EINVAL;
	rc = xs_domain_introduce(req->protocol->conns, domid, port);
	return rc ? rc : xs_request_ok(req);
}

int xs_do_release(struct xs_request *req)
{
	uint16_t domid;
	int rc = xs_request_domid(req, &domid);

	if (!rc)
		rc = xs_domain_release(req->protocol->conns, domid);
	return rc ? rc : xs_request_ok(req);
}

/* The domain goes on after a shutdown: its next one is to be told again. */
int xs_do_resume(struct xs_request *req)
{
	struct xs_domain *domain;
	uint16_t domid;
	int rc = xs_request_domid(req, &domid);

	if (rc)
		return rc;
	if (!domid)
		return -EINVAL;
	domain = xs_domain_find(req->protocol->conns, domid);
	if (!domain || !domain->introduced)
		return -ENOENT;
	domain->shutdown_told = false;
	return xs_request_ok(req);
}

/* The first domain gets the rights of the second as well (its stub domain). */
int xs_do_set_target(struct xs_request *req)
{
	struct xs_conns *conns = req->protocol->conns;
	struct xs_domain *domain, *target;
	uint16_t domid, target_domid;
	const char *args[2];
	size_t used;
	int rc;

	if (xs_args_split(req->payload, req->len, args, 2, &used) < 2)
		return -EINVAL;
	rc = xs_parse_domid(args[0], &domid);
	if (!rc)
		rc = xs_parse_domid(args[1], &target_domid);
	if (rc)
		return rc;
	domain = xs_domain_find(conns, domid);
	target = xs_domain_find(conns, target_domid);
	if (!domain || !domain->introduced || !target || !target->introduced)
		return -ENOENT;
	domain->conn->watcher.cred.target = target_domid;
	return xs_request_ok(req);
}

int xs_do_get_domain_path(struct xs_request *req)
{
	uint16_t domid;
	int rc = xs_request_domid(req, &domid);

	if (rc)
		return rc;
	xs_wr_printf(&req->reply, "/local/domain/%u", domid);
	xs_wr_bytes(&req->reply, "", 1);
	return 0;
}

int xs_do_is_domain_introduced(struct xs_request *req)
{
	struct xs_domain *domain;
	uint16_t domid;
	int rc = xs_request_domid(req, &domid);

	if (rc)
		return rc;
	domain = xs_domain_find(req->protocol->conns, domid);
	xs_wr_string(&req->reply,
		     domid == XS_DOMID_SELF || (domain && domain->introduced)
			     ? "T"
			     : "F");
	return 0;
}
