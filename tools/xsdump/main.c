/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xsdump: looks into the state of a store, wherever it is kept.
 *
 * Commands and options are two tables, of which usage, manual page and
 * completion are made.
 */
#include <ctype.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xsdump.h"

struct command {
	const char *name;
	const char *args;
	const char *options;
	const char *text;
	int (*run)(const struct xsd_options *opts);
};

static const struct command commands[] = {
#define COMMAND(name, args, options, text) \
	{#name, args, options, text, xsd_cmd_##name},
#include "commands.def"
#undef COMMAND
};

static const struct option_info {
	const char *name;
	int letter;
	const char *arg;
	const char *text;
} options[] = {
#define OPTION(name, letter, arg, text) {#name, letter, arg, text},
#include "options.def"
#undef OPTION
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))
#define N_OPTIONS  (sizeof(options) / sizeof(options[0]))
#define LONG_ONLY  256 /* and above: an option without a letter */

static void put_option(const struct option_info *o)
{
	char text[32];

	snprintf(text, sizeof(text), "--%s%s%s", o->name, o->arg ? " " : "",
		 o->arg ? o->arg : "");
	if (o->letter)
		printf("  -%c, %-16s %s\n", o->letter, text, o->text);
	else
		printf("      %-16s %s\n", text, o->text);
}

static int usage(void)
{
	size_t i;

	puts("usage: xsdump COMMAND [OPTION]... [ARGUMENT]...\n\ncommands:");
	for (i = 0; i < N_COMMANDS; i++)
		printf("  %-8s %-15s %s\n", commands[i].name, commands[i].args,
		       commands[i].text);
	puts("\noptions:");
	for (i = 0; i < N_OPTIONS; i++)
		put_option(&options[i]);
	puts("\nFILE is a state stream, oxenstored's text, a data base of an "
	     "old xenstored, a\nsave image or a context of Xen; - is standard "
	     "input, live:N domain N of the running\ndaemon.  Exit code: "
	     "0 good or same, 1 bad or different,\n2 trouble.");
	return XSD_OK;
}

/* Whether the command takes the option; color and help are everybody's. */
static bool takes(const struct command *c, const char *name)
{
	size_t len = strlen(name);
	const char *p = c->options;

	if (!strcmp(name, "color") || !strcmp(name, "help"))
		return true;
	for (; (p = strstr(p, name)); p += len)
		if ((p == c->options || p[-1] == ' ') &&
		    (!p[len] || p[len] == ' '))
			return true;
	return false;
}

static int completion(void)
{
	size_t i, k;

	puts("# SPDX-License-Identifier: GPL-2.0-only\n"
	     "# bash completion for xsdump; made by `xsdump --completion`\n"
	     "_xsdump()\n{\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n"
	     "\tcase ${COMP_WORDS[1]} in");
	for (i = 0; i < N_COMMANDS; i++) {
		printf("\t%s) words='", commands[i].name);
		for (k = 0; k < N_OPTIONS; k++)
			if (takes(&commands[i], options[k].name))
				printf("--%s ", options[k].name);
		puts("' ;;");
	}
	fputs("\tesac\n\tif [ \"$COMP_CWORD\" = 1 ]; then\n\t\twords='",
	      stdout);
	for (i = 0; i < N_COMMANDS; i++)
		printf("%s ", commands[i].name);
	puts("'\n\tfi\n"
	     "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	     "\tif [ \"$COMP_CWORD\" != 1 ] && [ \"${cur#-}\" = \"$cur\" ]; "
	     "then\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n\tfi\n}\n"
	     "complete -o filenames -F _xsdump xsdump");
	return XSD_OK;
}

/* Text for troff: a hyphen is a minus, and no line begins with a dot. */
static void put_troff(const char *text)
{
	for (; *text; text++) {
		if (*text == '-')
			putchar('\\');
		putchar(*text);
	}
}

static int manual(void)
{
	size_t i, k;

	puts(".\\\" SPDX-License-Identifier: GPL-2.0-only\n"
	     ".\\\" Made by `make xsdump-docs` from tools/xsdump/*.def.\n"
	     ".TH XSDUMP 1 \"\" \"\" \"Xen\"\n.SH NAME\nxsdump \\- looks into "
	     "the state of a xenstore\n.SH SYNOPSIS\n.B xsdump\n.I COMMAND\n"
	     "[\\fIOPTION\\fR]... [\\fIARGUMENT\\fR]...\n.SH DESCRIPTION\n"
	     "Shows, compares, checks and converts the state of a store: of "
	     "one "
	     "domain, or of a\nwhole daemon in a live update, as the C daemons "
	     "(versions 1 and 2) and oxenstored\nwrite it; the data base of an "
	     "old xenstored; and the part of a save image of\nlibxc, libxl or "
	     "xl that holds such a state.  Of the stream of a transparent\n"
	     "migration all is shown and verified: the order of the records, "
	     "the context that\nXen keeps of the guest, the offer, and that "
	     "they are about one guest.\nA \\fIFILE\\fR of \\- is standard "
	     "input, \\fBlive:\\fIN\\fR is domain N of the running daemon.\n"
	     ".SH COMMANDS");
	for (i = 0; i < N_COMMANDS; i++) {
		printf(".TP\n\\fB%s\\fR %s\n", commands[i].name,
		       commands[i].args);
		put_troff(commands[i].text);
		fputs(".\nOptions:", stdout);
		for (k = 0; k < N_OPTIONS; k++)
			if (takes(&commands[i], options[k].name) &&
			    strcmp(options[k].name, "help") &&
			    strcmp(options[k].name, "color"))
				printf(" \\-\\-%s", options[k].name);
		puts(" \\-\\-color.");
	}
	puts(".SH OPTIONS");
	for (k = 0; k < N_OPTIONS; k++) {
		puts(".TP");
		if (options[k].letter)
			printf("\\fB\\-%c\\fR, ", options[k].letter);
		printf("\\fB\\-\\-%s\\fR", options[k].name);
		if (options[k].arg)
			printf(" \\fI%s\\fR", options[k].arg);
		putchar('\n');
		put_troff(options[k].text);
		puts(".");
	}
	puts(".SH EXIT STATUS\n.TP\n0\nthe file is good, or both are the same"
	     "\n.TP\n1\nit is damaged or not good for its use, or they differ\n"
	     ".TP\n2\nanything else, such as a file that is not there\n"
	     ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nif it is set, no colours are "
	     "used unless asked for\n.SH SEE ALSO\n.BR xenstored (8),\n"
	     "docs/formats/state\\-stream.md,\n"
	     "docs/formats/migration\\-stream.md,\n"
	     "docs/formats/hypervisor\\-context.md");
	return XSD_OK;
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	fprintf(stderr, "xsdump: no command ");
	xsd_put_text(stderr, name, strlen(name));
	fprintf(stderr, "; see xsdump --help\n");
	return NULL;
}

static int parse_number(const char *name, const char *text, long *np)
{
	char *end;

	*np = strtol(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || *np > 65535) {
		fprintf(stderr, "xsdump: --%s needs a number\n", name);
		return XSD_FAILED;
	}
	return 0;
}

static int parse_color(const char *when, bool *colorp)
{
	const char *off = getenv("NO_COLOR");

	if (!strcmp(when, "always"))
		*colorp = true;
	else if (!strcmp(when, "never"))
		*colorp = false;
	else if (!strcmp(when, "auto"))
		*colorp = isatty(STDOUT_FILENO) && !(off && *off);
	else {
		fputs("xsdump: --color is auto, always or never\n", stderr);
		return XSD_FAILED;
	}
	return 0;
}

static int set_option(struct xsd_options *opts, const char *name,
		      const char *arg)
{
	const struct {
		const char *name;
		bool *flag;
		long *number;
		const char **text;
	} targets[] = {
		{"check", &opts->check, NULL, NULL},
		{"compact", &opts->compact, NULL, NULL},
		{"flat", &opts->flat, NULL, NULL},
		{"perms", &opts->perms, NULL, NULL},
		{"salvage", &opts->salvage, NULL, NULL},
		{"stat", &opts->stat, NULL, NULL},
		{"strict", &opts->strict, NULL, NULL},
		{"verbose", &opts->verbose, NULL, NULL},
		{"depth", NULL, &opts->depth, NULL},
		{"domain", NULL, &opts->domain, NULL},
		{"owner", NULL, &opts->owner, NULL},
		{"format", NULL, NULL, &opts->format},
		{"match", NULL, NULL, &opts->match},
		{"output", NULL, NULL, &opts->output},
		{"use", NULL, NULL, &opts->use},
	};
	size_t i;

	if (!strcmp(name, "color"))
		return parse_color(arg, &opts->color);
	for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		if (strcmp(name, targets[i].name))
			continue;
		if (targets[i].number)
			return parse_number(name, arg, targets[i].number);
		if (targets[i].flag)
			*targets[i].flag = true;
		else
			*targets[i].text = arg;
		return 0;
	}
	return 0;
}

/* 0, XSD_FAILED, or -1 if help is wanted. */
static int parse_options(int argc, char **argv, const struct command *c,
			 struct xsd_options *opts)
{
	struct option longs[N_OPTIONS + 1] = {{0}};
	char shorts[2 * N_OPTIONS + 1], *p = shorts;
	size_t i;
	int found, rc = 0;

	for (i = 0; i < N_OPTIONS; i++) {
		longs[i].name = options[i].name;
		longs[i].has_arg =
			options[i].arg ? required_argument : no_argument;
		longs[i].val = LONG_ONLY + (int)i;
		if (!options[i].letter)
			continue;
		*p++ = (char)options[i].letter;
		if (options[i].arg)
			*p++ = ':';
	}
	*p = '\0';
	while (!rc &&
	       (found = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		for (i = 0; i < N_OPTIONS; i++)
			if (found == LONG_ONLY + (int)i ||
			    found == options[i].letter)
				break;
		if (found == '?' || i == N_OPTIONS)
			return XSD_FAILED;
		if (!strcmp(options[i].name, "help"))
			return -1;
		if (!takes(c, options[i].name)) {
			fprintf(stderr, "xsdump: %s does not take --%s\n",
				c->name, options[i].name);
			return XSD_FAILED;
		}
		rc = set_option(opts, options[i].name, optarg);
	}
	return rc;
}

/* Whether so many arguments are what its line in the table says. */
static bool fits(const struct command *c, int n)
{
	int needed = 0, most = 0;
	const char *p;

	for (p = c->args; *p; p += *p == ' ') {
		needed += *p != '[';
		most++;
		p += strcspn(p, " ");
	}
	return n >= needed && (n <= most || strstr(c->args, "..."));
}

int main(int argc, char **argv)
{
	struct xsd_options opts = {.depth = -1, .domain = -1, .owner = -1};
	const struct command *c;
	int rc;

	if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return argc < 2 ? usage(), XSD_FAILED : usage();
	if (!strcmp(argv[1], "--completion"))
		return completion();
	if (!strcmp(argv[1], "--man"))
		return manual();
	c = find_command(argv[1]);
	if (!c || parse_color("auto", &opts.color))
		return XSD_FAILED;
	rc = parse_options(argc - 1, argv + 1, c, &opts);
	if (rc)
		return rc < 0 ? usage() : rc;
	for (argc--, argv++; optind < argc && opts.n_args < XSD_ARGS_MAX;
	     optind++)
		opts.args[opts.n_args++] = argv[optind];
	if (optind < argc || !fits(c, opts.n_args)) {
		fprintf(stderr, "xsdump: say: xsdump %s %s\n", c->name,
			c->args);
		return XSD_FAILED;
	}
	xsd_init_output(opts.color);
	rc = c->run(&opts);
	if (fflush(stdout) || ferror(stdout)) {
		perror("xsdump: standard output");
		return XSD_FAILED;
	}
	return rc;
}
