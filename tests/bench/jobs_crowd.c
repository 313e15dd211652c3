// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs with many clients or many watches.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CROWD_MAX 1100
#define BATCH	  32

static struct client *crowd[CROWD_MAX]; /* idle, or with watches */
static long n_crowd, n_watches;
static struct client *fans[CROWD_MAX];
static long n_fans;

static void grow_crowd(long n)
{
	if (n > CROWD_MAX)
		fail("%ld clients are too many", n);
	while (n_crowd < n)
		crowd[n_crowd++] = client_socket();
}

/* Until there are n idle clients; an operation is one that connects. */
static void job_idle(struct job *job)
{
	job_begin(job);
	while (n_crowd < job->n) {
		mark(job);
		grow_crowd(n_crowd + 1);
		/* So that it is known, not just in a queue. */
		call_write(crowd[n_crowd - 1], 0, ROOT "/idle", VALUE);
		sample(job, 1);
	}
	job_end(job);
	job->extra = per_op(job);
}

/*
 * Until there are n watches of nobody's business at c clients; an operation
 * is one that is registered.
 */
static void job_watches(struct job *job)
{
	char path[64];

	grow_crowd(job->c);
	job_begin(job);
	while (n_watches < job->n) {
		struct client *c = crowd[n_watches / BATCH % job->c];
		long i, more = job->n - n_watches;

		if (more > BATCH)
			more = BATCH;
		mark(job);
		for (i = 0; i < more; i++) {
			snprintf(path, sizeof(path), ROOT "/w/%07ld",
				 n_watches + i);
			ask_watch(c, path, "token");
		}
		for (i = 0; i < more; i++)
			get_ok(c);
		get_events(c, (uint32_t)more);
		sample(job, (uint32_t)more);
		n_watches += more;
	}
	job_end(job);
	job->extra = per_op(job);
}

/* n watches at c clients on what is written: all hear of it, k times more. */
static void job_fanout(struct job *job)
{
	struct client *c = first_client();
	long i, per = job->n / job->c;
	char dir[64], path[80], token[32];

	if (job->c > CROWD_MAX || job->n % job->c)
		fail("%ld watches at %ld clients", job->n, job->c);
	for (; n_fans < job->c; n_fans++)
		fans[n_fans] = client_socket();
	snprintf(dir, sizeof(dir), ROOT "/fan%ld-%ld", job->n, job->c);
	snprintf(path, sizeof(path), "%s/x", dir);
	call_write(c, 0, path, VALUE);
	for (i = 0; i < job->n; i++) {
		snprintf(token, sizeof(token), "t%ld", i);
		watch(fans[i / per], dir, token);
	}
	job_begin(job);
	while (job_more(job)) {
		mark(job);
		call_write(c, 0, path, VALUE);
		for (i = 0; i < job->c; i++)
			get_events(fans[i], (uint32_t)per);
		sample(job, 1);
	}
	job_end(job);
	for (i = 0; i < job->n; i++) {
		char body[96];
		int len = snprintf(body, sizeof(body), "%s%ct%ld", dir, 0, i);

		ask(fans[i / per], OP_UNWATCH, 0, body, (size_t)len + 1);
		get_ok(fans[i / per]);
	}
}

/* A client that comes, reads once and goes. */
static void job_connect(struct job *job)
{
	struct client *c;

	call_write(first_client(), 0, ROOT "/node/leaf", VALUE);
	job_begin(job);
	while (job_more(job)) {
		mark(job);
		c = client_socket();
		ask_path(c, OP_READ, 0, ROOT "/node/leaf");
		get_value(c);
		client_close(c);
		sample(job, 1);
	}
	job_end(job);
}

const struct job_kind crowd_jobs[] = {
	{"idle", job_idle},
	{"watches", job_watches},
	{"fanout", job_fanout},
	{"connect", job_connect},
	{0},
};
