/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_gtm_stream.c - version 3 of libxl's stream: a guest that takes no part.
 *
 * Which records it has, how often and in which order is laid down here, and
 * checked before a record's body is read.  Version 2 is not touched by this,
 * except that it must not have the record that came with version 3.
 */
#include "libxl_osdeps.h" /* must come before any other headers */

#include "libxl_internal.h"

struct rule {
    uint32_t type;
    const char *name;
    int place;              /* these never decrease in a stream */
    uint32_t min_len, max_len;
    bool hvm_only;
};

/* In this order, each at most once; those that are not optional exactly once. */
static const struct rule rules[] = {
    { REC_TYPE_LIBXC_CONTEXT, "LIBXC_CONTEXT", 1, 0, 0 },
    { REC_TYPE_DOMAIN_XENSTORE_DATA, "DOMAIN_XENSTORE_DATA", 2,
      sizeof(libxl__sr_domain_xenstore_hdr) + 1,
      sizeof(libxl__sr_domain_xenstore_hdr) + LIBXL__GTM_STORE_MAX },
    { REC_TYPE_EMULATOR_XENSTORE_DATA, "EMULATOR_XENSTORE_DATA", 3,
      sizeof(libxl__sr_emulator_hdr), 1u << 20, true },
    { REC_TYPE_EMULATOR_CONTEXT, "EMULATOR_CONTEXT", 3,
      sizeof(libxl__sr_emulator_hdr), 1u << 30, true },
    { REC_TYPE_END, "END", 4, 0, 0 },
};

#define MANDATORY ((1u << REC_TYPE_LIBXC_CONTEXT) | \
                   (1u << REC_TYPE_DOMAIN_XENSTORE_DATA))

static const struct rule *find_rule(uint32_t type)
{
    int i;

    for (i = 0; i < ARRAY_SIZE(rules); i++)
        if (rules[i].type == type)
            return &rules[i];

    return NULL;
}

static const char *judge(const libxl__stream_read_state *stream,
                         const struct rule *rule, uint32_t len)
{
    const libxl_domain_config *config = stream->dcs->guest_config;
    int i;

    if (stream->v3_seen & (1u << rule->type))
        return "comes twice";
    for (i = 0; i < ARRAY_SIZE(rules); i++)
        if (rules[i].place > rule->place &&
            (stream->v3_seen & (1u << rules[i].type)))
            return "comes too late";
    if (rule->hvm_only && config->b_info.type != LIBXL_DOMAIN_TYPE_HVM)
        return "comes for a guest without device model";
    if (len < rule->min_len || len > rule->max_len)
        return "has a bad length";

    /* What has to come before it: all mandatory ones of lower places. */
    for (i = 0; i < ARRAY_SIZE(rules); i++)
        if (rules[i].place < rule->place &&
            (MANDATORY & ~stream->v3_seen & (1u << rules[i].type)))
            return "comes before what has to precede it";

    return NULL;
}

int libxl__gtm_check_record(libxl__gc *gc, libxl__stream_read_state *stream,
                            const libxl__sr_rec_hdr *hdr)
{
    const struct rule *rule = find_rule(hdr->type);
    const char *fault;

    if (stream->hdr.version != RESTORE_STREAM_VERSION_TRANSPARENT) {
        if (hdr->type != REC_TYPE_DOMAIN_XENSTORE_DATA)
            return 0;
        LOG(ERROR, "Record %s is forbidden in version %"PRIu32, rule->name,
            stream->hdr.version);
        return ERROR_INVAL;
    }

    if (!rule) {
        LOG(ERROR, "Record 0x%08x is forbidden in version %"PRIu32, hdr->type,
            stream->hdr.version);
        return ERROR_INVAL;
    }

    fault = judge(stream, rule, hdr->length);
    if (fault) {
        LOG(ERROR, "Record %s of %u bytes %s", rule->name, hdr->length, fault);
        return ERROR_INVAL;
    }

    stream->v3_seen |= 1u << rule->type;
    return 0;
}

int libxl__gtm_take_store(libxl__gc *gc, libxl__domain_create_state *dcs,
                          libxl__sr_record_buf *rec)
{
    const libxl__sr_domain_xenstore_hdr *hdr = rec->body;
    uint32_t len = rec->hdr.length - sizeof(*hdr);

    if (hdr->format != DOMAIN_XENSTORE_FORMAT || hdr->reserved) {
        LOGD(ERROR, dcs->guest_domid,
             "DOMAIN_XENSTORE_DATA: bad format %"PRIu32" (%"PRIu32")",
             hdr->format, hdr->reserved);
        return ERROR_INVAL;
    }

    dcs->gtm->store = rec->body;
    dcs->gtm->store_len = len;
    rec->body = NULL;
    memmove(dcs->gtm->store, hdr + 1, len);
    return 0;
}

int libxl__gtm_make_store_record(libxl__gc *gc, uint32_t domid,
                                 void **body_r, uint32_t *len_r)
{
    const libxl__sr_domain_xenstore_hdr hdr = {
        .format = DOMAIN_XENSTORE_FORMAT,
    };
    uint32_t len;
    void *blob;
    char *body;
    int rc;

    libxl__gtm_phase_begin(gc, domid, "store-export");
    rc = libxl__gtm_store_export(gc, domid, &blob, &len);
    libxl__gtm_phase_end(gc, domid, "store-export");
    if (rc) return rc;

    body = libxl__malloc(NOGC, sizeof(hdr) + len);
    memcpy(body, &hdr, sizeof(hdr));
    memcpy(body + sizeof(hdr), blob, len);
    free(blob);

    *body_r = body;
    *len_r = sizeof(hdr) + len;
    return 0;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
