/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands of xsdump have in common. */
#ifndef XSDUMP_H
#define XSDUMP_H

#include <stdio.h>

#include "state/image.h"
#include "xcr/stream.h"

#define XSD_OK	   0
#define XSD_DIFFER 1 /* or: something is wrong with the file */
#define XSD_FAILED 2

#define XSD_ARGS_MAX 64

struct xsd_options {
	const char *args[XSD_ARGS_MAX];
	int n_args;
	bool check;
	bool color;
	bool compact;
	bool flat;
	bool perms;
	bool salvage;
	bool stat;
	bool strict;
	bool verbose;
	long depth; /* -1: all */
	long domain;
	long owner;
	const char *format;
	const char *match;
	const char *output;
	const char *use;
};

enum xsd_kind {
	XSD_STREAM,
	XSD_OCAML,
	XSD_TDB,
	XSD_SAVE,    /* a save image, perhaps with a state in it */
	XSD_CONTEXT, /* of Xen, on its own */
};

/* A file that was read. */
struct xsd_file {
	const char *name;
	uint8_t *data;
	size_t len;
	enum xsd_kind kind;
	const char *kind_name;
	bool mapped;	      /* data is, and is not to be written to */
	bool has_state;	      /* the image below is of something */
	const uint8_t *state; /* the stream; in data */
	size_t state_len;
	struct xs_image image;
	unsigned int n_damages; /* what was wrong, and no reason to stop */
	/* Of a save image; NULL: it has none.  In data. */
	struct xcr_info save;
	const uint8_t *offer, *context;
	size_t offer_len, context_len;
};

/* load.c */
int xsd_read(const char *name, struct xsd_file *file);
int xsd_parse(struct xsd_file *file, const struct xsd_options *opts);
int xsd_load(const char *name, const struct xsd_options *opts,
	     struct xsd_file *file);
int xsd_need_state(const struct xsd_file *file);
void xsd_unload(struct xsd_file *file);
void xsd_complain(const char *name, size_t base,
		  const struct xs_image_error *err);
int xsd_parse_use(const char *name, const struct xsd_file *file,
		  enum xs_image_use *usep);

/* live.c */
#define XSD_LIVE "live:" /* and a domid: a FILE that a daemon makes */
int xsd_read_live(const char *name, struct xsd_file *file);

/* print.c */
void xsd_init_output(bool color);
void xsd_put_text(FILE *out, const void *data, size_t len);
void xsd_put_value(FILE *out, const struct xs_span *span);
void xsd_put_perms(FILE *out, const struct xs_image_node *node);
void xsd_color(FILE *out, const char *name);
int xsd_write(const char *name, const void *data, size_t len);
bool xsd_span_is(const struct xs_span *span, const char *text);
int xsd_span_compare(const struct xs_span *a, const struct xs_span *b);
void *xsd_alloc(size_t n, size_t size);
const struct xs_image_conn *xsd_find_ring(const struct xs_image *image,
					  uint32_t domid);
const struct xs_image_conn *xsd_find_conn(const struct xs_image *image,
					  uint32_t id);
void xsd_conn_name(const struct xs_image_conn *conn, char text[32]);

/* json.c, json_read.c */
void xsd_json_write(FILE *out, const struct xs_image *image, bool compact,
		    bool flat);
int xsd_json_read(const char *text, size_t len, struct xs_image *image,
		  struct xs_image_format *format, char *error,
		  size_t error_len);

struct jsonw;
void xsd_json_state(struct jsonw *w, const char *key,
		    const struct xs_image *image);

/* context.c, context_json.c: false: it is not good, which has been said */
bool xsd_put_context(const struct xsd_file *file);
bool xsd_sum_up_context(const struct xsd_file *file);
bool xsd_json_context(struct jsonw *w, const struct xsd_file *file);
void xsd_json_offer(struct jsonw *w, const struct xsd_file *file);

/* tdb.c */
int xsd_tdb_read(const char *name, struct xs_image *image, char *error,
		 size_t error_len);

#define COMMAND(name, args, options, text) \
	int xsd_cmd_##name(const struct xsd_options *opts);
#include "commands.def"
#undef COMMAND

#endif
