/* SPDX-License-Identifier: GPL-2.0-only */
/* The domains the daemon knows, from first hearing of them to their end. */
#ifndef XS_CONN_DOMAIN_H
#define XS_CONN_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "store/tree.h"

struct xs_account;
struct xs_conn;
struct xs_conns;
struct xs_perm;
struct xs_thaw;

#define XS_HANDLE_SIZE 16

struct xs_domain {
	struct xs_map_link link;
	struct xs_list penalised; /* in conns->penalised */
	uint16_t domid;
	bool introduced;
	bool shutdown_told; /* @releaseDomain was fired for its shutdown */
	bool seen;	    /* while looking for those that are gone */
	uint8_t handle[XS_HANDLE_SIZE];
	uint32_t features; /* offered, or to be offered on introduction */
	int32_t credit;	   /* conflicts it may still cause */
	struct xs_account *account;
	struct xs_conn *conn; /* while introduced */
	struct xs_thaw *thaw; /* what its connection was elsewhere */
	/* While it stands still (freeze/standstill.c) */
	struct xs_snapshot still; /* the tree as it was then */
	uint32_t still_msgs;	  /* queued before */
};

struct xs_domain *xs_domain_find(const struct xs_conns *conns, uint16_t domid);
int xs_domain_get(struct xs_conns *conns, uint16_t domid,
		  struct xs_domain **domainp);
void xs_domain_settle_perm(struct xs_conns *conns, uint32_t features,
			   struct xs_perm *perm);
int xs_domain_introduce_master(struct xs_conns *conns);
int xs_domain_adopt(struct xs_conns *conns, uint16_t domid,
		    const uint8_t handle[XS_HANDLE_SIZE],
		    struct xs_domain **domainp);
int xs_domain_adopt_ring(struct xs_conns *conns, struct xs_domain *domain,
			 uint32_t local, uint32_t remote);
int xs_domain_connect(struct xs_conns *conns, uint16_t domid, uint32_t remote,
		      struct xs_domain **domainp);
void xs_domains_disconnect(struct xs_conns *conns);
int xs_domain_introduce(struct xs_conns *conns, uint16_t domid, uint32_t port);
int xs_domain_release(struct xs_conns *conns, uint16_t domid);
void xs_domains_check(struct xs_conns *conns);
void xs_domains_fini(struct xs_conns *conns);

#endif
