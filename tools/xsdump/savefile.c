/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Save images (docs/specs/libxc-migration-stream.pandoc and libxl-migration-
 * stream.pandoc of Xen; the header of xl).
 *
 * xl's header is followed by libxl's stream, in which a LIBXC_CONTEXT record
 * says that libxc's stream begins; behind libxc's END libxl's goes on.
 *
 * I1  next never goes beyond len, and grows with every record.
 */
#include "savefile.h"

#include <string.h>

#include "base/cursor.h"
#include "state/records.h"

#define XL_MAGIC     "Xen saved domain, xl format\n \0 \r"
#define XL_MAGIC_LEN 32
#define XL_HEADER    48
#define XL_ORDER     0x01020304u
#define LIBXL_IDENT  0x4c6962786c466d74ull /* "LibxlFmt" */
#define LIBXL_HEADER 16
#define LIBXC_MARKER 0xffffffffffffffffull
#define LIBXC_IDENT  0x58454e46u /* "XENF" */
#define LIBXC_HEADER 40		 /* with the domain header */
#define OPTIONAL     0x80000000u

static const char *const libxl_names[] = {
	"END",
	"LIBXC_CONTEXT",
	"EMULATOR_XENSTORE_DATA",
	"EMULATOR_CONTEXT",
	"CHECKPOINT_END",
	"CHECKPOINT_STATE",
};

static const char *const libxc_names[] = {
	"END",
	"PAGE_DATA",
	"X86_PV_INFO",
	"X86_PV_P2M_FRAMES",
	"X86_PV_VCPU_BASIC",
	"X86_PV_VCPU_EXTENDED",
	"X86_PV_VCPU_XSAVE",
	"SHARED_INFO",
	"X86_TSC_INFO",
	"HVM_CONTEXT",
	"HVM_PARAMS",
	"TOOLSTACK",
	"X86_PV_VCPU_MSRS",
	"VERIFY",
	"CHECKPOINT",
	"CHECKPOINT_DIRTY_PFN_LIST",
	"STATIC_DATA_END",
	"X86_CPUID_POLICY",
	"X86_MSR_POLICY",
};

static uint64_t get(const struct save_iter *it, size_t at, size_t size,
		    bool big)
{
	struct xs_rd rd;

	xs_rd_init(&rd, it->data + at, it->len - at);
	return xs_rd_int(&rd, size, big);
}

/* Whether such a file begins like this. */
bool save_is(const void *data, size_t len)
{
	const struct save_iter it = {.data = data, .len = len};

	if (len >= XL_HEADER && !memcmp(data, XL_MAGIC, XL_MAGIC_LEN))
		return true;
	if (len >= LIBXL_HEADER && get(&it, 0, 8, true) == LIBXL_IDENT)
		return true;
	return len >= LIBXC_HEADER && get(&it, 0, 8, true) == LIBXC_MARKER &&
	       get(&it, 8, 4, true) == LIBXC_IDENT;
}

/* Begins with a file of which save_is() is true. */
void save_init(struct save_iter *it, const void *data, size_t len)
{
	memset(it, 0, sizeof(*it));
	it->data = data;
	it->len = len;
	it->xl = len >= XL_HEADER && !memcmp(data, XL_MAGIC, XL_MAGIC_LEN);
}

static int fail(struct save_iter *it, const char *error)
{
	it->error = error;
	return -1;
}

/* xl's header, whose optional data is the configuration of the domain. */
static int xl_header(struct save_iter *it, struct save_record *record)
{
	bool big = it->data[XL_MAGIC_LEN] == 1;
	size_t len = (size_t)get(it, 44, 4, big);

	if (get(it, XL_MAGIC_LEN, 4, big) != XL_ORDER)
		return fail(it, "the byte order of the xl header is unknown");
	if (len > it->len - XL_HEADER)
		return fail(it, "the xl header is cut off");
	record->stream = "xl";
	record->name = "CONFIGURATION";
	record->offset = 0;
	record->body = it->data + XL_HEADER;
	record->len = len;
	it->next = XL_HEADER + len;
	return 1;
}

static int libxl_header(struct save_iter *it)
{
	if (it->len - it->next < LIBXL_HEADER ||
	    get(it, it->next, 8, true) != LIBXL_IDENT)
		return fail(it, "there is no libxl stream");
	it->libxl_big = get(it, it->next + 12, 4, true) & 1;
	it->next += LIBXL_HEADER;
	it->level = SAVE_LIBXL;
	it->in_libxl = true;
	return 0;
}

static int libxc_header(struct save_iter *it)
{
	if (it->len - it->next < LIBXC_HEADER ||
	    get(it, it->next, 8, true) != LIBXC_MARKER ||
	    get(it, it->next + 8, 4, true) != LIBXC_IDENT)
		return fail(it, "there is no libxc stream");
	it->libxc_big = get(it, it->next + 16, 2, true) & 1;
	it->next += LIBXC_HEADER;
	it->level = SAVE_LIBXC;
	return 0;
}

static const char *name_of(const struct save_iter *it, uint32_t type)
{
	const bool libxc = it->level == SAVE_LIBXC;
	const char *const *names = libxc ? libxc_names : libxl_names;
	size_t n = libxc ? sizeof(libxc_names) / sizeof(*libxc_names)
			 : sizeof(libxl_names) / sizeof(*libxl_names);

	if (type < n)
		return names[type];
	return type & OPTIONAL ? "unknown, optional" : "unknown";
}

/* Record by record: 1; 0 at the end; -1 with an error. */
int save_next(struct save_iter *it, struct save_record *record)
{
	bool big;
	size_t padded;

	memset(record, 0, sizeof(*record));
	if (it->error)
		return -1;
	if (it->xl && !it->next)
		return xl_header(it, record);
	if (!it->begun) {
		it->begun = true;
		if (it->xl || get(it, it->next, 1, true) != 0xff) {
			if (libxl_header(it))
				return -1;
		} else if (libxc_header(it)) {
			return -1;
		}
	}
	if (it->level == SAVE_NONE)
		return 0;
	if (it->len - it->next < 8)
		return fail(it, "the stream ends without END");
	big = it->level == SAVE_LIBXC ? it->libxc_big : it->libxl_big;
	record->stream = it->level == SAVE_LIBXC ? "libxc" : "libxl";
	record->type = (uint32_t)get(it, it->next, 4, big);
	record->len = (size_t)get(it, it->next + 4, 4, big);
	record->name = name_of(it, record->type);
	record->offset = it->next;
	record->body = it->data + it->next + 8;
	padded = (record->len + 7) & ~(size_t)7;
	if (padded > it->len - it->next - 8)
		return fail(it, "a record exceeds the file");
	it->next += 8 + padded;
	record->is_state =
		record->len >= XS_STREAM_HEADER_LEN &&
		!memcmp(record->body, XS_STREAM_IDENT, XS_STREAM_IDENT_LEN);
	if (it->level == SAVE_LIBXL && record->type == 1)
		return libxc_header(it) ? -1 : 1;
	if (record->type == 0)
		it->level = it->level == SAVE_LIBXC && it->in_libxl ? SAVE_LIBXL
								    : SAVE_NONE;
	return 1;
}
