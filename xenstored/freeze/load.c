/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Giving a connection the state of one that was elsewhere, or before.
 *
 * I1  Nothing is sent, no event is fired, no ring index is touched: the client
 *     cannot tell that anything happened.
 * I2  Quotas were asked before; here nothing is refused for them, so that what
 *     was accepted once does not get lost on the way.
 * I3  On an error the connection holds a part of the state and is to be reset.
 */
#include "freeze/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "conn/conn.h"
#include "conn/domain.h"
#include "state/image.h"
#include "store/store.h"
#include "wire/path.h"

/* Charges are taken without asking until the matching call (keeps I2). */
static bool lift_limits(struct xs_account *account)
{
	bool limited = account->limited;

	account->limited = false;
	return limited;
}

/* Input taken in but not worked on, and output not sent.  -EINVAL, -ENOMEM. */
int xs_load_io(struct xs_conn *conn, const struct xs_image_conn *c)
{
	bool limited = lift_limits(conn->account);
	int rc = xs_conn_adopt_output(conn, c->out.data, c->out.len,
				      c->resp_left);

	if (!rc)
		rc = xs_conn_adopt_input(conn, c->in.data, c->in.len);
	if (!rc && c->has_ext)
		conn->txns.last_id = c->last_tx_id;
	conn->account->limited = limited;
	return rc;
}

/* A watch, which does not fire for being there.  -EINVAL, -EEXIST, -ENOMEM. */
int xs_load_watch(struct xs_conn *conn, const struct xs_image_watch *w)
{
	bool limited = lift_limits(conn->account);
	char buf[XS_PATH_BUF];
	struct xs_watch *watch;
	struct xs_path path;
	int rc = xs_path_canonical((const char *)w->path.data, w->path.len,
				   xs_conn_cred(conn)->domid, buf, &path);

	if (!rc)
		rc = xs_watch_add(&conn->conns->store->watches, &conn->watcher,
				  conn->account, &path,
				  (const char *)w->token.data, w->token.len,
				  w->depth, &watch);
	conn->account->limited = limited;
	return rc;
}

/* "b7\0r0\0" as entries for nodes; -EINVAL, -ENOMEM. */
static int parse_perms(struct xs_conn *conn, const struct xs_span *text,
		       struct xs_perm **permsp, size_t *lenp)
{
	size_t max = text->len / 3 + 1, n = 0, len;
	struct xs_perm *perms = calloc(max, sizeof(*perms));
	struct xs_rd rd;
	const char *arg;

	if (!perms)
		return -ENOMEM;
	xs_rd_init(&rd, text->data, text->len);
	while (n < max && (arg = xs_rd_string(&rd, &len))) {
		if (xs_perm_parse(arg, &perms[n])) {
			n = 0;
			break;
		}
		if (n)
			xs_domain_settle_perm(conn->conns, XS_FEATURES_ALL,
					      &perms[n]);
		n++;
	}
	if (!n || xs_rd_left(&rd)) {
		free(perms);
		return -EINVAL;
	}
	*permsp = perms;
	*lenp = n * sizeof(*perms);
	return 0;
}

static int load_request(struct xs_conn *conn, struct xs_stage *stage,
			const struct xs_image_request *r)
{
	const struct xs_path path = {
		.text = (const char *)r->path.data,
		.len = r->path.len,
	};
	struct xs_stage_request rq = {
		.kind = r->kind,
		.rc = r->rc,
		.sum = r->sum,
		.path = &path,
		.data = r->data.data,
		.len = r->data.len,
	};
	struct xs_perm *perms = NULL;
	int rc = 0;

	if (r->kind == XS_IMAGE_R_SET_PERMS) {
		rc = parse_perms(conn, &r->data, &perms, &rq.len);
		rq.data = perms;
	}
	if (!rc)
		rc = xs_stage_adopt(stage, &rq);
	free(perms);
	return rc;
}

/*
 * A transaction: its requests are made again over a snapshot of now, so that
 * it goes on if they come out as they did, and is doomed otherwise.  The nodes
 * have to be there already.  -EEXIST, -EINVAL, -ENOMEM.
 *
 * What a quota refused it refuses again, or it would come out otherwise; only
 * the memory that all this takes is not asked for.
 */
int xs_load_txn(struct xs_conn *conn, const struct xs_image_txn *t)
{
	uint32_t *memory = &conn->account->limits.max[XS_QUOTA_MEMORY];
	uint32_t max = *memory;
	bool limited = lift_limits(conn->account);
	uint64_t now = conn->conns->now_ms;
	struct xs_txn *txn;
	uint32_t i;
	int rc = xs_txn_adopt(&conn->txns, &conn->conns->store->tree,
			      xs_conn_cred(conn), conn->account,
			      t->age_ms < now ? now - t->age_ms : 0, t->tx_id,
			      &txn);

	conn->account->limited = limited;
	*memory = 0;
	if (!rc) {
		memcpy(&txn->stage.digest_key, t->key, sizeof(t->key));
		txn->stage.doomed = t->doomed || t->bare;
	}
	for (i = 0; !rc && i < t->n_requests; i++)
		rc = load_request(conn, &txn->stage, &t->requests[i]);
	*memory = max;
	return rc;
}

/* All of a connection that is in the image as c. */
int xs_load_conn(struct xs_conn *conn, const struct xs_image *image,
		 const struct xs_image_conn *c)
{
	int rc = xs_load_io(conn, c);
	uint32_t i;

	for (i = 0; !rc && i < image->n_watches; i++) {
		if (image->watches[i].conn_id == c->id)
			rc = xs_load_watch(conn, &image->watches[i]);
	}
	for (i = 0; !rc && i < image->n_txns; i++) {
		if (image->txns[i].conn_id == c->id)
			rc = xs_load_txn(conn, &image->txns[i]);
	}
	if (rc)
		xs_conn_reset(conn);
	return rc;
}

/* The limits a domain had; those we do not know are left out. */
void xs_load_limits(struct xs_limits *limits, const struct xs_image_domain *d)
{
	char name[32];
	enum xs_quota quota;
	uint16_t i;

	for (i = 0; i < d->n_quotas; i++) {
		const struct xs_image_quota *q = &d->quotas[i];

		if (q->name.len >= sizeof(name))
			continue;
		memcpy(name, q->name.data, q->name.len);
		name[q->name.len] = '\0';
		if (!strcmp(name, "soft-memory"))
			limits->soft_memory = q->value;
		else if (!xs_quota_by_name(name, &quota))
			limits->max[quota] = q->value;
	}
}
