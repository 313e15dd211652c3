/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any stream as the whole store of a running daemon that serves nobody but
 * dom0 (`import commit all`).
 *
 *   0   which domains are here, a bit each
 *   1   which call of the platform fails, 0: none
 *   2   the stream
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conn/conn.h"
#include "conn/domain.h"
#include "fuzz/fuzz.h"
#include "fuzz/world.h"
#include "live/load.h"
#include "live/save.h"
#include "live/take.h"
#include "state/image.h"
#include "store/store.h"

#define PREFIX 2

static const enum fake_call failing[] = {FAKE_BIND, FAKE_MAP, FAKE_DOMAIN_GET};

#define N_FAILING (sizeof(failing) / sizeof(failing[0]))

static const xs_domid_t domids[] = {WORLD_BACKEND, WORLD_MOVED, 1, 2, 3, 6};

#define N_DOMIDS (sizeof(domids) / sizeof(domids[0]))

/* What a refused stream must leave as it was. */
struct before {
	uint64_t nodes;
	struct xs_limits limits;
	uint64_t used[XS_N_QUOTAS]; /* dom0's */
};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	if (size <= PREFIX || max_size <= PREFIX)
		return LLVMFuzzerMutate(data, size, max_size);
	if (!(seed % 8)) {
		data[seed / 8 % PREFIX] = (uint8_t)(seed >> 8);
		return size;
	}
	return PREFIX + fuzz_mutate_stream(data + PREFIX, size - PREFIX,
					   max_size - PREFIX, seed);
}

static void look(struct world *world, struct before *now)
{
	struct xs_accounts *accounts = &world_conns(world)->store->accounts;
	const struct xs_account *dom0 = xs_accounts_find(accounts, 0);

	memset(now, 0, sizeof(*now));
	now->nodes = world_nodes(world);
	now->limits = accounts->limits;
	memcpy(now->used, dom0->used, sizeof(now->used));
}

static void require_alone(struct world *world)
{
	size_t i;

	for (i = 0; i < N_DOMIDS; i++) {
		fuzz_require(!xs_domain_find(world_conns(world), domids[i]),
			     "domain %u has stayed", domids[i]);
		fuzz_require(!fake_ring_maps(world->plat, domids[i]),
			     "the page of domain %u is mapped", domids[i]);
	}
}

static void require_unchanged(struct world *world, const struct before *before)
{
	struct before now;

	look(world, &now);
	fuzz_require(now.nodes == before->nodes, "the nodes have changed");
	fuzz_require(!memcmp(&now.limits, &before->limits, sizeof(now.limits)),
		     "the limits have changed");
	fuzz_require(!memcmp(now.used, before->used, sizeof(now.used)),
		     "dom0's account has changed");
	require_alone(world);
}

static void take_line(void *arg, bool problem, const char *line)
{
	unsigned int *n = arg;

	fuzz_require(strlen(line) && !strchr(line, '\n'), "the line \"%s\"",
		     line);
	*n += problem;
}

static void say_line(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

/* It can be handed over again. */
static void require_saveable(struct world *world)
{
	struct xs_image_out out = {0};
	struct xs_image image;
	char text[XS_LIVE_TEXT];
	int rc = xs_live_save(world_conns(world), false, &out, text);

	fuzz_require(!rc, "cannot be saved: %d %s", rc, text);
	rc = xs_live_read(&image, NULL, out.data, out.len, true, say_line,
			  NULL);
	fuzz_require(!rc, "what was saved cannot be read: %d", rc);
	fuzz_image_properties(&image);
	xs_image_fini(&image);
	xs_image_out_fini(&out);
}

/* The seeds were saved where these two were the first to live. */
static void arrange(struct world *world, uint8_t here)
{
	size_t i;

	for (i = 0; i < N_DOMIDS; i++) {
		if (here & 1u << i)
			world_create(world, domids[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct before before;
	struct world world;
	unsigned int n = 0;
	int rc;

	if (size < PREFIX)
		return 0;
	world_init(&world);
	arrange(&world, data[0]);
	look(&world, &before);
	if (data[1])
		fake_fail(world.plat, failing[data[1] % N_FAILING],
			  data[1] / N_FAILING % 4 + 1, ENOMEM);
	rc = xs_live_take(world_conns(&world), data + PREFIX, size - PREFIX,
			  NULL, take_line, &n);
	fake_fail(world.plat, FAKE_ANY, 0, 0);
	fuzz_require((rc == XS_IMPORT_E_PROBLEM) == (n > 0),
		     "%u problems, but the result is %d", n, rc);
	if (rc)
		require_unchanged(&world, &before);
	world_run(&world);
	world_check(&world);
	if (!rc)
		require_saveable(&world);
	world_end(&world);
	return 0;
}
