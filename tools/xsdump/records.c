/* SPDX-License-Identifier: GPL-2.0-only */
/* xsdump records: what lies where. */
#include <string.h>

#include "base/cursor.h"
#include "move.h"
#include "state/records.h"
#include "xcr/context.h"
#include "xcr/names.h"

#define ROW 16

static void put_bytes(const uint8_t *data, size_t len)
{
	size_t i, k;

	for (i = 0; i < len; i += ROW) {
		printf("      %06zx ", i);
		for (k = i; k < i + ROW; k++)
			if (k < len)
				printf(" %02x", data[k]);
			else
				fputs("   ", stdout);
		fputs("  ", stdout);
		for (k = i; k < i + ROW && k < len; k++)
			putchar(data[k] >= 0x20 && data[k] < 0x7f ? data[k]
								  : '.');
		putchar('\n');
	}
}

static int put_stream(const char *name, const uint8_t *data, size_t len,
		      size_t base, bool verbose, const char *indent)
{
	struct xs_record_iter it;
	struct xs_record record;
	struct xs_image_error err;
	int rc = xs_record_iter_init(&it, data, len, &err);

	if (rc) {
		xsd_complain(name, base, &err);
		return XSD_DIFFER;
	}
	while ((rc = xs_record_iter_next(&it, &record, &err)) > 0) {
		printf("%s0x%08zx %6u  %-22s 0x%08x %8zu\n", indent,
		       base + record.at.offset, record.at.record,
		       xs_record_name(record.type), record.type,
		       record.body.len);
		if (verbose)
			put_bytes(record.body.data, record.body.len);
	}
	if (rc)
		xsd_complain(name, base, &err);
	return rc ? XSD_DIFFER : XSD_OK;
}

/* The records of a context, as far as they can be told apart. */
static int put_context(const uint8_t *data, size_t len, size_t base,
		       bool verbose, const char *indent)
{
	struct xs_rd rd;

	xs_rd_init(&rd, data, len);
	xs_rd_bytes(&rd, sizeof(struct xen_gtm_header));
	while (!rd.failed && xs_rd_left(&rd)) {
		size_t at = base + (size_t)(rd.pos - data);
		uint32_t type = (uint32_t)xs_rd_int(&rd, 2, false);
		const uint8_t *body;
		uint32_t instance;
		size_t n;

		xs_rd_int(&rd, 2, false);
		instance = (uint32_t)xs_rd_int(&rd, 4, false);
		n = (size_t)xs_rd_int(&rd, 4, false);
		xs_rd_int(&rd, 4, false);
		body = xs_rd_bytes(&rd, (n + 7) & ~(size_t)7);
		if (!body)
			break;
		printf("%s0x%08zx %6u  %-22s 0x%08x %8zu\n", indent, at,
		       instance, xcr_context_record_name(type), type, n);
		if (verbose)
			put_bytes(body, n);
	}
	return rd.failed ? XSD_DIFFER : XSD_OK;
}

struct listing {
	const struct xsd_file *file;
	bool verbose;
	int bad;
};

static void on_record(void *arg, const struct xcr_record *record)
{
	struct listing *listing = arg;
	const struct xsd_file *file = listing->file;
	const uint8_t *body = file->data + record->at;
	size_t len = (size_t)record->length;
	const uint8_t *state = xsd_state_in(record, body, &len);
	bool is_context = record->layer == XCR_LIBXC &&
			  record->type == XCR_LIBXC_GTM_CONTEXT;

	printf("0x%08llx %-6s %-26s 0x%08x %8llu%s\n",
	       (unsigned long long)record->offset,
	       xcr_layer_name(record->layer), record->name, record->type,
	       (unsigned long long)record->length,
	       state ? "  state of the store:" : "");
	if (state)
		listing->bad |= put_stream(file->name, state, len,
					   (size_t)(state - file->data),
					   listing->verbose, "  ");
	else if (is_context)
		listing->bad |= put_context(body, len, (size_t)record->at,
					    listing->verbose, "  ");
	else if (listing->verbose)
		put_bytes(body, len);
}

static void on_problem(void *arg, const struct xcr_problem *problem)
{
	struct listing *listing = arg;

	if (!problem->is_note)
		listing->bad = XSD_DIFFER;
	xsd_complain_record(listing->file->name, problem);
}

static int put_save(const struct xsd_file *file, bool verbose)
{
	struct listing listing = {file, verbose, XSD_OK};
	const struct xcr_ops ops = {on_record, on_problem, &listing};
	struct xcr_stream *stream = xcr_stream_new(&ops);

	if (!stream) {
		fputs("xsdump: out of memory\n", stderr);
		return XSD_FAILED;
	}
	xcr_stream_feed(stream, file->data, file->len);
	xcr_stream_end(stream);
	xcr_stream_free(stream);
	return listing.bad;
}

int xsd_cmd_records(const struct xsd_options *opts)
{
	struct xsd_file file;
	int rc = xsd_read(opts->args[0], &file);

	if (!rc && xcr_stream_is(file.data, file.len))
		rc = put_save(&file, opts->verbose);
	else if (!rc && xcr_context_is(file.data, file.len))
		rc = put_context(file.data, file.len, 0, opts->verbose, "");
	else if (!rc)
		rc = put_stream(file.name, file.data, file.len, 0,
				opts->verbose, "");
	xsd_unload(&file);
	return rc;
}
