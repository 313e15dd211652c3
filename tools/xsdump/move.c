/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of a transparent stream come from four programs: xl's offer,
 * xenstored's state of the guest's store, Xen's context and the records around
 * them.  Each is held to its own rules; then they have to be about one guest.
 */
#include "move.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "state/records.h"
#include "xcr/context.h"

#define STORE_HEADER 8 /* of DOMAIN_XENSTORE_DATA */
#define TOKEN_LEN    32

void xsd_complain_record(const char *name, const struct xcr_problem *problem)
{
	xsd_put_text(stderr, name, strlen(name));
	fprintf(stderr,
		": %soffset 0x%llx, %s%s%s: ", problem->is_note ? "note: " : "",
		(unsigned long long)problem->offset,
		xcr_layer_name(problem->layer), problem->record ? " " : "",
		problem->record ? problem->record : "");
	xsd_put_text(stderr, problem->text, strlen(problem->text));
	fprintf(stderr, " (rule %s)\n", problem->rule);
}

static void on_problem(void *arg, const struct xcr_problem *problem)
{
	struct xsd_move *move = arg;

	if (problem->is_note)
		move->n_notes++;
	else
		move->n_wrong++;
	if (!move->silent)
		xsd_complain_record(move->name, problem);
}

static void wrong(struct xsd_move *move, const struct xcr_record *record,
		  const char *rule, const char *text)
{
	const struct xcr_problem problem = {
		.rule = rule,
		.layer = record ? record->layer : XCR_XL,
		.record = record ? record->name : NULL,
		.offset = record ? record->offset : 0,
		.text = text,
	};

	on_problem(move, &problem);
}

const uint8_t *xsd_state_in(const struct xcr_record *record,
			    const uint8_t *body, size_t *lenp)
{
	size_t len = (size_t)record->length;

	if (record->layer == XCR_LIBXL &&
	    record->type == XCR_LIBXL_XENSTORE_DATA && len >= STORE_HEADER) {
		body += STORE_HEADER;
		len -= STORE_HEADER;
	}
	if (record->layer == XCR_XL || len < XS_STREAM_HEADER_LEN ||
	    memcmp(body, XS_STREAM_IDENT, XS_STREAM_IDENT_LEN))
		return NULL;
	*lenp = len;
	return body;
}

/* -- the state of the store */

struct state_judge {
	struct xsd_move *move;
	size_t base; /* its offset in the stream */
};

static void on_state_problem(void *arg, const struct xs_image_error *err)
{
	struct state_judge *judge = arg;
	struct xsd_move *move = judge->move;

	if (err->severity == XS_IMAGE_NOTE)
		move->n_notes++;
	else
		move->n_wrong++;
	if (!move->silent)
		xsd_complain(move->name, judge->base, err);
}

/*
 * True if it could be read; the image is to be finished in any case.  What
 * comes with a guest that moves has to be good for a running daemon.
 */
static bool judge_state(struct xsd_move *move, struct xs_image *image,
			const void *data, size_t len, uint64_t base, bool moves)
{
	struct state_judge judge = {move, (size_t)base};
	struct xsd_file file = {.name = move->name};
	struct xs_image_error err;
	enum xs_image_use use = XS_IMAGE_USE_DOMAIN;
	int rc;

	xs_image_init(image, NULL);
	if (move->opts->salvage)
		rc = xs_image_salvage(image, data, len, on_state_problem,
				      &judge);
	else
		rc = xs_image_decode(image, data, len, &err);
	if (rc && !move->opts->salvage && rc != -ENOMEM)
		on_state_problem(&judge, &err);
	else if (rc)
		move->n_wrong++;
	if (rc)
		return false;
	file.image = *image;
	if ((!moves || move->opts->use) &&
	    xsd_parse_use(move->opts->use, &file, &use))
		move->n_wrong++;
	else if (xs_image_validate(image, use, on_state_problem, &judge) < 0)
		move->n_wrong++;
	return true;
}

static void on_state(struct xsd_move *move, const struct xcr_record *record,
		     const uint8_t *data, size_t len)
{
	uint64_t base = record->at + (uint64_t)(data - record->body);
	const struct xs_image_conn *conn;
	bool moves = record->layer == XCR_LIBXL &&
		     record->type == XCR_LIBXL_XENSTORE_DATA;
	struct xs_image image;

	if (judge_state(move, &image, data, len, base, moves) && moves) {
		conn = xsd_find_ring(&image, image.origin.domid);
		move->has_state = true;
		move->has_port = conn && conn->has_ext;
		move->domid = image.origin.domid;
		move->guest_port = move->has_port ? conn->guest_port : 0;
		snprintf(move->uuid, sizeof(move->uuid), "%.*s",
			 (int)image.origin.uuid.len,
			 image.origin.uuid.len
				 ? (const char *)image.origin.uuid.data
				 : "");
	}
	xs_image_fini(&image);
}

/* -- the offer */

static bool is_token(const char *text)
{
	return text && strlen(text) == TOKEN_LEN &&
	       strspn(text, "0123456789abcdef") == TOKEN_LEN;
}

/* Members that are missing or of a wrong type; NULL: none. */
static const char *bad_member(const json_t *offer)
{
	static const struct {
		const char *name;
		json_type type;
	} members[] = {
		{"version", JSON_INTEGER},   {"domid", JSON_INTEGER},
		{"uuid", JSON_STRING},	     {"name", JSON_STRING},
		{"type", JSON_STRING},	     {"token", JSON_STRING},
		{"writer", JSON_OBJECT},     {"vcpus", JSON_INTEGER},
		{"memory_kb", JSON_INTEGER}, {"context", JSON_OBJECT},
		{"grants", JSON_OBJECT},     {"devices", JSON_ARRAY},
	};
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const json_t *member = json_object_get(offer, members[i].name);

		if (!member || json_typeof(member) != members[i].type)
			return members[i].name;
	}
	if (json_integer_value(json_object_get(offer, "version")) != 1)
		return "version";
	if (!is_token(json_string_value(json_object_get(offer, "token"))))
		return "token";
	return NULL;
}

/* The store as it was when the offer was made. */
static void on_offered_state(struct xsd_move *move,
			     const struct xcr_record *record)
{
	const char *text =
		json_string_value(json_object_get(move->offer, "store"));
	size_t len = text ? strlen(text) : 0;
	struct xs_image image;
	uint8_t *data;

	if (!text)
		return;
	data = xsd_alloc(len + 1, 1);
	if (xs_base64_decode(text, len, data, len, &len)) {
		wrong(move, record, "offer-store", "store is no base64");
	} else {
		judge_state(move, &image, data, len, 0, true);
		xs_image_fini(&image);
	}
	free(data);
}

static void on_offer(struct xsd_move *move, const struct xcr_record *record)
{
	json_error_t error;
	const char *bad;
	char text[200];

	if (move->offer)
		return;
	move->offer =
		json_loadb((const char *)record->body, (size_t)record->length,
			   JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(move->offer)) {
		snprintf(text, sizeof(text), "is not JSON: %.150s", error.text);
		wrong(move, record, "offer-text", text);
		json_decref(move->offer);
		move->offer = NULL;
		return;
	}
	bad = bad_member(move->offer);
	if (bad) {
		snprintf(text, sizeof(text), "%s is missing or wrong", bad);
		wrong(move, record, "offer-member", text);
	}
	on_offered_state(move, record);
}

/* -- all of it */

/* It has been complained of already if it is not good. */
static void on_context(struct xsd_move *move, const struct xcr_record *record)
{
	struct xcr_context context;

	if (!xcr_context_open(&context, record->body, (size_t)record->length,
			      NULL)) {
		move->has_context = true;
		move->vcpus = context.view.domain->max_vcpus;
		move->store_port = context.view.domain->store_port;
	}
	xcr_context_close(&context);
}

static void on_record(void *arg, const struct xcr_record *record)
{
	struct xsd_move *move = arg;
	const uint8_t *state;
	size_t len;

	if (!record->body)
		return;
	if (record->layer == XCR_XL && record->type == XCR_XL_OFFER)
		on_offer(move, record);
	else if (record->layer == XCR_LIBXC &&
		 record->type == XCR_LIBXC_GTM_CONTEXT)
		on_context(move, record);
	state = xsd_state_in(record, record->body, &len);
	if (state)
		on_state(move, record, state, len);
}

static long long offered(const struct xsd_move *move, const char *name)
{
	return json_integer_value(json_object_get(move->offer, name));
}

/* Is it all about one guest? */
static void check_agreement(struct xsd_move *move)
{
	const char *uuid =
		json_string_value(json_object_get(move->offer, "uuid"));

	if (move->offer && move->has_state &&
	    offered(move, "domid") != move->domid)
		wrong(move, NULL, "agree-domid",
		      "offer and store are of different domains");
	if (uuid && move->has_state && *move->uuid && strcmp(uuid, move->uuid))
		wrong(move, NULL, "agree-uuid",
		      "offer and store are of different guests");
	if (move->offer && move->has_context &&
	    offered(move, "vcpus") != move->vcpus)
		wrong(move, NULL, "agree-vcpus",
		      "offer and context have different numbers of vcpus");
	if (move->has_port && move->has_context &&
	    move->guest_port != move->store_port)
		wrong(move, NULL, "agree-port",
		      "store and context have different ports");
}

int xsd_move_begin(struct xsd_move *move, const char *name,
		   const struct xsd_options *opts)
{
	const struct xcr_ops ops = {on_record, on_problem, move};

	memset(move, 0, sizeof(*move));
	move->name = name;
	move->opts = opts;
	move->stream = xcr_stream_new(&ops);
	if (move->stream)
		return 0;
	fputs("xsdump: out of memory\n", stderr);
	return XSD_FAILED;
}

int xsd_move_feed(struct xsd_move *move, const void *data, size_t len)
{
	return xcr_stream_feed(move->stream, data, len);
}

int xsd_move_end(struct xsd_move *move, FILE *out)
{
	const struct xcr_info *info = xcr_stream_info(move->stream);
	bool bad;

	xcr_stream_end(move->stream);
	if (info->transparent)
		check_agreement(move);
	bad = move->n_wrong || (move->opts->strict && move->n_notes);
	if (out) {
		xsd_color(out, bad ? "red" : "green");
		xsd_put_text(out, move->name, strlen(move->name));
		fprintf(out,
			": %s, %u wrong, %u notes, %llu records, %llu pages, "
			"%s",
			bad ? "bad" : "good", move->n_wrong, move->n_notes,
			(unsigned long long)info->records,
			(unsigned long long)info->pages,
			info->transparent ? "transparent" : "co-operative");
		xsd_color(out, NULL);
		fputc('\n', out);
	}
	xcr_stream_free(move->stream);
	json_decref(move->offer);
	return bad ? XSD_DIFFER : XSD_OK;
}
