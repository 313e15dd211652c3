/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes a stream apart, without asking whether it makes sense: the common
 * migration stream, versions 1 and 2, in either byte order.
 *
 * I1  Every byte is read through a bounded reader, every length is compared
 *     with what is left before it is used.
 * I2  Memory is asked for in proportion to bytes that are really there.
 * I3  The image's spans point into the stream.
 */
#include <errno.h>
#include <string.h>

#include "state/decode_priv.h"
#include "state/pool.h"
#include "wire/perm.h"

#define CONN_UNIQUE_ID 1

/* len bytes in place, or the rule is broken. */
int xs_decode_span(struct xs_decoder *d, size_t len, enum xs_rule rule,
		   const char *what, struct xs_span *spanp)
{
	const uint8_t *data = xs_rd_bytes(&d->body, len);

	if (!data)
		return decoder_wrong(d, rule, "%s-len %zu exceeds the record",
				     what, len);
	spanp->data = data;
	spanp->len = len;
	return 0;
}

/* Whether data ends with the only NUL in it. */
bool xs_decode_is_string(const uint8_t *data, size_t len)
{
	return len && memchr(data, 0, len) == data + len - 1;
}

/* A string whose NUL is counted in len but not in the span. */
int xs_decode_string(struct xs_decoder *d, size_t len, enum xs_rule too_long,
		     enum xs_rule no_nul, const char *what,
		     struct xs_span *spanp)
{
	int rc = xs_decode_span(d, len, too_long, what, spanp);

	if (rc)
		return rc;
	if (!xs_decode_is_string(spanp->data, len))
		return decoder_wrong(d, no_nul,
				     "%s does not end with its only NUL", what);
	spanp->len--;
	return 0;
}

/* Our own records are padded with zeros. */
int xs_decode_padding(struct xs_decoder *d)
{
	while (xs_rd_left(&d->body))
		if (xs_rd_int(&d->body, 1, false))
			return decoder_wrong(d, XS_RULE_R_6,
					     "padding is not zero");
	return 0;
}

static int decode_global(struct xs_decoder *d)
{
	struct xs_image_global *global = &d->image->global;

	if (global->present)
		return decoder_wrong(d, XS_RULE_R_5, "comes a second time");
	if (d->record.body.len != 8)
		return decoder_wrong(d, XS_RULE_G_1, "length %zu is not 8",
				     d->record.body.len);
	global->present = true;
	global->socket_fd = decoder_i32(d);
	global->evtchn_fd = decoder_i32(d);
	global->at = d->record.at;
	return 0;
}

/* Steps over padding to the next multiple of 8. */
static void skip_to_8(struct xs_decoder *d)
{
	size_t used = d->record.body.len - xs_rd_left(&d->body);

	xs_rd_bytes(&d->body, (8 - used % 8) % 8);
}

static int decode_conn(struct xs_decoder *d)
{
	struct xs_image_conn conn = {
		.at = d->record.at, .target = XS_IMAGE_NO_DOMID, .fd = -1};
	uint32_t kind, fields, in_len, out_len;
	int rc;

	conn.id = decoder_u32(d);
	kind = decoder_u16(d);
	fields = decoder_u16(d);
	if (kind == XS_IMAGE_RING) {
		conn.domid = decoder_u16(d);
		conn.target = decoder_u16(d);
		conn.local_port = decoder_u32(d);
	} else {
		conn.fd = decoder_i32(d);
		decoder_u32(d);
	}
	in_len = decoder_u16(d);
	conn.resp_left = decoder_u16(d);
	out_len = decoder_u32(d);
	if (d->body.failed)
		return decoder_wrong(d, XS_RULE_C_1, "length %zu is too short",
				     d->record.body.len);
	if (kind != XS_IMAGE_RING && kind != XS_IMAGE_SOCKET)
		return decoder_wrong(d, XS_RULE_C_2, "kind %u is not known",
				     kind);
	conn.kind = kind;
	if (fields & ~(uint32_t)CONN_UNIQUE_ID)
		return decoder_wrong(d, XS_RULE_C_3,
				     "fields 0x%x are not known", fields);
	rc = xs_decode_span(d, in_len, XS_RULE_C_4, "in", &conn.in);
	if (!rc)
		rc = xs_decode_span(d, out_len, XS_RULE_C_4, "out", &conn.out);
	if (rc)
		return rc;
	if (fields & CONN_UNIQUE_ID) {
		skip_to_8(d);
		conn.has_unique_id = true;
		conn.unique_id = decoder_int(d, 8);
		if (d->body.failed)
			return decoder_wrong(d, XS_RULE_C_4,
					     "the unique id is missing");
	}
	return xs_image_add_conn(d->image, &conn);
}

static int decode_watch(struct xs_decoder *d)
{
	struct xs_image_watch watch = {.at = d->record.at,
				       .depth = XS_IMAGE_NO_DEPTH};
	size_t path_len, token_len;
	int rc;

	watch.conn_id = decoder_u32(d);
	path_len = decoder_u16(d);
	token_len = decoder_u16(d);
	if (d->body.failed)
		return decoder_wrong(d, XS_RULE_W_1, "length %zu is too short",
				     d->record.body.len);
	rc = xs_decode_string(d, path_len, XS_RULE_W_2, XS_RULE_W_3, "path",
			      &watch.path);
	if (!rc)
		rc = xs_decode_string(d, token_len, XS_RULE_W_2, XS_RULE_W_3,
				      "token", &watch.token);
	return rc ? rc : xs_image_add_watch(d->image, &watch);
}

/* The one letter of a permission; -EINVAL. */
static int access_of(uint64_t letter)
{
	switch (letter) {
	case 'n':
		return XS_PERM_NONE;
	case 'r':
		return XS_PERM_READ;
	case 'w':
		return XS_PERM_WRITE;
	case 'b':
		return XS_PERM_READ | XS_PERM_WRITE;
	default:
		return -EINVAL;
	}
}

static int decode_perms(struct xs_decoder *d, struct xs_image_node *node)
{
	struct xs_perm *perms;
	uint16_t i;

	if (!node->n_perms)
		return decoder_wrong(d, XS_RULE_N_7,
				     "there are no permissions");
	if ((size_t)node->n_perms * 4 > xs_rd_left(&d->body))
		return decoder_wrong(d, XS_RULE_N_2,
				     "%u permissions exceed the record",
				     node->n_perms);
	perms = xs_image_alloc(d->image, node->n_perms * sizeof(*perms));
	if (!perms)
		return -ENOMEM;
	for (i = 0; i < node->n_perms; i++) {
		uint64_t letter = decoder_int(d, 1);
		uint64_t flags = decoder_int(d, 1);
		int access = access_of(letter);

		if (access < 0)
			return decoder_wrong(d, XS_RULE_N_6,
					     "permission %u begins with 0x%x",
					     i, (unsigned int)letter);
		if (flags & ~(uint64_t)XS_PERM_F_IGNORE)
			return decoder_wrong(d, XS_RULE_N_6,
					     "permission %u has flags 0x%x", i,
					     (unsigned int)flags);
		perms[i].access = (uint8_t)access;
		perms[i].flags = (uint8_t)flags;
		perms[i].domid = decoder_u16(d);
	}
	node->perms = perms;
	return 0;
}

static int keep_unknown(struct xs_decoder *d)
{
	const struct xs_image_unknown unknown = {.type = d->record.type,
						 .body = d->record.body,
						 .at = d->record.at};

	xs_rd_bytes(&d->body, xs_rd_left(&d->body));
	return xs_image_add_unknown(d->image, &unknown);
}

static int decode_node(struct xs_decoder *d)
{
	struct xs_image_node node = {.at = d->record.at};
	size_t path_len, data_len;
	uint32_t conn_id, tx_id;
	int rc;

	conn_id = decoder_u32(d);
	tx_id = decoder_u32(d);
	path_len = decoder_u16(d);
	data_len = decoder_u16(d);
	decoder_u16(d); /* access, of a node in a transaction */
	node.n_perms = decoder_u16(d);
	if (d->body.failed)
		return decoder_wrong(d, XS_RULE_N_1, "length %zu is too short",
				     d->record.body.len);
	if (conn_id || tx_id)
		return keep_unknown(d);
	rc = decode_perms(d, &node);
	if (!rc)
		rc = xs_decode_string(d, path_len, XS_RULE_N_3, XS_RULE_N_5,
				      "path", &node.path);
	if (!rc)
		rc = xs_decode_span(d, data_len, XS_RULE_N_4, "value",
				    &node.value);
	return rc ? rc : xs_image_add_node(d->image, &node);
}

/* n values, then n names. */
static int decode_quotas(struct xs_decoder *d, uint32_t n, enum xs_rule rule,
			 const struct xs_image_quota **quotasp)
{
	struct xs_image_quota *quotas;
	uint32_t i;

	*quotasp = NULL;
	if (!n)
		return 0;
	if ((size_t)n * 5 > xs_rd_left(&d->body))
		return decoder_wrong(d, rule, "%u quotas exceed the record", n);
	quotas = xs_image_alloc(d->image, n * sizeof(*quotas));
	if (!quotas)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		quotas[i].value = decoder_u32(d);
	for (i = 0; i < n; i++) {
		size_t len;
		const char *name = xs_rd_string(&d->body, &len);

		if (!name)
			return decoder_wrong(d, rule,
					     "%u of %u names are missing",
					     n - i, n);
		quotas[i].name.data = (const uint8_t *)name;
		quotas[i].name.len = len;
	}
	*quotasp = quotas;
	return 0;
}

static int decode_global_quota(struct xs_decoder *d)
{
	struct xs_image_global_quota *quota = &d->image->quota;
	int rc;

	if (quota->present)
		return decoder_wrong(d, XS_RULE_R_5, "comes a second time");
	quota->n_domain = decoder_u16(d);
	quota->n_global = decoder_u16(d);
	if (d->body.failed)
		return decoder_wrong(d, XS_RULE_Q_1, "length %zu is too short",
				     d->record.body.len);
	quota->at = d->record.at;
	rc = decode_quotas(d, (uint32_t)quota->n_domain + quota->n_global,
			   XS_RULE_Q_2, &quota->quotas);
	quota->present = !rc;
	if (rc) /* salvaging, another may follow */
		quota->n_domain = quota->n_global = 0;
	return rc;
}

static int decode_domain(struct xs_decoder *d)
{
	struct xs_image_domain domain = {.at = d->record.at};
	int rc;

	domain.domid = decoder_u16(d);
	domain.n_quotas = decoder_u16(d);
	domain.features = decoder_u32(d);
	if (d->body.failed)
		return decoder_wrong(d, XS_RULE_D_1, "length %zu is too short",
				     d->record.body.len);
	rc = decode_quotas(d, domain.n_quotas, XS_RULE_D_2, &domain.quotas);
	return rc ? rc : xs_image_add_domain(d->image, &domain);
}

/* Somebody's transaction of which nothing is told. */
static int decode_bare_txn(struct xs_decoder *d)
{
	struct xs_image_txn txn = {
		.at = d->record.at, .doomed = true, .bare = true};

	if (d->record.body.len != 8)
		return decoder_wrong(d, XS_RULE_T_1, "length %zu is not 8",
				     d->record.body.len);
	txn.conn_id = decoder_u32(d);
	txn.tx_id = decoder_u32(d);
	return xs_image_add_txn(d->image, &txn);
}

static int decode_end(struct xs_decoder *d)
{
	if (d->record.body.len)
		return decoder_wrong(d, XS_RULE_E_2, "length %zu is not 0",
				     d->record.body.len);
	d->image->has_end = true;
	return 0;
}

static int decode_body(struct xs_decoder *d)
{
	switch (d->record.type) {
	case XS_RECORD_END:
		return decode_end(d);
	case XS_RECORD_GLOBAL:
		return decode_global(d);
	case XS_RECORD_CONN:
		return decode_conn(d);
	case XS_RECORD_WATCH:
		return decode_watch(d);
	case XS_RECORD_TRANSACTION:
		return decode_bare_txn(d);
	case XS_RECORD_NODE:
		return decode_node(d);
	case XS_RECORD_GLOBAL_QUOTA:
		return decode_global_quota(d);
	case XS_RECORD_DOMAIN:
		return decode_domain(d);
	case XS_RECORD_WATCH_EXT:
		return xs_decode_watch_ext(d);
	case XS_RECORD_ORIGIN:
		return xs_decode_origin(d);
	case XS_RECORD_GLOBAL_EXT:
		return xs_decode_global_ext(d);
	case XS_RECORD_CONN_EXT:
		return xs_decode_conn_ext(d);
	case XS_RECORD_TXN:
		return xs_decode_txn(d);
	case XS_RECORD_REQUEST:
		return xs_decode_request(d);
	case XS_RECORD_CHECKSUM:
		return xs_decode_checksum(d);
	default:
		return keep_unknown(d);
	}
}

static int decode_record(struct xs_decoder *d)
{
	int rc;

	if (d->summed && d->record.type != XS_RECORD_END)
		return decoder_wrong(d, XS_RULE_K_3, "follows the checksum");
	if (d->requests_due && d->record.type != XS_RECORD_REQUEST) {
		uint32_t due = d->requests_due;

		d->requests_due = 0;
		return decoder_wrong(d, XS_RULE_T_3,
				     "comes instead of %u requests", due);
	}
	xs_rd_init(&d->body, d->record.body.data, d->record.body.len);
	rc = decode_body(d);
	if (rc)
		return rc;
	if (xs_rd_left(&d->body) >= 8)
		return decoder_wrong(d, XS_RULE_R_4,
				     "%zu bytes follow the contents",
				     xs_rd_left(&d->body));
	return 0;
}

static int begin(struct xs_decoder *d, struct xs_image *image, const void *data,
		 size_t len, struct xs_image_error *err)
{
	int rc;

	memset(d, 0, sizeof(*d));
	memset(err, 0, sizeof(*err));
	d->image = image;
	d->err = err;
	rc = xs_record_iter_init(&d->it, data, len, err);
	if (!rc) {
		image->version = d->it.version;
		image->big_endian = d->it.big_endian;
		image->len = d->it.next;
		image->stream_len = len;
	}
	return rc;
}

/*
 * Reads a stream into an image that was just initialised, and that borrows the
 * stream from now on.  -EINVAL with err filled in if it cannot be taken apart,
 * -ENOMEM; then the image is only good for xs_image_fini().  Whether it makes
 * sense is for xs_image_validate() to say.
 */
int xs_image_decode(struct xs_image *image, const void *data, size_t len,
		    struct xs_image_error *err)
{
	struct xs_decoder d;
	int rc = begin(&d, image, data, len, err);

	while (!rc) {
		rc = xs_record_iter_next(&d.it, &d.record, err);
		if (rc <= 0)
			break;
		rc = decode_record(&d);
		image->n_records = d.it.n;
		image->len = d.it.next;
	}
	return rc;
}

/* Whether something that may be a record of a known type is next. */
static bool is_record_next(struct xs_record_iter *it)
{
	struct xs_record record;

	if (xs_record_iter_next(it, &record, NULL) != 1 ||
	    !xs_record_is_known(record.type))
		return false;
	return record.type != XS_RECORD_END ||
	       (!record.body.len && it->next == it->len);
}

/* Looks behind damage for two such records in a row, or for END. */
static bool find_record(struct xs_decoder *d)
{
	struct xs_record_iter it = d->it;

	for (it.next += 8; it.len - it.next >= XS_RECORD_HEADER_LEN;
	     it.next += 8) {
		struct xs_record_iter probe = it;

		if (is_record_next(&probe) &&
		    (probe.ended || is_record_next(&probe))) {
			d->it.next = it.next;
			return true;
		}
	}
	return false;
}

/*
 * Reads what can be read of a damaged stream; report is called with everything
 * that is left out.  -EINVAL if not even the header is there, -ENOMEM.
 */
int xs_image_salvage(struct xs_image *image, const void *data, size_t len,
		     xs_image_report_fn *report, void *arg)
{
	struct xs_image_error err;
	struct xs_decoder d;
	int rc = begin(&d, image, data, len, &err);

	if (rc) {
		report(arg, &err);
		return rc;
	}
	for (;;) {
		rc = xs_record_iter_next(&d.it, &d.record, &err);
		if (!rc)
			return 0;
		if (rc < 0) {
			report(arg, &err);
			if (d.it.len - d.it.next < XS_RECORD_HEADER_LEN ||
			    !find_record(&d))
				return 0;
			continue;
		}
		rc = decode_record(&d);
		if (rc == -ENOMEM)
			return rc;
		if (rc)
			report(arg, &err);
		image->n_records = d.it.n;
		image->len = d.it.next;
	}
}
