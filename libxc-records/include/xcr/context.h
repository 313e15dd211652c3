/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * The context of a guest-transparent migration (public/gtm.h), read and
 * written outside of the hypervisor: docs/formats/hypervisor-context.md.
 *
 * Reading is done by the hypervisor's own gtm_check(), with limits that no
 * real domain exceeds.  That is GPL-2.0-only code, and so is a program that is
 * linked with it.
 */
#ifndef XCR_CONTEXT_H
#define XCR_CONTEXT_H

#include <xen/gtm-check.h>

/* A context that was taken apart; the view refers to a copy of its own. */
struct xcr_context {
    void *buf;
    size_t len;
    struct gtm_limits limits;
    struct gtm_view view;
    struct gtm_error err; /* why it could not be, and where */
};

/*
 * 0; -ENOMEM; or what gtm_check() answers.  To be closed in any case.  With
 * LIMITS of NULL everything is allowed that a context can say.
 */
int xcr_context_open(struct xcr_context *context, const void *data, size_t len,
                     const struct gtm_limits *limits);
void xcr_context_close(struct xcr_context *context);

/* What allows everything, with so many vcpus. */
void xcr_context_no_limits(struct gtm_limits *limits, uint32_t max_vcpus);

/* Does this look like the beginning of a context? */
bool xcr_context_is(const void *data, size_t len);

/* A context to be written.  Arrays of the sizes that it says itself. */
struct xcr_description {
    struct xen_gtm_domain domain; /* max_vcpus, nr_ports and FIFO are set */
    const uint8_t *shinfo;        /* NULL: all zero */
    const struct xen_gtm_vcpu *vcpus;
    uint32_t nr_vcpus;
    const struct xen_gtm_pirq *pirqs;
    uint32_t nr_pirqs;
    const struct xen_gtm_port *ports;
    uint32_t nr_ports;
    bool has_fifo;
    struct xen_gtm_fifo fifo;
    const uint64_t *fifo_gfn;
    const uint32_t *fifo_word; /* NULL: all zero */
    struct xen_gtm_gnttab gnttab;
    const uint64_t *gnttab_gfn;
    const uint8_t *gnttab_frame; /* NULL: all zero */
    const struct xen_gtm_watchdog *watchdogs;
    uint32_t nr_watchdogs;
};

/*
 * Writes it down as it is, good or not, into memory that the caller frees.
 * -ENOMEM, or -E2BIG.
 */
int xcr_context_encode(const struct xcr_description *description, void **bufp,
                       size_t *lenp);

#endif /* XCR_CONTEXT_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
