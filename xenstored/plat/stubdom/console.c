/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text out.
 *
 * The console is a ring in a page that xenconsoled in dom0 reads
 * (xen/io/console.h).  It reads when it likes, and cannot even begin before
 * this program has answered its questions, so
 *
 * I1 nothing waits for room in the ring: what finds none is lost, and how much
 *    that was is said as soon as there is room again.
 *
 * Before there is a ring and when the program crashes, text goes to Xen's own
 * log as well, through an I/O port that Xen has for that (visible in `xl dmesg`
 * with guest_loglvl=all on Xen's command line).
 */
#include "plat/stubdom/internal.h"

#include <string.h>

#include <xen/xen.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>

#include "plat/stubdom/cpu.h"
#include "plat/stubdom/layout.h"
#include "plat/stubdom/libc/system.h"

#define MAX_DIGITS 20

static volatile struct xencons_interface *ring;
static uint32_t port;
static bool to_xen = true;
static size_t lost;

/* Finds the ring; it may be there or not. */
void xs_console_init(void)
{
	uint64_t page = xs_hvm_param(HVM_PARAM_CONSOLE_PFN) << PAGE_SHIFT;

	port = (uint32_t)xs_hvm_param(HVM_PARAM_CONSOLE_EVTCHN);
	if (!page || page >= RAM_LIMIT)
		return;
	xs_paging_map_special(page);
	ring = (volatile struct xencons_interface *)page;
	to_xen = false;
}

/* The port that xenconsoled signals; 0: there is none. */
uint32_t xs_console_port(void)
{
	return port;
}

static size_t ring_room(void)
{
	uint32_t used = ring->out_prod - ring->out_cons;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return used > sizeof(ring->out) ? 0 : sizeof(ring->out) - used;
}

static void put_char(char c)
{
	uint32_t prod = ring->out_prod;

	ring->out[prod % sizeof(ring->out)] = c;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	ring->out_prod = prod + 1;
}

/* A terminal needs a carriage return in front of a newline. */
static bool put(char c)
{
	if (ring_room() < 2)
		return false;
	if (c == '\n')
		put_char('\r');
	put_char(c);
	return true;
}

static void put_text(const char *text)
{
	while (*text)
		put(*text++);
}

static char *format(uint64_t number, unsigned int base, char *end)
{
	*--end = '\0';
	do {
		*--end = "0123456789abcdef"[number % base];
		number /= base;
	} while (number);
	return end;
}

static void say_lost(void)
{
	static const char before[] = "\n[", after[] = " bytes lost]\n";
	char digits[MAX_DIGITS + 1];

	if (ring_room() < sizeof(before) + sizeof(after) + MAX_DIGITS)
		return;
	put_text(before);
	put_text(format(lost, 10, digits + sizeof(digits)));
	put_text(after);
	lost = 0;
}

static void write_ring(const char *text, size_t len)
{
	size_t i;

	if (lost)
		say_lost();
	for (i = 0; i < len; i++) {
		if (lost || !put(text[i]))
			lost++;
	}
	if (port && len)
		xs_event_notify(port);
}

/* Writes the bytes as they are, wherever text goes at the moment. */
void xs_console_write(const char *text, size_t len)
{
	size_t i;

	if (to_xen) {
		for (i = 0; i < len; i++)
			xs_outb(XEN_HVM_DEBUGCONS_IOPORT, (uint8_t)text[i]);
	}
	if (ring)
		write_ring(text, len);
}

/* See libc/system.h. */
void xs_sys_console_write(const char *text, size_t len)
{
	xs_console_write(text, len);
}

void xs_console_text(const char *text)
{
	xs_console_write(text, strlen(text));
}

void xs_console_number(uint64_t number, unsigned int base)
{
	char digits[MAX_DIGITS + 1];

	xs_console_text(format(number, base, digits + sizeof(digits)));
}

/* From now on Xen's log gets everything as well. */
void xs_console_say_crash(void)
{
	to_xen = true;
}

/* xenconsoled moved: what was typed is nobody's, but there may be room. */
void xs_console_event(void)
{
	if (!ring)
		return;
	ring->in_cons = ring->in_prod;
	if (lost)
		write_ring(NULL, 0);
}
