/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conflict credit (the concern of XSA-206).
 *
 * A domain whose change makes another's commit fail loses one credit, and is
 * not served while it has none.  Every XS_PENALTY_MS one domain, in turn, gets
 * one back, so however many domains gang up, after a burst they cause at most
 * 1000 / XS_PENALTY_MS conflicts a second altogether, and a client that tries
 * again gets through.
 *
 * I1  Exactly the domains with less than a full credit are in the list.
 */
#include "conn/penalty.h"

#include "conn/conn.h"
#include "conn/domain.h"

/* The culprit made a commit of the victim fail. */
void xs_penalty_blame(struct xs_conns *conns, uint16_t victim, uint16_t culprit)
{
	struct xs_domain *domain = xs_domain_find(conns, culprit);

	if (!domain || culprit == victim || !domain->account->limited)
		return;
	if (xs_list_is_empty(&conns->penalised))
		conns->next_credit_ms = conns->now_ms + XS_PENALTY_MS;
	if (!xs_list_is_linked(&domain->penalised))
		xs_list_add_tail(&conns->penalised, &domain->penalised);
	if (domain->credit > 0)
		domain->credit--;
	if (!domain->credit)
		xs_log(conns->log, XS_LOG_TRACE,
		       "penalty domid=%u victim=%u paused", culprit, victim);
}

/* Not to be served for now. */
bool xs_penalty_is_paused(const struct xs_domain *domain)
{
	return domain && domain->credit <= 0;
}

/* Hands out the credits that are due. */
void xs_penalty_tick(struct xs_conns *conns)
{
	while (!xs_list_is_empty(&conns->penalised) &&
	       conns->now_ms >= conns->next_credit_ms) {
		struct xs_list *first = xs_list_pop(&conns->penalised);
		struct xs_domain *domain =
			xs_list_entry(first, struct xs_domain, penalised);

		if (++domain->credit < XS_PENALTY_BURST)
			xs_list_add_tail(&conns->penalised, &domain->penalised);
		conns->next_credit_ms += XS_PENALTY_MS;
		conns->progress = true;
	}
}

/* Milliseconds until the next credit is due, -1: none will be. */
int xs_penalty_timeout(const struct xs_conns *conns)
{
	if (xs_list_is_empty(&conns->penalised))
		return -1;
	if (conns->now_ms >= conns->next_credit_ms)
		return 0;
	return (int)(conns->next_credit_ms - conns->now_ms);
}
