/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels: binding ports, and hearing of those that were signalled.
 *
 * The FIFO ABI is the only one used.  It has 131072 ports where the older one
 * has 4096, and every hypervisor that can start a PVH guest at all has it (it
 * came with Xen 4.4, PVH guests with 4.10), so the older one would be code that
 * never runs.
 *
 * I1 The array of event words covers every port that is used here.  Xen gives
 *    the lowest free number, which may be far above all of ours: a toolstack
 *    can take ports of this domain.  What is signalled to a port before it has
 *    its word Xen keeps until then.
 */
#include "plat/stubdom/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/hvm/params.h>
#include <xen/hvm/hvm_op.h>
#include <xen/vcpu.h>

#include "plat/stubdom/fifo.h"
#include "plat/stubdom/hypercall.h"
#include "plat/stubdom/layout.h"
#include "plat/stubdom/libc/pages.h"
#include "plat/stubdom/libc/system.h"

#define VCPU	   0
#define TYPE_SHIFT 56 /* of HVM_PARAM_CALLBACK_IRQ */
#define ALIGNED	   __attribute__((aligned(PAGE_SIZE)))

/* Whole pages: Xen is told of them by number. */
static union {
	struct evtchn_fifo_control_block block;
	char page[PAGE_SIZE];
} control ALIGNED;
static event_word_t first_words[XS_FIFO_PAGE_PORTS] ALIGNED;

static struct xs_fifo fifo = {.control = &control.block};

static int add_words(event_word_t *words)
{
	struct evtchn_expand_array expand = {
		.array_gfn = (uintptr_t)words >> PAGE_SHIFT,
	};
	long ret = xs_xen_event(EVTCHNOP_expand_array, &expand);

	if (ret)
		return (int)ret;
	return xs_fifo_add_page(&fifo, words) ? 0 : -ENOSPC;
}

static int add_page(void)
{
	event_word_t *words = xs_pages_get(1);
	int ret;

	if (!words)
		return -ENOMEM;
	memset(words, 0, PAGE_SIZE);
	ret = add_words(words);
	if (ret)
		xs_pages_put(words);
	return ret;
}

static void choose_fifo(void)
{
	struct evtchn_init_control init = {
		.control_gfn = (uintptr_t)&control >> PAGE_SHIFT,
		.vcpu = VCPU,
	};

	if (xs_xen_event(EVTCHNOP_init_control, &init))
		xs_sys_crash("Xen has no FIFO event channels");
	if (add_words(first_words))
		xs_sys_crash("Xen does not take the event array");
}

/* Xen shall end xs_sleep() by this interrupt when something is pending. */
static void choose_upcall(void)
{
	struct xen_hvm_param param = {
		.domid = DOMID_SELF,
		.index = HVM_PARAM_CALLBACK_IRQ,
		.value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR
				 << TYPE_SHIFT |
			 VECTOR_UPCALL,
	};

	if (xs_xen_hvm(HVMOP_set_param, &param))
		xs_sys_crash("Xen does not take the vector for events");
}

/* Everything that there is an event channel for needs this first. */
void xs_event_init(void)
{
	choose_fifo();
	choose_upcall();
	/* Timers are asked for when needed (wait.c). */
	xs_xen_vcpu(VCPUOP_stop_periodic_timer, VCPU, NULL);
}

/* A new port gets its word (keeps I1), or is given back. */
static int take_port(uint32_t port, uint32_t *portp)
{
	int ret = 0;

	while (!ret && port >= fifo.n_pages * XS_FIFO_PAGE_PORTS)
		ret = add_page();
	if (ret) {
		xs_event_close(port);
		return ret;
	}
	*portp = port;
	return 0;
}

/* The other end of a port that the domain offers. */
int xs_event_bind(xs_domid_t domid, uint32_t remote, uint32_t *portp)
{
	struct evtchn_bind_interdomain bind = {
		.remote_dom = domid,
		.remote_port = remote,
	};
	int ret = (int)xs_xen_event(EVTCHNOP_bind_interdomain, &bind);

	return ret ? ret : take_port(bind.local_port, portp);
}

/* A port that Xen itself signals. */
int xs_event_bind_virq(unsigned int virq, uint32_t *portp)
{
	struct evtchn_bind_virq bind = {.virq = virq, .vcpu = VCPU};
	int ret = (int)xs_xen_event(EVTCHNOP_bind_virq, &bind);

	return ret ? ret : take_port(bind.port, portp);
}

/* The number may be given to another binding from now on. */
void xs_event_close(uint32_t port)
{
	struct evtchn_close close = {.port = port};

	xs_xen_event(EVTCHNOP_close, &close);
}

/* Wakes the other side; if it is gone, nobody is left to be told. */
void xs_event_notify(uint32_t port)
{
	struct evtchn_send send = {.port = port};

	xs_xen_event(EVTCHNOP_send, &send);
}

/* The next port that was signalled. */
bool xs_event_take(uint32_t *portp)
{
	return xs_fifo_take(&fifo, portp);
}

/* Is there perhaps one? */
bool xs_event_is_any(void)
{
	return xs_fifo_is_any(&fifo);
}

/* Who is at the other end. */
int xs_event_remote(uint32_t port, xs_domid_t *domidp, uint32_t *remotep)
{
	struct evtchn_status status = {.dom = DOMID_SELF, .port = port};
	int ret = (int)xs_xen_event(EVTCHNOP_status, &status);

	if (ret)
		return ret;
	if (status.status != EVTCHNSTAT_interdomain)
		return -ENOTCONN;
	*domidp = status.u.interdomain.dom;
	*remotep = status.u.interdomain.port;
	return 0;
}

/*
 * Closes all ports and leaves the FIFO ABI.  The other ends stay open for a
 * domain with our number.
 */
int xs_event_reset(void)
{
	struct evtchn_reset reset = {.dom = DOMID_SELF};

	return (int)xs_xen_event(EVTCHNOP_reset, &reset);
}
