/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Becoming the daemon that a state stream tells of.
 *
 *   read      take apart and judge: a stream that passes can be loaded
 *   load      domains, connections; nodes; watches, transactions; who died?
 *
 * I1  Until all is loaded nothing is sent and no event is fired; what domains
 *     that died meanwhile cause comes last, when those who watch are there.
 * I2  Linear in the size of the stream.
 * I3  Descriptors and ports are taken as they are: nothing is bound again.
 */
#include "live/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/settings.h"
#include "conn/conn.h"
#include "conn/domain.h"
#include "freeze/load.h"
#include "freeze/policy.h"
#include "plat/plat.h"
#include "state/image.h"
#include "store/store.h"
#include "wire/path.h"

#define OCAML_MAGIC "$xenstored-dump-format"
#define LINE_MAX    64 /* deeper ones are found the slow way */

/* ---- Reading ---------------------------------------------------------- */

struct reading {
	xs_live_say_fn *say;
	void *arg;
};

static void report(void *arg, const struct xs_image_error *err)
{
	const struct reading *reading = arg;
	char line[XS_IMAGE_ERROR_TEXT];

	if (err->severity != XS_IMAGE_WRONG)
		return;
	xs_image_error_format(err, line);
	reading->say(reading->arg, line);
}

/*
 * The image in a stream of ours, of the C daemons or of oxenstored, which it
 * borrows from.  to_load: xs_live_load() is next and will see whether the
 * nodes are a tree.  -EINVAL: it was said what is wrong; -ENOMEM.  The image is
 * the caller's to finish in any case.
 */
int xs_live_read(struct xs_image *image, const struct xs_hash_key *key,
		 const void *data, size_t len, bool to_load,
		 xs_live_say_fn *say, void *arg)
{
	struct reading reading = {.say = say, .arg = arg};
	size_t magic = strlen(OCAML_MAGIC);
	struct xs_image_error err;
	int rc;

	xs_image_init(image, key);
	if (len >= magic && !memcmp(data, OCAML_MAGIC, magic))
		rc = xs_image_decode_ocaml(image, data, len, &err);
	else
		rc = xs_image_decode(image, data, len, &err);
	if (rc && rc != -ENOMEM)
		report(&reading, &err);
	if (!rc)
		rc = xs_image_validate(image,
				       to_load ? XS_IMAGE_USE_LOAD
					       : XS_IMAGE_USE_LIVE_UPDATE,
				       report, &reading);
	/* Who writes our own records writes that one, too. */
	if (!rc && image->global.has_ext && image->sum != XS_IMAGE_SUM_GOOD) {
		say(arg, "there is no checksum");
		rc = -EINVAL;
	}
	if (rc == -ENOMEM)
		say(arg, "out of memory");
	return !rc || rc == -ENOMEM ? rc : -EINVAL;
}

/* ---- Domains and connections ------------------------------------------ */

struct slot {
	uint32_t id;
	struct xs_conn *conn;
};

struct loading {
	struct xs_conns *conns;
	struct xs_store *store;
	const struct xs_image *image;
	struct slot *slots; /* by id */
	uint8_t *known;	    /* a bit for each domid */
	/* The node loaded last and those above it: path is the last one's. */
	struct xs_node *line[LINE_MAX];
	size_t line_len[LINE_MAX]; /* of their paths */
	size_t depth;
	const uint8_t *path;
	/* The permissions loaded last, which are often the next. */
	struct xs_perms *perms;
	struct xs_account *owner;
};

/*
 * There is an entry for the domid from now on.  One that Xen does not know
 * gets one as well: it is to be found dead later, with all that is its.
 */
static int know_domain(struct loading *l, uint16_t domid)
{
	static const uint8_t nobody[XS_HANDLE_SIZE];
	uint8_t bit = (uint8_t)(1u << domid % 8);
	struct xs_domain *domain = xs_domain_find(l->conns, domid);
	int rc = 0;

	if (l->known[domid / 8] & bit || domid >= XS_DOMID_FIRST_RESERVED)
		return 0;
	l->known[domid / 8] |= bit;
	if (!domain)
		rc = xs_domain_get(l->conns, domid, &domain);
	if (rc == -ENOENT)
		rc = xs_domain_adopt(l->conns, domid, nobody, &domain);
	return rc;
}

/* Who does not tell which domain it was means the one that is there now. */
static int get_domain(struct loading *l, const struct xs_image_conn *c,
		      struct xs_domain **domainp)
{
	static const uint8_t unknown[XS_HANDLE_SIZE];
	const uint8_t *handle = c->has_ext ? c->handle : unknown;
	struct xs_dominfo info;

	if (!memcmp(handle, unknown, XS_HANDLE_SIZE) &&
	    !plat_domain_get(l->conns->plat, c->domid, &info))
		handle = info.handle;
	return xs_domain_adopt(l->conns, c->domid, handle, domainp);
}

static int load_ring(struct loading *l, const struct xs_image_conn *c,
		     struct xs_conn **connp)
{
	struct xs_domain *domain;
	int rc = get_domain(l, c, &domain);

	if (!rc)
		rc = xs_domain_adopt_ring(l->conns, domain, c->local_port,
					  c->guest_port);
	if (rc)
		return rc;
	*connp = domain->conn;
	domain->shutdown_told = c->has_ext && c->shutdown_told;
	if (c->has_ext && l->image->global.has_ext)
		domain->features = c->ring_features & XS_FEATURES_ALL;
	else if (domain->conn->page)
		domain->features = xs_ring_features(domain->conn->page);
	domain->conn->ignored = c->has_ext && c->ignored;
	if (!domain->conn->page)
		domain->conn->ignored = true;
	else if (!c->local_port && !domain->conn->ignored)
		xs_conn_ignore(domain->conn, XS_RING_ERROR_COMM);
	return 0;
}

static int load_conn(struct loading *l, const struct xs_image_conn *c,
		     struct slot *slot)
{
	struct xs_conn *conn;
	int rc = c->kind == XS_IMAGE_RING
			 ? load_ring(l, c, &conn)
			 : xs_conns_adopt(l->conns, c->fd, &conn);

	if (rc)
		return rc;
	conn->id = c->id;
	if (c->id > l->conns->last_id)
		l->conns->last_id = c->id;
	slot->id = c->id;
	slot->conn = conn;
	return conn->ignored ? 0 : xs_load_io(conn, c);
}

static int compare(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static struct xs_conn *find_conn(const struct loading *l, uint32_t id)
{
	struct slot key = {.id = id}, *slot;

	slot = bsearch(&key, l->slots, l->image->n_conns, sizeof(key), compare);
	return slot ? slot->conn : NULL;
}

static int load_conns(struct loading *l)
{
	const struct xs_image *image = l->image;
	uint32_t i;
	int rc = 0;

	for (i = 0; i < image->n_conns && !rc; i++)
		rc = load_conn(l, &image->conns[i], &l->slots[i]);
	if (rc)
		return rc;
	/* Only now all targets are there. */
	for (i = 0; i < image->n_conns; i++) {
		uint16_t target = image->conns[i].target;

		if (image->conns[i].kind == XS_IMAGE_RING &&
		    target < XS_DOMID_FIRST_RESERVED &&
		    xs_domain_find(l->conns, target))
			l->slots[i].conn->watcher.cred.target = target;
	}
	qsort(l->slots, image->n_conns, sizeof(*l->slots), compare);
	if (image->global.has_ext &&
	    image->global.last_conn_id > l->conns->last_id)
		l->conns->last_id = image->global.last_conn_id;
	return 0;
}

/* ---- Limits ----------------------------------------------------------- */

/*
 * A limit that was changed while the old daemon ran stays changed, unless the
 * new command line names another than the built-in one.
 */
void xs_live_load_defaults(struct xs_store *store, const struct xs_image *image)
{
	const struct xs_image_domain all = {
		.n_quotas = image->quota.n_domain,
		.quotas = image->quota.quotas,
	};
	struct xs_limits *now = &store->accounts.limits;
	struct xs_limits built_in, was = *now;
	unsigned int i;

	xs_limits_default(&built_in);
	xs_load_limits(&was, &all);
	for (i = 0; i < XS_N_QUOTAS; i++) {
		if (now->max[i] == built_in.max[i])
			xs_accounts_set_limit(&store->accounts,
					      (enum xs_quota)i, was.max[i]);
	}
	if (now->soft_memory == built_in.soft_memory)
		xs_accounts_set_soft_memory(&store->accounts, was.soft_memory);
}

/* A domain's own limits are those that differ from what all had.  -ENOMEM. */
int xs_live_load_limits(struct xs_store *store, const struct xs_image *image,
			const struct xs_image_domain *d)
{
	const struct xs_image_domain all = {
		.n_quotas = image->quota.n_domain,
		.quotas = image->quota.quotas,
	};
	const struct xs_limits *now = &store->accounts.limits;
	struct xs_limits was = *now, own;
	struct xs_account *account;
	unsigned int i;
	int rc = xs_accounts_get(&store->accounts, d->domid, &account);

	if (rc)
		return rc;
	if (image->quota.present)
		xs_load_limits(&was, &all);
	own = was;
	xs_load_limits(&own, d);
	for (i = 0; i < XS_N_QUOTAS; i++) {
		if (own.max[i] != was.max[i])
			account->limits.max[i] = own.max[i];
	}
	if (own.soft_memory != was.soft_memory)
		account->limits.soft_memory = own.soft_memory;
	return 0;
}

static int load_domains(struct loading *l)
{
	uint32_t i;
	int rc = 0;

	if (l->image->quota.present)
		xs_live_load_defaults(l->store, l->image);
	for (i = 0; !rc && i < l->image->n_domains; i++) {
		const struct xs_image_domain *d = &l->image->domains[i];
		struct xs_domain *domain;

		rc = know_domain(l, d->domid);
		if (!rc)
			rc = xs_live_load_limits(l->store, l->image, d);
		domain = xs_domain_find(l->conns, d->domid);
		/* 0: written by those who do not know of features. */
		if (!rc && domain && !domain->introduced && d->features)
			domain->features = d->features & XS_FEATURES_ALL;
	}
	return rc;
}

/* ---- Nodes ------------------------------------------------------------ */

/*
 * Where the node goes.  In a stream that comes in the order of the tree that
 * is beside, below or above the one before, so this costs nothing.
 */
static struct xs_node *find_parent(struct loading *l, const struct xs_span *p,
				   size_t parent_len)
{
	const struct xs_tree *tree = &l->store->tree;

	while (l->depth) {
		size_t len = l->line_len[l->depth - 1];

		if (len == parent_len && !memcmp(l->path, p->data, len))
			return l->line[l->depth - 1];
		if (len < parent_len)
			break;
		l->depth--;
	}
	l->depth = 0;
	if (parent_len <= 1)
		return tree->root;
	return xs_tree_find(tree, (const char *)p->data, parent_len);
}

static void remember(struct loading *l, const struct xs_span *p,
		     struct xs_node *node)
{
	if (l->depth == LINE_MAX)
		l->depth = 0;
	l->line[l->depth] = node;
	l->line_len[l->depth++] = p->len;
	l->path = p->data;
}

static int know_perms(struct loading *l, const struct xs_image_node *n,
		      struct xs_perms **permsp, struct xs_account **accountp)
{
	struct xs_store *store = l->store;
	uint16_t i;
	int rc;

	if (l->perms && l->perms->n == n->n_perms &&
	    !memcmp(l->perms->entry, n->perms,
		    n->n_perms * sizeof(n->perms[0]))) {
		rc = xs_tree_prepare_owner(&store->tree, n->perms[0].domid, 1);
		if (rc)
			return rc;
		*permsp = xs_perms_ref(l->perms);
		*accountp = l->owner;
		return 0;
	}
	for (i = 0; i < n->n_perms; i++) {
		if (i && n->perms[i].flags & XS_PERM_F_IGNORE)
			continue;
		rc = know_domain(l, n->perms[i].domid);
		if (rc)
			return rc;
	}
	rc = xs_accounts_get(&store->accounts, n->perms[0].domid, accountp);
	if (!rc)
		rc = xs_tree_prepare_owner(&store->tree, n->perms[0].domid, 1);
	if (!rc)
		rc = xs_perms_intern(&store->tree.perms, n->perms, n->n_perms,
				     permsp);
	if (rc)
		return rc;
	xs_perms_unref(&store->tree.perms, l->perms);
	l->perms = xs_perms_ref(*permsp);
	l->owner = *accountp;
	return 0;
}

/* One that is there from the start: the root, a special node. */
static int change_node(struct loading *l, struct xs_node *node,
		       const struct xs_image_node *n, struct xs_perms *perms,
		       struct xs_account *account)
{
	struct xs_tree *tree = &l->store->tree;
	struct xs_version *version = NULL;
	char *buf = NULL;

	if (n->value.len > node->room) {
		buf = malloc(n->value.len);
		if (!buf) {
			xs_perms_unref(&tree->perms, perms);
			return -ENOMEM;
		}
	}
	xs_tree_set_value(tree, node, &version, &buf,
			  (const char *)n->value.data, n->value.len,
			  tree->master_domid);
	xs_tree_set_perms(tree, node, &version, perms, account,
			  tree->master_domid);
	return 0;
}

static int add_node(struct loading *l, struct xs_node *parent,
		    const struct xs_image_node *n, size_t name_at,
		    struct xs_perms *perms, struct xs_account *account)
{
	struct xs_tree *tree = &l->store->tree;
	struct xs_node *node = xs_node_new((const char *)n->path.data + name_at,
					   n->path.len - name_at, n->value.len);

	if (!node || xs_tree_prepare_dir(parent)) {
		xs_node_discard(node);
		xs_perms_unref(&tree->perms, perms);
		return -ENOMEM;
	}
	if (n->value.len)
		memcpy(xs_node_value(node), n->value.data, n->value.len);
	node->value_len = (uint16_t)n->value.len;
	xs_tree_link(tree, parent, node, perms, account, tree->master_domid);
	if (n->path.data[0] == '/')
		remember(l, &n->path, node);
	return 0;
}

static int refuse_node(const struct loading *l, const void *path, size_t len,
		       const char *why)
{
	xs_log(l->conns->log, XS_LOG_ERROR, "node path=\"%.*s\" %s", (int)len,
	       (const char *)path, why);
	return -EINVAL;
}

/* Whether the name is there already is asked once for all (find_double()). */
static int load_below(struct loading *l, const struct xs_image_node *n,
		      struct xs_perms *perms, struct xs_account *account)
{
	size_t at = n->path.len;
	struct xs_node *parent;

	while (n->path.data[at - 1] != '/')
		at--;
	parent = find_parent(l, &n->path, at > 1 ? at - 1 : 1);
	if (parent)
		return add_node(l, parent, n, at, perms, account);
	xs_perms_unref(&l->store->tree.perms, perms);
	return refuse_node(l, n->path.data, n->path.len, "has no parent");
}

static int load_special(struct loading *l, const struct xs_image_node *n,
			struct xs_perms *perms, struct xs_account *account)
{
	struct xs_tree *tree = &l->store->tree;
	struct xs_node *node =
		xs_tree_child(tree, tree->specials, (const char *)n->path.data,
			      n->path.len, XS_NOW);

	return node ? change_node(l, node, n, perms, account)
		    : add_node(l, tree->specials, n, 0, perms, account);
}

static int load_node(struct loading *l, const struct xs_image_node *n)
{
	struct xs_account *account;
	struct xs_perms *perms;
	int rc = know_perms(l, n, &perms, &account);

	if (rc)
		return rc;
	if (n->path.data[0] != '/')
		return load_special(l, n, perms, account);
	if (n->path.len > 1)
		return load_below(l, n, perms, account);
	return change_node(l, l->store->tree.root, n, perms, account);
}

/* No store has two nodes of one path, so none may come from a stream. */
static int find_double(const struct loading *l)
{
	const struct xs_tree *tree = &l->store->tree;
	const struct xs_node *node = xs_tree_find_double(tree);
	char path[XS_PATH_BUF];
	size_t len;

	if (!node)
		return 0;
	len = xs_node_path(tree, node, path, sizeof(path));
	return refuse_node(l, path, len, "is there twice");
}

/* What a new store has would come first otherwise. */
static void clear_tree(struct xs_tree *tree)
{
	struct xs_version *version = NULL;
	struct xs_node *node;

	while ((node = xs_node_next_child(tree->root, NULL, XS_NOW)))
		xs_tree_remove(tree, node, &version, tree->master_domid);
}

static int load_nodes(struct loading *l)
{
	struct xs_tree *tree = &l->store->tree;
	uint32_t i;
	int rc = 0;

	/* No store gets that far: the number is not from one. */
	if (l->image->global.has_ext && l->image->global.gen > tree->gen &&
	    l->image->global.gen < XS_NOW / 2)
		tree->gen = l->image->global.gen;
	xs_tree_begin_change(tree);
	clear_tree(tree);
	rc = xs_map_reserve(&tree->nodes, l->image->n_nodes);
	for (i = 0; !rc && i < l->image->n_nodes; i++)
		rc = load_node(l, &l->image->nodes[i]);
	if (!rc)
		rc = find_double(l);
	xs_tree_end_change(tree);
	xs_perms_unref(&tree->perms, l->perms);
	l->perms = NULL;
	return rc ? rc : xs_store_add_always(l->store);
}

/* ---- Watches and transactions ----------------------------------------- */

static int load_watches(struct loading *l)
{
	struct xs_conn *conn = NULL;
	uint32_t i;
	int rc;

	for (i = 0; i < l->image->n_watches; i++) {
		const struct xs_image_watch *w = &l->image->watches[i];

		if (!conn || conn->id != w->conn_id)
			conn = find_conn(l, w->conn_id);
		if (!conn)
			return -EINVAL;
		rc = conn->ignored ? 0 : xs_load_watch(conn, w);
		if (rc)
			return rc;
	}
	return 0;
}

static int load_txns(struct loading *l)
{
	uint32_t i;
	int rc = 0;

	for (i = 0; !rc && i < l->image->n_txns; i++) {
		struct xs_conn *conn = find_conn(l, l->image->txns[i].conn_id);

		if (!conn)
			return -EINVAL;
		if (!conn->ignored)
			rc = xs_load_txn(conn, &l->image->txns[i]);
	}
	return rc;
}

/* ---- All -------------------------------------------------------------- */

static int load(struct loading *l)
{
	const struct xs_image *image = l->image;
	int rc = load_conns(l);

	if (!rc)
		rc = load_domains(l);
	if (!rc)
		rc = load_nodes(l);
	if (!rc)
		rc = load_watches(l);
	if (!rc)
		rc = load_txns(l);
	if (rc)
		return rc;
	if (image->global.virq_port) {
		l->conns->dom_exc_port = image->global.virq_port;
		l->conns->dom_exc_bound = true;
		return 0;
	}
	rc = plat_port_bind_dom_exc(l->conns->plat, &l->conns->dom_exc_port);
	l->conns->dom_exc_bound = !rc;
	return rc;
}

/*
 * Fills a new daemon, which has served nobody yet, with an image that passed
 * xs_live_read(); who died meanwhile is dealt with at the end.  On an error
 * the daemon is good for nothing.
 */
int xs_live_load(struct xs_conns *conns, const struct xs_image *image)
{
	struct loading l = {
		.conns = conns, .store = conns->store, .image = image};
	int rc = -ENOMEM;

	l.slots = calloc(image->n_conns + 1, sizeof(*l.slots));
	l.known = calloc(1, UINT16_MAX / 8 + 1);
	if (l.slots && l.known)
		rc = load(&l);
	free(l.slots);
	free(l.known);
	if (!rc)
		xs_domains_check(conns);
	return rc;
}
