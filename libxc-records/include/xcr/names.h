/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * What the numbers of public/gtm.h and of the streams are called.  Every
 * function has an answer for every number.
 */
#ifndef XCR_NAMES_H
#define XCR_NAMES_H

#include <stdint.h>

/* XEN_GTM_REFUSE_*, _BUSY_* and _BAD_*: "BAD_PORT", and a clause to read */
const char *xcr_reason_name(uint32_t reason);
const char *xcr_reason_text(uint32_t reason);

const char *xcr_context_record_name(uint32_t type);
const char *xcr_port_state_name(uint32_t state);
const char *xcr_virq_name(uint32_t virq);

#endif /* XCR_NAMES_H */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
