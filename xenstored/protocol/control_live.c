/* SPDX-License-Identifier: GPL-2.0-only */
/* CONTROL live-update: the dialogue of xenstore-control(8); and leave. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "live/live.h"
#include "protocol/control.h"
#include "protocol/request.h"

#define DEFAULT_TIMEOUT_S 60

/* What cannot be is said in words, not by an error: 4.17 does so. */
static int reply(struct xs_request *req, int rc, const char *text)
{
	if (rc == XS_LIVE_E_REFUSED) {
		xs_wr_string(&req->reply, text);
		return 0;
	}
	return rc ? rc : xs_request_ok(req);
}

static int read_number(const char *text, uint32_t *numberp)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n > INT32_MAX)
		return -EINVAL;
	*numberp = (uint32_t)n;
	return 0;
}

static int start(struct xs_request *req, const char *const *args, size_t n)
{
	struct xs_live *live = req->protocol->live;
	uint32_t timeout_s = DEFAULT_TIMEOUT_S, version;
	char text[XS_LIVE_TEXT];
	bool force = false;
	size_t i;
	int rc = 0;

	for (i = 0; i < n && !rc; i++) {
		if (!strcmp(args[i], "-F"))
			force = true;
		else if (!strcmp(args[i], "-t") && i + 1 < n)
			rc = read_number(args[++i], &timeout_s);
		else if (!strcmp(args[i], "-v") && i + 1 < n)
			/* Which one is right is found out by asking. */
			rc = read_number(args[++i], &version);
		else
			rc = -EINVAL;
	}
	if (rc)
		return rc;
	if (live->step == XS_LIVE_NONE && req->conn->id <= live->owed_ok) {
		live->owed_ok = 0;
		return xs_request_ok(req);
	}
	rc = xs_live_start(live, req->conn, req->hdr, timeout_s, force, text);
	if (rc)
		return reply(req, rc, text);
	req->parked = true;
	return 0;
}

static int receive(struct xs_request *req, const char *size_text)
{
	const char *text = NULL;
	uint32_t size;
	int rc = read_number(size_text, &size);

	if (!rc)
		rc = xs_live_receive(req->protocol->live, req->conn, size,
				     &text);
	return reply(req, rc, text);
}

/*
 * "live-update|-d|<len>|" and so many bytes of the program, with a NUL behind
 * them: no list of strings like other commands.
 */
bool xs_control_is_piece(const struct xs_request *req)
{
	static const char start[] = "live-update\0-d";

	return req->len > sizeof(start) &&
	       !memcmp(req->payload, start, sizeof(start));
}

int xs_control_piece(struct xs_request *req)
{
	static const char start[] = "live-update\0-d";
	const char *size_text = req->payload + sizeof(start);
	size_t left = req->len - sizeof(start);
	size_t text_len = strnlen(size_text, left);
	const char *text = NULL;
	uint32_t size;
	int rc;

	if (text_len == left || read_number(size_text, &size))
		return -EINVAL;
	left -= text_len + 1;
	if (left != (size_t)size + 1 || size_text[text_len + 1 + size])
		return -EINVAL;
	rc = xs_live_piece(req->protocol->live, req->conn,
			   size_text + text_len + 1, size, &text);
	return reply(req, rc, text);
}

int xs_control_live_update(struct xs_request *req, const char *const *args,
			   size_t n)
{
	struct xs_live *live = req->protocol->live;
	const char *text = NULL;
	int rc;

	if (n < 2)
		return -EINVAL;
	if (!strcmp(args[1], "-s"))
		return start(req, args + 2, n - 2);
	if (!strcmp(args[1], "-a") && n == 2)
		rc = xs_live_abort(live, &text);
	else if (!strcmp(args[1], "-f") && n == 3)
		rc = xs_live_open(live, req->conn, args[2], &text);
	else if (!strcmp(args[1], "-b") && n == 3)
		return receive(req, args[2]);
	else if (!strcmp(args[1], "-c") && n == 3)
		rc = xs_live_set_cmdline(live, req->conn, args[2], &text);
	else
		return -EINVAL;
	return reply(req, rc, text);
}

/* For a successor in another domain of the same number (docs/stubdom.md). */
int xs_control_leave(struct xs_request *req, const char *const *args, size_t n)
{
	uint32_t timeout_s = DEFAULT_TIMEOUT_S;
	const char *text = NULL;
	int rc = n > 2 ? -EINVAL : 0;

	if (n == 2)
		rc = read_number(args[1], &timeout_s);
	if (!rc)
		rc = xs_live_leave(req->protocol->live, req->conn, req->hdr,
				   timeout_s, &text);
	if (rc)
		return reply(req, rc, text);
	req->parked = true;
	return 0;
}
