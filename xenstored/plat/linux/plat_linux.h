/* SPDX-License-Identifier: GPL-2.0-only */
/* How main.c gets and gives back the Linux dom0 implementation of plat.h. */
#ifndef XS_PLAT_LINUX_PLAT_LINUX_H
#define XS_PLAT_LINUX_PLAT_LINUX_H

struct xs_plat;

#define XS_PLAT_LINUX_RUNDIR "/var/run/xenstored"

struct xs_plat_linux_config {
	const char *rundir;	/* NULL: XS_PLAT_LINUX_RUNDIR */
	const char *trace_file; /* absolute; NULL: none */
};

int xs_plat_linux_new(const struct xs_plat_linux_config *config,
		      struct xs_plat **platp);
struct xs_plat *xs_plat_linux_free(struct xs_plat *plat);
void xs_plat_linux_detach(struct xs_plat *plat);

#endif
