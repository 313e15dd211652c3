/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xsdump diff: two states, item by item.
 *
 * Each state becomes a list of items, a key and a text, sorted by key; then
 * the lists are merged.  Rings are known by their domain, sockets by their
 * number, so that renumbered connections are no difference.
 */
#include <stdlib.h>
#include <string.h>

#include "xsdump.h"

struct item {
	char *key;  /* printable */
	char *text; /* printable */
};

struct list {
	struct item *items;
	size_t n, n_alloc;
};

struct text {
	FILE *out;
	char *data;
	size_t len;
};

static void text_begin(struct text *text)
{
	text->data = NULL;
	text->out = open_memstream(&text->data, &text->len);
	if (!text->out) {
		perror("xsdump");
		exit(XSD_FAILED);
	}
}

static char *text_end(struct text *text)
{
	if (fclose(text->out) || !text->data) {
		fputs("xsdump: out of memory\n", stderr);
		exit(XSD_FAILED);
	}
	return text->data;
}

/* Takes both texts over. */
static void add(struct list *list, struct text *key, struct text *value)
{
	struct item *items;

	if (list->n == list->n_alloc) {
		list->n_alloc = 2 * list->n_alloc + 64;
		items = realloc(list->items, list->n_alloc * sizeof(*items));
		if (!items) {
			fputs("xsdump: out of memory\n", stderr);
			exit(XSD_FAILED);
		}
		list->items = items;
	}
	list->items[list->n].key = text_end(key);
	list->items[list->n++].text = text_end(value);
}

static void add_nodes(struct list *list, const struct xs_image *image)
{
	struct text key, value;
	uint32_t i;

	for (i = 0; i < image->n_nodes; i++) {
		const struct xs_image_node *node = &image->nodes[i];

		text_begin(&key);
		text_begin(&value);
		fputs("node ", key.out);
		xsd_put_text(key.out, node->path.data, node->path.len);
		xsd_put_value(value.out, &node->value);
		fputc(' ', value.out);
		xsd_put_perms(value.out, node);
		add(list, &key, &value);
	}
}

static void add_conns(struct list *list, const struct xs_image *image)
{
	struct text key, value;
	char name[32];
	uint32_t i;

	for (i = 0; i < image->n_conns; i++) {
		const struct xs_image_conn *conn = &image->conns[i];

		text_begin(&key);
		text_begin(&value);
		xsd_conn_name(conn, name);
		fprintf(key.out, "connection %s", name);
		if (conn->target != XS_IMAGE_NO_DOMID)
			fprintf(value.out, "for domain %u ", conn->target);
		if (conn->has_ext)
			fprintf(value.out, "guest port %u features 0x%x%s ",
				conn->guest_port, conn->ring_features,
				conn->ignored ? " ignored" : "");
		fputs("in ", value.out);
		xsd_put_value(value.out, &conn->in);
		fprintf(value.out, " out (%u) ", conn->resp_left);
		xsd_put_value(value.out, &conn->out);
		add(list, &key, &value);
	}
}

static void add_watches(struct list *list, const struct xs_image *image)
{
	struct text key, value;
	char name[32];
	uint32_t i;

	for (i = 0; i < image->n_watches; i++) {
		const struct xs_image_watch *watch = &image->watches[i];

		text_begin(&key);
		text_begin(&value);
		xsd_conn_name(xsd_find_conn(image, watch->conn_id), name);
		fprintf(key.out, "watch of %s: ", name);
		xsd_put_text(key.out, watch->path.data, watch->path.len);
		fputc(' ', key.out);
		xsd_put_value(key.out, &watch->token);
		if (watch->depth >= 0)
			fprintf(value.out, "depth %d", watch->depth);
		add(list, &key, &value);
	}
}

static void add_txns(struct list *list, const struct xs_image *image)
{
	struct text key, value;
	char name[32];
	uint32_t i, k;

	for (i = 0; i < image->n_txns; i++) {
		const struct xs_image_txn *txn = &image->txns[i];

		text_begin(&key);
		text_begin(&value);
		xsd_conn_name(xsd_find_conn(image, txn->conn_id), name);
		fprintf(key.out, "transaction %u of %s", txn->tx_id, name);
		fprintf(value.out, "%s%u requests",
			txn->doomed ? "doomed " : "", txn->n_requests);
		for (k = 0; k < txn->n_requests; k++) {
			const struct xs_image_request *rq = &txn->requests[k];

			fprintf(value.out, "; %u ", rq->kind);
			xsd_put_text(value.out, rq->path.data, rq->path.len);
			fputc(' ', value.out);
			xsd_put_value(value.out, &rq->data);
			fprintf(value.out, " %d", rq->rc);
		}
		add(list, &key, &value);
	}
}

static void add_quotas(struct list *list, const char *whose,
		       const struct xs_image_quota *quotas, uint32_t n)
{
	struct text key, value;
	uint32_t i;

	for (i = 0; i < n; i++) {
		text_begin(&key);
		text_begin(&value);
		fprintf(key.out, "quota of %s: ", whose);
		xsd_put_text(key.out, quotas[i].name.data, quotas[i].name.len);
		fprintf(value.out, "%u", quotas[i].value);
		add(list, &key, &value);
	}
}

static void add_domains(struct list *list, const struct xs_image *image)
{
	struct text key, value;
	char name[32];
	uint32_t i;

	add_quotas(list, "each domain", image->quota.quotas,
		   image->quota.n_domain);
	if (image->quota.n_global)
		add_quotas(list, "all",
			   image->quota.quotas + image->quota.n_domain,
			   image->quota.n_global);
	for (i = 0; i < image->n_domains; i++) {
		snprintf(name, sizeof(name), "domain %u",
			 image->domains[i].domid);
		text_begin(&key);
		text_begin(&value);
		fprintf(key.out, "features of %s", name);
		fprintf(value.out, "0x%x", image->domains[i].features);
		add(list, &key, &value);
		add_quotas(list, name, image->domains[i].quotas,
			   image->domains[i].n_quotas);
	}
}

static int by_key(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int rc = strcmp(x->key, y->key);

	return rc ? rc : strcmp(x->text, y->text);
}

static void fill(struct list *list, const struct xs_image *image)
{
	add_conns(list, image);
	add_domains(list, image);
	add_nodes(list, image);
	add_txns(list, image);
	add_watches(list, image);
	if (list->n)
		qsort(list->items, list->n, sizeof(*list->items), by_key);
}

static void empty(struct list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		free(list->items[i].key);
		free(list->items[i].text);
	}
	free(list->items);
}

static void put(char sign, const struct item *item, bool stat)
{
	if (stat)
		return;
	xsd_color(stdout, sign == '+' ? "green" : "red");
	printf("%c %s %s", sign, item->key, item->text);
	xsd_color(stdout, NULL);
	putchar('\n');
}

static void put_change(const struct item *a, const struct item *b, bool stat)
{
	if (stat)
		return;
	xsd_color(stdout, "yellow");
	printf("~ %s %s -> %s", a->key, a->text, b->text);
	xsd_color(stdout, NULL);
	putchar('\n');
}

/* The number of differences. */
static size_t merge(const struct list *a, const struct list *b, bool stat)
{
	size_t i = 0, k = 0, plus = 0, minus = 0, changed = 0;
	int order;

	while (i < a->n || k < b->n) {
		order = i == a->n   ? 1
			: k == b->n ? -1
				    : strcmp(a->items[i].key, b->items[k].key);
		if (order < 0) {
			put('-', &a->items[i++], stat);
			minus++;
		} else if (order > 0) {
			put('+', &b->items[k++], stat);
			plus++;
		} else {
			if (strcmp(a->items[i].text, b->items[k].text)) {
				put_change(&a->items[i], &b->items[k], stat);
				changed++;
			}
			i++;
			k++;
		}
	}
	if (stat)
		printf("%zu added, %zu removed, %zu changed\n", plus, minus,
		       changed);
	return plus + minus + changed;
}

/* 0 same, 1 different, 2 one of them could not be read. */
int xsd_cmd_diff(const struct xsd_options *opts)
{
	struct list a = {0}, b = {0};
	struct xsd_file one, two;
	int rc;

	if (opts->n_args != 2) {
		fputs("xsdump: say: xsdump diff FILE FILE\n", stderr);
		return XSD_FAILED;
	}
	rc = xsd_load(opts->args[0], opts, &one);
	if (!rc) {
		rc = xsd_load(opts->args[1], opts, &two);
		if (!rc) {
			fill(&a, &one.image);
			fill(&b, &two.image);
		}
		xsd_unload(&two);
	}
	xsd_unload(&one);
	if (!rc)
		rc = merge(&a, &b, opts->stat) ? XSD_DIFFER : XSD_OK;
	else
		rc = XSD_FAILED;
	empty(&a);
	empty(&b);
	return rc;
}
