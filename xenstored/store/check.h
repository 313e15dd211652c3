/* SPDX-License-Identifier: GPL-2.0-only */
/* CONTROL "check": whether the store is what it should be. */
#ifndef XS_STORE_CHECK_H
#define XS_STORE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "store/tree.h"

/* Called with one line for each thing found wrong. */
typedef void xs_check_report_fn(void *arg, const char *line);

/* A check under way. */
struct xs_check {
	struct xs_tree *tree;
	struct xs_snapshot snapshot;
	const struct xs_node *top;
	const struct xs_node *node;  /* that is looked at; NULL: none */
	const struct xs_node *child; /* of its list the last one counted */
	uint32_t n_children;
	uint32_t names_len;
	uint32_t n_nodes; /* there were when it began */
	uint32_t n_seen;
	unsigned int n_wrong;
	xs_check_report_fn *report;
	void *arg;
};

void xs_check_begin(struct xs_check *check, struct xs_tree *tree,
		    xs_check_report_fn *report, void *arg);
bool xs_check_some(struct xs_check *check);
int xs_check_end(struct xs_check *check, unsigned int *n_wrongp);

unsigned int xs_tree_check(struct xs_tree *tree, xs_check_report_fn *report,
			   void *arg);

#endif
