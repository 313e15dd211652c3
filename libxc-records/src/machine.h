/* SPDX-License-Identifier: LGPL-2.1-only */
/* What the reader of streams is made of. */
#ifndef XCR_MACHINE_H
#define XCR_MACHINE_H

#include "base/cursor.h"
#include "records.h"

enum xcr_state {
    XCR_START,
    XCR_XL_HEADER,
    XCR_OFFER_HEADER,
    XCR_LIBXL_HEADER,
    XCR_LIBXC_HEADER,
    XCR_RECORD_HEADER,
    XCR_KEPT_BODY, /* with its padding */
    XCR_PAGES_HEADER,
    XCR_PFNS,
    XCR_SKIPPED_BODY,
    XCR_PADDING,
    XCR_DONE,
    XCR_LOST, /* what follows can't be told */
};

/*
 * A unit of NEED bytes is collected and then looked at as a whole; in
 * XCR_SKIPPED_BODY, SKIP bytes go by instead.
 */
struct xcr_stream {
    struct xcr_ops ops;
    struct xcr_info info;
    enum xcr_state state;
    size_t need;
    uint64_t skip;
    uint64_t at; /* offset of the unit, or of what is skipped */
    uint8_t *buf;
    size_t have, room;
    enum xcr_layer layer;
    bool big[XCR_LIBXC + 1];
    uint32_t seen[XCR_LIBXC + 1]; /* records, as bits */
    struct xcr_record rec;        /* at hand */
    const struct xcr_rule *rule;  /* of it, or NULL */
    uint32_t pfns;                /* not seen yet, of PAGE_DATA */
    uint64_t pages;               /* that follow them */
    uint64_t trailing;
    unsigned int nr_wrong;
};

/* Tells of a problem at OFFSET. */
void xcr_wrong(struct xcr_stream *s, const char *rule, uint64_t offset,
               const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void xcr_note(struct xcr_stream *s, const char *rule, uint64_t offset,
              const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The headers: what follows them, which is XCR_LOST if they are not good. */
enum xcr_state xcr_xl_header(struct xcr_stream *s, struct xs_rd *rd);
enum xcr_state xcr_offer_header(struct xcr_stream *s, struct xs_rd *rd);
enum xcr_state xcr_libxl_header(struct xcr_stream *s, struct xs_rd *rd);
enum xcr_state xcr_libxc_header(struct xcr_stream *s, struct xs_rd *rd);

/* Whether the record at hand may be here. */
void xcr_check_place(struct xcr_stream *s);
/* Whether it may be that long. */
void xcr_check_length(struct xcr_stream *s);
/* What it holds, as far as it was kept. */
void xcr_check_body(struct xcr_stream *s);
void xcr_check_pages_header(struct xcr_stream *s, struct xs_rd *rd);
void xcr_check_pfns(struct xcr_stream *s, struct xs_rd *rd);
/* Whether the record PAGE_DATA was as long as its pages. */
bool xcr_pages_fit(struct xcr_stream *s);

#define XCR_XL_HEADER_LEN     48u
#define XCR_OFFER_HEADER_LEN  16u
#define XCR_LIBXL_HEADER_LEN  16u
#define XCR_LIBXC_HEADER_LEN  40u /* with the domain's */
#define XCR_RECORD_HEADER_LEN 8u
#define XCR_PAGES_HEADER_LEN  8u
#define XCR_PFNS_AT_ONCE      512u

#endif /* XCR_MACHINE_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
