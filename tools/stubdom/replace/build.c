/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PVH domain with one vcpu, as init-xenstore-domain makes it, but for its
 * number, which is chosen, and its module, which is the state.
 */
#include <errno.h>
#include <string.h>

#include "replace.h"

#include <xenguest.h> /* needs <xenctrl.h> first */

#define MB(n)		((uint64_t)(n) << 20)
#define GB(n)		((uint64_t)(n) << 30)
#define LOCAL_APIC	0xfee00000u /* where it is seen; no RAM from there */
#define E820_RESERVED	2
#define GRANT_FRAMES	4   /* it grants nobody anything */
#define FRAME_HANDLES	256 /* of grants that are mapped, in a maptrack frame */
#define NO_LIMIT	UINT32_MAX
#define SPECIAL_FIRST	(X86_HVM_END_SPECIAL_REGION - X86_HVM_NR_SPECIAL_PAGES)

static struct xc_dom_image *new_image(xc_interface *xch,
				      const struct bytes *image,
				      const char *cmdline)
{
	struct xc_dom_image *dom = xc_dom_allocate(xch, cmdline, NULL);

	if (dom && xc_dom_kernel_mem(dom, image->data, image->len)) {
		xc_dom_release(dom);
		return NULL;
	}
	return dom;
}

/* Whether libxenguest can read it, without a domain. */
int build_check(xc_interface *xch, const struct bytes *image)
{
	struct xc_dom_image *dom = new_image(xch, image, NULL);
	int rc = -1;

	if (!dom)
		return -1;
	if (!xc_dom_boot_xen_init(dom, xch, 0)) {
		dom->container_type = XC_DOM_HVM_CONTAINER;
		rc = xc_dom_parse_image(dom) ? -1 : 0;
	}
	xc_dom_release(dom);
	return rc;
}

static int create(xc_interface *xch, const struct facts *facts)
{
	struct xen_domctl_createdomain config = {
		.ssidref = facts->ssidref,
		.flags = XEN_DOMCTL_CDF_xs_domain | XEN_DOMCTL_CDF_hvm |
			 XEN_DOMCTL_CDF_hap,
		.max_vcpus = 1,
		.max_evtchn_port = facts->ports ? facts->ports : NO_LIMIT,
		.max_grant_frames = GRANT_FRAMES,
		.max_maptrack_frames = (facts->rings + FRAME_HANDLES - 1) /
				       FRAME_HANDLES,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
		.arch = {.emulation_flags = XEN_X86_EMU_LAPIC},
	};
	uint32_t domid = facts->domid;
	unsigned int max_kb = facts->memory_mb * 1024 +
			      X86_HVM_NR_SPECIAL_PAGES * (XC_PAGE_SIZE / 1024);

	memcpy(config.handle, facts->handle, sizeof(config.handle));
	if (xc_domain_create(xch, &domid, &config))
		return -1;
	if (xc_domain_max_vcpus(xch, domid, config.max_vcpus) ||
	    xc_domain_setmaxmem(xch, domid, max_kb))
		return -1;
	return 0;
}

static void set_weight(xc_interface *xch, const struct facts *facts)
{
	struct xen_domctl_sched_credit credit = {
		.weight = (uint16_t)facts->weight,
		.cap = (uint16_t)facts->cap,
	};
	struct xen_domctl_sched_credit2 credit2 = {
		.weight = (uint16_t)facts->weight,
		.cap = (uint16_t)facts->cap,
	};
	int rc = 0;

	if (facts->weight && facts->scheduler == XEN_SCHEDULER_CREDIT)
		rc = xc_sched_credit_domain_set(xch, facts->domid, &credit);
	else if (facts->weight && facts->scheduler == XEN_SCHEDULER_CREDIT2)
		rc = xc_sched_credit2_domain_set(xch, facts->domid, &credit2);
	if (rc)
		say("its weight cannot be set: %s", strerror(errno));
}

/* How its memory will look like; no more than RAM_LIMIT. */
static void lay_out(struct xc_dom_image *dom, uint32_t memory_mb)
{
	uint64_t size = MB(memory_mb);

	dom->container_type = XC_DOM_HVM_CONTAINER;
	dom->target_pages = size >> XC_PAGE_SHIFT;
	dom->mmio_start = LOCAL_APIC;
	dom->mmio_size = GB(4) - LOCAL_APIC;
	dom->lowmem_end = size > LOCAL_APIC ? LOCAL_APIC : size;
	dom->highmem_end = size > LOCAL_APIC ? GB(4) + size - LOCAL_APIC : 0;
	dom->max_vcpus = 1;
}

static int set_map(xc_interface *xch, uint32_t domid,
		   const struct xc_dom_image *dom)
{
	struct e820entry map[] = {
		{0, dom->lowmem_end, E820_RAM},
		{(uint64_t)SPECIAL_FIRST << XC_PAGE_SHIFT,
		 X86_HVM_NR_SPECIAL_PAGES << XC_PAGE_SHIFT, E820_RESERVED},
		{GB(4), dom->highmem_end ? dom->highmem_end - GB(4) : 0,
		 E820_RAM},
	};

	return xc_domain_set_memory_map(xch, domid, map,
					dom->highmem_end ? 3 : 2);
}

static const char *fill(xc_interface *xch, const struct facts *facts,
			struct xc_dom_image *dom, const struct bytes *state,
			struct console *console)
{
	int port;

	if (xc_dom_module_mem(dom, state->data, state->len, NULL) ||
	    xc_dom_boot_xen_init(dom, xch, facts->domid))
		return "memory";
	lay_out(dom, facts->memory_mb);
	if (xc_dom_parse_image(dom))
		return "the image";
	if (create(xch, facts))
		return "creation";
	port = xc_evtchn_alloc_unbound(xch, facts->domid, 0);
	if (port < 0)
		return "the console's port";
	dom->guest_domid = facts->domid;
	dom->xenstore_domid = facts->domid;
	dom->console_evtchn = (unsigned int)port;
	if (xc_dom_mem_init(dom, facts->memory_mb) ||
	    xc_dom_boot_mem_init(dom) || set_map(xch, facts->domid, dom))
		return "its memory";
	if (xc_dom_build_image(dom) || xc_dom_boot_image(dom) ||
	    xc_dom_gnttab_init(dom))
		return "putting the image there";
	set_weight(xch, facts);
	/* That a guest has died Xen tells to one domain only. */
	if (xc_domain_set_virq_handler(xch, facts->domid, VIRQ_DOM_EXC))
		return "VIRQ_DOM_EXC";
	console->port = (uint32_t)port;
	console->gfn = dom->console_pfn;
	return xc_domain_unpause(xch, facts->domid) ? "the start" : NULL;
}

/* A domain that is half made is the caller's to destroy. */
int build(xc_interface *xch, const struct facts *facts,
	  const struct bytes *image, const struct bytes *state,
	  struct console *console)
{
	struct xc_dom_image *dom = new_image(xch, image, facts->note.cmdline);
	const char *what =
		dom ? fill(xch, facts, dom, state, console) : "memory";

	if (what)
		say("building domain %u: %s: %s", facts->domid, what,
		    strerror(errno));
	xc_dom_release(dom);
	return what ? -1 : 0;
}
