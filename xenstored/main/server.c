/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon as one object, and one turn of its loop.
 *
 *   plat_wait -> what happened -> domains, connections -> xs_conns_work
 *
 * I1  Two servers in one process know nothing of each other.
 */
#include "main/server.h"

#include <errno.h>
#include <string.h>
#include <talloc.h>

#include "base/log.h"
#include "base/settings.h"
#include "conn/conn.h"
#include "conn/domain.h"
#include "live/live.h"
#include "live/load.h"
#include "freeze/thaw.h"
#include "plat/plat.h"
#include "protocol/control.h"
#include "protocol/request.h"
#include "store/store.h"

#define EVENTS_MAX 256

struct xs_server {
	struct xs_settings settings;
	struct xs_plat *plat;
	struct xs_log log;
	struct xs_store store;
	struct xs_conns conns;
	struct xs_protocol protocol;
	struct xs_live live;
	bool settled; /* nothing is left that is done bit by bit */
};

static void emit_log(void *arg, enum xs_log_level level, const char *line)
{
	plat_log(arg, level, line);
}

/*
 * A domain reached a limit: the first time is always said, then every tenth,
 * hundredth ... time, so that a guest cannot fill the log.
 */
static void quota_hit(void *arg, struct xs_account *account,
		      enum xs_quota quota, bool soft)
{
	const struct xs_server *server = arg;
	uint32_t n = account->hits[quota], power = 1;

	while (power <= n / 10)
		power *= 10;
	if (!soft && n != power)
		return;
	xs_log(&server->log, XS_LOG_WARN,
	       "quota domid=%u quota=%s%s used=%llu limit=%u refused=%u",
	       account->domid, soft ? "soft-" : "", xs_quota_name(quota),
	       (unsigned long long)account->used[quota],
	       soft ? account->limits.soft_memory : account->limits.max[quota],
	       n);
}

static int init(struct xs_server *server)
{
	struct xs_hash_key key;
	int rc;

	plat_random(server->plat, &key, sizeof(key));
	rc = xs_store_init(&server->store, &server->settings, &key,
			   xs_conn_deliver, &server->conns);
	if (rc)
		return rc;
	server->store.accounts.hit = quota_hit;
	server->store.accounts.hit_arg = server;
	rc = xs_conns_init(&server->conns, server, server->plat, &server->store,
			   &server->settings, &server->log, &key,
			   xs_protocol_request, &server->protocol);
	server->conns.thaw_attach = xs_thaw_attach;
	server->conns.thaw_forget = xs_thaw_free;
	return rc;
}

/*
 * A daemon with an empty store, child of the talloc context ctx; plat must
 * outlive it.  -ENOMEM.
 */
int xs_server_new(void *ctx, const struct xs_settings *settings,
		  struct xs_plat *plat, struct xs_server **serverp)
{
	struct xs_server *server = talloc_zero(ctx, struct xs_server);
	int rc;

	if (!server)
		return -ENOMEM;
	server->settings = *settings;
	server->settled = true;
	server->plat = plat;
	server->log.emit = emit_log;
	server->log.arg = plat;
	server->log.trace = settings->trace;
	server->protocol.ctx = server;
	server->protocol.conns = &server->conns;
	server->protocol.store = &server->store;
	server->protocol.settings = &server->settings;
	server->protocol.log = &server->log;
	server->protocol.plat = plat;
	server->protocol.live = &server->live;
	xs_list_init(&server->protocol.checks);
	xs_live_init(&server->live, &server->conns);
	rc = init(server);
	if (rc) {
		xs_server_free(server);
		return rc;
	}
	*serverp = server;
	return 0;
}

/* Begins to serve the first domain and to hear of the others' ends. */
int xs_server_start(struct xs_server *server)
{
	struct xs_conns *conns = &server->conns;
	int rc = plat_port_bind_dom_exc(server->plat, &conns->dom_exc_port);

	if (rc)
		return rc;
	conns->dom_exc_bound = true;
	return xs_domain_introduce_master(conns);
}

/*
 * Ready to serve in the place of another program of this process, all of whose
 * state is in the image; the first turn sends what is to be sent.
 * by_oxenstored: that was one which leaves the answer to him who asked for this
 * to its successor.
 */
int xs_server_restore(struct xs_server *server, const struct xs_image *image,
		      bool by_oxenstored)
{
	struct xs_conns *conns = &server->conns;
	int rc;

	conns->now_ms = plat_now_ms(server->plat);
	rc = xs_live_load(conns, image);
	if (rc)
		return rc;
	if (by_oxenstored)
		server->live.owed_ok = conns->last_id;
	return 0;
}

/* How the daemon was started (struct xs_live); borrowed. */
void xs_server_set_args(struct xs_server *server, const char *const *args,
			const char *const *args_417)
{
	server->live.args = args;
	server->live.args_417 = args_417;
}

static void port_event(struct xs_conns *conns, uint32_t port)
{
	struct xs_conn *conn;

	if (conns->dom_exc_bound && port == conns->dom_exc_port) {
		xs_domains_check(conns);
		return;
	}
	conn = xs_conns_by_port(conns, port);
	if (conn)
		xs_conn_port_ready(conn);
}

/* Waits at most timeout_ms (-1: for ever) and deals with what happened. */
int xs_server_turn(struct xs_server *server, int timeout_ms, bool *quitp)
{
	struct xs_plat_event events[EVENTS_MAX];
	struct xs_conns *conns = &server->conns;
	int due = xs_conns_timeout(conns), n, i;
	int live = xs_live_timeout(&server->live);

	if (live >= 0 && (due < 0 || live < due))
		due = live;
	if (due >= 0 && (timeout_ms < 0 || due < timeout_ms))
		timeout_ms = due;
	if (!server->settled)
		timeout_ms = 0;
	n = plat_wait(server->plat, timeout_ms, events, EVENTS_MAX);
	if (n < 0)
		return n;
	conns->now_ms = plat_now_ms(server->plat);
	for (i = 0; i < n; i++) {
		const struct xs_plat_event *e = &events[i];

		switch (e->kind) {
		case XS_PLAT_ACCEPT:
			xs_conns_accept(conns);
			break;
		case XS_PLAT_STREAM:
			xs_conn_stream_ready(e->cookie, e->readable,
					     e->writable);
			break;
		case XS_PLAT_PORT:
			port_event(conns, e->port);
			break;
		case XS_PLAT_REOPEN:
			break; /* the platform has done it */
		case XS_PLAT_QUIT:
			*quitp = true;
			break;
		}
	}
	xs_conns_work(conns);
	xs_live_turn(&server->live);
	server->settled = xs_control_check_some(&server->protocol);
	if (!xs_tree_settle_some(&server->store.tree))
		server->settled = false;
	return 0;
}

/* Closes all connections and frees everything; NULL is fine. */
void xs_server_free(struct xs_server *server)
{
	if (!server)
		return;
	xs_live_fini(&server->live);
	xs_control_check_fini(&server->protocol);
	xs_conns_fini(&server->conns);
	if (server->conns.dom_exc_bound)
		plat_port_unbind(server->plat, server->conns.dom_exc_port);
	xs_store_fini(&server->store);
	talloc_free(server);
}
