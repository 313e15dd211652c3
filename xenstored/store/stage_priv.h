/* SPDX-License-Identifier: GPL-2.0-only */
/* What a stage knows of one node; shared by stage.c and commit.c only. */
#ifndef XS_STORE_STAGE_PRIV_H
#define XS_STORE_STAGE_PRIV_H

#include "store/stage.h"

/* How the stage sees the node. */
#define XS_D_PRESENT 0x0001 /* it exists */
#define XS_D_THROUGH 0x0002 /* base's children show through */
/* What commit has to do, in this order. */
#define XS_D_CUT    0x0004 /* remove what stands there */
#define XS_D_FRESH  0x0008 /* then create it */
#define XS_D_ENSURE 0x0010 /* create it unless it stands there */
#define XS_D_VALUE  0x0020 /* give it this value */
#define XS_D_PERMS  0x0040 /* give it these permissions */
#define XS_D_TARGET 0x0080 /* a request named it: tell the watchers */
/* What replies depended on, as far as it was not the stage's own doing. */
#define XS_D_SAW_PRESENT 0x0100
#define XS_D_SAW_ABSENT	 0x0200
#define XS_D_SAW_VALUE	 0x0400
#define XS_D_SAW_PERMS	 0x0800
#define XS_D_SAW_LIST	 0x1000
/* Used while committing. */
#define XS_D_GONE   0x2000 /* something above it is cut */
#define XS_D_CREATE 0x4000 /* will be created */
#define XS_D_DONE   0x8000 /* has been applied */

#define XS_D_WRITES \
	(XS_D_CUT | XS_D_FRESH | XS_D_ENSURE | XS_D_VALUE | XS_D_PERMS)

struct xs_delta {
	struct xs_map_link link; /* by parent and name */
	struct xs_list children; /* the fresh ones in order of creation */
	struct xs_list sibling;
	struct xs_list touched;
	struct xs_delta *parent;
	struct xs_node *base; /* at the time of the stage; NULL: none */
	const char *name;
	struct xs_perms *perms; /* instead of base's */
	char *value;		/* with XS_D_VALUE */
	uint32_t value_len;
	uint32_t value_room;
	uint16_t name_len;
	uint16_t flags;
	uint8_t asked_yes; /* XS_PERM_* the replies found granted */
	uint8_t asked_no;  /* and denied, by base or the nearest above it */

	struct xs_node *here; /* what stands there when committing */
	struct xs_node *now;  /* what stands there afterwards */
	struct xs_node *new_node;
	struct xs_version *version;
	char *buf;
	struct xs_account *account;
	struct xs_perms *old_perms;
};

struct xs_delta *xs_delta_next(const struct xs_delta *top,
			       const struct xs_delta *d);
int xs_stage_inherit(struct xs_stage *stage, struct xs_perms *from,
		     struct xs_perms **permsp);

#endif
