/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-transparent migration: the table of event channels.  Included by
 * common/event_channel.c.  The 2-level ABI needs no more than that: its bits
 * are in shared_info and vcpu_info.
 *
 * What the guest was bound to outside itself is not moved.  Such a port
 * becomes UNBOUND for the domain it was bound to, whose back-ends bind it
 * again just as they bind a new one.  Channels that Xen consumes belong to the
 * device model and are made anew for it.
 *
 * At each point of SET, also where it gives up, every port is in a state that
 * evtchn_close() knows: a port is either FREE or complete.
 */

#include <xen/gtm.h>

/* How long to wait for a sender, who takes less than a microsecond. */
#define GTM_SENDER_SPINS 10000

/* LOCK was free at some moment from now on. */
static bool gtm_lock_settles(rwlock_t *lock)
{
    unsigned int spins;

    for ( spins = 0; spins < GTM_SENDER_SPINS; spins++ )
    {
        if ( !rw_is_locked(lock) )
            return true;
        cpu_relax();
    }

    return false;
}

/*
 * An event is several writes: pending, linked or selected, ready, upcall.  A
 * context with some of them makes the guest miss it and, as it counts as
 * pending, all that follow.
 *
 * Who sends holds the lock of the channel that it sends by until the event is
 * all there: the other domain's channel or, for VIRQs and PIRQs, the guest's
 * own.  Waiting for these to be free once is enough; taking them would make
 * VIRQs get lost, whose senders only try the lock.
 */
bool gtm_evtchn_settle(struct domain *d)
{
    unsigned int port;
    bool settled = true;

    read_lock(&d->event_lock);

    for ( port = 1; settled && port_is_valid(d, port); port++ )
    {
        struct evtchn *chn = evtchn_from_port(d, port);

        /* The other end can't go away without d->event_lock. */
        if ( chn->state == ECS_INTERDOMAIN )
            chn = evtchn_from_port(chn->u.interdomain.remote_dom,
                                   chn->u.interdomain.remote_port);

        settled = gtm_lock_settles(&chn->lock);
    }

    read_unlock(&d->event_lock);

    /* Against reading anything of what was sent before it was. */
    smp_rmb();

    return settled;
}

/* As far as the guest goes. */
static bool gtm_port_free(const struct evtchn *chn)
{
    return chn->state <= ECS_RESERVED || consumer_is_xen(chn);
}

static bool gtm_port_listed(const struct domain *d, const struct evtchn *chn)
{
    return !gtm_port_free(chn) || gtm_fifo_remembers(d, chn);
}

static void gtm_get_interdomain(const struct domain *d,
                                const struct evtchn *chn,
                                struct xen_gtm_port *rec)
{
    const struct domain *rd = chn->u.interdomain.remote_dom;
    evtchn_port_t rport = chn->u.interdomain.remote_port;

    if ( rd == d && !consumer_is_xen(evtchn_from_port(d, rport)) )
    {
        rec->state = XEN_GTM_PORT_LOOPBACK;
        rec->value = rport;
    }
    else
    {
        rec->state = XEN_GTM_PORT_UNBOUND;
        rec->remote_domid = rd->domain_id;
    }
}

static void gtm_get_port(const struct domain *d, const struct evtchn *chn,
                         struct xen_gtm_port *rec)
{
    rec->port = chn->port;
    rec->state = XEN_GTM_PORT_FREE;

    if ( !gtm_port_free(chn) )
    {
        rec->vcpu = chn->notify_vcpu_id;

        switch ( chn->state )
        {
        case ECS_UNBOUND:
            rec->state = XEN_GTM_PORT_UNBOUND;
            rec->remote_domid = chn->u.unbound.remote_domid;
            break;

        case ECS_INTERDOMAIN:
            gtm_get_interdomain(d, chn, rec);
            break;

        case ECS_PIRQ:
            rec->state = XEN_GTM_PORT_PIRQ;
            rec->value = chn->u.pirq.irq;
            break;

        case ECS_VIRQ:
            rec->state = XEN_GTM_PORT_VIRQ;
            rec->value = chn->u.virq;
            break;

        case ECS_IPI:
            rec->state = XEN_GTM_PORT_IPI;
            break;
        }
    }

    if ( d->evtchn_fifo )
        gtm_fifo_get_port(d, chn, rec);
}

void gtm_evtchn_get(struct domain *d, struct gtm_writer *w)
{
    unsigned int port, nr = 0;
    struct xen_gtm_port *rec;

    ASSERT(rw_is_locked(&d->event_lock));

    for ( port = 1; port_is_valid(d, port); port++ )
        nr += gtm_port_listed(d, evtchn_from_port(d, port));

    rec = gtm_record(w, XEN_GTM_REC_EVTCHN, 0, nr * sizeof(*rec));
    if ( !rec )
        return;

    /* event_lock keeps ports from being added, hence NR from being wrong. */
    for ( port = 1; nr && port_is_valid(d, port); port++ )
    {
        const struct evtchn *chn = evtchn_from_port(d, port);

        if ( !gtm_port_listed(d, chn) )
            continue;

        gtm_get_port(d, chn, rec++);
        nr--;
    }
}

uint32_t gtm_evtchn_nr_ports(const struct domain *d)
{
    unsigned int port = read_atomic(&d->valid_evtchns);

    while ( --port )
        if ( gtm_port_listed(d, evtchn_from_port(d, port)) )
            return port + 1;

    return 0;
}

uint32_t gtm_evtchn_refusal(struct domain *d)
{
    unsigned int virq;
    uint32_t reason = XEN_GTM_OK;

    for ( virq = 0; virq < NR_VIRQS; virq++ )
        if ( read_atomic(&global_virq_handlers[virq]) == d )
            return XEN_GTM_REFUSE_VIRQ_HANDLER;

    read_lock(&d->event_lock);

    /*
     * Any port that there is may have left a trace in a queue, so all of them
     * count and not only those in use.
     */
    if ( d->valid_evtchns > XEN_GTM_MAX_PORTS )
        reason = XEN_GTM_REFUSE_PORTS;
    else if ( d->evtchn_fifo && gtm_fifo_hidden(d) )
        reason = XEN_GTM_REFUSE_HIDDEN_PAGE;
    /* The guest is in the middle of EVTCHNOP_reset: it has to go on first. */
    else if ( d->next_evtchn )
        reason = XEN_GTM_BUSY_UNSTABLE;

    read_unlock(&d->event_lock);

    return reason;
}

void gtm_evtchn_limits(const struct domain *d, struct gtm_limits *limits)
{
    unsigned int virq;

    BUILD_BUG_ON(NR_VIRQS > 32);

    limits->max_ports = min(d->max_evtchn_port + 1, XEN_GTM_MAX_PORTS);
    limits->nr_virqs = NR_VIRQS;
    limits->global_virqs = 0;

    for ( virq = 0; virq < NR_VIRQS; virq++ )
        if ( virq_is_global(virq) )
            limits->global_virqs |= 1u << virq;
}

/*
 * evtchn_reset() stops when anything waits for this CPU, to be called again
 * from a continuation, which there is none of here.  Closing the ports before
 * leaves it with nothing to stop at.
 */
int gtm_evtchn_reset(struct domain *d)
{
    unsigned int port;
    int rc;

    for ( port = 1; port_is_valid(d, port) && has_active_evtchns(d); port++ )
        evtchn_close(d, port, true);

    rc = evtchn_reset(d, false);

    return rc == -ERESTART ? -EBUSY : rc;
}

static int gtm_set_unbound(struct domain *d, struct evtchn *chn,
                           const struct vcpu *v, domid_t remote)
{
    int rc = xsm_evtchn_unbound(XSM_TARGET, d, chn, remote);

    if ( rc )
        return rc;

    evtchn_write_lock(chn);
    chn->state = ECS_UNBOUND;
    chn->notify_vcpu_id = v->vcpu_id;
    chn->u.unbound.remote_domid = remote;
    evtchn_write_unlock(chn);

    return 0;
}

/*
 * A pair has to become bound at once, for evtchn_close() insists on a bound
 * port's other end being bound as well.  So the lower port of a pair is
 * unbound until the higher one is reached.
 */
static int gtm_set_loopback(struct domain *d, struct evtchn *chn,
                            const struct vcpu *v, evtchn_port_t partner)
{
    struct evtchn *peer;
    int rc = gtm_set_unbound(d, chn, v, d->domain_id);

    if ( rc || partner >= chn->port )
        return rc;

    peer = _evtchn_from_port(d, partner);
    if ( !peer || peer->state != ECS_UNBOUND || consumer_is_xen(peer) ||
         peer->u.unbound.remote_domid != d->domain_id )
        return -EINVAL;

    rc = xsm_evtchn_interdomain(XSM_HOOK, d, chn, d, peer);
    if ( rc )
        return rc;

    double_evtchn_lock(chn, peer);

    chn->u.interdomain.remote_dom = d;
    chn->u.interdomain.remote_port = peer->port;
    chn->state = ECS_INTERDOMAIN;

    peer->u.interdomain.remote_dom = d;
    peer->u.interdomain.remote_port = chn->port;
    peer->state = ECS_INTERDOMAIN;

    double_evtchn_unlock(chn, peer);

    return 0;
}

/* The pirq itself and its source are gtm_pirq_set()'s, and optional. */
static int gtm_set_pirq(struct domain *d, struct evtchn *chn, struct vcpu *v,
                        unsigned int pirq)
{
    struct pirq *info;

    if ( pirq >= d->nr_pirqs )
        return -EINVAL;

    if ( pirq_to_evtchn(d, pirq) )
        return -EEXIST;

    info = pirq_get_info(d, pirq);
    if ( !info )
        return -ENOMEM;

    evtchn_write_lock(chn);
    chn->state = ECS_PIRQ;
    chn->notify_vcpu_id = v->vcpu_id;
    chn->u.pirq.irq = pirq;
    link_pirq_port(chn->port, chn, v);
    evtchn_write_unlock(chn);

    info->evtchn = chn->port;

    return 0;
}

static int gtm_set_virq(struct domain *d, struct evtchn *chn,
                        const struct vcpu *v, unsigned int virq)
{
    struct vcpu *owner;
    unsigned long flags;

    if ( virq >= NR_VIRQS )
        return -EINVAL;

    virq = array_index_nospec(virq, NR_VIRQS);
    owner = d->vcpu[virq_is_global(virq) ? 0 : v->vcpu_id];

    if ( read_atomic(&owner->virq_to_evtchn[virq]) )
        return -EEXIST;

    evtchn_write_lock(chn);
    chn->state = ECS_VIRQ;
    chn->notify_vcpu_id = v->vcpu_id;
    chn->u.virq = virq;
    evtchn_write_unlock(chn);

    write_lock_irqsave(&owner->virq_lock, flags);
    write_atomic(&owner->virq_to_evtchn[virq], chn->port);
    write_unlock_irqrestore(&owner->virq_lock, flags);

    return 0;
}

static int gtm_set_ipi(struct evtchn *chn, const struct vcpu *v)
{
    evtchn_write_lock(chn);
    chn->state = ECS_IPI;
    chn->notify_vcpu_id = v->vcpu_id;
    evtchn_write_unlock(chn);

    return 0;
}

static int gtm_bind_port(struct domain *d, struct evtchn *chn,
                         const struct xen_gtm_port *rec)
{
    struct vcpu *v = domain_vcpu(d, rec->vcpu);

    if ( !v )
        return -EINVAL;

    switch ( rec->state )
    {
    case XEN_GTM_PORT_FREE:
        return 0;

    case XEN_GTM_PORT_UNBOUND:
        return gtm_set_unbound(d, chn, v, rec->remote_domid);

    case XEN_GTM_PORT_LOOPBACK:
        return gtm_set_loopback(d, chn, v, rec->value);

    case XEN_GTM_PORT_PIRQ:
        return gtm_set_pirq(d, chn, v, rec->value);

    case XEN_GTM_PORT_VIRQ:
        return gtm_set_virq(d, chn, v, rec->value);

    case XEN_GTM_PORT_IPI:
        return gtm_set_ipi(chn, v);
    }

    return -EINVAL;
}

/*
 * Not evtchn_port_init(): it gives the default priority, and looks at the
 * port's word, which isn't there yet.
 */
static int gtm_set_port(struct domain *d, const struct xen_gtm_port *rec)
{
    struct evtchn *chn;
    int rc = evtchn_allocate_port(d, rec->port);

    if ( rc )
        return rc;

    chn = evtchn_from_port(d, rec->port);

    if ( d->evtchn_fifo )
        rc = gtm_fifo_set_port(d, chn, rec);

    if ( !rc )
        rc = gtm_bind_port(d, chn, rec);

    check_free_port(d, rec->port);

    return rc;
}

int gtm_evtchn_set(struct domain *d, const struct gtm_view *view)
{
    unsigned int i;
    int rc = 0;

    write_lock(&d->event_lock);

    for ( i = 0; !rc && i < view->nr_ports; i++ )
        rc = gtm_set_port(d, &view->ports[i]);

    write_unlock(&d->event_lock);

    return rc;
}

/* May this port have lost an event while the context was on its way? */
static bool gtm_port_lossy(const struct domain *d, const struct evtchn *chn)
{
    switch ( chn->state )
    {
    case ECS_UNBOUND:
        return chn->u.unbound.remote_domid != d->domain_id;

    case ECS_VIRQ:
        return chn->u.virq == VIRQ_TIMER;
    }

    return false;
}

static void gtm_raise_ports(struct domain *d, const struct gtm_view *view)
{
    unsigned int i;

    read_lock(&d->event_lock);

    for ( i = 0; i < view->nr_ports; i++ )
    {
        struct evtchn *chn = _evtchn_from_port(d, view->ports[i].port);

        if ( chn && gtm_port_lossy(d, chn) )
            evtchn_port_set_pending(d, chn->notify_vcpu_id, chn);
    }

    if ( d->evtchn_fifo )
        gtm_fifo_raise(d);

    read_unlock(&d->event_lock);
}

void gtm_evtchn_raise(struct domain *d, const struct gtm_view *view)
{
    struct vcpu *v;

    gtm_raise_ports(d, view);

    /*
     * A set upcall flag keeps vcpu_mark_events_pending() from delivering, and
     * the flag came with the context while what it stood for, a pending
     * vector or line, may not have.
     */
    for_each_vcpu ( d, v )
        if ( vcpu_info(v, evtchn_upcall_pending) )
        {
            vcpu_info(v, evtchn_upcall_pending) = 0;
            vcpu_mark_events_pending(v);
        }
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
