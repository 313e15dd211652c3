/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds items of an image by a number and up to two texts. */
#ifndef XS_STATE_INDEX_H
#define XS_STATE_INDEX_H

#include "state/image.h"

struct xs_index_key {
	uint64_t number;
	struct xs_span a;
	struct xs_span b;
};

struct xs_index_entry {
	struct xs_map_link link;
	struct xs_index_key key;
	uint32_t item;
};

struct xs_index {
	struct xs_map map;
	struct xs_index_entry *entries;
	uint32_t n;
	const struct xs_hash_key *hash_key;
};

#define XS_INDEX_NONE UINT32_MAX

int xs_index_init(struct xs_index *index, uint32_t max,
		  const struct xs_hash_key *hash_key);
void xs_index_fini(struct xs_index *index);
uint32_t xs_index_find(const struct xs_index *index,
		       const struct xs_index_key *key);
uint32_t xs_index_add(struct xs_index *index, const struct xs_index_key *key,
		      uint32_t item);

#endif
