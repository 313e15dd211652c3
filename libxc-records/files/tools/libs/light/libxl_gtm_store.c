/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * libxl_gtm_store.c - one domain's state in xenstored, out and in.
 *
 * The daemon's CONTROL commands quiesce, resume, export and import; they are
 * described with it, in docs/protocol-extensions.md.  A blob travels in pieces
 * of base64.  It belongs to the connection that asked for it, and is gone when
 * the daemon is replaced by a newer one in the middle: then it is begun again.
 */
#include "libxl_osdeps.h" /* must come before any other headers */

#include "libxl_internal.h"

#include <arpa/inet.h>

/* Bytes of a blob in one message of at most 4096. */
#define PIECE_SIZE 2880
#define PIECE_CHARS (PIECE_SIZE / 3 * 4)

/* How often a transfer is begun before it is given up. */
#define TRANSFER_TRIES 3

/* Held by who is in the middle of one. */
#define TRANSFER_LOCK "transparent-store.lock"

/* A transfer that was forgotten by the daemon: to be begun again. */
#define TRANSFER_LOST 1

static const char base64_chars[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/*
 * Sends a command of up to three arguments (the rest NULL).  The answer is
 * freed with gc; NULL, and errno, if it was refused.
 */
static char *control(libxl__gc *gc, const char *command, const char *arg1,
                     const char *arg2, const char *arg3)
{
    const char *const args[] = { arg1, arg2, arg3 };
    char buf[XENSTORE_PAYLOAD_MAX], *reply;
    size_t used = 0, i;

    for (i = 0; i < ARRAY_SIZE(args) && args[i]; i++) {
        size_t len = strlen(args[i]) + 1;

        if (len > sizeof(buf) - used - strlen(command) - 1) {
            errno = E2BIG;
            return NULL;
        }
        memcpy(buf + used, args[i], len);
        used += len;
    }

    reply = xs_control_command(CTX->xsh, command, buf, used);
    libxl__ptr_add(gc, reply);
    return reply;
}

static int refused(libxl__gc *gc, uint32_t domid, const char *what)
{
    int errnoval = errno;

    if (errnoval == EINVAL || errnoval == ENOSYS)
        LOGEVD(ERROR, errnoval, domid,
               "this xenstored cannot move a domain transparently: %s", what);
    else
        LOGEVD(ERROR, errnoval, domid, "xenstored refused: %s", what);

    return ERROR_FAIL;
}

static int domain_command(libxl__gc *gc, uint32_t domid, const char *command)
{
    if (!control(gc, command, GCSPRINTF("%u", domid), NULL, NULL))
        return refused(gc, domid, command);

    return 0;
}

int libxl__gtm_store_quiesce(libxl__gc *gc, uint32_t domid)
{
    return domain_command(gc, domid, "quiesce");
}

int libxl__gtm_store_resume(libxl__gc *gc, uint32_t domid)
{
    return domain_command(gc, domid, "resume");
}

int libxl__gtm_store_domid(libxl__gc *gc, uint32_t *domid_r)
{
    const char *text;
    int rc = libxl__xs_read_checked(gc, XBT_NULL, "/tool/xenstored/domid",
                                    &text);

    if (rc) return rc;
    *domid_r = text ? strtoul(text, NULL, 10) : 0;
    return 0;
}

/*----- one transfer at a time -----*/

/*
 * Through /dev/xen/xenbus, the way to a xenstored in a domain of its own, all
 * programs of this host are one connection, and what one begins another would
 * go on with.
 */
static libxl__flock *transfer_lock(libxl__gc *gc, uint32_t domid)
{
    libxl__flock *lock = libxl__lock_file(gc,
                              GCSPRINTF("%s/%s", libxl__run_dir_path(),
                                        TRANSFER_LOCK));

    if (!lock)
        LOGD(ERROR, domid, "unable to lock transfers of its store");
    return lock;
}

/*----- base64 -----*/

void libxl__gtm_base64_encode(const uint8_t *in, size_t len, char *out)
{
    size_t i;

    for (i = 0; i < len; i += 3) {
        size_t n = len - i;
        uint32_t bits = in[i] << 16 | (n > 1 ? in[i + 1] << 8 : 0) |
                        (n > 2 ? in[i + 2] : 0);

        *out++ = base64_chars[bits >> 18];
        *out++ = base64_chars[bits >> 12 & 63];
        *out++ = n > 1 ? base64_chars[bits >> 6 & 63] : '=';
        *out++ = n > 2 ? base64_chars[bits & 63] : '=';
    }
    *out = 0;
}

/* The value of up to four characters, '=' counting as nothing. */
static int decode_group(const char *in, uint8_t out[3])
{
    uint32_t bits = 0;
    int i, pad = 0;

    for (i = 0; i < 4; i++) {
        const char *at = in[i] ? strchr(base64_chars, in[i]) : NULL;

        if (in[i] == '=' && i >= 2)
            pad++;
        else if (!at || pad)
            return -1;
        bits = bits << 6 | (in[i] == '=' ? 0 : at - base64_chars);
    }
    out[0] = bits >> 16;
    out[1] = bits >> 8;
    out[2] = bits;
    return 3 - pad;
}

ssize_t libxl__gtm_base64_decode(const char *in, uint8_t *out, size_t room)
{
    size_t used = 0;

    for (; *in; in += 4) {
        uint8_t group[3];
        int n;

        if (strnlen(in, 4) < 4)
            return -1;
        n = decode_group(in, group);
        if (n < 0 || n > room - used || (n < 3 && in[4]))
            return -1;
        memcpy(out + used, group, n);
        used += n;
    }
    return used;
}

/*----- out -----*/

static int export_once(libxl__gc *gc, uint32_t domid, void **blob_r,
                       uint32_t *len_r)
{
    uint8_t *blob = NULL;
    unsigned long len, at;
    const char *reply;
    char *end;
    int rc;

    reply = control(gc, "export", "begin", GCSPRINTF("%u", domid), NULL);
    if (!reply) {
        rc = refused(gc, domid, "export begin");
        goto out;
    }

    len = strtoul(reply, &end, 10);
    if (!*reply || *end || !len || len > LIBXL__GTM_STORE_MAX) {
        LOGD(ERROR, domid, "bad size of its state from xenstored: %s", reply);
        rc = ERROR_FAIL;
        goto out;
    }
    blob = libxl__malloc(NOGC, len);

    for (at = 0; at < len;) {
        ssize_t n;

        reply = control(gc, "export", "read", GCSPRINTF("%lu", at), NULL);
        if (!reply) {
            rc = errno == ENOENT ? TRANSFER_LOST
                                 : refused(gc, domid, "export read");
            goto out;
        }
        n = libxl__gtm_base64_decode(reply, blob + at, len - at);
        if (n <= 0) {
            LOGD(ERROR, domid, "bad piece of its state from xenstored");
            rc = ERROR_FAIL;
            goto out;
        }
        at += n;
    }

    /* Only frees memory there. */
    control(gc, "export", "end", NULL, NULL);

    *blob_r = blob;
    blob = NULL;
    *len_r = len;
    rc = 0;

 out:
    free(blob);
    return rc;
}

int libxl__gtm_store_export(libxl__gc *gc, uint32_t domid, void **blob_r,
                            uint32_t *len_r)
{
    libxl__flock *lock = transfer_lock(gc, domid);
    int tries = 0, rc;

    if (!lock)
        return ERROR_LOCK_FAIL;
    do
        rc = export_once(gc, domid, blob_r, len_r);
    while (rc == TRANSFER_LOST && ++tries < TRANSFER_TRIES);
    libxl__unlock_file(lock);

    if (rc == TRANSFER_LOST) {
        LOGD(ERROR, domid, "xenstored forgot the export %d times", tries);
        rc = ERROR_FAIL;
    }
    return rc;
}

int libxl__gtm_store_probe(libxl__gc *gc, uint32_t domid)
{
    libxl__flock *lock = transfer_lock(gc, domid);
    int rc = 0;

    if (!lock)
        return ERROR_LOCK_FAIL;
    if (!control(gc, "export", "begin", GCSPRINTF("%u", domid), NULL))
        rc = refused(gc, domid, "export begin");
    else
        control(gc, "export", "end", NULL, NULL);
    libxl__unlock_file(lock);
    return rc;
}

/*----- in -----*/

static int import_send(libxl__gc *gc, uint32_t domid, const uint8_t *blob,
                       uint32_t len, const char *const *supplies)
{
    char piece[PIECE_CHARS + 1];
    uint32_t at, n;

    if (!control(gc, "import", "begin", GCSPRINTF("%u", len), NULL))
        return refused(gc, domid, "import begin");

    for (at = 0; at < len; at += n) {
        n = min(len - at, (uint32_t)PIECE_SIZE);
        libxl__gtm_base64_encode(blob + at, n, piece);
        if (!control(gc, "import", "write", GCSPRINTF("%u", at), piece))
            return errno == ENOENT ? TRANSFER_LOST
                                   : refused(gc, domid, "import write");
    }

    for (; supplies && *supplies; supplies += 2) {
        if (!control(gc, "import", "supply", supplies[0], supplies[1]))
            return errno == ENOENT ? TRANSFER_LOST
                                   : refused(gc, domid, supplies[0]);
    }
    return 0;
}

/* The last line of an answer is the verdict, the others say why. */
static int import_verdict(libxl__gc *gc, uint32_t domid, char *reply,
                          const char **said_r)
{
    char *saveptr, *line, *verdict = strrchr(reply, '\n');
    bool ok;

    verdict = verdict ? verdict + 1 : reply;
    ok = !strcmp(verdict, "ok");

    if (said_r) {
        *said_r = reply;
        return ok ? 0 : ERROR_INVAL;
    }

    for (line = strtok_r(reply, "\n", &saveptr); line;
         line = strtok_r(NULL, "\n", &saveptr)) {
        if (!strncmp(line, "problem ", 8))
            LOGD(ERROR, domid, "the guest's store does not fit: %s", line + 8);
        else if (!ok && line == verdict)
            LOGD(ERROR, domid, "import of the guest's store: %s", line);
        else
            LOGD(DEBUG, domid, "import of the guest's store: %s", line);
    }
    return ok ? 0 : ERROR_INVAL;
}

static int import_ask(libxl__gc *gc, uint32_t domid, const char *what,
                      const char **said_r)
{
    char *reply = control(gc, "import", what, NULL, NULL);

    if (!reply)
        return errno == ENOENT ? TRANSFER_LOST : refused(gc, domid, what);

    return import_verdict(gc, domid, reply, said_r);
}

int libxl__gtm_store_import(libxl__gc *gc, uint32_t domid, const void *blob,
                            uint32_t len, const char *const *supplies,
                            bool commit, const char **said_r)
{
    libxl__flock *lock;
    int tries = 0, rc;

    if (!len || len > LIBXL__GTM_STORE_MAX) {
        LOGD(ERROR, domid, "bad size of the guest's store: %"PRIu32, len);
        return ERROR_INVAL;
    }
    lock = transfer_lock(gc, domid);
    if (!lock)
        return ERROR_LOCK_FAIL;

    /* commit answers what check would, and does nothing if that is no. */
    do {
        rc = import_send(gc, domid, blob, len, supplies);
        if (!rc)
            rc = import_ask(gc, domid, commit ? "commit" : "check", said_r);
    } while (rc == TRANSFER_LOST && ++tries < TRANSFER_TRIES);

    if (rc == TRANSFER_LOST) {
        LOGD(ERROR, domid, "xenstored forgot the import %d times", tries);
        rc = ERROR_FAIL;
    } else {
        control(gc, "import", "end", NULL, NULL);
    }
    libxl__unlock_file(lock);
    return rc;
}

/*----- looking into a blob -----*/

/* The common stream's, as far as it matters here. */
struct stream_header {
    char ident[8];
    uint32_t version, flags;
};
#define STREAM_BIG_ENDIAN 1u

struct stream_record {
    uint32_t type, length;
};
#define RECORD_END 0
#define RECORD_NODE 5

struct node_record {
    uint32_t conn, transaction;
    uint16_t path_len, value_len, access, num_perms;
    /* uint32_t perms[num_perms], path with its NUL, value */
};

static int visit_node(libxl__gc *gc, const uint8_t *body, uint32_t len,
                      libxl__gtm_visit *visit, void *arg)
{
    struct node_record rec;
    const char *path;
    size_t perms_len;

    if (len < sizeof(rec))
        return ERROR_INVAL;
    memcpy(&rec, body, sizeof(rec));
    perms_len = rec.num_perms * sizeof(uint32_t);
    if (!rec.path_len ||
        len - sizeof(rec) < perms_len + rec.path_len + rec.value_len)
        return ERROR_INVAL;

    path = (const char *)body + sizeof(rec) + perms_len;
    if (path[rec.path_len - 1])
        return ERROR_INVAL;
    return visit(gc, arg, path, path + rec.path_len, rec.value_len);
}

int libxl__gtm_store_each(libxl__gc *gc, const void *blob, uint32_t len,
                          libxl__gtm_visit *visit, void *arg)
{
    const uint8_t *at = blob;
    struct stream_header hdr;
    struct stream_record rec;
    int rc = 0;

    if (len < sizeof(hdr))
        return ERROR_INVAL;
    memcpy(&hdr, at, sizeof(hdr));
    if (ntohl(hdr.flags) & STREAM_BIG_ENDIAN)
        return ERROR_INVAL;
    at += sizeof(hdr);
    len -= sizeof(hdr);

    while (!rc && len >= sizeof(rec)) {
        memcpy(&rec, at, sizeof(rec));
        at += sizeof(rec);
        len -= sizeof(rec);
        if (rec.type == RECORD_END)
            break;
        if (rec.length > len)
            return ERROR_INVAL;
        if (rec.type == RECORD_NODE)
            rc = visit_node(gc, at, rec.length, visit, arg);
        at += rec.length;
        len -= rec.length;
    }
    return rc;
}

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
