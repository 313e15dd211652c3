/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules of a state image by number, and how breaking one is said. */
#ifndef XS_STATE_RULES_H
#define XS_STATE_RULES_H

#include <stdarg.h>

#include "state/image.h"

enum xs_rule {
#define RULE(symbol, id, text) XS_RULE_##symbol,
#include "state/rules.def"
#undef RULE
	XS_RULE_COUNT
};

const char *xs_rule_id(enum xs_rule rule);
const char *xs_rule_text(enum xs_rule rule);
int xs_rule_broken(struct xs_image_error *err, enum xs_rule rule,
		   const char *type, struct xs_image_at at, const char *fmt,
		   ...) __attribute__((format(printf, 5, 6)));
void xs_rule_vbroken(struct xs_image_error *err, enum xs_rule rule,
		     const char *type, struct xs_image_at at, const char *fmt,
		     va_list ap) __attribute__((format(printf, 5, 0)));

/* At most so much of a span is quoted in a message. */
#define XS_QUOTE_TEXT 72
const char *xs_span_quote(const struct xs_span *span, char text[XS_QUOTE_TEXT]);

#endif
