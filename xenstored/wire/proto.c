/* SPDX-License-Identifier: GPL-2.0-only */
/* Message headers and the names that go over the wire. */
#include "wire/proto.h"

#include <errno.h>

#include "base/cursor.h"

/* Reads the XS_HDR_SIZE bytes of a header, in the machine's byte order. */
void xs_hdr_decode(struct xs_hdr *hdr, const void *bytes)
{
	struct xs_rd rd;

	xs_rd_init(&rd, bytes, XS_HDR_SIZE);
	hdr->type = xs_rd_u32(&rd);
	hdr->req_id = xs_rd_u32(&rd);
	hdr->tx_id = xs_rd_u32(&rd);
	hdr->len = xs_rd_u32(&rd);
}

/* Writes the XS_HDR_SIZE bytes of a header. */
void xs_hdr_encode(const struct xs_hdr *hdr, void *bytes)
{
	struct xs_wr wr;

	xs_wr_init(&wr, bytes, XS_HDR_SIZE);
	xs_wr_u32(&wr, hdr->type);
	xs_wr_u32(&wr, hdr->req_id);
	xs_wr_u32(&wr, hdr->tx_id);
	xs_wr_u32(&wr, hdr->len);
}

/* Name of an operation for logs, "?" for a number that is none. */
const char *xs_op_name(uint32_t type)
{
	switch (type) {
#define OP(sym, number, name) \
	case number:          \
		return name;
#include "wire/ops.def"
#undef OP
	default:
		return "?";
	}
}

/* Clients know these names only (io/xs_wire.h); the rest becomes EINVAL. */
static const struct {
	int err;
	const char *name;
} error_names[] = {
	{EINVAL, "EINVAL"}, {EACCES, "EACCES"},	  {EEXIST, "EEXIST"},
	{EISDIR, "EISDIR"}, {ENOENT, "ENOENT"},	  {ENOMEM, "ENOMEM"},
	{ENOSPC, "ENOSPC"}, {EIO, "EIO"},	  {ENOTEMPTY, "ENOTEMPTY"},
	{ENOSYS, "ENOSYS"}, {EROFS, "EROFS"},	  {EBUSY, "EBUSY"},
	{EAGAIN, "EAGAIN"}, {EISCONN, "EISCONN"}, {E2BIG, "E2BIG"},
	{EPERM, "EPERM"},
};

/* What an ERROR reply says for this (positive) errno value. */
const char *xs_error_name(int err)
{
	size_t i;

	for (i = 0; i < sizeof(error_names) / sizeof(error_names[0]); i++) {
		if (error_names[i].err == err)
			return error_names[i].name;
	}
	return error_names[0].name;
}
