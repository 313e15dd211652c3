// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor: what a server costs that keeps nothing.  It answers each message
 * with a canned reply of the right kind: one wait, one read and one write for
 * as many messages as one read brings, so that no xenstored on this kernel can
 * be faster.
 *
 *   echo SOCKET
 */
#define _GNU_SOURCE
#include "bench/bench.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_MAX 1024
#define BUF	    65536

static char part[CLIENTS_MAX][sizeof(struct header) + MSG_MAX];
static size_t part_len[CLIENTS_MAX];

static size_t answer(const struct header *ask, char *out)
{
	struct header head = *ask;
	const char *text = "OK";

	if (ask->type == OP_TX_START)
		text = "1";
	head.len = (uint32_t)strlen(text) + 1;
	if (ask->type == OP_READ) {
		text = VALUE;
		head.len = (uint32_t)strlen(text);
	}
	memcpy(out, &head, sizeof(head));
	memcpy(out + sizeof(head), text, head.len);
	return sizeof(head) + head.len;
}

static int serve(int fd)
{
	static char in[BUF + sizeof(part[0])], out[2 * BUF];
	size_t at = 0, out_len = 0, len = part_len[fd];
	struct header head;
	ssize_t n;

	memcpy(in, part[fd], len);
	n = read(fd, in + len, BUF);
	if (n <= 0)
		return -1;
	len += (size_t)n;
	while (len - at >= sizeof(head)) {
		memcpy(&head, in + at, sizeof(head));
		if (head.len > MSG_MAX)
			return -1;
		if (len - at < sizeof(head) + head.len)
			break;
		at += sizeof(head) + head.len;
		out_len += answer(&head, out + out_len);
	}
	part_len[fd] = len - at;
	memcpy(part[fd], in + at, len - at);
	if (out_len && write(fd, out, out_len) != (ssize_t)out_len)
		return -1;
	return 0;
}

static int take_client(int epoll_fd, int listener)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0 || fd >= CLIENTS_MAX)
		return -1;
	part_len[fd] = 0;
	ev.data.fd = fd;
	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC), i, n;
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = listener},
			   ready[64];

	if (argc != 2 || strlen(argv[1]) >= sizeof(addr.sun_path))
		return 1;
	strcpy(addr.sun_path, argv[1]);
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(listener, 128) ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, &ev)) {
		perror(argv[1]);
		return 1;
	}
	for (;;) {
		n = epoll_wait(epoll_fd, ready, 64, -1);
		for (i = 0; i < n; i++) {
			int fd = ready[i].data.fd;

			if (fd == listener) {
				if (take_client(epoll_fd, listener))
					return 1;
			} else if (serve(fd)) {
				close(fd);
			}
		}
	}
}
