/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest-transparent migration: pirqs of an HVM guest, by which it receives
 * emulated interrupts as events.
 *
 * A pirq has a source, which is a GSI or an emulated MSI, and there are numbers
 * that the guest has been allotted and has not connected yet.  A guest with an
 * interrupt of the host behind a pirq can't be moved.  The port that a pirq is
 * bound to is in EVTCHN.
 */

#include <xen/event.h>
#include <xen/gtm.h>
#include <xen/irq.h>
#include <xen/sched.h>

#include <asm/hvm/irq.h>
#include <asm/irq.h>

/*
 * Legacy interrupts that don't come by the I/O APIC have a pirq in every
 * domain: see init_domain_irq_mapping().
 */
static bool gtm_irq_everywhere(int irq)
{
    return platform_legacy_irq(irq) && !IO_APIC_IRQ(irq);
}

uint32_t gtm_pirq_refusal(struct domain *d)
{
    unsigned int i;
    uint32_t reason = XEN_GTM_OK;

    read_lock(&d->event_lock);

    for ( i = 0; i < d->nr_pirqs && reason == XEN_GTM_OK; i++ )
    {
        const struct pirq *info = pirq_info(d, i);

        if ( info &&
             (info->arch.hvm.emuirq == IRQ_PT ||
              (info->arch.irq > 0 && !gtm_irq_everywhere(info->arch.irq))) )
            reason = XEN_GTM_REFUSE_DEVICE;
    }

    read_unlock(&d->event_lock);

    return reason;
}

static bool gtm_pirq_listed(const struct pirq *info)
{
    return info && (info->arch.irq == PIRQ_ALLOCATED ||
                    (info->arch.hvm.emuirq != IRQ_UNBOUND &&
                     info->arch.hvm.emuirq != IRQ_PT));
}

static void gtm_get_pirq(const struct pirq *info, struct xen_gtm_pirq *rec)
{
    int emuirq = info->arch.hvm.emuirq;

    rec->pirq = info->pirq;

    if ( emuirq >= 0 )
        rec->source = emuirq;
    else
        rec->source = emuirq == IRQ_MSI_EMU ? XEN_GTM_PIRQ_MSI
                                            : XEN_GTM_PIRQ_NONE;

    if ( info->arch.irq == PIRQ_ALLOCATED )
        rec->flags = XEN_GTM_PIRQ_ALLOCATED;
}

void gtm_pirq_get(struct domain *d, struct gtm_writer *w)
{
    unsigned int i, nr = 0;
    struct xen_gtm_pirq *rec;

    ASSERT(rw_is_locked(&d->event_lock));

    for ( i = 0; i < d->nr_pirqs; i++ )
        nr += gtm_pirq_listed(pirq_info(d, i));

    if ( !nr )
        return;

    rec = gtm_record(w, XEN_GTM_REC_PIRQ, 0, nr * sizeof(*rec));
    if ( !rec )
        return;

    for ( i = 0; nr && i < d->nr_pirqs; i++ )
    {
        const struct pirq *info = pirq_info(d, i);

        if ( !gtm_pirq_listed(info) )
            continue;

        gtm_get_pirq(info, rec++);
        nr--;
    }
}

/*
 * map_domain_emuirq_pirq() passes over what is already mapped otherwise, and
 * calls that success.  For MSIs that is how it should be: they share one entry
 * in the reverse direction, so only the first pirq gets it, and any other is
 * delivered to all the same by hvm_inject_msi().  A GSI has to be mapped.
 */
static int gtm_map_source(struct domain *d, const struct xen_gtm_pirq *rec)
{
    int rc;

    if ( rec->source == XEN_GTM_PIRQ_MSI )
        return map_domain_emuirq_pirq(d, rec->pirq, IRQ_MSI_EMU);

    /* gsi_assert_count[] is indexed by this when the guest says EOI. */
    if ( rec->source < 0 || rec->source >= hvm_domain_irq(d)->nr_gsis )
        return -EINVAL;

    rc = map_domain_emuirq_pirq(d, rec->pirq, rec->source);
    if ( !rc && domain_pirq_to_emuirq(d, rec->pirq) != rec->source )
        rc = -EEXIST;

    return rc;
}

static int gtm_set_pirq(struct domain *d, const struct xen_gtm_pirq *rec)
{
    struct pirq *info;
    int rc = 0;

    if ( rec->pirq >= d->nr_pirqs )
        return -EINVAL;

    if ( rec->source != XEN_GTM_PIRQ_NONE )
        rc = gtm_map_source(d, rec);

    if ( rc || !(rec->flags & XEN_GTM_PIRQ_ALLOCATED) )
        return rc;

    info = pirq_get_info(d, rec->pirq);
    if ( !info )
        return -ENOMEM;

    if ( info->arch.irq > 0 )
        return -EEXIST;

    info->arch.irq = PIRQ_ALLOCATED;

    return 0;
}

int gtm_pirq_set(struct domain *d, const struct gtm_view *view)
{
    unsigned int i;
    int rc = 0;

    write_lock(&d->event_lock);

    for ( i = 0; !rc && i < view->nr_pirqs; i++ )
        rc = gtm_set_pirq(d, &view->pirqs[i]);

    write_unlock(&d->event_lock);

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
