/* SPDX-License-Identifier: LGPL-2.1-only */
/* The records of libxl and libxc, as migration-stream.md lists them. */
#ifndef XCR_RECORDS_H
#define XCR_RECORDS_H

#include <xcr/stream.h>

#define XCR_OPTIONAL         0x80000000u
#define XCR_OFFER_MAX        (1u << 20)
#define XCR_CONFIG_MAX       (16u << 20)
#define XCR_STORE_MAX        (64u << 20)
#define XCR_RECORD_MAX       (128u << 20) /* libxc's own limit */

#define XCR_FIRST_VERSION    2u
#define XCR_NR_VERSIONS      3u /* 2 to 4 */

#define XCR_LIBXL_END        0x00u
#define XCR_LIBXL_CONTEXT    0x01u
#define XCR_LIBXC_END        0x00u
#define XCR_LIBXC_PAGES      0x01u
#define XCR_LIBXC_PARAMS     0x0au
#define XCR_LIBXC_CHECKPOINT 0x0eu

enum xcr_body {
    XCR_BODY_SKIP, /* long, or nobody's business */
    XCR_BODY_KEEP,
    XCR_BODY_PAGES, /* guest memory */
};

/* One kind of record. */
struct xcr_rule {
    uint32_t type;
    const char *name;
    uint8_t domains; /* bit per domain type that has it */
    uint8_t body;
    uint32_t min, max; /* of its length */
    uint32_t unit;     /* after min, its length is a multiple of this */
    /*
     * For each version: whether there is such a record, which ones must have
     * come before it, and which must not have, as bits by type.
     */
    struct {
        bool is;
        uint32_t needs, bars;
    } in[XCR_NR_VERSIONS];
};

/* NULL: there is no such record in any version. */
const struct xcr_rule *xcr_rule(enum xcr_layer layer, uint32_t type);

#endif /* XCR_RECORDS_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
