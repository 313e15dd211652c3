/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line: every option a xenstored was ever started with. */
#ifndef XS_MAIN_OPTIONS_H
#define XS_MAIN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/settings.h"

#define XS_OPTIONS_ERROR_LEN 256

/* What the command line asks for. */
enum xs_options_result {
	XS_OPTIONS_RUN,
	XS_OPTIONS_HELP,  /* print the usage and succeed */
	XS_OPTIONS_CHECK, /* nothing: it was only to be looked at */
	XS_OPTIONS_ERROR, /* fail with the text in error */
};

typedef void xs_options_warn_fn(void *arg, const char *text);

struct xs_options {
	struct xs_settings settings;
	const char *pid_file;	/* points into argv; NULL: none */
	const char *trace_file; /* points into argv; NULL: none */
	bool no_fork;
	bool print_pid;
	bool no_confine;
	bool live_update;
	bool ox_live;		 /* --live and --restart are what oxenstored */
	bool ox_restart;	 /* starts its successor with */
	const char *check_state; /* points into argv; NULL: do not */
	bool has_event;		 /* -e was given */
	uint32_t event_port;	 /* valid when has_event */
	char error[XS_OPTIONS_ERROR_LEN];
};

enum xs_options_result xs_options_parse(struct xs_options *options, int argc,
					char **argv, xs_options_warn_fn *warn,
					void *warn_arg);
const char *xs_options_usage(void);

/* Most of the options of a program that takes over, and a NULL. */
#define XS_OPTIONS_MAX_ARGS 64
int xs_options_for_ours(int argc, char **argv, const char **args);
int xs_options_for_417(int argc, char **argv, const char **args);

#endif
