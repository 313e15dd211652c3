/* SPDX-License-Identifier: GPL-2.0-only */
/* The xenstore domain that there is: who it is, how it does, what it left. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "replace.h"

#include <xenforeignmemory.h>

#define PAGES_PER_MB (1u << (20 - XC_PAGE_SHIFT))
#define STATE_MAX    (1u << 30)
#define NOTE_PAGES   1

static bool get_info(xc_interface *xch, uint32_t domid, xc_dominfo_t *info)
{
	return xc_domain_getinfo(xch, domid, 1, info) == 1 &&
	       info->domid == domid;
}

/* Without this the successor would wait for its turn like any guest. */
static void get_weight(xc_interface *xch, struct facts *facts)
{
	struct xen_domctl_sched_credit credit;
	struct xen_domctl_sched_credit2 credit2;
	int id;

	if (xc_sched_id(xch, &id))
		return;
	if (id == XEN_SCHEDULER_CREDIT &&
	    !xc_sched_credit_domain_get(xch, facts->domid, &credit)) {
		facts->weight = credit.weight;
		facts->cap = credit.cap;
		facts->scheduler = XEN_SCHEDULER_CREDIT;
	} else if (id == XEN_SCHEDULER_CREDIT2 &&
		   !xc_sched_credit2_domain_get(xch, facts->domid, &credit2)) {
		facts->weight = credit2.weight;
		facts->cap = credit2.cap;
		facts->scheduler = XEN_SCHEDULER_CREDIT2;
	}
}

bool old_find(xc_interface *xch, struct facts *facts)
{
	xc_dominfo_t info;
	uint32_t first = 1;

	memset(facts, 0, sizeof(*facts));
	for (;; first = info.domid + 1) {
		if (xc_domain_getinfo(xch, first, 1, &info) != 1)
			return false;
		if (info.xenstore && !info.dying)
			break;
	}
	memcpy(facts->magic, FACTS_MAGIC, sizeof(facts->magic));
	facts->domid = info.domid;
	facts->ssidref = info.ssidref;
	facts->memory_mb = (uint32_t)info.nr_pages / PAGES_PER_MB;
	memcpy(facts->handle, info.handle, sizeof(facts->handle));
	get_weight(xch, facts);
	return true;
}

bool old_is_suspended(xc_interface *xch, const struct facts *facts)
{
	xc_dominfo_t info;

	return get_info(xch, facts->domid, &info) && info.shutdown &&
	       !info.dying && info.shutdown_reason == SHUTDOWN_suspend;
}

/* It has ended, and not by having left its state. */
bool old_is_dead(xc_interface *xch, const struct facts *facts)
{
	xc_dominfo_t info;

	return !get_info(xch, facts->domid, &info) || info.dying ||
	       (info.shutdown && info.shutdown_reason != SHUTDOWN_suspend);
}

/* Dead or alive: its number is taken. */
bool old_is_there(xc_interface *xch, const struct facts *facts)
{
	xc_dominfo_t info;

	return get_info(xch, facts->domid, &info);
}

/* A copy of len bytes at a guest-physical address. */
static int copy_from(xenforeignmemory_handle *fmem, uint32_t domid,
		     uint64_t address, void *to, size_t len)
{
	uint64_t first = address >> XC_PAGE_SHIFT;
	size_t offset = address & (XC_PAGE_SIZE - 1);
	size_t n = (offset + len + XC_PAGE_SIZE - 1) >> XC_PAGE_SHIFT, i;
	xen_pfn_t *gfns = calloc(n, sizeof(*gfns));
	int *errors = calloc(n, sizeof(*errors)), rc = -1;
	char *from = NULL;

	for (i = 0; gfns && i < n; i++)
		gfns[i] = first + i;
	if (gfns && errors)
		from = xenforeignmemory_map(fmem, domid, PROT_READ, n, gfns,
					    errors);
	for (i = 0; from && i < n && !errors[i]; i++)
		;
	if (from && i == n) {
		memcpy(to, from + offset, len);
		rc = 0;
	}
	if (from)
		xenforeignmemory_unmap(fmem, from, n);
	free(gfns);
	free(errors);
	return rc;
}

static bool is_note(const struct xs_leave_note *note)
{
	return !memcmp(note->magic, XS_LEAVE_MAGIC, sizeof(note->magic)) &&
	       note->state_len && note->state_len <= STATE_MAX &&
	       note->state < RAM_LIMIT &&
	       memchr(note->cmdline, 0, sizeof(note->cmdline));
}

/* -1: it was said why. */
int old_take_state(xc_interface *xch, struct facts *facts, struct bytes *state)
{
	xenforeignmemory_handle *fmem = xenforeignmemory_open(NULL, 0);
	struct xs_leave_note *note = &facts->note;
	int rc = -1;

	(void)xch;
	if (!fmem) {
		say("memory cannot be mapped: %s", strerror(errno));
		return -1;
	}
	if (copy_from(fmem, facts->domid, XS_LEAVE_ADDRESS, note,
		      sizeof(*note)) ||
	    !is_note(note)) {
		say("domain %u left no state", facts->domid);
		goto out;
	}
	state->len = note->state_len;
	state->data = malloc(state->len);
	if (!state->data || copy_from(fmem, facts->domid, note->state,
				      state->data, state->len)) {
		say("the state cannot be read");
		goto out;
	}
	rc = 0;
out:
	xenforeignmemory_close(fmem);
	return rc;
}
