/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_transparent_send.c - the source of a transparent move, from when the copy
 * is complete, or has failed.
 *
 * T1  Before the destination has been given permission it will not run the
 *     guest.  If something fails until then, the guest goes on here.
 * T2  Afterwards only the destination knows.  It is asked, over a connection
 *     of the same kind, until it answers or time is up.
 * T3  Without an answer after permission was given the guest stands still here:
 *     to run it on both hosts would be worse.  The operator is told.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <yajl/yajl_tree.h>

#include <libxl.h>
#include <libxl_utils.h>

#include "xl.h"
#include "xl_utils.h"
#include "xl_transparent.h"

#ifndef LIBXL_HAVE_NO_SUSPEND_RESUME

/* What building the domain and taking up its devices may take, in timeouts. */
#define READY_TIMEOUTS 4

/* Between two questions, in us. */
#define ASK_AGAIN 500000

struct sender {
    const struct transparent_move *move;
    const char *rune;
    int send_fd, recv_fd;
    char *away_name; /* NULL: not renamed */
};

/*----- the connection -----*/

/* A transport may hang on a network that is gone: it is not waited for. */
static void end_connection(struct sender *s)
{
    pid_t child = xl_child_pid(child_migration);
    int status;

    close(s->send_fd);
    if (child)
        migration_child_report(s->recv_fd);
    close(s->recv_fd);
    child = xl_child_pid(child_migration);
    if (child) {
        kill(child, SIGKILL);
        xl_waitpid(child_migration, &status, 0);
    }
}

static int expect(struct sender *s, const void *message, size_t len,
                  const char *what, const deadline *dl)
{
    char buf[len];

    if (read_before(s->recv_fd, buf, len, what, dl))
        return -1;
    if (memcmp(buf, message, len)) {
        fprintf(stderr, "unexpected data instead of %s\n", what);
        return -1;
    }
    return 0;
}

/*----- asking -----*/

static int send_question(struct sender *s)
{
    const struct transparent_move *move = s->move;
    struct save_file_header hdr = {
        .byteorder = SAVEFILE_BYTEORDER_VALUE,
    };
    char *text;
    int rc;

    xasprintf(&text, "{\"version\":1,\"token\":\"%s\",\"domid\":%"PRIu32","
              "\"uuid\":\"%s\"}", move->token, move->domid, move->uuid);
    memcpy(hdr.magic, transparent_question_magic, sizeof(hdr.magic));
    hdr.optional_data_len = strlen(text);
    rc = libxl_write_exactly(ctx, s->send_fd, &hdr, sizeof(hdr),
                             "migration stream", "question") ||
         libxl_write_exactly(ctx, s->send_fd, text, strlen(text),
                             "migration stream", "question");
    free(text);
    return rc ? -1 : 0;
}

static enum decision read_answer(struct sender *s, bool *gone,
                                 const deadline *dl)
{
    enum decision answer = DECISION_UNKNOWN;
    const char *word;
    char *text;
    json_val o;

    if (frame_read(s->recv_fd, FRAME_ANSWER, FRAME_MAX, &text, "answer", dl))
        return DECISION_UNKNOWN;

    o = json_parse(text);
    word = json_text(o, "decision");
    if (word && !strcmp(word, "go"))
        answer = DECISION_GO;
    else if (word && !strcmp(word, "abort"))
        answer = DECISION_ABORT;
    *gone = json_bool(o, "gone");
    yajl_tree_free(o);
    free(text);
    return answer;
}

/* *gone: of DECISION_ABORT, that there is no copy there any more. */
static enum decision ask_once(struct sender *s, bool *gone, const deadline *dl)
{
    enum decision answer = DECISION_UNKNOWN;

    *gone = false;
    if (create_migration_child(s->rune, &s->send_fd, &s->recv_fd) < 0)
        return DECISION_UNKNOWN;
    if (!expect(s, migrate_receiver_banner, sizeof(migrate_receiver_banner) - 1,
                "banner", dl) &&
        !send_question(s))
        answer = read_answer(s, gone, dl);
    end_connection(s);
    return answer;
}

static enum decision ask(struct sender *s)
{
    deadline dl = deadline_in(transparent_timeout());
    enum decision last = DECISION_UNKNOWN;
    bool gone;

    fprintf(stderr, "migration sender: Asking the target what became of it.\n");
    for (;;) {
        enum decision answer = ask_once(s, &gone, &dl);

        /* A decision does not change: what was heard once stands. */
        if (answer != DECISION_UNKNOWN)
            last = answer;
        if (last == DECISION_GO || (last == DECISION_ABORT && gone))
            return last;
        if (deadline_over(&dl))
            break;
        usleep(ASK_AGAIN);
    }
    if (last == DECISION_ABORT)
        fprintf(stderr, "migration sender: warning: target may still have a"
                " copy, which will not run.\n");
    return last;
}

/*----- how it ends -----*/

static void __attribute__((noreturn)) end_here(struct sender *s)
{
    const uint32_t domid = s->move->domid;
    int rc;

    fprintf(stderr, "Migration failed, resuming at sender.\n");
    if (s->away_name)
        libxl_domain_rename(ctx, domid, s->away_name, common_domname);
    rc = libxl_domain_resume(ctx, domid, 0, NULL);
    if (rc)
        fprintf(stderr, "migration sender: Could not resume (%d): it stands"
                " still. Try again: xl migrate-abort %"PRIu32"\n", rc, domid);
    else
        fprintf(stderr, "migration sender: Resumed OK.\n");
    transparent_phases_report("migration sender", !rc);
    exit(EXIT_FAILURE);
}

static void __attribute__((noreturn)) end_there(struct sender *s)
{
    int rc;

    fprintf(stderr, "migration sender: Target reports successful startup.\n");
    transparent_phases_report("migration sender", true);
    rc = libxl_domain_destroy(ctx, s->move->domid, 0);
    if (rc) {
        fprintf(stderr, "The domain has moved, but what is left of it here"
                " could not be destroyed (%d): xl destroy %"PRIu32"\n", rc,
                s->move->domid);
        exit(EXIT_FAILURE);
    }
    fprintf(stderr, "Migration successful.\n");
    exit(EXIT_SUCCESS);
}

/* keeps T3 */
static void __attribute__((noreturn)) end_undecided(struct sender *s)
{
    fprintf(stderr,
 "** The target could not be asked whether it runs the domain **\n"
 "It stands still here and has lost nothing, as domain %"PRIu32".  Look there:\n"
 "  If it runs there:  xl destroy %"PRIu32"        (here)\n"
 "  If it does not:    xl destroy %"PRIu32"        (there, if it exists), then\n"
 "                     xl migrate-abort %"PRIu32"  (here)\n"
 "Running it on both hosts would destroy its data.\n",
            s->move->domid, s->move->domid, s->move->domid, s->move->domid);
    exit(EXIT_FAILURE);
}

/* keeps T2 */
static void __attribute__((noreturn)) settle(struct sender *s, bool permitted)
{
    enum decision answer;

    end_connection(s);
    answer = ask(s);
    if (answer == DECISION_GO)
        end_there(s);
    if (answer == DECISION_ABORT || !permitted)
        end_here(s);
    end_undecided(s);
}

static void rename_away(struct sender *s)
{
    if (!common_domname)
        return;
    xasprintf(&s->away_name, "%s--migratedaway", common_domname);
    if (libxl_domain_rename(ctx, s->move->domid, common_domname,
                            s->away_name)) {
        free(s->away_name);
        s->away_name = NULL;
        settle(s, false);
    }
}

void transparent_sender_finish(const struct transparent_move *move,
                               const char *rune, int send_fd, int recv_fd,
                               int rc)
{
    const uint32_t domid = move->domid;
    struct sender s = {
        .move = move, .rune = rune, .send_fd = send_fd, .recv_fd = recv_fd,
    };
    deadline dl;
    char code;

    if (rc) {
        fprintf(stderr, "migration sender: libxl_domain_suspend failed"
                " (rc=%d)\n", rc);
        end_connection(&s);
        end_here(&s); /* what it has is not even complete */
    }

    transparent_phase(domid, "wait-ready", true);
    dl = deadline_in(READY_TIMEOUTS * transparent_timeout());
    if (expect(&s, migrate_receiver_ready, sizeof(migrate_receiver_ready),
               "ready message", &dl))
        settle(&s, false);
    transparent_phase(domid, "wait-ready", false);
    fprintf(stderr, "migration sender: Target has acknowledged transfer.\n");

    rename_away(&s);

    /* From here on even a failed write may have given permission. */
    fprintf(stderr, "migration sender: Giving target permission to start.\n");
    transparent_phase(domid, "wait-start", true);
    dl = deadline_in(transparent_timeout());
    if (libxl_write_exactly(ctx, send_fd, migrate_permission_to_go,
                            sizeof(migrate_permission_to_go),
                            "migration stream", "GO message") ||
        expect(&s, migrate_report, sizeof(migrate_report),
               "success/failure report", &dl) ||
        read_before(recv_fd, &code, 1, "success/failure status", &dl))
        settle(&s, true);
    transparent_phase(domid, "wait-start", false);

    if (!code) {
        end_there(&s);
    } else {
        fprintf(stderr, "migration sender: Target reports startup failure"
                " (status code %d).\n", code);
        dl = deadline_in(transparent_timeout());
        if (expect(&s, migrate_permission_to_go,
                   sizeof(migrate_permission_to_go),
                   "permission for sender to resume", &dl))
            settle(&s, true);
        end_connection(&s);
        end_here(&s);
    }
}

#endif /* !LIBXL_HAVE_NO_SUSPEND_RESUME */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
