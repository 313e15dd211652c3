/* SPDX-License-Identifier: GPL-2.0-only */
#include "unit/records/sample.h"

#include <stdlib.h>
#include <string.h>

#define GFN(n) (0xfe000u + (n))

static void empty_vcpu(struct xen_gtm_vcpu *v)
{
	memset(v, 0, sizeof(*v));
	v->vcpu_info_gfn = XEN_GTM_NONE;
	v->control_gfn = XEN_GTM_NONE;
}

static void refer(struct sample *s)
{
	s->d.shinfo = s->shinfo;
	s->d.vcpus = s->vcpus;
	s->d.pirqs = s->pirqs;
	s->d.ports = s->ports;
	s->d.fifo_gfn = s->fifo_gfn;
	s->d.fifo_word = s->fifo_word;
	s->d.gnttab_gfn = s->gnttab_gfn;
	s->d.gnttab_frame = s->frames;
	s->d.watchdogs = s->watchdogs;
}

static void fifo_vcpu(struct xen_gtm_vcpu *v, unsigned int id)
{
	empty_vcpu(v);
	v->flags = XEN_GTM_VCPU_INFO | XEN_GTM_VCPU_CONTROL |
		   XEN_GTM_VCPU_SINGLESHOT;
	v->upcall_vector = 0xf3;
	v->vcpu_info_gfn = 0x1234;
	v->vcpu_info_offset = 64 * id;
	v->control_gfn = 0x1300 + id;
	v->runstate_va = 0xffff888000001000 + id;
	v->time_info_va = 0xffff888000002000 + id;
	v->singleshot_left = 1234567;
	v->runstate_time[0] = 1000000000;
	v->tsc = 77;
	v->control[0] = 1 << 7;
	v->vcpu_info[0] = 1;
}

static void fifo_ports(struct sample *s)
{
	static const struct xen_gtm_port ports[] = {
		{.port = 1, .state = XEN_GTM_PORT_UNBOUND, .priority = 7},
		{.port = 2, .state = XEN_GTM_PORT_UNBOUND, .priority = 7},
		{.port = 3, .state = XEN_GTM_PORT_VIRQ, .priority = 0},
		{.port = 4,
		 .state = XEN_GTM_PORT_VIRQ,
		 .vcpu = 1,
		 .last_vcpu = 1},
		{.port = 5,
		 .state = XEN_GTM_PORT_IPI,
		 .priority = 7,
		 .last_priority = 7},
		{.port = 6,
		 .state = XEN_GTM_PORT_LOOPBACK,
		 .priority = 15,
		 .value = 8},
		{.port = 7,
		 .state = XEN_GTM_PORT_FREE,
		 .last_priority = 7,
		 .last_vcpu = 1},
		{.port = 8,
		 .state = XEN_GTM_PORT_LOOPBACK,
		 .priority = 15,
		 .value = 6,
		 .vcpu = 1},
		{.port = 9,
		 .state = XEN_GTM_PORT_PIRQ,
		 .priority = 7,
		 .value = 16},
		{.port = 10,
		 .state = XEN_GTM_PORT_VIRQ,
		 .priority = 7,
		 .value = 11,
		 .vcpu = 1},
		{.port = 11,
		 .state = XEN_GTM_PORT_PIRQ,
		 .priority = 7,
		 .value = 20},
		{.port = 1030,
		 .state = XEN_GTM_PORT_UNBOUND,
		 .priority = 7,
		 .remote_domid = 3,
		 .flags = XEN_GTM_PORT_LATCHED},
	};

	memcpy(s->ports, ports, sizeof(ports));
	s->d.nr_ports = sizeof(ports) / sizeof(ports[0]);
	s->d.has_fifo = true;
	s->d.fifo.nr_pages = 1;
	s->d.fifo.nr_words = 1024;
	s->fifo_gfn[0] = 0x1400;
	s->fifo_word[5] = 5u << 29;
	s->vcpus[0].fifo_tail[7] = 5;
	s->vcpus[1].fifo_tail[7] = 7;
	s->vcpus[0].fifo_tail[0] = 3;
}

void sample_fifo(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	refer(s);
	s->d.domain.store_port = 1;
	s->d.domain.console_port = 2;
	s->d.domain.still = XEN_GTM_STILL_PIT | XEN_GTM_STILL_HPET(2);
	s->d.domain.vm_assist = 1 << 5;
	s->d.domain.guest_time = 60000000000;
	s->d.domain.shared_info_gfn = GFN(0);
	s->d.domain.callback_via = 1;
	fifo_vcpu(&s->vcpus[0], 0);
	fifo_vcpu(&s->vcpus[1], 1);
	s->vcpus[1].flags |= XEN_GTM_VCPU_PERIODIC | XEN_GTM_VCPU_APIC_STILL;
	s->vcpus[1].periodic_period = 10000000;
	s->vcpus[1].periodic_left = -5;
	s->d.nr_vcpus = 2;
	s->pirqs[0].pirq = 16;
	s->pirqs[0].source = 9;
	s->pirqs[1].pirq = 17;
	s->pirqs[1].source = XEN_GTM_PIRQ_MSI;
	s->pirqs[2].pirq = 18;
	s->pirqs[2].source = XEN_GTM_PIRQ_NONE;
	s->pirqs[2].flags = XEN_GTM_PIRQ_ALLOCATED;
	s->d.nr_pirqs = 3;
	fifo_ports(s);
	s->d.gnttab.version = 2;
	s->d.gnttab.nr_frames = 2;
	s->d.gnttab.nr_status = 1;
	s->gnttab_gfn[0] = GFN(1);
	s->gnttab_gfn[1] = GFN(2);
	s->gnttab_gfn[2] = GFN(3);
	memset(s->frames, 0x5a, 16);
	s->watchdogs[0].id = 1;
	s->watchdogs[0].left = 30000000000;
	s->watchdogs[1].id = 2;
	s->watchdogs[1].left = 60000000000;
	s->d.nr_watchdogs = 2;
}

void sample_two_level(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	refer(s);
	s->d.domain.flags = XEN_GTM_DOMAIN_SHINFO32;
	s->d.domain.shared_info_gfn = XEN_GTM_NONE;
	s->d.domain.store_port = 1;
	empty_vcpu(&s->vcpus[0]);
	s->d.nr_vcpus = 1;
	s->ports[0].port = 1;
	s->ports[0].state = XEN_GTM_PORT_UNBOUND;
	s->ports[1].port = 1023;
	s->ports[1].state = XEN_GTM_PORT_VIRQ;
	s->d.nr_ports = 2;
	s->d.gnttab.version = 1;
	s->d.gnttab.nr_frames = 1;
	s->gnttab_gfn[0] = XEN_GTM_NONE;
}

void sample_limits(const struct sample *s, struct gtm_limits *limits)
{
	*limits = (struct gtm_limits){
		.max_vcpus = s->d.nr_vcpus,
		.max_ports = 1031,
		.nr_virqs = 24,
		.global_virqs = ~(1u << 0 | 1u << 1 | 1u << 7 | 1u << 13),
		.nr_pirqs = 64,
		.nr_gsis = 48,
		.max_grant_version = 2,
		.max_grant_frames = 2,
		.max_watchdogs = 2,
		.max_gfn = 0xfffff,
		.vm_assist = 1 << 5,
	};
}

void bytes_add(struct bytes *b, const void *data, size_t len)
{
	uint8_t *grown = realloc(b->data, b->len + len + 1);

	if (!grown)
		abort();
	b->data = grown;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

void bytes_int(struct bytes *b, uint64_t value, size_t size, bool big)
{
	uint8_t text[8];
	size_t i;

	for (i = 0; i < size; i++)
		text[big ? size - 1 - i : i] = (uint8_t)(value >> (8 * i));
	bytes_add(b, text, size);
}

void bytes_record(struct bytes *b, uint32_t type, const void *data, size_t len)
{
	bytes_int(b, type, 4, false);
	bytes_int(b, len, 4, false);
	bytes_add(b, data, len);
	bytes_add(b, "\0\0\0\0\0\0\0", -len & 7);
}

void bytes_free(struct bytes *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

static void put(struct bytes *b, const struct stream_parts *parts, bool libxc,
		uint32_t type, const void *data, size_t len)
{
	if (!parts->instead || !parts->instead(b, libxc, type))
		bytes_record(b, type, data, len);
}

static void put_pages(struct bytes *b, const struct stream_parts *parts)
{
	static const uint8_t page[4096] = {1};
	struct bytes body = {0};

	if (parts->no_content) {
		put(b, parts, true, 0x01, "\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\xf0",
		    16);
		return;
	}
	bytes_int(&body, 3, 4, false);
	bytes_int(&body, 0, 4, false);
	bytes_int(&body, 0x10, 8, false);
	bytes_int(&body, 0xf000000000000011, 8, false);
	bytes_int(&body, 0x12, 8, false);
	bytes_add(&body, page, sizeof(page));
	bytes_add(&body, page, sizeof(page));
	put(b, parts, true, 0x01, body.data, body.len);
	bytes_free(&body);
}

static void put_libxc(struct bytes *b, const struct stream_parts *parts)
{
	static const uint8_t zero[24];
	const uint32_t version = parts->cooperative ? 3 : 4;
	const uint8_t params[24] = {1};

	bytes_int(b, UINT64_MAX, 8, true);
	bytes_int(b, 0x58454e46, 4, true);
	bytes_int(b, parts->libxc_version ? parts->libxc_version : version, 4,
		  true);
	bytes_int(b, 0, 8, true);
	bytes_int(b, 2, 4, false);
	bytes_int(b, 12, 4, false);
	bytes_int(b, 4, 4, false);
	bytes_int(b, 17, 4, false);
	put(b, parts, true, 0x11, zero, 24);
	put(b, parts, true, 0x12, zero, 16);
	put(b, parts, true, 0x10, NULL, 0);
	put_pages(b, parts);
	if (!parts->cooperative)
		put(b, parts, true, 0x13, parts->context, parts->context_len);
	put(b, parts, true, 0x08, zero, 24);
	put(b, parts, true, 0x09, "hvm context", 11);
	put(b, parts, true, 0x0a, params, sizeof(params));
	put(b, parts, true, 0x00, NULL, 0);
}

static void put_libxl(struct bytes *b, const struct stream_parts *parts)
{
	const uint32_t version = parts->cooperative ? 2 : 3;
	struct bytes store = {0};

	bytes_add(b, "LibxlFmt", 8);
	bytes_int(b, parts->libxl_version ? parts->libxl_version : version, 4,
		  true);
	bytes_int(b, 0, 4, true);
	put(b, parts, false, 0x01, NULL, 0);
	put_libxc(b, parts);
	if (!parts->cooperative) {
		bytes_int(&store, 1, 4, false);
		bytes_int(&store, 0, 4, false);
		bytes_add(&store, parts->store, parts->store_len);
		put(b, parts, false, 0x07, store.data, store.len);
		bytes_free(&store);
	}
	put(b, parts, false, 0x02, "\2\0\0\0\0\0\0\0key\0value\0", 18);
	put(b, parts, false, 0x03, "\2\0\0\0\0\0\0\0qemu", 12);
	put(b, parts, false, 0x00, NULL, 0);
}

static void put_xl(struct bytes *b, const struct stream_parts *parts)
{
	static const char config[] = "{\"c_info\": {\"name\": \"guest\"}}";
	const char *offer =
		parts->offer ? parts->offer : "{\"version\": 1, \"domid\": 5}";
	const uint32_t flags = parts->cooperative ? 3 : 7;

	bytes_add(b, "Xen saved domain, xl format\n \0 \r", 32);
	bytes_int(b, 0x01020304, 4, false);
	bytes_int(b, parts->xl_flags ? parts->xl_flags : flags, 4, false);
	bytes_int(b, 0, 4, false);
	bytes_int(b, 4 + sizeof(config), 4, false);
	bytes_int(b, sizeof(config), 4, false);
	bytes_add(b, config, sizeof(config));
	if (parts->cooperative)
		return;
	bytes_add(b, "XLGTMOFR", 8);
	bytes_int(b, 1, 4, false);
	bytes_int(b, strlen(offer), 4, false);
	bytes_add(b, offer, strlen(offer));
}

void sample_stream(struct bytes *b, const struct stream_parts *parts)
{
	if (parts->no_libxl) {
		put_libxc(b, parts);
		return;
	}
	if (!parts->no_xl)
		put_xl(b, parts);
	put_libxl(b, parts);
}
