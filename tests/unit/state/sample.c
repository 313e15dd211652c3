/* SPDX-License-Identifier: GPL-2.0-only */
/* Images for the tests. */
#include "unit/state/sample.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/perm.h"

static int keep_text(struct xs_image *image, const char *text,
		     struct xs_span *spanp)
{
	return xs_image_keep(image, text, strlen(text), spanp);
}

static int keep_random(struct xs_image *image, struct rng *rng, uint32_t max,
		       struct xs_span *spanp)
{
	uint8_t bytes[4096];
	uint32_t i, len = rng_below(rng, max + 1);

	for (i = 0; i < len; i++)
		bytes[i] = (uint8_t)rng_next(rng);
	return xs_image_keep(image, bytes, len, spanp);
}

/* Whole messages, then part bytes of another. */
static int keep_messages(struct xs_image *image, struct rng *rng, uint32_t n,
			 uint32_t part, struct xs_span *spanp)
{
	uint8_t bytes[2048] = {0};
	uint32_t i, payload;
	size_t len = 0;

	for (i = 0; i < n; i++) {
		payload = rng_below(rng, 100);
		bytes[len] = 2;
		bytes[len + 12] = (uint8_t)payload;
		len += 16 + payload;
	}
	bytes[len + 12] = 200; /* more than there is */
	return xs_image_keep(image, bytes, len + part, spanp);
}

static int add_conn(struct xs_image *image, struct rng *rng, uint32_t id,
		    uint16_t domid, bool ring, bool parts)
{
	struct xs_image_conn conn = {
		.id = id, .target = XS_IMAGE_NO_DOMID, .fd = -1};
	uint32_t rest = parts ? rng_below(rng, 16) : 0;
	struct xs_span out;
	uint8_t *bytes;
	int rc;

	conn.kind = ring ? XS_IMAGE_RING : XS_IMAGE_SOCKET;
	if (ring) {
		conn.domid = domid;
		conn.local_port = rng_below(rng, 1000) + 1;
		conn.has_unique_id = rng_below(rng, 2);
		if (conn.has_unique_id)
			conn.unique_id = (uint64_t)rng_next(rng) << 32 | id;
	} else {
		conn.fd = (int32_t)(100 + id);
	}
	conn.has_ext = rng_below(rng, 2);
	if (conn.has_ext) {
		conn.ignored = rng_below(rng, 2);
		conn.shutdown_told = rng_below(rng, 2);
		conn.introduced = rng_below(rng, 2);
		conn.guest_port = rng_next(rng);
		conn.last_tx_id = rng_next(rng);
		conn.ring_features = rng_below(rng, 16);
		memset(conn.handle, (int)id, sizeof(conn.handle));
	}
	rc = keep_messages(image, rng, parts ? rng_below(rng, 3) : 0,
			   parts ? rng_below(rng, 30) : 0, &conn.in);
	if (!rc)
		rc = keep_messages(image, rng, rng_below(rng, 3), 0, &out);
	if (rc)
		return rc;
	bytes = malloc(out.len + rest + 1);
	if (!bytes)
		return -12;
	memset(bytes, 'r', rest);
	memcpy(bytes + rest, out.data, out.len);
	rc = xs_image_keep(image, bytes, out.len + rest, &conn.out);
	free(bytes);
	conn.resp_left = rest;
	return rc ? rc : xs_image_add_conn(image, &conn);
}

static int add_watches(struct xs_image *image, struct rng *rng, uint32_t id)
{
	uint32_t i, n = rng_below(rng, 4);
	int rc = 0;

	for (i = 0; !rc && i < n; i++) {
		struct xs_image_watch watch = {.conn_id = id,
					       .depth = XS_IMAGE_NO_DEPTH};
		char path[64];

		snprintf(path, sizeof(path),
			 i % 3 == 2 ? "@releaseDomain"
			 : i % 3    ? "/w/%u"
				    : "device/%u",
			 rng_below(rng, 100));
		if (rng_below(rng, 3) == 0)
			watch.depth = (int32_t)rng_below(rng, 9);
		rc = keep_text(image, path, &watch.path);
		snprintf(path, sizeof(path), "token\x01 %u", i);
		if (!rc)
			rc = keep_text(image, path, &watch.token);
		if (!rc)
			rc = xs_image_add_watch(image, &watch);
	}
	return rc;
}

static int add_node(struct xs_image *image, struct rng *rng, const char *path,
		    uint16_t domid)
{
	struct xs_image_node node = {.n_perms = 1};
	struct xs_perm perms[4];
	uint16_t i;
	int rc;

	node.n_perms = (uint16_t)(1 + rng_below(rng, 4));
	for (i = 0; i < node.n_perms; i++) {
		perms[i].access = (uint8_t)rng_below(rng, 4);
		perms[i].flags = i ? (uint8_t)rng_below(rng, 2) : 0;
		perms[i].domid = i ? (uint16_t)rng_below(rng, 100) : domid;
	}
	rc = keep_text(image, path, &node.path);
	if (!rc)
		rc = keep_random(image, rng, rng_below(rng, 8) ? 20 : 3000,
				 &node.value);
	if (!rc)
		rc = xs_image_keep_perms(image, perms, node.n_perms,
					 &node.perms);
	return rc ? rc : xs_image_add_node(image, &node);
}

static int add_nodes(struct xs_image *image, struct rng *rng, uint16_t domid,
		     bool root)
{
	uint32_t i, k;
	char path[64];
	int rc = 0;

	if (root) {
		rc = add_node(image, rng, "@releaseDomain", 0);
		if (!rc)
			rc = add_node(image, rng, "/", 0);
	}
	for (i = 0; !rc && i < rng_below(rng, 8); i++) {
		snprintf(path, sizeof(path), "/n%u", i);
		rc = add_node(image, rng, path, domid);
		for (k = 0; !rc && k < rng_below(rng, 5); k++) {
			snprintf(path, sizeof(path), "/n%u/c%u", i, k);
			rc = add_node(image, rng, path, domid);
		}
	}
	return rc;
}

static int add_txn(struct xs_image *image, struct rng *rng, uint32_t id,
		   uint32_t tx)
{
	static const char perms[] = "b7\0r0";
	struct xs_image_txn txn = {.conn_id = id, .tx_id = tx};
	uint32_t i, n = rng_below(rng, 8);
	int rc;

	txn.bare = rng_below(rng, 5) == 0;
	txn.doomed = txn.bare || rng_below(rng, 2);
	if (!txn.bare) {
		txn.age_ms = rng_next(rng);
		memset(txn.key, (int)tx, sizeof(txn.key));
	}
	rc = xs_image_add_txn(image, &txn);
	for (i = 0; !rc && !txn.bare && i < n; i++) {
		struct xs_image_request rq = {.gen = rng_next(rng),
					      .sum = rng_next(rng)};

		rq.kind = (uint8_t)rng_below(rng, XS_IMAGE_R_COUNT);
		rq.rc = -(int32_t)rng_below(rng, 40);
		rc = keep_text(image, "/n1/c0", &rq.path);
		if (!rc && rq.kind == XS_IMAGE_R_WRITE)
			rc = keep_random(image, rng, 50, &rq.data);
		if (!rc && rq.kind == XS_IMAGE_R_SET_PERMS)
			rc = xs_image_keep(image, perms, sizeof(perms),
					   &rq.data);
		if (!rc)
			rc = xs_image_add_request(image, &rq);
	}
	return rc;
}

static int add_quotas(struct xs_image *image, struct rng *rng, uint16_t domid,
		      bool global)
{
	static const char *const names[] = {"nodes", "memory", "newer-one"};
	struct xs_image_quota quotas[3];
	struct xs_image_domain domain = {.domid = domid};
	uint16_t n = (uint16_t)rng_below(rng, 4), i;
	int rc;

	for (i = 0; i < n; i++) {
		quotas[i].name.data = (const uint8_t *)names[i];
		quotas[i].name.len = strlen(names[i]);
		quotas[i].value = rng_next(rng);
	}
	rc = xs_image_keep_quotas(image, quotas, n, &domain.quotas);
	if (rc)
		return rc;
	if (global) {
		image->quota.present = true;
		image->quota.n_domain = n;
		image->quota.quotas = domain.quotas;
		return 0;
	}
	domain.n_quotas = n;
	domain.features = rng_below(rng, 16);
	return xs_image_add_domain(image, &domain);
}

static int add_origin(struct xs_image *image, struct rng *rng,
		      enum xs_image_what what, uint16_t domid)
{
	struct xs_image_origin *origin = &image->origin;
	int rc;

	origin->present = true;
	origin->kind = what;
	origin->domid = what == XS_IMAGE_DOMAIN ? domid : 0;
	origin->time = rng_next(rng);
	rc = keep_text(image, "host.example", &origin->host);
	if (!rc && rng_below(rng, 2))
		rc = keep_text(image, "4.17.5", &origin->xen);
	if (!rc && rng_below(rng, 2))
		rc = keep_text(image, "newer=yes\n", &origin->more);
	return rc;
}

int sample_random(struct xs_image *image, struct rng *rng,
		  enum xs_image_what what)
{
	bool whole = what == XS_IMAGE_WHOLE;
	uint16_t domid = whole ? 0 : (uint16_t)(1 + rng_below(rng, 1000));
	uint32_t i, n = whole ? 1 + rng_below(rng, 6) : 1;
	int rc = add_origin(image, rng, what, domid);

	if (!rc && whole) {
		image->global.present = true;
		image->global.socket_fd = 3;
		image->global.evtchn_fd = 4;
		image->global.has_ext = rng_below(rng, 2);
		if (image->global.has_ext) {
			image->global.gen = (uint64_t)rng_next(rng) << 20;
			image->global.last_conn_id = rng_next(rng);
			image->global.virq_port = rng_below(rng, 9);
		}
		rc = add_quotas(image, rng, 0, true);
	}
	for (i = 1; !rc && i <= n; i++) {
		rc = add_conn(image, rng, i, (uint16_t)(whole ? i - 1 : domid),
			      !whole || i == 1 || rng_below(rng, 2), true);
		if (!rc)
			rc = add_watches(image, rng, i);
		if (!rc && rng_below(rng, 3) == 0)
			rc = add_txn(image, rng, i, 1 + rng_below(rng, 9));
	}
	if (!rc)
		rc = add_nodes(image, rng, domid, whole);
	if (!rc)
		rc = add_quotas(image, rng, domid, false);
	return rc;
}

uint8_t *sample_file(const char *path, size_t *lenp)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(1 << 20);

	ck_assert_msg(file && data, "%s cannot be read", path);
	*lenp = fread(data, 1, 1 << 20, file);
	fclose(file);
	return data;
}

void sample_write(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "wb");

	ck_assert_msg(file, "%s cannot be written", path);
	ck_assert_uint_eq(fwrite(data, 1, len, file), len);
	fclose(file);
}

void raw_int(struct raw *raw, uint64_t value, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		raw->data[raw->len + (raw->big ? size - 1 - i : i)] =
			(uint8_t)(value >> (8 * i));
	raw->len += size;
}

void raw_text(struct raw *raw, const char *text, size_t len)
{
	memcpy(raw->data + raw->len, text, len);
	raw->len += len;
}

void raw_begin(struct raw *raw, uint32_t version, bool big)
{
	memset(raw, 0, sizeof(*raw));
	raw_text(raw, "xenstore", 8);
	raw->big = true;
	raw_int(raw, version, 4);
	raw_int(raw, big, 4);
	raw->big = big;
}

void raw_record(struct raw *raw, uint32_t type, const char *fmt, ...)
{
	size_t start, end;
	const char *text;
	va_list ap;

	raw_int(raw, type, 4);
	raw_int(raw, 0, 4);
	start = raw->len;
	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		if (*fmt >= '1' && *fmt <= '8') {
			raw_int(raw, va_arg(ap, uint64_t),
				(size_t)(*fmt - '0'));
		} else if (*fmt == 's' || *fmt == 't') { /* t: without NUL */
			text = va_arg(ap, const char *);
			raw_text(raw, text, strlen(text) + (*fmt == 's'));
		} else {
			raw->len = start + ((raw->len - start + 7) & ~7ul);
		}
	}
	va_end(ap);
	end = raw->len = start + ((raw->len - start + 7) & ~7ul);
	raw->len = start - 4;
	raw_int(raw, end - start, 4);
	raw->len = end;
}

void raw_end(struct raw *raw)
{
	raw_record(raw, 0, "");
}
