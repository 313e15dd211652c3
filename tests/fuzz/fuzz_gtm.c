/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes as the context of a guest in Xen.  Of what the check lets pass,
 * everything is touched, and used as Xen would use it.
 */
#include <stdlib.h>
#include <string.h>

#include <xcr/context.h>
#include <xcr/names.h>

#include "fuzz/fuzz.h"

#define MAX_VCPUS 128 /* of a domain; contexts may say more */
#define N_VIRQS	  24
#define N_PIRQS	  64
#define N_GSIS	  48
#define FAR	  (1ll << 61) /* ns: an uptime of 73 years */

static void domain_limits(struct gtm_limits *limits, uint32_t max_vcpus)
{
	xcr_context_no_limits(limits, max_vcpus);
	limits->nr_virqs = N_VIRQS;
	limits->nr_pirqs = N_PIRQS;
	limits->nr_gsis = N_GSIS;
	limits->max_ports = 2048;
	limits->max_grant_frames = 64;
	limits->max_watchdogs = 2;
	limits->max_gfn = (1ull << 28) - 1;
	limits->vm_assist = 1 << 5;
}

static unsigned int sum(const void *data, size_t len)
{
	const uint8_t *p = data;
	unsigned int n = 0;

	while (len--)
		n += *p++;
	return n;
}

/* A sum as Xen makes it to set a timer. */
static void use_timer(int64_t left)
{
	int64_t at;

	fuzz_require(!__builtin_add_overflow(FAR, left, &at), "timer");
	fuzz_require(!__builtin_sub_overflow(-FAR, left, &at), "timer");
}

static void use_vcpus(const struct gtm_view *view)
{
	uint32_t id, q;

	for (id = 0; id < view->domain->max_vcpus; id++) {
		const struct xen_gtm_vcpu *v = gtm_view_vcpu(view, id);

		sum(v, sizeof(*v));
		use_timer(v->periodic_left);
		use_timer(v->periodic_left - v->periodic_period);
		use_timer(v->singleshot_left);
		fuzz_require(v->vcpu_info_offset <= 4096 - 64, "vcpu_info");
		fuzz_require(v->control_offset <= 4096 - 72, "control");
		for (q = 0; q < 16; q++) {
			uint32_t tail = v->fifo_tail[q];

			fuzz_require(!tail || tail < view->fifo->nr_words,
				     "tail %u", tail);
		}
	}
}

/* As Xen's own tables are filled in. */
static void use_ports(const struct gtm_view *view)
{
	static uint32_t by_virq[MAX_VCPUS][N_VIRQS], by_pirq[N_PIRQS];
	const uint32_t vcpus = view->domain->max_vcpus;
	uint32_t i, *slot;

	memset(by_virq, 0, sizeof(by_virq));
	memset(by_pirq, 0, sizeof(by_pirq));
	for (i = 0; i < view->nr_ports; i++) {
		const struct xen_gtm_port *p = &view->ports[i];
		const struct xen_gtm_port *peer;

		fuzz_require(gtm_view_port(view, p->port) == p, "port %u",
			     p->port);
		fuzz_require(p->port && p->port < view->domain->nr_ports,
			     "port %u", p->port);
		fuzz_require(p->vcpu < vcpus && p->last_vcpu < vcpus, "vcpu");
		fuzz_require(p->priority < 16 && p->last_priority < 16,
			     "priority");
		slot = NULL;
		switch (p->state) {
		case XEN_GTM_PORT_LOOPBACK:
			peer = gtm_view_port(view, p->value);
			fuzz_require(peer && peer != p &&
					     peer->value == p->port,
				     "port %u", p->port);
			break;
		case XEN_GTM_PORT_VIRQ:
			/* TIMER, DEBUG, XENOPROF and XENPMU are a vcpu's. */
			slot = &by_virq[(0x2083u >> p->value & 1) ? p->vcpu : 0]
				       [p->value];
			break;
		case XEN_GTM_PORT_PIRQ:
			slot = &by_pirq[p->value];
			break;
		}
		fuzz_require(!slot || !*slot, "port %u", p->port);
		if (slot)
			*slot = p->port;
	}
}

static void use_pirqs(const struct gtm_view *view)
{
	uint32_t by_gsi[N_GSIS] = {0}, i;

	for (i = 0; i < view->nr_pirqs; i++) {
		int32_t gsi = view->pirqs[i].source;

		fuzz_require(view->pirqs[i].pirq < N_PIRQS, "pirq");
		if (gsi >= 0)
			fuzz_require(!by_gsi[gsi]++, "gsi %d", gsi);
	}
}

static int compare_gfns(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Xen's own pages are each somewhere else. */
static void use_gfns(const struct gtm_view *view)
{
	uint32_t n = view->gnttab->nr_frames + view->gnttab->nr_status, i;
	uint64_t *gfns = calloc(n + 1, sizeof(*gfns));

	memcpy(gfns, view->gnttab_gfn, n * sizeof(*gfns));
	gfns[n] = view->domain->shared_info_gfn;
	qsort(gfns, n + 1, sizeof(*gfns), compare_gfns);
	for (i = 0; i < n; i++)
		fuzz_require(gfns[i] == XEN_GTM_NONE || gfns[i] != gfns[i + 1],
			     "gfn 0x%llx", (unsigned long long)gfns[i]);
	free(gfns);
}

/* Written again, it is what it was. */
static void write_again(const struct xcr_context *c, const void *data)
{
	const struct gtm_view *view = &c->view;
	const struct xen_gtm_header *header = data;
	struct xcr_description d = {
		.domain = *view->domain,
		.shinfo = view->shinfo,
		.nr_vcpus = view->domain->max_vcpus,
		.pirqs = view->pirqs,
		.nr_pirqs = view->nr_pirqs,
		.ports = view->ports,
		.nr_ports = view->nr_ports,
		.has_fifo = view->fifo,
		.fifo_gfn = view->fifo_gfn,
		.fifo_word = view->fifo_word,
		.gnttab = *view->gnttab,
		.gnttab_gfn = view->gnttab_gfn,
		.gnttab_frame = view->gnttab_frame,
		.watchdogs = view->watchdogs,
		.nr_watchdogs = view->nr_watchdogs,
	};
	struct xen_gtm_vcpu *vcpus = calloc(d.nr_vcpus, sizeof(*vcpus));
	struct xen_gtm_header *again;
	size_t len;
	void *buf;
	uint32_t i;

	for (i = 0; i < d.nr_vcpus; i++)
		vcpus[i] = *gtm_view_vcpu(view, i);
	d.vcpus = vcpus;
	if (view->fifo)
		d.fifo = *view->fifo;
	fuzz_require(!xcr_context_encode(&d, &buf, &len), "encode");
	again = buf;
	again->writer = header->writer;
	fuzz_require(len == c->len && !memcmp(buf, c->buf, len),
		     "%zu bytes, %zu before", len, c->len);
	free(buf);
	free(vcpus);
}

static void use(const struct xcr_context *c)
{
	const struct gtm_view *view = &c->view;

	sum(view->domain, sizeof(*view->domain));
	sum(view->shinfo, XEN_GTM_PAGE_SIZE);
	sum(view->pirqs, view->nr_pirqs * sizeof(*view->pirqs));
	sum(view->ports, view->nr_ports * sizeof(*view->ports));
	if (view->fifo) {
		sum(view->fifo_gfn, view->fifo->nr_pages * sizeof(uint64_t));
		sum(view->fifo_word, view->fifo->nr_words * sizeof(uint32_t));
	}
	sum(view->gnttab_frame,
	    view->gnttab->nr_frames * (size_t)XEN_GTM_PAGE_SIZE);
	sum(view->watchdogs, view->nr_watchdogs * sizeof(*view->watchdogs));
	use_timer(view->domain->guest_time);
	use_vcpus(view);
	use_gfns(view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xcr_context any, one;
	struct gtm_limits limits;
	int rc = xcr_context_open(&any, data, size, NULL);

	fuzz_require(rc <= 0 && !rc == !any.err.reason, "rc %d", rc);
	fuzz_require(any.err.offset <= size, "offset");
	fuzz_require(strcmp(xcr_reason_name(any.err.reason), "unknown"),
		     "reason %u", any.err.reason);
	if (!rc) {
		use(&any);
		write_again(&any, any.buf);
		domain_limits(&limits, any.view.domain->max_vcpus);
		rc = xcr_context_open(&one, data, size, &limits);
		fuzz_require(!rc || rc == -ENOSPC, "rc %d", rc);
		if (!rc && any.view.domain->max_vcpus <= MAX_VCPUS) {
			use_ports(&one.view);
			use_pirqs(&one.view);
		}
		xcr_context_close(&one);
	}
	xcr_context_close(&any);
	return 0;
}

/* -- mutations that know what a context looks like */

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* Some field at random, of a size that fields have. */
static void change_field(uint8_t *data, size_t len, uint32_t *seed)
{
	static const uint64_t values[] = {
		0,	    1,		2,	    5,	   7,	 15,
		16,	    0x7ff0,	1023,	    1024,  4096, 0x7fffffff,
		0xffffffff, 1ull << 50, 1ull << 60, ~0ull,
	};
	size_t size = (size_t)1 << next(seed) % 4;
	size_t at = next(seed) % (len / size) * size;
	uint64_t value = 0;

	memcpy(&value, data + at, size);
	switch (next(seed) % 3) {
	case 0:
		value = values[next(seed) % 16];
		break;
	case 1:
		value += next(seed) % 2 ? 1 : -1ull;
		break;
	default:
		value ^= 1ull << next(seed) % (8 * size);
		break;
	}
	memcpy(data + at, &value, size);
}

/* Makes a record longer or shorter by some units. */
static size_t resize(uint8_t *data, size_t size, size_t max, size_t at,
		     size_t end, uint32_t *seed)
{
	struct xen_gtm_record *rec = (struct xen_gtm_record *)(data + at);
	size_t unit = rec->type == XEN_GTM_REC_EVTCHN ? 32 : 16;

	if (next(seed) % 2 && size + unit <= max && rec->length >= unit) {
		memmove(data + end, data + end - unit, size - end + unit);
		rec->length += (uint32_t)unit;
		/* Ports ascend. */
		data[end] = (uint8_t)(data[end] + 1);
		return size + unit;
	}
	if (rec->length < unit)
		return size;
	memmove(data + end - unit, data + end, size - end);
	rec->length -= (uint32_t)unit;
	return size - unit;
}

/* What must fit, if the rest is to be reached. */
static void repair(uint8_t *data, size_t size)
{
	struct xen_gtm_header *header = (struct xen_gtm_header *)data;
	struct xen_gtm_domain *domain = NULL;
	size_t at = sizeof(*header);

	header->total_len = size;
	header->nr_records = 0;
	while (size - at >= sizeof(struct xen_gtm_record)) {
		struct xen_gtm_record *rec = (void *)(data + at);
		size_t len = (rec->length + 7ull) & ~7ull;

		at += sizeof(*rec);
		if (len > size - at)
			return;
		if (rec->type == XEN_GTM_REC_DOMAIN && len == sizeof(*domain))
			domain = (void *)(data + at);
		if (rec->type == XEN_GTM_REC_EVTCHN && domain && len >= 32)
			domain->nr_ports =
				((struct xen_gtm_port *)(data +
							 at))[len / 32 - 1]
					.port +
				1;
		header->nr_records++;
		at += len;
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	struct xen_gtm_record *rec;
	size_t at = sizeof(struct xen_gtm_header), end, skip;
	uint32_t state = seed;

	if (size < at || next(&state) % 8 == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	for (skip = next(&state) % 10;; skip--) {
		if (size - at < sizeof(*rec))
			return LLVMFuzzerMutate(data, size, max_size);
		rec = (struct xen_gtm_record *)(data + at);
		end = at + sizeof(*rec) + ((rec->length + 7ull) & ~7ull);
		if (end > size || end % 8)
			return LLVMFuzzerMutate(data, size, max_size);
		if (!skip)
			break;
		at = end;
	}
	if (next(&state) % 6 == 0)
		size = resize(data, size, max_size, at, end, &state);
	else if (end - at > sizeof(*rec) && next(&state) % 16)
		change_field(data + at + sizeof(*rec),
			     /* Pages have nothing to be checked in them. */
			     end - at - sizeof(*rec) > 512
				     ? 512
				     : end - at - sizeof(*rec),
			     &state);
	else
		change_field(data + at, sizeof(*rec), &state);
	if (next(&state) % 4)
		repair(data, size);
	return size;
}
