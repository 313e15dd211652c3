/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handing over to another program, step by step:
 *
 *   open    -f   which program
 *   trial   -s   it is run beside the daemon on a copy of the state: one like
 *                ours must say yes, one like 4.17's gives itself away
 *   wait         until nothing is under way that would be lost
 *   go           the state is written and the program replaces this one
 *
 * I1  Up to the exec the daemon serves everybody, and a failure at any point,
 *     the exec included, leaves it as it was (undo()).
 * I2  Who asked gets exactly one answer: a text from here, or the OK that is
 *     part of what the new program is to send.
 * I3  A connection is kept by its id only: it may go at any time, and then so
 *     does the session.
 */
#include "live/live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "conn/conn.h"
#include "conn/domain.h"
#include "live/argv.h"
#include "plat/plat.h"
#include "state/image.h"
#include "store/store.h"

#define TRIAL_TURN_MS 10
#define WAIT_TURN_MS  50
/*
 * Up to here the very state that goes over is shown to the new program once
 * more while everybody waits; above it, or on a host so busy that the answer
 * takes longer than that, what it saw moments before must do.
 */
#define EXACT_MAX     (2u << 20)
#define EXACT_MS      1000
#define OUT_MAX	      2048
#define MS_PER_SECOND 1000
#define ERROR_TEXT    "Error activating new binary."

/* No session; conns must outlive it. */
void xs_live_init(struct xs_live *live, struct xs_conns *conns)
{
	static const char *const none[] = {NULL};

	memset(live, 0, sizeof(*live));
	live->conns = conns;
	live->args = none;
	live->args_417 = none;
}

static void end_session(struct xs_live *live)
{
	if (live->step == XS_LIVE_TRIAL)
		plat_program_stop(live->conns->plat);
	xs_conns_hold_txns(live->conns, false);
	free(live->file);
	free(live->cmdline);
	live->file = NULL;
	live->cmdline = NULL;
	live->leaving = false;
	live->step = XS_LIVE_NONE;
}

/* Ends the session, if there is one, without an answer. */
void xs_live_fini(struct xs_live *live)
{
	if (live->conns)
		end_session(live);
}

static struct xs_conn *find_conn(const struct xs_live *live)
{
	return xs_conns_asker(live->conns, live->conn_id, live->epoch);
}

/* Answers the -s and ends the session. */
static void answer(struct xs_live *live, const char *text)
{
	struct xs_conn *conn = find_conn(live);
	struct xs_hdr hdr = live->hdr;

	xs_log(live->conns->log, XS_LOG_WARN, "live-update file=\"%s\" %s",
	       live->file, text);
	hdr.len = (uint32_t)strlen(text) + 1;
	end_session(live);
	if (!conn)
		return;
	xs_conn_reply(conn, &hdr, text);
	xs_conn_unpark(conn);
}

/* ---- The dialogue ----------------------------------------------------- */

static bool is_asker(const struct xs_live *live, const struct xs_conn *conn)
{
	return live->step != XS_LIVE_NONE && live->conn_id == conn->id &&
	       live->epoch == conn->epoch;
}

static int begin_session(struct xs_live *live, struct xs_conn *conn,
			 const char *file)
{
	live->file = strdup(file);
	if (!live->file)
		return -ENOMEM;
	live->conn_id = conn->id;
	live->epoch = conn->epoch;
	live->step = XS_LIVE_OPEN;
	return 0;
}

static bool is_taken(struct xs_live *live, const char **textp)
{
	if (live->step != XS_LIVE_NONE && !find_conn(live))
		end_session(live);
	if (live->step == XS_LIVE_NONE)
		return false;
	*textp = "live-update session already active.";
	return true;
}

/* Begins a session.  XS_LIVE_E_REFUSED with a text; -ENOMEM. */
int xs_live_open(struct xs_live *live, struct xs_conn *conn, const char *file,
		 const char **textp)
{
	int rc;

	if (is_taken(live, textp))
		return XS_LIVE_E_REFUSED;
	rc = plat_program_find(live->conns->plat, file);
	if (rc) {
		*textp = rc == -ENOENT ? "File not accessible."
				       : "File not executable.";
		return XS_LIVE_E_REFUSED;
	}
	return begin_session(live, conn, file);
}

/*
 * Begins a session with a program of that size which is to follow.  As
 * xs_live_open(); -EINVAL: this is no stub domain.
 */
int xs_live_receive(struct xs_live *live, struct xs_conn *conn, uint32_t size,
		    const char **textp)
{
	int rc;

	if (is_taken(live, textp))
		return XS_LIVE_E_REFUSED;
	rc = plat_program_receive(live->conns->plat, size);
	if (rc == -E2BIG) {
		*textp = "There is no memory for a program of this size.";
		return XS_LIVE_E_REFUSED;
	}
	return rc ? rc : begin_session(live, conn, "sent");
}

/* The next part of it.  As above. */
int xs_live_piece(struct xs_live *live, const struct xs_conn *conn,
		  const void *data, size_t len, const char **textp)
{
	if (!is_asker(live, conn) || live->step != XS_LIVE_OPEN) {
		*textp = "Not in live-update session.";
		return XS_LIVE_E_REFUSED;
	}
	return plat_program_piece(live->conns->plat, data, len);
}

/* Other options for the new program.  As xs_live_open(). */
int xs_live_set_cmdline(struct xs_live *live, const struct xs_conn *conn,
			const char *cmdline, const char **textp)
{
	char *copy;

	if (!is_asker(live, conn) || live->step != XS_LIVE_OPEN) {
		*textp = "Not in live-update session.";
		return XS_LIVE_E_REFUSED;
	}
	copy = strdup(cmdline);
	if (!copy)
		return -ENOMEM;
	free(live->cmdline);
	live->cmdline = copy;
	return 0;
}

/*
 * The state is left to a successor in a domain of its own, which answers; if
 * there is none after all, an answer comes from here.  As xs_live_open().
 */
int xs_live_leave(struct xs_live *live, struct xs_conn *conn,
		  const struct xs_hdr *hdr, uint32_t timeout_s,
		  const char **textp)
{
	int rc;

	if (is_taken(live, textp))
		return XS_LIVE_E_REFUSED;
	rc = begin_session(live, conn, "successor");
	if (rc)
		return rc;
	live->step = XS_LIVE_WAIT;
	live->leaving = true;
	live->for_417 = false;
	live->force = false;
	live->hdr = *hdr;
	live->timeout_s = timeout_s;
	live->started_ms = live->conns->now_ms;
	xs_conn_park(conn);
	return 0;
}

/* Ends anybody's session.  XS_LIVE_E_REFUSED with a text: there is none. */
int xs_live_abort(struct xs_live *live, const char **textp)
{
	if (live->step == XS_LIVE_NONE) {
		*textp = "No live-update session active.";
		return XS_LIVE_E_REFUSED;
	}
	if (live->step == XS_LIVE_OPEN)
		end_session(live);
	else
		answer(live, "Cancellation was requested");
	return 0;
}

/* ---- Trial ------------------------------------------------------------ */

static int init_argv(const struct xs_live *live, struct xs_argv *argv)
{
	return xs_argv_init(argv, live->file,
			    live->for_417 ? live->args_417 : live->args,
			    live->cmdline);
}

static int run_trial(struct xs_live *live, const struct xs_image_out *out)
{
	struct xs_argv argv;
	int rc = init_argv(live, &argv);

	if (!rc)
		rc = xs_argv_add(&argv, XS_LIVE_CHECK_OPTION);
	if (!rc)
		rc = plat_program_start(live->conns->plat, argv.list, out->data,
					out->len);
	xs_argv_fini(&argv);
	return rc;
}

/*
 * Has the new program tried and, if it will do, started; the answer comes
 * later (0), or at once: XS_LIVE_E_REFUSED with a text.
 */
int xs_live_start(struct xs_live *live, struct xs_conn *conn,
		  const struct xs_hdr *hdr, uint32_t timeout_s, bool force,
		  char text[XS_LIVE_TEXT])
{
	struct xs_image_out out = {0};
	int rc;

	live->for_417 = false;
	if (!is_asker(live, conn) || live->step != XS_LIVE_OPEN) {
		snprintf(text, XS_LIVE_TEXT, "Not in live-update session.");
		return XS_LIVE_E_REFUSED;
	}
	rc = xs_live_save(live->conns, false, &out, text);
	if (rc < 0) {
		snprintf(text, XS_LIVE_TEXT, "Cannot save the state: %s",
			 strerror(-rc));
	} else if (!rc) {
		rc = run_trial(live, &out);
		if (rc)
			snprintf(text, XS_LIVE_TEXT, ERROR_TEXT);
	}
	xs_image_out_fini(&out);
	if (rc) {
		end_session(live);
		return XS_LIVE_E_REFUSED;
	}
	live->step = XS_LIVE_TRIAL;
	live->hdr = *hdr;
	live->timeout_s = timeout_s;
	live->force = force;
	live->started_ms = live->conns->now_ms;
	xs_conn_park(conn);
	return 0;
}

/* 4.17's daemon ends before it does anything when it is given an argument. */
static bool is_417(int status, const char *out)
{
	return status == 1 && strstr(out, "No arguments desired") &&
	       strstr(out, "unrecognized option '" XS_LIVE_CHECK_OPTION "'");
}

/* The last line of what it printed is likely to say why. */
static void keep_why(struct xs_live *live, int status, char *out)
{
	size_t len = strlen(out);
	const char *line;

	while (len && (out[len - 1] == '\n' || out[len - 1] == ' '))
		out[--len] = '\0';
	line = strrchr(out, '\n');
	line = line ? line + 1 : out;
	snprintf(live->why, sizeof(live->why),
		 "The new program cannot take over (exit status %d)%s%.300s",
		 status, *line ? ": " : ".", line);
}

/* Not one like ours.  Does it end as 4.17's does, with options for that? */
static void try_417(struct xs_live *live)
{
	const struct xs_image_out none = {.data = NULL};

	live->for_417 = true;
	if (run_trial(live, &none))
		answer(live, ERROR_TEXT);
}

static void turn_trial(struct xs_live *live)
{
	char out[OUT_MAX];
	int status = -1, rc;

	rc = plat_program_wait(live->conns->plat, 0, &status, out, sizeof(out));
	if (rc == -EAGAIN)
		return;
	if (rc) {
		answer(live, ERROR_TEXT);
	} else if (!live->for_417 && !status && strstr(out, XS_LIVE_YES)) {
		live->step = XS_LIVE_WAIT;
	} else if (!live->for_417) {
		keep_why(live, status, out);
		try_417(live);
	} else if (is_417(status, out)) {
		live->step = XS_LIVE_WAIT;
		xs_conns_hold_txns(live->conns, true);
	} else {
		answer(live, live->why);
	}
}

/* ---- Waiting ---------------------------------------------------------- */

static void add_text(char text[XS_LIVE_TEXT], const char *title,
		     const char *line)
{
	size_t len = strlen(text);

	snprintf(text + len, XS_LIVE_TEXT - len, "%s\n%s", len ? "" : title,
		 line);
}

/* Whether open transactions are in the way; all of them may have to go. */
static bool find_txns(const struct xs_live *live, char text[XS_LIVE_TEXT],
		      bool *all_oldp)
{
	uint64_t now = live->conns->now_ms, limit = live->timeout_s;
	bool found = false;
	struct xs_list *pos;

	*all_oldp = true;
	xs_list_for_each(pos, &live->conns->all) {
		const struct xs_conn *conn =
			xs_list_entry(pos, struct xs_conn, link);
		const struct xs_txn *txn;
		uint64_t age;
		char line[64];

		if (!conn->txns.n)
			continue;
		found = true;
		txn = xs_list_entry(conn->txns.open.next, struct xs_txn, link);
		age = (now - txn->started_ms) / MS_PER_SECOND;
		snprintf(line, sizeof(line), "Domain %u: %llu s",
			 xs_conn_cred(conn)->domid, (unsigned long long)age);
		if (age >= limit)
			add_text(text,
				 "Domains with long running transactions:",
				 line);
		txn = xs_list_entry(conn->txns.open.prev, struct xs_txn, link);
		if ((now - txn->started_ms) / MS_PER_SECOND < limit)
			*all_oldp = false;
	}
	if (found && !text[0])
		snprintf(text, XS_LIVE_TEXT, "Overlapping transactions");
	return found;
}

/* 4.17 dies of nodes whose owner has no connection. */
static bool is_building(const struct xs_domain *domain)
{
	return !domain->introduced && domain->account->used[XS_QUOTA_NODES];
}

/* What is frozen, or thawing, has no place in the stream. */
static bool is_between(const struct xs_domain *domain)
{
	return domain->thaw || (domain->conn && domain->conn->quiesced);
}

/* A domain of which that is so, or NULL. */
const struct xs_domain *xs_live_find_between(const struct xs_conns *conns)
{
	struct xs_map_link *link, *next;
	uint32_t i;

	xs_map_for_each(link, next, &conns->domains, i) {
		const struct xs_domain *domain =
			xs_container_of(link, struct xs_domain, link);

		if (is_between(domain))
			return domain;
	}
	return NULL;
}

static bool find_domains(const struct xs_live *live, char text[XS_LIVE_TEXT])
{
	struct xs_map_link *link, *next;
	bool found = false;
	uint32_t i;

	xs_map_for_each(link, next, &live->conns->domains, i) {
		const struct xs_domain *domain =
			xs_container_of(link, struct xs_domain, link);
		bool building = live->for_417 && is_building(domain);
		char line[64];

		if (!building && !is_between(domain))
			continue;
		found = true;
		snprintf(line, sizeof(line), "Domain %u: %s", domain->domid,
			 building ? "under construction" : "being moved");
		add_text(text, "Domains that cannot be handed over now:", line);
	}
	return found;
}

/* Somebody else waits for an answer that only this daemon can give: soon. */
static bool is_owing(const struct xs_live *live)
{
	const struct xs_conn *asker = find_conn(live);
	struct xs_list *pos;

	xs_list_for_each(pos, &live->conns->all) {
		const struct xs_conn *conn =
			xs_list_entry(pos, struct xs_conn, link);

		if (conn->parked && conn != asker)
			return true;
	}
	return false;
}

static void go(struct xs_live *live);

static void turn_wait(struct xs_live *live)
{
	uint64_t waited = live->conns->now_ms - live->started_ms;
	char text[XS_LIVE_TEXT] = "", txns[XS_LIVE_TEXT] = "";
	bool late = waited >= (uint64_t)live->timeout_s * MS_PER_SECOND;
	bool domains = find_domains(live, text);
	bool all_old = true, open;

	if (is_owing(live))
		return;
	open = live->for_417 && find_txns(live, txns, &all_old);
	if (!domains && (!open || (late && live->force && all_old)))
		go(live);
	else if (late && domains)
		answer(live, text);
	else if (late && !live->force)
		answer(live, txns);
}

/* ---- Going ------------------------------------------------------------ */

static void undo(struct xs_live *live, struct xs_msg *ok, const char *text)
{
	struct xs_conns *conns = live->conns;
	int rc;

	plat_state_remove(conns->plat);
	xs_queue_drop(ok);
	answer(live, text);
	if (conns->dom_exc_bound)
		return;
	rc = plat_port_bind_dom_exc(conns->plat, &conns->dom_exc_port);
	conns->dom_exc_bound = !rc;
	/* Somebody may have died when nobody listened. */
	xs_domains_check(conns);
}

/* What 4.17 cannot do no guest shall find offered in its page. */
static void offer(struct xs_conns *conns, bool nothing)
{
	struct xs_list *pos;

	xs_list_for_each(pos, &conns->all) {
		const struct xs_conn *conn =
			xs_list_entry(pos, struct xs_conn, link);

		if (conn->page)
			xs_ring_set_features(conn->page,
					     nothing ? 0
						     : conn->domain->features);
	}
}

/* Returns only if the program could not be started. */
static void replace(struct xs_live *live, struct xs_msg *ok)
{
	struct xs_conns *conns = live->conns;
	struct xs_argv argv;
	int rc = init_argv(live, &argv);

	if (!rc && !xs_argv_has_update(&argv))
		rc = xs_argv_add(&argv, "-U");
	if (!rc) {
		xs_log(conns->log, XS_LOG_INFO, "live-update file=\"%s\" now",
		       live->file);
		plat_port_unbind(conns->plat, conns->dom_exc_port);
		conns->dom_exc_bound = false;
		if (live->for_417)
			offer(conns, true);
		rc = plat_live_exec(conns->plat, argv.list);
		if (live->for_417)
			offer(conns, false);
	}
	xs_argv_fini(&argv);
	xs_log(conns->log, XS_LOG_ERROR, "live-update file=\"%s\" error=\"%s\"",
	       live->file, strerror(-rc));
	undo(live, ok, ERROR_TEXT);
}

/* Returns only if nobody takes over. */
static void leave(struct xs_live *live, struct xs_msg *ok)
{
	char text[XS_LIVE_TEXT];
	struct xs_argv argv;
	int rc = init_argv(live, &argv);

	if (!rc && !xs_argv_has_update(&argv))
		rc = xs_argv_add(&argv, "-U");
	if (!rc)
		rc = plat_live_leave(live->conns->plat, argv.list);
	xs_argv_fini(&argv);
	snprintf(text, sizeof(text), "Nobody took over: %s", strerror(-rc));
	undo(live, ok, text);
}

/* Asks the new program once more about exactly what it will get. */
static int ask_again(struct xs_live *live, const struct xs_image_out *out,
		     char text[XS_LIVE_TEXT])
{
	char said[OUT_MAX];
	int status = -1, rc;

	if (live->for_417 || out->len > EXACT_MAX)
		return 0;
	rc = run_trial(live, out);
	if (!rc)
		rc = plat_program_wait(live->conns->plat, EXACT_MS, &status,
				       said, sizeof(said));
	plat_program_stop(live->conns->plat);
	if (rc == -EAGAIN)
		return 0;
	if (!rc && !status && strstr(said, XS_LIVE_YES))
		return 0;
	snprintf(text, XS_LIVE_TEXT, ERROR_TEXT);
	return XS_LIVE_E_REFUSED;
}

static void go(struct xs_live *live)
{
	static const char yes[] = "OK";
	struct xs_conns *conns = live->conns;
	struct xs_conn *conn = find_conn(live);
	struct xs_image_out out = {0};
	char text[XS_LIVE_TEXT] = "";
	struct xs_hdr hdr = live->hdr;
	struct xs_msg *ok;
	int rc;

	hdr.len = sizeof(yes);
	ok = xs_queue_add(&conn->out, &hdr, yes, conn->account);
	if (!ok) {
		answer(live, "Cannot save the state: out of memory");
		return;
	}
	rc = xs_live_save(conns, live->for_417, &out, text);
	if (!rc && !live->leaving)
		rc = ask_again(live, &out, text);
	if (!rc)
		rc = plat_state_write(conns->plat, out.data, out.len);
	xs_image_out_fini(&out);
	if (rc < 0)
		snprintf(text, sizeof(text), "Cannot save the state: %s",
			 strerror(-rc));
	if (rc)
		undo(live, ok, text);
	else if (live->leaving)
		leave(live, ok);
	else
		replace(live, ok);
}

/* ---- The loop --------------------------------------------------------- */

/* To be called at the end of every turn of the server's loop. */
void xs_live_turn(struct xs_live *live)
{
	struct xs_conn *conn;

	if (live->step == XS_LIVE_NONE)
		return;
	conn = find_conn(live);
	if (conn && live->step != XS_LIVE_OPEN && xs_conn_hung_up(conn)) {
		xs_conn_close(conn);
		conn = NULL;
	}
	if (!conn) {
		end_session(live);
		return;
	}
	if (live->step == XS_LIVE_TRIAL)
		turn_trial(live);
	if (live->step == XS_LIVE_WAIT)
		turn_wait(live);
}

/* Milliseconds until xs_live_turn() should be called again, -1: no matter. */
int xs_live_timeout(const struct xs_live *live)
{
	switch (live->step) {
	case XS_LIVE_TRIAL:
		return TRIAL_TURN_MS;
	case XS_LIVE_WAIT:
		return WAIT_TURN_MS;
	default:
		return -1;
	}
}
