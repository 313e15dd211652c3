/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Another program run on trial, to see whether it could take over.
 *
 * I1  It gets no descriptor of the daemon's: all of them are closed at exec.
 * I2  Its run directory is a new one, so that whatever it does as a xenstored
 *     it does not do to this daemon's sockets and files.
 * I3  It is killed when it takes too long, and waited for in any case.
 */
#define _GNU_SOURCE 1 /* pipe2() */
#include "plat/linux/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/linux/plat_linux.h"

#define MAX_ARGS   64
#define TIMEOUT_MS 20000
#define RUNDIR_VAR "XENSTORED_RUNDIR="

extern char **environ;

/* See plat.h. */
int plat_program_find(struct xs_plat *plat, const char *path)
{
	struct stat st;

	(void)plat;
	if (stat(path, &st))
		return -ENOENT;
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return -EACCES;
	return 0;
}

/* ---- Its directory ---------------------------------------------------- */

static int write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	const char *p = data;
	int ret = fd < 0 ? -errno : 0;

	while (!ret && len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			ret = -errno;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	if (fd >= 0)
		close(fd);
	return ret;
}

static void remove_dir(struct xs_plat *plat)
{
	static const char *const left[] = {"state_dump", "socket", "tdb",
					   "xenstored.pid"};
	char path[4096];
	size_t i;

	if (!plat->program_dir)
		return;
	for (i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", plat->program_dir,
			 left[i]);
		unlink(path);
	}
	rmdir(plat->program_dir);
	free(plat->program_dir);
	plat->program_dir = NULL;
}

static int make_dir(struct xs_plat *plat, const void *data, size_t len,
		    char *path, size_t max)
{
	int n = snprintf(path, max, "%s/trial-XXXXXX", plat->rundir);
	int ret;

	if (n < 0 || (size_t)n + 16 >= max)
		return -ENAMETOOLONG;
	if (!mkdtemp(path))
		return -errno;
	plat->program_dir = strdup(path);
	if (!plat->program_dir) {
		rmdir(path);
		return -ENOMEM;
	}
	snprintf(path + n, max - (size_t)n, "/state_dump");
	ret = write_file(path, data, len);
	if (ret)
		remove_dir(plat);
	return ret;
}

/* ---- Running ---------------------------------------------------------- */

/* The environment, but for the run directory; the array is the caller's. */
static char **make_environment(char *rundir)
{
	size_t n = 0, i, at = 0;
	char **env;

	while (environ[n])
		n++;
	env = calloc(n + 2, sizeof(*env));
	for (i = 0; env && i < n; i++) {
		if (strncmp(environ[i], RUNDIR_VAR, strlen(RUNDIR_VAR)))
			env[at++] = environ[i];
	}
	if (env)
		env[at] = rundir;
	return env;
}

static int spawn(struct xs_plat *plat, char **argv, char **env, int out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t dflt;
	int err;

	sigemptyset(&dflt);
	sigaddset(&dflt, SIGPIPE);
	if (posix_spawn_file_actions_init(&actions))
		return -ENOMEM;
	if (posix_spawnattr_init(&attr)) {
		posix_spawn_file_actions_destroy(&actions);
		return -ENOMEM;
	}
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attr, &plat->saved_signals);
	posix_spawnattr_setsigdefault(&attr, &dflt);
	err = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null",
					       O_RDONLY, 0);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, out, 2);
	if (!err)
		err = posix_spawn(&plat->program, argv[0], &actions, &attr,
				  argv, env);
	if (err)
		plat->program = 0;
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

static int start(struct xs_plat *plat, char **argv)
{
	char rundir[4096];
	char **env;
	int fds[2];
	int ret;

	snprintf(rundir, sizeof(rundir), RUNDIR_VAR "%s", plat->program_dir);
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	env = make_environment(rundir);
	ret = env ? spawn(plat, argv, env, fds[1]) : -ENOMEM;
	free(env);
	close(fds[1]);
	if (!ret)
		ret = xs_wait_add(plat, fds[0]);
	if (ret) {
		close(fds[0]);
		return ret;
	}
	plat->program_fd = fds[0];
	plat->program_len = 0;
	plat->program_until_ms = plat_now_ms(plat) + TIMEOUT_MS;
	return 0;
}

/* See plat.h.  -EBUSY: one runs already. */
int plat_program_start(struct xs_plat *plat, const char *const *argv,
		       const void *data, size_t len)
{
	char *args[MAX_ARGS + 2];
	char path[4096];
	size_t n;
	int ret;

	if (plat->program_dir)
		return -EBUSY;
	for (n = 0; argv[n]; n++) {
		if (n == MAX_ARGS)
			return -E2BIG;
		args[n] = (char *)(uintptr_t)argv[n]; /* not written to */
	}
	ret = make_dir(plat, data, len, path, sizeof(path));
	if (ret)
		return ret;
	args[n] = path;
	args[n + 1] = NULL;
	ret = start(plat, args);
	if (ret)
		plat_program_stop(plat);
	return ret;
}

/* Takes what the program printed; there is no more once its end is seen. */
void xs_program_event(struct xs_plat *plat)
{
	char rest[512];

	for (;;) {
		size_t room = sizeof(plat->program_out) - plat->program_len;
		char *to = room ? plat->program_out + plat->program_len : rest;
		ssize_t n =
			read(plat->program_fd, to, room ? room : sizeof(rest));

		if (n > 0 && room)
			plat->program_len += (size_t)n;
		if (n > 0 || (n < 0 && errno == EINTR))
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		break;
	}
	close(plat->program_fd);
	plat->program_fd = -1;
}

static bool reap(struct xs_plat *plat, int *statusp)
{
	int status;
	pid_t pid = waitpid(plat->program, &status, WNOHANG);

	if (!pid || (pid < 0 && errno == EINTR))
		return false;
	*statusp = pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	plat->program = 0;
	return true;
}

/* See plat.h.  Programs are files here. */
int plat_program_receive(struct xs_plat *plat, size_t size)
{
	(void)plat;
	(void)size;
	return -EINVAL;
}

/* See plat.h. */
int plat_program_piece(struct xs_plat *plat, const void *data, size_t len)
{
	(void)plat;
	(void)data;
	(void)len;
	return -EINVAL;
}

/* See plat.h. */
int plat_program_wait(struct xs_plat *plat, int timeout_ms, int *statusp,
		      char *out, size_t max)
{
	uint64_t until = plat_now_ms(plat) + (uint64_t)timeout_ms;
	size_t n;

	if (!plat->program)
		return -ECHILD;
	for (;;) {
		struct pollfd pfd = {.fd = plat->program_fd, .events = POLLIN};
		uint64_t now = plat_now_ms(plat);

		if (plat->program_fd >= 0)
			xs_program_event(plat);
		if (now >= plat->program_until_ms)
			kill(plat->program, SIGKILL);
		if (reap(plat, statusp))
			break;
		if (now >= until)
			return -EAGAIN;
		/* Without a descriptor this is a short pause. */
		poll(&pfd, 1, pfd.fd < 0 ? 1 : (int)(until - now));
	}
	if (plat->program_fd >= 0)
		xs_program_event(plat);
	n = plat->program_len < max - 1 ? plat->program_len : max - 1;
	memcpy(out, plat->program_out, n);
	out[n] = '\0';
	plat_program_stop(plat);
	return 0;
}

/* Ends the program if it still runs, and removes its directory. */
void plat_program_stop(struct xs_plat *plat)
{
	if (plat->program) {
		kill(plat->program, SIGKILL);
		while (waitpid(plat->program, NULL, 0) < 0 && errno == EINTR)
			;
		plat->program = 0;
	}
	if (plat->program_fd >= 0)
		close(plat->program_fd);
	plat->program_fd = -1;
	remove_dir(plat);
}
