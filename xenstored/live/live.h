/* SPDX-License-Identifier: GPL-2.0-only */
/* Another program takes over from this daemon while it runs. */
#ifndef XS_LIVE_LIVE_H
#define XS_LIVE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live/save.h"
#include "wire/proto.h"

struct xs_conn;
struct xs_conns;
struct xs_domain;

/* What a program says, and does by exit status 0, that will take over. */
#define XS_LIVE_CHECK_OPTION "--check-state"
#define XS_LIVE_YES	     "xenstored: this state can be taken over"

enum xs_live_step {
	XS_LIVE_NONE,
	XS_LIVE_OPEN,  /* a file is named */
	XS_LIVE_TRIAL, /* the new program looks at the state */
	XS_LIVE_WAIT,  /* for those who must not be disturbed */
};

struct xs_live {
	struct xs_conns *conns;
	/* How this daemon was started, for one like it and one like 4.17's:
	 * options only, a NULL ends them.
	 */
	const char *const *args;
	const char *const *args_417;

	enum xs_live_step step;
	uint32_t conn_id; /* who asks */
	uint32_t epoch;
	char *file;
	char *cmdline;	   /* NULL: as this daemon was started */
	struct xs_hdr hdr; /* of the request to be answered */
	uint64_t started_ms;
	uint32_t timeout_s;
	bool force;
	bool leaving; /* the new program is somebody else's to start */
	bool for_417; /* the new program is one like 4.17's, or may be */
	char why[XS_LIVE_TEXT]; /* what was wrong with it as one like ours */

	/* oxenstored leaves the answer to the one that follows it: clients with
	 * ids up to this, once.
	 */
	uint32_t owed_ok;
};

void xs_live_init(struct xs_live *live, struct xs_conns *conns);
void xs_live_fini(struct xs_live *live);

int xs_live_open(struct xs_live *live, struct xs_conn *conn, const char *file,
		 const char **textp);
int xs_live_receive(struct xs_live *live, struct xs_conn *conn, uint32_t size,
		    const char **textp);
int xs_live_piece(struct xs_live *live, const struct xs_conn *conn,
		  const void *data, size_t len, const char **textp);
int xs_live_set_cmdline(struct xs_live *live, const struct xs_conn *conn,
			const char *cmdline, const char **textp);
int xs_live_start(struct xs_live *live, struct xs_conn *conn,
		  const struct xs_hdr *hdr, uint32_t timeout_s, bool force,
		  char text[XS_LIVE_TEXT]);
int xs_live_leave(struct xs_live *live, struct xs_conn *conn,
		  const struct xs_hdr *hdr, uint32_t timeout_s,
		  const char **textp);
int xs_live_abort(struct xs_live *live, const char **textp);

void xs_live_turn(struct xs_live *live);
int xs_live_timeout(const struct xs_live *live);
const struct xs_domain *xs_live_find_between(const struct xs_conns *conns);

#endif
