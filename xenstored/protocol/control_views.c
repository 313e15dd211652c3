/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CONTROL domains, connections, watches, transactions: what there is, a line
 * each, ordered by number.  A reply holds 4096 bytes: where there is more, the
 * last line is "more <number>", to be given as the argument of the next call.
 */
#include <errno.h>

#include "base/settings.h"
#include "conn/domain.h"
#include "plat/plat.h"
#include "protocol/control.h"
#include "protocol/request.h"
#include "store/store.h"
#include "wire/args.h"

#define MORE_LINE_MAX 32

/* Ends the reply when the next line might not fit. */
static bool is_full(struct xs_request *req, size_t line_len, uint32_t number)
{
	struct xs_wr *reply = &req->reply;

	if (reply->max - reply->len > line_len + MORE_LINE_MAX)
		return false;
	xs_wr_printf(reply, "more %u\n", number);
	return true;
}

static int end_text(struct xs_request *req)
{
	xs_wr_bytes(&req->reply, "", 1);
	return 0;
}

static int from_arg(const char *const *args, size_t n, size_t max,
		    uint32_t *fromp)
{
	*fromp = 0;
	if (n > max)
		return -EINVAL;
	return n > 1 ? xs_parse_u32(args[1], fromp) : 0;
}

static void show_domain(struct xs_request *req, const struct xs_domain *domain)
{
	const struct xs_account *account = domain->account;
	const struct xs_conn *conn = domain->conn;

	xs_wr_printf(&req->reply,
		     "domid=%u introduced=%s conn=%u state=%s target=%d "
		     "features=%u nodes=%llu watches=%llu transactions=%llu "
		     "outstanding=%llu memory=%llu\n",
		     domain->domid, domain->introduced ? "yes" : "no",
		     conn ? conn->id : 0,
		     !conn			      ? "none"
		     : conn->ignored		      ? "ignored"
		     : conn->quiesced		      ? "quiesced"
		     : xs_list_is_linked(&conn->work) ? "busy"
						      : "idle",
		     conn && xs_conn_cred(conn)->target != XS_DOMID_INVALID
			     ? xs_conn_cred(conn)->target
			     : -1,
		     domain->features,
		     (unsigned long long)account->used[XS_QUOTA_NODES],
		     (unsigned long long)account->used[XS_QUOTA_WATCHES],
		     (unsigned long long)account->used[XS_QUOTA_TRANSACTIONS],
		     (unsigned long long)account->used[XS_QUOTA_OUTSTANDING],
		     (unsigned long long)account->used[XS_QUOTA_MEMORY]);
}

int xs_control_domains(struct xs_request *req, const char *const *args,
		       size_t n)
{
	uint32_t domid;
	int rc = from_arg(args, n, 2, &domid);

	if (rc)
		return rc;
	/* What is being removed is still in their accounts. */
	xs_tree_settle(&req->protocol->store->tree);
	for (; domid <= UINT16_MAX; domid++) {
		const struct xs_domain *domain =
			xs_domain_find(req->protocol->conns, (uint16_t)domid);

		if (!domain)
			continue;
		if (is_full(req, 256, domid))
			break;
		show_domain(req, domain);
	}
	return end_text(req);
}

static void show_conn(struct xs_request *req, const struct xs_conn *conn)
{
	xs_wr_printf(&req->reply,
		     "conn=%u kind=%s domid=%u watches=%u transactions=%u "
		     "requests=%llu in=%u out=%zu messages=%u\n",
		     conn->id, conn->stream >= 0 ? "socket" : "ring",
		     xs_conn_cred(conn)->domid, conn->watcher.n_watches,
		     conn->txns.n, (unsigned long long)conn->n_requests,
		     conn->in_len, conn->out.bytes, conn->out.n_msgs);
}

/* Connections are in order of their ids, which are never used twice. */
static struct xs_conn *next_conn(const struct xs_conns *conns,
				 const struct xs_conn *after, uint32_t from)
{
	struct xs_list *pos = after ? after->link.next : conns->all.next;

	for (; pos != &conns->all; pos = pos->next) {
		struct xs_conn *conn = xs_list_entry(pos, struct xs_conn, link);

		if (conn->id >= from)
			return conn;
	}
	return NULL;
}

int xs_control_connections(struct xs_request *req, const char *const *args,
			   size_t n)
{
	const struct xs_conns *conns = req->protocol->conns;
	const struct xs_conn *conn = NULL;
	uint32_t from;
	int rc = from_arg(args, n, 2, &from);

	if (rc)
		return rc;
	while ((conn = next_conn(conns, conn, from))) {
		if (is_full(req, 192, conn->id))
			break;
		show_conn(req, conn);
	}
	return end_text(req);
}

static void show_transactions(struct xs_request *req,
			      const struct xs_conn *conn)
{
	uint64_t now = req->protocol->conns->now_ms;
	struct xs_list *pos;

	xs_list_for_each(pos, &conn->txns.open) {
		const struct xs_txn *txn =
			xs_list_entry(pos, struct xs_txn, link);

		xs_wr_printf(&req->reply,
			     "conn=%u domid=%u tx=%u age-ms=%llu nodes=%u "
			     "changes=%u\n",
			     conn->id, xs_conn_cred(conn)->domid, txn->id,
			     (unsigned long long)(now - txn->started_ms),
			     txn->stage.n_touched, txn->stage.n_changes);
		if (req->reply.max - req->reply.len < 160)
			break;
	}
}

int xs_control_transactions(struct xs_request *req, const char *const *args,
			    size_t n)
{
	const struct xs_conns *conns = req->protocol->conns;
	const struct xs_conn *conn = NULL;
	uint32_t from;
	int rc = from_arg(args, n, 2, &from);

	if (rc)
		return rc;
	while ((conn = next_conn(conns, conn, from))) {
		if (!conn->txns.n)
			continue;
		if (is_full(req, 128 * (conn->txns.n > 16 ? 16 : conn->txns.n),
			    conn->id))
			break;
		show_transactions(req, conn);
	}
	return end_text(req);
}

/* Without an argument: how many each connection has. */
static int count_watches(struct xs_request *req)
{
	const struct xs_conns *conns = req->protocol->conns;
	const struct xs_conn *conn = NULL;

	while ((conn = next_conn(conns, conn, 0))) {
		if (!conn->watcher.n_watches)
			continue;
		if (is_full(req, 64, conn->id))
			break;
		xs_wr_printf(&req->reply, "conn=%u domid=%u watches=%u\n",
			     conn->id, xs_conn_cred(conn)->domid,
			     conn->watcher.n_watches);
	}
	return end_text(req);
}

static void show_watch(struct xs_request *req, const struct xs_watch *w)
{
	const char *token = xs_watch_token(w);
	unsigned int i;

	xs_wr_printf(&req->reply, "path=%.*s", (int)w->path_len, w->text);
	if (w->depth != XS_WATCH_DEPTH_ALL)
		xs_wr_printf(&req->reply, " depth=%d", w->depth);
	xs_wr_printf(&req->reply, " token=");
	for (i = 0; i < w->token_len; i++)
		xs_wr_printf(&req->reply, "%c",
			     token[i] > ' ' && token[i] < 127 ? token[i] : '?');
	xs_wr_printf(&req->reply, "\n");
}

int xs_control_watches(struct xs_request *req, const char *const *args,
		       size_t n)
{
	const struct xs_conn *conn;
	uint32_t id, skip = 0, i = 0;
	struct xs_list *pos;
	int rc = from_arg(args, n, 3, &id);

	if (!rc && n == 3)
		rc = xs_parse_u32(args[2], &skip);
	if (rc)
		return rc;
	if (n == 1)
		return count_watches(req);
	conn = next_conn(req->protocol->conns, NULL, id);
	if (!conn || conn->id != id)
		return -ENOENT;
	xs_list_for_each(pos, &conn->watcher.watches) {
		const struct xs_watch *w =
			xs_list_entry(pos, struct xs_watch, mine);
		size_t len = w->path_len + w->token_len + 48u;

		if (i++ < skip)
			continue;
		if (len > XS_PAYLOAD_MAX - MORE_LINE_MAX - 1)
			continue; /* fits no reply */
		if (is_full(req, len, i - 1))
			break;
		show_watch(req, w);
	}
	return end_text(req);
}
