/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * The reader of streams: a machine that is fed.
 *
 * I1  No more is kept than one unit: a header, some page numbers, or the body
 *     of a record that is looked into, which has an upper limit.  Memory grows
 *     with bytes that came, never with a length that was announced.
 * I2  Each byte is looked at once, so time is linear.
 */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 200

static void tell(struct xcr_stream *s, const char *rule, bool is_note,
                 uint64_t offset, const char *fmt, va_list ap)
{
    char text[TEXT_MAX];
    struct xcr_problem problem = {
        .rule = rule,
        .is_note = is_note,
        .layer = s->layer,
        .record = s->rec.name,
        .offset = offset,
        .text = text,
    };

    if ( !is_note )
        s->nr_wrong++;
    if ( !s->ops.problem )
        return;
    vsnprintf(text, sizeof(text), fmt, ap);
    s->ops.problem(s->ops.arg, &problem);
}

void xcr_wrong(struct xcr_stream *s, const char *rule, uint64_t offset,
               const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tell(s, rule, false, offset, fmt, ap);
    va_end(ap);
}

void xcr_note(struct xcr_stream *s, const char *rule, uint64_t offset,
              const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tell(s, rule, true, offset, fmt, ap);
    va_end(ap);
}

/* The next unit. */
static void want(struct xcr_stream *s, enum xcr_state state, size_t need)
{
    s->state = state;
    s->need = need;
}

static void want_header(struct xcr_stream *s, enum xcr_state state)
{
    static const size_t lengths[] = {
        [XCR_XL_HEADER] = XCR_XL_HEADER_LEN,
        [XCR_OFFER_HEADER] = XCR_OFFER_HEADER_LEN,
        [XCR_LIBXL_HEADER] = XCR_LIBXL_HEADER_LEN,
        [XCR_LIBXC_HEADER] = XCR_LIBXC_HEADER_LEN,
        [XCR_RECORD_HEADER] = XCR_RECORD_HEADER_LEN,
    };

    s->rec = (struct xcr_record){ .offset = s->at };
    want(s, state, lengths[state]);
}

/* What follows the record at hand, of which all has been seen. */
static void after_record(struct xcr_stream *s)
{
    uint32_t type = s->rec.type;

    s->rec.layer = s->layer;
    if ( s->ops.record )
        s->ops.record(s->ops.arg, &s->rec);

    if ( s->layer == XCR_XL )
        want_header(s, type == XCR_XL_CONFIG && s->info.transparent
                           ? XCR_OFFER_HEADER
                           : XCR_LIBXL_HEADER);
    else if ( s->layer == XCR_LIBXL && type == XCR_LIBXL_CONTEXT )
        want_header(s, XCR_LIBXC_HEADER);
    else if ( s->layer == XCR_LIBXC && type == XCR_LIBXC_CHECKPOINT &&
              s->info.has_libxl )
    {
        xcr_wrong(s, "checkpoint", s->rec.offset,
                  "streams of many checkpoints are not followed");
        want(s, XCR_LOST, 0);
    }
    else if ( type != XCR_LIBXC_END )
        want_header(s, XCR_RECORD_HEADER);
    else if ( s->layer == XCR_LIBXC && s->info.has_libxl )
    {
        s->layer = XCR_LIBXL;
        want_header(s, XCR_RECORD_HEADER);
    }
    else
        want(s, XCR_DONE, 0);
}

static size_t padding_of(const struct xcr_stream *s)
{
    return s->layer == XCR_XL ? 0 : (size_t)(-s->rec.length & 7);
}

static void check_padding(struct xcr_stream *s, const uint8_t *p)
{
    static const uint8_t zero[8];

    if ( memcmp(p, zero, padding_of(s)) )
        xcr_wrong(s, "record-padding", s->rec.at + s->rec.length,
                  "padding is not zero");
}

static void after_skip(struct xcr_stream *s)
{
    if ( padding_of(s) )
        want(s, XCR_PADDING, padding_of(s));
    else
        after_record(s);
}

static void skip_body(struct xcr_stream *s, uint64_t len)
{
    want(s, XCR_SKIPPED_BODY, 0);
    s->skip = len;
    if ( !len )
        after_skip(s);
}

static void after_body(struct xcr_stream *s, const uint8_t *p)
{
    s->rec.body = p;
    check_padding(s, p + s->rec.length);
    xcr_check_body(s);
    after_record(s);
}

static void keep_body(struct xcr_stream *s)
{
    static const uint8_t nothing[8];
    size_t need = (size_t)s->rec.length + padding_of(s);

    if ( need )
        want(s, XCR_KEPT_BODY, need);
    else
        after_body(s, nothing);
}

/* Page numbers are looked at some at a time, pages not at all. */
static void want_pfns(struct xcr_stream *s)
{
    uint32_t nr = s->pfns;

    if ( nr > XCR_PFNS_AT_ONCE )
        nr = XCR_PFNS_AT_ONCE;
    if ( s->skip / 8 < nr )
    {
        xcr_wrong(s, "pages-length", s->rec.offset,
                  "is too short for its page numbers");
        skip_body(s, s->skip);
    }
    else if ( nr )
        want(s, XCR_PFNS, nr * (size_t)8);
    else
    {
        if ( xcr_pages_fit(s) )
            s->info.pages += s->pages;
        skip_body(s, s->skip);
    }
}

static void on_record(struct xcr_stream *s, struct xs_rd *rd)
{
    bool big = s->big[s->layer];
    enum xcr_body body;

    s->rec.type = (uint32_t)xs_rd_int(rd, 4, big);
    s->rec.length = xs_rd_int(rd, 4, big);
    s->rec.at = s->rec.offset + XCR_RECORD_HEADER_LEN;
    s->rule = xcr_rule(s->layer, s->rec.type);
    s->rec.name = s->rule                      ? s->rule->name
                  : s->rec.type & XCR_OPTIONAL ? "unknown, optional"
                                               : "unknown";
    s->info.records++;
    xcr_check_place(s);
    xcr_check_length(s);

    body = s->rule ? s->rule->body : XCR_BODY_SKIP;
    if ( body == XCR_BODY_PAGES && s->rec.length >= XCR_PAGES_HEADER_LEN )
    {
        s->skip = s->rec.length - XCR_PAGES_HEADER_LEN;
        want(s, XCR_PAGES_HEADER, XCR_PAGES_HEADER_LEN);
    }
    else if ( body == XCR_BODY_KEEP && s->rec.length <= s->rule->max )
        keep_body(s);
    else
        skip_body(s, s->rec.length);
}

static void on_header(struct xcr_stream *s, enum xcr_state next)
{
    s->rec.at = s->at + s->need;
    s->at = s->rec.at;
    if ( next == XCR_KEPT_BODY )
        keep_body(s);
    else if ( next == XCR_SKIPPED_BODY )
        skip_body(s, s->rec.length);
    else if ( next == XCR_RECORD_HEADER )
        want_header(s, next);
    else
        want(s, XCR_LOST, 0);
}

/* A unit is complete.  Its handler says what the next one is. */
static void on_unit(struct xcr_stream *s, const uint8_t *p)
{
    struct xs_rd rd;

    xs_rd_init(&rd, p, s->need);
    switch ( s->state )
    {
    case XCR_XL_HEADER:
        on_header(s, xcr_xl_header(s, &rd));
        return;

    case XCR_OFFER_HEADER:
        on_header(s, xcr_offer_header(s, &rd));
        return;

    case XCR_LIBXL_HEADER:
        on_header(s, xcr_libxl_header(s, &rd));
        return;

    case XCR_LIBXC_HEADER:
        on_header(s, xcr_libxc_header(s, &rd));
        return;

    default:
        break;
    }

    s->at += s->need;
    switch ( s->state )
    {
    case XCR_RECORD_HEADER:
        on_record(s, &rd);
        break;

    case XCR_KEPT_BODY:
        after_body(s, p);
        break;

    case XCR_PAGES_HEADER:
        xcr_check_pages_header(s, &rd);
        want_pfns(s);
        break;

    case XCR_PFNS:
        xcr_check_pfns(s, &rd);
        s->pfns -= (uint32_t)(s->need / 8);
        s->skip -= s->need;
        want_pfns(s);
        break;

    case XCR_PADDING:
        check_padding(s, p);
        after_record(s);
        break;

    default:
        break;
    }
}

/* Which of the three layers begins here? */
static void on_start(struct xcr_stream *s, const uint8_t *p)
{
    if ( p[0] == 'X' )
        want_header(s, XCR_XL_HEADER);
    else if ( p[0] == 0xff )
        want_header(s, XCR_LIBXC_HEADER);
    else
        want_header(s, XCR_LIBXL_HEADER);
}

static bool grow(struct xcr_stream *s, size_t len)
{
    size_t room = s->room ? s->room : 4096;
    uint8_t *buf;

    while ( room < len )
        room *= 2;
    if ( room == s->room )
        return true;

    buf = realloc(s->buf, room);
    if ( !buf )
    {
        xcr_wrong(s, "memory", s->at, "there is no memory to go on");
        want(s, XCR_LOST, 0);
        return false;
    }
    s->buf = buf;
    s->room = room;

    return true;
}

/* Collects a unit, or takes it from where it is; how much was taken. */
static size_t take(struct xcr_stream *s, const uint8_t *p, size_t len)
{
    size_t n = s->need - s->have;

    if ( !s->have && len >= s->need )
    {
        n = s->need;
        on_unit(s, p);
        return n;
    }

    if ( n > len )
        n = len;
    if ( !grow(s, s->have + n) )
        return len;
    memcpy(s->buf + s->have, p, n);
    s->have += n;
    if ( s->have == s->need )
    {
        s->have = 0;
        on_unit(s, s->buf);
    }

    return n;
}

static size_t skip(struct xcr_stream *s, size_t len)
{
    size_t n = s->skip < len ? (size_t)s->skip : len;

    s->skip -= n;
    s->at += n;
    if ( !s->skip )
        after_skip(s);

    return n;
}

int xcr_stream_feed(struct xcr_stream *stream, const void *data, size_t len)
{
    struct xcr_stream *s = stream;
    const uint8_t *p = data;
    size_t n;

    while ( len && s->state != XCR_LOST )
    {
        if ( s->state == XCR_START )
        {
            on_start(s, p);
            continue;
        }

        if ( s->state == XCR_DONE )
        {
            s->trailing += len;
            n = len;
        }
        else if ( s->state == XCR_SKIPPED_BODY )
            n = skip(s, len);
        else
            n = take(s, p, len);
        p += n;
        len -= n;
    }

    return s->state == XCR_LOST ? -1 : 0;
}

unsigned int xcr_stream_end(struct xcr_stream *stream)
{
    struct xcr_stream *s = stream;

    if ( s->state == XCR_DONE )
    {
        s->rec.name = NULL;
        if ( s->trailing )
            xcr_note(s, "stream-tail", s->at, "%llu bytes follow its end",
                     (unsigned long long)s->trailing);
    }
    else if ( s->state != XCR_LOST )
        xcr_wrong(s, "stream-end", s->at + s->have,
                  "the stream ends before its END");

    return s->nr_wrong;
}

const struct xcr_info *xcr_stream_info(const struct xcr_stream *stream)
{
    return &stream->info;
}

const char *xcr_layer_name(enum xcr_layer layer)
{
    static const char *const names[] = { "xl", "libxl", "libxc" };

    return names[layer];
}

struct xcr_stream *xcr_stream_new(const struct xcr_ops *ops)
{
    struct xcr_stream *s = calloc(1, sizeof(*s));

    if ( s )
        s->ops = *ops;

    return s;
}

void xcr_stream_free(struct xcr_stream *stream)
{
    if ( stream )
        free(stream->buf);
    free(stream);
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
