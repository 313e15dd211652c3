/* SPDX-License-Identifier: GPL-2.0-only */
/* CONTROL "check": whether the store is what it should be. */
#ifndef XS_STORE_CHECK_H
#define XS_STORE_CHECK_H

struct xs_tree;

/* Called with one line for each thing found wrong. */
typedef void xs_check_report_fn(void *arg, const char *line);

unsigned int xs_tree_check(const struct xs_tree *tree,
			   xs_check_report_fn *report, void *arg);

#endif
