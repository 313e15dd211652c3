/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of gtm_check() share.  They run in the order in which they
 * are declared here, and each relies on those before it.
 */
#ifndef __GTM_CHECK_PARTS_H__
#define __GTM_CHECK_PARTS_H__

#include <xen/gtm-check.h>

#define FIFO_QUEUES         16u
#define FIFO_WORDS_PER_PAGE 1024u
#define SPAN_MAX            (1ll << 50) /* ns: longest time to a timer */

struct gtm_checker {
    const uint8_t *buf;
    size_t len;
    const struct gtm_limits *limits;
    struct gtm_view *view;
    struct gtm_error *err;
    /* The (first) record of each type, and how many there are of VCPU. */
    const struct xen_gtm_record *rec[XEN_GTM_REC_END + 1];
    uint32_t nr_vcpus;
};

/* The event array.  After it, it is known which ports have a word. */
int gtm_check_fifo(const struct gtm_checker *c);
int gtm_check_vcpus(const struct gtm_checker *c);
int gtm_check_pirqs(const struct gtm_checker *c);
int gtm_check_ports(const struct gtm_checker *c);
/* The queues' tails, against the ports. */
int gtm_check_tails(const struct gtm_checker *c);
int gtm_check_gnttab(const struct gtm_checker *c);
int gtm_check_watchdogs(const struct gtm_checker *c);
/* Where all pages are, against each other. */
int gtm_check_gfns(const struct gtm_checker *c);

/* No domain could take this: -EINVAL. */
int gtm_refuse(const struct gtm_checker *c, uint32_t reason,
               const void *where);

/* This domain can't take it: -ENOSPC. */
int gtm_exceed(const struct gtm_checker *c, uint32_t reason,
               const void *where);

/* The payload of the (first) record of TYPE, or NULL, and its length. */
const void *gtm_payload(const struct gtm_checker *c, unsigned int type,
                        uint32_t *length);

bool gtm_all_zero(const void *p, size_t len);

static inline bool in_span(int64_t ns)
{
    return ns >= -SPAN_MAX && ns <= SPAN_MAX;
}

static inline bool has_fifo(const struct gtm_checker *c)
{
    return c->view->domain->flags & XEN_GTM_DOMAIN_FIFO;
}

static inline bool has_shinfo32(const struct gtm_checker *c)
{
    return c->view->domain->flags & XEN_GTM_DOMAIN_SHINFO32;
}

/* Ports below this one have an event word. */
static inline uint32_t mapped_words(const struct gtm_checker *c)
{
    return c->view->fifo ? c->view->fifo->nr_pages * FIFO_WORDS_PER_PAGE : 0;
}

#endif /* __GTM_CHECK_PARTS_H__ */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
