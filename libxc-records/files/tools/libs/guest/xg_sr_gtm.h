/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xg_sr_gtm.h - what a stream of version 4 has that others have not.
 *
 * ctx->transparent says that the stream is one.  Nothing here does anything
 * to a stream of another version but to refuse records that it must not have.
 */
#ifndef XG_SR_GTM_H
#define XG_SR_GTM_H

#include "xg_sr_common.h"

#define GTM_STREAM_VERSION 4

/*
 * Saving.
 */

/* Can it be done at all?  Before anything was written or asked of the guest. */
int gtm_save_probe(struct xc_sr_context *ctx);

/* After the guest was suspended: is it as it has to be for the last copy? */
int gtm_save_suspended(struct xc_sr_context *ctx);

/* Adds to the bitmap what log-dirty mode does not see. */
int gtm_save_add_frames(struct xc_sr_context *ctx, unsigned long *bitmap);

/* Writes GTM_CONTEXT. */
int gtm_save_context(struct xc_sr_context *ctx);

/*
 * Restoring.
 */

/* Do the headers of the stream fit each other, and what the caller wants? */
int gtm_restore_headers(struct xc_sr_context *ctx);

/* May this record be here?  To be called for each one, in order. */
int gtm_restore_check_record(struct xc_sr_context *ctx,
                             const struct xc_sr_record *rec);

/* Takes in GTM_CONTEXT. */
int gtm_restore_record(struct xc_sr_context *ctx,
                       const struct xc_sr_record *rec);

/* After END and the HVM context: gives the domain its state. */
int gtm_restore_complete(struct xc_sr_context *ctx);

#endif
/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
