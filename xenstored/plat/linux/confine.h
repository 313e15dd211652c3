/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Giving up what a running xenstored does not need.  Stands alone, so that a
 * test can confine itself.
 */
#ifndef XS_PLAT_LINUX_CONFINE_H
#define XS_PLAT_LINUX_CONFINE_H

int xs_confine(void);

#endif
