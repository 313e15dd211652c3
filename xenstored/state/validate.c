/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Says whether an image makes sense, and whether for a given use.
 *
 * I1  Linear in the size of the image, whatever is in it: what has to be
 *     distinct is looked up in hash maps whose key the attacker does not know.
 * I2  The image is not changed.
 * I3  Everything wrong is reported, not only the first.
 */
#include <stdarg.h>
#include <string.h>

#include "state/judge.h"
#include "state/records.h"

#define PAYLOAD_MAX  4096 /* a relative path came in a request */
#define NAME(symbol) xs_record_name(XS_RECORD_##symbol)

static void report(struct xs_judge *j, enum xs_image_severity severity,
		   struct xs_image_error *err)
{
	err->severity = severity;
	if (severity == XS_IMAGE_WRONG)
		j->n_wrong++;
	if (j->report)
		j->report(j->arg, err);
}

/* A rule is broken. */
void xs_judge_wrong(struct xs_judge *j, enum xs_rule rule, const char *type,
		    struct xs_image_at at, const char *fmt, ...)
{
	struct xs_image_error err;
	va_list ap;

	va_start(ap, fmt);
	xs_rule_vbroken(&err, rule, type, at, fmt, ap);
	va_end(ap);
	report(j, XS_IMAGE_WRONG, &err);
}

/* A rule is bent. */
void xs_judge_note(struct xs_judge *j, enum xs_rule rule, const char *type,
		   struct xs_image_at at, const char *fmt, ...)
{
	struct xs_image_error err;
	va_list ap;

	va_start(ap, fmt);
	xs_rule_vbroken(&err, rule, type, at, fmt, ap);
	va_end(ap);
	report(j, XS_IMAGE_NOTE, &err);
}

/* Whether it has to be all that a daemon needs. */
bool xs_judge_is_whole(const struct xs_judge *j)
{
	return j->use == XS_IMAGE_USE_LIVE_UPDATE ||
	       j->use == XS_IMAGE_USE_LOAD || j->use == XS_IMAGE_USE_417;
}

/* Whether a domain can have that number. */
bool xs_judge_is_domid(uint32_t domid)
{
	return domid < XS_IMAGE_FIRST_RESERVED;
}

/* A bit for each character that a name may have: letters, digits, -_@ */
static bool is_name_char(uint8_t c)
{
	static const uint64_t legal[2] = {0x03ff200000000000,
					  0x07fffffe87ffffff};

	return c < 128 && legal[c / 64] >> c % 64 & 1;
}

/*
 * Whether the path is legal: "/", or names between single slashes, after a
 * slash; after '@' for an event; after nothing if it may be relative.
 */
bool xs_judge_is_path(const struct xs_span *path, bool relative_too)
{
	bool in_name = false;
	size_t i;

	if (!path->len || path->len > XS_IMAGE_PATH_MAX)
		return false;
	if (path->len == 1 && path->data[0] == '/')
		return true;
	i = path->data[0] == '/' || path->data[0] == '@';
	if (!i && (!relative_too || path->len > PAYLOAD_MAX))
		return false;
	for (; i < path->len; i++) {
		if (path->data[i] == '/' ? !in_name
					 : !is_name_char(path->data[i]))
			return false;
		in_name = path->data[i] != '/';
	}
	return in_name;
}

/* The connection with that id, or NULL. */
const struct xs_image_conn *xs_judge_conn(const struct xs_judge *j,
					  uint32_t conn_id)
{
	const struct xs_index_key key = {.number = conn_id};
	uint32_t i = xs_index_find(&j->conns, &key);

	return i == XS_INDEX_NONE ? NULL : &j->image->conns[i];
}

/* The ring of that domain, or NULL. */
const struct xs_image_conn *xs_judge_ring(const struct xs_judge *j,
					  uint32_t domid)
{
	const struct xs_index_key key = {.number = domid};
	uint32_t i = xs_index_find(&j->rings, &key);

	return i == XS_INDEX_NONE ? NULL : &j->image->conns[i];
}

static void judge_stream(struct xs_judge *j, size_t len)
{
	const struct xs_image *image = j->image;
	uint32_t i;

	if (len > image->len)
		xs_judge_note(j, XS_RULE_E_3, NULL,
			      (struct xs_image_at){image->len, 0},
			      "%zu bytes follow END", len - image->len);
	if (j->use == XS_IMAGE_USE_DOMAIN && image->n_records &&
	    image->sum != XS_IMAGE_SUM_GOOD)
		xs_judge_wrong(j, XS_RULE_K_4, NAME(CHECKSUM),
			       (struct xs_image_at){image->len, 0},
			       "there is none");
	for (i = 0; i < image->n_unknowns; i++) {
		const struct xs_image_unknown *u = &image->unknowns[i];

		if (u->type == XS_RECORD_NODE)
			xs_judge_note(j, XS_RULE_U_2, NAME(NODE), u->at,
				      "the node of a transaction is left out");
		else
			xs_judge_note(j, XS_RULE_U_1, "unknown", u->at,
				      "type 0x%x is left out", u->type);
	}
}

static void judge_global(struct xs_judge *j)
{
	const struct xs_image_global *global = &j->image->global;
	bool whole = xs_judge_is_whole(j);
	const char *type = NAME(GLOBAL);

	if (whole && !global->present)
		xs_judge_wrong(j, XS_RULE_G_2, type, global->at,
			       "there is none");
	if (j->use == XS_IMAGE_USE_DOMAIN && global->present)
		xs_judge_wrong(j, XS_RULE_G_3, type, global->at,
			       "describes a whole daemon");
	if (!whole || !global->present)
		return;
	if (global->socket_fd < -1 || global->evtchn_fd < -1)
		xs_judge_wrong(j, XS_RULE_G_4, type, global->at,
			       "file descriptors %d and %d are negative",
			       global->socket_fd, global->evtchn_fd);
	else if (global->socket_fd == global->evtchn_fd &&
		 global->socket_fd >= 0)
		xs_judge_wrong(j, XS_RULE_G_4, type, global->at,
			       "file descriptor %d is there twice",
			       global->socket_fd);
}

static int judge_quotas(struct xs_judge *j, enum xs_rule rule, const char *type,
			struct xs_image_at at,
			const struct xs_image_quota *quotas, uint32_t n)
{
	char quote[XS_QUOTE_TEXT];
	struct xs_index names;
	uint32_t i;
	int rc;

	rc = n ? xs_index_init(&names, n, &j->image->key) : 0;
	for (i = 0; !rc && i < n; i++) {
		const struct xs_index_key key = {.a = quotas[i].name};

		if (!key.a.len)
			xs_judge_wrong(j, rule, type, at,
				       "quota %u has no name", i);
		else if (xs_index_add(&names, &key, i) != XS_INDEX_NONE)
			xs_judge_wrong(j, rule, type, at,
				       "quota %s is there twice",
				       xs_span_quote(&key.a, quote));
	}
	if (n)
		xs_index_fini(&names);
	return rc;
}

/* Names of quotas for each domain, and those for all, are two lists. */
static int judge_global_quota(struct xs_judge *j)
{
	const struct xs_image_global_quota *quota = &j->image->quota;
	int rc;

	if (!quota->present)
		return 0;
	rc = judge_quotas(j, XS_RULE_Q_3, NAME(GLOBAL_QUOTA), quota->at,
			  quota->quotas, quota->n_domain);
	if (!rc && quota->n_global)
		rc = judge_quotas(j, XS_RULE_Q_3, NAME(GLOBAL_QUOTA), quota->at,
				  quota->quotas + quota->n_domain,
				  quota->n_global);
	return rc;
}

static int judge_domains(struct xs_judge *j)
{
	const struct xs_image *image = j->image;
	struct xs_index domids;
	uint32_t i;
	int rc = xs_index_init(&domids, image->n_domains, &image->key);

	for (i = 0; !rc && i < image->n_domains; i++) {
		const struct xs_image_domain *domain = &image->domains[i];
		const struct xs_index_key key = {.number = domain->domid};

		if (!xs_judge_is_domid(domain->domid))
			xs_judge_wrong(j, XS_RULE_D_3, NAME(DOMAIN), domain->at,
				       "domid %u is reserved", domain->domid);
		else if (xs_index_add(&domids, &key, i) != XS_INDEX_NONE)
			xs_judge_wrong(j, XS_RULE_D_3, NAME(DOMAIN), domain->at,
				       "domain %u is there twice",
				       domain->domid);
		if (j->use == XS_IMAGE_USE_DOMAIN &&
		    domain->domid != image->origin.domid)
			xs_judge_wrong(j, XS_RULE_D_5, NAME(DOMAIN), domain->at,
				       "domain %u is not the one of the origin",
				       domain->domid);
		rc = judge_quotas(j, XS_RULE_D_4, NAME(DOMAIN), domain->at,
				  domain->quotas, domain->n_quotas);
	}
	xs_index_fini(&domids);
	return rc;
}

static void judge_origin(struct xs_judge *j)
{
	const struct xs_image_origin *origin = &j->image->origin;
	const char *type = NAME(ORIGIN);
	bool is_domain = origin->present && origin->kind == XS_IMAGE_DOMAIN;

	if (j->use == XS_IMAGE_USE_DOMAIN && !is_domain)
		xs_judge_wrong(j, XS_RULE_P_4, type, origin->at,
			       "does not say that this is one domain");
	if (is_domain && !xs_judge_is_domid(origin->domid))
		xs_judge_wrong(j, XS_RULE_P_4, type, origin->at,
			       "domid %u is reserved", origin->domid);
	if (xs_judge_is_whole(j) && is_domain)
		xs_judge_wrong(j, XS_RULE_P_5, type, origin->at,
			       "says that this is domain %u alone",
			       origin->domid);
}

/*
 * Reports, in no particular order of the stream, what is wrong with the image
 * for that use, and what is odd.  0: it can be used; 1: it cannot; -ENOMEM.
 */
int xs_image_validate(const struct xs_image *image, enum xs_image_use use,
		      xs_image_report_fn *fn, void *arg)
{
	struct xs_judge j = {
		.image = image, .use = use, .report = fn, .arg = arg};
	int rc;

	judge_stream(&j, image->stream_len);
	judge_global(&j);
	judge_origin(&j);
	rc = judge_global_quota(&j);
	if (!rc)
		rc = xs_judge_conns(&j);
	if (!rc)
		rc = xs_judge_watches(&j);
	if (!rc)
		rc = xs_judge_txns(&j);
	if (!rc)
		rc = xs_judge_nodes(&j);
	if (!rc)
		rc = judge_domains(&j);
	xs_index_fini(&j.conns);
	xs_index_fini(&j.rings);
	return rc ? rc : j.n_wrong > 0;
}
