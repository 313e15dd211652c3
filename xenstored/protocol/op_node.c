/* SPDX-License-Identifier: GPL-2.0-only */
/* DIRECTORY, DIRECTORY_PART, READ, WRITE, MKDIR, RM. */
#include <errno.h>
#include <string.h>

#include "protocol/request.h"
#include "store/store.h"
#include "wire/args.h"

static int one_path(struct xs_request *req, struct xs_path *pathp)
{
	size_t len;
	int rc = xs_args_one(req->payload, req->len, &len);

	return rc ? rc : xs_request_node_path(req, req->payload, len, pathp);
}

static int emit_name(void *arg, const char *name, size_t len)
{
	struct xs_wr *reply = arg;

	xs_wr_name(reply, name, len);
	return reply->failed ? -E2BIG : 0;
}

int xs_do_directory(struct xs_request *req)
{
	struct xs_path path;
	uint64_t gen;
	int rc = one_path(req, &path);

	if (rc)
		return rc;
	return xs_stage_list(xs_request_begin(req), &path, &gen, emit_name,
			     &req->reply);
}

int xs_do_read(struct xs_request *req)
{
	struct xs_path path;
	const char *value;
	size_t len;
	int rc = one_path(req, &path);

	if (!rc)
		rc = xs_stage_read(xs_request_begin(req), &path, &value, &len);
	if (!rc)
		xs_wr_bytes(&req->reply, value, len);
	return rc;
}

int xs_do_write(struct xs_request *req)
{
	const char *nul = memchr(req->payload, 0, req->len);
	struct xs_stage *stage;
	struct xs_path path;
	size_t path_len;
	int rc;

	if (!nul)
		return -EINVAL;
	path_len = (size_t)(nul - req->payload);
	rc = xs_request_node_path(req, req->payload, path_len, &path);
	if (rc)
		return rc;
	stage = xs_request_begin(req);
	rc = xs_stage_write(stage, &path, nul + 1, req->len - path_len - 1);
	rc = xs_request_end(req, stage, rc);
	return rc ? rc : xs_request_ok(req);
}

/* A change that takes nothing but a path. */
static int change_path(struct xs_request *req,
		       int (*change)(struct xs_stage *stage,
				     const struct xs_path *path))
{
	struct xs_stage *stage;
	struct xs_path path;
	int rc = one_path(req, &path);

	if (rc)
		return rc;
	stage = xs_request_begin(req);
	rc = xs_request_end(req, stage, change(stage, &path));
	return rc ? rc : xs_request_ok(req);
}

int xs_do_mkdir(struct xs_request *req)
{
	return change_path(req, xs_stage_mkdir);
}

int xs_do_rm(struct xs_request *req)
{
	return change_path(req, xs_stage_rm);
}

/* ---- DIRECTORY_PART --------------------------------------------------- */

/*
 * The list of children is a text of names with NULs of which a part from some
 * byte on is asked for; a part ends with a whole name, and the last part with
 * an empty one.
 */
struct part {
	char names[XS_PAYLOAD_MAX];
	size_t len;
	size_t room;
	bool full;
};

/* Room for the generation, and for the empty name at the end. */
#define PART_MAX     (XS_PAYLOAD_MAX - 1)
#define GEN_TEXT_MAX 24

static int emit_part(void *arg, const char *name, size_t len)
{
	struct part *part = arg;

	if (len + 1 > part->room - part->len) {
		part->full = true;
		return 1; /* stop here */
	}
	memcpy(part->names + part->len, name, len);
	part->names[part->len + len] = '\0';
	part->len += len + 1;
	return 0;
}

int xs_do_directory_part(struct xs_request *req)
{
	const char *args[2];
	struct part part = {.room = PART_MAX - GEN_TEXT_MAX};
	struct xs_path path;
	size_t used, n;
	uint32_t offset;
	uint64_t gen;
	int rc;

	n = xs_args_split(req->payload, req->len, args, 2, &used);
	if (n != 2 || used != req->len)
		return -EINVAL;
	rc = xs_request_node_path(req, args[0], strlen(args[0]), &path);
	if (rc)
		return rc;
	/* What is no offset is one behind the end, as it always was. */
	if (xs_parse_u32(args[1], &offset))
		offset = UINT32_MAX;
	rc = xs_stage_list_part(xs_request_begin(req), &path, offset,
				&req->protocol->mark, &gen, emit_part, &part);
	if (rc < 0)
		return rc;
	xs_wr_printf(&req->reply, "%llu", (unsigned long long)gen);
	xs_wr_bytes(&req->reply, "", 1);
	xs_wr_bytes(&req->reply, part.names, part.len);
	if (!part.full)
		xs_wr_bytes(&req->reply, "", 1);
	return 0;
}
