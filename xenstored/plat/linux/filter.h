/* SPDX-License-Identifier: GPL-2.0-only */
/* What the filter of system calls and the daemon that loads it agree on. */
#ifndef XS_PLAT_LINUX_FILTER_H
#define XS_PLAT_LINUX_FILTER_H

/* No option of prctl(), and an errno that no call has; count up when the lists
 * become shorter, then the stricter filter is added to the old one.
 */
#define FILTER_MARK_OPTION 0x78736366u
#define FILTER_MARK_ERRNO  3001

/* Stands for the daemon's process: Linux has no such number. */
#define FILTER_PID 0x78736370u

#endif
