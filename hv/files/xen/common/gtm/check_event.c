/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gtm_check() of event channels.  Xen follows numbers in its own structures
 * without asking: queues by priority and vcpu, words by port, ports by VIRQ.
 * What passed names only what there is, and each thing once.
 */
#include "check.h"

#define FIFO_MAX_PAGES 128u
#define FIRST_RESERVED 0x7ff0u /* first domid that is no domain's */

/*
 * A window on a set of numbers, to find one that comes twice.  Going over all
 * numbers once per window takes no memory but this, and one round is enough
 * for any domain there is at present.
 */
#define WINDOW 8192u

struct window {
    uint64_t first;
    uint64_t bits[WINDOW / 64];
};

static bool seen_before(struct window *w, uint64_t key)
{
    uint64_t at = key - w->first, bit;
    bool seen;

    if ( key < w->first || at >= WINDOW )
        return false;

    bit = 1ull << (at % 64);
    seen = w->bits[at / 64] & bit;
    w->bits[at / 64] |= bit;

    return seen;
}

int gtm_check_pirqs(const struct gtm_checker *c)
{
    const struct gtm_view *view = c->view;
    const struct gtm_limits *limits = c->limits;
    uint64_t first;
    uint32_t i;

    for ( i = 0; i < view->nr_pirqs; i++ )
    {
        const struct xen_gtm_pirq *p = &view->pirqs[i];

        /* pirq-order */
        if ( i && p->pirq <= p[-1].pirq )
            return gtm_refuse(c, XEN_GTM_BAD_PIRQ, &p->pirq);

        /* pirq-reserved */
        if ( (p->flags & ~XEN_GTM_PIRQ_ALLOCATED) || p->reserved )
            return gtm_refuse(c, XEN_GTM_BAD_RESERVED, &p->flags);

        /* pirq-source */
        if ( p->source < XEN_GTM_PIRQ_NONE ||
             (p->source == XEN_GTM_PIRQ_NONE && !p->flags) )
            return gtm_refuse(c, XEN_GTM_BAD_PIRQ, &p->source);

        /* limit-pirq */
        if ( p->pirq >= limits->nr_pirqs )
            return gtm_exceed(c, XEN_GTM_BAD_LIMIT, &p->pirq);
        if ( p->source >= 0 && (uint32_t)p->source >= limits->nr_gsis )
            return gtm_exceed(c, XEN_GTM_BAD_LIMIT, &p->source);
    }

    for ( first = 0; first < limits->nr_gsis; first += WINDOW )
    {
        struct window w = { .first = first };

        /* pirq-once */
        for ( i = 0; i < view->nr_pirqs; i++ )
            if ( view->pirqs[i].source >= 0 &&
                 seen_before(&w, (uint32_t)view->pirqs[i].source) )
                return gtm_refuse(c, XEN_GTM_BAD_PIRQ, &view->pirqs[i].source);
    }

    return 0;
}

/* What a port of this state has to say, and what it may not. */
static int check_port_state(const struct gtm_checker *c,
                            const struct xen_gtm_port *p)
{
    const struct xen_gtm_port *peer;

    /* port-unused */
    if ( p->remote_domid && p->state != XEN_GTM_PORT_UNBOUND )
        return gtm_refuse(c, XEN_GTM_BAD_PORT, &p->remote_domid);

    switch ( p->state )
    {
    case XEN_GTM_PORT_FREE:
        if ( p->vcpu || p->priority || p->flags || p->value )
            return gtm_refuse(c, XEN_GTM_BAD_PORT, p);
        return 0;

    case XEN_GTM_PORT_UNBOUND:
        if ( p->value )
            return gtm_refuse(c, XEN_GTM_BAD_PORT, &p->value);
        /* port-unbound */
        if ( p->remote_domid >= FIRST_RESERVED )
            return gtm_refuse(c, XEN_GTM_BAD_PORT, &p->remote_domid);
        return 0;

    case XEN_GTM_PORT_LOOPBACK:
        /* port-loopback */
        peer = gtm_view_port(c->view, p->value);
        if ( !peer || peer == p || peer->state != XEN_GTM_PORT_LOOPBACK ||
             peer->value != p->port )
            return gtm_refuse(c, XEN_GTM_BAD_PORT, &p->value);
        return 0;

    case XEN_GTM_PORT_PIRQ:
        /* limit-pirq */
        if ( p->value >= c->limits->nr_pirqs )
            return gtm_exceed(c, XEN_GTM_BAD_LIMIT, &p->value);
        return 0;

    case XEN_GTM_PORT_VIRQ:
        /* limit-virq */
        if ( p->value >= c->limits->nr_virqs || p->value >= 32 )
            return gtm_exceed(c, XEN_GTM_BAD_LIMIT, &p->value);
        return 0;

    case XEN_GTM_PORT_IPI:
        if ( p->value )
            return gtm_refuse(c, XEN_GTM_BAD_PORT, &p->value);
        return 0;
    }

    /* port-state */
    return gtm_refuse(c, XEN_GTM_BAD_PORT, &p->state);
}

/* What the FIFO ABI remembers of a port, or that there is none of it. */
static int check_port_fifo(const struct gtm_checker *c,
                           const struct xen_gtm_port *p)
{
    /* port-no-fifo */
    if ( !has_fifo(c) )
    {
        if ( p->state == XEN_GTM_PORT_FREE || p->priority || p->flags ||
             p->last_priority || p->last_vcpu )
            return gtm_refuse(c, XEN_GTM_BAD_PORT, p);
        return 0;
    }

    /* port-priority */
    if ( p->priority >= FIFO_QUEUES )
        return gtm_refuse(c, XEN_GTM_BAD_PORT, &p->priority);

    /* port-last */
    if ( p->last_priority >= FIFO_QUEUES )
        return gtm_refuse(c, XEN_GTM_BAD_PORT, &p->last_priority);
    if ( p->last_vcpu >= c->nr_vcpus )
        return gtm_refuse(c, XEN_GTM_BAD_PORT, &p->last_vcpu);

    /* port-latched */
    if ( (p->flags & XEN_GTM_PORT_LATCHED) && p->port < mapped_words(c) )
        return gtm_refuse(c, XEN_GTM_BAD_PORT, &p->flags);

    return 0;
}

/*
 * One port each per PIRQ, per VIRQ and vcpu, and per global VIRQ.  NR_KEYS is
 * above any key of ports in STATE.
 */
static int check_once(const struct gtm_checker *c, unsigned int state,
                      uint64_t nr_keys)
{
    const struct gtm_view *view = c->view;
    uint64_t first;

    for ( first = 0; first < nr_keys; first += WINDOW )
    {
        struct window w = { .first = first };
        uint32_t i;

        for ( i = 0; i < view->nr_ports; i++ )
        {
            const struct xen_gtm_port *p = &view->ports[i];
            uint64_t key = p->value;

            if ( p->state != state )
                continue;

            /* A global VIRQ is vcpu 0's, whichever is notified. */
            if ( state == XEN_GTM_PORT_VIRQ &&
                 !(c->limits->global_virqs & (1u << p->value)) )
                key += (uint64_t)p->vcpu * c->limits->nr_virqs;

            /* port-virq-once, port-pirq-once */
            if ( seen_before(&w, key) )
                return gtm_refuse(c, XEN_GTM_BAD_PORT, &p->value);
        }
    }

    return 0;
}

int gtm_check_ports(const struct gtm_checker *c)
{
    const struct gtm_view *view = c->view;
    uint32_t i, last = 0;
    int rc;

    /* The order comes first: looking for a port relies on it. */
    for ( i = 0; i < view->nr_ports; i++ )
    {
        /* port-order */
        if ( view->ports[i].port <= last )
            return gtm_refuse(c, XEN_GTM_BAD_PORT, &view->ports[i].port);
        last = view->ports[i].port;
    }

    /* port-highest */
    if ( view->domain->nr_ports != (view->nr_ports ? last + 1ull : 0) )
        return gtm_refuse(c, XEN_GTM_BAD_PORT, &view->domain->nr_ports);

    for ( i = 0; i < view->nr_ports; i++ )
    {
        const struct xen_gtm_port *p = &view->ports[i];

        /* port-reserved */
        if ( (p->flags & ~XEN_GTM_PORT_LATCHED) || p->reserved0 ||
             !gtm_all_zero(p->reserved, sizeof(p->reserved)) )
            return gtm_refuse(c, XEN_GTM_BAD_RESERVED, p);

        /* port-vcpu */
        if ( p->vcpu >= c->nr_vcpus )
            return gtm_refuse(c, XEN_GTM_BAD_PORT, &p->vcpu);

        rc = check_port_state(c, p);
        if ( !rc )
            rc = check_port_fifo(c, p);
        if ( rc )
            return rc;
    }

    rc = check_once(c, XEN_GTM_PORT_PIRQ, c->limits->nr_pirqs);
    if ( !rc )
        rc = check_once(c, XEN_GTM_PORT_VIRQ,
                        (uint64_t)c->nr_vcpus * c->limits->nr_virqs);

    return rc;
}

/* The event array, before anything asks which words there are. */
int gtm_check_fifo(const struct gtm_checker *c)
{
    struct gtm_view *view = c->view;
    const struct xen_gtm_fifo *f = view->fifo;
    uint32_t len, covered;

    if ( !f )
        return 0;

    gtm_payload(c, XEN_GTM_REC_FIFO, &len);

    /* fifo-pages */
    if ( f->nr_pages > FIFO_MAX_PAGES )
        return gtm_refuse(c, XEN_GTM_BAD_FIFO, &f->nr_pages);

    /* fifo-words: those of all ports that have one */
    covered = view->domain->nr_ports;
    if ( covered > mapped_words(c) )
        covered = mapped_words(c);
    if ( f->nr_words > mapped_words(c) || f->nr_words < covered )
        return gtm_refuse(c, XEN_GTM_BAD_FIFO, &f->nr_words);

    /* fifo-length */
    if ( len != sizeof(*f) + f->nr_pages * sizeof(*view->fifo_gfn) +
                    f->nr_words * sizeof(*view->fifo_word) )
        return gtm_refuse(c, XEN_GTM_BAD_FIFO, f);

    view->fifo_gfn = (const void *)(f + 1);
    view->fifo_word = (const void *)(view->fifo_gfn + f->nr_pages);

    return 0;
}

/* Was PORT last linked on this queue?  If not listed: vcpu 0's highest. */
static bool last_on(const struct gtm_checker *c, uint32_t port, uint32_t vcpu,
                    uint32_t queue)
{
    const struct xen_gtm_port *p = gtm_view_port(c->view, port);

    return p ? p->last_vcpu == vcpu && p->last_priority == queue
             : !vcpu && !queue;
}

/*
 * A queue's last event has to be in the array, as Xen looks at it without
 * asking, and has to know that it is there: otherwise it could be linked once
 * more with the queue not noticing.
 */
int gtm_check_tails(const struct gtm_checker *c)
{
    uint32_t id, q;

    if ( !has_fifo(c) )
        return 0;

    for ( id = 0; id < c->nr_vcpus; id++ )
    {
        const struct xen_gtm_vcpu *v = gtm_view_vcpu(c->view, id);

        for ( q = 0; q < FIFO_QUEUES; q++ )
        {
            const uint32_t *tail = &v->fifo_tail[q];

            if ( !*tail )
                continue;

            /* tail-word */
            if ( *tail >= c->view->fifo->nr_words )
                return gtm_refuse(c, XEN_GTM_BAD_FIFO, tail);

            /* tail-port */
            if ( !last_on(c, *tail, id, q) )
                return gtm_refuse(c, XEN_GTM_BAD_FIFO, tail);
        }
    }

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
