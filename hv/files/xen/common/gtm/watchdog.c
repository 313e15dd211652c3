/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-transparent migration: the domain's watchdogs.  One that the guest has
 * is in use and runs, until it stops it or is shut down by it.
 */
#include <xen/gtm.h>
#include <xen/sched.h>

static s_time_t time_left(const struct domain *d, unsigned int id, s_time_t now)
{
    /* SCHEDOP_watchdog takes 32 bits of seconds, more than a span may be. */
    return d->gtm_hold ? d->gtm_hold->watchdog_left[id]
                       : min_t(s_time_t, d->watchdog_timer[id].expires - now,
                               1ll << 50);
}

void gtm_watchdog_get(struct domain *d, struct gtm_writer *w)
{
    struct xen_gtm_watchdog *rec;
    unsigned int id, nr;

    spin_lock(&d->watchdog_lock);

    nr = hweight32(d->watchdog_inuse_map);
    rec = nr ? gtm_record(w, XEN_GTM_REC_WATCHDOG, 0, nr * sizeof(*rec))
             : NULL;

    for ( id = 0; rec && id < NR_DOMAIN_WATCHDOG_TIMERS; id++ )
    {
        if ( !test_bit(id, &d->watchdog_inuse_map) )
            continue;

        rec->id = id + 1;
        rec->left = time_left(d, id, w->now);
        rec++;
    }

    spin_unlock(&d->watchdog_lock);
}

/* They run from gtm_watchdog_start() on. */
void gtm_watchdog_set(struct domain *d, const struct gtm_view *view)
{
    unsigned int i;

    spin_lock(&d->watchdog_lock);

    for ( i = 0; i < view->nr_watchdogs; i++ )
    {
        unsigned int id = view->watchdogs[i].id - 1;

        d->gtm_hold->watchdog_left[id] = view->watchdogs[i].left;
        set_bit(id, &d->watchdog_inuse_map);
    }

    spin_unlock(&d->watchdog_lock);
}

void gtm_watchdog_start(struct domain *d, s_time_t now)
{
    unsigned int id;

    spin_lock(&d->watchdog_lock);

    for ( id = 0; id < NR_DOMAIN_WATCHDOG_TIMERS; id++ )
        if ( test_bit(id, &d->watchdog_inuse_map) )
            set_timer(&d->watchdog_timer[id],
                      now + d->gtm_hold->watchdog_left[id]);

    spin_unlock(&d->watchdog_lock);
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
