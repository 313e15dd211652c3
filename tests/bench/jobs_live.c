// SPDX-License-Identifier: GPL-2.0-only
/*
 * A live update of the daemon to its own program.
 */
#include "bench/bench.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIVE_SECS                                                  \
	60 /* what the daemon may take; also the client's patience \
	    */

/*
 * The update, beside a bystander; extra: the longest time it waited, in
 * milliseconds.
 */
static void job_live(struct job *job)
{
	struct client *c = first_client();
	char link[64], program[512], body[600];
	struct message msg;
	struct reader r;
	ssize_t len;
	int n;

	snprintf(link, sizeof(link), "/proc/%d/exe", daemon_pid);
	len = readlink(link, program, sizeof(program) - 1);
	if (len <= 0)
		fail("%s: %s", link, strerror(errno));
	program[len] = '\0';
	n = snprintf(body, sizeof(body), "live-update%c-f%c%s", 0, 0, program);
	reader_start(&r);
	job_begin(job);
	mark(job);
	call(c, OP_CONTROL, 0, body, (size_t)n + 1, &msg);
	if (strcmp(msg.body, "OK"))
		fail("live-update -f: %s", msg.body);
	n = snprintf(body, sizeof(body), "live-update%c-s%c-t%c%d", 0, 0, 0,
		     LIVE_SECS);
	do /* as xenstore-control does */
		call(c, OP_CONTROL, 0, body, (size_t)n + 1, &msg);
	while (!strcmp(msg.body, "BUSY") && job_more(job));
	if (strcmp(msg.body, "OK"))
		fail("live-update -s: %s", msg.body);
	sample(job, 1);
	reader_stop(&r, job);
	job_end(job);
}

const struct job_kind live_jobs[] = {
	{"live", job_live},
	{0},
};
