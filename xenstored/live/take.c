/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A whole store into a daemon that runs, and has served nobody but dom0: for
 * one that was started anew on a host whose guests go on.
 *
 *   read      the stream alone
 *   check     no domain but dom0 is known here; who of the stream still lives
 *   connect   rings and ports of those
 *   put       the nodes, in one commit; dom0's clients hear of them
 *   go on     each connection where it was
 *
 * I1  Up to the commit a failure takes back all that was done.  Only memory can
 *     be missing after it: then a domain stands still until `resume`.
 * I2  Of a domain that is gone nothing comes but its /vm, which another may
 *     share, and its number's next bearer gets nothing that was for it.
 * I3  dom0's own connection stays as it is, with the watches that it had
 *     added: its kernel does not know that there was another daemon.
 */
#include "live/take.h"

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
#include "live/load.h"
#include "plat/plat.h"
#include "store/store.h"
#include "wire/proto.h"

#define LINE_SIZE 512
#define N_DOMIDS  (UINT16_MAX + 1)
/* What a daemon says of itself. */
#define OWN_NODES "/tool/xenstored"
#define ALL_VMS	  "/vm"

struct take {
	struct xs_conns *conns;
	const struct xs_image *image;
	xs_import_report_fn *report;
	void *arg;
	unsigned int n_problems;
	int error;		     /* Xen does not say who is there */
	uint8_t asked[N_DOMIDS / 8]; /* whether it is gone */
	uint8_t gone[N_DOMIDS / 8];
	uint16_t rings_gone[N_DOMIDS];
	unsigned int n_rings_gone;
};

static void say(struct take *t, bool problem, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct take *t, bool problem, const char *fmt, ...)
{
	char line[LINE_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	t->n_problems += problem;
	t->report(t->arg, problem, line);
}

static void say_wrong(void *arg, const char *line)
{
	say(arg, true, "what=blob %s", line);
}

/* ---- Who is there ----------------------------------------------------- */

static bool is_guest(const struct take *t, const struct xs_image_conn *c)
{
	return c->kind == XS_IMAGE_RING &&
	       c->domid != t->conns->settings->master_domid;
}

static void set_bit(uint8_t *bits, uint16_t n)
{
	bits[n / 8] |= (uint8_t)(1u << n % 8);
}

static bool has_bit(const uint8_t *bits, uint16_t n)
{
	return bits[n / 8] & (1u << n % 8);
}

/* handle: who it was, NULL or zeros if that is not known. */
static bool find_gone(struct take *t, uint16_t domid, const uint8_t *handle)
{
	static const uint8_t unknown[XS_HANDLE_SIZE];
	struct xs_dominfo info;
	int rc;

	if (domid == t->conns->settings->master_domid || domid == XS_DOMID_ANY)
		return false;
	if (domid >= XS_DOMID_FIRST_RESERVED)
		return true;
	rc = plat_domain_get(t->conns->plat, domid, &info);
	if (rc && rc != -ENOENT)
		t->error = rc;
	if (rc || info.dying)
		return rc == -ENOENT || !rc;
	return handle && memcmp(handle, unknown, XS_HANDLE_SIZE) &&
	       memcmp(handle, info.handle, XS_HANDLE_SIZE);
}

static bool is_gone(struct take *t, uint16_t domid, const uint8_t *handle)
{
	if (!has_bit(t->asked, domid)) {
		set_bit(t->asked, domid);
		if (find_gone(t, domid, handle))
			set_bit(t->gone, domid);
	}
	return has_bit(t->gone, domid);
}

static void check_empty(struct take *t)
{
	struct xs_map_link *link, *next;
	uint32_t i;

	xs_map_for_each(link, next, &t->conns->domains, i) {
		const struct xs_domain *domain =
			xs_container_of(link, struct xs_domain, link);

		if (domain->domid != t->conns->settings->master_domid)
			say(t, true, "what=not-empty domid=%u", domain->domid);
	}
}

static void check_domains(struct take *t)
{
	unsigned int n_clients = 0;
	uint32_t i;

	for (i = 0; i < t->image->n_conns; i++) {
		const struct xs_image_conn *c = &t->image->conns[i];

		n_clients += c->kind == XS_IMAGE_SOCKET;
		if (!is_guest(t, c) ||
		    !is_gone(t, c->domid, c->has_ext ? c->handle : NULL))
			continue;
		t->rings_gone[t->n_rings_gone++] = c->domid;
		say(t, false, "what=domain-gone domid=%u", c->domid);
	}
	if (n_clients)
		say(t, false, "what=clients-gone clients=%u", n_clients);
}

/* ---- Rings ------------------------------------------------------------ */

static bool comes(struct take *t, const struct xs_image_conn *c)
{
	return is_guest(t, c) && !is_gone(t, c->domid, NULL);
}

static void connect_one(struct take *t, const struct xs_image_conn *c)
{
	struct xs_domain *domain;
	int rc = xs_domain_connect(t->conns, c->domid, c->guest_port, &domain);

	if (rc) {
		say(t, true, "what=ring domid=%u error=%s", c->domid,
		    xs_error_name(-rc));
		return;
	}
	domain->shutdown_told = c->shutdown_told;
	domain->features = c->has_ext ? c->ring_features & XS_FEATURES_ALL
				      : xs_ring_features(domain->conn->page);
}

/* All that can be wrong with any of them is said. */
static void connect_all(struct take *t)
{
	uint32_t i;

	for (i = 0; i < t->image->n_conns; i++) {
		if (comes(t, &t->image->conns[i]))
			connect_one(t, &t->image->conns[i]);
	}
}

/* ---- Limits ----------------------------------------------------------- */

/* Before the nodes come, or they might be too many. */
static int load_limits(struct take *t)
{
	struct xs_store *store = t->conns->store;
	uint32_t i;
	int rc = 0;

	if (t->image->quota.present)
		xs_live_load_defaults(store, t->image);
	for (i = 0; !rc && i < t->image->n_domains; i++) {
		const struct xs_image_domain *d = &t->image->domains[i];
		struct xs_domain *domain;

		if (d->domid >= XS_DOMID_FIRST_RESERVED ||
		    is_gone(t, d->domid, NULL))
			continue;
		if (d->domid != t->conns->settings->master_domid)
			rc = xs_domain_get(t->conns, d->domid, &domain);
		if (!rc)
			rc = xs_live_load_limits(store, t->image, d);
	}
	return rc;
}

static void restore_limits(struct xs_accounts *accounts,
			   const struct xs_limits *limits)
{
	unsigned int i;

	for (i = 0; i < XS_N_QUOTAS; i++)
		xs_accounts_set_limit(accounts, (enum xs_quota)i,
				      limits->max[i]);
	xs_accounts_set_soft_memory(accounts, limits->soft_memory);
}

/* ---- Nodes ------------------------------------------------------------ */

static bool is_at_or_below(const struct xs_span *path, const void *top,
			   size_t len)
{
	return len && path->len >= len && !memcmp(path->data, top, len) &&
	       (path->len == len || path->data[len] == '/');
}

/* Whether it stays away with all below it (keeps I2). */
static bool is_not_wanted(struct take *t, const struct xs_image_node *n)
{
	const char *path = (const char *)n->path.data;
	unsigned int i;

	if (is_at_or_below(&n->path, OWN_NODES, strlen(OWN_NODES)) ||
	    is_gone(t, n->perms[0].domid, NULL))
		return true;
	/* What is there relates to any domain, says nodes.def. */
	if (is_at_or_below(&n->path, ALL_VMS, strlen(ALL_VMS)))
		return false;
	for (i = 0; i < t->n_rings_gone; i++) {
		if (xs_node_relates(path, n->path.len, t->rings_gone[i]))
			return true;
	}
	return false;
}

static int put_node(struct take *t, struct xs_stage *stage,
		    const struct xs_image_node *n)
{
	uint16_t owner = n->perms[0].domid, i;
	struct xs_domain *domain;
	int rc = 0;

	/* Whose numbers are others' has to be known (keeps I2). */
	for (i = 1; i < n->n_perms; i++)
		is_gone(t, n->perms[i].domid, NULL);
	/* It is to be known when the owner ends. */
	if (owner != t->conns->settings->master_domid)
		rc = xs_domain_get(t->conns, owner, &domain);
	return rc ? rc
		  : xs_put_node(t->conns, stage, n, n->value.data, n->value.len,
				t->gone);
}

static int put_nodes(struct take *t)
{
	struct xs_store *store = t->conns->store;
	const struct xs_cred cred = {
		.domid = t->conns->settings->master_domid,
		.target = XS_DOMID_INVALID,
		.privileged = true,
	};
	struct xs_stage *stage = &store->now;
	struct xs_span top = {0};
	struct xs_account *account;
	uint32_t i;
	int rc = xs_accounts_get(&store->accounts, cred.domid, &account);

	if (rc)
		return rc;
	xs_stage_open_now(stage, &cred, account);
	for (i = 0; !rc && i < t->image->n_nodes; i++) {
		const struct xs_image_node *n = &t->image->nodes[i];

		if (is_at_or_below(&n->path, top.data, top.len))
			continue;
		if (is_not_wanted(t, n))
			top = n->path;
		else
			rc = put_node(t, stage, n);
	}
	if (!rc)
		rc = t->error;
	if (!rc)
		return xs_stage_commit(stage, &store->watches);
	xs_stage_close(stage);
	return rc;
}

/* ---- Going on --------------------------------------------------------- */

static void go_on(struct take *t, struct xs_thaw *thaw,
		  const struct xs_image_conn *c)
{
	struct xs_domain *domain = xs_domain_find(t->conns, c->domid);
	int rc;

	xs_thaw_wait(domain, thaw);
	rc = xs_thaw_attach(t->conns, domain);
	if (rc) {
		say(t, false, "what=stands-still domid=%u error=%s", c->domid,
		    xs_error_name(-rc));
		xs_conn_quiesce(domain->conn);
	} else {
		xs_conn_port_ready(domain->conn);
	}
	xs_store_fire_special(t->conns->store, XS_INTRODUCE_DOMAIN, &c->domid);
	xs_store_fire_special(t->conns->store, XS_INTRODUCE_DOMAIN, NULL);
}

/* Those that it has again already are the same ones (keeps I3). */
static void add_watches(struct take *t, const struct xs_image_conn *c)
{
	struct xs_domain *domain = xs_domain_find(t->conns, c->domid);
	unsigned int n_lost = 0;
	uint32_t i;

	for (i = 0; domain && i < t->image->n_watches; i++) {
		const struct xs_image_watch *w = &t->image->watches[i];
		int rc = w->conn_id == c->id ? xs_load_watch(domain->conn, w)
					     : 0;

		n_lost += rc && rc != -EEXIST;
	}
	if (n_lost)
		say(t, false, "what=watches-lost domid=%u watches=%u", c->domid,
		    n_lost);
}

static void go_on_all(struct take *t, struct xs_thaw *thaw)
{
	uint32_t i;

	for (i = 0; i < t->image->n_conns; i++) {
		const struct xs_image_conn *c = &t->image->conns[i];

		if (comes(t, c))
			go_on(t, thaw, c);
		else if (c->kind == XS_IMAGE_RING && !is_guest(t, c))
			add_watches(t, c);
	}
	xs_domains_check(t->conns);
}

/* ---- All -------------------------------------------------------------- */

static int apply(struct take *t, struct xs_thaw *thaw)
{
	struct xs_accounts *accounts = &t->conns->store->accounts;
	struct xs_limits before = accounts->limits;
	int rc;

	connect_all(t);
	rc = t->n_problems ? XS_IMPORT_E_PROBLEM : load_limits(t);
	if (!rc)
		rc = put_nodes(t);
	if (rc) {
		xs_domains_disconnect(t->conns);
		restore_limits(accounts, &before);
		return rc;
	}
	go_on_all(t, thaw);
	return 0;
}

/*
 * Makes the stream's store this daemon's: nodes that are here already stay,
 * unless the stream has others in their place.  XS_IMPORT_E_PROBLEM: said why
 * not; -ENOMEM and other errors.
 */
int xs_live_take(struct xs_conns *conns, const void *blob, size_t len,
		 const struct xs_supplies *supplies,
		 xs_import_report_fn *report, void *arg)
{
	struct xs_thaw *thaw = xs_thaw_new(conns, blob, len);
	struct take *t = calloc(1, sizeof(*t));
	int rc = thaw && t ? 0 : -ENOMEM;

	(void)supplies;
	if (!rc) {
		t->conns = conns;
		t->image = &thaw->image;
		t->report = report;
		t->arg = arg;
		check_empty(t);
		rc = xs_live_read(&thaw->image, &conns->key, thaw->blob, len,
				  false, say_wrong, t);
	}
	if (rc == -EINVAL || (!rc && t->n_problems))
		rc = XS_IMPORT_E_PROBLEM;
	if (!rc) {
		check_domains(t);
		rc = t->error;
	}
	if (!rc)
		rc = apply(t, thaw);
	if (thaw)
		xs_thaw_put(thaw);
	free(t);
	return rc;
}
