/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes as JSON: what is read is written and read again as the same. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "xsdump/xsdump.h"

/* The JSON of an image, to be freed. */
static char *text_of(const struct xs_image *image, size_t *lenp)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, lenp);

	fuzz_require(out, "no memory");
	xsd_json_write(out, image, true, false);
	fuzz_require(!fclose(out), "no memory");
	return text;
}

static void again(const struct xs_image *image,
		  const struct xs_image_format *format)
{
	struct xs_image_format other;
	struct xs_image copy;
	size_t len, copy_len;
	char error[200], *text, *copy_text;

	/* What is not in the image, but in the format. */
	struct xs_image shown = *image;

	shown.version = format->version;
	shown.big_endian = format->big_endian;
	shown.sum = format->extensions ? XS_IMAGE_SUM_GOOD : XS_IMAGE_SUM_NONE;
	text = text_of(&shown, &len);
	xs_image_init(&copy, NULL);
	fuzz_require(
		!xsd_json_read(text, len, &copy, &other, error, sizeof(error)),
		"%s", error);
	copy.version = other.version;
	copy.big_endian = other.big_endian;
	copy.sum = other.extensions ? XS_IMAGE_SUM_GOOD : XS_IMAGE_SUM_NONE;
	copy_text = text_of(&copy, &copy_len);
	fuzz_require(len == copy_len && !memcmp(text, copy_text, len),
		     "the text is not the same");
	xs_image_fini(&copy);
	free(text);
	free(copy_text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xs_image_out out = {0};
	struct xs_image_format format;
	struct xs_image image;
	char error[200];

	xs_image_init(&image, NULL);
	if (!xsd_json_read((const char *)data, size, &image, &format, error,
			   sizeof(error))) {
		again(&image, &format);
		xs_image_validate(&image, XS_IMAGE_USE_ANY, fuzz_report, NULL);
		xs_image_encode(&image, &format, &out);
		xs_image_out_fini(&out);
	}
	xs_image_fini(&image);
	return 0;
}
