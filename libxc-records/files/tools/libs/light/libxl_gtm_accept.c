/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_gtm_accept.c - the destination's side of the talk before a
 * transparent move: would the domain fit here?
 *
 * Nothing here changes the host.  All that is wrong is said, not only the
 * first thing.  That the answer was yes is no promise: whoever builds the
 * domain finds out for himself.
 */
#include "libxl_osdeps.h" /* must come before any other headers */

#include "libxl_internal.h"
#include "libxl_gtm_offer.h"

#include <xen/gtm.h>

#define NAME_MAX_LEN 255
#define VCPUS_MAX 4096
#define DEVICES_MAX 256

/* So that a verdict stays short: of each list. */
#define LINES_MAX 64
#define LINE_MAX_LEN 256

/* Left to domain 0 when memory is counted. */
#define DOM0_KB (256u << 10)

typedef struct {
    libxl__gc *gc;
    const libxl__json_object *offer;
    uint32_t domid;
    bool dom0_gives; /* memory, if there is too little */
    flexarray_t *problems, *notes; /* what, text, what, text ... */
} accept_state;

static void PRINTF_ATTRIBUTE(4, 0) add_line(accept_state *as, flexarray_t *list,
                                            const char *what, const char *fmt,
                                            va_list ap)
{
    libxl__gc *gc = as->gc;
    char *text = libxl__vsprintf(gc, fmt, ap);

    if (list->count >= 2 * LINES_MAX)
        return;
    flexarray_append_pair(list, libxl__strdup(gc, what),
                          libxl__strndup(gc, text, LINE_MAX_LEN));
}

static void PRINTF_ATTRIBUTE(3, 4) problem(accept_state *as, const char *what,
                                           const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_line(as, as->problems, what, fmt, ap);
    va_end(ap);
}

static void PRINTF_ATTRIBUTE(3, 4) note(accept_state *as, const char *what,
                                        const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add_line(as, as->notes, what, fmt, ap);
    va_end(ap);
}

/*----- one thing after the other -----*/

static void check_identity(accept_state *as)
{
    libxl__gc *gc = as->gc;
    const char *name = libxl__gtm_json_get_text(as->offer, "name",
                                                NAME_MAX_LEN);
    const char *text = libxl__gtm_json_get_text(as->offer, "uuid",
                                                LIBXL_UUID_FMTLEN);
    libxl_dominfo *list;
    libxl_uuid uuid;
    int i, num;

    if (!text || libxl_uuid_from_string(&uuid, text)) {
        problem(as, "offer", "uuid");
        return;
    }

    list = libxl_list_domain(CTX, &num);
    if (!list) {
        problem(as, "host", "the domains cannot be listed");
        return;
    }
    for (i = 0; i < num; i++) {
        if (list[i].domid == as->domid)
            problem(as, "domid", "there is a domain %u already", as->domid);
        if (!libxl_uuid_compare(&list[i].uuid, &uuid))
            problem(as, "uuid", "domain %u has the same uuid", list[i].domid);
        if (name && *name) {
            const char *other = libxl__domid_to_name(gc, list[i].domid);

            if (other && !strcmp(other, name))
                problem(as, "name", "domain %u has the same name",
                        list[i].domid);
        }
    }
    libxl_dominfo_list_free(list, num);
}

static void check_hypervisor(accept_state *as)
{
    libxl__gc *gc = as->gc;
    const char *type = libxl__gtm_json_get_text(as->offer, "type", 8);
    const libxl__json_object *context = libxl__json_map_get("context",
                                                            as->offer,
                                                            JSON_MAP);
    libxl_physinfo phys;
    uint64_t size = 0;
    uint32_t reason;

    /* Not about domain 0: a question that is known gets another answer. */
    if (xc_domain_gtm_get_context(CTX->xch, 0, NULL, &size, &reason) &&
        (errno == ENOSYS || errno == EPERM || errno == EACCES))
        problem(as, "hypervisor",
                "this hypervisor cannot take guests moved transparently");

    if (libxl__gtm_json_get_number(context, "bytes", XEN_GTM_MAX_SIZE) < 0)
        problem(as, "hypervisor", "more than %u bytes of context",
                XEN_GTM_MAX_SIZE);

    if (!type || (strcmp(type, "hvm") && strcmp(type, "pvh"))) {
        problem(as, "type", "only hvm and pvh guests can be moved");
        return;
    }

    libxl_physinfo_init(&phys);
    if (libxl_get_physinfo(CTX, &phys))
        problem(as, "host", "the host's abilities are not known");
    else if (!strcmp(type, "hvm") ? !phys.cap_hvm
                                  : !phys.cap_hvm || !phys.cap_hap)
        problem(as, "type", "this host cannot run %s guests", type);
    libxl_physinfo_dispose(&phys);
}

static void check_cpu(accept_state *as)
{
    libxl__gc *gc = as->gc;
    const libxl__json_object *writer = libxl__json_map_get("writer", as->offer,
                                                           JSON_MAP);
    const char *theirs = libxl__gtm_json_get_text(writer, "cpu", 12);
    const char *xen = libxl__gtm_json_get_text(writer, "xen", 64);
    const char *ours = libxl__gtm_cpu_vendor(gc);
    const libxl_version_info *v = libxl_get_version_info(CTX);

    if (!theirs || !ours || strcmp(theirs, ours))
        problem(as, "cpu", "processors of %s, here of %s",
                theirs ? theirs : "?", ours ? ours : "?");

    if (libxl__gtm_json_get_number(as->offer, "vcpus", VCPUS_MAX) < 1)
        problem(as, "offer", "vcpus");

    if (!xen || !v) {
        problem(as, "offer", "writer");
    } else {
        const char *us = GCSPRINTF("%d.%d%s", v->xen_version_major,
                                   v->xen_version_minor,
                                   v->xen_version_extra);

        if (strcmp(us, xen))
            note(as, "hypervisor", "Xen %s, here %s", xen, us);
    }
}

static void check_memory(accept_state *as)
{
    libxl__gc *gc = as->gc;
    long long memory_kb = libxl__gtm_json_get_number(as->offer, "memory_kb",
                                                     LLONG_MAX >> 10);
    long long vcpus = libxl__gtm_json_get_number(as->offer, "vcpus", VCPUS_MAX);
    uint64_t free_kb, need;
    libxl_dominfo dom0;

    if (memory_kb < 0 || vcpus < 0) {
        problem(as, "offer", "memory_kb");
        return;
    }
    /* What libxl_domain_need_memory() will say, or a little more. */
    need = memory_kb + LIBXL_HVM_EXTRA_MEMORY +
           libxl_get_required_shadow_memory(memory_kb, vcpus);
    if (libxl_get_free_memory(CTX, &free_kb)) {
        problem(as, "host", "free memory is not known");
        return;
    }
    if (need <= free_kb)
        return;

    libxl_dominfo_init(&dom0);
    if (!as->dom0_gives || libxl_domain_info(CTX, &dom0, 0) ||
        need > free_kb + dom0.current_memkb - min((uint64_t)DOM0_KB,
                                                  dom0.current_memkb))
        problem(as, "memory", "%"PRIu64" KiB are needed, %"PRIu64" are free",
                need, free_kb);
    else
        note(as, "memory", "%"PRIu64" KiB are needed, %"PRIu64" are free: "
             "domain 0 has to give some", need, free_kb);
    libxl_dominfo_dispose(&dom0);
}

static void check_grants(accept_state *as)
{
    libxl__gc *gc = as->gc;
    const libxl__json_object *grants = libxl__json_map_get("grants", as->offer,
                                                           JSON_MAP);
    long long frames = libxl__gtm_json_get_number(grants, "max_frames",
                                                  UINT32_MAX);
    long long version = libxl__gtm_json_get_number(grants, "max_version", 2);
    /* Domain 0 may have as many as any domain. */
    struct gnttab_query_size query = { .dom = 0 };
    libxl_physinfo phys;

    if (frames < 0 || version < 0) {
        problem(as, "offer", "grants");
        return;
    }

    if (xc_gnttab_query_size(CTX->xch, &query) || query.status)
        problem(as, "host", "the limit of grant frames is not known");
    else if (frames > query.max_nr_frames)
        problem(as, "grants", "up to %lld frames, here up to %u", frames,
                query.max_nr_frames);

    libxl_physinfo_init(&phys);
    if (libxl_get_physinfo(CTX, &phys) ||
        (version == 2 && !phys.cap_gnttab_v2) ||
        (version == 1 && !phys.cap_gnttab_v1))
        problem(as, "grants", "no grant tables of version %lld here", version);
    libxl_physinfo_dispose(&phys);
}

static void check_device(accept_state *as, const libxl__json_object *dev)
{
    libxl__gc *gc = as->gc;
    const char *kind = libxl__gtm_json_get_text(dev, "kind", 32);
    const char *type = libxl__gtm_json_get_text(as->offer, "type", 8);
    long long devid = libxl__gtm_json_get_number(dev, "devid", INT_MAX);

    if (!kind || devid < 0) {
        problem(as, "offer", "devices");
        return;
    }

    if (!strcmp(kind, "vbd") || !strcmp(kind, "vif")) {
        if (access(GCSPRINTF("/sys/bus/xen-backend/drivers/%s/bind", kind),
                   W_OK))
            problem(as, "device", "%s/%lld: no driver for its back-end here",
                    kind, devid);
    } else if (!strcmp(kind, "vkbd")) {
        if (!type || strcmp(type, "hvm"))
            problem(as, "device", "%s/%lld: not of a %s guest", kind, devid,
                    type ? type : "?");
    } else if (strcmp(kind, "console")) {
        problem(as, "device", "%s/%lld: not known here", kind, devid);
    }
}

static void check_devices(accept_state *as)
{
    const libxl__json_object *devs = libxl__json_map_get("devices", as->offer,
                                                         JSON_ARRAY);
    const libxl__json_object *dev;
    int i;

    if (!devs) {
        problem(as, "offer", "devices");
        return;
    }
    for (i = 0; (dev = libxl__json_array_get(devs, i)); i++) {
        if (i == DEVICES_MAX) {
            problem(as, "offer", "more than %d devices", DEVICES_MAX);
            return;
        }
        check_device(as, dev);
    }
}

/* "<kind> what=<what> ..."; what is to be expected is left out. */
static void store_line(accept_state *as, const char *line)
{
    const char *rest = line;

    if (!strncmp(line, "problem ", 8)) {
        rest += 8;
        if (strncmp(rest, "what=no-such-domain ", 20))
            problem(as, "store", "%s", rest);
    } else if (!strncmp(line, "note ", 5)) {
        rest += 5;
        if (strncmp(rest, "what=not-supplied ", 18))
            note(as, "store", "%s", rest);
    }
}

/*
 * The guest's ring is granted to, and its port is for, the domain that xenstore
 * was in where it was built, and it will not be asked to change that.
 */
static void check_store_domid(accept_state *as)
{
    libxl__gc *gc = as->gc;
    long long theirs = libxl__gtm_json_get_number(as->offer, "store_domid",
                                                  DOMID_FIRST_RESERVED - 1);
    uint32_t ours;

    if (libxl__json_map_get("store_domid", as->offer, JSON_ANY) && theirs < 0)
        problem(as, "offer", "store_domid");
    else if (libxl__gtm_store_domid(gc, &ours))
        problem(as, "host", "the domain of xenstore is not known");
    else if (theirs >= 0 && theirs != ours)
        problem(as, "store", "its xenstore is domain %lld, here it is "
                "domain %"PRIu32, theirs, ours);
}

static void check_store(accept_state *as)
{
    libxl__gc *gc = as->gc;
    const char *text = libxl__gtm_json_get_text(as->offer, "store",
                                                LIBXL__GTM_OFFER_MAX);
    const char *said = NULL;
    char *copy, *line, *saveptr;
    uint8_t *blob;
    ssize_t len;

    check_store_domid(as);
    if (!text) {
        if (libxl__gtm_store_probe(gc, 0) < 0)
            problem(as, "store", "this xenstored cannot take over a domain");
        else
            note(as, "store", "was not tried");
        return;
    }

    blob = libxl__malloc(gc, strlen(text) + 1);
    len = libxl__gtm_base64_decode(text, blob, strlen(text));
    if (len <= 0) {
        problem(as, "offer", "store");
        return;
    }

    libxl__gtm_store_import(gc, as->domid, blob, len, NULL, false, &said);
    if (!said) {
        problem(as, "store", "this xenstored cannot take over a domain");
        return;
    }
    copy = libxl__strdup(gc, said);
    for (line = strtok_r(copy, "\n", &saveptr); line;
         line = strtok_r(NULL, "\n", &saveptr))
        store_line(as, line);
}

/*----- the verdict -----*/

static void write_list(accept_state *as, yajl_gen hand, const char *key,
                       const flexarray_t *list)
{
    libxl__gc *gc = as->gc;
    unsigned int i;

    libxl__gtm_json_key(hand, key);
    yajl_gen_array_open(hand);
    for (i = 0; i < list->count; i += 2) {
        yajl_gen_map_open(hand);
        libxl__gtm_json_text(gc, hand, "what", list->data[i]);
        libxl__gtm_json_text(gc, hand, "text", list->data[i + 1]);
        yajl_gen_map_close(hand);
    }
    yajl_gen_array_close(hand);
}

static int write_verdict(accept_state *as, char **verdict_r)
{
    libxl__gc *gc = as->gc;
    yajl_gen hand = libxl_yajl_gen_alloc(NULL);

    if (!hand)
        libxl__alloc_failed(CTX, __func__, 1, 0);

    yajl_gen_map_open(hand);
    libxl__gtm_json_number(hand, "version", LIBXL__GTM_OFFER_VERSION);
    libxl__gtm_json_key(hand, "ok");
    yajl_gen_bool(hand, !as->problems->count);
    write_list(as, hand, "problems", as->problems);
    write_list(as, hand, "notes", as->notes);
    yajl_gen_map_close(hand);

    return libxl__gtm_json_done(gc, hand, verdict_r);
}

static void check_offer(accept_state *as, const char *text)
{
    libxl__gc *gc = as->gc;
    const char *token;
    long long domid;

    as->offer = libxl__gtm_json_parse(gc, text);
    if (!as->offer) {
        problem(as, "offer", "not an offer of version %d",
                LIBXL__GTM_OFFER_VERSION);
        return;
    }

    token = libxl__gtm_json_get_text(as->offer, "token",
                                     LIBXL__GTM_TOKEN_LEN);
    if (!token || strspn(token, "0123456789abcdef") != LIBXL__GTM_TOKEN_LEN)
        problem(as, "offer", "token");

    domid = libxl__gtm_json_get_number(as->offer, "domid",
                                       DOMID_FIRST_RESERVED - 1);
    if (domid < 1) {
        problem(as, "offer", "domid");
        return;
    }
    as->domid = domid;

    check_identity(as);
    check_hypervisor(as);
    check_cpu(as);
    check_memory(as);
    check_grants(as);
    check_devices(as);
    check_store(as);
}

int libxl_domain_transparent_accept(libxl_ctx *ctx, const char *offer,
                                    bool dom0_gives, char **verdict)
{
    GC_INIT(ctx);
    accept_state as = { .gc = gc, .dom0_gives = dom0_gives };
    int rc;

    *verdict = NULL;
    as.problems = flexarray_make(gc, 8, 1);
    as.notes = flexarray_make(gc, 8, 1);
    check_offer(&as, offer);
    rc = write_verdict(&as, verdict);
    GC_FREE;
    return rc;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
