/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unpredictable bytes: the processor's generator, mixed with what else cannot
 * be guessed to the bit.  On a processor without one (before 2012) the rest is
 * all there is: then who can time the start of this domain to the nanosecond
 * could guess the hash keys, and make the store slower, but no more.
 */
#include "plat/stubdom/internal.h"

#include <string.h>

#include "plat/stubdom/cpu.h"
#include "plat/stubdom/layout.h"
#include "plat/stubdom/libc/system.h"

#define TRIES 10 /* the manuals' advice for RDRAND */

static uint64_t state;

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014): every bit of the
 * result depends on every bit of the input. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	return x;
}

static uint64_t random_word(void)
{
	uint64_t word = 0;
	int i;

	if (xs_cpuid(CPUID_FEATURES).ecx & CPUID_FEATURES_RDRAND) {
		for (i = 0; i < TRIES && !xs_rdrand(&word); i++)
			;
	}
	state = mix(state + xs_rdtsc()) ^ xs_clock_wall_ns();
	return word ^ mix(state);
}

/* See libc/system.h.  Works once shared_info is mapped. */
void xs_sys_random(void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		uint64_t word = random_word();
		size_t n = len < sizeof(word) ? len : sizeof(word);

		memcpy(p, &word, n);
		p += n;
		len -= n;
	}
}

/* See plat.h. */
void plat_random(struct xs_plat *plat, void *buf, size_t len)
{
	(void)plat;
	xs_sys_random(buf, len);
}
