/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the hostile test share: the daemon under test, its
 * pretended Xen, random numbers and the client's end of sockets and rings.
 */
#ifndef TESTS_HOSTILE_WORLD_H
#define TESTS_HOSTILE_WORLD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

#include "shim/xenshim.h"

#define HONEST_DOM  1
#define FIRST_DOM   10 /* hostile domains */
#define N_DOMS	    8
#define PAYLOAD_MAX 4096

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
	OP_DOMAIN_PATH,
	OP_WRITE,
	OP_MKDIR,
	OP_RM,
	OP_SET_PERMS,
	OP_EVENT,
	OP_ERROR,
	OP_IS_INTRODUCED,
	OP_RESUME,
	OP_SET_TARGET,
	OP_RESTRICT,
	OP_RESET_WATCHES,
	OP_DIRECTORY_PART,
	OP_GET_FEATURE,
	OP_SET_FEATURE,
	OP_GET_QUOTA,
	OP_SET_QUOTA,
};

struct header {
	uint32_t type, req, tx, len;
};

struct message {
	struct header head;
	char body[PAYLOAD_MAX + 64];
};

/* The guest's view of its page. */
struct ring {
	char req[1024];
	char rsp[1024];
	_Atomic uint32_t req_cons, req_prod, rsp_cons, rsp_prod;
	_Atomic uint32_t features, connection, error, evtchn_port;
};

struct world {
	char base[64];
	char xen[80], run[80], log[80];
	char sock[100];
	int fifo;
	struct shim_port *ports;
	struct shim_map *maps;
	pid_t daemon;
	atomic_bool stop;
	atomic_ulong sent; /* requests of the attackers */
};

extern struct world world;

/* random numbers, one state a thread */
struct rnd {
	uint64_t s;
};

uint32_t rnd_next(struct rnd *r);
uint32_t rnd_below(struct rnd *r, uint32_t n);
bool rnd_one_in(struct rnd *r, uint32_t n);
void rnd_fill(struct rnd *r, void *buf, size_t len);

/* time */
double now(void);
void nap(unsigned int us);

/* the pretended Xen */
void world_open(void);
void world_close(void);
void dom_create(unsigned int domid);
void dom_state(unsigned int domid, const char *flags);
void dom_kill(unsigned int domid);
struct ring *ring_map(unsigned int domid);
void ring_unmap(struct ring *ring);
void dom_notify(unsigned int domid);
void raise_virq(void);
unsigned int n_ports(void);
unsigned int n_maps(void);

/* clients: all of them give up at a deadline, see now() */
int sock_open(void);
bool sock_write(int fd, const void *buf, size_t len, double until);
bool sock_read(int fd, void *buf, size_t len, double until);
bool ring_write(unsigned int domid, struct ring *ring, const void *buf,
		size_t len, double until);
bool ring_read(unsigned int domid, struct ring *ring, void *buf, size_t len,
	       double until);

/* One request of a well-behaved client and its reply; events are dropped. */
bool sock_call(int fd, enum op op, const void *body, size_t len,
	       struct message *reply, double until);
bool ring_call(unsigned int domid, struct ring *ring, enum op op,
	       const void *body, size_t len, struct message *reply,
	       double until);
bool dom_introduce(int fd, unsigned int domid);

/* the threads */
struct attacker {
	unsigned int number;
	struct rnd rnd;
};

struct honest {
	unsigned long trips;
	unsigned long late;
	double slowest;
	char failure[128];
};

void *attack_by_socket(void *arg);
void *attack_by_ring(void *arg);
void *attack_pages(void *arg);
void *attack_lives(void *arg);
void *honest_socket(void *arg);
void *honest_ring(void *arg);

/* a random request, sane or not */
size_t make_request(struct rnd *r, struct message *msg, bool privileged);

#endif
