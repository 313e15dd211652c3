/* SPDX-License-Identifier: GPL-2.0-only */
/* A hypervisor for the stub domain's runtime, behind the same hypercall page:
 * ports, granted pages, and whatever shall go wrong with them. */
#ifndef XS_UNIT_FAKEXEN_H
#define XS_UNIT_FAKEXEN_H

#include <stdbool.h>
#include <stdint.h>

#define FAKEXEN_PORTS  8192
#define FAKEXEN_GRANTS 40000

struct fakexen {
	bool port_used[FAKEXEN_PORTS]; /* 0 is never given */
	unsigned int n_ports;
	unsigned int max_ports; /* more than these cannot be bound */
	unsigned int n_array_pages;
	unsigned int max_array_pages; /* more of them are refused */
	unsigned int n_sent;
	unsigned int n_mapped;
	unsigned int max_mapped;
	int16_t map_status; /* what mapping answers, if not 0 */
	bool no_unmap;
	uint64_t mapped_at[FAKEXEN_GRANTS]; /* by handle; 0: free */
	uint64_t shared_info;
};

extern struct fakexen fakexen;

/* The page tables of the window, instead of paging.c. */
bool fakexen_is_shown(uint64_t page);

#endif
