/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands of xsdump have in common. */
#ifndef XSDUMP_H
#define XSDUMP_H

#include <stdio.h>

#include "state/image.h"

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
	XSD_SAVE, /* with a stream in it */
};

/* A file that was read. */
struct xsd_file {
	const char *name;
	uint8_t *data;
	size_t len;
	enum xsd_kind kind;
	const char *kind_name;
	const uint8_t *state; /* the stream; in data */
	size_t state_len;
	struct xs_image image;
	unsigned int n_damages; /* with --salvage */
};

/* load.c */
int xsd_read(const char *name, struct xsd_file *file);
int xsd_load(const char *name, const struct xsd_options *opts,
	     struct xsd_file *file);
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

/* tdb.c */
int xsd_tdb_read(const char *name, struct xs_image *image, char *error,
		 size_t error_len);

#define COMMAND(name, args, options, text) \
	int xsd_cmd_##name(const struct xsd_options *opts);
#include "commands.def"
#undef COMMAND

#endif
