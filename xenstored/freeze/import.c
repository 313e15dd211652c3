/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Thawing one domain.
 *
 *   decode, validate    the blob alone                   (state/)
 *   check               the blob against this daemon, changing nothing
 *   import              the nodes, in one commit; the rest waits
 *   attach              at INTRODUCE, or at once for a domain that stands
 *                       still here: connection, watches, transactions
 *
 * I1  An import that fails leaves the store, the domain and its limits exactly
 *     as they were.  Only where memory runs out after the nodes are in does the
 *     rest go on waiting, and the domain standing still, for another try.
 * I2  The guest is told nothing: its watches are there only after the nodes,
 *     and no index of its ring is touched.
 */
#include "freeze/import.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"
#include "conn/conn.h"
#include "conn/domain.h"
#include "freeze/load.h"
#include "freeze/policy.h"
#include "freeze/put.h"
#include "freeze/thaw.h"
#include "plat/plat.h"
#include "state/image.h"
#include "store/store.h"
#include "wire/path.h"

#define LINE_SIZE 512

struct import {
	struct xs_conns *conns;
	struct xs_tree *tree;
	const struct xs_image *image;
	const struct xs_image_conn *conn;
	const struct xs_image_domain *limits_record; /* NULL: none */
	const struct xs_supplies *supplies;
	xs_import_report_fn *report;
	void *arg;
	uint16_t domid;
	unsigned int n_problems;
};

static void say(struct import *im, bool problem, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct import *im, bool problem, const char *fmt, ...)
{
	char line[LINE_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	im->n_problems += problem;
	im->report(im->arg, problem, line);
}

/* ---- Check ------------------------------------------------------------ */

static bool is_alive(const struct import *im, uint16_t domid)
{
	struct xs_dominfo info;

	if (domid == im->conns->settings->master_domid)
		return true;
	return domid < XS_DOMID_FIRST_RESERVED &&
	       !plat_domain_get(im->conns->plat, domid, &info) && !info.dying;
}

static void check_domain(struct import *im)
{
	const struct xs_domain *domain = xs_domain_find(im->conns, im->domid);

	if (im->domid == im->conns->settings->master_domid ||
	    !is_alive(im, im->domid))
		say(im, true, "what=no-such-domain domid=%u", im->domid);
	else if (domain && domain->introduced && !domain->conn->quiesced)
		say(im, true, "what=domid-in-use domid=%u", im->domid);
	if (im->conn->ring_features & ~XS_FEATURES_ALL)
		say(im, true, "what=unknown-features features=%u known=%u",
		    im->conn->ring_features, XS_FEATURES_ALL);
}

/* Another domain's nodes may stand where this one's are to be. */
static void check_identity(struct import *im)
{
	char path[XS_PATH_BUF];
	int len =
		snprintf(path, sizeof(path), "/local/domain/%u/vm", im->domid);
	const struct xs_node *have = xs_tree_find(im->tree, path, (size_t)len);
	uint32_t i;

	for (i = 0; have && i < im->image->n_nodes; i++) {
		const struct xs_image_node *n = &im->image->nodes[i];

		if (n->path.len != (size_t)len ||
		    memcmp(n->path.data, path, (size_t)len))
			continue;
		if (n->value.len != have->value_len ||
		    memcmp(n->value.data, xs_node_value(have), n->value.len))
			say(im, true, "what=another-domain path=%s", path);
		return;
	}
}

static const struct xs_supply *find_supply(const struct import *im,
					   const struct xs_image_node *n)
{
	size_t i;

	for (i = 0; i < im->supplies->n; i++) {
		const struct xs_supply *s = &im->supplies->list[i];

		if (strlen(s->path) == n->path.len &&
		    !memcmp(s->path, n->path.data, n->path.len))
			return s;
	}
	return NULL;
}

static enum xs_node_policy policy_of(const struct import *im,
				     const struct xs_image_node *n)
{
	return xs_node_policy((const char *)n->path.data, n->path.len,
			      im->domid);
}

static struct xs_node *node_here(const struct import *im,
				 const struct xs_image_node *n)
{
	return xs_tree_find(im->tree, (const char *)n->path.data, n->path.len);
}

static bool is_at_or_below(const struct xs_span *path,
			   const struct xs_span *top)
{
	return top->len && path->len >= top->len &&
	       !memcmp(path->data, top->data, top->len) &&
	       (path->len == top->len || path->data[top->len] == '/');
}

/* What the blob says its domain's "vm" node is, or nothing. */
static struct xs_span named_vm(const struct import *im)
{
	char path[64];
	int len =
		snprintf(path, sizeof(path), "/local/domain/%u/vm", im->domid);
	uint32_t i;

	for (i = 0; i < im->image->n_nodes; i++) {
		const struct xs_image_node *n = &im->image->nodes[i];

		if (n->path.len == (size_t)len &&
		    !memcmp(n->path.data, path, (size_t)len) &&
		    n->value.len > 4 &&
		    !memchr(n->value.data + 4, '/', n->value.len - 4))
			return n->value;
	}
	return (struct xs_span){0};
}

/* Whether the domain itself could have made a node there. */
static bool may_write(const struct import *im, const struct xs_span *path)
{
	const struct xs_cred cred = {
		.domid = im->domid,
		.target = XS_DOMID_INVALID,
	};
	const struct xs_node *node = NULL;
	size_t len = path->len;

	while (!(node = xs_tree_find(im->tree, (const char *)path->data, len)))
		do
			len--;
		while (len > 1 && path->data[len] != '/');
	return xs_perms_access(node->perms, &cred) & XS_PERM_WRITE;
}

/*
 * A stream may come from a host that means no good: it gets no further than
 * to the nodes of its domain, and to places the domain could write to itself.
 */
static void check_places(struct import *im)
{
	static const struct xs_span all_vms = {(const uint8_t *)"/vm", 3};
	struct xs_span vm = named_vm(im), top = {0};
	uint32_t i;

	for (i = 0; i < im->image->n_nodes; i++) {
		const struct xs_image_node *n = &im->image->nodes[i];
		const char *text = (const char *)n->path.data;

		if (is_at_or_below(&n->path, &top))
			continue;
		if (is_at_or_below(&n->path, &all_vms)
			    ? is_at_or_below(&n->path, &vm)
			    : xs_node_relates(text, n->path.len, im->domid))
			continue;
		if (n->perms[0].domid == im->domid && may_write(im, &n->path))
			top = n->path;
		else
			say(im, true, "what=not-its-place path=%.*s",
			    (int)n->path.len, text);
	}
}

static void check_nodes(struct import *im)
{
	uint8_t seen[UINT16_MAX / 8 + 1] = {0};
	uint32_t i;

	for (i = 0; i < im->image->n_nodes; i++) {
		const struct xs_image_node *n = &im->image->nodes[i];
		uint16_t owner = n->perms[0].domid;

		if (policy_of(im, n) == XS_NODE_HOST && !node_here(im, n) &&
		    !find_supply(im, n))
			say(im, false, "what=not-supplied path=%.*s",
			    (int)n->path.len, (const char *)n->path.data);
		if (seen[owner / 8] & (1u << owner % 8))
			continue;
		seen[owner / 8] |= (uint8_t)(1u << owner % 8);
		if (owner != im->domid && !is_alive(im, owner))
			say(im, true, "what=unknown-owner domid=%u path=%.*s",
			    owner, (int)n->path.len,
			    (const char *)n->path.data);
	}
}

static void check_quota(struct import *im, const struct xs_limits *limits,
			enum xs_quota quota, uint64_t value)
{
	if (limits->max[quota] && value > limits->max[quota])
		say(im, true, "what=quota quota=%s value=%llu limit=%u",
		    xs_quota_name(quota), (unsigned long long)value,
		    limits->max[quota]);
}

static void check_quotas(struct import *im)
{
	struct xs_limits limits = im->conns->store->accounts.limits;
	const struct xs_image *image = im->image;
	uint64_t n_nodes = 0, bytes = im->conn->in.len + im->conn->out.len;
	uint32_t i;

	if (im->limits_record)
		xs_load_limits(&limits, im->limits_record);
	for (i = 0; i < image->n_nodes; i++) {
		const struct xs_image_node *n = &image->nodes[i];

		if (n->perms[0].domid != im->domid)
			continue;
		n_nodes++;
		bytes += xs_node_bytes(n->path.len, n->value.len, n->n_perms);
	}
	for (i = 0; i < image->n_watches; i++)
		bytes += sizeof(struct xs_watch) + image->watches[i].path.len +
			 image->watches[i].token.len;
	check_quota(im, &limits, XS_QUOTA_NODES, n_nodes);
	check_quota(im, &limits, XS_QUOTA_WATCHES, image->n_watches);
	check_quota(im, &limits, XS_QUOTA_TRANSACTIONS, image->n_txns);
	check_quota(im, &limits, XS_QUOTA_MEMORY, bytes);
}

static int check(struct import *im)
{
	check_domain(im);
	check_identity(im);
	check_places(im);
	check_nodes(im);
	check_quotas(im);
	return im->n_problems ? XS_IMPORT_E_PROBLEM : 0;
}

static void report_rule(void *arg, const struct xs_image_error *err)
{
	struct import *im = arg;
	char text[XS_IMAGE_ERROR_TEXT];

	xs_image_error_format(err, text);
	say(im, err->severity == XS_IMAGE_WRONG, "what=blob %s", text);
}

/* The blob alone: *image borrows from it.  XS_IMPORT_E_PROBLEM, -ENOMEM. */
static int open_blob(struct import *im, struct xs_image *image,
		     const void *blob, size_t len)
{
	struct xs_image_error err;
	uint32_t i;
	int rc = xs_image_decode(image, blob, len, &err);

	if (rc == -ENOMEM)
		return rc;
	if (rc) {
		report_rule(im, &err);
		return XS_IMPORT_E_PROBLEM;
	}
	rc = xs_image_validate(image, XS_IMAGE_USE_DOMAIN, report_rule, im);
	if (rc < 0)
		return rc;
	if (rc || im->n_problems)
		return XS_IMPORT_E_PROBLEM;
	im->image = image;
	im->conn = &image->conns[0];
	im->domid = im->conn->domid;
	for (i = 0; i < image->n_domains; i++) {
		if (image->domains[i].domid == im->domid)
			im->limits_record = &image->domains[i];
	}
	return 0;
}

static void init(struct import *im, struct xs_conns *conns,
		 const struct xs_supplies *supplies,
		 xs_import_report_fn *report, void *arg)
{
	memset(im, 0, sizeof(*im));
	im->conns = conns;
	im->tree = &conns->store->tree;
	im->supplies = supplies;
	im->report = report;
	im->arg = arg;
}

/*
 * Whether the blob could be imported now, saying what stands in the way.
 * XS_IMPORT_E_PROBLEM, -ENOMEM.
 */
int xs_domain_check_blob(struct xs_conns *conns, const void *blob, size_t len,
			 const struct xs_supplies *supplies,
			 xs_import_report_fn *report, void *arg)
{
	struct xs_image image;
	struct import im;
	int rc;

	init(&im, conns, supplies, report, arg);
	xs_image_init(&image, &conns->key);
	rc = open_blob(&im, &image, blob, len);
	if (!rc)
		rc = check(&im);
	xs_image_fini(&image);
	return rc;
}

/* ---- Nodes ------------------------------------------------------------ */

/*
 * A back-end that was made here beforehand is this host's, with all that is
 * said of it: mixed with what another said it would be true of neither.
 */
static bool device_is_here(const struct import *im, const char *path,
			   size_t len)
{
	size_t device = xs_node_device(path, len, im->domid);

	return device && xs_tree_find(im->tree, path, device);
}

static int stage_node(struct import *im, struct xs_stage *stage,
		      const struct xs_image_node *n)
{
	const struct xs_path path = {
		.text = (const char *)n->path.data,
		.len = n->path.len,
	};
	enum xs_node_policy policy = policy_of(im, n);
	const struct xs_supply *supply = find_supply(im, n);
	const struct xs_node *here = node_here(im, n);
	const void *value =
		supply ? supply->value : (const char *)n->value.data;
	size_t len = supply ? supply->value_len : n->value.len;

	if (device_is_here(im, path.text, path.len))
		return 0;
	if (!supply &&
	    ((policy == XS_NODE_HOST) || (policy == XS_NODE_TOOLSTACK && here)))
		return 0;
	return xs_put_node(im->conns, stage, n, value, len, NULL);
}

/* Nodes of a domain that stands still here and that the blob knows not of. */
struct leftover {
	struct import *im;
	struct xs_stage *stage;
	struct xs_map paths; /* of the blob */
	struct path_entry *entries;
};

struct path_entry {
	struct xs_map_link link;
	const struct xs_span *path;
};

static bool in_blob(const struct leftover *l, const char *path, size_t len)
{
	uint32_t hash = xs_hash(&l->im->tree->key, 0, path, len);
	struct xs_map_link *link = xs_map_bucket(&l->paths, hash);

	for (; link; link = link->next) {
		const struct path_entry *e =
			xs_container_of(link, struct path_entry, link);

		if (link->hash == hash && e->path->len == len &&
		    !memcmp(e->path->data, path, len))
			return true;
	}
	return false;
}

static int remove_leftover(void *arg, struct xs_node *top)
{
	struct leftover *l = arg;
	const struct xs_node *node;
	char text[XS_PATH_BUF];
	size_t device;
	int rc = 0;

	for (node = top; node && !rc; node = xs_node_next(top, node, XS_NOW)) {
		struct xs_path path = {.text = text};

		path.len = xs_node_path(l->im->tree, node, text, sizeof(text));
		device = xs_node_device(text, path.len, l->im->domid);
		if (in_blob(l, text, path.len) ||
		    (device && in_blob(l, text, device)) ||
		    xs_node_policy(text, path.len, l->im->domid) !=
			    XS_NODE_GUEST)
			continue;
		rc = xs_stage_rm(l->stage, &path);
		if (rc == -ENOENT)
			rc = 0; /* went with one above it */
	}
	return rc;
}

static int stage_removals(struct import *im, struct xs_stage *stage)
{
	struct leftover l = {.im = im, .stage = stage};
	uint32_t i, n = im->image->n_nodes;
	int rc = -ENOMEM;

	if (xs_map_init(&l.paths))
		return -ENOMEM;
	l.entries = calloc(n ? n : 1, sizeof(*l.entries));
	for (i = 0; l.entries && i < n; i++) {
		const struct xs_span *path = &im->image->nodes[i].path;

		l.entries[i].path = path;
		xs_map_add(&l.paths, &l.entries[i].link,
			   xs_hash(&im->tree->key, 0, path->data, path->len));
	}
	if (l.entries)
		rc = xs_areas_each(im->tree, im->domid, remove_leftover, &l);
	free(l.entries);
	xs_map_fini(&l.paths);
	return rc;
}

/* All nodes in one commit, so that watchers find the domain complete. */
static int import_nodes(struct import *im)
{
	struct xs_store *store = im->conns->store;
	const struct xs_cred cred = {
		.domid = im->conns->settings->master_domid,
		.target = XS_DOMID_INVALID,
		.privileged = true,
	};
	struct xs_stage *stage = &store->now;
	struct xs_account *account;
	uint32_t i;
	int rc = xs_accounts_get(&store->accounts, cred.domid, &account);

	if (rc)
		return rc;
	xs_stage_open_now(stage, &cred, account);
	rc = stage_removals(im, stage);
	for (i = 0; !rc && i < im->image->n_nodes; i++)
		rc = stage_node(im, stage, &im->image->nodes[i]);
	if (!rc)
		return xs_stage_commit(stage, &store->watches);
	xs_stage_close(stage);
	return rc;
}

/* ---- The rest --------------------------------------------------------- */

/* Everything that can fail, then the nodes, then what cannot (keeps I1). */
static int apply(struct import *im, struct xs_thaw *thaw)
{
	struct xs_domain *domain;
	struct xs_limits before;
	int rc = xs_domain_get(im->conns, im->domid, &domain);

	if (rc)
		return rc;
	before = domain->account->limits;
	if (im->limits_record)
		xs_load_limits(&domain->account->limits, im->limits_record);
	rc = import_nodes(im);
	if (rc) {
		domain->account->limits = before;
		return rc;
	}
	xs_thaw_wait(domain, thaw);
	if (!domain->introduced) {
		domain->features = im->conn->ring_features;
		return 0;
	}
	return xs_thaw_attach(im->conns, domain);
}

/*
 * Makes the blob's domain this daemon's: its nodes appear at once; what its
 * connection was appears when the domain is introduced, or at once if it is
 * and stands still.  XS_IMPORT_E_PROBLEM: said why not; -ENOMEM and other
 * errors.
 */
int xs_domain_import(struct xs_conns *conns, const void *blob, size_t len,
		     const struct xs_supplies *supplies,
		     xs_import_report_fn *report, void *arg)
{
	struct xs_thaw *thaw = xs_thaw_new(conns, blob, len);
	struct import im;
	int rc;

	if (!thaw)
		return -ENOMEM;
	init(&im, conns, supplies, report, arg);
	rc = open_blob(&im, &thaw->image, thaw->blob, len);
	if (!rc)
		rc = check(&im);
	if (!rc)
		rc = apply(&im, thaw);
	xs_thaw_put(thaw);
	return rc;
}
