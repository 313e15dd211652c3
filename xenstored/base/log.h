/* SPDX-License-Identifier: GPL-2.0-only */
/* Log lines: key=value, one event a line. */
#ifndef XS_BASE_LOG_H
#define XS_BASE_LOG_H

#include <stdbool.h>

enum xs_log_level {
	XS_LOG_ERROR,
	XS_LOG_WARN,
	XS_LOG_INFO,
	XS_LOG_TRACE, /* one line per message and event, CONTROL "log on" */
};

typedef void xs_log_emit_fn(void *arg, enum xs_log_level level,
			    const char *line);

struct xs_log {
	xs_log_emit_fn *emit;
	void *arg;
	bool trace;
};

void xs_log(const struct xs_log *log, enum xs_log_level level, const char *fmt,
	    ...) __attribute__((format(printf, 3, 4)));

#endif
