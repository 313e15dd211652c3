/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state of a store, or of one domain in it, as data: what a state stream
 * holds (docs/formats/state-stream.md), taken apart or about to be written.
 */
#ifndef XS_STATE_IMAGE_H
#define XS_STATE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

struct xs_perm;
struct xs_image_chunk;

#define XS_IMAGE_NO_DOMID	0x7ff4 /* "none" in a target */
#define XS_IMAGE_ANY_DOMID	0x7ff5 /* everybody, in permissions */
#define XS_IMAGE_FIRST_RESERVED 0x7ff0
#define XS_IMAGE_PATH_MAX	4120 /* a payload, and /local/domain/65535/ */
#define XS_IMAGE_NO_DEPTH	(-1)
#define XS_IMAGE_IN_MAX		UINT16_MAX /* bytes of a connection's input */

/* Borrowed bytes, or the image's own (xs_image_keep()). */
struct xs_span {
	const uint8_t *data;
	size_t len;
};

/* Where in the stream something was read; 0, 0 if it was not. */
struct xs_image_at {
	size_t offset;
	uint32_t record; /* counted from 1 */
};

struct xs_image_global {
	bool present;
	bool has_ext;	   /* gen and last_conn_id are known */
	int32_t socket_fd; /* -1: none */
	int32_t evtchn_fd;
	uint64_t gen;
	uint32_t last_conn_id;
	uint32_t virq_port; /* VIRQ_DOM_EXC stays bound to it; 0: it is not */
	struct xs_image_at at;
};

enum xs_image_conn_kind {
	XS_IMAGE_RING,
	XS_IMAGE_SOCKET,
};

struct xs_image_conn {
	uint32_t id;
	enum xs_image_conn_kind kind;
	uint16_t domid;	 /* ring only, as the next two */
	uint16_t target; /* XS_IMAGE_NO_DOMID: none */
	uint32_t local_port;
	int32_t fd;	    /* socket only */
	uint32_t resp_left; /* bytes of out that end a message already begun */
	struct xs_span in;  /* whole parked messages, then perhaps a part */
	struct xs_span out;
	bool has_unique_id;
	uint64_t unique_id;
	/* Our extension. */
	bool has_ext;
	bool ignored;
	bool shutdown_told;
	bool introduced;
	uint32_t guest_port;
	uint32_t last_tx_id;
	uint32_t ring_features;
	uint8_t handle[16];
	struct xs_image_at at;
};

struct xs_image_watch {
	uint32_t conn_id;
	int32_t depth;	     /* XS_IMAGE_NO_DEPTH: none */
	struct xs_span path; /* as the client gave it: may be relative */
	struct xs_span token;
	bool type_ext; /* read from a record that has a depth */
	struct xs_image_at at;
};

struct xs_image_node {
	struct xs_span path; /* absolute, or an event name ("@...") */
	struct xs_span value;
	const struct xs_perm *perms;
	uint16_t n_perms;
	struct xs_image_at at;
};

struct xs_image_quota {
	struct xs_span name;
	uint32_t value;
};

struct xs_image_domain {
	uint16_t domid;
	uint16_t n_quotas;
	uint32_t features;
	const struct xs_image_quota *quotas;
	struct xs_image_at at;
};

struct xs_image_global_quota {
	bool present;
	uint16_t n_domain; /* the first ones: defaults for each domain */
	uint16_t n_global; /* then those of the whole store */
	const struct xs_image_quota *quotas;
	struct xs_image_at at;
};

/* The kinds of requests in a transaction's log. */
enum xs_image_request_kind {
	XS_IMAGE_R_READ,
	XS_IMAGE_R_LIST,
	XS_IMAGE_R_PERMS,
	XS_IMAGE_R_WRITE,
	XS_IMAGE_R_MKDIR,
	XS_IMAGE_R_RM,
	XS_IMAGE_R_SET_PERMS,
	XS_IMAGE_R_COUNT,
};

struct xs_image_request {
	uint8_t kind;
	int32_t rc;	     /* what it returned: 0 or -errno */
	uint64_t gen;	     /* of the store when it was made */
	uint64_t sum;	     /* digest of what was read */
	struct xs_span path; /* absolute */
	/* WRITE: the value; SET_PERMS: texts with their NULs ("b7\0r0\0"). */
	struct xs_span data;
	struct xs_image_at at;
};

struct xs_image_txn {
	uint32_t conn_id;
	uint32_t tx_id;
	uint64_t age_ms;
	uint8_t key[16]; /* of the digests */
	bool doomed;	 /* its commit answers EAGAIN */
	bool bare;	 /* only the ids were there: doomed as well */
	struct xs_image_request *requests;
	uint32_t n_requests;
	uint32_t n_alloc;
	struct xs_image_at at;
};

enum xs_image_what {
	XS_IMAGE_WHOLE,	 /* a whole daemon */
	XS_IMAGE_DOMAIN, /* one domain */
};

struct xs_image_origin {
	bool present;
	enum xs_image_what kind;
	uint16_t domid;	     /* XS_IMAGE_DOMAIN only */
	uint64_t time;	     /* seconds since 1970, 0: unknown */
	struct xs_span uuid; /* texts without NUL or newline; may be empty */
	struct xs_span host;
	struct xs_span xen;
	struct xs_span daemon;
	struct xs_span more; /* "key=value\n" of keys we do not know */
	struct xs_image_at at;
};

/* A record nobody here knows; or NODE_DATA of somebody's transaction. */
struct xs_image_unknown {
	uint32_t type;
	struct xs_span body;
	struct xs_image_at at;
};

enum xs_image_sum {
	XS_IMAGE_SUM_NONE,
	XS_IMAGE_SUM_GOOD,
	XS_IMAGE_SUM_BAD, /* only while salvaging */
};

struct xs_image {
	uint32_t version;
	bool big_endian;
	bool has_end;
	enum xs_image_sum sum;
	uint32_t n_records; /* read, END included */
	size_t len;	    /* of the stream up to and with END */
	size_t stream_len;  /* with what follows END */
	struct xs_image_global global;
	struct xs_image_global_quota quota;
	struct xs_image_origin origin;
	struct xs_image_conn *conns;
	struct xs_image_watch *watches;
	struct xs_image_node *nodes; /* parents first */
	struct xs_image_domain *domains;
	struct xs_image_txn *txns;
	struct xs_image_unknown *unknowns;
	uint32_t n_conns, n_watches, n_nodes, n_domains, n_txns, n_unknowns;

	/* Private. */
	uint32_t n_alloc[6];
	struct xs_image_chunk *chunks;
	struct xs_hash_key key;
};

/* What is wrong, and where. */
enum xs_image_severity {
	XS_IMAGE_NOTE, /* odd, but harmless */
	XS_IMAGE_WRONG,
};

struct xs_image_error {
	enum xs_image_severity severity;
	const char *rule; /* "N-3" */
	const char *type; /* "NODE_DATA"; NULL: not in any record */
	struct xs_image_at at;
	char text[200]; /* printable */
};

typedef void xs_image_report_fn(void *arg, const struct xs_image_error *err);

#define XS_IMAGE_ERROR_TEXT 320
size_t xs_image_error_format(const struct xs_image_error *err,
			     char text[XS_IMAGE_ERROR_TEXT]);

/* Life. */
void xs_image_init(struct xs_image *image, const struct xs_hash_key *key);
void xs_image_fini(struct xs_image *image);

/* Building; conns, nodes and so on are written in the order they come. */
int xs_image_keep(struct xs_image *image, const void *data, size_t len,
		  struct xs_span *spanp);
int xs_image_keep_perms(struct xs_image *image, const struct xs_perm *perms,
			uint16_t n, const struct xs_perm **permsp);
int xs_image_keep_quotas(struct xs_image *image,
			 const struct xs_image_quota *quotas, uint32_t n,
			 const struct xs_image_quota **quotasp);
int xs_image_add_conn(struct xs_image *image, const struct xs_image_conn *conn);
int xs_image_add_watch(struct xs_image *image,
		       const struct xs_image_watch *watch);
int xs_image_add_node(struct xs_image *image, const struct xs_image_node *node);
int xs_image_add_domain(struct xs_image *image,
			const struct xs_image_domain *domain);
int xs_image_add_txn(struct xs_image *image, const struct xs_image_txn *txn);
int xs_image_add_request(struct xs_image *image,
			 const struct xs_image_request *request);
int xs_image_add_unknown(struct xs_image *image,
			 const struct xs_image_unknown *unknown);

/* Reading. */
int xs_image_decode(struct xs_image *image, const void *data, size_t len,
		    struct xs_image_error *err);
int xs_image_salvage(struct xs_image *image, const void *data, size_t len,
		     xs_image_report_fn *report, void *arg);
bool xs_image_is_ocaml(const void *data, size_t len);
int xs_image_decode_ocaml(struct xs_image *image, const void *data, size_t len,
			  struct xs_image_error *err);

/* Judging. */
enum xs_image_use {
	XS_IMAGE_USE_ANY,	  /* to be looked at */
	XS_IMAGE_USE_DOMAIN,	  /* one domain into a running daemon of ours */
	XS_IMAGE_USE_LIVE_UPDATE, /* everything into a new daemon of ours */
	XS_IMAGE_USE_LOAD, /* the same, for who finds doubles and orphans */
	XS_IMAGE_USE_417,  /* everything into Debian's 4.17 */
};

int xs_image_validate(const struct xs_image *image, enum xs_image_use use,
		      xs_image_report_fn *report, void *arg);

/* Writing. */
struct xs_image_format {
	uint32_t version;   /* 1 or 2 */
	bool extensions;    /* our own records, and a checksum */
	bool for_417;	    /* in the order and without what it chokes on */
	bool plain_watches; /* depth is left out: no WATCH_DATA_EXTENDED */
	bool unknown;	    /* records that nobody here knows as well */
	bool big_endian;
};

extern const struct xs_image_format xs_image_format_ours;
extern const struct xs_image_format xs_image_format_417;

struct xs_image_out {
	uint8_t *data;
	size_t len;
	size_t n_alloc;
};

int xs_image_encode(const struct xs_image *image,
		    const struct xs_image_format *format,
		    struct xs_image_out *out);
void xs_image_out_fini(struct xs_image_out *out);

#endif
