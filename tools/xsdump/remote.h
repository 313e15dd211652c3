/* SPDX-License-Identifier: GPL-2.0-only */
/* One domain's state out of a running daemon and into another. */
#ifndef XSDUMP_REMOTE_H
#define XSDUMP_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct xsd_remote;

int xsd_remote_open(struct xsd_remote **remotep);
void xsd_remote_close(struct xsd_remote *remote);
int xsd_remote_ask(struct xsd_remote *remote, const char *const *args, size_t n,
		   char **replyp);
int xsd_remote_capture(struct xsd_remote *remote, unsigned int domid,
		       uint8_t **blobp, size_t *lenp);
int xsd_remote_inject(struct xsd_remote *remote, const uint8_t *blob,
		      size_t len, char *const *supplies, size_t n_supplies,
		      bool check_only, char **reportp);

#endif
