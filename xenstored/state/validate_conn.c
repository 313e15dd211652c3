/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections: who they are, and the messages they were in the middle of. */
#include <string.h>

#include "base/cursor.h"
#include "state/judge.h"
#include "state/records.h"

#define CONN_NAME      xs_record_name(XS_RECORD_CONN)
#define MESSAGE_HEADER 16
#define MESSAGE_MAX    4096
#define MESSAGE_LEN_AT 12

/* What a message header says of the length of its payload. */
static uint32_t payload_len(const struct xs_judge *j, const uint8_t *header)
{
	struct xs_rd rd;

	xs_rd_init(&rd, header + MESSAGE_LEN_AT, 4);
	return (uint32_t)xs_rd_int(&rd, 4, j->image->big_endian);
}

static void judge_out(struct xs_judge *j, const struct xs_image_conn *conn)
{
	size_t left = conn->out.len;
	const uint8_t *p;
	uint32_t len;

	if (conn->resp_left > left) {
		xs_judge_wrong(j, XS_RULE_C_10, CONN_NAME, conn->at,
			       "connection %u: %u bytes of a message are left, "
			       "but output has %zu",
			       conn->id, conn->resp_left, left);
		return;
	}
	for (left -= conn->resp_left; left; left -= MESSAGE_HEADER + len) {
		p = conn->out.data + conn->out.len - left;
		len = left < MESSAGE_HEADER ? 0 : payload_len(j, p);
		if (left < MESSAGE_HEADER || len > left - MESSAGE_HEADER) {
			xs_judge_wrong(j, XS_RULE_C_10, CONN_NAME, conn->at,
				       "connection %u: output ends within a "
				       "message",
				       conn->id);
			return;
		}
	}
}

static void judge_in(struct xs_judge *j, const struct xs_image_conn *conn)
{
	size_t left = conn->in.len;
	uint32_t len;

	while (left >= MESSAGE_HEADER) {
		len = payload_len(j, conn->in.data + conn->in.len - left);
		if (len > MESSAGE_MAX) {
			xs_judge_wrong(j, XS_RULE_C_11, CONN_NAME, conn->at,
				       "connection %u: a request has %u bytes",
				       conn->id, len);
			return;
		}
		if (len > left - MESSAGE_HEADER)
			return;
		left -= MESSAGE_HEADER + len;
	}
}

static void judge_ring(struct xs_judge *j, const struct xs_image_conn *conn,
		       uint32_t i)
{
	const struct xs_index_key key = {.number = conn->domid};

	if (!xs_judge_is_domid(conn->domid))
		xs_judge_wrong(j, XS_RULE_C_8, CONN_NAME, conn->at,
			       "domid %u is reserved", conn->domid);
	else if (xs_index_add(&j->rings, &key, i) != XS_INDEX_NONE)
		xs_judge_wrong(j, XS_RULE_C_9, CONN_NAME, conn->at,
			       "domain %u has two rings", conn->domid);
	if (conn->target != XS_IMAGE_NO_DOMID &&
	    !xs_judge_is_domid(conn->target))
		xs_judge_wrong(j, XS_RULE_C_8, CONN_NAME, conn->at,
			       "target %u is reserved", conn->target);
	if (j->use == XS_IMAGE_USE_DOMAIN && j->image->origin.present &&
	    conn->domid != j->image->origin.domid)
		xs_judge_wrong(j, XS_RULE_C_13, CONN_NAME, conn->at,
			       "is of domain %u, the origin names %u",
			       conn->domid, j->image->origin.domid);
}

/* File descriptors, for those who go on using them. */
static void judge_socket(struct xs_judge *j, const struct xs_image_conn *conn,
			 struct xs_index *fds)
{
	const struct xs_image_global *global = &j->image->global;
	const struct xs_index_key key = {.number = (uint32_t)conn->fd};

	if (!xs_judge_is_whole(j))
		return;
	if (conn->fd < 0)
		xs_judge_wrong(j, XS_RULE_G_4, CONN_NAME, conn->at,
			       "file descriptor %d is negative", conn->fd);
	else if (xs_index_add(fds, &key, 0) != XS_INDEX_NONE ||
		 conn->fd == global->socket_fd || conn->fd == global->evtchn_fd)
		xs_judge_wrong(j, XS_RULE_G_4, CONN_NAME, conn->at,
			       "file descriptor %d is there twice", conn->fd);
}

static void judge_conn(struct xs_judge *j, uint32_t i, struct xs_index *fds)
{
	const struct xs_image_conn *conn = &j->image->conns[i];
	const struct xs_index_key key = {.number = conn->id};

	if (!conn->id)
		xs_judge_wrong(j, XS_RULE_C_7, CONN_NAME, conn->at,
			       "its id is 0");
	else if (xs_index_add(&j->conns, &key, i) != XS_INDEX_NONE)
		xs_judge_wrong(j, XS_RULE_C_7, CONN_NAME, conn->at,
			       "connection %u is there twice", conn->id);
	if (conn->kind == XS_IMAGE_RING)
		judge_ring(j, conn, i);
	else
		judge_socket(j, conn, fds);
	judge_in(j, conn);
	judge_out(j, conn);
}

/* Also fills the indexes that the others look in; -ENOMEM. */
int xs_judge_conns(struct xs_judge *j)
{
	const struct xs_image *image = j->image;
	struct xs_index fds = {0};
	uint32_t i;
	int rc;

	rc = xs_index_init(&j->conns, image->n_conns, &image->key);
	if (!rc)
		rc = xs_index_init(&j->rings, image->n_conns, &image->key);
	if (!rc)
		rc = xs_index_init(&fds, image->n_conns, &image->key);
	for (i = 0; !rc && i < image->n_conns; i++)
		judge_conn(j, i, &fds);
	xs_index_fini(&fds);
	if (rc)
		return rc;
	if (j->use == XS_IMAGE_USE_DOMAIN &&
	    (image->n_conns != 1 || image->conns[0].kind != XS_IMAGE_RING))
		xs_judge_wrong(
			j, XS_RULE_C_12, CONN_NAME, (struct xs_image_at){0, 0},
			"%u connections are not one ring", image->n_conns);
	if (j->use == XS_IMAGE_USE_417 && !xs_judge_ring(j, 0))
		xs_judge_wrong(j, XS_RULE_V_1, CONN_NAME,
			       (struct xs_image_at){0, 0},
			       "there is no ring of domain 0");
	return 0;
}
