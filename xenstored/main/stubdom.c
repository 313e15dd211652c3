/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xenstored as a domain: reads the options that init-xenstore-domain puts on
 * the kernel's command line, and has the server do its turns.
 *
 * I1 What keeps the daemon from serving is said on the console, and the domain
 *    ends as one that crashed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <talloc.h>

#include "base/map.h"
#include "live/live.h"
#include "live/load.h"
#include "main/options.h"
#include "main/server.h"
#include "plat/plat.h"
#include "plat/stubdom/libc/system.h"
#include "plat/stubdom/plat_stubdom.h"
#include "state/image.h"

#define FAILURE 1
#define WHY_MAX 256

struct said {
	char *out;
	size_t max;
};

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

/* ---- The state of another --------------------------------------------- */

static void say_broken(void *arg, const char *line)
{
	struct said *said = arg;

	snprintf(said->out, said->max, "%s", line);
}

static int read_state(struct xs_plat *plat, struct xs_image *image,
		      const void *data, size_t len, bool to_load, char *out,
		      size_t max)
{
	struct said said = {.out = out, .max = max};
	struct xs_hash_key key;

	out[0] = '\0';
	plat_random(plat, &key, sizeof(key));
	return xs_live_read(image, &key, data, len, to_load, say_broken, &said);
}

/* See plat_stubdom.h: what --check-state does in dom0. */
static int check_state(const void *data, size_t len, char *out, size_t max)
{
	struct xs_image image;
	int ret = read_state(NULL, &image, data, len, false, out, max);

	xs_image_fini(&image);
	if (!ret)
		snprintf(out, max, "%s", XS_LIVE_YES);
	return ret ? FAILURE : 0;
}

/* Ports do not survive the step from one image to the next; rings do. */
static void bind_ports(struct xs_plat *plat, struct xs_image *image)
{
	uint32_t i;

	for (i = 0; i < image->n_conns; i++) {
		struct xs_image_conn *c = &image->conns[i];

		if (c->kind != XS_IMAGE_RING || !c->local_port)
			continue;
		c->local_port = 0;
		if (plat_port_bind(plat, c->domid, c->guest_port,
				   &c->local_port))
			complain(NULL, "a port of the state is gone");
	}
}

static int restore(struct xs_server *server, struct xs_plat *plat,
		   const void *data, size_t len)
{
	struct xs_image image;
	char why[WHY_MAX];
	bool quit = false;
	int ret;

	ret = read_state(plat, &image, data, len, true, why, sizeof(why));
	if (*why)
		complain(NULL, why);
	if (!ret) {
		bind_ports(plat, &image);
		ret = xs_server_restore(server, &image, false);
	}
	/* Everybody has waited: first they are answered, then it is cleaned. */
	if (!ret)
		ret = xs_server_turn(server, 0, &quit);
	xs_image_fini(&image);
	return ret;
}

/* ---- Serving ---------------------------------------------------------- */

static int serve(const struct xs_options *options, struct xs_plat *plat,
		 const char *const *args)
{
	struct xs_server *server = NULL;
	const void *state;
	bool quit = false;
	size_t len;
	int ret;

	ret = xs_server_new(NULL, &options->settings, plat, &server);
	if (ret)
		return fail(ret, "cannot start");
	xs_server_set_args(server, args, args);
	state = xs_plat_stubdom_module(&len);
	if (!options->live_update)
		ret = xs_server_start(server);
	else
		ret = state ? restore(server, plat, state, len) : -ENOENT;
	if (ret)
		return fail(ret, "cannot start");
	xs_plat_stubdom_ready(plat);
	while (!ret && !quit)
		ret = xs_server_turn(server, -1, &quit);
	return fail(ret, "giving up");
}

/* For the image that follows; it is told the port of its own accord. */
static void keep_args(int argc, char **argv, const char **args)
{
	int n = xs_options_for_ours(argc, argv, args), i, kept = 0;

	for (i = 0; i < n; i++) {
		if (!strcmp(args[i], "--event"))
			i++;
		else
			args[kept++] = args[i];
	}
	args[kept] = NULL;
}

int main(int argc, char **argv)
{
	struct xs_plat_stubdom_config config = {.check = check_state};
	const char *args[XS_OPTIONS_MAX_ARGS];
	struct xs_options options;
	struct xs_plat *plat;
	int ret;

	/* Else it is not said what is wrong with which block. */
	talloc_set_abort_fn(xs_sys_crash);
	keep_args(argc, argv, args);
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
	return serve(&options, plat, args);
}
