/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Freezing one domain.
 *
 * I1  The blob is made in one go between two requests, so it is a state the
 *     store really had.
 * I2  Exporting changes nothing.
 */
#include "freeze/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"
#include "conn/conn.h"
#include "conn/domain.h"
#include "freeze/policy.h"
#include "freeze/save.h"
#include "freeze/standstill.h"
#include "state/image.h"
#include "store/store.h"

#define BLOB_CONN_ID 1

static struct xs_domain *find_introduced(const struct xs_conns *conns,
					 uint16_t domid)
{
	struct xs_domain *domain = xs_domain_find(conns, domid);

	/* The privileged ones ask; nobody stops those. */
	if (!domain || !domain->conn || domain->conn->watcher.cred.privileged)
		return NULL;
	return domain;
}

/*
 * Brings the domain's connection to a stand: what was read is answered, from
 * then on nothing goes in or out.  -ENOENT: no such ring.
 */
int xs_domain_quiesce(struct xs_conns *conns, uint16_t domid)
{
	struct xs_domain *domain = find_introduced(conns, domid);

	if (!domain)
		return -ENOENT;
	xs_conn_quiesce(domain->conn);
	if (domain->conn->quiesced && !domain->still.open)
		xs_standstill_begin(conns, domain);
	return 0;
}

/* The domain stays after all: its connection goes on.  -ENOENT. */
int xs_domain_resume(struct xs_conns *conns, uint16_t domid)
{
	struct xs_domain *domain = find_introduced(conns, domid);
	int rc = 0;

	if (!domain)
		return -ENOENT;
	/* An import that could not finish gets its chance now. */
	if (domain->thaw)
		rc = conns->thaw_attach(conns, domain);
	if (rc)
		return rc;
	xs_standstill_end(conns, domain);
	xs_conn_resume(domain->conn);
	return 0;
}

struct exporting {
	struct xs_image *image;
	const struct xs_tree *tree;
	uint16_t domid;
	struct xs_node *areas[64];
	unsigned int n_areas;
};

static bool is_in_areas(const struct exporting *e, const struct xs_node *node)
{
	unsigned int i;

	for (; node; node = node->parent) {
		for (i = 0; i < e->n_areas; i++) {
			if (e->areas[i] == node)
				return true;
		}
	}
	return false;
}

/* Whether a node above it, "/" not counted, is the domain's. */
static bool is_below_own(const struct exporting *e, const struct xs_node *node)
{
	for (node = node->parent; node && node->parent; node = node->parent) {
		if (xs_perms_owner(node->perms) == e->domid)
			return true;
	}
	return false;
}

/* An area that lies below something else that goes along comes with that. */
static int export_area(void *arg, struct xs_node *top)
{
	struct exporting *e = arg;

	if (is_in_areas(e, top) || is_below_own(e, top))
		return 0;
	if (e->n_areas == sizeof(e->areas) / sizeof(e->areas[0]))
		return -E2BIG;
	e->areas[e->n_areas++] = top;
	return xs_save_subtree(e->image, e->tree, top);
}

static int by_path(const void *a, const void *b)
{
	return xs_node_order(*(struct xs_node *const *)a,
			     *(struct xs_node *const *)b);
}

/* What the domain owns elsewhere: its top-most nodes with all below them. */
static int export_elsewhere(struct exporting *e)
{
	struct xs_node *const *owned;
	size_t n = xs_tree_owned(e->tree, e->domid, &owned), i, k = 0;
	struct xs_node **list = n ? malloc(n * sizeof(struct xs_node *)) : NULL;
	int rc = 0;

	if (n && !list)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (owned[i]->parent && owned[i]->parent != e->tree->specials &&
		    !is_below_own(e, owned[i]) && !is_in_areas(e, owned[i]))
			list[k++] = owned[i];
	}
	if (k)
		qsort(list, k, sizeof(list[0]), by_path);
	for (i = 0; i < k && !rc; i++)
		rc = xs_save_subtree(e->image, e->tree, list[i]);
	free(list);
	return rc;
}

static int collect(struct xs_conns *conns, const struct xs_domain *domain,
		   struct xs_image *image)
{
	struct exporting e = {.image = image,
			      .tree = &conns->store->tree,
			      .domid = domain->domid};
	int rc;

	image->origin.present = true;
	image->origin.kind = XS_IMAGE_DOMAIN;
	image->origin.domid = domain->domid;
	rc = xs_save_conn(image, domain->conn, BLOB_CONN_ID);
	if (!rc)
		image->conns[0].local_port = 0; /* means nothing elsewhere */
	if (!rc)
		rc = xs_areas_each(e.tree, domain->domid, export_area, &e);
	if (!rc)
		rc = export_elsewhere(&e);
	return rc ? rc : xs_save_domain(image, domain);
}

/*
 * The domain's state as a stream in *out, to be freed by
 * xs_image_out_fini().  -ENOENT: it has no ring; -E2BIG, -ENOMEM.
 */
int xs_domain_export(struct xs_conns *conns, uint16_t domid,
		     struct xs_image_out *out)
{
	struct xs_domain *domain = find_introduced(conns, domid);
	struct xs_image image;
	int rc;

	if (!domain)
		return -ENOENT;
	/* What is being removed still has its owner. */
	xs_tree_settle(&conns->store->tree);
	xs_image_init(&image, &conns->key);
	rc = collect(conns, domain, &image);
	if (!rc)
		rc = xs_image_encode(&image, &xs_image_format_ours, out);
	xs_image_fini(&image);
	return rc;
}
