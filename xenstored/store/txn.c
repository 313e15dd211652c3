/* SPDX-License-Identifier: GPL-2.0-only */
/* Transactions: a stage over a snapshot, with a number the client knows. */
#include "store/txn.h"

#include <errno.h>
#include <stdlib.h>

void xs_txns_init(struct xs_txns *txns)
{
	xs_list_init(&txns->open);
	txns->n = 0;
	txns->last_id = 0;
}

static uint32_t unused_id(struct xs_txns *txns)
{
	do
		txns->last_id++;
	while (!txns->last_id || xs_txn_find(txns, txns->last_id));
	return txns->last_id;
}

static int start(struct xs_txns *txns, struct xs_tree *tree,
		 const struct xs_cred *cred, struct xs_account *account,
		 uint64_t now_ms, struct xs_txn **txnp)
{
	struct xs_txn *txn = calloc(1, sizeof(*txn));
	int rc = -ENOMEM;

	if (!txn)
		return -ENOMEM;
	rc = xs_stage_init(&txn->stage, tree);
	if (rc) {
		free(txn);
		return rc;
	}
	rc = xs_charge_take(&txn->charge, account, XS_QUOTA_TRANSACTIONS,
			    sizeof(*txn));
	if (rc) {
		xs_stage_fini(&txn->stage);
		free(txn);
		return rc;
	}
	xs_stage_open_snapshot(&txn->stage, cred, account);
	txn->started_ms = now_ms;
	xs_list_add_tail(&txns->open, &txn->link);
	txns->n++;
	*txnp = txn;
	return 0;
}

/*
 * Starts a transaction that sees the store as it is now, whatever its size.
 * XS_CHARGE_E_QUOTA, -ENOMEM.
 */
int xs_txn_start(struct xs_txns *txns, struct xs_tree *tree,
		 const struct xs_cred *cred, struct xs_account *account,
		 uint64_t now_ms, uint32_t *idp)
{
	struct xs_txn *txn;
	uint32_t id = unused_id(txns);
	int rc = start(txns, tree, cred, account, now_ms, &txn);

	if (rc)
		return rc;
	txn->id = *idp = id;
	return 0;
}

/*
 * Goes on with a transaction of that id that was started elsewhere; its
 * requests are to be given to xs_stage_adopt().  As xs_txn_start(), and
 * -EEXIST.
 */
int xs_txn_adopt(struct xs_txns *txns, struct xs_tree *tree,
		 const struct xs_cred *cred, struct xs_account *account,
		 uint64_t started_ms, uint32_t id, struct xs_txn **txnp)
{
	int rc;

	if (!id || xs_txn_find(txns, id))
		return -EEXIST;
	rc = start(txns, tree, cred, account, started_ms, txnp);
	if (!rc)
		(*txnp)->id = id;
	return rc;
}

/* The client's open transaction of that number, or NULL. */
struct xs_txn *xs_txn_find(const struct xs_txns *txns, uint32_t id)
{
	struct xs_list *pos;

	xs_list_for_each(pos, &txns->open) {
		struct xs_txn *txn = xs_list_entry(pos, struct xs_txn, link);

		if (txn->id == id)
			return txn;
	}
	return NULL;
}

static void end(struct xs_txns *txns, struct xs_txn *txn)
{
	xs_list_remove(&txn->link);
	txns->n--;
	xs_stage_fini(&txn->stage);
	xs_charge_release(&txn->charge);
	free(txn);
}

/*
 * Ends the transaction by making its changes; it is gone whatever comes out.
 * -EAGAIN: they were made impossible by the domain *blamep; -ENOSPC, -ENOMEM.
 */
int xs_txn_commit(struct xs_txns *txns, struct xs_txn *txn,
		  struct xs_watches *watches, uint16_t *blamep)
{
	int rc = xs_stage_commit(&txn->stage, watches);

	*blamep = txn->stage.blame;
	end(txns, txn);
	return rc;
}

/* Ends the transaction without a trace. */
void xs_txn_abort(struct xs_txns *txns, struct xs_txn *txn)
{
	xs_stage_close(&txn->stage);
	end(txns, txn);
}

void xs_txns_abort_all(struct xs_txns *txns)
{
	while (!xs_list_is_empty(&txns->open))
		xs_txn_abort(txns, xs_list_entry(txns->open.next, struct xs_txn,
						 link));
}
