/* SPDX-License-Identifier: GPL-2.0-only */
/* The arguments for a new program. */
#include "live/argv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPACES " \t\n\r\v\f"

/* One more; arg is borrowed.  -ENOMEM. */
int xs_argv_add(struct xs_argv *argv, const char *arg)
{
	const char **grown;

	if (argv->n + 2 > argv->n_alloc) {
		size_t n = argv->n_alloc * 2 + 16;

		grown = realloc(argv->list, n * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		argv->list = grown;
		argv->n_alloc = n;
	}
	argv->list[argv->n++] = arg;
	argv->list[argv->n] = NULL;
	return 0;
}

static int add_words(struct xs_argv *argv, const char *cmdline)
{
	char *p = strdup(cmdline);
	int rc = 0;

	argv->words = p;
	if (!p)
		return -ENOMEM;
	for (p += strspn(p, SPACES); *p && !rc; p += strspn(p, SPACES)) {
		rc = xs_argv_add(argv, p);
		p += strcspn(p, SPACES);
		if (*p)
			*p++ = '\0';
	}
	return rc;
}

/*
 * The program and the words of cmdline or, if that is NULL, the arguments in
 * args.  All but cmdline is borrowed.  -ENOMEM; to be finished in any case.
 */
int xs_argv_init(struct xs_argv *argv, const char *file,
		 const char *const *args, const char *cmdline)
{
	int rc;

	memset(argv, 0, sizeof(*argv));
	rc = xs_argv_add(argv, file);
	if (!rc && cmdline)
		return add_words(argv, cmdline);
	for (; !rc && *args; args++)
		rc = xs_argv_add(argv, *args);
	return rc;
}

void xs_argv_fini(struct xs_argv *argv)
{
	free(argv->list);
	free(argv->words);
}

/* Whether the program is told to take over already. */
bool xs_argv_has_update(const struct xs_argv *argv)
{
	size_t i;

	for (i = 1; i < argv->n; i++) {
		if (!strcmp(argv->list[i], "-U") ||
		    !strcmp(argv->list[i], "--live-update"))
			return true;
	}
	return false;
}
