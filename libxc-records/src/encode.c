/* SPDX-License-Identifier: LGPL-2.1-only */
/* Writes a context down, twice: once to learn how long it gets. */
#include <xcr/context.h>

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

#define WRITER (4u << 16 | 17) /* as the Xen this was written against */

struct writer {
    uint8_t *buf; /* NULL: only counts */
    size_t len;
    uint32_t nr_records;
};

/* LEN bytes of DATA, or zeroes if that is NULL. */
static void put(struct writer *w, const void *data, size_t len)
{
    if ( w->buf && data && len )
        memcpy(w->buf + w->len, data, len);
    w->len += len;
}

static void begin(struct writer *w, uint16_t type, uint32_t instance,
                  size_t length)
{
    struct xen_gtm_record record = {
        .type = type,
        .version = 1,
        .instance = instance,
        .length = (uint32_t)length,
    };

    put(w, &record, sizeof(record));
    w->nr_records++;
}

static void end(struct writer *w)
{
    w->len = (w->len + 7) & ~(size_t)7;
}

static void put_record(struct writer *w, uint16_t type, uint32_t instance,
                       const void *data, size_t length)
{
    begin(w, type, instance, length);
    put(w, data, length);
    end(w);
}

static void put_fifo(struct writer *w, const struct xcr_description *d)
{
    size_t gfns = d->fifo.nr_pages * sizeof(*d->fifo_gfn);
    size_t words = d->fifo.nr_words * sizeof(*d->fifo_word);

    begin(w, XEN_GTM_REC_FIFO, 0, sizeof(d->fifo) + gfns + words);
    put(w, &d->fifo, sizeof(d->fifo));
    put(w, d->fifo_gfn, gfns);
    put(w, d->fifo_word, words);
    end(w);
}

static void put_gnttab(struct writer *w, const struct xcr_description *d)
{
    size_t gfns = ((size_t)d->gnttab.nr_frames + d->gnttab.nr_status) *
                  sizeof(*d->gnttab_gfn);
    size_t frames = (size_t)d->gnttab.nr_frames * XEN_GTM_PAGE_SIZE;

    begin(w, XEN_GTM_REC_GNTTAB, 0, sizeof(d->gnttab) + gfns + frames);
    put(w, &d->gnttab, sizeof(d->gnttab));
    put(w, d->gnttab_gfn, gfns);
    put(w, d->gnttab_frame, frames);
    end(w);
}

/* The header is filled in afterwards. */
static void put_all(struct writer *w, const struct xcr_description *d,
                    const struct xen_gtm_domain *domain)
{
    uint32_t i;

    w->len = 0;
    w->nr_records = 0;
    put(w, NULL, sizeof(struct xen_gtm_header));
    put_record(w, XEN_GTM_REC_DOMAIN, 0, domain, sizeof(*domain));
    put_record(w, XEN_GTM_REC_SHINFO, 0, d->shinfo, XEN_GTM_PAGE_SIZE);
    for ( i = 0; i < d->nr_vcpus; i++ )
        put_record(w, XEN_GTM_REC_VCPU, i, &d->vcpus[i], sizeof(*d->vcpus));
    if ( d->nr_pirqs )
        put_record(w, XEN_GTM_REC_PIRQ, 0, d->pirqs,
                   d->nr_pirqs * sizeof(*d->pirqs));
    put_record(w, XEN_GTM_REC_EVTCHN, 0, d->ports,
               d->nr_ports * sizeof(*d->ports));
    if ( d->has_fifo )
        put_fifo(w, d);
    put_gnttab(w, d);
    if ( d->nr_watchdogs )
        put_record(w, XEN_GTM_REC_WATCHDOG, 0, d->watchdogs,
                   d->nr_watchdogs * sizeof(*d->watchdogs));
    put_record(w, XEN_GTM_REC_END, 0, NULL, 0);
}

int xcr_context_encode(const struct xcr_description *description, void **bufp,
                       size_t *lenp)
{
    const struct xcr_description *d = description;
    struct xen_gtm_domain domain = d->domain;
    struct writer w = {};
    struct xs_wr wr;

    domain.max_vcpus = d->nr_vcpus;
    domain.nr_ports = d->nr_ports ? d->ports[d->nr_ports - 1].port + 1 : 0;
    if ( d->has_fifo )
        domain.flags |= XEN_GTM_DOMAIN_FIFO;

    put_all(&w, d, &domain);
    if ( w.len > XEN_GTM_MAX_SIZE )
        return -E2BIG;

    w.buf = calloc(1, w.len);
    if ( !w.buf )
        return -ENOMEM;
    put_all(&w, d, &domain);

    xs_wr_init(&wr, w.buf, sizeof(struct xen_gtm_header));
    xs_wr_int(&wr, XEN_GTM_MAGIC, 4, false);
    xs_wr_int(&wr, XEN_GTM_VERSION, 2, false);
    xs_wr_int(&wr, sizeof(struct xen_gtm_header), 2, false);
    xs_wr_int(&wr, w.len, 8, false);
    xs_wr_int(&wr, w.nr_records, 4, false);
    xs_wr_int(&wr, WRITER, 4, false);

    *bufp = w.buf;
    *lenp = w.len;

    return 0;
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
