/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain with our number is to go on in our place: the state is left in
 * memory, and we stand still.
 *
 * I1 Nothing is given up: ports stay bound and rings mapped until Xen takes
 *    them away with the domain.  So who cannot use what is here has Xen let us
 *    go on, and nothing has happened.
 */
#include "plat/stubdom/internal.h"

#include <errno.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/sched.h>

#include "plat/stubdom/hypercall.h"
#include "plat/stubdom/leave.h"

/* See plat.h. */
int plat_live_leave(struct xs_plat *plat, const char *const *argv)
{
	struct sched_shutdown down = {.reason = SHUTDOWN_suspend};
	struct xs_leave_note *note = (struct xs_leave_note *)XS_LEAVE_ADDRESS;
	char cmdline[XS_CMDLINE_MAX];
	int ret = xs_program_cmdline(plat, argv, cmdline);

	_Static_assert(sizeof(cmdline) <= sizeof(note->cmdline), "room");
	if (ret)
		return ret;
	if (plat->check(plat->state, plat->state_len, plat->said,
			sizeof(plat->said))) {
		plat_log(plat, XS_LOG_ERROR, plat->said);
		return -EINVAL;
	}
	xs_paging_low(XS_ACCESS_WRITE);
	memset(note, 0, sizeof(*note));
	memcpy(note->magic, XS_LEAVE_MAGIC, sizeof(note->magic));
	note->state = (uintptr_t)plat->state;
	note->state_len = plat->state_len;
	memcpy(note->cmdline, cmdline, strlen(cmdline) + 1);
	xs_xen_sched(SCHEDOP_shutdown, &down);
	memset(note, 0, sizeof(*note));
	xs_paging_low(XS_ACCESS_NONE);
	return -EAGAIN;
}
