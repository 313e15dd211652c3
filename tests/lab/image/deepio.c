// SPDX-License-Identifier: GPL-2.0-only
/*
 * deepio DISK THREADS: more requests at once than a ring holds.
 *
 * Each thread has blocks of 4 KiB of its own in the second 8 MiB of the disk
 * (iotest has the first): it writes one, reads one of its own back and compares
 * it with what memory says it holds.  A request that got lost stops its thread
 * for ever, one that was done twice brings back what was there before.  Every
 * other thread has its writes flushed.
 *
 * Once a second "DEEP ios=N errs=N slowest=N": operations of all threads, and
 * those of the one that did the fewest; "ERR ..." for each error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK	    4096
#define N_BLOCKS    2048
#define FIRST	    2048
#define MAX_THREADS 64

struct worker {
	const char *disk;
	unsigned int number, first, n_blocks;
	atomic_ulong n_ios;
};

static struct worker workers[MAX_THREADS];
static atomic_ulong n_errs;

/* What block holds after write seq of it: every word differs. */
static void fill(uint64_t *data, uint64_t block, uint64_t seq)
{
	for (unsigned int i = 0; i < BLOCK / sizeof(*data); i++)
		data[i] = (seq << 32 | block << 12 | i) * 0x9e3779b97f4a7c15u;
}

static void found_error(const char *what, uint64_t block)
{
	printf("ERR deep %s block=%lu errno=%d\n", what, (unsigned long)block,
	       errno);
	atomic_fetch_add(&n_errs, 1);
	sleep(1);
}

static void write_and_check(struct worker *w, int fd, uint64_t *held,
			    uint64_t seq, uint64_t *data, uint64_t *want)
{
	uint64_t to = seq % w->n_blocks, from = seq * 5 % w->n_blocks;
	off_t at = (off_t)(w->first + to) * BLOCK;

	fill(data, w->first + to, seq);
	if (pwrite(fd, data, BLOCK, at) != BLOCK) {
		found_error("write", w->first + to);
		return;
	}
	held[to] = seq;
	if (!held[from])
		from = to;
	at = (off_t)(w->first + from) * BLOCK;
	fill(want, w->first + from, held[from]);
	if (pread(fd, data, BLOCK, at) != BLOCK)
		found_error("read", w->first + from);
	else if (memcmp(data, want, BLOCK) != 0)
		found_error("verify", w->first + from);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	uint64_t held[N_BLOCKS] = {0};
	uint64_t *data, *want;
	int fd =
		open(w->disk, O_RDWR | O_DIRECT | (w->number & 1 ? O_SYNC : 0));

	data = aligned_alloc(BLOCK, BLOCK);
	want = aligned_alloc(BLOCK, BLOCK);
	if (fd < 0 || !data || !want) {
		found_error("start", w->first);
		return NULL;
	}
	for (uint64_t seq = 1;; seq++) {
		write_and_check(w, fd, held, seq, data, want);
		atomic_fetch_add(&w->n_ios, 1);
	}
}

static void report(unsigned int n)
{
	unsigned long all = 0, slowest = ~0ul;

	for (unsigned int i = 0; i < n; i++) {
		unsigned long ios = atomic_load(&workers[i].n_ios);

		all += ios;
		slowest = ios < slowest ? ios : slowest;
	}
	printf("DEEP ios=%lu errs=%lu slowest=%lu\n", all, atomic_load(&n_errs),
	       slowest);
}

int main(int argc, char **argv)
{
	unsigned int n = argc == 3 ? (unsigned int)atoi(argv[2]) : 0;
	pthread_t t;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!n || n > MAX_THREADS)
		return 2;
	for (unsigned int i = 0; i < n; i++) {
		workers[i].disk = argv[1];
		workers[i].number = i;
		workers[i].n_blocks = N_BLOCKS / n;
		workers[i].first = FIRST + i * (N_BLOCKS / n);
		if (pthread_create(&t, NULL, work, &workers[i]) != 0)
			return 1;
	}
	for (;;) {
		sleep(1);
		report(n);
	}
}
