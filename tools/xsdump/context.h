/* SPDX-License-Identifier: GPL-2.0-only */
/* What showing a context and writing it as JSON have in common. */
#ifndef XSDUMP_CONTEXT_H
#define XSDUMP_CONTEXT_H

#include "xcr/context.h"

struct xsd_file;

/* Says what is wrong with it.  To be closed in any case. */
bool xsd_open_context(const struct xsd_file *file, struct xcr_context *context);
bool xsd_port_pending(const struct gtm_view *view,
		      const struct xen_gtm_port *port);
bool xsd_port_masked(const struct gtm_view *view,
		     const struct xen_gtm_port *port);
/* Grants that are not free. */
uint32_t xsd_grants_used(const struct gtm_view *view);

#endif
