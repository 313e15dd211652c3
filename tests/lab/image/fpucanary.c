// SPDX-License-Identifier: GPL-2.0-only
/*
 * fpucanary SECONDS: keeps a pattern in all sixteen SSE registers while other
 * tasks run, and counts how often it comes back changed.  An emulated host
 * whose hypervisor switches the FPU lazily fails within seconds, and then
 * every other result of that host is worthless.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SPIN "60000"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#define LOAD(n) "movdqu " #n "*16(%0), %%xmm" #n "\n\t"
#define SAVE(n) "movdqu %%xmm" #n ", " #n "*16(%1)\n\t"
#define ALL(x)                                                             \
	x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9) x(10) x(11) x(12) \
		x(13) x(14) x(15)

static void pass(const uint8_t *before, uint8_t *after)
{
	__asm__ volatile(ALL(LOAD) "mov $" SPIN ", %%ecx\n"
			 "1:	dec %%ecx\n\t"
			 "jnz 1b\n\t" ALL(SAVE)
			 :
			 : "r"(before), "r"(after)
			 : "rcx", "cc", "memory", "xmm0", "xmm1", "xmm2",
			   "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
			   "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
			   "xmm15");
}

int main(int argc, char **argv)
{
	double end = now() + (argc > 1 ? atof(argv[1]) : 2);
	unsigned long n_pass = 0, n_bad = 0;
	uint8_t before[256], after[256];

	for (size_t i = 0; i < sizeof(before); i++)
		before[i] = (uint8_t)(i * 5 + (size_t)getpid());
	do {
		pass(before, after);
		n_pass++;
		n_bad += memcmp(before, after, sizeof(before)) != 0;
	} while (now() < end);
	printf("FPU passes=%lu bad=%lu\n", n_pass, n_bad);
	return n_bad != 0;
}
