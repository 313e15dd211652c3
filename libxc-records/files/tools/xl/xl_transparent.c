/* SPDX-License-Identifier: LGPL-2.1-only */
/*
 * xl_transparent.c - the talk before a guest is moved that takes no part in
 * it, and the account of where the time went.
 *
 * All that comes from the other side is limited in length and in depth, and
 * is not put on a terminal as it is.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <yajl/yajl_tree.h>

#include <libxl.h>
#include <libxl_utils.h>

#include "xl.h"
#include "xl_utils.h"
#include "xl_transparent.h"

#define FRAME_VERSION 1
#define OFFER_MAX (1u << 20)
#define JSON_DEPTH_MAX 8

struct frame_header {
    char magic[8];
    uint32_t version;
    uint32_t length;
};

/*----- phases -----*/

#define PHASES_MAX 32

static struct phase {
    char name[32];
    uint64_t begin_us, end_us; /* 0: not yet */
} phases[PHASES_MAX];
static unsigned int nr_phases;

static uint64_t now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

static void phase_note(const char *name, bool begin, uint64_t us)
{
    unsigned int i;

    for (i = 0; i < nr_phases; i++)
        if (!strcmp(phases[i].name, name) && !phases[i].end_us)
            break;

    if (i == nr_phases) {
        if (!begin || nr_phases == PHASES_MAX)
            return;
        snprintf(phases[i].name, sizeof(phases[i].name), "%s", name);
        phases[i].end_us = 0;
        nr_phases++;
    }
    *(begin ? &phases[i].begin_us : &phases[i].end_us) = us;
}

/* "... transparent: phase NAME begin|end MS.US" */
static void phase_parse(const char *message)
{
    static const char mark[] = "transparent: phase ";
    const char *at = strstr(message, mark);
    unsigned long long ms;
    char name[32], what[8];
    unsigned int us;

    if (at && sscanf(at + strlen(mark), "%31s %7s %llu.%u", name, what, &ms,
                     &us) == 4)
        phase_note(name, !strcmp(what, "begin"), ms * 1000 + us);
}

static xentoollog_logger *log_to;

static void __attribute__((format(printf, 5, 0)))
tee_vmessage(xentoollog_logger *l, xentoollog_level level, int errnoval,
             const char *context, const char *format, va_list al)
{
    char message[256];
    va_list copy;

    va_copy(copy, al);
    vsnprintf(message, sizeof(message), format, copy);
    va_end(copy);
    phase_parse(message);

    log_to->vmessage(log_to, level, errnoval, context, format, al);
}

static void tee_progress(xentoollog_logger *l, const char *context,
                         const char *doing_what, int percent,
                         unsigned long done, unsigned long total)
{
    if (log_to->progress)
        log_to->progress(log_to, context, doing_what, percent, done, total);
}

xentoollog_logger *transparent_logger(xentoollog_logger *to)
{
    static xentoollog_logger tee = {
        .vmessage = tee_vmessage,
        .progress = tee_progress,
    };

    log_to = to;
    return &tee;
}

#ifndef LIBXL_HAVE_NO_SUSPEND_RESUME

void transparent_phase(uint32_t domid, const char *name, bool begin)
{
    uint64_t us = now_us();

    phase_note(name, begin, us);
    fprintf(stderr, "xl: Domain %u:transparent: phase %s %s %llu.%03u\n",
            domid, name, begin ? "begin" : "end",
            (unsigned long long)us / 1000, (unsigned int)(us % 1000));
}

void transparent_phases_report(const char *who, bool paused_until_now)
{
    uint64_t now = now_us(), paused = 0;
    unsigned int i;

    for (i = 0; i < nr_phases; i++) {
        const struct phase *p = &phases[i];

        if (!strcmp(p->name, "suspend"))
            paused = p->begin_us;
        if (p->begin_us && p->end_us)
            fprintf(stderr, "%s: %-16s %10.3f ms\n", who, p->name,
                    ((double)p->end_us - p->begin_us) / 1000);
    }
    if (paused && paused_until_now)
        fprintf(stderr, "%s: guest stood still %10.3f ms\n", who,
                ((double)now - paused) / 1000);
}

/*----- messages -----*/

deadline deadline_in(int seconds)
{
    deadline dl;

    clock_gettime(CLOCK_MONOTONIC, &dl);
    dl.tv_sec += seconds;
    return dl;
}

/* -1 for no limit, as poll() wants it */
static int left_ms(const deadline *dl)
{
    struct timespec now;
    long long ms;

    if (!dl)
        return -1;
    clock_gettime(CLOCK_MONOTONIC, &now);
    ms = (dl->tv_sec - now.tv_sec) * 1000ll +
         (dl->tv_nsec - now.tv_nsec) / 1000000;
    return ms < 0 ? 0 : ms;
}

bool deadline_over(const deadline *dl)
{
    return !left_ms(dl);
}

int read_before(int fd, void *buf, size_t len, const char *what,
                const deadline *dl)
{
    struct pollfd pfd = { .fd = fd, .events = POLLIN };
    size_t done = 0;

    while (done < len) {
        ssize_t n;
        int ready = poll(&pfd, 1, left_ms(dl));

        if (ready < 0 && errno == EINTR)
            continue;
        if (!ready) {
            fprintf(stderr, "timed out waiting for %s\n", what);
            return -1;
        }
        n = read(fd, (char *)buf + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            fprintf(stderr, "could not read %s: %s\n", what,
                    n ? strerror(errno) : "end of stream");
            return -1;
        }
        done += n;
    }
    return 0;
}

int frame_write(int fd, const char *magic, const char *text, const char *what)
{
    struct frame_header hdr = {
        .version = FRAME_VERSION,
        .length = strlen(text),
    };

    memcpy(hdr.magic, magic, sizeof(hdr.magic));
    if (libxl_write_exactly(ctx, fd, &hdr, sizeof(hdr), "migration stream",
                            what) ||
        libxl_write_exactly(ctx, fd, text, hdr.length, "migration stream",
                            what))
        return -1;
    return 0;
}

int frame_read(int fd, const char *magic, uint32_t max, char **text_r,
               const char *what, const deadline *dl)
{
    struct frame_header hdr;
    char *text;

    if (read_before(fd, &hdr, sizeof(hdr), what, dl))
        return -1;

    if (memcmp(hdr.magic, magic, sizeof(hdr.magic)) ||
        hdr.version != FRAME_VERSION || hdr.length > max) {
        fprintf(stderr, "no %s of version %d and up to %"PRIu32" bytes\n",
                what, FRAME_VERSION, max);
        return -1;
    }

    text = xmalloc((size_t)hdr.length + 1);
    if (read_before(fd, text, hdr.length, what, dl)) {
        free(text);
        return -1;
    }
    text[hdr.length] = 0;
    if (strlen(text) != hdr.length) {
        fprintf(stderr, "%s is not text\n", what);
        free(text);
        return -1;
    }
    *text_r = text;
    return 0;
}

/* yajl frees what it parsed recursively. */
static bool is_deep(const char *text)
{
    unsigned int depth = 0;
    bool quoted = false;

    for (; *text; text++) {
        if (quoted && *text == '\\' && text[1])
            text++;
        else if (*text == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        else if ((*text == '{' || *text == '[') && ++depth > JSON_DEPTH_MAX)
            return true;
        else if ((*text == '}' || *text == ']') && depth)
            depth--;
    }
    return false;
}

json_val json_parse(const char *text)
{
    yajl_val o = is_deep(text) ? NULL : yajl_tree_parse(text, NULL, 0);

    if (o && (!YAJL_IS_OBJECT(o) || json_number(o, "version") != 1)) {
        yajl_tree_free(o);
        o = NULL;
    }
    if (!o)
        fprintf(stderr, "not an object of version 1\n");
    return o;
}

static yajl_val json_member(json_val o, const char *key, yajl_type type)
{
    const char *path[] = { key, NULL };

    return YAJL_IS_OBJECT(o) ? yajl_tree_get(o, path, type) : NULL;
}

const char *json_text(json_val o, const char *key)
{
    yajl_val v = json_member(o, key, yajl_t_string);

    return v ? YAJL_GET_STRING(v) : NULL;
}

long long json_number(json_val o, const char *key)
{
    yajl_val v = json_member(o, key, yajl_t_number);

    return v && YAJL_IS_INTEGER(v) && YAJL_GET_INTEGER(v) >= 0
           ? YAJL_GET_INTEGER(v) : -1;
}

int json_bool(json_val o, const char *key)
{
    return json_member(o, key, yajl_t_true) != NULL;
}

void print_foreign(const char *prefix, const char *text)
{
    fprintf(stderr, "%s", prefix);
    for (; *text; text++)
        fputc(*text < 0x20 || *text > 0x7e ? '?' : *text, stderr);
    fputc('\n', stderr);
}

/*----- offer and verdict -----*/

/* move->offer is there already */
static int parse_offer(struct transparent_move *move)
{
    json_val o = json_parse(move->offer), grants;
    const char *token, *uuid;
    long long domid, frames, version;
    int rc = -1;

    if (!o)
        return -1;

    grants = json_member(o, "grants", yajl_t_object);
    token = json_text(o, "token");
    uuid = json_text(o, "uuid");
    domid = json_number(o, "domid");
    frames = json_number(grants, "max_frames");
    version = json_number(grants, "max_version");

    if (!token || strlen(token) != TRANSPARENT_TOKEN_LEN ||
        strspn(token, "0123456789abcdef") != TRANSPARENT_TOKEN_LEN ||
        !uuid || strlen(uuid) != TRANSPARENT_UUID_LEN ||
        domid < 1 || domid > UINT16_MAX || frames < 0 || frames > INT_MAX ||
        version < 0 || version > 2)
        goto out;

    strcpy(move->token, token);
    strcpy(move->uuid, uuid);
    move->domid = domid;
    move->max_grant_frames = frames;
    move->max_grant_version = version;
    rc = 0;

 out:
    if (rc)
        fprintf(stderr, "the offer lacks something\n");
    yajl_tree_free(o);
    return rc;
}

void transparent_offer(uint32_t domid, struct transparent_move *move)
{
    char *problems, *line, *saveptr;

    if (libxl_domain_transparent_offer(ctx, domid, &move->offer, &problems)) {
        fprintf(stderr, "unable to describe the domain\n");
        exit(EXIT_FAILURE);
    }
    if (problems) {
        fprintf(stderr, "The domain cannot be moved transparently:\n");
        for (line = strtok_r(problems, "\n", &saveptr); line;
             line = strtok_r(NULL, "\n", &saveptr))
            print_foreign(" ", line);
        exit(EXIT_FAILURE);
    }
    if (parse_offer(move))
        exit(EXIT_FAILURE);
}

void transparent_write_offer(int fd, const char *source,
                             const struct transparent_move *move)
{
    if (frame_write(fd, FRAME_OFFER, move->offer, "offer"))
        exit(EXIT_FAILURE);
}

static void print_list(json_val verdict, const char *key, const char *prefix)
{
    yajl_val list = json_member(verdict, key, yajl_t_array);
    size_t i;

    for (i = 0; list && i < YAJL_GET_ARRAY(list)->len; i++) {
        const char *text = json_text(YAJL_GET_ARRAY(list)->values[i], "text");
        const char *what = json_text(YAJL_GET_ARRAY(list)->values[i], "what");
        char *line;

        xasprintf(&line, "%s: %s", what ? what : "?", text ? text : "?");
        print_foreign(prefix, line);
        free(line);
    }
}

static bool print_verdict(const char *text)
{
    json_val verdict = json_parse(text);
    bool ok = verdict && json_bool(verdict, "ok");

    if (!verdict)
        return false;
    if (!ok)
        fprintf(stderr, "The destination cannot take the domain:\n");
    print_list(verdict, "problems", " ");
    print_list(verdict, "notes", " note: ");
    yajl_tree_free(verdict);
    return ok;
}

bool transparent_read_verdict(int fd)
{
    deadline dl = deadline_in(4 * transparent_timeout());
    char *text;
    bool ok;

    if (frame_read(fd, FRAME_VERDICT, FRAME_MAX, &text, "verdict", &dl))
        return false;
    ok = print_verdict(text);
    free(text);
    return ok;
}

bool transparent_receive_offer(int fd, int reply_fd, const char *source,
                               struct transparent_move *move)
{
    char *verdict = NULL;
    bool ok = false;

    if (frame_read(fd, FRAME_OFFER, OFFER_MAX, &move->offer, "offer", NULL))
        return false;

    /* After this it is known to be simple enough for a parser. */
    if (libxl_domain_transparent_accept(ctx, move->offer, autoballoon, &verdict))
        return false;

    if (reply_fd < 0 || !frame_write(reply_fd, FRAME_VERDICT, verdict,
                                     "verdict"))
        ok = print_verdict(verdict) && !parse_offer(move);
    free(verdict);
    return ok;
}

bool transparent_came_back(uint32_t domid)
{
    libxl_dominfo info;
    bool here, stands;

    /* Often: one that comes back by another move is not ours. */
    for (;; usleep(100000)) {
        libxl_dominfo_init(&info);
        here = !libxl_domain_info(ctx, &info, domid) && !info.dying;
        stands = info.shutdown;
        libxl_dominfo_dispose(&info);
        if (!here || !stands)
            return here;
        if (libxl_domain_transparent_moving(ctx, domid) != 1)
            return false;
    }
}

void transparent_fix_config(const struct transparent_move *move,
                            libxl_domain_config *d_config)
{
    d_config->c_info.domid = move->domid;
    if (libxl_uuid_from_string(&d_config->c_info.uuid, move->uuid)) {
        fprintf(stderr, "bad uuid in the offer\n");
        exit(EXIT_FAILURE);
    }
    d_config->b_info.max_grant_frames = move->max_grant_frames;
    d_config->b_info.max_grant_version = move->max_grant_version;
}

int transparent_timeout(void)
{
    const char *text = getenv("XL_TRANSPARENT_TIMEOUT");
    long s = text ? strtol(text, NULL, 10) : 0;

    return s > 0 && s < 86400 ? s : 30;
}

#endif /* !LIBXL_HAVE_NO_SUSPEND_RESUME */

/*
 * Local variables:
 * mode: C
 * c-basic-offset: 4
 * indent-tabs-mode: nil
 * End:
 */
