/* SPDX-License-Identifier: GPL-2.0-only */
/* A whole store into a daemon that runs, and has served nobody but dom0. */
#ifndef XS_LIVE_TAKE_H
#define XS_LIVE_TAKE_H

#include <stddef.h>

#include "freeze/import.h"

int xs_live_take(struct xs_conns *conns, const void *blob, size_t len,
		 const struct xs_supplies *supplies,
		 xs_import_report_fn *report, void *arg);

#endif
