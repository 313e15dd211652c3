/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages on their way to a client: replies and watch events. */
#ifndef XS_CONN_QUEUE_H
#define XS_CONN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/charge.h"
#include "base/list.h"
#include "base/map.h"

struct xs_hdr;

/*
 * One request's place in its domain's "outstanding" quota, held by its reply
 * and by the events it caused until all of them are delivered (XSA-326).
 */
struct xs_debt {
	struct xs_charge charge;
	uint32_t n_holders;
};

struct xs_msg {
	struct xs_list link;	  /* in its queue */
	struct xs_map_link event; /* in the queue's events; spare: 1 if so */
	struct xs_list aging;	  /* events by age */
	struct xs_queue *queue;
	struct xs_charge charge; /* to the receiver */
	struct xs_debt *debt;	 /* of the causer; NULL: nobody waits */
	uint64_t queued_ms;
	bool is_event;
	bool is_part; /* the end of a message another daemon began to send */
	uint32_t len;
	unsigned char bytes[]; /* header and payload */
};

struct xs_queue {
	struct xs_list msgs;
	struct xs_map events; /* undelivered ones, to drop doubles */
	struct xs_hash_key key;
	size_t bytes; /* still to be sent */
	size_t sent;  /* of the first message */
	uint32_t n_msgs;
	uint32_t n_events;
	bool *progress; /* set when a message goes: somebody may go on now */
};

struct xs_debt *xs_debt_new(struct xs_account *account);
void xs_debt_hold(struct xs_debt *debt);
void xs_debt_release(struct xs_debt **debt_take);

void xs_queue_init(struct xs_queue *queue, const struct xs_hash_key *key,
		   bool *progress);
void xs_queue_fini(struct xs_queue *queue);
struct xs_msg *xs_queue_add(struct xs_queue *queue, const struct xs_hdr *hdr,
			    const void *payload, struct xs_account *account);
struct xs_msg *xs_queue_add_event(struct xs_queue *queue, const char *path,
				  size_t path_len, const char *token,
				  size_t token_len, struct xs_account *account,
				  bool once);
int xs_queue_adopt(struct xs_queue *queue, const void *data, size_t len,
		   size_t begun, struct xs_account *account);
bool xs_queue_has_event(const struct xs_queue *queue, const char *path,
			size_t path_len, const char *token, size_t token_len);
void xs_queue_drop(struct xs_msg *msg);
void xs_queue_clear(struct xs_queue *queue);
void xs_queue_sent(struct xs_queue *queue, size_t len);

#endif
