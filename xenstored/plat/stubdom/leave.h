/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a stub domain leaves for its successor, for who destroys the one and
 * builds the other (tools/stubdom/replace.c): a note in a page of its memory,
 * which says where the state is.  It counts only while the domain is shut down
 * with the reason SHUTDOWN_suspend.
 */
#ifndef XS_PLAT_STUBDOM_LEAVE_H
#define XS_PLAT_STUBDOM_LEAVE_H

#include <stdint.h>

#include "plat/stubdom/layout.h"

#define XS_LEAVE_ADDRESS STEP_INFO /* guest-physical, like all in it */
#define XS_LEAVE_MAGIC	 "XSLEAVE1"
#define XS_LEAVE_CMDLINE 1024

struct xs_leave_note {
	char magic[8];
	uint64_t state; /* of a page of the domain, or within one */
	uint64_t state_len;
	char cmdline[XS_LEAVE_CMDLINE]; /* for the successor; a string */
};

#endif
