/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gtm_check(): what a guest-transparent migration context has to be before any
 * of it is applied.
 *
 * The context comes from another host, by way of whoever could touch it, and
 * is applied by code that runs with all of Xen's rights.  So nothing in it is
 * believed before it passed here, and the rest of the code may rely on each of
 * the rules below, which are named as docs/formats/hypervisor-context.md names
 * them.  Nothing is asked of bytes that the guest may write itself (shared
 * pages, event words, grant entries): Xen never trusts those.
 *
 * A rule that compares with the limits answers -ENOSPC, all others -EINVAL.
 * There is no memory but the stack, and no loop over ports within another.
 */
#include "check.h"

#define PORTS_2L_32    1024u /* 2-level ABI, 32-bit shared_info */
#define PORTS_2L_64    4096u
#define GUEST_TIME_MAX (1ll << 60) /* ns */

int gtm_refuse(const struct gtm_checker *c, uint32_t reason, const void *where)
{
    c->err->reason = reason;
    c->err->offset = (uint32_t)((const uint8_t *)where - c->buf);

    return -EINVAL;
}

int gtm_exceed(const struct gtm_checker *c, uint32_t reason, const void *where)
{
    gtm_refuse(c, reason, where);

    return -ENOSPC;
}

const void *gtm_payload(const struct gtm_checker *c, unsigned int type,
                        uint32_t *length)
{
    const struct xen_gtm_record *rec = c->rec[type];

    *length = rec ? rec->length : 0;

    return rec ? rec + 1 : NULL;
}

bool gtm_all_zero(const void *p, size_t len)
{
    const uint8_t *byte = p;

    while ( len && !*byte )
    {
        byte++;
        len--;
    }

    return !len;
}

static int check_header(const struct gtm_checker *c)
{
    const struct xen_gtm_header *h = (const void *)c->buf;

    /* header-room */
    if ( c->len < sizeof(*h) )
        return gtm_refuse(c, XEN_GTM_BAD_HEADER, c->buf);

    /* header-magic */
    if ( h->magic != XEN_GTM_MAGIC )
        return gtm_refuse(c, XEN_GTM_BAD_HEADER, &h->magic);

    /* header-version */
    if ( h->version != XEN_GTM_VERSION || h->header_len != sizeof(*h) )
        return gtm_refuse(c, XEN_GTM_BAD_HEADER, &h->version);

    /* header-total */
    if ( h->total_len != c->len )
        return gtm_refuse(c, XEN_GTM_BAD_HEADER, &h->total_len);

    /* header-reserved */
    if ( h->reserved )
        return gtm_refuse(c, XEN_GTM_BAD_RESERVED, &h->reserved);

    return 0;
}

/* Is LENGTH one that a record of TYPE may have, as far as the type says it? */
static bool length_fits(unsigned int type, uint32_t length)
{
    switch ( type )
    {
    case XEN_GTM_REC_DOMAIN:
        return length == sizeof(struct xen_gtm_domain);

    case XEN_GTM_REC_SHINFO:
        return length == XEN_GTM_PAGE_SIZE;

    case XEN_GTM_REC_VCPU:
        return length == sizeof(struct xen_gtm_vcpu);

    case XEN_GTM_REC_PIRQ:
        return length && length % sizeof(struct xen_gtm_pirq) == 0;

    case XEN_GTM_REC_EVTCHN:
        return length % sizeof(struct xen_gtm_port) == 0;

    case XEN_GTM_REC_FIFO:
        return length >= sizeof(struct xen_gtm_fifo);

    case XEN_GTM_REC_GNTTAB:
        return length >= sizeof(struct xen_gtm_gnttab);

    case XEN_GTM_REC_WATCHDOG:
        return length && length % sizeof(struct xen_gtm_watchdog) == 0;
    }

    return !length;
}

/* Checks one record with LEFT bytes from its header on, and notes it. */
static int check_record(struct gtm_checker *c,
                        const struct xen_gtm_record *rec, size_t left,
                        unsigned int last)
{
    uint64_t padded;

    /* record-room */
    if ( left < sizeof(*rec) )
        return gtm_refuse(c, XEN_GTM_BAD_RECORD, rec);

    padded = (rec->length + 7ull) & ~7ull;
    if ( padded > left - sizeof(*rec) )
        return gtm_refuse(c, XEN_GTM_BAD_RECORD, &rec->length);

    /* record-version */
    if ( rec->version != 1 )
        return gtm_refuse(c, XEN_GTM_BAD_RECORD, &rec->version);

    /* record-reserved */
    if ( rec->reserved )
        return gtm_refuse(c, XEN_GTM_BAD_RESERVED, &rec->reserved);

    /* record-type */
    if ( !rec->type || rec->type > XEN_GTM_REC_END )
        return gtm_refuse(c, XEN_GTM_BAD_RECORD, &rec->type);

    /* record-order */
    if ( rec->type < last ||
         (rec->type == last && rec->type != XEN_GTM_REC_VCPU) )
        return gtm_refuse(c, XEN_GTM_BAD_RECORD, &rec->type);

    /* record-instance */
    if ( rec->instance != (rec->type == XEN_GTM_REC_VCPU ? c->nr_vcpus : 0) )
        return gtm_refuse(c, XEN_GTM_BAD_RECORD, &rec->instance);

    /* record-length */
    if ( !length_fits(rec->type, rec->length) )
        return gtm_refuse(c, XEN_GTM_BAD_RECORD, &rec->length);

    /* record-padding */
    if ( !gtm_all_zero((const uint8_t *)(rec + 1) + rec->length,
                       (size_t)(padded - rec->length)) )
        return gtm_refuse(c, XEN_GTM_BAD_RESERVED,
                          (const uint8_t *)(rec + 1) + rec->length);

    if ( rec->type == XEN_GTM_REC_VCPU )
        c->nr_vcpus++;
    if ( !c->rec[rec->type] )
        c->rec[rec->type] = rec;

    return 0;
}

/* Walks all records; what they hold is looked at later. */
static int check_records(struct gtm_checker *c)
{
    const struct xen_gtm_header *h = (const void *)c->buf;
    size_t at = sizeof(*h);
    uint32_t nr = 0;
    unsigned int last = 0;

    while ( last != XEN_GTM_REC_END )
    {
        const struct xen_gtm_record *rec = (const void *)(c->buf + at);
        int rc = check_record(c, rec, c->len - at, last);

        if ( rc )
            return rc;

        last = rec->type;
        at += sizeof(*rec) + (((size_t)rec->length + 7) & ~(size_t)7);
        nr++;
    }

    /* record-end */
    if ( at != c->len )
        return gtm_refuse(c, XEN_GTM_BAD_RECORD, c->buf + at);

    /* header-records */
    if ( nr != h->nr_records )
        return gtm_refuse(c, XEN_GTM_BAD_HEADER, &h->nr_records);

    return 0;
}

static int check_missing(const struct gtm_checker *c)
{
    static const uint8_t always[] = {
        XEN_GTM_REC_DOMAIN, XEN_GTM_REC_SHINFO, XEN_GTM_REC_VCPU,
        XEN_GTM_REC_EVTCHN, XEN_GTM_REC_GNTTAB,
    };
    unsigned int i;

    /* record-missing */
    for ( i = 0; i < sizeof(always); i++ )
        if ( !c->rec[always[i]] )
            return gtm_refuse(c, XEN_GTM_BAD_MISSING, c->buf);

    return 0;
}

/* Fills in the view, which is not believed before the rest has passed. */
static void fill_view(const struct gtm_checker *c)
{
    struct gtm_view *view = c->view;
    uint32_t len;

    *view = (struct gtm_view){};
    view->domain = gtm_payload(c, XEN_GTM_REC_DOMAIN, &len);
    view->shinfo = gtm_payload(c, XEN_GTM_REC_SHINFO, &len);
    view->vcpu = gtm_payload(c, XEN_GTM_REC_VCPU, &len);
    view->pirqs = gtm_payload(c, XEN_GTM_REC_PIRQ, &len);
    view->nr_pirqs = len / sizeof(*view->pirqs);
    view->ports = gtm_payload(c, XEN_GTM_REC_EVTCHN, &len);
    view->nr_ports = len / sizeof(*view->ports);
    view->fifo = gtm_payload(c, XEN_GTM_REC_FIFO, &len);
    view->gnttab = gtm_payload(c, XEN_GTM_REC_GNTTAB, &len);
    view->watchdogs = gtm_payload(c, XEN_GTM_REC_WATCHDOG, &len);
    view->nr_watchdogs = len / sizeof(*view->watchdogs);
}

static int check_domain(const struct gtm_checker *c)
{
    const struct xen_gtm_domain *d = c->view->domain;
    uint32_t max;

    /* domain-reserved */
    if ( d->flags & ~(XEN_GTM_DOMAIN_SHINFO32 | XEN_GTM_DOMAIN_FIFO) )
        return gtm_refuse(c, XEN_GTM_BAD_RESERVED, &d->flags);
    if ( d->still >= XEN_GTM_STILL_HPET(XEN_GTM_STILL_HPETS) )
        return gtm_refuse(c, XEN_GTM_BAD_RESERVED, &d->still);
    if ( !gtm_all_zero(d->reserved, sizeof(d->reserved)) )
        return gtm_refuse(c, XEN_GTM_BAD_RESERVED, d->reserved);

    /* domain-vcpus */
    if ( d->max_vcpus != c->nr_vcpus )
        return gtm_refuse(c, XEN_GTM_BAD_MISSING, &d->max_vcpus);

    /* limit-vcpus */
    if ( d->max_vcpus != c->limits->max_vcpus )
        return gtm_exceed(c, XEN_GTM_BAD_LIMIT, &d->max_vcpus);

    /* domain-fifo */
    if ( has_fifo(c) != !!c->view->fifo )
        return gtm_refuse(c, XEN_GTM_BAD_MISSING, &d->flags);

    /* domain-ports */
    max = has_shinfo32(c) ? PORTS_2L_32 : PORTS_2L_64;
    if ( has_fifo(c) )
        max = XEN_GTM_MAX_PORTS;
    if ( d->nr_ports > max )
        return gtm_refuse(c, XEN_GTM_BAD_DOMAIN, &d->nr_ports);

    /* limit-ports */
    if ( d->nr_ports > c->limits->max_ports )
        return gtm_exceed(c, XEN_GTM_BAD_LIMIT, &d->nr_ports);

    /* domain-special-ports */
    if ( d->store_port >= max )
        return gtm_refuse(c, XEN_GTM_BAD_DOMAIN, &d->store_port);
    if ( d->console_port >= max )
        return gtm_refuse(c, XEN_GTM_BAD_DOMAIN, &d->console_port);

    /* domain-time */
    if ( d->guest_time < 0 || d->guest_time > GUEST_TIME_MAX )
        return gtm_refuse(c, XEN_GTM_BAD_DOMAIN, &d->guest_time);

    /* limit-vm-assist */
    if ( d->vm_assist & ~c->limits->vm_assist )
        return gtm_exceed(c, XEN_GTM_BAD_LIMIT, &d->vm_assist);

    return 0;
}

/* That there are whole records, all that must be and each where it may be. */
static int check_structure(struct gtm_checker *c)
{
    int rc = check_header(c);

    if ( !rc )
        rc = check_records(c);
    if ( !rc )
        rc = check_missing(c);

    return rc;
}

static int check_content(const struct gtm_checker *c)
{
    int rc = check_domain(c);

    if ( !rc )
        rc = gtm_check_fifo(c);
    if ( !rc )
        rc = gtm_check_vcpus(c);
    if ( !rc )
        rc = gtm_check_pirqs(c);
    if ( !rc )
        rc = gtm_check_ports(c);
    if ( !rc )
        rc = gtm_check_tails(c);
    if ( !rc )
        rc = gtm_check_gnttab(c);
    if ( !rc )
        rc = gtm_check_watchdogs(c);
    if ( !rc )
        rc = gtm_check_gfns(c);

    return rc;
}

int gtm_check(const void *buf, size_t len, const struct gtm_limits *limits,
              struct gtm_view *view, struct gtm_error *err)
{
    struct gtm_checker c = {
        .buf = buf,
        .len = len,
        .limits = limits,
        .view = view,
        .err = err,
    };
    int rc;

    *err = (struct gtm_error){};

    /* header-size */
    if ( len > XEN_GTM_MAX_SIZE )
    {
        gtm_refuse(&c, XEN_GTM_BAD_HEADER, buf);
        return -E2BIG;
    }

    rc = check_structure(&c);
    if ( rc )
        return rc;

    fill_view(&c);

    return check_content(&c);
}

const struct xen_gtm_vcpu *gtm_view_vcpu(const struct gtm_view *view,
                                         uint32_t id)
{
    /* They follow each other, of one size that needs no padding. */
    return (const void *)((const uint8_t *)view->vcpu +
                          (size_t)id * (sizeof(struct xen_gtm_record) +
                                        sizeof(struct xen_gtm_vcpu)));
}

const struct xen_gtm_port *gtm_view_port(const struct gtm_view *view,
                                         uint32_t port)
{
    uint32_t low = 0, high = view->nr_ports;

    while ( low < high )
    {
        uint32_t middle = low + (high - low) / 2;

        if ( view->ports[middle].port < port )
            low = middle + 1;
        else
            high = middle;
    }

    if ( low == view->nr_ports || view->ports[low].port != port )
        return NULL;

    return &view->ports[low];
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
