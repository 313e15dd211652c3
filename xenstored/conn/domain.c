/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Domains.
 *
 *   first heard of (SET_PERMS names it)     known, its nodes count for it
 *        | INTRODUCE                        introduced, has a ring
 *        | RELEASE, or Xen says it dies     forgotten with all it owned
 *
 * I1  A domid's entry is destroyed, with its nodes, permissions and account,
 *     before the domid can mean another domain: the mapped ring keeps an
 *     introduced domain's domid taken in Xen; for the others the handle tells
 *     (XSA-322, XSA-419).
 * I2  Nobody holds a pointer to another domain: a target is a domid, cleared
 *     when that domain goes.
 */
#include "conn/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#include "base/settings.h"
#include "conn/conn.h"
#include "conn/penalty.h"
#include "plat/plat.h"
#include "store/purge.h"
#include "store/store.h"

#define LIST_BATCH     128
#define CHECK_AGAIN_MS 1000

/* What is known of a domid, or NULL. */
struct xs_domain *xs_domain_find(const struct xs_conns *conns, uint16_t domid)
{
	struct xs_map_link *link =
		xs_map_bucket(&conns->domains, xs_hash_number(domid));

	for (; link; link = link->next) {
		struct xs_domain *domain =
			xs_container_of(link, struct xs_domain, link);

		if (domain->domid == domid)
			return domain;
	}
	return NULL;
}

static int add_domain(struct xs_conns *conns, uint16_t domid,
		      struct xs_domain **domainp)
{
	struct xs_domain *domain = talloc_zero(conns->ctx, struct xs_domain);
	int rc;

	if (!domain)
		return -ENOMEM;
	rc = xs_accounts_get(&conns->store->accounts, domid, &domain->account);
	if (rc) {
		talloc_free(domain);
		return rc;
	}
	domain->domid = domid;
	domain->features = XS_FEATURES_ALL;
	domain->credit = XS_PENALTY_BURST;
	xs_list_init(&domain->penalised);
	xs_map_add(&conns->domains, &domain->link, xs_hash_number(domid));
	*domainp = domain;
	return 0;
}

/* ---- The end ---------------------------------------------------------- */

static void clear_targets(struct xs_conns *conns, uint16_t domid)
{
	struct xs_list *pos;

	xs_list_for_each(pos, &conns->all) {
		struct xs_conn *conn = xs_list_entry(pos, struct xs_conn, link);

		if (conn->watcher.cred.target == domid)
			conn->watcher.cred.target = XS_DOMID_INVALID;
	}
}

static void check_account(struct xs_conns *conns,
			  const struct xs_account *account)
{
	static const enum xs_quota own[] = {
		XS_QUOTA_NODES,
		XS_QUOTA_WATCHES,
		XS_QUOTA_TRANSACTIONS,
	};
	size_t i;

	/* Memory and debts may be in what other domains have yet to read. */
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (account->used[own[i]])
			xs_log(conns->log, XS_LOG_ERROR,
			       "account domid=%u quota=%s left=%llu",
			       account->domid, xs_quota_name(own[i]),
			       (unsigned long long)account->used[own[i]]);
	}
}

static void forget(struct xs_conns *conns, struct xs_domain *domain)
{
	uint16_t domid = domain->domid;

	if (domain->thaw)
		conns->thaw_forget(domain);
	xs_list_remove(&domain->penalised);
	xs_map_remove(&conns->domains, &domain->link);
	check_account(conns, domain->account);
	xs_accounts_drop(&conns->store->accounts, domid);
	conns->progress = true;
	talloc_free(domain);
}

/* Takes back what add_ring() did. */
static void remove_ring(struct xs_domain *domain)
{
	xs_snapshot_close(&domain->conn->conns->store->tree, &domain->still);
	domain->conn->domain = NULL;
	xs_conn_close(domain->conn);
	domain->conn = NULL;
	domain->introduced = false;
}

/* The domain and everything it had is gone; tells whoever wants to know. */
static void destroy(struct xs_conns *conns, struct xs_domain *domain)
{
	struct xs_store *store = conns->store;
	const struct xs_settings *settings = conns->settings;
	uint16_t domid = domain->domid;
	bool introduced = domain->introduced;

	if (domain->conn)
		remove_ring(domain);
	clear_targets(conns, domid);
	xs_store_purge_domain(&store->tree, &store->watches, domid,
			      settings->keep_orphans ? settings->priv_domid
						     : XS_PURGE_NO_HEIR);
	forget(conns, domain);
	xs_log(conns->log, XS_LOG_TRACE, "domain domid=%u gone", domid);
	if (introduced) {
		xs_store_fire_special(store, XS_RELEASE_DOMAIN, &domid);
		xs_store_fire_special(store, XS_RELEASE_DOMAIN, NULL);
	}
}

/* Frees the table when the daemon ends; tells nobody. */
void xs_domains_fini(struct xs_conns *conns)
{
	struct xs_map_link *link, *next;
	uint32_t i;

	xs_map_for_each(link, next, &conns->domains, i) {
		struct xs_domain *domain =
			xs_container_of(link, struct xs_domain, link);

		if (domain->thaw)
			conns->thaw_forget(domain);
		xs_snapshot_close(&conns->store->tree, &domain->still);
		talloc_free(domain);
	}
	xs_map_clear(&conns->domains);
	xs_list_init(&conns->penalised);
}

/* ---- Getting to know -------------------------------------------------- */

/*
 * The entry of a domain that exists in Xen, made if need be.  An entry left
 * by an earlier bearer of the domid goes first.  -ENOENT: no such domain.
 */
int xs_domain_get(struct xs_conns *conns, uint16_t domid,
		  struct xs_domain **domainp)
{
	struct xs_domain *domain = xs_domain_find(conns, domid);
	struct xs_dominfo info;
	int rc;

	if (domain && domain->introduced) {
		*domainp = domain;
		return 0;
	}
	rc = plat_domain_get(conns->plat, domid, &info);
	if (!rc && info.dying)
		rc = -ENOENT;
	if (domain &&
	    (rc == -ENOENT ||
	     (!rc && memcmp(domain->handle, info.handle, XS_HANDLE_SIZE)))) {
		destroy(conns, domain);
		domain = NULL;
	}
	if (rc)
		return rc;
	if (!domain) {
		rc = add_domain(conns, domid, &domain);
		if (rc)
			return rc;
		memcpy(domain->handle, info.handle, XS_HANDLE_SIZE);
	}
	*domainp = domain;
	return 0;
}

/*
 * Marks a permission entry as void if it is for nobody: one for a domid that
 * is not in use must not serve its next bearer (XSA-417), and who never heard
 * of "all domains" (features: XS_FEATURE_) does not mean it.
 */
void xs_domain_settle_perm(struct xs_conns *conns, uint32_t features,
			   struct xs_perm *perm)
{
	struct xs_domain *domain;

	if (perm->domid == XS_DOMID_ANY) {
		if (!(features & XS_FEATURE_DOMID_ANY))
			perm->flags |= XS_PERM_F_IGNORE;
		return;
	}
	if (perm->domid >= XS_DOMID_FIRST_RESERVED ||
	    xs_domain_get(conns, perm->domid, &domain))
		perm->flags |= XS_PERM_F_IGNORE;
}

static int add_ring(struct xs_conns *conns, struct xs_domain *domain,
		    void *page, uint32_t local, uint32_t remote)
{
	const struct xs_settings *settings = conns->settings;
	struct xs_conn *conn;
	int rc = xs_conn_new(conns, domain->account, &conn);

	if (rc)
		return rc;
	conn->page = page;
	conn->domain = domain;
	conn->watcher.cred.domid = domain->domid;
	conn->watcher.cred.privileged =
		domain->domid == settings->master_domid ||
		domain->domid == settings->priv_domid;
	xs_conn_set_port(conn, local, remote);
	domain->conn = conn;
	domain->introduced = true;
	return 0;
}

/*
 * Attaches the ring of the domain that is there before all others (dom0), and
 * wakes its kernel.  Requests waiting in the ring are answered.
 */
int xs_domain_introduce_master(struct xs_conns *conns)
{
	uint16_t domid = conns->settings->master_domid;
	struct xs_domain *domain;
	uint32_t remote, local;
	void *page;
	int rc = plat_ring_map_master(conns->plat, &page, &remote);

	if (rc)
		return rc;
	rc = plat_port_bind(conns->plat, domid, remote, &local);
	if (rc)
		goto unmap;
	rc = add_domain(conns, domid, &domain);
	if (rc)
		goto unbind;
	rc = add_ring(conns, domain, page, local, remote);
	if (rc) {
		xs_map_remove(&conns->domains, &domain->link);
		talloc_free(domain);
		goto unbind;
	}
	xs_ring_set_features(page, domain->features);
	plat_port_notify(conns->plat, local);
	xs_conn_port_ready(domain->conn);
	return 0;
unbind:
	plat_port_unbind(conns->plat, local);
unmap:
	plat_ring_unmap(conns->plat, domid, page);
	return rc;
}

static void start_ring(struct xs_conn *conn)
{
	conn->ignored = false;
	xs_ring_reset(conn->page);
	if (xs_ring_wants_reconnect(conn->page)) {
		xs_ring_set_connected(conn->page);
		if (conn->local_port)
			plat_port_notify(conn->conns->plat, conn->local_port);
	}
}

/*
 * A domain that another program in this process knew, as it was known there:
 * whether it is still the same will be found out by xs_domains_check().
 * -ENOMEM.
 */
int xs_domain_adopt(struct xs_conns *conns, uint16_t domid,
		    const uint8_t handle[XS_HANDLE_SIZE],
		    struct xs_domain **domainp)
{
	int rc = add_domain(conns, domid, domainp);

	if (!rc)
		memcpy((*domainp)->handle, handle, XS_HANDLE_SIZE);
	return rc;
}

/*
 * Its ring, with the local port bound there (0: none).  A page that cannot be
 * mapped leaves a connection that does nothing.  -ENOMEM.
 */
int xs_domain_adopt_ring(struct xs_conns *conns, struct xs_domain *domain,
			 uint32_t local, uint32_t remote)
{
	uint16_t domid = domain->domid;
	void *page = NULL;
	int rc = domid == conns->settings->master_domid
			 ? plat_ring_map_master(conns->plat, &page, &remote)
			 : plat_ring_map(conns->plat, domid, &page);

	if (rc) {
		xs_log(conns->log, XS_LOG_WARN,
		       "ring domid=%u error=\"%s\" not mapped", domid,
		       strerror(-rc));
		page = NULL;
	}
	rc = add_ring(conns, domain, page, local, remote);
	if (rc && page)
		plat_ring_unmap(conns->plat, domid, page);
	return rc;
}

/* Who asked is told; but libxl 4.17 does not listen, and a guest waits. */
static int not_introduced(const struct xs_conns *conns, uint16_t domid,
			  uint32_t remote, int rc)
{
	xs_log(conns->log, XS_LOG_WARN,
	       "introduce domid=%u port=%u error=\"%s\"", domid, remote,
	       strerror(-rc));
	return rc;
}

/* A known ring gets another event channel and starts afresh. */
static int reintroduce(struct xs_conns *conns, struct xs_domain *domain,
		       uint32_t remote)
{
	struct xs_conn *conn = domain->conn;
	uint32_t local = 0;
	int rc;

	/* The page could not be mapped when this daemon took over. */
	if (!conn->page) {
		rc = plat_ring_map(conns->plat, domain->domid, &conn->page);
		if (rc)
			return rc;
	}
	/* The old port may be the other end of the same channel: it goes first.
	 */
	xs_conn_set_port(conn, 0, 0);
	rc = plat_port_bind(conns->plat, domain->domid, remote, &local);
	xs_conn_reset(conn);
	if (rc) {
		xs_log(conns->log, XS_LOG_WARN,
		       "introduce domid=%u port=%u error=\"%s\"", domain->domid,
		       remote, strerror(-rc));
		return rc;
	}
	xs_conn_set_port(conn, local, remote);
	start_ring(conn);
	return 0;
}

/*
 * A connection for a domain that has none, with its ring and event channel (its
 * end: remote); nothing in the page changes.  -ENOENT: there is no such domain;
 * what mapping and binding say.
 */
int xs_domain_connect(struct xs_conns *conns, uint16_t domid, uint32_t remote,
		      struct xs_domain **domainp)
{
	uint32_t local;
	void *page;
	int rc = xs_domain_get(conns, domid, domainp);

	if (rc)
		return rc;
	rc = plat_ring_map(conns->plat, domid, &page);
	if (rc)
		return not_introduced(conns, domid, remote, rc);
	rc = plat_port_bind(conns->plat, domid, remote, &local);
	if (rc) {
		plat_ring_unmap(conns->plat, domid, page);
		return not_introduced(conns, domid, remote, rc);
	}
	rc = add_ring(conns, *domainp, page, local, remote);
	if (rc) {
		plat_port_unbind(conns->plat, local);
		plat_ring_unmap(conns->plat, domid, page);
	}
	return rc;
}

/*
 * Forgets all domains but the first, which have connections at most: what an
 * import of a whole store began.  Nobody is told.
 */
void xs_domains_disconnect(struct xs_conns *conns)
{
	struct xs_map_link *link, *next;
	uint32_t i;

	xs_map_for_each(link, next, &conns->domains, i) {
		struct xs_domain *domain =
			xs_container_of(link, struct xs_domain, link);

		if (domain->domid == conns->settings->master_domid)
			continue;
		if (domain->conn)
			remove_ring(domain);
		forget(conns, domain);
	}
}

/*
 * Begins to serve a domain through its ring and event channel (its end:
 * remote), or starts afresh with one that is served.  -ENOENT, -EINVAL and
 * what mapping and binding say.
 */
int xs_domain_introduce(struct xs_conns *conns, uint16_t domid, uint32_t remote)
{
	struct xs_domain *domain = xs_domain_find(conns, domid);
	int rc;

	if (domain && domain->introduced)
		return reintroduce(conns, domain, remote);
	rc = xs_domain_connect(conns, domid, remote, &domain);
	if (rc)
		return rc == -ENOENT ? -EINVAL : rc;
	if (domain->thaw) {
		/* It goes on where it was: nothing in the page changes. */
		rc = conns->thaw_attach(conns, domain);
		if (rc) {
			remove_ring(domain);
			return rc;
		}
		xs_conn_port_ready(domain->conn);
	} else {
		xs_ring_set_features(domain->conn->page, domain->features);
		start_ring(domain->conn);
	}
	xs_store_fire_special(conns->store, XS_INTRODUCE_DOMAIN, &domid);
	xs_store_fire_special(conns->store, XS_INTRODUCE_DOMAIN, NULL);
	return 0;
}

/*
 * Stops serving a domain, as if it had died.  -ENOENT: not introduced;
 * -EINVAL: it is one the daemon cannot do without.
 */
int xs_domain_release(struct xs_conns *conns, uint16_t domid)
{
	struct xs_domain *domain = xs_domain_find(conns, domid);

	if (domid == conns->settings->master_domid ||
	    domid == conns->settings->priv_domid)
		return -EINVAL;
	if (!domain || !domain->introduced)
		return -ENOENT;
	destroy(conns, domain);
	return 0;
}

/* ---- What Xen says ---------------------------------------------------- */

/* Marks those that live, as what they are now; true: one has shut down. */
static bool look_at(struct xs_conns *conns, const struct xs_dominfo *info)
{
	struct xs_domain *domain = xs_domain_find(conns, info->domid);

	if (!domain || info->dying ||
	    memcmp(domain->handle, info->handle, XS_HANDLE_SIZE))
		return false;
	domain->seen = true;
	if (!info->shutdown || domain->shutdown_told || !domain->introduced)
		return false;
	domain->shutdown_told = true;
	xs_store_fire_special(conns->store, XS_RELEASE_DOMAIN, &domain->domid);
	return true;
}

static int look_at_all(struct xs_conns *conns, bool *shutdownp)
{
	struct xs_dominfo infos[LIST_BATCH];
	uint32_t first = 0;
	int n, i;

	do {
		n = plat_domain_list(conns->plat, (uint16_t)first, infos,
				     LIST_BATCH);
		if (n < 0)
			return n;
		for (i = 0; i < n; i++)
			*shutdownp |= look_at(conns, &infos[i]);
		if (n)
			first = infos[n - 1].domid + 1u;
	} while (n == LIST_BATCH && first < XS_DOMID_FIRST_RESERVED);
	return 0;
}

/* The gone domain with the lowest domid, so that the order is a fixed one. */
static struct xs_domain *next_gone(const struct xs_conns *conns)
{
	struct xs_domain *gone = NULL;
	struct xs_map_link *link, *next;
	uint32_t i;

	xs_map_for_each(link, next, &conns->domains, i) {
		struct xs_domain *domain =
			xs_container_of(link, struct xs_domain, link);

		if (!domain->seen && (!gone || domain->domid < gone->domid))
			gone = domain;
	}
	return gone;
}

/* Finds out which domains shut down or went, and deals with it. */
void xs_domains_check(struct xs_conns *conns)
{
	struct xs_map_link *link, *next;
	struct xs_domain *domain;
	bool shutdown = false;
	uint32_t i;
	int rc;

	xs_map_for_each(link, next, &conns->domains, i) {
		domain = xs_container_of(link, struct xs_domain, link);
		domain->seen = domain->domid == conns->settings->master_domid;
	}
	rc = look_at_all(conns, &shutdown);
	if (rc) {
		xs_log(conns->log, XS_LOG_ERROR,
		       "domains error=\"%s\" not checked", strerror(-rc));
		conns->check_due_ms = conns->now_ms + CHECK_AGAIN_MS;
		return;
	}
	conns->check_due_ms = 0;
	if (shutdown)
		xs_store_fire_special(conns->store, XS_RELEASE_DOMAIN, NULL);
	while ((domain = next_gone(conns)))
		destroy(conns, domain);
}
