/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store as simple as can be: an array with a place for every path there
 * is, copied whole for a transaction.  What the real one does is held against
 * it.
 */
#ifndef XS_UNIT_MODEL_H
#define XS_UNIT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/perms.h"

/* "/", /a, /b, /c, /a/a ... /c/c/c */
#define MODEL_PATHS 40
#define MODEL_PERMS 3
#define MODEL_REPLY 64

struct model_node {
	bool present;
	uint8_t len;
	uint8_t n_perms;
	char value[4];
	struct xs_perm perm[MODEL_PERMS];
	uint32_t born; /* order among its siblings */
};

struct model_store {
	struct model_node node[MODEL_PATHS];
	uint32_t births;
};

enum model_kind {
	MODEL_READ,
	MODEL_LIST,
	MODEL_GET_PERMS,
	MODEL_WRITE,
	MODEL_MKDIR,
	MODEL_RM,
	MODEL_SET_PERMS,
	MODEL_KINDS
};

struct model_op {
	enum model_kind kind;
	unsigned int path;
	uint8_t len;
	uint8_t n_perms;
	char value[4];
	struct xs_perm perm[MODEL_PERMS];
};

struct model_reply {
	int rc;
	size_t len;
	char bytes[MODEL_REPLY];
};

void model_init(struct model_store *store);
unsigned int model_parent(unsigned int path);
void model_path_text(unsigned int path, char text[8]);
unsigned int model_access(const struct model_node *node,
			  const struct xs_cred *cred);
unsigned int model_nearest(const struct model_store *store, unsigned int path);
unsigned int model_children(const struct model_store *store, unsigned int path,
			    unsigned int found[3]);
void model_apply(struct model_store *store, const struct xs_cred *cred,
		 const struct model_op *op, struct model_reply *reply);
bool model_same_reply(const struct model_reply *a, const struct model_reply *b);
/* As world_dump(), without the specials. */
void model_dump(const struct model_store *store, char *text, size_t max);
void model_op_text(const struct model_op *op, char text[64]);

#endif
