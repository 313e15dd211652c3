/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CONTROL commands that take one domain's state out of a running daemon and
 * into another (docs/protocol-extensions.md).
 *
 * A blob is longer than a message and not text, so it travels in pieces of
 * base64 that belong to a session of the connection: what one client is in the
 * middle of, no other sees, and it is gone with the connection.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#include "base/base64.h"
#include "base/log.h"
#include "conn/domain.h"
#include "freeze/export.h"
#include "freeze/import.h"
#include "live/live.h"
#include "live/load.h"
#include "live/save.h"
#include "live/take.h"
#include "plat/plat.h"
#include "protocol/control.h"
#include "protocol/request.h"
#include "state/image.h"
#include "store/store.h"
#include "wire/args.h"

#define PIECE_SIZE   2880  /* bytes; 3840 characters */
#define ALL	     "all" /* of the store, not one domain */
#define BLOB_MAX     (64u * 1024 * 1024)
#define SUPPLIES_MAX 1024

/* talloc child of its connection */
struct freeze_session {
	struct xs_image_out out; /* exported */
	uint8_t *in;		 /* to be imported; talloc */
	size_t in_len;
	size_t in_size; /* announced */
	struct xs_supply *supplies;
	size_t n_supplies;
};

static int session_gone(struct freeze_session *session)
{
	xs_image_out_fini(&session->out);
	return 0;
}

static struct freeze_session *get_session(struct xs_request *req)
{
	struct xs_conn *conn = req->conn;

	if (!conn->session) {
		conn->session = talloc_zero(conn, struct freeze_session);
		if (conn->session)
			talloc_set_destructor(
				(struct freeze_session *)conn->session,
				session_gone);
	}
	return conn->session;
}

static int reply_text(struct xs_request *req)
{
	xs_wr_bytes(&req->reply, "", 1);
	return 0;
}

/* ---- One domain's connection ------------------------------------------ */

static int with_domid(struct xs_request *req, const char *const *args, size_t n,
		      int (*fn)(struct xs_conns *conns, uint16_t domid))
{
	uint16_t domid;
	int rc = n == 2 ? xs_parse_domid(args[1], &domid) : -EINVAL;

	if (!rc)
		rc = fn(req->protocol->conns, domid);
	return rc ? rc : xs_request_ok(req);
}

int xs_control_quiesce(struct xs_request *req, const char *const *args,
		       size_t n)
{
	return with_domid(req, args, n, xs_domain_quiesce);
}

int xs_control_resume(struct xs_request *req, const char *const *args, size_t n)
{
	return with_domid(req, args, n, xs_domain_resume);
}

/* ---- Out -------------------------------------------------------------- */

/*
 * What a live update would hand over.  -EBUSY: that would have to wait for a
 * domain that is being moved.
 */
static int export_all(struct xs_conns *conns, struct xs_image_out *out)
{
	const struct xs_domain *between = xs_live_find_between(conns);
	char text[XS_LIVE_TEXT];

	if (between) {
		xs_log(conns->log, XS_LOG_WARN,
		       "export all refused: domid=%u is being moved",
		       between->domid);
		return -EBUSY;
	}
	return xs_live_save(conns, false, out, text);
}

static int export_begin(struct xs_request *req, const char *text)
{
	struct freeze_session *session = get_session(req);
	struct xs_image_out out = {0};
	bool all = !strcmp(text, ALL);
	uint16_t domid;
	int rc = all ? 0 : xs_parse_domid(text, &domid);

	if (rc)
		return rc;
	if (!session)
		return -ENOMEM;
	rc = all ? export_all(req->protocol->conns, &out)
		 : xs_domain_export(req->protocol->conns, domid, &out);
	if (rc) {
		xs_image_out_fini(&out);
		return rc;
	}
	xs_image_out_fini(&session->out);
	session->out = out;
	xs_wr_printf(&req->reply, "%zu", out.len);
	return reply_text(req);
}

static int export_read(struct xs_request *req, const char *text)
{
	const struct freeze_session *session = req->conn->session;
	char piece[XS_BASE64_LEN(PIECE_SIZE)];
	uint32_t offset;
	size_t n;
	int rc = xs_parse_u32(text, &offset);

	if (rc)
		return rc;
	if (!session || !session->out.data)
		return -ENOENT;
	if (offset > session->out.len)
		return -EINVAL;
	n = session->out.len - offset;
	if (n > PIECE_SIZE)
		n = PIECE_SIZE;
	xs_base64_encode(session->out.data + offset, n, piece);
	xs_wr_bytes(&req->reply, piece, XS_BASE64_LEN(n));
	return reply_text(req);
}

static int export_end(struct xs_request *req)
{
	struct freeze_session *session = req->conn->session;

	if (!session || !session->out.data)
		return -ENOENT;
	xs_image_out_fini(&session->out);
	memset(&session->out, 0, sizeof(session->out));
	return xs_request_ok(req);
}

int xs_control_export(struct xs_request *req, const char *const *args, size_t n)
{
	if (n == 3 && !strcmp(args[1], "begin"))
		return export_begin(req, args[2]);
	if (n == 3 && !strcmp(args[1], "read"))
		return export_read(req, args[2]);
	if (n == 2 && !strcmp(args[1], "end"))
		return export_end(req);
	return -EINVAL;
}

/* ---- In --------------------------------------------------------------- */

static void forget_import(struct freeze_session *session)
{
	TALLOC_FREE(session->in);
	TALLOC_FREE(session->supplies);
	session->in_len = session->in_size = session->n_supplies = 0;
}

static int import_begin(struct xs_request *req, const char *text)
{
	struct freeze_session *session = get_session(req);
	uint32_t size;
	int rc = xs_parse_u32(text, &size);

	if (rc || !size || size > BLOB_MAX)
		return -EINVAL;
	if (!session || xs_request_is_memory_short(req))
		return -ENOMEM;
	forget_import(session);
	session->in = talloc_size(session, size);
	if (!session->in)
		return -ENOMEM;
	session->in_size = size;
	return xs_request_ok(req);
}

static int import_write(struct xs_request *req, const char *at,
			const char *piece)
{
	struct freeze_session *session = req->conn->session;
	uint32_t offset;
	size_t n;
	int rc = xs_parse_u32(at, &offset);

	if (rc)
		return rc;
	if (!session || !session->in)
		return -ENOENT;
	if (offset != session->in_len)
		return -EINVAL;
	rc = xs_base64_decode(piece, strlen(piece), session->in + offset,
			      session->in_size - offset, &n);
	if (rc)
		return rc;
	session->in_len += n;
	return xs_request_ok(req);
}

static int import_supply(struct xs_request *req, const char *path,
			 const char *value)
{
	struct freeze_session *session = req->conn->session;
	struct xs_supply *list;

	if (!session || !session->in)
		return -ENOENT;
	if (session->n_supplies == SUPPLIES_MAX)
		return -ENOSPC;
	list = talloc_realloc(session, session->supplies, struct xs_supply,
			      session->n_supplies + 1);
	if (!list)
		return -ENOMEM;
	session->supplies = list;
	list += session->n_supplies;
	list->path = talloc_strdup(session->supplies, path);
	list->value = talloc_strdup(session->supplies, value);
	if (!list->path || !list->value)
		return -ENOMEM;
	list->value_len = strlen(value);
	session->n_supplies++;
	return xs_request_ok(req);
}

static void report_line(void *arg, bool problem, const char *line)
{
	struct xs_request *req = arg;
	struct xs_wr *reply = &req->reply;
	size_t len = strlen(line) + sizeof("problem \n");

	/* The verdict comes last and always fits. */
	if (reply->max - reply->len < len + sizeof("failed error=ENOTEMPTY"))
		return;
	xs_wr_printf(reply, "%s %s\n", problem ? "problem" : "note", line);
}

typedef int import_fn(struct xs_conns *conns, const void *blob, size_t len,
		      const struct xs_supplies *supplies,
		      xs_import_report_fn *report, void *arg);

/* Lines of what was found; the last one says "ok" or "failed". */
static int import_with(struct xs_request *req, import_fn *fn)
{
	struct freeze_session *session = req->conn->session;
	struct xs_supplies supplies;
	int rc;

	if (!session || !session->in)
		return -ENOENT;
	if (session->in_len != session->in_size)
		return -EINVAL;
	supplies.list = session->supplies;
	supplies.n = session->n_supplies;
	rc = fn(req->protocol->conns, session->in, session->in_len, &supplies,
		report_line, req);
	if (rc < 0)
		xs_wr_printf(&req->reply, "failed error=%s",
			     xs_error_name(-rc));
	else
		xs_wr_printf(&req->reply, rc ? "failed" : "ok");
	return reply_text(req);
}

static void report_wrong(void *arg, const char *line)
{
	report_line(arg, true, line);
}

/* What a program that is to take over would say to it. */
static int check_all(struct xs_conns *conns, const void *blob, size_t len,
		     const struct xs_supplies *supplies,
		     xs_import_report_fn *report, void *arg)
{
	struct xs_image image;
	int rc = xs_live_read(&image, &conns->key, blob, len, false,
			      report_wrong, arg);

	(void)supplies;
	(void)report;
	xs_image_fini(&image);
	return rc;
}

static int import_end(struct xs_request *req)
{
	struct freeze_session *session = req->conn->session;

	if (!session || !session->in)
		return -ENOENT;
	forget_import(session);
	return xs_request_ok(req);
}

int xs_control_import(struct xs_request *req, const char *const *args, size_t n)
{
	if (n == 3 && !strcmp(args[1], "begin"))
		return import_begin(req, args[2]);
	if (n == 4 && !strcmp(args[1], "write"))
		return import_write(req, args[2], args[3]);
	if (n == 4 && !strcmp(args[1], "supply"))
		return import_supply(req, args[2], args[3]);
	if (n == 2 && !strcmp(args[1], "check"))
		return import_with(req, xs_domain_check_blob);
	if (n == 3 && !strcmp(args[1], "check") && !strcmp(args[2], ALL))
		return import_with(req, check_all);
	if (n == 2 && !strcmp(args[1], "commit"))
		return import_with(req, xs_domain_import);
	if (n == 3 && !strcmp(args[1], "commit") && !strcmp(args[2], ALL))
		return import_with(req, xs_live_take);
	if (n == 2 && !strcmp(args[1], "end"))
		return import_end(req);
	return -EINVAL;
}

/* ---- Watches on a domain's behalf ------------------------------------- */

static int find_conn(struct xs_request *req, const char *text,
		     struct xs_conn **connp)
{
	struct xs_domain *domain;
	uint16_t domid;
	int rc = xs_parse_domid(text, &domid);

	if (rc)
		return rc;
	domain = xs_domain_find(req->protocol->conns, domid);
	if (!domain || !domain->conn)
		return -ENOENT;
	*connp = domain->conn;
	return 0;
}

/* A line "<depth or -1> <path> <token in base64>"; false: no room. */
static bool show_watch(struct xs_wr *reply, const struct xs_watch *w)
{
	char token[XS_BASE64_LEN(XS_PAYLOAD_MAX)];
	size_t token_len = XS_BASE64_LEN(w->token_len);
	size_t path_len = w->path_len - (size_t)w->prefix;

	if (reply->max - reply->len < path_len + token_len + 32)
		return false;
	xs_base64_encode(xs_watch_token(w), w->token_len, token);
	xs_wr_printf(reply, "%d %.*s %.*s\n", w->depth, (int)path_len,
		     w->text + w->prefix, (int)token_len, token);
	return true;
}

static int list_watches(struct xs_request *req, const char *domid,
			const char *from)
{
	struct xs_conn *conn;
	struct xs_list *pos;
	uint32_t skip, i = 0;
	int rc = xs_parse_u32(from, &skip);

	if (!rc)
		rc = find_conn(req, domid, &conn);
	if (rc)
		return rc;
	xs_list_for_each(pos, &conn->watcher.watches) {
		if (i++ < skip)
			continue;
		if (!show_watch(&req->reply,
				xs_list_entry(pos, struct xs_watch, mine)))
			break;
	}
	return reply_text(req);
}

/* As if the domain had asked itself, first event included. */
static int add_watch(struct xs_request *req, const char *const *args, size_t n)
{
	struct xs_store *store = req->protocol->store;
	char token[XS_PAYLOAD_MAX];
	struct xs_path path;
	struct xs_conn *conn;
	struct xs_watch *w;
	uint32_t depth = 0;
	size_t len;
	int rc = find_conn(req, args[2], &conn);

	if (!rc)
		rc = xs_path_canonical(args[3], strlen(args[3]),
				       xs_conn_cred(conn)->domid, req->path_buf,
				       &path);
	if (!rc)
		rc = xs_base64_decode(args[4], strlen(args[4]), token,
				      sizeof(token), &len);
	if (!rc && n == 6)
		rc = xs_parse_u32(args[5], &depth);
	if (rc)
		return rc;
	if (memchr(token, 0, len) || depth > INT32_MAX)
		return -EINVAL;
	rc = xs_watch_add(&store->watches, &conn->watcher, conn->account, &path,
			  token, len,
			  n == 6 ? (int32_t)depth : XS_WATCH_DEPTH_ALL, &w);
	if (rc)
		return rc == XS_CHARGE_E_QUOTA ? -E2BIG : rc;
	xs_conn_deliver(req->protocol->conns, w, w->text, w->path_len,
			xs_conn_cred(req->conn)->domid);
	return xs_request_ok(req);
}

int xs_control_domain_watches(struct xs_request *req, const char *const *args,
			      size_t n)
{
	if ((n == 3 || n == 4) && !strcmp(args[1], "list"))
		return list_watches(req, args[2], n == 4 ? args[3] : "0");
	if ((n == 5 || n == 6) && !strcmp(args[1], "add"))
		return add_watch(req, args, n);
	return -EINVAL;
}
