/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-transparent migration: the grant table.  Included by
 * common/grant_table.c.
 *
 * The frames are moved with their content and their places.  What is pinned,
 * and which of it, is not: nothing is mapped on arrival, and the back-ends map
 * again what they need.  The content is the guest's and never trusted, by
 * nobody who reads it anywhere in Xen.
 */

#include <xen/gtm.h>

/*
 * Frees nothing and is called while the guest may map: an entry may come and
 * go unseen, but then the guest is told so by the next call, when it is paused.
 */
static bool gtm_maps_others(const struct grant_table *gt)
{
    grant_handle_t handle;

    for ( handle = 0; handle < gt->maptrack_limit; handle++ )
        if ( maptrack_entry(gt, handle).flags &
             (GNTMAP_device_map | GNTMAP_host_map) )
            return true;

    return false;
}

/* Grants that say more than who may map a page. */
static bool gtm_has_other_kinds(struct grant_table *gt)
{
    unsigned int ref, nr = nr_grant_entries(gt);

    for ( ref = 0; ref < nr; ref++ )
    {
        unsigned int type = shared_entry_header(gt, ref)->flags & GTF_type_mask;

        if ( type == GTF_accept_transfer || type == GTF_transitive )
            return true;
    }

    return false;
}

uint32_t gtm_gnttab_refusal(struct domain *d)
{
    struct grant_table *gt = d->grant_table;
    uint32_t reason = XEN_GTM_OK;

    grant_read_lock(gt);

    if ( gtm_maps_others(gt) )
        reason = XEN_GTM_REFUSE_MAPTRACK;
    else if ( gtm_has_other_kinds(gt) )
        reason = XEN_GTM_REFUSE_GRANT_KIND;

    grant_read_unlock(gt);

    return reason;
}

/* The toolstack made these; store and console have them mapped at all times. */
static bool gtm_reserved_ref(grant_ref_t ref)
{
    return ref == GNTTAB_RESERVED_CONSOLE || ref == GNTTAB_RESERVED_XENSTORE;
}

/* How a grant is mapped, 0 if it is not, and which page that is. */
static uint32_t gtm_pin(struct grant_table *gt, grant_ref_t ref, mfn_t *mfn)
{
    struct active_grant_entry *act = active_entry_acquire(gt, ref);
    uint32_t pin = act->pin;

    *mfn = act->mfn;
    active_entry_release(act);

    return pin;
}

uint32_t gtm_gnttab_mapped(struct domain *d)
{
    struct grant_table *gt = d->grant_table;
    uint32_t mapped = 0;
    grant_ref_t ref;
    unsigned int nr;
    mfn_t mfn;

    grant_read_lock(gt);

    nr = nr_grant_entries(gt);
    for ( ref = 0; ref < nr; ref++ )
        if ( !gtm_reserved_ref(ref) && gtm_pin(gt, ref, &mfn) )
            mapped++;

    grant_read_unlock(gt);

    return mapped;
}

void gtm_gnttab_limits(const struct domain *d, struct gtm_limits *limits)
{
    limits->max_grant_version = d->grant_table->max_version;
    limits->max_grant_frames = d->grant_table->max_grant_frames;
}

void gtm_gnttab_get(struct domain *d, struct gtm_writer *w)
{
    struct grant_table *gt = d->grant_table;
    unsigned int i, nr, nr_status;
    struct xen_gtm_gnttab *rec;
    uint64_t *gfn;

    grant_read_lock(gt);

    nr = nr_grant_frames(gt);
    nr_status = nr_status_frames(gt);
    rec = gtm_record(w, XEN_GTM_REC_GNTTAB, 0,
                     sizeof(*rec) + (nr + nr_status) * sizeof(*gfn) +
                     (size_t)nr * PAGE_SIZE);
    if ( rec )
    {
        rec->version = gt->gt_version;
        rec->nr_frames = nr;
        rec->nr_status = nr_status;

        gfn = (void *)(rec + 1);
        for ( i = 0; i < nr; i++ )
            *gfn++ = gtm_gfn(gnttab_shared_mfn(gt, i));
        for ( i = 0; i < nr_status; i++ )
            *gfn++ = gtm_gfn(gnttab_status_mfn(gt, i));
        for ( i = 0; i < nr; i++ )
            memcpy((void *)gfn + (size_t)i * PAGE_SIZE, gt->shared_raw[i],
                   PAGE_SIZE);
    }

    grant_read_unlock(gt);
}

static int gtm_set_size(struct domain *d, const struct xen_gtm_gnttab *rec)
{
    struct grant_table *gt = d->grant_table;
    int rc = 0;

    /* Nobody has a reason to map or change anything yet. */
    if ( rec->version < gt->gt_version )
        return -EBUSY;

    if ( rec->nr_frames > nr_grant_frames(gt) )
        rc = gnttab_grow_table(d, rec->nr_frames);

    if ( !rc && rec->version > gt->gt_version )
    {
        rc = gnttab_populate_status_frames(d, gt, nr_grant_frames(gt));
        if ( !rc )
            gt->gt_version = rec->version;
    }

    return rc;
}

/*
 * Nothing is mapped here: a guest could never take back a grant that said it
 * is.  For version 2 that is in the status frames.
 */
static void gtm_unmark(struct grant_table *gt)
{
    unsigned int i, nr = nr_grant_entries(gt);

    if ( gt->gt_version == 2 )
    {
        for ( i = 0; i < nr_status_frames(gt); i++ )
            clear_page(gt->status[i]);
        return;
    }

    for ( i = 0; i < nr; i++ )
    {
        grant_entry_v1_t *entry = &shared_entry_v1(gt, i);

        if ( (entry->flags & GTF_type_mask) == GTF_permit_access )
            entry->flags &= ~(GTF_reading | GTF_writing);
    }
}

static void gtm_set_content(struct grant_table *gt, const struct gtm_view *view)
{
    unsigned int i;

    for ( i = 0; i < nr_grant_frames(gt); i++ )
        if ( i < view->gnttab->nr_frames )
            memcpy(gt->shared_raw[i],
                   view->gnttab_frame + (size_t)i * PAGE_SIZE, PAGE_SIZE);
        else
            clear_page(gt->shared_raw[i]);

    gtm_unmark(gt);
}

static bool gtm_any_mapped(struct grant_table *gt)
{
    unsigned int nr = nr_grant_entries(gt);
    grant_ref_t ref;
    mfn_t mfn;

    for ( ref = 0; ref < nr; ref++ )
        if ( gtm_pin(gt, ref, &mfn) )
            return true;

    return false;
}

/* Not under the lock, which is taken again for each frame. */
static int gtm_place_frames(struct domain *d, const uint64_t *gfn,
                            unsigned int nr, unsigned long flag)
{
    const union add_to_physmap_extra extra = {};
    unsigned int i;
    int rc = 0;

    for ( i = 0; !rc && i < nr; i++ )
        if ( gfn[i] != XEN_GTM_NONE )
            rc = xenmem_add_to_physmap_one(d, XENMAPSPACE_grant_table, extra,
                                           i | flag, _gfn(gfn[i]));

    return rc;
}

int gtm_gnttab_set(struct domain *d, const struct gtm_view *view)
{
    const struct xen_gtm_gnttab *rec = view->gnttab;
    struct grant_table *gt = d->grant_table;
    int rc;

    grant_write_lock(gt);

    rc = gtm_any_mapped(gt) ? -EBUSY : gtm_set_size(d, rec);
    if ( !rc )
        gtm_set_content(gt, view);

    grant_write_unlock(gt);

    return rc ?: gtm_place_frames(d, view->gnttab_gfn, rec->nr_frames, 0) ?:
           gtm_place_frames(d, view->gnttab_gfn + rec->nr_frames,
                            rec->nr_status, XENMAPIDX_grant_table_status);
}

/*
 * Fills in what there is room for, and answers where to go on: with NR if all
 * has been seen.
 */
static int gtm_written(struct grant_table *gt,
                       struct xen_domctl_gtm_grants *op, unsigned int room)
{
    unsigned int ref, nr = nr_grant_entries(gt);

    for ( ref = op->next_ref; ref < nr; ref++ )
    {
        uint64_t gfn;
        mfn_t mfn;

        if ( !(gtm_pin(gt, ref, &mfn) &
               (GNTPIN_hstw_mask | GNTPIN_devw_mask)) )
            continue;

        gfn = gtm_gfn(mfn);
        if ( gfn == XEN_GTM_NONE )
            continue;

        if ( op->nr_gfns == room )
            break;

        if ( copy_to_guest_offset(op->gfns, op->nr_gfns, &gfn, 1) )
            return -EFAULT;
        op->nr_gfns++;
    }

    op->next_ref = ref < nr ? ref : ~0u;

    return 0;
}

int gtm_gnttab_grants(struct domain *d, struct xen_domctl_gtm_grants *op)
{
    struct grant_table *gt = d->grant_table;
    unsigned int room = op->nr_gfns;
    int rc;

    if ( op->flags )
        return -EINVAL;

    op->nr_gfns = 0;
    op->nr_mapped = gtm_gnttab_mapped(d);

    grant_read_lock(gt);
    rc = gtm_written(gt, op, room);
    grant_read_unlock(gt);

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
