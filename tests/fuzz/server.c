/* SPDX-License-Identifier: GPL-2.0-only */
/* The server with its inside out: what a target looks at when all is done. */
#include "../../xenstored/main/server.c"

#include "fuzz/world.h"

struct xs_conns *world_conns(struct world *world)
{
	return &world->server->conns;
}
