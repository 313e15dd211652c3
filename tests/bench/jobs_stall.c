// SPDX-License-Identifier: GPL-2.0-only
/*
 * The most expensive things that one client can ask for, each beside a
 * bystander who reads (reader.c).  extra: how long it waited at most; caused:
 * how much of a wait was the daemon's CPU time; both in milliseconds.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 64

/* n requests of one client, BATCH at a time, each answered with OK. */
static void in_batches(struct client *c, long n, uint32_t tx, const char *dir)
{
	char path[96];
	long i, asked, got;

	for (i = asked = got = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%06ld", dir, i);
		ask_write(c, tx, path, VALUE);
		if (++asked - got == BATCH)
			for (; got < asked; got++)
				get_ok(c);
	}
	for (; got < asked; got++)
		get_ok(c);
}

static void begin(struct job *job, struct reader *r)
{
	reader_start(r);
	job_begin(job);
	mark(job);
}

static void end(struct job *job, struct reader *r)
{
	sample(job, 1);
	reader_stop(r, job);
	job_end(job);
}

/*
 * A transaction of n writes is committed; k=1: somebody else has changed
 * something meanwhile, so that all of it is done again.
 */
static void job_commit(struct job *job)
{
	struct client *c = first_client();
	struct reader r;
	uint32_t tx;

	/* So that what changes later is no new child of what is read. */
	call_write(c, 0, BYSTANDER, VALUE);
	call_write(c, 0, ROOT "/elsewhere", VALUE);
	tx = tx_begin(c);
	in_batches(c, job->n, tx, ROOT "/commit");
	if (job->k)
		call_write(c, 0, ROOT "/elsewhere", VALUE);
	begin(job, &r);
	if (!tx_commit(c, tx))
		fail("EAGAIN without a reason");
	end(job, &r);
	remove_tree(c, ROOT "/commit");
}

/* n nodes are removed while a transaction is open that still sees them. */
static void job_rm_seen(struct job *job)
{
	struct client *c = first_client(), *other = client_socket();
	struct message msg;
	struct reader r;
	uint32_t tx;

	in_batches(c, job->n, 0, ROOT "/seen");
	tx = tx_begin(other);
	begin(job, &r);
	call_path(c, OP_RM, ROOT "/seen");
	ask(other, OP_TX_END, tx, "F", 2);
	get_result(other, &msg, NULL);
	end(job, &r);
	client_close(other);
}

/*
 * A client with n watches below one node goes (k=0), or that node is removed
 * with all that is watched (k=1).
 */
static void job_watched(struct job *job)
{
	struct client *c = first_client(), *other = client_socket();
	struct reader r;
	char path[96];
	long i;

	in_batches(c, job->n, 0, ROOT "/watched");
	for (i = 0; i < job->n; i++) {
		snprintf(path, sizeof(path), ROOT "/watched/%06ld", i);
		watch(other, path, "t");
	}
	begin(job, &r);
	if (job->k)
		call_path(c, OP_RM, ROOT "/watched");
	else
		client_close(other);
	end(job, &r);
	if (job->k)
		client_close(other);
	remove_tree(c, ROOT "/watched");
}

/* n watches at c clients hear of one write, but nobody reads. */
static void job_fire(struct job *job)
{
	struct client *c = first_client(), *fans[100];
	char token[32];
	struct reader r;
	long i;

	if (job->c > 100)
		fail("%ld clients are too many", job->c);
	call_write(c, 0, ROOT "/fire/x", VALUE);
	for (i = 0; i < job->c; i++)
		fans[i] = client_socket();
	for (i = 0; i < job->n; i++) {
		snprintf(token, sizeof(token), "t%ld", i);
		watch(fans[i % job->c], ROOT "/fire", token);
	}
	begin(job, &r);
	call_write(c, 0, ROOT "/fire/x", VALUE);
	end(job, &r);
	for (i = 0; i < job->c; i++)
		client_close(fans[i]);
}

/* The last part of a list of n names, which nobody has come near before. */
static void job_far_list(struct job *job)
{
	struct client *c = first_client();
	struct message msg;
	struct reader r;
	char body[64];
	int len;

	in_batches(c, job->n, 0, ROOT "/long");
	len = snprintf(body, sizeof(body), ROOT "/long%c%ld", 0,
		       (job->n - 10) * (long)sizeof("000000"));
	begin(job, &r);
	call(c, OP_DIRECTORY_PART, 0, body, (size_t)len + 1, &msg);
	end(job, &r);
	remove_tree(c, ROOT "/long");
}

/* CONTROL check in a store of n nodes. */
static void job_check(struct job *job)
{
	struct client *c = first_client();
	struct message msg;
	struct reader r;

	in_batches(c, job->n, 0, ROOT "/check");
	begin(job, &r);
	call(c, OP_CONTROL, 0, "check", sizeof("check"), &msg);
	end(job, &r);
	remove_tree(c, ROOT "/check");
}

/* Domain 1, which owns n nodes, is released. */
static void job_release(struct job *job)
{
	struct client *c = first_client(), *guest = domain_client(1);
	struct reader r;

	in_batches(guest, job->n, 0, "data");
	begin(job, &r);
	xen_destroy(1);
	ask(c, OP_RELEASE, 0, "1", 2);
	get_ok(c);
	end(job, &r);
}

const struct job_kind stall_jobs[] = {
	{"commit", job_commit},	    {"rm_seen", job_rm_seen},
	{"watched", job_watched},   {"fire", job_fire},
	{"far_list", job_far_list}, {"check", job_check},
	{"release", job_release},   {0},
};
