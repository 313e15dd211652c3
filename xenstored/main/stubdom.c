/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xenstored as a domain: reads the options that init-xenstore-domain puts on
 * the kernel's command line, and has the server do its turns.
 *
 * I1 What keeps the daemon from serving is said on the console, and the domain
 *    ends as one that crashed.
 */
#include <stdio.h>
#include <string.h>
#include <talloc.h>

#include "main/options.h"
#include "main/server.h"
#include "plat/plat.h"
#include "plat/stubdom/libc/system.h"
#include "plat/stubdom/plat_stubdom.h"

#define FAILURE 1

static void complain(void *arg, const char *text)
{
	(void)arg;
	xs_plat_stubdom_say(text);
}

static int fail(int err, const char *what)
{
	char text[128];

	snprintf(text, sizeof(text), "%s: %s", what, strerror(-err));
	xs_plat_stubdom_say(text);
	return FAILURE;
}

static int serve(const struct xs_options *options, struct xs_plat *plat)
{
	struct xs_server *server = NULL;
	bool quit = false;
	int ret;

	ret = xs_server_new(NULL, &options->settings, plat, &server);
	if (ret)
		return fail(ret, "cannot start");
	ret = xs_server_start(server);
	if (ret)
		return fail(ret, "cannot start");
	xs_plat_stubdom_ready(plat);
	while (!ret && !quit)
		ret = xs_server_turn(server, -1, &quit);
	return fail(ret, "giving up");
}

int main(int argc, char **argv)
{
	struct xs_plat_stubdom_config config;
	struct xs_options options;
	struct xs_plat *plat;
	int ret;

	/* Else it is not said what is wrong with which block. */
	talloc_set_abort_fn(xs_sys_crash);
	switch (xs_options_parse(&options, argc, argv, complain, NULL)) {
	case XS_OPTIONS_ERROR:
		complain(NULL, options.error);
		return FAILURE;
	case XS_OPTIONS_HELP:
	case XS_OPTIONS_CHECK:
		complain(NULL, "there is nobody to be told");
		return FAILURE;
	case XS_OPTIONS_RUN:
		break;
	}
	if (!options.has_event) {
		complain(NULL, "--event is missing: no port of dom0's");
		return FAILURE;
	}
	config.master_domid = options.settings.master_domid;
	config.master_port = options.event_port;
	ret = xs_plat_stubdom_new(&config, &plat);
	if (ret)
		return fail(ret, "cannot have a timer");
	return serve(&options, plat);
}
