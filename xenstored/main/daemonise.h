/* SPDX-License-Identifier: GPL-2.0-only */
/* Becoming a daemon that init scripts and service managers understand. */
#ifndef XS_MAIN_DAEMONISE_H
#define XS_MAIN_DAEMONISE_H

/* Positive result of xs_daemon_fork(): not the daemon, go home. */
enum {
	XS_DAEMON_PARENT = 1
};

int xs_daemon_fork(int *verdict_fdp, int *statusp);
int xs_daemon_detach(int verdict_fd);

int xs_pid_file_take(const char *path, int *fdp);
void xs_pid_file_drop(const char *path, int fd);

int xs_notify_manager(const char *text);

#endif
