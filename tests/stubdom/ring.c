// SPDX-License-Identifier: GPL-2.0-only
/*
 * ringtool: does from dom0 to a guest's ring page what a hostile guest could do
 * to it, or what a daemon in dom0 would have to (tests/lab/suites/stubdom.py).
 *
 *   ringtool DOMID indexes    indexes that no ring can have
 *   ringtool DOMID garbage    every byte of it, again and again for a second
 *   ringtool DOMID unmap      the page is no memory of the guest's any more
 *   ringtool DOMID bind       the guest's port, to one of dom0's
 *   ringtool DOMID grant      maps the page by the guest's grant
 *   ringtool DOMID ports N    the domain has so many more, bound to nobody
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <xenctrl.h>
#include <xen/hvm/params.h>
#include <xen/io/xs_wire.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>

#define GARBAGE_S 1

static void fail(const char *what)
{
	fprintf(stderr, "ringtool: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_garbage(void *page)
{
	time_t end = time(NULL) + GARBAGE_S;
	volatile uint32_t *words = page;
	size_t i;

	while (time(NULL) <= end) {
		for (i = 0; i < XC_PAGE_SIZE / sizeof(*words); i++)
			words[i] = (uint32_t)random();
	}
}

static void bind_port(uint32_t domid, uint32_t port)
{
	xenevtchn_handle *xce = xenevtchn_open(NULL, 0);

	if (!xce || xenevtchn_bind_interdomain(xce, domid, port) < 0)
		fail("bind");
}

static void map_grant(uint32_t domid)
{
	xengnttab_handle *xgt = xengnttab_open(NULL, 0);

	if (!xgt || !xengnttab_map_grant_ref(
			    xgt, domid, GNTTAB_RESERVED_XENSTORE, PROT_READ))
		fail("grant");
}

static void add_ports(xc_interface *xch, uint32_t domid, unsigned long n)
{
	while (n--) {
		if (xc_evtchn_alloc_unbound(xch, domid, 0) < 0)
			fail("ports");
	}
}

int main(int argc, char **argv)
{
	xenforeignmemory_handle *fmem = xenforeignmemory_open(NULL, 0);
	xc_interface *xch = xc_interface_open(NULL, NULL, 0);
	uint32_t domid = argc >= 3 ? (uint32_t)atoi(argv[1]) : 0;
	uint64_t gfn, port;
	xen_pfn_t pfn;
	struct xenstore_domain_interface *ring;

	if (!xch || !fmem || !domid)
		fail("Xen");
	if (!strcmp(argv[2], "ports") && argc == 4) {
		add_ports(xch, domid, strtoul(argv[3], NULL, 10));
		return 0;
	}
	if (xc_hvm_param_get(xch, domid, HVM_PARAM_STORE_PFN, &gfn) ||
	    xc_hvm_param_get(xch, domid, HVM_PARAM_STORE_EVTCHN, &port))
		fail("parameters");
	pfn = gfn;
	if (!strcmp(argv[2], "bind")) {
		bind_port(domid, (uint32_t)port);
		return 0;
	}
	if (!strcmp(argv[2], "grant")) {
		map_grant(domid);
		return 0;
	}
	if (!strcmp(argv[2], "unmap")) {
		if (xc_domain_decrease_reservation_exact(xch, domid, 1, 0,
							 &pfn))
			fail("decrease_reservation");
		return 0;
	}
	ring = xenforeignmemory_map(fmem, domid, PROT_READ | PROT_WRITE, 1,
				    &pfn, NULL);
	if (!ring)
		fail("the ring");
	if (!strcmp(argv[2], "indexes")) {
		ring->req_prod = ring->req_cons + 10 * XENSTORE_RING_SIZE;
		ring->rsp_prod = ring->rsp_cons + 10 * XENSTORE_RING_SIZE;
	} else if (!strcmp(argv[2], "garbage")) {
		write_garbage(ring);
	} else {
		return 2;
	}
	return 0;
}
