// SPDX-License-Identifier: GPL-2.0-only
/*
 * One domain's state out of the daemon and in again (docs/
 * protocol-extensions.md), which only ours can do.
 */
#include "bench/bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOMID	  "1"
#define PIECE	  2880 /* bytes in one reply or request */
#define PIECES	  256
#define N_WATCHES 20
#define BOOTED	  (77 + 3) /* nodes of a domain that has just started */

struct blob {
	size_t size, n;
	char *piece[PIECES];
};

/* CONTROL with words separated by '|'. */
__attribute__((format(printf, 3, 4))) static void control(struct client *c,
							  struct message *msg,
							  const char *fmt, ...)
{
	char body[MSG_MAX];
	va_list ap;
	int len, i;

	va_start(ap, fmt);
	len = vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);
	if (len < 0 || len >= (int)sizeof(body))
		fail("a command of %d bytes", len);
	for (i = 0; i < len; i++)
		if (body[i] == '|')
			body[i] = '\0';
	call(c, OP_CONTROL, 0, body, (size_t)len + 1, msg);
}

static void freeze(struct client *c, struct blob *blob)
{
	struct message msg;
	size_t at;

	control(c, &msg, "quiesce|" DOMID);
	control(c, &msg, "export|begin|" DOMID);
	blob->size = strtoul(msg.body, NULL, 10);
	blob->n = 0;
	for (at = 0; at < blob->size; at += PIECE) {
		if (blob->n == PIECES)
			fail("a blob of %zu bytes", blob->size);
		control(c, &msg, "export|read|%zu", at);
		free(blob->piece[blob->n]);
		blob->piece[blob->n++] = strdup(msg.body);
	}
	control(c, &msg, "export|end");
}

static void thaw(struct client *c, const struct blob *blob)
{
	struct message msg;
	size_t i;

	control(c, &msg, "import|begin|%zu", blob->size);
	for (i = 0; i < blob->n; i++)
		control(c, &msg, "import|write|%zu|%s", i * PIECE,
			blob->piece[i]);
	control(c, &msg, "import|commit");
	if (!strstr(msg.body, "ok"))
		fail("import: %s", msg.body);
	control(c, &msg, "import|end");
	control(c, &msg, "resume|" DOMID);
}

/* Domain 1 comes to own n nodes and N_WATCHES watches. */
static void grow(long n)
{
	struct client *guest = domain_client(1);
	static long nodes = BOOTED, watches = 6;
	char path[64], token[32];

	for (; nodes < n; nodes++) {
		snprintf(path, sizeof(path), "data/%04ld", nodes);
		call_write(guest, 0, path, VALUE);
	}
	for (; watches < N_WATCHES; watches++) {
		snprintf(token, sizeof(token), "t%ld", watches);
		watch(guest, "data", token);
	}
}

/*
 * Domain 1 with n nodes is frozen (k=0) or thawed (k=1) on the same host, so
 * that it can be again; extra: the size of its state in bytes.
 */
static void job_freeze(struct job *job)
{
	struct client *c = first_client();
	struct message msg;
	struct blob blob = {0};

	grow(job->n);
	job_begin(job);
	while (job_more(job)) {
		mark(job);
		freeze(c, &blob);
		if (job->k) {
			mark(job);
			thaw(c, &blob);
		}
		sample(job, 1);
		if (!job->k)
			control(c, &msg, "resume|" DOMID);
	}
	job_end(job);
	job->extra = (double)blob.size;
	while (blob.n)
		free(blob.piece[--blob.n]);
}

const struct job_kind freeze_jobs[] = {
	{"freeze", job_freeze},
	{0},
};
