/* SPDX-License-Identifier: GPL-2.0-only */
/* The open transactions of one client. */
#ifndef XS_STORE_TXN_H
#define XS_STORE_TXN_H

#include "base/charge.h"
#include "base/list.h"
#include "store/stage.h"

struct xs_txn {
	struct xs_list link;
	uint32_t id;
	uint64_t started_ms;
	struct xs_charge charge;
	struct xs_stage stage;
};

/* Embedded in whoever can have transactions. */
struct xs_txns {
	struct xs_list open; /* oldest first */
	uint32_t n;
	uint32_t last_id;
};

void xs_txns_init(struct xs_txns *txns);
int xs_txn_start(struct xs_txns *txns, struct xs_tree *tree,
		 const struct xs_cred *cred, struct xs_account *account,
		 uint64_t now_ms, uint32_t *idp);
int xs_txn_adopt(struct xs_txns *txns, struct xs_tree *tree,
		 const struct xs_cred *cred, struct xs_account *account,
		 uint64_t started_ms, uint32_t id, struct xs_txn **txnp);
struct xs_txn *xs_txn_find(const struct xs_txns *txns, uint32_t id);
int xs_txn_commit(struct xs_txns *txns, struct xs_txn *txn,
		  struct xs_watches *watches, uint16_t *blamep);
void xs_txn_abort(struct xs_txns *txns, struct xs_txn *txn);
void xs_txns_abort_all(struct xs_txns *txns);

#endif
