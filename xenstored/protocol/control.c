/* SPDX-License-Identifier: GPL-2.0-only */
/* CONTROL: finding the command, and the ones about the daemon itself. */
#include "protocol/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#include "base/settings.h"
#include "plat/plat.h"
#include "protocol/request.h"
#include "store/store.h"
#include "wire/args.h"

#define ARGS_MAX 8

static const struct {
	const char *name;
	xs_command_fn *handler;
	const char *params;
} commands[] = {
#define COMMAND(name, handler, params) {name, xs_control_##handler, params},
#include "protocol/commands.def"
#undef COMMAND
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

int xs_do_control(struct xs_request *req)
{
	const char *args[ARGS_MAX];
	size_t used, n, i;

	if (xs_control_is_piece(req))
		return xs_control_piece(req);
	n = xs_args_split(req->payload, req->len, args, ARGS_MAX, &used);
	if (!n || n > ARGS_MAX || used != req->len)
		return -EINVAL;
	for (i = 0; i < N_COMMANDS; i++) {
		if (!strcmp(args[0], commands[i].name))
			return commands[i].handler(req, args, n);
	}
	return -EINVAL;
}

int xs_control_help(struct xs_request *req, const char *const *args, size_t n)
{
	size_t i;

	(void)args;
	if (n != 1)
		return -EINVAL;
	for (i = 0; i < N_COMMANDS; i++)
		xs_wr_printf(&req->reply, "%s\t%s\n", commands[i].name,
			     commands[i].params);
	xs_wr_bytes(&req->reply, "", 1);
	return 0;
}

int xs_control_log(struct xs_request *req, const char *const *args, size_t n)
{
	if (n != 2 || (strcmp(args[1], "on") && strcmp(args[1], "off")))
		return -EINVAL;
	req->protocol->log->trace = !strcmp(args[1], "on");
	return xs_request_ok(req);
}

int xs_control_logfile(struct xs_request *req, const char *const *args,
		       size_t n)
{
	int rc;

	if (n != 2 || !args[1][0])
		return -EINVAL;
	rc = plat_log_file(req->protocol->plat, args[1]);
	return rc ? rc : xs_request_ok(req);
}

int xs_control_print(struct xs_request *req, const char *const *args, size_t n)
{
	if (n != 2)
		return -EINVAL;
	xs_log(req->protocol->log, XS_LOG_INFO, "control: %s", args[1]);
	return xs_request_ok(req);
}

/* ---- memreport -------------------------------------------------------- */

struct report {
	char *text; /* talloc */
	bool failed;
};

static void report_line(struct report *report, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void report_line(struct report *report, const char *fmt, ...)
{
	va_list ap;
	char *text;

	if (report->failed)
		return;
	va_start(ap, fmt);
	text = talloc_vasprintf_append_buffer(report->text, fmt, ap);
	va_end(ap);
	if (text)
		report->text = text;
	else
		report->failed = true;
}

static void report_block(const void *ptr, int depth, int max_depth, int is_ref,
			 void *arg)
{
	(void)max_depth;
	if (!is_ref)
		report_line(arg, "%*s%-30s %8zu bytes in %3zu blocks\n",
			    depth * 4, "", talloc_get_name(ptr),
			    talloc_total_size(ptr), talloc_total_blocks(ptr));
}

static void report_account(struct report *report,
			   const struct xs_account *account)
{
	report_line(report, "account domid=%u memory=%llu nodes=%llu\n",
		    account->domid,
		    (unsigned long long)account->used[XS_QUOTA_MEMORY],
		    (unsigned long long)account->used[XS_QUOTA_NODES]);
}

/* Appends what memory is used for to a file, or to the trace. */
int xs_control_memreport(struct xs_request *req, const char *const *args,
			 size_t n)
{
	struct xs_protocol *protocol = req->protocol;
	const struct xs_store *store = protocol->store;
	struct report report = {.text = talloc_strdup(NULL, "")};
	uint32_t domid;
	int rc = -ENOMEM;

	if (n > 2) {
		talloc_free(report.text);
		return -EINVAL;
	}
	report.failed = !report.text;
	report_line(&report, "nodes=%u watches=%u connections=%u\n",
		    store->tree.n_nodes, store->watches.n_watches,
		    protocol->conns->n_conns);
	for (domid = 0; domid <= UINT16_MAX; domid++) {
		const struct xs_account *account =
			xs_accounts_find(&store->accounts, (uint16_t)domid);

		if (account)
			report_account(&report, account);
	}
	talloc_report_depth_cb(protocol->ctx, 0, -1, report_block, &report);
	if (!report.failed)
		rc = plat_file_append(protocol->plat, n == 2 ? args[1] : NULL,
				      report.text, strlen(report.text));
	talloc_free(report.text);
	return rc ? rc : xs_request_ok(req);
}
