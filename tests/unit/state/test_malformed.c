/* SPDX-License-Identifier: GPL-2.0-only */
/* Streams that break one rule each, by hand; and odd ones that break none. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "state/records.h"
#include "state/rules.h"
#include "unit/state/sample.h"

#define I(x) ((uint64_t)(x))

/* What all of them begin with, unless raw says otherwise. */
struct bad {
	const char *rule;
	enum xs_image_use use;
	void (*make)(struct raw *raw);
};

static void conn(struct raw *r, uint32_t id, uint32_t domid)
{
	raw_record(r, XS_RECORD_CONN, "422224224", I(id), I(0), I(0), I(domid),
		   I(0x7ff4), I(2), I(0), I(0), I(0));
}

static void sock(struct raw *r, uint32_t id, int32_t fd)
{
	raw_record(r, XS_RECORD_CONN, "42244224", I(id), I(1), I(0), I(fd),
		   I(0), I(0), I(0), I(0));
}

static void global(struct raw *r)
{
	raw_record(r, XS_RECORD_GLOBAL, "44", I(3), I(4));
}

static void node(struct raw *r, const char *path, uint32_t owner)
{
	raw_record(r, XS_RECORD_NODE, "442222112s", I(0), I(0),
		   I(strlen(path) + 1), I(0), I(0), I(1), I('n'), I(0),
		   I(owner), path);
}

static void watch(struct raw *r, uint32_t id, const char *path,
		  const char *token)
{
	raw_record(r, XS_RECORD_WATCH, "422ss", I(id), I(strlen(path) + 1),
		   I(strlen(token) + 1), path, token);
}

static void txn(struct raw *r, uint32_t id, uint32_t tx, uint32_t n)
{
	raw_record(r, XS_RECORD_TXN,
		   "448"
		   "88"
		   "44",
		   I(id), I(tx), I(5), I(1), I(2), I(0), I(n));
}

static void request(struct raw *r, uint32_t id, uint32_t tx, uint32_t kind,
		    int32_t rc, const char *path, const char *data)
{
	raw_record(r, XS_RECORD_REQUEST,
		   "44884"
		   "11244"
		   "tt",
		   I(id), I(tx), I(1), I(2), I(rc), I(kind), I(0),
		   I(strlen(path)), I(strlen(data)), I(0), path, data);
}

static void origin(struct raw *r, const char *text)
{
	raw_record(r, XS_RECORD_ORIGIN, "t", text);
}

static void conn_ext(struct raw *r, uint32_t id, uint32_t flags,
		     uint32_t reserved)
{
	raw_record(r, XS_RECORD_CONN_EXT, "44444488", I(id), I(flags), I(0),
		   I(0), I(0), I(reserved), I(0), I(0));
}

#define BAD(name, ...)                  \
	static void name(struct raw *r) \
	{                               \
		raw_begin(r, 2, false); \
		__VA_ARGS__             \
		raw_end(r);             \
	}

static void short_header(struct raw *r)
{
	raw_begin(r, 2, false);
	r->len = 15;
}

BAD(bad_ident, r->data[0] = 'X';)
BAD(bad_version, r->data[11] = 3;)
BAD(bad_flags, r->data[15] = 2;)

static void cut_header(struct raw *r)
{
	raw_begin(r, 2, false);
	raw_int(r, 5, 4);
}

static void too_long(struct raw *r)
{
	raw_begin(r, 2, false);
	raw_int(r, XS_RECORD_NODE, 4);
	raw_int(r, 4711 * 8, 4);
	raw_int(r, 0, 8);
}

static void huge_length(struct raw *r)
{
	raw_begin(r, 1, false);
	raw_int(r, XS_RECORD_NODE, 4);
	raw_int(r, 0xfffffff8, 4);
}

static void odd_length(struct raw *r)
{
	raw_begin(r, 2, false);
	raw_int(r, XS_RECORD_NODE, 4);
	raw_int(r, 9, 4);
	raw_int(r, 0, 8);
	raw_int(r, 0, 8);
}

static void no_end(struct raw *r)
{
	raw_begin(r, 2, false);
	global(r);
}

BAD(too_much,
    raw_record(r, XS_RECORD_WATCH, "422ss8", I(1), I(3), I(2), "/a", "t", I(0));
    raw_record(r, 99, "88", I(0), I(0));)
BAD(twice_global, global(r); global(r);)
BAD(twice_quota, raw_record(r, XS_RECORD_GLOBAL_QUOTA, "22", I(0), I(0));
    raw_record(r, XS_RECORD_GLOBAL_QUOTA, "22", I(0), I(0));)
BAD(twice_global_ext,
    raw_record(r, XS_RECORD_GLOBAL_EXT, "844", I(1), I(1), I(0));
    raw_record(r, XS_RECORD_GLOBAL_EXT, "844", I(1), I(1), I(0));)
BAD(twice_origin, origin(r, "kind=whole\n"); origin(r, "kind=whole\n");)
BAD(reserved, conn(r, 1, 7); conn_ext(r, 1, 0, 1);)
BAD(dirty_padding, txn(r, 1, 1, 1); request(r, 1, 1, 0, 0, "/a", "");
    r->data[r->len - 1] = 1;)
BAD(full_end, raw_record(r, XS_RECORD_END, "8", I(0));)
BAD(short_global, raw_record(r, XS_RECORD_GLOBAL, "");)
BAD(long_global, raw_record(r, XS_RECORD_GLOBAL, "88", I(0), I(0));)
BAD(short_global_ext, raw_record(r, XS_RECORD_GLOBAL_EXT, "8", I(0));)
BAD(short_conn, raw_record(r, XS_RECORD_CONN, "88", I(1), I(0));)
BAD(bad_kind, raw_record(r, XS_RECORD_CONN, "4228224", I(1), I(2), I(0), I(0),
			 I(0), I(0), I(0));)
BAD(bad_fields, raw_record(r, XS_RECORD_CONN, "4228224", I(1), I(1), I(2), I(0),
			   I(0), I(0), I(0));)
BAD(in_too_long, raw_record(r, XS_RECORD_CONN, "4228224", I(1), I(1), I(0),
			    I(0), I(65535), I(0), I(0));)
BAD(out_too_long, raw_record(r, XS_RECORD_CONN, "4228224", I(1), I(1), I(0),
			     I(0), I(0), I(0), I(0xffffffff));)
BAD(no_unique_id, raw_record(r, XS_RECORD_CONN, "4228224", I(1), I(1), I(1),
			     I(0), I(0), I(0), I(0));)
BAD(orphan_ext, conn_ext(r, 1, 0, 0);)
BAD(other_ext, conn(r, 1, 7); conn(r, 2, 8); conn_ext(r, 1, 0, 0);)
BAD(twice_ext, conn(r, 1, 7); conn_ext(r, 1, 0, 0); conn_ext(r, 1, 0, 0);)
BAD(short_ext, conn(r, 1, 7); raw_record(r, XS_RECORD_CONN_EXT, "8", I(1));)
BAD(ext_flags, conn(r, 1, 7); conn_ext(r, 1, 8, 0);)
BAD(short_watch, raw_record(r, XS_RECORD_WATCH, "");)
BAD(watch_too_long,
    raw_record(r, XS_RECORD_WATCH, "422ss", I(1), I(300), I(2), "/a", "t");)
BAD(token_too_long,
    raw_record(r, XS_RECORD_WATCH, "422ss", I(1), I(3), I(300), "/a", "t");)
BAD(watch_no_nul,
    raw_record(r, XS_RECORD_WATCH, "422tt", I(1), I(2), I(2), "/a", "to");)
BAD(watch_empty, raw_record(r, XS_RECORD_WATCH, "422", I(1), I(0), I(0));)
BAD(token_with_nul,
    raw_record(r, XS_RECORD_WATCH, "422sss", I(1), I(3), I(4), "/a", "t", "u");)
BAD(short_watch_ext, raw_record(r, XS_RECORD_WATCH_EXT, "");)
BAD(watch_ext_too_long, raw_record(r, XS_RECORD_WATCH_EXT, "42222ss", I(1),
				   I(300), I(2), I(1), I(0), "/a", "t");)
BAD(watch_ext_layout, raw_record(r, XS_RECORD_WATCH_EXT, "42228ss", I(1), I(3),
				 I(2), I(1), I(0), "/a", "t");)
BAD(short_node, raw_record(r, XS_RECORD_NODE, "8", I(0));)
BAD(many_perms, raw_record(r, XS_RECORD_NODE, "442222", I(0), I(0), I(2), I(0),
			   I(0), I(65535));)
BAD(path_too_long,
    raw_record(r, XS_RECORD_NODE, "442222112s", I(0), I(0), I(4711), I(0), I(0),
	       I(1), I('n'), I(0), I(0), "/a");)
BAD(value_too_long,
    raw_record(r, XS_RECORD_NODE, "442222112s", I(0), I(0), I(3), I(65535),
	       I(0), I(1), I('n'), I(0), I(0), "/a");)
BAD(path_no_nul, raw_record(r, XS_RECORD_NODE, "442222112s", I(0), I(0), I(2),
			    I(0), I(0), I(1), I('n'), I(0), I(0), "/a");)
BAD(bad_letter, raw_record(r, XS_RECORD_NODE, "442222112s", I(0), I(0), I(3),
			   I(0), I(0), I(1), I('x'), I(0), I(0), "/a");)
BAD(perm_flags, raw_record(r, XS_RECORD_NODE, "442222112s", I(0), I(0), I(3),
			   I(0), I(0), I(1), I('n'), I(2), I(0), "/a");)
BAD(no_owner, raw_record(r, XS_RECORD_NODE, "442222s", I(0), I(0), I(3), I(0),
			 I(0), I(0), "/a");)
BAD(short_quota, raw_record(r, XS_RECORD_GLOBAL_QUOTA, "");)
BAD(many_quotas, raw_record(r, XS_RECORD_GLOBAL_QUOTA, "224s", I(65535),
			    I(65535), I(1), "nodes");)
BAD(quota_no_name, raw_record(r, XS_RECORD_GLOBAL_QUOTA, "224t", I(1), I(0),
			      I(1), "12345678");)
BAD(short_domain, raw_record(r, XS_RECORD_DOMAIN, "");)
BAD(domain_quotas,
    raw_record(r, XS_RECORD_DOMAIN, "2244s", I(7), I(2), I(0), I(1), "a");)
BAD(short_bare, raw_record(r, XS_RECORD_TRANSACTION, "88", I(1), I(1));)
BAD(short_txn, raw_record(r, XS_RECORD_TXN, "8", I(1));)
BAD(txn_flags, raw_record(r, XS_RECORD_TXN, "4488844", I(1), I(1), I(5), I(1),
			  I(2), I(2), I(0));)
BAD(requests_missing, txn(r, 1, 1, 2); request(r, 1, 1, 0, 0, "/a", "");)
BAD(requests_never, txn(r, 1, 1, 0xffffffff);)
BAD(request_alone, request(r, 1, 1, 0, 0, "/a", "");)
BAD(request_other, txn(r, 1, 1, 1); request(r, 1, 2, 0, 0, "/a", "");)
BAD(short_request, txn(r, 1, 1, 1);
    raw_record(r, XS_RECORD_REQUEST, "8", I(1));)
BAD(request_path, txn(r, 1, 1, 1);
    raw_record(r, XS_RECORD_REQUEST, "4488411244", I(1), I(1), I(0), I(0), I(0),
	       I(0), I(0), I(1), I(0), I(0));)
BAD(request_data, txn(r, 1, 1, 1);
    raw_record(r, XS_RECORD_REQUEST, "4488411244", I(1), I(1), I(0), I(0), I(0),
	       I(0), I(0), I(0), I(0xffffffff), I(0));)
BAD(request_kind, txn(r, 1, 1, 1); request(r, 1, 1, 7, 0, "/a", "");)
BAD(origin_line, origin(r, "kind=whole\nnothing\n");)
BAD(origin_cut, origin(r, "kind=whole\nhost=a");)
BAD(origin_no_key, origin(r, "=whole\n");)
BAD(origin_kind, origin(r, "kind=half\n");)
BAD(origin_no_kind, origin(r, "host=a\n");)
BAD(origin_twice, origin(r, "kind=whole\nhost=a\nhost=b\n");)
BAD(origin_domid, origin(r, "kind=domain\ndomid=65536\n");)
BAD(origin_zero, origin(r, "kind=domain\ndomid=07\n");)
BAD(origin_time, origin(r, "kind=whole\ntime=99999999999999999999\n");)
BAD(origin_nul, raw_record(r, XS_RECORD_ORIGIN, "st", "kind=whole\n", "x");)
BAD(short_sum, raw_record(r, XS_RECORD_CHECKSUM, "88", I(0), I(0));)
BAD(wrong_sum, raw_record(r, XS_RECORD_CHECKSUM, "44", I(1), I(0));)

/* Those that only validation sees. */
BAD(no_global, conn(r, 1, 0);)
BAD(global_in_domain, origin(r, "kind=domain\ndomid=7\n"); global(r);
    conn(r, 1, 7);)
BAD(same_fds, raw_record(r, XS_RECORD_GLOBAL, "44", I(3), I(3));)
BAD(bad_fd, raw_record(r, XS_RECORD_GLOBAL, "44", I(-5), I(3));)
BAD(socket_fds, global(r); sock(r, 1, 9); sock(r, 2, 9);)
BAD(socket_no_fd, global(r); sock(r, 1, -1);)
BAD(socket_listens, global(r); sock(r, 1, 3);)
BAD(id_zero, conn(r, 0, 7);)
BAD(id_twice, conn(r, 1, 7); conn(r, 1, 8);)
BAD(domid_reserved, conn(r, 1, 0x7ff0);)
BAD(target_reserved, raw_record(r, XS_RECORD_CONN, "422224224", I(1), I(0),
				I(0), I(7), I(0x7ff1), I(2), I(0), I(0), I(0));)
BAD(two_rings, conn(r, 1, 7); conn(r, 2, 7);)
BAD(resp_too_long, raw_record(r, XS_RECORD_CONN, "4228224", I(1), I(1), I(0),
			      I(5), I(0), I(9), I(0));)
BAD(out_cut, raw_record(r, XS_RECORD_CONN, "42282248", I(1), I(1), I(0), I(5),
			I(0), I(0), I(8), I(0));)
BAD(out_payload, raw_record(r, XS_RECORD_CONN, "42282244444", I(1), I(1), I(0),
			    I(5), I(0), I(0), I(16), I(2), I(0), I(0), I(99));)
BAD(in_payload, raw_record(r, XS_RECORD_CONN, "42282244444", I(1), I(1), I(0),
			   I(5), I(16), I(0), I(0), I(2), I(0), I(0), I(4097));)
BAD(two_conns, origin(r, "kind=domain\ndomid=7\n"); conn(r, 1, 7);
    conn(r, 2, 8);)
BAD(no_conn, origin(r, "kind=domain\ndomid=7\n");)
BAD(socket_domain, origin(r, "kind=domain\ndomid=7\n"); sock(r, 1, 5);)
BAD(other_domain, origin(r, "kind=domain\ndomid=7\n"); conn(r, 1, 8);)
BAD(watch_unknown, watch(r, 1, "/a", "t");)
BAD(watch_path, conn(r, 1, 7); watch(r, 1, "/a//b", "t");)
BAD(watch_twice, conn(r, 1, 7); watch(r, 1, "a", "t");
    watch(r, 1, "/local/domain/7/a", "t");)
BAD(node_relative, node(r, "a", 0);)
BAD(node_slash, node(r, "/a/", 0);)
BAD(node_char, node(r, "/a b", 0);)
BAD(node_at, node(r, "@", 0);)
BAD(node_twice, node(r, "/a", 0); node(r, "/a", 0);)
BAD(child_first, node(r, "/a/b", 0); node(r, "/a", 0);)
BAD(no_parent, global(r); conn(r, 1, 0); node(r, "/", 0); node(r, "/a/b", 0);)
BAD(owner_reserved, node(r, "/a", 0x7ff6);)
BAD(quota_nameless,
    raw_record(r, XS_RECORD_GLOBAL_QUOTA, "224s", I(1), I(0), I(1), "");)
BAD(quota_twice, raw_record(r, XS_RECORD_GLOBAL_QUOTA, "2244ss", I(0), I(2),
			    I(1), I(1), "a", "a");)
BAD(quota_both, raw_record(r, XS_RECORD_GLOBAL_QUOTA, "22444sss", I(1), I(2),
			   I(1), I(1), I(1), "a", "b", "b");)
BAD(domain_twice, raw_record(r, XS_RECORD_DOMAIN, "224", I(7), I(0), I(0));
    raw_record(r, XS_RECORD_DOMAIN, "224", I(7), I(0), I(0));)
BAD(domain_reserved,
    raw_record(r, XS_RECORD_DOMAIN, "224", I(0x7ff5), I(0), I(0));)
BAD(domain_quota_twice, raw_record(r, XS_RECORD_DOMAIN, "22444ss", I(7), I(2),
				   I(0), I(1), I(1), "a", "a");)
BAD(foreign_domain, origin(r, "kind=domain\ndomid=7\n"); conn(r, 1, 7);
    raw_record(r, XS_RECORD_DOMAIN, "224", I(8), I(0), I(0));)
BAD(txn_unknown, txn(r, 1, 1, 0);)
BAD(txn_zero, conn(r, 1, 7); txn(r, 1, 0, 0);)
BAD(txn_twice, conn(r, 1, 7); txn(r, 1, 3, 0);
    raw_record(r, XS_RECORD_TRANSACTION, "44", I(1), I(3));)
BAD(request_relative, conn(r, 1, 7); txn(r, 1, 1, 1);
    request(r, 1, 1, 0, 0, "a", "");)
BAD(read_with_data, conn(r, 1, 7); txn(r, 1, 1, 1);
    request(r, 1, 1, XS_IMAGE_R_READ, 0, "/a", "x");)
BAD(perms_no_nul, conn(r, 1, 7); txn(r, 1, 1, 1);
    request(r, 1, 1, XS_IMAGE_R_SET_PERMS, 0, "/a", "n7");)
BAD(perms_empty, conn(r, 1, 7); txn(r, 1, 1, 1);
    request(r, 1, 1, XS_IMAGE_R_SET_PERMS, 0, "/a", "");)
BAD(result_positive, conn(r, 1, 7); txn(r, 1, 1, 1);
    request(r, 1, 1, 0, 5, "/a", "");)
BAD(not_domain, conn(r, 1, 7);)
BAD(domain_as_whole, origin(r, "kind=domain\ndomid=7\n"); global(r);)
BAD(origin_reserved, origin(r, "kind=domain\ndomid=32760\n");)
BAD(unsummed, origin(r, "kind=domain\ndomid=7\n"); conn(r, 1, 7);)
BAD(no_dom0, global(r); conn(r, 1, 7);)
BAD(owner_unknown, global(r); conn(r, 1, 0); node(r, "/", 0); node(r, "/a", 7);)

#define ANY	XS_IMAGE_USE_ANY
#define DOMAIN	XS_IMAGE_USE_DOMAIN
#define UPDATE	XS_IMAGE_USE_LIVE_UPDATE
#define FOR_417 XS_IMAGE_USE_417

static const struct bad bads[] = {
	{"H-1", ANY, short_header},
	{"H-2", ANY, bad_ident},
	{"H-3", ANY, bad_version},
	{"H-4", ANY, bad_flags},
	{"R-1", ANY, cut_header},
	{"R-2", ANY, too_long},
	{"R-2", ANY, huge_length},
	{"R-3", ANY, odd_length},
	{"E-1", ANY, no_end},
	{"R-4", ANY, too_much},
	{"R-5", ANY, twice_global},
	{"R-5", ANY, twice_quota},
	{"R-5", ANY, twice_global_ext},
	{"R-5", ANY, twice_origin},
	{"R-6", ANY, reserved},
	{"R-6", ANY, dirty_padding},
	{"E-2", ANY, full_end},
	{"G-1", ANY, short_global},
	{"G-1", ANY, long_global},
	{"G-1", ANY, short_global_ext},
	{"C-1", ANY, short_conn},
	{"C-2", ANY, bad_kind},
	{"C-3", ANY, bad_fields},
	{"C-4", ANY, in_too_long},
	{"C-4", ANY, out_too_long},
	{"C-4", ANY, no_unique_id},
	{"C-5", ANY, orphan_ext},
	{"C-5", ANY, other_ext},
	{"C-5", ANY, twice_ext},
	{"C-6", ANY, short_ext},
	{"C-6", ANY, ext_flags},
	{"W-1", ANY, short_watch},
	{"W-2", ANY, watch_too_long},
	{"W-2", ANY, token_too_long},
	{"W-3", ANY, watch_no_nul},
	{"W-3", ANY, watch_empty},
	{"W-3", ANY, token_with_nul},
	{"W-1", ANY, short_watch_ext},
	{"W-2", ANY, watch_ext_too_long},
	{"W-3", ANY, watch_ext_layout},
	{"N-1", ANY, short_node},
	{"N-2", ANY, many_perms},
	{"N-3", ANY, path_too_long},
	{"N-4", ANY, value_too_long},
	{"N-5", ANY, path_no_nul},
	{"N-6", ANY, bad_letter},
	{"N-6", ANY, perm_flags},
	{"N-7", ANY, no_owner},
	{"Q-1", ANY, short_quota},
	{"Q-2", ANY, many_quotas},
	{"Q-2", ANY, quota_no_name},
	{"D-1", ANY, short_domain},
	{"D-2", ANY, domain_quotas},
	{"T-1", ANY, short_bare},
	{"T-1", ANY, short_txn},
	{"T-2", ANY, txn_flags},
	{"T-3", ANY, requests_missing},
	{"T-3", ANY, requests_never},
	{"T-4", ANY, request_alone},
	{"T-4", ANY, request_other},
	{"T-5", ANY, short_request},
	{"T-6", ANY, request_path},
	{"T-6", ANY, request_data},
	{"T-7", ANY, request_kind},
	{"P-1", ANY, origin_line},
	{"P-1", ANY, origin_cut},
	{"P-1", ANY, origin_no_key},
	{"P-2", ANY, origin_kind},
	{"P-2", ANY, origin_no_kind},
	{"P-3", ANY, origin_twice},
	{"P-3", ANY, origin_domid},
	{"P-3", ANY, origin_zero},
	{"P-3", ANY, origin_time},
	{"P-1", ANY, origin_nul},
	{"K-1", ANY, short_sum},
	{"K-2", ANY, wrong_sum},
	{"G-2", UPDATE, no_global},
	{"G-3", DOMAIN, global_in_domain},
	{"G-4", UPDATE, same_fds},
	{"G-4", UPDATE, bad_fd},
	{"G-4", UPDATE, socket_fds},
	{"G-4", UPDATE, socket_no_fd},
	{"G-4", UPDATE, socket_listens},
	{"C-7", ANY, id_zero},
	{"C-7", ANY, id_twice},
	{"C-8", ANY, domid_reserved},
	{"C-8", ANY, target_reserved},
	{"C-9", ANY, two_rings},
	{"C-10", ANY, resp_too_long},
	{"C-10", ANY, out_cut},
	{"C-10", ANY, out_payload},
	{"C-11", ANY, in_payload},
	{"C-12", DOMAIN, two_conns},
	{"C-12", DOMAIN, no_conn},
	{"C-12", DOMAIN, socket_domain},
	{"C-13", DOMAIN, other_domain},
	{"W-4", ANY, watch_unknown},
	{"W-5", ANY, watch_path},
	{"W-6", ANY, watch_twice},
	{"N-8", ANY, node_relative},
	{"N-8", ANY, node_slash},
	{"N-8", ANY, node_char},
	{"N-8", ANY, node_at},
	{"N-9", ANY, node_twice},
	{"N-10", ANY, child_first},
	{"N-11", UPDATE, no_parent},
	{"N-13", ANY, owner_reserved},
	{"Q-3", ANY, quota_nameless},
	{"Q-3", ANY, quota_twice},
	{"Q-3", ANY, quota_both},
	{"D-3", ANY, domain_twice},
	{"D-3", ANY, domain_reserved},
	{"D-4", ANY, domain_quota_twice},
	{"D-5", DOMAIN, foreign_domain},
	{"T-8", ANY, txn_unknown},
	{"T-9", ANY, txn_zero},
	{"T-9", ANY, txn_twice},
	{"T-10", ANY, request_relative},
	{"T-11", ANY, read_with_data},
	{"T-11", ANY, perms_no_nul},
	{"T-11", ANY, perms_empty},
	{"T-12", ANY, result_positive},
	{"P-4", DOMAIN, not_domain},
	{"P-4", ANY, origin_reserved},
	{"P-5", UPDATE, domain_as_whole},
	{"K-4", DOMAIN, unsummed},
	{"V-1", FOR_417, no_dom0},
	{"V-2", FOR_417, owner_unknown},
};

#define N_BADS ((int)(sizeof(bads) / sizeof(bads[0])))

struct heard {
	const char *rule;
	bool found;
	char last[XS_IMAGE_ERROR_TEXT];
};

static void listen_for(void *arg, const struct xs_image_error *err)
{
	struct heard *heard = arg;

	xs_image_error_format(err, heard->last);
	if (!strcmp(err->rule, heard->rule))
		heard->found = true;
}

START_TEST(is_refused)
{
	const struct bad *bad = &bads[_i];
	struct heard heard = {.rule = bad->rule};
	struct xs_image_error err;
	struct xs_image image;
	struct raw raw;
	int rc;

	bad->make(&raw);
	xs_image_init(&image, NULL);
	rc = xs_image_decode(&image, raw.data, raw.len, &err);
	if (rc) {
		ck_assert_int_eq(rc, -EINVAL);
		listen_for(&heard, &err);
	} else {
		rc = xs_image_validate(&image, bad->use, listen_for, &heard);
		ck_assert_int_eq(rc, 1);
	}
	ck_assert_msg(heard.found, "expected %s, got: %s", bad->rule,
		      heard.last);
	xs_image_fini(&image);
	/* Salvaging always ends, and what it leaves can be looked at. */
	xs_image_init(&image, NULL);
	xs_image_salvage(&image, raw.data, raw.len, listen_for, &heard);
	xs_image_validate(&image, bad->use, NULL, NULL);
	xs_image_fini(&image);
}
END_TEST

/* Every rule but those named here is broken by one of the above. */
START_TEST(all_rules)
{
	static const char elsewhere[] = " H-5 K-3 E-3 U-1 U-2 W-7 N-12 V-3 V-4 "
					"O-1 O-2 O-3 O-4 O-5 O-6 O-7 ";
	char text[16];
	int rule, i;

	for (rule = 0; rule < XS_RULE_COUNT; rule++) {
		const char *id = xs_rule_id((enum xs_rule)rule);

		snprintf(text, sizeof(text), " %s ", id);
		if (strstr(elsewhere, text))
			continue;
		for (i = 0; i < N_BADS && strcmp(bads[i].rule, id); i++)
			;
		ck_assert_msg(i < N_BADS, "nothing breaks rule %s", id);
	}
}
END_TEST

START_TEST(error_text)
{
	char text[XS_IMAGE_ERROR_TEXT];
	struct xs_image_error err;
	struct xs_image image;
	struct raw raw;

	path_too_long(&raw);
	xs_image_init(&image, NULL);
	ck_assert_int_eq(xs_image_decode(&image, raw.data, raw.len, &err),
			 -EINVAL);
	xs_image_error_format(&err, text);
	ck_assert_str_eq(text, "offset 0x10, record 1 (NODE_DATA): path-len "
			       "4711 exceeds the record (rule N-3)");
	xs_image_fini(&image);
}
END_TEST

static void decode(struct xs_image *image, const struct raw *raw)
{
	char text[XS_IMAGE_ERROR_TEXT] = "";
	struct xs_image_error err;
	int rc;

	xs_image_init(image, NULL);
	rc = xs_image_decode(image, raw->data, raw->len, &err);
	if (rc)
		xs_image_error_format(&err, text);
	ck_assert_msg(!rc, "%s", text);
}

static bool notes(const struct xs_image *image, enum xs_image_use use,
		  const char *rule)
{
	struct heard heard = {.rule = rule};

	ck_assert_int_ge(xs_image_validate(image, use, listen_for, &heard), 0);
	return heard.found;
}

/* What is tolerated: unknown records, a transaction's node, junk at the end. */
START_TEST(is_tolerated)
{
	struct xs_image_out out = {0};
	struct xs_image image, again;
	struct raw raw;

	raw_begin(&raw, 2, false);
	raw_record(&raw, 99, "8", I(1));
	raw_record(&raw, XS_RECORD_NODE, "442222112s", I(1), I(5), I(3), I(0),
		   I(2), I(1), I('n'), I(0), I(0), "/a");
	raw_end(&raw);
	raw_int(&raw, 0, 3);
	decode(&image, &raw);
	ck_assert_uint_eq(image.n_unknowns, 2);
	ck_assert_uint_eq(image.n_nodes, 0);
	ck_assert(notes(&image, ANY, "U-1"));
	ck_assert(notes(&image, ANY, "U-2"));
	ck_assert(notes(&image, ANY, "E-3"));
	ck_assert(notes(&image, UPDATE, "N-12"));
	ck_assert_int_eq(xs_image_encode(&image,
					 &(struct xs_image_format){
						 .version = 2, .unknown = true},
					 &out),
			 0);
	ck_assert_uint_eq(out.len, raw.len - 3);
	ck_assert_mem_eq(out.data, raw.data, out.len);
	xs_image_init(&again, NULL);
	xs_image_fini(&again);
	xs_image_out_fini(&out);
	xs_image_fini(&image);
}
END_TEST

START_TEST(nothing_follows_the_sum)
{
	const struct xs_image_format format = {.version = 2,
					       .extensions = true};
	struct xs_image_out out = {0};
	struct xs_image_error err;
	struct xs_image image;
	struct raw raw;

	xs_image_init(&image, NULL);
	ck_assert_int_eq(xs_image_encode(&image, &format, &out), 0);
	memcpy(raw.data, out.data, out.len);
	raw.len = out.len - 8;
	raw.big = false;
	global(&raw);
	raw_end(&raw);
	ck_assert_int_eq(xs_image_decode(&image, raw.data, raw.len, &err),
			 -EINVAL);
	ck_assert_str_eq(err.rule, "K-3");
	xs_image_out_fini(&out);
	xs_image_fini(&image);
}
END_TEST

/* A watch with depth in its three layouts; the last may be too short. */
START_TEST(watch_layouts)
{
	static const char letters[] = "abcdefghijklmnop";
	struct xs_image image;
	struct raw raw;
	char token[32];
	size_t n, declared, start;
	int layout;

	for (layout = 8; layout <= 12; layout += 2) {
		for (n = 1; n <= 16; n++) {
			snprintf(token, sizeof(token), "%.*s", (int)n, letters);
			raw_begin(&raw, 2, false);
			conn(&raw, 1, 7);
			raw_int(&raw, XS_RECORD_WATCH_EXT, 4);
			declared = (12 + 3 + n + 1 + 7) & ~7ul;
			raw_int(&raw, declared, 4);
			start = raw.len;
			raw_int(&raw, 1, 4);
			raw_int(&raw, 3, 2);
			raw_int(&raw, n + 1, 2);
			if (layout > 8)
				raw_int(&raw, 6, 2);
			if (layout > 10)
				raw_int(&raw, 0, 2);
			raw_text(&raw, "/a", 3);
			raw_text(&raw, token, n + 1);
			if (layout == 8) /* as long as it is, not as it says */
				raw.len =
					start + ((raw.len - start + 7) & ~7ul);
			else
				raw.len = start + declared;
			node(&raw, "/n", 0);
			raw_end(&raw);
			decode(&image, &raw);
			ck_assert_uint_eq(image.n_watches, 1);
			ck_assert_uint_eq(image.n_nodes, 1);
			ck_assert_uint_eq(image.watches[0].token.len, n);
			ck_assert_int_eq(image.watches[0].depth,
					 layout == 8 ? -1 : 6);
			ck_assert_int_eq(notes(&image, ANY, "W-7"),
					 layout == 8);
			xs_image_fini(&image);
		}
	}
}
END_TEST

START_TEST(notes_for_417)
{
	struct xs_image image;
	struct raw raw;

	raw_begin(&raw, 2, true);
	global(&raw);
	conn(&raw, 1, 0);
	txn(&raw, 1, 1, 0);
	node(&raw, "/", 0);
	raw_record(&raw, XS_RECORD_NODE, "442222112112s", I(0), I(0), I(3),
		   I(0), I(0), I(2), I('n'), I(0), I(0), I('r'), I(0), I(7),
		   "/a");
	raw_end(&raw);
	decode(&image, &raw);
	ck_assert(image.big_endian);
	ck_assert(notes(&image, FOR_417, "V-3"));
	ck_assert(notes(&image, FOR_417, "V-4"));
	ck_assert_int_eq(xs_image_validate(&image, FOR_417, NULL, NULL), 0);
	xs_image_fini(&image);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("state/malformed");
	TCase *tc = suite_case(suite, "malformed");

	tcase_add_loop_test(tc, is_refused, 0, N_BADS);
	tcase_add_test(tc, all_rules);
	tcase_add_test(tc, error_text);
	tcase_add_test(tc, is_tolerated);
	tcase_add_test(tc, nothing_follows_the_sum);
	tcase_add_test(tc, watch_layouts);
	tcase_add_test(tc, notes_for_417);
	return suite;
}
