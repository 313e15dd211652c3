/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * What the two sides of a transparent move tell each other before it begins:
 * the offer and the verdict, in JSON.  Their members are described in
 * docs/formats/migration-stream.md of the project that added this.
 *
 * What was received is hostile: it is parsed only if it is short and simple
 * enough for that to cost nothing, each member has the type asked for or is
 * not there, and what goes out again is printable.
 */
#ifndef LIBXL_GTM_OFFER_H
#define LIBXL_GTM_OFFER_H

#include <yajl/yajl_gen.h>

#define LIBXL__GTM_OFFER_VERSION 1
#define LIBXL__GTM_OFFER_MAX (1u << 20) /* bytes of text */
#define LIBXL__GTM_TOKEN_LEN 32 /* hexadecimal digits */

/* Writing: the first error is kept by the generator. */
_hidden void libxl__gtm_json_key(yajl_gen hand, const char *key);
_hidden void libxl__gtm_json_text(libxl__gc *gc, yajl_gen hand,
                                  const char *key, const char *value);
_hidden void libxl__gtm_json_number(yajl_gen hand, const char *key,
                                    long long value);
/* The text is from malloc().  Frees the generator. */
_hidden int libxl__gtm_json_done(libxl__gc *gc, yajl_gen hand, char **text_r);

/* Reading; NULL: it is not an object of this version, or not fit to be read. */
_hidden libxl__json_object *libxl__gtm_json_parse(libxl__gc *gc,
                                                  const char *text);
/* NULL, or -1: not there, of another type, too long, out of range. */
_hidden const char *libxl__gtm_json_get_text(const libxl__json_object *o,
                                             const char *key, size_t max);
_hidden long long libxl__gtm_json_get_number(const libxl__json_object *o,
                                             const char *key, long long max);

/* Of the processor: "AuthenticAMD", or NULL. */
_hidden const char *libxl__gtm_cpu_vendor(libxl__gc *gc);

#endif /* LIBXL_GTM_OFFER_H */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
