/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches, found by path: an event costs what it has watchers, not what the
 * host has watches.
 */
#ifndef XS_STORE_WATCH_H
#define XS_STORE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/charge.h"
#include "base/list.h"
#include "base/map.h"
#include "store/perms.h"

struct xs_node;
struct xs_path;
struct xs_tree;
struct xs_watch_place;

#define XS_WATCH_DEPTH_ALL (-1)

/* Whoever registers watches; embedded in a connection. */
struct xs_watcher {
	struct xs_cred cred;
	struct xs_list watches; /* in order of registration */
	uint32_t n_watches;
};

struct xs_watch {
	struct xs_list at;   /* in its place, in order of registration */
	struct xs_list mine; /* in its watcher */
	struct xs_watch_place *place;
	struct xs_watcher *watcher;
	struct xs_charge charge;
	int32_t depth;	   /* levels below the path, XS_WATCH_DEPTH_ALL */
	uint16_t prefix;   /* bytes of an event's path the client is not told */
	uint16_t path_len; /* whole path */
	uint16_t token_len; /* without NUL */
	char text[];	    /* path, token, NUL */
};

/* Queues an event for the watch's watcher; path is whole. */
typedef void xs_deliver_fn(void *arg, struct xs_watch *watch, const char *path,
			   size_t len, uint16_t cause);

struct xs_watches {
	struct xs_map places;
	struct xs_hash_key key;
	struct xs_watch_place *root;
	struct xs_watch_place *specials;
	xs_deliver_fn *deliver;
	void *deliver_arg;
	uint32_t n_watches;
};

int xs_watches_init(struct xs_watches *watches, const struct xs_hash_key *key,
		    xs_deliver_fn *deliver, void *arg);
void xs_watches_fini(struct xs_watches *watches);
void xs_watcher_init(struct xs_watcher *watcher);

int xs_watch_add(struct xs_watches *watches, struct xs_watcher *watcher,
		 struct xs_account *account, const struct xs_path *path,
		 const char *token, size_t token_len, int32_t depth,
		 struct xs_watch **watchp);
struct xs_watch *xs_watch_find(const struct xs_watches *watches,
			       const struct xs_watcher *watcher,
			       const struct xs_path *path, const char *token,
			       size_t token_len);
void xs_watch_remove(struct xs_watches *watches, struct xs_watch *watch);
void xs_watch_remove_all(struct xs_watches *watches,
			 struct xs_watcher *watcher);

static inline const char *xs_watch_token(const struct xs_watch *watch)
{
	return watch->text + watch->path_len;
}

/*
 * Permission lists that decide who is told of a change; any of them will do.
 * NULL where there is none.
 */
struct xs_watch_rights {
	const struct xs_perms *before;
	const struct xs_perms *after;
	const struct xs_perms *parent;
};

void xs_watch_fire(struct xs_watches *watches, const char *path, size_t len,
		   const struct xs_watch_rights *rights, uint16_t cause);
void xs_watch_fire_removal(struct xs_watches *watches,
			   const struct xs_tree *tree,
			   const struct xs_node *node, uint16_t cause);
void xs_watch_fire_special(struct xs_watches *watches, const char *name,
			   const struct xs_perms *perms, const uint16_t *domid);

#endif
