// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs of one client, or of some that do the same.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS 64
#define NODE	ROOT "/node/leaf"

static struct client *clients[CLIENTS];

static struct client **some_clients(const struct job *job)
{
	long i;

	if (job->c > CLIENTS || job->d > 200)
		fail("too many clients or requests at a time");
	for (i = 0; i < job->c; i++)
		if (!clients[i])
			clients[i] = i ? client_socket() : first_client();
	return clients;
}

/* d requests from each of c clients, then all replies. */
static void in_rounds(struct job *job, enum op op)
{
	struct client **all = some_clients(job);
	long i, k;

	call_write(all[0], 0, NODE, VALUE);
	job_begin(job);
	while (job_more(job)) {
		mark(job);
		for (i = 0; i < job->c; i++) {
			for (k = 0; k < job->d; k++) {
				if (op == OP_READ)
					ask_path(all[i], OP_READ, 0, NODE);
				else
					ask_write(all[i], 0, NODE, VALUE);
			}
			send_all(all[i]);
		}
		for (i = 0; i < job->c; i++)
			for (k = 0; k < job->d; k++)
				if (op == OP_READ)
					get_value(all[i]);
				else
					get_ok(all[i]);
		sample(job, (uint32_t)(job->c * job->d));
	}
	job_end(job);
}

static void job_read(struct job *job)
{
	in_rounds(job, OP_READ);
}

static void job_write(struct job *job)
{
	in_rounds(job, OP_WRITE);
}

/* A node deep below one that exists (n: how deep) is made and removed. */
static void make_and_remove(struct job *job, enum op op, const char *top,
			    const char *path)
{
	struct client *c = first_client();

	job_begin(job);
	while (job_more(job)) {
		mark(job);
		if (op == OP_WRITE)
			call_write(c, 0, path, VALUE);
		else
			call_path(c, op, path);
		call_path(c, OP_RM, top);
		sample(job, 1);
	}
	job_end(job);
}

static void job_create_rm(struct job *job)
{
	call_write(first_client(), 0, NODE, VALUE);
	make_and_remove(job, OP_WRITE, ROOT "/node/new", ROOT "/node/new");
}

static void job_mkdir_deep(struct job *job)
{
	make_and_remove(job, OP_MKDIR, ROOT "/deep", ROOT "/deep/a/b/c/d/e/f");
}

/* Writes n nodes below dir, n0 and so on; short: three letters each. */
static void fill_dir(const char *dir, long n)
{
	struct client *c = first_client();
	char path[256];
	long i, asked = 0, got = 0;

	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%03lx", dir, i);
		ask_write(c, 0, path, VALUE);
		if (++asked - got >= 64)
			for (; got < asked; got++)
				get_ok(c);
	}
	for (; got < asked; got++)
		get_ok(c);
}

static void job_directory(struct job *job)
{
	struct client *c = first_client();
	struct message msg;
	char dir[64];

	snprintf(dir, sizeof(dir), ROOT "/dir%ld", job->n);
	fill_dir(dir, job->n);
	job_begin(job);
	while (job_more(job)) {
		mark(job);
		call(c, OP_DIRECTORY, 0, dir, strlen(dir) + 1, &msg);
		sample(job, 1);
		if (msg.head.len != 4 * job->n)
			fail("a list of %u bytes", msg.head.len);
	}
	job_end(job);
}

/* A node comes and goes in a directory of n others. */
static void job_create_in(struct job *job)
{
	char dir[64], path[80];

	snprintf(dir, sizeof(dir), ROOT "/dir%ld", job->n);
	snprintf(path, sizeof(path), "%s/new", dir);
	fill_dir(dir, job->n);
	make_and_remove(job, OP_WRITE, path, path);
}

/* The whole list of a directory of n, part by part. */
static void job_dirpart(struct job *job)
{
	struct client *c = first_client();
	struct message msg;
	char dir[64], body[96];
	long got, bytes = 0, i;

	snprintf(dir, sizeof(dir), ROOT "/part%ld", job->n);
	fill_dir(dir, job->n);
	for (i = 0; i < job->n; i++)
		bytes += snprintf(body, sizeof(body), "%03lx", i) + 1;
	job_begin(job);
	while (job_more(job)) {
		mark(job);
		for (got = 0; got < bytes;) {
			int len = snprintf(body, sizeof(body), "%s%c%ld", dir,
					   0, got) +
				  1;
			size_t gen;

			call(c, OP_DIRECTORY_PART, 0, body, (size_t)len, &msg);
			gen = strlen(msg.body) + 1;
			if (msg.head.len <= gen)
				fail("an empty part");
			got += (long)(msg.head.len - gen);
		}
		sample(job, 1);
		/* The last part ends with one more NUL. */
		if (got != bytes + 1)
			fail("a list of %ld bytes", got);
	}
	job_end(job);
}

static void job_get_perms(struct job *job)
{
	struct client *c = first_client();
	struct message msg;

	call_write(c, 0, NODE, VALUE);
	call(c, OP_SET_PERMS, 0, NODE "\0r0", sizeof(NODE "\0r0"), &msg);
	job_begin(job);
	while (job_more(job)) {
		mark(job);
		call(c, OP_GET_PERMS, 0, NODE, sizeof(NODE), &msg);
		sample(job, 1);
		if (msg.head.len != 3 || strcmp(msg.body, "r0"))
			fail("permissions \"%s\"", msg.body);
	}
	job_end(job);
}

static void job_set_perms(struct job *job)
{
	static const char body[] = NODE "\0r0";
	struct client *c = first_client();

	call_write(c, 0, NODE, VALUE);
	job_begin(job);
	while (job_more(job)) {
		mark(job);
		ask(c, OP_SET_PERMS, 0, body, sizeof(body));
		get_ok(c);
		sample(job, 1);
	}
	job_end(job);
}

/* ---- transactions ----------------------------------------------------- */

static void tx_path(char *path, size_t size, const struct job *job, long i)
{
	if (job->n > 1) /* in a big store, see jobs_big.c */
		snprintf(path, size, ROOT "/big/%04ld/%06ld",
			 (i * 7919 % job->n) / 1000, i * 7919 % job->n);
	else
		snprintf(path, size, ROOT "/tx/%ld", i);
}

/* A transaction of k requests (k < 0: reads), in a store of n nodes. */
static void job_tx(struct job *job)
{
	struct client *c = first_client();
	long i, k = labs(job->k);
	char path[128];
	uint32_t tx;

	for (i = 0; i < k && job->n <= 1; i++) {
		tx_path(path, sizeof(path), job, i);
		call_write(c, 0, path, VALUE);
	}
	job_begin(job);
	while (job_more(job)) {
		mark(job);
		tx = tx_begin(c);
		for (i = 0; i < k; i++) {
			tx_path(path, sizeof(path), job, i);
			if (job->k > 0) {
				call_write(c, tx, path, VALUE);
				continue;
			}
			ask_path(c, OP_READ, tx, path);
			get_value(c);
		}
		if (!tx_commit(c, tx))
			fail("EAGAIN without a reason");
		sample(job, 1);
	}
	job_end(job);
}

/* Two transactions that read and write the same node: the second loses. */
static void job_tx_conflict(struct job *job)
{
	struct client *c = first_client();
	uint32_t tx[2];
	int i;

	call_write(c, 0, NODE, VALUE);
	job_begin(job);
	while (job_more(job)) {
		mark(job);
		for (i = 0; i < 2; i++) {
			tx[i] = tx_begin(c);
			ask_path(c, OP_READ, tx[i], NODE);
			get_value(c);
		}
		for (i = 0; i < 2; i++)
			call_write(c, tx[i], NODE, "other bytes");
		if (!tx_commit(c, tx[0]))
			fail("the first transaction lost");
		if (tx_commit(c, tx[1]))
			fail("the second transaction did not lose");
		call_write(c, 0, NODE, VALUE);
		sample(job, 1);
	}
	job_end(job);
}

const struct job_kind node_jobs[] = {
	{"read", job_read},
	{"write", job_write},
	{"create_rm", job_create_rm},
	{"mkdir_deep", job_mkdir_deep},
	{"directory", job_directory},
	{"create_in", job_create_in},
	{"dirpart", job_dirpart},
	{"get_perms", job_get_perms},
	{"set_perms", job_set_perms},
	{"tx", job_tx},
	{"tx_conflict", job_tx_conflict},
	{0},
};
