/* SPDX-License-Identifier: GPL-2.0-only */
/* xsdump show FILE context: what Xen keeps of a guest, for people. */
#include "xcr/context.h"

#include <string.h>

#include "base/cursor.h"
#include "context.h"
#include "xcr/names.h"
#include "xsdump.h"

#define SHINFO_PENDING 2048 /* after 32 vcpu_infos */
#define SHINFO_MASK_32 128  /* bytes further on */
#define SHINFO_MASK_64 512
#define FIFO_PENDING   31
#define FIFO_MASKED    30
#define FIFO_LINKED    29
#define V1_ENTRY       8
#define V2_ENTRY       16
#define GRANT_TYPE     3u
#define GRANT_NONE     0u
#define NS	       1000000000

bool xsd_open_context(const struct xsd_file *file, struct xcr_context *context)
{
	int rc = xcr_context_open(context, file->context, file->context_len,
				  NULL);

	if (!rc)
		return true;
	fprintf(stderr, "%s: offset 0x%llx: %s: %s\n", file->name,
		(unsigned long long)(file->context - file->data) +
			context->err.offset,
		xcr_reason_name(context->err.reason),
		xcr_reason_text(context->err.reason));
	return false;
}

static bool bit_of(const uint8_t *bits, uint32_t i)
{
	return bits[i / 8] >> i % 8 & 1;
}

static bool word_bit(const struct gtm_view *view, uint32_t port, int bit)
{
	return port < view->fifo->nr_words && view->fifo_word[port] >> bit & 1;
}

bool xsd_port_pending(const struct gtm_view *view,
		      const struct xen_gtm_port *port)
{
	if (view->fifo)
		return (port->flags & XEN_GTM_PORT_LATCHED) ||
		       word_bit(view, port->port, FIFO_PENDING);
	return bit_of(view->shinfo + SHINFO_PENDING, port->port);
}

bool xsd_port_masked(const struct gtm_view *view,
		     const struct xen_gtm_port *port)
{
	size_t mask = view->domain->flags & XEN_GTM_DOMAIN_SHINFO32
			      ? SHINFO_MASK_32
			      : SHINFO_MASK_64;

	if (view->fifo)
		return word_bit(view, port->port, FIFO_MASKED);
	return bit_of(view->shinfo + SHINFO_PENDING + mask, port->port);
}

uint32_t xsd_grants_used(const struct gtm_view *view)
{
	const size_t entry = view->gnttab->version == 2 ? V2_ENTRY : V1_ENTRY;
	size_t len = (size_t)view->gnttab->nr_frames * XEN_GTM_PAGE_SIZE;
	uint32_t n = 0;
	struct xs_rd rd;

	xs_rd_init(&rd, view->gnttab_frame, len);
	while (xs_rd_left(&rd) >= entry) {
		n += (xs_rd_int(&rd, 2, false) & GRANT_TYPE) != GRANT_NONE;
		xs_rd_bytes(&rd, entry - 2);
	}
	return n;
}

static void put_gfn(const char *name, uint64_t gfn, int offset)
{
	if (gfn == XEN_GTM_NONE)
		printf("%s none", name);
	else if (offset < 0)
		printf("%s gfn 0x%llx", name, (unsigned long long)gfn);
	else
		printf("%s gfn 0x%llx+%d", name, (unsigned long long)gfn,
		       offset);
}

static void put_ns(const char *name, int64_t ns)
{
	uint64_t abs = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	printf("%s%s%llu.%09llu s", name, ns < 0 ? "-" : "",
	       (unsigned long long)(abs / NS), (unsigned long long)(abs % NS));
}

/* The platform's timers that stand still */
static void put_still(uint32_t still)
{
	unsigned int i;

	if (!still)
		return;

	printf(", no interrupts from%s%s",
	       still & XEN_GTM_STILL_PIT ? " PIT" : "",
	       still & XEN_GTM_STILL_RTC ? " RTC" : "");
	for (i = 0; i < XEN_GTM_STILL_HPETS; i++)
		if (still & XEN_GTM_STILL_HPET(i))
			printf(" HPET%u", i);
}

static void put_domain(const struct gtm_view *view)
{
	const struct xen_gtm_domain *d = view->domain;

	printf("%-12s %s, %s event channels, %u vcpus\n", "guest",
	       d->flags & XEN_GTM_DOMAIN_SHINFO32 ? "32-bit" : "64-bit",
	       view->fifo ? "FIFO" : "2-level", d->max_vcpus);
	printf("%-12s ", "time");
	put_ns("", d->guest_time);
	put_still(d->still);
	printf("\n%-12s %u for the store, %u for the console\n", "ports",
	       d->store_port, d->console_port);
	printf("%-12s ", "shared_info");
	put_gfn("at", d->shared_info_gfn, -1);
	printf("\n%-12s 0x%llx, assist 0x%llx\n", "callback",
	       (unsigned long long)d->callback_via,
	       (unsigned long long)d->vm_assist);
}

static void put_vcpu(const struct xen_gtm_vcpu *v, uint32_t id)
{
	unsigned int q;

	printf("vcpu %u%s%s\n    vector 0x%x, ", id,
	       v->flags & XEN_GTM_VCPU_DOWN ? ", down" : "",
	       v->flags & XEN_GTM_VCPU_APIC_STILL ? ", APIC timer stopped" : "",
	       v->upcall_vector);
	put_gfn("info", v->vcpu_info_gfn, (int)v->vcpu_info_offset);
	put_gfn(", control block", v->control_gfn, (int)v->control_offset);
	printf("\n    runstate at 0x%llx, time at 0x%llx, TSC 0x%llx\n",
	       (unsigned long long)v->runstate_va,
	       (unsigned long long)v->time_info_va, (unsigned long long)v->tsc);
	put_ns("    ran ", (int64_t)v->runstate_time[0]);
	put_ns(", wanted to for ", (int64_t)v->runstate_time[1]);
	put_ns(", blocked ", (int64_t)v->runstate_time[2]);
	put_ns(", was off ", (int64_t)v->runstate_time[3]);
	putchar('\n');
	if (v->flags & XEN_GTM_VCPU_PERIODIC) {
		put_ns("    timer every ", v->periodic_period);
		put_ns(", next in ", v->periodic_left);
		putchar('\n');
	}
	if (v->flags & XEN_GTM_VCPU_SINGLESHOT) {
		put_ns("    timer in ", v->singleshot_left);
		putchar('\n');
	}
	for (q = 0; q < 16; q++)
		if (v->fifo_tail[q])
			printf("    queue %u ends with port %u\n", q,
			       v->fifo_tail[q]);
}

static void put_port(const struct gtm_view *view, const struct xen_gtm_port *p)
{
	char text[48] = "";

	if (p->state == XEN_GTM_PORT_UNBOUND)
		snprintf(text, sizeof(text), "for domain %u", p->remote_domid);
	else if (p->state == XEN_GTM_PORT_LOOPBACK)
		snprintf(text, sizeof(text), "with port %u", p->value);
	else if (p->state == XEN_GTM_PORT_PIRQ)
		snprintf(text, sizeof(text), "%u", p->value);
	else if (p->state == XEN_GTM_PORT_VIRQ)
		snprintf(text, sizeof(text), "%u, %.20s", p->value,
			 xcr_virq_name(p->value));
	printf("%6u %-9s %-24s", p->port, xcr_port_state_name(p->state), text);
	if (p->state != XEN_GTM_PORT_FREE)
		printf(" vcpu %u", p->vcpu);
	if (view->fifo && p->state != XEN_GTM_PORT_FREE)
		printf(", priority %u", p->priority);
	if (view->fifo)
		printf("%s last on %u/%u",
		       p->state == XEN_GTM_PORT_FREE ? "" : ",", p->last_vcpu,
		       p->last_priority);
	printf("%s%s%s\n", xsd_port_pending(view, p) ? ", pending" : "",
	       xsd_port_masked(view, p) ? ", masked" : "",
	       view->fifo && word_bit(view, p->port, FIFO_LINKED) ? ", linked"
								  : "");
}

static void put_pirqs(const struct gtm_view *view)
{
	uint32_t i;

	for (i = 0; i < view->nr_pirqs; i++) {
		const struct xen_gtm_pirq *p = &view->pirqs[i];

		printf("pirq %u ", p->pirq);
		if (p->source >= 0)
			printf("from GSI %d\n", p->source);
		else
			puts(p->source == XEN_GTM_PIRQ_MSI ? "from an MSI"
							   : "allotted");
	}
}

static void put_gfns(const char *what, const uint64_t *gfns, uint32_t n)
{
	uint32_t i;

	printf("    %u %s", n, what);
	for (i = 0; i < n; i++)
		put_gfn(i ? "," : " at", gfns[i], -1);
	putchar('\n');
}

static void put_grants(const struct gtm_view *view)
{
	const struct xen_gtm_gnttab *g = view->gnttab;

	printf("grants of version %u, %u in use\n", g->version,
	       xsd_grants_used(view));
	put_gfns("frames", view->gnttab_gfn, g->nr_frames);
	if (g->nr_status)
		put_gfns("status frames", view->gnttab_gfn + g->nr_frames,
			 g->nr_status);
}

bool xsd_put_context(const struct xsd_file *file)
{
	const struct gtm_view *view;
	struct xcr_context context;
	bool good = xsd_open_context(file, &context);
	uint32_t i;

	view = &context.view;
	if (good) {
		put_domain(view);
		for (i = 0; i < view->domain->max_vcpus; i++)
			put_vcpu(gtm_view_vcpu(view, i), i);
		puts("event channels");
		for (i = 0; i < view->nr_ports; i++)
			put_port(view, &view->ports[i]);
		if (view->fifo)
			put_gfns("pages in the event array", view->fifo_gfn,
				 view->fifo->nr_pages);
		put_pirqs(view);
		put_grants(view);
		for (i = 0; i < view->nr_watchdogs; i++) {
			printf("watchdog %u", view->watchdogs[i].id);
			put_ns(" in ", view->watchdogs[i].left);
			putchar('\n');
		}
	}
	xcr_context_close(&context);
	return good;
}

/* A few lines of it. */
bool xsd_sum_up_context(const struct xsd_file *file)
{
	struct xcr_context context;
	bool good = xsd_open_context(file, &context);
	const struct gtm_view *view = &context.view;
	uint32_t i, n[XEN_GTM_PORT_IPI + 1] = {0}, pending = 0;

	if (good) {
		put_domain(view);
		for (i = 0; i < view->nr_ports; i++) {
			n[view->ports[i].state]++;
			pending += xsd_port_pending(view, &view->ports[i]);
		}
		printf("%-12s", "channels");
		for (i = XEN_GTM_PORT_UNBOUND; i <= XEN_GTM_PORT_IPI; i++)
			printf("%s %u %s", i > 1 ? "," : "", n[i],
			       xcr_port_state_name(i));
		printf(", %u pending\n", pending);
		printf("%-12s version %u, %u frames, %u in use\n", "grants",
		       view->gnttab->version, view->gnttab->nr_frames,
		       xsd_grants_used(view));
	}
	xcr_context_close(&context);
	return good;
}
