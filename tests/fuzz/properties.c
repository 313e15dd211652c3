/* SPDX-License-Identifier: GPL-2.0-only */
/* What must hold for every image that could be read, whatever is in it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "state/image.h"
#include "wire/perm.h"

#define N_USES (XS_IMAGE_USE_417 + 1)

void fuzz_fail(const char *file, int line, const char *cond, const char *fmt,
	       ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: not so: %s: ", file, line, cond);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

/* Every message is ended by a NUL, and printable. */
void fuzz_report(void *arg, const struct xs_image_error *err)
{
	char text[XS_IMAGE_ERROR_TEXT];
	size_t i, len = xs_image_error_format(err, text);

	(void)arg;
	fuzz_require(err->rule, "an error without a rule");
	fuzz_require(len < sizeof(text) && len == strlen(text),
		     "the text of a message has %zu bytes", len);
	for (i = 0; i < len; i++)
		fuzz_require(text[i] >= ' ' && text[i] < 127,
			     "0x%x in a message", (unsigned char)text[i]);
}

static bool same_span(const struct xs_span *a, const struct xs_span *b)
{
	return a->len == b->len &&
	       (!a->len || !memcmp(a->data, b->data, a->len));
}

static void require_same_conns(const struct xs_image *a,
			       const struct xs_image *b)
{
	uint32_t i;

	for (i = 0; i < a->n_conns; i++) {
		const struct xs_image_conn *x = &a->conns[i];
		const struct xs_image_conn *y = &b->conns[i];

		fuzz_require(x->id == y->id && x->kind == y->kind &&
				     x->domid == y->domid &&
				     x->target == y->target && x->fd == y->fd &&
				     x->local_port == y->local_port &&
				     x->resp_left == y->resp_left &&
				     x->has_unique_id == y->has_unique_id &&
				     x->unique_id == y->unique_id,
			     "connection %u", i);
		fuzz_require(same_span(&x->in, &y->in) &&
				     same_span(&x->out, &y->out),
			     "input and output of connection %u", i);
		fuzz_require(x->has_ext == y->has_ext &&
				     x->ignored == y->ignored &&
				     x->shutdown_told == y->shutdown_told &&
				     x->introduced == y->introduced &&
				     x->guest_port == y->guest_port &&
				     x->last_tx_id == y->last_tx_id &&
				     x->ring_features == y->ring_features &&
				     !memcmp(x->handle, y->handle, 16),
			     "extension of connection %u", i);
	}
}

static void require_same_nodes(const struct xs_image *a,
			       const struct xs_image *b)
{
	uint32_t i, k;

	for (i = 0; i < a->n_nodes; i++) {
		const struct xs_image_node *x = &a->nodes[i];
		const struct xs_image_node *y = &b->nodes[i];

		fuzz_require(same_span(&x->path, &y->path) &&
				     same_span(&x->value, &y->value) &&
				     x->n_perms == y->n_perms,
			     "node %u", i);
		for (k = 0; k < x->n_perms; k++)
			fuzz_require(x->perms[k].access == y->perms[k].access &&
					     x->perms[k].flags ==
						     y->perms[k].flags &&
					     x->perms[k].domid ==
						     y->perms[k].domid,
				     "permission %u of node %u", k, i);
	}
}

static void require_same_txns(const struct xs_image *a,
			      const struct xs_image *b)
{
	uint32_t i, k;

	for (i = 0; i < a->n_txns; i++) {
		const struct xs_image_txn *x = &a->txns[i], *y = &b->txns[i];

		fuzz_require(x->conn_id == y->conn_id && x->tx_id == y->tx_id &&
				     x->age_ms == y->age_ms &&
				     x->doomed == y->doomed &&
				     x->bare == y->bare &&
				     x->n_requests == y->n_requests &&
				     !memcmp(x->key, y->key, sizeof(x->key)),
			     "transaction %u", i);
		for (k = 0; k < x->n_requests; k++) {
			const struct xs_image_request *p = &x->requests[k];
			const struct xs_image_request *q = &y->requests[k];

			fuzz_require(p->kind == q->kind && p->rc == q->rc &&
					     p->gen == q->gen &&
					     p->sum == q->sum &&
					     same_span(&p->path, &q->path) &&
					     same_span(&p->data, &q->data),
				     "request %u of transaction %u", k, i);
		}
	}
}

static void require_same_quotas(const struct xs_image_quota *a,
				const struct xs_image_quota *b, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		fuzz_require(same_span(&a[i].name, &b[i].name) &&
				     a[i].value == b[i].value,
			     "quota %u", i);
}

static void require_same_rest(const struct xs_image *a,
			      const struct xs_image *b)
{
	uint32_t i;

	fuzz_require(a->global.present == b->global.present &&
			     a->global.socket_fd == b->global.socket_fd &&
			     a->global.evtchn_fd == b->global.evtchn_fd &&
			     a->global.has_ext == b->global.has_ext &&
			     a->global.gen == b->global.gen &&
			     a->global.last_conn_id == b->global.last_conn_id,
		     "global");
	fuzz_require(a->origin.present == b->origin.present &&
			     a->origin.kind == b->origin.kind &&
			     a->origin.time == b->origin.time &&
			     same_span(&a->origin.uuid, &b->origin.uuid) &&
			     same_span(&a->origin.host, &b->origin.host) &&
			     same_span(&a->origin.xen, &b->origin.xen) &&
			     same_span(&a->origin.daemon, &b->origin.daemon) &&
			     same_span(&a->origin.more, &b->origin.more),
		     "origin");
	fuzz_require(a->quota.present == b->quota.present &&
			     a->quota.n_domain == b->quota.n_domain &&
			     a->quota.n_global == b->quota.n_global,
		     "global quotas");
	require_same_quotas(a->quota.quotas, b->quota.quotas,
			    (uint32_t)a->quota.n_domain + a->quota.n_global);
	fuzz_require(a->n_domains == b->n_domains, "domains");
	for (i = 0; i < a->n_domains; i++) {
		const struct xs_image_domain *x = &a->domains[i];
		const struct xs_image_domain *y = &b->domains[i];

		fuzz_require(x->domid == y->domid &&
				     x->features == y->features &&
				     x->n_quotas == y->n_quotas,
			     "domain %u", i);
		require_same_quotas(x->quotas, y->quotas, x->n_quotas);
	}
}

/* a, valid, was written and read again as b. */
static void require_same(const struct xs_image *a, const struct xs_image *b)
{
	fuzz_require(a->n_conns == b->n_conns && a->n_nodes == b->n_nodes &&
			     a->n_watches == b->n_watches &&
			     a->n_txns == b->n_txns &&
			     a->n_unknowns == b->n_unknowns,
		     "something got lost");
	require_same_conns(a, b);
	require_same_nodes(a, b);
	require_same_txns(a, b);
	require_same_rest(a, b);
}

static void read_again(struct xs_image *image, const struct xs_image_out *out)
{
	struct xs_image_error err;
	int rc;

	xs_image_init(image, NULL);
	rc = xs_image_decode(image, out->data, out->len, &err);
	fuzz_require(!rc, "what was written cannot be read: %s", err.text);
	fuzz_require(image->len == out->len, "bytes follow END");
}

/* Written, read and written again in our own format: the same bytes. */
static void check_ours(const struct xs_image *image, const bool *valid)
{
	struct xs_image_format format = xs_image_format_ours;
	struct xs_image_out first = {0}, second = {0};
	struct xs_image again;
	int use, rc;

	format.unknown = true;
	format.big_endian = image->big_endian;
	rc = xs_image_encode(image, &format, &first);
	fuzz_require(!rc, "not to be written: %d", rc);
	read_again(&again, &first);
	rc = xs_image_encode(&again, &format, &second);
	fuzz_require(!rc && first.len == second.len &&
			     !memcmp(first.data, second.data, first.len),
		     "written twice, it is not the same");
	if (valid[XS_IMAGE_USE_ANY])
		require_same(image, &again);
	for (use = 0; use < N_USES; use++)
		fuzz_require(!valid[use] ||
				     !xs_image_validate(&again, use,
							fuzz_report, NULL),
			     "good for use %d no more", use);
	xs_image_fini(&again);
	xs_image_out_fini(&first);
	xs_image_out_fini(&second);
}

/* Messages are bytes of their clients, which stay in the order they have. */
static bool has_messages(const struct xs_image *image)
{
	uint32_t i;

	for (i = 0; i < image->n_conns; i++)
		if (image->conns[i].in.len || image->conns[i].out.len)
			return true;
	return false;
}

/* Whatever the format, what is written can be read, and serves its purpose. */
static void check_format(const struct xs_image *image, const bool *valid,
			 const struct xs_image_format *format)
{
	struct xs_image_out out = {0};
	struct xs_image again;
	bool is_turned =
		format->big_endian != image->big_endian && has_messages(image);
	int rc = xs_image_encode(image, format, &out);

	fuzz_require(!rc, "not to be written in version %u: %d",
		     format->version, rc);
	read_again(&again, &out);
	if (valid[XS_IMAGE_USE_ANY] && !is_turned)
		fuzz_require(!xs_image_validate(&again, XS_IMAGE_USE_ANY,
						fuzz_report, NULL),
			     "valid no more");
	if (format->for_417 && valid[XS_IMAGE_USE_417] && !is_turned)
		fuzz_require(!xs_image_validate(&again, XS_IMAGE_USE_417,
						fuzz_report, NULL),
			     "good for 4.17 no more");
	xs_image_fini(&again);
	xs_image_out_fini(&out);
}

void fuzz_image_properties(const struct xs_image *image)
{
	struct xs_image_format f;
	bool valid[N_USES];
	unsigned int i;
	int rc;

	for (i = 0; i < N_USES; i++) {
		rc = xs_image_validate(image, i, fuzz_report, NULL);
		fuzz_require(rc == 0 || rc == 1, "validation says %d", rc);
		valid[i] = !rc;
	}
	for (i = 1; i < N_USES; i++)
		/* Who loads finds doubles and orphans without being told. */
		fuzz_require(!valid[i] || valid[XS_IMAGE_USE_ANY] ||
				     i == XS_IMAGE_USE_LOAD,
			     "good for %u but not to be looked at", i);
	check_ours(image, valid);
	check_format(image, valid, &xs_image_format_ours);
	check_format(image, valid, &xs_image_format_417);
	/* One of the other sixteen, which only depends on the input. */
	i = (unsigned int)(image->stream_len / 8 + image->n_records);
	f = (struct xs_image_format){
		.version = 1 + (i & 1),
		.extensions = i & 2,
		.plain_watches = i & 4,
		.big_endian = i & 8,
	};
	check_format(image, valid, &f);
}
