/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pending event channels, as Xen's FIFO ABI hands them over
 * (xen/event_channel.h; the design is Xen's docs/misc/event-channel-fifo).
 *
 *   control block: which of 16 queues (one a priority) are ready, and the
 *                  first port of each
 *   event words:   one a port: PENDING, MASKED, LINKED (it is in a queue), and
 *                  the number of the next port in its queue (LINK)
 *
 * Xen appends at the tail while we take from the head, without a lock:
 *
 * I1 The head is read from the control block only when the own copy is 0, that
 *    is, when the queue was empty before.
 * I2 A word leaves its queue by one atomic exchange that clears LINKED and
 *    LINK together.  Xen links a successor only to a word that is LINKED, by an
 *    exchange as well, so it either sees that the word left, and makes its port
 *    the new head, or we see the successor.
 * I3 PENDING is cleared before the port is reported, so that what happens after
 *    the report makes it pending again.
 */
#include "plat/stubdom/fifo.h"

#include <stddef.h>

#define BIT(n)	  (UINT32_C(1) << (n))
#define PENDING	  BIT(EVTCHN_FIFO_PENDING)
#define MASKED	  BIT(EVTCHN_FIFO_MASKED)
#define LINKED	  BIT(EVTCHN_FIFO_LINKED)
#define LINK_MASK ((uint32_t)EVTCHN_FIFO_LINK_MASK)

static event_word_t *find_word(const struct xs_fifo *fifo, uint32_t port)
{
	uint32_t page = port / XS_FIFO_PAGE_PORTS;

	if (page >= fifo->n_pages)
		return NULL;
	return &fifo->pages[page][port % XS_FIFO_PAGE_PORTS];
}

/* One more page of words, all zero; false: there are no more ports. */
bool xs_fifo_add_page(struct xs_fifo *fifo, event_word_t *page)
{
	if (fifo->n_pages == XS_FIFO_PAGES)
		return false;
	fifo->pages[fifo->n_pages++] = page;
	return true;
}

/* Is there perhaps something to take? */
bool xs_fifo_is_any(const struct xs_fifo *fifo)
{
	return fifo->ready ||
	       __atomic_load_n(&fifo->control->ready, __ATOMIC_ACQUIRE);
}

/* Takes the word out of its queue (I2); the port that follows it, or 0. */
static uint32_t unlink_word(event_word_t *word)
{
	event_word_t old = __atomic_load_n(word, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(word, &old,
					    old & ~(LINKED | LINK_MASK), false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	return old & LINK_MASK;
}

/* Takes the first of a queue that is ready; true: it was pending. */
static bool take_from(struct xs_fifo *fifo, uint32_t queue, uint32_t *portp)
{
	uint32_t port = fifo->head[queue];
	event_word_t *word, old;

	if (!port) /* I1 */
		port = __atomic_load_n(&fifo->control->head[queue],
				       __ATOMIC_ACQUIRE);
	word = port ? find_word(fifo, port) : NULL;
	if (!word) {
		fifo->head[queue] = 0;
		fifo->ready &= ~BIT(queue);
		return false;
	}
	fifo->head[queue] = unlink_word(word);
	if (!fifo->head[queue])
		fifo->ready &= ~BIT(queue);
	old = __atomic_load_n(word, __ATOMIC_RELAXED);
	if (old & MASKED || !(old & PENDING))
		return false; /* closed meanwhile */
	__atomic_fetch_and(word, ~PENDING, __ATOMIC_SEQ_CST); /* I3 */
	*portp = port;
	return true;
}

/* The next pending port, of the highest priority that has any. */
bool xs_fifo_take(struct xs_fifo *fifo, uint32_t *portp)
{
	for (;;) {
		fifo->ready |= __atomic_exchange_n(&fifo->control->ready, 0,
						   __ATOMIC_SEQ_CST);
		if (!fifo->ready)
			return false;
		/* Priorities count from 0, the highest. */
		if (take_from(fifo, (uint32_t)__builtin_ctz(fifo->ready),
			      portp))
			return true;
	}
}
