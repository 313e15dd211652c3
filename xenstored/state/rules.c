/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said of a rule that is broken. */
#include "state/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *id;
	const char *text;
} rules[] = {
#define RULE(symbol, id, text) {id, text},
#include "state/rules.def"
#undef RULE
};

/* The name of a rule, such as "N-3". */
const char *xs_rule_id(enum xs_rule rule)
{
	return rules[rule].id;
}

/* What it demands. */
const char *xs_rule_text(enum xs_rule rule)
{
	return rules[rule].text;
}

/* Fills err; err may be NULL.  Always -EINVAL. */
int xs_rule_broken(struct xs_image_error *err, enum xs_rule rule,
		   const char *type, struct xs_image_at at, const char *fmt,
		   ...)
{
	va_list ap;

	va_start(ap, fmt);
	xs_rule_vbroken(err, rule, type, at, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

void xs_rule_vbroken(struct xs_image_error *err, enum xs_rule rule,
		     const char *type, struct xs_image_at at, const char *fmt,
		     va_list ap)
{
	if (!err)
		return;
	err->severity = XS_IMAGE_WRONG;
	err->rule = rules[rule].id;
	err->type = type;
	err->at = at;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
}

/*
 * The beginning of span in quotes, with escapes for what is not printable;
 * returns text.
 */
const char *xs_span_quote(const struct xs_span *span, char text[XS_QUOTE_TEXT])
{
	size_t i, n = 0;

	text[n++] = '"';
	for (i = 0; i < span->len && n < XS_QUOTE_TEXT - 12; i++) {
		uint8_t c = span->data[i];

		if (c == '"' || c == '\\') {
			text[n++] = '\\';
			text[n++] = (char)c;
		} else if (c >= 0x20 && c < 0x7f) {
			text[n++] = (char)c;
		} else {
			n += (size_t)snprintf(text + n, 5, "\\x%02x", c);
		}
	}
	snprintf(text + n, XS_QUOTE_TEXT - n, "\"%s",
		 i < span->len ? "..." : "");
	return text;
}

/*
 * "offset 0x1f0, record 12 (NODE_DATA): ... (rule N-3)"; returns the length,
 * which is below XS_IMAGE_ERROR_TEXT.
 */
size_t xs_image_error_format(const struct xs_image_error *err,
			     char text[XS_IMAGE_ERROR_TEXT])
{
	char where[96] = "";
	int n;

	if (err->at.record)
		snprintf(where, sizeof(where),
			 "offset 0x%zx, record %u (%s): ", err->at.offset,
			 err->at.record, err->type ? err->type : "?");
	else if (err->type)
		snprintf(where, sizeof(where), "%s: ", err->type);
	else if (err->at.offset)
		snprintf(where, sizeof(where),
			 "offset 0x%zx: ", err->at.offset);
	n = snprintf(text, XS_IMAGE_ERROR_TEXT, "%s%s (rule %s)", where,
		     err->text, err->rule);
	return n < 0 ? 0 : (size_t)n;
}
