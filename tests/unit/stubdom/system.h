/* SPDX-License-Identifier: GPL-2.0-only */
/* A runtime that remembers, for the stub domain's C library. */
#ifndef XS_UNIT_SYSTEM_H
#define XS_UNIT_SYSTEM_H

#include <setjmp.h>
#include <stddef.h>

/* How much memory it has; before anything is allocated in a test. */
void system_set_pages(size_t n);
/* Where that lies. */
unsigned char *system_memory(void);

/* What went to the console so far. */
extern char system_console[4096];

/* Whether what follows crashes; the test goes on after it and why is set. */
extern jmp_buf system_crash_point;
extern char system_why[128];
void system_expect_crash(int on);

#define crashes(statement)                                \
	({                                                \
		int crashed = setjmp(system_crash_point); \
                                                          \
		if (!crashed) {                           \
			system_expect_crash(1);           \
			statement;                        \
		}                                         \
		system_expect_crash(0);                   \
		crashed;                                  \
	})

/* Memory of one page whose neighbours kill whoever looks at them. */
#define FENCED_SIZE 4096
unsigned char *fenced_page(void);

#endif
