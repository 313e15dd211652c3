/* SPDX-License-Identifier: GPL-2.0-only */
/* xsdump json and encode; docs/formats/state-stream.md has the members. */
#include <string.h>

#include "jsonw.h"
#include "wire/perm.h"
#include "xsdump.h"

static bool has_extensions(const struct xs_image *image)
{
	return image->sum != XS_IMAGE_SUM_NONE || image->origin.present;
}

static void put_origin(struct jsonw *w, const struct xs_image_origin *origin)
{
	if (!origin->present)
		return;
	jsonw_open(w, "origin", false);
	jsonw_text(w, "kind",
		   origin->kind == XS_IMAGE_DOMAIN ? "domain" : "whole");
	if (origin->kind == XS_IMAGE_DOMAIN)
		jsonw_int(w, "domid", origin->domid);
	if (origin->uuid.len)
		jsonw_span(w, "uuid", &origin->uuid);
	if (origin->host.len)
		jsonw_span(w, "host", &origin->host);
	if (origin->xen.len)
		jsonw_span(w, "xen", &origin->xen);
	if (origin->daemon.len)
		jsonw_span(w, "daemon", &origin->daemon);
	if (origin->time)
		jsonw_hex(w, "time", origin->time);
	if (origin->more.len)
		jsonw_span(w, "more", &origin->more);
	jsonw_close(w);
}

static void put_global(struct jsonw *w, const struct xs_image_global *global)
{
	if (!global->present && !global->has_ext)
		return;
	jsonw_open(w, "global", false);
	if (global->present) {
		jsonw_int(w, "socket_fd", global->socket_fd);
		jsonw_int(w, "evtchn_fd", global->evtchn_fd);
	}
	if (global->has_ext) {
		jsonw_hex(w, "generation", global->gen);
		jsonw_int(w, "last_connection", global->last_conn_id);
		jsonw_int(w, "virq_port", global->virq_port);
	}
	jsonw_close(w);
}

static void put_quotas(struct jsonw *w, const char *key,
		       const struct xs_image_quota *quotas, uint32_t n)
{
	uint32_t i;

	jsonw_open(w, key, true);
	for (i = 0; i < n; i++) {
		jsonw_open(w, NULL, false);
		jsonw_span(w, "name", &quotas[i].name);
		jsonw_int(w, "value", quotas[i].value);
		jsonw_close(w);
	}
	jsonw_close(w);
}

static void put_global_quota(struct jsonw *w,
			     const struct xs_image_global_quota *quota)
{
	if (!quota->present)
		return;
	jsonw_open(w, "quota", false);
	put_quotas(w, "domain", quota->quotas, quota->n_domain);
	put_quotas(w, "global",
		   quota->n_global ? quota->quotas + quota->n_domain : NULL,
		   quota->n_global);
	jsonw_close(w);
}

static void put_conn(struct jsonw *w, const struct xs_image_conn *conn)
{
	bool ring = conn->kind == XS_IMAGE_RING;

	jsonw_open(w, NULL, false);
	jsonw_int(w, "id", conn->id);
	jsonw_text(w, "kind", ring ? "ring" : "socket");
	if (ring) {
		jsonw_int(w, "domid", conn->domid);
		if (conn->target != XS_IMAGE_NO_DOMID)
			jsonw_int(w, "target", conn->target);
		jsonw_int(w, "local_port", conn->local_port);
	} else {
		jsonw_int(w, "fd", conn->fd);
	}
	if (conn->has_unique_id)
		jsonw_hex(w, "unique_id", conn->unique_id);
	jsonw_span(w, "in", &conn->in);
	jsonw_span(w, "out", &conn->out);
	if (conn->resp_left)
		jsonw_int(w, "resp_left", conn->resp_left);
	if (conn->has_ext) {
		jsonw_open(w, "extra", false);
		jsonw_bool(w, "ignored", conn->ignored);
		jsonw_bool(w, "shutdown_told", conn->shutdown_told);
		jsonw_bool(w, "introduced", conn->introduced);
		jsonw_int(w, "guest_port", conn->guest_port);
		jsonw_int(w, "last_transaction", conn->last_tx_id);
		jsonw_int(w, "ring_features", conn->ring_features);
		jsonw_bytes(w, "handle", conn->handle, sizeof(conn->handle));
		jsonw_close(w);
	}
	jsonw_close(w);
}

static void put_txn(struct jsonw *w, const struct xs_image_txn *txn)
{
	uint32_t i;

	jsonw_open(w, NULL, false);
	jsonw_int(w, "connection", txn->conn_id);
	jsonw_int(w, "id", txn->tx_id);
	if (txn->bare) {
		jsonw_bool(w, "bare", true);
		jsonw_close(w);
		return;
	}
	jsonw_hex(w, "age_ms", txn->age_ms);
	jsonw_bool(w, "doomed", txn->doomed);
	jsonw_bytes(w, "key", txn->key, sizeof(txn->key));
	jsonw_open(w, "requests", true);
	for (i = 0; i < txn->n_requests; i++) {
		const struct xs_image_request *rq = &txn->requests[i];

		jsonw_open(w, NULL, false);
		jsonw_int(w, "kind", rq->kind);
		jsonw_int(w, "result", rq->rc);
		jsonw_hex(w, "generation", rq->gen);
		jsonw_hex(w, "sum", rq->sum);
		jsonw_span(w, "path", &rq->path);
		if (rq->data.len)
			jsonw_span(w, "data", &rq->data);
		jsonw_close(w);
	}
	jsonw_close(w);
	jsonw_close(w);
}

static void put_node(struct jsonw *w, const struct xs_image_node *node)
{
	static const char letters[] = "nrwb";
	char text[12];
	uint16_t i;

	jsonw_open(w, NULL, false);
	jsonw_span(w, "path", &node->path);
	jsonw_span(w, "value", &node->value);
	jsonw_open(w, "perms", true);
	for (i = 0; i < node->n_perms; i++) {
		snprintf(text, sizeof(text), "%c%u%s",
			 letters[node->perms[i].access & 3],
			 node->perms[i].domid,
			 node->perms[i].flags & XS_PERM_F_IGNORE ? "!" : "");
		jsonw_text(w, NULL, text);
	}
	jsonw_close(w);
	jsonw_close(w);
}

static void put_watches(struct jsonw *w, const struct xs_image *image)
{
	uint32_t i;

	jsonw_open(w, "watches", true);
	for (i = 0; i < image->n_watches; i++) {
		const struct xs_image_watch *watch = &image->watches[i];

		jsonw_open(w, NULL, false);
		jsonw_int(w, "connection", watch->conn_id);
		jsonw_span(w, "path", &watch->path);
		jsonw_span(w, "token", &watch->token);
		if (watch->depth >= 0)
			jsonw_int(w, "depth", watch->depth);
		jsonw_close(w);
	}
	jsonw_close(w);
}

static void put_rest(struct jsonw *w, const struct xs_image *image)
{
	uint32_t i;

	jsonw_open(w, "domains", true);
	for (i = 0; i < image->n_domains; i++) {
		jsonw_open(w, NULL, false);
		jsonw_int(w, "domid", image->domains[i].domid);
		jsonw_int(w, "features", image->domains[i].features);
		put_quotas(w, "quota", image->domains[i].quotas,
			   image->domains[i].n_quotas);
		jsonw_close(w);
	}
	jsonw_close(w);
	jsonw_open(w, "unknown", true);
	for (i = 0; i < image->n_unknowns; i++) {
		jsonw_open(w, NULL, false);
		jsonw_int(w, "type", image->unknowns[i].type);
		jsonw_span(w, "body", &image->unknowns[i].body);
		jsonw_close(w);
	}
	jsonw_close(w);
}

/* Everything, in one order. */
void xsd_json_state(struct jsonw *w, const char *key,
		    const struct xs_image *image)
{
	uint32_t i;

	jsonw_open(w, key, false);
	jsonw_text(w, "format", "xenstore-state");
	jsonw_int(w, "version", image->version);
	jsonw_bool(w, "big_endian", image->big_endian);
	jsonw_bool(w, "extensions", has_extensions(image));
	put_origin(w, &image->origin);
	put_global(w, &image->global);
	put_global_quota(w, &image->quota);
	jsonw_open(w, "connections", true);
	for (i = 0; i < image->n_conns; i++)
		put_conn(w, &image->conns[i]);
	jsonw_close(w);
	put_watches(w, image);
	jsonw_open(w, "transactions", true);
	for (i = 0; i < image->n_txns; i++)
		put_txn(w, &image->txns[i]);
	jsonw_close(w);
	jsonw_open(w, "nodes", true);
	for (i = 0; i < image->n_nodes; i++)
		put_node(w, &image->nodes[i]);
	jsonw_close(w);
	put_rest(w, image);
	jsonw_close(w);
}

void xsd_json_write(FILE *out, const struct xs_image *image, bool compact,
		    bool flat)
{
	struct jsonw w = {.out = out, .compact = compact, .flat = flat};

	xsd_json_state(&w, NULL, image);
}

/* A transparent stream, or a context: more than one thing. */
static bool write_parts(struct jsonw *w, const struct xsd_file *file)
{
	bool good = true;

	jsonw_open(w, NULL, false);
	jsonw_text(w, "format", "xen-transparent-stream");
	if (file->kind == XSD_SAVE) {
		jsonw_int(w, "libxl_version", file->save.libxl_version);
		jsonw_int(w, "libxc_version", file->save.libxc_version);
		jsonw_hex(w, "pages", file->save.pages);
	}
	xsd_json_offer(w, file);
	if (file->context)
		good = xsd_json_context(w, file);
	if (file->has_state)
		xsd_json_state(w, "store", &file->image);
	jsonw_close(w);
	return good;
}

static int write_json(FILE *out, const struct xsd_options *opts,
		      const struct xsd_file *file)
{
	struct jsonw w = {
		.out = out, .compact = opts->compact, .flat = opts->flat};
	bool good = true;

	if (file->context || file->save.transparent)
		good = write_parts(&w, file);
	else if (xsd_need_state(file))
		return XSD_DIFFER;
	else
		xsd_json_state(&w, NULL, &file->image);
	return good && !file->n_damages ? XSD_OK : XSD_DIFFER;
}

int xsd_cmd_json(const struct xsd_options *opts)
{
	FILE *out = opts->output ? fopen(opts->output, "w") : stdout;
	struct xsd_file file;
	int rc;

	if (!out) {
		perror(opts->output);
		return XSD_FAILED;
	}
	rc = xsd_read(opts->args[0], &file);
	if (!rc)
		rc = xsd_parse(&file, opts);
	if (!rc)
		rc = write_json(out, opts, &file);
	xsd_unload(&file);
	if (out != stdout && fclose(out)) {
		perror(opts->output);
		return XSD_FAILED;
	}
	return rc;
}

static int choose_format(const char *name, struct xs_image_format *format)
{
	if (!name || !strcmp(name, "same"))
		return 0;
	if (!strcmp(name, "ours"))
		*format = xs_image_format_ours;
	else if (!strcmp(name, "4.17"))
		*format = xs_image_format_417;
	else
		return -1;
	return 0;
}

int xsd_cmd_encode(const struct xsd_options *opts)
{
	struct xs_image_out out = {0};
	struct xs_image_format format;
	struct xs_image image;
	struct xsd_file file;
	char error[200];
	int rc;

	rc = xsd_read(opts->args[0], &file);
	if (rc) {
		xsd_unload(&file);
		return rc;
	}
	xs_image_init(&image, NULL);
	rc = xsd_json_read((const char *)file.data, file.len, &image, &format,
			   error, sizeof(error));
	if (rc) {
		fprintf(stderr, "%s: %s\n", file.name, error);
		rc = XSD_DIFFER;
	} else if (choose_format(opts->format, &format)) {
		fputs("xsdump: --format is same, ours or 4.17\n", stderr);
		rc = XSD_FAILED;
	} else {
		rc = xs_image_encode(&image, &format, &out);
		if (rc)
			fprintf(stderr, "%s: cannot be encoded: %s\n",
				file.name, strerror(-rc));
		rc = rc ? XSD_DIFFER
			: xsd_write(opts->output, out.data, out.len);
	}
	xs_image_out_fini(&out);
	xs_image_fini(&image);
	xsd_unload(&file);
	return rc;
}
