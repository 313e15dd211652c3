/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON into an image.
 *
 * I1  The first thing wrong sets error; everything after it does nothing.
 * I2  A member that is not known is wrong: a typing error must not be lost.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "wire/perm.h"
#include "xsdump.h"

struct reader {
	struct xs_image *image;
	char *error;
	size_t error_len;
	bool failed;
};

static void wrong(struct reader *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void wrong(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	if (r->failed)
		return;
	r->failed = true;
	va_start(ap, fmt);
	vsnprintf(r->error, r->error_len, fmt, ap);
	va_end(ap);
}

static void check(struct reader *r, int rc)
{
	if (rc)
		wrong(r, "%s", strerror(-rc));
}

/* All members of an object are among names, which "" ends. */
static void only(struct reader *r, const json_t *object, const char *what,
		 const char *names)
{
	const char *key, *p;
	json_t *value;

	if (!json_is_object(object)) {
		wrong(r, "%s is not an object", what);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		for (p = names; *p && strcmp(p, key); p += strlen(p) + 1)
			;
		if (!*p)
			wrong(r, "%s has an unknown member", what);
	}
}

static const json_t *get(struct reader *r, const json_t *object,
			 const char *key, bool needed)
{
	const json_t *value = json_object_get(object, key);

	if (!value && needed)
		wrong(r, "member %s is missing", key);
	return value;
}

static long long get_int(struct reader *r, const json_t *object,
			 const char *key, long long min, long long max,
			 bool needed, long long otherwise)
{
	const json_t *value = get(r, object, key, needed);
	long long n;

	if (!value)
		return otherwise;
	n = json_integer_value(value);
	if (!json_is_integer(value) || n < min || n > max) {
		wrong(r, "%s is no number from %lld to %lld", key, min, max);
		return otherwise;
	}
	return n;
}

static uint32_t get_u32(struct reader *r, const json_t *object, const char *key)
{
	return (uint32_t)get_int(r, object, key, 0, UINT32_MAX, true, 0);
}

static uint64_t get_hex(struct reader *r, const json_t *object, const char *key,
			bool needed)
{
	const json_t *value = get(r, object, key, needed);
	const char *text = json_string_value(value);
	unsigned long long n;
	char *end;

	if (!value)
		return 0;
	if (!text || strncmp(text, "0x", 2) || strlen(text) > 18 ||
	    strspn(text + 2, "0123456789abcdef") != strlen(text + 2) ||
	    !text[2]) {
		wrong(r, "%s is no number such as \"0x1f\"", key);
		return 0;
	}
	n = strtoull(text, &end, 16);
	return n;
}

static bool get_bool(struct reader *r, const json_t *object, const char *key,
		     bool needed)
{
	const json_t *value = get(r, object, key, needed);

	if (value && !json_is_boolean(value))
		wrong(r, "%s is neither true nor false", key);
	return json_is_true(value);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void from_hex(struct reader *r, const char *key, const char *text,
		     struct xs_span *spanp)
{
	size_t i, len = strlen(text) / 2;
	uint8_t *bytes = malloc(len + 1);

	if (!bytes) {
		check(r, -ENOMEM);
		return;
	}
	if (strlen(text) % 2)
		wrong(r, "%s has half a byte", key);
	for (i = 0; i < len; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			wrong(r, "%s is not hexadecimal", key);
		bytes[i] = (uint8_t)((high & 15) << 4 | (low & 15));
	}
	check(r, xs_image_keep(r->image, bytes, len, spanp));
	free(bytes);
}

static void get_span(struct reader *r, const json_t *object, const char *key,
		     bool needed, struct xs_span *spanp)
{
	const json_t *value = get(r, object, key, needed);

	if (!value)
		return;
	if (json_is_string(value)) {
		check(r, xs_image_keep(r->image, json_string_value(value),
				       json_string_length(value), spanp));
	} else {
		const char *hex =
			json_string_value(json_object_get(value, "hex"));

		only(r, value, key, "hex\0");
		if (hex)
			from_hex(r, key, hex, spanp);
		else
			wrong(r, "%s is no string and has no hex", key);
	}
}

static void get_fixed(struct reader *r, const json_t *object, const char *key,
		      uint8_t bytes[16])
{
	struct xs_span span = {0};

	get_span(r, object, key, true, &span);
	if (r->failed)
		return;
	if (span.len == 16)
		memcpy(bytes, span.data, 16);
	else
		wrong(r, "%s does not have 16 bytes", key);
}

/* An array, or NULL after saying that it is none. */
static const json_t *get_array(struct reader *r, const json_t *object,
			       const char *key, bool needed)
{
	const json_t *value = get(r, object, key, needed);

	if (value && !json_is_array(value))
		wrong(r, "%s is no array", key);
	return json_is_array(value) ? value : NULL;
}

static void read_origin(struct reader *r, const json_t *object)
{
	struct xs_image_origin *origin = &r->image->origin;
	const char *kind;

	if (!object)
		return;
	only(r, object, "origin",
	     "kind\0domid\0uuid\0host\0xen\0daemon\0time\0more\0");
	kind = json_string_value(json_object_get(object, "kind"));
	if (!kind || (strcmp(kind, "domain") && strcmp(kind, "whole"))) {
		wrong(r, "kind of origin is neither domain nor whole");
		return;
	}
	origin->present = true;
	if (!strcmp(kind, "domain")) {
		origin->kind = XS_IMAGE_DOMAIN;
		origin->domid = (uint16_t)get_int(r, object, "domid", 0,
						  UINT16_MAX, true, 0);
	}
	get_span(r, object, "uuid", false, &origin->uuid);
	get_span(r, object, "host", false, &origin->host);
	get_span(r, object, "xen", false, &origin->xen);
	get_span(r, object, "daemon", false, &origin->daemon);
	get_span(r, object, "more", false, &origin->more);
	origin->time = get_hex(r, object, "time", false);
}

static void read_global(struct reader *r, const json_t *object)
{
	struct xs_image_global *global = &r->image->global;

	if (!object)
		return;
	only(r, object, "global",
	     "socket_fd\0evtchn_fd\0generation\0last_connection\0virq_port\0");
	if (json_object_get(object, "socket_fd")) {
		global->present = true;
		global->socket_fd = (int32_t)get_int(
			r, object, "socket_fd", INT32_MIN, INT32_MAX, true, -1);
		global->evtchn_fd = (int32_t)get_int(
			r, object, "evtchn_fd", INT32_MIN, INT32_MAX, true, -1);
	}
	if (json_object_get(object, "generation")) {
		global->has_ext = true;
		global->gen = get_hex(r, object, "generation", true);
		global->last_conn_id = get_u32(r, object, "last_connection");
		global->virq_port = get_u32(r, object, "virq_port");
	}
}

/* Appends to quotas, which has room. */
static uint16_t read_quotas(struct reader *r, const json_t *array,
			    struct xs_image_quota *quotas)
{
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)array, i, item)
	{
		only(r, item, "a quota", "name\0value\0");
		get_span(r, item, "name", true, &quotas[i].name);
		quotas[i].value = get_u32(r, item, "value");
	}
	if (json_array_size(array) > UINT16_MAX)
		wrong(r, "there are too many quotas");
	return (uint16_t)json_array_size(array);
}

static void read_global_quota(struct reader *r, const json_t *object)
{
	struct xs_image_global_quota *quota = &r->image->quota;
	const json_t *domain, *global;
	struct xs_image_quota *quotas;
	size_t n;

	if (!object)
		return;
	only(r, object, "quota", "domain\0global\0");
	domain = get_array(r, object, "domain", true);
	global = get_array(r, object, "global", true);
	n = json_array_size(domain) + json_array_size(global);
	quotas = xsd_alloc(n, sizeof(*quotas));
	quota->present = true;
	quota->n_domain = read_quotas(r, domain, quotas);
	quota->n_global =
		read_quotas(r, global, quotas + json_array_size(domain));
	check(r, xs_image_keep_quotas(r->image, quotas, (uint32_t)n,
				      &quota->quotas));
	free(quotas);
}

static void read_extra(struct reader *r, const json_t *object,
		       struct xs_image_conn *conn)
{
	if (!object)
		return;
	only(r, object, "extra",
	     "ignored\0shutdown_told\0introduced\0guest_port\0"
	     "last_transaction\0ring_features\0handle\0");
	conn->has_ext = true;
	conn->ignored = get_bool(r, object, "ignored", true);
	conn->shutdown_told = get_bool(r, object, "shutdown_told", true);
	conn->introduced = get_bool(r, object, "introduced", true);
	conn->guest_port = get_u32(r, object, "guest_port");
	conn->last_tx_id = get_u32(r, object, "last_transaction");
	conn->ring_features = get_u32(r, object, "ring_features");
	get_fixed(r, object, "handle", conn->handle);
}

static void read_conn(struct reader *r, const json_t *item)
{
	struct xs_image_conn conn = {.target = XS_IMAGE_NO_DOMID, .fd = -1};
	const char *kind = json_string_value(json_object_get(item, "kind"));

	only(r, item, "a connection",
	     "id\0kind\0domid\0target\0local_port\0fd\0unique_id\0in\0out\0"
	     "resp_left\0extra\0");
	conn.id = get_u32(r, item, "id");
	if (kind && !strcmp(kind, "ring")) {
		conn.kind = XS_IMAGE_RING;
		conn.domid = (uint16_t)get_int(r, item, "domid", 0, UINT16_MAX,
					       true, 0);
		conn.target =
			(uint16_t)get_int(r, item, "target", 0, UINT16_MAX,
					  false, XS_IMAGE_NO_DOMID);
		conn.local_port = get_u32(r, item, "local_port");
	} else if (kind && !strcmp(kind, "socket")) {
		conn.kind = XS_IMAGE_SOCKET;
		conn.fd = (int32_t)get_int(r, item, "fd", INT32_MIN, INT32_MAX,
					   true, -1);
	} else {
		wrong(r, "a connection is neither ring nor socket");
	}
	conn.has_unique_id = json_object_get(item, "unique_id");
	conn.unique_id = get_hex(r, item, "unique_id", false);
	get_span(r, item, "in", true, &conn.in);
	get_span(r, item, "out", true, &conn.out);
	conn.resp_left = (uint32_t)get_int(r, item, "resp_left", 0, UINT16_MAX,
					   false, 0);
	read_extra(r, json_object_get(item, "extra"), &conn);
	check(r, xs_image_add_conn(r->image, &conn));
}

static void read_watch(struct reader *r, const json_t *item)
{
	struct xs_image_watch watch = {0};

	only(r, item, "a watch", "connection\0path\0token\0depth\0");
	watch.conn_id = get_u32(r, item, "connection");
	get_span(r, item, "path", true, &watch.path);
	get_span(r, item, "token", true, &watch.token);
	watch.depth = (int32_t)get_int(r, item, "depth", 0, UINT16_MAX, false,
				       XS_IMAGE_NO_DEPTH);
	check(r, xs_image_add_watch(r->image, &watch));
}

static void read_request(struct reader *r, const json_t *item)
{
	struct xs_image_request rq = {0};

	only(r, item, "a request",
	     "kind\0result\0generation\0sum\0path\0data\0");
	rq.kind = (uint8_t)get_int(r, item, "kind", 0, XS_IMAGE_R_COUNT - 1,
				   true, 0);
	rq.rc = (int32_t)get_int(r, item, "result", INT32_MIN, INT32_MAX, true,
				 0);
	rq.gen = get_hex(r, item, "generation", true);
	rq.sum = get_hex(r, item, "sum", true);
	get_span(r, item, "path", true, &rq.path);
	get_span(r, item, "data", false, &rq.data);
	check(r, xs_image_add_request(r->image, &rq));
}

static void read_txn(struct reader *r, const json_t *item)
{
	struct xs_image_txn txn = {0};
	const json_t *requests;
	json_t *request;
	size_t i;

	only(r, item, "a transaction",
	     "connection\0id\0bare\0age_ms\0doomed\0key\0requests\0");
	txn.conn_id = get_u32(r, item, "connection");
	txn.tx_id = get_u32(r, item, "id");
	txn.bare = get_bool(r, item, "bare", false);
	if (txn.bare) {
		txn.doomed = true;
		check(r, xs_image_add_txn(r->image, &txn));
		return;
	}
	txn.age_ms = get_hex(r, item, "age_ms", true);
	txn.doomed = get_bool(r, item, "doomed", true);
	get_fixed(r, item, "key", txn.key);
	check(r, xs_image_add_txn(r->image, &txn));
	requests = get_array(r, item, "requests", true);
	json_array_foreach((json_t *)(uintptr_t)requests, i, request)
	{
		if (r->failed)
			return;
		read_request(r, request);
	}
}

/* "r7", "r7!" */
static int read_perm(const char *text, struct xs_perm *perm)
{
	static const char letters[] = "nrwb";
	const char *letter = text && *text ? strchr(letters, *text) : NULL;
	unsigned long domid;
	char *end;

	if (!letter || text[1] < '0' || text[1] > '9' || strlen(text) > 7)
		return -EINVAL;
	domid = strtoul(text + 1, &end, 10);
	perm->access = (uint8_t)(letter - letters);
	perm->flags = *end == '!' ? XS_PERM_F_IGNORE : 0;
	perm->domid = (uint16_t)domid;
	if (*end == '!')
		end++;
	return *end || domid > UINT16_MAX ? -EINVAL : 0;
}

static void read_node(struct reader *r, const json_t *item)
{
	struct xs_image_node node = {0};
	const json_t *perms = get_array(r, item, "perms", true);
	size_t i, n = json_array_size(perms);
	struct xs_perm *list;

	only(r, item, "a node", "path\0value\0perms\0");
	get_span(r, item, "path", true, &node.path);
	get_span(r, item, "value", true, &node.value);
	if (!n || n > UINT16_MAX) {
		wrong(r, "a node has no or too many permissions");
		return;
	}
	list = xsd_alloc(n, sizeof(*list));
	for (i = 0; i < n; i++)
		if (read_perm(json_string_value(json_array_get(perms, i)),
			      &list[i]))
			wrong(r, "a permission is not such as \"r7\"");
	node.n_perms = (uint16_t)n;
	check(r,
	      xs_image_keep_perms(r->image, list, node.n_perms, &node.perms));
	free(list);
	check(r, xs_image_add_node(r->image, &node));
}

static void read_domain(struct reader *r, const json_t *item)
{
	struct xs_image_domain domain = {0};
	const json_t *array = get_array(r, item, "quota", true);
	struct xs_image_quota *quotas;

	only(r, item, "a domain", "domid\0features\0quota\0");
	domain.domid =
		(uint16_t)get_int(r, item, "domid", 0, UINT16_MAX, true, 0);
	domain.features = get_u32(r, item, "features");
	quotas = xsd_alloc(json_array_size(array), sizeof(*quotas));
	domain.n_quotas = read_quotas(r, array, quotas);
	check(r, xs_image_keep_quotas(r->image, quotas, domain.n_quotas,
				      &domain.quotas));
	free(quotas);
	check(r, xs_image_add_domain(r->image, &domain));
}

static void read_unknown(struct reader *r, const json_t *item)
{
	struct xs_image_unknown unknown = {0};

	only(r, item, "an unknown record", "type\0body\0");
	unknown.type = get_u32(r, item, "type");
	get_span(r, item, "body", true, &unknown.body);
	check(r, xs_image_add_unknown(r->image, &unknown));
}

static void each(struct reader *r, const json_t *object, const char *key,
		 void (*read)(struct reader *r, const json_t *item))
{
	const json_t *array = get_array(r, object, key, false);
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)array, i, item)
	{
		if (r->failed)
			return;
		read(r, item);
	}
}

static void read_top(struct reader *r, const json_t *top,
		     struct xs_image_format *format)
{
	const char *name = json_string_value(json_object_get(top, "format"));

	only(r, top, "the whole",
	     "format\0version\0big_endian\0extensions\0origin\0global\0quota\0"
	     "connections\0watches\0transactions\0nodes\0domains\0unknown\0");
	if (!name || strcmp(name, "xenstore-state"))
		wrong(r, "format is not xenstore-state");
	memset(format, 0, sizeof(*format));
	format->version = (uint32_t)get_int(r, top, "version", 1, 2, true, 2);
	format->big_endian = get_bool(r, top, "big_endian", false);
	format->extensions = get_bool(r, top, "extensions", false);
	format->unknown = true;
	read_origin(r, json_object_get(top, "origin"));
	read_global(r, json_object_get(top, "global"));
	read_global_quota(r, json_object_get(top, "quota"));
	each(r, top, "connections", read_conn);
	each(r, top, "watches", read_watch);
	each(r, top, "transactions", read_txn);
	each(r, top, "nodes", read_node);
	each(r, top, "domains", read_domain);
	each(r, top, "unknown", read_unknown);
}

/*
 * Fills an image just initialised, and says in which format it was.  -1 with
 * the reason in error.
 */
int xsd_json_read(const char *text, size_t len, struct xs_image *image,
		  struct xs_image_format *format, char *error, size_t error_len)
{
	struct reader r = {
		.image = image, .error = error, .error_len = error_len};
	json_error_t where;
	json_t *top = json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);

	if (!top) {
		snprintf(error, error_len, "line %d, column %d: not JSON",
			 where.line, where.column);
		return -1;
	}
	read_top(&r, top, format);
	json_decref(top);
	return r.failed ? -1 : 0;
}
