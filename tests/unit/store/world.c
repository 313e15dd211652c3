/* SPDX-License-Identifier: GPL-2.0-only */
#include "unit/store/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "store/check.h"
#include "wire/proto.h"

static const struct xs_hash_key key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

int world_init(struct world *w, const struct xs_settings *settings,
	       xs_deliver_fn *deliver, void *arg)
{
	int rc;

	memset(w, 0, sizeof(*w));
	if (settings)
		w->settings = *settings;
	else
		xs_settings_default(&w->settings);
	rc = xs_accounts_init(&w->accounts, &w->settings);
	if (rc)
		return rc;
	rc = xs_tree_init(&w->tree, &w->accounts, &key, 0);
	if (rc)
		return rc;
	rc = xs_watches_init(&w->watches, &key, deliver, arg);
	if (rc)
		return rc;
	return xs_stage_init(&w->now, &w->tree);
}

void world_fini(struct world *w)
{
	xs_stage_fini(&w->now);
	xs_watches_fini(&w->watches);
	if (w->tree.accounts)
		xs_tree_fini(&w->tree);
	if (w->accounts.map.buckets)
		xs_accounts_fini(&w->accounts);
	memset(w, 0, sizeof(*w));
}

struct xs_cred world_cred(uint16_t domid)
{
	struct xs_cred cred = {
		.domid = domid,
		.target = XS_DOMID_INVALID,
		.privileged = domid == 0,
	};

	return cred;
}

struct xs_path world_path(const char *text)
{
	struct xs_path path = {.text = text, .len = strlen(text)};

	return path;
}

struct xs_account *world_account(struct world *w, uint16_t domid)
{
	struct xs_account *account = NULL;

	if (xs_accounts_get(&w->accounts, domid, &account))
		return NULL;
	return account;
}

static int open_now(struct world *w, const struct xs_cred *cred)
{
	struct xs_account *account = world_account(w, cred->domid);

	if (!account)
		return -ENOMEM;
	xs_stage_open_now(&w->now, cred, account);
	return 0;
}

static int finish(struct world *w, int rc)
{
	if (!rc)
		return xs_stage_commit(&w->now, &w->watches);
	xs_stage_close(&w->now);
	return rc;
}

int world_write(struct world *w, const struct xs_cred *cred, const char *path,
		const char *value)
{
	struct xs_path p = world_path(path);
	int rc = open_now(w, cred);

	if (rc)
		return rc;
	if (value)
		rc = xs_stage_write(&w->now, &p, value, strlen(value));
	else
		rc = xs_stage_mkdir(&w->now, &p);
	return finish(w, rc);
}

int world_rm(struct world *w, const struct xs_cred *cred, const char *path)
{
	struct xs_path p = world_path(path);
	int rc = open_now(w, cred);

	return rc ? rc : finish(w, xs_stage_rm(&w->now, &p));
}

int world_set_perms(struct world *w, const struct xs_cred *cred,
		    const char *path, const char *perms)
{
	struct xs_path p = world_path(path);
	struct xs_perm entries[16];
	unsigned int n = world_perms(perms, entries);
	int rc = open_now(w, cred);

	return rc ? rc : finish(w, xs_stage_set_perms(&w->now, &p, entries, n));
}

unsigned int world_perms(const char *text, struct xs_perm *entries)
{
	char copy[128], *save = NULL, *word;
	unsigned int n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		if (xs_perm_parse(word, &entries[n++]))
			ck_abort_msg("bad permission in a test: %s", text);
	}
	return n;
}

static void dump_node(FILE *out, const struct xs_tree *tree,
		      const struct xs_node *node, uint64_t at)
{
	struct xs_node_state state;
	char path[XS_PATH_BUF], perm[XS_PERM_TEXT_MAX];
	size_t len = xs_node_path(tree, node, path, sizeof(path));
	unsigned int i;

	if (!xs_node_at(node, at, &state))
		ck_abort_msg("a node is listed that does not exist");
	fprintf(out, "%.*s=%.*s", (int)len, path, state.value_len,
		state.value_len ? state.value : "");
	for (i = 0; i < state.perms->n; i++) {
		xs_perm_format(&state.perms->entry[i], perm);
		fprintf(out, " %s", perm);
	}
	fputc('\n', out);
}

char *world_dump(const struct xs_tree *tree, uint64_t at)
{
	const struct xs_node *tops[] = {tree->root, tree->specials};
	const struct xs_node *node;
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	for (i = 0; i < 2; i++) {
		for (node = tops[i]; node;
		     node = xs_node_next(tops[i], node, at))
			dump_node(out, tree, node, at);
	}
	fclose(out);
	return text;
}

static void complain(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

void world_check(struct xs_tree *tree)
{
	ck_assert_uint_eq(xs_tree_check(tree, complain, NULL), 0);
}
