/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any state of a whole daemon into a new one (live update).  What passes the
 * judgement must load, serve, and be good for the next daemon.
 *
 * Ports and streams are this process's, so those of the image are replaced by
 * some that are there.
 */
#include <stdio.h>
#include <string.h>

#include "conn/conn.h"
#include "fuzz/fuzz.h"
#include "fuzz/world.h"
#include "live/load.h"
#include "live/save.h"
#include "main/server.h"
#include "state/image.h"

#define SOCKETS_MAX 32

int __wrap_plat_stream_adopt(struct xs_plat *plat, int stream);

/* It is accepted already (take_over()). */
int __wrap_plat_stream_adopt(struct xs_plat *plat, int stream)
{
	(void)plat;
	(void)stream;
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	return fuzz_mutate_stream(data, size, max_size, seed);
}

static void say_line(void *arg, const char *line)
{
	fuzz_require(*line, "an empty line");
	if (arg)
		fprintf(stderr, "%s\n", line);
}

/*
 * False: more sockets than the pretended world has, or ids of connections
 * and generations that end before the test does.
 */
static bool take_over(struct world *world, struct xs_image *image)
{
	struct xs_dominfo info;
	uint32_t i, n = 0;

	if (image->global.last_conn_id > INT32_MAX ||
	    image->global.gen > INT64_MAX)
		return false;
	for (i = 0; i < image->n_conns; i++) {
		struct xs_image_conn *c = &image->conns[i];

		if (c->id > INT32_MAX)
			return false;
		if (c->kind == XS_IMAGE_SOCKET) {
			if (++n > SOCKETS_MAX)
				return false;
			fake_connect(world->plat);
			fuzz_require(!plat_stream_accept(world->plat, &c->fd),
				     "no stream");
			continue;
		}
		c->guest_port = WORLD_PORT;
		if (c->local_port &&
		    (plat_domain_get(world->plat, c->domid, &info) ||
		     plat_port_bind(world->plat, c->domid, WORLD_PORT,
				    &c->local_port)))
			c->local_port = 0;
	}
	image->global.virq_port = 0;
	return true;
}

/* The next daemon could take over from this one. */
static void require_saveable(struct world *world)
{
	struct xs_image_out out = {0};
	struct xs_image image;
	char text[XS_LIVE_TEXT];
	int rc = xs_live_save(world_conns(world), false, &out, text);

	fuzz_require(!rc, "cannot be saved: %d %s", rc, text);
	rc = xs_live_read(&image, NULL, out.data, out.len, true, say_line,
			  &out);
	fuzz_require(!rc, "what was saved cannot be read: %d", rc);
	fuzz_image_properties(&image);
	xs_image_fini(&image);
	xs_image_out_fini(&out);
}

/* Only doubles and orphans among the nodes are found while loading. */
static int restore(struct world *world, const struct xs_image *image)
{
	int rc = xs_server_restore(world->server, image, false);

	if (rc)
		fuzz_require(xs_image_validate(image, XS_IMAGE_USE_LIVE_UPDATE,
					       NULL, NULL),
			     "does not load: %d, %s", rc,
			     fake_log(world->plat));
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const xs_domid_t domids[] = {1, 2, 3, 5, 7};
	struct xs_image image;
	struct world world;
	size_t i;

	if (xs_live_read(&image, NULL, data, size, true, say_line, NULL)) {
		xs_image_fini(&image);
		return 0;
	}
	world_new(&world);
	for (i = 0; i < sizeof(domids) / sizeof(domids[0]); i++)
		world_create(&world, domids[i]);
	if (!take_over(&world, &image) || restore(&world, &image)) {
		world_drop(&world);
		xs_image_fini(&image);
		return 0;
	}
	world.dom0 = fake_connect(world.plat);
	world_run(&world);
	world_check(&world);
	require_saveable(&world);
	xs_image_fini(&image);
	world_end(&world);
	return 0;
}
