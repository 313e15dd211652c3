/* SPDX-License-Identifier: GPL-2.0-only */
/* xsdump info, show and stats: what an operator asks first. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cursor.h"
#include "jsonw.h"
#include "state/crc32c.h"
#include "wire/perm.h"
#include "xsdump.h"

#define ERRNO_MAX 4096 /* not a valid one */

static void put_field(const char *name, const struct xs_span *span)
{
	if (!span->len)
		return;
	printf("%-12s ", name);
	xsd_put_text(stdout, span->data, span->len);
	putchar('\n');
}

static void put_time(uint64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[40] = "";
	struct tm tm;

	if (!seconds)
		return;
	if (seconds < (1ull << 40) && gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	printf("%-12s %s\n", "time", *text ? text : "far away");
}

static void put_origin(const struct xs_image *image)
{
	const struct xs_image_origin *origin = &image->origin;

	if (!origin->present)
		return;
	if (origin->kind == XS_IMAGE_DOMAIN)
		printf("%-12s %u\n", "domain", origin->domid);
	put_field("uuid", &origin->uuid);
	put_field("host", &origin->host);
	put_field("xen", &origin->xen);
	put_field("daemon", &origin->daemon);
	put_time(origin->time);
	put_field("more", &origin->more);
}

struct verdict {
	unsigned int n_wrong, n_notes;
	struct xs_image_error first;
};

static void count(void *arg, const struct xs_image_error *err)
{
	struct verdict *verdict = arg;

	if (err->severity == XS_IMAGE_NOTE)
		verdict->n_notes++;
	else if (!verdict->n_wrong++)
		verdict->first = *err;
}

static int put_verdict(const struct xsd_file *file)
{
	static const char *const uses[] = {"looking at", "thawing one domain",
					   "a live update"};
	struct verdict verdict = {0};
	char text[XS_IMAGE_ERROR_TEXT];
	enum xs_image_use use;
	int rc = xsd_parse_use(NULL, file, &use);

	if (!rc)
		rc = xs_image_validate(&file->image, use, count, &verdict);
	if (rc < 0)
		return XSD_FAILED;
	printf("%-12s ", "verdict");
	xsd_color(stdout, rc ? "red" : "green");
	printf("%s", rc ? "not " : "");
	printf("good for %s", uses[use]);
	xsd_color(stdout, NULL);
	if (rc) {
		xs_image_error_format(&verdict.first, text);
		printf(": %u wrong, first: %s", verdict.n_wrong, text);
	}
	printf(verdict.n_notes ? ", %u notes\n" : "\n", verdict.n_notes);
	return rc ? XSD_DIFFER : XSD_OK;
}

static void put_offer_text(const json_t *offer, const char *name,
			   const char *title)
{
	const char *text = json_string_value(json_object_get(offer, name));

	if (!text)
		return;
	printf("%-12s ", title);
	xsd_put_text(stdout, text, strlen(text));
	putchar('\n');
}

static void put_offer_number(const json_t *offer, const char *name,
			     const char *title)
{
	const json_t *number = json_object_get(offer, name);

	if (json_is_integer(number))
		printf("%-12s %lld\n", title,
		       (long long)json_integer_value(number));
}

/* Whom it is about; false: it can't be read. */
static bool put_offer(const struct xsd_file *file)
{
	json_t *offer = json_loadb((const char *)file->offer, file->offer_len,
				   JSON_REJECT_DUPLICATES, NULL);
	const json_t *writer = json_object_get(offer, "writer");
	bool good = offer;

	if (!good)
		fprintf(stderr, "%s: the offer is not JSON\n", file->name);
	put_offer_number(offer, "domid", "offer of");
	put_offer_text(offer, "name", "name");
	put_offer_text(offer, "uuid", "uuid");
	put_offer_text(offer, "type", "type");
	put_offer_text(offer, "token", "token");
	put_offer_text(writer, "host", "from host");
	put_offer_text(writer, "xen", "with Xen");
	put_offer_text(writer, "cpu", "on");
	put_offer_number(offer, "vcpus", "vcpus");
	put_offer_number(offer, "memory_kb", "memory kB");
	printf("%-12s %zu\n", "devices",
	       json_array_size(json_object_get(offer, "devices")));
	json_decref(offer);
	return good;
}

/* What a save image says before the state in it, if there is one. */
static bool put_save(const struct xsd_file *file)
{
	const struct xcr_info *save = &file->save;
	bool good = true;

	printf("%-12s", "layers");
	if (save->has_xl)
		printf(" xl with flags 0x%x,", save->xl_flags);
	if (save->has_libxl)
		printf(" libxl %u,", save->libxl_version);
	printf(" libxc %u of Xen %u.%u\n", save->libxc_version, save->xen_major,
	       save->xen_minor);
	printf("%-12s %llu, %llu pages\n", "records",
	       (unsigned long long)save->records,
	       (unsigned long long)save->pages);
	if (file->offer)
		good = put_offer(file);
	return good;
}

static void put_state(const struct xsd_file *file)
{
	static const char *const sums[] = {"none", "good", "wrong"};
	const struct xs_image *image = &file->image;
	unsigned int rings = 0;
	uint32_t i;

	for (i = 0; i < image->n_conns; i++)
		rings += image->conns[i].kind == XS_IMAGE_RING;
	if (file->kind == XSD_STREAM || file->kind == XSD_SAVE)
		printf("%-12s %u, %s-endian\n", "version", image->version,
		       image->big_endian ? "big" : "little");
	if (file->kind == XSD_SAVE)
		printf("%-12s offset 0x%zx in the file\n", "place",
		       (size_t)(file->state - file->data));
	put_origin(image);
	printf("%-12s %u rings, %u sockets\n", "connections", rings,
	       image->n_conns - rings);
	printf("%-12s %u\n", "watches", image->n_watches);
	printf("%-12s %u\n", "transactions", image->n_txns);
	printf("%-12s %u\n", "nodes", image->n_nodes);
	printf("%-12s %u\n", "domains", image->n_domains);
	if (image->n_unknowns)
		printf("%-12s %u records\n", "unknown", image->n_unknowns);
	if (image->global.has_ext)
		printf("%-12s %llu\n", "generation",
		       (unsigned long long)image->global.gen);
	printf("%-12s %zu\n", "bytes", file->state_len);
	printf("%-12s %08x (CRC-32C), checksum in the file: %s\n", "hash",
	       xs_crc32c(0, file->state, file->state_len), sums[image->sum]);
}

static int put_info(const struct xsd_file *file)
{
	bool good = true;
	int rc = 0;

	if (file->kind == XSD_SAVE && !file->context)
		rc = xsd_need_state(file);
	if (rc)
		return rc;
	printf("%-12s %s\n", "kind", file->kind_name);
	if (file->kind == XSD_SAVE)
		good = put_save(file);
	if (file->context)
		good &= xsd_sum_up_context(file);
	if (file->has_state) {
		put_state(file);
		rc = put_verdict(file);
	}
	return rc ? rc : good ? XSD_OK : XSD_DIFFER;
}

int xsd_cmd_info(const struct xsd_options *opts)
{
	struct xsd_file file;
	int rc = xsd_read(opts->args[0], &file);

	if (!rc)
		rc = xsd_parse(&file, opts);
	if (!rc)
		rc = put_info(&file);
	if (!rc && file.n_damages)
		rc = XSD_DIFFER;
	xsd_unload(&file);
	return rc;
}

static const char *op_name(uint32_t type)
{
	static const char *const names[] = {
		"CONTROL",
		"DIRECTORY",
		"READ",
		"GET_PERMS",
		"WATCH",
		"UNWATCH",
		"TRANSACTION_START",
		"TRANSACTION_END",
		"INTRODUCE",
		"RELEASE",
		"GET_DOMAIN_PATH",
		"WRITE",
		"MKDIR",
		"RM",
		"SET_PERMS",
		"WATCH_EVENT",
		"ERROR",
		"IS_DOMAIN_INTRODUCED",
		"RESUME",
		"SET_TARGET",
		"type 20",
		"RESET_WATCHES",
		"DIRECTORY_PART",
	};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : "other";
}

/* Messages, of which the first skip bytes belong to one begun already. */
static void put_messages(const struct xs_image *image, const char *what,
			 const struct xs_span *span, uint32_t skip)
{
	struct xs_span payload;
	struct xs_rd rd;
	uint32_t type, req, tx, len;

	if (!span->len)
		return;
	printf("%s, %zu bytes\n", what, span->len);
	xs_rd_init(&rd, span->data, span->len);
	if (skip) {
		xs_rd_bytes(&rd, skip);
		printf("    the last %u bytes of a message\n", skip);
	}
	while (xs_rd_left(&rd) >= 16 && !rd.failed) {
		type = (uint32_t)xs_rd_int(&rd, 4, image->big_endian);
		req = (uint32_t)xs_rd_int(&rd, 4, image->big_endian);
		tx = (uint32_t)xs_rd_int(&rd, 4, image->big_endian);
		len = (uint32_t)xs_rd_int(&rd, 4, image->big_endian);
		payload.len = len < xs_rd_left(&rd) ? len : xs_rd_left(&rd);
		payload.data = xs_rd_bytes(&rd, payload.len);
		printf("    %s req %u tx %u, %u bytes ", op_name(type), req, tx,
		       len);
		xsd_put_value(stdout, &payload);
		puts(payload.len < len ? " (in part)" : "");
	}
	if (xs_rd_left(&rd))
		printf("    %zu bytes of a header\n", xs_rd_left(&rd));
}

static void put_conn(const struct xs_image *image,
		     const struct xs_image_conn *conn)
{
	printf("connection %u, local port %u", conn->id, conn->local_port);
	if (conn->has_ext)
		printf(", guest port %u%s%s%s, features 0x%x, last "
		       "transaction %u",
		       conn->guest_port, conn->ignored ? ", ignored" : "",
		       conn->shutdown_told ? ", shutdown told" : "",
		       conn->introduced ? "" : ", not introduced",
		       conn->ring_features, conn->last_tx_id);
	if (conn->target != XS_IMAGE_NO_DOMID)
		printf(", acts for domain %u", conn->target);
	putchar('\n');
	put_messages(image, "input not processed", &conn->in, 0);
	put_messages(image, "output not delivered", &conn->out,
		     conn->resp_left);
}

static void put_watches(const struct xs_image *image, uint32_t id)
{
	uint32_t i, n = 0;

	for (i = 0; i < image->n_watches; i++) {
		const struct xs_image_watch *watch = &image->watches[i];

		if (watch->conn_id != id)
			continue;
		if (!n++)
			puts("watches");
		fputs("    ", stdout);
		xsd_put_text(stdout, watch->path.data, watch->path.len);
		fputs(" token ", stdout);
		xsd_put_value(stdout, &watch->token);
		if (watch->depth >= 0)
			printf(" depth %d", watch->depth);
		putchar('\n');
	}
}

static void put_txns(const struct xs_image *image, uint32_t id)
{
	static const char *const kinds[] = {
		"READ",	 "DIRECTORY", "GET_PERMS", "WRITE",
		"MKDIR", "RM",	      "SET_PERMS"};
	uint32_t i, k;

	for (i = 0; i < image->n_txns; i++) {
		const struct xs_image_txn *txn = &image->txns[i];

		if (txn->conn_id != id)
			continue;
		printf("transaction %u, %llu ms old, %u requests%s\n",
		       txn->tx_id, (unsigned long long)txn->age_ms,
		       txn->n_requests, txn->doomed ? ", will get EAGAIN" : "");
		for (k = 0; k < txn->n_requests; k++) {
			const struct xs_image_request *rq = &txn->requests[k];

			printf("    %-9s ",
			       rq->kind < 7 ? kinds[rq->kind] : "?");
			xsd_put_text(stdout, rq->path.data, rq->path.len);
			if (rq->data.len) {
				putchar(' ');
				xsd_put_value(stdout, &rq->data);
			}
			if (rq->rc < 0 && rq->rc > -ERRNO_MAX)
				printf(" failed: %s", strerror(-rq->rc));
			else if (rq->rc)
				printf(" result %d", rq->rc);
			putchar('\n');
		}
	}
}

static void put_quotas(const struct xs_image *image, uint32_t domid)
{
	uint32_t i, k, nodes = 0, watches = 0;
	const struct xs_image_conn *conn = xsd_find_ring(image, domid);

	for (i = 0; i < image->n_nodes; i++)
		nodes += image->nodes[i].perms[0].domid == domid;
	for (i = 0; conn && i < image->n_watches; i++)
		watches += image->watches[i].conn_id == conn->id;
	printf("owns %u nodes, %u watches\n", nodes, watches);
	for (i = 0; i < image->n_domains; i++) {
		const struct xs_image_domain *domain = &image->domains[i];

		if (domain->domid != domid)
			continue;
		printf("features 0x%x\n", domain->features);
		for (k = 0; k < domain->n_quotas; k++) {
			fputs("    quota ", stdout);
			xsd_put_text(stdout, domain->quotas[k].name.data,
				     domain->quotas[k].name.len);
			printf(" %u\n", domain->quotas[k].value);
		}
	}
}

static int show_domain(const struct xsd_file *file, const char *number)
{
	const struct xs_image_conn *conn;
	char *end;
	long domid = strtol(number, &end, 10);

	if (!*number || *end || domid < 0) {
		fputs("xsdump: say: xsdump show FILE domain N\n", stderr);
		return XSD_FAILED;
	}
	if (xsd_need_state(file))
		return XSD_DIFFER;
	conn = xsd_find_ring(&file->image, (uint32_t)domid);
	printf("domain %ld\n", domid);
	if (conn) {
		put_conn(&file->image, conn);
		put_watches(&file->image, conn->id);
		put_txns(&file->image, conn->id);
	} else {
		puts("has no connection");
	}
	put_quotas(&file->image, (uint32_t)domid);
	return conn ? XSD_OK : XSD_DIFFER;
}

static int show_context(const struct xsd_file *file)
{
	if (file->context)
		return xsd_put_context(file) ? XSD_OK : XSD_DIFFER;
	fprintf(stderr, "%s: there is no context in it\n", file->name);
	return XSD_DIFFER;
}

static int show_offer(const struct xsd_file *file)
{
	struct jsonw w = {.out = stdout};

	if (!file->offer) {
		fprintf(stderr, "%s: there is no offer in it\n", file->name);
		return XSD_DIFFER;
	}
	jsonw_open(&w, NULL, false);
	xsd_json_offer(&w, file);
	jsonw_close(&w);
	return XSD_OK;
}

static int show(const struct xsd_file *file, const struct xsd_options *opts)
{
	const char *what = opts->args[1];

	if (!strcmp(what, "domain") && opts->n_args == 3)
		return show_domain(file, opts->args[2]);
	if (!strcmp(what, "context") && opts->n_args == 2)
		return show_context(file);
	if (!strcmp(what, "offer") && opts->n_args == 2)
		return show_offer(file);
	fputs("xsdump: show FILE takes domain N, context or offer\n", stderr);
	return XSD_FAILED;
}

int xsd_cmd_show(const struct xsd_options *opts)
{
	struct xsd_file file;
	int rc = xsd_read(opts->args[0], &file);

	if (!rc)
		rc = xsd_parse(&file, opts);
	if (!rc)
		rc = show(&file, opts);
	if (!rc && file.n_damages)
		rc = XSD_DIFFER;
	xsd_unload(&file);
	return rc;
}
