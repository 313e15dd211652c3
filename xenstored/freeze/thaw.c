/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of an image waits for its domain's ring.
 *
 * I1  An image lives as long as a domain waits for something in it: those of
 *     one import of a whole store share theirs.
 */
#include "freeze/thaw.h"

#include <stdlib.h>
#include <string.h>

#include "conn/conn.h"
#include "conn/domain.h"
#include "freeze/load.h"
#include "store/store.h"

/* An empty image with a copy of the blob beside it, used once; NULL. */
struct xs_thaw *xs_thaw_new(struct xs_conns *conns, const void *blob,
			    size_t len)
{
	struct xs_thaw *thaw = calloc(1, sizeof(*thaw));

	if (!thaw)
		return NULL;
	xs_image_init(&thaw->image, &conns->key);
	thaw->users = 1;
	thaw->blob = malloc(len ? len : 1);
	if (!thaw->blob) {
		free(thaw);
		return NULL;
	}
	memcpy(thaw->blob, blob, len);
	return thaw;
}

/* One user less. */
void xs_thaw_put(struct xs_thaw *thaw)
{
	if (--thaw->users)
		return;
	xs_image_fini(&thaw->image);
	free(thaw->blob);
	free(thaw);
}

/* The domain waits for what is its in there, and for nothing else. */
void xs_thaw_wait(struct xs_domain *domain, struct xs_thaw *thaw)
{
	thaw->users++;
	xs_thaw_free(domain);
	domain->thaw = thaw;
}

/* Forgets what waits for the domain's ring. */
void xs_thaw_free(struct xs_domain *domain)
{
	struct xs_thaw *thaw = domain->thaw;

	domain->thaw = NULL;
	if (thaw)
		xs_thaw_put(thaw);
}

/* It is there, or nobody would wait. */
static const struct xs_image_conn *find_ring(const struct xs_image *image,
					     uint16_t domid)
{
	const struct xs_image_conn *c = image->conns;

	while (c->kind != XS_IMAGE_RING || c->domid != domid)
		c++;
	return c;
}

/*
 * Gives the domain's connection, which was just made or stands still, what
 * waits for it.  On an error that goes on waiting, for another try.
 */
int xs_thaw_attach(struct xs_conns *conns, struct xs_domain *domain)
{
	struct xs_conn *conn = domain->conn;
	struct xs_thaw *thaw = domain->thaw;
	const struct xs_image_conn *c = find_ring(&thaw->image, domain->domid);
	int rc;

	/* What was queued here meanwhile goes with the rest. */
	xs_snapshot_close(&conns->store->tree, &domain->still);
	xs_conn_reset(conn);
	conn->watcher.cred.target = XS_DOMID_INVALID;
	/* Its transactions need these rights. */
	if (c->target != XS_DOMID_INVALID && xs_domain_find(conns, c->target))
		conn->watcher.cred.target = c->target;
	rc = xs_load_conn(conn, &thaw->image, c);
	if (rc) {
		conn->watcher.cred.target = XS_DOMID_INVALID;
		return rc;
	}
	conn->ignored = c->ignored;
	xs_thaw_free(domain);
	return 0;
}
