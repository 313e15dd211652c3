/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_gtm_prepare.c - back-ends that are made before the guest stands still.
 *
 * A hotplug script takes seconds where all else takes milliseconds, and needs
 * nothing of the guest.  So those devices that can be are added as soon as the
 * domain exists, while its memory is still being copied and the guest runs:
 * their drivers are ready, and wait for a front-end that is connected.  They
 * find it the moment the guest's nodes come out of the stream.
 *
 * P1  The guest is not given what was read of its disk before the source had
 *     finished with it.  blkback reads a block device when there is a ring, and
 *     past the page cache, whoever filled that.  A file is read through it: so
 *     that what another host writes last is not missed, it is attached when the
 *     guest is here.  So is what a script makes that we do not know.
 * P2  What was made here stays when the store is imported: a back-end that
 *     exists is not overwritten by what the old one was.
 * P3  A network card that is emulated as well has a tap beside its vif, which
 *     the device model makes, and a script for each.  Beforehand it is added
 *     as if it were not emulated.  The tap's script is run when the device
 *     model is there, unless the guest has unplugged its emulated cards: those
 *     are about to go, and their taps need no bridge.
 */
#include "libxl_osdeps.h" /* must come before any other headers */

#include "libxl_internal.h"

/* keeps P1 */
static bool disk_can_wait(const libxl_device_disk *disk)
{
    struct stat st;

    return disk->backend == LIBXL_DISK_BACKEND_PHY && !disk->backend_domid &&
           !disk->backend_domname && !disk->script && disk->pdev_path &&
           !stat(disk->pdev_path, &st) && S_ISBLK(st.st_mode);
}

static bool nic_can_wait(const libxl_device_nic *nic)
{
    return !nic->backend_domid && !nic->backend_domname;
}

static bool nic_is_emulated(const libxl_device_nic *nic)
{
    return nic->nictype == LIBXL_NIC_TYPE_VIF_IOEMU;
}

/*
 * Two views of the configuration, whose other members are not to be looked
 * at: the devices that are added beforehand, and all the rest.
 */
static void divide(libxl__gc *gc, libxl__gtm_restore_state *grs,
                   const libxl_domain_config *config)
{
    libxl_domain_config *const early = &grs->early, *const late = &grs->late;
    int i;

    *early = *late = *config;
    early->num_disks = late->num_disks = 0;
    early->num_nics = late->num_nics = 0;
    GCNEW_ARRAY(early->disks, config->num_disks);
    GCNEW_ARRAY(late->disks, config->num_disks);
    GCNEW_ARRAY(early->nics, config->num_nics);
    GCNEW_ARRAY(late->nics, config->num_nics);

    for (i = 0; i < config->num_disks; i++) {
        libxl_domain_config *to =
            disk_can_wait(&config->disks[i]) ? early : late;

        to->disks[to->num_disks++] = config->disks[i];
    }
    for (i = 0; i < config->num_nics; i++) {
        libxl_domain_config *to =
            nic_can_wait(&config->nics[i]) ? early : late;
        libxl_device_nic *nic = &to->nics[to->num_nics++];

        *nic = config->nics[i];
        if (to == early)
            nic->nictype = LIBXL_NIC_TYPE_VIF; /* keeps P3 */
    }
}

/* An error that a former domain of this domid left would be taken for ours. */
static int forget_errors(libxl__gc *gc, uint32_t domid)
{
    static const char *const kinds[] = { "vbd", "vif" };
    int i, rc = 0;

    for (i = 0; !rc && i < ARRAY_SIZE(kinds); i++)
        rc = libxl__xs_rm_checked(gc, XBT_NULL,
                 GCSPRINTF("/local/domain/0/error/backend/%s/%u", kinds[i],
                           domid));
    return rc;
}

static void prepared(libxl__egc *egc, libxl__multidev *multidev, int rc);

void libxl__gtm_prepare(libxl__egc *egc, libxl__domain_create_state *dcs,
                        void (*callback)(libxl__egc *egc,
                                         libxl__domain_create_state *dcs,
                                         int rc))
{
    STATE_AO_GC(dcs->ao);
    libxl__gtm_restore_state *grs = dcs->gtm;
    const uint32_t domid = dcs->guest_domid;
    int rc;

    libxl__gtm_phase_begin(gc, domid, "prepare");
    grs->callback = callback;
    divide(gc, grs, dcs->guest_config);

    libxl__multidev_begin(ao, &dcs->multidev);
    dcs->multidev.callback = prepared;
    rc = forget_errors(gc, domid);
    if (!rc) {
        libxl__add_disks(egc, ao, domid, &grs->early, &dcs->multidev);
        libxl__add_nics(egc, ao, domid, &grs->early, &dcs->multidev);
    }
    libxl__multidev_prepared(egc, &dcs->multidev, rc);
}

static void prepared(libxl__egc *egc, libxl__multidev *multidev, int rc)
{
    libxl__domain_create_state *dcs = CONTAINER_OF(multidev, *dcs, multidev);
    STATE_AO_GC(dcs->ao);

    libxl__gtm_phase_end(gc, dcs->guest_domid, "prepare");
    if (rc)
        LOGD(ERROR, dcs->guest_domid, "its devices cannot be set up here");
    dcs->gtm->callback(egc, dcs, rc);
}

/*----- when the device model is there -----*/

/* Whoever removes the card is to know of its tap. */
static int nic_is_whole(libxl__gc *gc, libxl__device *dev)
{
    const char *type = libxl_nic_type_to_string(LIBXL_NIC_TYPE_VIF_IOEMU);
    int rc;

    rc = libxl__xs_write_checked(gc, XBT_NULL,
             GCSPRINTF("%s/type", libxl__device_backend_path(gc, dev)), type);
    if (rc)
        return rc;
    return libxl__xs_write_checked(gc, XBT_NULL,
               GCSPRINTF("%s/type", libxl__device_libxl_path(gc, dev)), type);
}

static void taps_added(libxl__egc *egc, libxl__multidev *multidev, int rc);

void libxl__gtm_add_taps(libxl__egc *egc, libxl__domain_create_state *dcs,
                         void (*callback)(libxl__egc *egc,
                                          libxl__domain_create_state *dcs,
                                          int rc))
{
    STATE_AO_GC(dcs->ao);
    const libxl_domain_config *config = dcs->guest_config;
    const uint32_t domid = dcs->guest_domid;
    const bool unplugged = libxl__gtm_nics_are_unplugged(gc, domid);
    int i, rc = 0;

    dcs->gtm->taps_callback = callback;
    libxl__multidev_begin(ao, &dcs->multidev);
    dcs->multidev.callback = taps_added;

    for (i = 0; !rc && i < config->num_nics; i++) {
        libxl_device_nic *nic = &config->nics[i];
        libxl__ao_device *aodev;
        libxl__device *dev;

        if (!nic_can_wait(nic) || !nic_is_emulated(nic))
            continue;
        GCNEW(dev);
        rc = libxl__nic_devtype.to_device(gc, domid, nic, dev);
        if (!rc)
            rc = nic_is_whole(gc, dev);
        if (rc || unplugged)
            continue;
        aodev = libxl__multidev_prepare(&dcs->multidev);
        aodev->dev = dev;
        libxl__gtm_tap_hotplug(egc, aodev);
    }
    libxl__multidev_prepared(egc, &dcs->multidev, rc);
}

static void taps_added(libxl__egc *egc, libxl__multidev *multidev, int rc)
{
    libxl__domain_create_state *dcs = CONTAINER_OF(multidev, *dcs, multidev);
    STATE_AO_GC(dcs->ao);

    if (rc)
        LOGD(ERROR, dcs->guest_domid, "its emulated network cards cannot be "
             "set up here");
    dcs->gtm->taps_callback(egc, dcs, rc);
}

libxl_domain_config *libxl__gtm_config_to_add(libxl__domain_create_state *dcs)
{
    return dcs->gtm ? &dcs->gtm->late : dcs->guest_config;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
