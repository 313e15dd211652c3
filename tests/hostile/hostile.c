// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile [-t SECONDS] [-s SEED] [-k] SHIM DAEMON [OPTION...]
 *
 * Starts a daemon on a pretended Xen and attacks it from sockets and rings at
 * once, while two honest clients must be served.  Afterwards the daemon must
 * be alive, small, and free of what the attackers held.
 */
#define _GNU_SOURCE
#include "hostile/world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_SOCKETS 5
#define N_RINGS	  4
#define RSS_ROOM  (64L * 1024) /* KiB */
#define SETTLE	  10.0

static int passed, failed;

static void check(bool ok, const char *what, const char *detail)
{
	printf("%s %s%s%s\n", ok ? "ok  " : "FAIL", what, *detail ? ": " : "",
	       detail);
	if (ok)
		passed++;
	else
		failed++;
	fflush(stdout);
}

/* ---- the daemon ------------------------------------------------------- */

static void start_daemon(const char *shim, char **argv)
{
	char *args[32];
	int i, fd;

	for (i = 0; argv[i] && i < 30; i++)
		args[i] = argv[i];
	args[i++] = (char *)(uintptr_t) "-N";
	args[i] = NULL;
	world.daemon = fork();
	if (world.daemon)
		return;
	fd = open(world.log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, 1);
	dup2(fd, 2);
	if (chdir(world.base))
		_exit(127);
	setenv("XENSHIM_DIR", world.xen, 1);
	setenv("XENSTORED_RUNDIR", world.run, 1);
	setenv("LD_PRELOAD", shim, 1);
	execv(args[0], args);
	perror(args[0]);
	_exit(127);
}

static int ended; /* its wait status, once it has ended */

static bool is_alive(void)
{
	if (world.daemon && waitpid(world.daemon, &ended, WNOHANG) != 0)
		world.daemon = 0;
	return world.daemon != 0;
}

static bool wait_ready(void)
{
	double until = now() + 20;
	struct message reply;
	int fd;

	while (now() < until && is_alive()) {
		fd = sock_open();
		if (fd < 0) {
			nap(5000);
			continue;
		}
		if (sock_call(fd, OP_READ, "/", 2, &reply, until)) {
			close(fd);
			return true;
		}
		close(fd);
	}
	return false;
}

static long rss(void)
{
	char path[64], line[128];
	long kib = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)world.daemon);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static int n_fds(void)
{
	char path[64];
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)world.daemon);
	dir = opendir(path);
	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* ---- set-up and attack ------------------------------------------------ */

static bool simple(int fd, enum op op, const char *body, size_t len)
{
	struct message reply;

	return sock_call(fd, op, body, len, &reply, now() + 5) &&
	       reply.head.type == op;
}

static bool set_up(int fd)
{
	unsigned int d;

	dom_create(HONEST_DOM);
	if (!dom_introduce(fd, HONEST_DOM) ||
	    !simple(fd, OP_MKDIR, "/local/domain/1", 16) ||
	    !simple(fd, OP_SET_PERMS, "/local/domain/1\0n1", 19) ||
	    !simple(fd, OP_MKDIR, "/h", 3) ||
	    !simple(fd, OP_SET_PERMS, "/h\0b0", 6))
		return false;
	for (d = FIRST_DOM; d < FIRST_DOM + N_DOMS; d++) {
		char body[64];
		int len;

		dom_create(d);
		len = snprintf(body, sizeof(body), "/local/domain/%u", d) + 1;
		if (!dom_introduce(fd, d) ||
		    !simple(fd, OP_MKDIR, body, (size_t)len))
			return false;
		len += snprintf(body + len, 8, "n%u", d) + 1;
		if (!simple(fd, OP_SET_PERMS, body, (size_t)len))
			return false;
	}
	return true;
}

static long attack(unsigned int seconds, uint64_t seed, struct honest *hs,
		   struct honest *hr)
{
	static struct attacker att[N_SOCKETS + N_RINGS + 2];
	pthread_t thread[N_SOCKETS + N_RINGS + 2], honest[2];
	double until = now() + seconds;
	unsigned int i, n = N_SOCKETS + N_RINGS + 2;
	long top = 0, kib;

	pthread_create(&honest[0], NULL, honest_socket, hs);
	pthread_create(&honest[1], NULL, honest_ring, hr);
	for (i = 0; i < n; i++) {
		att[i].number = i;
		att[i].rnd.s = (seed + i) * 0x9e3779b97f4a7c15ULL + 1;
		pthread_create(&thread[i], NULL,
			       i < N_SOCKETS		 ? attack_by_socket
			       : i < N_SOCKETS + N_RINGS ? attack_by_ring
			       : i == n - 2		 ? attack_pages
							 : attack_lives,
			       &att[i]);
	}
	while (now() < until && is_alive() && !hs->failure[0] &&
	       !hr->failure[0]) {
		kib = rss();
		if (kib > top)
			top = kib;
		nap(20000);
	}
	world.stop = true;
	for (i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	pthread_join(honest[0], NULL);
	pthread_join(honest[1], NULL);
	return top;
}

/* ---- afterwards ------------------------------------------------------- */

/* The names of a node's children, fetched in parts; NULL on failure. */
static char *children(int fd, const char *path, size_t *lenp)
{
	char body[2 * PAYLOAD_MAX], *list = NULL, *more, *names;
	size_t len = 0, n, skip;
	struct message reply;
	int used;

	do {
		used = snprintf(body, sizeof(body), "%s%c%zu", path, 0, len);
		if (!sock_call(fd, OP_DIRECTORY_PART, body, (size_t)used + 1,
			       &reply, now() + 5) ||
		    reply.head.type != OP_DIRECTORY_PART) {
			free(list);
			return NULL;
		}
		/* generation, names, and an empty name at the end */
		skip = strlen(reply.body) + 1;
		names = reply.body + skip;
		n = reply.head.len - skip;
		more = realloc(list, len + n + 1);
		if (!more)
			abort();
		list = more;
		memcpy(list + len, names, n);
		len += n;
	} while (n && (n > 1 ? names[n - 2] : names[n - 1]));
	*lenp = len ? len - 1 : 0;
	return list;
}

/* Visits every node, as xenstore-ls does; the number of nodes, or -1. */
static long walk(int fd, const char *path)
{
	char child[2 * PAYLOAD_MAX], *list, *p;
	struct message reply;
	long n = 1, sub;
	size_t len;

	if (!sock_call(fd, OP_READ, path, strlen(path) + 1, &reply,
		       now() + 5) ||
	    reply.head.type != OP_READ)
		return -1;
	list = children(fd, path, &len);
	if (!list)
		return -1;
	for (p = list; p < list + len; p += strlen(p) + 1) {
		snprintf(child, sizeof(child), "%s/%s", path[1] ? path : "", p);
		sub = walk(fd, child);
		if (sub < 0) {
			free(list);
			return -1;
		}
		n += sub;
	}
	free(list);
	return n;
}

static void check_honest(const char *who, const struct honest *h)
{
	char text[256];

	snprintf(text, sizeof(text), "%lu round trips, slowest %.0f ms%s%s",
		 h->trips, h->slowest * 1000, h->failure[0] ? ", " : "",
		 h->failure);
	check(!h->failure[0] && !h->late && h->trips > 10, who, text);
}

static void check_store(int fd)
{
	struct message reply = {.body = ""};
	char text[64];
	long n = walk(fd, "/");

	snprintf(text, sizeof(text), "%ld nodes", n);
	check(n > 0, "the tree can be walked", text);
	check(sock_call(fd, OP_CONTROL, "check", 6, &reply, now() + 20) &&
		      !strcmp(reply.body, "OK"),
	      "CONTROL check says OK", "");
}

/* All attackers gone: nothing of theirs may be left. */
static void check_leaks(int fd, int fds, unsigned int ports, unsigned int maps)
{
	double until = now() + SETTLE;
	struct message reply;
	char text[128];
	unsigned int d;

	dom_kill(HONEST_DOM);
	for (d = FIRST_DOM; d < FIRST_DOM + N_DOMS; d++)
		dom_kill(d);
	raise_virq();
	while (now() < until &&
	       (n_ports() > ports || n_maps() > maps || n_fds() > fds))
		if (!sock_call(fd, OP_READ, "/", 2, &reply, until))
			break;
	snprintf(text, sizeof(text), "%d, %d at the start", n_fds(), fds);
	check(n_fds() <= fds, "file descriptors", text);
	snprintf(text, sizeof(text), "%u, %u at the start", n_ports(), ports);
	check(n_ports() <= ports, "event channels", text);
	snprintf(text, sizeof(text), "%u, %u at the start", n_maps(), maps);
	check(n_maps() <= maps, "mapped pages", text);
}

static void check_log(void)
{
	static const char *const bad[] = {"Assertion", "Sanitizer",
					  "runtime error"};
	char line[512], text[600] = "";
	FILE *f = fopen(world.log, "re");
	size_t i;

	while (f && fgets(line, sizeof(line), f))
		for (i = 0; i < 3; i++)
			if (strstr(line, bad[i]) && !text[0])
				snprintf(text, sizeof(text), "%s", line);
	if (f)
		fclose(f);
	check(!text[0], "the log tells of no broken invariant", text);
}

static void judge(int fd, long before, long top, int fds, unsigned int ports,
		  unsigned int maps)
{
	char text[128];

	snprintf(text, sizeof(text), "%ld KiB more at most", top - before);
	check(top - before < RSS_ROOM, "memory", text);
	check_store(fd);
	check_leaks(fd, fds, ports, maps);
}

static void run(unsigned int seconds, uint64_t seed)
{
	struct honest hs = {.slowest = 0}, hr = {.slowest = 0};
	unsigned int ports = n_ports(), maps = n_maps();
	int fd = sock_open(), fds = n_fds();
	struct message reply;
	long before, top;
	char text[64];
	bool alive;

	/* One connection of ours is open at the start and at the end. */
	if (!sock_call(fd, OP_READ, "/", 2, &reply, now() + 5) || !set_up(fd)) {
		check(false, "set-up", "");
		return;
	}
	fds = n_fds();
	before = rss();
	top = attack(seconds, seed, &hs, &hr);
	alive = is_alive();
	printf("the attackers sent %lu requests\n", world.sent);
	snprintf(text, sizeof(text), "wait status %#x", ended);
	check(alive, "the daemon is alive", alive ? "" : text);
	check_honest("honest socket", &hs);
	check_honest("honest domain", &hr);
	if (alive)
		judge(fd, before, top, fds, ports, maps);
	check_log();
	close(fd);
}

int main(int argc, char **argv)
{
	uint64_t seed = (uint64_t)(now() * 1e6);
	unsigned int seconds = 60;
	bool keep = false;
	int c;

	while ((c = getopt(argc, argv, "+t:s:k")) != -1) {
		if (c == 't')
			seconds = (unsigned int)atoi(optarg);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 'k')
			keep = true;
		else
			return 2;
	}
	if (argc - optind < 2) {
		fprintf(stderr, "hostile [-t SECONDS] [-s SEED] [-k] SHIM "
				"DAEMON [OPTION...]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	world_open();
	printf("seed %llu, %u s, %s\n", (unsigned long long)seed, seconds,
	       world.base);
	fflush(stdout);
	start_daemon(argv[optind], argv + optind + 1);
	if (!wait_ready())
		check(false, "the daemon starts", "");
	else
		run(seconds, seed);
	if (is_alive()) {
		kill(world.daemon, SIGTERM);
		waitpid(world.daemon, NULL, 0);
	}
	if (!keep && !failed)
		world_close();
	printf("%d passed, %d failed\n", passed, failed);
	return failed ? 1 : 0;
}
