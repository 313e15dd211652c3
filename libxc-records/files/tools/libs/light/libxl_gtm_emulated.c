/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_gtm_emulated.c - emulated devices that a guest has unplugged.
 *
 * A guest with PV drivers tells its device model, once, to take away the
 * emulated twins of its disks and network cards (an I/O port, see
 * docs/misc/hvm-emulated-unplug.pandoc).  That is no part of what a device
 * model saves: a guest that takes part in its migration says so again when it
 * resumes.  One that takes no part does not, and would have each disk twice,
 * open for writing in the device model beside its back-end.
 *
 * E1  The source asks the device model, of a guest that stands still, which
 *     devices of the configuration it has no more.  The list is the node
 *     "unplugged" among the device model's, and goes with those.
 * E2  On the destination a disk of the list is not given to the device model.
 *     Unplugging it later would reset the controller's registers.
 * E3  A network card of the list is, or those behind it would change places on
 *     the bus.  It goes as it did on the source, when all state is loaded.
 * E4  The destination then makes the same list, of its own device model.  If
 *     it is not the same the guest is not run.
 */
#include "libxl_osdeps.h" /* must come before any other headers */

#include "libxl_internal.h"

/* Both as the guest does it: a 16-bit write, of this bit for network cards. */
#define UNPLUG_NICS "o /h 0x10 0x2"
#define NICS "nics"

static const char *list_path(libxl__gc *gc, uint32_t domid)
{
    return DEVICE_MODEL_XS_PATH(gc, libxl_get_stubdom_id(CTX, domid), domid,
                                "/unplugged");
}

static bool has_word(const char *list, const char *word)
{
    const size_t len = strlen(word);
    const char *at;

    for (at = list; (at = strstr(at, word)); at += len)
        if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
            return true;

    return false;
}

static bool has_item(const libxl__json_object *array, const char *key,
                     const char *name)
{
    const libxl__json_object *item, *value;
    int i;

    for (i = 0; (item = libxl__json_array_get(array, i)); i++) {
        value = libxl__json_map_get(key, item, JSON_STRING);
        if (value && !strcmp(libxl__json_object_get_string(value), name))
            return true;
    }
    return false;
}

/* What QEMU calls the n-th disk on the IDE controller. */
static const char *ide_name(libxl__gc *gc, int n)
{
    return GCSPRINTF("ide%d-hd%d", n / 2, n % 2);
}

/* The same of any disk that is emulated, else NULL. */
static const char *disk_name(libxl__gc *gc, const libxl_domain_config *config,
                             const libxl_device_disk *disk, bool *ide_r)
{
    int n;

    *ide_r = false;
    if (disk->is_cdrom ||
        libxl__device_disk_dev_number(disk->vdev, &n, NULL) == -1)
        return NULL;

    if (!strncmp(disk->vdev, "sd", 2))
        return GCSPRINTF("scsi0-hd%d", n);
    if (n < 6 && config->b_info.u.hvm.hdtype == LIBXL_HDTYPE_AHCI)
        return GCSPRINTF("ahcidisk-%d", n);

    *ide_r = n < 4;
    return *ide_r ? ide_name(gc, n) : NULL;
}

static int look_at_disks(libxl__gc *gc, libxl__gtm_emulated_state *ges,
                         const libxl__json_object *blocks)
{
    int i;

    ges->gone = "";
    for (i = 0; i < ges->config->num_disks; i++) {
        const libxl_device_disk *disk = &ges->config->disks[i];
        bool ide;
        const char *name = disk_name(gc, ges->config, disk, &ide);

        if (!name || has_item(blocks, "device", name))
            continue;
        if (!ide) {
            LOGD(ERROR, ges->domid, "%s: the device model does not have it any "
                 "more, and its controller is not IDE", disk->vdev);
            return ERROR_INVAL;
        }
        ges->gone = GCSPRINTF("%s%s%s", ges->gone, *ges->gone ? " " : "", name);
    }
    return 0;
}

static int look_at_nics(libxl__gc *gc, libxl__gtm_emulated_state *ges,
                        const libxl__json_object *devices)
{
    int i, have = 0, gone = 0;

    for (i = 0; i < ges->config->num_nics; i++) {
        const libxl_device_nic *nic = &ges->config->nics[i];

        if (nic->nictype != LIBXL_NIC_TYPE_VIF_IOEMU)
            continue;
        if (has_item(devices, "name", GCSPRINTF("nic%d", nic->devid)))
            have++;
        else
            gone++;
    }

    if (have && gone) {
        LOGD(ERROR, ges->domid, "the device model has some of the network "
             "cards, and some not");
        return ERROR_INVAL;
    }
    if (gone)
        ges->gone = GCSPRINTF("%s%s" NICS, ges->gone, *ges->gone ? " " : "");
    return 0;
}

static void look_disks_told(libxl__egc *egc, libxl__ev_qmp *qmp,
                            const libxl__json_object *response, int rc);
static void look_nics_told(libxl__egc *egc, libxl__ev_qmp *qmp,
                           const libxl__json_object *response, int rc);
static void look_done(libxl__egc *egc, libxl__gtm_emulated_state *ges, int rc);

static void look(libxl__egc *egc, libxl__gtm_emulated_state *ges)
{
    int rc;

    ges->qmp.callback = look_disks_told;
    rc = libxl__ev_qmp_send(egc, &ges->qmp, "query-block", NULL);
    if (rc)
        look_done(egc, ges, rc);
}

static void look_disks_told(libxl__egc *egc, libxl__ev_qmp *qmp,
                            const libxl__json_object *response, int rc)
{
    libxl__gtm_emulated_state *ges = CONTAINER_OF(qmp, *ges, qmp);
    STATE_AO_GC(ges->ao);
    libxl__json_object *args = NULL;

    if (!rc && !libxl__json_object_is_array(response))
        rc = ERROR_QEMU_API;
    if (!rc)
        rc = look_at_disks(gc, ges, response);
    if (!rc) {
        /* Where QEMU has the devices that were given a name. */
        libxl__qmp_param_add_string(gc, &args, "path", "/machine/peripheral");
        qmp->callback = look_nics_told;
        rc = libxl__ev_qmp_send(egc, qmp, "qom-list", args);
    }
    if (rc)
        look_done(egc, ges, rc);
}

static void look_nics_told(libxl__egc *egc, libxl__ev_qmp *qmp,
                           const libxl__json_object *response, int rc)
{
    libxl__gtm_emulated_state *ges = CONTAINER_OF(qmp, *ges, qmp);
    STATE_AO_GC(ges->ao);

    if (!rc && !libxl__json_object_is_array(response))
        rc = ERROR_QEMU_API;
    if (!rc)
        rc = look_at_nics(gc, ges, response);
    look_done(egc, ges, rc);
}

static void begin(libxl__gtm_emulated_state *ges)
{
    libxl__ev_qmp_init(&ges->qmp);
    ges->qmp.ao = ges->ao;
    ges->qmp.domid = ges->domid;
    ges->qmp.payload_fd = -1;
    ges->gone = NULL;
}

void libxl__gtm_emulated_look(libxl__egc *egc, libxl__gtm_emulated_state *ges)
{
    begin(ges);
    ges->wanted = NULL;
    look(egc, ges);
}

/*----- the destination -----*/

bool libxl__gtm_disk_is_unplugged(libxl__gc *gc, uint32_t domid,
                                  const libxl__domain_build_state *state,
                                  int n)
{
    const char *list;

    if (!state->transparent)
        return false;

    list = libxl__xs_read(gc, XBT_NULL, list_path(gc, domid));
    return list && has_word(list, ide_name(gc, n));
}

bool libxl__gtm_nics_are_unplugged(libxl__gc *gc, uint32_t domid)
{
    const char *list = libxl__xs_read(gc, XBT_NULL, list_path(gc, domid));

    return list && has_word(list, NICS);
}

static void repeat_unplugged(libxl__egc *egc, libxl__ev_qmp *qmp,
                             const libxl__json_object *response, int rc)
{
    libxl__gtm_emulated_state *ges = CONTAINER_OF(qmp, *ges, qmp);

    if (rc)
        look_done(egc, ges, rc);
    else
        look(egc, ges);
}

void libxl__gtm_emulated_repeat(libxl__egc *egc,
                                libxl__gtm_emulated_state *ges)
{
    STATE_AO_GC(ges->ao);
    libxl__json_object *args = NULL;
    const char *list;
    int rc;

    begin(ges);
    rc = libxl__xs_read_checked(gc, XBT_NULL, list_path(gc, ges->domid),
                                &list);
    ges->wanted = list ? list : "";
    if (!rc && has_word(ges->wanted, NICS)) {
        libxl__qmp_param_add_string(gc, &args, "command-line", UNPLUG_NICS);
        ges->qmp.callback = repeat_unplugged;
        rc = libxl__ev_qmp_send(egc, &ges->qmp, "human-monitor-command", args);
        if (!rc)
            return;
    }
    repeat_unplugged(egc, &ges->qmp, NULL, rc);
}

/*----- both -----*/

static int keep_list(libxl__gc *gc, const libxl__gtm_emulated_state *ges)
{
    const char *path = list_path(gc, ges->domid);

    return *ges->gone
           ? libxl__xs_write_checked(gc, XBT_NULL, path, ges->gone)
           : libxl__xs_rm_checked(gc, XBT_NULL, path);
}

static void look_done(libxl__egc *egc, libxl__gtm_emulated_state *ges, int rc)
{
    STATE_AO_GC(ges->ao);

    libxl__ev_qmp_dispose(gc, &ges->qmp);

    if (!rc && !ges->wanted)
        rc = keep_list(gc, ges);
    else if (!rc && strcmp(ges->wanted, ges->gone)) {
        LOGD(ERROR, ges->domid, "unplugged were: \"%s\", but here: \"%s\"",
             ges->wanted, ges->gone);
        rc = ERROR_FAIL;
    }
    ges->callback(egc, ges, rc);
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
