/* SPDX-License-Identifier: GPL-2.0-only */
/* Words of a command line; libc/getopt.c says how far. */
#ifndef XS_STUBDOM_GETOPT_H
#define XS_STUBDOM_GETOPT_H

struct option {
	const char *name; /* NULL: the end */
	int has_arg;
	int *flag; /* must be NULL */
	int val;
};

#define no_argument	  0
#define required_argument 1
#define optional_argument 2

extern char *optarg;
extern int optind, opterr, optopt;

int getopt_long(int argc, char *const *argv, const char *letters,
		const struct option *longs, int *indexp);

#endif
