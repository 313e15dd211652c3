/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xsdump extract: one domain out of a whole store.
 *
 * What relates to domain N is what the daemon exports too: /vm/<its uuid>,
 * /libxl/N, /local/domain/N, and <domain>/backend/<kind>/N of every domain;
 * and besides, what it owns elsewhere.
 */
#include <stdlib.h>
#include <string.h>

#include "wire/perm.h"
#include "xsdump.h"

struct area {
	char domid[8];
	struct xs_span vm; /* "/vm/<uuid>"; empty: none */
};

/* Whether the path is top or below it. */
static bool is_below(const struct xs_span *path, const void *top, size_t len)
{
	return len && path->len >= len && !memcmp(path->data, top, len) &&
	       (path->len == len || path->data[len] == '/');
}

/* Whether the path is /local/domain/<any>/backend/<any>/<domid> or below. */
static bool is_backend(const struct xs_span *path, const char *domid)
{
	static const char *const names[] = {"local", "domain", NULL, "backend",
					    NULL};
	const char *p = (const char *)path->data, *end = p + path->len;
	size_t i, len;

	for (i = 0; i < 6; i++) {
		const char *want = i < 5 ? names[i] : domid;
		const char *slash;

		if (p == end || *p++ != '/')
			return false;
		slash = memchr(p, '/', (size_t)(end - p));
		len = (size_t)((slash ? slash : end) - p);
		if (want && (len != strlen(want) || memcmp(p, want, len)))
			return false;
		p += len;
	}
	return true;
}

static bool relates(const struct area *area, const struct xs_image_node *node,
		    long domid)
{
	char text[48];
	int n;

	n = snprintf(text, sizeof(text), "/local/domain/%s", area->domid);
	if (is_below(&node->path, text, (size_t)n))
		return true;
	n = snprintf(text, sizeof(text), "/libxl/%s", area->domid);
	if (is_below(&node->path, text, (size_t)n))
		return true;
	return is_below(&node->path, area->vm.data, area->vm.len) ||
	       is_backend(&node->path, area->domid) ||
	       node->perms[0].domid == domid;
}

static void find_area(const struct xs_image *image, long domid,
		      struct area *area)
{
	char text[48];
	uint32_t i;

	memset(area, 0, sizeof(*area));
	snprintf(area->domid, sizeof(area->domid), "%ld", domid);
	snprintf(text, sizeof(text), "/local/domain/%ld/vm", domid);
	for (i = 0; i < image->n_nodes; i++) {
		const struct xs_image_node *node = &image->nodes[i];

		/* What the guest wrote itself is not believed. */
		if (xsd_span_is(&node->path, text) &&
		    node->perms[0].domid != domid && node->value.len > 4 &&
		    !memcmp(node->value.data, "/vm/", 4) &&
		    !memchr(node->value.data + 4, '/', node->value.len - 4))
			area->vm = node->value;
	}
}

static int copy_txns(struct xs_image *to, const struct xs_image *from,
		     uint32_t id)
{
	uint32_t i, k;
	int rc = 0;

	for (i = 0; !rc && i < from->n_txns; i++) {
		const struct xs_image_txn *txn = &from->txns[i];

		if (txn->conn_id != id)
			continue;
		rc = xs_image_add_txn(to, txn);
		for (k = 0; !rc && k < txn->n_requests; k++)
			rc = xs_image_add_request(to, &txn->requests[k]);
	}
	return rc;
}

static int copy(struct xs_image *to, const struct xs_image *from,
		const struct xs_image_conn *conn, long domid)
{
	struct area area;
	uint32_t i;
	int rc = xs_image_add_conn(to, conn);

	to->origin = from->origin;
	to->origin.present = true;
	to->origin.kind = XS_IMAGE_DOMAIN;
	to->origin.domid = (uint16_t)domid;
	find_area(from, domid, &area);
	for (i = 0; !rc && i < from->n_watches; i++)
		if (from->watches[i].conn_id == conn->id)
			rc = xs_image_add_watch(to, &from->watches[i]);
	if (!rc)
		rc = copy_txns(to, from, conn->id);
	for (i = 0; !rc && i < from->n_nodes; i++)
		if (relates(&area, &from->nodes[i], domid))
			rc = xs_image_add_node(to, &from->nodes[i]);
	for (i = 0; !rc && i < from->n_domains; i++)
		if (from->domains[i].domid == domid)
			rc = xs_image_add_domain(to, &from->domains[i]);
	return rc;
}

int xsd_cmd_extract(const struct xsd_options *opts)
{
	const struct xs_image_conn *conn;
	struct xs_image_format format = xs_image_format_ours;
	struct xs_image_out out = {0};
	struct xs_image image;
	struct xsd_file file;
	int rc;

	if (opts->domain < 0) {
		fputs("xsdump: extract needs --domain N\n", stderr);
		return XSD_FAILED;
	}
	rc = xsd_load(opts->args[0], opts, &file);
	conn = rc ? NULL : xsd_find_ring(&file.image, (uint32_t)opts->domain);
	if (!rc && !conn) {
		fprintf(stderr, "%s: domain %ld has no connection\n", file.name,
			opts->domain);
		rc = XSD_DIFFER;
	}
	if (!rc) {
		xs_image_init(&image, NULL);
		format.big_endian = file.image.big_endian;
		rc = copy(&image, &file.image, conn, opts->domain);
		if (!rc)
			rc = xs_image_encode(&image, &format, &out);
		if (rc)
			fprintf(stderr, "%s: %s\n", file.name, strerror(-rc));
		rc = rc ? XSD_FAILED
			: xsd_write(opts->output, out.data, out.len);
		xs_image_out_fini(&out);
		xs_image_fini(&image);
	}
	xsd_unload(&file);
	return rc;
}
