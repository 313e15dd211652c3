/* SPDX-License-Identifier: GPL-2.0-only */
/* What the fuzz targets share; each of them is one LLVMFuzzerTestOneInput(). */
#ifndef XS_FUZZ_FUZZ_H
#define XS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xs_image;
struct xs_image_error;

/* A property that does not hold: says which, and ends the process. */
#define fuzz_require(cond, ...) \
	((cond) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #cond, __VA_ARGS__))
_Noreturn void fuzz_fail(const char *file, int line, const char *cond,
			 const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* libFuzzer's side. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed);

/*
 * Changes a state stream record by record; lengths, padding, checksum and END
 * are mostly put right afterwards, so that what is behind them is reached.
 */
size_t fuzz_mutate_stream(uint8_t *data, size_t size, size_t max_size,
			  unsigned int seed);

/* What must hold for every image that could be read. */
void fuzz_image_properties(const struct xs_image *image);
/* A report that takes an error's text in. */
void fuzz_report(void *arg, const struct xs_image_error *err);

#endif
