/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes the seeds of the corpus: seeds <directory>. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "freeze/export.h"
#include "fuzz/fuzz.h"
#include "fuzz/world.h"
#include "live/save.h"
#include "unit/state/sample.h"

#define N_RANDOM  24
#define LARGEST	  4096
#define N_EXPORTS 16

void rng_init(struct rng *rng, uint64_t seed)
{
	rng->state = seed;
}

uint32_t rng_next(struct rng *rng)
{
	rng->state = rng->state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(rng->state >> 32);
}

uint32_t rng_below(struct rng *rng, uint32_t n)
{
	return rng_next(rng) % n;
}

static void save(const char *top, const char *target, const char *name,
		 unsigned int n, const void *head, size_t head_len,
		 const struct xs_image_out *out)
{
	char path[512];
	FILE *file;

	if (out->len + head_len > LARGEST)
		return;
	snprintf(path, sizeof(path), "%s/%s/%s-%02u", top, target, name, n);
	file = fopen(path, "wb");
	fuzz_require(file, "%s cannot be written", path);
	fwrite(head, 1, head_len, file);
	fwrite(out->data, 1, out->len, file);
	fclose(file);
}

/* Random images in all formats. */
static void random_images(const char *top)
{
	struct xs_image_format format;
	struct xs_image_out out = {0};
	struct xs_image image;
	struct rng rng;
	unsigned int i;

	for (i = 0; i < N_RANDOM; i++) {
		rng_init(&rng, i + 1);
		xs_image_init(&image, NULL);
		fuzz_require(!sample_random(&image, &rng,
					    i % 3 ? XS_IMAGE_DOMAIN
						  : XS_IMAGE_WHOLE),
			     "image %u", i);
		format =
			i % 4 == 3 ? xs_image_format_417 : xs_image_format_ours;
		format.big_endian = i % 8 == 6;
		fuzz_require(!xs_image_encode(&image, &format, &out),
			     "image %u", i);
		save(top, "image", "sample", i, "", 0, &out);
		if (i % 3 == 0)
			save(top, "restore", "sample", i, "", 0, &out);
		xs_image_out_fini(&out);
		xs_image_fini(&image);
	}
}

/* All of a running server, nobody of which is being moved. */
static void whole(const char *top, struct world *world, unsigned int i)
{
	static const uint8_t head[2] = {0xff};
	struct xs_image_out out = {0};
	char text[XS_LIVE_TEXT];

	world_says(world, XS_OP_CONTROL, "resume|5|", "OK");
	fuzz_require(!xs_live_save(world_conns(world), false, &out, text),
		     "save %u", i);
	save(top, "take", "save", i, head, sizeof(head), &out);
	xs_image_out_fini(&out);
}

/* A domain of a running server, in several situations. */
static void exports(const char *top)
{
	struct xs_image_out out = {0};
	struct world world;
	unsigned int i;
	uint8_t head[4] = {0};
	char text[XS_LIVE_TEXT];

	for (i = 0; i < N_EXPORTS; i++) {
		world_init(&world);
		world_guest(&world, WORLD_BACKEND);
		world_guest(&world, WORLD_MOVED);
		world_busy(&world, WORLD_MOVED, i);
		if (i & 8)
			world_says(&world, XS_OP_CONTROL,
				   "quota|set|watches|40|", "OK");
		world_says(&world, XS_OP_CONTROL, "quiesce|5|", "OK");
		world_says(&world, XS_OP_WRITE, "/local/domain/5/data/c|late",
			   "OK");
		fuzz_require(!xs_domain_export(world_conns(&world), WORLD_MOVED,
					       &out),
			     "export %u", i);
		head[0] = (uint8_t)(i % 3 == 0	 ? 3 + (i & 4)
				    : i % 3 == 1 ? 32
						 : 8 + 16);
		head[1] = (uint8_t)(i * 37);
		save(top, "image", "export", i, "", 0, &out);
		save(top, "import", "export", i, head, sizeof(head), &out);
		xs_image_out_fini(&out);
		fuzz_require(
			!xs_live_save(world_conns(&world), false, &out, text),
			"save %u", i);
		save(top, "restore", "save", i, "", 0, &out);
		xs_image_out_fini(&out);
		whole(top, &world, i);
		world_end(&world);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return EXIT_FAILURE;
	random_images(argv[1]);
	exports(argv[1]);
	return EXIT_SUCCESS;
}
