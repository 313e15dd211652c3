/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections: sockets and rings, what comes in, what goes out, and who has
 * to wait.
 */
#ifndef XS_CONN_CONN_H
#define XS_CONN_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "conn/queue.h"
#include "conn/ring.h"
#include "store/txn.h"
#include "store/watch.h"
#include "wire/proto.h"

struct xs_conn;
struct xs_conns;
struct xs_domain;
struct xs_plat;
struct xs_settings;
struct xs_store;

/* Answers one request, now or never: exactly one reply is queued. */
typedef void xs_request_fn(void *arg, struct xs_conn *conn,
			   const struct xs_hdr *hdr, const char *payload);

/* What a domain's connection was elsewhere: give it to it, or forget it. */
typedef int xs_thaw_fn(struct xs_conns *conns, struct xs_domain *domain);
typedef void xs_thaw_forget_fn(struct xs_domain *domain);

/* Most that is taken from a connection before the others get their turn. */
#define XS_CONN_TURN_MSGS 64
/* What is left of it must fit into a state record's field of 16 bits. */
#define XS_CONN_SCRATCH (64 * 1024 - 1)

/* A client that reads nothing: from here on those wait who cause its events, */
#define XS_CONN_DEAF_BYTES (1024 * 1024)
/* and with so much unread it is given up. */
#define XS_CONN_LOST_BYTES (64 * 1024 * 1024)
/*
 * With less memory free, in percent, any event makes those wait who cause it,
 * and unprivileged clients may add nothing to the store.
 */
#define XS_CONN_SPARE_PERCENT 15

/* All connections of a daemon, and what they work with. */
struct xs_conns {
	void *ctx; /* talloc parent of connections and domains */
	struct xs_plat *plat;
	struct xs_store *store;
	const struct xs_settings *settings;
	struct xs_log *log;
	struct xs_hash_key key;
	xs_request_fn *request;
	void *request_arg;
	xs_thaw_fn *thaw_attach;
	xs_thaw_forget_fn *thaw_forget;

	struct xs_list all;	/* oldest first */
	struct xs_list ready;	/* may have input to work on */
	struct xs_list busy;	/* guests that want more than a turn */
	struct xs_list stalled; /* have input but must wait */
	struct xs_list dirty;	/* have output to send */
	struct xs_list dead;	/* to be freed when nobody uses them */
	struct xs_list aging;	/* events by age */
	struct xs_map domains;
	struct xs_map ports; /* rings by local port */
	struct xs_list penalised;
	uint64_t next_credit_ms;
	uint64_t check_due_ms; /* look at all domains again; 0: no need */
	uint64_t now_ms;       /* of this turn */
	uint32_t n_conns;
	uint32_t last_id;
	uint32_t dom_exc_port;
	bool dom_exc_bound;
	bool progress;	/* a stalled connection may be able to go on */
	bool hold_txns; /* who has no transaction open must wait to begin one */
	struct xs_debt *debt; /* of the request being worked on */
	char *scratch;
};

struct xs_conn {
	struct xs_list link;
	struct xs_list work;   /* in ready or stalled */
	struct xs_list output; /* in dirty */
	struct xs_map_link by_port;
	struct xs_conns *conns;
	struct xs_watcher watcher; /* holds the credentials */
	struct xs_account *account;
	struct xs_domain *domain; /* NULL: a socket */
	struct xs_txns txns;
	struct xs_queue out;
	void *session; /* of CONTROL commands; talloc child */
	char *in;      /* taken in but not worked on */
	struct xs_charge in_charge;
	uint32_t in_len;
	uint32_t id;
	int stream; /* -1: a ring */
	void *page;
	uint32_t local_port; /* 0: none */
	uint32_t remote_port;
	uint64_t n_requests;
	uint32_t epoch;	  /* counts resets: input from before is void */
	bool ignored;	  /* broke the rules of the ring */
	bool at_eof;	  /* will send no more */
	bool dead;	  /* closed, freed when nobody uses it any more */
	bool lost;	  /* reads nothing: to be closed */
	bool wants_write; /* its socket is full */
	bool wants_read;  /* its socket is listened to */
	bool quiesced;	  /* nothing goes in or out until it is resumed */
	bool parked;	  /* its last request will be answered later */
};

static inline const struct xs_cred *xs_conn_cred(const struct xs_conn *conn)
{
	return &conn->watcher.cred;
}

static inline struct xs_conn *xs_conn_of_watcher(struct xs_watcher *watcher)
{
	return xs_container_of(watcher, struct xs_conn, watcher);
}

int xs_conns_init(struct xs_conns *conns, void *ctx, struct xs_plat *plat,
		  struct xs_store *store, const struct xs_settings *settings,
		  struct xs_log *log, const struct xs_hash_key *key,
		  xs_request_fn *request, void *request_arg);
void xs_conns_fini(struct xs_conns *conns);
void xs_conns_accept(struct xs_conns *conns);
void xs_conns_work(struct xs_conns *conns);
int xs_conns_timeout(const struct xs_conns *conns);

int xs_conn_new(struct xs_conns *conns, struct xs_account *account,
		struct xs_conn **connp);
void xs_conn_reset(struct xs_conn *conn);
void xs_conn_ignore(struct xs_conn *conn, enum xs_ring_error error);
void xs_conn_close(struct xs_conn *conn);
void xs_conn_quiesce(struct xs_conn *conn);
void xs_conn_resume(struct xs_conn *conn);
void xs_conn_park(struct xs_conn *conn);
void xs_conn_unpark(struct xs_conn *conn);
bool xs_conn_hung_up(const struct xs_conn *conn);
struct xs_conn *xs_conns_asker(const struct xs_conns *conns, uint32_t id,
			       uint32_t epoch);
int xs_conns_adopt(struct xs_conns *conns, int stream, struct xs_conn **connp);
int xs_conn_adopt_output(struct xs_conn *conn, const void *data, size_t len,
			 size_t begun);
void xs_conns_hold_txns(struct xs_conns *conns, bool hold);
int xs_conn_adopt_input(struct xs_conn *conn, const void *data, size_t len);
void xs_conn_stream_ready(struct xs_conn *conn, bool readable, bool writable);
void xs_conn_port_ready(struct xs_conn *conn);
void xs_conn_set_port(struct xs_conn *conn, uint32_t local, uint32_t remote);
struct xs_conn *xs_conns_by_port(const struct xs_conns *conns, uint32_t port);

void xs_conn_reply(struct xs_conn *conn, const struct xs_hdr *hdr,
		   const void *payload);
void xs_conn_deliver(void *arg, struct xs_watch *watch, const char *path,
		     size_t len, uint16_t cause);

#endif
