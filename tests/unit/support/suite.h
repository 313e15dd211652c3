/* SPDX-License-Identifier: GPL-2.0-only */
/* What every unit test program is made of. */
#ifndef XS_UNIT_SUITE_H
#define XS_UNIT_SUITE_H

#include <stdint.h>

#include <check.h>

/* Each program defines this one; main() is support/main.c. */
Suite *test_suite(void);

/* A test case of that name in the suite, with two minutes for each test. */
TCase *suite_case(Suite *suite, const char *name);

/* A small, fast generator: the same numbers for the same seed everywhere. */
struct rng {
	uint64_t state;
};

void rng_init(struct rng *rng, uint64_t seed);
uint32_t rng_next(struct rng *rng);
uint32_t rng_below(struct rng *rng, uint32_t n);

#endif
