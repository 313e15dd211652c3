/* SPDX-License-Identifier: GPL-2.0-only */
/* xsdump records: what lies where. */
#include <string.h>

#include "savefile.h"
#include "state/records.h"
#include "xsdump.h"

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

static int put_save(const struct xsd_file *file, bool verbose)
{
	struct save_record record;
	struct save_iter it;
	int rc, bad = XSD_OK;

	save_init(&it, file->data, file->len);
	while ((rc = save_next(&it, &record)) > 0) {
		printf("0x%08zx %-6s %-26s 0x%08x %8zu%s\n", record.offset,
		       record.stream, record.name, record.type, record.len,
		       record.is_state ? "  state of the store:" : "");
		if (record.is_state)
			bad |= put_stream(file->name, record.body, record.len,
					  (size_t)(record.body - file->data),
					  verbose, "  ");
		else if (verbose)
			put_bytes(record.body, record.len);
	}
	if (rc)
		fprintf(stderr, "%s: offset 0x%zx: %s\n", file->name, it.next,
			it.error);
	return rc ? XSD_DIFFER : bad;
}

int xsd_cmd_records(const struct xsd_options *opts)
{
	struct xsd_file file;
	int rc = xsd_read(opts->args[0], &file);

	xs_image_init(&file.image, NULL);
	if (!rc && save_is(file.data, file.len))
		rc = put_save(&file, opts->verbose);
	else if (!rc)
		rc = put_stream(file.name, file.data, file.len, 0,
				opts->verbose, "");
	xsd_unload(&file);
	return rc;
}
