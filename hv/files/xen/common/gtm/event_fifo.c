/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-transparent migration: FIFO event channels.  Included by
 * common/event_fifo.c.
 *
 * A queue is held together by four things: its head in the control block, the
 * links in the event words, its tail and each port's last queue, of which only
 * Xen knows the latter two.  They have to arrive as one consistent set, so the
 * context has the words and the control blocks too and does not rely on the
 * copy of memory: Xen writes to them without that being logged as dirty.
 *
 * The set includes the ready bits, exactly.  One too many is not harmless: a
 * guest that looks at a queue with nothing on it finds the head of old, which
 * may be on another queue by now, and goes on along that one.
 */

#include <xen/gtm.h>

/* Where a page that Xen has mapped is in the guest, or XEN_GTM_NONE. */
static uint64_t gtm_page_gfn(const void *virt)
{
    const void *page = (const void *)((unsigned long)virt & PAGE_MASK);

    return gtm_gfn(domain_page_map_to_mfn(page));
}

static unsigned int gtm_nr_pages(const struct domain *d)
{
    return d->evtchn_fifo->num_evtchns / EVTCHN_FIFO_EVENT_WORDS_PER_PAGE;
}

/* Is something that has to be mapped again not part of the guest's memory? */
bool gtm_fifo_hidden(const struct domain *d)
{
    const struct vcpu *v;
    unsigned int i;

    for_each_vcpu ( d, v )
    {
        const void *block = v->evtchn_fifo->control_block;

        if ( block && gtm_page_gfn(block) == XEN_GTM_NONE )
            return true;
    }

    for ( i = 0; i < gtm_nr_pages(d); i++ )
        if ( gtm_page_gfn(d->evtchn_fifo->event_array[i]) == XEN_GTM_NONE )
            return true;

    return false;
}

void gtm_fifo_get_vcpu(const struct vcpu *v, struct xen_gtm_vcpu *rec)
{
    const struct evtchn_fifo_vcpu *efv = v->evtchn_fifo;
    unsigned int i;

    BUILD_BUG_ON(sizeof(rec->control) != sizeof(*efv->control_block));
    BUILD_BUG_ON(ARRAY_SIZE(rec->fifo_tail) != EVTCHN_FIFO_MAX_QUEUES);

    rec->control_gfn = XEN_GTM_NONE;

    if ( !efv || !efv->control_block )
        return;

    rec->flags |= XEN_GTM_VCPU_CONTROL;
    rec->control_gfn = gtm_page_gfn(efv->control_block);
    rec->control_offset = (unsigned long)efv->control_block & ~PAGE_MASK;

    for ( i = 0; i < ARRAY_SIZE(efv->queue); i++ )
        rec->fifo_tail[i] = read_atomic(&efv->queue[i].tail);

    memcpy(rec->control, efv->control_block, sizeof(rec->control));
}

/*
 * Is a port worth keeping though it is free?  It can still be the tail of the
 * queue it was linked on, and if Xen did not know which one that is, the port's
 * next use would join two queues.  All zeroes name a queue too, the first of
 * vcpu 0.
 */
bool gtm_fifo_remembers(const struct domain *d, const struct evtchn *chn)
{
    return d->evtchn_fifo &&
           (read_atomic(&chn->fifo_lastq) ||
            read_atomic(&d->vcpu[0]->evtchn_fifo->queue[0].tail) == chn->port);
}

/* REC has got its state; a free port has a last queue only. */
void gtm_fifo_get_port(const struct domain *d, const struct evtchn *chn,
                       struct xen_gtm_port *rec)
{
    union evtchn_fifo_lastq lastq;

    lastq.raw = read_atomic(&chn->fifo_lastq);
    rec->last_priority = lastq.last_priority;
    rec->last_vcpu = lastq.last_vcpu_id;

    if ( rec->state == XEN_GTM_PORT_FREE )
        return;

    rec->priority = chn->priority;

    /* The mark stays set when the word appears and then means nothing. */
    if ( chn->pending && !evtchn_fifo_word_from_port(d, chn->port) )
        rec->flags |= XEN_GTM_PORT_LATCHED;
}

void gtm_fifo_get(struct domain *d, struct gtm_writer *w)
{
    unsigned int i, nr_pages, nr_words;
    struct xen_gtm_fifo *rec;
    uint64_t *gfn;
    uint32_t *word;

    ASSERT(rw_is_locked(&d->event_lock));

    if ( !d->evtchn_fifo )
        return;

    /* Nobody but the guest writes to words of ports that never were. */
    nr_pages = gtm_nr_pages(d);
    nr_words = min(d->evtchn_fifo->num_evtchns, d->valid_evtchns);

    rec = gtm_record(w, XEN_GTM_REC_FIFO, 0,
                     sizeof(*rec) + nr_pages * sizeof(*gfn) +
                     nr_words * sizeof(*word));
    if ( !rec )
        return;

    rec->nr_pages = nr_pages;
    rec->nr_words = nr_words;
    gfn = (uint64_t *)(rec + 1);
    word = (uint32_t *)(gfn + nr_pages);

    for ( i = 0; i < nr_pages; i++ )
        gfn[i] = gtm_page_gfn(d->evtchn_fifo->event_array[i]);

    for ( i = 0; i < nr_words; i++ )
        word[i] = read_atomic(evtchn_fifo_word_from_port(d, i));
}

static int gtm_set_block(struct vcpu *v, const struct xen_gtm_vcpu *rec)
{
    uint32_t offset = rec->control_offset;
    int rc;

    if ( offset > PAGE_SIZE - sizeof(*v->evtchn_fifo->control_block) ||
         (offset & 7) )
        return -EINVAL;

    rc = map_control_block(v, rec->control_gfn, offset);
    if ( !rc )
        memcpy(v->evtchn_fifo->control_block, rec->control,
               sizeof(rec->control));

    return rc;
}

static int gtm_set_blocks(struct domain *d, const struct gtm_view *view)
{
    struct vcpu *v;
    int rc;

    for_each_vcpu ( d, v )
    {
        rc = setup_control_block(v);
        if ( rc )
            return rc;
    }

    rc = setup_event_array(d);
    if ( rc )
        return rc;

    for_each_vcpu ( d, v )
    {
        const struct xen_gtm_vcpu *rec = gtm_view_vcpu(view, v->vcpu_id);

        if ( rec->flags & XEN_GTM_VCPU_CONTROL )
        {
            rc = gtm_set_block(v, rec);
            if ( rc )
                return rc;
        }
    }

    return 0;
}

/* Switches to the FIFO ABI if that is the guest's. */
int gtm_fifo_set_blocks(struct domain *d, const struct gtm_view *view)
{
    int rc = -EEXIST;

    if ( !view->fifo )
        return 0;

    write_lock(&d->event_lock);

    if ( !d->evtchn_fifo )
    {
        rc = gtm_set_blocks(d, view);

        if ( rc )
            evtchn_fifo_destroy(d);
        else
        {
            /* Synchronize with evtchn_fifo_word_from_port(). */
            smp_wmb();
            d->evtchn_port_ops = &evtchn_port_ops_fifo;
        }
    }

    write_unlock(&d->event_lock);

    return rc;
}

int gtm_fifo_set_port(const struct domain *d, struct evtchn *chn,
                      const struct xen_gtm_port *rec)
{
    union evtchn_fifo_lastq lastq = { };

    /* evtchn_fifo_set_pending() takes these for indexes as they are. */
    if ( rec->priority > EVTCHN_FIFO_PRIORITY_MIN ||
         rec->last_priority > EVTCHN_FIFO_PRIORITY_MIN ||
         !domain_vcpu(d, rec->last_vcpu) )
        return -EINVAL;

    lastq.last_priority = rec->last_priority;
    lastq.last_vcpu_id = rec->last_vcpu;
    write_atomic(&chn->fifo_lastq, lastq.raw);

    chn->priority = rec->priority;
    chn->pending = rec->flags & XEN_GTM_PORT_LATCHED;

    return 0;
}

static int gtm_set_tails(struct domain *d, const struct gtm_view *view,
                         unsigned int nr_ports)
{
    struct vcpu *v;
    unsigned int i;

    for_each_vcpu ( d, v )
    {
        const struct xen_gtm_vcpu *rec = gtm_view_vcpu(view, v->vcpu_id);

        for ( i = 0; i < EVTCHN_FIFO_MAX_QUEUES; i++ )
        {
            uint32_t tail = rec->fifo_tail[i];

            /* evtchn_fifo_set_pending() takes its word for granted. */
            if ( tail && tail >= nr_ports )
                return -EINVAL;

            v->evtchn_fifo->queue[i].tail = tail;
        }
    }

    return 0;
}

/*
 * BUSY is Xen's and lasts for part of one call to evtchn_fifo_set_pending(),
 * which there is none of here.  The guest would wait for it for ever.
 */
static void gtm_set_words(event_word_t *to, const uint32_t *from,
                          unsigned int nr)
{
    unsigned int i;

    for ( i = 0; i < nr; i++ )
        write_atomic(&to[i], from[i] & ~(1u << EVTCHN_FIFO_BUSY));
}

/*
 * Nothing is published before all of it is in place: a timer's event would
 * follow a tail into a page that isn't there.  Until then it is latched.
 */
static int gtm_set_array(struct domain *d, const struct gtm_view *view)
{
    const unsigned int per_page = EVTCHN_FIFO_EVENT_WORDS_PER_PAGE;
    struct evtchn_fifo_domain *efd = d->evtchn_fifo;
    unsigned int i, nr_pages = view->fifo->nr_pages;
    unsigned int left = view->fifo->nr_words;
    int rc;

    if ( !efd || efd->num_evtchns || left > nr_pages * per_page )
        return -EINVAL;

    for ( i = 0; i < nr_pages; i++ )
    {
        unsigned int nr = min(left, per_page);
        void *virt;

        if ( efd->event_array[i] )
            return -EEXIST;

        rc = map_guest_page(d, view->fifo_gfn[i], &virt);
        if ( rc )
            return rc;

        efd->event_array[i] = virt;
        gtm_set_words(virt, view->fifo_word + i * per_page, nr);
        left -= nr;
    }

    rc = gtm_set_tails(d, view, nr_pages * per_page);
    if ( rc )
        return rc;

    /* Synchronize with evtchn_fifo_word_from_port(). */
    smp_wmb();
    efd->num_evtchns = nr_pages * per_page;

    return 0;
}

int gtm_fifo_set_array(struct domain *d, const struct gtm_view *view)
{
    int rc;

    if ( !view->fifo )
        return 0;

    if ( view->fifo->nr_pages > EVTCHN_FIFO_MAX_EVENT_ARRAY_PAGES )
        return -ENOSPC;

    write_lock(&d->event_lock);
    rc = gtm_set_array(d, view);
    write_unlock(&d->event_lock);

    return rc;
}

/* Links what is pending and should be on a queue, or was latched meanwhile. */
static void gtm_link_port(struct domain *d, struct evtchn *chn)
{
    const event_word_t state = (1u << EVTCHN_FIFO_PENDING) |
                               (1u << EVTCHN_FIFO_MASKED) |
                               (1u << EVTCHN_FIFO_LINKED);
    const event_word_t *word = evtchn_fifo_word_from_port(d, chn->port);
    struct vcpu *v = d->vcpu[chn->notify_vcpu_id];

    if ( !word || !v->evtchn_fifo->control_block )
        return;

    if ( chn->pending ||
         (read_atomic(word) & state) == (1u << EVTCHN_FIFO_PENDING) )
    {
        chn->pending = false;
        evtchn_fifo_set_pending(v, chn);
    }
}

void gtm_fifo_raise(struct domain *d)
{
    unsigned int port;

    for ( port = 1; port_is_valid(d, port); port++ )
    {
        struct evtchn *chn = evtchn_from_port(d, port);

        if ( evtchn_usable(chn) )
            gtm_link_port(d, chn);
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
