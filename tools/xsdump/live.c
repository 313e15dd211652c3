/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One domain of the running daemon: looked at, taken out and put in.
 *
 * Looking and taking out change nothing.  To move a domain, quiesce it first
 * (docs/protocol-extensions.md).
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "remote.h"
#include "xsdump.h"

static int trouble(const char *what, int rc)
{
	fprintf(stderr, "xsdump: %s: %s\n", what, strerror(-rc));
	return XSD_FAILED;
}

static int parse_domid(const char *text, unsigned int *domidp)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || n > UINT16_MAX) {
		fputs("xsdump: a domain is a number\n", stderr);
		return XSD_FAILED;
	}
	*domidp = (unsigned int)n;
	return 0;
}

static int capture(const char *domid_text, uint8_t **blobp, size_t *lenp)
{
	struct xsd_remote *remote;
	unsigned int domid;
	int rc = parse_domid(domid_text, &domid);

	if (rc)
		return rc;
	rc = xsd_remote_open(&remote);
	if (rc)
		return trouble("the daemon cannot be reached", rc);
	rc = xsd_remote_capture(remote, domid, blobp, lenp);
	xsd_remote_close(remote);
	if (rc == -ENOENT) {
		fprintf(stderr, "xsdump: domain %u has no connection\n", domid);
		return XSD_FAILED;
	}
	if (rc == -EINVAL) {
		fputs("xsdump: this daemon cannot do that\n", stderr);
		return XSD_FAILED;
	}
	return rc ? trouble("the daemon says", rc) : 0;
}

/* As xsd_read(), for "live:N". */
int xsd_read_live(const char *name, struct xsd_file *file)
{
	memset(file, 0, sizeof(*file));
	xs_image_init(&file->image, NULL);
	file->name = name;
	return capture(name + strlen(XSD_LIVE), &file->data, &file->len);
}

int xsd_cmd_capture(const struct xsd_options *opts)
{
	uint8_t *blob;
	size_t len;
	int rc = capture(opts->args[0], &blob, &len);

	if (rc)
		return rc;
	rc = xsd_write(opts->output, blob, len);
	free(blob);
	return rc;
}

/* What the daemon found goes out line by line: other programs read it. */
static void put_report(const char *report)
{
	for (; *report; report++)
		putchar(*report == '\n' || (*report >= ' ' && *report < 0x7f)
				? *report
				: '?');
	putchar('\n');
}

static int inject(const struct xsd_options *opts, const struct xsd_file *file)
{
	char *supplies[XSD_ARGS_MAX];
	struct xsd_remote *remote;
	char *report = NULL;
	int i, rc;

	for (i = 1; i < opts->n_args; i++) {
		supplies[i - 1] = strdup(opts->args[i]);
		if (!supplies[i - 1] || !strchr(supplies[i - 1], '=')) {
			fputs("xsdump: say PATH=VALUE\n", stderr);
			return XSD_FAILED;
		}
	}
	rc = xsd_remote_open(&remote);
	if (rc)
		return trouble("the daemon cannot be reached", rc);
	rc = xsd_remote_inject(remote, file->data, file->len, supplies,
			       (size_t)opts->n_args - 1, opts->check, &report);
	xsd_remote_close(remote);
	for (i = 1; i < opts->n_args; i++)
		free(supplies[i - 1]);
	if (report) {
		put_report(report);
		free(report);
	}
	if (rc == -ENOEXEC)
		return XSD_DIFFER;
	return rc ? trouble("the daemon says", rc) : XSD_OK;
}

int xsd_cmd_inject(const struct xsd_options *opts)
{
	struct xsd_file file;
	int rc = xsd_read(opts->args[0], &file);

	if (!rc)
		rc = inject(opts, &file);
	xsd_unload(&file);
	return rc;
}

int xsd_cmd_live(const struct xsd_options *opts)
{
	static const struct {
		const char *name;
		int (*run)(const struct xsd_options *opts);
	} views[] = {
		{"info", xsd_cmd_info},	  {"tree", xsd_cmd_tree},
		{"json", xsd_cmd_json},	  {"verify", xsd_cmd_verify},
		{"stats", xsd_cmd_stats}, {"records", xsd_cmd_records},
		{"show", xsd_cmd_show},
	};
	struct xsd_options view = *opts;
	char name[32];
	size_t i;

	if (opts->n_args != 2) {
		fputs("xsdump: say: xsdump live COMMAND N\n", stderr);
		return XSD_FAILED;
	}
	snprintf(name, sizeof(name), XSD_LIVE "%.8s", opts->args[1]);
	view.args[0] = name;
	view.n_args = 1;
	for (i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		if (strcmp(opts->args[0], views[i].name))
			continue;
		if (views[i].run == xsd_cmd_show) {
			view.args[1] = "domain";
			view.args[2] = opts->args[1];
			view.n_args = 3;
		}
		return views[i].run(&view);
	}
	fputs("xsdump: live takes info, tree, show, json, verify, stats or "
	      "records\n",
	      stderr);
	return XSD_FAILED;
}
