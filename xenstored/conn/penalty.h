/* SPDX-License-Identifier: GPL-2.0-only */
/* Making those wait whose changes break other domains' transactions. */
#ifndef XS_CONN_PENALTY_H
#define XS_CONN_PENALTY_H

#include <stdbool.h>
#include <stdint.h>

struct xs_conns;
struct xs_domain;

#define XS_PENALTY_BURST 5
#define XS_PENALTY_MS	 50

void xs_penalty_blame(struct xs_conns *conns, uint16_t victim,
		      uint16_t culprit);
bool xs_penalty_is_paused(const struct xs_domain *domain);
void xs_penalty_tick(struct xs_conns *conns);
int xs_penalty_timeout(const struct xs_conns *conns);

#endif
