/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * getopt_long(3), as far as main/options.c needs it: letters and long options,
 * these perhaps shortened, with or without a value.  It prints nothing, as with
 * opterr 0, and begins anew when optind is 0.  Unlike in glibc the words are
 * not reordered: the first that is no option ends them.
 */
#include <getopt.h>

#include <stddef.h>
#include <string.h>

#define UNKNOWN '?'

char *optarg;
int optind, opterr, optopt;

static const char *rest; /* further letters of the same word */

/* What to answer where a value is missing. */
static int missing(const char *letters)
{
	return letters[strspn(letters, "+-")] == ':' ? ':' : UNKNOWN;
}

static const struct option *find_long(const struct option *longs,
				      const char *word, size_t len)
{
	const struct option *found = NULL;

	for (; longs->name; longs++) {
		if (strncmp(longs->name, word, len))
			continue;
		if (!longs->name[len])
			return longs;
		if (found)
			return NULL; /* it could be either */
		found = longs;
	}
	return found;
}

static int take_long(int argc, char *const *argv, const char *letters,
		     const struct option *longs, int *indexp)
{
	char *word = argv[optind++] + 2;
	size_t len = strcspn(word, "=");
	const struct option *found = find_long(longs, word, len);

	optopt = found ? found->val : 0;
	if (!found || (word[len] && found->has_arg == no_argument))
		return UNKNOWN;
	if (word[len]) {
		optarg = word + len + 1;
	} else if (found->has_arg == required_argument) {
		if (optind >= argc)
			return missing(letters);
		optarg = argv[optind++];
	}
	if (indexp)
		*indexp = (int)(found - longs);
	return found->val;
}

static int take_letter(int argc, char *const *argv, const char *letters)
{
	const char *known;
	char *arg;

	optopt = (unsigned char)*rest;
	known = *rest == ':' ? NULL : strchr(letters, *rest);
	rest++;
	if (known && known[1] == ':') {
		arg = *rest ? argv[optind] + (rest - argv[optind]) : NULL;
		optind++;
		rest = NULL;
		if (!arg && known[2] != ':') { /* "x::": it may be absent */
			if (optind >= argc)
				return missing(letters);
			arg = argv[optind++];
		}
		optarg = arg;
		return optopt;
	}
	if (!*rest) {
		optind++;
		rest = NULL;
	}
	return known ? optopt : UNKNOWN;
}

int getopt_long(int argc, char *const *argv, const char *letters,
		const struct option *longs, int *indexp)
{
	if (!optind) {
		optind = 1;
		rest = NULL;
	}
	optarg = NULL;
	if (!rest) {
		if (optind >= argc || argv[optind][0] != '-' ||
		    !argv[optind][1])
			return -1;
		if (!strcmp(argv[optind], "--")) {
			optind++;
			return -1;
		}
		if (argv[optind][1] == '-')
			return take_long(argc, argv, letters, longs, indexp);
		rest = argv[optind] + 1;
	}
	return take_letter(argc, argv, letters);
}
