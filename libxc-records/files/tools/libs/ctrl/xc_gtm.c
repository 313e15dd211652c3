/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xc_gtm.c - guest-transparent migration: the state Xen keeps about a guest.
 *
 * The three operations, and what a refusal means in words.  What Xen said why
 * is handed out with failures too: an errno alone is of no use to anybody who
 * has to do something about it.
 */
#include "xc_private.h"

#include <xen/gtm.h>

int xc_domain_gtm_get_context(xc_interface *xch, uint32_t domid,
                              void *buf, uint64_t *size, uint32_t *reason)
{
    struct xen_domctl domctl = {
        .cmd = XEN_DOMCTL_gtm_get_context,
        .domain = domid,
    };
    DECLARE_HYPERCALL_BOUNCE(buf, 0, XC_HYPERCALL_BUFFER_BOUNCE_OUT);
    int rc;

    *reason = XEN_GTM_OK;

    if ( buf )
    {
        if ( !*size || *size > XEN_GTM_MAX_SIZE )
        {
            errno = EINVAL;
            return -1;
        }

        HYPERCALL_BOUNCE_SET_SIZE(buf, *size);
        domctl.u.gtm_get_context.size = *size;
    }

    if ( xc_hypercall_bounce_pre(xch, buf) )
    {
        PERROR("Could not bounce buffer for the context of d%u", domid);
        return -1;
    }

    set_xen_guest_handle(domctl.u.gtm_get_context.buffer, buf);

    rc = do_domctl(xch, &domctl);

    xc_hypercall_bounce_post(xch, buf);

    *size = domctl.u.gtm_get_context.size;
    *reason = domctl.u.gtm_get_context.reason;

    return rc;
}

int xc_domain_gtm_set_context(xc_interface *xch, uint32_t domid,
                              const void *buf, uint64_t size,
                              uint32_t *reason, uint32_t *offset)
{
    struct xen_domctl domctl = {
        .cmd = XEN_DOMCTL_gtm_set_context,
        .domain = domid,
        .u.gtm_set_context.size = size,
    };
    DECLARE_HYPERCALL_BOUNCE_IN(buf, size);
    int rc;

    *reason = XEN_GTM_OK;
    *offset = 0;

    if ( !buf || !size || size > XEN_GTM_MAX_SIZE )
    {
        errno = EINVAL;
        return -1;
    }

    if ( xc_hypercall_bounce_pre(xch, buf) )
    {
        PERROR("Could not bounce buffer for the context of d%u", domid);
        return -1;
    }

    set_xen_guest_handle(domctl.u.gtm_set_context.buffer, buf);

    rc = do_domctl(xch, &domctl);

    xc_hypercall_bounce_post(xch, buf);

    *reason = domctl.u.gtm_set_context.reason;
    *offset = domctl.u.gtm_set_context.offset;

    return rc;
}

int xc_domain_gtm_grants(xc_interface *xch, uint32_t domid,
                         uint32_t *next_ref, uint64_t *gfns,
                         uint32_t *nr_gfns, uint32_t *nr_mapped)
{
    uint32_t room = gfns ? *nr_gfns : 0;
    struct xen_domctl domctl = {
        .cmd = XEN_DOMCTL_gtm_grants,
        .domain = domid,
        .u.gtm_grants = {
            .next_ref = *next_ref,
            .nr_gfns = room,
        },
    };
    DECLARE_HYPERCALL_BOUNCE(gfns, room * sizeof(*gfns),
                             XC_HYPERCALL_BUFFER_BOUNCE_OUT);
    int rc;

    if ( !room )
        HYPERCALL_BUFFER(gfns)->ubuf = NULL;

    if ( xc_hypercall_bounce_pre(xch, gfns) )
    {
        PERROR("Could not bounce buffer for the grants of d%u", domid);
        return -1;
    }

    set_xen_guest_handle(domctl.u.gtm_grants.gfns, gfns);

    rc = do_domctl(xch, &domctl);

    xc_hypercall_bounce_post(xch, gfns);

    if ( rc )
        return rc;

    if ( domctl.u.gtm_grants.nr_gfns > room )
    {
        errno = EPROTO;
        return -1;
    }

    *next_ref = domctl.u.gtm_grants.next_ref;
    *nr_gfns = domctl.u.gtm_grants.nr_gfns;
    *nr_mapped = domctl.u.gtm_grants.nr_mapped;

    return 0;
}

const char *xc_gtm_reason(uint32_t reason)
{
    switch ( reason )
    {
    case XEN_GTM_OK:
        return "no reason given";

#define REASON(name, text) case XEN_GTM_##name: return text;
#include "xc_gtm_reasons.def"
#undef REASON

    default:
        return "a reason not known here";
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
