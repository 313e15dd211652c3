/* SPDX-License-Identifier: GPL-2.0-only */
/* xsdump verify and tee: every rule that is broken. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "move.h"
#include "state/rules.h"
#include "xcr/context.h"
#include "xcr/names.h"

#define HEAD 64 /* bytes that tell what a stream is */

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

static int verify_state(const struct xsd_file *file,
			const struct xsd_options *opts, FILE *out)
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

/* A context of Xen on its own. */
static int verify_context(const struct xsd_file *file, FILE *out)
{
	struct xcr_context context;
	int rc = xcr_context_open(&context, file->context, file->context_len,
				  NULL);

	if (rc)
		fprintf(stderr, "%s: offset 0x%x: %s: %s\n", file->name,
			context.err.offset, xcr_reason_name(context.err.reason),
			xcr_reason_text(context.err.reason));
	xsd_color(out, rc ? "red" : "green");
	fprintf(out, "%s: %s", file->name, rc ? "bad" : "good");
	xsd_color(out, NULL);
	fputc('\n', out);
	xcr_context_close(&context);
	return rc ? XSD_DIFFER : XSD_OK;
}

static int verify_save(const struct xsd_file *file,
		       const struct xsd_options *opts, FILE *out)
{
	struct xsd_move move;
	int rc = xsd_move_begin(&move, file->name, opts);

	if (rc)
		return rc;
	xsd_move_feed(&move, file->data, file->len);
	return xsd_move_end(&move, out);
}

static int verify(struct xsd_file *file, const struct xsd_options *opts,
		  FILE *out)
{
	int rc;

	if (xcr_stream_is(file->data, file->len))
		return verify_save(file, opts, out);
	rc = xsd_parse(file, opts);
	if (!rc && file->kind == XSD_CONTEXT)
		return verify_context(file, out);
	return rc ? rc : verify_state(file, opts, out);
}

int xsd_cmd_verify(const struct xsd_options *opts)
{
	struct xsd_file file;
	int rc = xsd_read(opts->args[0], &file);

	if (!rc)
		rc = verify(&file, opts, stdout);
	xsd_unload(&file);
	return rc;
}

/*
 * Passes on what there is, at once: who sent it may be waiting for an answer
 * to it.  The number of bytes; 0 at the end.
 */
static size_t pass(uint8_t *buf, size_t max)
{
	ssize_t n, at, written;

	do
		n = read(STDIN_FILENO, buf, max);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		perror("xsdump: standard input");
		exit(XSD_FAILED);
	}
	for (at = 0; at < n; at += written) {
		written = write(STDOUT_FILENO, buf + at, (size_t)(n - at));
		if (written < 0 && errno == EINTR)
			written = 0;
		if (written < 0) {
			perror("xsdump: standard output");
			exit(XSD_FAILED);
		}
	}
	return (size_t)n;
}

/* A stream of any length is judged as it goes by. */
static int tee_save(const uint8_t *head, size_t n_head,
		    const struct xsd_options *opts)
{
	static uint8_t buf[65536];
	struct xsd_move move;
	int rc = xsd_move_begin(&move, "standard input", opts);
	size_t n;

	if (rc)
		return rc;
	xsd_move_feed(&move, head, n_head);
	while ((n = pass(buf, sizeof(buf))) > 0)
		xsd_move_feed(&move, buf, n);
	return xsd_move_end(&move, stderr);
}

/* A state is judged when all of it is there. */
static int tee_copy(const uint8_t *head, size_t n_head,
		    const struct xsd_options *opts)
{
	static uint8_t buf[65536];
	struct xsd_file file = {0};
	FILE *copy = tmpfile();
	char name[64];
	size_t n;
	int rc;

	if (!copy || fwrite(head, 1, n_head, copy) != n_head) {
		perror("xsdump: a temporary file");
		if (copy)
			fclose(copy);
		return XSD_FAILED;
	}
	rc = XSD_OK;
	while ((n = pass(buf, sizeof(buf))) > 0)
		if (fwrite(buf, 1, n, copy) != n)
			rc = XSD_FAILED;
	if (rc || fflush(copy)) {
		perror("xsdump: a temporary file");
		fclose(copy);
		return XSD_FAILED;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fileno(copy));
	rc = xsd_read(name, &file);
	file.name = "standard input";
	if (!rc)
		rc = verify(&file, opts, stderr);
	xsd_unload(&file);
	fclose(copy);
	return rc;
}

/* The verdict goes to standard error and into the exit code. */
int xsd_cmd_tee(const struct xsd_options *opts)
{
	uint8_t head[HEAD];
	size_t n_head = 0, n;

	while (n_head < HEAD && (n = pass(head + n_head, HEAD - n_head)) > 0)
		n_head += n;
	if (xcr_stream_is(head, n_head))
		return tee_save(head, n_head, opts);
	return tee_copy(head, n_head, opts);
}
