/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_gtm_device.c - the back-ends of a domain that is moved transparently.
 *
 * Linux' blkback and netback can be unbound from a device whose front-end goes
 * on believing in it, and bound again, here or elsewhere: they take up the
 * rings where they find them.  The guest sees none of this.
 *
 * D1  Unbinding returns before the requests that were taken off a ring are
 *     answered.  The back-end has finished when no grant is mapped any more,
 *     and not before: no copy of the guest's memory is any good until then.
 * D2  That a back-end works is not known from its state in xenstore.  There
 *     has to be a driver, it has to have the rings mapped, and it must not
 *     have left an error.
 * D3  A device must not be bound while what unbinding it left behind (D1) is
 *     still at work: both would answer the same requests.  netback finishes
 *     before unbinding returns, so it goes first: if it cannot, there is
 *     nothing to wait for yet.
 * D4  A device of another kind can be moved only if its front-end was never
 *     connected, or if its back-end (QEMU's) needs no more than the front-end's
 *     nodes to take it up.
 * D5  A driver that is stuck cannot be interrupted, not even by SIGKILL.  Only
 *     a process of its own waits for it, which nobody has to wait for.
 */
#include "libxl_osdeps.h" /* must come before any other headers */

#include "libxl_internal.h"

#include <net/if.h>

#define SYSFS_BUS "/sys/bus/xen-backend"

/* Grant references of the front-ends' rings that are looked at. */
#define RINGS_MAX 1024

#define POLL_MS 5

/* The name of the driver, and of its devices in sysfs; NULL: another kind. */
static const char *driver_of(const libxl__device *dev)
{
    switch (dev->backend_kind) {
    case LIBXL__DEVICE_KIND_VBD:
    case LIBXL__DEVICE_KIND_VIF:
        return libxl__device_kind_to_string(dev->backend_kind);
    default:
        return NULL;
    }
}

static const char *sysfs_name(libxl__gc *gc, const libxl__device *dev)
{
    const char *driver = driver_of(dev);

    return driver ? GCSPRINTF("%s-%u-%d", driver, dev->domid, dev->devid)
                  : NULL;
}

static bool is_bound(libxl__gc *gc, const char *name)
{
    const char *link = GCSPRINTF(SYSFS_BUS "/devices/%s/driver", name);

    return !access(link, F_OK);
}

bool libxl__gtm_device_is_bound(libxl__gc *gc, const libxl__gtm_device *gdev)
{
    return gdev->sysfs_name && is_bound(gc, gdev->sysfs_name);
}

bool libxl__gtm_device_is_detached(libxl__gc *gc, libxl__device *dev)
{
    const char *name = sysfs_name(gc, dev);
    libxl__gtm_stage stage;

    return name && !dev->backend_domid &&
           !libxl__gtm_stage_get(gc, XBT_NULL, dev->domid, &stage) &&
           stage != LIBXL__GTM_NONE && !is_bound(gc, name);
}

/*----- the list -----*/

static int device_read(libxl__gc *gc, uint32_t domid, const char *kind,
                       const char *devid, libxl__gtm_device *gdev)
{
    const char *path = GCSPRINTF("/libxl/%u/device/%s/%s", domid, kind, devid);
    int rc;

    FILLZERO(*gdev);
    rc = libxl__device_kind_from_string(kind, &gdev->dev.kind);
    if (rc) goto out;

    rc = libxl__xs_read_checked(gc, XBT_NULL, GCSPRINTF("%s/backend", path),
                                &gdev->be_path);
    if (rc) goto out;
    rc = libxl__xs_read_checked(gc, XBT_NULL, GCSPRINTF("%s/frontend", path),
                                &gdev->fe_path);
    if (rc) goto out;

    if (!gdev->be_path || !gdev->fe_path) {
        /* No PV device at all, but something that libxl set up. */
        gdev->dev.backend_kind = LIBXL__DEVICE_KIND_NONE;
        return 0;
    }

    rc = libxl__parse_backend_path(gc, gdev->be_path, &gdev->dev);
    if (rc) goto out;
    if (gdev->dev.domid != domid) {
        rc = ERROR_FAIL;
        goto out;
    }
    gdev->sysfs_name = sysfs_name(gc, &gdev->dev);

 out:
    if (rc)
        LOGD(ERROR, domid, "cannot make out the device %s", path);
    return rc;
}

int libxl__gtm_devices(libxl__gc *gc, uint32_t domid,
                       libxl__gtm_device **devs_r, int *num_r)
{
    const char *top = GCSPRINTF("/libxl/%u/device", domid);
    unsigned int i, j, num_kinds = 0, num_devs;
    libxl__gtm_device *devs = NULL;
    char **kinds, **names;
    int rc, num = 0;

    kinds = libxl__xs_directory(gc, XBT_NULL, top, &num_kinds);
    if (!kinds && errno != ENOENT) {
        LOGED(ERROR, domid, "unable to list %s", top);
        return ERROR_FAIL;
    }

    for (i = 0; kinds && i < num_kinds; i++) {
        names = libxl__xs_directory(gc, XBT_NULL,
                                    GCSPRINTF("%s/%s", top, kinds[i]),
                                    &num_devs);
        for (j = 0; names && j < num_devs; j++) {
            GCREALLOC_ARRAY(devs, num + 1);
            rc = device_read(gc, domid, kinds[i], names[j], &devs[num]);
            if (rc) return rc;
            num++;
        }
    }

    *devs_r = devs;
    *num_r = num;
    return 0;
}

/*----- what can be moved -----*/

static int read_state(libxl__gc *gc, const char *path, int *state_r)
{
    const char *text;
    int rc = libxl__xs_read_checked(gc, XBT_NULL, GCSPRINTF("%s/state", path),
                                    &text);

    *state_r = !rc && text ? atoi(text) : XenbusStateUnknown;
    return rc;
}

/* Why not, or NULL. */
static const char *refuse_kernel_device(libxl__gc *gc,
                                        const libxl__gtm_device *gdev)
{
    const char *driver = driver_of(&gdev->dev);

    if (gdev->dev.backend_domid)
        return "its back-end is in another domain";
    if (!is_bound(gc, gdev->sysfs_name))
        return "no driver of this kernel serves it";
    if (access(GCSPRINTF(SYSFS_BUS "/drivers/%s/unbind", driver), W_OK))
        return "its driver cannot be detached";

    return NULL;
}

int libxl__gtm_device_refuse(libxl__gc *gc, const libxl__gtm_device *gdev,
                             const char **why_r)
{
    int rc = 0, state;

    *why_r = NULL;
    switch (gdev->dev.backend_kind) {
    case LIBXL__DEVICE_KIND_VBD:
    case LIBXL__DEVICE_KIND_VIF:
        *why_r = refuse_kernel_device(gc, gdev);
        return 0;

    case LIBXL__DEVICE_KIND_CONSOLE:
        if (!gdev->dev.devid)
            return 0;
        break;

    case LIBXL__DEVICE_KIND_VKBD:
        return 0;

    case LIBXL__DEVICE_KIND_NONE:
        *why_r = "it is not a PV device";
        return 0;

    default:
        break;
    }

    rc = read_state(gc, gdev->fe_path, &state);
    if (!rc && state != XenbusStateUnknown &&
        state != XenbusStateInitialising && state != XenbusStateClosed)
        *why_r = "its back-end cannot take over a connected front-end";

    return rc;
}

int libxl__gtm_devices_check(libxl__gc *gc, uint32_t domid)
{
    libxl__gtm_device *devs;
    int rc, i, num, refused = 0;

    rc = libxl__gtm_devices(gc, domid, &devs, &num);
    if (rc) return rc;

    for (i = 0; i < num; i++) {
        const char *why;

        rc = libxl__gtm_device_refuse(gc, &devs[i], &why);
        if (rc) return rc;
        if (!why)
            continue;
        LOGD(ERROR, domid, "device %s/%d cannot be moved transparently: %s",
             libxl__device_kind_to_string(devs[i].dev.kind),
             devs[i].dev.devid, why);
        refused++;
    }
    return refused ? ERROR_INVAL : 0;
}

/*----- are they there? -----*/

/* The different grant references named in a front-end's nodes. */
struct rings {
    unsigned int num;
    unsigned long ref[RINGS_MAX];
};

static void add_ring(struct rings *rings, const char *value)
{
    unsigned long ref = strtoul(value, NULL, 10);
    unsigned int i;

    for (i = 0; i < rings->num; i++)
        if (rings->ref[i] == ref)
            return;
    if (rings->num < RINGS_MAX)
        rings->ref[rings->num++] = ref;
}

/* depth: how far down there may be more, in nodes called queue-<n> */
static int find_rings(libxl__gc *gc, const char *path, int depth,
                      struct rings *rings)
{
    unsigned int i, num = 0;
    const char *value;
    char **names;
    int rc;

    names = libxl__xs_directory(gc, XBT_NULL, path, &num);
    for (i = 0; names && i < num; i++) {
        const char *node = GCSPRINTF("%s/%s", path, names[i]);

        if (depth && !strncmp(names[i], "queue-", 6)) {
            rc = find_rings(gc, node, depth - 1, rings);
            if (rc) return rc;
        }
        if (!strstr(names[i], "ring-ref"))
            continue;
        rc = libxl__xs_read_checked(gc, XBT_NULL, node, &value);
        if (rc) return rc;
        if (value)
            add_ring(rings, value);
    }
    return 0;
}

static int count_mapped(libxl__gc *gc, uint32_t domid, uint32_t *mapped_r)
{
    uint32_t next = 0, none = 0;

    if (xc_domain_gtm_grants(CTX->xch, domid, &next, NULL, &none, mapped_r)) {
        LOGED(ERROR, domid, "cannot ask for its mapped grants");
        return ERROR_FAIL;
    }
    return 0;
}

int libxl__gtm_drained(libxl__gc *gc, uint32_t domid)
{
    uint32_t mapped;
    int rc = count_mapped(gc, domid, &mapped);

    return rc ? rc : mapped != 0;
}

static bool interface_is_up(libxl__gc *gc, const libxl__gtm_device *gdev)
{
    const char *name, *file;
    unsigned long flags;
    void *data;

    if (libxl__xs_read_checked(gc, XBT_NULL,
                               GCSPRINTF("%s/vifname", gdev->be_path), &name))
        return false;
    if (!name)
        name = libxl__device_nic_devname(gc, gdev->dev.domid, gdev->dev.devid,
                                         LIBXL_NIC_TYPE_VIF);

    file = GCSPRINTF("/sys/class/net/%s/flags", name);
    if (libxl__read_sysfs_file_contents(gc, file, &data, NULL))
        return false;
    flags = strtoul(data, NULL, 0);
    return flags & IFF_UP;
}

/* keeps D2; as libxl__gtm_devices_connected */
static int is_connected(libxl__gc *gc, const libxl__gtm_device *gdev)
{
    const char *name = GCSPRINTF("%s/%d",
                         libxl__device_kind_to_string(gdev->dev.kind),
                         gdev->dev.devid);
    const char *error, *home = "/local/domain/0/";
    int rc, state;

    if (gdev->sysfs_name) {
        rc = libxl__xs_read_checked(gc, XBT_NULL,
                 GCSPRINTF("%serror/%s/error", home,
                           gdev->be_path + strlen(home)), &error);
        if (rc) return rc;
        if (error) {
            LOGD(ERROR, gdev->dev.domid, "back-end of %s: %s", name, error);
            return ERROR_FAIL;
        }
        if (!is_bound(gc, gdev->sysfs_name))
            return 1;
    }

    rc = read_state(gc, gdev->be_path, &state);
    if (rc) return rc;
    if (state == XenbusStateClosing || state == XenbusStateClosed) {
        LOGD(ERROR, gdev->dev.domid, "back-end of %s has closed it", name);
        return ERROR_FAIL;
    }
    if (state != XenbusStateConnected)
        return 1;

    return gdev->dev.backend_kind == LIBXL__DEVICE_KIND_VIF &&
           !interface_is_up(gc, gdev);
}

int libxl__gtm_devices_connected(libxl__gc *gc, uint32_t domid)
{
    struct rings *rings;
    libxl__gtm_device *devs;
    uint32_t mapped;
    int rc, i, num, state;

    GCNEW(rings);
    rc = libxl__gtm_devices(gc, domid, &devs, &num);
    if (rc) return rc;

    for (i = 0; i < num; i++) {
        if (devs[i].dev.backend_kind == LIBXL__DEVICE_KIND_CONSOLE ||
            devs[i].dev.backend_kind == LIBXL__DEVICE_KIND_NONE)
            continue;
        rc = read_state(gc, devs[i].fe_path, &state);
        if (rc) return rc;
        if (state != XenbusStateConnected)
            continue;
        rc = is_connected(gc, &devs[i]);
        if (rc) return rc;
        if (devs[i].sysfs_name) {
            rc = find_rings(gc, devs[i].fe_path, 1, rings);
            if (rc) return rc;
        }
    }

    rc = count_mapped(gc, domid, &mapped);
    return rc ? rc : mapped < rings->num;
}

/*----- asking again and again -----*/

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * (uint64_t)1000 + now.tv_nsec / 1000000;
}

static void poll_again(libxl__egc *egc, libxl__ev_time *ev,
                       const struct timeval *requested_abs, int rc);

/* With a gc of its own: what one question leaves behind must not pile up. */
static int poll_once(libxl_ctx *ctx, libxl__gtm_poll_state *gps)
{
    GC_INIT(ctx);
    int rc = gps->ask(gc, gps->domid);

    GC_FREE;
    return rc;
}

static void poll_ask(libxl__egc *egc, libxl__gtm_poll_state *gps)
{
    STATE_AO_GC(gps->ao);
    int rc = poll_once(CTX, gps);

    if (rc > 0 && now_ms() > gps->deadline_ms) {
        LOGD(ERROR, gps->domid, "%s: timed out", gps->what);
        rc = ERROR_TIMEDOUT;
    }
    if (rc > 0) {
        rc = libxl__ev_time_register_rel(ao, &gps->timer, poll_again, POLL_MS);
        if (!rc)
            return;
    }
    gps->callback(egc, gps, rc);
}

static void poll_again(libxl__egc *egc, libxl__ev_time *ev,
                       const struct timeval *requested_abs, int rc)
{
    libxl__gtm_poll_state *gps = CONTAINER_OF(ev, *gps, timer);
    STATE_AO_GC(gps->ao);

    libxl__ev_time_deregister(gc, ev);
    if (rc == ERROR_TIMEDOUT)
        poll_ask(egc, gps);
    else
        gps->callback(egc, gps, rc);
}

void libxl__gtm_poll(libxl__egc *egc, libxl__gtm_poll_state *gps)
{
    libxl__ev_time_init(&gps->timer);
    gps->deadline_ms = now_ms() + gps->timeout_ms;
    poll_ask(egc, gps);
}

/*----- binding and unbinding -----*/

static void bind_child_done(libxl__egc *egc, libxl__ev_child *child,
                            pid_t pid, int status);
static void bind_timeout(libxl__egc *egc, libxl__ev_time *ev,
                         const struct timeval *requested_abs, int rc);

static bool bind_has_work(libxl__gc *gc, libxl__gtm_bind_state *gbs, int i)
{
    return gbs->devs[i].sysfs_name && !gbs->devs[i].dev.backend_domid &&
           is_bound(gc, gbs->devs[i].sysfs_name) != gbs->bind;
}

static int bind_write(libxl__gc *gc, libxl__gtm_bind_state *gbs,
                      libxl__device_kind kind)
{
    const char *action = gbs->bind ? "bind" : "unbind";
    int i;

    for (i = 0; i < gbs->num; i++) {
        const char *name = gbs->devs[i].sysfs_name, *file;
        ssize_t done = -1;
        int fd;

        if (gbs->devs[i].dev.backend_kind != kind ||
            !bind_has_work(gc, gbs, i))
            continue;
        file = GCSPRINTF(SYSFS_BUS "/drivers/%s/%s",
                         driver_of(&gbs->devs[i].dev), action);
        fd = open(file, O_WRONLY);
        if (fd >= 0) {
            done = write(fd, name, strlen(name));
            close(fd);
        }
        if (done < 0) {
            LOGED(ERROR, gbs->domid, "cannot %s %s", action, name);
            return ERROR_FAIL;
        }
    }
    return 0;
}

/* keeps D3 */
static int bind_child(libxl__gc *gc, libxl__gtm_bind_state *gbs)
{
    int rc = bind_write(gc, gbs, LIBXL__DEVICE_KIND_VIF);

    return rc ? rc : bind_write(gc, gbs, LIBXL__DEVICE_KIND_VBD);
}

/*
 * Runs in our child and keeps D5, with a child of its own.  That one may outlive
 * the migration: an end of the stream it held would keep the destination waiting.
 */
static int bind_apart(libxl__gc *gc, libxl__gtm_bind_state *gbs)
{
    int status, fd;
    pid_t pid;

    setpgid(0, 0); /* for bind_timeout() */
    pid = fork();
    if (!pid) {
        for (fd = sysconf(_SC_OPEN_MAX) - 1; fd > STDERR_FILENO; fd--)
            close(fd);
        _exit(bind_child(gc, gbs) ? 1 : 0);
    }
    if (pid < 0) {
        LOGED(ERROR, gbs->domid, "cannot fork");
        return ERROR_FAIL;
    }

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return ERROR_FAIL;
    return status ? ERROR_FAIL : 0;
}

void libxl__gtm_bind(libxl__egc *egc, libxl__gtm_bind_state *gbs)
{
    STATE_AO_GC(gbs->ao);
    int rc, i, todo = 0;
    pid_t pid;

    gbs->rc = 0;
    libxl__ev_child_init(&gbs->child);
    libxl__ev_time_init(&gbs->timer);

    rc = libxl__gtm_devices(gc, gbs->domid, &gbs->devs, &gbs->num);
    if (rc) goto out;

    for (i = 0; i < gbs->num; i++)
        todo += bind_has_work(gc, gbs, i);
    if (!todo) goto out;

    rc = libxl__ev_time_register_rel(ao, &gbs->timer, bind_timeout,
                                     gbs->timeout_ms);
    if (rc) goto out;

    pid = libxl__ev_child_fork(gc, &gbs->child, bind_child_done);
    if (pid < 0) {
        rc = pid;
        goto out;
    }
    if (!pid)
        _exit(bind_apart(gc, gbs) ? 1 : 0);
    return;

 out:
    libxl__ev_time_deregister(gc, &gbs->timer);
    gbs->callback(egc, gbs, rc);
}

static void bind_timeout(libxl__egc *egc, libxl__ev_time *ev,
                         const struct timeval *requested_abs, int rc)
{
    libxl__gtm_bind_state *gbs = CONTAINER_OF(ev, *gbs, timer);
    STATE_AO_GC(gbs->ao);

    libxl__ev_time_deregister(gc, ev);
    if (rc == ERROR_TIMEDOUT)
        LOGD(ERROR, gbs->domid, "%s of back-ends: timed out",
             gbs->bind ? "attaching" : "detaching");
    gbs->rc = rc;
    if (kill(-gbs->child.pid, SIGKILL))
        LOGED(ERROR, gbs->domid, "cannot end the back-end helper");
}

static void bind_child_done(libxl__egc *egc, libxl__ev_child *child,
                            pid_t pid, int status)
{
    libxl__gtm_bind_state *gbs = CONTAINER_OF(child, *gbs, child);
    STATE_AO_GC(gbs->ao);
    int i, rc = gbs->rc;

    libxl__ev_time_deregister(gc, &gbs->timer);
    if (!rc && status) {
        /* Exit status 1 has been explained. */
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
            libxl_report_child_exitstatus(CTX, XTL_ERROR, "back-end helper",
                                          pid, status);
        rc = ERROR_FAIL;
    }
    for (i = 0; !rc && i < gbs->num; i++) {
        if (bind_has_work(gc, gbs, i)) {
            LOGD(ERROR, gbs->domid, "the driver of %s did not %s",
                 gbs->devs[i].sysfs_name, gbs->bind ? "attach" : "let go");
            rc = ERROR_FAIL;
        }
    }
    gbs->callback(egc, gbs, rc);
}

/*----- detaching -----*/

static void detach_unbound(libxl__egc *egc, libxl__gtm_bind_state *gbs, int rc);
static void detach_drained(libxl__egc *egc, libxl__gtm_poll_state *gps, int rc);

void libxl__gtm_detach(libxl__egc *egc, libxl__gtm_detach_state *gds)
{
    STATE_AO_GC(gds->ao);

    if (!gds->quiet)
        libxl__gtm_phase_begin(gc, gds->domid, "detach");
    gds->bind.ao = ao;
    gds->bind.domid = gds->domid;
    gds->bind.bind = false;
    gds->bind.timeout_ms = gds->timeout_ms;
    gds->bind.callback = detach_unbound;
    libxl__gtm_bind(egc, &gds->bind);
}

static void detach_unbound(libxl__egc *egc, libxl__gtm_bind_state *gbs, int rc)
{
    libxl__gtm_detach_state *gds = CONTAINER_OF(gbs, *gds, bind);
    STATE_AO_GC(gds->ao);

    if (!gds->quiet)
        libxl__gtm_phase_end(gc, gds->domid, "detach");
    if (rc) {
        gds->callback(egc, gds, rc);
        return;
    }

    /* keeps D1 */
    if (!gds->quiet)
        libxl__gtm_phase_begin(gc, gds->domid, "drain");
    gds->drain.ao = ao;
    gds->drain.domid = gds->domid;
    gds->drain.what = "waiting for back-ends to finish what they had begun";
    gds->drain.timeout_ms = gds->timeout_ms;
    gds->drain.ask = libxl__gtm_drained;
    gds->drain.callback = detach_drained;
    libxl__gtm_poll(egc, &gds->drain);
}

static void detach_drained(libxl__egc *egc, libxl__gtm_poll_state *gps, int rc)
{
    libxl__gtm_detach_state *gds = CONTAINER_OF(gps, *gds, drain);
    STATE_AO_GC(gds->ao);

    if (!gds->quiet)
        libxl__gtm_phase_end(gc, gds->domid, "drain");
    gds->callback(egc, gds, rc);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
