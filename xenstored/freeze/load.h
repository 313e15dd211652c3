/* SPDX-License-Identifier: GPL-2.0-only */
/* From an image of a connection to a connection that goes on where it was. */
#ifndef XS_FREEZE_LOAD_H
#define XS_FREEZE_LOAD_H

#include <stdint.h>

struct xs_conn;
struct xs_conns;
struct xs_image;
struct xs_image_conn;
struct xs_image_domain;
struct xs_image_txn;
struct xs_image_watch;
struct xs_limits;

int xs_load_io(struct xs_conn *conn, const struct xs_image_conn *c);
int xs_load_watch(struct xs_conn *conn, const struct xs_image_watch *w);
int xs_load_txn(struct xs_conn *conn, const struct xs_image_txn *t);
int xs_load_conn(struct xs_conn *conn, const struct xs_image *image,
		 const struct xs_image_conn *c);
void xs_load_limits(struct xs_limits *limits, const struct xs_image_domain *d);

#endif
