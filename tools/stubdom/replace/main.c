/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xenstore-domain-replace: a new domain takes the place of the one that
 * xenstore is in, under the same number, while guests run.
 *
 *   leave     the old one leaves its state in its memory and stands still
 *   keep      the state is copied and written to a file
 *   destroy   the old one; the other ends of its ports wait for its number
 *   build     a new one with that number and the state as its module
 *   answer    it has answered a request; console, nodes
 *
 * I1 Up to destroy the old one can be let go on, and is, whatever fails.
 * I2 From then on the state is in the file until a successor has answered.  One
 *    that cannot be built, or ends, is tried again, then the fallback; and who
 *    runs this program again with no xenstore domain there goes on from the
 *    file.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "replace.h"

#include <xenguest.h> /* needs <xenctrl.h> first */

#define STATE_FILE     "/run/xenstore-domain.state"
#define LEAVE_MS       90000 /* it may wait 60 s for a domain being moved */
#define GONE_MS	       60000
#define ANSWER_MS      60000
#define TRIES	       2 /* of each image */
#define POLL_MS	       10
#define MEMORY_MAX_MB  (RAM_LIMIT >> 20)
#define PORTS_MAX      131071 /* of FIFO event channels */
#define RINGS_MAX      32768 /* domains there can be */
#define SAID_MAX       512
#define STATUS_UNDONE  1 /* nothing has changed */
#define STATUS_USAGE   2
#define STATUS_HALFWAY 3 /* there is no xenstore, but its state in a file */

struct options {
	const char *kernel, *fallback, *state_file;
	uint32_t memory_mb;
	uint32_t ports;
	uint32_t rings;
};

/* ---- Words ------------------------------------------------------------ */

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

_Noreturn void fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(STATUS_UNDONE);
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

static _Noreturn void usage(void)
{
	fprintf(stderr,
		"Usage: xenstore-domain-replace [OPTION]... --kernel IMAGE\n"
		"  -k, --kernel IMAGE    of the domain that takes over\n"
		"  -f, --fallback IMAGE  if that one cannot (default: again)\n"
		"  -m, --memory MB       of the new domain (default: as it "
		"is)\n"
		"  -p, --ports N         event channels that it may have: one\n"
		"                        for each guest, and 4 (default: all)\n"
		"  -r, --rings N         of guests that it may map, or a few\n"
		"                        more (default: 32768)\n"
		"  -s, --state FILE      where the state is meanwhile\n"
		"                        (default: " STATE_FILE ")\n");
	exit(STATUS_USAGE);
}

static uint32_t number(const char *text, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || !n || n > max)
		usage();
	return (uint32_t)n;
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{"kernel", required_argument, NULL, 'k'},
		{"fallback", required_argument, NULL, 'f'},
		{"memory", required_argument, NULL, 'm'},
		{"ports", required_argument, NULL, 'p'},
		{"rings", required_argument, NULL, 'r'},
		{"state", required_argument, NULL, 's'},
		{NULL, 0, NULL, 0},
	};
	int c;

	*o = (struct options){.state_file = STATE_FILE};
	while ((c = getopt_long(argc, argv, "k:f:m:p:r:s:", known, NULL)) != -1) {
		if (c == 'k')
			o->kernel = optarg;
		else if (c == 'f')
			o->fallback = optarg;
		else if (c == 's')
			o->state_file = optarg;
		else if (c == 'm')
			o->memory_mb = number(optarg, MEMORY_MAX_MB);
		else if (c == 'p')
			o->ports = number(optarg, PORTS_MAX);
		else if (c == 'r')
			o->rings = number(optarg, RINGS_MAX);
		else
			usage();
	}
	if (!o->kernel || optind != argc)
		usage();
	if (!o->fallback)
		o->fallback = o->kernel;
}

/* ---- Up to the point of no return ------------------------------------- */

/* Has the old domain stand still; false: it goes on, and it was said why. */
static bool leave(xc_interface *xch, const struct facts *facts)
{
	static const char words[] = "leave";
	uint64_t limit = now_ms() + LEAVE_MS;
	char text[SAID_MAX];
	int fd;

	if (old_is_suspended(xch, facts))
		return true; /* somebody was here before us */
	fd = bus_send(words, sizeof(words));
	if (fd < 0)
		return false;
	/* fd stays open: the answer is the successor's to give. */
	while (!old_is_suspended(xch, facts)) {
		if (bus_answered(fd, text, sizeof(text))) {
			say("domain %u does not leave: %s", facts->domid, text);
			close(fd);
			return false;
		}
		if (old_is_dead(xch, facts) || now_ms() > limit) {
			say("domain %u does not answer", facts->domid);
			close(fd);
			return false;
		}
		sleep_ms(1);
	}
	return true;
}

static _Noreturn void go_on(xc_interface *xch, const struct facts *facts)
{
	if (old_is_suspended(xch, facts) &&
	    xc_domain_resume(xch, facts->domid, 0))
		say("domain %u cannot be let go on: %s", facts->domid,
		    strerror(errno));
	else
		say("domain %u goes on", facts->domid);
	consoled_start(&facts->consoled);
	exit(STATUS_UNDONE);
}

static void take_over_from(xc_interface *xch, struct facts *facts,
			   const char *file, struct bytes *state)
{
	/*
	 * It has a page of the old domain's mapped, whose number is taken
	 * until nobody has; and it learns of a domain's end from xenstore.
	 */
	consoled_stop(&facts->consoled);
	if (!leave(xch, facts))
		go_on(xch, facts);
	if (old_take_state(xch, facts, state) || file_save(file, facts, state))
		go_on(xch, facts);
}

/* Somebody came so far and no further. */
static void go_on_from(const char *file, struct facts *facts,
		       struct bytes *state)
{
	if (file_load(file, facts, state))
		fail("there is no xenstore domain, and no state in %s", file);
	say("from %s, as domain %u", file, facts->domid);
	/* One that was started meanwhile: how, is to be known next time, too. */
	if (consoled_stop(&facts->consoled) && file_save(file, facts, state))
		say("how xenconsoled was started is not in it");
}

/* ---- After it --------------------------------------------------------- */

static bool destroy(xc_interface *xch, const struct facts *facts)
{
	uint64_t limit = now_ms() + GONE_MS;

	if (old_is_there(xch, facts))
		xc_domain_destroy(xch, facts->domid);
	while (old_is_there(xch, facts)) {
		if (now_ms() > limit) {
			say("domain %u is dead, but some program of dom0 has "
			    "its memory mapped",
			    facts->domid);
			return false;
		}
		sleep_ms(POLL_MS);
	}
	return true;
}

static bool answers(xc_interface *xch, const struct facts *facts)
{
	static const char words[] = "check";
	uint64_t limit = now_ms() + ANSWER_MS;
	char text[SAID_MAX];
	int fd = bus_send(words, sizeof(words));
	bool answered = false;

	while (fd >= 0 && !answered && now_ms() < limit &&
	       !old_is_dead(xch, facts)) {
		answered = bus_answered(fd, text, sizeof(text));
		if (!answered)
			sleep_ms(1);
	}
	if (fd >= 0)
		close(fd);
	if (!answered)
		say("domain %u does not answer", facts->domid);
	return answered;
}

/* The first image that does; NULL: none. */
static const struct bytes *succeed(xc_interface *xch, const struct facts *facts,
				   const struct bytes *state,
				   const struct bytes images[2],
				   struct console *console)
{
	unsigned int i, try;

	for (i = 0; i < 2; i++) {
		for (try = 0; try < TRIES; try++) {
			if (!destroy(xch, facts))
				return NULL;
			if (!build(xch, facts, &images[i], state, console) &&
			    answers(xch, facts))
				return &images[i];
			say("%s image, attempt %u: failed",
			    i ? "second" : "first", try + 1);
		}
	}
	destroy(xch, facts);
	return NULL;
}

static void read_image(xc_interface *xch, const char *path, struct bytes *image)
{
	if (file_read(path, image))
		fail("%s: %s", path, strerror(errno));
	if (build_check(xch, image))
		fail("%s is no kernel for a PVH domain", path);
}

int main(int argc, char **argv)
{
	struct options options;
	struct bytes images[2], state = {NULL, 0};
	const struct bytes *used;
	struct console console;
	struct facts facts;
	uint64_t start, stop;
	xc_interface *xch;

	parse(&options, argc, argv);
	xch = xc_interface_open(NULL, NULL, 0);
	if (!xch)
		fail("there is no Xen, or this is not its dom0");
	read_image(xch, options.kernel, &images[0]);
	read_image(xch, options.fallback, &images[1]);
	start = now_ms();
	if (old_find(xch, &facts) && !old_is_dead(xch, &facts)) {
		take_over_from(xch, &facts, options.state_file, &state);
	} else {
		go_on_from(options.state_file, &facts, &state);
	}
	if (options.memory_mb)
		facts.memory_mb = options.memory_mb;
	facts.ports = options.ports;
	facts.rings = options.rings ? options.rings : RINGS_MAX;
	used = succeed(xch, &facts, &state, images, &console);
	stop = now_ms();
	if (!used) {
		say("THERE IS NO XENSTORE NOW.  Its state is in %s; this "
		    "program, called again, goes on from there",
		    options.state_file);
		return STATUS_HALFWAY;
	}
	unlink(options.state_file);
	nodes_write(&facts, &console);
	consoled_start(&facts.consoled);
	say("domain %u: %zu bytes of state, answers after %llu ms%s",
	    facts.domid, state.len, (unsigned long long)(stop - start),
	    used == &images[1] ? ", WITH THE SECOND IMAGE" : "");
	return 0;
}
