/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * Reads what `xl save` and `xl migrate` write: xl's header, libxl's stream in
 * it, libxc's stream in that, or either of the latter alone, co-operative or
 * transparent (docs/formats/migration-stream.md), and holds it to the rules
 * there.
 *
 * Bytes are handed in as they come, in pieces of any size.  Guest memory is
 * looked through and not kept, so a stream of any length takes little memory.
 */
#ifndef XCR_STREAM_H
#define XCR_STREAM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum xcr_layer {
    XCR_XL,
    XCR_LIBXL,
    XCR_LIBXC,
};

/* What xl puts before libxl's stream, numbered like records. */
#define XCR_XL_CONFIG           0
#define XCR_XL_OFFER            1

#define XCR_LIBXL_XENSTORE_DATA 0x00000007u
#define XCR_LIBXC_GTM_CONTEXT   0x00000013u

struct xcr_record {
    enum xcr_layer layer;
    uint32_t type;
    const char *name;
    uint64_t offset; /* of its header */
    uint64_t at;     /* of its body */
    uint64_t length; /* of its body, without padding */
    /*
     * What it holds, for as long as the call lasts: NULL if it is longer than
     * it may be, or guest memory.
     */
    const uint8_t *body;
};

struct xcr_problem {
    const char *rule; /* as migration-stream.md names it */
    bool is_note;     /* odd, but not wrong */
    enum xcr_layer layer;
    const char *record; /* its name, or NULL: not in one */
    uint64_t offset;
    const char *text;
};

struct xcr_ops {
    /* Once for each record, when all of it has been seen.  May be NULL. */
    void (*record)(void *arg, const struct xcr_record *record);
    /* Once for each problem, in the order of the stream.  May be NULL. */
    void (*problem)(void *arg, const struct xcr_problem *problem);
    void *arg;
};

/* What the headers said. */
struct xcr_info {
    bool has_xl, has_libxl, has_libxc;
    bool transparent;
    uint32_t xl_flags;
    uint32_t libxl_version, libxc_version;
    uint32_t domain_type; /* 1: PV, 2: HVM or PVH */
    uint32_t xen_major, xen_minor;
    uint64_t pages;   /* of guest memory, any page as often as it came */
    uint64_t records; /* of libxl and libxc */
};

struct xcr_stream;

/* NULL: no memory. */
struct xcr_stream *xcr_stream_new(const struct xcr_ops *ops);
void xcr_stream_free(struct xcr_stream *stream);

/*
 * 0, or -1 when there is no point in going on: what comes after a length that
 * can't be, say, is not known to be a record.
 */
int xcr_stream_feed(struct xcr_stream *stream, const void *data, size_t len);

/* The stream has ended.  The number of problems but for notes. */
unsigned int xcr_stream_end(struct xcr_stream *stream);

const struct xcr_info *xcr_stream_info(const struct xcr_stream *stream);

/* Does this look like the beginning of such a stream? */
bool xcr_stream_is(const void *data, size_t len);

const char *xcr_layer_name(enum xcr_layer layer);

#endif /* XCR_STREAM_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
