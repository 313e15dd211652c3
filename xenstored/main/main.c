/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xenstored in a Linux dom0: reads the options, becomes a daemon, has the
 * server do its turns.
 *
 * I1 What keeps the daemon from serving is said on standard error, and the
 *    exit status of the process that was started is not 0 then.
 * I2 All that is opened or mapped is so in the process that serves.
 * I3 The socket and the pid file are removed at an end in good order, since
 *    then nobody is behind them; after a crash they stay and are replaced.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <syslog.h>
#include <unistd.h>

#include "base/map.h"
#include "live/live.h"
#include "live/load.h"

#include "main/daemonise.h"
#include "main/options.h"
#include "main/server.h"
#include "plat/linux/plat_linux.h"
#include "plat/plat.h"
#include "state/image.h"

#define OX_STATE	"/run/xenstored/db"
#define RETAKE_TRIES	200
#define RETAKE_PAUSE_US 1000

/* What another program of this process left behind. */
struct legacy {
	char path[PATH_MAX];
	void *data; /* what the image borrows from */
	bool has_image;
	struct xs_image image;
	struct xs_plat_live adopt;
};

struct daemon {
	struct xs_options options;
	char pid_file[PATH_MAX];
	char trace_file[PATH_MAX];
	int verdict_fd; /* -1: in the foreground */
	int pid_fd;
	struct xs_plat *plat;
	struct xs_server *server;
	bool quit;
	const char *args[XS_OPTIONS_MAX_ARGS + 4];
	const char *args_417[XS_OPTIONS_MAX_ARGS + 4];
};

static void complain(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "xenstored: %s\n", text);
}

static int complain_errno(int err, const char *what, const char *name)
{
	fprintf(stderr, "xenstored: %s%s%s: %s\n", what, name ? " " : "",
		name ? name : "", strerror(-err));
	return err;
}

/* Names on the command line are meant from where it was typed. */
static int make_absolute(const char *path, char *out)
{
	char cwd[PATH_MAX] = "";
	int len;

	if (*path != '/' && !getcwd(cwd, sizeof(cwd)))
		return complain_errno(-errno, "no directory for", path);
	len = snprintf(out, PATH_MAX, "%s%s%s", cwd, *cwd ? "/" : "", path);
	if (len < 0 || len >= PATH_MAX)
		return complain_errno(-ENAMETOOLONG, "cannot use", path);
	return 0;
}

static int settle_options(struct daemon *d)
{
	struct xs_options *options = &d->options;
	int ret = 0;

	/* oxenstored's way to say the same. */
	if (options->ox_live && options->ox_restart)
		options->live_update = true;
	if (options->has_event)
		complain(NULL, "option --event is ignored: the kernel tells "
			       "dom0's port");
	if (options->pid_file)
		ret = make_absolute(options->pid_file, d->pid_file);
	if (!ret && options->trace_file)
		ret = make_absolute(options->trace_file, d->trace_file);
	return ret;
}

/* Every client needs a descriptor; the default soft limit is for others. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		complain_errno(-errno, "cannot have more open files", NULL);
}

static int take_pid_file(struct daemon *d)
{
	int ret, i;

	if (!*d->pid_file)
		return 0;
	ret = xs_pid_file_take(d->pid_file, &d->pid_fd);
	/* Who starts another daemon just now will give up at the socket. */
	for (i = 0; ret == -EBUSY && d->options.live_update && i < RETAKE_TRIES;
	     i++) {
		usleep(RETAKE_PAUSE_US);
		ret = xs_pid_file_take(d->pid_file, &d->pid_fd);
	}
	if (ret)
		complain_errno(ret,
			       ret == -EBUSY ? "another process holds"
					     : "cannot write",
			       d->pid_file);
	/* No reason to give up all clients. */
	return d->options.live_update ? 0 : ret;
}

/* ---- Taking over ------------------------------------------------------ */

/* Nobody may be behind standard error, but this has to be known. */
static void say_broken(void *arg, const char *line)
{
	const char *path = arg;

	fprintf(stderr, "xenstored: %s: %s\n", path, line);
}

static void log_broken(void *arg, const char *line)
{
	const char *path = arg;

	say_broken(arg, line);
	syslog(LOG_ERR, "cannot take over: %s: %s", path, line);
}

static int read_state(struct legacy *legacy, bool to_load, xs_live_say_fn *say)
{
	struct xs_hash_key key;
	size_t len;
	int ret;

	if (getrandom(&key, sizeof(key), 0) != sizeof(key)) {
		say(legacy->path, "no random bytes");
		return -EIO;
	}
	ret = xs_state_file_read(legacy->path, &legacy->data, &len);
	if (ret) {
		say(legacy->path, strerror(-ret));
		return ret;
	}
	legacy->has_image = true;
	return xs_live_read(&legacy->image, &key, legacy->data, len, to_load,
			    say, legacy->path);
}

static void free_legacy(struct legacy *legacy)
{
	if (legacy->has_image)
		xs_image_fini(&legacy->image);
	free(legacy->data);
}

/* oxenstored's place for it cannot be changed, whatever the environment. */
static int find_state(const struct daemon *d, struct legacy *legacy)
{
	const char *rundir = getenv("XENSTORED_RUNDIR");

	if (d->options.ox_live && d->options.ox_restart) {
		snprintf(legacy->path, sizeof(legacy->path), OX_STATE);
		return 0;
	}
	return xs_state_path(rundir, legacy->path, sizeof(legacy->path));
}

static int inherit(struct daemon *d, struct legacy *legacy)
{
	int ret;

	if (!d->options.no_fork)
		openlog("xenstored", LOG_PID, LOG_DAEMON);
	ret = find_state(d, legacy);
	if (!ret)
		ret = read_state(legacy, true,
				 d->options.no_fork ? say_broken : log_broken);
	if (ret)
		return ret;
	legacy->adopt.listener = legacy->image.global.socket_fd;
	legacy->adopt.event_channels = legacy->image.global.evtchn_fd;
	return 0;
}

/* Says whether this program could take over with that state (live/live.h). */
static int check_state(const struct daemon *d)
{
	struct legacy legacy = {.path = ""};
	int ret;

	snprintf(legacy.path, sizeof(legacy.path), "%s",
		 d->options.check_state);
	ret = read_state(&legacy, false, say_broken);
	if (!ret) {
		printf("%s (%u connections, %u watches, %u nodes, %u "
		       "transactions)\n",
		       XS_LIVE_YES, legacy.image.n_conns,
		       legacy.image.n_watches, legacy.image.n_nodes,
		       legacy.image.n_txns);
		ret = fflush(stdout) ? -EIO : 0;
	}
	free_legacy(&legacy);
	return ret;
}

/* Where files are does not depend on where the next program starts. */
static void add_file(const char **args, const char *option, const char *path)
{
	size_t n = 0;

	if (!*path)
		return;
	while (args[n])
		n++;
	args[n++] = option;
	args[n++] = path;
	args[n] = NULL;
}

static int keep_args(struct daemon *d, int argc, char **argv)
{
	if (xs_options_for_ours(argc, argv, d->args) < 0 ||
	    xs_options_for_417(argc, argv, d->args_417) < 0)
		return complain_errno(-E2BIG, "cannot remember", "options");
	if (d->options.pid_file && *d->options.pid_file != '/') {
		add_file(d->args, "--pid-file", d->pid_file);
		add_file(d->args_417, "--pid-file", d->pid_file);
	}
	if (d->options.trace_file && *d->options.trace_file != '/') {
		add_file(d->args, "--trace-file", d->trace_file);
		add_file(d->args_417, "--trace-file", d->trace_file);
	}
	return 0;
}

/* ---- Starting --------------------------------------------------------- */

/* legacy NULL: there was nobody before. */
static int start(struct daemon *d, const struct legacy *legacy)
{
	const struct xs_plat_linux_config config = {
		.rundir = getenv("XENSTORED_RUNDIR"),
		.trace_file = *d->trace_file ? d->trace_file : NULL,
		.adopt = legacy ? &legacy->adopt : NULL,
	};
	int ret;

	raise_limits();
	ret = xs_plat_linux_new(&config, &d->plat);
	if (ret)
		return ret; /* it said why */
	if (legacy && !d->options.no_fork)
		xs_plat_linux_detach(d->plat);
	/* Only now no other daemon, of any make, can be behind that file. */
	ret = take_pid_file(d);
	if (ret)
		return ret;
	ret = xs_server_new(NULL, &d->options.settings, d->plat, &d->server);
	if (!ret)
		xs_server_set_args(d->server, d->args, d->args_417);
	if (!ret)
		ret = legacy ? xs_server_restore(d->server, &legacy->image,
						 d->options.ox_live)
			     : xs_server_start(d->server);
	return ret ? complain_errno(ret, "cannot start", NULL) : 0;
}

/* In the place of another program of this process; nobody waits for it. */
static int take_over(struct daemon *d)
{
	struct legacy *legacy = calloc(1, sizeof(*legacy));
	int ret;

	if (!legacy)
		return complain_errno(-ENOMEM, "cannot start", NULL);
	ret = inherit(d, legacy);
	if (!ret)
		ret = start(d, legacy);
	if (ret && *legacy->path)
		complain_errno(ret, "the state is still in", legacy->path);
	if (!ret && unlink(legacy->path))
		complain_errno(-errno, "cannot remove", legacy->path);
	/* Everybody has waited: first they are answered, then it is cleaned. */
	if (!ret)
		ret = xs_server_turn(d->server, 0, &d->quit);
	free_legacy(legacy);
	free(legacy);
	return ret;
}

/* Who waits for the daemon learns now that it serves. */
static int tell_ready(struct daemon *d)
{
	char text[64];
	int ret = 0;

	if (d->options.print_pid) {
		printf("%ld\n", (long)getpid());
		fflush(stdout);
	}
	if (d->verdict_fd >= 0) {
		ret = xs_daemon_detach(d->verdict_fd);
		if (ret)
			return complain_errno(ret, "cannot detach", NULL);
		xs_plat_linux_detach(d->plat);
	}
	snprintf(text, sizeof(text), "READY=1\nMAINPID=%ld\n", (long)getpid());
	if (xs_notify_manager(text))
		plat_log(d->plat, XS_LOG_WARN, "cannot tell $NOTIFY_SOCKET");
	return 0;
}

static int serve(struct daemon *d)
{
	char text[128];
	int ret = 0;

	while (!ret && !d->quit)
		ret = xs_server_turn(d->server, -1, &d->quit);
	if (!ret)
		return 0;
	snprintf(text, sizeof(text), "giving up: %s", strerror(-ret));
	plat_log(d->plat, XS_LOG_ERROR, text);
	return ret;
}

static void stop(struct daemon *d)
{
	xs_server_free(d->server);
	xs_plat_linux_free(d->plat);
	xs_pid_file_drop(d->pid_file, d->pid_fd);
}

static int run(struct daemon *d)
{
	int status = EXIT_FAILURE;
	int ret;

	if (!d->options.no_fork && !d->options.live_update) {
		ret = xs_daemon_fork(&d->verdict_fd, &status);
		if (ret == XS_DAEMON_PARENT)
			return status;
		if (ret) {
			complain_errno(ret, "cannot become a daemon", NULL);
			return status;
		}
	}
	if (d->options.live_update) {
		ret = take_over(d);
	} else {
		ret = start(d, NULL);
	}
	if (!ret && !d->options.no_confine)
		xs_plat_linux_confine(d->plat);
	if (!ret && !d->options.live_update)
		ret = tell_ready(d);
	if (!ret)
		ret = serve(d);
	stop(d);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct daemon d = {.verdict_fd = -1, .pid_fd = -1};

	switch (xs_options_parse(&d.options, argc, argv, complain, NULL)) {
	case XS_OPTIONS_HELP:
		return fputs(xs_options_usage(), stdout) < 0 || fflush(stdout)
			       ? EXIT_FAILURE
			       : EXIT_SUCCESS;
	case XS_OPTIONS_CHECK:
		return d.options.check_state && check_state(&d) ? EXIT_FAILURE
								: EXIT_SUCCESS;
	case XS_OPTIONS_ERROR:
		complain(NULL, d.options.error);
		return EXIT_FAILURE;
	case XS_OPTIONS_RUN:
		break;
	}
	if (settle_options(&d) || keep_args(&d, argc, argv))
		return EXIT_FAILURE;
	return run(&d);
}
