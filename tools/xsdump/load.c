/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a file of any kind that holds the state of a store. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "savefile.h"
#include "state/records.h"
#include "xsdump.h"

#define TDB_MAGIC "TDB file\n"

/* "FILE: offset 0x1f0, record 12 (NODE_DATA): ... (rule N-3)" */
void xsd_complain(const char *name, size_t base,
		  const struct xs_image_error *err)
{
	struct xs_image_error moved = *err;
	char text[XS_IMAGE_ERROR_TEXT];

	if (moved.at.offset)
		moved.at.offset += base;
	xs_image_error_format(&moved, text);
	xsd_put_text(stderr, name, strlen(name));
	fprintf(stderr, ": %s%s\n",
		err->severity == XS_IMAGE_NOTE ? "note: " : "", text);
}

static int fail(const char *name, const char *why)
{
	fprintf(stderr, "xsdump: ");
	xsd_put_text(stderr, name, strlen(name));
	fprintf(stderr, ": %s\n", why);
	return XSD_FAILED;
}

/* All bytes of a file, or of standard input for "-". */
int xsd_read(const char *name, struct xsd_file *file)
{
	FILE *in;
	size_t n_alloc = 0, n;

	if (!strncmp(name, XSD_LIVE, strlen(XSD_LIVE)))
		return xsd_read_live(name, file);
	memset(file, 0, sizeof(*file));
	in = strcmp(name, "-") ? fopen(name, "rb") : stdin;
	file->name = strcmp(name, "-") ? name : "standard input";
	if (!in)
		return fail(name, strerror(errno));
	do {
		if (file->len == n_alloc) {
			n_alloc = n_alloc ? 2 * n_alloc : 65536;
			file->data = realloc(file->data, n_alloc);
			if (!file->data) {
				fputs("xsdump: out of memory\n", stderr);
				exit(XSD_FAILED);
			}
		}
		n = fread(file->data + file->len, 1, n_alloc - file->len, in);
		file->len += n;
	} while (n);
	n = (size_t)ferror(in);
	if (in != stdin)
		fclose(in);
	if (n) {
		free(file->data);
		return fail(name, "cannot be read");
	}
	return 0;
}

static void damage(void *arg, const struct xs_image_error *err)
{
	struct xsd_file *file = arg;

	file->n_damages++;
	xsd_complain(file->name, (size_t)(file->state - file->data), err);
}

static int load_stream(struct xsd_file *file, const struct xsd_options *opts)
{
	struct xs_image_error err;
	int rc;

	if (opts->salvage)
		rc = xs_image_salvage(&file->image, file->state,
				      file->state_len, damage, file);
	else
		rc = xs_image_decode(&file->image, file->state, file->state_len,
				     &err);
	if (rc == -ENOMEM)
		return fail(file->name, "out of memory");
	if (!rc)
		return 0;
	if (!opts->salvage)
		xsd_complain(file->name, (size_t)(file->state - file->data),
			     &err);
	return XSD_DIFFER;
}

/* The state in a save image, if there is one. */
static int find_state(struct xsd_file *file)
{
	struct save_record record;
	struct save_iter it;
	int rc;

	save_init(&it, file->data, file->len);
	while ((rc = save_next(&it, &record)) > 0) {
		if (!record.is_state)
			continue;
		file->state = record.body;
		file->state_len = record.len;
		return 0;
	}
	if (rc < 0) {
		fprintf(stderr, "%s: offset 0x%zx: %s\n", file->name, it.next,
			it.error);
		return XSD_DIFFER;
	}
	fprintf(stderr,
		"%s: no state of a store in this save image; `xsdump records` "
		"lists what there is\n",
		file->name);
	return XSD_DIFFER;
}

static int load_ocaml(struct xsd_file *file)
{
	struct xs_image_error err;
	int rc;

	file->kind = XSD_OCAML;
	file->kind_name = "oxenstored's text";
	rc = xs_image_decode_ocaml(&file->image, file->data, file->len, &err);
	if (rc == -ENOMEM)
		return fail(file->name, "out of memory");
	if (rc)
		xsd_complain(file->name, 0, &err);
	return rc ? XSD_DIFFER : 0;
}

static int load_tdb(struct xsd_file *file)
{
	char error[200];
	int rc;

	file->kind = XSD_TDB;
	file->kind_name = "store of an old xenstored (TDB)";
	rc = xsd_tdb_read(file->name, &file->image, error, sizeof(error));
	return rc ? fail(file->name, error), XSD_DIFFER : 0;
}

static const char *stream_name(const struct xsd_file *file)
{
	const struct xs_image *image = &file->image;

	if (file->kind == XSD_SAVE)
		return "state of one domain in a save image";
	if (image->origin.present && image->origin.kind == XS_IMAGE_DOMAIN)
		return "state of one domain";
	if (image->sum != XS_IMAGE_SUM_NONE)
		return "live update of our daemon";
	return image->version == 1 ? "live update, version 1"
				   : "live update, version 2";
}

/*
 * Reads and takes apart; what is wrong has been said.  0, XSD_DIFFER for a
 * damaged file, XSD_FAILED.  Always followed by xsd_unload().
 */
int xsd_load(const char *name, const struct xsd_options *opts,
	     struct xsd_file *file)
{
	int rc = xsd_read(name, file);

	xs_image_init(&file->image, NULL);
	if (rc)
		return rc;
	file->state = file->data;
	file->state_len = file->len;
	if (xs_image_is_ocaml(file->data, file->len))
		return load_ocaml(file);
	if (file->len > strlen(TDB_MAGIC) &&
	    !memcmp(file->data, TDB_MAGIC, strlen(TDB_MAGIC)))
		return load_tdb(file);
	if (save_is(file->data, file->len)) {
		file->kind = XSD_SAVE;
		rc = find_state(file);
	}
	if (!rc)
		rc = load_stream(file, opts);
	file->kind_name = stream_name(file);
	return rc;
}

void xsd_unload(struct xsd_file *file)
{
	xs_image_fini(&file->image);
	free(file->data);
}

/* What a file is judged for: as asked, or as it looks. */
int xsd_parse_use(const char *name, const struct xsd_file *file,
		  enum xs_image_use *usep)
{
	static const struct {
		const char *name;
		enum xs_image_use use;
	} uses[] = {
		{"any", XS_IMAGE_USE_ANY},
		{"domain", XS_IMAGE_USE_DOMAIN},
		{"live-update", XS_IMAGE_USE_LIVE_UPDATE},
		{"4.17", XS_IMAGE_USE_417},
	};
	const struct xs_image *image = &file->image;
	size_t i;

	for (i = 0; name && i < sizeof(uses) / sizeof(uses[0]); i++) {
		*usep = uses[i].use;
		if (!strcmp(name, uses[i].name))
			return 0;
	}
	if (name) {
		fprintf(stderr, "xsdump: --use is any, domain, live-update or "
				"4.17\n");
		return XSD_FAILED;
	}
	if (image->origin.present && image->origin.kind == XS_IMAGE_DOMAIN)
		*usep = XS_IMAGE_USE_DOMAIN;
	else if (image->global.present)
		*usep = XS_IMAGE_USE_LIVE_UPDATE;
	else
		*usep = XS_IMAGE_USE_ANY;
	return 0;
}
