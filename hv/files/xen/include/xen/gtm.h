/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-transparent migration: the parts of it that know one kind of state
 * each.  GET functions write records and change nothing else; SET functions
 * apply what gtm_check() has passed to a domain that is paused and never ran.
 * After an error in SET the domain is fit for destruction only.
 */
#ifndef __XEN_GTM_H__
#define __XEN_GTM_H__

#include <xen/gtm-check.h>
#include <xen/sched.h>

struct xen_domctl_gtm_get_context;
struct xen_domctl_gtm_set_context;
struct xen_domctl_gtm_grants;

/*
 * Collects records.  With no buffer it only counts, so that a size can be
 * asked for.  Running over the end is remembered (-ENOBUFS), not an error of
 * the single write.
 */
struct gtm_writer {
    uint8_t *buf;               /* or NULL */
    size_t size;                /* of the buffer */
    size_t len;                 /* written, or that would have been */
    uint32_t nr_records;
    bool overrun;
    /* The moment at which all of it is true: host time, and the host's TSC. */
    s_time_t now;
    uint64_t tsc;
};

/* Starts a record of LENGTH bytes: its zeroed payload, or NULL: don't fill. */
void *gtm_record(struct gtm_writer *w, uint16_t type, uint32_t instance,
                 size_t length);

/*
 * Event channels (common/gtm/event_channel.c).  GET functions, here and for
 * FIFO and pirqs, want d->event_lock held by the caller, for reading; refusal
 * and SET functions take it themselves.
 *
 * Senders outside the guest do not stop for event_lock.  A context is of one
 * moment if two in a row are the same and gtm_evtchn_settle() was called, and
 * was successful, between them: any event was there, with all that belongs to
 * it, before the second, or nothing of it was in the first.
 */
bool gtm_evtchn_settle(struct domain *d);
void gtm_evtchn_get(struct domain *d, struct gtm_writer *w);
/* One above the highest port that gtm_evtchn_get() lists. */
uint32_t gtm_evtchn_nr_ports(const struct domain *d);
uint32_t gtm_evtchn_refusal(struct domain *d);
/* max_ports, nr_virqs and global_virqs */
void gtm_evtchn_limits(const struct domain *d, struct gtm_limits *limits);
/* Closes what the new domain has; the rest expects it. */
int gtm_evtchn_reset(struct domain *d);
/* After gtm_fifo_set_blocks() and gtm_pirq_set(), before gtm_fifo_set_array() */
int gtm_evtchn_set(struct domain *d, const struct gtm_view *view);
/*
 * Raises what may have been lost while nobody was bound: every UNBOUND port
 * and VIRQ_TIMER; and asserts the upcall of each vcpu that has one pending.
 * Loopback and IPI events can't be lost: both ends are in the guest, which is
 * paused.  The last step, after the callback and vectors are set.
 */
void gtm_evtchn_raise(struct domain *d, const struct gtm_view *view);

/* FIFO ABI (common/gtm/event_fifo.c) */
void gtm_fifo_get_vcpu(const struct vcpu *v, struct xen_gtm_vcpu *rec);
void gtm_fifo_get(struct domain *d, struct gtm_writer *w);
int gtm_fifo_set_blocks(struct domain *d, const struct gtm_view *view);
int gtm_fifo_set_array(struct domain *d, const struct gtm_view *view);
/* For common/gtm/event_channel.c, under d->event_lock */
bool gtm_fifo_hidden(const struct domain *d);
bool gtm_fifo_remembers(const struct domain *d, const struct evtchn *chn);
void gtm_fifo_get_port(const struct domain *d, const struct evtchn *chn,
                       struct xen_gtm_port *rec);
int gtm_fifo_set_port(const struct domain *d, struct evtchn *chn,
                      const struct xen_gtm_port *rec);
void gtm_fifo_raise(struct domain *d);

/* Emulated interrupts routed over event channels (arch/x86/hvm/gtm_pirq.c) */
uint32_t gtm_pirq_refusal(struct domain *d);
void gtm_pirq_get(struct domain *d, struct gtm_writer *w);
int gtm_pirq_set(struct domain *d, const struct gtm_view *view);

/* Grant table (common/gtm/grant_table.c) */
uint32_t gtm_gnttab_refusal(struct domain *d);
/* Grants that are mapped, but for the reserved ones of store and console. */
uint32_t gtm_gnttab_mapped(struct domain *d);
void gtm_gnttab_limits(const struct domain *d, struct gtm_limits *limits);
void gtm_gnttab_get(struct domain *d, struct gtm_writer *w);
int gtm_gnttab_set(struct domain *d, const struct gtm_view *view);
int gtm_gnttab_grants(struct domain *d, struct xen_domctl_gtm_grants *op);

/* What each vcpu registered (arch/x86/hvm/gtm_vcpu.c), under domain_lock() */
uint32_t gtm_vcpu_refusal(const struct domain *d);
void gtm_vcpu_get(struct vcpu *v, struct gtm_writer *w);
int gtm_vcpu_set(struct vcpu *v, const struct xen_gtm_vcpu *rec);

/* The gfn at which a page of the domain is, or XEN_GTM_NONE. */
uint64_t gtm_gfn(mfn_t mfn);

/*
 * Guest time.  It stands still from GET to the first unpause: system time,
 * TSC, timers and platform timers go on together from where they were.  What
 * has to wait is held here; nothing of it is armed before.
 */
struct gtm_hold {
    bool complete;              /* SET came to its end */
    s_time_t since;             /* host time of SET */
    s_time_t watchdog_left[NR_DOMAIN_WATCHDOG_TIMERS];
    uint64_t viridian_time;
    uint32_t still;             /* XEN_GTM_STILL_* */
    struct gtm_hold_vcpu {
        uint64_t tsc;
        uint64_t runstate_time[4];
        s_time_t periodic_period;       /* 0: does not run */
        s_time_t periodic_left;
        bool singleshot;
        s_time_t singleshot_left;
        bool apic_still;
    } vcpu[];
};

/* arch/x86/hvm/gtm_time.c */
void gtm_time_now(const struct domain *d, struct gtm_writer *w);
void gtm_time_get(struct vcpu *v, const struct gtm_writer *w,
                  struct xen_gtm_vcpu *rec);
int gtm_time_hold(struct domain *d, const struct gtm_view *view);
#ifdef CONFIG_GTM
/* At the first unpause */
void gtm_time_start(struct domain *d);
void gtm_time_destroy(struct domain *d);
#else
static inline void gtm_time_start(struct domain *d) {}
static inline void gtm_time_destroy(struct domain *d) {}
#endif

/* The platform's timers (arch/x86/hvm/gtm_platform.c) */
uint32_t gtm_platform_still(const struct domain *d);
bool gtm_apic_still(const struct vcpu *v);
void gtm_platform_hold(struct domain *d, const struct gtm_view *view,
                       struct gtm_hold *hold);
/* Moves them by the time that they STOPPED, until NOW. */
void gtm_platform_start(struct domain *d, s_time_t stopped, s_time_t now);

/* Runstates (common/gtm/runstate.c): ns in each until NOW */
void gtm_runstate_get(const struct vcpu *v, s_time_t now, uint64_t time[4]);
void gtm_runstate_set(struct vcpu *v, s_time_t now, const uint64_t time[4]);

/* Watchdogs (common/gtm/watchdog.c) */
void gtm_watchdog_get(struct domain *d, struct gtm_writer *w);
void gtm_watchdog_set(struct domain *d, const struct gtm_view *view);
void gtm_watchdog_start(struct domain *d, s_time_t now);

/*
 * A domain's own time is the host's moved by an offset, which is not 0 only
 * after it was migrated transparently.
 */
static inline s_time_t gtm_guest_time(const struct domain *d, s_time_t host)
{
    return host + d->guest_time_offset;
}

/* Of a time that the guest chose: what can't be represented is far away. */
static inline s_time_t gtm_host_time(const struct domain *d, s_time_t guest)
{
    s_time_t offset = d->guest_time_offset;

    if ( offset < 0 && guest > STIME_MAX + offset )
        return STIME_MAX;
    if ( offset > 0 && guest < -STIME_MAX + offset )
        return -STIME_MAX;

    return guest - offset;
}

/* The domctls (arch/x86/hvm/gtm.c) */
int gtm_get_context(struct domain *d, struct xen_domctl_gtm_get_context *op);
int gtm_set_context(struct domain *d, struct xen_domctl_gtm_set_context *op);

#endif /* __XEN_GTM_H__ */
