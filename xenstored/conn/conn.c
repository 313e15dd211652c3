/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections.
 *
 *   plat event -> ready list -> turn: take in, answer up to a turn's worth
 *                                       ^            |            |
 *      progress    stalled list -> busy list  <------+            v
 *                                                       dirty list -> flush
 *
 * I1  A connection with input that could be worked on is in ready, or in busy
 *     if it is a guest's that had its turn; one with input that has to wait is
 *     in stalled, and becomes busy as soon as any message is delivered or a
 *     penalty ends.
 * I2  A connection with output that its socket or ring may take is in dirty.
 * I3  Closing frees nothing that an event, a list or a request on the way may
 *     still refer to: that happens at the end of xs_conns_work() (XSA-425).
 * I4  Only scratch holds input while it is worked on; what is left over is
 *     kept in the connection, at most a turn's intake.
 * I5  Whoever is not busy waits, between two looks at who wants something, for
 *     one request of those guests that are, however many they are and however
 *     much they ask.
 */
#include "conn/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#include "base/settings.h"
#include "conn/domain.h"
#include "conn/penalty.h"
#include "plat/plat.h"
#include "store/store.h"

#define ACCEPT_BURST 64
#define IOV_MAX_MSGS 64

/*
 * An empty registry on which everything but conns itself is borrowed; request
 * is called for every complete request.  -ENOMEM.
 */
int xs_conns_init(struct xs_conns *conns, void *ctx, struct xs_plat *plat,
		  struct xs_store *store, const struct xs_settings *settings,
		  struct xs_log *log, const struct xs_hash_key *key,
		  xs_request_fn *request, void *request_arg)
{
	memset(conns, 0, sizeof(*conns));
	conns->ctx = ctx;
	conns->plat = plat;
	conns->store = store;
	conns->settings = settings;
	conns->log = log;
	conns->key = *key;
	conns->request = request;
	conns->request_arg = request_arg;
	xs_list_init(&conns->all);
	xs_list_init(&conns->ready);
	xs_list_init(&conns->busy);
	xs_list_init(&conns->stalled);
	xs_list_init(&conns->dirty);
	xs_list_init(&conns->dead);
	xs_list_init(&conns->aging);
	xs_list_init(&conns->penalised);
	conns->now_ms = plat_now_ms(plat);
	conns->scratch = malloc(XS_CONN_SCRATCH);
	if (!conns->scratch || xs_map_init(&conns->ports) ||
	    xs_map_init(&conns->domains))
		return -ENOMEM;
	return 0;
}

static struct xs_conn *conn_entry(struct xs_list *pos)
{
	return xs_list_entry(pos, struct xs_conn, link);
}

static void free_dead(struct xs_conns *conns)
{
	struct xs_list *pos;

	while ((pos = xs_list_pop(&conns->dead)))
		talloc_free(conn_entry(pos));
}

/* Closes what is left and frees. */
void xs_conns_fini(struct xs_conns *conns)
{
	struct xs_list *pos, *next;

	if (!conns->scratch)
		return;
	xs_list_for_each_safe(pos, next, &conns->all)
		xs_conn_close(conn_entry(pos));
	if (conns->domains.buckets)
		xs_domains_fini(conns);
	free_dead(conns);
	xs_map_fini(&conns->ports);
	xs_map_fini(&conns->domains);
	free(conns->scratch);
	conns->scratch = NULL;
}

/*
 * Ids grow, so that lists are in their order.  After four thousand million
 * connections those that are left are numbered anew.
 */
static uint32_t next_id(struct xs_conns *conns)
{
	struct xs_list *pos;

	if (conns->last_id == UINT32_MAX) {
		conns->last_id = 0;
		xs_list_for_each(pos, &conns->all)
			conn_entry(pos)->id = ++conns->last_id;
	}
	return ++conns->last_id;
}

/*
 * A connection that nothing is attached to yet and account pays for; the
 * caller fills in the credentials.  -ENOMEM.
 */
int xs_conn_new(struct xs_conns *conns, struct xs_account *account,
		struct xs_conn **connp)
{
	struct xs_conn *conn = talloc_zero(conns->ctx, struct xs_conn);

	if (!conn)
		return -ENOMEM;
	conn->conns = conns;
	conn->account = account;
	conn->stream = -1;
	conn->id = next_id(conns);
	xs_list_init(&conn->work);
	xs_list_init(&conn->output);
	xs_watcher_init(&conn->watcher);
	xs_txns_init(&conn->txns);
	xs_queue_init(&conn->out, &conns->key, &conns->progress);
	xs_list_add_tail(&conns->all, &conn->link);
	conns->n_conns++;
	*connp = conn;
	return 0;
}

static void make_ready(struct xs_conn *conn)
{
	xs_list_remove(&conn->work);
	if (!conn->dead && (conn->page || conn->stream >= 0))
		xs_list_add_tail(&conn->conns->ready, &conn->work);
}

/* There is more than fitted into a turn. */
static void make_busy(struct xs_conn *conn)
{
	struct xs_conns *conns = conn->conns;

	xs_list_remove(&conn->work);
	xs_list_add_tail(conn->account->limited ? &conns->busy : &conns->ready,
			 &conn->work);
}

static void make_stalled(struct xs_conn *conn)
{
	xs_list_remove(&conn->work);
	xs_list_add_tail(&conn->conns->stalled, &conn->work);
}

static void make_dirty(struct xs_conn *conn)
{
	if (!conn->dead && !xs_list_is_linked(&conn->output))
		xs_list_add_tail(&conn->conns->dirty, &conn->output);
}

static void drop_input(struct xs_conn *conn)
{
	free(conn->in);
	conn->in = NULL;
	conn->in_len = 0;
	xs_charge_release(&conn->in_charge);
}

static void drop_state(struct xs_conn *conn)
{
	xs_watch_remove_all(&conn->conns->store->watches, &conn->watcher);
	xs_txns_abort_all(&conn->txns);
}

/* As if it had just been made: no watch, transaction, input or output. */
void xs_conn_reset(struct xs_conn *conn)
{
	drop_state(conn);
	xs_queue_clear(&conn->out);
	drop_input(conn);
	conn->parked = false;
	conn->epoch++;
}

/*
 * Does nothing for this ring any more until it is reconnected or introduced
 * again.  Its domain stays known, so that its end will be told (XSA-325).
 */
void xs_conn_ignore(struct xs_conn *conn, enum xs_ring_error error)
{
	xs_log(conn->conns->log, XS_LOG_WARN, "ring domid=%u ignored error=%d",
	       xs_conn_cred(conn)->domid, (int)error);
	xs_conn_reset(conn);
	conn->ignored = true;
	if (conn->page)
		xs_ring_set_error(conn->page, error);
	if (conn->local_port)
		plat_port_notify(conn->conns->plat, conn->local_port);
}

/* Ends the connection; the memory goes when nobody can refer to it. */
void xs_conn_close(struct xs_conn *conn)
{
	struct xs_conns *conns = conn->conns;

	if (conn->dead)
		return;
	conn->dead = true;
	xs_conn_reset(conn);
	xs_queue_fini(&conn->out);
	xs_list_remove(&conn->work);
	xs_list_remove(&conn->output);
	if (conn->stream >= 0)
		plat_stream_close(conns->plat, conn->stream);
	xs_conn_set_port(conn, 0, 0);
	if (conn->page)
		plat_ring_unmap(conns->plat, xs_conn_cred(conn)->domid,
				conn->page);
	conn->page = NULL;
	xs_list_remove(&conn->link);
	xs_list_add_tail(&conns->dead, &conn->link);
	conns->n_conns--;
}

/* ---- Sockets ---------------------------------------------------------- */

static void listen_to(struct xs_conn *conn, bool readable, bool writable)
{
	if (conn->wants_read == readable && conn->wants_write == writable)
		return;
	if (plat_stream_watch(conn->conns->plat, conn->stream, readable,
			      writable, conn)) {
		conn->lost = true;
		make_dirty(conn);
		return;
	}
	conn->wants_read = readable;
	conn->wants_write = writable;
}

static int add_socket(struct xs_conns *conns, int stream,
		      struct xs_conn **connp)
{
	uint16_t domid = conns->settings->master_domid;
	struct xs_account *account;
	struct xs_conn *conn;
	int rc = xs_accounts_get(&conns->store->accounts, domid, &account);

	if (!rc)
		rc = xs_conn_new(conns, account, &conn);
	if (rc)
		return rc;
	conn->stream = stream;
	conn->watcher.cred.domid = domid;
	conn->watcher.cred.privileged = true;
	listen_to(conn, true, false);
	*connp = conn;
	return 0;
}

/* Takes the clients that wait at the listening socket. */
void xs_conns_accept(struct xs_conns *conns)
{
	struct xs_conn *conn;
	int i, stream, rc;

	for (i = 0; i < ACCEPT_BURST; i++) {
		rc = plat_stream_accept(conns->plat, &stream);
		if (!rc)
			rc = add_socket(conns, stream, &conn);
		else
			stream = -1;
		if (!rc)
			continue;
		if (rc != -EAGAIN)
			xs_log(conns->log, XS_LOG_ERROR, "accept error=\"%s\"",
			       strerror(-rc));
		if (stream >= 0)
			plat_stream_close(conns->plat, stream);
		return;
	}
}

/* The platform says that the socket can be read or written. */
void xs_conn_stream_ready(struct xs_conn *conn, bool readable, bool writable)
{
	if (conn->dead)
		return;
	if (writable && conn->wants_write)
		make_dirty(conn);
	if (readable && conn->wants_read && !xs_list_is_linked(&conn->work))
		make_ready(conn);
}

/* The domain signalled its event channel: there is input, or room. */
void xs_conn_port_ready(struct xs_conn *conn)
{
	if (conn->dead)
		return;
	if (!xs_list_is_empty(&conn->out.msgs))
		make_dirty(conn);
	if (!xs_list_is_linked(&conn->work))
		make_ready(conn);
}

/* ---- Input ------------------------------------------------------------ */

/* Whether the client has to wait before anything more is done for it. */
static bool must_wait(const struct xs_conn *conn)
{
	const struct xs_account *account = conn->account;

	if (conn->quiesced || conn->parked ||
	    conn->out.bytes > XS_CONN_DEAF_BYTES)
		return true;
	if (!account->limited)
		return false;
	if (xs_account_over(account, XS_QUOTA_OUTSTANDING) ||
	    xs_penalty_is_paused(conn->domain))
		return true;
	/* Waiting helps only if the memory is in what it has not read. */
	return xs_account_over(account, XS_QUOTA_MEMORY) &&
	       conn->out.n_msgs > 0;
}

/* The guest has asked for a new start (docs/misc/xenstore-ring.txt). */
static void reconnect(struct xs_conn *conn)
{
	xs_log(conn->conns->log, XS_LOG_INFO, "ring domid=%u reconnected",
	       xs_conn_cred(conn)->domid);
	xs_conn_reset(conn);
	conn->ignored = false;
	xs_ring_reset(conn->page);
	xs_ring_set_connected(conn->page);
	if (conn->local_port)
		plat_port_notify(conn->conns->plat, conn->local_port);
}

static bool wants_reconnect(const struct xs_conn *conn)
{
	return conn->page && !conn->quiesced &&
	       (conn->domain->features & XS_FEATURE_RECONNECTION) &&
	       xs_ring_wants_reconnect(conn->page);
}

static size_t take_from_ring(struct xs_conn *conn, char *buf, size_t max)
{
	size_t len = 0;

	if (conn->ignored)
		return 0;
	if (xs_ring_read(conn->page, buf, max, &len)) {
		xs_conn_ignore(conn, XS_RING_ERROR_RINGIDX);
		return 0;
	}
	if (len && conn->local_port)
		plat_port_notify(conn->conns->plat, conn->local_port);
	return len;
}

static size_t take_from_stream(struct xs_conn *conn, char *buf, size_t max)
{
	int n;

	if (conn->at_eof)
		return 0;
	n = plat_stream_read(conn->conns->plat, conn->stream, buf, max);
	if (n > 0)
		return (size_t)n;
	if (n == -EAGAIN)
		return 0;
	conn->at_eof = true;
	if (n < 0)
		conn->lost = true;
	return 0;
}

/* Keeps what was taken in but not worked on. */
static bool keep_input(struct xs_conn *conn, const char *rest, size_t len)
{
	char *in;

	if (!len) {
		drop_input(conn);
		return true;
	}
	/* rest is in scratch, never in conn->in. */
	in = realloc(conn->in, len);
	if (!in)
		return false;
	memcpy(in, rest, len);
	conn->in = in;
	conn->in_len = (uint32_t)len;
	xs_charge_release(&conn->in_charge);
	xs_charge_force(&conn->in_charge, conn->account, XS_CHARGE_BYTES_ONLY,
			len);
	return true;
}

static void bad_header(struct xs_conn *conn, const struct xs_hdr *hdr)
{
	xs_log(conn->conns->log, XS_LOG_WARN,
	       "protocol conn=%u domid=%u type=%u len=%u", conn->id,
	       xs_conn_cred(conn)->domid, hdr->type, hdr->len);
	if (conn->domain)
		xs_conn_ignore(conn, XS_RING_ERROR_PROTO);
	else
		xs_conn_close(conn);
}

static void do_request(struct xs_conn *conn, const struct xs_hdr *hdr,
		       const char *payload)
{
	struct xs_conns *conns = conn->conns;

	if (conn->account->limited)
		conns->debt = xs_debt_new(conn->account);
	conn->n_requests++;
	conns->request(conns->request_arg, conn, hdr, payload);
	xs_debt_release(&conns->debt);
}

enum verdict {
	IDLE,
	AGAIN,
	WAIT,
	VOID
};

/* While a new daemon waits for the open transactions there are no others. */
static bool is_held(const struct xs_conn *conn, const struct xs_hdr *hdr)
{
	return conn->conns->hold_txns && hdr->type == XS_OP_TRANSACTION_START &&
	       !conn->txns.n;
}

/* Answers max complete messages in buf; *usedp: how much of it that was. */
static enum verdict answer(struct xs_conn *conn, const char *buf, size_t len,
			   unsigned int max, size_t *usedp)
{
	uint32_t epoch = conn->epoch;
	unsigned int n;
	size_t at = 0;

	for (n = 0;; n++) {
		struct xs_hdr hdr;

		*usedp = at;
		if (len - at < XS_HDR_SIZE)
			return IDLE;
		xs_hdr_decode(&hdr, buf + at);
		if (hdr.len > XS_PAYLOAD_MAX) {
			bad_header(conn, &hdr);
			return VOID;
		}
		if (len - at - XS_HDR_SIZE < hdr.len)
			return IDLE;
		if (must_wait(conn) || is_held(conn, &hdr))
			return WAIT;
		if (n == max)
			return AGAIN;
		do_request(conn, &hdr, buf + at + XS_HDR_SIZE);
		at += XS_HDR_SIZE + hdr.len;
		if (conn->dead || conn->epoch != epoch)
			return VOID;
	}
}

static bool wants_more(const struct xs_conn *conn)
{
	return conn->page && !conn->ignored && xs_ring_has_input(conn->page);
}

/* After the last request was answered: a client that went away goes. */
static void finish_eof(struct xs_conn *conn)
{
	drop_state(conn);
	drop_input(conn);
	make_dirty(conn);
}

/* What was left over and what is new; returns how much it is. */
static size_t take_in(struct xs_conn *conn, char *buf)
{
	size_t len = conn->in_len, max = XS_CONN_SCRATCH - len;
	uint32_t epoch = conn->epoch;

	if (len)
		memcpy(buf, conn->in, len);
	if (must_wait(conn))
		return len;
	len += conn->page ? take_from_ring(conn, buf + len, max)
			  : take_from_stream(conn, buf + len, max);
	/* A ring that was just set aside has no input any more. */
	return conn->epoch == epoch ? len : 0;
}

/*
 * One connection's turn: takes in what there is and answers.  shared: others
 * want something, too.
 */
static void turn(struct xs_conn *conn, bool shared)
{
	unsigned int max =
		shared && conn->account->limited ? 1 : XS_CONN_TURN_MSGS;
	char *buf = conn->conns->scratch;
	enum verdict verdict;
	size_t len, used;

	if (wants_reconnect(conn))
		reconnect(conn);
	if (conn->in_len && must_wait(conn)) {
		make_stalled(conn);
		return;
	}
	len = take_in(conn, buf);
	verdict = answer(conn, buf, len, max, &used);
	if (conn->dead)
		return;
	if (verdict == VOID) {
		drop_input(conn);
		verdict = IDLE;
	} else if (!keep_input(conn, buf + used, len - used)) {
		conn->lost = true;
	}
	if (verdict == IDLE && wants_more(conn))
		verdict = must_wait(conn) ? WAIT : AGAIN;
	if (verdict == AGAIN)
		make_busy(conn);
	else if (verdict == WAIT)
		make_stalled(conn);
	if (conn->stream >= 0)
		listen_to(conn, verdict != WAIT && !conn->at_eof,
			  conn->wants_write);
	if (conn->lost)
		make_dirty(conn);
	else if (conn->at_eof && verdict == IDLE)
		finish_eof(conn);
}

/* ---- Answers that come later ------------------------------------------ */

/* Goes on with what came after. */
void xs_conn_unpark(struct xs_conn *conn)
{
	if (!conn->parked)
		return;
	conn->parked = false;
	make_ready(conn);
}

/* ---- Output ----------------------------------------------------------- */

static void flush_ring(struct xs_conn *conn)
{
	struct xs_queue *out = &conn->out;
	bool wrote = false;

	while (!xs_list_is_empty(&out->msgs)) {
		struct xs_msg *msg =
			xs_list_entry(out->msgs.next, struct xs_msg, link);
		size_t n;

		if (xs_ring_write(conn->page, msg->bytes + out->sent,
				  msg->len - out->sent, &n)) {
			xs_conn_ignore(conn, XS_RING_ERROR_RINGIDX);
			return;
		}
		if (!n)
			break;
		wrote = true;
		xs_queue_sent(out, n);
	}
	if (wrote && conn->local_port)
		plat_port_notify(conn->conns->plat, conn->local_port);
}

static size_t gather(const struct xs_queue *out, struct xs_iov *iov, size_t max)
{
	size_t skip = out->sent, n = 0;
	struct xs_list *pos;

	xs_list_for_each(pos, &out->msgs) {
		struct xs_msg *msg = xs_list_entry(pos, struct xs_msg, link);

		if (n == max)
			break;
		iov[n].base = msg->bytes + skip;
		iov[n].len = msg->len - skip;
		skip = 0;
		n++;
	}
	return n;
}

static void flush_stream(struct xs_conn *conn)
{
	struct xs_iov iov[IOV_MAX_MSGS];
	struct xs_queue *out = &conn->out;
	bool full = false;

	while (!xs_list_is_empty(&out->msgs) && !full) {
		size_t n = gather(out, iov, IOV_MAX_MSGS), before = out->bytes;
		int rc = plat_stream_write(conn->conns->plat, conn->stream, iov,
					   n);

		if (rc < 0 && rc != -EAGAIN) {
			xs_conn_close(conn);
			return;
		}
		if (rc > 0)
			xs_queue_sent(out, (size_t)rc);
		full = rc <= 0 ||
		       (n < IOV_MAX_MSGS && out->bytes && (size_t)rc < before);
	}
	listen_to(conn, conn->wants_read, full);
	if (conn->at_eof && xs_list_is_empty(&out->msgs) &&
	    !xs_list_is_linked(&conn->work) && !conn->in_len)
		xs_conn_close(conn);
}

static void flush(struct xs_conn *conn)
{
	if (conn->quiesced && !conn->lost)
		return;
	if (conn->lost) {
		if (conn->stream >= 0)
			xs_conn_close(conn);
		else
			xs_conn_ignore(conn, XS_RING_ERROR_COMM);
		conn->lost = false;
	} else if (conn->stream >= 0) {
		flush_stream(conn);
	} else if (conn->page && !conn->ignored) {
		flush_ring(conn);
	}
}

/* ---- Standing still --------------------------------------------------- */

/*
 * Answers what was taken in completely and sends what there is room for; from
 * then on nothing goes in or out, so that the connection can be saved.
 */
void xs_conn_quiesce(struct xs_conn *conn)
{
	size_t len = conn->in_len, used;
	char *in = conn->in;

	if (conn->quiesced || conn->dead)
		return;
	/* Not in scratch: there is the request that asks for this. */
	conn->in = NULL;
	if (len) {
		drop_input(conn);
		if (answer(conn, in, len, XS_CONN_TURN_MSGS, &used) != VOID &&
		    !keep_input(conn, in + used, len - used))
			conn->lost = true;
	}
	free(in);
	flush(conn);
	conn->quiesced = !conn->dead;
}

/* Goes on where xs_conn_quiesce() stopped. */
void xs_conn_resume(struct xs_conn *conn)
{
	if (!conn->quiesced)
		return;
	conn->quiesced = false;
	make_dirty(conn);
	make_ready(conn);
}

/* Input that another daemon took in: it comes first.  -E2BIG, -ENOMEM. */
int xs_conn_adopt_input(struct xs_conn *conn, const void *data, size_t len)
{
	if (len > XS_CONN_SCRATCH)
		return -E2BIG;
	if (!keep_input(conn, data, len))
		return -ENOMEM;
	make_ready(conn);
	make_dirty(conn);
	return 0;
}

/* A client's stream that another program in this process served. */
int xs_conns_adopt(struct xs_conns *conns, int stream, struct xs_conn **connp)
{
	int rc = plat_stream_adopt(conns->plat, stream);

	return rc ? rc : add_socket(conns, stream, connp);
}

/*
 * Queues the reply to a request; what cannot be queued for want of memory
 * ends the connection, for the client would wait for ever.
 */
void xs_conn_reply(struct xs_conn *conn, const struct xs_hdr *hdr,
		   const void *payload)
{
	struct xs_conns *conns = conn->conns;
	struct xs_msg *msg;

	if (conn->dead || conn->ignored)
		return;
	msg = xs_queue_add(&conn->out, hdr, payload, conn->account);
	if (!msg) {
		conn->lost = true;
	} else if (conns->debt) {
		msg->debt = conns->debt;
		xs_debt_hold(msg->debt);
	}
	make_dirty(conn);
}

/*
 * Queues a watch event (an xs_deliver_fn).  A limited domain that does not
 * read loses events; a privileged client does not, up to a point.
 */
void xs_conn_deliver(void *arg, struct xs_watch *watch, const char *path,
		     size_t len, uint16_t cause)
{
	struct xs_conns *conns = arg;
	struct xs_conn *conn = xs_conn_of_watcher(watch->watcher);
	const char *token = xs_watch_token(watch);
	bool once = path[0] != '@', limited = conn->account->limited;
	size_t size;
	struct xs_msg *msg;

	(void)cause;
	path += watch->prefix;
	len -= watch->prefix;
	size = len + watch->token_len + 2;
	if (conn->dead || conn->ignored || conn->lost || size > XS_PAYLOAD_MAX)
		return;
	if (once &&
	    xs_queue_has_event(&conn->out, path, len, token, watch->token_len))
		return;
	if (!xs_account_has_room(conn->account, XS_QUOTA_MEMORY,
				 (int64_t)(sizeof(*msg) + XS_HDR_SIZE + size)))
		return;
	msg = xs_queue_add_event(&conn->out, path, len, token, watch->token_len,
				 conn->account, once);
	if (!msg || (!limited && conn->out.bytes > XS_CONN_LOST_BYTES)) {
		xs_log(conns->log, XS_LOG_ERROR,
		       "event conn=%u domid=%u lost unread=%zu", conn->id,
		       xs_conn_cred(conn)->domid, conn->out.bytes);
		conn->lost = true;
		make_dirty(conn);
		return;
	}
	if (conns->debt &&
	    (limited || conn->out.bytes > XS_CONN_DEAF_BYTES ||
	     plat_memory_free(conns->plat) < XS_CONN_SPARE_PERCENT)) {
		msg->debt = conns->debt;
		xs_debt_hold(msg->debt);
	}
	msg->queued_ms = conns->now_ms;
	if (conns->settings->watch_event_ms && (limited || msg->debt))
		xs_list_add_tail(&conns->aging, &msg->aging);
	make_dirty(conn);
}

/* ---- Time ------------------------------------------------------------- */

static struct xs_msg *oldest_event(const struct xs_conns *conns)
{
	if (xs_list_is_empty(&conns->aging))
		return NULL;
	return xs_list_entry(conns->aging.next, struct xs_msg, aging);
}

/*
 * An event nobody has read for too long frees those who caused it, and is
 * dropped for a limited receiver unless part of it is out already.
 */
static void age_events(struct xs_conns *conns)
{
	uint32_t limit = conns->settings->watch_event_ms;
	struct xs_msg *msg;

	while ((msg = oldest_event(conns))) {
		struct xs_queue *queue = msg->queue;
		bool started = queue->sent && queue->msgs.next == &msg->link;

		if (conns->now_ms - msg->queued_ms < limit)
			return;
		conns->progress = true;
		if (msg->charge.account->limited && !started &&
		    !xs_container_of(queue, struct xs_conn, out)->quiesced) {
			xs_queue_drop(msg);
			continue;
		}
		xs_list_remove(&msg->aging);
		xs_debt_release(&msg->debt);
	}
}

/* The nearer one of a timeout and a time; 0 is no time at all. */
static int sooner(int timeout, uint64_t due, uint64_t now)
{
	int left = due > now ? (int)(due - now) : 0;

	return due && (timeout < 0 || left < timeout) ? left : timeout;
}

/* Milliseconds until something is to be done without being asked; -1: never. */
int xs_conns_timeout(const struct xs_conns *conns)
{
	int timeout = sooner(xs_penalty_timeout(conns), conns->check_due_ms,
			     conns->now_ms);
	struct xs_msg *msg = oldest_event(conns);

	if (!xs_list_is_empty(&conns->ready) ||
	    !xs_list_is_empty(&conns->busy) ||
	    !xs_list_is_empty(&conns->dirty) ||
	    (conns->progress && !xs_list_is_empty(&conns->stalled)))
		return 0;
	if (msg) {
		uint64_t due = msg->queued_ms + conns->settings->watch_event_ms;
		int left = due > conns->now_ms ? (int)(due - conns->now_ms) : 0;

		if (timeout < 0 || left < timeout)
			timeout = left;
	}
	return timeout;
}

static struct xs_conn *work_entry(struct xs_list *pos)
{
	return xs_list_entry(pos, struct xs_conn, work);
}

/*
 * A round: everybody who is ready gets one turn, and so does one of the busy
 * guests; then all output is sent.
 */
void xs_conns_work(struct xs_conns *conns)
{
	struct xs_list *pos;
	uint32_t n_ready = 0, n;

	if (conns->check_due_ms && conns->now_ms >= conns->check_due_ms)
		xs_domains_check(conns);
	xs_penalty_tick(conns);
	age_events(conns);
	if (conns->progress) {
		conns->progress = false;
		while ((pos = xs_list_pop(&conns->stalled)))
			make_busy(work_entry(pos));
	}
	/* Those who become ready meanwhile come behind these: next time. */
	xs_list_for_each(pos, &conns->ready)
		n_ready++;
	for (n = n_ready; n && (pos = xs_list_pop(&conns->ready)); n--)
		turn(work_entry(pos),
		     n_ready > 1 || !xs_list_is_empty(&conns->busy));
	pos = xs_list_pop(&conns->busy);
	if (pos)
		turn(work_entry(pos),
		     n_ready || !xs_list_is_empty(&conns->busy));
	while ((pos = xs_list_pop(&conns->dirty)))
		flush(xs_list_entry(pos, struct xs_conn, output));
	free_dead(conns);
}
