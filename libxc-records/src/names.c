/* SPDX-License-Identifier: LGPL-2.1-only */
/* Names of numbers, one table for each kind. */
#include <xcr/names.h>

#include <stddef.h>

#include <public/gtm.h>

static const struct {
    uint32_t reason;
    const char *name, *text;
} reasons[] = {
    { XEN_GTM_OK, "OK", "nothing is wrong" },
#define REASON(name, text) { XEN_GTM_##name, #name, text },
#include "../files/tools/libs/ctrl/xc_gtm_reasons.def"
#undef REASON
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

const char *xcr_reason_name(uint32_t reason)
{
    size_t i;

    for ( i = 0; i < ARRAY_SIZE(reasons); i++ )
        if ( reasons[i].reason == reason )
            return reasons[i].name;

    return "unknown";
}

const char *xcr_reason_text(uint32_t reason)
{
    size_t i;

    for ( i = 0; i < ARRAY_SIZE(reasons); i++ )
        if ( reasons[i].reason == reason )
            return reasons[i].text;

    return "for a reason that is not known here";
}

static const char *name_of(const char *const *names, size_t nr, uint32_t i)
{
    return i < nr && names[i] ? names[i] : "unknown";
}

const char *xcr_context_record_name(uint32_t type)
{
    static const char *const names[] = {
        [XEN_GTM_REC_DOMAIN] = "DOMAIN", [XEN_GTM_REC_SHINFO] = "SHINFO",
        [XEN_GTM_REC_VCPU] = "VCPU",     [XEN_GTM_REC_PIRQ] = "PIRQ",
        [XEN_GTM_REC_EVTCHN] = "EVTCHN", [XEN_GTM_REC_FIFO] = "FIFO",
        [XEN_GTM_REC_GNTTAB] = "GNTTAB", [XEN_GTM_REC_WATCHDOG] = "WATCHDOG",
        [XEN_GTM_REC_END] = "END",
    };

    return name_of(names, ARRAY_SIZE(names), type);
}

const char *xcr_port_state_name(uint32_t state)
{
    static const char *const names[] = {
        [XEN_GTM_PORT_FREE] = "free",
        [XEN_GTM_PORT_UNBOUND] = "unbound",
        [XEN_GTM_PORT_LOOPBACK] = "loopback",
        [XEN_GTM_PORT_PIRQ] = "pirq",
        [XEN_GTM_PORT_VIRQ] = "virq",
        [XEN_GTM_PORT_IPI] = "ipi",
    };

    return name_of(names, ARRAY_SIZE(names), state);
}

const char *xcr_virq_name(uint32_t virq)
{
    static const char *const names[] = {
        [0] = "TIMER",      [1] = "DEBUG",        [2] = "CONSOLE",
        [3] = "DOM_EXC",    [4] = "TBUF",         [6] = "DEBUGGER",
        [7] = "XENOPROF",   [8] = "CON_RING",     [9] = "PCPU_STATE",
        [10] = "MEM_EVENT", [11] = "ARGO",        [12] = "ENOMEM",
        [13] = "XENPMU",    [16] = "ARCH_0, MCA",
    };

    return name_of(names, ARRAY_SIZE(names), virq);
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
