/* SPDX-License-Identifier: GPL-2.0-only */
/* Domains without a toolstack, store or devices, to give contexts to. */
#include <errno.h>
#include <string.h>

#include "hv/gtmctl.h"

void add_page(struct pages *pages, uint64_t gfn)
{
	unsigned int i;

	/* A domain as small as ours has no room for wilder ones: let Xen see.
	 */
	if (gfn >= 1u << 20 || pages->nr == MAX_PAGES)
		return;
	for (i = 0; i < pages->nr; i++)
		if (pages->gfn[i] == gfn)
			return;
	pages->gfn[pages->nr++] = gfn;
}

static void add_fifo(struct pages *pages, const uint8_t *p, uint32_t length)
{
	struct xen_gtm_fifo fifo;
	uint64_t gfn;
	uint32_t i;

	if (length < sizeof(fifo))
		return;
	memcpy(&fifo, p, sizeof(fifo));
	for (i = 0; i < fifo.nr_pages &&
		    sizeof(fifo) + (i + 1) * sizeof(gfn) <= length;
	     i++) {
		memcpy(&gfn, p + sizeof(fifo) + i * sizeof(gfn), sizeof(gfn));
		add_page(pages, gfn);
	}
}

unsigned int find_pages(const uint8_t *buf, uint64_t size, struct pages *pages)
{
	uint64_t at = sizeof(struct xen_gtm_header);
	struct xen_gtm_record rec;
	struct xen_gtm_vcpu vcpu;
	unsigned int vcpus = 0;

	while (at + sizeof(rec) <= size) {
		memcpy(&rec, buf + at, sizeof(rec));
		at += sizeof(rec);
		if (rec.length > size - at)
			break;
		if (rec.type == XEN_GTM_REC_VCPU &&
		    rec.length == sizeof(vcpu)) {
			memcpy(&vcpu, buf + at, sizeof(vcpu));
			add_page(pages, vcpu.vcpu_info_gfn);
			add_page(pages, vcpu.control_gfn);
			vcpus++;
		}
		if (rec.type == XEN_GTM_REC_FIFO)
			add_fifo(pages, buf + at, rec.length);
		at += (rec.length + 7ull) & ~7ull;
	}
	return vcpus;
}

static int fill_domain(uint32_t domid, unsigned int vcpus,
		       const struct pages *pages)
{
	xen_pfn_t gfn[MAX_PAGES];

	memcpy(gfn, pages->gfn, sizeof(gfn));
	if (xc_domain_max_vcpus(xch, domid, vcpus) ||
	    xc_domain_setmaxmem(xch, domid, 8192))
		return -1;
	return pages->nr ? xc_domain_populate_physmap_exact(
				   xch, domid, pages->nr, 0, 0, gfn)
			 : 0;
}

uint32_t make_domain(bool hvm, unsigned int vcpus, const struct pages *pages)
{
	struct xen_domctl_createdomain config = {
		.flags = hvm ? XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap : 0,
		.max_vcpus = vcpus,
		.max_evtchn_port = 4095,
		.max_grant_frames = 64,
		.max_maptrack_frames = 1024,
		.grant_opts = XEN_DOMCTL_GRANT_version(2),
		.arch.emulation_flags = hvm ? XEN_X86_EMU_LAPIC : 0,
	};
	uint32_t domid = 0;

	if (xc_domain_create(xch, &domid, &config))
		die("create");
	if (hvm && fill_domain(domid, vcpus, pages)) {
		int err = errno;

		xc_domain_destroy(xch, domid);
		errno = err;
		die("memory of the new domain");
	}
	return domid;
}

void destroy_domain(uint32_t domid)
{
	if (xc_domain_destroy(xch, domid))
		die("destroy");
}
