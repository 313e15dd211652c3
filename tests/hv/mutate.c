/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes a context.  The check in Xen refuses most of what is random, so
 * many changes are of what it lets pass: content, and fields that have many
 * values.  Header and lengths are put right afterwards more often than not.
 */
#include <string.h>

#include "hv/gtmctl.h"

#define MAX_RECORDS 64u

struct map {
	size_t at[MAX_RECORDS]; /* of the header of each record */
	unsigned int nr;
};

static struct xen_gtm_record *record(uint8_t *buf, size_t at)
{
	return (struct xen_gtm_record *)(void *)(buf + at);
}

static size_t whole(const struct xen_gtm_record *rec)
{
	return sizeof(*rec) + ((rec->length + (size_t)7) & ~(size_t)7);
}

static void find_records(uint8_t *buf, size_t size, struct map *map)
{
	size_t at = sizeof(struct xen_gtm_header);

	map->nr = 0;
	while (at + sizeof(struct xen_gtm_record) <= size &&
	       map->nr < MAX_RECORDS) {
		size_t len = whole(record(buf, at));

		if (len > size - at)
			break;
		map->at[map->nr++] = at;
		at += len;
	}
}

/* A random record of TYPE, or NULL. */
static struct xen_gtm_record *pick(struct rng *rng, uint8_t *buf,
				   const struct map *map, uint16_t type)
{
	struct xen_gtm_record *found[MAX_RECORDS];
	uint32_t i, n = 0;

	for (i = 0; i < map->nr; i++)
		if (record(buf, map->at[i])->type == type)
			found[n++] = record(buf, map->at[i]);
	return n ? found[roll(rng, n)] : NULL;
}

static uint64_t odd_number(struct rng *rng)
{
	static const uint64_t odd[] = {
		0,	    1,		2,
		3,	    15,		16,
		17,	    63,		64,
		0xff,	    0x100,	0x3ff,
		0x400,	    0x7ff0,	0x7ff1,
		0xffff,	    0x10000,	1u << 17,
		0x1fffffff, 1u << 29,	1u << 30,
		1u << 31,   0xffffffff, 1ull << 32,
		1ull << 51, 1ull << 62, (1ull << 63) - 1,
		1ull << 63, ~0ull,
	};

	if (roll(rng, 3))
		return odd[roll(rng, sizeof(odd) / sizeof(odd[0]))];
	return rng_next(rng) >> roll(rng, 64);
}

static void scribble(struct rng *rng, uint8_t *p, size_t len)
{
	size_t from = roll(rng, (uint32_t)len);
	size_t n = 1 + roll(rng, (uint32_t)(len - from));

	while (n--)
		p[from++] = (uint8_t)rng_next(rng);
}

static void flip_bits(struct rng *rng, uint8_t *p, size_t len)
{
	unsigned int n = 1 + roll(rng, 6);

	while (n--)
		p[roll(rng, (uint32_t)len)] ^= (uint8_t)(1u << roll(rng, 8));
}

static void set_field(struct rng *rng, uint8_t *p, size_t len)
{
	uint64_t value = odd_number(rng);
	size_t size = (size_t)1 << (1 + roll(rng, 3));

	if (len >= size)
		memcpy(p + size * roll(rng, (uint32_t)(len / size)), &value,
		       size);
}

/* ---- What is in the records -------------------------------------------- */

static void change_vcpu(struct rng *rng, struct xen_gtm_record *rec)
{
	struct xen_gtm_vcpu *v = (void *)(rec + 1);

	switch (roll(rng, 9)) {
	case 0:
		scribble(rng, v->control, sizeof(v->control));
		break;
	case 1:
		scribble(rng, v->vcpu_info, sizeof(v->vcpu_info));
		break;
	case 2:
		v->fifo_tail[roll(rng, 16)] = roll(rng, 1030);
		break;
	case 3:
		v->tsc = odd_number(rng);
		break;
	case 4:
		v->flags |= XEN_GTM_VCPU_SINGLESHOT;
		v->singleshot_left = (int64_t)odd_number(rng);
		break;
	case 5:
		v->flags |= XEN_GTM_VCPU_PERIODIC;
		v->periodic_period = (int64_t)odd_number(rng);
		v->periodic_left = (int64_t)odd_number(rng);
		break;
	case 6:
		v->runstate_time[roll(rng, 4)] = odd_number(rng);
		break;
	case 7:
		if (roll(rng, 2))
			v->runstate_va = odd_number(rng);
		else
			v->time_info_va = odd_number(rng);
		break;
	default:
		v->upcall_vector = roll(rng, 300);
		v->flags ^= roll(rng, 4) << 4;
		break;
	}
}

static void change_port(struct rng *rng, struct xen_gtm_record *rec)
{
	uint32_t n = rec->length / (uint32_t)sizeof(struct xen_gtm_port);
	struct xen_gtm_port *ports = (void *)(rec + 1);
	struct xen_gtm_port *p = &ports[roll(rng, n)], was;

	if (!n)
		return;
	switch (roll(rng, 8)) {
	case 0:
		p->state = (uint8_t)roll(rng, 7);
		p->value = roll(rng, 30);
		break;
	case 1:
		p->priority = (uint8_t)roll(rng, 17);
		break;
	case 2:
		p->last_priority = (uint8_t)roll(rng, 17);
		break;
	case 3:
		p->vcpu = (uint16_t)roll(rng, 3);
		break;
	case 4:
		p->last_vcpu = (uint16_t)roll(rng, 3);
		break;
	case 5:
		p->flags ^= XEN_GTM_PORT_LATCHED;
		break;
	case 6:
		p->remote_domid = (uint16_t)odd_number(rng);
		break;
	default: /* two change places, but not their numbers */
		was = *p;
		*p = ports[roll(rng, n)];
		p->port = was.port;
		break;
	}
}

static void change_words(struct rng *rng, struct xen_gtm_record *rec)
{
	struct xen_gtm_fifo *fifo = (void *)(rec + 1);
	size_t start = sizeof(*fifo) + fifo->nr_pages * sizeof(uint64_t);
	uint32_t *word = (void *)((uint8_t *)fifo + start);
	unsigned int n = 1 + roll(rng, 12);
	uint32_t ports;

	if (start + 4 > rec->length)
		return;
	ports = (rec->length - (uint32_t)start) / 4;
	/* Links that go in circles, most of them among ports in use. */
	while (n--) {
		uint32_t at = roll(rng, roll(rng, 3) ? 16 : ports);

		if (at < ports)
			word[at] = roll(rng, 8) << 29 |
				   roll(rng, roll(rng, 3) ? 16 : 1 << 17);
	}
}

static uint64_t some_gfn(struct rng *rng)
{
	switch (roll(rng, 6)) {
	case 0:
		return XEN_GTM_NONE;
	case 1:
		return 0x100 + roll(rng, 5); /* the program's own pages */
	case 2:
		return roll(rng, 1u << 20);
	case 3:
		return 0xfe000 + roll(rng, 5);
	case 4:
		return odd_number(rng);
	default:
		return 0x1300 + roll(rng, 2);
	}
}

static void change_gfn(struct rng *rng, uint8_t *buf, const struct map *map)
{
	struct xen_gtm_record *rec;
	uint64_t gfn = some_gfn(rng);

	switch (roll(rng, 4)) {
	case 0:
		rec = pick(rng, buf, map, XEN_GTM_REC_DOMAIN);
		if (rec)
			((struct xen_gtm_domain *)(void *)(rec + 1))
				->shared_info_gfn = gfn;
		break;
	case 1:
		rec = pick(rng, buf, map, XEN_GTM_REC_VCPU);
		if (rec && roll(rng, 2))
			((struct xen_gtm_vcpu *)(void *)(rec + 1))
				->vcpu_info_gfn = gfn;
		else if (rec)
			((struct xen_gtm_vcpu *)(void *)(rec + 1))
				->control_gfn = gfn;
		break;
	case 2:
		rec = pick(rng, buf, map, XEN_GTM_REC_FIFO);
		if (rec)
			memcpy((uint8_t *)(rec + 1) +
				       sizeof(struct xen_gtm_fifo),
			       &gfn, sizeof(gfn));
		break;
	default:
		rec = pick(rng, buf, map, XEN_GTM_REC_GNTTAB);
		if (rec)
			memcpy((uint8_t *)(rec + 1) +
				       sizeof(struct xen_gtm_gnttab),
			       &gfn, sizeof(gfn));
		break;
	}
}

static void change_content(struct rng *rng, uint8_t *buf, const struct map *map)
{
	struct xen_gtm_record *rec;

	if (roll(rng, 2)) {
		rec = pick(rng, buf, map, XEN_GTM_REC_SHINFO);
		if (rec)
			scribble(rng, (void *)(rec + 1), XEN_GTM_PAGE_SIZE);
		return;
	}
	rec = pick(rng, buf, map, XEN_GTM_REC_GNTTAB);
	if (rec && rec->length > XEN_GTM_PAGE_SIZE)
		scribble(rng,
			 (uint8_t *)(rec + 1) + rec->length - XEN_GTM_PAGE_SIZE,
			 XEN_GTM_PAGE_SIZE);
}

static void change_any(struct rng *rng, uint8_t *buf, const struct map *map)
{
	struct xen_gtm_record *rec = record(buf, map->at[roll(rng, map->nr)]);

	if (!rec->length)
		return;
	if (roll(rng, 2))
		flip_bits(rng, (void *)(rec + 1), rec->length);
	else
		set_field(rng, (void *)(rec + 1), rec->length);
}

/* ---- The records themselves -------------------------------------------- */

static size_t drop_record(struct rng *rng, uint8_t *buf, size_t size,
			  const struct map *map)
{
	size_t at = map->at[roll(rng, map->nr)];
	size_t len = whole(record(buf, at));

	memmove(buf + at, buf + at + len, size - at - len);
	return size - len;
}

static size_t repeat_record(struct rng *rng, uint8_t *buf, size_t size,
			    size_t room, const struct map *map)
{
	size_t at = map->at[roll(rng, map->nr)];
	size_t len = whole(record(buf, at));

	if (len > room - size)
		return size;
	memmove(buf + at + len, buf + at, size - at);
	return size + len;
}

static void turn_records(struct rng *rng, uint8_t *buf, const struct map *map)
{
	static uint8_t first[1u << 20];
	uint32_t i = roll(rng, map->nr - 1);
	size_t a = map->at[i], len_a = whole(record(buf, a));
	size_t b = map->at[i + 1], len_b = whole(record(buf, b));

	if (len_a > sizeof(first))
		return;
	memcpy(first, buf + a, len_a);
	memmove(buf + a, buf + b, len_b);
	memcpy(buf + a + len_b, first, len_a);
}

static size_t change_structure(struct rng *rng, uint8_t *buf, size_t size,
			       size_t room, const struct map *map)
{
	switch (roll(rng, 6)) {
	case 0:
		return drop_record(rng, buf, size, map);
	case 1:
		return repeat_record(rng, buf, size, room, map);
	case 2:
		turn_records(rng, buf, map);
		return size;
	case 3: /* cut short */
		return roll(rng, (uint32_t)size);
	case 4:
		set_field(rng, buf, sizeof(struct xen_gtm_header));
		return size;
	default:
		set_field(rng, (void *)record(buf, map->at[roll(rng, map->nr)]),
			  sizeof(struct xen_gtm_record));
		return size;
	}
}

static void repair(uint8_t *buf, size_t size)
{
	struct xen_gtm_header *header = (void *)buf;
	struct map map;

	if (size < sizeof(*header))
		return;
	find_records(buf, size, &map);
	header->magic = XEN_GTM_MAGIC;
	header->version = XEN_GTM_VERSION;
	header->header_len = sizeof(*header);
	header->total_len = size;
	header->nr_records = map.nr;
	header->reserved = 0;
}

static void change_known(struct rng *rng, uint8_t *buf, const struct map *map)
{
	static const uint16_t types[] = {XEN_GTM_REC_VCPU, XEN_GTM_REC_EVTCHN,
					 XEN_GTM_REC_FIFO};
	uint32_t kind = roll(rng, 3);
	struct xen_gtm_record *rec = pick(rng, buf, map, types[kind]);

	if (!rec)
		return;
	if (kind == 0 && rec->length == sizeof(struct xen_gtm_vcpu))
		change_vcpu(rng, rec);
	else if (kind == 1)
		change_port(rng, rec);
	else if (kind == 2 && rec->length >= sizeof(struct xen_gtm_fifo))
		change_words(rng, rec);
}

size_t mutate(struct rng *rng, uint8_t *buf, size_t size, size_t room)
{
	unsigned int n = 1 + roll(rng, 4);
	struct map map;

	while (n--) {
		find_records(buf, size, &map);
		if (map.nr < 2)
			break;
		switch (roll(rng, 12)) {
		case 0:
			size = change_structure(rng, buf, size, room, &map);
			break;
		case 1:
			change_any(rng, buf, &map);
			break;
		case 2:
		case 3:
			change_gfn(rng, buf, &map);
			break;
		case 4:
		case 5:
			change_content(rng, buf, &map);
			break;
		default:
			change_known(rng, buf, &map);
			break;
		}
	}
	if (roll(rng, 20))
		repair(buf, size);
	return size;
}
