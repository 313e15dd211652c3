/* SPDX-License-Identifier: GPL-2.0-only */
/* A runtime that remembers, for the stub domain's C library. */
#ifndef XS_UNIT_SYSTEM_H
#define XS_UNIT_SYSTEM_H

#include <stddef.h>

/* How much memory it has; before anything is allocated in a test. */
void system_set_pages(size_t n);
/* Where that lies. */
unsigned char *system_memory(void);

/* What went to the console so far. */
extern char system_console[4096];

/* What every random byte is. */
#define SYSTEM_RANDOM 0xda

/* Why function(arg) crashes the program, or NULL. */
const char *crash_of(void (*function)(void *arg), void *arg);

/* Gives memory back to ours or to the machine's library, whose it is. */
void system_free(void *p);

/* Memory of one page whose neighbours kill whoever looks at them. */
#define FENCED_SIZE 4096
unsigned char *fenced_page(void);

#endif
