/* SPDX-License-Identifier: GPL-2.0-only */
/* How main.c gets and gives back the Linux dom0 implementation of plat.h. */
#ifndef XS_PLAT_LINUX_PLAT_LINUX_H
#define XS_PLAT_LINUX_PLAT_LINUX_H

#include <stddef.h>

struct xs_plat;
struct xs_plat_live;

#define XS_PLAT_LINUX_RUNDIR "/var/run/xenstored"

struct xs_plat_linux_config {
	const char *rundir;		  /* NULL: XS_PLAT_LINUX_RUNDIR */
	const char *trace_file;		  /* absolute; NULL: none */
	const struct xs_plat_live *adopt; /* NULL: everything is made anew */
};

int xs_plat_linux_new(const struct xs_plat_linux_config *config,
		      struct xs_plat **platp);
struct xs_plat *xs_plat_linux_free(struct xs_plat *plat);
void xs_plat_linux_detach(struct xs_plat *plat);
void xs_plat_linux_confine(struct xs_plat *plat);

/* A state file of at most XS_STATE_MAX bytes; the data is the caller's. */
#define XS_STATE_MAX ((size_t)1 << 30)
int xs_state_file_read(const char *path, void **datap, size_t *lenp);
int xs_state_path(const char *rundir, char *buf, size_t max);

#endif
