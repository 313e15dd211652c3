/* SPDX-License-Identifier: GPL-2.0-only */
/* xsdump verify and tee: every rule that is broken. */
#include <stdlib.h>
#include <string.h>

#include "state/rules.h"
#include "xsdump.h"

struct verdict {
	const struct xsd_file *file;
	unsigned int n_wrong, n_notes;
};

static void tell(void *arg, const struct xs_image_error *err)
{
	struct verdict *verdict = arg;
	const struct xsd_file *file = verdict->file;

	if (err->severity == XS_IMAGE_NOTE)
		verdict->n_notes++;
	else
		verdict->n_wrong++;
	xsd_complain(file->name, (size_t)(file->state - file->data), err);
}

static int verify(const struct xsd_file *file, const struct xsd_options *opts,
		  FILE *out)
{
	struct verdict verdict = {.file = file};
	enum xs_image_use use;
	int rc = xsd_parse_use(opts->use, file, &use);

	if (rc)
		return rc;
	rc = xs_image_validate(&file->image, use, tell, &verdict);
	if (rc < 0)
		return XSD_FAILED;
	if (opts->strict && verdict.n_notes)
		rc = 1;
	if (file->n_damages)
		rc = 1;
	xsd_color(out, rc ? "red" : "green");
	fprintf(out, "%s: %s, %u wrong, %u notes, %u records", file->name,
		rc ? "bad" : "good", verdict.n_wrong + file->n_damages,
		verdict.n_notes, file->image.n_records);
	xsd_color(out, NULL);
	fputc('\n', out);
	return rc ? XSD_DIFFER : XSD_OK;
}

int xsd_cmd_verify(const struct xsd_options *opts)
{
	struct xsd_file file;
	int rc = xsd_load(opts->args[0], opts, &file);

	if (!rc)
		rc = verify(&file, opts, stdout);
	xsd_unload(&file);
	return rc;
}

/*
 * What comes is passed on as it comes, so that nobody waits; the verdict goes
 * to standard error and into the exit code.
 */
int xsd_cmd_tee(const struct xsd_options *opts)
{
	struct xsd_file file = {0};
	uint8_t buf[65536];
	FILE *copy = tmpfile();
	char name[64];
	size_t n;
	int rc = XSD_OK;

	if (!copy) {
		perror("xsdump: a temporary file");
		return XSD_FAILED;
	}
	while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0) {
		if (fwrite(buf, 1, n, stdout) != n || fflush(stdout)) {
			perror("xsdump: standard output");
			fclose(copy);
			return XSD_FAILED;
		}
		if (fwrite(buf, 1, n, copy) != n) {
			perror("xsdump: a temporary file");
			rc = XSD_FAILED;
		}
	}
	if (rc || fflush(copy)) {
		fclose(copy);
		return XSD_FAILED;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fileno(copy));
	rc = xsd_load(name, opts, &file);
	file.name = "standard input";
	if (!rc)
		rc = verify(&file, opts, stderr);
	xsd_unload(&file);
	fclose(copy);
	return rc;
}
