/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page through which a domain talks to the store (Xen public header
 * io/xs_wire.h, docs/misc/xenstore-ring.txt).
 */
#ifndef XS_CONN_RING_H
#define XS_CONN_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XS_RING_SIZE 1024

/* What the server can do, offered in server_features. */
#define XS_FEATURE_RECONNECTION 1u
#define XS_FEATURE_ERROR	2u
#define XS_FEATURE_WATCHDEPTH	4u
#define XS_FEATURE_DOMID_ANY	8u
#define XS_FEATURES_ALL		15u

enum xs_ring_error {
	XS_RING_ERROR_NONE = 0,
	XS_RING_ERROR_COMM = 1,
	XS_RING_ERROR_RINGIDX = 2,
	XS_RING_ERROR_PROTO = 3,
};

/* Positive result: the guest's indexes make no sense. */
enum {
	XS_RING_E_INDEX = 1
};

int xs_ring_read(void *page, void *buf, size_t max, size_t *lenp);
int xs_ring_write(void *page, const void *data, size_t len, size_t *lenp);
bool xs_ring_has_input(const void *page);
void xs_ring_reset(void *page);
void xs_ring_set_error(void *page, enum xs_ring_error error);
void xs_ring_set_features(void *page, uint32_t features);
uint32_t xs_ring_features(const void *page);
bool xs_ring_wants_reconnect(const void *page);
void xs_ring_set_connected(void *page);

#endif
