/* SPDX-License-Identifier: GPL-2.0-only */
/* Thawing one domain from a blob, or saying why that cannot be. */
#ifndef XS_FREEZE_IMPORT_H
#define XS_FREEZE_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xs_conns;

/* A value the destination gives a host-specific node. */
struct xs_supply {
	const char *path;
	const char *value;
	size_t value_len;
};

struct xs_supplies {
	const struct xs_supply *list;
	size_t n;
};

/*
 * One line for each thing found, "problem what=... key=value ..." for what
 * stands in the way and "note what=..." for what one should know.
 */
typedef void xs_import_report_fn(void *arg, bool problem, const char *line);

/* Positive result: problems were reported. */
enum {
	XS_IMPORT_E_PROBLEM = 1
};

int xs_domain_check_blob(struct xs_conns *conns, const void *blob, size_t len,
			 const struct xs_supplies *supplies,
			 xs_import_report_fn *report, void *arg);
int xs_domain_import(struct xs_conns *conns, const void *blob, size_t len,
		     const struct xs_supplies *supplies,
		     xs_import_report_fn *report, void *arg);

#endif
