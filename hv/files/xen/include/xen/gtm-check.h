/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Check of a guest-transparent migration context.  The same source is part of
 * the hypervisor, where it runs before anything is applied, and of the tools,
 * where it is fuzzed.  It reads nothing but the buffer and the limits, writes
 * nothing but the view, and takes time bounded by the buffer's length and the
 * limits.
 */
#ifndef __XEN_GTM_CHECK_H__
#define __XEN_GTM_CHECK_H__

#ifdef __XEN__
#include <xen/errno.h>
#include <xen/types.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

#include <public/gtm.h>

/* What the domain it is meant for can take. */
struct gtm_limits {
    uint16_t domid;
    uint32_t max_vcpus;
    uint32_t max_ports;         /* one above the highest port it may have */
    uint32_t nr_virqs;
    uint32_t global_virqs;      /* bit per virq that a domain has one of */
    uint32_t nr_pirqs;
    uint32_t nr_gsis;
    uint32_t max_grant_version;
    uint32_t max_grant_frames;
    uint32_t max_watchdogs;
    uint64_t max_gfn;           /* highest valid one */
    uint64_t vm_assist;         /* valid bits */
};

/* The records of a context that passed, in its buffer. */
struct gtm_view {
    const struct xen_gtm_domain *domain;
    const uint8_t *shinfo;
    const struct xen_gtm_vcpu *vcpu;    /* see gtm_view_vcpu() */
    const struct xen_gtm_pirq *pirqs;
    uint32_t nr_pirqs;
    const struct xen_gtm_port *ports;
    uint32_t nr_ports;                  /* entries, not the highest */
    const struct xen_gtm_fifo *fifo;    /* NULL: 2-level */
    const uint64_t *fifo_gfn;
    const uint32_t *fifo_word;
    const struct xen_gtm_gnttab *gnttab;
    const uint64_t *gnttab_gfn;         /* frames, then status frames */
    const uint8_t *gnttab_frame;
    const struct xen_gtm_watchdog *watchdogs;
    uint32_t nr_watchdogs;
};

/* Why and where a context was refused. */
struct gtm_error {
    uint32_t reason;            /* XEN_GTM_BAD_* */
    uint32_t offset;            /* in the buffer */
};

/*
 * Checks the LEN bytes at BUF, which is 8-byte aligned and does not change
 * meanwhile.  0, and VIEW refers to it; or -EINVAL (a context that no domain
 * could take), -E2BIG (longer than XEN_GTM_MAX_SIZE) or -ENOSPC (more than
 * these limits allow), and ERR says why.
 */
int gtm_check(const void *buf, size_t len, const struct gtm_limits *limits,
              struct gtm_view *view, struct gtm_error *err);

/* The record of vcpu ID, below limits->max_vcpus. */
const struct xen_gtm_vcpu *gtm_view_vcpu(const struct gtm_view *view,
                                         uint32_t id);

/* The entry of PORT, or NULL if the context does not list it. */
const struct xen_gtm_port *gtm_view_port(const struct gtm_view *view,
                                         uint32_t port);

#endif /* __XEN_GTM_CHECK_H__ */
