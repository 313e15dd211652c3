/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the benchmark's driver share: jobs that are timed, clients
 * at sockets and rings, and the pretended Xen's files.
 *
 * Whatever goes wrong ends the driver with an error in its output: a wrong
 * reply is no figure, and neither is one that never comes.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/xenshim.h"

#define MSG_MAX	   4096
#define REPLY_SECS 60 /* longest wait for one reply */
#define ROOT	   "/bench"
#define VALUE	   "twelve bytes" /* what every node holds that is read */

enum op {
	OP_CONTROL,
	OP_DIRECTORY,
	OP_READ,
	OP_GET_PERMS,
	OP_WATCH,
	OP_UNWATCH,
	OP_TX_START,
	OP_TX_END,
	OP_INTRODUCE,
	OP_RELEASE,
	OP_GET_DOMAIN_PATH,
	OP_WRITE,
	OP_MKDIR,
	OP_RM,
	OP_SET_PERMS,
	OP_EVENT,
	OP_ERROR,
	OP_DIRECTORY_PART = 22,
};

struct header {
	uint32_t type, req, tx, len;
};

/* ---- clients ---------------------------------------------------------- */

#define IN_MAX	16384
#define OUT_MAX 16384

/* A client; requests are kept in out[] until they are sent together. */
struct client {
	int fd;		   /* a socket, or -1 */
	struct ring *ring; /* a domain's page, or NULL */
	struct shim_port *port;
	uint32_t local_port;
	bool polls; /* never sleeps for its ring: waking it costs nothing */
	uint32_t next_req, due_req;
	uint32_t n_events;
	uint32_t out_len, in_at, in_len;
	uint8_t due[256]; /* operations whose replies are due, by request */
	char out[OUT_MAX];
	char in[IN_MAX];
};

/* The last message taken in; body is followed by a NUL. */
struct message {
	struct header head;
	char body[MSG_MAX + 1];
};

struct client *client_socket(void);
struct client *client_ring(unsigned int domid);
void client_close(struct client *c);

void ask(struct client *c, enum op op, uint32_t tx, const void *body,
	 size_t len);
void send_all(struct client *c);
void get_message(struct client *c, struct message *msg);
void get_reply(struct client *c, struct message *msg);
bool get_result(struct client *c, struct message *msg, const char *error);
void get_ok(struct client *c);
void get_value(struct client *c);
void get_events(struct client *c, uint32_t n);

/* One request and its reply, which must not be an error. */
void call(struct client *c, enum op op, uint32_t tx, const void *body,
	  size_t len, struct message *msg);
void call_path(struct client *c, enum op op, const char *path);
void call_write(struct client *c, uint32_t tx, const char *path,
		const char *value);
void ask_path(struct client *c, enum op op, uint32_t tx, const char *path);
void ask_write(struct client *c, uint32_t tx, const char *path,
	       const char *value);
void ask_watch(struct client *c, const char *path, const char *token);
void watch(struct client *c, const char *path, const char *token);
uint32_t tx_begin(struct client *c);
bool tx_commit(struct client *c, uint32_t tx);
void remove_tree(struct client *c, const char *path);

/* ---- the pretended Xen ------------------------------------------------ */

void xen_open(const char *dir);
void xen_create(unsigned int domid);
void xen_destroy(unsigned int domid);
void *xen_page(unsigned int domid);
struct shim_port *xen_port(unsigned int domid);
uint32_t xen_port_number(const struct shim_port *port);
void xen_raise(uint32_t port);

/* ---- jobs ------------------------------------------------------------- */

/* What one line of input asks for: NAME:key=value,... */
struct job {
	const char *name;
	long n, c, d, k; /* how many of what the job is about */
	long max;	 /* operations, 0: as the time allows */
	double secs;
	/* results */
	uint64_t begin_ns, end_ns, cpu_ns, mark_ns;
	uint32_t per_sample; /* operations between mark() and sample() */
	uint64_t n_ops;
	uint32_t *samples; /* nanoseconds */
	uint32_t n_samples;
	long rss_before, rss_after;
	double extra;  /* one figure of the job's own */
	double caused; /* milliseconds of CPU between two replies (reader.c) */
};

void job_begin(struct job *job);
bool job_more(struct job *job);
void mark(struct job *job);
void sample(struct job *job, uint32_t n_ops);
void job_end(struct job *job);
double per_op(const struct job *job);
long daemon_rss(void);
uint64_t daemon_cpu(void);
uint64_t now_ns(void);

_Noreturn void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

typedef void job_fn(struct job *job);

struct job_kind {
	const char *name;
	job_fn *run;
};

extern const struct job_kind node_jobs[], crowd_jobs[], big_jobs[],
	domain_jobs[], freeze_jobs[], stall_jobs[], live_jobs[], noisy_jobs[];

/* Somebody who reads that node meanwhile. */
#define BYSTANDER ROOT "/bystander"

struct reader {
	pthread_t thread;
	atomic_bool stop;
	atomic_ulong n;
	uint64_t longest_ns, caused_ns;
	struct client *client;
};

void reader_start(struct reader *r);
void reader_stop(struct reader *r, struct job *job);

/* One more domain comes (and is returned), and goes. */
struct client *domain_comes(struct client *c, unsigned int *domidp);
void domain_goes(struct client *c, struct client *guest, unsigned int domid);

/* The client that is this domain. */
struct client *domain_client(long domid);

/* The client that jobs use for what is not about clients. */
struct client *first_client(void);

extern const char *socket_path;
extern int daemon_pid;

#endif
