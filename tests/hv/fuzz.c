/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hostile contexts for a real hypervisor.  Each is a good one that was
 * changed, and is given to a domain of its own.  Of those that were taken some
 * run for a moment, and of those that were taken in part as well; the others
 * are read back, and what Xen answers must be a good context.
 *
 * Whether Xen got hurt is not seen here, but by who runs this: by its console,
 * its other domains, and its free memory.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <xcr/context.h>
#include <xcr/names.h>

#include "hv/gtmctl.h"
#include "unit/records/sample.h"

#define MAX_SEEDS 16u
#define MAX_KINDS 128u
#define MAX_VCPUS 8u

struct seed {
	const char *name;
	void *data;
	size_t len;
};

static struct seed seeds[MAX_SEEDS];
static unsigned int nr_seeds;

struct kind {
	const char *what;
	int err;
	uint32_t reason;
	unsigned int n;
};

static struct kind kinds[MAX_KINDS];
static unsigned int bad_answers;

uint64_t rng_next(struct rng *rng)
{
	rng->state ^= rng->state << 13;
	rng->state ^= rng->state >> 7;
	rng->state ^= rng->state << 17;
	return rng->state * 0x2545f4914f6cdd1dull;
}

uint32_t roll(struct rng *rng, uint32_t n)
{
	return n ? (uint32_t)((rng_next(rng) >> 33) % n) : 0;
}

static void count(const char *what, int err, uint32_t reason)
{
	struct kind *k = kinds;

	while (k->what &&
	       (strcmp(k->what, what) || k->err != err || k->reason != reason))
		if (++k == kinds + MAX_KINDS - 1)
			break;
	k->what = what;
	k->err = err;
	k->reason = reason;
	k->n++;
}

static void report(void)
{
	const struct kind *k;

	for (k = kinds; k->what; k++) {
		if (k->err)
			printf("%s: %u %s", k->what, k->n, strerror(k->err));
		else
			printf("%s: %u done", k->what, k->n);
		if (k->reason)
			printf(", %s", xcr_reason_name(k->reason));
		putchar('\n');
	}
}

/* ---- Seeds ------------------------------------------------------------- */

static void add_seed(const char *name, void *data, size_t len)
{
	if (nr_seeds == MAX_SEEDS)
		return;
	seeds[nr_seeds++] = (struct seed){name, data, len};
}

static void add_sample(const char *name, const struct sample *s)
{
	size_t len;
	void *buf;

	if (xcr_context_encode(&s->d, &buf, &len))
		die(name);
	add_seed(name, buf, len);
}

/* PVH: no interrupts of devices that are event channels. */
static void without_pirqs(struct sample *s)
{
	uint32_t i;

	s->d.nr_pirqs = 0;
	for (i = 0; i < s->d.nr_ports; i++)
		if (s->ports[i].state == XEN_GTM_PORT_PIRQ) {
			s->ports[i].state = XEN_GTM_PORT_IPI;
			s->ports[i].value = 0;
		}
}

static void add_samples(void)
{
	static struct sample s;

	sample_fifo(&s);
	add_sample("fifo-v2-pirqs", &s);
	without_pirqs(&s);
	add_sample("fifo-v2", &s);
	s.d.gnttab.version = 1;
	s.d.gnttab.nr_status = 0;
	add_sample("fifo-v1", &s);
	sample_two_level(&s);
	add_sample("2-level-v1", &s);
	s.d.domain.flags = 0;
	s.d.domain.shared_info_gfn = 0xfe000;
	s.d.gnttab.version = 2;
	s.d.gnttab.nr_status = 1;
	s.gnttab_gfn[0] = 0xfe001;
	s.gnttab_gfn[1] = 0xfe002;
	add_sample("2-level-v2", &s);
}

/* ---- One domain -------------------------------------------------------- */

static void get(uint32_t domid, const char *what, bool must_be_good)
{
	uint64_t size = XEN_GTM_MAX_SIZE / 8;
	static uint8_t buf[XEN_GTM_MAX_SIZE / 8];
	struct xcr_context context;
	struct gtm_limits limits;
	uint32_t reason = 0;

	if (xc_domain_gtm_get_context(xch, domid, buf, &size, &reason)) {
		/* GET looks at its answer with the eyes of SET. */
		bad_answers += must_be_good && reason >= XEN_GTM_BAD_HEADER;
		count(what, errno, reason);
		return;
	}
	xcr_context_no_limits(&limits, MAX_VCPUS);
	limits.domid = (uint16_t)domid;
	if (size >= 64)
		memcpy(&limits.max_vcpus, buf + 32 + 16 + 4, 4);
	if (!xcr_context_open(&context, buf, size, &limits)) {
		count(what, 0, 0);
	} else {
		count(must_be_good ? "bad answer" : "answer after a run, bad",
		      0, context.err.reason);
		bad_answers += must_be_good;
	}
	xcr_context_close(&context);
}

static void run(uint32_t domid, struct rng *rng)
{
	xc_dominfo_t info;

	if (xc_domain_unpause(xch, domid)) {
		count("unpause", errno, 0);
		return;
	}
	usleep(1000 + roll(rng, 20000));
	if (xc_domain_pause(xch, domid))
		die("pause");
	if (xc_domain_getinfo(xch, domid, 1, &info) != 1 || info.domid != domid)
		die("state of the domain");
	count(!info.shutdown				  ? "ran on"
	      : info.shutdown_reason == SHUTDOWN_poweroff ? "ran to its end"
	      : info.shutdown_reason == SHUTDOWN_crash	  ? "crashed"
							  : "shut down",
	      0, 0);
	get(domid, "read after a run", false);
}

static void one(struct rng *rng, const uint8_t *buf, size_t size)
{
	struct pages pages = {.nr = 0};
	unsigned int vcpus = find_pages(buf, size, &pages);
	bool runs = roll(rng, 2);
	uint32_t reason, offset, domid;
	int rc;

	program_pages(&pages);
	if (vcpus < 1 || vcpus > MAX_VCPUS)
		vcpus = 1;
	domid = make_domain(true, vcpus, &pages);
	if (runs)
		program_load(domid, rng);

	rc = xc_domain_gtm_set_context(xch, domid, buf, size, &reason, &offset);
	count(rc ? "refused" : "accepted", rc ? errno : 0, rc ? reason : 0);
	if (!rc && !runs)
		get(domid, "read back", true);
	else if (runs && (!rc || !reason))
		run(domid, rng);
	destroy_domain(domid);
}

static uint64_t seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec;
}

int fuzz(uint32_t n, uint32_t seed, uint32_t seconds, char *const *files,
	 unsigned int nr_files)
{
	const size_t room = XEN_GTM_MAX_SIZE / 8;
	uint64_t end = seconds_now() + seconds, size;
	uint8_t *buf = malloc(room);
	struct rng rng = {0};
	uint32_t i;

	if (!buf)
		die("memory");
	add_samples();
	for (i = 0; i < nr_files; i++) {
		void *data = read_file(files[i], &size);

		if (size <= room)
			add_seed(files[i], data, size);
	}

	for (i = 0; i < n && seconds_now() < end; i++) {
		struct seed *s = &seeds[i % nr_seeds];
		size_t len = s->len;

		/* Any of them can be had again by itself. */
		rng.state =
			((uint64_t)seed << 32 | i) * 0x9e3779b97f4a7c15ull + 1;
		memcpy(buf, s->data, len);
		if (i >= nr_seeds) /* first what is good */
			len = mutate(&rng, buf, len, room);
		else
			printf("seed %s\n", s->name);
		if (len)
			one(&rng, buf, len);
		if (i + 1 == nr_seeds) {
			report();
			printf("-- now changed\n");
		}
	}
	report();
	printf("contexts %u bad answers %u\n", i, bad_answers);
	return bad_answers ? 1 : 0;
}

/* ---- What no context can change ---------------------------------------- */

static void say(const char *what, int rc, uint32_t reason)
{
	printf("%s: errno %d reason %s\n", what, rc ? errno : 0,
	       rc ? xcr_reason_name(reason) : "OK");
}

static void try_set(const char *what, uint32_t domid, const void *buf,
		    uint64_t size)
{
	uint32_t reason, offset;
	int rc = xc_domain_gtm_set_context(xch, domid, buf, size, &reason,
					   &offset);

	say(what, rc, reason);
}

static void try_get(const char *what, uint32_t domid)
{
	uint64_t size = 0;
	uint32_t reason;
	int rc = xc_domain_gtm_get_context(xch, domid, NULL, &size, &reason);

	say(what, rc, reason);
}

int refusals(const char *file)
{
	struct pages pages = {.nr = 0};
	uint64_t size;
	uint8_t *buf = read_file(file, &size);
	unsigned int vcpus = find_pages(buf, size, &pages);
	uint32_t domid = make_domain(true, vcpus ? vcpus : 1, &pages);

	try_set("first set", domid, buf, size);
	try_set("second set", domid, buf, size);
	if (xc_domain_unpause(xch, domid))
		die("unpause");
	try_set("set on running", domid, buf, size);
	if (xc_domain_pause(xch, domid))
		die("pause");
	try_set("set on what ran", domid, buf, size);
	destroy_domain(domid);
	try_get("get of nobody", domid);
	try_set("set on nobody", domid, buf, size);

	domid = make_domain(true, (vcpus ? vcpus : 1) + 1, &pages);
	try_set("set of fewer vcpus", domid, buf, size);
	try_set("set of nothing", domid, buf, 1);
	destroy_domain(domid);

	domid = make_domain(false, 1, &pages);
	try_get("get of PV", domid);
	try_set("set on PV", domid, buf, size);
	destroy_domain(domid);
	try_set("set on dom0", 0, buf, size);
	try_get("get of dom0", 0);
	free(buf);
	return 0;
}
