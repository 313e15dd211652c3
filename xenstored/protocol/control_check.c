/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CONTROL check.  A large store is checked bit by bit between the requests of
 * others, and who asked has to wait.
 *
 * I1  A connection is kept by its id only: it may go at any time, and then its
 *     check ends.
 */
#include <errno.h>
#include <talloc.h>

#include "protocol/control.h"
#include "protocol/request.h"
#include "store/check.h"
#include "store/store.h"

/* Nodes that are checked at once: that takes no memory, so it cannot fail. */
#define AT_ONCE 2000

struct xs_checking {
	struct xs_list link;
	struct xs_check check;
	struct xs_hdr hdr; /* of the request to be answered */
	uint32_t conn_id;
	uint32_t epoch;
};

static void report_wrong(void *arg, const char *line)
{
	const struct xs_protocol *protocol = arg;

	xs_log(protocol->log, XS_LOG_ERROR, "%s", line);
}

/* What is wrong goes to the log; the reply says how much it is. */
static void say_result(unsigned int n_wrong, struct xs_wr *reply)
{
	if (n_wrong)
		xs_wr_printf(reply, "%u inconsistencies, see the log", n_wrong);
	else
		xs_wr_printf(reply, "OK");
	xs_wr_bytes(reply, "", 1);
}

static int begin_check(struct xs_request *req)
{
	struct xs_protocol *protocol = req->protocol;
	struct xs_checking *c = talloc_zero(protocol->ctx, struct xs_checking);

	if (!c)
		return -ENOMEM;
	xs_check_begin(&c->check, &protocol->store->tree, report_wrong,
		       protocol);
	c->hdr = *req->hdr;
	c->conn_id = req->conn->id;
	c->epoch = req->conn->epoch;
	xs_list_add_tail(&protocol->checks, &c->link);
	xs_conn_park(req->conn);
	req->parked = true;
	return 0;
}

int xs_control_check(struct xs_request *req, const char *const *args, size_t n)
{
	struct xs_tree *tree = &req->protocol->store->tree;

	(void)args;
	if (n != 1)
		return -EINVAL;
	if (tree->n_nodes > AT_ONCE)
		return begin_check(req);
	say_result(xs_tree_check(tree, report_wrong, req->protocol),
		   &req->reply);
	return 0;
}

static void end_check(struct xs_checking *c)
{
	unsigned int n_wrong;

	xs_check_end(&c->check, &n_wrong);
	xs_list_remove(&c->link);
	talloc_free(c);
}

static void answer(struct xs_protocol *protocol, struct xs_checking *c,
		   struct xs_conn *conn)
{
	char buf[XS_PAYLOAD_MAX];
	unsigned int n_wrong;
	struct xs_wr reply;
	int rc;

	xs_wr_init(&reply, buf, sizeof(buf));
	rc = xs_check_end(&c->check, &n_wrong);
	say_result(n_wrong, &reply);
	xs_protocol_answer(protocol, conn, &c->hdr, rc, &reply);
	xs_conn_unpark(conn);
}

/*
 * Goes on with one check; to be called in every turn of the server's loop.
 * false: there is more to do.
 */
bool xs_control_check_some(struct xs_protocol *protocol)
{
	struct xs_checking *c;
	struct xs_conn *conn;

	if (xs_list_is_empty(&protocol->checks))
		return true;
	c = xs_list_entry(protocol->checks.next, struct xs_checking, link);
	conn = xs_conns_asker(protocol->conns, c->conn_id, c->epoch);
	if (conn && !xs_check_some(&c->check))
		return false;
	if (conn)
		answer(protocol, c, conn);
	end_check(c);
	return xs_list_is_empty(&protocol->checks);
}

/* Ends all checks without an answer. */
void xs_control_check_fini(struct xs_protocol *protocol)
{
	while (!xs_list_is_empty(&protocol->checks))
		end_check(xs_list_entry(protocol->checks.next,
					struct xs_checking, link));
}
