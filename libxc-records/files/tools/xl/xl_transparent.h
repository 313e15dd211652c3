/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_transparent.h - moving a guest that takes no part in it.
 *
 * Before it is touched the two sides talk: the source offers it, the
 * destination gives a verdict.  Afterwards they have to agree on which of them
 * runs it, whatever the connection does.  For that each move has a token.  The
 * destination decides, once and for all, by making a file of that name; who
 * got no answer connects again and asks.
 */
#ifndef XL_TRANSPARENT_H
#define XL_TRANSPARENT_H

#ifndef LIBXL_HAVE_NO_SUSPEND_RESUME

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <libxl.h>

#define TRANSPARENT_TOKEN_LEN 32
#define TRANSPARENT_UUID_LEN 36

/* A move, as both sides know it. */
struct transparent_move {
    char *offer; /* text; from malloc */
    char token[TRANSPARENT_TOKEN_LEN + 1];
    char uuid[TRANSPARENT_UUID_LEN + 1];
    uint32_t domid;
    uint32_t max_grant_frames;
    int max_grant_version;
};

/*----- the talk before it (xl_transparent.c) -----*/

/* Source.  Says what is in the way, and exits, if something is. */
void transparent_offer(uint32_t domid, struct transparent_move *move);
void transparent_write_offer(int fd, const char *source,
                             const struct transparent_move *move);
/* Whether the destination takes it; says why not. */
bool transparent_read_verdict(int fd);

/*
 * Destination.  reply_fd -1: a file, there is nobody to tell.  False: it is
 * not taken, and why was said.
 */
bool transparent_receive_offer(int fd, int reply_fd, const char *source,
                               struct transparent_move *move);
/* What must not depend on this host. */
void transparent_fix_config(const struct transparent_move *move,
                            libxl_domain_config *d_config);

/*----- messages: text, in a frame (xl_transparent.c) -----*/

#define FRAME_OFFER "XLGTMOFR"
#define FRAME_VERDICT "XLGTMVRD"
#define FRAME_ANSWER "XLGTMANS"
#define FRAME_MAX (64u << 10)

/* Time limit for what is read; NULL for none. */
typedef struct timespec deadline;
deadline deadline_in(int seconds);
bool deadline_over(const deadline *dl);

/* 0, or -1, which has been explained. */
int frame_write(int fd, const char *magic, const char *text, const char *what);
/* *text_r is from malloc. */
int frame_read(int fd, const char *magic, uint32_t max, char **text_r,
               const char *what, const deadline *dl);
int read_before(int fd, void *buf, size_t len, const char *what,
                const deadline *dl);

/* Members of a JSON object; NULL, or -1, if they are not there. */
typedef struct yajl_val_s *json_val;
json_val json_parse(const char *text); /* yajl_tree_free */
const char *json_text(json_val o, const char *key);
long long json_number(json_val o, const char *key);
/* 1 or 0 */
int json_bool(json_val o, const char *key);

/* What came from another host, to a terminal. */
void print_foreign(const char *prefix, const char *text);

/*
 * Source: a domain that has been seen suspended.  True when it runs again, since
 * it could not be moved; false if it will not.
 */
bool transparent_came_back(uint32_t domid);

/*----- which side runs it (xl_transparent_decide.c) -----*/

enum decision {
    DECISION_ABORT,   /* it does not run there, and never will */
    DECISION_GO,      /* it runs there */
    DECISION_UNKNOWN, /* ask again, or there is nobody to ask */
};

/* Follows the banner in place of a save file's header. */
static const char transparent_question_magic[32] =
    "Xen moved domain, what now?\n \0 \r";
#define QUESTION_MAX 4096

/*
 * Destination: the domain is complete and must not run yet.  Waits for the
 * permission, decides, and runs it or destroys it.  Does not return.
 */
void transparent_receiver_finish(const struct transparent_move *move,
                                 const char *incoming_name, bool leave_paused,
                                 int send_fd, int recv_fd)
    __attribute__((noreturn));

/* Destination: somebody asks.  Does not return. */
void transparent_receiver_answer(int recv_fd, int send_fd, uint32_t len)
    __attribute__((noreturn));

/*----- the source after the copy (xl_transparent_send.c) -----*/

/*
 * The stream has been written, or not: rc.  Ends with the guest running on one
 * of the hosts, or with the operator told what to do.  Does not return.
 */
void transparent_sender_finish(const struct transparent_move *move,
                               const char *rune, int send_fd, int recv_fd,
                               int rc)
    __attribute__((noreturn));

/* How long to wait for the other side, in seconds. */
int transparent_timeout(void);

/* From xl_migrate.c. */
pid_t create_migration_child(const char *rune, int *send_fd, int *recv_fd);
void migration_child_report(int recv_fd);

/*----- where the time went (xl_transparent.c) -----*/

void transparent_phase(uint32_t domid, const char *name, bool begin);
/* name: of the whole, or NULL; the guest stood still since it was suspended */
void transparent_phases_report(const char *who, bool paused_until_now);

#endif /* !LIBXL_HAVE_NO_SUSPEND_RESUME */

/* A logger that passes everything on to that one, and remembers phases. */
struct xentoollog_logger *transparent_logger(struct xentoollog_logger *to);

#endif /* XL_TRANSPARENT_H */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
