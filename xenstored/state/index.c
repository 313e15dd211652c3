/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hash map of a known maximal size, for one pass over an image. */
#include "state/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An empty index of at most max items; -ENOMEM. */
int xs_index_init(struct xs_index *index, uint32_t max,
		  const struct xs_hash_key *hash_key)
{
	int rc;

	memset(index, 0, sizeof(*index));
	index->hash_key = hash_key;
	rc = xs_map_init(&index->map);
	if (rc)
		return rc;
	rc = xs_map_reserve(&index->map, max);
	if (rc)
		return rc;
	index->entries = calloc(max ? max : 1, sizeof(*index->entries));
	return index->entries ? 0 : -ENOMEM;
}

/* Also after a failed xs_index_init(), or of zeros. */
void xs_index_fini(struct xs_index *index)
{
	xs_map_fini(&index->map);
	free(index->entries);
	index->entries = NULL;
}

static bool span_equal(const struct xs_span *a, const struct xs_span *b)
{
	return a->len == b->len &&
	       (!a->len || !memcmp(a->data, b->data, a->len));
}

static uint32_t hash(const struct xs_index *index,
		     const struct xs_index_key *key)
{
	uint32_t h = 0;

	if (key->b.len)
		h = xs_hash(index->hash_key, ~key->number, key->b.data,
			    key->b.len);
	return xs_hash(index->hash_key, key->number ^ (uint64_t)h << 32,
		       key->a.data, key->a.len);
}

static uint32_t find(const struct xs_index *index,
		     const struct xs_index_key *key, uint32_t h)
{
	const struct xs_map_link *link;

	for (link = xs_map_bucket(&index->map, h); link; link = link->next) {
		const struct xs_index_entry *entry = (const void *)link;

		if (link->hash == h && entry->key.number == key->number &&
		    span_equal(&entry->key.a, &key->a) &&
		    span_equal(&entry->key.b, &key->b))
			return entry->item;
	}
	return XS_INDEX_NONE;
}

/* The item with that key, or XS_INDEX_NONE. */
uint32_t xs_index_find(const struct xs_index *index,
		       const struct xs_index_key *key)
{
	return find(index, key, hash(index, key));
}

/*
 * Adds an item, whose key's texts stay borrowed.  Returns the item that has
 * this key already, and adds nothing then, or XS_INDEX_NONE.
 */
uint32_t xs_index_add(struct xs_index *index, const struct xs_index_key *key,
		      uint32_t item)
{
	uint32_t h = hash(index, key), old = find(index, key, h);
	struct xs_index_entry *entry;

	if (old != XS_INDEX_NONE)
		return old;
	entry = &index->entries[index->n++];
	entry->key = *key;
	entry->item = item;
	xs_map_add(&index->map, &entry->link, h);
	return XS_INDEX_NONE;
}
