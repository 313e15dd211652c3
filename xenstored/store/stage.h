/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests on nodes: the store as one client sees it at one time, together
 * with the changes it has made there and nobody else sees yet.
 *
 * A transaction is a stage over a snapshot; a single request that changes
 * something is a stage over the present that is committed at once.  So there
 * is one way to check and one way to change.
 */
#ifndef XS_STORE_STAGE_H
#define XS_STORE_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "store/tree.h"

struct xs_path;
struct xs_watches;
struct xs_delta;

struct xs_stage {
	struct xs_tree *tree;
	struct xs_cred cred;
	struct xs_account *account; /* the client's */
	struct xs_snapshot snapshot;
	uint64_t at; /* snapshot.gen, or XS_NOW */
	struct xs_map deltas;
	struct xs_list touched; /* in order of first access */
	uint32_t n_touched;
	uint32_t n_changes;
	struct xs_delta *root;
	struct xs_delta *specials;
	struct xs_arena arena;
	bool is_tx;
	bool doomed; /* some reply is known not to hold any more */
	struct xs_hash_key digest_key;
	struct xs_list log; /* a transaction's requests so far */
	struct xs_arena log_arena;
	uint16_t blame; /* after -EAGAIN: whose change was in the way */
};

int xs_stage_init(struct xs_stage *stage, struct xs_tree *tree);
void xs_stage_open_now(struct xs_stage *stage, const struct xs_cred *cred,
		       struct xs_account *account);
void xs_stage_open_snapshot(struct xs_stage *stage, const struct xs_cred *cred,
			    struct xs_account *account);
void xs_stage_close(struct xs_stage *stage);
void xs_stage_fini(struct xs_stage *stage);

int xs_stage_read(struct xs_stage *stage, const struct xs_path *path,
		  const char **valuep, size_t *lenp);
int xs_stage_perms(struct xs_stage *stage, const struct xs_path *path,
		   const struct xs_perms **permsp);

/*
 * Names of the children, each with a NUL; called until it returns nonzero.
 * Several may come in one piece, with the NULs between them.
 */
typedef int xs_name_fn(void *arg, const char *name, size_t len);
int xs_stage_list(struct xs_stage *stage, const struct xs_path *path,
		  uint64_t *genp, xs_name_fn *emit, void *arg);

/* Where in a list somebody stopped, so that the next part is found at once. */
struct xs_list_mark {
	const struct xs_node *dir; /* only ever compared */
	const struct xs_node *last;
	uint64_t gen;
	uint64_t offset;
};
int xs_stage_list_part(struct xs_stage *stage, const struct xs_path *path,
		       uint64_t offset, struct xs_list_mark *mark,
		       uint64_t *genp, xs_name_fn *emit, void *arg);

int xs_stage_write(struct xs_stage *stage, const struct xs_path *path,
		   const void *value, size_t len);
int xs_stage_mkdir(struct xs_stage *stage, const struct xs_path *path);
int xs_stage_rm(struct xs_stage *stage, const struct xs_path *path);
int xs_stage_set_perms(struct xs_stage *stage, const struct xs_path *path,
		       const struct xs_perm *entries, unsigned int n);

/* A transaction's log, to be taken elsewhere; kinds as in stage_priv.h. */
struct xs_stage_request {
	unsigned int kind;
	int rc;
	uint64_t sum;
	const struct xs_path *path;
	const void *data; /* value, or permission entries */
	size_t len;
};
typedef int xs_stage_request_fn(void *arg, const struct xs_stage_request *rq);
int xs_stage_each_request(const struct xs_stage *stage, xs_stage_request_fn *fn,
			  void *arg);
int xs_stage_holds(const struct xs_stage *stage, bool *holdsp);
int xs_stage_adopt(struct xs_stage *stage, const struct xs_stage_request *rq);

int xs_stage_commit(struct xs_stage *stage, struct xs_watches *watches);

#endif
