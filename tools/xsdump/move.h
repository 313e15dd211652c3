/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Judges a save image or the stream of a migration as its bytes go by: the
 * records, and what is in those that this program knows something about.
 */
#ifndef XSDUMP_MOVE_H
#define XSDUMP_MOVE_H

#include <jansson.h>

#include <xcr/stream.h>

#include "xsdump.h"

struct xsd_move {
	const char *name;
	const struct xsd_options *opts;
	bool silent;
	struct xcr_stream *stream;
	unsigned int n_wrong, n_notes;
	json_t *offer; /* NULL: none, or none that is good */
	bool has_context, has_state, has_port;
	uint32_t vcpus, store_port; /* of the context */
	uint16_t domid;		    /* of the store's state */
	char uuid[64];
	uint32_t guest_port;
};

int xsd_move_begin(struct xsd_move *move, const char *name,
		   const struct xsd_options *opts);
/* -1: what follows can't be told apart, and need not be fed. */
int xsd_move_feed(struct xsd_move *move, const void *data, size_t len);
/* The last complaints, and a line with the verdict: an exit code. */
int xsd_move_end(struct xsd_move *move, FILE *out);

/* "FILE: offset 0x1f0, libxc GTM_CONTEXT: ... (rule context)" */
void xsd_complain_record(const char *name, const struct xcr_problem *problem);

/* The state stream in a record, if there is one. */
const uint8_t *xsd_state_in(const struct xcr_record *record,
			    const uint8_t *body, size_t *lenp);

#endif
