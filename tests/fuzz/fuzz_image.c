/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes as a state stream: read, judged, written; and what is salvaged. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "state/image.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	return fuzz_mutate_stream(data, size, max_size, seed);
}

/* From memory of just that size, so that no byte beyond it is read unseen. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xs_image_error err;
	struct xs_image image, rest;
	int rc;

	xs_image_init(&image, NULL);
	rc = xs_image_decode(&image, data, size, &err);
	if (!rc)
		fuzz_image_properties(&image);
	else
		fuzz_report(NULL, &err);

	xs_image_init(&rest, NULL);
	if (!xs_image_salvage(&rest, data, size, fuzz_report, NULL))
		fuzz_image_properties(&rest);
	if (!rc)
		fuzz_require(rest.n_nodes == image.n_nodes &&
				     rest.n_conns == image.n_conns &&
				     rest.n_watches == image.n_watches &&
				     rest.n_txns == image.n_txns,
			     "less is salvaged than is read");
	xs_image_fini(&rest);
	xs_image_fini(&image);
	return 0;
}
