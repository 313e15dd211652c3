/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which connection an event channel belongs to.
 *
 * I1  conns->ports holds exactly the connections that have a local port.
 */
#include "conn/conn.h"
#include "plat/plat.h"

/* Another event channel (0: none); the old one is unbound. */
void xs_conn_set_port(struct xs_conn *conn, uint32_t local, uint32_t remote)
{
	struct xs_conns *conns = conn->conns;

	if (conn->local_port) {
		xs_map_remove(&conns->ports, &conn->by_port);
		plat_port_unbind(conns->plat, conn->local_port);
	}
	conn->local_port = local;
	conn->remote_port = remote;
	if (local)
		xs_map_add(&conns->ports, &conn->by_port,
			   xs_hash_number(local));
}

/* The ring behind a local port, or NULL. */
struct xs_conn *xs_conns_by_port(const struct xs_conns *conns, uint32_t port)
{
	struct xs_map_link *link =
		xs_map_bucket(&conns->ports, xs_hash_number(port));

	for (; link; link = link->next) {
		struct xs_conn *conn =
			xs_container_of(link, struct xs_conn, by_port);

		if (conn->local_port == port)
			return conn;
	}
	return NULL;
}
