/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A whole server, and clients and domains that do what the input says: a
 * script of one byte for what happens and as many more as that needs.  At the
 * end everybody goes, and nothing may be left (world_end()).
 */
#include <errno.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/world.h"

#define N_SOCKETS   4
#define N_DOMAINS   4 /* 0, whose ring is there from the start, and 1 to 3 */
#define CLIENTS_MAX 48
#define STEPS_MAX   256

struct script {
	const uint8_t *pos;
	const uint8_t *end;
};

struct scene {
	struct world world;
	int sockets[N_SOCKETS];
	unsigned int n_clients;
	struct script script;
};

static uint8_t next(struct script *s)
{
	return s->pos < s->end ? *s->pos++ : 0;
}

/* A length, and so many bytes if they are there. */
static size_t next_bytes(struct script *s, const uint8_t **datap)
{
	size_t len = next(s);

	if (len > (size_t)(s->end - s->pos))
		len = (size_t)(s->end - s->pos);
	*datap = s->pos;
	s->pos += len;
	return len;
}

static bool exists(struct scene *scene, xs_domid_t domid)
{
	struct xs_dominfo info;

	fake_fail(scene->world.plat, FAKE_ANY, 0, 0);
	return !plat_domain_get(scene->world.plat, domid, &info);
}

static void reconnect(struct scene *scene, unsigned int i)
{
	if (scene->n_clients == CLIENTS_MAX)
		return;
	scene->n_clients++;
	scene->sockets[i] = fake_connect(scene->world.plat);
}

/* A number below 8 is a socket's or, with N_SOCKETS added, a domain's. */
static void send_to(struct scene *scene, unsigned int who, const void *data,
		    size_t len)
{
	struct world *world = &scene->world;
	xs_domid_t domid = (xs_domid_t)(who % N_DOMAINS);

	if (who % 8 < N_SOCKETS)
		fake_send(world->plat, scene->sockets[who % N_SOCKETS], data,
			  len);
	else if (exists(scene, domid))
		world_ring_send(world, domid, data, len);
}

static void send_message(struct scene *scene)
{
	struct script *s = &scene->script;
	uint8_t buf[XS_HDR_SIZE + 256], type, tx, who = next(s);
	const uint8_t *payload;
	size_t len;

	type = next(s);
	tx = next(s);
	len = next_bytes(s, &payload);
	/* Numbers close to each other, so that one is likely to be hit. */
	len = world_message(buf, type % 32, tx % 16, payload, len);
	send_to(scene, who, buf, len);
}

static void send_bytes(struct scene *scene)
{
	uint8_t who = next(&scene->script);
	const uint8_t *data;
	size_t len = next_bytes(&scene->script, &data);

	send_to(scene, who, data, len);
}

/* Whatever is there is taken, or only a part of it. */
static void receive(struct scene *scene)
{
	struct world *world = &scene->world;
	uint8_t who = next(&scene->script), n = next(&scene->script);
	xs_domid_t domid = (xs_domid_t)(who % N_DOMAINS);
	char buf[4096];

	if (who % 8 < N_SOCKETS)
		fake_recv(world->plat, scene->sockets[who % N_SOCKETS], buf,
			  n < 128 ? n : sizeof(buf));
	else if (exists(scene, domid))
		world_ring_recv(world, domid, buf, n < 128 ? n : sizeof(buf));
}

static void scribble(struct scene *scene)
{
	struct world *world = &scene->world;
	uint8_t who = next(&scene->script), field = next(&scene->script);
	uint8_t how = next(&scene->script);
	xs_domid_t domid = (xs_domid_t)(who % N_DOMAINS);
	size_t at = RING_REQ_CONS + 4 * (field % 8u);
	uint32_t value;

	if (!exists(scene, domid))
		return;
	value = world_index(world, domid, at);
	switch (how % 4) {
	case 0:
		value += how / 4u;
		break;
	case 1:
		value -= how / 4u;
		break;
	case 2:
		value = how / 4u;
		break;
	default:
		value ^= 1u << how / 4 % 32;
		break;
	}
	world_set_index(world, domid, at, value);
	fake_signal(world->plat, domid, WORLD_PORT);
}

static void change_domain(struct scene *scene)
{
	struct world *world = &scene->world;
	uint8_t what = next(&scene->script);
	xs_domid_t domid = (xs_domid_t)(1 + what % (N_DOMAINS - 1));

	if (!exists(scene, domid)) {
		world_create(world, domid);
		return;
	}
	switch (what / 4 % 5) {
	case 0:
		fake_domain_shutdown(world->plat, domid);
		break;
	case 1:
		fake_domain_resume(world->plat, domid);
		break;
	case 2:
		fake_domain_dying(world->plat, domid);
		break;
	case 3:
		fake_domain_gone(world->plat, domid);
		break;
	default: /* another one before the daemon has seen the end */
		fake_domain_gone(world->plat, domid);
		world_create(world, domid);
		break;
	}
}

static void introduce(struct scene *scene)
{
	uint8_t what = next(&scene->script);
	char payload[16] = "1\0001\0005", buf[64];
	size_t len = 6;

	payload[0] = (char)('0' + what % 8);
	payload[4] = (char)('0' + (what / 8 % 8 ? WORLD_PORT : 6));
	if (what & 128)
		len = 2;
	len = world_message(buf, what & 128 ? XS_OP_RELEASE : XS_OP_INTRODUCE,
			    0, payload, len);
	fake_send(scene->world.plat, scene->sockets[0], buf, len);
}

static void change_socket(struct scene *scene)
{
	struct xs_plat *plat = scene->world.plat;
	uint8_t what = next(&scene->script);
	unsigned int i = what % N_SOCKETS;

	switch (what / 4 % 5) {
	case 0:
		fake_hangup(plat, scene->sockets[i]);
		reconnect(scene, i);
		break;
	case 1:
		fake_shutdown_write(plat, scene->sockets[i]);
		break;
	case 2:
		fake_stream_error(plat, scene->sockets[i], EIO);
		reconnect(scene, i);
		break;
	case 3:
		fake_stream_limits(plat, scene->sockets[i], 1 + what / 16u,
				   1 + what / 32u, 1 + what);
		break;
	default:
		reconnect(scene, i);
		break;
	}
}

static void fail_something(struct scene *scene)
{
	uint8_t call = next(&scene->script), n = next(&scene->script);

	fake_fail(scene->world.plat, call % (FAKE_N_CALLS + 1u), n % 16,
		  n & 16 ? ENOMEM : EIO);
}

static void step(struct scene *scene)
{
	switch (next(&scene->script) % 12) {
	case 0:
	case 1:
	case 2:
		send_message(scene);
		break;
	case 3:
		send_bytes(scene);
		break;
	case 4:
	case 5:
		world_run(&scene->world);
		break;
	case 6:
		receive(scene);
		break;
	case 7:
		scribble(scene);
		break;
	case 8:
		change_domain(scene);
		break;
	case 9:
		introduce(scene);
		break;
	case 10:
		change_socket(scene);
		break;
	default:
		if (scene->script.pos < scene->script.end &&
		    *scene->script.pos & 128)
			fake_advance(scene->world.plat,
				     1ull << next(&scene->script) % 18);
		else
			fail_something(scene);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scene scene = {.script = {data, data + size}};
	unsigned int i;

	world_init(&scene.world);
	world_guest(&scene.world, 1);
	world_guest(&scene.world, 2);
	world_create(&scene.world, 3);
	for (i = 0; i < N_SOCKETS; i++)
		reconnect(&scene, i);
	for (i = 0; i < STEPS_MAX && scene.script.pos < scene.script.end; i++)
		step(&scene);
	fake_fail(scene.world.plat, FAKE_ANY, 0, 0);
	world_run(&scene.world);
	world_check(&scene.world);
	for (i = 0; i < N_SOCKETS; i++)
		fake_hangup(scene.world.plat, scene.sockets[i]);
	world_end(&scene.world);
	return 0;
}
