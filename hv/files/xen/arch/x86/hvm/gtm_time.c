/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-transparent migration: time.
 *
 * For the guest, no time passes between GET on one host and its first unpause
 * on the other.  Its system time and the TSC of each vcpu are read at one
 * moment, and at one moment both go on from there, so the guest can't see them
 * apart.  The platform's timers follow: gtm_platform.c.
 *
 * Nothing of the guest's is armed between SET and the first unpause, when its
 * back-ends are still to be set up.  GET of a domain in that state answers
 * what SET was given.
 */
#include <xen/gtm.h>
#include <xen/sched.h>
#include <xen/time.h>

#include <asm/hvm/hvm.h>

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

    if ( held->apic_still )
        rec->flags |= XEN_GTM_VCPU_APIC_STILL;
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

    if ( gtm_apic_still(v) )
        rec->flags |= XEN_GTM_VCPU_APIC_STILL;
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
    held->apic_still = rec->flags & XEN_GTM_VCPU_APIC_STILL;
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

    gtm_platform_hold(d, view, hold);

    hold->since = NOW();
    d->guest_time_offset = view->domain->guest_time - hold->since;
    d->gtm_hold = hold;

    return 0;
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
        gtm_platform_start(d, now - hold->since, now);
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
