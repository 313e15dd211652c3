/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-transparent migration: what each vcpu registered with Xen.
 *
 * Every vcpu has a record, those that are down as well: they keep what they
 * registered, and the guest may bring them up at any time without telling Xen
 * again.
 */
#include <xen/event.h>
#include <xen/gtm.h>
#include <xen/sched.h>

#include <asm/hvm/vcpu.h>

/* A page that was taken from the guest's memory can't be found again. */
uint32_t gtm_vcpu_refusal(const struct domain *d)
{
    const struct vcpu *v;

    for_each_vcpu ( d, v )
        if ( !mfn_eq(v->vcpu_info_mfn, INVALID_MFN) &&
             gtm_gfn(v->vcpu_info_mfn) == XEN_GTM_NONE )
            return XEN_GTM_REFUSE_HIDDEN_PAGE;

    return XEN_GTM_OK;
}

static void get_vcpu_info(const struct vcpu *v, struct xen_gtm_vcpu *rec)
{
    BUILD_BUG_ON(sizeof(*v->vcpu_info) != sizeof(rec->vcpu_info));

    rec->vcpu_info_gfn = XEN_GTM_NONE;
    if ( mfn_eq(v->vcpu_info_mfn, INVALID_MFN) )
        return;

    rec->flags |= XEN_GTM_VCPU_INFO;
    rec->vcpu_info_gfn = gtm_gfn(v->vcpu_info_mfn);
    rec->vcpu_info_offset = (unsigned long)v->vcpu_info & ~PAGE_MASK;
    memcpy(rec->vcpu_info, v->vcpu_info, sizeof(rec->vcpu_info));
}

void gtm_vcpu_get(struct vcpu *v, struct gtm_writer *w)
{
    struct xen_gtm_vcpu *rec = gtm_record(w, XEN_GTM_REC_VCPU, v->vcpu_id,
                                          sizeof(*rec));

    if ( !rec )
        return;

    if ( v->pause_flags & VPF_down )
        rec->flags |= XEN_GTM_VCPU_DOWN;
    rec->upcall_vector = v->arch.hvm.evtchn_upcall_vector;
    rec->runstate_va = (unsigned long)runstate_guest(v).p;
    rec->time_info_va = (unsigned long)v->arch.time_info_guest.p;

    get_vcpu_info(v, rec);
    gtm_time_get(v, w, rec);
    gtm_fifo_get_vcpu(v, rec);
}

/*
 * The upcall vector is for later, see set_callback() in gtm.c.  The addresses
 * are the guest's and never used but as such, whatever they are.
 */
int gtm_vcpu_set(struct vcpu *v, const struct xen_gtm_vcpu *rec)
{
    runstate_guest(v).p = (void *)rec->runstate_va;
    v->arch.time_info_guest.p = (void *)rec->time_info_va;

    if ( rec->flags & XEN_GTM_VCPU_INFO )
    {
        int rc = map_vcpu_info(v, rec->vcpu_info_gfn, rec->vcpu_info_offset);

        if ( rc )
            return rc;

        /* Instead of the pending bits that map_vcpu_info() has set. */
        memcpy(v->vcpu_info, rec->vcpu_info, sizeof(rec->vcpu_info));
    }

    return 0;
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
