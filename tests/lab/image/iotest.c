// SPDX-License-Identifier: GPL-2.0-only
/*
 * iotest DISK PEER: the guest's verified work, for as long as the guest lives.
 *
 *   disk   4 KiB direct synchronous writes over the first 8 MiB, each block
 *          with a sequence number and a checksum; after each write an older
 *          block is read back and compared with what memory says it holds
 *   net    UDP ping-pong with PEER port 7777; the answer must be the question
 *   tcp    one connection to PEER port 7777 for all the time: blocks of 1 KiB,
 *          numbered and filled, must come back as they went
 *   clock  a 20 ms tick that reports every jump of any clock over 0.3 s
 *
 * Once a second one line of counters:
 *   ST t=SECONDS ios=N errs=N iomax=S tx=N rx=N late=N udpgap=S tick=S tcp=N
 * and one line "ERR ..." per error found, "GAP ..." per clock jump.
 * DISK or PEER may be "-".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096
#define N_BLOCKS 2048
#define TICK_US 20000
#define PAUSE_US 40000 /* leaves the emulated processor to others */

struct block {
	uint64_t seq;
	uint32_t sum;
	uint32_t unused;
	uint8_t data[BLOCK - 16];
};

static volatile unsigned long n_ios, n_errs, n_tx, n_rx, n_late, n_tcp;
static volatile double io_max, udp_gap, tick_max;

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void keep_max(volatile double *max, double v)
{
	if (v > *max)
		*max = v;
}

static uint32_t checksum(const uint8_t *p, size_t len)
{
	uint32_t a = 1, b = 0;

	while (len--) {
		a = (a + *p++) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static void found_error(const char *what, unsigned long block)
{
	printf("ERR %s block=%lu errno=%d\n", what, block, errno);
	n_errs++;
	usleep(200000);
}

static void *run_disk(void *arg)
{
	static uint64_t held[N_BLOCKS];
	static struct block w __attribute__((aligned(BLOCK)));
	static struct block r __attribute__((aligned(BLOCK)));
	int fd;

	while ((fd = open(arg, O_RDWR | O_DIRECT | O_SYNC)) < 0)
		usleep(50000);
	for (w.seq = 1;; w.seq++) {
		unsigned long to = w.seq * 7919 % N_BLOCKS;
		unsigned long from = w.seq * 5 % N_BLOCKS;
		double start = now(CLOCK_BOOTTIME);

		memset(w.data, (int)(w.seq * 37), sizeof(w.data));
		memcpy(w.data + to % 4000, &w.seq, sizeof(w.seq));
		w.sum = checksum(w.data, sizeof(w.data));
		held[to] = 0;
		if (pwrite(fd, &w, BLOCK, (off_t)(to * BLOCK)) != BLOCK) {
			found_error("write", to);
			continue;
		}
		held[to] = w.seq;
		if (!held[from])
			from = to;
		if (pread(fd, &r, BLOCK, (off_t)(from * BLOCK)) != BLOCK)
			found_error("read", from);
		else if (r.seq != held[from] ||
			 r.sum != checksum(r.data, sizeof(r.data)))
			found_error("verify", from);
		n_ios++;
		keep_max(&io_max, now(CLOCK_BOOTTIME) - start);
		usleep(PAUSE_US);
	}
	return NULL;
}

/*
 * An answer to a question that was given up: a busy host is slow, but loses
 * nothing.
 */
static void count_late(const char *answer, unsigned long seq)
{
	unsigned long to = 0;

	if (sscanf(answer, "ping %lu", &to) == 1 && to && to < seq)
		n_late++;
	else
		found_error("ping", seq);
}

static void *run_net(void *arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(7777) };
	struct timeval wait = { .tv_usec = 200000 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	double last = now(CLOCK_BOOTTIME);
	unsigned long seq = 0;

	inet_aton(arg, &to.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	for (;;) {
		char ask[64], answer[64];
		ssize_t got;
		int len = snprintf(ask, sizeof(ask), "ping %lu", ++seq);

		if (sendto(fd, ask, (size_t)len, 0, (struct sockaddr *)&to,
			   sizeof(to)) == len)
			n_tx++;
		else
			usleep(100000);
		while ((got = recv(fd, answer, sizeof(answer) - 1, 0)) > 0) {
			if (got == len && !memcmp(ask, answer, (size_t)len))
				break;
			answer[got] = 0;
			count_late(answer, seq);
		}
		if (got > 0) {
			n_rx++;
			keep_max(&udp_gap, now(CLOCK_BOOTTIME) - last);
			last = now(CLOCK_BOOTTIME);
			usleep(PAUSE_US);
		}
	}
	return NULL;
}

/* The connection must last: its end is an error, and the end of the work. */
static void *run_tcp(void *arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(7777) };
	uint32_t ask[256], answer[256];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int tries = 20;

	inet_aton(arg, &to.sin_addr);
	while (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		if (!--tries) {
			found_error("tcp connect", 0);
			return NULL;
		}
		usleep(500000);
	}
	for (;;) {
		for (uint32_t i = 0; i < 256; i++)
			ask[i] = (uint32_t)n_tcp * 2654435761u + i;
		if (send(fd, ask, sizeof(ask), MSG_NOSIGNAL) != sizeof(ask) ||
		    recv(fd, answer, sizeof(answer), MSG_WAITALL) !=
			    sizeof(answer) ||
		    memcmp(ask, answer, sizeof(ask))) {
			found_error("tcp", n_tcp);
			return NULL;
		}
		n_tcp++;
		usleep(PAUSE_US);
	}
}

static void *run_clock(void *arg)
{
	static const clockid_t id[3] = { CLOCK_MONOTONIC, CLOCK_BOOTTIME,
					 CLOCK_REALTIME };
	double was[3], d[3];

	(void)arg;
	for (int i = 0; i < 3; i++)
		was[i] = now(id[i]);
	for (;;) {
		bool jump = false;

		usleep(TICK_US);
		for (int i = 0; i < 3; i++) {
			double t = now(id[i]);

			d[i] = t - was[i];
			was[i] = t;
			jump |= d[i] > 0.3 || d[i] < 0;
		}
		keep_max(&tick_max, d[1]);
		if (jump)
			printf("GAP mono=%.3f boot=%.3f real=%.3f at=%.3f\n",
			       d[0], d[1], d[2], was[0]);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t t;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 3)
		return 2;
	pthread_create(&t, NULL, run_clock, NULL);
	if (*argv[1] != '-')
		pthread_create(&t, NULL, run_disk, argv[1]);
	if (*argv[2] != '-') {
		pthread_create(&t, NULL, run_net, argv[2]);
		pthread_create(&t, NULL, run_tcp, argv[2]);
	}
	for (;;) {
		sleep(1);
		printf("ST t=%.2f ios=%lu errs=%lu iomax=%.3f tx=%lu rx=%lu late=%lu udpgap=%.3f tick=%.3f tcp=%lu\n",
		       now(CLOCK_MONOTONIC), n_ios, n_errs, io_max, n_tx, n_rx,
		       n_late, udp_gap, tick_max, n_tcp);
		io_max = udp_gap = tick_max = 0;
	}
}
