/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The growing buffer that is written to.
 *
 * I1  After a failure every further call does nothing, so one check at the end
 *     is enough.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state/encode_priv.h"
#include "state/records.h"

#define FIRST_ALLOC 4096

/* Gives the buffer back; it can be used again. */
void xs_image_out_fini(struct xs_image_out *out)
{
	free(out->data);
	memset(out, 0, sizeof(*out));
}

static bool grow(struct xs_encoder *e, size_t end)
{
	struct xs_image_out *out = e->out;
	size_t want = out->n_alloc ? out->n_alloc : FIRST_ALLOC;
	uint8_t *data;

	while (want < end)
		want *= 2;
	data = realloc(out->data, want);
	if (!data) {
		e->rc = -ENOMEM;
		return false;
	}
	out->data = data;
	out->n_alloc = want;
	return true;
}

static inline uint8_t *reserve(struct xs_encoder *e, size_t len)
{
	struct xs_image_out *out = e->out;
	uint8_t *data;
	size_t end;

	if (e->rc)
		return NULL;
	if (__builtin_add_overflow(out->len, len, &end) || end > SIZE_MAX / 2) {
		e->rc = -E2BIG;
		return NULL;
	}
	if (end > out->n_alloc && !grow(e, end))
		return NULL;
	data = out->data + out->len;
	out->len = end;
	return data;
}

void xs_put_bytes(struct xs_encoder *e, const void *data, size_t len)
{
	uint8_t *p = reserve(e, len);

	if (p && len)
		memcpy(p, data, len);
}

void xs_put_int(struct xs_encoder *e, uint64_t value, size_t size)
{
	uint8_t *p = reserve(e, size);
	size_t i;

	if (!p)
		return;
	for (i = 0; i < size; i++, value >>= 8)
		p[e->big ? size - 1 - i : i] = (uint8_t)value;
}

static void store_32(const struct xs_encoder *e, uint8_t *p, uint32_t value)
{
	const unsigned int flip = e->big ? 3 : 0;

	p[0 ^ flip] = (uint8_t)value;
	p[1 ^ flip] = (uint8_t)(value >> 8);
	p[2 ^ flip] = (uint8_t)(value >> 16);
	p[3 ^ flip] = (uint8_t)(value >> 24);
}

/* The same for a length, which may be too large. */
void xs_put_len(struct xs_encoder *e, size_t len, size_t size)
{
	if (len >> (8 * size) && !e->rc)
		e->rc = -E2BIG;
	xs_put_int(e, len, size);
}

/* With its NUL, at most max bytes. */
void xs_put_string(struct xs_encoder *e, const struct xs_span *span, size_t max)
{
	if (e->rc)
		return;
	if (span->len >= max) {
		e->rc = -E2BIG;
		return;
	}
	if (span->len && memchr(span->data, 0, span->len)) {
		e->rc = -EINVAL;
		return;
	}
	xs_put_bytes(e, span->data, span->len);
	xs_put_int(e, 0, 1);
}

/* Zeros up to the next multiple of 8 in the record. */
void xs_put_align(struct xs_encoder *e)
{
	static const uint8_t zeros[8];
	size_t pad;

	if (e->rc)
		return;
	pad = (8 - (e->out->len - e->record) % 8) % 8;
	xs_put_bytes(e, zeros, pad);
}

/* Begins a record, whose length xs_put_end() fills in. */
void xs_put_begin(struct xs_encoder *e, uint32_t type)
{
	uint8_t *p = reserve(e, 8);

	if (!p)
		return;
	store_32(e, p, type);
	store_32(e, p + 4, 0);
	e->record = e->out->len;
}

void xs_put_end(struct xs_encoder *e)
{
	size_t len;

	xs_put_align(e);
	if (e->rc)
		return;
	len = e->out->len - e->record;
	if (len > XS_STREAM_MAX) {
		e->rc = -E2BIG;
		return;
	}
	store_32(e, e->out->data + e->record - 4, (uint32_t)len);
}

/* The connection with that number in a table ordered by it, or UINT32_MAX. */
struct by_number {
	uint32_t number;
	uint32_t i;
};

static int compare(const void *a, const void *b)
{
	const struct by_number *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->i < y->i ? -1 : x->i > y->i;
}

static uint32_t find(const struct by_number *table, uint32_t n, uint32_t number)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (table[mid].number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && table[low].number == number ? table[low].i
						      : UINT32_MAX;
}

static void order_watches(struct xs_encoder *e, const struct by_number *table)
{
	const struct xs_image *image = e->image;
	uint32_t w, i;

	for (i = 0; i < image->n_conns; i++)
		e->first_watch[i] = UINT32_MAX;
	for (w = image->n_watches; w-- > 0;) {
		i = find(table, image->n_conns, image->watches[w].conn_id);
		e->next_watch[w] = UINT32_MAX;
		if (i == UINT32_MAX)
			continue;
		e->next_watch[w] = e->first_watch[i];
		e->first_watch[i] = w;
	}
}

static bool is_dom0(const struct xs_image_conn *conn)
{
	return conn->kind == XS_IMAGE_RING && !conn->domid;
}

/*
 * 4.17 needs domain 0's ring before everything else, and a target's connection
 * before that of its stub domain.  Each connection is visited at most twice.
 */
static void order_for_417(struct xs_encoder *e, const struct by_number *domids,
			  uint32_t n_domids, uint8_t *done, uint32_t *stack)
{
	const struct xs_image_conn *conns = e->image->conns;
	uint32_t n = 0, i, target, depth;

	for (i = 0; i < e->image->n_conns; i++) {
		if (is_dom0(&conns[i]) && !done[i]) {
			done[i] = 2;
			e->order[n++] = i;
		}
	}
	for (i = 0; i < e->image->n_conns; i++) {
		depth = 0;
		target = i;
		while (target != UINT32_MAX && !done[target]) {
			done[target] = 1;
			stack[depth++] = target;
			if (conns[target].kind != XS_IMAGE_RING ||
			    conns[target].target == XS_IMAGE_NO_DOMID)
				break;
			target = find(domids, n_domids, conns[target].target);
		}
		while (depth)
			e->order[n++] = stack[--depth];
	}
}

/*
 * Which connection comes when, and which watches follow it; -ENOMEM.  Sorting,
 * not hashing: no key is needed and ids may be hostile.
 */
int xs_encode_order(struct xs_encoder *e)
{
	const struct xs_image *image = e->image;
	size_t n = image->n_conns ? image->n_conns : 1;
	size_t n_watches = image->n_watches ? image->n_watches : 1;
	struct by_number *table = calloc(n, sizeof(*table));
	uint32_t *stack = calloc(n, sizeof(*stack));
	uint8_t *done = calloc(n, 1);
	uint32_t i, n_rings = 0;
	int rc = -ENOMEM;

	e->order = calloc(n, sizeof(*e->order));
	e->first_watch = calloc(n, sizeof(*e->first_watch));
	e->next_watch = calloc(n_watches, sizeof(*e->next_watch));
	if (!table || !stack || !done || !e->order || !e->first_watch ||
	    !e->next_watch)
		goto out;
	rc = 0;
	for (i = 0; i < image->n_conns; i++) {
		e->order[i] = i;
		table[i].number = image->conns[i].id;
		table[i].i = i;
	}
	qsort(table, image->n_conns, sizeof(*table), compare);
	order_watches(e, table);
	if (!e->format->for_417)
		goto out;
	for (i = 0; i < image->n_conns; i++) {
		if (image->conns[i].kind != XS_IMAGE_RING)
			continue;
		table[n_rings].number = image->conns[i].domid;
		table[n_rings++].i = i;
	}
	qsort(table, n_rings, sizeof(*table), compare);
	order_for_417(e, table, n_rings, done, stack);

out:
	free(table);
	free(stack);
	free(done);
	return rc;
}

void xs_encode_order_fini(struct xs_encoder *e)
{
	free(e->order);
	free(e->first_watch);
	free(e->next_watch);
}
