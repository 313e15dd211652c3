/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * The headers of xl, the offer, libxl and libxc.  All of them say whether the
 * stream is a transparent one, and have to say the same.
 */
#include "machine.h"

#include <string.h>

#define XL_MAGIC          "Xen saved domain, xl format\n \0 \r"
#define XL_MAGIC_LEN      32
#define XL_ORDER          0x01020304u
#define XL_STREAM_V2      (1u << 1)
#define XL_TRANSPARENT    (1u << 2)
#define XL_KNOWN_FLAGS    7u
#define OFFER_MAGIC       "XLGTMOFR"
#define OFFER_VERSION     1u
#define LIBXL_IDENT       0x4c6962786c466d74ull /* "LibxlFmt" */
#define LIBXC_MARKER      0xffffffffffffffffull
#define LIBXC_IDENT       0x58454e46u /* "XENF" */
#define LIBXL_TRANSPARENT 3u
#define LIBXC_TRANSPARENT 4u
#define DOMAIN_PV         1u
#define DOMAIN_HVM        2u
#define PAGE_SHIFT        12u

static uint32_t get32(struct xs_rd *rd, bool big)
{
    return (uint32_t)xs_rd_int(rd, 4, big);
}

bool xcr_stream_is(const void *data, size_t len)
{
    struct xs_rd rd;

    if ( len >= XL_MAGIC_LEN && !memcmp(data, XL_MAGIC, XL_MAGIC_LEN) )
        return true;

    xs_rd_init(&rd, data, len);
    if ( xs_rd_int(&rd, 8, true) == LIBXL_IDENT )
        return len >= XCR_LIBXL_HEADER_LEN;

    xs_rd_init(&rd, data, len);

    return xs_rd_int(&rd, 8, true) == LIBXC_MARKER &&
           xs_rd_int(&rd, 4, true) == LIBXC_IDENT &&
           len >= XCR_LIBXC_HEADER_LEN;
}

/* Is what the next layer says of itself what the last one said? */
static void check_agreement(struct xcr_stream *s, bool first, bool transparent)
{
    if ( !first && transparent != s->info.transparent )
        xcr_wrong(s, "version-agree", s->at,
                  "the stream is %stransparent, but what is around it is %s",
                  transparent ? "" : "not ", s->info.transparent ? "" : "not");
    s->info.transparent |= transparent;
}

static void check_order(struct xcr_stream *s)
{
    if ( s->info.transparent && s->big[s->layer] )
        xcr_wrong(s, "little-endian", s->at,
                  "a transparent stream is little-endian, this is not");
}

enum xcr_state xcr_xl_header(struct xcr_stream *s, struct xs_rd *rd)
{
    const void *magic = xs_rd_bytes(rd, XL_MAGIC_LEN);
    bool big = rd->pos[0] == 1;
    uint32_t order = get32(rd, big);
    uint32_t flags = get32(rd, big);

    s->layer = XCR_XL;
    s->big[XCR_XL] = big;
    s->info.has_xl = true;
    s->info.xl_flags = flags;

    if ( memcmp(magic, XL_MAGIC, XL_MAGIC_LEN) || order != XL_ORDER )
    {
        xcr_wrong(s, "xl-header", s->at, "this is no header of xl");
        return XCR_LOST;
    }
    if ( flags & ~XL_KNOWN_FLAGS )
        xcr_wrong(s, "xl-flags", s->at, "unknown mandatory flags 0x%x",
                  flags & ~XL_KNOWN_FLAGS);
    if ( !(flags & XL_STREAM_V2) )
    {
        xcr_wrong(s, "xl-flags", s->at, "the stream is of before Xen 4.6");
        return XCR_LOST;
    }
    check_agreement(s, true, flags & XL_TRANSPARENT);
    check_order(s);

    get32(rd, big); /* optional flags */
    s->rec.name = "CONFIGURATION";
    s->rec.type = XCR_XL_CONFIG;
    s->rec.length = get32(rd, big);
    if ( s->rec.length > XCR_CONFIG_MAX )
    {
        xcr_wrong(s, "xl-config", s->at, "a configuration of %llu bytes",
                  (unsigned long long)s->rec.length);
        return XCR_SKIPPED_BODY;
    }

    return XCR_KEPT_BODY;
}

enum xcr_state xcr_offer_header(struct xcr_stream *s, struct xs_rd *rd)
{
    const void *magic = xs_rd_bytes(rd, 8);
    uint32_t version = get32(rd, false);

    s->rec.name = "OFFER";
    s->rec.type = XCR_XL_OFFER;
    s->rec.length = get32(rd, false);

    if ( memcmp(magic, OFFER_MAGIC, 8) || version != OFFER_VERSION )
    {
        xcr_wrong(s, "offer-header", s->at,
                  "no offer of version %u follows the configuration",
                  OFFER_VERSION);
        return XCR_LOST;
    }
    if ( s->rec.length > XCR_OFFER_MAX )
    {
        xcr_wrong(s, "offer-length", s->at, "an offer of %llu bytes",
                  (unsigned long long)s->rec.length);
        return XCR_SKIPPED_BODY;
    }

    return XCR_KEPT_BODY;
}

enum xcr_state xcr_libxl_header(struct xcr_stream *s, struct xs_rd *rd)
{
    uint64_t ident = xs_rd_int(rd, 8, true);
    uint32_t version = get32(rd, true);
    uint32_t options = get32(rd, true);

    s->layer = XCR_LIBXL;
    s->big[XCR_LIBXL] = options & 1;
    s->info.has_libxl = true;
    s->info.libxl_version = version;

    if ( ident != LIBXL_IDENT || version < XCR_FIRST_VERSION ||
         version > LIBXL_TRANSPARENT )
    {
        xcr_wrong(s, "libxl-header", s->at,
                  "no libxl stream of version 2 or 3 is here");
        return XCR_LOST;
    }
    if ( options & ~3u )
        xcr_wrong(s, "libxl-header", s->at, "unknown options 0x%x", options);
    check_agreement(s, !s->info.has_xl, version == LIBXL_TRANSPARENT);
    check_order(s);

    return XCR_RECORD_HEADER;
}

static void check_domain(struct xcr_stream *s, struct xs_rd *rd, bool big)
{
    uint32_t shift, reserved;

    s->info.domain_type = get32(rd, big);
    shift = (uint32_t)xs_rd_int(rd, 2, big);
    reserved = (uint32_t)xs_rd_int(rd, 2, big);
    s->info.xen_major = get32(rd, big);
    s->info.xen_minor = get32(rd, big);

    if ( s->info.domain_type != DOMAIN_PV &&
         s->info.domain_type != DOMAIN_HVM )
        xcr_wrong(s, "libxc-domain", s->at, "unknown type of domain 0x%x",
                  s->info.domain_type);
    else if ( s->info.transparent && s->info.domain_type != DOMAIN_HVM )
        xcr_wrong(s, "libxc-domain", s->at,
                  "a PV domain in a transparent stream");
    if ( shift != PAGE_SHIFT || reserved )
        xcr_wrong(s, "libxc-domain", s->at,
                  "pages of 2 to the %u bytes, reserved bytes 0x%x", shift,
                  reserved);
}

enum xcr_state xcr_libxc_header(struct xcr_stream *s, struct xs_rd *rd)
{
    uint64_t marker = xs_rd_int(rd, 8, true);
    uint32_t ident = get32(rd, true);
    uint32_t version = get32(rd, true);
    uint32_t options = (uint32_t)xs_rd_int(rd, 2, true);
    uint64_t reserved = xs_rd_int(rd, 6, true);
    bool big = options & 1;

    s->layer = XCR_LIBXC;
    s->big[XCR_LIBXC] = big;
    s->info.has_libxc = true;
    s->info.libxc_version = version;

    if ( marker != LIBXC_MARKER || ident != LIBXC_IDENT ||
         version < XCR_FIRST_VERSION || version > LIBXC_TRANSPARENT )
    {
        xcr_wrong(s, "libxc-header", s->at,
                  "no libxc stream of version 2 to 4 is here");
        return XCR_LOST;
    }
    if ( (options & ~1u) || reserved )
        xcr_wrong(s, "libxc-header", s->at, "unknown options");
    check_agreement(s, !s->info.has_libxl, version == LIBXC_TRANSPARENT);
    check_order(s);
    check_domain(s, rd, big);

    return XCR_RECORD_HEADER;
}

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
