/* SPDX-License-Identifier: GPL-2.0-only */
/* The pretended world; shared by the files of plat/fake only. */
#ifndef XS_PLAT_FAKE_INTERNAL_H
#define XS_PLAT_FAKE_INTERNAL_H

#include "plat/fake/fake.h"

#define PAGE_SIZE   4096
#define MAX_DOMAINS 64
#define MAX_PORTS   128
#define MAX_STREAMS 64
#define MAX_FILES   8
#define ALL_BYTES   SIZE_MAX

struct bytes {
	char *data; /* and a NUL behind len */
	size_t len;
	size_t taken;
	size_t alloc;
};

/* One life of a domid; stays listed when it is over, for its page. */
struct domain {
	xs_domid_t domid;
	bool present;
	bool shutdown;
	bool dying;
	uint8_t handle[16];
	void *page;
	int maps;
};

struct port {
	bool bound;
	bool dom_exc;
	bool pending;
	xs_domid_t domid;
	uint32_t remote;
	unsigned int notified;
};

struct stream {
	bool used;
	bool accepted;
	bool closed; /* by the daemon */
	bool eof;    /* the client sends no more */
	bool hung_up;
	bool watch_read;
	bool watch_write;
	void *cookie;
	int error;
	size_t read_max;
	size_t write_max;
	size_t room;
	struct bytes to_daemon;
	struct bytes to_client;
};

struct file {
	char *path;
	struct bytes text;
};

struct xs_plat {
	uint64_t now_ms;
	uint64_t random;
	unsigned int memory_used; /* percent */
	uint32_t lives;
	struct domain domains[MAX_DOMAINS];
	size_t n_domains;
	struct port ports[MAX_PORTS]; /* index: local port, 0 is none */
	struct stream streams[MAX_STREAMS];
	size_t n_streams;
	bool quit;
	bool reopen;
	unsigned int n_calls[FAKE_N_CALLS + 1];
	enum fake_call fail_call;
	unsigned int fail_countdown;
	int fail_error;
	bool failed;
	struct bytes log;
	struct bytes program; /* that came in pieces */
	size_t program_size;
	int receive_error;
	struct file files[MAX_FILES];
	char *trace_path;
};

void *fake_need(void *p);
void fake_bytes_add(struct bytes *bytes, const void *data, size_t len);
void fake_bytes_free(struct bytes *bytes);
int fake_may_fail(struct xs_plat *plat, enum fake_call call);
struct domain *fake_find(struct xs_plat *plat, xs_domid_t domid);
struct stream *fake_client(struct xs_plat *plat, int client);

#endif
