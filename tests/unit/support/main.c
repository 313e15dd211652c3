/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs the suite of a test program; Check's closing line is what it prints. */
#include "unit/support/suite.h"

#include <stdlib.h>

#define TIMEOUT_SECONDS 120

TCase *suite_case(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, TIMEOUT_SECONDS);
	suite_add_tcase(suite, tc);
	return tc;
}

void rng_init(struct rng *rng, uint64_t seed)
{
	rng->state = seed * 0x9e3779b97f4a7c15ULL + 0x1234567;
}

uint32_t rng_next(struct rng *rng)
{
	uint64_t x = (rng->state += 0x9e3779b97f4a7c15ULL);

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return (uint32_t)(x >> 32);
}

uint32_t rng_below(struct rng *rng, uint32_t n)
{
	return rng_next(rng) % n;
}

int main(void)
{
	SRunner *runner = srunner_create(test_suite());
	int n_failed;

	srunner_run_all(runner, CK_NORMAL);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
