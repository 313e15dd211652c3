/* SPDX-License-Identifier: GPL-2.0-only */
/* What a domain that stood still need not hear about. */
#ifndef XS_FREEZE_STANDSTILL_H
#define XS_FREEZE_STANDSTILL_H

struct xs_conns;
struct xs_domain;

void xs_standstill_begin(struct xs_conns *conns, struct xs_domain *domain);
void xs_standstill_end(struct xs_conns *conns, struct xs_domain *domain);

#endif
