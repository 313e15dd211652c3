// SPDX-License-Identifier: GPL-2.0-only
/*
 * udpecho: dom0's half of iotest's work on the network: returns what comes to
 * port 7777, datagrams and streams.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* One process a stream; it ends with the stream. */
static void echo_streams(struct sockaddr_in *me)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)me, sizeof(*me)) < 0 ||
	    listen(fd, 8) < 0) {
		perror("udpecho: stream");
		_exit(1);
	}
	for (;;) {
		int c = accept(fd, NULL, NULL);
		char buf[8192];
		ssize_t n;

		if (c < 0)
			continue;
		if (fork()) {
			close(c);
			continue;
		}
		while ((n = read(c, buf, sizeof(buf))) > 0)
			for (ssize_t at = 0, w; at < n; at += w)
				if ((w = write(c, buf + at,
					       (size_t)(n - at))) <= 0)
					_exit(1);
		_exit(0);
	}
}

int main(void)
{
	struct sockaddr_in me = { .sin_family = AF_INET,
				  .sin_port = htons(7777) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	signal(SIGCHLD, SIG_IGN);
	if (!fork())
		echo_streams(&me);
	if (bind(fd, (struct sockaddr *)&me, sizeof(me)) < 0) {
		perror("udpecho: bind");
		return 1;
	}
	for (;;) {
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		char buf[2048];
		ssize_t n = recvfrom(fd, buf, sizeof(buf), 0,
				     (struct sockaddr *)&from, &from_len);

		if (n >= 0)
			sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from,
			       from_len);
	}
}
