// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bystander: somebody who reads without a pause while others do their work.
 *
 * The longest time between two of its replies says how long it was kept
 * waiting, by whatever; the longest CPU time the daemon used between two of
 * them says how much of a wait was the daemon's doing and not the machine's.
 */
#include "bench/bench.h"

#include <sched.h>
#include <string.h>

#define WARM	10  /* replies before a gap counts */
#define SETTLED 100 /* replies before and after what it is to witness */

static void *read_on(void *arg)
{
	struct reader *r = arg;
	uint64_t last = now_ns(), last_cpu = daemon_cpu(), now, cpu;

	while (!r->stop) {
		ask_path(r->client, OP_READ, 0, BYSTANDER);
		get_value(r->client);
		now = now_ns();
		cpu = daemon_cpu();
		if (r->n > WARM && now - last > r->longest_ns)
			r->longest_ns = now - last;
		if (r->n > WARM && cpu - last_cpu > r->caused_ns)
			r->caused_ns = cpu - last_cpu;
		last = now;
		last_cpu = cpu;
		r->n++;
	}
	return NULL;
}

/* It reads, and has done so for a while. */
void reader_start(struct reader *r)
{
	memset(r, 0, sizeof(*r));
	call_write(first_client(), 0, BYSTANDER, VALUE);
	r->client = client_socket();
	if (pthread_create(&r->thread, NULL, read_on, r))
		fail("no thread");
	while (r->n < SETTLED) /* each has a deadline */
		sched_yield();
}

/* Fills in the job's figures: milliseconds. */
void reader_stop(struct reader *r, struct job *job)
{
	unsigned long n = r->n;

	while (r->n < n + SETTLED)
		sched_yield();
	r->stop = true;
	pthread_join(r->thread, NULL);
	client_close(r->client);
	job->extra = (double)r->longest_ns / 1e6;
	job->caused = (double)r->caused_ns / 1e6;
}
