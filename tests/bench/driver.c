// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's driver: drives one daemon, which may be any of the three.
 *
 *   driver SOCKET PID XENDIR
 *
 * reads jobs from standard input, one a line, and answers each with one line
 * of JSON.  What a job sets up stays for the jobs after it.  A job is
 *
 *   NAME[:key=value[,key=value...]]
 *
 * with secs (how long to measure), max (operations), and n, c, d, k, whose
 * meaning is the job's.
 */
#define _GNU_SOURCE
#include "bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES_MAX 1000000u
#define JOB_SECS    150 /* longest job, preparation included */

const char *socket_path;
int daemon_pid;

static int cpu_fd = -1;

/* Ends the driver with an error; nothing that was measured counts. */
void fail(const char *fmt, ...)
{
	char text[600], *p;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (p = text; *p; p++)
		if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ')
			*p = '\'';
	printf("{\"error\": \"%s\"}\n", text);
	fflush(stdout);
	_exit(2);
}

static void too_long(int sig)
{
	static const char text[] = "{\"error\": \"took too long\"}\n";

	(void)sig;
	if (write(1, text, sizeof(text) - 1) < 0)
		_exit(3);
	_exit(2);
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* How long the daemon has been running on a CPU. */
uint64_t daemon_cpu(void)
{
	char text[128];
	ssize_t n = pread(cpu_fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		fail("the daemon is gone");
	text[n] = '\0';
	return strtoull(text, NULL, 10);
}

/* Its resident memory in bytes. */
long daemon_rss(void)
{
	char path[64], line[128];
	long kb = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", daemon_pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	if (kb < 0)
		fail("the daemon is gone");
	return kb * 1024;
}

/* ---- timing ----------------------------------------------------------- */

/* All is prepared: from now on it counts. */
void job_begin(struct job *job)
{
	job->rss_before = daemon_rss();
	job->cpu_ns = daemon_cpu();
	job->begin_ns = job->mark_ns = now_ns();
}

/* Time for one more operation? */
bool job_more(struct job *job)
{
	if (job->max)
		return job->n_ops < (uint64_t)job->max;
	return !job->n_ops ||
	       (double)(now_ns() - job->begin_ns) < job->secs * 1e9;
}

void mark(struct job *job)
{
	job->mark_ns = now_ns();
}

/* n_ops operations took the time since mark(). */
void sample(struct job *job, uint32_t n_ops)
{
	uint64_t ns = now_ns() - job->mark_ns;

	job->n_ops += n_ops;
	job->per_sample = n_ops;
	if (job->n_samples < SAMPLES_MAX)
		job->samples[job->n_samples++] =
			ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

void job_end(struct job *job)
{
	job->end_ns = now_ns();
	job->cpu_ns = daemon_cpu() - job->cpu_ns;
	job->rss_after = daemon_rss();
}

/* Bytes by which the daemon grew, for each operation. */
double per_op(const struct job *job)
{
	return job->n_ops ? (double)(job->rss_after - job->rss_before) /
				    (double)job->n_ops
			  : 0;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double quantile(const struct job *job, double q)
{
	if (!job->n_samples)
		return 0;
	return job->samples[(uint32_t)(q * (job->n_samples - 1))] / 1000.0;
}

static void report(struct job *job, const char *line)
{
	double n = job->n_ops ? (double)job->n_ops : 1;

	qsort(job->samples, job->n_samples, sizeof(*job->samples), by_size);
	printf("{\"job\": \"%s\", \"ops\": %llu, \"secs\": %.6f, "
	       "\"per_sample\": %u, \"p50_us\": %.3f, \"p99_us\": %.3f, "
	       "\"max_us\": %.3f, \"cpu_us\": %.4f, \"rss\": %ld, "
	       "\"rss_grown\": %ld, \"extra\": %.6f, \"caused\": %.4f}\n",
	       line, (unsigned long long)job->n_ops,
	       (double)(job->end_ns - job->begin_ns) / 1e9, job->per_sample,
	       quantile(job, 0.5), quantile(job, 0.99), quantile(job, 1),
	       (double)job->cpu_ns / 1000.0 / n, job->rss_after,
	       job->rss_after - job->rss_before, job->extra, job->caused);
	fflush(stdout);
}

/* ---- jobs ------------------------------------------------------------- */

struct client *first_client(void)
{
	static struct client *c;

	if (!c)
		c = client_socket();
	return c;
}

static const struct job_kind *find_kind(const char *name)
{
	const struct job_kind *const all[] = {
		node_jobs,   crowd_jobs, big_jobs,  domain_jobs,
		freeze_jobs, stall_jobs, live_jobs, noisy_jobs};
	const struct job_kind *kind;
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (kind = all[i]; kind->name; kind++)
			if (!strcmp(kind->name, name))
				return kind;
	fail("no job named %s", name);
}

static void parse_option(struct job *job, const char *word)
{
	const char *value = strchr(word, '=');
	double x;

	if (!value)
		fail("option %s has no value", word);
	x = strtod(value + 1, NULL);
	if (!strncmp(word, "secs=", 5))
		job->secs = x;
	else if (!strncmp(word, "max=", 4))
		job->max = (long)x;
	else if (!strncmp(word, "n=", 2))
		job->n = (long)x;
	else if (!strncmp(word, "c=", 2))
		job->c = (long)x;
	else if (!strncmp(word, "d=", 2))
		job->d = (long)x;
	else if (!strncmp(word, "k=", 2))
		job->k = (long)x;
	else
		fail("option %s is not known", word);
}

static void run(char *line, uint32_t *samples)
{
	struct job job = {.n = 1, .c = 1, .d = 1, .secs = 0.3};
	char copy[256], *word, *save = NULL;
	const struct job_kind *kind;

	line[strcspn(line, "\n")] = '\0';
	if (!*line || strlen(line) >= sizeof(copy))
		fail("bad job \"%.80s\"", line);
	strcpy(copy, line);
	job.samples = samples;
	job.name = strtok_r(copy, ":", &save);
	while ((word = strtok_r(NULL, ",", &save)))
		parse_option(&job, word);
	kind = find_kind(job.name);
	alarm(JOB_SECS);
	kind->run(&job);
	alarm(0);
	report(&job, line);
}

int main(int argc, char **argv)
{
	char path[64], line[512];
	uint32_t *samples;

	if (argc != 4) {
		fprintf(stderr, "usage: driver SOCKET PID XENDIR\n");
		return 1;
	}
	socket_path = argv[1];
	daemon_pid = atoi(argv[2]);
	snprintf(path, sizeof(path), "/proc/%d/schedstat", daemon_pid);
	cpu_fd = open(path, O_RDONLY | O_CLOEXEC);
	samples = calloc(SAMPLES_MAX, sizeof(*samples));
	signal(SIGALRM, too_long);
	if (cpu_fd < 0 || !samples)
		fail("%s: %s", path, strerror(errno));
	if (strcmp(argv[3], "-"))
		xen_open(argv[3]);
	while (fgets(line, sizeof(line), stdin))
		run(line, samples);
	return 0;
}
