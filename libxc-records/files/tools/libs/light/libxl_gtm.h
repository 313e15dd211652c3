/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * Guest-transparent migration: what its parts in libxl need of each other.
 *
 * Source                                  Destination
 *   libxl__gtm_save_check                   libxl__gtm_restore_init
 *                                           libxl__gtm_prepare
 *   libxl__gtm_suspend      FROZEN          (libxc's stream)
 *   libxl__gtm_suspended    DETACHED        libxl__gtm_restore_store  ADOPTING
 *   (libxc's last copy)                     (other devices are added)
 *   libxl__gtm_store_export                 libxl__gtm_adopt          ADOPTED
 *   (destroy), or libxl__gtm_resume         (unpause)
 *
 * The words on the right are the domain's stage.  It is in xenstore, at
 * /libxl/<domid>/transparent, so that whoever comes after a process that died
 * in the middle knows what to do: resuming and destroying look there.
 */
#ifndef LIBXL_GTM_H
#define LIBXL_GTM_H

typedef enum {
    LIBXL__GTM_NONE,     /* no node */
    LIBXL__GTM_FROZEN,   /* its store connection stands still */
    LIBXL__GTM_DETACHED, /* and its back-ends are being detached, or are */
    LIBXL__GTM_ADOPTING, /* it has front-ends, their back-ends are to come */
    LIBXL__GTM_ADOPTED,  /* complete, and has not run yet */
} libxl__gtm_stage;

/* In any doubt an error. */
_hidden int libxl__gtm_stage_get(libxl__gc *gc, xs_transaction_t t,
                                 uint32_t domid, libxl__gtm_stage *stage);
_hidden int libxl__gtm_stage_set(libxl__gc *gc, uint32_t domid,
                                 libxl__gtm_stage stage);

/* The lines the time of a move is measured by. */
_hidden void libxl__gtm_phase_begin(libxl__gc *gc, uint32_t domid,
                                    const char *name);
_hidden void libxl__gtm_phase_end(libxl__gc *gc, uint32_t domid,
                                  const char *name);

/* How long to wait for back-ends, in ms. */
_hidden int libxl__gtm_timeout_ms(libxl__gc *gc);

/*----- the domain's part of the store (libxl_gtm_store.c) -----*/

/* Whether the daemon can do all this, and knows the domain. */
_hidden int libxl__gtm_store_probe(libxl__gc *gc, uint32_t domid);
/* Of the domain that xenstore is in; guests' rings are granted to it. */
_hidden int libxl__gtm_store_domid(libxl__gc *gc, uint32_t *domid_r);
_hidden int libxl__gtm_store_quiesce(libxl__gc *gc, uint32_t domid);
_hidden int libxl__gtm_store_resume(libxl__gc *gc, uint32_t domid);
/* *blob_r is from malloc(). */
_hidden int libxl__gtm_store_export(libxl__gc *gc, uint32_t domid,
                                    void **blob_r, uint32_t *len_r);
/*
 * supplies: path, value, path, value ... NULL, or NULL.  With commit false
 * only says what would be.  What the daemon says goes line by line to
 * *said_r, if that is not NULL, or to the log.
 */
_hidden int libxl__gtm_store_import(libxl__gc *gc, uint32_t domid,
                                    const void *blob, uint32_t len,
                                    const char *const *supplies, bool commit,
                                    const char **said_r);
/* Calls visit for each node in a blob until it does not return 0. */
typedef int libxl__gtm_visit(libxl__gc *gc, void *arg, const char *path,
                             const char *value, size_t value_len);
_hidden int libxl__gtm_store_each(libxl__gc *gc, const void *blob,
                                  uint32_t len, libxl__gtm_visit *visit,
                                  void *arg);
/* As in the stream's DOMAIN_XENSTORE_DATA. */
#define LIBXL__GTM_STORE_MAX (64u << 20)

/* out: room for LIBXL__GTM_BASE64_LEN(len) + 1 */
_hidden void libxl__gtm_base64_encode(const uint8_t *in, size_t len,
                                      char *out);
/* The number of bytes, which are at most room, or -1. */
_hidden ssize_t libxl__gtm_base64_decode(const char *in, uint8_t *out,
                                         size_t room);
#define LIBXL__GTM_BASE64_LEN(len) (((size_t)(len) + 2) / 3 * 4)

/*----- its back-ends (libxl_gtm_device.c) -----*/

typedef struct {
    libxl__device dev;
    const char *fe_path, *be_path;
    const char *sysfs_name; /* NULL: not one of the kernel */
} libxl__gtm_device;

_hidden int libxl__gtm_devices(libxl__gc *gc, uint32_t domid,
                               libxl__gtm_device **devs_r, int *num_r);
/* Why a device cannot be moved, or NULL. */
_hidden int libxl__gtm_device_refuse(libxl__gc *gc,
                                     const libxl__gtm_device *gdev,
                                     const char **why_r);
/* Whether all devices are of kinds that can be moved; says which are not. */
_hidden int libxl__gtm_devices_check(libxl__gc *gc, uint32_t domid);
_hidden bool libxl__gtm_device_is_bound(libxl__gc *gc,
                                        const libxl__gtm_device *gdev);
/* True: it is known that no driver serves the device any more. */
_hidden bool libxl__gtm_device_is_detached(libxl__gc *gc, libxl__device *dev);
/* 0: all work; 1: not yet; < 0: some never will. */
_hidden int libxl__gtm_devices_connected(libxl__gc *gc, uint32_t domid);
/* 0: nobody has a page of the domain mapped; 1: somebody has; < 0. */
_hidden int libxl__gtm_drained(libxl__gc *gc, uint32_t domid);

/* Asks until the answer is not "not yet". */
typedef struct libxl__gtm_poll_state libxl__gtm_poll_state;
struct libxl__gtm_poll_state {
    /* filled in by the caller */
    libxl__ao *ao;
    uint32_t domid;
    const char *what; /* for error messages */
    int timeout_ms;
    int (*ask)(libxl__gc *gc, uint32_t domid); /* 0, 1: not yet, < 0 */
    void (*callback)(libxl__egc *egc, libxl__gtm_poll_state *gps, int rc);
    /* private */
    uint64_t deadline_ms;
    libxl__ev_time timer;
};
_hidden void libxl__gtm_poll(libxl__egc *egc, libxl__gtm_poll_state *gps);

/*
 * Binds all of a domain's devices to their drivers, or unbinds them.  What is
 * already as it should be is left alone.
 */
typedef struct libxl__gtm_bind_state libxl__gtm_bind_state;
struct libxl__gtm_bind_state {
    /* filled in by the caller */
    libxl__ao *ao;
    uint32_t domid;
    bool bind;
    int timeout_ms;
    void (*callback)(libxl__egc *egc, libxl__gtm_bind_state *gbs, int rc);
    /* private */
    int rc;
    libxl__gtm_device *devs;
    int num;
    libxl__ev_child child;
    libxl__ev_time timer;
};
_hidden void libxl__gtm_bind(libxl__egc *egc, libxl__gtm_bind_state *gbs);

/*
 * Detaches a domain's back-ends and waits until they have finished what they
 * had begun: from then on nobody writes to its memory.
 */
typedef struct libxl__gtm_detach_state libxl__gtm_detach_state;
struct libxl__gtm_detach_state {
    /* filled in by the caller */
    libxl__ao *ao;
    uint32_t domid;
    int timeout_ms;
    bool quiet; /* not a phase of a move */
    void (*callback)(libxl__egc *egc, libxl__gtm_detach_state *gds, int rc);
    /* private */
    libxl__gtm_bind_state bind;
    libxl__gtm_poll_state drain;
};
_hidden void libxl__gtm_detach(libxl__egc *egc, libxl__gtm_detach_state *gds);

/*----- what it has unplugged (libxl_gtm_emulated.c) -----*/

typedef struct libxl__gtm_emulated_state libxl__gtm_emulated_state;
struct libxl__gtm_emulated_state {
    /* filled in by the caller */
    libxl__ao *ao;
    uint32_t domid;
    const libxl_domain_config *config;
    void (*callback)(libxl__egc *egc, libxl__gtm_emulated_state *ges, int rc);
    /* private */
    const char *wanted, *gone;
    libxl__ev_qmp qmp;
};
/* On the source, of a domain that stands still: notes what is gone. */
_hidden void libxl__gtm_emulated_look(libxl__egc *egc,
                                      libxl__gtm_emulated_state *ges);
/* On the destination: whether the n-th IDE disk is. */
_hidden bool
libxl__gtm_disk_is_unplugged(libxl__gc *gc, uint32_t domid,
                             const libxl__domain_build_state *state, int n);
_hidden bool libxl__gtm_nics_are_unplugged(libxl__gc *gc, uint32_t domid);
/* When its device model has all state: the rest goes, too. */
_hidden void libxl__gtm_emulated_repeat(libxl__egc *egc,
                                        libxl__gtm_emulated_state *ges);

/*----- the source (libxl_gtm_save.c) -----*/

/* Before anything is begun. */
_hidden int libxl__gtm_save_check(libxl__gc *gc, uint32_t domid,
                                  libxl_domain_type type);
/* Freezes the store and asks Xen to suspend the domain. */
_hidden int libxl__gtm_suspend(libxl__gc *gc, uint32_t domid);
/* When it is suspended.  Calls dsps->callback_detached. */
_hidden void libxl__gtm_suspended(libxl__egc *egc,
                                  libxl__domain_suspend_state *dsps);
/* For a domain that is FROZEN or DETACHED.  Calls dmrs->callback. */
_hidden void libxl__gtm_resume(libxl__egc *egc, libxl__dm_resume_state *dmrs);

/*
 * Before the devices of a domain are destroyed: nobody is to use them any more
 * if it is in the middle of a move.  Calls back in any case.
 */
typedef void libxl__gtm_destroy_callback(libxl__egc *egc,
                                         libxl__destroy_domid_state *dis);
_hidden void libxl__gtm_destroy(libxl__egc *egc,
                                libxl__destroy_domid_state *dis,
                                libxl__gtm_destroy_callback *callback);

/*----- the stream (libxl_gtm_stream.c) -----*/

/* Whether the record may come now, in this version of the stream. */
_hidden int libxl__gtm_check_record(libxl__gc *gc,
                                    libxl__stream_read_state *stream,
                                    const libxl__sr_rec_hdr *hdr);
/* Takes the blob out of a DOMAIN_XENSTORE_DATA; rec has no body then. */
_hidden int libxl__gtm_take_store(libxl__gc *gc,
                                  libxl__domain_create_state *dcs,
                                  libxl__sr_record_buf *rec);
/* The body of that record, from malloc(). */
_hidden int libxl__gtm_make_store_record(libxl__gc *gc, uint32_t domid,
                                         void **body_r, uint32_t *len_r);

/*----- the destination (libxl_gtm_restore.c) -----*/

typedef struct libxl__gtm_old_feature libxl__gtm_old_feature;
typedef struct libxl__gtm_restore_state libxl__gtm_restore_state;
struct libxl__gtm_restore_state {
    /* from the stream; malloc */
    void *store;
    uint32_t store_len;
    /* private */
    libxl__domain_create_state *dcs;
    libxl__gtm_old_feature *features;
    int num_features;
    libxl__gtm_emulated_state emulated;
    libxl_domain_config early, late; /* see libxl_gtm_prepare.c */
    void (*taps_callback)(libxl__egc *egc, libxl__domain_create_state *dcs,
                          int rc);
    libxl__gtm_device *devs; /* all that it has */
    int num_devs;
    libxl__gtm_poll_state connect;
    void (*callback)(libxl__egc *egc, libxl__domain_create_state *dcs, int rc);
};

/* Before a domain is made: whether what is asked for makes sense. */
_hidden int libxl__gtm_restore_init(libxl__gc *gc,
                                    libxl__domain_create_state *dcs);
/* Before the stream is read: sets up what needs nothing of the guest. */
_hidden void libxl__gtm_prepare(libxl__egc *egc,
                                libxl__domain_create_state *dcs,
                                void (*callback)(libxl__egc *egc,
                                                 libxl__domain_create_state *dcs,
                                                 int rc));
/* When the device model runs: what it needs of the devices made before. */
_hidden void libxl__gtm_add_taps(libxl__egc *egc,
                                 libxl__domain_create_state *dcs,
                                 void (*callback)(libxl__egc *egc,
                                                  libxl__domain_create_state *dcs,
                                                  int rc));
/* In libxl_device.c: runs only the second script of a network card. */
_hidden void libxl__gtm_tap_hotplug(libxl__egc *egc, libxl__ao_device *aodev);
/* The configuration, less the devices that are there already. */
_hidden libxl_domain_config *
libxl__gtm_config_to_add(libxl__domain_create_state *dcs);
/* In place of libxl__build_post. */
_hidden int libxl__gtm_restore_store(libxl__gc *gc,
                                     libxl__domain_create_state *dcs);
/* When all devices were added: waits for them, introduces the domain. */
_hidden void libxl__gtm_adopt(libxl__egc *egc, libxl__domain_create_state *dcs,
                              void (*callback)(libxl__egc *egc,
                                               libxl__domain_create_state *dcs,
                                               int rc));
_hidden void libxl__gtm_restore_dispose(libxl__gtm_restore_state *grs);

/*
 * Whether the front-end's nodes are to be left as the guest has them.  An
 * error if they are but do not name this back-end.
 */
_hidden int libxl__gtm_keep_frontend(libxl__gc *gc, xs_transaction_t t,
                                     uint32_t domid, const char *frontend_path,
                                     const char *backend_path, bool *keep_r);
/* The domain is about to run: it is one like any other now. */
_hidden int libxl__gtm_unpause(libxl__gc *gc, uint32_t domid);

#endif /* LIBXL_GTM_H */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
