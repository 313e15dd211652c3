/* SPDX-License-Identifier: GPL-2.0-only */
/* What live updates need of connections. */
#include <errno.h>

#include "base/settings.h"
#include "conn/conn.h"
#include "plat/plat.h"

/*
 * The request being worked on will be answered later: what comes after it has
 * to wait.
 */
void xs_conn_park(struct xs_conn *conn)
{
	conn->parked = true;
}

/* Whether nobody would get what is sent, also of one that is not read. */
bool xs_conn_hung_up(const struct xs_conn *conn)
{
	int rc;

	if (conn->dead)
		return true;
	if (conn->stream < 0)
		return false;
	rc = plat_stream_write(conn->conns->plat, conn->stream, NULL, 0);
	return rc < 0 && rc != -EAGAIN;
}

/* Who asked with that id and epoch, or NULL if it has gone meanwhile. */
struct xs_conn *xs_conns_asker(const struct xs_conns *conns, uint32_t id,
			       uint32_t epoch)
{
	struct xs_list *pos;

	xs_list_for_each(pos, &conns->all) {
		struct xs_conn *conn = xs_list_entry(pos, struct xs_conn, link);

		if (conn->id == id)
			return conn->epoch == epoch ? conn : NULL;
	}
	return NULL;
}

/* From now on, or no longer, xs_conns.hold_txns. */
void xs_conns_hold_txns(struct xs_conns *conns, bool hold)
{
	if (conns->hold_txns && !hold)
		conns->progress = true;
	conns->hold_txns = hold;
}

/*
 * What is still to be sent (xs_queue_adopt()); it may be old, but that it is
 * not read is known only from now on.  xs_conn_adopt_input() is to follow.
 * -EINVAL, -ENOMEM.
 */
int xs_conn_adopt_output(struct xs_conn *conn, const void *data, size_t len,
			 size_t begun)
{
	struct xs_conns *conns = conn->conns;
	struct xs_list *pos;
	int rc = xs_queue_adopt(&conn->out, data, len, begun, conn->account);

	if (rc)
		return rc;
	xs_list_for_each(pos, &conn->out.msgs) {
		struct xs_msg *msg = xs_list_entry(pos, struct xs_msg, link);

		if (!msg->is_event || !conn->account->limited ||
		    !conns->settings->watch_event_ms)
			continue;
		msg->queued_ms = conns->now_ms;
		xs_list_add_tail(&conns->aging, &msg->aging);
	}
	return 0;
}
