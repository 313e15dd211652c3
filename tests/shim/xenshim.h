/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test sees of the pretended Xen: the layout of the tables that
 * xenshim.so keeps in $XENSHIM_DIR.  All fields are host-endian; the
 * writer is the daemon's process, tests only read.
 */
#ifndef TESTS_SHIM_XENSHIM_H
#define TESTS_SHIM_XENSHIM_H

#include <stdint.h>

#define SHIM_PORTS 4096 /* local port numbers 1..4095 */
#define SHIM_MAPS  4096

enum shim_port_kind {
	SHIM_FREE = 0,
	SHIM_INTERDOMAIN = 1,
	SHIM_VIRQ = 2,
};

/* File "ports": one entry per local event channel port, index = port. */
struct shim_port {
	uint32_t kind;
	uint32_t domid;
	uint32_t remote;   /* remote port, or number of the VIRQ */
	uint32_t masked;   /* delivered, not unmasked yet */
	uint32_t notified; /* events the daemon sent through it; a futex */
	uint32_t taken;	   /* events the daemon received from this port */
	uint32_t pad[2];
};

/* File "maps": one entry per mapped ring page. */
struct shim_map {
	uint32_t used;
	uint32_t domid;
	uint64_t addr;
};

#endif
