/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes as oxenstored's text. */
#include "fuzz/fuzz.h"
#include "state/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xs_image_error err;
	struct xs_image image;

	xs_image_init(&image, NULL);
	if (xs_image_decode_ocaml(&image, data, size, &err))
		fuzz_report(NULL, &err);
	else
		fuzz_image_properties(&image);
	xs_image_fini(&image);
	return 0;
}
