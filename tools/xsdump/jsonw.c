/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes become a string if all of them are printable ASCII, else an object
 * with their hexadecimal form: so no byte is ever lost or misread.
 *
 * I1  Members come in the order they are written: the same state is the same
 *     text.
 */
#include "jsonw.h"

#include <string.h>

static void put_string(FILE *out, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t i;

	fputc('"', out);
	for (i = 0; i < len; i++) {
		if (p[i] == '"' || p[i] == '\\')
			fputc('\\', out);
		fputc(p[i], out);
	}
	fputc('"', out);
}

static void put_path(const struct jsonw *w)
{
	unsigned int i;

	for (i = 1; i <= w->depth; i++) {
		if (w->levels[i].is_array)
			fprintf(w->out, "[%lu]", w->levels[i].n - 1);
		else
			fprintf(w->out, "%s%s", i > 1 ? "." : "",
				w->levels[i].key);
	}
	fputs(" = ", w->out);
}

/* What comes before a value. */
static void member(struct jsonw *w, const char *key)
{
	unsigned int i;

	if (!w->depth)
		return;
	w->levels[w->depth].key = key;
	if (w->levels[w->depth].n++ && !w->flat)
		fputc(',', w->out);
	if (w->flat)
		return;
	if (!w->compact) {
		fputc('\n', w->out);
		for (i = 0; i < w->depth; i++)
			fputs("  ", w->out);
	}
	if (key)
		fprintf(w->out, "\"%s\":%s", key, w->compact ? "" : " ");
}

static void value(struct jsonw *w, const char *key)
{
	member(w, key);
	if (w->flat)
		put_path(w);
}

static void end(struct jsonw *w)
{
	if (w->flat)
		fputc('\n', w->out);
}

/* An object or array; key is NULL within an array and at the top. */
void jsonw_open(struct jsonw *w, const char *key, bool is_array)
{
	member(w, key);
	if (!w->flat)
		fputc(is_array ? '[' : '{', w->out);
	w->depth++;
	w->levels[w->depth].n = 0;
	w->levels[w->depth].key = NULL;
	w->levels[w->depth].is_array = is_array;
}

void jsonw_close(struct jsonw *w)
{
	bool is_array = w->levels[w->depth].is_array;
	unsigned long n = w->levels[w->depth].n;
	unsigned int i;

	w->depth--;
	if (w->flat)
		return;
	if (!w->compact && n) {
		fputc('\n', w->out);
		for (i = 0; i < w->depth; i++)
			fputs("  ", w->out);
	}
	fputc(is_array ? ']' : '}', w->out);
	if (!w->depth)
		fputc('\n', w->out);
}

void jsonw_int(struct jsonw *w, const char *key, long long number)
{
	value(w, key);
	fprintf(w->out, "%lld", number);
	end(w);
}

/* For 64 bits, which not every reader of JSON can take as a number. */
void jsonw_hex(struct jsonw *w, const char *key, uint64_t number)
{
	value(w, key);
	fprintf(w->out, "\"0x%llx\"", (unsigned long long)number);
	end(w);
}

void jsonw_bool(struct jsonw *w, const char *key, bool is_true)
{
	value(w, key);
	fputs(is_true ? "true" : "false", w->out);
	end(w);
}

/* Printable ASCII only. */
void jsonw_text(struct jsonw *w, const char *key, const char *text)
{
	value(w, key);
	put_string(w->out, text, strlen(text));
	end(w);
}

void jsonw_bytes(struct jsonw *w, const char *key, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t i;

	value(w, key);
	for (i = 0; i < len && p[i] >= 0x20 && p[i] < 0x7f; i++)
		;
	if (i == len) {
		put_string(w->out, data, len);
	} else {
		fprintf(w->out, "{\"hex\":%s\"", w->compact ? "" : " ");
		for (i = 0; i < len; i++)
			fprintf(w->out, "%02x", p[i]);
		fputs("\"}", w->out);
	}
	end(w);
}

void jsonw_span(struct jsonw *w, const char *key, const struct xs_span *span)
{
	jsonw_bytes(w, key, span->data, span->len);
}
