/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a file of any kind that holds the state of a store. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "move.h"
#include "state/records.h"
#include "xcr/context.h"

#define TDB_MAGIC "TDB file\n"
#define MAP_FROM  (16u << 20) /* a file of that length is not read at once */

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

/* Guests have a lot of memory, most of which nobody is going to look at. */
static bool map_file(struct xsd_file *file, FILE *in)
{
	struct stat st;
	void *data;

	if (in == stdin || fstat(fileno(in), &st) || !S_ISREG(st.st_mode) ||
	    st.st_size < MAP_FROM)
		return false;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
		    fileno(in), 0);
	if (data == MAP_FAILED)
		return false;
	file->data = data;
	file->len = (size_t)st.st_size;
	file->mapped = true;
	return true;
}

/*
 * All bytes of a file, or of standard input for "-".  Whatever it answers,
 * xsd_unload() follows.
 */
int xsd_read(const char *name, struct xsd_file *file)
{
	FILE *in;
	size_t n_alloc = 0, n;

	if (!strncmp(name, XSD_LIVE, strlen(XSD_LIVE)))
		return xsd_read_live(name, file);
	memset(file, 0, sizeof(*file));
	xs_image_init(&file->image, NULL);
	in = strcmp(name, "-") ? fopen(name, "rb") : stdin;
	file->name = strcmp(name, "-") ? name : "standard input";
	if (!in)
		return fail(name, strerror(errno));
	if (map_file(file, in)) {
		fclose(in);
		return 0;
	}
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
	return n ? fail(name, "cannot be read") : 0;
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

static void on_record(void *arg, const struct xcr_record *record)
{
	struct xsd_file *file = arg;
	const uint8_t *body = file->data + record->at;
	size_t len = (size_t)record->length;

	if (record->layer == XCR_XL && record->type == XCR_XL_OFFER) {
		file->offer = body;
		file->offer_len = len;
	} else if (record->layer == XCR_LIBXC &&
		   record->type == XCR_LIBXC_GTM_CONTEXT) {
		file->context = body;
		file->context_len = len;
	}
	if (file->has_state)
		return;
	body = xsd_state_in(record, body, &len);
	if (!body)
		return;
	file->state = body;
	file->state_len = len;
	file->has_state = true;
}

static void on_problem(void *arg, const struct xcr_problem *problem)
{
	struct xsd_file *file = arg;

	if (problem->is_note)
		return;
	file->n_damages++;
	xsd_complain_record(file->name, problem);
}

/* What of a save image can be looked at; the state in it, if there is one. */
static int load_save(struct xsd_file *file, const struct xsd_options *opts)
{
	const struct xcr_ops ops = {on_record, on_problem, file};
	struct xcr_stream *stream = xcr_stream_new(&ops);

	file->kind = XSD_SAVE;
	if (!stream)
		return fail(file->name, "out of memory");
	xcr_stream_feed(stream, file->data, file->len);
	xcr_stream_end(stream);
	file->save = *xcr_stream_info(stream);
	xcr_stream_free(stream);
	return file->has_state ? load_stream(file, opts) : 0;
}

/* Says so if there is no state of a store. */
int xsd_need_state(const struct xsd_file *file)
{
	if (file->has_state)
		return 0;
	fprintf(stderr,
		"%s: no state of a store in this %s; `xsdump records` lists "
		"what there is\n",
		file->name,
		file->kind == XSD_CONTEXT ? "context" : "save image");
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

	if (file->kind == XSD_SAVE && file->save.transparent)
		return "stream of a transparent migration";
	if (file->kind == XSD_SAVE)
		return file->has_state ? "state of one domain in a save image"
				       : "save image";
	if (image->origin.present && image->origin.kind == XS_IMAGE_DOMAIN)
		return "state of one domain";
	if (image->sum != XS_IMAGE_SUM_NONE)
		return "live update of our daemon";
	return image->version == 1 ? "live update, version 1"
				   : "live update, version 2";
}

/* Takes apart what was read, as xsd_load(), but a state need not be there. */
int xsd_parse(struct xsd_file *file, const struct xsd_options *opts)
{
	int rc;

	file->state = file->data;
	file->state_len = file->len;
	if (xcr_context_is(file->data, file->len)) {
		file->kind = XSD_CONTEXT;
		file->kind_name = "context of a guest in Xen";
		file->context = file->data;
		file->context_len = file->len;
		return 0;
	}
	if (xcr_stream_is(file->data, file->len)) {
		rc = load_save(file, opts);
		file->kind_name = stream_name(file);
		return rc;
	}
	file->has_state = true;
	if (xs_image_is_ocaml(file->data, file->len))
		return load_ocaml(file);
	if (file->len > strlen(TDB_MAGIC) &&
	    !memcmp(file->data, TDB_MAGIC, strlen(TDB_MAGIC)))
		return load_tdb(file);
	rc = load_stream(file, opts);
	file->kind_name = stream_name(file);
	return rc;
}

/*
 * Reads and takes apart; what is wrong has been said.  0, XSD_DIFFER for a
 * damaged file or one without a state, XSD_FAILED.  Always followed by
 * xsd_unload().
 */
int xsd_load(const char *name, const struct xsd_options *opts,
	     struct xsd_file *file)
{
	int rc = xsd_read(name, file);

	if (!rc)
		rc = xsd_parse(file, opts);
	return rc ? rc : xsd_need_state(file);
}

void xsd_unload(struct xsd_file *file)
{
	xs_image_fini(&file->image);
	if (file->mapped)
		munmap(file->data, file->len);
	else
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
