/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-transparent migration: time.
 *
 * For the guest, no time passes between GET on one host and its first unpause
 * on the other.  Its system time and the TSC of each vcpu are read at one
 * moment, and at one moment both go on from there, so the guest can't see them
 * apart.  What runs on the platform's time (HPET, PM timer, PIT, local APIC
 * timers) came with the HVM context, started to run when that was loaded, a
 * moment before SET, and is moved back by what passed since SET.
 *
 * Nothing of the guest's is armed between SET and the first unpause, when its
 * back-ends are still to be set up.  GET of a domain in that state answers
 * what SET was given.
 */
#include <xen/gtm.h>
#include <xen/sched.h>
#include <xen/time.h>

#include <asm/hvm/hvm.h>
#include <asm/hvm/viridian.h>
#include <asm/hvm/vpt.h>

#include <public/hvm/params.h>
#include <public/sched.h>

/* A timer further away than that is as good as one that never expires. */
#define SPAN_MAX (1ll << 50)

static s_time_t clamp_span(s_time_t left)
{
    return min_t(s_time_t, max_t(s_time_t, left, -SPAN_MAX), SPAN_MAX);
}

/* Chooses the moment that a context is of. */
void gtm_time_now(const struct domain *d, struct gtm_writer *w)
{
    w->tsc = rdtsc();
    w->now = d->gtm_hold ? d->gtm_hold->since : get_s_time_fixed(w->tsc);
}

static void get_held(const struct gtm_hold_vcpu *held, struct xen_gtm_vcpu *rec)
{
    rec->tsc = held->tsc;
    memcpy(rec->runstate_time, held->runstate_time,
           sizeof(rec->runstate_time));

    if ( held->periodic_period )
        rec->flags |= XEN_GTM_VCPU_PERIODIC;
    rec->periodic_period = held->periodic_period;
    rec->periodic_left = held->periodic_left;

    if ( held->singleshot )
        rec->flags |= XEN_GTM_VCPU_SINGLESHOT;
    rec->singleshot_left = held->singleshot_left;
}

void gtm_time_get(struct vcpu *v, const struct gtm_writer *w,
                  struct xen_gtm_vcpu *rec)
{
    const struct gtm_hold *hold = v->domain->gtm_hold;

    if ( hold )
        return get_held(&hold->vcpu[v->vcpu_id], rec);

    rec->tsc = hvm_get_guest_tsc_fixed(v, w->tsc);
    gtm_runstate_get(v, w->now, rec->runstate_time);

    spin_lock(&v->periodic_timer_lock);
    if ( v->periodic_period )
    {
        rec->flags |= XEN_GTM_VCPU_PERIODIC;
        rec->periodic_period = clamp_span(v->periodic_period);
        rec->periodic_left = clamp_span(v->periodic_last_event +
                                        v->periodic_period - w->now);
    }
    spin_unlock(&v->periodic_timer_lock);

    if ( timer_is_active(&v->singleshot_timer) )
    {
        rec->flags |= XEN_GTM_VCPU_SINGLESHOT;
        rec->singleshot_left = clamp_span(v->singleshot_timer.expires -
                                          w->now);
    }
}

static void hold_vcpu(struct gtm_hold_vcpu *held,
                      const struct xen_gtm_vcpu *rec)
{
    held->tsc = rec->tsc;
    memcpy(held->runstate_time, rec->runstate_time,
           sizeof(held->runstate_time));
    held->periodic_period = rec->periodic_period;
    held->periodic_left = rec->periodic_left;
    held->singleshot = rec->flags & XEN_GTM_VCPU_SINGLESHOT;
    held->singleshot_left = rec->singleshot_left;
}

/* The first step of SET: all that follows sees the guest's own time. */
int gtm_time_hold(struct domain *d, const struct gtm_view *view)
{
    struct gtm_hold *hold = xzalloc_flex_struct(struct gtm_hold, vcpu,
                                                d->max_vcpus);
    unsigned int i;

    if ( !hold )
        return -ENOMEM;

    for ( i = 0; i < d->max_vcpus; i++ )
        hold_vcpu(&hold->vcpu[i], gtm_view_vcpu(view, i));

    if ( has_vpm(d) )
        stop_timer(&d->arch.hvm.pl_time->vpmt.timer);

    if ( is_viridian_domain(d) )
    {
        viridian_time_domain_freeze(d);
        hold->viridian_time = d->arch.hvm.viridian->time_ref_count.val;
    }

    hold->since = NOW();
    d->guest_time_offset = view->domain->guest_time - hold->since;
    d->gtm_hold = hold;

    return 0;
}

/*
 * Moves the platform timers of a vcpu, and takes back the ticks that they had
 * since they were loaded.  The list doesn't change: only a guest that runs
 * adds to it and removes from it.
 */
static void shift_timers(struct vcpu *v, s_time_t stopped)
{
    struct periodic_time *pt;

    /* Waits for a callback, which takes the lock. */
    list_for_each_entry ( pt, &v->arch.hvm.tm_list, list )
        kill_timer(&pt->timer);

    spin_lock(&v->arch.hvm.tm_lock);

    list_for_each_entry ( pt, &v->arch.hvm.tm_list, list )
    {
        pt->scheduled += stopped - pt->pending_intr_nr * pt->period;
        pt->pending_intr_nr = 0;
        init_timer(&pt->timer, pt->timer.function, pt, v->processor);
        set_timer(&pt->timer, pt->scheduled);
    }

    spin_unlock(&v->arch.hvm.tm_lock);
}

static void shift_pmtimer(PMTState *pmt, s_time_t now)
{
    uint64_t guest = hvm_get_guest_time(pmt->vcpu);

    /* It may have been brought up to date between its loading and SET. */
    spin_lock(&pmt->lock);
    if ( (int64_t)(pmt->last_gtime - guest) > 0 )
        pmt->last_gtime = guest;
    spin_unlock(&pmt->lock);

    set_timer(&pmt->timer, now);
}

static void shift_platform(struct domain *d, s_time_t stopped, s_time_t now)
{
    struct pl_time *pl = d->arch.hvm.pl_time;
    struct vcpu *v;

    spin_lock(&pl->pl_time_lock);
    pl->stime_offset -= stopped;
    pl->last_guest_time = now + pl->stime_offset;
    spin_unlock(&pl->pl_time_lock);

    for_each_vcpu ( d, v )
        shift_timers(v, stopped);

    if ( has_vpm(d) )
        shift_pmtimer(&pl->vpmt, now);

    if ( is_viridian_domain(d) )
    {
        /* The unpause thaws it, with the TSC as it is then. */
        viridian_time_domain_freeze(d);
        d->arch.hvm.viridian->time_ref_count.val = d->gtm_hold->viridian_time;
    }
}

static void start_vcpu(struct vcpu *v, const struct gtm_hold_vcpu *held,
                       s_time_t now, uint64_t tsc)
{
    v->arch.hvm.cache_tsc_offset += held->tsc - hvm_get_guest_tsc_fixed(v, tsc);
    hvm_set_tsc_offset(v, v->arch.hvm.cache_tsc_offset, tsc);

    gtm_runstate_set(v, now, held->runstate_time);

    /* It is armed whenever the vcpu is scheduled. */
    spin_lock(&v->periodic_timer_lock);
    v->periodic_period = held->periodic_period;
    v->periodic_last_event = now + held->periodic_left - held->periodic_period;
    spin_unlock(&v->periodic_timer_lock);

    if ( held->singleshot )
        set_timer(&v->singleshot_timer, now + held->singleshot_left);
}

void gtm_time_start(struct domain *d)
{
    const struct gtm_hold *hold = d->gtm_hold;
    uint64_t tsc = rdtsc();
    s_time_t now = get_s_time_fixed(tsc);
    struct vcpu *v;

    if ( !hold )
        return;

    if ( hold->complete )
    {
        d->guest_time_offset -= now - hold->since;
        shift_platform(d, now - hold->since, now);
        for_each_vcpu ( d, v )
            start_vcpu(v, &hold->vcpu[v->vcpu_id], now, tsc);
        gtm_watchdog_start(d, now);
        update_domain_wallclock_time(d);
    }
    else
    {
        printk(XENLOG_G_ERR "%pd: was given no complete context\n", d);
        domain_shutdown(d, SHUTDOWN_crash);
    }

    XFREE(d->gtm_hold);
}

void gtm_time_destroy(struct domain *d)
{
    XFREE(d->gtm_hold);
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
