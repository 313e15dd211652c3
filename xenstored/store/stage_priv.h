/* SPDX-License-Identifier: GPL-2.0-only */
/* What a stage knows of one node; for delta.c, stage.c and commit.c only. */
#ifndef XS_STORE_STAGE_PRIV_H
#define XS_STORE_STAGE_PRIV_H

#include "store/stage.h"
#include "wire/path.h"

/* How the stage sees the node. */
#define XS_D_PRESENT 0x0001 /* it exists */
#define XS_D_THROUGH 0x0002 /* base's children show through */
/* What commit has to do, in this order. */
#define XS_D_CUT    0x0004 /* remove what stands there */
#define XS_D_FRESH  0x0008 /* then create it */
#define XS_D_VALUE  0x0010 /* give it this value */
#define XS_D_PERMS  0x0020 /* give it these permissions */
#define XS_D_TARGET 0x0040 /* a request named it: tell the watchers */
#define XS_D_ALONE  0x0100 /* removed by a request, then something above it */
/* Used while committing. */
#define XS_D_GONE   0x0080 /* something above it is cut */

#define XS_D_WRITES (XS_D_CUT | XS_D_FRESH | XS_D_VALUE | XS_D_PERMS)

enum xs_request_kind {
	XS_R_READ,
	XS_R_LIST,
	XS_R_PERMS,
	XS_R_WRITE, /* from here on they change something */
	XS_R_MKDIR,
	XS_R_RM,
	XS_R_SET_PERMS,
};

/* A request of a transaction and what it was told. */
struct xs_request {
	struct xs_list link;
	enum xs_request_kind kind;
	int rc;
	uint64_t gen; /* of the store when it was made */
	uint64_t sum; /* digest of what was read */
	struct xs_path path;
	char *data; /* value, or permission entries */
	size_t data_len;
};

struct xs_delta {
	struct xs_map_link link; /* by parent and name */
	struct xs_list children; /* the fresh ones in order of creation */
	struct xs_list sibling;
	struct xs_list touched;
	struct xs_delta *parent;
	struct xs_node *base; /* at the time of the stage; NULL: none */
	const char *name;
	struct xs_perms *perms; /* instead of base's */
	const char *value;	/* with XS_D_VALUE */
	uint32_t value_len;
	uint32_t told[XS_R_WRITE]; /* n_changes + 1 when it was read */
	uint16_t name_len;
	uint16_t flags;

	/* Used while committing. */
	struct xs_node *now; /* what stands there once all cuts are made */
	struct xs_node *new_node;
	struct xs_version *version;
	char *buf;
	struct xs_account *account;
	struct xs_perms *old_perms;
};

static inline struct xs_delta *xs_delta_entry(struct xs_list *pos)
{
	return xs_list_entry(pos, struct xs_delta, sibling);
}

struct xs_delta *xs_delta_next(const struct xs_delta *top,
			       const struct xs_delta *d);
int xs_delta_get(struct xs_stage *stage, const struct xs_path *path,
		 struct xs_delta **dp);
struct xs_delta *xs_delta_below(const struct xs_stage *stage,
				const struct xs_delta *parent, const char *name,
				size_t len);
struct xs_node_state xs_delta_base(const struct xs_stage *stage,
				   const struct xs_delta *d);
struct xs_perms *xs_delta_perms(const struct xs_stage *stage,
				const struct xs_delta *d);
bool xs_delta_is_below_cut(const struct xs_delta *d);
void xs_stage_forget_deltas(struct xs_stage *stage);
struct xs_request *xs_stage_new_request(struct xs_stage *stage,
					enum xs_request_kind kind,
					const struct xs_path *path,
					const void *data, size_t n);
int xs_stage_change(struct xs_stage *stage, struct xs_request *rq);
int xs_stage_reread(struct xs_stage *stage, enum xs_request_kind kind,
		    const struct xs_path *path, uint64_t *sump);
int xs_stage_replay(struct xs_stage *stage);

#endif
