// SPDX-License-Identifier: GPL-2.0-only
/*
 * The daemon's calls of the C library, of talloc and of Xen's libraries, of
 * which one fails.  Linked into a daemon of its own with -Wl,--wrap; what the
 * libraries do among themselves, and what the pretended Xen does, is left
 * alone.
 *
 *   XSFAIL_SEEN=FILE  the first call fails that comes from a place not in
 *                     FILE, which is then put there.  A place is a call stack,
 *                     so that one failure for each covers all there is.
 *   XSFAIL_AT=N       the N-th call fails.
 *   XSFAIL_MORE=N     N calls after it fail as well, whatever they are.
 *   XSFAIL_LOG=FILE   is made when the call fails, and says which.  While it
 *                     exists nothing else does, in no process of the test.
 *
 * Each call fails as it does in the world, after nothing was done.  Not here:
 * calls whose failure has no meaning (unmap, unbind), and a device that breaks,
 * of which the daemon may die.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define SLOTS	   (1u << 16) /* of the file of places; a power of two */
#define MAX_FRAMES 16
#define FNV_PRIME  0x100000001b3ull
#define FNV_START  0xcbf29ce484222325ull

/* Provided by the linker: where the program's own code begins and ends. */
extern const char __executable_start[], etext[];

static struct {
	bool over;
	const char *log;
	uint64_t *seen; /* NULL: by number */
	unsigned long countdown;
	unsigned long more;
	bool failing;
} state;

static uint64_t *map_seen(const char *path)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR, 0);
	long p = -1;

	if (fd >= 0)
		p = syscall(SYS_mmap, NULL, SLOTS * sizeof(uint64_t),
			    PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
	if (p == -1)
		abort();
	syscall(SYS_close, fd);
	return (uint64_t *)p;
}

__attribute__((constructor)) static void set_up(void)
{
	const char *seen = getenv("XSFAIL_SEEN"), *at = getenv("XSFAIL_AT");
	const char *more = getenv("XSFAIL_MORE");

	state.log = getenv("XSFAIL_LOG");
	state.over = !state.log || (!seen && !at);
	state.more = more ? strtoul(more, NULL, 10) : 0;
	if (seen)
		state.seen = map_seen(seen);
	else if (at)
		state.countdown = strtoul(at, NULL, 10);
}

/* Return addresses within the program, by the chain of frame pointers. */
static size_t walk(const void **frame, uint32_t *stack)
{
	size_t n = 0;

	while (n < MAX_FRAMES && frame) {
		const char *ret = frame[1];
		const void **next = (const void **)(uintptr_t)frame[0];

		if (ret < __executable_start || ret >= etext)
			break;
		stack[n++] = (uint32_t)(ret - __executable_start);
		if (next <= frame)
			break;
		frame = next;
	}
	return n;
}

static uint64_t hash(const char *name, const uint32_t *stack, size_t n)
{
	uint64_t h = FNV_START;
	size_t i;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * FNV_PRIME;
	for (i = 0; i < n; i++)
		h = (h ^ stack[i]) * FNV_PRIME;
	return h ? h : 1;
}

/* Where the place is, or would be. */
static uint64_t *find(uint64_t h)
{
	uint64_t i = h;

	while (state.seen[i % SLOTS] && state.seen[i % SLOTS] != h)
		i++;
	return &state.seen[i % SLOTS];
}

/* One in the whole test: who makes the file. */
static bool claim(const char *name, const uint32_t *stack, size_t n)
{
	char text[512];
	int fd, len;
	size_t i;

	fd = (int)syscall(SYS_openat, AT_FDCWD, state.log,
			  O_WRONLY | O_CREAT | O_EXCL, 0600);
	state.over = true;
	if (fd < 0)
		return false;
	len = snprintf(text, sizeof(text), "%s", name);
	for (i = 0; i < n; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, " 0x%x",
				stack[i] - 1);
	if (syscall(SYS_write, fd, text, (size_t)len) != len)
		abort();
	syscall(SYS_close, fd);
	state.failing = true;
	return true;
}

static bool must_fail(const char *name, const void **frame)
{
	uint32_t stack[MAX_FRAMES];
	uint64_t h, *slot;
	size_t n;

	if (state.over)
		return state.failing && state.more && state.more--;
	if (!state.seen)
		return !--state.countdown &&
		       claim(name, stack, walk(frame, stack));
	n = walk(frame, stack);
	h = hash(name, stack, n);
	slot = find(h);
	if (*slot == h || !claim(name, stack, n))
		return false;
	*slot = h;
	return true;
}

/* Fails with that errno value. */
#define WRAP(type, name, err, result, params, args)                 \
	type __real_##name params;                                  \
	type __wrap_##name params;                                  \
	type __wrap_##name params                                   \
	{                                                           \
		if (must_fail(#name, __builtin_frame_address(0))) { \
			errno = err;                                \
			return result;                              \
		}                                                   \
		return __real_##name args;                          \
	}

WRAP(void *, malloc, ENOMEM, NULL, (size_t len), (len))
WRAP(void *, calloc, ENOMEM, NULL, (size_t n, size_t len), (n, len))
WRAP(void *, realloc, ENOMEM, NULL, (void *p, size_t len), (p, len))
WRAP(void *, reallocarray, ENOMEM, NULL, (void *p, size_t n, size_t len),
     (p, n, len))
WRAP(char *, strdup, ENOMEM, NULL, (const char *text), (text))
WRAP(void *, _talloc_zero, ENOMEM, NULL,
     (const void *ctx, size_t len, const char *name), (ctx, len, name))
WRAP(void *, talloc_named_const, ENOMEM, NULL,
     (const void *ctx, size_t len, const char *name), (ctx, len, name))
WRAP(void *, _talloc_realloc_array, ENOMEM, NULL,
     (const void *ctx, void *p, size_t len, unsigned int n, const char *name),
     (ctx, p, len, n, name))
WRAP(char *, talloc_strdup, ENOMEM, NULL, (const void *ctx, const char *text),
     (ctx, text))
WRAP(char *, talloc_vasprintf_append_buffer, ENOMEM, NULL,
     (char *text, const char *fmt, va_list ap), (text, fmt, ap))

WRAP(ssize_t, read, EIO, -1, (int fd, void *p, size_t len), (fd, p, len))
WRAP(ssize_t, write, ENOSPC, -1, (int fd, const void *p, size_t len),
     (fd, p, len))
WRAP(ssize_t, writev, ENOSPC, -1, (int fd, const struct iovec *v, int n),
     (fd, v, n))
WRAP(ssize_t, recv, ECONNRESET, -1, (int fd, void *p, size_t len, int flags),
     (fd, p, len, flags))
WRAP(ssize_t, sendmsg, ENOBUFS, -1,
     (int fd, const struct msghdr *msg, int flags), (fd, msg, flags))
WRAP(int, open, EMFILE, -1, (const char *path, int flags, mode_t mode),
     (path, flags, mode))
WRAP(int, openat, EMFILE, -1, (int dir, const char *path, int flags, mode_t m),
     (dir, path, flags, m))
WRAP(int, fcntl, EINVAL, -1, (int fd, int what, long arg), (fd, what, arg))
WRAP(int, stat, EACCES, -1, (const char *path, struct stat *st), (path, st))
WRAP(int, fstat, EIO, -1, (int fd, struct stat *st), (fd, st))
WRAP(int, ftruncate, ENOSPC, -1, (int fd, off_t len), (fd, len))
WRAP(int, mkdir, ENOSPC, -1, (const char *path, mode_t mode), (path, mode))
WRAP(char *, mkdtemp, ENOSPC, NULL, (char *path), (path))
WRAP(int, unlink, EIO, -1, (const char *path), (path))
WRAP(int, flock, ENOLCK, -1, (int fd, int what), (fd, what))
WRAP(int, lockf, ENOLCK, -1, (int fd, int what, off_t len), (fd, what, len))
WRAP(int, pipe2, EMFILE, -1, (int fds[2], int flags), (fds, flags))
WRAP(int, posix_spawn, ENOMEM, ENOMEM,
     (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
      const posix_spawnattr_t *attr, char *const argv[], char *const env[]),
     (pid, path, actions, attr, argv, env))
WRAP(int, poll, EINTR, -1, (struct pollfd * p, nfds_t n, int ms), (p, n, ms))
WRAP(pid_t, waitpid, EINTR, -1, (pid_t pid, int *status, int flags),
     (pid, status, flags))
WRAP(int, epoll_create1, EMFILE, -1, (int flags), (flags))
WRAP(int, epoll_wait, EINTR, -1,
     (int fd, struct epoll_event *events, int max, int ms),
     (fd, events, max, ms))
WRAP(int, signalfd, EMFILE, -1, (int fd, const sigset_t *set, int flags),
     (fd, set, flags))
WRAP(int, socket, EMFILE, -1, (int domain, int type, int protocol),
     (domain, type, protocol))
WRAP(int, bind, EACCES, -1, (int fd, const struct sockaddr *a, socklen_t len),
     (fd, a, len))
WRAP(int, listen, EADDRINUSE, -1, (int fd, int n), (fd, n))
WRAP(int, accept4, EMFILE, -1,
     (int fd, struct sockaddr *a, socklen_t *len, int flags),
     (fd, a, len, flags))
WRAP(ssize_t, getrandom, EINTR, -1, (void *p, size_t len, unsigned int flags),
     (p, len, flags))
WRAP(void *, mmap, ENOMEM, MAP_FAILED,
     (void *at, size_t len, int prot, int flags, int fd, off_t off),
     (at, len, prot, flags, fd, off))

/* Taking something out of the set needs nothing, hence never fails. */
int __real_epoll_ctl(int set, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int set, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int set, int op, int fd, struct epoll_event *event)
{
	if (op == EPOLL_CTL_ADD &&
	    must_fail("epoll_ctl", __builtin_frame_address(0))) {
		errno = ENOMEM;
		return -1;
	}
	return __real_epoll_ctl(set, op, fd, event);
}

WRAP(xenevtchn_handle *, xenevtchn_open, ENODEV, NULL,
     (xentoollog_logger * logger, unsigned int flags), (logger, flags))
WRAP(xenevtchn_handle *, xenevtchn_fdopen, ENOMEM, NULL,
     (xentoollog_logger * logger, int fd, unsigned int flags),
     (logger, fd, flags))
WRAP(xenevtchn_port_or_error_t, xenevtchn_bind_virq, ENOSPC, -1,
     (xenevtchn_handle * xce, unsigned int virq), (xce, virq))
WRAP(xenevtchn_port_or_error_t, xenevtchn_bind_interdomain, ENOSPC, -1,
     (xenevtchn_handle * xce, uint32_t domid, evtchn_port_t remote),
     (xce, domid, remote))
WRAP(xenevtchn_port_or_error_t, xenevtchn_pending, EINTR, -1,
     (xenevtchn_handle * xce), (xce))
WRAP(xengnttab_handle *, xengnttab_open, ENODEV, NULL,
     (xentoollog_logger * logger, unsigned int flags), (logger, flags))
WRAP(void *, xengnttab_map_grant_ref, ENOMEM, NULL,
     (xengnttab_handle * xgt, uint32_t domid, uint32_t ref, int prot),
     (xgt, domid, ref, prot))
WRAP(xc_interface *, xc_interface_open, ENODEV, NULL,
     (xentoollog_logger * a, xentoollog_logger *b, unsigned int flags),
     (a, b, flags))
WRAP(int, xc_domain_getinfo, ENOMEM, -1,
     (xc_interface * xch, uint32_t first, unsigned int max, xc_dominfo_t *info),
     (xch, first, max, info))
WRAP(int, xc_domain_getinfolist, ENOMEM, -1,
     (xc_interface * xch, uint32_t first, unsigned int max,
      xc_domaininfo_t *info),
     (xch, first, max, info))
