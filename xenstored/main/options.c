/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the command line of Xen 4.17's xenstored, of later ones, and what may
 * be left in a configuration from the days of oxenstored.
 *
 * I1 An option that any of them knows never keeps the daemon from starting:
 *    one without a meaning here leads to one warning.  Neither does an option
 *    that none of them knows, as with the real daemon.
 * I2 A value that is not understood does: better no daemon than one with
 *    other limits than the operator wrote.
 * I3 Nothing is printed and nothing ends the process here.
 */
#include "main/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DOMID     0x7fef /* the ids above have special meanings */
#define MAX_LIMIT     0x7fffffff
#define MAX_PATH_LEN  2048 /* the protocol has no longer relative paths */
#define MS_PER_SECOND 1000

struct parse;
struct opt;

typedef void take_fn(struct parse *p, const struct opt *opt, const char *arg);

struct opt {
	const char *name; /* NULL: none */
	int letter;	  /* 0: none */
	int has_arg;
	take_fn *take;
	size_t offset;	     /* take_flag, take_text: in struct xs_options */
	enum xs_quota quota; /* take_limit */
	const char *why;     /* take_nothing: why it is ignored */
};

#define MAX_OPTS  40
#define LONG_BASE 0x100 /* above every letter */

struct parse {
	struct xs_options *options;
	xs_options_warn_fn *warn;
	void *warn_arg;
	bool warned[MAX_OPTS];
	enum xs_options_result result;
};

static void __attribute__((format(printf, 2, 3)))
fail(struct parse *p, const char *format, ...)
{
	va_list args;

	/* The first is the one to mend first; help answers all of them. */
	if (p->result == XS_OPTIONS_ERROR || p->result == XS_OPTIONS_HELP)
		return;
	p->result = XS_OPTIONS_ERROR;
	va_start(args, format);
	vsnprintf(p->options->error, sizeof(p->options->error), format, args);
	va_end(args);
}

static void __attribute__((format(printf, 2, 3)))
warn(struct parse *p, const char *format, ...)
{
	char text[XS_OPTIONS_ERROR_LEN];
	va_list args;

	if (!p->warn)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	p->warn(p->warn_arg, text);
}

/* Digits only: neither a sign nor a suffix has a meaning here. */
static bool read_number(struct parse *p, const char *name, const char *text,
			unsigned long max, uint32_t *numberp)
{
	unsigned long number = 0;
	char *end = NULL;

	errno = 0;
	if (*text >= '0' && *text <= '9')
		number = strtoul(text, &end, 10);
	if (!end || *end) {
		fail(p, "%s: '%s' is not a number", name, text);
		return false;
	}
	if (errno || number > max) {
		fail(p, "%s: %s is more than %lu", name, text, max);
		return false;
	}
	*numberp = (uint32_t)number;
	return true;
}

static void set_limit(struct parse *p, const char *name, enum xs_quota quota,
		      const char *text)
{
	uint32_t value;

	if (!read_number(p, name, text, MAX_LIMIT, &value))
		return;
	if (quota == XS_QUOTA_PATH_MAX && (!value || value > MAX_PATH_LEN))
		value = MAX_PATH_LEN;
	p->options->settings.limits.max[quota] = value;
}

/* Cuts "what=value"; returns the value, and what in a buffer of len bytes. */
static const char *split(struct parse *p, const struct opt *opt,
			 const char *arg, char *what, size_t len)
{
	const char *eq = strchr(arg, '=');

	if (eq && eq != arg && (size_t)(eq - arg) < len) {
		memcpy(what, arg, (size_t)(eq - arg));
		what[eq - arg] = '\0';
		return eq + 1;
	}
	fail(p, "--%s: '%s' is not of the form <what>=<number>", opt->name,
	     arg);
	return NULL;
}

static void take_flag(struct parse *p, const struct opt *opt, const char *arg)
{
	(void)arg;
	*(bool *)(void *)((char *)p->options + opt->offset) = true;
}

static void take_text(struct parse *p, const struct opt *opt, const char *arg)
{
	const char **textp = (void *)((char *)p->options + opt->offset);

	if (*arg)
		*textp = arg;
	else
		fail(p, "--%s: no file is named", opt->name);
}

static void take_nothing(struct parse *p, const struct opt *opt,
			 const char *arg)
{
	(void)arg;
	warn(p, "option --%s is ignored: %s", opt->name, opt->why);
}

static void take_help(struct parse *p, const struct opt *opt, const char *arg)
{
	(void)opt;
	(void)arg;
	if (p->result != XS_OPTIONS_ERROR)
		p->result = XS_OPTIONS_HELP;
}

static void take_check(struct parse *p, const struct opt *opt, const char *arg)
{
	(void)opt;
	(void)arg;
	if (p->result == XS_OPTIONS_RUN)
		p->result = XS_OPTIONS_CHECK;
}

static void take_check_state(struct parse *p, const struct opt *opt,
			     const char *arg)
{
	take_text(p, opt, arg);
	take_check(p, opt, arg);
}

static void take_limit(struct parse *p, const struct opt *opt, const char *arg)
{
	set_limit(p, opt->name, opt->quota, arg);
}

static void take_quota(struct parse *p, const struct opt *opt, const char *arg)
{
	enum xs_quota quota;
	char what[32];
	const char *value = split(p, opt, arg, what, sizeof(what));

	if (!value)
		return;
	if (xs_quota_by_name(what, &quota))
		fail(p, "--%s: there is no quota '%s'", opt->name, what);
	else
		set_limit(p, what, quota, value);
}

/* Later daemons warn about any quota, here as in 4.17 only about memory. */
static void take_soft(struct parse *p, const struct opt *opt, const char *arg)
{
	enum xs_quota quota;
	char what[32];
	const char *value = split(p, opt, arg, what, sizeof(what));
	uint32_t number;

	if (!value)
		return;
	if (xs_quota_by_name(what, &quota))
		fail(p, "--%s: there is no quota '%s'", opt->name, what);
	else if (!read_number(p, what, value, MAX_LIMIT, &number))
		return;
	else if (quota == XS_QUOTA_MEMORY)
		p->options->settings.limits.soft_memory = number;
	else
		warn(p, "option --%s %s is ignored: only memory has one",
		     opt->name, what);
}

static void take_timeout(struct parse *p, const struct opt *opt,
			 const char *arg)
{
	char what[32];
	const char *value = split(p, opt, arg, what, sizeof(what));
	uint32_t seconds;

	if (!value)
		return;
	if (strcmp(what, "watch-event"))
		fail(p, "--%s: there is no timeout '%s'", opt->name, what);
	else if (read_number(p, what, value, UINT32_MAX / MS_PER_SECOND,
			     &seconds))
		p->options->settings.watch_event_ms = seconds * MS_PER_SECOND;
}

static void take_domid(struct parse *p, const struct opt *opt, const char *arg)
{
	uint32_t domid;

	if (read_number(p, opt->name, arg, MAX_DOMID, &domid))
		*(uint16_t *)(void *)((char *)p->options + opt->offset) =
			(uint16_t)domid;
}

static void take_event(struct parse *p, const struct opt *opt, const char *arg)
{
	p->options->has_event = read_number(p, opt->name, arg, MAX_LIMIT,
					    &p->options->event_port);
}

#define OPT(n, l, arg, fn, ...)                                                \
	{                                                                      \
		.name = n, .letter = l, .has_arg = arg##_argument, .take = fn, \
		__VA_ARGS__                                                    \
	}
#define MEMBER(m)	     .offset = offsetof(struct xs_options, m)
#define LIMIT(q)	     .quota = XS_QUOTA_##q
#define IGNORE(n, l, arg, w) OPT(n, l, arg, take_nothing, .why = w)

#define OXENSTORED	     "it is an option of oxenstored"

static const struct opt opts[] = {
	OPT("pid-file", 'F', required, take_text, MEMBER(pid_file)),
	OPT("trace-file", 'T', required, take_text, MEMBER(trace_file)),
	OPT("no-fork", 'N', no, take_flag, MEMBER(no_fork)),
	OPT("output-pid", 'P', no, take_flag, MEMBER(print_pid)),
	OPT("verbose", 'V', no, take_flag, MEMBER(settings.trace)),
	OPT("keep-orphans", 'K', no, take_flag, MEMBER(settings.keep_orphans)),
	OPT("no-confine", 0, no, take_flag, MEMBER(no_confine)),
	OPT("live-update", 'U', no, take_flag, MEMBER(live_update)),
	OPT("master-domid", 'm', required, take_domid,
	    MEMBER(settings.master_domid)),
	OPT("priv-domid", 'p', required, take_domid,
	    MEMBER(settings.priv_domid)),
	OPT("entry-nb", 'E', required, take_limit, LIMIT(NODES)),
	OPT("entry-size", 'S', required, take_limit, LIMIT(NODE_SIZE)),
	OPT("watch-nb", 'W', required, take_limit, LIMIT(WATCHES)),
	OPT("transaction", 't', required, take_limit, LIMIT(TRANSACTIONS)),
	OPT("perm-nb", 'A', required, take_limit, LIMIT(NODE_PERMISSIONS)),
	OPT("path-max", 'M', required, take_limit, LIMIT(PATH_MAX)),
	OPT("quota", 'Q', required, take_quota),
	OPT("quota-soft", 'q', required, take_soft),
	OPT("timeout", 'w', required, take_timeout),
	OPT("event", 'e', required, take_event),
	OPT("help", 'H', no, take_help),
	OPT(NULL, 'h', no, take_help),
	OPT("config-test", 0, no, take_check),
	OPT("check-state", 0, required, take_check_state, MEMBER(check_state)),
	OPT("live", 0, no, take_flag, MEMBER(ox_live)),
	OPT("restart", 0, no, take_flag, MEMBER(ox_restart)),
	IGNORE("no-domain-init", 'D', no, "dom0 is always served"),
	IGNORE("no-recovery", 'R', no, "the store is never on disk"),
	IGNORE("internal-db", 'I', optional, "the store is always in memory"),
	IGNORE("trace-control", 0, required, "either all is traced or nothing"),
	IGNORE("config-file", 0, required,
	       "only the command line is looked at"),
	IGNORE("disable-socket", 0, no, "there is always a socket"),
	IGNORE("no-access-log", 0, no, OXENSTORED),
	IGNORE("reraise-top-level", 0, no, OXENSTORED),
};

#define N_OPTS (sizeof(opts) / sizeof(opts[0]))

_Static_assert(N_OPTS < MAX_OPTS, "there is room for all options");

/* The two forms in which getopt_long() wants the table. */
static void fill_getopt(char *letters, struct option *longs)
{
	size_t i;

	*letters++ = ':'; /* tell a missing value from an unknown option */
	for (i = 0; i < N_OPTS; i++) {
		if (opts[i].name)
			*longs++ =
				(struct option){opts[i].name, opts[i].has_arg,
						NULL, LONG_BASE + (int)i};
		if (!opts[i].letter)
			continue;
		*letters++ = (char)opts[i].letter;
		if (opts[i].has_arg != no_argument)
			*letters++ = ':';
		if (opts[i].has_arg == optional_argument)
			*letters++ = ':';
	}
	*letters = '\0';
	*longs = (struct option){NULL, 0, NULL, 0};
}

static size_t find_opt(int c)
{
	size_t i;

	if (c >= LONG_BASE)
		return (size_t)(c - LONG_BASE);
	for (i = 0; i < N_OPTS && opts[i].letter != c; i++)
		;
	return i;
}

static void take_opt(struct parse *p, int c, char **argv)
{
	size_t i = find_opt(c);

	if (c == ':') {
		fail(p, "option %s needs a value", argv[optind - 1]);
	} else if (i == N_OPTS) {
		/* getopt() names the letter, a long option it only points at */
		if (optopt > 0 && optopt < LONG_BASE)
			warn(p, "unknown option -%c is ignored", optopt);
		else
			warn(p, "unknown option %s is ignored",
			     argv[optind - 1]);
	} else if (opts[i].take != take_nothing || !p->warned[i]) {
		p->warned[i] = true;
		opts[i].take(p, &opts[i], optarg);
	}
}

/*
 * Reads argv, which getopt() may reorder, over the default settings.  Warnings
 * go to warn (NULL: nowhere).  At XS_OPTIONS_ERROR options->error says what is
 * wrong with the first bad argument; the other members are then of no use.
 * Uses getopt()'s variables, so only one thread may be here.
 */
enum xs_options_result xs_options_parse(struct xs_options *options, int argc,
					char **argv,
					xs_options_warn_fn *warn_fn,
					void *warn_arg)
{
	struct parse p = {.options = options,
			  .warn = warn_fn,
			  .warn_arg = warn_arg,
			  .result = XS_OPTIONS_RUN};
	char letters[3 * MAX_OPTS + 2];
	struct option longs[MAX_OPTS];
	int c;

	memset(options, 0, sizeof(*options));
	xs_settings_default(&options->settings);
	fill_getopt(letters, longs);
	optind = 0; /* as if never called before */
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1)
		take_opt(&p, c, argv);
	if (optind < argc)
		fail(&p, "No arguments desired, but there is '%s'",
		     argv[optind]);
	if (options->trace_file)
		options->settings.trace = true;
	return p.result;
}

/* ---- For those who take over ------------------------------------------ */

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++) {
		if (!strcmp(word, *list))
			return true;
	}
	return false;
}

/*
 * The arguments of this program, without what only said that it takes over.
 * They point into argv, a NULL ends them.  -E2BIG.
 */
int xs_options_for_ours(int argc, char **argv, const char **args)
{
	static const char *const not [] = {"-U", "--live-update", "--live",
					   "--restart", NULL};
	int i, n = 0;

	for (i = 1; i < argc; i++) {
		if (is_one_of(argv[i], not ))
			continue;
		if (n == XS_OPTIONS_MAX_ARGS - 1)
			return -E2BIG;
		args[n++] = argv[i];
	}
	args[n] = NULL;
	return n;
}

/* 4.17 has letters for most quotas, and ends over their names. */
static const char *quota_option_417(const char *value, const char **argp)
{
	static const struct {
		const char *what;
		const char *option;
	} same[] = {
		{"nodes=", "--entry-nb"},
		{"node-size=", "--entry-size"},
		{"watches=", "--watch-nb"},
		{"transactions=", "--transaction"},
		{"node-permissions=", "--perm-nb"},
		{"path-max=", "--path-max"},
	};
	static const char *const known[] = {
		"outstanding=", "memory=", "transaction-nodes="};
	size_t i;

	*argp = value;
	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		size_t len = strlen(same[i].what);

		if (strncmp(value, same[i].what, len))
			continue;
		*argp = value + len;
		return same[i].option;
	}
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strncmp(value, known[i], strlen(known[i])))
			return "--quota";
	}
	return NULL;
}

/* The option for 4.17, and its argument; NULL: it has none like this. */
static const char *option_417(const struct opt *opt, const char **argp)
{
	static const struct {
		const char *name;
		const char *option;
	} known[] = {
		{"pid-file", "--pid-file"},
		{"trace-file", "--trace-file"},
		{"no-fork", "--no-fork"},
		{"verbose", "--verbose"},
		{"keep-orphans", "--keep-orphans"},
		{"master-domid", "--master-domid"},
		{"priv-domid", "--priv-domid"},
		{"entry-nb", "--entry-nb"},
		{"entry-size", "--entry-size"},
		{"watch-nb", "--watch-nb"},
		{"transaction", "--transaction"},
		{"perm-nb", "--perm-nb"},
		{"path-max", "--path-max"},
		{"timeout", "--timeout"},
	};
	size_t i;

	if (!opt->name)
		return NULL;
	if (!strcmp(opt->name, "quota"))
		return quota_option_417(*argp, argp);
	if (!strcmp(opt->name, "quota-soft"))
		return strncmp(*argp, "memory=", 7) ? NULL : "--quota-soft";
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(opt->name, known[i].name))
			return known[i].option;
	}
	return NULL;
}

/*
 * What of the arguments means something to 4.17's daemon, in its words; the
 * value of an option that it does not know would keep it from starting.  As
 * xs_options_for_ours(), and uses getopt()'s variables.
 */
int xs_options_for_417(int argc, char **argv, const char **args)
{
	char letters[3 * MAX_OPTS + 2];
	struct option longs[MAX_OPTS];
	int c, n = 0;

	fill_getopt(letters, longs);
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const char *name, *arg = optarg;
		size_t i = c == ':' || c == '?' ? N_OPTS : find_opt(c);

		name = i < N_OPTS ? option_417(&opts[i], &arg) : NULL;
		if (!name)
			continue;
		if (n + 2 >= XS_OPTIONS_MAX_ARGS)
			return -E2BIG;
		args[n++] = name;
		if (opts[i].has_arg == required_argument)
			args[n++] = arg;
	}
	args[n] = NULL;
	return n;
}
