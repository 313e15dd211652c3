/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-transparent migration: the context of a domain as a whole.
 *
 * GET changes nothing.  What it answers is true of one moment: it is read
 * twice, and again if anything differs, because events are still sent to a
 * guest that is paused.  SET works on its own copy of what it is given, all of
 * which has passed gtm_check() before anything is applied.
 *
 * Both hold domain_lock(), which keeps the domain from being torn down
 * meanwhile; the domctl lock keeps it from being unpaused.
 */
#include <xen/err.h>
#include <xen/event.h>
#include <xen/gtm.h>
#include <xen/guest_access.h>
#include <xen/ioreq.h>
#include <xen/mm.h>
#include <xen/paging.h>
#include <xen/sched.h>
#include <xen/version.h>
#include <xen/vm_event.h>
#include <xen/vmap.h>

#include <asm/altp2m.h>
#include <asm/hvm/hvm.h>
#include <asm/hvm/irq.h>
#include <asm/hvm/nestedhvm.h>
#include <asm/p2m.h>

#include <public/domctl.h>
#include <public/hvm/params.h>

/* Captures of one GET before it gives up */
#define GTM_TRIES 8

void *gtm_record(struct gtm_writer *w, uint16_t type, uint32_t instance,
                 size_t length)
{
    size_t start = w->len, padded = ROUNDUP(length, sizeof(uint64_t));
    struct xen_gtm_record *rec;

    w->len += sizeof(*rec) + padded;
    w->nr_records++;

    if ( !w->buf )
        return NULL;

    if ( w->len > w->size )
    {
        w->overrun = true;
        return NULL;
    }

    rec = (void *)(w->buf + start);
    memset(rec, 0, sizeof(*rec) + padded);
    rec->type = type;
    rec->version = 1;
    rec->instance = instance;
    rec->length = length;

    return rec + 1;
}

uint64_t gtm_gfn(mfn_t mfn)
{
    unsigned long gfn = get_gpfn_from_mfn(mfn_x(mfn));

    return VALID_M2P(gfn) && !SHARED_M2P(gfn) ? gfn : XEN_GTM_NONE;
}

/* Memory and devices that can't be there on the other host. */
static uint32_t host_refusal(struct domain *d)
{
    if ( has_arch_pdevs(d) || !rangeset_is_empty(d->iomem_caps) ||
         !rangeset_is_empty(d->irq_caps) ||
         !rangeset_is_empty(d->arch.ioport_caps) )
        return XEN_GTM_REFUSE_DEVICE;

    if ( has_vpci(d) )
        return XEN_GTM_REFUSE_VPCI;

    if ( nestedhvm_enabled(d) )
        return XEN_GTM_REFUSE_NESTED;

    if ( altp2m_active(d) )
        return XEN_GTM_REFUSE_ALTP2M;

    if ( p2m_pod_active(d) )
        return XEN_GTM_REFUSE_POD;

    return XEN_GTM_OK;
}

/* Those who look into the domain. */
static uint32_t observer_refusal(const struct domain *d)
{
    if ( vm_event_check_ring(d->vm_event_monitor) )
        return XEN_GTM_REFUSE_VM_EVENT;

#ifdef CONFIG_MEM_PAGING
    if ( vm_event_check_ring(d->vm_event_paging) )
        return XEN_GTM_REFUSE_VM_EVENT;
#endif

#ifdef CONFIG_MEM_SHARING
    if ( vm_event_check_ring(d->vm_event_share) || mem_sharing_enabled(d) )
        return XEN_GTM_REFUSE_VM_EVENT;
#endif

    if ( d->vmtrace_size )
        return XEN_GTM_REFUSE_VMTRACE;

#ifdef CONFIG_ARGO
    if ( d->argo )
        return XEN_GTM_REFUSE_ARGO;
#endif

    return XEN_GTM_OK;
}

/* A device model outside dom0 would have to be moved as well. */
static uint32_t emulator_refusal(struct domain *d)
{
    uint32_t reason = XEN_GTM_OK;
    unsigned int i;

    spin_lock_recursive(&d->ioreq_server.lock);

    for ( i = 0; i < MAX_NR_IOREQ_SERVERS; i++ )
    {
        const struct ioreq_server *s = d->ioreq_server.server[i];

        if ( s && s->emulator != hardware_domain )
            reason = XEN_GTM_REFUSE_EMULATOR;
    }

    spin_unlock_recursive(&d->ioreq_server.lock);

    return reason;
}

/* Why the domain could not be moved at all, whatever it does just now. */
static uint32_t refusal(struct domain *d)
{
    if ( !is_hvm_domain(d) )
        return XEN_GTM_REFUSE_PV;

    if ( d->is_dying )
        return XEN_GTM_REFUSE_DYING;

    return host_refusal(d) ?: observer_refusal(d) ?: emulator_refusal(d) ?:
           gtm_vcpu_refusal(d) ?: gtm_evtchn_refusal(d) ?:
           gtm_pirq_refusal(d) ?: gtm_gnttab_refusal(d);
}

static void get_domain_itself(struct domain *d, struct gtm_writer *w)
{
    struct xen_gtm_domain *rec = gtm_record(w, XEN_GTM_REC_DOMAIN, 0,
                                            sizeof(*rec));

    if ( !rec )
        return;

    if ( has_32bit_shinfo(d) )
        rec->flags |= XEN_GTM_DOMAIN_SHINFO32;
    if ( d->evtchn_fifo )
        rec->flags |= XEN_GTM_DOMAIN_FIFO;
    rec->max_vcpus = d->max_vcpus;
    rec->nr_ports = gtm_evtchn_nr_ports(d);
    rec->store_port = d->arch.hvm.params[HVM_PARAM_STORE_EVTCHN];
    rec->console_port = d->arch.hvm.params[HVM_PARAM_CONSOLE_EVTCHN];
    rec->still = gtm_platform_still(d);
    rec->vm_assist = d->vm_assist;
    rec->guest_time = gtm_guest_time(d, w->now);
    rec->shared_info_gfn = gtm_gfn(_mfn(virt_to_mfn(d->shared_info)));
    rec->callback_via = d->arch.hvm.params[HVM_PARAM_CALLBACK_IRQ];
}

static void get_shared_info(struct domain *d, struct gtm_writer *w)
{
    void *page = gtm_record(w, XEN_GTM_REC_SHINFO, 0, XEN_GTM_PAGE_SIZE);

    BUILD_BUG_ON(XEN_GTM_PAGE_SIZE != PAGE_SIZE);

    if ( page )
        memcpy(page, d->shared_info, PAGE_SIZE);
}

/* Writes all of the context, of the moment that W names. */
static void capture(struct domain *d, struct gtm_writer *w)
{
    struct xen_gtm_header *header = (void *)w->buf;
    struct vcpu *v;

    w->len = sizeof(*header);
    w->nr_records = 0;
    w->overrun = false;

    read_lock(&d->event_lock);

    get_domain_itself(d, w);
    get_shared_info(d, w);
    for_each_vcpu ( d, v )
        gtm_vcpu_get(v, w);
    gtm_pirq_get(d, w);
    gtm_evtchn_get(d, w);
    gtm_fifo_get(d, w);

    read_unlock(&d->event_lock);

    gtm_gnttab_get(d, w);
    gtm_watchdog_get(d, w);
    gtm_record(w, XEN_GTM_REC_END, 0, 0);

    if ( !header || w->overrun )
        return;

    memset(header, 0, sizeof(*header));
    header->magic = XEN_GTM_MAGIC;
    header->version = XEN_GTM_VERSION;
    header->header_len = sizeof(*header);
    header->total_len = w->len;
    header->nr_records = w->nr_records;
    header->writer = (xen_major_version() << 16) | xen_minor_version();
}

static void fill_limits(const struct domain *d, struct gtm_limits *limits)
{
    *limits = (struct gtm_limits){
        .domid = d->domain_id,
        .max_vcpus = d->max_vcpus,
        .nr_pirqs = d->nr_pirqs,
        .nr_gsis = hvm_domain_irq(d)->nr_gsis,
        .max_watchdogs = NR_DOMAIN_WATCHDOG_TIMERS,
        .max_gfn = (1ull << (paging_max_paddr_bits(d) - PAGE_SHIFT)) - 1,
        .vm_assist = arch_vm_assist_valid_mask(d),
    };
    gtm_evtchn_limits(d, limits);
    gtm_gnttab_limits(d, limits);
}

/*
 * Why nobody could take what was captured: a guest can get into states that
 * work but that no context may have, such as a vcpu_info in a grant frame.
 * The other host would find that, too late for telling anybody early.
 */
static uint32_t unfit(const struct domain *d, const struct gtm_writer *w)
{
    struct gtm_limits limits;
    struct gtm_error err;
    struct gtm_view view;

    fill_limits(d, &limits);
    gtm_check(w->buf, w->len, &limits, &view, &err);

    return err.reason;
}

/* The length of the context, 0 if it is too long. */
static size_t measure(struct domain *d)
{
    struct gtm_writer w = {};

    gtm_time_now(d, &w);
    capture(d, &w);

    return w.len <= XEN_GTM_MAX_SIZE ? w.len : 0;
}

/*
 * Looks at a guest that may run.  It may just be doing what makes no sense
 * half done, so only what is wrong each time is.  One that grows meanwhile is
 * not looked at: it will be, when it is paused.
 */
static int inspect(struct domain *d, size_t size, uint32_t *reason)
{
    struct gtm_writer w = { .size = size, .buf = vmalloc(size) };
    unsigned int i;

    if ( !w.buf )
        return -ENOMEM;

    for ( i = 0; i < GTM_TRIES; i++ )
    {
        gtm_time_now(d, &w);
        capture(d, &w);
        *reason = w.overrun ? XEN_GTM_OK : unfit(d, &w);
        if ( !*reason )
            break;
    }

    vfree(w.buf);

    return *reason ? -EOPNOTSUPP : 0;
}

/*
 * Captures until two in a row are the same, each in its half of BUF, and no
 * event was being sent all the while.  All of them are of one moment, so that
 * time going on makes no difference.
 */
static int snapshot(struct domain *d, struct gtm_writer *w, uint8_t *buf)
{
    size_t last = 0;
    unsigned int i;

    gtm_time_now(d, w);

    for ( i = 0; i < GTM_TRIES; i++ )
    {
        const uint8_t *previous = w->buf;
        bool settled = gtm_evtchn_settle(d);

        w->buf = buf + (i & 1) * w->size;
        capture(d, w);
        if ( w->overrun )
            return -ENOBUFS;

        if ( i && settled && w->len == last &&
             !memcmp(w->buf, previous, last) )
            return 0;
        last = w->len;
    }

    return -EBUSY;
}

/*
 * Keeps the vcpus from running, beyond what the toolstack did, until resume().
 * Unlike domain_pause() it doesn't stop and start the domain's clocks.
 */
static void suspend(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu ( d, v )
        vcpu_pause(v);
}

static void resume(struct domain *d)
{
    struct vcpu *v;

    for_each_vcpu ( d, v )
        vcpu_unpause(v);
}

/* Why the context of the domain can't be read just now. */
static uint32_t business(struct domain *d)
{
    const struct vcpu *v;

    if ( !d->controller_pause_count && !d->is_shut_down )
        return XEN_GTM_BUSY_RUNNING;

    /* An instruction that waits for the device model can't be moved. */
    for_each_vcpu ( d, v )
        if ( v->defer_shutdown )
            return XEN_GTM_BUSY_RUNNING;

    return gtm_gnttab_mapped(d) ? XEN_GTM_BUSY_MAPPED : XEN_GTM_OK;
}

/* Reads the context into W, in a part of *BUF, which the caller frees. */
static int collect(struct domain *d, struct xen_domctl_gtm_get_context *op,
                   struct gtm_writer *w, uint8_t **buf)
{
    int rc;

    op->reason = business(d);
    if ( op->reason )
        return -EBUSY;

    *buf = vmalloc(2 * w->size);
    if ( !*buf )
        return -ENOMEM;

    rc = snapshot(d, w, *buf);
    if ( rc )
    {
        if ( rc == -EBUSY )
            op->reason = XEN_GTM_BUSY_UNSTABLE;
        return rc;
    }

    op->reason = unfit(d, w);

    return op->reason ? -EOPNOTSUPP : 0;
}

/* Under domain_lock() */
static int get_context(struct domain *d, struct xen_domctl_gtm_get_context *op,
                       struct gtm_writer *w, uint8_t **buf)
{
    uint64_t room = op->size;
    int rc;

    op->reason = refusal(d);
    if ( op->reason )
        return op->reason < XEN_GTM_BUSY_RUNNING ? -EOPNOTSUPP : -EBUSY;

    w->size = measure(d);
    if ( !w->size )
    {
        op->reason = XEN_GTM_REFUSE_SIZE;
        return -EOPNOTSUPP;
    }

    op->size = w->size;
    if ( guest_handle_is_null(op->buffer) )
        return inspect(d, w->size, &op->reason);
    if ( room < w->size )
        return -ENOBUFS;

    rc = collect(d, op, w, buf);
    op->size = w->len ?: w->size;

    return rc;
}

int gtm_get_context(struct domain *d, struct xen_domctl_gtm_get_context *op)
{
    bool ask = guest_handle_is_null(op->buffer);
    struct gtm_writer w = {};
    uint8_t *buf = NULL;
    int rc;

    op->reason = XEN_GTM_OK;
    if ( op->flags || (!ask && d == current->domain) )
        return -EINVAL;

    /* Not within domain_lock(), which a vcpu still running may wait for. */
    if ( !ask )
        suspend(d);

    domain_lock(d);
    rc = get_context(d, op, &w, &buf);
    domain_unlock(d);

    if ( !rc && !ask && copy_to_guest(op->buffer, w.buf, w.len) )
        rc = -EFAULT;

    if ( !ask )
        resume(d);
    vfree(buf);

    return rc;
}

static int set_shared_info(struct domain *d, const struct gtm_view *view)
{
    const union add_to_physmap_extra extra = {};
    uint64_t gfn = view->domain->shared_info_gfn;

    memcpy(d->shared_info, view->shinfo, PAGE_SIZE);
    if ( gfn == XEN_GTM_NONE )
        return 0;

    return xenmem_add_to_physmap_one(d, XENMAPSPACE_shared_info, extra, 0,
                                     _gfn(gfn));
}

static int set_vcpus(struct domain *d, const struct gtm_view *view)
{
    struct vcpu *v;
    int rc = 0;

    for_each_vcpu ( d, v )
    {
        rc = gtm_vcpu_set(v, gtm_view_vcpu(view, v->vcpu_id));
        if ( rc )
            break;
    }

    return rc;
}

/*
 * How the guest wants to hear of events.  The vectors come last, or each vcpu
 * would be told of an event that there may not be.
 *
 * As long as it has no vector, vcpu 0 hears of events by the callback line, and
 * map_vcpu_info() made it count as asserted.  A guest with a vector does not
 * expect anything on that line: Linux says it is GSI 1, the keyboard's.  So it
 * is low when it comes to its place, and gtm_evtchn_raise() raises it for a
 * guest that has to hear of an event that way.
 */
static void set_callback(struct domain *d, const struct gtm_view *view)
{
    const struct xen_gtm_domain *rec = view->domain;
    struct vcpu *v = d->vcpu[0];
    bool pending = vcpu_info(v, evtchn_upcall_pending);

    d->arch.hvm.params[HVM_PARAM_STORE_EVTCHN] = rec->store_port;
    d->arch.hvm.params[HVM_PARAM_CONSOLE_EVTCHN] = rec->console_port;
    d->arch.hvm.params[HVM_PARAM_CALLBACK_IRQ] = rec->callback_via;

    vcpu_info(v, evtchn_upcall_pending) = 0;
    hvm_assert_evtchn_irq(v);
    hvm_set_callback_via(d, rec->callback_via);
    if ( pending )
        vcpu_info(v, evtchn_upcall_pending) = 1;

    for_each_vcpu ( d, v )
        v->arch.hvm.evtchn_upcall_vector =
            gtm_view_vcpu(view, v->vcpu_id)->upcall_vector;
}

/* The order matters: see each function, and docs/formats. */
static int apply(struct domain *d, const struct gtm_view *view)
{
    int rc = gtm_time_hold(d, view) ?: gtm_evtchn_reset(d);

    if ( rc )
        return rc;

    d->arch.has_32bit_shinfo = view->domain->flags & XEN_GTM_DOMAIN_SHINFO32;
    d->vm_assist = view->domain->vm_assist;

    rc = set_shared_info(d, view) ?: set_vcpus(d, view) ?:
         gtm_fifo_set_blocks(d, view) ?: gtm_pirq_set(d, view) ?:
         gtm_evtchn_set(d, view) ?: gtm_fifo_set_array(d, view) ?:
         gtm_gnttab_set(d, view);
    if ( rc )
        return rc;

    gtm_watchdog_set(d, view);
    set_callback(d, view);
    update_domain_wallclock_time(d);
    gtm_evtchn_raise(d, view);

    d->gtm_hold->complete = true;

    return 0;
}

/* Whether the domain is one that can be given a context. */
static int check_domain(const struct domain *d,
                        struct xen_domctl_gtm_set_context *op)
{
    unsigned int i;

    if ( d->is_dying )
    {
        op->reason = XEN_GTM_REFUSE_DYING;
        return -EOPNOTSUPP;
    }

    if ( d->creation_finished || !d->controller_pause_count )
    {
        op->reason = XEN_GTM_BUSY_RUNNING;
        return -EBUSY;
    }

    if ( d->gtm_hold )
        return -EEXIST;

    for ( i = 0; i < d->max_vcpus; i++ )
        if ( !d->vcpu[i] )
            return -ENOENT;

    return 0;
}

/* Under domain_lock() */
static int set_context(struct domain *d, const void *buf,
                       struct xen_domctl_gtm_set_context *op)
{
    struct gtm_error err = {};
    struct gtm_limits limits;
    struct gtm_view view;
    int rc = check_domain(d, op);

    if ( rc )
        return rc;

    fill_limits(d, &limits);
    rc = gtm_check(buf, op->size, &limits, &view, &err);
    op->reason = err.reason;
    op->offset = err.offset;

    return rc ?: apply(d, &view);
}

int gtm_set_context(struct domain *d, struct xen_domctl_gtm_set_context *op)
{
    void *buf;
    int rc;

    op->reason = XEN_GTM_OK;
    op->offset = 0;
    if ( op->flags || op->pad )
        return -EINVAL;

    if ( !is_hvm_domain(d) )
    {
        op->reason = XEN_GTM_REFUSE_PV;
        return -EOPNOTSUPP;
    }

    if ( op->size < sizeof(struct xen_gtm_header) ||
         op->size > XEN_GTM_MAX_SIZE )
    {
        op->reason = XEN_GTM_BAD_HEADER;
        return op->size > XEN_GTM_MAX_SIZE ? -E2BIG : -EINVAL;
    }

    buf = vmalloc(op->size);
    if ( !buf )
        return -ENOMEM;

    rc = -EFAULT;
    if ( !copy_from_guest(buf, op->buffer, op->size) )
    {
        domain_lock(d);
        rc = set_context(d, buf, op);
        domain_unlock(d);
    }

    vfree(buf);

    return rc;
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
