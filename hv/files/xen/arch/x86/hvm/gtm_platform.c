/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-transparent migration: the platform's timers, which are PIT, RTC, HPET,
 * PM timer and the timers of the local APICs.
 *
 * Their registers came with the HVM context.  When that was loaded, a moment
 * before SET, each timer that its registers describe started to run.  Two
 * things are wrong with that.  Some timers stood still, whatever their
 * registers say: the HPET's legacy routing stops the PIT, the RTC gives up on a
 * guest that doesn't answer, and what fires once has fired.  They are stopped
 * again, or the guest would receive interrupts that it does not expect.  And no
 * time may have passed: those that run are moved back by what passed since SET.
 */
#include <xen/gtm.h>
#include <xen/sched.h>

#include <asm/hvm/hvm.h>
#include <asm/hvm/viridian.h>
#include <asm/hvm/vlapic.h>
#include <asm/hvm/vpt.h>
#include <asm/mc146818rtc.h>

#include <public/hvm/params.h>

/*
 * Neither on a list to fire, nor taken off it as masked, to fire when that
 * ends.  The domain is paused: only a guest that runs changes the answer.
 */
static bool is_still(const struct periodic_time *pt)
{
    return !pt->on_list && !pt->pending_intr_nr;
}

uint32_t gtm_platform_still(const struct domain *d)
{
    const struct pl_time *pl = d->arch.hvm.pl_time;
    uint32_t still = 0;
    unsigned int i;

    if ( d->gtm_hold )
        return d->gtm_hold->still;

    BUILD_BUG_ON(HPET_TIMER_NUM != XEN_GTM_STILL_HPETS);

    if ( has_vpit(d) && is_still(&d->arch.vpit.pt0) )
        still |= XEN_GTM_STILL_PIT;

    if ( has_vrtc(d) && is_still(&pl->vrtc.pt) )
        still |= XEN_GTM_STILL_RTC;

    for ( i = 0; has_vhpet(d) && i < HPET_TIMER_NUM; i++ )
        if ( is_still(&pl->vhpet.pt[i]) )
            still |= XEN_GTM_STILL_HPET(i);

    return still;
}

bool gtm_apic_still(const struct vcpu *v)
{
    return has_vlapic(v->domain) && is_still(&vcpu_vlapic(v)->pt);
}

/* Without a period it is looked at afresh when the guest next reads register C. */
static void stop_rtc(RTCState *rtc)
{
    spin_lock(&rtc->lock);
    destroy_periodic_time(&rtc->pt);
    if ( rtc->hw.cmos_data[RTC_REG_B] & RTC_PIE )
        rtc->period = 0;
    spin_unlock(&rtc->lock);
}

static void stop_still(struct domain *d, const struct gtm_view *view)
{
    struct pl_time *pl = d->arch.hvm.pl_time;
    uint32_t still = view->domain->still;
    unsigned int i;
    struct vcpu *v;

    if ( has_vpit(d) && (still & XEN_GTM_STILL_PIT) )
    {
        spin_lock(&d->arch.vpit.lock);
        destroy_periodic_time(&d->arch.vpit.pt0);
        spin_unlock(&d->arch.vpit.lock);
    }

    if ( has_vrtc(d) && (still & XEN_GTM_STILL_RTC) )
        stop_rtc(&pl->vrtc);

    for ( i = 0; has_vhpet(d) && i < HPET_TIMER_NUM; i++ )
        if ( still & XEN_GTM_STILL_HPET(i) )
        {
            write_lock(&pl->vhpet.lock);
            destroy_periodic_time(&pl->vhpet.pt[i]);
            write_unlock(&pl->vhpet.lock);
        }

    for_each_vcpu ( d, v )
        if ( has_vlapic(d) && (gtm_view_vcpu(view, v->vcpu_id)->flags &
                               XEN_GTM_VCPU_APIC_STILL) )
            destroy_periodic_time(&vcpu_vlapic(v)->pt);
}

/* Of a domain that never ran, whose HVM context was loaded. */
void gtm_platform_hold(struct domain *d, const struct gtm_view *view,
                       struct gtm_hold *hold)
{
    hold->still = view->domain->still;
    stop_still(d, view);

    if ( has_vpm(d) )
        stop_timer(&d->arch.hvm.pl_time->vpmt.timer);

    if ( is_viridian_domain(d) )
    {
        viridian_time_domain_freeze(d);
        hold->viridian_time = d->arch.hvm.viridian->time_ref_count.val;
    }
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

void gtm_platform_start(struct domain *d, s_time_t stopped, s_time_t now)
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

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
