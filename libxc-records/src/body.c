/* SPDX-License-Identifier: LGPL-2.1-only */
/* Where records may be, how long, and what they may hold. */
#include "machine.h"

#include <string.h>

#include <xcr/context.h>
#include <xcr/names.h>

#define STORE_FORMAT   1u
#define STORE_IDENT    "xenstore"
#define PFN_RESERVED   0x0ff0000000000000ull
#define PFN_TYPE_SHIFT 60
#define NR_EMULATORS   3u /* unknown, qemu-trad, qemu-upstream */

static uint32_t version_of(const struct xcr_stream *s)
{
    return s->layer == XCR_LIBXC ? s->info.libxc_version
                                 : s->info.libxl_version;
}

/* An unknown type of domain has been complained about already. */
static uint32_t domain_bit(const struct xcr_stream *s)
{
    return s->info.domain_type < 3 ? 1u << s->info.domain_type : ~0u;
}

static const char *first_of(enum xcr_layer layer, uint32_t bits)
{
    uint32_t type = 0;

    while ( !(bits & (1u << type)) )
        type++;

    return xcr_rule(layer, type)->name;
}

void xcr_check_place(struct xcr_stream *s)
{
    const struct xcr_rule *r = s->rule;
    uint32_t version = version_of(s), seen = s->seen[s->layer];
    uint32_t needs, bars, bit;

    if ( !r )
    {
        if ( s->rec.type & XCR_OPTIONAL )
            xcr_note(s, "record-type", s->rec.offset,
                     "an optional record of unknown type 0x%08x", s->rec.type);
        else
            xcr_wrong(s, "record-type", s->rec.offset,
                      "a record of unknown type 0x%08x", s->rec.type);
        return;
    }

    if ( !r->in[version - XCR_FIRST_VERSION].is )
    {
        xcr_wrong(s, "record-version", s->rec.offset,
                  "forbidden in a stream of version %u", version);
        return;
    }
    if ( s->layer == XCR_LIBXC && !(r->domains & domain_bit(s)) )
        xcr_wrong(s, "record-domain", s->rec.offset,
                  "not for this type of domain");

    needs = r->in[version - XCR_FIRST_VERSION].needs & ~seen;
    bars = r->in[version - XCR_FIRST_VERSION].bars & seen;
    bit = 1u << r->type;
    if ( bars & bit )
        xcr_wrong(s, "record-once", s->rec.offset, "is there once more");
    else if ( bars )
        xcr_wrong(s, "record-order", s->rec.offset, "comes after %s",
                  first_of(s->layer, bars));
    if ( needs )
        xcr_wrong(s, "record-order", s->rec.offset,
                  "comes without %s before it", first_of(s->layer, needs));
    s->seen[s->layer] |= bit;
}

void xcr_check_length(struct xcr_stream *s)
{
    const struct xcr_rule *r = s->rule;
    uint64_t length = s->rec.length;

    if ( r && (length < r->min || length > r->max ||
               (r->unit && (length - r->min) % r->unit)) )
        xcr_wrong(s, "record-length", s->rec.offset, "has %llu bytes",
                  (unsigned long long)length);
}

static void check_offer(struct xcr_stream *s)
{
    const uint8_t *text = s->rec.body;
    size_t len = (size_t)s->rec.length;

    if ( !len || text[0] != '{' || memchr(text, 0, len) )
        xcr_wrong(s, "offer-text", s->rec.offset, "is no object in JSON");
}

static void check_store(struct xcr_stream *s)
{
    struct xs_rd rd;
    uint32_t format, reserved;
    const void *ident;

    xs_rd_init(&rd, s->rec.body, (size_t)s->rec.length);
    format = (uint32_t)xs_rd_int(&rd, 4, false);
    reserved = (uint32_t)xs_rd_int(&rd, 4, false);
    ident = xs_rd_bytes(&rd, strlen(STORE_IDENT));

    if ( format != STORE_FORMAT )
        xcr_wrong(s, "store-format", s->rec.offset, "unknown format %u",
                  format);
    if ( reserved )
        xcr_wrong(s, "store-reserved", s->rec.offset,
                  "reserved bytes are not zero");
    if ( !ident || memcmp(ident, STORE_IDENT, strlen(STORE_IDENT)) )
        xcr_wrong(s, "store-stream", s->rec.offset,
                  "there is no state stream in it");
}

static void check_context(struct xcr_stream *s)
{
    struct xcr_context context;
    int rc =
        xcr_context_open(&context, s->rec.body, (size_t)s->rec.length, NULL);

    if ( rc == -ENOMEM )
        xcr_wrong(s, "memory", s->rec.offset,
                  "there is no memory to check it");
    else if ( rc )
        xcr_wrong(s, "context", s->rec.at + context.err.offset, "%s: %s",
                  xcr_reason_name(context.err.reason),
                  xcr_reason_text(context.err.reason));
    xcr_context_close(&context);
}

/* Of a domain with two 32-bit numbers, the number of entries and nothing. */
static void check_params(struct xcr_stream *s)
{
    struct xs_rd rd;
    uint32_t nr, reserved;

    xs_rd_init(&rd, s->rec.body, (size_t)s->rec.length);
    nr = (uint32_t)xs_rd_int(&rd, 4, s->big[s->layer]);
    reserved = (uint32_t)xs_rd_int(&rd, 4, s->big[s->layer]);
    if ( nr != xs_rd_left(&rd) / 16 || reserved )
        xcr_wrong(s, "params", s->rec.offset,
                  "says that it has %u entries, and has %zu", nr,
                  xs_rd_left(&rd) / 16);
}

void xcr_check_body(struct xcr_stream *s)
{
    if ( !s->rec.body )
        return;

    if ( s->layer == XCR_XL )
    {
        if ( s->rec.type == XCR_XL_OFFER )
            check_offer(s);
    }
    else if ( s->layer == XCR_LIBXL )
    {
        if ( s->rec.type == XCR_LIBXL_XENSTORE_DATA && s->rec.length >= 8 )
            check_store(s);
    }
    else if ( s->rec.type == XCR_LIBXC_GTM_CONTEXT )
        check_context(s);
    else if ( s->rec.type == XCR_LIBXC_PARAMS && s->rec.length >= 8 )
        check_params(s);
}

void xcr_check_pages_header(struct xcr_stream *s, struct xs_rd *rd)
{
    bool big = s->big[XCR_LIBXC];
    uint32_t reserved;

    s->pfns = (uint32_t)xs_rd_int(rd, 4, big);
    s->pages = 0;
    reserved = (uint32_t)xs_rd_int(rd, 4, big);
    if ( reserved || !s->pfns )
        xcr_wrong(s, "pages-header", s->rec.offset,
                  "has %u pages, and 0x%x in reserved bytes", s->pfns,
                  reserved);
}

/* Has a page of this type content that is in the stream? */
static bool has_content(uint32_t type)
{
    return type <= 4 || (type >= 9 && type <= 12);
}

void xcr_check_pfns(struct xcr_stream *s, struct xs_rd *rd)
{
    while ( xs_rd_left(rd) >= 8 )
    {
        uint64_t pfn = xs_rd_int(rd, 8, s->big[XCR_LIBXC]);
        uint32_t type = (uint32_t)(pfn >> PFN_TYPE_SHIFT);

        if ( (pfn & PFN_RESERVED) || (type >= 5 && type <= 8) )
        {
            xcr_wrong(s, "pages-pfn", s->rec.offset,
                      "names a page as 0x%016llx", (unsigned long long)pfn);
            return;
        }
        if ( has_content(type) )
            s->pages++;
    }
}

bool xcr_pages_fit(struct xcr_stream *s)
{
    if ( s->skip == s->pages << 12 )
        return true;

    xcr_wrong(s, "pages-length", s->rec.offset,
              "names %llu pages with content and has %llu bytes for them",
              (unsigned long long)s->pages, (unsigned long long)s->skip);

    return false;
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
