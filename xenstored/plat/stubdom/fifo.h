/* SPDX-License-Identifier: GPL-2.0-only */
/* Xen's FIFO of pending event channels, the reader's side. */
#ifndef XS_PLAT_STUBDOM_FIFO_H
#define XS_PLAT_STUBDOM_FIFO_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>

/* An event word a port, in pages; the last port number is 2^17 - 1. */
#define XS_FIFO_PAGE_PORTS 1024
#define XS_FIFO_PAGES	   (EVTCHN_FIFO_NR_CHANNELS / XS_FIFO_PAGE_PORTS)

struct xs_fifo {
	struct evtchn_fifo_control_block *control;
	event_word_t *pages[XS_FIFO_PAGES];
	uint32_t n_pages;
	uint32_t ready; /* queues that may have something */
	uint32_t head[EVTCHN_FIFO_MAX_QUEUES];
};

bool xs_fifo_add_page(struct xs_fifo *fifo, event_word_t *page);
bool xs_fifo_is_any(const struct xs_fifo *fifo);
bool xs_fifo_take(struct xs_fifo *fifo, uint32_t *portp);

#endif
