/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words of a command line against the machine's getopt_long(), which is told
 * not to reorder them.
 */
#include <getopt.h>

#include "unit/stubdom/libc.h"
#include "unit/support/suite.h"

#define ROUNDS 100000
#define WORDS  6

static const struct option longs[] = {
	{"all", no_argument, NULL, 300},
	{"alone", no_argument, NULL, 301},
	{"also-this", required_argument, NULL, 302},
	{"maybe", optional_argument, NULL, 303},
	{"max", required_argument, NULL, 304},
	{"verbose", no_argument, NULL, 305},
	{"v", no_argument, NULL, 306},
	{NULL, 0, NULL, 0},
};

static const char *const words[] = {
	"--all",    "--al",	"--alo",   "--alone=",	"--also-this",
	"--also=x", "--also=",	"--maybe", "--maybe=y", "--may",
	"--max",    "--max=-1", "--ma",	   "--v",	"--",
	"--=",	    "-",	"-a",	   "-ab",	"-abc",
	"-c",	    "-cval",	"-acval",  "-d",	"-dval",
	"-x",	    "-ax",	"-:",	   "-b-",	"-",
	"word",	    "",		"--nope",  "--nope=1",	"-bd",
};

#define N_WORDS (sizeof(words) / sizeof(words[0]))

static void say(char *buf, size_t size, int argc, char *const *argv)
{
	size_t used = 0;
	int i;

	for (i = 1; i < argc; i++)
		used += (size_t)snprintf(buf + used, size - used, " [%s]",
					 argv[i]);
}

/* Until both say that there is no more. */
static void compare(int argc, char *const *argv, const char *letters)
{
	char text[256];
	int got, want, index, want_index;

	say(text, sizeof(text), argc, argv);
	optind = libc_optind = 0;
	opterr = libc_opterr = 0;
	do {
		index = want_index = -1;
		want = getopt_long(argc, argv, letters, longs, &want_index);
		got = libc_getopt_long(argc, argv, letters, longs, &index);
		if (got != want || libc_optind != optind ||
		    libc_optarg != optarg)
			ck_abort_msg("%s: %d at %d \"%s\", not %d at %d \"%s\"",
				     text, got, libc_optind, libc_optarg, want,
				     optind, optarg);
		if (want != '?' && want != ':')
			ck_assert_int_eq(index, want_index);
		else if (libc_optopt != optopt)
			ck_abort_msg("%s: optopt %d, not %d", text, libc_optopt,
				     optopt);
	} while (want != -1);
}

START_TEST(test_random)
{
	static char program[] = "xenstored";
	static char copies[N_WORDS][16];
	struct rng rng;
	size_t k;
	int i;

	unsetenv("POSIXLY_CORRECT");
	for (k = 0; k < N_WORDS; k++)
		strcpy(copies[k], words[k]);
	rng_init(&rng, 1);
	for (i = 0; i < ROUNDS; i++) {
		char *argv[WORDS + 2] = {program};
		int argc = 1 + (int)rng_below(&rng, WORDS + 1);
		int n;

		for (n = 1; n < argc; n++)
			argv[n] = copies[rng_below(&rng, N_WORDS)];
		compare(argc, argv, i % 2 ? "+abc:d::" : "+:abc:d::");
	}
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/libc/getopt");
	TCase *tc = suite_case(suite, "getopt");

	tcase_add_test(tc, test_random);
	return suite;
}
