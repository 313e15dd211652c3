/* SPDX-License-Identifier: GPL-2.0-only */
/* The whole daemon as a state stream. */
#ifndef XS_LIVE_SAVE_H
#define XS_LIVE_SAVE_H

#include <stdbool.h>

struct xs_conns;
struct xs_image_out;

/* Positive result: what the reply says cannot be helped now. */
enum {
	XS_LIVE_E_REFUSED = 1
};

#define XS_LIVE_TEXT 512

int xs_live_save(struct xs_conns *conns, bool for_417, struct xs_image_out *out,
		 char text[XS_LIVE_TEXT]);

#endif
