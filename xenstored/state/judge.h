/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One validation; shared by validate.c, validate_tree.c, validate_txn.c. */
#ifndef XS_STATE_JUDGE_H
#define XS_STATE_JUDGE_H

#include "state/index.h"
#include "state/rules.h"

struct xs_judge {
	const struct xs_image *image;
	enum xs_image_use use;
	xs_image_report_fn *report; /* NULL: nobody wants to know */
	void *arg;
	uint32_t n_wrong;
	struct xs_index conns; /* by id */
	struct xs_index rings; /* by domid */
};

void xs_judge_wrong(struct xs_judge *j, enum xs_rule rule, const char *type,
		    struct xs_image_at at, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void xs_judge_note(struct xs_judge *j, enum xs_rule rule, const char *type,
		   struct xs_image_at at, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

bool xs_judge_is_whole(const struct xs_judge *j);
bool xs_judge_is_domid(uint32_t domid);
bool xs_judge_is_path(const struct xs_span *path, bool relative_too);
const struct xs_image_conn *xs_judge_conn(const struct xs_judge *j,
					  uint32_t conn_id);
const struct xs_image_conn *xs_judge_ring(const struct xs_judge *j,
					  uint32_t domid);

int xs_judge_conns(struct xs_judge *j);
int xs_judge_watches(struct xs_judge *j);
int xs_judge_nodes(struct xs_judge *j);
int xs_judge_txns(struct xs_judge *j);

#endif
