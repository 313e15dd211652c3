// SPDX-License-Identifier: GPL-2.0-only
/*
 * crowd: domains that are nothing but a xenstore ring, as many as one likes
 * (tests/lab/suites/stubdom.py).  They have a page, a grant for it, a port and
 * no vcpu.
 *
 *   crowd make STORE N   N of them, their rings granted to the domain STORE and
 *                        introduced; stops at the first one that is refused
 *   crowd end            destroys all of them
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>
#include <xenguest.h> /* needs <xenctrl.h> first */
#include <xenstore.h>

#define MEMORY_KB 64

static const xen_domain_handle_t handle = "xsm test crowd";

static void fail(const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint32_t make(xc_interface *xch)
{
	struct xen_domctl_createdomain config = {
		.max_vcpus = 1,
		.max_evtchn_port = -1,
		.max_grant_frames = 1,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	uint32_t domid = 0;

	memcpy(config.handle, handle, sizeof(handle));
	if (xc_domain_create(xch, &domid, &config) ||
	    xc_domain_setmaxmem(xch, domid, MEMORY_KB))
		fail("create");
	return domid;
}

/* False: the store does not want it, errno says why. */
static bool introduce(xc_interface *xch, struct xs_handle *xsh, uint32_t store,
		      uint32_t domid)
{
	xen_pfn_t page = 0;
	int port;

	if (xc_domain_populate_physmap_exact(xch, domid, 1, 0, 0, &page))
		fail("memory");
	if (xc_dom_gnttab_seed(xch, domid, false, page, page, 0, store))
		fail("grant");
	port = xc_evtchn_alloc_unbound(xch, domid, store);
	if (port < 0)
		fail("port");
	return xs_introduce_domain(xsh, domid, page, (unsigned int)port);
}

static void make_all(xc_interface *xch, uint32_t store, unsigned long n)
{
	struct xs_handle *xsh = xs_open(0);
	unsigned long i;

	if (!xsh)
		fail("xenstore");
	for (i = 0; i < n; i++) {
		if (!introduce(xch, xsh, store, make(xch))) {
			printf("%lu introduced, then: %s\n", i,
			       strerror(errno));
			return;
		}
	}
	printf("%lu introduced\n", n);
}

static void end_all(xc_interface *xch)
{
	xc_dominfo_t info;
	uint32_t first = 1;

	for (; xc_domain_getinfo(xch, first, 1, &info) == 1;
	     first = info.domid + 1) {
		if (!info.dying && !memcmp(info.handle, handle, sizeof(handle)))
			xc_domain_destroy(xch, info.domid);
	}
}

int main(int argc, char **argv)
{
	xc_interface *xch = xc_interface_open(NULL, NULL, 0);

	if (!xch)
		fail("Xen");
	if (argc == 4 && !strcmp(argv[1], "make"))
		make_all(xch, (uint32_t)atoi(argv[2]),
			 strtoul(argv[3], NULL, 10));
	else if (argc == 2 && !strcmp(argv[1], "end"))
		end_all(xch);
	else
		return 2;
	return 0;
}
