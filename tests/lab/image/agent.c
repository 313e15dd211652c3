// SPDX-License-Identifier: GPL-2.0-only
/*
 * agent: runs commands in dom0 for the harness.
 *
 * Each virtio-serial port "ctlN" is one independent connection to one client
 * process outside, served here by one process.  Frames in both directions:
 *
 *   u32 length of what follows, u32 job, u8 kind, payload     (little endian)
 *
 *   in:  H nonce      answer with the same frame; all old jobs are killed
 *        R u32 timeout in ms, u8 use a terminal, shell script
 *        I bytes      to the standard input of a job on a terminal
 *        K            kill the job
 *   out: H nonce
 *        O bytes      standard output and error of the job
 *        X i32 wait status, u8 timed out
 *
 * A job is a process group of its own; it ends when its first process ends.
 * What a job leaves in the background with setsid outlives it.  A client that
 * goes away takes its jobs with it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define N_JOBS 32
#define HEAD 9
#define IN_MAX (256 * 1024)
#define OUT_MAX (1024 * 1024)
#define CHUNK 16384

struct job {
	uint32_t id;
	pid_t pid; /* 0: the slot is free */
	int fd;
	bool exited, timed_out, killed, tty;
	int status;
	int64_t deadline;
};

static struct job jobs[N_JOBS];
static int port = -1;
static unsigned char in[IN_MAX], out[OUT_MAX];
static size_t n_in, n_out;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void put_u32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

static uint32_t get_u32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static void send_frame(uint32_t id, char kind, const void *data, size_t len)
{
	if (n_out + HEAD + len > OUT_MAX)
		return;
	put_u32(out + n_out, (uint32_t)(HEAD - 4 + len));
	put_u32(out + n_out + 4, id);
	out[n_out + 8] = (unsigned char)kind;
	memcpy(out + n_out + HEAD, data, len);
	n_out += HEAD + len;
}

static void drop_jobs(void)
{
	for (struct job *j = jobs; j < jobs + N_JOBS; j++) {
		if (!j->pid)
			continue;
		kill(-j->pid, SIGKILL);
		if (!j->exited)
			waitpid(j->pid, NULL, 0);
		close(j->fd);
		j->pid = 0;
	}
}

static void start_job(uint32_t id, const unsigned char *p, size_t len)
{
	struct job *j = jobs;
	char *script;
	int fds[2];

	while (j < jobs + N_JOBS && j->pid)
		j++;
	if (len < 5 || j == jobs + N_JOBS) {
		unsigned char no[5] = { 0, 126, 0, 0, 0 };

		send_frame(id, 'X', no, sizeof(no));
		return;
	}
	memset(j, 0, sizeof(*j));
	j->id = id;
	j->deadline = now_ms() + get_u32(p);
	j->tty = p[4];
	script = strndup((const char *)p + 5, len - 5);
	if (j->tty) {
		j->pid = forkpty(&j->fd, NULL, NULL, NULL);
	} else {
		if (pipe2(fds, O_CLOEXEC) < 0)
			exit(1);
		j->fd = fds[0];
		j->pid = fork();
		if (j->pid == 0) {
			int null = open("/dev/null", O_RDONLY);

			setsid();
			dup2(null, 0);
			dup2(fds[1], 1);
			dup2(fds[1], 2);
			close(null);
		} else {
			close(fds[1]);
		}
	}
	if (j->pid == 0) {
		if (*script)
			execl("/bin/bash", "bash", "-c", script, NULL);
		else
			execl("/bin/bash", "bash", "-i", NULL);
		_exit(127);
	}
	free(script);
	fcntl(j->fd, F_SETFL, O_NONBLOCK);
	fcntl(j->fd, F_SETFD, FD_CLOEXEC);
}

static struct job *find_job(uint32_t id)
{
	for (struct job *j = jobs; j < jobs + N_JOBS; j++)
		if (j->pid && j->id == id)
			return j;
	return NULL;
}

static void take_frame(uint32_t id, char kind, const unsigned char *p,
		       size_t len)
{
	struct job *j = find_job(id);

	switch (kind) {
	case 'H':
		drop_jobs();
		n_out = 0;
		send_frame(id, 'H', p, len);
		break;
	case 'R':
		start_job(id, p, len);
		break;
	case 'I':
		if (j && j->tty && write(j->fd, p, len) < 0)
			j->deadline = 0;
		break;
	case 'K':
		if (j)
			j->deadline = 0;
		break;
	}
}

static void take_input(void)
{
	size_t at = 0;

	while (n_in - at >= 4) {
		size_t len = get_u32(in + at);

		if (len < HEAD - 4 || len > IN_MAX - 4) {
			at = n_in; /* not a frame: the client must start again */
			break;
		}
		if (n_in - at - 4 < len)
			break;
		take_frame(get_u32(in + at + 4), (char)in[at + 8],
			   in + at + HEAD, len - (HEAD - 4));
		at += 4 + len;
	}
	n_in -= at;
	memmove(in, in + at, n_in);
}

/* Passes on what the job has written; false when there is no more now. */
static bool pass_output(struct job *j)
{
	char buf[CHUNK];
	ssize_t n = -1;

	if (n_out + HEAD + CHUNK <= OUT_MAX)
		n = read(j->fd, buf, sizeof(buf));
	if (n > 0)
		send_frame(j->id, 'O', buf, (size_t)n);
	return n > 0;
}

static void end_jobs(void)
{
	int64_t now = now_ms();

	for (struct job *j = jobs; j < jobs + N_JOBS; j++) {
		unsigned char x[5];

		if (!j->pid)
			continue;
		if (!j->exited && waitpid(j->pid, &j->status, WNOHANG) > 0)
			j->exited = true;
		if (!j->exited && now > j->deadline) {
			/* Two seconds to end in order, then three to be torn down. */
			kill(-j->pid, j->timed_out ? SIGKILL : SIGTERM);
			if (j->killed) {
				j->exited = true; /* stuck in the kernel: let go of it */
				j->status = 126 << 8;
			}
			j->killed = j->timed_out;
			j->deadline = now + (j->timed_out ? 3000 : 2000);
			j->timed_out = true;
		}
		if (!j->exited || n_out > OUT_MAX / 2)
			continue;
		while (pass_output(j))
			;
		put_u32(x, (uint32_t)j->status);
		x[4] = j->timed_out;
		send_frame(j->id, 'X', x, sizeof(x));
		close(j->fd);
		j->pid = 0;
	}
}

static void flush_output(void)
{
	while (n_out) {
		ssize_t n = write(port, out, n_out < CHUNK ? n_out : CHUNK);

		if (n <= 0)
			return;
		n_out -= (size_t)n;
		memmove(out, out + n, n_out);
	}
}

/* Waits for input, output of jobs or the end of one (a 20 ms tick). */
static void wait_for_work(void)
{
	struct pollfd fds[N_JOBS + 1];
	int n = 0, busy = 0;

	fds[n].fd = port;
	fds[n].events = POLLIN | (n_out ? POLLOUT : 0);
	n++;
	for (struct job *j = jobs; j < jobs + N_JOBS; j++) {
		if (!j->pid)
			continue;
		busy++;
		if (n_out < OUT_MAX / 2) {
			fds[n].fd = j->fd;
			fds[n].events = POLLIN;
			n++;
		}
	}
	poll(fds, (nfds_t)n, busy ? 20 : 1000);
	for (int i = 1; i < n; i++)
		if (fds[i].revents & POLLHUP)
			usleep(1000); /* closed its output, still runs */
}

static void serve(void)
{
	for (;;) {
		ssize_t n = read(port, in + n_in, sizeof(in) - n_in);

		if (n == 0) { /* no client */
			drop_jobs();
			n_in = n_out = 0;
			usleep(50000);
			continue;
		}
		if (n > 0) {
			n_in += (size_t)n;
			take_input();
		}
		for (struct job *j = jobs; j < jobs + N_JOBS; j++)
			if (j->pid)
				pass_output(j);
		end_jobs();
		flush_output();
		wait_for_work();
	}
}

/* The device node of the port called NAME, found through sysfs (no udev). */
static int open_port(const char *name)
{
	DIR *d = opendir("/sys/class/virtio-ports");
	char path[600], have[64];
	struct dirent *e;
	int fd = -1;

	while (d && fd < 0 && (e = readdir(d)) != NULL) {
		FILE *f;

		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name",
			 e->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fscanf(f, "%63s", have) == 1 && !strcmp(have, name)) {
			snprintf(path, sizeof(path), "/dev/%s", e->d_name);
			fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		}
		fclose(f);
	}
	if (d)
		closedir(d);
	return fd;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	for (int i = 1; i < argc; i++) {
		port = open_port(argv[i]);
		if (port < 0) {
			fprintf(stderr, "agent: no virtio port %s\n", argv[i]);
			return 1;
		}
		if (fork() == 0) {
			setsid();
			serve();
		}
		close(port);
	}
	return 0;
}
