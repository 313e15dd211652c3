/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which domains there are and how they do, asked from Xen through libxenctrl
 * as of 4.17.  Nothing is remembered here: every answer is Xen's own.
 */
#include "plat/linux/internal.h"

#include <errno.h>
#include <string.h>
#include <xenctrl.h>

#define LIST_CHUNK 64

/* Opens /dev/xen/privcmd. */
int xs_domain_open(struct xs_plat *plat)
{
	errno = 0;
	plat->xc = xc_interface_open(NULL, NULL, 0);
	if (!plat->xc)
		return xs_log_errno(plat, errno, "cannot open",
				    "/dev/xen/privcmd");
	return 0;
}

/* Closes /dev/xen/privcmd. */
void xs_domain_close(struct xs_plat *plat)
{
	if (plat->xc)
		xc_interface_close(plat->xc);
}

/* See plat.h. */
int plat_domain_get(struct xs_plat *plat, xs_domid_t domid,
		    struct xs_dominfo *infop)
{
	xc_dominfo_t info;
	int ret;

	if (domid >= DOMID_FIRST_RESERVED)
		return -ENOENT;
	errno = 0;
	ret = xc_domain_getinfo(plat->xc, domid, 1, &info);
	if (ret < 0 && errno && errno != ESRCH)
		return -errno;
	/* The library goes on to the next domain when there is no such one. */
	if (ret != 1 || info.domid != domid)
		return -ENOENT;
	*infop = (struct xs_dominfo){
		.domid = domid,
		.shutdown = info.shutdown || info.crashed,
		.dying = info.dying,
	};
	memcpy(infop->handle, info.handle, sizeof(infop->handle));
	return 0;
}

static void convert(const xc_domaininfo_t *xen, struct xs_dominfo *infop)
{
	*infop = (struct xs_dominfo){
		.domid = xen->domain,
		.shutdown = xen->flags & XEN_DOMINF_shutdown,
		.dying = xen->flags & XEN_DOMINF_dying,
	};
	memcpy(infop->handle, xen->handle, sizeof(infop->handle));
}

/* See plat.h.  Xen keeps its list in ascending order. */
int plat_domain_list(struct xs_plat *plat, xs_domid_t first,
		     struct xs_dominfo *infos, size_t max)
{
	xc_domaininfo_t chunk[LIST_CHUNK];
	uint32_t from = first;
	size_t n = 0;

	while (n < max) {
		size_t want = max - n < LIST_CHUNK ? max - n : LIST_CHUNK;
		int i, got;

		errno = 0;
		got = xc_domain_getinfolist(plat->xc, from, (unsigned int)want,
					    chunk);
		if (got < 0)
			return errno ? -errno : -EIO;
		for (i = 0; i < got; i++)
			convert(&chunk[i], &infos[n++]);
		if ((size_t)got < want)
			break;
		from = (uint32_t)infos[n - 1].domid + 1;
	}
	return (int)n;
}
