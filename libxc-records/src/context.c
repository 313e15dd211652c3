/* SPDX-License-Identifier: LGPL-2.1-only */
/* Reads a context: the hypervisor's check, with memory to run it on. */
#include <xcr/context.h>

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

/* VIRQs a vcpu can have one each of: TIMER, DEBUG, XENOPROF, XENPMU. */
#define PER_VCPU_VIRQS (1u << 0 | 1u << 1 | 1u << 7 | 1u << 13)

/* Where max_vcpus is if DOMAIN is where it should be. */
#define MAX_VCPUS_AT                                                 \
    (sizeof(struct xen_gtm_header) + sizeof(struct xen_gtm_record) + \
     offsetof(struct xen_gtm_domain, max_vcpus))

void xcr_context_no_limits(struct gtm_limits *limits, uint32_t max_vcpus)
{
    *limits = (struct gtm_limits){
        .max_vcpus = max_vcpus,
        .max_ports = XEN_GTM_MAX_PORTS,
        .nr_virqs = 32,
        .global_virqs = ~PER_VCPU_VIRQS,
        .nr_pirqs = 1u << 16,
        .nr_gsis = 1u << 16,
        .max_grant_version = 2,
        .max_grant_frames = UINT32_MAX,
        .max_watchdogs = UINT32_MAX,
        .max_gfn = (1ull << 40) - 1,
        .vm_assist = UINT64_MAX,
    };
}

/* As many vcpus as it says: a limit is a domain's, and there is none here. */
static uint32_t vcpus_of(const void *data, size_t len)
{
    struct xs_rd rd;

    xs_rd_init(&rd, data, len);
    xs_rd_bytes(&rd, MAX_VCPUS_AT);

    return (uint32_t)xs_rd_int(&rd, 4, false);
}

int xcr_context_open(struct xcr_context *context, const void *data, size_t len,
                     const struct gtm_limits *limits)
{
    *context = (struct xcr_context){ .len = len };

    if ( limits )
        context->limits = *limits;
    else
        xcr_context_no_limits(&context->limits, vcpus_of(data, len));

    /* It is not aligned in a stream, and must be. */
    if ( len <= XEN_GTM_MAX_SIZE )
    {
        context->buf = malloc(len ? len : 1);
        if ( !context->buf )
            return -ENOMEM;
        if ( len )
            memcpy(context->buf, data, len);
    }

    return gtm_check(context->buf, len, &context->limits, &context->view,
                     &context->err);
}

void xcr_context_close(struct xcr_context *context)
{
    free(context->buf);
    context->buf = NULL;
}

bool xcr_context_is(const void *data, size_t len)
{
    struct xs_rd rd;

    xs_rd_init(&rd, data, len);

    return len >= sizeof(struct xen_gtm_header) &&
           xs_rd_int(&rd, 4, false) == XEN_GTM_MAGIC;
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
