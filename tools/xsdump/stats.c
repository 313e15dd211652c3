/* SPDX-License-Identifier: GPL-2.0-only */
/* xsdump stats: who has how much. */
#include <stdlib.h>
#include <string.h>

#include "wire/perm.h"
#include "xsdump.h"

#define N_TOP	 10
#define N_DEPTHS 64
#define N_DOMIDS 65536

struct owner {
	uint32_t domid;
	uint32_t nodes;
	uint32_t watches;
	uint64_t bytes;
};

static int by_bytes(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x->domid < y->domid ? -1 : x->domid > y->domid;
}

static const struct xs_image *sorting;

static int by_size(const void *a, const void *b)
{
	const struct xs_image_node *x = &sorting->nodes[*(const uint32_t *)a];
	const struct xs_image_node *y = &sorting->nodes[*(const uint32_t *)b];

	if (x->value.len != y->value.len)
		return x->value.len < y->value.len ? 1 : -1;
	return x < y ? -1 : x > y;
}

static void put_owners(const struct xs_image *image)
{
	struct owner *owners = xsd_alloc(N_DOMIDS, sizeof(*owners));
	uint32_t i, orphans = 0;

	for (i = 0; i < N_DOMIDS; i++)
		owners[i].domid = i;
	for (i = 0; i < image->n_nodes; i++) {
		const struct xs_image_node *node = &image->nodes[i];
		struct owner *owner = &owners[node->perms[0].domid];

		owner->nodes++;
		owner->bytes +=
			node->path.len + node->value.len + 8ull * node->n_perms;
	}
	for (i = 0; i < image->n_watches; i++) {
		const struct xs_image_conn *conn =
			xsd_find_conn(image, image->watches[i].conn_id);

		if (conn && conn->kind == XS_IMAGE_RING)
			owners[conn->domid].watches++;
	}
	qsort(owners, N_DOMIDS, sizeof(*owners), by_bytes);
	printf("%8s %8s %8s %10s\n", "owner", "nodes", "watches", "bytes");
	for (i = 0; i < N_DOMIDS && owners[i].nodes; i++) {
		bool known = !owners[i].domid ||
			     xsd_find_ring(image, owners[i].domid);

		if (!known)
			orphans += owners[i].nodes;
		if (i < N_TOP || !known)
			printf("%8u %8u %8u %10llu%s\n", owners[i].domid,
			       owners[i].nodes, owners[i].watches,
			       (unsigned long long)owners[i].bytes,
			       known ? "" : "  has no connection");
	}
	printf("%u nodes belong to domains without a connection\n\n", orphans);
	free(owners);
}

static void put_depths(const struct xs_image *image)
{
	uint32_t depths[N_DEPTHS] = {0}, i;
	size_t k;

	for (i = 0; i < image->n_nodes; i++) {
		const struct xs_span *path = &image->nodes[i].path;
		size_t n = 0;

		for (k = 0; path->len > 1 && k < path->len; k++)
			n += path->data[k] == '/';
		depths[n < N_DEPTHS ? n : N_DEPTHS - 1]++;
	}
	printf("%8s %8s\n", "depth", "nodes");
	for (i = 0; i < N_DEPTHS; i++)
		if (depths[i])
			printf("%8u %8u\n", i, depths[i]);
	putchar('\n');
}

static void put_largest(const struct xs_image *image)
{
	uint32_t *order = xsd_alloc(image->n_nodes, sizeof(*order));
	uint32_t i;

	for (i = 0; i < image->n_nodes; i++)
		order[i] = i;
	sorting = image;
	qsort(order, image->n_nodes, sizeof(*order), by_size);
	printf("%8s largest values\n", "bytes");
	for (i = 0; i < N_TOP && i < image->n_nodes; i++) {
		const struct xs_image_node *node = &image->nodes[order[i]];

		if (!node->value.len)
			break;
		printf("%8zu ", node->value.len);
		xsd_put_text(stdout, node->path.data, node->path.len);
		putchar('\n');
	}
	free(order);
}

int xsd_cmd_stats(const struct xsd_options *opts)
{
	struct xsd_file file;
	int rc = xsd_load(opts->args[0], opts, &file);

	if (!rc) {
		put_owners(&file.image);
		put_depths(&file.image);
		put_largest(&file.image);
		rc = file.n_damages ? XSD_DIFFER : XSD_OK;
	}
	xsd_unload(&file);
	return rc;
}
