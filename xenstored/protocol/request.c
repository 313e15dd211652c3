/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a request to its reply.
 *
 * I1  xs_protocol_request() queues exactly one reply, at its one exit,
 *     whatever the handler did (XSA-481); none for a request that somebody
 *     else will answer.
 * I2  Errors reach a client through send_error() only.
 */
#include "protocol/request.h"

#include <errno.h>
#include <string.h>

#include "base/settings.h"
#include "conn/domain.h"
#include "plat/plat.h"
#include "store/store.h"
#include "wire/args.h"

#define PRIVILEGED 1 /* for privileged clients only */
#define NO_TXN	   2 /* the transaction id means nothing */
#define GROWS	   4 /* needs more memory afterwards */

/*
 * What GROWS is refused when less memory is free than this, in percent.  The
 * rest is for replies and events, without which connections are lost, and for
 * requests that make room; some of it is kept from guests for those who can
 * remove them.
 */
#define SPARE_FOR_PRIVILEGED XS_CONN_SPARE_PERCENT
#define SPARE_FOR_ALL	     8

static const struct {
	xs_handler_fn *handler;
	unsigned int flags;
} ops[XS_N_OPS] = {
	[XS_OP_CONTROL] = {xs_do_control, PRIVILEGED},
	[XS_OP_DIRECTORY] = {xs_do_directory, 0},
	[XS_OP_READ] = {xs_do_read, 0},
	[XS_OP_GET_PERMS] = {xs_do_get_perms, 0},
	[XS_OP_WATCH] = {xs_do_watch, NO_TXN | GROWS},
	[XS_OP_UNWATCH] = {xs_do_unwatch, NO_TXN},
	[XS_OP_TRANSACTION_START] = {xs_do_transaction_start, 0},
	[XS_OP_TRANSACTION_END] = {xs_do_transaction_end, 0},
	[XS_OP_INTRODUCE] = {xs_do_introduce, PRIVILEGED | GROWS},
	[XS_OP_RELEASE] = {xs_do_release, PRIVILEGED},
	[XS_OP_GET_DOMAIN_PATH] = {xs_do_get_domain_path, 0},
	[XS_OP_WRITE] = {xs_do_write, GROWS},
	[XS_OP_MKDIR] = {xs_do_mkdir, GROWS},
	[XS_OP_RM] = {xs_do_rm, 0},
	[XS_OP_SET_PERMS] = {xs_do_set_perms, GROWS},
	[XS_OP_IS_DOMAIN_INTRODUCED] = {xs_do_is_domain_introduced, PRIVILEGED},
	[XS_OP_RESUME] = {xs_do_resume, PRIVILEGED},
	[XS_OP_SET_TARGET] = {xs_do_set_target, PRIVILEGED},
	[XS_OP_RESET_WATCHES] = {xs_do_reset_watches, 0},
	[XS_OP_DIRECTORY_PART] = {xs_do_directory_part, 0},
	[XS_OP_GET_FEATURE] = {xs_do_get_feature, 0},
	[XS_OP_SET_FEATURE] = {xs_do_set_feature, PRIVILEGED},
	[XS_OP_GET_QUOTA] = {xs_do_get_quota, PRIVILEGED},
	[XS_OP_SET_QUOTA] = {xs_do_set_quota, PRIVILEGED},
};

/* ---- What handlers share ---------------------------------------------- */

/* A path of the client's, made absolute, special names included.  -EINVAL. */
int xs_request_path(struct xs_request *req, const char *text, size_t len,
		    struct xs_path *pathp)
{
	const struct xs_account *account = req->conn->account;
	uint32_t max = account->limits.max[XS_QUOTA_PATH_MAX];
	int rc = xs_path_canonical(text, len, xs_conn_cred(req->conn)->domid,
				   req->path_buf, pathp);

	if (rc)
		return rc;
	return max && xs_path_counted_len(pathp) > max ? -EINVAL : 0;
}

/* The same, but the path has to be one of a node.  -EINVAL. */
int xs_request_node_path(struct xs_request *req, const char *text, size_t len,
			 struct xs_path *pathp)
{
	int rc = xs_request_path(req, text, len, pathp);

	return rc ? rc : xs_path_is_special(pathp) ? -EINVAL : 0;
}

/* Where the request acts: in its transaction, or on the store as it is. */
struct xs_stage *xs_request_begin(struct xs_request *req)
{
	const struct xs_cred *cred = xs_conn_cred(req->conn);
	struct xs_stage *now = &req->protocol->store->now;

	if (req->txn) {
		req->txn->stage.cred = *cred;
		return &req->txn->stage;
	}
	xs_stage_open_now(now, cred, req->conn->account);
	return now;
}

/* A change was staged with result rc; outside of transactions it is made. */
int xs_request_end(struct xs_request *req, struct xs_stage *stage, int rc)
{
	if (req->txn)
		return rc;
	if (!rc)
		return xs_stage_commit(stage, &req->protocol->store->watches);
	xs_stage_close(stage);
	return rc;
}

/* The reply that says just that. */
int xs_request_ok(struct xs_request *req)
{
	xs_wr_string(&req->reply, "OK");
	return 0;
}

/* For a payload of one domid.  -EINVAL. */
int xs_request_domid(const struct xs_request *req, uint16_t *domidp)
{
	size_t len;
	int rc = xs_args_one(req->payload, req->len, &len);

	return rc ? rc : xs_parse_domid(req->payload, domidp);
}

/* The XS_FEATURE_ bits this client may rely on. */
uint32_t xs_request_features(const struct xs_request *req)
{
	const struct xs_domain *domain = req->conn->domain;

	return domain ? domain->features : XS_FEATURES_ALL;
}

/* Whether too little is left for what makes the store bigger. */
bool xs_request_is_memory_short(const struct xs_request *req)
{
	bool privileged = xs_conn_cred(req->conn)->privileged;

	return plat_memory_free(req->protocol->plat) <
	       (privileged ? SPARE_FOR_ALL : SPARE_FOR_PRIVILEGED);
}

/* ---- Dispatch --------------------------------------------------------- */

static int handle(struct xs_request *req)
{
	uint32_t type = req->hdr->type, tx_id = req->hdr->tx_id;

	if (type >= XS_N_OPS || !ops[type].handler)
		return -ENOSYS;
	if ((ops[type].flags & PRIVILEGED) &&
	    !xs_conn_cred(req->conn)->privileged)
		return -EACCES;
	if ((ops[type].flags & GROWS) && xs_request_is_memory_short(req))
		return -ENOMEM;
	if (tx_id && !(ops[type].flags & NO_TXN)) {
		req->txn = xs_txn_find(&req->conn->txns, tx_id);
		if (!req->txn)
			return -ENOENT;
	}
	return ops[type].handler(req);
}

static void send_error(struct xs_conn *conn, const struct xs_hdr *of, int rc)
{
	const char *name = xs_error_name(-rc);
	struct xs_hdr hdr = *of;

	hdr.type = XS_OP_ERROR;
	hdr.len = (uint32_t)strlen(name) + 1;
	xs_conn_reply(conn, &hdr, name);
}

static void send_reply(struct xs_conn *conn, const struct xs_hdr *of,
		       const struct xs_wr *reply)
{
	struct xs_hdr hdr = *of;

	hdr.len = (uint32_t)reply->len;
	xs_conn_reply(conn, &hdr, reply->buf);
}

/* Inline, since it is part of every request. */
static inline void answer(struct xs_protocol *protocol, struct xs_conn *conn,
			  const struct xs_hdr *hdr, int rc,
			  const struct xs_wr *reply)
{
	if (!rc && reply->failed)
		rc = -E2BIG;
	if (rc) {
		protocol->n_errors++;
		send_error(conn, hdr, rc);
	} else {
		send_reply(conn, hdr, reply);
	}
}

/*
 * Answers the request with that header, which was parked: with an error, or the
 * reply.
 */
void xs_protocol_answer(struct xs_protocol *protocol, struct xs_conn *conn,
			const struct xs_hdr *hdr, int rc,
			const struct xs_wr *reply)
{
	answer(protocol, conn, hdr, rc, reply);
}

/* A new watch fires once, whether or not there is anything to see (XSA-115). */
static void first_event(struct xs_request *req)
{
	struct xs_watch *w = req->watch;

	xs_conn_deliver(req->protocol->conns, w, w->text, w->path_len,
			xs_conn_cred(req->conn)->domid);
}

static void trace(const struct xs_request *req, int rc)
{
	const struct xs_conn *conn = req->conn;

	xs_log(req->protocol->log, XS_LOG_TRACE,
	       "request conn=%u domid=%u op=%s tx=%u arg=\"%.*s\" result=%s",
	       conn->id, xs_conn_cred(conn)->domid, xs_op_name(req->hdr->type),
	       req->hdr->tx_id, (int)strnlen(req->payload, req->len),
	       req->payload, rc ? xs_error_name(-rc) : "ok");
}

/* Answers one request (an xs_request_fn). */
void xs_protocol_request(void *arg, struct xs_conn *conn,
			 const struct xs_hdr *hdr, const char *payload)
{
	struct xs_protocol *protocol = arg;
	char buf[XS_PAYLOAD_MAX];
	struct xs_request req;
	int rc;

	req.protocol = protocol;
	req.conn = conn;
	req.hdr = hdr;
	req.payload = payload;
	req.len = hdr->len;
	req.txn = NULL;
	req.watch = NULL;
	req.parked = false;
	xs_wr_init(&req.reply, buf, sizeof(buf));
	protocol->n_requests++;

	rc = handle(&req);
	if (!req.parked)
		answer(protocol, conn, hdr, rc, &req.reply);
	if (req.watch)
		first_event(&req);
	if (protocol->log->trace) /* what is to be said costs as well */
		trace(&req, rc);
}
