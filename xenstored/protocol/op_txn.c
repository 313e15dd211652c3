/* SPDX-License-Identifier: GPL-2.0-only */
/* TRANSACTION_START and TRANSACTION_END. */
#include <errno.h>
#include <string.h>

#include "conn/penalty.h"
#include "protocol/request.h"
#include "store/store.h"

int xs_do_transaction_start(struct xs_request *req)
{
	struct xs_conn *conn = req->conn;
	uint32_t id;
	int rc;

	if (req->txn)
		return -EBUSY;
	rc = xs_txn_start(&conn->txns, &req->protocol->store->tree,
			  xs_conn_cred(conn), conn->account,
			  req->protocol->conns->now_ms, &id);
	if (rc == XS_CHARGE_E_QUOTA)
		return -ENOSPC;
	if (rc)
		return rc;
	xs_wr_printf(&req->reply, "%u", id);
	xs_wr_bytes(&req->reply, "", 1);
	return 0;
}

static bool is_arg(const struct xs_request *req, const char *text)
{
	return req->len == 2 && !memcmp(req->payload, text, 2);
}

int xs_do_transaction_end(struct xs_request *req)
{
	struct xs_protocol *protocol = req->protocol;
	struct xs_txn *txn = req->txn;
	uint16_t blame;
	int rc;

	if (!is_arg(req, "T") && !is_arg(req, "F"))
		return -EINVAL;
	if (!txn)
		return -ENOENT;
	req->txn = NULL;
	if (is_arg(req, "F")) {
		xs_txn_abort(&req->conn->txns, txn);
		return xs_request_ok(req);
	}
	txn->stage.cred = *xs_conn_cred(req->conn);
	rc = xs_txn_commit(&req->conn->txns, txn, &protocol->store->watches,
			   &blame);
	if (rc == -EAGAIN)
		xs_penalty_blame(protocol->conns,
				 xs_conn_cred(req->conn)->domid, blame);
	return rc ? rc : xs_request_ok(req);
}
