/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads the text that oxenstored hands over in a live update:
 *
 *   $xenstored-dump-format
 *   global,<listening fd>
 *   evtchn-dev,<fd>,<port of VIRQ_DOM_EXC>
 *   dom,<domid>,<gfn>,<remote port>,<local port>
 *   socket,<fd>
 *   watch,<domid or -fd>,<path>,<token>
 *   store,<path>,<permissions>,<value>
 *
 * Strings are in hexadecimal; permissions are texts with NULs between them.
 *
 * I1  Memory is asked for in proportion to the text.
 * I2  Lines stand for records in error messages.
 */
#include <errno.h>
#include <string.h>

#include "state/index.h"
#include "state/pool.h"
#include "state/records.h"
#include "state/rules.h"
#include "wire/perm.h"

#define FIRST_LINE "$xenstored-dump-format"
#define MAX_FIELDS 5
#define SOCKET_KEY (1ull << 32) /* with the fd; domids are below */

struct ocaml {
	struct xs_image *image;
	struct xs_image_error *err;
	struct xs_image_at at;
	struct xs_index conns; /* item: connection id */
	const struct line_kind *kind;
	struct xs_span fields[MAX_FIELDS];
	uint32_t n_fields;
};

struct line_kind {
	const char *name;
	uint32_t n_fields; /* with the name */
	int (*read)(struct ocaml *o);
};

#define ocaml_wrong(o, rule, ...)                                         \
	xs_rule_broken((o)->err, rule, (o)->kind ? (o)->kind->name : "?", \
		       (o)->at, __VA_ARGS__)

/* The decimal number in a field. */
static int number(struct ocaml *o, uint32_t field, uint32_t max, uint32_t *np)
{
	const struct xs_span *text = &o->fields[field];
	char quote[XS_QUOTE_TEXT];
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < text->len && i < 11; i++) {
		if (text->data[i] < '0' || text->data[i] > '9')
			break;
		n = n * 10 + (uint64_t)(text->data[i] - '0');
	}
	if (!text->len || i < text->len || n > max)
		return ocaml_wrong(o, XS_RULE_O_3, "%s is no number up to %u",
				   xs_span_quote(text, quote), max);
	*np = (uint32_t)n;
	return 0;
}

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The string in a field; -ENOMEM. */
static int string(struct ocaml *o, uint32_t field, bool is_value,
		  struct xs_span *spanp)
{
	const struct xs_span *text = &o->fields[field];
	size_t i, len = text->len / 2;
	uint8_t *bytes;

	bytes = xs_image_alloc(o->image, len ? len : 1);
	if (!bytes)
		return -ENOMEM;
	for (i = 0; i < len; i++) {
		int high = digit(text->data[2 * i]);
		int low = digit(text->data[2 * i + 1]);

		if (high < 0 || low < 0)
			break;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	if (i < len || text->len % 2)
		return ocaml_wrong(o, XS_RULE_O_4,
				   "field %u is not hexadecimal", field);
	if (!is_value && memchr(bytes, 0, len))
		return ocaml_wrong(o, XS_RULE_O_7, "field %u has a NUL", field);
	spanp->data = bytes;
	spanp->len = len;
	return 0;
}

static int read_global(struct ocaml *o)
{
	uint32_t fd;
	int rc = number(o, 1, INT32_MAX, &fd);

	if (rc)
		return rc;
	o->image->global.present = true;
	o->image->global.at = o->at;
	o->image->global.socket_fd = (int32_t)fd;
	return 0;
}

static int read_evtchn(struct ocaml *o)
{
	uint32_t fd, port;
	int rc = number(o, 1, INT32_MAX, &fd);

	if (!rc)
		rc = number(o, 2, UINT32_MAX, &port);
	if (rc)
		return rc;
	o->image->global.present = true;
	o->image->global.evtchn_fd = (int32_t)fd;
	o->image->global.virq_port = port;
	return 0;
}

static int add_conn(struct ocaml *o, struct xs_image_conn *conn,
		    uint64_t number)
{
	const struct xs_index_key key = {.number = number};

	conn->id = o->image->n_conns + 1;
	conn->at = o->at;
	if (xs_index_add(&o->conns, &key, conn->id) != XS_INDEX_NONE)
		return ocaml_wrong(o, XS_RULE_O_6, "is there twice");
	return xs_image_add_conn(o->image, conn);
}

static int read_dom(struct ocaml *o)
{
	struct xs_image_conn conn = {.kind = XS_IMAGE_RING,
				     .target = XS_IMAGE_NO_DOMID,
				     .fd = -1,
				     .has_ext = true,
				     .introduced = true};
	char quote[XS_QUOTE_TEXT];
	uint32_t domid;
	int rc = number(o, 1, XS_IMAGE_FIRST_RESERVED - 1, &domid);
	size_t i;

	/* The frame may need more than 32 bits, and is not needed here. */
	for (i = 0; !rc && i < o->fields[2].len; i++)
		if (o->fields[2].data[i] < '0' || o->fields[2].data[i] > '9')
			rc = ocaml_wrong(o, XS_RULE_O_3, "%s is no number",
					 xs_span_quote(&o->fields[2], quote));
	if (!rc)
		rc = number(o, 3, UINT32_MAX, &conn.guest_port);
	if (!rc)
		rc = number(o, 4, UINT32_MAX, &conn.local_port);
	if (rc)
		return rc;
	conn.domid = (uint16_t)domid;
	return add_conn(o, &conn, domid);
}

static int read_socket(struct ocaml *o)
{
	struct xs_image_conn conn = {.kind = XS_IMAGE_SOCKET,
				     .target = XS_IMAGE_NO_DOMID};
	uint32_t fd;
	int rc = number(o, 1, INT32_MAX, &fd);

	if (rc)
		return rc;
	conn.fd = (int32_t)fd;
	return add_conn(o, &conn, SOCKET_KEY | fd);
}

static int read_watch(struct ocaml *o)
{
	struct xs_image_watch watch = {.at = o->at, .depth = XS_IMAGE_NO_DEPTH};
	struct xs_index_key key = {.number = 0};
	uint32_t n;
	int rc;

	if (o->fields[1].len && o->fields[1].data[0] == '-') {
		o->fields[1].data++;
		o->fields[1].len--;
		key.number = SOCKET_KEY;
	}
	rc = number(o, 1, INT32_MAX, &n);
	if (!rc)
		rc = string(o, 2, false, &watch.path);
	if (!rc)
		rc = string(o, 3, false, &watch.token);
	if (rc)
		return rc;
	key.number |= n;
	watch.conn_id = xs_index_find(&o->conns, &key);
	if (watch.conn_id == XS_INDEX_NONE)
		return ocaml_wrong(o, XS_RULE_O_6,
				   "connection %u of the watch is not there",
				   n);
	return xs_image_add_watch(o->image, &watch);
}

/* One permission such as "r7"; -EINVAL. */
static int perm(const uint8_t *text, size_t len, struct xs_perm *permp)
{
	static const char letters[] = "nrwb";
	const char *letter;
	uint32_t domid = 0;
	size_t i;

	if (len < 2 || len > 6 || !text[0])
		return -EINVAL;
	letter = strchr(letters, text[0]);
	for (i = 1; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		domid = domid * 10 + (uint32_t)(text[i] - '0');
	}
	if (!letter || domid > UINT16_MAX)
		return -EINVAL;
	permp->access = (uint8_t)(letter - letters);
	permp->flags = 0;
	permp->domid = (uint16_t)domid;
	return 0;
}

/* Permissions, separated or ended by NULs. */
static int perms(struct ocaml *o, struct xs_image_node *node)
{
	struct xs_span text;
	char quote[XS_QUOTE_TEXT];
	struct xs_perm *list;
	size_t i, start = 0, n = 0;
	int rc = string(o, 2, true, &text);

	if (rc)
		return rc;
	list = xs_image_alloc(o->image, (text.len / 3 + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	if (text.len && !text.data[text.len - 1])
		text.len--;
	for (i = 0; i <= text.len && text.len; i++) {
		if (i < text.len && text.data[i])
			continue;
		if (n == UINT16_MAX ||
		    perm(text.data + start, i - start, &list[n]))
			return ocaml_wrong(o, XS_RULE_O_5,
					   "%s are no permissions",
					   xs_span_quote(&text, quote));
		n++;
		start = i + 1;
	}
	if (!n)
		return ocaml_wrong(o, XS_RULE_O_5, "there are no permissions");
	node->perms = list;
	node->n_perms = (uint16_t)n;
	return 0;
}

/* There, the permissions of events are those of nodes below the root. */
static void strip_special(struct xs_span *path)
{
	static const char *const names[] = {"/@introduceDomain",
					    "/@releaseDomain"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (path->len != strlen(names[i]) ||
		    memcmp(path->data, names[i], path->len))
			continue;
		path->data++;
		path->len--;
		return;
	}
}

static int read_store(struct ocaml *o)
{
	struct xs_image_node node = {.at = o->at};
	int rc = string(o, 1, false, &node.path);

	if (!rc)
		strip_special(&node.path);

	if (!rc)
		rc = perms(o, &node);
	if (!rc)
		rc = string(o, 3, true, &node.value);
	return rc ? rc : xs_image_add_node(o->image, &node);
}

static const struct line_kind kinds[] = {
	{"global", 2, read_global}, {"evtchn-dev", 3, read_evtchn},
	{"dom", 5, read_dom},	    {"socket", 2, read_socket},
	{"watch", 4, read_watch},   {"store", 4, read_store},
};

static int read_line(struct ocaml *o, const uint8_t *line, size_t len)
{
	const uint8_t *end = line + len;
	char quote[XS_QUOTE_TEXT];
	const uint8_t *comma;
	size_t i;

	for (o->n_fields = 0; o->n_fields < MAX_FIELDS; line = comma + 1) {
		struct xs_span *field = &o->fields[o->n_fields++];

		comma = memchr(line, ',', (size_t)(end - line));
		if (!comma || o->n_fields == MAX_FIELDS)
			comma = end;
		field->data = line;
		field->len = (size_t)(comma - line);
		if (comma == end)
			break;
	}
	o->kind = NULL;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *name = kinds[i].name;

		if (strlen(name) != o->fields[0].len ||
		    memcmp(name, o->fields[0].data, o->fields[0].len))
			continue;
		o->kind = &kinds[i];
		if (o->n_fields != o->kind->n_fields)
			return ocaml_wrong(o, XS_RULE_O_2,
					   "has %u fields instead of %u",
					   o->n_fields, o->kind->n_fields);
		return o->kind->read(o);
	}
	return ocaml_wrong(o, XS_RULE_O_2, "a line that begins with %s",
			   xs_span_quote(&o->fields[0], quote));
}

/* Whether data begins as such a text does. */
bool xs_image_is_ocaml(const void *data, size_t len)
{
	const size_t n = sizeof(FIRST_LINE) - 1;

	return len > n && !memcmp(data, FIRST_LINE, n) &&
	       ((const char *)data)[n] == '\n';
}

static uint32_t count_lines(const uint8_t *p, size_t len)
{
	uint32_t n = 1;
	size_t i;

	for (i = 0; i < len; i++)
		n += p[i] == '\n';
	return n;
}

/*
 * Like xs_image_decode(), for oxenstored's text.  Connections get ids from 1
 * in the order of the text; strings become the image's own.
 */
int xs_image_decode_ocaml(struct xs_image *image, const void *data, size_t len,
			  struct xs_image_error *err)
{
	struct ocaml o = {.image = image, .err = err};
	const uint8_t *p = data, *end = p + len, *newline;
	int rc;

	memset(err, 0, sizeof(*err));
	if (len > XS_STREAM_MAX)
		return xs_rule_broken(err, XS_RULE_H_5, NULL, o.at,
				      "%zu bytes are too many", len);
	if (!xs_image_is_ocaml(data, len))
		return xs_rule_broken(err, XS_RULE_O_1, NULL, o.at,
				      "does not begin with %s", FIRST_LINE);
	rc = xs_index_init(&o.conns, count_lines(p, len), &image->key);
	for (p += sizeof(FIRST_LINE); !rc && p < end; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		o.at.offset = (size_t)(p - (const uint8_t *)data);
		o.at.record++;
		o.kind = NULL;
		if (!newline) {
			rc = ocaml_wrong(&o, XS_RULE_O_2,
					 "the last line is cut off");
			break;
		}
		if (newline > p)
			rc = read_line(&o, p, (size_t)(newline - p));
	}
	xs_index_fini(&o.conns);
	image->n_records = o.at.record;
	image->len = image->stream_len = len;
	return rc;
}
