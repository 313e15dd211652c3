/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_gtm_offer.c - the source's side of the talk before a transparent move.
 *
 * Nothing here changes the domain.  What stands in the way at the source is
 * found here, all of it at once; what the destination would have to be able
 * to take is written down for it.
 */
#include "libxl_osdeps.h" /* must come before any other headers */

#include "libxl_internal.h"
#include "libxl_gtm_offer.h"

#include <xenguest.h>

/* More of the store than this is not offered for a trial. */
#define STORE_MAX (512u << 10)

/* Limits of what is parsed: an offer has a few hundred values, 4 deep. */
#define JSON_DEPTH_MAX 8
#define JSON_VALUES_MAX 4096

/*----- JSON -----*/

static char *printable(libxl__gc *gc, const char *text)
{
    char *copy = libxl__strdup(gc, text), *c;

    for (c = copy; *c; c++)
        if (*c < 0x20 || *c > 0x7e)
            *c = '?';
    return copy;
}

void libxl__gtm_json_key(yajl_gen hand, const char *key)
{
    libxl__yajl_gen_asciiz(hand, key);
}

void libxl__gtm_json_text(libxl__gc *gc, yajl_gen hand, const char *key,
                          const char *value)
{
    libxl__gtm_json_key(hand, key);
    libxl__yajl_gen_asciiz(hand, printable(gc, value ? value : ""));
}

void libxl__gtm_json_number(yajl_gen hand, const char *key, long long value)
{
    libxl__gtm_json_key(hand, key);
    yajl_gen_integer(hand, value);
}

int libxl__gtm_json_done(libxl__gc *gc, yajl_gen hand, char **text_r)
{
    const unsigned char *buf;
    libxl_yajl_length len;
    int rc = 0;

    if (yajl_gen_get_buf(hand, &buf, &len) != yajl_gen_status_ok) {
        LOG(ERROR, "unable to write JSON");
        rc = ERROR_FAIL;
    } else {
        *text_r = libxl__strndup(NOGC, (const char *)buf, len);
    }
    yajl_gen_free(hand);
    return rc;
}

/* Whether parsing takes little time and little stack. */
static bool is_simple(const char *text)
{
    unsigned int depth = 0, values = 0;
    bool quoted = false;

    if (strnlen(text, LIBXL__GTM_OFFER_MAX + 1) > LIBXL__GTM_OFFER_MAX)
        return false;

    for (; *text; text++) {
        if (quoted && *text == '\\' && text[1]) {
            text++;
        } else if (*text == '"') {
            quoted = !quoted;
        } else if (quoted) {
            continue;
        } else if (*text == '{' || *text == '[') {
            if (++depth > JSON_DEPTH_MAX || ++values > JSON_VALUES_MAX)
                return false;
        } else if (*text == '}' || *text == ']') {
            if (!depth--)
                return false;
        } else if (*text == ',' && ++values > JSON_VALUES_MAX) {
            return false;
        }
    }
    return !quoted && !depth;
}

libxl__json_object *libxl__gtm_json_parse(libxl__gc *gc, const char *text)
{
    libxl__json_object *o = is_simple(text) ? libxl__json_parse(gc, text)
                                            : NULL;

    if (!libxl__json_object_is_map(o) ||
        libxl__gtm_json_get_number(o, "version", INT_MAX) !=
        LIBXL__GTM_OFFER_VERSION) {
        LOG(ERROR, "not a message of version %d about a transparent move",
            LIBXL__GTM_OFFER_VERSION);
        return NULL;
    }
    return o;
}

const char *libxl__gtm_json_get_text(const libxl__json_object *o,
                                     const char *key, size_t max)
{
    const char *text = libxl__json_object_get_string(
                           libxl__json_map_get(key, o, JSON_STRING));

    return text && strnlen(text, max + 1) <= max ? text : NULL;
}

long long libxl__gtm_json_get_number(const libxl__json_object *o,
                                     const char *key, long long max)
{
    long long n = libxl__json_object_get_integer(
                      libxl__json_map_get(key, o, JSON_INTEGER));

    return n >= 0 && n <= max ? n : -1;
}

/*----- what both sides look at -----*/

const char *libxl__gtm_cpu_vendor(libxl__gc *gc)
{
    const char *vendor = NULL;
    xc_cpu_policy_t *policy = xc_cpu_policy_init();
    uint32_t nr_leaves, nr_msrs;
    xen_cpuid_leaf_t *leaves;
    xen_msr_entry_t *msrs;

    if (!policy || xc_cpu_policy_get_size(CTX->xch, &nr_leaves, &nr_msrs))
        goto out;

    GCNEW_ARRAY(leaves, nr_leaves);
    GCNEW_ARRAY(msrs, nr_msrs);
    if (xc_cpu_policy_get_system(CTX->xch, XEN_SYSCTL_cpu_policy_host,
                                 policy) ||
        xc_cpu_policy_serialise(CTX->xch, policy, leaves, &nr_leaves,
                                msrs, &nr_msrs))
        goto out;

    if (nr_leaves && !leaves[0].leaf)
        vendor = GCSPRINTF("%.4s%.4s%.4s", (char *)&leaves[0].b,
                           (char *)&leaves[0].d, (char *)&leaves[0].c);

 out:
    xc_cpu_policy_destroy(policy);
    return vendor;
}

/* The nodes of a back-end that say what it offers. */
static bool is_feature(const char *name)
{
    static const char *const features[] = {
        "multi-queue-max-queues", "max-ring-page-order", "max-ring-pages",
        "info", "sectors", "sector-size", "physical-sector-size",
    };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(features); i++)
        if (!strcmp(name, features[i]))
            return true;
    return !strncmp(name, "feature-", 8) || !strncmp(name, "discard-", 8);
}

/*----- the offer -----*/

typedef struct {
    libxl__gc *gc;
    uint32_t domid;
    yajl_gen hand;
    char *problems; /* from malloc(), or NULL */
} offer;

static void PRINTF_ATTRIBUTE(2, 3) problem(offer *of, const char *fmt, ...)
{
    libxl__gc *gc = of->gc;
    char *text, *all;
    va_list ap;

    va_start(ap, fmt);
    text = libxl__vsprintf(gc, fmt, ap);
    va_end(ap);

    all = GCSPRINTF("%s%s\n", of->problems ? of->problems : "", text);
    free(of->problems);
    of->problems = libxl__strdup(NOGC, all);
}

static int offer_random_token(offer *of)
{
    libxl__gc *gc = of->gc;
    uint8_t bytes[LIBXL__GTM_TOKEN_LEN / 2];
    char token[LIBXL__GTM_TOKEN_LEN + 1];
    unsigned int i;
    int rc = libxl__random_bytes(gc, bytes, sizeof(bytes));

    if (rc) return rc;

    for (i = 0; i < sizeof(bytes); i++)
        sprintf(token + 2 * i, "%02x", bytes[i]);
    libxl__gtm_json_text(gc, of->hand, "token", token);
    return 0;
}

static int offer_writer(offer *of)
{
    libxl__gc *gc = of->gc;
    const libxl_version_info *v = libxl_get_version_info(CTX);
    char host[256];

    if (!v) return ERROR_FAIL;

    if (gethostname(host, sizeof(host)))
        host[0] = 0;
    host[sizeof(host) - 1] = 0;

    libxl__gtm_json_key(of->hand, "writer");
    yajl_gen_map_open(of->hand);
    libxl__gtm_json_text(gc, of->hand, "xen",
                         GCSPRINTF("%d.%d%s", v->xen_version_major,
                                   v->xen_version_minor,
                                   v->xen_version_extra));
    libxl__gtm_json_text(gc, of->hand, "host", host);
    libxl__gtm_json_text(gc, of->hand, "cpu", libxl__gtm_cpu_vendor(gc));
    yajl_gen_map_close(of->hand);
    return 0;
}

/* What and who it is. */
static int offer_domain(offer *of)
{
    libxl__gc *gc = of->gc;
    libxl_domain_type type = libxl__domain_type(gc, of->domid);
    libxl__gtm_stage stage;
    libxl_dominfo info;
    uint32_t store_domid;
    int rc;

    libxl_dominfo_init(&info);
    rc = libxl_domain_info(CTX, &info, of->domid);
    if (rc) goto out;

    rc = libxl__gtm_stage_get(gc, XBT_NULL, of->domid, &stage);
    if (rc) goto out;

    if (type != LIBXL_DOMAIN_TYPE_HVM && type != LIBXL_DOMAIN_TYPE_PVH)
        problem(of, "it is not an HVM or PVH guest");
    if (info.shutdown || info.dying)
        problem(of, "it has shut down, or is suspended");
    if (stage != LIBXL__GTM_NONE && stage != LIBXL__GTM_ADOPTED)
        problem(of, "it is in the middle of another move");
    if (libxl_get_stubdom_id(CTX, of->domid))
        problem(of, "its device model is in a stub domain");
    if (type == LIBXL_DOMAIN_TYPE_HVM &&
        libxl__device_model_version_running(gc, of->domid) !=
        LIBXL_DEVICE_MODEL_VERSION_QEMU_XEN)
        problem(of, "its device model is not qemu-xen");

    rc = libxl__gtm_store_domid(gc, &store_domid);
    if (rc) goto out;

    libxl__gtm_json_number(of->hand, "domid", of->domid);
    libxl__gtm_json_number(of->hand, "store_domid", store_domid);
    libxl__gtm_json_text(gc, of->hand, "uuid",
                         GCSPRINTF(LIBXL_UUID_FMT,
                                   LIBXL_UUID_BYTES(info.uuid)));
    libxl__gtm_json_text(gc, of->hand, "name",
                         libxl__domid_to_name(gc, of->domid));
    libxl__gtm_json_text(gc, of->hand, "type",
                         libxl_domain_type_to_string(type));
    libxl__gtm_json_number(of->hand, "vcpus", info.vcpu_max_id + 1);
    libxl__gtm_json_number(of->hand, "memory_kb",
                           info.current_memkb + info.shared_memkb);

 out:
    libxl_dominfo_dispose(&info);
    return rc;
}

/* What Xen says. */
static int offer_context(offer *of)
{
    libxl__gc *gc = of->gc;
    uint64_t size = 0;
    uint32_t reason;

    /* What is only busy may not be any more when it comes to that. */
    if (xc_domain_gtm_get_context(CTX->xch, of->domid, NULL, &size, &reason) &&
        errno != EBUSY) {
        if (errno == ENOSYS)
            problem(of, "this hypervisor cannot move guests transparently");
        else if (errno == EOPNOTSUPP)
            problem(of, "%s", xc_gtm_reason(reason));
        else {
            LOGED(ERROR, of->domid, "cannot ask for the size of its context");
            return ERROR_FAIL;
        }
    }

    libxl__gtm_json_key(of->hand, "context");
    yajl_gen_map_open(of->hand);
    libxl__gtm_json_number(of->hand, "bytes", size);
    yajl_gen_map_close(of->hand);
    return 0;
}

/* The version that creation chose, if the configuration does not say. */
static int max_grant_version(libxl__gc *gc, uint32_t domid, int *version_r)
{
    libxl_domain_config config;
    libxl__flock *lock;
    libxl_physinfo phys;
    int rc;

    libxl_domain_config_init(&config);
    libxl_physinfo_init(&phys);

    lock = libxl__lock_domain_userdata(gc, domid);
    if (!lock) {
        rc = ERROR_LOCK_FAIL;
        goto out;
    }
    rc = libxl__get_domain_configuration(gc, domid, &config);
    libxl__unlock_file(lock);
    if (rc) goto out;

    rc = libxl_get_physinfo(CTX, &phys);
    if (rc) goto out;

    *version_r = config.b_info.max_grant_version;
    if (*version_r == (int)LIBXL_MAX_GRANT_DEFAULT)
        *version_r = phys.cap_gnttab_v2 ? 2 : phys.cap_gnttab_v1 ? 1 : 0;

 out:
    libxl_physinfo_dispose(&phys);
    libxl_domain_config_dispose(&config);
    return rc;
}

static int offer_grants(offer *of)
{
    libxl__gc *gc = of->gc;
    struct gnttab_query_size query = { .dom = of->domid };
    int rc, version;

    if (xc_gnttab_query_size(CTX->xch, &query) || query.status) {
        LOGED(ERROR, of->domid, "cannot ask for the size of its grant table");
        return ERROR_FAIL;
    }
    rc = max_grant_version(gc, of->domid, &version);
    if (rc) return rc;

    libxl__gtm_json_key(of->hand, "grants");
    yajl_gen_map_open(of->hand);
    libxl__gtm_json_number(of->hand, "max_frames", query.max_nr_frames);
    libxl__gtm_json_number(of->hand, "max_version", version);
    yajl_gen_map_close(of->hand);
    return 0;
}

static int offer_device(offer *of, const libxl__gtm_device *gdev)
{
    libxl__gc *gc = of->gc;
    const char *why, *value,
               *kind = libxl__device_kind_to_string(gdev->dev.kind);
    unsigned int i, num = 0;
    char **names;
    int rc = libxl__gtm_device_refuse(gc, gdev, &why);

    if (rc) return rc;
    if (why)
        problem(of, "device %s/%d (back-end %s): %s", kind, gdev->dev.devid,
                libxl__device_kind_to_string(gdev->dev.backend_kind), why);

    yajl_gen_map_open(of->hand);
    libxl__gtm_json_text(gc, of->hand, "kind", kind);
    libxl__gtm_json_number(of->hand, "devid", gdev->dev.devid);
    libxl__gtm_json_key(of->hand, "features");
    yajl_gen_map_open(of->hand);

    names = gdev->be_path ? libxl__xs_directory(gc, XBT_NULL, gdev->be_path,
                                                &num)
                          : NULL;
    for (i = 0; names && i < num; i++) {
        if (!is_feature(names[i]))
            continue;
        rc = libxl__xs_read_checked(gc, XBT_NULL,
                                    GCSPRINTF("%s/%s", gdev->be_path, names[i]),
                                    &value);
        if (rc) return rc;
        if (value)
            libxl__gtm_json_text(gc, of->hand, names[i], value);
    }

    yajl_gen_map_close(of->hand);
    yajl_gen_map_close(of->hand);
    return 0;
}

static int offer_devices(offer *of)
{
    libxl__gc *gc = of->gc;
    libxl__gtm_device *devs;
    int rc, i, num;

    rc = libxl__gtm_devices(gc, of->domid, &devs, &num);
    if (rc) return rc;

    libxl__gtm_json_key(of->hand, "devices");
    yajl_gen_array_open(of->hand);
    for (i = 0; i < num; i++) {
        rc = offer_device(of, &devs[i]);
        if (rc) return rc;
    }
    yajl_gen_array_close(of->hand);
    return 0;
}

static int offer_store(offer *of)
{
    libxl__gc *gc = of->gc;
    void *blob = NULL;
    uint32_t len;
    char *text;
    int rc = libxl__gtm_store_export(gc, of->domid, &blob, &len);

    if (rc) {
        problem(of, "this xenstored cannot export a domain's state");
        return 0;
    }

    if (len <= STORE_MAX) {
        text = libxl__malloc(gc, LIBXL__GTM_BASE64_LEN(len) + 1);
        libxl__gtm_base64_encode(blob, len, text);
        libxl__gtm_json_text(gc, of->hand, "store", text);
    }
    free(blob);
    return 0;
}

int libxl_domain_transparent_offer(libxl_ctx *ctx, uint32_t domid,
                                   char **json, char **problems)
{
    GC_INIT(ctx);
    offer of = { .gc = gc, .domid = domid };
    int rc;

    *json = *problems = NULL;

    of.hand = libxl_yajl_gen_alloc(NULL);
    if (!of.hand)
        libxl__alloc_failed(ctx, __func__, 1, 0);

    yajl_gen_map_open(of.hand);
    libxl__gtm_json_number(of.hand, "version", LIBXL__GTM_OFFER_VERSION);

    rc = offer_domain(&of);
    if (!rc) rc = offer_random_token(&of);
    if (!rc) rc = offer_writer(&of);
    if (!rc) rc = offer_context(&of);
    if (!rc) rc = offer_grants(&of);
    if (!rc) rc = offer_devices(&of);
    if (!rc) rc = offer_store(&of);
    if (rc) {
        yajl_gen_free(of.hand);
        goto out;
    }
    yajl_gen_map_close(of.hand);
    rc = libxl__gtm_json_done(gc, of.hand, json);

 out:
    if (rc)
        free(of.problems);
    else
        *problems = of.problems;
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
