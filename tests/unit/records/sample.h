/* SPDX-License-Identifier: GPL-2.0-only */
/* Contexts and streams that are good, for tests to spoil. */
#ifndef XS_UNIT_RECORDS_SAMPLE_H
#define XS_UNIT_RECORDS_SAMPLE_H

#include <stdint.h>

#include <xcr/context.h>

/* A guest, with room for what a description refers to. */
struct sample {
	struct xcr_description d;
	uint8_t shinfo[XEN_GTM_PAGE_SIZE];
	struct xen_gtm_vcpu vcpus[2];
	struct xen_gtm_pirq pirqs[3];
	struct xen_gtm_port ports[12];
	uint64_t fifo_gfn[1];
	uint32_t fifo_word[1024];
	uint64_t gnttab_gfn[3];
	uint8_t frames[2 * XEN_GTM_PAGE_SIZE];
	struct xen_gtm_watchdog watchdogs[2];
};

/* Two vcpus, FIFO, grants of version 2, and something of everything else. */
void sample_fifo(struct sample *s);
/* One vcpu, 2-level, a 32-bit guest that registered nothing. */
void sample_two_level(struct sample *s);
/* Limits that both of them fit in, just. */
void sample_limits(const struct sample *s, struct gtm_limits *limits);

/* Bytes that grow. */
struct bytes {
	uint8_t *data;
	size_t len;
};

void bytes_add(struct bytes *b, const void *data, size_t len);
void bytes_int(struct bytes *b, uint64_t value, size_t size, bool big);
/* A record of libxl's or libxc's, padded. */
void bytes_record(struct bytes *b, uint32_t type, const void *data, size_t len);
void bytes_free(struct bytes *b);

/* What can be different about a stream. */
struct stream_parts {
	bool cooperative;
	bool no_xl, no_libxl;
	bool no_content;	/* of the pages of guest memory */
	uint32_t libxc_version; /* 0: as it should be */
	uint32_t libxl_version;
	uint32_t xl_flags;
	const char *offer; /* NULL: one that is good */
	const void *context;
	size_t context_len;
	const void *store; /* a state stream */
	size_t store_len;
	/* Called before each record: true: it wrote something instead. */
	bool (*instead)(struct bytes *b, bool libxc, uint32_t type);
};

/* A stream with two pages of guest memory. */
void sample_stream(struct bytes *b, const struct stream_parts *parts);

#endif
