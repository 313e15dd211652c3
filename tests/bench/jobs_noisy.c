// SPDX-License-Identifier: GPL-2.0-only
/*
 * Noisy neighbours: domains 1 to 8 do their worst while another one starts
 * and ends.  They have CPUs of their own where there are any, as guests do:
 * what is measured is what they make the daemon do.
 */
#define _GNU_SOURCE
#include "bench/bench.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NEIGHBOURS 8
#define FLOOD	   20	/* requests at a time; the daemon stops at so many */
#define WATCHES	   90	/* of each who storms; quotas are 100 and 128 */
#define CHILDREN   900	/* of a huge directory; a domain may own 1,000 nodes */
#define TXNS	   9	/* the quota is 10 */
#define TRIES	   1000 /* of a transaction that others disturb */
#define PATIENCE   60	/* seconds until a neighbour must have stopped */
#define PATH	   96

struct neighbour {
	pthread_t thread;
	struct client *client;
	unsigned int domid;
};

typedef void trick_fn(struct neighbour *nb);

static atomic_bool stop;

static void home_of(char *path, unsigned int domid, const char *rest)
{
	snprintf(path, PATH, "/local/domain/%u/data%s", domid, rest);
}

/* Requests as fast as they are answered. */
static void flood(struct neighbour *nb, enum op op, const char *path)
{
	struct message msg;
	int i;

	while (!stop) {
		for (i = 0; i < FLOOD; i++) {
			if (op == OP_WRITE)
				ask_write(nb->client, 0, path, VALUE);
			else
				ask_path(nb->client, op, 0, path);
		}
		for (i = 0; i < FLOOD; i++)
			get_result(nb->client, &msg, NULL);
	}
}

static void flood_reads(struct neighbour *nb)
{
	flood(nb, OP_READ, "data");
}

static void flood_writes(struct neighbour *nb)
{
	flood(nb, OP_WRITE, "data");
}

/* Watches of its own on what it writes itself. */
static void storm(struct neighbour *nb)
{
	char token[32];
	int i;

	for (i = 0; i < WATCHES && !stop; i++) {
		snprintf(token, sizeof(token), "storm%d", i);
		watch(nb->client, "data", token);
	}
	flood(nb, OP_WRITE, "data");
	for (; i; i--) {
		char body[48];
		int len =
			snprintf(body, sizeof(body), "data%cstorm%d", 0, i - 1);

		ask(nb->client, OP_UNWATCH, 0, body, (size_t)len + 1);
		get_ok(nb->client);
	}
}

/* Changes all the time what the toolstack's transactions read. */
static void starve(struct neighbour *nb)
{
	char value[32];
	long i;

	for (i = 0; !stop; i++) {
		snprintf(value, sizeof(value), "%ld", i);
		call_write(nb->client, 0, "data", value);
	}
}

/* Transactions that stay open, each with many changes, again and again. */
static void hoard(struct neighbour *nb)
{
	struct message msg;
	uint32_t tx[TXNS];
	char path[PATH];
	int i, k;

	while (!stop) {
		for (i = 0; i < TXNS; i++)
			tx[i] = tx_begin(nb->client);
		for (i = 0; i < TXNS; i++)
			for (k = 0; k < FLOOD; k++) {
				snprintf(path, sizeof(path), "data/%d", k);
				ask_write(nb->client, tx[i], path, VALUE);
				get_result(nb->client, &msg, NULL);
			}
		for (i = 0; i < TXNS; i++) {
			ask(nb->client, OP_TX_END, tx[i], i ? "F" : "T", 2);
			get_result(nb->client, &msg, "EAGAIN");
		}
	}
}

/* A huge directory, listed without end. */
static void list(struct neighbour *nb)
{
	char path[PATH];
	int i;

	for (i = 0; i < CHILDREN && !stop; i++) {
		snprintf(path, sizeof(path), "data/%03x", i);
		call_write(nb->client, 0, path, "");
	}
	flood(nb, OP_DIRECTORY, "data");
}

/*
 * Asks and never reads, but signals all the time.  (The pretended Xen does
 * not merge events as Xen does: so a short rest between them.)
 */
static void never_read(struct neighbour *nb)
{
	const struct timespec rest = {.tv_nsec = 20000};
	struct message msg;
	int i;

	for (i = 0; i < FLOOD; i++)
		ask_path(nb->client, OP_DIRECTORY, 0, "data");
	send_all(nb->client);
	while (!stop) {
		xen_raise(nb->client->local_port);
		nanosleep(&rest, NULL);
	}
	for (i = 0; i < FLOOD; i++)
		get_result(nb->client, &msg, NULL);
}

static trick_fn *const tricks[NEIGHBOURS] = {flood_reads, flood_writes, storm,
					     storm,	  starve,	hoard,
					     list,	  never_read};

static void *do_worst(void *arg)
{
	struct neighbour *nb = arg;
	int cpu = sched_getcpu(), i;
	cpu_set_t set;

	CPU_ZERO(&set);
	for (i = 0; i < sysconf(_SC_NPROCESSORS_ONLN); i++)
		if (i != cpu)
			CPU_SET(i, &set);
	if (CPU_COUNT(&set))
		pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	tricks[nb->domid - 1](nb);
	return NULL;
}

/* Until it is through, the toolstack looks at all neighbours at one time. */
static void look_around(struct client *c)
{
	struct message msg;
	char path[PATH];
	unsigned int i, n;
	uint32_t tx;

	for (n = 0; n < TRIES; n++) {
		tx = tx_begin(c);
		for (i = 1; i <= NEIGHBOURS; i++) {
			home_of(path, i, "");
			ask_path(c, OP_READ, tx, path);
			get_result(c, &msg, "ENOENT");
		}
		call_write(c, tx, ROOT "/looked", VALUE);
		if (tx_commit(c, tx))
			return;
	}
	fail("a transaction did not get through in %d tries", TRIES);
}

static void finish(struct neighbour *all, long n)
{
	struct timespec end;
	long i;

	stop = true;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE;
	for (i = 0; i < n; i++)
		if (pthread_timedjoin_np(all[i].thread, NULL, &end))
			fail("domain %ld did not stop", i + 1);
	stop = false;
}

/*
 * One more domain comes and goes, and its toolstack looks at the others;
 * n (0 or 8) of them do their worst meanwhile.
 */
static void job_noisy(struct job *job)
{
	static const struct timespec warm_up = {.tv_nsec = 200000000};
	struct client *c = first_client(), *guest;
	struct neighbour all[NEIGHBOURS];
	unsigned int domid;
	long i;

	if (job->n > NEIGHBOURS)
		fail("%ld neighbours", job->n);
	for (i = 0; i < job->n; i++) {
		all[i].domid = (unsigned int)i + 1;
		all[i].client = domain_client(i + 1);
		all[i].client->polls = true;
		if (pthread_create(&all[i].thread, NULL, do_worst, &all[i]))
			fail("no thread");
	}
	if (job->n)
		nanosleep(&warm_up, NULL);
	job_begin(job);
	while (job_more(job)) {
		mark(job);
		guest = domain_comes(c, &domid);
		look_around(c);
		domain_goes(c, guest, domid);
		sample(job, 1);
	}
	job_end(job);
	finish(all, job->n);
}

const struct job_kind noisy_jobs[] = {
	{"noisy", job_noisy},
	{0},
};
