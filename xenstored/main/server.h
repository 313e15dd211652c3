/* SPDX-License-Identifier: GPL-2.0-only */
/* One whole daemon: everything it knows hangs off struct xs_server. */
#ifndef XS_MAIN_SERVER_H
#define XS_MAIN_SERVER_H

#include <stdbool.h>

struct xs_image;
struct xs_plat;
struct xs_server;
struct xs_settings;

int xs_server_new(void *ctx, const struct xs_settings *settings,
		  struct xs_plat *plat, struct xs_server **serverp);
int xs_server_start(struct xs_server *server);
int xs_server_restore(struct xs_server *server, const struct xs_image *image,
		      bool by_oxenstored);
void xs_server_set_args(struct xs_server *server, const char *const *args,
			const char *const *args_417);
int xs_server_turn(struct xs_server *server, int timeout_ms, bool *quitp);
void xs_server_free(struct xs_server *server);

#endif
