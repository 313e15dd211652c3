/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_transparent_decide.c - the destination of a transparent move decides
 * whether the guest runs here, and remembers.
 *
 * A decision is a file named after the move's token.  It comes into being with
 * its content, by link(), which fails if there is one: so there is one at most,
 * and of two who want to decide the first is right.
 *
 *   abort  the guest never runs here
 *   go     it will in a moment; who decided holds a lock on the file until then
 *   done   it was let run here; what became of it since is its own affair
 *
 * "go" becomes "done", or "abort" after our copy was destroyed.  A "go" that
 * is not locked is of somebody who died: who finds it completes it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <yajl/yajl_tree.h>

#include <libxl.h>
#include <libxl_utils.h>

#include "xl.h"
#include "xl_utils.h"
#include "xl_transparent.h"

#ifndef LIBXL_HAVE_NO_SUSPEND_RESUME

#define DIRECTORY XEN_LIB_DIR
#define PREFIX "transparent-"

/* Decisions that nobody will ask for any more, in seconds. */
#define KEPT (24 * 3600)

#define WORD_LEN 5

/* What is in the file. */
struct record {
    char word[WORD_LEN + 1];
    uint32_t domid;
    char uuid[TRANSPARENT_UUID_LEN + 1];
    int leave_paused;
    char name[256]; /* to be given to it when it runs */
};

/*----- the file -----*/

static char *decision_path(const char *token, const char *suffix)
{
    char *path;

    xasprintf(&path, DIRECTORY "/" PREFIX "%s%s", token, suffix);
    return path;
}

static void forget_old_decisions(void)
{
    DIR *dir = opendir(DIRECTORY);
    struct dirent *entry;
    struct stat st;

    while (dir && (entry = readdir(dir))) {
        if (!strncmp(entry->d_name, PREFIX, strlen(PREFIX)) &&
            !fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
            st.st_mtime < time(NULL) - KEPT)
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir)
        closedir(dir);
}

static int sync_directory(void)
{
    int fd = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);

    if (fd >= 0)
        close(fd);
    return rc;
}

/* 1: this is the decision; 0: there was one already; -1. */
static int decision_take(const char *token, const struct record *rec, int *fd_r)
{
    char *path, *temp, *suffix, *text;
    int fd, taken = -1;

    forget_old_decisions();

    xasprintf(&suffix, ".%ld", (long)getpid());
    path = decision_path(token, "");
    temp = decision_path(token, suffix);
    xasprintf(&text, "%-*s %"PRIu32" %s %d %s\n", WORD_LEN, rec->word,
              rec->domid, rec->uuid, rec->leave_paused, rec->name);

    fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        goto out;
    if (write(fd, text, strlen(text)) == (ssize_t)strlen(text) &&
        !flock(fd, LOCK_EX | LOCK_NB) && !fsync(fd)) {
        taken = link(temp, path) ? errno == EEXIST ? 0 : -1 : 1;
        if (taken == 1 && sync_directory())
            fprintf(stderr, "warning: the decision may not outlive a crash\n");
    }
    unlink(temp);

 out:
    if (taken < 0)
        fprintf(stderr, "unable to write %s: %s\n", path, strerror(errno));
    if (taken == 1)
        *fd_r = fd;
    else if (fd >= 0)
        close(fd);
    free(path);
    free(temp);
    free(suffix);
    free(text);
    return taken;
}

static int decision_change(int fd, const char *word)
{
    char padded[WORD_LEN + 1];

    snprintf(padded, sizeof(padded), "%-*s", WORD_LEN, word);
    if (pwrite(fd, padded, WORD_LEN, 0) != WORD_LEN || fsync(fd)) {
        perror("unable to change the decision");
        return -1;
    }
    return 0;
}

/* With a lock, if it could be had in time. */
static int decision_open(const char *token, struct record *rec,
                         const deadline *dl, int *fd_r)
{
    char *path = decision_path(token, ""), text[512];
    int fd = open(path, O_RDWR | O_CLOEXEC), rc = -1;
    ssize_t len;

    free(path);
    if (fd < 0)
        return -1;

    while (flock(fd, LOCK_EX | LOCK_NB)) {
        if (deadline_over(dl))
            goto out;
        usleep(50000);
    }

    len = pread(fd, text, sizeof(text) - 1, 0);
    if (len <= 0)
        goto out;
    text[len] = 0;
    memset(rec, 0, sizeof(*rec));
    if (sscanf(text, "%5s %"SCNu32" %36s %d %255[^\n]", rec->word, &rec->domid,
               rec->uuid, &rec->leave_paused, rec->name) >= 4)
        rc = 0;

 out:
    if (rc)
        close(fd);
    else
        *fd_r = fd;
    return rc;
}

static void record_init(struct record *rec, const char *word, uint32_t domid,
                        const char *uuid)
{
    memset(rec, 0, sizeof(*rec));
    strcpy(rec->word, word);
    rec->domid = domid;
    strcpy(rec->uuid, uuid);
}

/*----- the domain -----*/

/* 1: it is here; 0: it is not; -1 */
static int domain_is_here(uint32_t domid, const char *uuid,
                          libxl_dominfo *info)
{
    libxl_uuid want;
    int rc;

    if (libxl_uuid_from_string(&want, uuid))
        return -1;
    rc = libxl_domain_info(ctx, info, domid);
    if (rc == ERROR_DOMAIN_NOTFOUND)
        return 0;
    if (rc)
        return -1;
    return !libxl_uuid_compare(&info->uuid, &want);
}

static int run_it(uint32_t domid, const char *incoming_name,
                  const char *name, bool leave_paused)
{
    int rc;

    if (incoming_name && name && *name) {
        rc = libxl_domain_rename(ctx, domid, incoming_name, name);
        if (rc) return rc;
    }
    if (leave_paused)
        return 0;

    transparent_phase(domid, "unpause", true);
    rc = libxl_domain_unpause(ctx, domid, NULL);
    transparent_phase(domid, "unpause", false);
    return rc;
}

/*----- the receiver -----*/

/* 1: permission; 0: somebody decided against it meanwhile; -1: no answer. */
static int wait_for_permission(const char *token, int recv_fd)
{
    struct pollfd pfd = { .fd = recv_fd, .events = POLLIN };
    char *path = decision_path(token, "");
    char buf[sizeof(migrate_permission_to_go)];
    deadline dl;
    int rc = -1;

    for (;;) {
        int ready = poll(&pfd, 1, 200);

        if (ready > 0)
            break;
        if ((ready < 0 && errno != EINTR) || !access(path, F_OK)) {
            rc = 0;
            goto out;
        }
    }

    dl = deadline_in(transparent_timeout());
    if (!read_before(recv_fd, buf, sizeof(buf), "permission to start", &dl) &&
        !memcmp(buf, migrate_permission_to_go, sizeof(buf)))
        rc = 1;

 out:
    free(path);
    return rc;
}

static int send_report(int send_fd, int rc)
{
    char code = rc < -127 ? 127 : -rc;

    return libxl_write_exactly(ctx, send_fd, migrate_report,
                               sizeof(migrate_report), "migration ack stream",
                               "success/failure report") ||
           libxl_write_exactly(ctx, send_fd, &code, 1, "migration ack stream",
                               "success/failure code");
}

void transparent_receiver_finish(const struct transparent_move *move,
                                 const char *incoming_name, bool leave_paused,
                                 int send_fd, int recv_fd)
{
    const uint32_t domid = move->domid;
    struct record rec;
    int fd = -1, taken, rc, go;

    fprintf(stderr, "migration target: Transfer complete,"
            " requesting permission to start domain.\n");
    go = libxl_write_exactly(ctx, send_fd, migrate_receiver_ready,
                             sizeof(migrate_receiver_ready),
                             "migration ack stream", "ready message")
         ? -1 : wait_for_permission(move->token, recv_fd);

    record_init(&rec, go > 0 ? "go" : "abort", domid, move->uuid);
    rec.leave_paused = leave_paused;
    snprintf(rec.name, sizeof(rec.name), "%s",
             common_domname ? common_domname : "");
    taken = decision_take(move->token, &rec, &fd);

    rc = ERROR_FAIL;
    if (taken > 0 && go > 0) {
        fprintf(stderr, "migration target: Got permission, starting domain.\n");
        rc = run_it(domid, incoming_name, common_domname, leave_paused);
    } else if (go > 0) {
        fprintf(stderr, "migration target: Got permission, but too late.\n");
    }

    if (!rc) {
        decision_change(fd, "done");
        send_report(send_fd, 0);
        fprintf(stderr, "migration target: Domain started successsfully.\n");
        transparent_phases_report("migration target", false);
        exit(EXIT_SUCCESS);
    }

    /* Whoever decided, and for whatever reason: it does not run here. */
    fprintf(stderr, "migration target: Failure, destroying our copy.\n");
    send_report(send_fd, rc);
    rc = libxl_domain_destroy(ctx, domid, 0);
    if (rc) {
        fprintf(stderr, "migration target: Failed to destroy our copy"
                " (code %d).\n", rc);
        exit(EXIT_FAILURE);
    }
    if (fd >= 0)
        decision_change(fd, "abort");
    if (libxl_write_exactly(ctx, send_fd, migrate_permission_to_go,
                            sizeof(migrate_permission_to_go),
                            "migration ack stream",
                            "permission to sender to have domain back"))
        fprintf(stderr, "migration target: Nobody listens any more.\n");
    exit(EXIT_FAILURE);
}

/*----- questions -----*/

/* Somebody decided to run it and died: we are he now. */
static enum decision complete(int fd, const struct record *rec)
{
    char *incoming_name = NULL;
    libxl_dominfo info;
    enum decision answer = DECISION_UNKNOWN;

    libxl_dominfo_init(&info);
    if (domain_is_here(rec->domid, rec->uuid, &info) == 1) {
        char *name = libxl_domid_to_name(ctx, rec->domid);

        xasprintf(&incoming_name, "%s--incoming", rec->name);
        if (!info.paused ||
            !run_it(rec->domid,
                    name && !strcmp(name, incoming_name) ? name : NULL,
                    rec->name, rec->leave_paused)) {
            decision_change(fd, "done");
            answer = DECISION_GO;
        }
        free(name);
        free(incoming_name);
    }
    libxl_dominfo_dispose(&info);
    return answer;
}

/* Our copy goes away by itself; true: it has. */
static bool wait_until_gone(uint32_t domid, const char *uuid,
                            const deadline *dl)
{
    libxl_dominfo info;
    int here;

    for (;;) {
        libxl_dominfo_init(&info);
        here = domain_is_here(domid, uuid, &info);
        libxl_dominfo_dispose(&info);
        if (!here)
            return true;
        if (deadline_over(dl))
            return false;
        usleep(100000);
    }
}

/* Whose receiver died, say; true: it is gone now. */
static bool destroy_copy(uint32_t domid, const char *uuid)
{
    libxl_dominfo info;
    bool ours;

    libxl_dominfo_init(&info);
    ours = domain_is_here(domid, uuid, &info) == 1 && info.paused;
    libxl_dominfo_dispose(&info);
    if (!ours)
        return false;
    fprintf(stderr, "migration target: Destroying a copy that nobody cares"
            " for.\n");
    return !libxl_domain_destroy(ctx, domid, 0);
}

static enum decision decide_for(const char *token, uint32_t domid,
                                const char *uuid, bool *gone,
                                const deadline *dl)
{
    enum decision answer;
    struct record rec;
    int fd, taken;

    record_init(&rec, "abort", domid, uuid);
    taken = decision_take(token, &rec, &fd);
    if (taken < 0)
        return DECISION_UNKNOWN;
    if (!taken && decision_open(token, &rec, dl, &fd))
        return DECISION_UNKNOWN;

    if (!strcmp(rec.word, "done"))
        answer = DECISION_GO;
    else if (!strcmp(rec.word, "go"))
        answer = complete(fd, &rec);
    else if (!strcmp(rec.word, "abort"))
        answer = DECISION_ABORT;
    else
        answer = DECISION_UNKNOWN;

    close(fd);
    if (answer == DECISION_ABORT) {
        deadline itself = deadline_in(transparent_timeout() / 6 + 1);

        *gone = wait_until_gone(rec.domid, rec.uuid, &itself) ||
                destroy_copy(rec.domid, rec.uuid);
    }
    return answer;
}

void transparent_receiver_answer(int recv_fd, int send_fd, uint32_t len)
{
    static const char *const words[] = {
        [DECISION_ABORT] = "abort",
        [DECISION_GO] = "go",
        [DECISION_UNKNOWN] = "unknown",
    };
    deadline dl = deadline_in(transparent_timeout() / 3 + 1);
    char text[QUESTION_MAX + 1], *reply;
    const char *token, *uuid;
    enum decision answer;
    bool gone = false;
    long long domid;
    json_val o;

    if (len > QUESTION_MAX ||
        read_before(recv_fd, text, len, "question", &dl))
        exit(EXIT_FAILURE);
    text[len] = 0;

    o = json_parse(text);
    if (!o)
        exit(EXIT_FAILURE);
    token = json_text(o, "token");
    uuid = json_text(o, "uuid");
    domid = json_number(o, "domid");
    if (!token || strlen(token) != TRANSPARENT_TOKEN_LEN ||
        strspn(token, "0123456789abcdef") != TRANSPARENT_TOKEN_LEN ||
        !uuid || strlen(uuid) != TRANSPARENT_UUID_LEN ||
        domid < 1 || domid > UINT16_MAX) {
        fprintf(stderr, "migration target: bad question\n");
        exit(EXIT_FAILURE);
    }

    answer = decide_for(token, domid, uuid, &gone, &dl);
    fprintf(stderr, "migration target: was asked about %s: %s\n", token,
            words[answer]);
    xasprintf(&reply, "{\"version\":1,\"decision\":\"%s\",\"gone\":%s}",
              words[answer], gone ? "true" : "false");
    if (frame_write(send_fd, FRAME_ANSWER, reply, "answer"))
        exit(EXIT_FAILURE);
    exit(EXIT_SUCCESS);
}

#endif /* !LIBXL_HAVE_NO_SUSPEND_RESUME */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
