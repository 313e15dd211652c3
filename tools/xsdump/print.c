/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output.  Nothing of a file's reaches a terminal unless it is printable
 * ASCII: everything else is escaped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/perm.h"
#include "xsdump.h"

static bool use_color;

void xsd_init_output(bool color)
{
	use_color = color;
}

/* Begins a colour: red, green, yellow, blue, bold; NULL ends it. */
void xsd_color(FILE *out, const char *name)
{
	static const char *const codes[][2] = {
		{"red", "31"},	{"green", "32"}, {"yellow", "33"},
		{"blue", "34"}, {"bold", "1"},
	};
	size_t i;

	if (!use_color || out != stdout)
		return;
	for (i = 0; name && i < sizeof(codes) / sizeof(codes[0]); i++)
		if (!strcmp(name, codes[i][0]))
			fprintf(out, "\033[%sm", codes[i][1]);
	if (!name)
		fputs("\033[0m", out);
}

void xsd_put_text(FILE *out, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t i;

	for (i = 0; i < len; i++) {
		if (p[i] == '\\' || p[i] == '"')
			fprintf(out, "\\%c", p[i]);
		else if (p[i] >= 0x20 && p[i] < 0x7f)
			fputc(p[i], out);
		else
			fprintf(out, "\\x%02x", p[i]);
	}
}

/* In quotes, as xenstore-ls does. */
void xsd_put_value(FILE *out, const struct xs_span *span)
{
	fputc('"', out);
	xsd_put_text(out, span->data, span->len);
	fputc('"', out);
}

/* "(n0,r7!)", with ! for an entry that is void. */
void xsd_put_perms(FILE *out, const struct xs_image_node *node)
{
	static const char letters[] = "nrwb";
	uint16_t i;

	fputc('(', out);
	for (i = 0; i < node->n_perms; i++)
		fprintf(out, "%s%c%u%s", i ? "," : "",
			letters[node->perms[i].access & 3],
			node->perms[i].domid,
			node->perms[i].flags & XS_PERM_F_IGNORE ? "!" : "");
	fputc(')', out);
}

/* A whole file, or standard output for NULL and "-". */
int xsd_write(const char *name, const void *data, size_t len)
{
	bool is_stdout = !name || !strcmp(name, "-");
	FILE *out = is_stdout ? stdout : fopen(name, "wb");
	bool bad;

	if (!out) {
		fprintf(stderr, "xsdump: %s: %s\n", name, strerror(errno));
		return XSD_FAILED;
	}
	bad = len && fwrite(data, 1, len, out) != len;
	bad |= is_stdout ? fflush(out) != 0 : fclose(out) != 0;
	if (bad) {
		fprintf(stderr, "xsdump: %s: %s\n",
			is_stdout ? "standard output" : name, strerror(errno));
		return XSD_FAILED;
	}
	return XSD_OK;
}

bool xsd_span_is(const struct xs_span *span, const char *text)
{
	return span->len == strlen(text) &&
	       (!span->len || !memcmp(span->data, text, span->len));
}

int xsd_span_compare(const struct xs_span *a, const struct xs_span *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int rc = len ? memcmp(a->data, b->data, len) : 0;

	if (rc)
		return rc;
	return a->len < b->len ? -1 : a->len > b->len;
}

/* Zeroed memory, or the end of the program. */
void *xsd_alloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p) {
		fputs("xsdump: out of memory\n", stderr);
		exit(XSD_FAILED);
	}
	return p;
}

const struct xs_image_conn *xsd_find_ring(const struct xs_image *image,
					  uint32_t domid)
{
	uint32_t i;

	for (i = 0; i < image->n_conns; i++)
		if (image->conns[i].kind == XS_IMAGE_RING &&
		    image->conns[i].domid == domid)
			return &image->conns[i];
	return NULL;
}

const struct xs_image_conn *xsd_find_conn(const struct xs_image *image,
					  uint32_t id)
{
	uint32_t i;

	for (i = 0; i < image->n_conns; i++)
		if (image->conns[i].id == id)
			return &image->conns[i];
	return NULL;
}

/* "domain 7" or "socket 9"; conn may be NULL. */
void xsd_conn_name(const struct xs_image_conn *conn, char text[32])
{
	if (!conn)
		snprintf(text, 32, "nobody");
	else if (conn->kind == XS_IMAGE_RING)
		snprintf(text, 32, "domain %u", conn->domid);
	else
		snprintf(text, 32, "socket %u", conn->id);
}
