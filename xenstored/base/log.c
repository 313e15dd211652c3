/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log lines.
 *
 * I1  No byte of a line is anything but printable ASCII: what a guest named
 *     something cannot forge a line or reach an operator's terminal.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_MAX_LEN 1024

/* Says one line; trace lines only while the trace is on. */
void xs_log(const struct xs_log *log, enum xs_log_level level, const char *fmt,
	    ...)
{
	char line[LINE_MAX_LEN], *p;
	va_list ap;

	if (!log->emit || (level == XS_LOG_TRACE && !log->trace))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (p = line; *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
	log->emit(log->arg, level, line);
}
