/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store ring.
 *
 *      0  requests, 1024 bytes      2048 req_cons    2064 server_features
 *   1024  replies, 1024 bytes       2052 req_prod    2068 connection
 *                                   2056 rsp_cons    2072 error
 *                                   2060 rsp_prod
 *
 * I1  The guest may write any byte of the page at any time.  An index is read
 *     once, checked and used; data is copied out once before it is looked at.
 * I2  An index of ours is out before the guest's is looked at again, for guests
 *     only signal who waits: without a full barrier both sides could see the
 *     other's old index, and each wait for the other for ever.
 * I3  The daemon keeps no index of its own: all there is to know about the
 *     ring is in the page, so that it can move with the guest's memory.
 */
#include "conn/ring.h"

#include <string.h>

#define OFF_REQ	       0
#define OFF_RSP	       1024
#define OFF_REQ_CONS   2048
#define OFF_REQ_PROD   2052
#define OFF_RSP_CONS   2056
#define OFF_RSP_PROD   2060
#define OFF_FEATURES   2064
#define OFF_CONNECTION 2068
#define OFF_ERROR      2072

#define CONNECTED      0
#define RECONNECT      1

static uint32_t get(const void *page, size_t off)
{
	const uint32_t *field =
		(const uint32_t *)(const void *)((const char *)page + off);

	return __atomic_load_n(field, __ATOMIC_ACQUIRE);
}

static void set(void *page, size_t off, uint32_t value)
{
	uint32_t *field = (uint32_t *)(void *)((char *)page + off);

	__atomic_store_n(field, value, __ATOMIC_RELEASE);
}

/* As set(), for an index: keeps I2. */
static void publish(void *page, size_t off, uint32_t index)
{
	set(page, off, index);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/*
 * Takes up to max bytes of requests out of the ring; *lenp says how many.
 * XS_RING_E_INDEX.
 */
int xs_ring_read(void *page, void *buf, size_t max, size_t *lenp)
{
	const char *ring = (const char *)page + OFF_REQ;
	uint32_t cons = get(page, OFF_REQ_CONS);
	uint32_t avail = get(page, OFF_REQ_PROD) - cons;
	size_t len, at, first;

	*lenp = 0;
	if (avail > XS_RING_SIZE)
		return XS_RING_E_INDEX;
	len = avail < max ? avail : max;
	if (!len)
		return 0;
	at = cons % XS_RING_SIZE;
	first = XS_RING_SIZE - at < len ? XS_RING_SIZE - at : len;
	memcpy(buf, ring + at, first);
	memcpy((char *)buf + first, ring, len - first);
	publish(page, OFF_REQ_CONS, cons + (uint32_t)len);
	*lenp = len;
	return 0;
}

/*
 * Puts as much of data into the ring as there is room for; *lenp says how
 * much.  XS_RING_E_INDEX.
 */
int xs_ring_write(void *page, const void *data, size_t len, size_t *lenp)
{
	char *ring = (char *)page + OFF_RSP;
	uint32_t prod = get(page, OFF_RSP_PROD);
	uint32_t used = prod - get(page, OFF_RSP_CONS);
	size_t at, first;

	*lenp = 0;
	if (used > XS_RING_SIZE)
		return XS_RING_E_INDEX;
	if (len > XS_RING_SIZE - used)
		len = XS_RING_SIZE - used;
	if (!len)
		return 0;
	at = prod % XS_RING_SIZE;
	first = XS_RING_SIZE - at < len ? XS_RING_SIZE - at : len;
	memcpy(ring + at, data, first);
	memcpy(ring, (const char *)data + first, len - first);
	publish(page, OFF_RSP_PROD, prod + (uint32_t)len);
	*lenp = len;
	return 0;
}

/* Whether xs_ring_read() would find something, if only an error. */
bool xs_ring_has_input(const void *page)
{
	return get(page, OFF_REQ_PROD) != get(page, OFF_REQ_CONS);
}

/* Empties both queues and clears the error. */
void xs_ring_reset(void *page)
{
	set(page, OFF_REQ_CONS, 0);
	set(page, OFF_REQ_PROD, 0);
	set(page, OFF_RSP_CONS, 0);
	set(page, OFF_RSP_PROD, 0);
	set(page, OFF_ERROR, XS_RING_ERROR_NONE);
}

/* Tells the guest why nothing more happens. */
void xs_ring_set_error(void *page, enum xs_ring_error error)
{
	set(page, OFF_ERROR, error);
}

void xs_ring_set_features(void *page, uint32_t features)
{
	set(page, OFF_FEATURES, features);
}

/* What the guest was promised, as far as the page can be believed. */
uint32_t xs_ring_features(const void *page)
{
	return get(page, OFF_FEATURES) & XS_FEATURES_ALL;
}

/* The guest asks for a fresh connection. */
bool xs_ring_wants_reconnect(const void *page)
{
	return get(page, OFF_CONNECTION) == RECONNECT;
}

/* The fresh connection is there. */
void xs_ring_set_connected(void *page)
{
	set(page, OFF_CONNECTION, CONNECTED);
}
