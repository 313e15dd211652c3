/* SPDX-License-Identifier: GPL-2.0-only */
/* xenstore-domain-replace: see main.c. */
#ifndef XS_REPLACE_H
#define XS_REPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenctrl.h>

#include "plat/stubdom/leave.h"

/* A file that is in memory, or whatever else is bytes. */
struct bytes {
	void *data;
	size_t len;
};

#define CONSOLED_PATH_MAX 256
#define CONSOLED_ARGS_MAX 2048

/* How xenconsoled was started; no words: it did not run. */
struct consoled {
	char path[CONSOLED_PATH_MAX];
	uint32_t len;
	char words[CONSOLED_ARGS_MAX]; /* as in /proc, each with its NUL */
};

/* What the successor has to have of the old domain; also a state file's head.*/
struct facts {
	char magic[8];
	uint32_t domid;
	uint32_t ssidref;
	uint32_t memory_mb;
	uint32_t ports; /* 0: as many as there are */
	uint32_t rings; /* grants it may have mapped */
	uint32_t
		scheduler; /* XEN_SCHEDULER_*; others than these have no more */
	uint32_t weight;
	uint32_t cap;
	uint32_t crc; /* in a file: CRC-32C of the state */
	xen_domain_handle_t handle;
	struct xs_leave_note note;
	struct consoled consoled; /* who calls again has to know it */
};

#define FACTS_MAGIC "XSFACTS2"

/* Ends with a message. */
_Noreturn void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
uint64_t now_ms(void);
void sleep_ms(unsigned int ms);

/* old.c: the domain that there is */
bool old_find(xc_interface *xch, struct facts *facts);
bool old_is_suspended(xc_interface *xch, const struct facts *facts);
bool old_is_dead(xc_interface *xch, const struct facts *facts);
bool old_is_there(xc_interface *xch, const struct facts *facts);
int old_take_state(xc_interface *xch, struct facts *facts, struct bytes *state);

/* build.c: the domain that comes; -1: it was said why */
struct console {
	xen_pfn_t gfn;
	uint32_t port;
};
int build_check(xc_interface *xch, const struct bytes *image);
int build(xc_interface *xch, const struct facts *facts,
	  const struct bytes *image, const struct bytes *state,
	  struct console *console);

/* file.c */
int file_read(const char *path, struct bytes *bytes);
int file_save(const char *path, const struct facts *facts,
	      const struct bytes *state);
int file_load(const char *path, struct facts *facts, struct bytes *state);

/* dom0.c: the store's clients there */
int bus_send(const char *words, size_t len);
bool bus_answered(int fd, char *text, size_t max);
bool consoled_stop(struct consoled *consoled);
void consoled_start(const struct consoled *consoled);
int nodes_write(const struct facts *facts, const struct console *console);

#endif
