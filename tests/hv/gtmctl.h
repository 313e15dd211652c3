/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of gtmctl share. */
#ifndef XS_HV_GTMCTL_H
#define XS_HV_GTMCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenctrl.h>
#include <public/gtm.h>

extern xc_interface *xch;

/* Says what could not even be asked, and ends with status 2. */
_Noreturn void die(const char *what);
void *read_file(const char *path, uint64_t *size);

/* Numbers that a seed repeats. */
struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
/* 0 to N - 1; 0 for an N of 0. */
uint32_t roll(struct rng *rng, uint32_t n);

/* ---- domain.c --------------------------------------------------------- */

#define MAX_PAGES 512u

/* The pages of the guest's own memory that a context names. */
struct pages {
	xen_pfn_t gfn[MAX_PAGES];
	unsigned int nr;
};

void add_page(struct pages *pages, uint64_t gfn);
/* Takes what it finds, and answers the number of vcpus: this is no check. */
unsigned int find_pages(const uint8_t *buf, uint64_t size, struct pages *pages);
/* A domain like xl makes it, but for nothing in it; HVM is PVH, else it is PV.
 */
uint32_t make_domain(bool hvm, unsigned int vcpus, const struct pages *pages);
void destroy_domain(uint32_t domid);

/* ---- program.c -------------------------------------------------------- */

/* The pages that a program needs. */
void program_pages(struct pages *pages);
/* Puts a program of random hypercalls into the domain's first vcpu. */
void program_load(uint32_t domid, struct rng *rng);

/* ---- mutate.c --------------------------------------------------------- */

/*
 * Changes a context of SIZE bytes in a buffer of ROOM; answers the new size.
 * Mostly the result is still one that could be taken.
 */
size_t mutate(struct rng *rng, uint8_t *buf, size_t size, size_t room);

/* ---- fuzz.c ----------------------------------------------------------- */

/* Gives N hostile contexts to new domains, for at most SECONDS. */
int fuzz(uint32_t n, uint32_t seed, uint32_t seconds, char *const *files,
	 unsigned int nr_files);
/* What is refused whatever the context, tried with the good one of FILE. */
int refusals(const char *file);

#endif
