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
};

/* Starts a record of LENGTH bytes: its zeroed payload, or NULL: don't fill. */
void *gtm_record(struct gtm_writer *w, uint16_t type, uint32_t instance,
                 size_t length);

/* Event channels (common/gtm/event_channel.c), under d->event_lock. */
void gtm_evtchn_get(struct domain *d, struct gtm_writer *w);
uint32_t gtm_evtchn_refusal(struct domain *d);
/* Closes what the new domain has; the rest expects it. */
int gtm_evtchn_reset(struct domain *d);
/* After gtm_fifo_set_blocks() and gtm_pirq_set(), before gtm_fifo_set_array() */
int gtm_evtchn_set(struct domain *d, const struct gtm_view *view);
/*
 * Raises what may have been lost while nobody was bound: every UNBOUND and
 * LOOPBACK port and VIRQ_TIMER; and asserts the upcall of each vcpu that has
 * one pending.  The last step, after the callback and vectors are set.
 */
void gtm_evtchn_raise(struct domain *d, const struct gtm_view *view);

/* FIFO ABI (common/gtm/event_fifo.c) */
void gtm_fifo_get_vcpu(const struct vcpu *v, struct xen_gtm_vcpu *rec);
void gtm_fifo_get(struct domain *d, struct gtm_writer *w);
int gtm_fifo_set_blocks(struct domain *d, const struct gtm_view *view);
int gtm_fifo_set_array(struct domain *d, const struct gtm_view *view);

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

/* Watchdogs (common/gtm/watchdog.c) */
void gtm_watchdog_get(struct domain *d, struct gtm_writer *w);
int gtm_watchdog_set(struct domain *d, const struct gtm_view *view);

/* vcpu_info, time and timers, upcall vectors (arch/x86/hvm/gtm_vcpu.c) */
void gtm_vcpu_get(struct vcpu *v, struct xen_gtm_vcpu *rec);
int gtm_vcpu_set(struct vcpu *v, const struct xen_gtm_vcpu *rec);

/*
 * Guest time.  It stands still from GET to the first unpause: system time,
 * TSC and emulated timers go on together from where they were.
 */
void gtm_time_start(struct domain *d);

/* The domctls (arch/x86/hvm/gtm.c) */
int gtm_get_context(struct domain *d, struct xen_domctl_gtm_get_context *op);
int gtm_set_context(struct domain *d, struct xen_domctl_gtm_set_context *op);

#endif /* __XEN_GTM_H__ */
