/* SPDX-License-Identifier: GPL-2.0-only */
/* GET_PERMS and SET_PERMS. */
#include <errno.h>
#include <string.h>

#include "base/settings.h"
#include "conn/domain.h"
#include "protocol/request.h"
#include "store/store.h"
#include "wire/args.h"
#include "wire/perm.h"

/* As many as a payload can name: "/" NUL and then "n0" NUL each. */
#define PERMS_MAX (XS_PAYLOAD_MAX / 3)

static bool is_known_special(const struct xs_path *path)
{
	static const char *const names[] = {
		XS_INTRODUCE_DOMAIN,
		XS_RELEASE_DOMAIN,
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (path->len == strlen(names[i]) &&
		    !memcmp(path->text, names[i], path->len))
			return true;
	}
	return false;
}

/* Nodes, and the special nodes that decide who hears of domains. */
static int perm_path(struct xs_request *req, const char *text, size_t len,
		     struct xs_path *pathp)
{
	int rc = xs_request_path(req, text, len, pathp);

	if (!rc && xs_path_is_special(pathp) && !is_known_special(pathp))
		rc = -EINVAL;
	return rc;
}

int xs_do_get_perms(struct xs_request *req)
{
	const struct xs_perms *perms;
	struct xs_path path;
	unsigned int i;
	size_t len;
	int rc = xs_args_one(req->payload, req->len, &len);

	if (!rc)
		rc = perm_path(req, req->payload, len, &path);
	if (!rc)
		rc = xs_stage_perms(xs_request_begin(req), &path, &perms);
	for (i = 0; !rc && i < perms->n; i++) {
		char text[XS_PERM_TEXT_MAX];

		xs_perm_format(&perms->entry[i], text);
		xs_wr_string(&req->reply, text);
	}
	return rc;
}

/* The owner has to be somebody; -ENOENT. */
static int check_owner(struct xs_request *req, uint16_t domid)
{
	struct xs_domain *domain;

	if (domid >= XS_DOMID_FIRST_RESERVED)
		return -ENOENT;
	return xs_domain_get(req->protocol->conns, domid, &domain);
}

static int parse_perms(const char *const *args, unsigned int n,
		       struct xs_perm *perms)
{
	unsigned int i;
	int rc;

	for (i = 0; i < n; i++) {
		rc = xs_perm_parse(args[i], &perms[i]);
		if (rc)
			return rc;
	}
	return 0;
}

int xs_do_set_perms(struct xs_request *req)
{
	const char *args[PERMS_MAX + 1];
	struct xs_perm perms[PERMS_MAX];
	struct xs_stage *stage;
	struct xs_path path;
	size_t used, n, i;
	int rc;

	n = xs_args_split(req->payload, req->len, args, PERMS_MAX + 1, &used);
	if (n < 2 || n > PERMS_MAX + 1 || used != req->len)
		return -EINVAL;
	rc = perm_path(req, args[0], strlen(args[0]), &path);
	if (rc)
		return rc;
	n--;
	if (!xs_account_fits(req->conn->account, XS_QUOTA_NODE_PERMISSIONS, n))
		return -ENOSPC;
	rc = parse_perms(args + 1, (unsigned int)n, perms);
	if (!rc)
		rc = check_owner(req, perms[0].domid);
	if (rc)
		return rc;
	for (i = 1; i < n; i++)
		xs_domain_settle_perm(req->protocol->conns,
				      xs_request_features(req), &perms[i]);
	stage = xs_request_begin(req);
	rc = xs_stage_set_perms(stage, &path, perms, (unsigned int)n);
	rc = xs_request_end(req, stage, rc);
	return rc ? rc : xs_request_ok(req);
}
