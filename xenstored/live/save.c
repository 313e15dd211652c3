/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writing down everything the daemon has.
 *
 * I1  Nothing changes; what the image borrows lasts until this returns.
 * I2  Linear in the size of the state.
 */
#include "live/save.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conn/conn.h"
#include "conn/domain.h"
#include "freeze/save.h"
#include "plat/plat.h"
#include "state/image.h"
#include "store/store.h"

static int save_quotas(struct xs_image *image, const struct xs_limits *limits)
{
	struct xs_image_quota quotas[XS_N_QUOTAS + 1];
	const char *name = "soft-memory";
	unsigned int i;

	for (i = 0; i < XS_N_QUOTAS; i++) {
		const char *s = xs_quota_name((enum xs_quota)i);

		quotas[i].name.data = (const uint8_t *)s;
		quotas[i].name.len = strlen(s);
		quotas[i].value = limits->max[i];
	}
	quotas[i].name.data = (const uint8_t *)name;
	quotas[i].name.len = strlen(name);
	quotas[i].value = limits->soft_memory;
	image->quota.present = true;
	image->quota.n_domain = XS_N_QUOTAS + 1;
	return xs_image_keep_quotas(image, quotas, XS_N_QUOTAS + 1,
				    &image->quota.quotas);
}

static void save_global(struct xs_image *image, const struct xs_conns *conns)
{
	struct xs_plat_live live;

	plat_live_get(conns->plat, &live);
	image->global.present = true;
	image->global.has_ext = true;
	image->global.socket_fd = live.listener;
	image->global.evtchn_fd = live.event_channels;
	image->global.gen = conns->store->tree.gen;
	image->global.last_conn_id = conns->last_id;
}

static int save_domains(struct xs_image *image, const struct xs_conns *conns)
{
	struct xs_map_link *link, *next;
	uint32_t i;
	int rc = 0;

	xs_map_for_each(link, next, &conns->domains, i) {
		if (!rc)
			rc = xs_save_domain(
				image,
				xs_container_of(link, struct xs_domain, link));
	}
	return rc;
}

static int save_conns(struct xs_image *image, const struct xs_conns *conns)
{
	struct xs_list *pos;
	int rc;

	xs_list_for_each(pos, &conns->all) {
		const struct xs_conn *conn =
			xs_list_entry(pos, struct xs_conn, link);

		rc = xs_save_conn(image, conn, conn->id);
		if (rc)
			return rc;
	}
	return 0;
}

static int save_nodes(struct xs_image *image, const struct xs_tree *tree)
{
	const struct xs_node *node = NULL;
	int rc = 0;

	while (!rc && (node = xs_node_next_child(tree->specials, node, XS_NOW)))
		rc = xs_save_node(image, tree, node);
	return rc ? rc : xs_save_subtree(image, tree, tree->root);
}

static int fill(struct xs_image *image, struct xs_conns *conns)
{
	int rc;

	image->version = 2;
	save_global(image, conns);
	rc = save_quotas(image, &conns->store->accounts.limits);
	if (!rc)
		rc = save_conns(image, conns);
	if (!rc)
		rc = save_nodes(image, &conns->store->tree);
	return rc ? rc : save_domains(image, conns);
}

static void note_first(void *arg, const struct xs_image_error *err)
{
	char *text = arg, line[XS_IMAGE_ERROR_TEXT];

	if (text[0] || err->severity != XS_IMAGE_WRONG)
		return;
	xs_image_error_format(err, line);
	snprintf(text, XS_LIVE_TEXT, "Cannot be handed over: %s", line);
}

/*
 * The state as a stream, for our daemon or for one like that of 4.17, which
 * would crash over some of what there can be: XS_LIVE_E_REFUSED and a text.
 * -ENOMEM, -E2BIG.  out is the caller's to finish, also at an error.
 */
int xs_live_save(struct xs_conns *conns, bool for_417, struct xs_image_out *out,
		 char text[XS_LIVE_TEXT])
{
	struct xs_image image;
	int rc;

	text[0] = '\0';
	xs_image_init(&image, &conns->key);
	rc = fill(&image, conns);
	if (!rc && for_417)
		rc = xs_image_validate(&image, XS_IMAGE_USE_417, note_first,
				       text);
	if (!rc)
		rc = xs_image_encode(&image,
				     for_417 ? &xs_image_format_417
					     : &xs_image_format_ours,
				     out);
	xs_image_fini(&image);
	return rc > 0 ? XS_LIVE_E_REFUSED : rc;
}
