/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * The table of records.  The columns are versions 2, 3 and 4; of libxc, 4 is
 * the transparent one, of libxl, 3 is.
 */
#include "records.h"

#define PV  (1u << 1)
#define HVM (1u << 2)
#define ANY (PV | HVM)

#define NO          \
    {               \
        false, 0, 0 \
    }
#define YES        \
    {              \
        true, 0, 0 \
    }
#define WHEN(needs, bars) \
    {                     \
        true, needs, bars \
    }
#define B(type) (1u << (type))

#define CPUID   B(0x11)
#define MSR     B(0x12)
#define SDE     B(0x10)
#define GTM     B(0x13)

/* clang-format off */
static const struct xcr_rule libxc[] = {
    { 0x00, "END", ANY, XCR_BODY_KEEP, 0, 0, 0,
      { YES, WHEN(SDE, 0), WHEN(B(0x0a), 0) } },
    { 0x01, "PAGE_DATA", ANY, XCR_BODY_PAGES, 16, XCR_RECORD_MAX, 8,
      { YES, WHEN(SDE, 0), WHEN(SDE, GTM) } },
    { 0x02, "X86_PV_INFO", PV, XCR_BODY_KEEP, 8, 8, 0,
      { YES, YES, NO } },
    { 0x03, "X86_PV_P2M_FRAMES", PV, XCR_BODY_SKIP, 8, XCR_RECORD_MAX, 8,
      { YES, YES, NO } },
    { 0x04, "X86_PV_VCPU_BASIC", PV, XCR_BODY_SKIP, 8, XCR_RECORD_MAX, 1,
      { YES, YES, NO } },
    { 0x05, "X86_PV_VCPU_EXTENDED", PV, XCR_BODY_SKIP, 8, XCR_RECORD_MAX, 1,
      { YES, YES, NO } },
    { 0x06, "X86_PV_VCPU_XSAVE", PV, XCR_BODY_SKIP, 8, XCR_RECORD_MAX, 1,
      { YES, YES, NO } },
    { 0x07, "SHARED_INFO", PV, XCR_BODY_SKIP, 4096, 4096, 0,
      { YES, YES, NO } },
    { 0x08, "X86_TSC_INFO", ANY, XCR_BODY_KEEP, 24, 24, 0,
      { YES, YES, WHEN(GTM, B(0x08)) } },
    { 0x09, "HVM_CONTEXT", HVM, XCR_BODY_SKIP, 1, XCR_RECORD_MAX, 1,
      { YES, YES, WHEN(B(0x08), B(0x09)) } },
    { 0x0a, "HVM_PARAMS", HVM, XCR_BODY_KEEP, 8, 1u << 16, 16,
      { YES, YES, WHEN(B(0x09), B(0x0a)) } },
    { 0x0b, "TOOLSTACK", ANY, XCR_BODY_SKIP, 0, XCR_RECORD_MAX, 1,
      { YES, YES, NO } },
    { 0x0c, "X86_PV_VCPU_MSRS", PV, XCR_BODY_SKIP, 8, XCR_RECORD_MAX, 1,
      { YES, YES, NO } },
    { 0x0d, "VERIFY", ANY, XCR_BODY_KEEP, 0, 0, 0,
      { YES, WHEN(SDE, 0), WHEN(SDE, B(0x0d) | GTM) } },
    { 0x0e, "CHECKPOINT", ANY, XCR_BODY_KEEP, 0, 0, 0,
      { YES, WHEN(SDE, 0), NO } },
    { 0x0f, "CHECKPOINT_DIRTY_PFN_LIST", ANY, XCR_BODY_SKIP, 0,
      XCR_RECORD_MAX, 8, { YES, YES, NO } },
    { 0x10, "STATIC_DATA_END", ANY, XCR_BODY_KEEP, 0, 0, 0,
      { NO, WHEN(0, SDE), WHEN(CPUID | MSR, SDE) } },
    { 0x11, "X86_CPUID_POLICY", ANY, XCR_BODY_KEEP, 24, 1u << 20, 24,
      { NO, WHEN(0, CPUID | SDE), WHEN(0, CPUID | SDE) } },
    { 0x12, "X86_MSR_POLICY", ANY, XCR_BODY_KEEP, 16, 1u << 20, 16,
      { NO, WHEN(0, MSR | SDE), WHEN(0, MSR | SDE) } },
    /* How long it may be is the context's own rule. */
    { 0x13, "GTM_CONTEXT", HVM, XCR_BODY_KEEP, 0, 8u << 20, 1,
      { NO, NO, WHEN(SDE, GTM) } },
};

static const struct xcr_rule libxl[] = {
    { 0x00, "END", ANY, XCR_BODY_KEEP, 0, 0, 0,
      { YES, WHEN(B(0x07), 0), NO } },
    { 0x01, "LIBXC_CONTEXT", ANY, XCR_BODY_KEEP, 0, 0, 0,
      { WHEN(0, B(0x01)), WHEN(0, B(0x01)), NO } },
    { 0x02, "EMULATOR_XENSTORE_DATA", ANY, XCR_BODY_KEEP, 8, 1u << 20, 1,
      { YES, WHEN(B(0x07), B(0x02) | B(0x03)), NO } },
    { 0x03, "EMULATOR_CONTEXT", ANY, XCR_BODY_SKIP, 8, UINT32_MAX, 1,
      { YES, WHEN(B(0x07), B(0x03)), NO } },
    { 0x04, "CHECKPOINT_END", ANY, XCR_BODY_KEEP, 0, 0, 0,
      { YES, NO, NO } },
    { 0x05, "CHECKPOINT_STATE", ANY, XCR_BODY_SKIP, 0, UINT32_MAX, 1,
      { YES, NO, NO } },
    { 0x07, "DOMAIN_XENSTORE_DATA", ANY, XCR_BODY_KEEP, 8, XCR_STORE_MAX, 1,
      { NO, WHEN(B(0x01), B(0x07)), NO } },
};
/* clang-format on */

const struct xcr_rule *xcr_rule(enum xcr_layer layer, uint32_t type)
{
    const struct xcr_rule *rules = layer == XCR_LIBXC ? libxc : libxl;
    size_t nr = layer == XCR_LIBXC ? sizeof(libxc) / sizeof(libxc[0])
                                   : sizeof(libxl) / sizeof(libxl[0]);
    size_t i;

    for ( i = 0; i < nr; i++ )
        if ( rules[i].type == type )
            return &rules[i];

    return NULL;
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
