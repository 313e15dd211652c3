/* SPDX-License-Identifier: GPL-2.0-only */
/* What the operator decided when starting the daemon; plain data. */
#ifndef XS_BASE_SETTINGS_H
#define XS_BASE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/charge.h"

struct xs_settings {
	uint16_t master_domid; /* owner of the first ring (dom0) */
	uint16_t priv_domid;   /* privileged besides master_domid */
	bool keep_orphans;     /* -K: nodes of dead domains go to priv_domid */
	bool trace;	       /* start with the trace on */
	uint32_t watch_event_ms; /* age at which an unread event is dropped, 0:
				    never */
	struct xs_limits limits; /* defaults for every new domain */
};

/* Debian 4.17's defaults. */
void xs_settings_default(struct xs_settings *settings);

#endif
