/* SPDX-License-Identifier: MIT */
/*
 * gtm.h - the state of a guest that Xen itself holds, in portable form.
 *
 * Guest-transparent migration moves an HVM or PVH guest that takes no part in
 * it.  Besides memory, CPU and device state, which existing records carry,
 * such a guest depends on what Xen keeps about it: event channels, the grant
 * table, the areas it registered, its idea of time.  XEN_DOMCTL_gtm_get_context
 * writes all of that into one buffer and XEN_DOMCTL_gtm_set_context gives it to
 * a new domain of the same domid.  This header is the layout of that buffer,
 * shared by the hypervisor and the tools.
 *
 * Rules for everything below:
 *  - little endian, every field at a multiple of its size;
 *  - fields and bits named reserved, and padding, are zero when written and
 *    are refused by the reader if they are not;
 *  - numbers private to Xen are not used: states and kinds have their own.
 *
 * A buffer is a header and records in ascending order of type, VCPU records in
 * ascending order of vcpu.  What each must hold is checked before anything is
 * applied; docs/formats/hypervisor-context.md has the list.
 */
#ifndef __XEN_PUBLIC_GTM_H__
#define __XEN_PUBLIC_GTM_H__

#define XEN_GTM_MAGIC           0x314d5447u     /* "GTM1" */
#define XEN_GTM_VERSION         1
#define XEN_GTM_MAX_SIZE        (8u << 20)      /* nothing longer is read */
#define XEN_GTM_MAX_PORTS       16384u          /* one above the highest port */
#define XEN_GTM_NONE            (~0ull)         /* a gfn that there is not */

struct xen_gtm_header {
    uint32_t magic;             /* XEN_GTM_MAGIC */
    uint16_t version;           /* XEN_GTM_VERSION */
    uint16_t header_len;        /* of this structure */
    uint64_t total_len;         /* header, records and their padding */
    uint32_t nr_records;        /* END included */
    uint32_t writer;            /* Xen that wrote it: major << 16 | minor */
    uint64_t reserved;
};

/* Before each record.  Its payload is padded with zeroes to 8 bytes. */
struct xen_gtm_record {
    uint16_t type;              /* XEN_GTM_REC_* */
    uint16_t version;           /* of the payload: 1 */
    uint32_t instance;          /* VCPU: the vcpu, else 0 */
    uint32_t length;            /* of the payload without padding */
    uint32_t reserved;
};

#define XEN_GTM_REC_DOMAIN      1   /* always, once */
#define XEN_GTM_REC_SHINFO      2   /* always, once */
#define XEN_GTM_REC_VCPU        3   /* always, one for each vcpu */
#define XEN_GTM_REC_PIRQ        4   /* once, if the guest has any */
#define XEN_GTM_REC_EVTCHN      5   /* always, once */
#define XEN_GTM_REC_FIFO        6   /* once, if and only if DOMAIN says so */
#define XEN_GTM_REC_GNTTAB      7   /* always, once */
#define XEN_GTM_REC_WATCHDOG    8   /* once, if a watchdog runs */
#define XEN_GTM_REC_END         9   /* always, last, empty */

/* DOMAIN */
struct xen_gtm_domain {
    uint32_t flags;
#define XEN_GTM_DOMAIN_SHINFO32 (1u << 0) /* shared_info has 32-bit layout */
#define XEN_GTM_DOMAIN_FIFO     (1u << 1) /* FIFO event channels */
    uint32_t max_vcpus;
    uint32_t nr_ports;          /* one above the highest port of EVTCHN */
    uint32_t store_port;        /* HVM_PARAM_STORE_EVTCHN */
    uint32_t console_port;      /* HVM_PARAM_CONSOLE_EVTCHN */
    uint32_t still;             /* what raises no interrupt, whatever its */
                                /* registers say: */
#define XEN_GTM_STILL_PIT       (1u << 0) /* channel 0 */
#define XEN_GTM_STILL_RTC       (1u << 1) /* periodic interrupt */
#define XEN_GTM_STILL_HPET(n)   (1u << (2 + (n))) /* timer n */
#define XEN_GTM_STILL_HPETS     3
    uint64_t vm_assist;         /* VMASST_TYPE_* bits */
    int64_t  guest_time;        /* system time as the guest sees it, ns */
    uint64_t shared_info_gfn;   /* or XEN_GTM_NONE */
    uint64_t callback_via;      /* HVM_PARAM_CALLBACK_IRQ */
    uint64_t reserved[4];
};

/* SHINFO: the page, as it is */
#define XEN_GTM_PAGE_SIZE       4096u

/* VCPU */
struct xen_gtm_vcpu {
    uint32_t flags;
#define XEN_GTM_VCPU_INFO       (1u << 0) /* vcpu_info was registered */
#define XEN_GTM_VCPU_CONTROL    (1u << 1) /* there is a FIFO control block */
#define XEN_GTM_VCPU_PERIODIC   (1u << 2) /* the periodic timer runs */
#define XEN_GTM_VCPU_SINGLESHOT (1u << 3) /* the single-shot timer runs */
#define XEN_GTM_VCPU_DOWN       (1u << 4) /* not running at present */
#define XEN_GTM_VCPU_APIC_STILL (1u << 5) /* its APIC timer runs no more */
    uint32_t upcall_vector;     /* 0: none */
    uint64_t vcpu_info_gfn;     /* or XEN_GTM_NONE */
    uint32_t vcpu_info_offset;  /* in that page */
    uint32_t control_offset;
    uint64_t control_gfn;       /* or XEN_GTM_NONE */
    uint64_t runstate_va;       /* guest virtual addresses, 0: not registered */
    uint64_t time_info_va;
    int64_t  periodic_period;   /* ns */
    int64_t  periodic_left;     /* ns to its next event, negative: overdue */
    int64_t  singleshot_left;
    uint64_t runstate_time[4];  /* ns in each RUNSTATE_* */
    uint64_t tsc;               /* as the guest reads it at DOMAIN's guest_time */
    uint32_t fifo_tail[16];     /* last port of each queue, 0: empty */
    uint8_t  control[72];       /* content of the control block */
    uint8_t  vcpu_info[64];     /* content, zero if it is in SHINFO */
    uint64_t reserved[3];
};

/* PIRQ: an array of these, ascending by pirq */
struct xen_gtm_pirq {
    uint32_t pirq;
    int32_t  source;            /* GSI, or */
#define XEN_GTM_PIRQ_MSI        (-1)      /* an emulated MSI */
#define XEN_GTM_PIRQ_NONE       (-2)      /* nothing yet, only ALLOCATED */
    uint32_t flags;
#define XEN_GTM_PIRQ_ALLOCATED  (1u << 0) /* the guest asked for its number */
    uint32_t reserved;
};

/*
 * EVTCHN: an array of these, ascending by port.  A free port is listed if the
 * queue it was last linked on has to be remembered.
 */
struct xen_gtm_port {
    uint32_t port;
    uint8_t  state;             /* XEN_GTM_PORT_* */
    uint8_t  priority;          /* FIFO: 0 (highest) to 15 */
    uint8_t  flags;
#define XEN_GTM_PORT_LATCHED    (1u << 0) /* pending while its word is unmapped */
    uint8_t  last_priority;     /* FIFO: queue it was last linked on */
    uint16_t vcpu;              /* that is notified */
    uint16_t last_vcpu;         /* FIFO: queue it was last linked on */
    uint16_t remote_domid;      /* UNBOUND: who may bind it */
    uint16_t reserved0;
    uint32_t value;             /* LOOPBACK: port, VIRQ: virq, PIRQ: pirq */
    uint32_t reserved[3];
};

#define XEN_GTM_PORT_FREE       0
#define XEN_GTM_PORT_UNBOUND    1   /* also what was bound to another domain */
#define XEN_GTM_PORT_LOOPBACK   2   /* bound to another port of the guest */
#define XEN_GTM_PORT_PIRQ       3
#define XEN_GTM_PORT_VIRQ       4
#define XEN_GTM_PORT_IPI        5

/* FIFO: this, uint64_t gfn[nr_pages], uint32_t word[nr_words] */
struct xen_gtm_fifo {
    uint32_t nr_pages;          /* of the event array, at most 128 */
    uint32_t nr_words;          /* at most 1024 for each page */
};

/*
 * GNTTAB: this, uint64_t gfn[nr_frames + nr_status], and the content of the
 * frames.  Status frames have no content: nothing is mapped on arrival.
 */
struct xen_gtm_gnttab {
    uint32_t version;           /* 1 or 2 */
    uint32_t nr_frames;
    uint32_t nr_status;         /* version 2 only */
    uint32_t reserved;
};

/* WATCHDOG: an array of these, ascending by id */
struct xen_gtm_watchdog {
    uint32_t id;                /* from 1, as SCHEDOP_watchdog answers it */
    uint32_t reserved;
    int64_t  left;              /* ns */
};

/*
 * Why a domain can't be moved: with -EOPNOTSUPP if it never could be, with
 * -EBUSY if that may pass.
 */
#define XEN_GTM_OK                      0
#define XEN_GTM_REFUSE_PV               1   /* not an HVM or PVH guest */
#define XEN_GTM_REFUSE_DEVICE           2   /* has a passed-through device */
#define XEN_GTM_REFUSE_VPCI             3   /* has virtual PCI devices in Xen */
#define XEN_GTM_REFUSE_NESTED           4   /* runs a hypervisor itself */
#define XEN_GTM_REFUSE_MAPTRACK         5   /* maps grants of others */
#define XEN_GTM_REFUSE_VM_EVENT         6   /* monitor, paging or sharing ring */
#define XEN_GTM_REFUSE_VMTRACE          7   /* is being traced */
#define XEN_GTM_REFUSE_ALTP2M           8   /* uses alternate physmaps */
#define XEN_GTM_REFUSE_POD              9   /* memory still populated on demand */
#define XEN_GTM_REFUSE_ARGO             10  /* has Argo rings */
#define XEN_GTM_REFUSE_VIRQ_HANDLER     11  /* handles a VIRQ of the host */
#define XEN_GTM_REFUSE_EMULATOR         12  /* device model in another domain */
#define XEN_GTM_REFUSE_PORTS            13  /* too many event channels */
#define XEN_GTM_REFUSE_GRANT_KIND       14  /* transitive or transfer grants */
#define XEN_GTM_REFUSE_SIZE             15  /* context longer than the limit */
#define XEN_GTM_REFUSE_DYING            16  /* is being destroyed */
#define XEN_GTM_REFUSE_HIDDEN_PAGE      17  /* registered a page without gfn */
#define XEN_GTM_BUSY_RUNNING            32  /* not paused */
#define XEN_GTM_BUSY_MAPPED             33  /* grants mapped by a back-end */
#define XEN_GTM_BUSY_UNSTABLE           34  /* changed while it was read */

/*
 * What was wrong with a context, with -EINVAL or -ENOSPC, and where it was; or,
 * with -EOPNOTSUPP, what would be wrong with that of a domain.
 */
#define XEN_GTM_BAD_HEADER              64  /* magic, version or lengths */
#define XEN_GTM_BAD_RECORD              65  /* record header, order, length */
#define XEN_GTM_BAD_MISSING             66  /* a record that must be there */
#define XEN_GTM_BAD_RESERVED            67  /* reserved, but not zero */
#define XEN_GTM_BAD_DOMAIN              68
#define XEN_GTM_BAD_VCPU                69
#define XEN_GTM_BAD_PIRQ                70
#define XEN_GTM_BAD_PORT                71
#define XEN_GTM_BAD_FIFO                72
#define XEN_GTM_BAD_GNTTAB              73
#define XEN_GTM_BAD_WATCHDOG            74
#define XEN_GTM_BAD_GFN                 75  /* out of range or named twice */
#define XEN_GTM_BAD_LIMIT               76  /* more than this domain may have */

#endif /* __XEN_PUBLIC_GTM_H__ */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
