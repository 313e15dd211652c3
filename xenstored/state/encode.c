/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes an image as a stream, in one order only:
 *
 *   XS_ORIGIN, GLOBAL_DATA, XS_GLOBAL, GLOBAL_QUOTA_DATA,
 *   for each connection: CONNECTION_DATA, XS_CONNECTION, its watches,
 *   for each transaction: XS_TRANSACTION, its XS_REQUESTs,
 *   nodes, DOMAIN_DATA, records nobody knows, XS_CHECKSUM, END
 *
 * I1  Padding and reserved fields are zero, so that equal images are equal
 *     streams.
 * I2  What does not fit into its field is refused, never cut off.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "state/crc32c.h"
#include "state/encode_priv.h"
#include "state/ours.h"
#include "state/records.h"
#include "wire/perm.h"

const struct xs_image_format xs_image_format_ours = {
	.version = 2,
	.extensions = true,
};

const struct xs_image_format xs_image_format_417 = {
	.version = 1,
	.for_417 = true,
	.plain_watches = true,
};

static void put_global(struct xs_encoder *e)
{
	const struct xs_image_global *global = &e->image->global;

	if (global->present) {
		xs_put_begin(e, XS_RECORD_GLOBAL);
		xs_put_int(e, (uint32_t)global->socket_fd, 4);
		xs_put_int(e, (uint32_t)global->evtchn_fd, 4);
		xs_put_end(e);
	}
	if (global->has_ext && e->format->extensions) {
		xs_put_begin(e, XS_RECORD_GLOBAL_EXT);
		xs_put_int(e, global->gen, 8);
		xs_put_int(e, global->last_conn_id, 4);
		xs_put_int(e, global->virq_port, 4);
		xs_put_end(e);
	}
}

static void put_quotas(struct xs_encoder *e,
		       const struct xs_image_quota *quotas, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		xs_put_int(e, quotas[i].value, 4);
	for (i = 0; i < n; i++)
		xs_put_string(e, &quotas[i].name, SIZE_MAX);
}

static void put_global_quota(struct xs_encoder *e)
{
	const struct xs_image_global_quota *quota = &e->image->quota;

	if (!quota->present || e->format->for_417)
		return;
	xs_put_begin(e, XS_RECORD_GLOBAL_QUOTA);
	xs_put_int(e, quota->n_domain, 2);
	xs_put_int(e, quota->n_global, 2);
	put_quotas(e, quota->quotas,
		   (uint32_t)quota->n_domain + quota->n_global);
	xs_put_end(e);
}

static void put_domain(struct xs_encoder *e,
		       const struct xs_image_domain *domain)
{
	bool features = e->format->version > 1 || e->format->extensions;

	xs_put_begin(e, XS_RECORD_DOMAIN);
	xs_put_int(e, domain->domid, 2);
	xs_put_int(e, domain->n_quotas, 2);
	xs_put_int(e, features ? domain->features : 0, 4);
	put_quotas(e, domain->quotas, domain->n_quotas);
	xs_put_end(e);
}

static void put_conn_ext(struct xs_encoder *e, const struct xs_image_conn *conn)
{
	uint32_t flags = 0;

	if (conn->ignored)
		flags |= XS_CONN_EXT_IGNORED;
	if (conn->shutdown_told)
		flags |= XS_CONN_EXT_SHUTDOWN_TOLD;
	if (conn->introduced)
		flags |= XS_CONN_EXT_INTRODUCED;
	xs_put_begin(e, XS_RECORD_CONN_EXT);
	xs_put_int(e, conn->id, 4);
	xs_put_int(e, flags, 4);
	xs_put_int(e, conn->guest_port, 4);
	xs_put_int(e, conn->last_tx_id, 4);
	xs_put_int(e, conn->ring_features, 4);
	xs_put_int(e, 0, 4);
	xs_put_bytes(e, conn->handle, sizeof(conn->handle));
	xs_put_end(e);
}

static void put_watch(struct xs_encoder *e, const struct xs_image_watch *watch)
{
	bool plain = watch->depth < 0 || e->format->version < 2 ||
		     e->format->plain_watches;
	uint32_t depth = watch->depth < 0 ? 0 : (uint32_t)watch->depth;

	xs_put_begin(e, plain ? XS_RECORD_WATCH : XS_RECORD_WATCH_EXT);
	xs_put_int(e, watch->conn_id, 4);
	xs_put_len(e, watch->path.len + 1, 2);
	xs_put_len(e, watch->token.len + 1, 2);
	if (!plain) {
		/* No path has so many names. */
		xs_put_int(e, depth < UINT16_MAX ? depth : UINT16_MAX, 2);
		xs_put_int(e, 0, 2);
	}
	xs_put_string(e, &watch->path, UINT16_MAX);
	xs_put_string(e, &watch->token, UINT16_MAX);
	xs_put_end(e);
}

/* A connection and its watches. */
static void put_conn(struct xs_encoder *e, uint32_t i)
{
	const struct xs_image_conn *conn = &e->image->conns[i];
	bool unique = conn->has_unique_id && e->format->version > 1;
	uint32_t w;

	xs_put_begin(e, XS_RECORD_CONN);
	xs_put_int(e, conn->id, 4);
	xs_put_int(e, conn->kind, 2);
	xs_put_int(e, unique, 2);
	if (conn->kind == XS_IMAGE_RING) {
		xs_put_int(e, conn->domid, 2);
		xs_put_int(e, conn->target, 2);
		xs_put_int(e, conn->local_port, 4);
	} else {
		xs_put_int(e, (uint32_t)conn->fd, 4);
		xs_put_int(e, 0, 4);
	}
	xs_put_len(e, conn->in.len, 2);
	xs_put_len(e, conn->resp_left, 2);
	xs_put_len(e, conn->out.len, 4);
	xs_put_bytes(e, conn->in.data, conn->in.len);
	xs_put_bytes(e, conn->out.data, conn->out.len);
	if (unique) {
		xs_put_align(e);
		xs_put_int(e, conn->unique_id, 8);
	}
	xs_put_end(e);
	if (conn->has_ext && e->format->extensions)
		put_conn_ext(e, conn);
	for (w = e->first_watch[i]; w != UINT32_MAX; w = e->next_watch[w])
		put_watch(e, &e->image->watches[w]);
}

static void store_16(const struct xs_encoder *e, uint8_t *p, uint32_t value)
{
	p[e->big] = (uint8_t)value;
	p[!e->big] = (uint8_t)(value >> 8);
}

/* One after the other is what the time goes to in a big store. */
static void put_perms(struct xs_encoder *e, const struct xs_image_node *node)
{
	static const uint8_t letters[] = {'n', 'r', 'w', 'b'};
	uint16_t i;

	for (i = 0; i < node->n_perms; i++) {
		const struct xs_perm *perm = &node->perms[i];
		uint8_t bytes[4] = {letters[perm->access & 3],
				    perm->flags & XS_PERM_F_IGNORE};

		store_16(e, bytes + 2, perm->domid);
		xs_put_bytes(e, bytes, sizeof(bytes));
	}
}

/* Nodes of no connection's; 4.17 wants special nodes first. */
static void put_node(struct xs_encoder *e, const struct xs_image_node *node)
{
	uint8_t fixed[16] = {0};

	if ((node->path.len + 1 > UINT16_MAX || node->value.len > UINT16_MAX) &&
	    !e->rc)
		e->rc = -E2BIG;
	store_16(e, fixed + 8, (uint32_t)node->path.len + 1);
	store_16(e, fixed + 10, (uint32_t)node->value.len);
	store_16(e, fixed + 14, node->n_perms);
	xs_put_begin(e, XS_RECORD_NODE);
	xs_put_bytes(e, fixed, sizeof(fixed));
	put_perms(e, node);
	xs_put_string(e, &node->path, UINT16_MAX);
	xs_put_bytes(e, node->value.data, node->value.len);
	xs_put_end(e);
}

static bool is_special(const struct xs_image_node *node)
{
	return node->path.len && node->path.data[0] == '@';
}

static void put_nodes(struct xs_encoder *e)
{
	const struct xs_image *image = e->image;
	uint32_t i;

	for (i = 0; e->format->for_417 && i < image->n_nodes; i++)
		if (is_special(&image->nodes[i]))
			put_node(e, &image->nodes[i]);
	for (i = 0; i < image->n_nodes; i++)
		if (!e->format->for_417 || !is_special(&image->nodes[i]))
			put_node(e, &image->nodes[i]);
}

static void put_request(struct xs_encoder *e, const struct xs_image_txn *txn,
			const struct xs_image_request *request)
{
	xs_put_begin(e, XS_RECORD_REQUEST);
	xs_put_int(e, txn->conn_id, 4);
	xs_put_int(e, txn->tx_id, 4);
	xs_put_int(e, request->gen, 8);
	xs_put_int(e, request->sum, 8);
	xs_put_int(e, (uint32_t)request->rc, 4);
	xs_put_int(e, request->kind, 1);
	xs_put_int(e, 0, 1);
	xs_put_len(e, request->path.len, 2);
	xs_put_len(e, request->data.len, 4);
	xs_put_int(e, 0, 4);
	xs_put_bytes(e, request->path.data, request->path.len);
	xs_put_bytes(e, request->data.data, request->data.len);
	xs_put_end(e);
}

static void put_txn(struct xs_encoder *e, const struct xs_image_txn *txn)
{
	uint32_t i;

	if (txn->bare) {
		xs_put_begin(e, XS_RECORD_TRANSACTION);
		xs_put_int(e, txn->conn_id, 4);
		xs_put_int(e, txn->tx_id, 4);
		xs_put_end(e);
		return;
	}
	xs_put_begin(e, XS_RECORD_TXN);
	xs_put_int(e, txn->conn_id, 4);
	xs_put_int(e, txn->tx_id, 4);
	xs_put_int(e, txn->age_ms, 8);
	xs_put_bytes(e, txn->key, sizeof(txn->key));
	xs_put_int(e, txn->doomed ? XS_TXN_DOOMED : 0, 4);
	xs_put_int(e, txn->n_requests, 4);
	xs_put_end(e);
	for (i = 0; i < txn->n_requests; i++)
		put_request(e, txn, &txn->requests[i]);
}

static void put_line(struct xs_encoder *e, const char *key,
		     const struct xs_span *value)
{
	if (!value->len)
		return;
	if (memchr(value->data, '\n', value->len) ||
	    memchr(value->data, 0, value->len)) {
		e->rc = e->rc ? e->rc : -EINVAL;
		return;
	}
	xs_put_bytes(e, key, strlen(key));
	xs_put_bytes(e, value->data, value->len);
	xs_put_bytes(e, "\n", 1);
}

static void put_number(struct xs_encoder *e, const char *key, uint64_t number)
{
	char text[24];
	struct xs_span span = {.data = (const uint8_t *)text};

	span.len = (size_t)snprintf(text, sizeof(text), "%llu",
				    (unsigned long long)number);
	put_line(e, key, &span);
}

static void put_origin(struct xs_encoder *e)
{
	const struct xs_image_origin *origin = &e->image->origin;

	if (!origin->present)
		return;
	xs_put_begin(e, XS_RECORD_ORIGIN);
	if (origin->kind == XS_IMAGE_DOMAIN) {
		xs_put_bytes(e, "kind=domain\n", 12);
		put_number(e, "domid=", origin->domid);
	} else {
		xs_put_bytes(e, "kind=whole\n", 11);
	}
	put_line(e, "uuid=", &origin->uuid);
	put_line(e, "host=", &origin->host);
	put_line(e, "xen=", &origin->xen);
	put_line(e, "daemon=", &origin->daemon);
	if (origin->time)
		put_number(e, "time=", origin->time);
	xs_put_bytes(e, origin->more.data, origin->more.len);
	xs_put_end(e);
}

static void put_conns(struct xs_encoder *e)
{
	uint32_t i;

	for (i = 0; i < e->image->n_conns; i++)
		put_conn(e, e->order[i]);
}

static void put_domains(struct xs_encoder *e)
{
	uint32_t i;

	for (i = 0; !e->format->for_417 && i < e->image->n_domains; i++)
		put_domain(e, &e->image->domains[i]);
}

static void put_unknowns(struct xs_encoder *e)
{
	const struct xs_image *image = e->image;
	uint32_t i;

	for (i = 0; e->format->unknown && i < image->n_unknowns; i++) {
		xs_put_begin(e, image->unknowns[i].type);
		xs_put_bytes(e, image->unknowns[i].body.data,
			     image->unknowns[i].body.len);
		xs_put_end(e);
	}
}

static void put_checksum(struct xs_encoder *e)
{
	uint32_t sum;

	if (e->rc)
		return;
	sum = xs_crc32c(0, e->out->data + e->start, e->out->len - e->start);
	xs_put_begin(e, XS_RECORD_CHECKSUM);
	xs_put_int(e, sum, 4);
	xs_put_int(e, 0, 4);
	xs_put_end(e);
}

static void put_stream(struct xs_encoder *e)
{
	const struct xs_image *image = e->image;
	uint32_t i;

	xs_put_bytes(e, XS_STREAM_IDENT, XS_STREAM_IDENT_LEN);
	e->big = true;
	xs_put_int(e, e->format->version, 4);
	xs_put_int(e, e->format->big_endian, 4);
	e->big = e->format->big_endian;
	if (e->format->extensions)
		put_origin(e);
	put_global(e);
	put_global_quota(e);
	put_conns(e);
	for (i = 0; e->format->extensions && i < image->n_txns; i++)
		put_txn(e, &image->txns[i]);
	put_nodes(e);
	put_domains(e);
	put_unknowns(e);
	if (e->format->extensions)
		put_checksum(e);
	xs_put_begin(e, XS_RECORD_END);
	xs_put_end(e);
}

/*
 * Appends the image to out, all of it or nothing; what was built has to be
 * valid for that to be of use.  A watch of a connection that is not there is
 * left out.  -EINVAL for a text with a NUL in it, a permissionless node or an
 * unknown version, -E2BIG if something does not fit into its field, -ENOMEM.
 */
int xs_image_encode(const struct xs_image *image,
		    const struct xs_image_format *format,
		    struct xs_image_out *out)
{
	struct xs_encoder e = {.image = image,
			       .format = format,
			       .out = out,
			       .start = out->len};
	uint32_t i;
	int rc;

	if (format->version != 1 && format->version != 2)
		return -EINVAL;
	for (i = 0; i < image->n_nodes; i++)
		if (!image->nodes[i].n_perms)
			return -EINVAL;
	rc = xs_encode_order(&e);
	if (!rc) {
		put_stream(&e);
		rc = e.rc;
	}
	if (!rc && out->len - e.start > XS_STREAM_MAX)
		rc = -E2BIG;
	if (rc)
		out->len = e.start;
	xs_encode_order_fini(&e);
	return rc;
}
