// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains over rings: what a toolstack, a guest and a backend say to each
 * other while a guest with three devices starts and ends.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <string.h>

#define DOMAINS_MAX 1100
#define DEVICES	    3
#define BOOT_DOMID  2000 /* the first who comes and goes */
#define BOOT_DOMIDS 20000
#define PATH	    160

static struct client *guests[DOMAINS_MAX];
static long n_guests;

static const char *const kinds[DEVICES] = {"vbd", "vif", "console"};
static const char *const home_keys[] = {"vm",
					"name",
					"domid",
					"memory/target",
					"memory/static-max",
					"memory/videoram",
					"console/ring-ref",
					"console/port",
					"console/limit",
					"console/type",
					"store/ring-ref",
					"store/port",
					"image/device",
					"control/shutdown",
					"control/feature-suspend",
					"control/sysrq",
					"device",
					"data",
					"cpu/0/available",
					"cpu/1/available"};
static const char *const device_keys[] = {
	"backend",	  "backend-id",	 "state",	 "handle",
	"virtual-device", "device-type", "event-channel"};
static const char *const back_keys[] = {
	"frontend", "frontend-id", "online", "state",	  "params",
	"type",	    "dev",	   "mode",   "removable", "hotplug-status"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void set_perms(struct client *c, uint32_t tx, const char *path,
		      const char *first, const char *second)
{
	char body[PATH + 32];
	int len = snprintf(body, sizeof(body), "%s%c%s%c%s", path, 0, first, 0,
			   second);

	ask(c, OP_SET_PERMS, tx, body, (size_t)len + 1);
	get_ok(c);
}

static void home(char *path, unsigned int domid, const char *rest)
{
	snprintf(path, PATH, "/local/domain/%u/%s", domid, rest);
}

static void device(char *path, unsigned int domid, unsigned int i,
		   const char *key)
{
	snprintf(path, PATH, "/local/domain/%u/device/%s/0/%s", domid, kinds[i],
		 key);
}

static void back(char *path, unsigned int domid, unsigned int i,
		 const char *key)
{
	snprintf(path, PATH, "/local/domain/0/backend/%s/%u/0/%s", kinds[i],
		 domid, key);
}

/* What the toolstack writes, in one transaction. */
static void describe(struct client *c, unsigned int domid)
{
	char path[PATH], guest[16], reader[16];
	uint32_t tx = tx_begin(c);
	unsigned int i;
	size_t k;

	snprintf(guest, sizeof(guest), "n%u", domid);
	snprintf(reader, sizeof(reader), "r%u", domid);
	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	ask_write(c, tx, path, "");
	get_ok(c);
	set_perms(c, tx, path, "n0", reader);
	for (k = 0; k < COUNT(home_keys); k++) {
		home(path, domid, home_keys[k]);
		call_write(c, tx, path, VALUE);
		if (k >= 13) /* what the guest may write */
			set_perms(c, tx, path, guest, "n0");
	}
	for (i = 0; i < DEVICES; i++) {
		for (k = 0; k < COUNT(device_keys); k++) {
			device(path, domid, i, device_keys[k]);
			call_write(c, tx, path, VALUE);
			set_perms(c, tx, path, guest, "r0");
		}
		for (k = 0; k < COUNT(back_keys); k++) {
			back(path, domid, i, back_keys[k]);
			call_write(c, tx, path, VALUE);
			set_perms(c, tx, path, "n0", reader);
		}
	}
	if (!tx_commit(c, tx))
		fail("EAGAIN without a reason");
}

static struct client *introduce(struct client *c, unsigned int domid)
{
	char body[64];
	int len = snprintf(body, sizeof(body), "%u%c%u%c%u", domid, 0,
			   0x1000 + domid % 1024, 0, 10u);

	ask(c, OP_INTRODUCE, 0, body, (size_t)len + 1);
	get_ok(c);
	return client_ring(domid);
}

static void watch_device(struct client *guest, unsigned int domid,
			 unsigned int i)
{
	char path[PATH];

	back(path, domid, i, "state");
	watch(guest, path, "backend");
}

static void watch_home(struct client *guest, unsigned int domid)
{
	char path[PATH];

	home(path, domid, "control/shutdown");
	watch(guest, path, "shutdown");
	home(path, domid, "memory/target");
	watch(guest, path, "balloon");
	home(path, domid, "device");
	watch(guest, path, "device");
}

/* What the guest does before its devices work. */
static void start(struct client *c, struct client *guest, unsigned int domid)
{
	char path[PATH];
	unsigned int i;
	size_t k;

	watch_home(guest, domid);
	for (i = 0; i < DEVICES; i++) {
		for (k = 0; k < COUNT(device_keys); k++) {
			device(path, domid, i, device_keys[k]);
			ask_path(guest, OP_READ, 0, path);
			get_value(guest);
		}
		watch_device(guest, domid, i);
		device(path, domid, i, "event-channel");
		call_write(guest, 0, path, VALUE);
		device(path, domid, i, "state");
		call_write(guest, 0, path, "3");
		/* Its own watch on device says both. */
		get_events(guest, 2);
		back(path, domid, i, "state");
		call_write(c, 0, path, "4");
		get_events(guest, 1);
		device(path, domid, i, "state");
		call_write(guest, 0, path, "4");
		get_events(guest, 1);
	}
}

/* The domain has ended: nothing of it stays. */
void domain_goes(struct client *c, struct client *guest, unsigned int domid)
{
	char path[PATH];
	unsigned int i;
	int len;

	client_close(guest);
	xen_destroy(domid);
	len = snprintf(path, sizeof(path), "%u", domid);
	ask(c, OP_RELEASE, 0, path, (size_t)len + 1);
	get_ok(c);
	for (i = 0; i < DEVICES; i++) {
		snprintf(path, sizeof(path), "/local/domain/0/backend/%s/%u",
			 kinds[i], domid);
		remove_tree(c, path);
	}
	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	remove_tree(c, path);
}

/*
 * Domains with the nodes and watches of one that has started, but without the
 * talk with backends that leads there: C, to which every request costs more
 * with every domain that it knows, would take minutes.
 */
static void populate(struct job *job, unsigned int first, unsigned int last)
{
	struct client *c = first_client();
	unsigned int domid, i;

	for (domid = first; domid <= last; domid++) {
		xen_create(domid);
		describe(c, domid);
	}
	for (domid = first; domid <= last; domid++) {
		mark(job);
		guests[domid] = introduce(c, domid);
		watch_home(guests[domid], domid);
		for (i = 0; i < DEVICES; i++)
			watch_device(guests[domid], domid, i);
		sample(job, 1);
	}
}

/* Until there are n domains that have started; k=1: see populate(). */
static void job_domains(struct job *job)
{
	struct client *c = first_client();
	unsigned int first = (unsigned int)n_guests + 1;
	unsigned int last = (unsigned int)job->n, domid;

	if (job->n > DOMAINS_MAX)
		fail("%ld domains are too many", job->n);
	job_begin(job);
	if (job->k)
		populate(job, first, last);
	for (domid = first; !job->k && domid <= last; domid++) {
		mark(job);
		xen_create(domid);
		describe(c, domid);
		guests[domid] = introduce(c, domid);
		start(c, guests[domid], domid);
		sample(job, 1);
	}
	if (job->n > n_guests)
		n_guests = job->n;
	job_end(job);
	job->extra = per_op(job);
}

/* One more domain has started. */
struct client *domain_comes(struct client *c, unsigned int *domidp)
{
	static unsigned int n_boots;
	struct client *guest;

	*domidp = BOOT_DOMID + n_boots++ % BOOT_DOMIDS;
	xen_create(*domidp);
	describe(c, *domidp);
	guest = introduce(c, *domidp);
	start(c, guest, *domidp);
	return guest;
}

/* One more domain comes and goes. */
static void job_boot(struct job *job)
{
	struct client *c = first_client(), *guest;
	unsigned int domid;

	job_begin(job);
	while (job_more(job)) {
		mark(job);
		guest = domain_comes(c, &domid);
		domain_goes(c, guest, domid);
		sample(job, 1);
	}
	job_end(job);
}

struct client *domain_client(long domid)
{
	if (domid > n_guests)
		fail("there is no domain %ld", domid);
	return guests[domid];
}

/* Domain 1 reads (k=0) or writes. */
static void job_ring(struct job *job)
{
	struct client *guest = domain_client(1);
	char path[PATH];

	home(path, 1, "data");
	call_write(guest, 0, path, VALUE);
	job_begin(job);
	while (job_more(job)) {
		mark(job);
		if (job->k) {
			call_write(guest, 0, path, VALUE);
		} else {
			ask_path(guest, OP_READ, 0, path);
			get_value(guest);
		}
		sample(job, 1);
	}
	job_end(job);
}

const struct job_kind domain_jobs[] = {
	{"domains", job_domains},
	{"boot", job_boot},
	{"ring", job_ring},
	{0},
};
