/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The platform of a domain that has nothing but Xen below it: waiting, ports,
 * rings, text.  What there is none of in such a domain is in absent.c.
 */
#include "plat/stubdom/plat_stubdom.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/grant_table.h>
#include <xen/vcpu.h>

#include "plat/stubdom/hypercall.h"
#include "plat/stubdom/internal.h"
#include "plat/stubdom/libc/pages.h"
#include "plat/stubdom/libc/system.h"

#define NS_PER_MS    UINT64_C(1000000)
#define VCPU	     0
#define LINE_MAX_LEN 6144 /* a whole message of the protocol, and a prefix */

static struct xs_plat the_plat;

/* There is one; it lives as long as the domain. */
int xs_plat_stubdom_new(const struct xs_plat_stubdom_config *config,
			struct xs_plat **platp)
{
	struct xs_plat *plat = &the_plat;

	plat->master_domid = config->master_domid;
	plat->master_port = config->master_port;
	plat->check = config->check;
	*platp = plat;
	return xs_event_bind_virq(VIRQ_TIMER, &plat->timer_port);
}

/* See plat_stubdom.h. */
void xs_plat_stubdom_say(const char *line)
{
	plat_log(&the_plat, XS_LOG_ERROR, line);
}

/* ---- Waiting ---------------------------------------------------------- */

/* See plat.h. */
uint64_t plat_now_ms(struct xs_plat *plat)
{
	(void)plat;
	return xs_clock_ns() / NS_PER_MS;
}

/* What an operator who sent an NMI wants to know besides where we are. */
static void say_memory(struct xs_plat *plat)
{
	struct xs_pages_stats stats;
	char line[96];

	xs_pages_stats(&stats);
	snprintf(line, sizeof(line),
		 "heap: %zu of %zu pages free, at most %zu in a row",
		 stats.free, stats.total, stats.longest_free);
	plat_log(plat, XS_LOG_INFO, line);
}

/* See plat_stubdom.h. */
void xs_plat_stubdom_ready(struct xs_plat *plat)
{
	char line[64];

	snprintf(line, sizeof(line), "serving, %llu us after the start",
		 (unsigned long long)((xs_clock_ns() - xs_boot_ns()) / 1000));
	plat_log(plat, XS_LOG_INFO, line);
	say_memory(plat);
}

static size_t take_ports(struct xs_plat *plat, struct xs_plat_event *events,
			 size_t max)
{
	uint32_t port;
	size_t n = 0;

	while (n < max && xs_event_take(&port)) {
		if (port == plat->timer_port)
			continue;
		if (port == xs_console_port()) {
			xs_console_event();
			continue;
		}
		events[n++] = (struct xs_plat_event){
			.kind = XS_PLAT_PORT,
			.port = port,
		};
	}
	return n;
}

/* VIRQ_TIMER then; a later call replaces an earlier one. */
static void set_timer(uint64_t deadline_ns)
{
	struct vcpu_set_singleshot_timer timer = {
		.timeout_abs_ns = deadline_ns,
	};

	xs_xen_vcpu(VCPUOP_set_singleshot_timer, VCPU, &timer);
}

/* See plat.h.  A timer of an earlier call may end the sleep once too often. */
int plat_wait(struct xs_plat *plat, int timeout_ms,
	      struct xs_plat_event *events, size_t max)
{
	uint64_t deadline = 0;
	bool is_set = false;
	size_t n;

	if (timeout_ms > 0)
		deadline = xs_clock_ns() + (uint64_t)timeout_ms * NS_PER_MS;
	for (;;) {
		n = take_ports(plat, events, max);
		if (n || !timeout_ms)
			return (int)n;
		if (timeout_ms > 0 && xs_clock_ns() >= deadline)
			return 0;
		if (timeout_ms > 0 && !is_set)
			set_timer(deadline);
		is_set = true;
		/* What comes after this look ends the sleep (traps.S). */
		if (!xs_event_is_any())
			xs_sleep();
		if (xs_trap_was_asked())
			say_memory(plat);
	}
}

/* ---- Event channels --------------------------------------------------- */

/* See plat.h. */
int plat_port_bind(struct xs_plat *plat, xs_domid_t domid, uint32_t remote_port,
		   uint32_t *local_portp)
{
	(void)plat;
	return xs_event_bind(domid, remote_port, local_portp);
}

/* See plat.h.  init-xenstore-domain has Xen send it to us. */
int plat_port_bind_dom_exc(struct xs_plat *plat, uint32_t *local_portp)
{
	(void)plat;
	return xs_event_bind_virq(VIRQ_DOM_EXC, local_portp);
}

void plat_port_unbind(struct xs_plat *plat, uint32_t local_port)
{
	(void)plat;
	xs_event_close(local_port);
}

void plat_port_notify(struct xs_plat *plat, uint32_t local_port)
{
	(void)plat;
	xs_event_notify(local_port);
}

/* ---- Store rings ------------------------------------------------------ */

/* See plat.h. */
int plat_ring_map(struct xs_plat *plat, xs_domid_t domid, void **pagep)
{
	(void)plat;
	return xs_window_map(domid, GNTTAB_RESERVED_XENSTORE, pagep);
}

/* See plat.h. */
void plat_ring_unmap(struct xs_plat *plat, xs_domid_t domid, void *page)
{
	char line[80];

	if (!page || !xs_window_unmap(page))
		return;
	snprintf(line, sizeof(line), "cannot unmap the ring of domain %u",
		 domid);
	plat_log(plat, XS_LOG_ERROR, line);
}

/* See plat.h.  Seen from here dom0's ring is a granted page like others. */
int plat_ring_map_master(struct xs_plat *plat, void **pagep,
			 uint32_t *remote_portp)
{
	*remote_portp = plat->master_port;
	return plat_ring_map(plat, plat->master_domid, pagep);
}

/* ---- Text out --------------------------------------------------------- */

/* See plat.h.  Control characters may come from a guest. */
void plat_log(struct xs_plat *plat, enum xs_log_level level, const char *line)
{
	static const char *const prefixes[] = {
		[XS_LOG_ERROR] = "error: ",
		[XS_LOG_WARN] = "warning: ",
		[XS_LOG_INFO] = "",
		[XS_LOG_TRACE] = "",
	};
	char text[LINE_MAX_LEN + 64];
	uint64_t ms = plat_now_ms(plat);
	size_t len, i;

	len = (size_t)snprintf(
		text, sizeof(text) - 2, "[%5llu.%03u] xenstored: %s%.*s",
		(unsigned long long)(ms / 1000), (unsigned int)(ms % 1000),
		prefixes[level], LINE_MAX_LEN, line);
	if (len > sizeof(text) - 3)
		len = sizeof(text) - 3;
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < ' ' || c == 0x7f)
			text[i] = '?';
	}
	text[len++] = '\n';
	xs_console_write(text, len);
}
