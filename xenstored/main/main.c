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
#include <sys/resource.h>
#include <unistd.h>

#include "main/daemonise.h"
#include "main/options.h"
#include "main/server.h"
#include "plat/linux/plat_linux.h"
#include "plat/plat.h"

struct daemon {
	struct xs_options options;
	char pid_file[PATH_MAX];
	char trace_file[PATH_MAX];
	int verdict_fd; /* -1: in the foreground */
	int pid_fd;
	struct xs_plat *plat;
	struct xs_server *server;
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

	if (options->live_update) {
		complain(NULL, "option --live-update: taking over from a "
			       "running daemon is not possible yet");
		return -ENOSYS;
	}
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
	int ret;

	if (!*d->pid_file)
		return 0;
	ret = xs_pid_file_take(d->pid_file, &d->pid_fd);
	if (ret)
		complain_errno(ret,
			       ret == -EBUSY ? "another process holds"
					     : "cannot write",
			       d->pid_file);
	return ret;
}

static int start(struct daemon *d)
{
	const struct xs_plat_linux_config config = {
		.rundir = getenv("XENSTORED_RUNDIR"),
		.trace_file = *d->trace_file ? d->trace_file : NULL,
	};
	int ret;

	raise_limits();
	ret = xs_plat_linux_new(&config, &d->plat);
	if (ret)
		return ret; /* it said why */
	/* Only now no other daemon, of any make, can be behind that file. */
	ret = take_pid_file(d);
	if (ret)
		return ret;
	ret = xs_server_new(NULL, &d->options.settings, d->plat, &d->server);
	if (!ret)
		ret = xs_server_start(d->server);
	if (ret)
		return complain_errno(ret, "cannot start", NULL);
	return 0;
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
	bool quit = false;
	int ret = 0;

	while (!ret && !quit)
		ret = xs_server_turn(d->server, -1, &quit);
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

	if (!d->options.no_fork) {
		ret = xs_daemon_fork(&d->verdict_fd, &status);
		if (ret == XS_DAEMON_PARENT)
			return status;
		if (ret) {
			complain_errno(ret, "cannot become a daemon", NULL);
			return status;
		}
	}
	ret = start(d);
	if (!ret)
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
		return EXIT_SUCCESS;
	case XS_OPTIONS_ERROR:
		complain(NULL, d.options.error);
		return EXIT_FAILURE;
	case XS_OPTIONS_RUN:
		break;
	}
	if (settle_options(&d))
		return EXIT_FAILURE;
	return run(&d);
}
