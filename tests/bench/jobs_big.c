// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs in a big store: its growth, what it costs, and who has to wait while it
 * goes.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <string.h>

#define BATCH	  64
#define PER_DIR	  1000
#define FILL_SECS 140 /* the peers take longer and longer */

static long n_big;

static void big_path(char *path, size_t size, long i)
{
	snprintf(path, size, ROOT "/big/%04ld/%06ld", i / PER_DIR, i);
}

/* Until there are n nodes, at most secs; an operation is one written. */
static void job_fill(struct job *job)
{
	struct client *c = first_client();
	char path[64];
	long i, more;

	job->secs = job->secs < 1 ? FILL_SECS : job->secs;
	job_begin(job);
	while (n_big < job->n && job_more(job)) {
		more = job->n - n_big < BATCH ? job->n - n_big : BATCH;
		mark(job);
		for (i = 0; i < more; i++) {
			big_path(path, sizeof(path), n_big + i);
			ask_write(c, 0, path, VALUE);
		}
		for (i = 0; i < more; i++)
			get_ok(c);
		sample(job, (uint32_t)more);
		n_big += more;
	}
	job_end(job);
	if (n_big < job->n)
		fail("filled %ld nodes in %.0f s and gave up", n_big,
		     job->secs);
	job->extra = per_op(job);
}

/* Reads (k=0) or writes anywhere among n nodes. */
static void job_big(struct job *job)
{
	struct client *c = first_client();
	uint64_t x = 88172645463325252u;
	char path[64];

	if (job->n > n_big)
		fail("the store holds %ld nodes", n_big);
	job_begin(job);
	while (job_more(job)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		big_path(path, sizeof(path), (long)(x % (uint64_t)job->n));
		mark(job);
		if (job->k) {
			call_write(c, 0, path, VALUE);
		} else {
			ask_path(c, OP_READ, 0, path);
			get_value(c);
		}
		sample(job, 1);
	}
	job_end(job);
}

/*
 * Removes all of it, in one request or (k=1) in a transaction, beside a
 * bystander (jobs_stall.c).
 */
static void job_big_rm(struct job *job)
{
	struct client *c = first_client();
	struct reader reader;
	struct message msg;
	uint32_t tx = 0;

	reader_start(&reader);
	job_begin(job);
	mark(job);
	if (job->k)
		tx = tx_begin(c);
	call(c, OP_RM, tx, ROOT "/big", sizeof(ROOT "/big"), &msg);
	if (tx && !tx_commit(c, tx))
		fail("EAGAIN without a reason");
	sample(job, 1);
	reader_stop(&reader, job);
	job_end(job);
	n_big = 0;
}

const struct job_kind big_jobs[] = {
	{"fill", job_fill},
	{"big", job_big},
	{"big_rm", job_big_rm},
	{0},
};
