/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xg_sr_gtm.c - saving and restoring a guest that takes no part in it.
 *
 * The last copy of memory has to be one moment of the guest.  That holds if
 * nobody maps its pages any more but the store and the console, whose pages
 * are sent whatever the log-dirty bitmap says: what other domains write
 * through a mapping is seen there only once the mapping is gone.
 *
 * Reading, the records of version 4 are held to one table: what is forbidden,
 * comes twice, in the wrong place or not at all, is an error.
 */
#include <time.h>

#include "xg_sr_gtm.h"

#include <xen/gtm.h>
#include <xen/hvm/params.h>

/* A context can grow between the question for its size and its reading. */
#define GET_TRIES 4

/* Gfns of mapped grants asked for at a time. */
#define GRANT_GFNS 512

static long elapsed_us(const struct timespec *since)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);

    return (now.tv_sec - since->tv_sec) * 1000000 +
           (now.tv_nsec - since->tv_nsec) / 1000;
}

int gtm_save_probe(struct xc_sr_context *ctx)
{
    xc_interface *xch = ctx->xch;
    uint64_t size;
    uint32_t reason;

    if ( ctx->stream_type != XC_STREAM_PLAIN )
    {
        ERROR("A transparent stream can't have checkpoints");
        errno = EINVAL;
        return -1;
    }

    /* What is only busy now will be asked again when the guest is suspended. */
    if ( !xc_domain_gtm_get_context(xch, ctx->domid, NULL, &size, &reason) ||
         errno == EBUSY )
        return 0;

    if ( errno == ENOSYS )
        ERROR("This hypervisor can't move guests transparently");
    else
        PERROR("d%u can't be moved transparently: %s", ctx->domid,
               xc_gtm_reason(reason));

    return -1;
}

int gtm_save_suspended(struct xc_sr_context *ctx)
{
    xc_interface *xch = ctx->xch;
    uint32_t ref = 0, nr = 0, mapped;

    if ( xc_domain_gtm_grants(xch, ctx->domid, &ref, NULL, &nr, &mapped) )
    {
        PERROR("Failed to ask for the mapped grants of d%u", ctx->domid);
        return -1;
    }

    if ( mapped )
    {
        ERROR("Back-ends still have %u grants of d%u mapped", mapped,
              ctx->domid);
        errno = EBUSY;
        return -1;
    }

    return 0;
}

static int add_frame(struct xc_sr_context *ctx, unsigned long *bitmap,
                     uint64_t gfn)
{
    xc_interface *xch = ctx->xch;

    if ( gfn >= ctx->save.p2m_size )
    {
        ERROR("Shared gfn %#"PRIx64" outside of the guest's memory", gfn);
        errno = ERANGE;
        return -1;
    }

    set_bit(gfn, bitmap);

    return 0;
}

static int add_granted_frames(struct xc_sr_context *ctx, unsigned long *bitmap)
{
    xc_interface *xch = ctx->xch;
    uint64_t gfns[GRANT_GFNS];
    uint32_t i, nr, mapped, ref = 0, last;

    do {
        nr = GRANT_GFNS;
        last = ref;

        if ( xc_domain_gtm_grants(xch, ctx->domid, &ref, gfns, &nr, &mapped) )
        {
            PERROR("Failed to list the mapped grants of d%u", ctx->domid);
            return -1;
        }

        for ( i = 0; i < nr; i++ )
            if ( add_frame(ctx, bitmap, gfns[i]) )
                return -1;

        if ( ref <= last )
        {
            ERROR("The list of mapped grants does not go on");
            errno = EPROTO;
            return -1;
        }
    } while ( ref != ~0U );

    return 0;
}

int gtm_save_add_frames(struct xc_sr_context *ctx, unsigned long *bitmap)
{
    static const unsigned int rings[] = {
        HVM_PARAM_STORE_PFN,
        HVM_PARAM_CONSOLE_PFN,
    };
    xc_interface *xch = ctx->xch;
    unsigned int i;

    for ( i = 0; i < ARRAY_SIZE(rings); i++ )
    {
        uint64_t gfn;

        if ( xc_hvm_param_get(xch, ctx->domid, rings[i], &gfn) )
        {
            PERROR("Failed to get HVMPARAM at index %u", rings[i]);
            return -1;
        }

        if ( gfn && add_frame(ctx, bitmap, gfn) )
            return -1;
    }

    return add_granted_frames(ctx, bitmap);
}

/* On success *buf is the caller's to free. */
static int get_context(struct xc_sr_context *ctx, void **buf, uint64_t *size)
{
    xc_interface *xch = ctx->xch;
    unsigned int tries = GET_TRIES;
    uint32_t reason;

    *buf = NULL;

    if ( xc_domain_gtm_get_context(xch, ctx->domid, NULL, size, &reason) )
        goto err;

    do {
        void *p = realloc(*buf, *size);

        if ( !p )
        {
            PERROR("Unable to allocate %"PRIu64" bytes for GTM_CONTEXT", *size);
            goto out;
        }
        *buf = p;

        if ( !xc_domain_gtm_get_context(xch, ctx->domid, p, size, &reason) )
            return 0;

    } while ( --tries && (errno == ENOBUFS ||
                          (errno == EBUSY && reason == XEN_GTM_BUSY_UNSTABLE)) );

 err:
    PERROR("Failed to read what Xen keeps about d%u: %s", ctx->domid,
           xc_gtm_reason(reason));
 out:
    free(*buf);
    *buf = NULL;
    return -1;
}

int gtm_save_context(struct xc_sr_context *ctx)
{
    xc_interface *xch = ctx->xch;
    struct xc_sr_record rec = { .type = REC_TYPE_GTM_CONTEXT };
    struct timespec start;
    uint64_t size;
    int rc;

    clock_gettime(CLOCK_MONOTONIC, &start);

    if ( get_context(ctx, &rec.data, &size) )
        return -1;

    IPRINTF("GTM context: %"PRIu64" bytes, read in %ld us", size,
            elapsed_us(&start));

    rec.length = size;
    rc = write_record(ctx, &rec);
    if ( rc )
        PERROR("Failed to write GTM_CONTEXT record");

    free(rec.data);

    return rc;
}

int gtm_restore_headers(struct xc_sr_context *ctx)
{
    xc_interface *xch = ctx->xch;
    bool is = ctx->restore.format_version == GTM_STREAM_VERSION;
    bool wanted = ctx->stream_type == XC_STREAM_TRANSPARENT;

    if ( is != wanted )
    {
        ERROR("Version %u is %s transparent stream, which was %sexpected",
              ctx->restore.format_version, is ? "a" : "not a",
              wanted ? "" : "not ");
        errno = EINVAL;
        return -1;
    }

    if ( is && ctx->restore.guest_type != DHDR_TYPE_X86_HVM )
    {
        ERROR("Transparent stream of an %s domain",
              dhdr_type_to_str(ctx->restore.guest_type));
        errno = EINVAL;
        return -1;
    }

    ctx->transparent = is;

    return 0;
}

#define R(name) (1U << REC_TYPE_##name)

/*
 * The records of version 4: what has to have come before each, and what must
 * not have.  A record that bars itself comes once.  Those not listed are
 * forbidden.
 */
static const struct {
    bool known;
    uint32_t needs, bars;
} v4_records[] = {
    [REC_TYPE_X86_CPUID_POLICY] =
        { true, 0, R(X86_CPUID_POLICY) | R(STATIC_DATA_END) },
    [REC_TYPE_X86_MSR_POLICY] =
        { true, 0, R(X86_MSR_POLICY) | R(STATIC_DATA_END) },
    [REC_TYPE_STATIC_DATA_END] =
        { true, R(X86_CPUID_POLICY) | R(X86_MSR_POLICY), R(STATIC_DATA_END) },
    [REC_TYPE_PAGE_DATA] = { true, R(STATIC_DATA_END), R(GTM_CONTEXT) },
    [REC_TYPE_VERIFY] = { true, R(STATIC_DATA_END), R(VERIFY) | R(GTM_CONTEXT) },
    [REC_TYPE_GTM_CONTEXT] = { true, R(STATIC_DATA_END), R(GTM_CONTEXT) },
    [REC_TYPE_X86_TSC_INFO] = { true, R(GTM_CONTEXT), R(X86_TSC_INFO) },
    [REC_TYPE_HVM_CONTEXT] = { true, R(X86_TSC_INFO), R(HVM_CONTEXT) },
    [REC_TYPE_HVM_PARAMS] = { true, R(HVM_CONTEXT), R(HVM_PARAMS) },
    [REC_TYPE_END] = { true, R(HVM_PARAMS), R(END) },
};

#undef R

int gtm_restore_check_record(struct xc_sr_context *ctx,
                             const struct xc_sr_record *rec)
{
    xc_interface *xch = ctx->xch;
    uint32_t *seen = &ctx->restore.seen_records;

    if ( !ctx->transparent )
    {
        if ( rec->type != REC_TYPE_GTM_CONTEXT )
            return 0;

        ERROR("%s record in a stream of version %u",
              rec_type_to_str(rec->type), ctx->restore.format_version);
        goto bad;
    }

    if ( rec->type & REC_TYPE_OPTIONAL )
        return 0;

    if ( rec->type >= ARRAY_SIZE(v4_records) || !v4_records[rec->type].known )
    {
        ERROR("Record %#x (%s) in a transparent stream", rec->type,
              rec_type_to_str(rec->type));
        goto bad;
    }

    if ( (v4_records[rec->type].needs & ~*seen) ||
         (v4_records[rec->type].bars & *seen) )
    {
        ERROR("%s record out of order or once too often",
              rec_type_to_str(rec->type));
        goto bad;
    }

    *seen |= 1U << rec->type;

    return 0;

 bad:
    errno = EINVAL;
    return -1;
}

int gtm_restore_record(struct xc_sr_context *ctx,
                       const struct xc_sr_record *rec)
{
    xc_interface *xch = ctx->xch;
    int rc;

    if ( rec->length > XEN_GTM_MAX_SIZE )
    {
        ERROR("GTM_CONTEXT record of %u bytes, more than %u", rec->length,
              XEN_GTM_MAX_SIZE);
        return -1;
    }

    rc = update_blob(&ctx->x86.hvm.restore.gtm, rec->data, rec->length);
    if ( rc )
        ERROR("Unable to keep %u bytes of GTM_CONTEXT", rec->length);

    return rc;
}

static int read_back(struct xc_sr_context *ctx, unsigned int index,
                     uint64_t *value)
{
    xc_interface *xch = ctx->xch;

    if ( xc_hvm_param_get(xch, ctx->domid, index, value) )
    {
        PERROR("Failed to get HVMPARAM at index %u", index);
        return -1;
    }

    return 0;
}

int gtm_restore_complete(struct xc_sr_context *ctx)
{
    xc_interface *xch = ctx->xch;
    const struct xc_sr_blob *gtm = &ctx->x86.hvm.restore.gtm;
    uint64_t store_port, console_port, store_gfn, console_gfn;
    uint32_t reason, offset;
    struct timespec start;

    clock_gettime(CLOCK_MONOTONIC, &start);

    if ( xc_domain_gtm_set_context(xch, ctx->domid, gtm->ptr, gtm->size,
                                   &reason, &offset) )
    {
        if ( errno == ENOSYS )
            ERROR("This hypervisor can't take guests moved transparently");
        else
            PERROR("GTM context not accepted: %s, at offset %#x",
                   xc_gtm_reason(reason), offset);
        return -1;
    }

    IPRINTF("GTM context: %zu bytes, set in %ld us", gtm->size,
            elapsed_us(&start));

    if ( read_back(ctx, HVM_PARAM_STORE_EVTCHN, &store_port) ||
         read_back(ctx, HVM_PARAM_CONSOLE_EVTCHN, &console_port) ||
         read_back(ctx, HVM_PARAM_STORE_PFN, &store_gfn) ||
         read_back(ctx, HVM_PARAM_CONSOLE_PFN, &console_gfn) )
        return -1;

    ctx->restore.xenstore_evtchn = store_port;
    ctx->restore.console_evtchn = console_port;
    ctx->restore.xenstore_gfn = store_gfn;
    ctx->restore.console_gfn = console_gfn;

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
