/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any blob into a running daemon.
 *
 *   0   what the domain is here: bits below
 *   1   what the guest does afterwards
 *   2   which call of the platform fails, 0: none
 *   3   not used
 *   4   the blob
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "conn/conn.h"
#include "conn/domain.h"
#include "freeze/export.h"
#include "freeze/import.h"
#include "fuzz/fuzz.h"
#include "fuzz/world.h"
#include "state/image.h"
#include "store/store.h"

#define PREFIX 4
#define PIECE  2880

enum {
	IS_INTRODUCED = 1,
	IS_QUIESCED = 2,
	IS_BUSY = 4,
	IS_CHECKED_FIRST = 8,
	HAS_SUPPLIES = 16,
	BY_CONTROL = 32,
	HAS_FEW_NODES = 64,
	IS_TWICE = 128,
};

static const enum fake_call failing[] = {FAKE_BIND, FAKE_MAP, FAKE_DOMAIN_GET};

static const uint16_t domids[] = {0, WORLD_GUEST, WORLD_MOVED, WORLD_BACKEND};

#define N_DOMIDS (sizeof(domids) / sizeof(domids[0]))

/* What a refused import must leave as it was. */
struct before {
	uint64_t nodes;
	struct xs_account accounts[N_DOMIDS];
	bool known[N_DOMIDS];
};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	if (size <= PREFIX || max_size <= PREFIX)
		return LLVMFuzzerMutate(data, size, max_size);
	if (!(seed % 8)) {
		data[seed / 8 % 3] = (uint8_t)(seed >> 8);
		return size;
	}
	return PREFIX + fuzz_mutate_stream(data + PREFIX, size - PREFIX,
					   max_size - PREFIX, seed);
}

static void look(struct world *world, struct before *now)
{
	struct xs_conns *conns = world_conns(world);
	const struct xs_account *account;
	size_t i;

	memset(now, 0, sizeof(*now));
	now->nodes = world_nodes(world);
	for (i = 0; i < N_DOMIDS; i++) {
		account = xs_accounts_find(&conns->store->accounts, domids[i]);
		now->known[i] = account;
		if (account)
			now->accounts[i] = *account;
	}
}

static void require_unchanged(struct world *world, const struct before *before)
{
	struct before now;
	size_t i;

	look(world, &now);
	fuzz_require(now.nodes == before->nodes, "the nodes have changed");
	for (i = 0; i < N_DOMIDS; i++) {
		const struct xs_account *a = &before->accounts[i];
		const struct xs_account *b = &now.accounts[i];

		fuzz_require(!memcmp(a->used, b->used, sizeof(a->used)),
			     "the account of domain %u has changed", domids[i]);
		fuzz_require(!before->known[i] ||
				     !memcmp(&a->limits, &b->limits,
					     sizeof(a->limits)),
			     "the limits of domain %u have changed", domids[i]);
	}
}

static void take_line(void *arg, bool problem, const char *line)
{
	unsigned int *n = arg;

	fuzz_require(strlen(line) && !strchr(line, '\n'), "the line \"%s\"",
		     line);
	*n += problem;
}

static const struct xs_supply supply_list[] = {
	{"/local/domain/5/store/ring-ref", "77", 2},
	{"/local/domain/5/console/port", "8", 1},
};

static int import_directly(struct world *world, uint8_t how,
			   const uint8_t *blob, size_t len)
{
	struct xs_conns *conns = world_conns(world);
	struct xs_supplies supplies = {
		.list = supply_list,
		.n = how & HAS_SUPPLIES ? 2 : 0,
	};
	unsigned int n_checked = 0, n = 0;
	struct before before;
	int checked = 0, rc;

	look(world, &before);
	if (how & IS_CHECKED_FIRST) {
		checked = xs_domain_check_blob(conns, blob, len, &supplies,
					       take_line, &n_checked);
		require_unchanged(world, &before);
	}
	rc = xs_domain_import(conns, blob, len, &supplies, take_line, &n);
	fuzz_require((rc == XS_IMPORT_E_PROBLEM) == (n > 0),
		     "%u problems, but the result is %d", n, rc);
	if (how & IS_CHECKED_FIRST)
		fuzz_require(n == n_checked && (checked == rc || rc < 0),
			     "the check said %d with %u problems, the import "
			     "%d with %u",
			     checked, n_checked, rc, n);
	if (rc)
		require_unchanged(world, &before);
	return rc;
}

/* The same through a socket, in pieces. */
static int import_by_control(struct world *world, const uint8_t *blob,
			     size_t len)
{
	char text[XS_PAYLOAD_MAX];
	struct world_reply reply;
	struct before before;
	size_t at, n;
	int k;

	look(world, &before);
	k = snprintf(text, sizeof(text), "import|begin|%zu|", len);
	if (!len || !world_says(world, XS_OP_CONTROL, text, "OK"))
		return -EINVAL;
	for (at = 0; at < len; at += n) {
		n = len - at < PIECE ? len - at : PIECE;
		memset(text, 0, sizeof(text));
		k = snprintf(text, sizeof(text), "import%cwrite%c%zu%c", 0, 0,
			     at, 0);
		xs_base64_encode(blob + at, n, text + k);
		world_ask(world, XS_OP_CONTROL, text,
			  (size_t)k + XS_BASE64_LEN(n) + 1, &reply);
		fuzz_require(!strcmp(reply.payload, "OK"), "a piece: %s",
			     reply.payload);
	}
	world_ask(world, XS_OP_CONTROL, "import\0commit", 14, &reply);
	fuzz_require(reply.is_there && reply.hdr.type == XS_OP_CONTROL,
		     "no answer to commit");
	k = strlen(reply.payload) >= 2 &&
	    !strcmp(reply.payload + strlen(reply.payload) - 2, "ok");
	if (!k)
		require_unchanged(world, &before);
	return k ? 0 : XS_IMPORT_E_PROBLEM;
}

/* For whoever reads the log of a failure. */
static void say_error(void *arg, const struct xs_image_error *err)
{
	char text[XS_IMAGE_ERROR_TEXT];

	fuzz_report(arg, err);
	xs_image_error_format(err, text);
	if (err->severity == XS_IMAGE_WRONG)
		fprintf(stderr, "%s\n", text);
}

/* What is served can be taken out again, and is good for another daemon. */
static void require_exportable(struct world *world)
{
	struct xs_image_error err;
	struct xs_image_out out = {0};
	struct xs_image image;
	int rc = xs_domain_export(world_conns(world), WORLD_MOVED, &out);

	if (rc == -ENOENT)
		return;
	fuzz_require(!rc, "cannot be exported: %d", rc);
	xs_image_init(&image, NULL);
	rc = xs_image_decode(&image, out.data, out.len, &err);
	fuzz_require(!rc, "what is exported cannot be read: %s", err.text);
	rc = xs_image_validate(&image, XS_IMAGE_USE_DOMAIN, say_error, NULL);
	fuzz_require(!rc, "what is exported is not valid: %d", rc);
	xs_image_fini(&image);
	xs_image_out_fini(&out);
}

static void arrange(struct world *world, uint8_t how)
{
	world_guest(world, WORLD_GUEST);
	world_guest(world, WORLD_BACKEND);
	world_guest_asks(world, WORLD_GUEST, XS_OP_WATCH, 0,
			 "/local/domain|w|");
	world_guest_asks(world, WORLD_GUEST, XS_OP_TRANSACTION_START, 0, "|");
	world_guest_asks(world, WORLD_GUEST, XS_OP_DIRECTORY, 1,
			 "/local/domain|");
	if (how & HAS_FEW_NODES)
		world_says(world, XS_OP_CONTROL, "quota|set|nodes|3|", "OK");
	if (how & IS_INTRODUCED)
		world_guest(world, WORLD_MOVED);
	else
		world_create(world, WORLD_MOVED);
	if ((how & IS_INTRODUCED) && (how & IS_BUSY))
		world_busy(world, WORLD_MOVED, 7);
	if (how & IS_QUIESCED)
		world_says(world, XS_OP_CONTROL, "quiesce|5|", "OK");
}

static void go_on(struct world *world, uint8_t what)
{
	static const struct {
		uint32_t type;
		uint32_t tx;
		const char *args;
	} asks[] = {
		{XS_OP_WRITE, 0, "data/new|1"},
		{XS_OP_WRITE, 1, "data/new|2"},
		{XS_OP_READ, 1, "data/a|"},
		{XS_OP_TRANSACTION_END, 1, "T|"},
		{XS_OP_TRANSACTION_END, 2, "F|"},
		{XS_OP_RM, 0, "/local/domain/5/data|"},
		{XS_OP_TRANSACTION_START, 0, "|"},
		{XS_OP_RESET_WATCHES, 0, "|"},
	};
	size_t i;

	for (i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		if (what & 1u << i)
			world_guest_asks(world, WORLD_MOVED, asks[i].type,
					 asks[i].tx, asks[i].args);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world;
	uint8_t how;
	int rc, again;

	if (size < PREFIX)
		return 0;
	how = data[0];
	world_init(&world);
	arrange(&world, how);
	for (again = 0; again < (how & IS_TWICE ? 2 : 1); again++) {
		if (how & BY_CONTROL)
			rc = import_by_control(&world, data + PREFIX,
					       size - PREFIX);
		else
			rc = import_directly(&world, how, data + PREFIX,
					     size - PREFIX);
		world_run(&world);
		world_check(&world);
	}
	if (data[2])
		fake_fail(world.plat, failing[data[2] % 3], data[2] / 3 % 4,
			  ENOMEM);
	world_introduce(&world, WORLD_MOVED);
	fake_fail(world.plat, FAKE_ANY, 0, 0);
	world_introduce(&world, WORLD_MOVED);
	world_check(&world);
	if (!rc)
		require_exportable(&world);
	world_says(&world, XS_OP_CONTROL, "resume|5|", "OK");
	go_on(&world, data[1]);
	if (!rc)
		require_exportable(&world);
	world_end(&world);
	return 0;
}
