/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gtm_check() of vcpus and timers.  What passed can be handed to Xen's timers
 * without a sum that overflows, and every area named lies in one page.
 */
#include "check.h"

#define PERIOD_MIN 1000000ll /* ns, as VCPUOP_set_periodic_timer has it */

/* A timer that runs, or one that does not and says nothing of itself. */
static int check_timers(const struct gtm_checker *c,
                        const struct xen_gtm_vcpu *v)
{
    /* vcpu-periodic */
    if ( v->flags & XEN_GTM_VCPU_PERIODIC )
    {
        if ( v->periodic_period < PERIOD_MIN || v->periodic_period > SPAN_MAX )
            return gtm_refuse(c, XEN_GTM_BAD_VCPU, &v->periodic_period);
        if ( !in_span(v->periodic_left) )
            return gtm_refuse(c, XEN_GTM_BAD_VCPU, &v->periodic_left);
    }
    else if ( v->periodic_period || v->periodic_left )
        return gtm_refuse(c, XEN_GTM_BAD_VCPU, &v->periodic_period);

    /* vcpu-singleshot */
    if ( v->flags & XEN_GTM_VCPU_SINGLESHOT )
    {
        if ( !in_span(v->singleshot_left) )
            return gtm_refuse(c, XEN_GTM_BAD_VCPU, &v->singleshot_left);
    }
    else if ( v->singleshot_left )
        return gtm_refuse(c, XEN_GTM_BAD_VCPU, &v->singleshot_left);

    return 0;
}

/* The areas in guest memory that Xen has to map again. */
static int check_areas(const struct gtm_checker *c,
                       const struct xen_gtm_vcpu *v)
{
    /* vcpu-info */
    if ( v->flags & XEN_GTM_VCPU_INFO )
    {
        if ( v->vcpu_info_gfn == XEN_GTM_NONE )
            return gtm_refuse(c, XEN_GTM_BAD_VCPU, &v->vcpu_info_gfn);
        if ( v->vcpu_info_offset > XEN_GTM_PAGE_SIZE - sizeof(v->vcpu_info) ||
             v->vcpu_info_offset % (has_shinfo32(c) ? 4 : 8) )
            return gtm_refuse(c, XEN_GTM_BAD_VCPU, &v->vcpu_info_offset);
    }
    else if ( v->vcpu_info_gfn != XEN_GTM_NONE || v->vcpu_info_offset ||
              !gtm_all_zero(v->vcpu_info, sizeof(v->vcpu_info)) )
        return gtm_refuse(c, XEN_GTM_BAD_VCPU, &v->vcpu_info_gfn);

    /* vcpu-control */
    if ( v->flags & XEN_GTM_VCPU_CONTROL )
    {
        if ( !has_fifo(c) )
            return gtm_refuse(c, XEN_GTM_BAD_VCPU, &v->flags);
        if ( v->control_gfn == XEN_GTM_NONE )
            return gtm_refuse(c, XEN_GTM_BAD_VCPU, &v->control_gfn);
        if ( v->control_offset > XEN_GTM_PAGE_SIZE - sizeof(v->control) ||
             v->control_offset % 8 )
            return gtm_refuse(c, XEN_GTM_BAD_VCPU, &v->control_offset);
    }
    else if ( v->control_gfn != XEN_GTM_NONE || v->control_offset ||
              !gtm_all_zero(v->control, sizeof(v->control)) ||
              !gtm_all_zero(v->fifo_tail, sizeof(v->fifo_tail)) )
        return gtm_refuse(c, XEN_GTM_BAD_VCPU, &v->control_gfn);

    return 0;
}

static int check_vcpu(const struct gtm_checker *c,
                      const struct xen_gtm_vcpu *v)
{
    int rc;

    /* vcpu-reserved */
    if ( v->flags & ~(XEN_GTM_VCPU_INFO | XEN_GTM_VCPU_CONTROL |
                      XEN_GTM_VCPU_PERIODIC | XEN_GTM_VCPU_SINGLESHOT |
                      XEN_GTM_VCPU_DOWN | XEN_GTM_VCPU_APIC_STILL) )
        return gtm_refuse(c, XEN_GTM_BAD_RESERVED, &v->flags);
    if ( !gtm_all_zero(v->reserved, sizeof(v->reserved)) )
        return gtm_refuse(c, XEN_GTM_BAD_RESERVED, v->reserved);

    /* vcpu-vector */
    if ( v->upcall_vector &&
         (v->upcall_vector < 16 || v->upcall_vector > 255) )
        return gtm_refuse(c, XEN_GTM_BAD_VCPU, &v->upcall_vector);

    rc = check_areas(c, v);
    if ( !rc )
        rc = check_timers(c, v);

    return rc;
}

int gtm_check_vcpus(const struct gtm_checker *c)
{
    uint32_t id;

    for ( id = 0; id < c->nr_vcpus; id++ )
    {
        int rc = check_vcpu(c, gtm_view_vcpu(c->view, id));

        if ( rc )
            return rc;
    }

    return 0;
}

int gtm_check_watchdogs(const struct gtm_checker *c)
{
    uint32_t i, last = 0;

    for ( i = 0; i < c->view->nr_watchdogs; i++ )
    {
        const struct xen_gtm_watchdog *w = &c->view->watchdogs[i];

        /* watchdog-reserved */
        if ( w->reserved )
            return gtm_refuse(c, XEN_GTM_BAD_RESERVED, &w->reserved);

        /* watchdog-order */
        if ( w->id <= last )
            return gtm_refuse(c, XEN_GTM_BAD_WATCHDOG, &w->id);
        last = w->id;

        /* watchdog-left */
        if ( !in_span(w->left) )
            return gtm_refuse(c, XEN_GTM_BAD_WATCHDOG, &w->left);

        /* limit-watchdog */
        if ( w->id > c->limits->max_watchdogs )
            return gtm_exceed(c, XEN_GTM_BAD_LIMIT, &w->id);
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
