/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which domains there are and how they do.  A xenstore domain may ask Xen that
 * (XEN_DOMCTL_getdomaininfo), and hardly anything else about others.
 *
 * I1 The question has the version of Xen's interface in it, and only a Xen of
 *    that version answers: the image belongs to one version of Xen (4.17).
 */
#include "plat/stubdom/internal.h"

#include <errno.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/domctl.h>

#include "plat/stubdom/hypercall.h"

/* The first domain from this id on; -ENOENT: there is none. */
static int get_from(xs_domid_t domid, struct xs_dominfo *infop)
{
	struct xen_domctl ctl = {
		.cmd = XEN_DOMCTL_getdomaininfo,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.domain = domid,
	};
	const struct xen_domctl_getdomaininfo *info = &ctl.u.getdomaininfo;
	long ret = xs_xen_domctl(&ctl);

	if (ret)
		return ret == -ESRCH ? -ENOENT : (int)ret;
	*infop = (struct xs_dominfo){
		.domid = info->domain,
		/* A crash is a shutdown with a reason. */
		.shutdown = info->flags & XEN_DOMINF_shutdown,
		.dying = info->flags & XEN_DOMINF_dying,
	};
	memcpy(infop->handle, info->handle, sizeof(infop->handle));
	return 0;
}

/* See plat.h. */
int plat_domain_get(struct xs_plat *plat, xs_domid_t domid,
		    struct xs_dominfo *infop)
{
	int ret;

	(void)plat;
	if (domid >= DOMID_FIRST_RESERVED)
		return -ENOENT;
	ret = get_from(domid, infop);
	if (ret)
		return ret;
	return infop->domid == domid ? 0 : -ENOENT;
}

/* See plat.h. */
int plat_domain_list(struct xs_plat *plat, xs_domid_t first,
		     struct xs_dominfo *infos, size_t max)
{
	size_t n;

	(void)plat;
	for (n = 0; n < max && first < DOMID_FIRST_RESERVED; n++) {
		int ret = get_from(first, &infos[n]);

		if (ret == -ENOENT)
			break;
		if (ret)
			return ret;
		first = (xs_domid_t)(infos[n].domid + 1);
	}
	return (int)n;
}
