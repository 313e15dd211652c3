/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reader of streams: good ones of all kinds, and every rule of migration-
 * stream.md broken alone.  Whatever size the pieces have in which a stream
 * comes, the same is said of it.
 */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xcr/stream.h>

#include "unit/records/sample.h"
#include "unit/support/alloc.h"
#include "unit/support/suite.h"

#define STORE "xenstore and so on"
#define SAID  4096

/* What was said of a stream, in words. */
struct said {
	char records[SAID];
	char problems[SAID];
	unsigned int n_wrong;
	struct xcr_info info;
};

static void append(char *text, const char *more)
{
	snprintf(text + strlen(text), SAID - strlen(text), "%s ", more);
}

static void on_record(void *arg, const struct xcr_record *record)
{
	struct said *said = arg;
	char text[64];

	snprintf(text, sizeof(text), "%s.%s.%llu",
		 xcr_layer_name(record->layer), record->name,
		 (unsigned long long)record->length);
	append(said->records, text);
}

static void on_problem(void *arg, const struct xcr_problem *problem)
{
	struct said *said = arg;

	append(said->problems, problem->rule);
	ck_assert_ptr_nonnull(problem->text);
	if (!problem->is_note)
		said->n_wrong++;
}

static void read_it(const struct bytes *b, size_t piece, struct said *said)
{
	const struct xcr_ops ops = {on_record, on_problem, said};
	struct xcr_stream *stream = xcr_stream_new(&ops);
	size_t at, n;

	memset(said, 0, sizeof(*said));
	ck_assert_ptr_nonnull(stream);
	for (at = 0; at < b->len; at += n) {
		/* A copy of just that size: the sanitizer sees its end. */
		uint8_t *copy;

		n = piece < b->len - at ? piece : b->len - at;
		copy = malloc(n);
		memcpy(copy, b->data + at, n);
		xcr_stream_feed(stream, copy, n);
		free(copy);
	}
	ck_assert_uint_eq(xcr_stream_end(stream), said->n_wrong);
	said->info = *xcr_stream_info(stream);
	xcr_stream_free(stream);
}

static void expect(const struct bytes *b, const char *problems)
{
	static const size_t pieces[] = {1, 7, 8, 4096, 100000};
	struct said whole, said;
	size_t i;

	read_it(b, b->len, &whole);
	ck_assert_str_eq(whole.problems, problems);
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		read_it(b, pieces[i], &said);
		ck_assert_str_eq(said.problems, problems);
		ck_assert_str_eq(said.records, whole.records);
	}
}

static void make(struct bytes *b, struct stream_parts *parts)
{
	static struct sample sample;
	void *context;

	sample_fifo(&sample);
	ck_assert_int_eq(
		xcr_context_encode(&sample.d, &context, &parts->context_len),
		0);
	parts->context = context;
	parts->store = STORE;
	parts->store_len = strlen(STORE);
	memset(b, 0, sizeof(*b));
	sample_stream(b, parts);
	free(context);
}

#define XL_RECORDS "xl.CONFIGURATION.34 "
#define LIBXC_BEGIN                                          \
	"libxc.X86_CPUID_POLICY.24 libxc.X86_MSR_POLICY.16 " \
	"libxc.STATIC_DATA_END.0 libxc.PAGE_DATA.8224 "
#define LIBXC_REST                                                        \
	"libxc.X86_TSC_INFO.24 libxc.HVM_CONTEXT.11 libxc.HVM_PARAMS.24 " \
	"libxc.END.0 "
#define EMULATOR                                                     \
	"libxl.EMULATOR_XENSTORE_DATA.18 libxl.EMULATOR_CONTEXT.12 " \
	"libxl.END.0 "

START_TEST(test_good)
{
	struct stream_parts parts = {0};
	struct bytes b;
	struct said said;
	char want[SAID];

	make(&b, &parts);
	expect(&b, "");
	read_it(&b, b.len, &said);
	snprintf(want, sizeof(want),
		 XL_RECORDS "xl.OFFER.26 libxl.LIBXC_CONTEXT.0 " LIBXC_BEGIN
			    "libxc.GTM_CONTEXT.%zu " LIBXC_REST
			    "libxl.DOMAIN_XENSTORE_DATA.26 " EMULATOR,
		 parts.context_len);
	ck_assert_str_eq(said.records, want);
	ck_assert(said.info.transparent && said.info.has_xl);
	ck_assert_uint_eq(said.info.libxl_version, 3);
	ck_assert_uint_eq(said.info.libxc_version, 4);
	ck_assert_uint_eq(said.info.pages, 2);
	ck_assert_uint_eq(said.info.xen_minor, 17);
	ck_assert(xcr_stream_is(b.data, b.len));
	bytes_free(&b);
}
END_TEST

/* Co-operative ones, and each layer alone. */
START_TEST(test_good_others)
{
	static const struct stream_parts kinds[] = {
		{.cooperative = true},
		{.cooperative = true, .no_xl = true},
		{.cooperative = true, .no_libxl = true},
		{.no_xl = true},
		{.no_libxl = true},
	};
	struct stream_parts parts = kinds[_i];
	struct said said;
	struct bytes b;

	make(&b, &parts);
	ck_assert(xcr_stream_is(b.data, b.len));
	expect(&b, "");
	read_it(&b, b.len, &said);
	ck_assert(said.info.transparent == !parts.cooperative);
	ck_assert(said.info.has_xl == (!parts.no_xl && !parts.no_libxl));
	bytes_add(&b, "more", 4);
	expect(&b, "stream-tail ");
	bytes_free(&b);
}
END_TEST

/* -- what is there instead of the one record that is wrong */

static bool leave_out_msr(struct bytes *b, bool libxc, uint32_t type)
{
	(void)b;
	return libxc && type == 0x12;
}

static bool leave_out_context(struct bytes *b, bool libxc, uint32_t type)
{
	(void)b;
	return libxc && type == 0x13;
}

static bool leave_out_store(struct bytes *b, bool libxc, uint32_t type)
{
	(void)b;
	return !libxc && type == 0x07;
}

static bool leave_out_params(struct bytes *b, bool libxc, uint32_t type)
{
	(void)b;
	return libxc && type == 0x0a;
}

#define BEFORE(name, in_libxc, at, what)                             \
	static bool name(struct bytes *b, bool libxc, uint32_t type) \
	{                                                            \
		if (libxc == (in_libxc) && type == (at)) {           \
			what;                                        \
		}                                                    \
		return false;                                        \
	}
#define INSTEAD(name, in_libxc, at, what)                            \
	static bool name(struct bytes *b, bool libxc, uint32_t type) \
	{                                                            \
		if (libxc != (in_libxc) || type != (at))             \
			return false;                                \
		what;                                                \
		return true;                                         \
	}

static const uint8_t zero[64];

/* clang-format off */
BEFORE(tsc_early, true, 0x13, bytes_record(b, 0x08, zero, 24))
BEFORE(pages_late, true, 0x08, bytes_record(b, 0x01,
	"\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\xf0", 16))
BEFORE(pages_first, true, 0x10, bytes_record(b, 0x01,
	"\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\xf0", 16))
BEFORE(static_twice, true, 0x01, bytes_record(b, 0x10, "", 0))
BEFORE(params_twice, true, 0x00, bytes_record(b, 0x0a, zero, 8))
BEFORE(verify_twice, true, 0x13,
	bytes_record(b, 0x0d, "", 0); bytes_record(b, 0x0d, "", 0))
BEFORE(toolstack, true, 0x13, bytes_record(b, 0x0b, "", 0))
BEFORE(checkpoint, true, 0x13, bytes_record(b, 0x0e, "", 0))
BEFORE(coop_checkpoint, true, 0x08, bytes_record(b, 0x0e, "", 0))
BEFORE(pv_info, true, 0x01, bytes_record(b, 0x02, zero, 8))
BEFORE(unknown, true, 0x13, bytes_record(b, 0x20, "what", 4))
BEFORE(optional, true, 0x13, bytes_record(b, 0x80000020, "what", 4))
BEFORE(coop_context, true, 0x08, bytes_record(b, 0x13, zero, 32))
BEFORE(coop_store, false, 0x02, bytes_record(b, 0x07,
	"\1\0\0\0\0\0\0\0" STORE, 8 + strlen(STORE)))
BEFORE(store_twice, false, 0x02, bytes_record(b, 0x07,
	"\1\0\0\0\0\0\0\0" STORE, 8 + strlen(STORE)))
BEFORE(emulator_early, false, 0x07, bytes_record(b, 0x03, zero, 8))
BEFORE(emulator_order, false, 0x00, bytes_record(b, 0x02, zero, 8))
BEFORE(checkpoint_end, false, 0x00, bytes_record(b, 0x04, "", 0))
BEFORE(libxl_unknown, false, 0x00, bytes_record(b, 0x06, "", 0))
INSTEAD(tsc_short, true, 0x08, bytes_record(b, 0x08, zero, 16))
INSTEAD(end_full, true, 0x00, bytes_record(b, 0x00, zero, 8))
INSTEAD(cpuid_part, true, 0x11, bytes_record(b, 0x11, zero, 25))
INSTEAD(context_bad, true, 0x13, bytes_record(b, 0x13, zero, 64))
INSTEAD(context_empty, true, 0x13, bytes_record(b, 0x13, "", 0))
INSTEAD(params_count, true, 0x0a, bytes_record(b, 0x0a, zero, 24))
INSTEAD(padding, true, 0x09, bytes_int(b, 9, 4, false);
	bytes_int(b, 1, 4, false); bytes_int(b, UINT64_MAX, 8, false))
INSTEAD(kept_padding, false, 0x02, bytes_int(b, 2, 4, false);
	bytes_int(b, 9, 4, false); bytes_int(b, UINT64_MAX, 8, false);
	bytes_int(b, UINT64_MAX, 8, false))
INSTEAD(store_format, false, 0x07, bytes_record(b, 0x07,
	"\2\0\0\0\0\0\0\0" STORE, 8 + strlen(STORE)))
INSTEAD(store_reserved, false, 0x07, bytes_record(b, 0x07,
	"\1\0\0\0\0\0\0\1" STORE, 8 + strlen(STORE)))
INSTEAD(store_other, false, 0x07, bytes_record(b, 0x07,
	"\1\0\0\0\0\0\0\0xenhouse", 16))
INSTEAD(store_short, false, 0x07, bytes_record(b, 0x07, "\1\0\0\0", 4))
INSTEAD(pages_none, true, 0x01, bytes_record(b, 0x01, zero, 16))
INSTEAD(pages_reserved, true, 0x01, bytes_record(b, 0x01,
	"\1\0\0\0\1\0\0\0\1\0\0\0\0\0\0\xf0", 16))
INSTEAD(pages_type, true, 0x01, bytes_record(b, 0x01,
	"\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\x50", 16))
INSTEAD(pages_bits, true, 0x01, bytes_record(b, 0x01,
	"\1\0\0\0\0\0\0\0\1\0\0\0\0\0\x10\xf0", 16))
INSTEAD(pages_many, true, 0x01, bytes_record(b, 0x01,
	"\3\0\0\0\0\0\0\0\1\0\0\0\0\0\0\xf0", 16))
INSTEAD(pages_content, true, 0x01, bytes_record(b, 0x01,
	"\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16))
INSTEAD(pages_short, true, 0x01, bytes_record(b, 0x01, zero, 4))
INSTEAD(huge, true, 0x09, bytes_int(b, 9, 4, false);
	bytes_int(b, UINT32_MAX, 4, false))
/* clang-format on */

static const struct {
	const char *problems;
	struct stream_parts parts;
} broken[] = {
	{"record-order ", {.instead = leave_out_msr}},
	{"record-order ", {.instead = leave_out_context}},
	{"record-order ", {.instead = leave_out_params}},
	{"record-order record-order record-order ",
	 {.instead = leave_out_store}},
	{"record-order record-once ", {.instead = tsc_early}},
	{"record-order ", {.instead = pages_late}},
	{"record-order ", {.instead = pages_first}},
	{"record-once ", {.instead = static_twice}},
	{"record-once ", {.instead = params_twice}},
	{"record-once ", {.instead = verify_twice}},
	{"record-version ", {.instead = toolstack}},
	{"record-version checkpoint ", {.instead = checkpoint}},
	{"checkpoint ", {.instead = coop_checkpoint, .cooperative = true}},
	{"record-version ", {.instead = pv_info}},
	{"record-domain ", {.instead = pv_info, .cooperative = true}},
	{"record-type ", {.instead = unknown}},
	{"record-type ", {.instead = optional}},
	{"record-version context ",
	 {.instead = coop_context, .cooperative = true}},
	{"record-version ", {.instead = coop_store, .cooperative = true}},
	{"record-once ", {.instead = store_twice}},
	{"record-order record-order record-once ", {.instead = emulator_early}},
	{"record-once ", {.instead = emulator_order}},
	{"record-version ", {.instead = checkpoint_end}},
	{"record-type ", {.instead = libxl_unknown}},
	{"record-length ", {.instead = tsc_short}},
	{"record-length ", {.instead = end_full}},
	{"record-length ", {.instead = cpuid_part}},
	{"context ", {.instead = context_bad}},
	{"context ", {.instead = context_empty}},
	{"params ", {.instead = params_count}},
	{"record-padding ", {.instead = padding}},
	{"record-padding ", {.instead = kept_padding}},
	{"store-format ", {.instead = store_format}},
	{"store-reserved ", {.instead = store_reserved}},
	{"store-stream ", {.instead = store_other}},
	{"record-length ", {.instead = store_short}},
	{"pages-header pages-length ", {.instead = pages_none}},
	{"pages-header ", {.instead = pages_reserved}},
	{"pages-pfn ", {.instead = pages_type}},
	{"pages-pfn ", {.instead = pages_bits}},
	{"pages-length ", {.instead = pages_many}},
	{"pages-length ", {.instead = pages_content}},
	{"record-length ", {.instead = pages_short}},
	{"record-length stream-end ", {.instead = huge}},
	{"offer-text ", {.offer = "[]"}},
	{"offer-text ", {.offer = ""}},
	{"xl-flags ", {.xl_flags = 15}},
	{"xl-flags ", {.xl_flags = 1}},
	{"libxl-header ", {.libxl_version = 1}},
	{"libxl-header ", {.libxl_version = 4}},
	{"libxc-header ", {.libxc_version = 5}},
	{"libxc-header ", {.libxc_version = 1}},
};

START_TEST(test_broken)
{
	struct stream_parts parts = broken[_i].parts;
	struct bytes b;

	make(&b, &parts);
	expect(&b, broken[_i].problems);
	bytes_free(&b);
}
END_TEST

/* Bytes of headers, one by one. */
static const struct {
	const char *rule;
	size_t at;
	uint8_t value;
} bent[] = {
	{"xl-header ", 5, 'x'},
	{"xl-header ", 32, 5},
	{"xl-config stream-end ", 47, 0xff},
	{"offer-header ", 82, 'x'},
	{"offer-header ", 90, 2},
	{"offer-length stream-end ", 97, 0xff},
	{"libxl-header ", 124, 'l'},
	{"libxl-header ", 136, 0x80},
	{"little-endian ", 139, 1},
	{"libxc-header ", 148, 0},
	{"libxc-header ", 156, 'x'},
	{"libxc-header ", 170, 1},
	{"libxc-domain ", 172, 7},
	{"libxc-domain ", 176, 13},
	{"libxc-domain ", 178, 1},
};

START_TEST(test_bent)
{
	struct stream_parts parts = {0};
	struct said said;
	struct bytes b;

	make(&b, &parts);
	b.data[bent[_i].at] = bent[_i].value;
	read_it(&b, b.len, &said);
	ck_assert_msg(strstr(said.problems, bent[_i].rule) == said.problems,
		      "%d: %s", _i, said.problems);
	expect(&b, said.problems);
	bytes_free(&b);
}
END_TEST

/* Versions that are good each, and do not go together. */
START_TEST(test_agree)
{
	static const struct stream_parts kinds[] = {
		{.libxc_version = 3},
		{.libxl_version = 2},
		{.xl_flags = 3},
		{.cooperative = true, .libxc_version = 4},
		{.cooperative = true, .libxl_version = 3},
		{.cooperative = true, .no_xl = true, .libxc_version = 4},
	};
	struct stream_parts parts = kinds[_i];
	struct said said;
	struct bytes b;

	make(&b, &parts);
	read_it(&b, b.len, &said);
	ck_assert_msg(strstr(said.problems, "version-agree") ||
			      (parts.xl_flags &&
			       strstr(said.problems, "libxl-header")),
		      "%s", said.problems);
	bytes_free(&b);
}
END_TEST

/* However early a stream ends, it is noticed; nothing else is wrong. */
START_TEST(test_cut)
{
	struct stream_parts parts = {0};
	struct said said;
	struct bytes b, cut;

	make(&b, &parts);
	for (cut = b; cut.len;) {
		cut.len--;
		read_it(&cut, cut.len ? cut.len : 1, &said);
		ck_assert_str_eq(said.problems, "stream-end ");
	}
	bytes_free(&b);
}
END_TEST

/* No memory, at any point: it is said, and nothing is wrong besides. */
START_TEST(test_memory)
{
	const struct xcr_ops ops = {NULL, NULL, NULL};
	struct stream_parts parts = {0};
	struct xcr_stream *stream;
	unsigned int n, wrong;
	struct bytes b;
	size_t at;

	make(&b, &parts);
	for (n = 1;; n++) {
		alloc_fail_at(n);
		stream = xcr_stream_new(&ops);
		wrong = stream ? 0 : 1;
		for (at = 0; stream && at < b.len; at++)
			xcr_stream_feed(stream, b.data + at, 1);
		if (stream)
			wrong = xcr_stream_end(stream);
		xcr_stream_free(stream);
		if (!alloc_has_failed())
			break;
		ck_assert_uint_eq(wrong, 1);
	}
	alloc_fail_never();
	ck_assert_uint_eq(wrong, 0);
	ck_assert_uint_gt(n, 3);
	bytes_free(&b);
}
END_TEST

static bool is_tested(const char *name)
{
	char text[64];
	size_t i;

	snprintf(text, sizeof(text), "%s ", name);
	for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		if (strstr(broken[i].problems, text))
			return true;
	for (i = 0; i < sizeof(bent) / sizeof(bent[0]); i++)
		if (strstr(bent[i].rule, text))
			return true;
	/* By tests of their own. */
	return !strcmp(name, "stream-tail") || !strcmp(name, "version-agree") ||
	       !strcmp(name, "memory");
}

/* How many rule names PATTERN finds, from a line on; all must have a test. */
static unsigned int rules_in(const char *file, const char *after,
			     const char *pattern)
{
	FILE *in = fopen(file, "r");
	unsigned int n = 0;
	regmatch_t m[2];
	char line[512];
	regex_t re;

	ck_assert_msg(in, "%s: run this at the top", file);
	ck_assert_int_eq(regcomp(&re, pattern, REG_EXTENDED), 0);
	while (fgets(line, sizeof(line), in)) {
		if (after && !strncmp(line, after, strlen(after)))
			after = NULL;
		if (after || regexec(&re, line, 2, m, 0))
			continue;
		line[m[1].rm_eo] = '\0';
		ck_assert_msg(is_tested(line + m[1].rm_so), "%s: %s", file,
			      line + m[1].rm_so);
		n++;
	}
	regfree(&re);
	fclose(in);
	return n;
}

/* Specification, reader and tests name the same rules. */
START_TEST(test_all_rules)
{
	static const char *const sources[] = {
		"libxc-records/src/body.c",
		"libxc-records/src/headers.c",
		"libxc-records/src/stream.c",
	};
	unsigned int i, n = 0;

	for (i = 0; i < 3; i++)
		n += rules_in(sources[i], NULL, "\\(s, \"([a-z-]+)\",");
	ck_assert_uint_ge(n, 30);
	ck_assert_uint_eq(rules_in("docs/formats/migration-stream.md",
				   "| rule |", "^\\| `([a-z-]+)` \\| "),
			  30);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("records/stream");
	TCase *tc = suite_case(suite, "stream");

	tcase_add_test(tc, test_good);
	tcase_add_loop_test(tc, test_good_others, 0, 5);
	tcase_add_loop_test(tc, test_broken, 0,
			    sizeof(broken) / sizeof(broken[0]));
	tcase_add_loop_test(tc, test_bent, 0, sizeof(bent) / sizeof(bent[0]));
	tcase_add_loop_test(tc, test_agree, 0, 6);
	tcase_add_test(tc, test_cut);
	tcase_add_test(tc, test_memory);
	tcase_add_test(tc, test_all_rules);
	return suite;
}
