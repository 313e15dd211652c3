/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nodes, as they are now and as every open snapshot still sees them.
 *
 * Nothing here asks for permissions or quotas; that is stage.c's concern.
 */
#ifndef XS_STORE_TREE_H
#define XS_STORE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/charge.h"
#include "base/list.h"
#include "base/map.h"
#include "store/names.h"
#include "store/perms.h"

struct xs_accounts;
struct xs_version;

/* "at" for the present state. */
#define XS_NOW UINT64_MAX

/* Nodes that are freed at a time: as many as a guest may own by default. */
#define XS_TREE_SLICE 1000

/* A node's children. */
struct xs_dir {
	struct xs_list children; /* in order of creation, removed ones too */
	uint32_t n_children;	 /* those that exist now */
	uint32_t names_len;	 /* their names, each with a NUL */
	uint64_t gen;		 /* last time a child came or went */
	uint16_t writer;	 /* whose doing that was */
	uint16_t list;		 /* among xs_tree.names, 0: none */
};

/*
 * One name at one place.  perms is NULL when the node does not exist now and
 * only stays because a snapshot sees an older version of it.
 */
struct xs_node {
	struct xs_map_link link; /* by parent and name; spare: owner index */
	struct xs_list sibling;	 /* in the parent's dir */
	struct xs_node *parent;
	struct xs_dir *dir; /* NULL: never had a child */
	struct xs_perms *perms;
	struct xs_version *old; /* newest first */
	struct xs_charge charge;
	uint64_t gen; /* last change of value, permissions or existence */
	uint16_t value_len;
	uint16_t room; /* bytes for a value, or a pointer to it, behind name */
	uint16_t name_len;
	uint16_t writer; /* whose change gen was */
	char name[];
};

/* What a node was from gen on, until the next newer version. */
struct xs_version {
	struct xs_version *older;
	struct xs_node *node;
	struct xs_list kept; /* in the newest snapshot that sees it */
	struct xs_perms *perms;
	struct xs_charge charge; /* to that snapshot's account */
	uint64_t gen;
	char *value; /* its own copy */
	uint16_t value_len;
	uint16_t writer;
};

/* The tree as it was at gen. */
struct xs_snapshot {
	struct xs_list link; /* open snapshots, oldest first */
	struct xs_list kept; /* versions that no newer snapshot sees */
	struct xs_account *account;
	uint64_t gen;
	bool open;
	bool revoked; /* closed because it came to keep too much memory */
};

/* A directory and its path, to begin a walk there; dir is NULL if unknown. */
struct xs_recent {
	struct xs_node *dir;
	size_t len;
	char path[112];
};

struct xs_tree {
	struct xs_map nodes;
	struct xs_map owners;
	struct xs_hash_key key;
	struct xs_hash_key digest_key; /* for what leaves the daemon */
	struct xs_perms_table perms;
	struct xs_accounts *accounts;
	struct xs_list snapshots;
	struct xs_list doomed;	  /* subtrees that are being freed */
	struct xs_list deaths;	  /* of domains, since the oldest snapshot */
	struct xs_node *root;	  /* "/" */
	struct xs_node *specials; /* holds "@introduceDomain" and so on */
	struct xs_recent recent;  /* stage.c's; none once anything is removed */
	struct xs_names names;
	uint64_t gen;	       /* of the last change */
	uint32_t n_nodes;      /* that exist now, without the two above */
	uint16_t master_domid; /* owner of what must have one */
	bool over_memory;      /* some snapshot keeps more than it may */
};

/* How a node looks at some time. */
struct xs_node_state {
	struct xs_perms *perms;
	const char *value;
	uint16_t value_len;
	uint16_t writer;
	uint64_t gen;
};

int xs_tree_init(struct xs_tree *tree, struct xs_accounts *accounts,
		 const struct xs_hash_key *key, uint16_t owner);
void xs_tree_fini(struct xs_tree *tree);

/* Looking */
char *xs_node_value(const struct xs_node *node);
bool xs_node_at(const struct xs_node *node, uint64_t at,
		struct xs_node_state *state);
struct xs_node *xs_tree_child(const struct xs_tree *tree,
			      const struct xs_node *parent, const char *name,
			      size_t len, uint64_t at);
uint32_t xs_tree_hash(const struct xs_tree *tree, const void *parent,
		      const char *name, size_t len);
struct xs_node *xs_tree_child_of_hash(const struct xs_tree *tree,
				      const struct xs_node *parent,
				      const char *name, size_t len,
				      uint32_t hash, uint64_t at);
const struct xs_node *xs_tree_find_double(const struct xs_tree *tree);
struct xs_node *xs_node_next_child(const struct xs_node *parent,
				   const struct xs_node *after, uint64_t at);
struct xs_node *xs_node_next(const struct xs_node *top,
			     const struct xs_node *node, uint64_t at);
uint64_t xs_node_list_gen(const struct xs_node *node);
size_t xs_node_path(const struct xs_tree *tree, const struct xs_node *node,
		    char *buf, size_t max);
int xs_node_order(const struct xs_node *a, const struct xs_node *b);
void xs_tree_drop_owner(struct xs_tree *tree, uint16_t domid);
size_t xs_tree_owned(const struct xs_tree *tree, uint16_t domid,
		     struct xs_node *const **nodesp);
void xs_tree_give_to_master(struct xs_tree *tree, uint16_t domid);

/* Changing: what can fail comes first and changes nothing */
struct xs_node *xs_node_new(const char *name, size_t name_len,
			    size_t value_len);
void xs_node_discard(struct xs_node *node);
size_t xs_node_bytes(size_t name_len, size_t value_len, unsigned int n_perms);
int xs_tree_prepare_dir(struct xs_node *node);
int xs_tree_prepare_owner(struct xs_tree *tree, uint16_t domid,
			  unsigned int n_more);
int xs_tree_prepare_change(const struct xs_tree *tree,
			   const struct xs_node *node,
			   struct xs_version **versionp);

uint64_t xs_tree_begin_change(struct xs_tree *tree);
void xs_tree_link(struct xs_tree *tree, struct xs_node *parent,
		  struct xs_node *node, struct xs_perms *perms_take,
		  struct xs_account *account, uint16_t writer);
void xs_tree_remove(struct xs_tree *tree, struct xs_node *node,
		    struct xs_version **version_take, uint16_t writer);
void xs_tree_set_value(struct xs_tree *tree, struct xs_node *node,
		       struct xs_version **version_take, char **buf_take,
		       const char *value, size_t len, uint16_t writer);
void xs_tree_set_perms(struct xs_tree *tree, struct xs_node *node,
		       struct xs_version **version_take,
		       struct xs_perms *perms_take, struct xs_account *account,
		       uint16_t writer);
void xs_tree_end_change(struct xs_tree *tree);

/* Snapshots */
void xs_snapshot_open(struct xs_tree *tree, struct xs_snapshot *snapshot,
		      struct xs_account *account);
void xs_snapshot_close(struct xs_tree *tree, struct xs_snapshot *snapshot);

void xs_snapshot_revoke_all(struct xs_tree *tree);
void xs_tree_note_death(struct xs_tree *tree, uint16_t domid);
bool xs_tree_died_since(const struct xs_tree *tree, uint16_t domid,
			uint64_t gen);

/* Shared by tree.c and snapshot.c only */
struct xs_version *xs_version_new(void);
void xs_version_free(struct xs_tree *tree, struct xs_version *version);
void xs_tree_retire(struct xs_tree *tree, struct xs_node *node,
		    struct xs_version **version_take);
void xs_tree_doom(struct xs_tree *tree, struct xs_node *top);
bool xs_tree_settle_some(struct xs_tree *tree);
void xs_tree_settle(struct xs_tree *tree);
bool xs_tree_has_room(struct xs_tree *tree, struct xs_account *account,
		      enum xs_quota quota, int64_t more);

#endif
