/* SPDX-License-Identifier: GPL-2.0-only */
/* WATCH, UNWATCH, RESET_WATCHES. */
#include <errno.h>
#include <string.h>

#include "protocol/request.h"
#include "store/store.h"
#include "wire/args.h"

/* path, token and, for those who know of it, depth */
static int parse_depth(const struct xs_request *req, const char *text,
		       int32_t *depthp)
{
	uint32_t depth;
	int rc;

	if (!(xs_request_features(req) & XS_FEATURE_WATCHDEPTH))
		return -EINVAL;
	rc = xs_parse_u32(text, &depth);
	if (rc)
		return rc;
	*depthp = depth > INT32_MAX ? INT32_MAX : (int32_t)depth;
	return 0;
}

int xs_do_watch(struct xs_request *req)
{
	int32_t depth = XS_WATCH_DEPTH_ALL;
	const char *args[3];
	struct xs_path path;
	size_t used, n;
	int rc;

	n = xs_args_split(req->payload, req->len, args, 3, &used);
	if (n != 2 && n != 3)
		return -EINVAL;
	if (n == 3) {
		rc = parse_depth(req, args[2], &depth);
		if (rc)
			return rc;
	}
	rc = xs_request_path(req, args[0], strlen(args[0]), &path);
	if (rc)
		return rc;
	rc = xs_watch_add(&req->protocol->store->watches, &req->conn->watcher,
			  req->conn->account, &path, args[1], strlen(args[1]),
			  depth, &req->watch);
	if (rc == XS_CHARGE_E_QUOTA)
		return -E2BIG; /* as 4.17 says it */
	return rc ? rc : xs_request_ok(req);
}

int xs_do_unwatch(struct xs_request *req)
{
	struct xs_watches *watches = &req->protocol->store->watches;
	const char *args[2];
	struct xs_watch *w;
	struct xs_path path;
	size_t used, n;
	int rc;

	n = xs_args_split(req->payload, req->len, args, 2, &used);
	if (n != 2)
		return -EINVAL;
	rc = xs_request_path(req, args[0], strlen(args[0]), &path);
	if (rc)
		return rc;
	w = xs_watch_find(watches, &req->conn->watcher, &path, args[1],
			  strlen(args[1]));
	if (!w)
		return -ENOENT;
	xs_watch_remove(watches, w);
	return xs_request_ok(req);
}

/* All watches and transactions of the client's, this request's too. */
int xs_do_reset_watches(struct xs_request *req)
{
	xs_watch_remove_all(&req->protocol->store->watches,
			    &req->conn->watcher);
	xs_txns_abort_all(&req->conn->txns);
	req->txn = NULL;
	return xs_request_ok(req);
}
