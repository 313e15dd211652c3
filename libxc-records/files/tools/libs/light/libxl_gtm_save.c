/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_gtm_save.c - the source of a transparent move: from a guest that runs
 * to one that can be copied, and back if it is not to be.
 *
 * S1  The guest is neither asked nor told.  Its control/shutdown node and its
 *     suspend event channel are not touched; Xen stops its vcpus.
 * S2  Its store connection stands still before anything else is done to it: a
 *     guest must not see its back-ends go.
 * S3  libxl__gtm_resume can be called at any stage, after any failure and more
 *     than once.  The guest runs again only when everything else does.
 */
#include "libxl_osdeps.h" /* must come before any other headers */

#include "libxl_internal.h"

#define TIMEOUT_MS 30000

/*
 * Times that, when there is no other way: requests that a slow disk did not
 * answer in time are still on their way to the guest's memory.
 */
#define RESUME_PATIENCE 4

/*----- what stage a domain is in -----*/

static const char *const stage_names[] = {
    [LIBXL__GTM_FROZEN] = "frozen",
    [LIBXL__GTM_DETACHED] = "detached",
    [LIBXL__GTM_ADOPTING] = "adopting",
    [LIBXL__GTM_ADOPTED] = "adopted",
};

static const char *stage_path(libxl__gc *gc, uint32_t domid)
{
    return GCSPRINTF("/libxl/%u/transparent", domid);
}

int libxl__gtm_stage_get(libxl__gc *gc, xs_transaction_t t, uint32_t domid,
                         libxl__gtm_stage *stage)
{
    const char *name;
    int rc, i;

    *stage = LIBXL__GTM_NONE;
    rc = libxl__xs_read_checked(gc, t, stage_path(gc, domid), &name);
    if (rc || !name)
        return rc;

    for (i = 0; i < ARRAY_SIZE(stage_names); i++) {
        if (stage_names[i] && !strcmp(name, stage_names[i])) {
            *stage = i;
            return 0;
        }
    }
    LOGD(ERROR, domid, "%s: unknown stage: %s", stage_path(gc, domid), name);
    return ERROR_FAIL;
}

int libxl__gtm_stage_set(libxl__gc *gc, uint32_t domid, libxl__gtm_stage stage)
{
    const char *path = stage_path(gc, domid);

    return stage == LIBXL__GTM_NONE
           ? libxl__xs_rm_checked(gc, XBT_NULL, path)
           : libxl__xs_write_checked(gc, XBT_NULL, path, stage_names[stage]);
}

int libxl_domain_transparent_moving(libxl_ctx *ctx, uint32_t domid)
{
    GC_INIT(ctx);
    libxl__gtm_stage stage;
    int rc = libxl__gtm_stage_get(gc, XBT_NULL, domid, &stage);

    GC_FREE;
    return rc ? rc : stage != LIBXL__GTM_NONE && stage != LIBXL__GTM_ADOPTED;
}

/*----- measuring -----*/

static void phase(libxl__gc *gc, uint32_t domid, const char *name,
                  const char *what)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    LOGD(INFO, domid, "transparent: phase %s %s %"PRIu64".%03u", name, what,
         now.tv_sec * (uint64_t)1000 + now.tv_nsec / 1000000,
         (unsigned int)(now.tv_nsec / 1000 % 1000));
}

void libxl__gtm_phase_begin(libxl__gc *gc, uint32_t domid, const char *name)
{
    phase(gc, domid, name, "begin");
}

void libxl__gtm_phase_end(libxl__gc *gc, uint32_t domid, const char *name)
{
    phase(gc, domid, name, "end");
}

int libxl__gtm_timeout_ms(libxl__gc *gc)
{
    const char *text = getenv("LIBXL_TRANSPARENT_TIMEOUT"); /* seconds */
    long s = text ? strtol(text, NULL, 10) : 0;

    return s > 0 && s <= 3600 ? s * 1000 : TIMEOUT_MS;
}

/*----- suspending -----*/

int libxl__gtm_save_check(libxl__gc *gc, uint32_t domid,
                          libxl_domain_type type)
{
    libxl__gtm_stage stage;
    int rc;

    if (type == LIBXL_DOMAIN_TYPE_PV) {
        LOGD(ERROR, domid, "a PV guest cannot be moved transparently");
        return ERROR_INVAL;
    }

    rc = libxl__gtm_stage_get(gc, XBT_NULL, domid, &stage);
    if (rc) return rc;
    if (stage != LIBXL__GTM_NONE && stage != LIBXL__GTM_ADOPTED) {
        LOGD(ERROR, domid, "the domain is in the middle of a move (%s)",
             stage_names[stage]);
        return ERROR_INVAL;
    }

    rc = libxl__gtm_store_probe(gc, domid);
    if (rc) return rc;

    return libxl__gtm_devices_check(gc, domid);
}

int libxl__gtm_suspend(libxl__gc *gc, uint32_t domid)
{
    int rc;

    libxl__gtm_phase_begin(gc, domid, "freeze");
    rc = libxl__gtm_stage_set(gc, domid, LIBXL__GTM_FROZEN);
    if (!rc)
        rc = libxl__gtm_store_quiesce(gc, domid);
    libxl__gtm_phase_end(gc, domid, "freeze");
    if (rc) return rc;

    libxl__gtm_phase_begin(gc, domid, "suspend");
    if (xc_domain_shutdown(CTX->xch, domid, SHUTDOWN_suspend)) {
        LOGED(ERROR, domid, "xc_domain_shutdown failed");
        return ERROR_FAIL;
    }
    return 0;
}

typedef struct {
    libxl__gtm_emulated_state emulated;
    libxl_domain_config config;
    libxl__gtm_detach_state detach;
    libxl__domain_suspend_state *dsps;
} suspended_state;

static void suspended_looked(libxl__egc *egc, libxl__gtm_emulated_state *ges,
                             int rc);
static void suspended_detached(libxl__egc *egc, libxl__gtm_detach_state *gds,
                               int rc);

void libxl__gtm_suspended(libxl__egc *egc, libxl__domain_suspend_state *dsps)
{
    STATE_AO_GC(dsps->ao);
    suspended_state *ss;
    int rc;

    libxl__gtm_phase_end(gc, dsps->domid, "suspend");

    GCNEW(ss);
    ss->dsps = dsps;
    libxl_domain_config_init(&ss->config);
    ss->emulated.ao = ao;
    ss->emulated.domid = dsps->domid;
    ss->emulated.config = &ss->config;
    ss->emulated.callback = suspended_looked;

    if (dsps->type != LIBXL_DOMAIN_TYPE_HVM) {
        suspended_looked(egc, &ss->emulated, 0);
        return;
    }

    rc = libxl__get_domain_configuration(gc, dsps->domid, &ss->config);
    if (rc)
        suspended_looked(egc, &ss->emulated, rc);
    else
        libxl__gtm_emulated_look(egc, &ss->emulated);
}

static void suspended_looked(libxl__egc *egc, libxl__gtm_emulated_state *ges,
                             int rc)
{
    suspended_state *ss = CONTAINER_OF(ges, *ss, emulated);
    libxl__domain_suspend_state *dsps = ss->dsps;
    STATE_AO_GC(dsps->ao);

    libxl_domain_config_dispose(&ss->config);

    ss->detach.ao = ao;
    ss->detach.domid = dsps->domid;
    ss->detach.timeout_ms = libxl__gtm_timeout_ms(gc);
    ss->detach.callback = suspended_detached;

    if (!rc)
        rc = libxl__gtm_stage_set(gc, dsps->domid, LIBXL__GTM_DETACHED);
    if (rc)
        dsps->callback_detached(egc, dsps, rc);
    else
        libxl__gtm_detach(egc, &ss->detach);
}

static void suspended_detached(libxl__egc *egc, libxl__gtm_detach_state *gds,
                               int rc)
{
    suspended_state *ss = CONTAINER_OF(gds, *ss, detach);

    ss->dsps->callback_detached(egc, ss->dsps, rc);
}

/*----- and back -----*/

typedef struct {
    libxl__dm_resume_state *caller;
    libxl__gtm_detach_state detach;
    libxl__gtm_bind_state bind;
    libxl__multidev multidev;
    libxl__gtm_poll_state connect;
    libxl__dm_resume_state dm;
    uint32_t domid;
} resume_state;

static void resume_detached(libxl__egc *egc, libxl__gtm_detach_state *gds,
                            int rc);
static void resume_bound(libxl__egc *egc, libxl__gtm_bind_state *gbs, int rc);
static void resume_plugged(libxl__egc *egc, libxl__multidev *multidev, int rc);
static void resume_connected(libxl__egc *egc, libxl__gtm_poll_state *gps,
                             int rc);
static void resume_dm_done(libxl__egc *egc, libxl__dm_resume_state *dmrs,
                           int rc);
static void resume_done(libxl__egc *egc, resume_state *rs, int rc);

void libxl__gtm_resume(libxl__egc *egc, libxl__dm_resume_state *dmrs)
{
    STATE_AO_GC(dmrs->ao);
    libxl__gtm_device *devs;
    resume_state *rs;
    int rc, i, num, unbound = 0;

    libxl__gtm_phase_begin(gc, dmrs->domid, "resume");

    GCNEW(rs);
    rs->caller = dmrs;
    rs->domid = dmrs->domid;
    rs->detach.ao = ao;
    rs->detach.domid = dmrs->domid;
    rs->detach.timeout_ms = libxl__gtm_timeout_ms(gc) * RESUME_PATIENCE;
    rs->detach.quiet = true;
    rs->detach.callback = resume_detached;

    rc = libxl__gtm_devices(gc, dmrs->domid, &devs, &num);
    for (i = 0; !rc && i < num; i++)
        unbound += devs[i].dev.backend_kind == LIBXL__DEVICE_KIND_VBD &&
                   !libxl__gtm_device_is_bound(gc, &devs[i]);

    /*
     * Half detached is no state in which one could know which disk is done.
     * netback was when it let go.
     */
    if (!rc && unbound)
        libxl__gtm_detach(egc, &rs->detach);
    else
        resume_detached(egc, &rs->detach, rc);
}

static void resume_detached(libxl__egc *egc, libxl__gtm_detach_state *gds,
                            int rc)
{
    resume_state *rs = CONTAINER_OF(gds, *rs, detach);
    STATE_AO_GC(gds->ao);

    if (rc) {
        resume_done(egc, rs, rc);
        return;
    }

    rs->bind.ao = ao;
    rs->bind.domid = rs->domid;
    rs->bind.bind = true;
    rs->bind.timeout_ms = libxl__gtm_timeout_ms(gc);
    rs->bind.callback = resume_bound;
    libxl__gtm_bind(egc, &rs->bind);
}

/* blkback finds all it needs in its nodes; netback waits for its script. */
static int needs_script(libxl__gc *gc, const libxl__gtm_device *gdev,
                        bool *needs_r)
{
    const char *status;
    int rc;

    *needs_r = false;
    if (gdev->dev.backend_kind != LIBXL__DEVICE_KIND_VIF)
        return 0;

    rc = libxl__xs_read_checked(gc, XBT_NULL,
                                GCSPRINTF("%s/hotplug-status", gdev->be_path),
                                &status);
    *needs_r = !status || strcmp(status, "connected");
    return rc;
}

static void resume_bound(libxl__egc *egc, libxl__gtm_bind_state *gbs, int rc)
{
    resume_state *rs = CONTAINER_OF(gbs, *rs, bind);
    STATE_AO_GC(gbs->ao);
    int i;

    if (rc) {
        resume_done(egc, rs, rc);
        return;
    }

    libxl__multidev_begin(ao, &rs->multidev);
    rs->multidev.callback = resume_plugged;
    for (i = 0; !rc && i < gbs->num; i++) {
        libxl__ao_device *aodev;
        bool needs;

        rc = needs_script(gc, &gbs->devs[i], &needs);
        if (rc || !needs)
            continue;
        aodev = libxl__multidev_prepare(&rs->multidev);
        aodev->dev = &gbs->devs[i].dev;
        aodev->action = LIBXL__DEVICE_ACTION_ADD;
        libxl__wait_device_connection(egc, aodev);
    }
    libxl__multidev_prepared(egc, &rs->multidev, rc);
}

static void resume_plugged(libxl__egc *egc, libxl__multidev *multidev, int rc)
{
    resume_state *rs = CONTAINER_OF(multidev, *rs, multidev);
    STATE_AO_GC(multidev->ao);

    if (rc) {
        resume_done(egc, rs, rc);
        return;
    }

    rs->connect.ao = ao;
    rs->connect.domid = rs->domid;
    rs->connect.what = "waiting for back-ends to take up their devices again";
    rs->connect.timeout_ms = libxl__gtm_timeout_ms(gc);
    rs->connect.ask = libxl__gtm_devices_connected;
    rs->connect.callback = resume_connected;
    libxl__gtm_poll(egc, &rs->connect);
}

static void resume_connected(libxl__egc *egc, libxl__gtm_poll_state *gps,
                             int rc)
{
    resume_state *rs = CONTAINER_OF(gps, *rs, connect);
    STATE_AO_GC(gps->ao);

    if (rc || libxl__domain_type(gc, rs->domid) != LIBXL_DOMAIN_TYPE_HVM) {
        resume_dm_done(egc, &rs->dm, rc);
        return;
    }

    rs->dm.ao = ao;
    rs->dm.domid = rs->domid;
    rs->dm.dm_resumed_callback = resume_dm_done;
    libxl__dm_resume(egc, &rs->dm);
}

static void resume_dm_done(libxl__egc *egc, libxl__dm_resume_state *dmrs,
                           int rc)
{
    resume_state *rs = CONTAINER_OF(dmrs, *rs, dm);
    STATE_AO_GC(rs->caller->ao);
    const uint32_t domid = rs->domid;

    if (rc) goto out;

    /* What its back-ends did meanwhile has come to nothing: no event of it. */
    rc = libxl__gtm_store_resume(gc, domid);
    if (rc) goto out;

    /*
     * Not the fast way, which writes an answer to a hypercall into registers
     * of a guest that did not ask.
     */
    if (xc_domain_resume(CTX->xch, domid, 0)) {
        LOGED(ERROR, domid, "xc_domain_resume failed");
        rc = ERROR_FAIL;
        goto out;
    }
    if (!xs_resume_domain(CTX->xsh, domid)) {
        LOGED(ERROR, domid, "xs_resume_domain failed");
        rc = ERROR_FAIL;
        goto out;
    }
    rc = libxl__gtm_stage_set(gc, domid, LIBXL__GTM_NONE);

 out:
    resume_done(egc, rs, rc);
}

static void resume_done(libxl__egc *egc, resume_state *rs, int rc)
{
    STATE_AO_GC(rs->caller->ao);

    libxl__gtm_phase_end(gc, rs->domid, "resume");
    if (rc)
        LOGD(ERROR, rs->domid,
             "the guest stands still: it could not be resumed (%d)", rc);
    rs->caller->callback(egc, rs->caller, rc);
}

/*----- before the devices of a domain are destroyed -----*/

typedef struct {
    libxl__gtm_detach_state detach;
    libxl__destroy_domid_state *dis;
    libxl__gtm_destroy_callback *callback;
} destroy_state;

static void destroy_detached(libxl__egc *egc, libxl__gtm_detach_state *gds,
                             int rc);

void libxl__gtm_destroy(libxl__egc *egc, libxl__destroy_domid_state *dis,
                        libxl__gtm_destroy_callback *callback)
{
    STATE_AO_GC(dis->ao);
    libxl__gtm_stage stage;
    destroy_state *ds;
    int rc;

    rc = libxl__gtm_stage_get(gc, XBT_NULL, dis->domid, &stage);
    if (rc || stage == LIBXL__GTM_NONE) {
        callback(egc, dis);
        return;
    }

    GCNEW(ds);
    ds->dis = dis;
    ds->callback = callback;
    ds->detach.ao = ao;
    ds->detach.domid = dis->domid;
    /* Whoever waits for this one to be gone will run the guest elsewhere. */
    ds->detach.timeout_ms = libxl__gtm_timeout_ms(gc);
    ds->detach.quiet = true;
    ds->detach.callback = destroy_detached;
    libxl__gtm_detach(egc, &ds->detach);
}

/* If that failed they go the usual way, which takes longer. */
static void destroy_detached(libxl__egc *egc, libxl__gtm_detach_state *gds,
                             int rc)
{
    destroy_state *ds = CONTAINER_OF(gds, *ds, detach);
    STATE_AO_GC(gds->ao);

    if (rc)
        LOGD(WARN, gds->domid, "destroying it with back-ends still at work");
    ds->callback(egc, ds->dis);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
