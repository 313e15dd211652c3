/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Outgoing messages.
 *
 * I1  Messages leave in the order they came; sent counts the bytes of the
 *     first one that are out, so it is 0 for all others.
 * I2  A message is charged to its receiver until it is completely out.
 * I3  events holds exactly the queued events that may swallow a double.
 */
#include "conn/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/proto.h"

/* A debt with one holder, the caller; NULL when out of memory. */
struct xs_debt *xs_debt_new(struct xs_account *account)
{
	struct xs_debt *debt = calloc(1, sizeof(*debt));

	if (!debt)
		return NULL;
	debt->n_holders = 1;
	xs_charge_force(&debt->charge, account, XS_QUOTA_OUTSTANDING,
			sizeof(*debt));
	return debt;
}

void xs_debt_hold(struct xs_debt *debt)
{
	debt->n_holders++;
}

/* One holder less; the last one settles it.  NULL is fine. */
void xs_debt_release(struct xs_debt **debt_take)
{
	struct xs_debt *debt = *debt_take;

	*debt_take = NULL;
	if (!debt || --debt->n_holders)
		return;
	xs_charge_release(&debt->charge);
	free(debt);
}

/* An empty queue; *progress is set whenever a message leaves it. */
void xs_queue_init(struct xs_queue *queue, const struct xs_hash_key *key,
		   bool *progress)
{
	memset(queue, 0, sizeof(*queue));
	xs_list_init(&queue->msgs);
	queue->key = *key;
	queue->progress = progress;
}

/* Drops what is left. */
void xs_queue_fini(struct xs_queue *queue)
{
	xs_queue_clear(queue);
	if (queue->events.buckets)
		xs_map_fini(&queue->events);
}

static struct xs_msg *new_msg(struct xs_queue *queue, size_t len,
			      struct xs_account *account)
{
	struct xs_msg *msg = malloc(sizeof(*msg) + len);

	if (!msg)
		return NULL;
	memset(msg, 0, sizeof(*msg));
	xs_list_init(&msg->link);
	xs_list_init(&msg->aging);
	msg->queue = queue;
	msg->len = (uint32_t)len;
	xs_charge_force(&msg->charge, account, XS_CHARGE_BYTES_ONLY,
			sizeof(*msg) + len);
	xs_list_add_tail(&queue->msgs, &msg->link);
	queue->bytes += len;
	queue->n_msgs++;
	return msg;
}

/*
 * Queues a message with a payload of hdr->len bytes for a client whose account
 * is charged without being asked.  NULL when out of memory.
 */
struct xs_msg *xs_queue_add(struct xs_queue *queue, const struct xs_hdr *hdr,
			    const void *payload, struct xs_account *account)
{
	struct xs_msg *msg = new_msg(queue, XS_HDR_SIZE + hdr->len, account);

	if (!msg)
		return NULL;
	xs_hdr_encode(hdr, msg->bytes);
	if (hdr->len)
		memcpy(msg->bytes + XS_HDR_SIZE, payload, hdr->len);
	return msg;
}

static uint32_t hash_event(const struct xs_queue *queue, const char *path,
			   size_t path_len, const char *token, size_t token_len)
{
	return xs_hash(&queue->key,
		       xs_hash(&queue->key, path_len, token, token_len), path,
		       path_len);
}

static bool is_event(const struct xs_msg *msg, const char *path,
		     size_t path_len, const char *token, size_t token_len)
{
	const unsigned char *p = msg->bytes + XS_HDR_SIZE;

	return msg->len == XS_HDR_SIZE + path_len + token_len + 2 &&
	       !memcmp(p, path, path_len) && !p[path_len] &&
	       !memcmp(p + path_len + 1, token, token_len);
}

/* Whether the client is going to hear just this anyway. */
bool xs_queue_has_event(const struct xs_queue *queue, const char *path,
			size_t path_len, const char *token, size_t token_len)
{
	struct xs_map_link *link;
	uint32_t hash;

	if (!queue->n_events || !queue->events.buckets)
		return false;
	hash = hash_event(queue, path, path_len, token, token_len);
	for (link = xs_map_bucket(&queue->events, hash); link;
	     link = link->next) {
		struct xs_msg *msg =
			xs_container_of(link, struct xs_msg, event);

		if (link->hash == hash &&
		    is_event(msg, path, path_len, token, token_len))
			return true;
	}
	return false;
}

/*
 * Queues a watch event.  once: an equal one that comes before this is out may
 * be dropped.  NULL when out of memory.
 */
struct xs_msg *xs_queue_add_event(struct xs_queue *queue, const char *path,
				  size_t path_len, const char *token,
				  size_t token_len, struct xs_account *account,
				  bool once)
{
	const struct xs_hdr hdr = {
		.type = XS_OP_WATCH_EVENT,
		.len = (uint32_t)(path_len + token_len + 2),
	};
	struct xs_msg *msg;
	unsigned char *p;

	if (once && !queue->events.buckets && xs_map_init(&queue->events))
		return NULL;
	msg = new_msg(queue, XS_HDR_SIZE + hdr.len, account);
	if (!msg)
		return NULL;
	xs_hdr_encode(&hdr, msg->bytes);
	p = msg->bytes + XS_HDR_SIZE;
	memcpy(p, path, path_len);
	p[path_len] = '\0';
	memcpy(p + path_len + 1, token, token_len);
	p[path_len + 1 + token_len] = '\0';
	queue->n_events++;
	msg->is_event = true;
	if (once) {
		xs_map_add(&queue->events, &msg->event,
			   hash_event(queue, path, path_len, token, token_len));
		msg->event.spare = 1;
	}
	return msg;
}

static int adopt_event(struct xs_queue *queue, const char *payload, size_t len,
		       struct xs_account *account)
{
	size_t path_len = strnlen(payload, len), token_len;

	if (path_len == len)
		return -EINVAL;
	token_len = strnlen(payload + path_len + 1, len - path_len - 1);
	if (path_len + token_len + 2 != len)
		return -EINVAL;
	return xs_queue_add_event(queue, payload, path_len,
				  payload + path_len + 1, token_len, account,
				  payload[0] != '@')
		       ? 0
		       : -ENOMEM;
}

/*
 * Queues what another daemon had queued: begun bytes that end a message of
 * which the client has the rest, then whole messages.  -EINVAL, -ENOMEM, after
 * which the queue is to be cleared.
 */
int xs_queue_adopt(struct xs_queue *queue, const void *data, size_t len,
		   size_t begun, struct xs_account *account)
{
	const char *p = data;
	struct xs_msg *msg;
	struct xs_hdr hdr;
	int rc;

	if (begun > len)
		return -EINVAL;
	if (!len) /* there may be no data then */
		return 0;
	if (begun) {
		msg = new_msg(queue, begun, account);
		if (!msg)
			return -ENOMEM;
		memcpy(msg->bytes, p, begun);
		msg->is_part = true;
	}
	for (p += begun, len -= begun; len; p += hdr.len, len -= hdr.len) {
		if (len < XS_HDR_SIZE)
			return -EINVAL;
		xs_hdr_decode(&hdr, p);
		p += XS_HDR_SIZE;
		len -= XS_HDR_SIZE;
		if (hdr.len > len)
			return -EINVAL;
		rc = -EINVAL;
		if (hdr.type == XS_OP_WATCH_EVENT)
			rc = adopt_event(queue, p, hdr.len, account);
		/* What only looks like an event goes out as it is. */
		if (rc == -EINVAL)
			rc = xs_queue_add(queue, &hdr, p, account) ? 0
								   : -ENOMEM;
		if (rc)
			return rc;
	}
	return 0;
}

/* Takes a message back, or forgets it when it is out. */
void xs_queue_drop(struct xs_msg *msg)
{
	struct xs_queue *queue = msg->queue;

	if (queue->msgs.next == &msg->link) {
		queue->bytes -= msg->len - queue->sent;
		queue->sent = 0;
	} else {
		queue->bytes -= msg->len;
	}
	queue->n_msgs--;
	if (msg->is_event)
		queue->n_events--;
	if (msg->event.spare)
		xs_map_remove(&queue->events, &msg->event);
	xs_list_remove(&msg->link);
	xs_list_remove(&msg->aging);
	xs_debt_release(&msg->debt);
	xs_charge_release(&msg->charge);
	*queue->progress = true;
	free(msg);
}

/* Drops every message. */
void xs_queue_clear(struct xs_queue *queue)
{
	while (!xs_list_is_empty(&queue->msgs))
		xs_queue_drop(
			xs_list_entry(queue->msgs.next, struct xs_msg, link));
}

/* len more bytes are out. */
void xs_queue_sent(struct xs_queue *queue, size_t len)
{
	while (len) {
		struct xs_msg *msg =
			xs_list_entry(queue->msgs.next, struct xs_msg, link);
		size_t left = msg->len - queue->sent;

		if (len < left) {
			queue->sent += len;
			queue->bytes -= len;
			return;
		}
		len -= left;
		xs_queue_drop(msg);
	}
}
