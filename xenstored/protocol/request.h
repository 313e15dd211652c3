/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests and their handlers.  A handler writes the payload of the reply, or
 * returns a negative errno value; it never sends anything itself.
 */
#ifndef XS_PROTOCOL_REQUEST_H
#define XS_PROTOCOL_REQUEST_H

#include "base/cursor.h"
#include "conn/conn.h"
#include "store/stage.h"
#include "wire/path.h"
#include "wire/proto.h"

struct xs_live;
struct xs_stage;

/* Everything the handlers work with. */
struct xs_protocol {
	void *ctx; /* talloc context of the whole daemon */
	struct xs_conns *conns;
	struct xs_store *store;
	const struct xs_settings *settings;
	struct xs_log *log;
	struct xs_plat *plat;
	struct xs_live *live;
	uint64_t n_requests;
	uint64_t n_errors;
	struct xs_list_mark mark; /* where the last DIRECTORY_PART ended */
	struct xs_list checks;	  /* CONTROL check under way */
};

struct xs_request {
	struct xs_protocol *protocol;
	struct xs_conn *conn;
	const struct xs_hdr *hdr;
	const char *payload;
	size_t len;
	struct xs_txn *txn;	/* NULL: outside of transactions */
	struct xs_watch *watch; /* just registered: its first event is due */
	bool parked;		/* it will be answered by somebody else */
	struct xs_wr reply;
	char path_buf[XS_PATH_BUF];
};

typedef int xs_handler_fn(struct xs_request *req);

void xs_protocol_request(void *arg, struct xs_conn *conn,
			 const struct xs_hdr *hdr, const char *payload);

void xs_protocol_answer(struct xs_protocol *protocol, struct xs_conn *conn,
			const struct xs_hdr *hdr, int rc,
			const struct xs_wr *reply);

/* What handlers share */
int xs_request_path(struct xs_request *req, const char *text, size_t len,
		    struct xs_path *pathp);
int xs_request_node_path(struct xs_request *req, const char *text, size_t len,
			 struct xs_path *pathp);
struct xs_stage *xs_request_begin(struct xs_request *req);
int xs_request_end(struct xs_request *req, struct xs_stage *stage, int rc);
int xs_request_ok(struct xs_request *req);
int xs_request_domid(const struct xs_request *req, uint16_t *domidp);
bool xs_request_is_memory_short(const struct xs_request *req);
uint32_t xs_request_features(const struct xs_request *req);

/* op_node.c */
xs_handler_fn xs_do_directory, xs_do_directory_part, xs_do_read, xs_do_write,
	xs_do_mkdir, xs_do_rm;
/* op_perm.c */
xs_handler_fn xs_do_get_perms, xs_do_set_perms;
/* op_watch.c */
xs_handler_fn xs_do_watch, xs_do_unwatch, xs_do_reset_watches;
/* op_txn.c */
xs_handler_fn xs_do_transaction_start, xs_do_transaction_end;
/* op_domain.c */
xs_handler_fn xs_do_introduce, xs_do_release, xs_do_resume, xs_do_set_target,
	xs_do_get_domain_path, xs_do_is_domain_introduced;
/* op_quota.c */
xs_handler_fn xs_do_get_feature, xs_do_set_feature, xs_do_get_quota,
	xs_do_set_quota;
/* control.c */
xs_handler_fn xs_do_control;

#endif
