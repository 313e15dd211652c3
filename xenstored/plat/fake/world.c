/* SPDX-License-Identifier: GPL-2.0-only */
/* Domains, their ring pages and event channels; the clock; what fails. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plat/fake/internal.h"

#define MASTER_PORT 1 /* dom0's end of its own store channel */

/* For the test's own needs. */
void *fake_need(void *p)
{
	if (!p)
		abort();
	return p;
}

void fake_bytes_add(struct bytes *bytes, const void *data, size_t len)
{
	if (bytes->len + len + 1 > bytes->alloc) {
		bytes->alloc = (bytes->len + len + 1) * 2;
		bytes->data = fake_need(realloc(bytes->data, bytes->alloc));
	}
	if (len)
		memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
	bytes->data[bytes->len] = '\0';
}

void fake_bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	memset(bytes, 0, sizeof(*bytes));
}

struct xs_plat *fake_new(void)
{
	struct xs_plat *plat = fake_need(calloc(1, sizeof(*plat)));

	plat->random = 1;
	fake_domain_create(plat, 0);
	return plat;
}

void fake_free(struct xs_plat *plat)
{
	size_t i;

	for (i = 0; i < plat->n_domains; i++)
		free(plat->domains[i].page);
	for (i = 0; i < plat->n_streams; i++) {
		fake_bytes_free(&plat->streams[i].to_daemon);
		fake_bytes_free(&plat->streams[i].to_client);
	}
	for (i = 0; i < MAX_FILES; i++) {
		free(plat->files[i].path);
		fake_bytes_free(&plat->files[i].text);
	}
	fake_bytes_free(&plat->log);
	fake_bytes_free(&plat->program);
	free(plat->trace_path);
	free(plat);
}

/* ---- Clock and failures ----------------------------------------------- */

void fake_advance(struct xs_plat *plat, uint64_t ms)
{
	plat->now_ms += ms;
}

uint64_t plat_now_ms(struct xs_plat *plat)
{
	return plat->now_ms;
}

void plat_random(struct xs_plat *plat, void *buf, size_t len)
{
	unsigned char *p = buf;

	while (len--) {
		plat->random = plat->random * 6364136223846793005ULL + 1;
		*p++ = (unsigned char)(plat->random >> 56);
	}
}

void fake_fail(struct xs_plat *plat, enum fake_call call, unsigned int n,
	       int error)
{
	plat->fail_call = call;
	plat->fail_countdown = n;
	plat->fail_error = error;
	plat->failed = false;
}

bool fake_has_failed(struct xs_plat *plat)
{
	return plat->failed;
}

void fake_memory_free(struct xs_plat *plat, unsigned int percent)
{
	plat->memory_used = 100 - percent;
}

/* See plat.h. */
unsigned int plat_memory_free(struct xs_plat *plat)
{
	return 100 - plat->memory_used;
}

unsigned int fake_n_calls(struct xs_plat *plat, enum fake_call call)
{
	return plat->n_calls[call];
}

/* Counts the call; what it shall fail with, or 0. */
int fake_may_fail(struct xs_plat *plat, enum fake_call call)
{
	plat->n_calls[call]++;
	plat->n_calls[FAKE_ANY]++;
	if (!plat->fail_countdown ||
	    (plat->fail_call != FAKE_ANY && plat->fail_call != call))
		return 0;
	if (--plat->fail_countdown)
		return 0;
	plat->failed = true;
	return -plat->fail_error;
}

/* ---- Domains ---------------------------------------------------------- */

struct domain *fake_find(struct xs_plat *plat, xs_domid_t domid)
{
	size_t i;

	for (i = 0; i < plat->n_domains; i++) {
		if (plat->domains[i].present && plat->domains[i].domid == domid)
			return &plat->domains[i];
	}
	return NULL;
}

void fake_domain_create(struct xs_plat *plat, xs_domid_t domid)
{
	struct domain *d = &plat->domains[plat->n_domains];

	if (plat->n_domains == MAX_DOMAINS || fake_find(plat, domid))
		abort();
	plat->n_domains++;
	d->domid = domid;
	d->present = true;
	plat->lives++;
	memcpy(d->handle, &plat->lives, sizeof(plat->lives));
	d->page = fake_need(calloc(1, PAGE_SIZE));
}

void fake_domain_shutdown(struct xs_plat *plat, xs_domid_t domid)
{
	struct domain *d = fake_find(plat, domid);

	if (d)
		d->shutdown = true;
	fake_signal_dom_exc(plat);
}

void fake_domain_resume(struct xs_plat *plat, xs_domid_t domid)
{
	struct domain *d = fake_find(plat, domid);

	if (d)
		d->shutdown = false;
}

void fake_domain_dying(struct xs_plat *plat, xs_domid_t domid)
{
	struct domain *d = fake_find(plat, domid);

	if (d)
		d->dying = true;
	fake_signal_dom_exc(plat);
}

void fake_domain_gone(struct xs_plat *plat, xs_domid_t domid)
{
	struct domain *d = fake_find(plat, domid);

	if (d)
		d->present = false;
	fake_signal_dom_exc(plat);
}

static void get_info(const struct domain *d, struct xs_dominfo *info)
{
	memset(info, 0, sizeof(*info));
	info->domid = d->domid;
	info->shutdown = d->shutdown;
	info->dying = d->dying;
	memcpy(info->handle, d->handle, sizeof(info->handle));
}

int plat_domain_get(struct xs_plat *plat, xs_domid_t domid,
		    struct xs_dominfo *infop)
{
	int rc = fake_may_fail(plat, FAKE_DOMAIN_GET);
	struct domain *d = fake_find(plat, domid);

	if (rc)
		return rc;
	if (!d)
		return -ENOENT;
	get_info(d, infop);
	return 0;
}

static struct domain *find_next(struct xs_plat *plat, uint32_t first)
{
	struct domain *next = NULL;
	size_t i;

	for (i = 0; i < plat->n_domains; i++) {
		struct domain *d = &plat->domains[i];

		if (d->present && d->domid >= first &&
		    (!next || d->domid < next->domid))
			next = d;
	}
	return next;
}

int plat_domain_list(struct xs_plat *plat, xs_domid_t first,
		     struct xs_dominfo *infos, size_t max)
{
	int rc = fake_may_fail(plat, FAKE_DOMAIN_LIST), n = 0;
	uint32_t from = first;
	struct domain *d;

	if (rc)
		return rc;
	while ((size_t)n < max && (d = find_next(plat, from))) {
		get_info(d, &infos[n++]);
		from = d->domid + 1u;
	}
	return n;
}

/* ---- Ring pages ------------------------------------------------------- */

void *fake_ring(struct xs_plat *plat, xs_domid_t domid)
{
	return ((struct domain *)fake_need(fake_find(plat, domid)))->page;
}

int fake_ring_maps(struct xs_plat *plat, xs_domid_t domid)
{
	size_t i;
	int n = 0;

	for (i = 0; i < plat->n_domains; i++) {
		if (plat->domains[i].domid == domid)
			n += plat->domains[i].maps;
	}
	return n;
}

static int map(struct xs_plat *plat, xs_domid_t domid, void **pagep)
{
	struct domain *d = fake_find(plat, domid);

	if (!d || d->dying)
		return -ENOENT;
	d->maps++;
	*pagep = d->page;
	return 0;
}

int plat_ring_map(struct xs_plat *plat, xs_domid_t domid, void **pagep)
{
	int rc = fake_may_fail(plat, FAKE_MAP);

	return rc ? rc : map(plat, domid, pagep);
}

int plat_ring_map_master(struct xs_plat *plat, void **pagep,
			 uint32_t *remote_portp)
{
	int rc = fake_may_fail(plat, FAKE_MAP_MASTER);

	*remote_portp = MASTER_PORT;
	return rc ? rc : map(plat, 0, pagep);
}

void plat_ring_unmap(struct xs_plat *plat, xs_domid_t domid, void *page)
{
	size_t i;

	for (i = 0; i < plat->n_domains; i++) {
		struct domain *d = &plat->domains[i];

		if (d->page == page && d->domid == domid && d->maps) {
			d->maps--;
			return;
		}
	}
	abort(); /* unmapped twice, or never mapped */
}

/* ---- Event channels --------------------------------------------------- */

static int bind_port(struct xs_plat *plat, xs_domid_t domid, uint32_t remote,
		     bool dom_exc, uint32_t *localp)
{
	uint32_t i;

	for (i = 1; i < MAX_PORTS; i++) {
		struct port *p = &plat->ports[i];

		if (p->bound)
			continue;
		memset(p, 0, sizeof(*p));
		p->bound = true;
		p->domid = domid;
		p->remote = remote;
		p->dom_exc = dom_exc;
		*localp = i;
		return 0;
	}
	return -ENOSPC;
}

int plat_port_bind(struct xs_plat *plat, xs_domid_t domid, uint32_t remote_port,
		   uint32_t *local_portp)
{
	int rc = fake_may_fail(plat, FAKE_BIND);

	if (rc)
		return rc;
	if (!fake_find(plat, domid))
		return -ESRCH;
	return bind_port(plat, domid, remote_port, false, local_portp);
}

int plat_port_bind_dom_exc(struct xs_plat *plat, uint32_t *local_portp)
{
	int rc = fake_may_fail(plat, FAKE_BIND_DOM_EXC);

	return rc ? rc : bind_port(plat, 0, 0, true, local_portp);
}

static struct port *bound(struct xs_plat *plat, uint32_t local)
{
	if (!local || local >= MAX_PORTS || !plat->ports[local].bound)
		abort(); /* the daemon uses a port that is not its own */
	return &plat->ports[local];
}

void plat_port_unbind(struct xs_plat *plat, uint32_t local_port)
{
	bound(plat, local_port)->bound = false;
}

void plat_port_notify(struct xs_plat *plat, uint32_t local_port)
{
	bound(plat, local_port)->notified++;
}

static struct port *find_port(struct xs_plat *plat, xs_domid_t domid,
			      uint32_t remote)
{
	uint32_t i;

	for (i = 1; i < MAX_PORTS; i++) {
		struct port *p = &plat->ports[i];

		if (p->bound && !p->dom_exc && p->domid == domid &&
		    p->remote == remote)
			return p;
	}
	return NULL;
}

bool fake_signal(struct xs_plat *plat, xs_domid_t domid, uint32_t remote_port)
{
	struct port *p = find_port(plat, domid, remote_port);

	if (p)
		p->pending = true;
	return p != NULL;
}

void fake_signal_dom_exc(struct xs_plat *plat)
{
	uint32_t i;

	for (i = 1; i < MAX_PORTS; i++) {
		if (plat->ports[i].bound && plat->ports[i].dom_exc)
			plat->ports[i].pending = true;
	}
}

unsigned int fake_notified(struct xs_plat *plat, xs_domid_t domid,
			   uint32_t remote_port)
{
	struct port *p = find_port(plat, domid, remote_port);
	unsigned int n = p ? p->notified : 0;

	if (p)
		p->notified = 0;
	return n;
}

unsigned int fake_n_bound(struct xs_plat *plat)
{
	unsigned int i, n = 0;

	for (i = 1; i < MAX_PORTS; i++)
		n += plat->ports[i].bound;
	return n;
}

/* ---- Live update: not pretended --------------------------------------- */

void plat_live_get(struct xs_plat *plat, struct xs_plat_live *live)
{
	(void)plat;
	live->listener = -1;
	live->event_channels = -1;
}

int plat_stream_adopt(struct xs_plat *plat, int stream)
{
	(void)plat;
	(void)stream;
	return -ENOSYS;
}

int plat_state_write(struct xs_plat *plat, const void *data, size_t len)
{
	(void)plat;
	(void)data;
	(void)len;
	return -ENOSYS;
}

void plat_state_remove(struct xs_plat *plat)
{
	(void)plat;
}

int plat_program_find(struct xs_plat *plat, const char *path)
{
	(void)plat;
	(void)path;
	return -ENOENT;
}

int plat_program_receive(struct xs_plat *plat, size_t size)
{
	if (plat->receive_error)
		return -plat->receive_error;
	fake_bytes_free(&plat->program);
	plat->program_size = size;
	return 0;
}

int plat_program_piece(struct xs_plat *plat, const void *data, size_t len)
{
	if (len > plat->program_size - plat->program.len)
		return -EINVAL;
	fake_bytes_add(&plat->program, data, len);
	return 0;
}

void fake_refuse_program(struct xs_plat *plat, int error)
{
	plat->receive_error = error;
}

const char *fake_program(struct xs_plat *plat, size_t *lenp)
{
	*lenp = plat->program.len;
	return plat->program.data;
}

int plat_program_start(struct xs_plat *plat, const char *const *argv,
		       const void *data, size_t len)
{
	(void)plat;
	(void)argv;
	(void)data;
	(void)len;
	return -ENOSYS;
}

int plat_program_wait(struct xs_plat *plat, int timeout_ms, int *statusp,
		      char *out, size_t max)
{
	(void)plat;
	(void)timeout_ms;
	(void)statusp;
	(void)out;
	(void)max;
	return -ENOSYS;
}

void plat_program_stop(struct xs_plat *plat)
{
	(void)plat;
}

int plat_live_exec(struct xs_plat *plat, const char *const *argv)
{
	(void)plat;
	(void)argv;
	return -ENOSYS;
}

int plat_live_leave(struct xs_plat *plat, const char *const *argv)
{
	(void)plat;
	(void)argv;
	return -ENOSYS;
}
