/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches.
 *
 * Watched paths form a tree of places beside the tree of nodes, since a path
 * may be watched that does not exist:
 *
 *   /local/domain/3/x changes:   look at the places of  /
 *                                                       /local
 *                                                       /local/domain ...
 *
 * and at most as many as the path has names are there to be looked at.
 *
 * I1  A place exists while it holds a watch or another place.
 * I2  A watch is in its place's and in its watcher's list, never in one only
 *     (two sources of truth were XSA-330 and XSA-512).
 */
#include "store/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/tree.h"
#include "wire/path.h"
#include "wire/proto.h"

struct xs_watch_place {
	struct xs_map_link link; /* by parent and name */
	struct xs_watch_place *parent;
	struct xs_list watches;
	uint32_t n_below; /* places */
	uint16_t name_len;
	char name[];
};

static struct xs_watch_place *new_place(struct xs_watch_place *parent,
					const char *name, size_t len)
{
	struct xs_watch_place *place = malloc(sizeof(*place) + len);

	if (!place)
		return NULL;
	place->parent = parent;
	place->n_below = 0;
	place->name_len = (uint16_t)len;
	if (len)
		memcpy(place->name, name, len);
	xs_list_init(&place->watches);
	if (parent)
		parent->n_below++;
	return place;
}

static uint32_t hash_of(const struct xs_watches *watches,
			const struct xs_watch_place *parent, const char *name,
			size_t len)
{
	return xs_hash(&watches->key, (uintptr_t)parent, name, len);
}

static struct xs_watch_place *find_below(const struct xs_watches *watches,
					 const struct xs_watch_place *parent,
					 const char *name, size_t len)
{
	struct xs_map_link *link;
	uint32_t hash;

	if (!parent->n_below)
		return NULL;
	hash = hash_of(watches, parent, name, len);
	for (link = xs_map_bucket(&watches->places, hash); link;
	     link = link->next) {
		struct xs_watch_place *place =
			xs_container_of(link, struct xs_watch_place, link);

		if (link->hash == hash && place->parent == parent &&
		    place->name_len == len && !memcmp(place->name, name, len))
			return place;
	}
	return NULL;
}

/* deliver is called for every event; -ENOMEM. */
int xs_watches_init(struct xs_watches *watches, const struct xs_hash_key *key,
		    xs_deliver_fn *deliver, void *arg)
{
	memset(watches, 0, sizeof(*watches));
	watches->key = *key;
	watches->deliver = deliver;
	watches->deliver_arg = arg;
	watches->root = new_place(NULL, NULL, 0);
	watches->specials = new_place(NULL, NULL, 0);
	if (xs_map_init(&watches->places) || !watches->root ||
	    !watches->specials)
		return -ENOMEM;
	return 0;
}

/* All watches must have been removed. */
void xs_watches_fini(struct xs_watches *watches)
{
	free(watches->root);
	free(watches->specials);
	xs_map_fini(&watches->places);
	memset(watches, 0, sizeof(*watches));
}

/* Somebody without watches. */
void xs_watcher_init(struct xs_watcher *watcher)
{
	memset(watcher, 0, sizeof(*watcher));
	watcher->cred.target = XS_DOMID_INVALID;
	xs_list_init(&watcher->watches);
}

/* Frees places that have become pointless, upwards (keeps I1). */
static void prune(struct xs_watches *watches, struct xs_watch_place *place)
{
	while (place->parent && !place->n_below &&
	       xs_list_is_empty(&place->watches)) {
		struct xs_watch_place *parent = place->parent;

		xs_map_remove(&watches->places, &place->link);
		parent->n_below--;
		free(place);
		place = parent;
	}
}

static struct xs_watch_place *top_of(const struct xs_watches *watches,
				     const char *path)
{
	return path[0] == '@' ? watches->specials : watches->root;
}

static struct xs_watch_place *get_place(struct xs_watches *watches,
					const struct xs_path *path)
{
	struct xs_watch_place *place = top_of(watches, path->text), *below;
	struct xs_path_iter it;

	xs_path_iter_init(&it, path);
	while (xs_path_iter_next(&it)) {
		below = find_below(watches, place, it.name, it.len);
		if (!below) {
			below = new_place(place, it.name, it.len);
			if (!below) {
				prune(watches, place);
				return NULL;
			}
			xs_map_add(&watches->places, &below->link,
				   hash_of(watches, place, it.name, it.len));
		}
		place = below;
	}
	return place;
}

static struct xs_watch_place *find_place(const struct xs_watches *watches,
					 const struct xs_path *path)
{
	struct xs_watch_place *place = top_of(watches, path->text);
	struct xs_path_iter it;

	xs_path_iter_init(&it, path);
	while (place && xs_path_iter_next(&it))
		place = find_below(watches, place, it.name, it.len);
	return place;
}

/* The watcher's watch of that path and token, or NULL. */
struct xs_watch *xs_watch_find(const struct xs_watches *watches,
			       const struct xs_watcher *watcher,
			       const struct xs_path *path, const char *token,
			       size_t token_len)
{
	struct xs_watch_place *place = find_place(watches, path);
	struct xs_list *pos;

	if (!place)
		return NULL;
	xs_list_for_each(pos, &place->watches) {
		struct xs_watch *w = xs_list_entry(pos, struct xs_watch, at);

		if (w->watcher == watcher && w->token_len == token_len &&
		    !memcmp(xs_watch_token(w), token, token_len))
			return w;
	}
	return NULL;
}

/*
 * Registers a watch, charged to account, which may refuse: XS_CHARGE_E_QUOTA.
 * -EEXIST: the watcher has this path with this token already; -ENOMEM.
 */
int xs_watch_add(struct xs_watches *watches, struct xs_watcher *watcher,
		 struct xs_account *account, const struct xs_path *path,
		 const char *token, size_t token_len, int32_t depth,
		 struct xs_watch **watchp)
{
	size_t size = sizeof(struct xs_watch) + path->len + token_len + 1;
	struct xs_watch *w;
	int rc;

	if (xs_watch_find(watches, watcher, path, token, token_len))
		return -EEXIST;
	w = calloc(1, size);
	if (!w)
		return -ENOMEM;
	rc = xs_charge_take(&w->charge, account, XS_QUOTA_WATCHES, size);
	if (rc) {
		free(w);
		return rc;
	}
	w->place = get_place(watches, path);
	if (!w->place) {
		xs_charge_release(&w->charge);
		free(w);
		return -ENOMEM;
	}
	w->watcher = watcher;
	w->depth = depth;
	w->prefix = (uint16_t)path->prefix;
	w->path_len = (uint16_t)path->len;
	w->token_len = (uint16_t)token_len;
	memcpy(w->text, path->text, path->len);
	memcpy(w->text + path->len, token, token_len);
	xs_list_add_tail(&w->place->watches, &w->at);
	xs_list_add_tail(&watcher->watches, &w->mine);
	watcher->n_watches++;
	watches->n_watches++;
	*watchp = w;
	return 0;
}

void xs_watch_remove(struct xs_watches *watches, struct xs_watch *watch)
{
	xs_list_remove(&watch->at);
	xs_list_remove(&watch->mine);
	watch->watcher->n_watches--;
	watches->n_watches--;
	xs_charge_release(&watch->charge);
	prune(watches, watch->place);
	free(watch);
}

void xs_watch_remove_all(struct xs_watches *watches, struct xs_watcher *watcher)
{
	while (!xs_list_is_empty(&watcher->watches))
		xs_watch_remove(watches, xs_list_entry(watcher->watches.next,
						       struct xs_watch, mine));
}

/* ---- Events ----------------------------------------------------------- */

static bool can_read(const struct xs_perms *perms, const struct xs_cred *cred)
{
	return perms && (xs_perms_access(perms, cred) & XS_PERM_READ);
}

/* XSA-115: only who may read the node or its parent hears of a change. */
static bool may_know(const struct xs_watch_rights *rights,
		     const struct xs_cred *cred)
{
	return cred->privileged || can_read(rights->after, cred) ||
	       can_read(rights->before, cred) || can_read(rights->parent, cred);
}

static void fire_place(struct xs_watches *watches,
		       const struct xs_watch_place *place, const char *path,
		       size_t len, int32_t levels,
		       const struct xs_watch_rights *rights, uint16_t cause)
{
	struct xs_list *pos;

	xs_list_for_each(pos, &place->watches) {
		struct xs_watch *w = xs_list_entry(pos, struct xs_watch, at);

		if (w->depth != XS_WATCH_DEPTH_ALL && w->depth < levels)
			continue;
		if (may_know(rights, &w->watcher->cred))
			watches->deliver(watches->deliver_arg, w, path, len,
					 cause);
	}
}

static int32_t count_names(const char *path, size_t len)
{
	int32_t n = 0;
	size_t i;

	for (i = 0; i < len; i++)
		n += path[i] == '/';
	return len == 1 ? 0 : n;
}

/*
 * The node at path changed: tells the watches of the path and of every path
 * above it.  cause: the domain that changed it.
 */
void xs_watch_fire(struct xs_watches *watches, const char *path, size_t len,
		   const struct xs_watch_rights *rights, uint16_t cause)
{
	const struct xs_path p = {.text = path, .len = len};
	const struct xs_watch_place *place = watches->root;
	int32_t levels = count_names(path, len);
	struct xs_path_iter it;

	fire_place(watches, place, path, len, levels, rights, cause);
	xs_path_iter_init(&it, &p);
	while (place->n_below && xs_path_iter_next(&it)) {
		place = find_below(watches, place, it.name, it.len);
		if (!place)
			break;
		levels--;
		fire_place(watches, place, path, len, levels, rights, cause);
	}
}

static struct xs_watch_place *place_of(const struct xs_watches *watches,
				       const char *path, size_t len)
{
	const struct xs_path p = {.text = path, .len = len};

	return find_place(watches, &p);
}

struct removal {
	const struct xs_node *node;
	struct xs_watch_place *place;
};

/* First child that has a place of its own, after another child or NULL. */
static bool next_watched_child(const struct xs_watches *watches,
			       const struct removal *parent,
			       const struct xs_node *after, struct removal *out)
{
	const struct xs_node *child = after;

	if (!parent->place->n_below)
		return false;
	while ((child = xs_node_next_child(parent->node, child, XS_NOW))) {
		out->place = find_below(watches, parent->place, child->name,
					child->name_len);
		if (out->place) {
			out->node = child;
			return true;
		}
	}
	return false;
}

static void descend(const struct xs_watches *watches, struct removal *at)
{
	struct removal child;

	while (next_watched_child(watches, at, NULL, &child))
		*at = child;
}

static void fire_exact(struct xs_watches *watches, const struct xs_tree *tree,
		       const struct removal *at, uint16_t cause)
{
	struct xs_watch_rights rights = {
		.before = at->node->perms,
		.parent = at->node->parent->perms,
	};
	char path[XS_PATH_BUF];
	size_t len;

	if (xs_list_is_empty(&at->place->watches))
		return;
	len = xs_node_path(tree, at->node, path, sizeof(path));
	if (len)
		fire_place(watches, at->place, path, len, 0, &rights, cause);
}

/*
 * The nodes below node are about to be removed with it: tells the watches of
 * exactly their paths, children first.  For node itself call xs_watch_fire().
 */
void xs_watch_fire_removal(struct xs_watches *watches,
			   const struct xs_tree *tree,
			   const struct xs_node *node, uint16_t cause)
{
	char path[XS_PATH_BUF];
	size_t len = xs_node_path(tree, node, path, sizeof(path));
	struct removal at = {.node = node}, next;

	at.place = len ? place_of(watches, path, len) : NULL;
	if (!at.place)
		return;
	descend(watches, &at);
	while (at.node != node) {
		struct removal up = {at.node->parent, at.place->parent};

		fire_exact(watches, tree, &at, cause);
		if (next_watched_child(watches, &up, at.node, &next)) {
			at = next;
			descend(watches, &at);
		} else {
			at = up;
		}
	}
}

/*
 * A special event: tells the watches of name that may read its node.  With
 * domid, those that asked for more than depth 0 hear which domain it was, as
 * do those of name/<domid>; without, the others hear the bare name.
 */
void xs_watch_fire_special(struct xs_watches *watches, const char *name,
			   const struct xs_perms *perms, const uint16_t *domid)
{
	const struct xs_watch_rights rights = {.after = perms};
	size_t name_len = strlen(name);
	struct xs_watch_place *place, *below;
	struct xs_list *pos;
	char path[64];
	size_t len = name_len;
	int n;

	place = find_below(watches, watches->specials, name, name_len);
	if (!place)
		return;
	memcpy(path, name, name_len);
	if (domid) {
		n = snprintf(path + len, sizeof(path) - len, "/%u", *domid);
		len += (size_t)n;
		below = find_below(watches, place, path + name_len + 1,
				   len - name_len - 1);
		if (below)
			fire_place(watches, below, path, len, 0, &rights, 0);
	}
	xs_list_for_each(pos, &place->watches) {
		struct xs_watch *w = xs_list_entry(pos, struct xs_watch, at);

		if ((w->depth > 0) != (domid != NULL))
			continue;
		if (may_know(&rights, &w->watcher->cred))
			watches->deliver(watches->deliver_arg, w, path, len, 0);
	}
}
