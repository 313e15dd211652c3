/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers of the store protocol: message header, operations, error names.
 * Source: Xen public header io/xs_wire.h, docs/misc/xenstore.txt.
 */
#ifndef XS_WIRE_PROTO_H
#define XS_WIRE_PROTO_H

#include <stddef.h>
#include <stdint.h>

#define XS_HDR_SIZE    16
#define XS_PAYLOAD_MAX 4096

enum xs_op {
#define OP(sym, number, name) XS_OP_##sym = number,
#include "wire/ops.def"
#undef OP
	XS_N_OPS = 27
};

/* Domids with a meaning of their own (Xen public header xen.h). */
#define XS_DOMID_FIRST_RESERVED 0x7ff0
#define XS_DOMID_SELF		0x7ff0
#define XS_DOMID_INVALID	0x7ff4
#define XS_DOMID_ANY		0x7ff5

struct xs_hdr {
	uint32_t type;
	uint32_t req_id;
	uint32_t tx_id;
	uint32_t len;
};

void xs_hdr_decode(struct xs_hdr *hdr, const void *bytes);
void xs_hdr_encode(const struct xs_hdr *hdr, void *bytes);
const char *xs_op_name(uint32_t type);
const char *xs_error_name(int err);

#endif
