/* SPDX-License-Identifier: GPL-2.0-only */
/* The context of a guest in Xen, and the offer, as JSON. */
#include <jansson.h>
#include <string.h>

#include "context.h"
#include "jsonw.h"
#include "xcr/names.h"
#include "xsdump.h"

#define OFFER_DEPTH 8 /* deeper than that, it is not looked into */

static void put_gfn(struct jsonw *w, const char *key, uint64_t gfn)
{
	if (gfn == XEN_GTM_NONE)
		jsonw_text(w, key, "none");
	else
		jsonw_hex(w, key, gfn);
}

static void put_gfns(struct jsonw *w, const char *key, const uint64_t *gfns,
		     uint32_t n)
{
	uint32_t i;

	jsonw_open(w, key, true);
	for (i = 0; i < n; i++)
		put_gfn(w, NULL, gfns[i]);
	jsonw_close(w);
}

static void put_vcpu(struct jsonw *w, const struct xen_gtm_vcpu *v)
{
	unsigned int i;

	jsonw_open(w, NULL, false);
	jsonw_bool(w, "down", v->flags & XEN_GTM_VCPU_DOWN);
	jsonw_bool(w, "apic_still", v->flags & XEN_GTM_VCPU_APIC_STILL);
	jsonw_int(w, "vector", v->upcall_vector);
	put_gfn(w, "info_gfn", v->vcpu_info_gfn);
	jsonw_int(w, "info_offset", v->vcpu_info_offset);
	put_gfn(w, "control_gfn", v->control_gfn);
	jsonw_int(w, "control_offset", v->control_offset);
	jsonw_hex(w, "runstate_va", v->runstate_va);
	jsonw_hex(w, "time_info_va", v->time_info_va);
	jsonw_hex(w, "tsc", v->tsc);
	jsonw_open(w, "runstate_ns", true);
	for (i = 0; i < 4; i++)
		jsonw_hex(w, NULL, v->runstate_time[i]);
	jsonw_close(w);
	if (v->flags & XEN_GTM_VCPU_PERIODIC) {
		jsonw_int(w, "periodic_ns", v->periodic_period);
		jsonw_int(w, "periodic_left_ns", v->periodic_left);
	}
	if (v->flags & XEN_GTM_VCPU_SINGLESHOT)
		jsonw_int(w, "singleshot_left_ns", v->singleshot_left);
	jsonw_open(w, "tails", true);
	for (i = 0; i < 16; i++)
		jsonw_int(w, NULL, v->fifo_tail[i]);
	jsonw_close(w);
	jsonw_close(w);
}

static void put_port(struct jsonw *w, const struct gtm_view *view,
		     const struct xen_gtm_port *p)
{
	jsonw_open(w, NULL, false);
	jsonw_int(w, "port", p->port);
	jsonw_text(w, "state", xcr_port_state_name(p->state));
	jsonw_int(w, "vcpu", p->vcpu);
	if (p->state == XEN_GTM_PORT_UNBOUND)
		jsonw_int(w, "domid", p->remote_domid);
	else if (p->state == XEN_GTM_PORT_LOOPBACK)
		jsonw_int(w, "peer", p->value);
	else if (p->state == XEN_GTM_PORT_PIRQ)
		jsonw_int(w, "pirq", p->value);
	else if (p->state == XEN_GTM_PORT_VIRQ)
		jsonw_int(w, "virq", p->value);
	if (view->fifo) {
		jsonw_int(w, "priority", p->priority);
		jsonw_int(w, "last_vcpu", p->last_vcpu);
		jsonw_int(w, "last_priority", p->last_priority);
	}
	jsonw_bool(w, "pending", xsd_port_pending(view, p));
	jsonw_bool(w, "masked", xsd_port_masked(view, p));
	jsonw_close(w);
}

static void put_domain(struct jsonw *w, const struct xen_gtm_domain *d)
{
	jsonw_bool(w, "is_32bit", d->flags & XEN_GTM_DOMAIN_SHINFO32);
	jsonw_bool(w, "fifo", d->flags & XEN_GTM_DOMAIN_FIFO);
	jsonw_int(w, "store_port", d->store_port);
	jsonw_int(w, "console_port", d->console_port);
	jsonw_hex(w, "still", d->still);
	jsonw_hex(w, "vm_assist", d->vm_assist);
	jsonw_int(w, "guest_time_ns", d->guest_time);
	put_gfn(w, "shared_info_gfn", d->shared_info_gfn);
	jsonw_hex(w, "callback_via", d->callback_via);
}

static void put_rest(struct jsonw *w, const struct gtm_view *view)
{
	const struct xen_gtm_gnttab *g = view->gnttab;
	uint32_t i;

	jsonw_open(w, "pirqs", true);
	for (i = 0; i < view->nr_pirqs; i++) {
		jsonw_open(w, NULL, false);
		jsonw_int(w, "pirq", view->pirqs[i].pirq);
		jsonw_int(w, "source", view->pirqs[i].source);
		jsonw_bool(w, "allocated", view->pirqs[i].flags);
		jsonw_close(w);
	}
	jsonw_close(w);
	jsonw_open(w, "grants", false);
	jsonw_int(w, "version", g->version);
	jsonw_int(w, "used", xsd_grants_used(view));
	put_gfns(w, "frames", view->gnttab_gfn, g->nr_frames);
	put_gfns(w, "status", view->gnttab_gfn + g->nr_frames, g->nr_status);
	jsonw_close(w);
	jsonw_open(w, "watchdogs", true);
	for (i = 0; i < view->nr_watchdogs; i++) {
		jsonw_open(w, NULL, false);
		jsonw_int(w, "id", view->watchdogs[i].id);
		jsonw_int(w, "left_ns", view->watchdogs[i].left);
		jsonw_close(w);
	}
	jsonw_close(w);
}

bool xsd_json_context(struct jsonw *w, const struct xsd_file *file)
{
	struct xcr_context context;
	bool good = xsd_open_context(file, &context);
	const struct gtm_view *view = &context.view;
	uint32_t i;

	if (good) {
		jsonw_open(w, "context", false);
		put_domain(w, view->domain);
		jsonw_open(w, "vcpus", true);
		for (i = 0; i < view->domain->max_vcpus; i++)
			put_vcpu(w, gtm_view_vcpu(view, i));
		jsonw_close(w);
		jsonw_open(w, "ports", true);
		for (i = 0; i < view->nr_ports; i++)
			put_port(w, view, &view->ports[i]);
		jsonw_close(w);
		if (view->fifo)
			put_gfns(w, "event_array", view->fifo_gfn,
				 view->fifo->nr_pages);
		put_rest(w, view);
		jsonw_close(w);
	}
	xcr_context_close(&context);
	return good;
}

/* Keys come from a file, so they are written only if they are plain. */
static bool is_plain(const char *key)
{
	const char *p;

	for (p = key; *p; p++)
		if (*p < 0x20 || *p > 0x7e || *p == '"' || *p == '\\')
			return false;
	return true;
}

static void put_value(struct jsonw *w, const char *key, const json_t *value,
		      unsigned int depth)
{
	bool is_array = json_is_array(value);
	const char *name;
	json_t *member;
	size_t i;

	if (json_is_string(value)) {
		jsonw_bytes(w, key, json_string_value(value),
			    json_string_length(value));
	} else if (json_is_integer(value)) {
		jsonw_int(w, key, json_integer_value(value));
	} else if (json_is_boolean(value)) {
		jsonw_bool(w, key, json_is_true(value));
	} else if ((is_array || json_is_object(value)) && depth < OFFER_DEPTH) {
		jsonw_open(w, key, is_array);
		json_array_foreach(value, i, member)
			put_value(w, NULL, member, depth + 1);
		json_object_foreach((json_t *)(uintptr_t)value, name,
				    member) if (is_plain(name))
			put_value(w, name, member, depth + 1);
		jsonw_close(w);
	} else {
		jsonw_text(w, key, "?");
	}
}

void xsd_json_offer(struct jsonw *w, const struct xsd_file *file)
{
	json_t *offer;

	if (!file->offer)
		return;
	offer = json_loadb((const char *)file->offer, file->offer_len,
			   JSON_REJECT_DUPLICATES, NULL);
	if (offer)
		put_value(w, "offer", offer, 0);
	json_decref(offer);
}
