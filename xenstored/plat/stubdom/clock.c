/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time: the processor's counter, scaled as Xen says in the vcpu's part of
 * shared_info (xen/xen.h, struct vcpu_time_info).
 *
 * I1 A version that is odd, or another than before, means that Xen was writing
 *    meanwhile: then it is read again.
 */
#include "plat/stubdom/internal.h"

#include <xen/xen.h>

#include "plat/stubdom/cpu.h"
#include "plat/stubdom/layout.h"

#define NS_PER_S UINT64_C(1000000000)

static const volatile struct shared_info *shared(void)
{
	return (const volatile struct shared_info *)SHARED_INFO;
}

/* Nanoseconds since Xen started; never goes backwards. */
uint64_t xs_clock_ns(void)
{
	const volatile struct vcpu_time_info *t = &shared()->vcpu_info[0].time;
	uint64_t delta, ns;
	uint32_t version;

	do {
		version = t->version;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		delta = xs_rdtsc() - t->tsc_timestamp;
		if (t->tsc_shift < 0)
			delta >>= -t->tsc_shift;
		else
			delta <<= t->tsc_shift;
		ns = t->system_time + (uint64_t)((unsigned __int128)delta *
							 t->tsc_to_system_mul >>
						 32);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (version & 1 || version != t->version);
	return ns;
}

/* Nanoseconds since 1970, UTC. */
uint64_t xs_clock_wall_ns(void)
{
	const volatile struct shared_info *s = shared();
	uint64_t ns;
	uint32_t version;

	do {
		version = s->wc_version;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		ns = ((uint64_t)s->wc_sec_hi << 32 | s->wc_sec) * NS_PER_S +
		     s->wc_nsec;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (version & 1 || version != s->wc_version);
	return ns + xs_clock_ns();
}
