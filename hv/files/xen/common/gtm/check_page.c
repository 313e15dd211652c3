/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gtm_check() of the grant table and of all the pages a context names.
 */
#include "check.h"

/* Of version 2: 16 bytes of an entry to 2 of its status. */
#define FRAMES_PER_STATUS 8u

int gtm_check_gnttab(const struct gtm_checker *c)
{
    struct gtm_view *view = c->view;
    const struct xen_gtm_gnttab *g = view->gnttab;
    uint64_t status = 0, need;
    uint32_t len;

    gtm_payload(c, XEN_GTM_REC_GNTTAB, &len);

    /* gnttab-reserved */
    if ( g->reserved )
        return gtm_refuse(c, XEN_GTM_BAD_RESERVED, &g->reserved);

    /* gnttab-version */
    if ( g->version != 1 && g->version != 2 )
        return gtm_refuse(c, XEN_GTM_BAD_GNTTAB, &g->version);

    /* gnttab-frames */
    if ( !g->nr_frames )
        return gtm_refuse(c, XEN_GTM_BAD_GNTTAB, &g->nr_frames);

    /* gnttab-status */
    if ( g->version == 2 )
        status = ((uint64_t)g->nr_frames + FRAMES_PER_STATUS - 1) /
                 FRAMES_PER_STATUS;
    if ( g->nr_status != status )
        return gtm_refuse(c, XEN_GTM_BAD_GNTTAB, &g->nr_status);

    /* gnttab-length */
    need = sizeof(*g) + (g->nr_frames + status) * sizeof(*view->gnttab_gfn) +
           (uint64_t)g->nr_frames * XEN_GTM_PAGE_SIZE;
    if ( len != need )
        return gtm_refuse(c, XEN_GTM_BAD_GNTTAB, g);

    /* limit-gnttab */
    if ( g->version > c->limits->max_grant_version )
        return gtm_exceed(c, XEN_GTM_BAD_LIMIT, &g->version);
    if ( g->nr_frames > c->limits->max_grant_frames )
        return gtm_exceed(c, XEN_GTM_BAD_LIMIT, &g->nr_frames);

    view->gnttab_gfn = (const void *)(g + 1);
    view->gnttab_frame =
        (const void *)(view->gnttab_gfn + g->nr_frames + g->nr_status);

    return 0;
}

/* Is GFN among the first NR of LIST? */
static bool listed(const uint64_t *list, uint32_t nr, uint64_t gfn)
{
    uint32_t i;

    for ( i = 0; i < nr; i++ )
        if ( list[i] == gfn )
            return true;

    return false;
}

/*
 * Pages of two kinds are named: those that Xen owns and puts there (of which
 * NR_OWN of the grant table have been looked at), and memory of the guest that
 * Xen maps.  Nothing is at the place of an owned page, and the event array
 * shares its pages with nothing.
 */
static int check_gfn(const struct gtm_checker *c, const uint64_t *gfn,
                     uint32_t nr_own, uint32_t nr_array)
{
    const struct gtm_view *view = c->view;

    if ( *gfn == XEN_GTM_NONE )
        return 0;

    /* gfn-range */
    if ( *gfn > c->limits->max_gfn )
        return gtm_exceed(c, XEN_GTM_BAD_GFN, gfn);

    /* gfn-once */
    if ( (gfn != &view->domain->shared_info_gfn &&
          *gfn == view->domain->shared_info_gfn) ||
         listed(view->gnttab_gfn, nr_own, *gfn) ||
         listed(view->fifo_gfn, nr_array, *gfn) )
        return gtm_refuse(c, XEN_GTM_BAD_GFN, gfn);

    return 0;
}

int gtm_check_gfns(const struct gtm_checker *c)
{
    const struct gtm_view *view = c->view;
    uint32_t nr_own = view->gnttab->nr_frames + view->gnttab->nr_status;
    uint32_t nr_array = view->fifo ? view->fifo->nr_pages : 0;
    uint32_t i;
    int rc = check_gfn(c, &view->domain->shared_info_gfn, 0, 0);

    for ( i = 0; !rc && i < nr_own; i++ )
        rc = check_gfn(c, &view->gnttab_gfn[i], i, 0);

    for ( i = 0; !rc && i < nr_array; i++ )
    {
        /* fifo-mapped */
        if ( view->fifo_gfn[i] == XEN_GTM_NONE )
            return gtm_refuse(c, XEN_GTM_BAD_FIFO, &view->fifo_gfn[i]);
        rc = check_gfn(c, &view->fifo_gfn[i], nr_own, i);
    }

    for ( i = 0; !rc && i < c->nr_vcpus; i++ )
    {
        const struct xen_gtm_vcpu *v = gtm_view_vcpu(view, i);

        rc = check_gfn(c, &v->vcpu_info_gfn, nr_own, nr_array);
        if ( !rc )
            rc = check_gfn(c, &v->control_gfn, nr_own, nr_array);
    }

    return rc;
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
