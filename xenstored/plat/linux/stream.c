/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients' sockets.  A stream's name is its descriptor and indexes the table
 * that says what is wanted from it.
 *
 * I1 A stream is in the epoll set exactly while something is wanted from it:
 *    epoll reports a hang-up even to those who asked for nothing, which would
 *    make the daemon spin on a dead client that it does not read yet.
 * I2 Nothing a client does, and no shortage it causes, is an error of
 *    plat_stream_accept().
 */
#define _GNU_SOURCE 1 /* accept4() */
#include "plat/linux/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_IOV		 64
#define REFUSAL_PAUSE_MS 10000

static int open_spare(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Sets one descriptor aside for the day there are no more. */
int xs_stream_open(struct xs_plat *plat)
{
	plat->spare_fd = open_spare();
	if (plat->spare_fd < 0)
		return xs_log_errno(plat, errno, "cannot open", "/dev/null");
	return 0;
}

/* Closes what the server left open, and frees the table. */
void xs_stream_close_all(struct xs_plat *plat)
{
	size_t i;

	for (i = 0; i < plat->n_streams; i++) {
		if (plat->streams[i].is_open)
			close((int)i);
	}
	free(plat->streams);
	if (plat->spare_fd >= 0)
		close(plat->spare_fd);
}

static struct xs_stream *find_stream(struct xs_plat *plat, int fd)
{
	if (fd < 0 || (size_t)fd >= plat->n_streams ||
	    !plat->streams[fd].is_open)
		return NULL;
	return &plat->streams[fd];
}

static int add_stream(struct xs_plat *plat, int fd)
{
	size_t need = (size_t)fd + 1;

	if (need > plat->n_streams) {
		size_t n = need + need / 2;
		struct xs_stream *grown;

		grown = realloc(plat->streams, n * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		memset(grown + plat->n_streams, 0,
		       (n - plat->n_streams) * sizeof(*grown));
		plat->streams = grown;
		plat->n_streams = n;
	}
	plat->streams[fd] = (struct xs_stream){.is_open = true};
	return 0;
}

static int take_client(struct xs_plat *plat)
{
	return accept4(plat->listen_fd, NULL, NULL,
		       SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/*
 * Left in the queue, a client that cannot be taken would keep the listening
 * socket readable for ever.
 */
static void turn_away(struct xs_plat *plat, int err)
{
	uint64_t now = plat_now_ms(plat);
	int fd;

	if (plat->spare_fd >= 0)
		close(plat->spare_fd);
	fd = take_client(plat);
	if (fd >= 0)
		close(fd);
	plat->spare_fd = open_spare();
	if (now < plat->next_refusal_ms)
		return;
	plat->next_refusal_ms = now + REFUSAL_PAUSE_MS;
	xs_log_errno(plat, err, "turning clients away", NULL);
}

/*
 * See plat.h.  The stream is the caller's to close.  -EAGAIN also when a client
 * was given up for lack of memory or descriptors (logged, I2).
 */
int plat_stream_accept(struct xs_plat *plat, int *streamp)
{
	int fd = take_client(plat);

	if (fd < 0) {
		switch (errno) {
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			turn_away(plat, errno);
			break;
		case EBADF:
		case EINVAL:
		case ENOTSOCK:
			return -errno;
		}
		return -EAGAIN;
	}
	if (add_stream(plat, fd)) {
		close(fd);
		return -EAGAIN;
	}
	*streamp = fd;
	return 0;
}

/* See plat.h.  The stream is the caller's to close, also at an error. */
int plat_stream_adopt(struct xs_plat *plat, int stream)
{
	int flags;

	if (find_stream(plat, stream))
		return -EBUSY;
	flags = fcntl(stream, F_GETFL);
	if (flags < 0 || fcntl(stream, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(stream, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return add_stream(plat, stream);
}

/* See plat.h.  Repeating a wish costs no system call. */
int plat_stream_watch(struct xs_plat *plat, int stream, bool readable,
		      bool writable, void *cookie)
{
	struct xs_stream *s = find_stream(plat, stream);
	struct epoll_event event = {.data.fd = stream};
	bool was_in, is_in = readable || writable;
	int op;

	if (!s)
		return -EBADF;
	s->cookie = cookie;
	if (s->want_read == readable && s->want_write == writable)
		return 0;
	was_in = s->want_read || s->want_write;
	op = !is_in ? EPOLL_CTL_DEL : was_in ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (readable)
		event.events |= EPOLLIN;
	if (writable)
		event.events |= EPOLLOUT;
	if (epoll_ctl(plat->epoll_fd, op, stream, &event))
		return -errno;
	s->want_read = readable;
	s->want_write = writable;
	return 0;
}

/*
 * Turns what epoll said into an event.  A hang-up or an error is shown as the
 * readiness that was asked for: the next read or write then tells.
 */
bool xs_stream_event(struct xs_plat *plat, int fd, uint32_t ready,
		     struct xs_plat_event *eventp)
{
	struct xs_stream *s = find_stream(plat, fd);
	bool broken = ready & (EPOLLHUP | EPOLLERR);

	if (!s)
		return false;
	*eventp = (struct xs_plat_event){
		.kind = XS_PLAT_STREAM,
		.cookie = s->cookie,
		.readable = s->want_read && (ready & EPOLLIN || broken),
		.writable = s->want_write && (ready & EPOLLOUT || broken),
	};
	return eventp->readable || eventp->writable;
}

/* See plat.h. */
int plat_stream_read(struct xs_plat *plat, int stream, void *buf, size_t len)
{
	ssize_t n;

	(void)plat;
	if (len > INT_MAX)
		len = INT_MAX;
	do {
		n = recv(stream, buf, len, 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

/* See plat.h.  May move less than all even where more could be moved. */
int plat_stream_write(struct xs_plat *plat, int stream,
		      const struct xs_iov *iov, size_t n_iov)
{
	struct iovec vec[MAX_IOV];
	struct msghdr msg = {.msg_iov = vec};
	size_t i, left = INT_MAX;
	ssize_t n;

	(void)plat;
	for (i = 0; i < n_iov && i < MAX_IOV && left; i++) {
		size_t len = iov[i].len < left ? iov[i].len : left;

		/* sendmsg() does not write there, its type just says so. */
		vec[i].iov_base = (void *)(uintptr_t)iov[i].base;
		vec[i].iov_len = len;
		left -= len;
	}
	msg.msg_iovlen = i;
	do {
		n = sendmsg(stream, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

/* Ends the stream; its cookie is not used by any later plat_wait(). */
void plat_stream_close(struct xs_plat *plat, int stream)
{
	struct xs_stream *s = find_stream(plat, stream);

	if (!s)
		return;
	/* Out of the epoll set even if somebody holds a copy of it. */
	plat_stream_watch(plat, stream, false, false, NULL);
	*s = (struct xs_stream){.is_open = false};
	close(stream);
}
