/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting connections, domains and nodes into an image.
 *
 * I1  Nothing of the daemon changes.
 * I2  What the image borrows (values, input) lasts until the daemon goes on:
 *     an image is encoded before that.
 */
#include "freeze/save.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conn/conn.h"
#include "conn/domain.h"
#include "state/image.h"
#include "store/tree.h"
#include "wire/path.h"

static struct xs_span span_of(const void *data, size_t len)
{
	return (struct xs_span){.data = data, .len = len};
}

/* ---- Connections ------------------------------------------------------ */

/* What is still to be sent, in one piece. */
static int save_output(struct xs_image *image, const struct xs_queue *queue,
		       struct xs_image_conn *c)
{
	uint8_t *buf, *p;
	size_t skip = queue->sent;
	struct xs_list *pos;
	int rc;

	if (!queue->bytes)
		return 0;
	p = buf = malloc(queue->bytes);
	if (!buf)
		return -ENOMEM;
	xs_list_for_each(pos, &queue->msgs) {
		const struct xs_msg *msg =
			xs_list_entry(pos, struct xs_msg, link);

		/* A part may be what another daemon left of a message. */
		if (p == buf && (skip || msg->is_part))
			c->resp_left = msg->len - (uint32_t)skip;
		memcpy(p, msg->bytes + skip, msg->len - skip);
		p += msg->len - skip;
		skip = 0;
	}
	rc = xs_image_keep(image, buf, queue->bytes, &c->out);
	free(buf);
	return rc;
}

static void save_ring(const struct xs_conn *conn, struct xs_image_conn *c)
{
	const struct xs_domain *domain = conn->domain;

	c->kind = XS_IMAGE_RING;
	c->domid = domain->domid;
	c->target = conn->watcher.cred.target;
	c->local_port = conn->local_port;
	c->has_ext = true;
	c->ignored = conn->ignored;
	c->shutdown_told = domain->shutdown_told;
	c->introduced = domain->introduced;
	c->guest_port = conn->remote_port;
	c->ring_features = domain->features;
	memcpy(c->handle, domain->handle, sizeof(c->handle));
}

static int save_watches(struct xs_image *image, const struct xs_conn *conn,
			uint32_t id)
{
	struct xs_list *pos;

	xs_list_for_each(pos, &conn->watcher.watches) {
		const struct xs_watch *w =
			xs_list_entry(pos, struct xs_watch, mine);
		const struct xs_image_watch out = {
			.conn_id = id,
			.depth = w->depth,
			.path = span_of(w->text + w->prefix,
					(size_t)w->path_len - w->prefix),
			.token = span_of(xs_watch_token(w), w->token_len),
		};
		int rc = xs_image_add_watch(image, &out);

		if (rc)
			return rc;
	}
	return 0;
}

struct saving {
	struct xs_image *image;
};

static int keep_perms_text(struct xs_image *image, const void *data, size_t len,
			   struct xs_span *spanp)
{
	const struct xs_perm *entries = data;
	size_t n = len / sizeof(*entries), i, at = 0;
	char *text = malloc(n * XS_PERM_TEXT_MAX + 1);
	int rc;

	if (!text)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		at += xs_perm_format(&entries[i], text + at) + 1;
	rc = xs_image_keep(image, text, at, spanp);
	free(text);
	return rc;
}

static int save_request(void *arg, const struct xs_stage_request *rq)
{
	const struct saving *saving = arg;
	struct xs_image_request out = {
		.kind = (uint8_t)rq->kind,
		.rc = rq->rc,
		.sum = rq->sum,
		.path = span_of(rq->path->text, rq->path->len),
		.data = span_of(rq->data, rq->len),
	};
	int rc = 0;

	if (rq->kind == XS_IMAGE_R_SET_PERMS)
		rc = keep_perms_text(saving->image, rq->data, rq->len,
				     &out.data);
	return rc ? rc : xs_image_add_request(saving->image, &out);
}

static int look_for_void(void *arg, const struct xs_stage_request *rq)
{
	const struct xs_perm *entries = rq->data;
	size_t n = rq->len / sizeof(*entries), i;
	bool *foundp = arg;

	if (rq->kind != XS_IMAGE_R_SET_PERMS || rq->rc)
		return 0;
	for (i = 0; i < n; i++)
		*foundp |= entries[i].flags & XS_PERM_F_IGNORE;
	return *foundp;
}

/*
 * Whether it gives rights to nobody: as text the entry would be one for whoever
 * has that domid by the time it is read (XSA-417).
 */
static bool names_nobody(const struct xs_stage *stage)
{
	bool found = false;

	xs_stage_each_request(stage, look_for_void, &found);
	return found;
}

static int save_txns(struct xs_image *image, const struct xs_conn *conn,
		     uint32_t id)
{
	uint64_t now = conn->conns->now_ms;
	struct saving saving = {.image = image};
	struct xs_list *pos;
	int rc = 0;

	xs_list_for_each(pos, &conn->txns.open) {
		const struct xs_txn *txn =
			xs_list_entry(pos, struct xs_txn, link);
		struct xs_image_txn out = {
			.conn_id = id,
			.tx_id = txn->id,
			.age_ms = now - txn->started_ms,
		};
		bool holds;

		/* What has no chance now is not given one elsewhere. */
		rc = xs_stage_holds(&txn->stage, &holds);
		if (rc)
			break;
		out.doomed = !holds || names_nobody(&txn->stage);
		memcpy(out.key, &txn->stage.digest_key, sizeof(out.key));
		rc = xs_image_add_txn(image, &out);
		if (!rc)
			rc = xs_stage_each_request(&txn->stage, save_request,
						   &saving);
		if (rc)
			break;
	}
	return rc;
}

/*
 * A connection under that id, with its watches and transactions.  -ENOMEM,
 * -E2BIG: more input is waiting than a record can hold.
 */
int xs_save_conn(struct xs_image *image, const struct xs_conn *conn,
		 uint32_t id)
{
	struct xs_image_conn c = {
		.id = id,
		.kind = XS_IMAGE_SOCKET,
		.target = XS_IMAGE_NO_DOMID,
		.fd = conn->stream,
		.in = span_of(conn->in, conn->in_len),
		.last_tx_id = conn->txns.last_id,
	};
	int rc;

	if (conn->in_len > XS_IMAGE_IN_MAX)
		return -E2BIG;
	if (conn->domain)
		save_ring(conn, &c);
	else
		c.has_ext = true;
	rc = save_output(image, &conn->out, &c);
	if (!rc)
		rc = xs_image_add_conn(image, &c);
	if (!rc)
		rc = save_watches(image, conn, id);
	return rc ? rc : save_txns(image, conn, id);
}

/* ---- Domains ---------------------------------------------------------- */

/* What the domain was promised and may use.  -ENOMEM. */
int xs_save_domain(struct xs_image *image, const struct xs_domain *domain)
{
	const struct xs_limits *limits = &domain->account->limits;
	struct xs_image_quota quotas[XS_N_QUOTAS + 1];
	struct xs_image_domain out = {
		.domid = domain->domid,
		.features = domain->features,
		.n_quotas = XS_N_QUOTAS + 1,
	};
	unsigned int i;
	int rc;

	for (i = 0; i < XS_N_QUOTAS; i++) {
		const char *name = xs_quota_name((enum xs_quota)i);

		quotas[i].name = span_of(name, strlen(name));
		quotas[i].value = limits->max[i];
	}
	quotas[i].name = span_of("soft-memory", strlen("soft-memory"));
	quotas[i].value = limits->soft_memory;
	rc = xs_image_keep_quotas(image, quotas, out.n_quotas, &out.quotas);
	return rc ? rc : xs_image_add_domain(image, &out);
}

/* ---- Nodes ------------------------------------------------------------ */

/* One node, without those below it.  -ENOMEM. */
int xs_save_node(struct xs_image *image, const struct xs_tree *tree,
		 const struct xs_node *node)
{
	char path[XS_PATH_BUF];
	size_t len = xs_node_path(tree, node, path, sizeof(path));
	struct xs_image_node out = {
		.value = span_of(xs_node_value(node), node->value_len),
		.perms = node->perms->entry,
		.n_perms = node->perms->n,
	};
	int rc = len ? xs_image_keep(image, path, len, &out.path) : -E2BIG;

	return rc ? rc : xs_image_add_node(image, &out);
}

/* A node and everything below it, parents first, in order of creation. */
int xs_save_subtree(struct xs_image *image, const struct xs_tree *tree,
		    const struct xs_node *top)
{
	const struct xs_node *node;
	int rc = 0;

	for (node = top; node && !rc; node = xs_node_next(top, node, XS_NOW))
		rc = xs_save_node(image, tree, node);
	return rc;
}
