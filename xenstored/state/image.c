/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an image is made of, and its memory.
 *
 * I1  Whatever hangs off an image lies in its arrays, in its chunks, or is
 *     borrowed from who added it and outlives the image.
 * I2  An addition that fails changes nothing.
 */
#include "state/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state/pool.h"
#include "wire/perm.h"

#define CHUNK_SIZE  (32u * 1024)
#define FIRST_ALLOC 16

struct xs_image_chunk {
	struct xs_image_chunk *next;
	size_t used;
	size_t size;
	uint64_t data[];
};

enum array {
	CONNS,
	WATCHES,
	NODES,
	DOMAINS,
	TXNS,
	UNKNOWNS,
};

/*
 * An empty image.  The key, unpredictable where images may be hostile, is for
 * the hash maps of validation; NULL: any will do.
 */
void xs_image_init(struct xs_image *image, const struct xs_hash_key *key)
{
	memset(image, 0, sizeof(*image));
	image->version = 2;
	image->global.socket_fd = -1;
	image->global.evtchn_fd = -1;
	if (key)
		image->key = *key;
}

/* Frees what the image has of its own. */
void xs_image_fini(struct xs_image *image)
{
	struct xs_image_chunk *chunk = image->chunks;
	uint32_t i;

	while (chunk) {
		struct xs_image_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
	for (i = 0; i < image->n_txns; i++)
		free(image->txns[i].requests);
	free(image->conns);
	free(image->watches);
	free(image->nodes);
	free(image->domains);
	free(image->txns);
	free(image->unknowns);
	memset(image, 0, sizeof(*image));
}

/* Memory that lives as long as the image, aligned for anything; or NULL. */
void *xs_image_alloc(struct xs_image *image, size_t size)
{
	struct xs_image_chunk *chunk = image->chunks;
	size_t want, left = chunk ? chunk->size - chunk->used : 0;
	uint8_t *p;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + 7) & ~(size_t)7;
	if (size > left) {
		want = size > CHUNK_SIZE ? size : CHUNK_SIZE;
		chunk = malloc(sizeof(*chunk) + want);
		if (!chunk)
			return NULL;
		chunk->used = 0;
		chunk->size = want;
		if (want - size >= left || !image->chunks) {
			chunk->next = image->chunks;
			image->chunks = chunk;
		} else { /* the old one has more to give */
			chunk->next = image->chunks->next;
			image->chunks->next = chunk;
		}
	}
	p = (uint8_t *)chunk->data + chunk->used;
	chunk->used += size;
	return p;
}

/* A copy of data that lives as long as the image; -ENOMEM. */
int xs_image_keep(struct xs_image *image, const void *data, size_t len,
		  struct xs_span *spanp)
{
	uint8_t *copy = xs_image_alloc(image, len ? len : 1);

	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, data, len);
	spanp->data = copy;
	spanp->len = len;
	return 0;
}

/* The same for permissions. */
int xs_image_keep_perms(struct xs_image *image, const struct xs_perm *perms,
			uint16_t n, const struct xs_perm **permsp)
{
	struct xs_span span;
	int rc = xs_image_keep(image, perms, n * sizeof(*perms), &span);

	if (!rc)
		*permsp = (const void *)span.data;
	return rc;
}

/* The same for quotas; their names stay borrowed. */
int xs_image_keep_quotas(struct xs_image *image,
			 const struct xs_image_quota *quotas, uint32_t n,
			 const struct xs_image_quota **quotasp)
{
	struct xs_span span;
	int rc = xs_image_keep(image, quotas, n * sizeof(*quotas), &span);

	if (!rc)
		*quotasp = (const void *)span.data;
	return rc;
}

/* Room in *arrayp for one more than the n that are there; -ENOMEM. */
static int make_room(void **arrayp, uint32_t n, uint32_t *n_allocp, size_t size)
{
	uint32_t want;
	void *array;

	if (n < *n_allocp)
		return 0;
	if (n > UINT32_MAX / 2)
		return -ENOMEM;
	want = n ? 2 * n : FIRST_ALLOC;
	array = reallocarray(*arrayp, want, size);
	if (!array)
		return -ENOMEM;
	*arrayp = array;
	*n_allocp = want;
	return 0;
}

#define ADD(image, array, which, item)                                  \
	({                                                              \
		void *p_ = (image)->array;                              \
		int rc_ = make_room(&p_, (image)->n_##array,            \
				    &(image)->n_alloc[which],           \
				    sizeof(*(image)->array));           \
		(image)->array = p_;                                    \
		if (!rc_)                                               \
			(image)->array[(image)->n_##array++] = *(item); \
		rc_;                                                    \
	})

/*
 * These add a copy of what they are given to the end of the image; what its
 * spans and pointers name stays borrowed.  -ENOMEM.
 */
int xs_image_add_conn(struct xs_image *image, const struct xs_image_conn *conn)
{
	return ADD(image, conns, CONNS, conn);
}

int xs_image_add_watch(struct xs_image *image,
		       const struct xs_image_watch *watch)
{
	return ADD(image, watches, WATCHES, watch);
}

int xs_image_add_node(struct xs_image *image, const struct xs_image_node *node)
{
	return ADD(image, nodes, NODES, node);
}

int xs_image_add_domain(struct xs_image *image,
			const struct xs_image_domain *domain)
{
	return ADD(image, domains, DOMAINS, domain);
}

int xs_image_add_unknown(struct xs_image *image,
			 const struct xs_image_unknown *unknown)
{
	return ADD(image, unknowns, UNKNOWNS, unknown);
}

/* Its requests are not taken over; they follow with xs_image_add_request(). */
int xs_image_add_txn(struct xs_image *image, const struct xs_image_txn *txn)
{
	struct xs_image_txn copy = *txn;

	copy.requests = NULL;
	copy.n_requests = copy.n_alloc = 0;
	return ADD(image, txns, TXNS, &copy);
}

/* Adds to the log of the last transaction; -EINVAL if there is none. */
int xs_image_add_request(struct xs_image *image,
			 const struct xs_image_request *request)
{
	struct xs_image_txn *txn;
	void *p;
	int rc;

	if (!image->n_txns)
		return -EINVAL;
	txn = &image->txns[image->n_txns - 1];
	p = txn->requests;
	rc = make_room(&p, txn->n_requests, &txn->n_alloc,
		       sizeof(*txn->requests));
	txn->requests = p;
	if (!rc)
		txn->requests[txn->n_requests++] = *request;
	return rc;
}
