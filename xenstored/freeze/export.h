/* SPDX-License-Identifier: GPL-2.0-only */
/* One domain of a running daemon as a blob. */
#ifndef XS_FREEZE_EXPORT_H
#define XS_FREEZE_EXPORT_H

#include <stdint.h>

struct xs_conns;
struct xs_image_out;

int xs_domain_quiesce(struct xs_conns *conns, uint16_t domid);
int xs_domain_resume(struct xs_conns *conns, uint16_t domid);
int xs_domain_export(struct xs_conns *conns, uint16_t domid,
		     struct xs_image_out *out);

#endif
