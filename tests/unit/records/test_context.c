/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every rule of hypervisor-context.md: a context that breaks just this one is
 * refused for it, at the place where it is broken.  The last test compares the
 * table with the specification and with the check itself.
 */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xcr/names.h>

#include "unit/records/sample.h"
#include "unit/support/suite.h"

/* A context in memory, and where its parts are. */
struct spoiled {
	uint8_t *buf;
	size_t len;
	struct gtm_limits limits;
	struct xen_gtm_header *header;
	struct xen_gtm_domain *domain;
	struct xen_gtm_vcpu *vcpu[2];
	struct xen_gtm_pirq *pirq;
	struct xen_gtm_port *port;
	struct xen_gtm_fifo *fifo;
	uint64_t *fifo_gfn;
	struct xen_gtm_gnttab *gnttab;
	uint64_t *gnttab_gfn;
	struct xen_gtm_watchdog *watchdog;
	const void *where; /* the error, if it matters */
};

static void *payload(struct spoiled *s, uint16_t type, uint32_t instance)
{
	size_t at = sizeof(struct xen_gtm_header);

	while (at < s->len) {
		struct xen_gtm_record *rec = (void *)(s->buf + at);

		if (rec->type == type && rec->instance == instance)
			return rec + 1;
		at += sizeof(*rec) + ((rec->length + 7) & ~7u);
	}
	return NULL;
}

static struct xen_gtm_record *header_of(void *data)
{
	return (struct xen_gtm_record *)data - 1;
}

static void find_parts(struct spoiled *s)
{
	s->header = (void *)s->buf;
	s->domain = payload(s, XEN_GTM_REC_DOMAIN, 0);
	s->vcpu[0] = payload(s, XEN_GTM_REC_VCPU, 0);
	s->vcpu[1] = payload(s, XEN_GTM_REC_VCPU, 1);
	s->pirq = payload(s, XEN_GTM_REC_PIRQ, 0);
	s->port = payload(s, XEN_GTM_REC_EVTCHN, 0);
	s->fifo = payload(s, XEN_GTM_REC_FIFO, 0);
	s->fifo_gfn = s->fifo ? (void *)(s->fifo + 1) : NULL;
	s->gnttab = payload(s, XEN_GTM_REC_GNTTAB, 0);
	s->gnttab_gfn = (void *)(s->gnttab + 1);
	s->watchdog = payload(s, XEN_GTM_REC_WATCHDOG, 0);
}

static void make(struct spoiled *s, void (*describe)(struct sample *sample))
{
	static struct sample sample;
	void *buf;

	memset(s, 0, sizeof(*s));
	describe(&sample);
	ck_assert_int_eq(xcr_context_encode(&sample.d, &buf, &s->len), 0);
	s->buf = buf;
	sample_limits(&sample, &s->limits);
	find_parts(s);
}

/* Takes N bytes at DATA away, or puts N zeroes there. */
static void resize(struct spoiled *s, void *data, size_t n, bool grow)
{
	size_t at = (size_t)((uint8_t *)data - s->buf);
	uint8_t *buf = calloc(1, s->len + n);

	memcpy(buf, s->buf, at);
	if (grow)
		memcpy(buf + at + n, s->buf + at, s->len - at);
	else
		memcpy(buf + at, s->buf + at + n, s->len - at - n);
	free(s->buf);
	s->buf = buf;
	s->len = grow ? s->len + n : s->len - n;
	s->header = (void *)buf;
	s->header->total_len = s->len;
	find_parts(s);
}

static void cut_record(struct spoiled *s, void *data)
{
	struct xen_gtm_record *rec = header_of(data);

	resize(s, rec, sizeof(*rec) + ((rec->length + 7) & ~7u), false);
	s->header->nr_records--;
}

#define SPOIL(id, what)                           \
	static void spoil_##id(struct spoiled *s) \
	{                                         \
		what;                             \
	}

/* clang-format off */
SPOIL(size, s->len = XEN_GTM_MAX_SIZE + 1)
SPOIL(room, s->len = sizeof(struct xen_gtm_header) - 1)
SPOIL(magic, s->header->magic++)
SPOIL(version, s->header->version = 2)
SPOIL(header_len, s->header->header_len = 40)
SPOIL(total, s->header->total_len += 8)
SPOIL(header_reserved, s->header->reserved = 1; s->where = &s->header->reserved)
SPOIL(nr_records, s->header->nr_records++)
SPOIL(cut, s->len -= 8; s->header->total_len = s->len)
SPOIL(too_long, header_of(s->watchdog)->length = UINT32_MAX)
SPOIL(rec_version, header_of(s->port)->version = 2;
	s->where = &header_of(s->port)->version)
SPOIL(rec_reserved, header_of(s->port)->reserved = 1)
SPOIL(type_zero, header_of(s->domain)->type = 0)
SPOIL(type_new, header_of(s->watchdog)->type = XEN_GTM_REC_END + 1;
	s->where = &header_of(s->watchdog)->type)
SPOIL(order, header_of(s->watchdog)->type = XEN_GTM_REC_FIFO)
SPOIL(twice, header_of(s->watchdog)->type = XEN_GTM_REC_GNTTAB)
SPOIL(instance, header_of(s->gnttab)->instance = 1)
SPOIL(vcpu_gap, header_of(s->vcpu[1])->instance = 2)
SPOIL(vcpu_twice, header_of(s->vcpu[1])->instance = 0)
SPOIL(length, header_of(s->domain)->length -= 8)
SPOIL(length_port, header_of(s->port)->length -= 8)
SPOIL(length_pirq, header_of(s->pirq)->length -= 8)
SPOIL(length_watchdog, header_of(s->watchdog)->length -= 4)
SPOIL(length_end, header_of(payload(s, XEN_GTM_REC_END, 0))->length = 8;
	resize(s, s->buf + s->len, 8, true))
SPOIL(empty_pirq, header_of(s->pirq)->length = 0;
	resize(s, s->pirq, 3 * sizeof(*s->pirq), false))
SPOIL(short_fifo, header_of(s->fifo)->length = 0;
	resize(s, s->fifo, 8 + 8 + 4096, false))
SPOIL(padding, header_of(s->fifo)->length -= 4;
	((uint8_t *)s->fifo)[header_of(s->fifo)->length] = 1)
SPOIL(after_end, resize(s, s->buf + s->len, 8, true))
SPOIL(no_gnttab, cut_record(s, s->gnttab))
SPOIL(no_shinfo, cut_record(s, payload(s, XEN_GTM_REC_SHINFO, 0)))
SPOIL(no_ports, cut_record(s, s->port))
SPOIL(no_vcpu, cut_record(s, s->vcpu[1]))

SPOIL(domain_flags, s->domain->flags |= 4)
SPOIL(domain_still, s->domain->still = 32)
SPOIL(domain_reserved, s->domain->reserved[3] = 1)
SPOIL(max_vcpus, s->domain->max_vcpus = 1)
SPOIL(limit_vcpus, s->limits.max_vcpus = 3)
SPOIL(no_fifo, s->domain->flags &= ~XEN_GTM_DOMAIN_FIFO)
SPOIL(cut_fifo, cut_record(s, s->fifo))
SPOIL(ports_32, s->domain->nr_ports = 1025)
SPOIL(ports_64, s->domain->flags = 0; s->domain->nr_ports = 4097)
SPOIL(ports_fifo, s->domain->nr_ports = XEN_GTM_MAX_PORTS + 1)
SPOIL(limit_ports, s->limits.max_ports = 1030)
SPOIL(store_port, s->domain->store_port = XEN_GTM_MAX_PORTS)
SPOIL(console_port, s->domain->console_port = 1024)
SPOIL(time_past, s->domain->guest_time = -1)
SPOIL(time_far, s->domain->guest_time = (1ll << 60) + 1)
SPOIL(vm_assist, s->limits.vm_assist = 0)

SPOIL(vcpu_flags, s->vcpu[1]->flags |= 64)
SPOIL(vcpu_reserved, s->vcpu[0]->reserved[0] = 1)
SPOIL(vector_low, s->vcpu[0]->upcall_vector = 15)
SPOIL(vector_high, s->vcpu[0]->upcall_vector = 256)
SPOIL(info_none, s->vcpu[0]->vcpu_info_gfn = XEN_GTM_NONE)
SPOIL(info_across, s->vcpu[0]->vcpu_info_offset = 4096 - 56)
SPOIL(info_odd, s->vcpu[0]->vcpu_info_offset = 4)
SPOIL(info_huge, s->vcpu[0]->vcpu_info_offset = UINT32_MAX - 7)
SPOIL(info_not, s->vcpu[0]->flags &= ~XEN_GTM_VCPU_INFO)
SPOIL(info_bytes, s->vcpu[0]->flags &= ~XEN_GTM_VCPU_INFO;
	s->vcpu[0]->vcpu_info_gfn = XEN_GTM_NONE)
SPOIL(info_32, s->vcpu[0]->flags |= XEN_GTM_VCPU_INFO;
	s->vcpu[0]->vcpu_info_gfn = 1; s->vcpu[0]->vcpu_info_offset = 2)
SPOIL(control_none, s->vcpu[0]->control_gfn = XEN_GTM_NONE)
SPOIL(control_across, s->vcpu[0]->control_offset = 4096 - 64)
SPOIL(control_odd, s->vcpu[0]->control_offset = 4)
SPOIL(control_not, s->vcpu[0]->flags &= ~XEN_GTM_VCPU_CONTROL)
SPOIL(control_tail, s->vcpu[1]->flags &= ~XEN_GTM_VCPU_CONTROL;
	s->vcpu[1]->control_gfn = XEN_GTM_NONE; s->vcpu[1]->control[0] = 0)
SPOIL(control_2l, s->vcpu[0]->flags |= XEN_GTM_VCPU_CONTROL;
	s->where = &s->vcpu[0]->flags)
SPOIL(period_short, s->vcpu[1]->periodic_period = 999999)
SPOIL(period_long, s->vcpu[1]->periodic_period = (1ll << 50) + 1)
SPOIL(period_past, s->vcpu[1]->periodic_left = -(1ll << 50) - 1)
SPOIL(period_not, s->vcpu[1]->flags &= ~XEN_GTM_VCPU_PERIODIC)
SPOIL(single_far, s->vcpu[0]->singleshot_left = INT64_MAX)
SPOIL(single_past, s->vcpu[0]->singleshot_left = INT64_MIN)
SPOIL(single_not, s->vcpu[0]->flags &= ~XEN_GTM_VCPU_SINGLESHOT)

SPOIL(pirq_order, s->pirq[1].pirq = 16; s->where = &s->pirq[1].pirq)
SPOIL(pirq_flags, s->pirq[0].flags = 2)
SPOIL(pirq_reserved, s->pirq[0].reserved = 1)
SPOIL(pirq_source, s->pirq[0].source = -3)
SPOIL(pirq_idle, s->pirq[2].flags = 0)
SPOIL(pirq_once, s->pirq[1].source = 9)
SPOIL(limit_pirq, s->limits.nr_pirqs = 18; s->where = &s->pirq[2].pirq)
SPOIL(limit_gsi, s->limits.nr_gsis = 9)
SPOIL(limit_port_pirq, s->limits.nr_pirqs = 20; s->where = &s->port[10].value)

SPOIL(port_zero, s->port[0].port = 0)
SPOIL(port_same, s->port[4].port = 4)
SPOIL(port_highest, s->port[11].port = 1029)
SPOIL(port_flags, s->port[0].flags = 2)
SPOIL(port_reserved0, s->port[0].reserved0 = 1)
SPOIL(port_reserved, s->port[0].reserved[2] = 1)
SPOIL(port_vcpu, s->port[4].vcpu = 2)
SPOIL(port_state, s->port[4].state = 6; s->where = &s->port[4].state)
SPOIL(unused_domid, s->port[4].remote_domid = 1)
SPOIL(unused_value, s->port[4].value = 1)
SPOIL(unused_unbound, s->port[0].value = 1)
SPOIL(unused_free, s->port[6].priority = 1)
SPOIL(port_unbound, s->port[0].remote_domid = 0x7ff0)
SPOIL(loop_nowhere, s->port[5].value = 1000)
SPOIL(loop_self, s->port[5].value = 6)
SPOIL(loop_other, s->port[5].value = 5)
SPOIL(loop_unequal, s->port[7].value = 9)
SPOIL(limit_virq, s->limits.nr_virqs = 11)
SPOIL(virq_twice, s->port[3].vcpu = 0; s->where = &s->port[3].value)
SPOIL(virq_global, s->port[2].value = 11; s->where = &s->port[9].value)
SPOIL(pirq_twice, s->port[10].value = 16)
SPOIL(priority, s->port[0].priority = 16)
SPOIL(last_priority, s->port[0].last_priority = 16)
SPOIL(last_vcpu, s->port[0].last_vcpu = 2)
SPOIL(latched, s->port[0].flags = XEN_GTM_PORT_LATCHED)
SPOIL(no_fifo_priority, s->port[0].priority = 1)
SPOIL(no_fifo_free, memset(&s->port[0], 0, sizeof(*s->port)); s->port[0].port = 1)

SPOIL(fifo_pages, s->fifo->nr_pages = 129; s->where = &s->fifo->nr_pages)
SPOIL(fifo_many, s->fifo->nr_words = 1025; s->where = &s->fifo->nr_words)
SPOIL(fifo_few, s->fifo->nr_words = 1023; s->where = &s->fifo->nr_words)
SPOIL(fifo_length, s->fifo->nr_pages = 2; s->fifo->nr_words = 1031)
SPOIL(fifo_mapped, s->fifo_gfn[0] = XEN_GTM_NONE)
SPOIL(tail_word, s->vcpu[0]->fifo_tail[0] = 1030)
SPOIL(tail_far, s->vcpu[0]->fifo_tail[7] = UINT32_MAX)
SPOIL(tail_queue, s->vcpu[0]->fifo_tail[7] = 0; s->vcpu[0]->fifo_tail[6] = 5)
SPOIL(tail_unlisted, s->vcpu[0]->fifo_tail[7] = 100)

SPOIL(gnttab_reserved, s->gnttab->reserved = 1)
SPOIL(gnttab_version, s->gnttab->version = 3;
	s->where = &s->gnttab->version)
SPOIL(gnttab_version0, s->gnttab->version = 0)
SPOIL(gnttab_frames, s->gnttab->nr_frames = 0;
	s->where = &s->gnttab->nr_frames)
SPOIL(gnttab_status, s->gnttab->nr_status = 0)
SPOIL(gnttab_status1, s->gnttab->version = 1)
SPOIL(gnttab_length, s->gnttab->nr_frames = 3)
SPOIL(gnttab_huge, s->gnttab->nr_frames = UINT32_MAX;
	s->gnttab->nr_status = 0x20000000)
SPOIL(limit_version, s->limits.max_grant_version = 1)
SPOIL(limit_frames, s->limits.max_grant_frames = 1)
SPOIL(watchdog_reserved, s->watchdog[1].reserved = 1)
SPOIL(watchdog_zero, s->watchdog[0].id = 0)
SPOIL(watchdog_order, s->watchdog[1].id = 1)
SPOIL(watchdog_left, s->watchdog[1].left = (1ll << 50) + 1)
SPOIL(limit_watchdog, s->limits.max_watchdogs = 1)

SPOIL(gfn_shinfo, s->domain->shared_info_gfn = 0x100000)
SPOIL(gfn_fifo, s->fifo_gfn[0] = 0x100000)
SPOIL(gfn_status, s->gnttab_gfn[2] = ~0ull - 1)
SPOIL(gfn_info, s->vcpu[1]->vcpu_info_gfn = 0x100000)
SPOIL(gfn_control, s->vcpu[1]->control_gfn = 1ull << 52)
SPOIL(once_shinfo, s->gnttab_gfn[2] = s->domain->shared_info_gfn)
SPOIL(once_frames, s->gnttab_gfn[1] = s->gnttab_gfn[0])
SPOIL(once_fifo, s->fifo_gfn[0] = s->gnttab_gfn[2])
SPOIL(once_info, s->vcpu[1]->vcpu_info_gfn = s->domain->shared_info_gfn)
SPOIL(once_control, s->vcpu[1]->control_gfn = s->fifo_gfn[0])

static const struct {
	const char *rule;
	void (*spoil)(struct spoiled *s);
	void (*describe)(struct sample *sample);
	int rc;
	uint32_t reason;
} rules[] = {
#define BREAKS(rule, spoil, reason) \
	{rule, spoil_##spoil, sample_fifo, -EINVAL, XEN_GTM_BAD_##reason},
#define BREAKS_2L(rule, spoil, reason) \
	{rule, spoil_##spoil, sample_two_level, -EINVAL, XEN_GTM_BAD_##reason},
#define EXCEEDS(rule, spoil, reason) \
	{rule, spoil_##spoil, sample_fifo, -ENOSPC, XEN_GTM_BAD_##reason},
	{"header-size", spoil_size, sample_fifo, -E2BIG, XEN_GTM_BAD_HEADER},
	BREAKS("header-room", room, HEADER)
	BREAKS("header-magic", magic, HEADER)
	BREAKS("header-version", version, HEADER)
	BREAKS("header-version", header_len, HEADER)
	BREAKS("header-total", total, HEADER)
	BREAKS("header-reserved", header_reserved, RESERVED)
	BREAKS("header-records", nr_records, HEADER)
	BREAKS("record-room", cut, RECORD)
	BREAKS("record-room", too_long, RECORD)
	BREAKS("record-version", rec_version, RECORD)
	BREAKS("record-reserved", rec_reserved, RESERVED)
	BREAKS("record-type", type_zero, RECORD)
	BREAKS("record-type", type_new, RECORD)
	BREAKS("record-order", order, RECORD)
	BREAKS("record-order", twice, RECORD)
	BREAKS("record-instance", instance, RECORD)
	BREAKS("record-instance", vcpu_gap, RECORD)
	BREAKS("record-instance", vcpu_twice, RECORD)
	BREAKS("record-length", length, RECORD)
	BREAKS("record-length", length_port, RECORD)
	BREAKS("record-length", length_pirq, RECORD)
	BREAKS("record-length", length_watchdog, RECORD)
	BREAKS("record-length", length_end, RECORD)
	BREAKS("record-length", empty_pirq, RECORD)
	BREAKS("record-length", short_fifo, RECORD)
	BREAKS("record-padding", padding, RESERVED)
	BREAKS("record-end", after_end, RECORD)
	BREAKS("record-missing", no_gnttab, MISSING)
	BREAKS("record-missing", no_shinfo, MISSING)
	BREAKS("record-missing", no_ports, MISSING)
	BREAKS("domain-vcpus", no_vcpu, MISSING)
	BREAKS("domain-reserved", domain_flags, RESERVED)
	BREAKS("domain-reserved", domain_still, RESERVED)
	BREAKS("domain-reserved", domain_reserved, RESERVED)
	BREAKS("domain-vcpus", max_vcpus, MISSING)
	EXCEEDS("limit-vcpus", limit_vcpus, LIMIT)
	BREAKS("domain-fifo", no_fifo, MISSING)
	BREAKS("domain-fifo", cut_fifo, MISSING)
	BREAKS_2L("domain-ports", ports_32, DOMAIN)
	BREAKS_2L("domain-ports", ports_64, DOMAIN)
	BREAKS("domain-ports", ports_fifo, DOMAIN)
	EXCEEDS("limit-ports", limit_ports, LIMIT)
	BREAKS("domain-special-ports", store_port, DOMAIN)
	BREAKS_2L("domain-special-ports", console_port, DOMAIN)
	BREAKS("domain-time", time_past, DOMAIN)
	BREAKS("domain-time", time_far, DOMAIN)
	EXCEEDS("limit-vm-assist", vm_assist, LIMIT)
	BREAKS("vcpu-reserved", vcpu_flags, RESERVED)
	BREAKS("vcpu-reserved", vcpu_reserved, RESERVED)
	BREAKS("vcpu-vector", vector_low, VCPU)
	BREAKS("vcpu-vector", vector_high, VCPU)
	BREAKS("vcpu-info", info_none, VCPU)
	BREAKS("vcpu-info", info_across, VCPU)
	BREAKS("vcpu-info", info_odd, VCPU)
	BREAKS("vcpu-info", info_huge, VCPU)
	BREAKS("vcpu-info", info_not, VCPU)
	BREAKS("vcpu-info", info_bytes, VCPU)
	BREAKS_2L("vcpu-info", info_32, VCPU)
	BREAKS("vcpu-control", control_none, VCPU)
	BREAKS("vcpu-control", control_across, VCPU)
	BREAKS("vcpu-control", control_odd, VCPU)
	BREAKS("vcpu-control", control_not, VCPU)
	BREAKS("vcpu-control", control_tail, VCPU)
	BREAKS_2L("vcpu-control", control_2l, VCPU)
	BREAKS("vcpu-periodic", period_short, VCPU)
	BREAKS("vcpu-periodic", period_long, VCPU)
	BREAKS("vcpu-periodic", period_past, VCPU)
	BREAKS("vcpu-periodic", period_not, VCPU)
	BREAKS("vcpu-singleshot", single_far, VCPU)
	BREAKS("vcpu-singleshot", single_past, VCPU)
	BREAKS("vcpu-singleshot", single_not, VCPU)
	BREAKS("pirq-order", pirq_order, PIRQ)
	BREAKS("pirq-reserved", pirq_flags, RESERVED)
	BREAKS("pirq-reserved", pirq_reserved, RESERVED)
	BREAKS("pirq-source", pirq_source, PIRQ)
	BREAKS("pirq-source", pirq_idle, PIRQ)
	BREAKS("pirq-once", pirq_once, PIRQ)
	EXCEEDS("limit-pirq", limit_pirq, LIMIT)
	EXCEEDS("limit-pirq", limit_gsi, LIMIT)
	EXCEEDS("limit-pirq", limit_port_pirq, LIMIT)
	BREAKS("port-order", port_zero, PORT)
	BREAKS("port-order", port_same, PORT)
	BREAKS("port-highest", port_highest, PORT)
	BREAKS("port-reserved", port_flags, RESERVED)
	BREAKS("port-reserved", port_reserved0, RESERVED)
	BREAKS("port-reserved", port_reserved, RESERVED)
	BREAKS("port-vcpu", port_vcpu, PORT)
	BREAKS("port-state", port_state, PORT)
	BREAKS("port-unused", unused_domid, PORT)
	BREAKS("port-unused", unused_value, PORT)
	BREAKS("port-unused", unused_unbound, PORT)
	BREAKS("port-unused", unused_free, PORT)
	BREAKS("port-unbound", port_unbound, PORT)
	BREAKS("port-loopback", loop_nowhere, PORT)
	BREAKS("port-loopback", loop_self, PORT)
	BREAKS("port-loopback", loop_other, PORT)
	BREAKS("port-loopback", loop_unequal, PORT)
	EXCEEDS("limit-virq", limit_virq, LIMIT)
	BREAKS("port-virq-once", virq_twice, PORT)
	BREAKS("port-virq-once", virq_global, PORT)
	BREAKS("port-pirq-once", pirq_twice, PORT)
	BREAKS("port-priority", priority, PORT)
	BREAKS("port-last", last_priority, PORT)
	BREAKS("port-last", last_vcpu, PORT)
	BREAKS("port-latched", latched, PORT)
	BREAKS_2L("port-no-fifo", no_fifo_priority, PORT)
	BREAKS_2L("port-no-fifo", no_fifo_free, PORT)
	BREAKS("fifo-pages", fifo_pages, FIFO)
	BREAKS("fifo-words", fifo_many, FIFO)
	BREAKS("fifo-words", fifo_few, FIFO)
	BREAKS("fifo-length", fifo_length, FIFO)
	BREAKS("fifo-mapped", fifo_mapped, FIFO)
	BREAKS("tail-word", tail_word, FIFO)
	BREAKS("tail-word", tail_far, FIFO)
	BREAKS("tail-port", tail_queue, FIFO)
	BREAKS("tail-port", tail_unlisted, FIFO)
	BREAKS("gnttab-reserved", gnttab_reserved, RESERVED)
	BREAKS("gnttab-version", gnttab_version, GNTTAB)
	BREAKS("gnttab-version", gnttab_version0, GNTTAB)
	BREAKS("gnttab-frames", gnttab_frames, GNTTAB)
	BREAKS("gnttab-status", gnttab_status, GNTTAB)
	BREAKS("gnttab-status", gnttab_status1, GNTTAB)
	BREAKS("gnttab-length", gnttab_length, GNTTAB)
	BREAKS("gnttab-length", gnttab_huge, GNTTAB)
	EXCEEDS("limit-gnttab", limit_version, LIMIT)
	EXCEEDS("limit-gnttab", limit_frames, LIMIT)
	BREAKS("watchdog-reserved", watchdog_reserved, RESERVED)
	BREAKS("watchdog-order", watchdog_zero, WATCHDOG)
	BREAKS("watchdog-order", watchdog_order, WATCHDOG)
	BREAKS("watchdog-left", watchdog_left, WATCHDOG)
	EXCEEDS("limit-watchdog", limit_watchdog, LIMIT)
	EXCEEDS("gfn-range", gfn_shinfo, GFN)
	EXCEEDS("gfn-range", gfn_fifo, GFN)
	EXCEEDS("gfn-range", gfn_status, GFN)
	EXCEEDS("gfn-range", gfn_info, GFN)
	EXCEEDS("gfn-range", gfn_control, GFN)
	BREAKS("gfn-once", once_shinfo, GFN)
	BREAKS("gfn-once", once_frames, GFN)
	BREAKS("gfn-once", once_fifo, GFN)
	BREAKS("gfn-once", once_info, GFN)
	BREAKS("gfn-once", once_control, GFN)
};
/* clang-format on */

#define N_RULES (sizeof(rules) / sizeof(rules[0]))

static int check(const struct spoiled *s, struct gtm_error *err)
{
	struct gtm_view view;

	return gtm_check(s->buf, s->len, &s->limits, &view, err);
}

START_TEST(test_rule)
{
	struct gtm_error err;
	struct spoiled s;

	make(&s, rules[_i].describe);
	ck_assert_int_eq(check(&s, &err), 0);
	ck_assert_uint_eq(err.reason, XEN_GTM_OK);
	rules[_i].spoil(&s);
	ck_assert_msg(check(&s, &err) == rules[_i].rc &&
			      err.reason == rules[_i].reason,
		      "entry %d, %s: %s at 0x%x, not %s", _i, rules[_i].rule,
		      xcr_reason_name(err.reason), err.offset,
		      xcr_reason_name(rules[_i].reason));
	if (s.where)
		ck_assert_uint_eq(err.offset, (const uint8_t *)s.where - s.buf);
	free(s.buf);
}
END_TEST

/* What was put in comes out, at both edges of what is allowed. */
START_TEST(test_view)
{
	const struct xen_gtm_port *port;
	struct xcr_context context;
	struct spoiled s;

	make(&s, sample_fifo);
	s.domain->guest_time = 1ll << 60;
	s.vcpu[0]->vcpu_info_offset = 4096 - 64;
	s.vcpu[0]->singleshot_left = -(1ll << 50);
	s.vcpu[1]->periodic_period = 1000000;
	/* A port that is not listed was last on vcpu 0's first queue. */
	s.vcpu[0]->fifo_tail[0] = 100;
	ck_assert_int_eq(xcr_context_open(&context, s.buf, s.len, &s.limits),
			 0);
	ck_assert_uint_eq(context.view.nr_ports, 12);
	port = gtm_view_port(&context.view, 1030);
	ck_assert_ptr_nonnull(port);
	ck_assert_uint_eq(port->remote_domid, 3);
	ck_assert_ptr_null(gtm_view_port(&context.view, 12));
	ck_assert_ptr_null(gtm_view_port(&context.view, 1031));
	ck_assert_ptr_null(gtm_view_port(&context.view, 0));
	ck_assert_uint_eq(gtm_view_vcpu(&context.view, 1)->control_gfn, 0x1301);
	ck_assert_uint_eq(context.view.nr_pirqs, 3);
	ck_assert_uint_eq(context.view.nr_watchdogs, 2);
	ck_assert_uint_eq(context.view.fifo_gfn[0], 0x1400);
	ck_assert_uint_eq(context.view.fifo_word[5], 5u << 29);
	ck_assert_uint_eq(context.view.gnttab_gfn[2], 0xfe003);
	ck_assert_uint_eq(context.view.gnttab_frame[15], 0x5a);
	ck_assert_uint_eq(context.view.gnttab_frame[4096], 0);
	xcr_context_close(&context);
	free(s.buf);

	make(&s, sample_two_level);
	ck_assert_int_eq(xcr_context_open(&context, s.buf, s.len, NULL), 0);
	ck_assert_ptr_null(context.view.fifo);
	ck_assert_ptr_null(context.view.pirqs);
	ck_assert_uint_eq(context.view.nr_watchdogs, 0);
	xcr_context_close(&context);
	free(s.buf);
}
END_TEST

/* Every beginning of a context is refused, whatever is behind it. */
START_TEST(test_cut)
{
	struct xcr_context context;
	struct spoiled s;
	size_t len;

	make(&s, _i ? sample_fifo : sample_two_level);
	for (len = 0; len < s.len; len++) {
		if (len >= 16)
			s.header->total_len = len;
		ck_assert_int_ne(xcr_context_open(&context, s.buf, len, NULL),
				 0);
		ck_assert_uint_ne(context.err.reason, XEN_GTM_OK);
		ck_assert_uint_le(context.err.offset, len);
		xcr_context_close(&context);
	}
	free(s.buf);
}
END_TEST

/* Windows on keys: the twin is found wherever both of them are. */
START_TEST(test_many_vcpus)
{
	static struct xen_gtm_vcpu vcpus[2000];
	static struct xen_gtm_port ports[4000];
	struct xcr_description d = {.vcpus = vcpus, .ports = ports};
	struct xcr_context context;
	uint64_t gfn = XEN_GTM_NONE;
	size_t i, len;
	void *buf;

	for (i = 0; i < 2000; i++) {
		vcpus[i].vcpu_info_gfn = i;
		vcpus[i].flags = XEN_GTM_VCPU_INFO;
		vcpus[i].control_gfn = XEN_GTM_NONE;
	}
	for (i = 0; i < 4000; i++) {
		ports[i].port = (uint32_t)i + 1;
		ports[i].state = XEN_GTM_PORT_VIRQ;
		ports[i].vcpu = (uint16_t)(i / 2);
		ports[i].value = i % 2;
	}
	d.nr_vcpus = 2000;
	d.nr_ports = 4000;
	d.gnttab.version = 1;
	d.gnttab.nr_frames = 1;
	d.gnttab_gfn = &gfn;
	d.domain.shared_info_gfn = XEN_GTM_NONE;
	ck_assert_int_eq(xcr_context_encode(&d, &buf, &len), 0);
	ck_assert_int_eq(xcr_context_open(&context, buf, len, NULL), 0);
	xcr_context_close(&context);
	free(buf);
	ports[3999].value = 0;
	ck_assert_int_eq(xcr_context_encode(&d, &buf, &len), 0);
	ck_assert_int_eq(xcr_context_open(&context, buf, len, NULL), -EINVAL);
	ck_assert_uint_eq(context.err.reason, XEN_GTM_BAD_PORT);
	xcr_context_close(&context);
	free(buf);
}
END_TEST

static bool has_rule(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < N_RULES; i++)
		if (strlen(rules[i].rule) == len &&
		    !memcmp(rules[i].rule, name, len))
			return true;
	return false;
}

/* Counts the names that PATTERN finds in a file; each must be in the table. */
static unsigned int names_in(const char *file, const char *pattern)
{
	FILE *in = fopen(file, "r");
	unsigned int n = 0;
	regmatch_t m[2];
	char line[512];
	regex_t re;

	ck_assert_msg(in, "%s: run this at the top", file);
	ck_assert_int_eq(regcomp(&re, pattern, REG_EXTENDED), 0);
	while (fgets(line, sizeof(line), in)) {
		const char *p = line;

		for (; !regexec(&re, p, 2, m, 0); p += m[1].rm_eo) {
			const char *name = p + m[1].rm_so;
			size_t len = (size_t)(m[1].rm_eo - m[1].rm_so);

			ck_assert_msg(has_rule(name, len), "%s: %.*s", file,
				      (int)len, name);
			n++;
		}
	}
	regfree(&re);
	fclose(in);
	return n;
}

#define NAME "([a-z]+(-[a-z]+)+)"

/* Table, specification and check name the same rules. */
START_TEST(test_all_rules)
{
	static const char *const sources[] = {
		"hv/files/xen/common/gtm/check.c",
		"hv/files/xen/common/gtm/check_event.c",
		"hv/files/xen/common/gtm/check_page.c",
		"hv/files/xen/common/gtm/check_vcpu.c",
	};
	unsigned int i, n_named = 0;

	for (i = 0; i < 4; i++)
		n_named += names_in(sources[i], "/\\* " NAME "( \\*/|:|, )") +
			   names_in(sources[i], "/\\* [a-z-]+, " NAME " \\*/");
	ck_assert_uint_ge(n_named, 60);
	ck_assert_uint_ge(names_in("docs/formats/hypervisor-context.md",
				   "^\\| `" NAME "` \\|"),
			  60);
	/* And none is in the table that is not in both of them. */
	for (i = 0; i < N_RULES; i++) {
		char pattern[64];
		unsigned int k, n = 0;

		snprintf(pattern, sizeof(pattern), "[*,] (%s)( \\*/|:|,)",
			 rules[i].rule);
		for (k = 0; k < 4; k++)
			n += names_in(sources[k], pattern);
		ck_assert_msg(n, "%s is not in the check", rules[i].rule);

		snprintf(pattern, sizeof(pattern), "^\\| `(%s)` \\|",
			 rules[i].rule);
		ck_assert_msg(names_in("docs/formats/hypervisor-context.md",
				       pattern) == 1,
			      "%s is not in the specification once",
			      rules[i].rule);
	}
}
END_TEST

/* The sizes in the specification's headings. */
START_TEST(test_sizes)
{
	ck_assert_uint_eq(sizeof(struct xen_gtm_header), 32);
	ck_assert_uint_eq(sizeof(struct xen_gtm_record), 16);
	ck_assert_uint_eq(sizeof(struct xen_gtm_domain), 88);
	ck_assert_uint_eq(sizeof(struct xen_gtm_vcpu), 336);
	ck_assert_uint_eq(sizeof(struct xen_gtm_pirq), 16);
	ck_assert_uint_eq(sizeof(struct xen_gtm_port), 32);
	ck_assert_uint_eq(sizeof(struct xen_gtm_fifo), 8);
	ck_assert_uint_eq(sizeof(struct xen_gtm_gnttab), 16);
	ck_assert_uint_eq(sizeof(struct xen_gtm_watchdog), 16);
}
END_TEST

/* Every reason in the header has a name and a text. */
START_TEST(test_reasons)
{
	FILE *in = fopen("hv/files/xen/include/public/gtm.h", "r");
	char line[256], name[64];
	unsigned int reason, n = 0;

	ck_assert_ptr_nonnull(in);
	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "#define XEN_GTM_%63s %u", name, &reason) != 2)
			continue;
		if (strncmp(name, "REFUSE_", 7) && strncmp(name, "BUSY_", 5) &&
		    strncmp(name, "BAD_", 4))
			continue;
		ck_assert_str_eq(xcr_reason_name(reason), name);
		ck_assert_uint_gt(strlen(xcr_reason_text(reason)), 8);
		n++;
	}
	fclose(in);
	ck_assert_uint_ge(n, 32);
	ck_assert_str_eq(xcr_reason_name(9999), "unknown");
	ck_assert_str_eq(xcr_context_record_name(XEN_GTM_REC_END), "END");
	ck_assert_str_eq(xcr_context_record_name(99), "unknown");
	ck_assert_str_eq(xcr_port_state_name(XEN_GTM_PORT_IPI), "ipi");
	ck_assert_str_eq(xcr_virq_name(5), "unknown");
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("records/context");
	TCase *tc = suite_case(suite, "context");

	tcase_add_loop_test(tc, test_rule, 0, N_RULES);
	tcase_add_test(tc, test_view);
	tcase_add_loop_test(tc, test_cut, 0, 2);
	tcase_add_test(tc, test_many_vcpus);
	tcase_add_test(tc, test_all_rules);
	tcase_add_test(tc, test_sizes);
	tcase_add_test(tc, test_reasons);
	return suite;
}
