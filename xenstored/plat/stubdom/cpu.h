/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions that C has no words for. */
#ifndef XS_PLAT_STUBDOM_CPU_H
#define XS_PLAT_STUBDOM_CPU_H

#include <stdbool.h>
#include <stdint.h>

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid xs_cpuid(uint32_t leaf)
{
	struct cpuid id;

	__asm__ volatile("cpuid"
			 : "=a"(id.eax), "=b"(id.ebx), "=c"(id.ecx),
			   "=d"(id.edx)
			 : "a"(leaf), "c"(0));
	return id;
}

static inline void xs_wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value),
			   "d"((uint32_t)(value >> 32))
			 : "memory");
}

static inline uint64_t xs_rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* False: the processor has none at the moment. */
static inline bool xs_rdrand(uint64_t *valuep)
{
	bool ok;

	__asm__ volatile("rdrand %0" : "=r"(*valuep), "=@ccc"(ok));
	return ok;
}

static inline void xs_outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint64_t xs_read_cr2(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static inline uint64_t xs_read_cr3(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr3, %0" : "=r"(value));
	return value;
}

/* Also makes the processor forget what it knew of the page tables. */
static inline void xs_write_cr3(uint64_t value)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline void xs_invlpg(uint64_t page)
{
	__asm__ volatile("invlpg (%0)" : : "r"(page) : "memory");
}

#endif
