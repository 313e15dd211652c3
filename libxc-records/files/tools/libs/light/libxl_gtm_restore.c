/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_gtm_restore.c - the destination of a transparent move: a domain that
 * finds all it had, and back-ends that find it connected.
 *
 * R1  What the guest sees in the store is what it saw: its nodes come out of
 *     the stream, and libxl writes none of them.  Only what says something
 *     about this host is supplied by it.
 * R2  A back-end is made as always, new, with this host's values; its driver
 *     takes up what the front-end's nodes say.  Copying the old back-end's
 *     state would look perfect and work not at all.
 * R3  The domain is introduced to xenstored after everything else.  From then
 *     on its watches are there again; none of all this has fired them.
 * R4  A back-end that offers less than the guest was promised is refused: the
 *     front-end would go on using it.
 */
#include "libxl_osdeps.h" /* must come before any other headers */

#include "libxl_internal.h"

#include <xen/hvm/params.h>

struct libxl__gtm_old_feature {
    const char *path; /* of the node in the back-end's area */
    const char *value;
};

int libxl__gtm_restore_init(libxl__gc *gc, libxl__domain_create_state *dcs)
{
    const libxl_domain_create_info *c_info = &dcs->guest_config->c_info;
    const libxl_domain_restore_params *params = &dcs->restore_params;

    if (dcs->restore_fd < 0 || libxl_defbool_is_default(params->transparent) ||
        !libxl_defbool_val(params->transparent))
        return 0;

    if (c_info->type == LIBXL_DOMAIN_TYPE_PV ||
        params->checkpointed_stream != LIBXL_CHECKPOINTED_STREAM_NONE ||
        params->stream_version == 1) {
        LOG(ERROR, "a PV guest, a legacy or checkpointed stream cannot be "
            "restored transparently");
        return ERROR_INVAL;
    }
    if (!libxl_domid_valid_guest(c_info->domid)) {
        LOG(ERROR, "a domain that was moved transparently keeps its domid, "
            "but the configuration has none");
        return ERROR_INVAL;
    }

    GCNEW(dcs->gtm);
    dcs->gtm->dcs = dcs;
    dcs->build_state.transparent = true;
    return 0;
}

void libxl__gtm_restore_dispose(libxl__gtm_restore_state *grs)
{
    if (!grs)
        return;
    free(grs->store);
    grs->store = NULL;
}

/*----- the store -----*/

/* The guest's own ports: Xen restored them along with the parameters. */
static int read_ports(libxl__gc *gc, uint32_t domid,
                      libxl__domain_build_state *state)
{
    xc_evtchn_status_t status = { .dom = domid };
    uint64_t store, console;

    if (xc_hvm_param_get(CTX->xch, domid, HVM_PARAM_STORE_EVTCHN, &store) ||
        xc_hvm_param_get(CTX->xch, domid, HVM_PARAM_CONSOLE_EVTCHN,
                         &console)) {
        LOGED(ERROR, domid, "unable to read its event channels");
        return ERROR_FAIL;
    }
    if (!state->store_mfn || !store) {
        LOGD(ERROR, domid, "the stream left it without a connection to the "
             "store");
        return ERROR_FAIL;
    }
    status.port = store;
    if (xc_evtchn_status(CTX->xch, &status)) {
        LOGED(ERROR, domid, "unable to read its port to the store");
        return ERROR_FAIL;
    }
    if (status.status != EVTCHNSTAT_unbound ||
        status.u.unbound.dom != state->store_domid) {
        LOGD(ERROR, domid, "its port to the store is not for domain %"PRIu32
             ", which xenstore is here", state->store_domid);
        return ERROR_INVAL;
    }
    state->store_port = store;
    state->console_port = console;
    return 0;
}

static int import(libxl__gc *gc, libxl__domain_create_state *dcs)
{
    const libxl__domain_build_state *state = &dcs->build_state;
    const uint32_t domid = dcs->guest_domid;
    const char *home = libxl__xs_get_dompath(gc, domid);
    const char *supplies[7];
    int rc;

    if (!home)
        return ERROR_FAIL;

    supplies[0] = GCSPRINTF("%s/store/port", home);
    supplies[1] = GCSPRINTF("%"PRIu32, state->store_port);
    supplies[2] = GCSPRINTF("%s/store/ring-ref", home);
    supplies[3] = GCSPRINTF("%lu", state->store_mfn);
    supplies[4] = GCSPRINTF("%s/console/port", home);
    supplies[5] = GCSPRINTF("%"PRIu32, state->console_port);
    supplies[6] = NULL;

    libxl__gtm_phase_begin(gc, domid, "store-import");
    rc = libxl__gtm_store_import(gc, domid, dcs->gtm->store,
                                 dcs->gtm->store_len, supplies, true, NULL);
    libxl__gtm_phase_end(gc, domid, "store-import");
    return rc;
}

/*
 * What the source's toolstack kept about its devices came along, for want of
 * anything here.  Ours will be made with the devices; ours[] have been.
 */
static int forget_theirs(libxl__gc *gc, uint32_t domid,
                         const libxl__gtm_device *ours, int num)
{
    const char *top = GCSPRINTF("/libxl/%u/device", domid);
    unsigned int i, j, num_kinds = 0, num_devs;
    char **kinds, **devs;
    int k, rc;

    kinds = libxl__xs_directory(gc, XBT_NULL, top, &num_kinds);
    for (i = 0; kinds && i < num_kinds; i++) {
        devs = libxl__xs_directory(gc, XBT_NULL,
                                   GCSPRINTF("%s/%s", top, kinds[i]),
                                   &num_devs);
        for (j = 0; devs && j < num_devs; j++) {
            for (k = 0; k < num; k++)
                if (!strcmp(kinds[i],
                            libxl__device_kind_to_string(ours[k].dev.kind)) &&
                    !strcmp(devs[j], GCSPRINTF("%d", ours[k].dev.devid)))
                    break;
            if (k < num)
                continue;
            rc = libxl__xs_rm_checked(gc, XBT_NULL,
                     GCSPRINTF("%s/%s/%s", top, kinds[i], devs[j]));
            if (rc) return rc;
        }
    }
    return 0;
}

/* A receiver may give the domain another name until it is complete. */
static int keep_name(libxl__gc *gc, libxl__domain_create_state *dcs)
{
    const char *path = GCSPRINTF("%s/name",
                           libxl__xs_get_dompath(gc, dcs->guest_domid));
    const char *name = dcs->guest_config->c_info.name, *have;
    int rc;

    rc = libxl__xs_read_checked(gc, XBT_NULL, path, &have);
    if (!rc && (!have || strcmp(have, name)))
        rc = libxl__xs_write_checked(gc, XBT_NULL, path, name);
    return rc;
}

/*----- features -----*/

/* Nodes whose numbers may not become smaller. */
static bool is_feature(const char *name)
{
    return !strncmp(name, "feature-", 8) || !strcmp(name, "sectors");
}

/* Those that may, as far as the front-end uses less. */
static const struct {
    const char *offered, *used;
    unsigned long used_default;
} limits[] = {
    { "multi-queue-max-queues", "multi-queue-num-queues", 1 },
    { "max-ring-page-order", "ring-page-order", 0 },
};

static void keep_feature(libxl__gc *gc, libxl__gtm_restore_state *grs,
                         const char *path, const char *value)
{
    GCREALLOC_ARRAY(grs->features, grs->num_features + 1);
    grs->features[grs->num_features].path = path;
    grs->features[grs->num_features].value = value;
    grs->num_features++;
}

struct old_backend {
    libxl__gtm_restore_state *grs;
    const char *path;
};

static int keep_offered(libxl__gc *gc, void *arg, const char *path,
                        const char *value, size_t value_len)
{
    const struct old_backend *old = arg;
    size_t len = strlen(old->path);
    const char *name = path + len + 1;

    if (!strncmp(path, old->path, len) && path[len] == '/' &&
        (is_feature(name) || !strcmp(name, "sector-size")))
        keep_feature(gc, old->grs, libxl__strdup(gc, path),
                     libxl__strndup(gc, value, value_len));
    return 0;
}

/* What the old back-end offered, and what the front-end took of it. */
static int keep_features_of(libxl__gc *gc, libxl__gtm_restore_state *grs,
                            const char *fe_path, const char *be_path)
{
    struct old_backend old = { .grs = grs, .path = be_path };
    const char *value;
    unsigned int i;
    int rc;

    rc = libxl__gtm_store_each(gc, grs->store, grs->store_len, keep_offered,
                               &old);
    if (rc) {
        LOGD(ERROR, grs->dcs->guest_domid, "the guest's store is damaged");
        return rc;
    }

    for (i = 0; i < ARRAY_SIZE(limits); i++) {
        rc = libxl__xs_read_checked(gc, XBT_NULL,
                                    GCSPRINTF("%s/%s", fe_path,
                                              limits[i].used), &value);
        if (rc) return rc;
        if (value && strtoul(value, NULL, 10) > limits[i].used_default)
            keep_feature(gc, grs,
                         GCSPRINTF("%s/%s", be_path, limits[i].offered),
                         value);
    }
    return 0;
}

/* Calls visit for each connected front-end of the guest. */
static int each_frontend(libxl__gc *gc, libxl__gtm_restore_state *grs,
                         int (*visit)(libxl__gc *gc,
                                      libxl__gtm_restore_state *grs,
                                      const char *fe_path,
                                      const char *be_path))
{
    const uint32_t domid = grs->dcs->guest_domid;
    const char *top = GCSPRINTF("%s/device", libxl__xs_get_dompath(gc, domid));
    unsigned int i, j, num_kinds = 0, num_devs;
    char **kinds, **devs;
    int rc;

    kinds = libxl__xs_directory(gc, XBT_NULL, top, &num_kinds);
    for (i = 0; kinds && i < num_kinds; i++) {
        devs = libxl__xs_directory(gc, XBT_NULL,
                                   GCSPRINTF("%s/%s", top, kinds[i]),
                                   &num_devs);
        for (j = 0; devs && j < num_devs; j++) {
            const char *fe_path = GCSPRINTF("%s/%s/%s", top, kinds[i], devs[j]);
            const char *be_path, *state;

            rc = libxl__xs_read_checked(gc, XBT_NULL,
                                        GCSPRINTF("%s/backend", fe_path),
                                        &be_path);
            if (rc) return rc;
            rc = libxl__xs_read_checked(gc, XBT_NULL,
                                        GCSPRINTF("%s/state", fe_path),
                                        &state);
            if (rc) return rc;
            if (!be_path || !state || atoi(state) != XenbusStateConnected)
                continue;
            rc = visit(gc, grs, fe_path, be_path);
            if (rc) return rc;
        }
    }
    return 0;
}

static int prepare_frontend(libxl__gc *gc, libxl__gtm_restore_state *grs,
                            const char *fe_path, const char *be_path)
{
    static const char home[] = "/local/domain/0/";

    if (strncmp(be_path, home, strlen(home))) {
        LOGD(ERROR, grs->dcs->guest_domid,
             "%s: its back-end %s is in another domain", fe_path, be_path);
        return ERROR_INVAL;
    }
    return keep_features_of(gc, grs, fe_path, be_path);
}

/* keeps R4 */
static int check_features(libxl__gc *gc, libxl__gtm_restore_state *grs)
{
    const uint32_t domid = grs->dcs->guest_domid;
    int i, rc, shrunk = 0;

    for (i = 0; i < grs->num_features; i++) {
        const libxl__gtm_old_feature *old = &grs->features[i];
        bool exact = !strcmp(strrchr(old->path, '/'), "/sector-size");
        unsigned long was = strtoul(old->value, NULL, 10), is;
        const char *value;

        rc = libxl__xs_read_checked(gc, XBT_NULL, old->path, &value);
        if (rc) return rc;
        is = value ? strtoul(value, NULL, 10) : 0;
        if (exact ? is == was : is >= was)
            continue;
        LOGD(ERROR, domid, "the guest was promised %s = %s, here it is %s",
             old->path, old->value, value ? value : "missing");
        shrunk++;
    }
    return shrunk ? ERROR_INVAL : 0;
}

/*----- in order of execution -----*/

int libxl__gtm_restore_store(libxl__gc *gc, libxl__domain_create_state *dcs)
{
    libxl_domain_build_info *const info = &dcs->guest_config->b_info;
    const uint32_t domid = dcs->guest_domid;
    libxl__gtm_device *ours;
    int rc, num;

    /* As in libxl__build_post; no other part of that is for this domain. */
    info->sched_params.sched = LIBXL_SCHEDULER_UNKNOWN;
    rc = libxl_domain_sched_params_set(CTX, domid, &info->sched_params);
    if (rc) return rc;

    rc = read_ports(gc, domid, &dcs->build_state);
    if (rc) return rc;

    rc = libxl__gtm_devices(gc, domid, &ours, &num);
    if (rc) return rc;
    rc = libxl__gtm_stage_set(gc, domid, LIBXL__GTM_ADOPTING);
    if (rc) return rc;

    rc = import(gc, dcs);
    if (rc) return rc;

    rc = forget_theirs(gc, domid, ours, num);
    if (rc) return rc;
    rc = keep_name(gc, dcs);
    if (rc) return rc;

    return each_frontend(gc, dcs->gtm, prepare_frontend);
}

int libxl__gtm_keep_frontend(libxl__gc *gc, xs_transaction_t t,
                             uint32_t domid, const char *frontend_path,
                             const char *backend_path, bool *keep_r)
{
    libxl__gtm_stage stage;
    const char *have;
    int rc;

    *keep_r = false;
    rc = libxl__gtm_stage_get(gc, t, domid, &stage);
    if (rc || stage != LIBXL__GTM_ADOPTING)
        return rc;

    rc = libxl__xs_read_checked(gc, t, GCSPRINTF("%s/backend", frontend_path),
                                &have);
    if (rc) return rc;
    if (!have || strcmp(have, backend_path)) {
        LOGD(ERROR, domid, "%s: the guest has %s for a back-end, not %s",
             frontend_path, have ? have : "nothing", backend_path);
        return ERROR_INVAL;
    }
    *keep_r = true;
    return 0;
}

static void adopt_tapped(libxl__egc *egc, libxl__domain_create_state *dcs,
                         int rc);
static void adopt_unplugged(libxl__egc *egc, libxl__gtm_emulated_state *ges,
                            int rc);
static void adopt_connected(libxl__egc *egc, libxl__gtm_poll_state *gps,
                            int rc);

/* A front-end whose device is not in the configuration would wait for ever. */
static int check_adopted(libxl__gc *gc, libxl__gtm_restore_state *grs,
                         const char *fe_path, const char *be_path)
{
    int i;

    for (i = 0; i < grs->num_devs; i++)
        if (grs->devs[i].fe_path && !strcmp(grs->devs[i].fe_path, fe_path))
            return 0;

    LOGD(ERROR, grs->dcs->guest_domid,
         "the guest has %s, the configuration has not", fe_path);
    return ERROR_INVAL;
}

void libxl__gtm_adopt(libxl__egc *egc, libxl__domain_create_state *dcs,
                      void (*callback)(libxl__egc *egc,
                                       libxl__domain_create_state *dcs,
                                       int rc))
{
    STATE_AO_GC(dcs->ao);
    libxl__gtm_restore_state *grs = dcs->gtm;

    grs->callback = callback;
    grs->emulated.ao = ao;
    grs->emulated.domid = dcs->guest_domid;
    grs->emulated.config = dcs->guest_config;
    grs->emulated.callback = adopt_unplugged;
    grs->connect.ao = ao;
    grs->connect.domid = dcs->guest_domid;
    grs->connect.what = "waiting for back-ends to take up their devices";
    grs->connect.timeout_ms = libxl__gtm_timeout_ms(gc);
    grs->connect.ask = libxl__gtm_devices_connected;
    grs->connect.callback = adopt_connected;

    if (dcs->guest_config->c_info.type == LIBXL_DOMAIN_TYPE_HVM)
        libxl__gtm_add_taps(egc, dcs, adopt_tapped);
    else
        adopt_unplugged(egc, &grs->emulated, 0);
}

static void adopt_tapped(libxl__egc *egc, libxl__domain_create_state *dcs,
                         int rc)
{
    if (rc)
        adopt_unplugged(egc, &dcs->gtm->emulated, rc);
    else
        libxl__gtm_emulated_repeat(egc, &dcs->gtm->emulated);
}

static void adopt_unplugged(libxl__egc *egc, libxl__gtm_emulated_state *ges,
                            int rc)
{
    libxl__gtm_restore_state *grs = CONTAINER_OF(ges, *grs, emulated);
    STATE_AO_GC(grs->dcs->ao);

    if (!rc)
        rc = libxl__gtm_devices(gc, ges->domid, &grs->devs, &grs->num_devs);
    if (!rc)
        rc = each_frontend(gc, grs, check_adopted);
    if (rc)
        adopt_connected(egc, &grs->connect, rc);
    else
        libxl__gtm_poll(egc, &grs->connect);
}

/* keeps R3 */
static int introduce(libxl__gc *gc, libxl__domain_create_state *dcs)
{
    const libxl__domain_build_state *state = &dcs->build_state;
    const uint32_t domid = dcs->guest_domid;

    if (!xs_introduce_domain(CTX->xsh, domid, state->store_mfn,
                             state->store_port)) {
        LOGED(ERROR, domid, "xenstored did not take it back");
        return ERROR_FAIL;
    }
    return libxl__gtm_stage_set(gc, domid, LIBXL__GTM_ADOPTED);
}

static void adopt_connected(libxl__egc *egc, libxl__gtm_poll_state *gps,
                            int rc)
{
    libxl__gtm_restore_state *grs = CONTAINER_OF(gps, *grs, connect);
    libxl__domain_create_state *dcs = grs->dcs;
    STATE_AO_GC(gps->ao);

    if (!rc)
        rc = check_features(gc, grs);
    libxl__gtm_phase_end(gc, gps->domid, "adopt");

    if (!rc) {
        libxl__gtm_phase_begin(gc, gps->domid, "introduce");
        rc = introduce(gc, dcs);
        libxl__gtm_phase_end(gc, gps->domid, "introduce");
    }
    grs->callback(egc, dcs, rc);
}

int libxl__gtm_unpause(libxl__gc *gc, uint32_t domid)
{
    libxl__gtm_stage stage;
    int rc;

    rc = libxl__gtm_stage_get(gc, XBT_NULL, domid, &stage);
    if (rc || stage != LIBXL__GTM_ADOPTED)
        return rc;

    return libxl__gtm_stage_set(gc, domid, LIBXL__GTM_NONE);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
