/* SPDX-License-Identifier: GPL-2.0-only */
/* A program for live-update that comes in pieces, as a stub domain gets it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit/main/rig.h"
#include "unit/support/suite.h"

/* What the fake platform answers to the trial of any program. */
#define TRIAL_FAILS	 "Error activating new binary."
#define BEGIN(size)	 "live-update\0-b\0" size
#define PIECE(len, data) "live-update\0-d\0" len "\0" data
/* A text with NULs in it, and the one behind it. */
#define SAYS(peer, text, answer) \
	peer_says(peer, XS_OP_CONTROL, text, sizeof(text), answer)

static struct rig *rig;
static struct peer dom0;

static void set_up(void)
{
	rig = calloc(1, sizeof(*rig));
	ck_assert_int_eq(rig_init(rig), 0);
	ck_assert(rig_run(rig));
	dom0 = peer_socket(rig);
}

static void tear_down(void)
{
	rig_fini(rig);
	free(rig);
}

static void check_program(const char *data, size_t len)
{
	size_t got;
	const char *program = fake_program(rig->plat, &got);

	ck_assert_uint_eq(got, len);
	if (len)
		ck_assert(!memcmp(program, data, len));
}

START_TEST(test_pieces)
{
	ck_assert(SAYS(&dom0, BEGIN("8"), "OK"));
	ck_assert(SAYS(&dom0, PIECE("4", "ab\0c"), "OK"));
	ck_assert(SAYS(&dom0, PIECE("3", "\0\0\0"), "OK"));
	ck_assert(SAYS(&dom0, PIECE("1", "z"), "OK"));
	check_program("ab\0c\0\0\0z", 8);
	ck_assert(SAYS(&dom0, "live-update\0-c\0-v", "OK"));
	ck_assert(SAYS(&dom0, "live-update\0-s", TRIAL_FAILS));
	/* The session is over. */
	ck_assert(SAYS(&dom0, PIECE("1", "z"), "Not in live-update session."));
}
END_TEST

START_TEST(test_malformed)
{
	ck_assert(SAYS(&dom0, BEGIN("x"), "EINVAL"));
	ck_assert(SAYS(&dom0, BEGIN("-1"), "EINVAL"));
	ck_assert(SAYS(&dom0, BEGIN("4"), "OK"));
	ck_assert(SAYS(&dom0, PIECE("2", "abc"), "EINVAL"));
	ck_assert(SAYS(&dom0, PIECE("4", "abc"), "EINVAL"));
	ck_assert(SAYS(&dom0, PIECE("x", "abc"), "EINVAL"));
	ck_assert(SAYS(&dom0, PIECE("4294967297", "a"), "EINVAL"));
	ck_assert(SAYS(&dom0, PIECE("", "a"), "EINVAL"));
	ck_assert(SAYS(&dom0, "live-update\0-d", "EINVAL"));
	ck_assert(SAYS(&dom0,
		       "live-update\0-d\0"
		       "1",
		       "EINVAL"));
	/* Without the NUL at the end. */
	ck_assert(peer_says(&dom0, XS_OP_CONTROL, PIECE("3", "abc"),
			    sizeof(PIECE("3", "abc")) - 1, "EINVAL"));
	ck_assert(SAYS(&dom0, PIECE("5", "abcde"), "EINVAL"));
	check_program("", 0);
	ck_assert(SAYS(&dom0, PIECE("4", "abcd"), "OK"));
	ck_assert(SAYS(&dom0, PIECE("1", "e"), "EINVAL"));
	check_program("abcd", 4);
}
END_TEST

START_TEST(test_session)
{
	struct peer other = peer_socket(rig);

	ck_assert(SAYS(&dom0, PIECE("1", "a"), "Not in live-update session."));
	ck_assert(SAYS(&dom0, BEGIN("4"), "OK"));
	ck_assert(SAYS(&other, BEGIN("4"),
		       "live-update session already active."));
	ck_assert(SAYS(&other, PIECE("1", "a"), "Not in live-update session."));
	check_program("", 0);
	ck_assert(SAYS(&other, "live-update\0-a", "OK"));
	ck_assert(SAYS(&other, BEGIN("1"), "OK"));
	ck_assert(SAYS(&other, PIECE("1", "b"), "OK"));
	check_program("b", 1);
}
END_TEST

START_TEST(test_no_room)
{
	fake_refuse_program(rig->plat, E2BIG);
	ck_assert(SAYS(&dom0, BEGIN("4"),
		       "There is no memory for a program of this size."));
	fake_refuse_program(rig->plat, EINVAL);
	ck_assert(SAYS(&dom0, BEGIN("4"), "EINVAL"));
	ck_assert(SAYS(&dom0, PIECE("1", "a"), "Not in live-update session."));
}
END_TEST

/* A guest is told as little as by any other command. */
START_TEST(test_guest)
{
	struct peer guest;

	fake_domain_create(rig->plat, 1);
	ck_assert(peer_introduce(&dom0, 1));
	guest = peer_guest(rig, 1);
	ck_assert(SAYS(&guest, BEGIN("4"), "EACCES"));
	ck_assert(SAYS(&dom0, BEGIN("4"), "OK"));
	ck_assert(SAYS(&guest, PIECE("1", "a"), "EACCES"));
	check_program("", 0);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("main/program");
	TCase *tc = suite_case(suite, "program");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, test_pieces);
	tcase_add_test(tc, test_malformed);
	tcase_add_test(tc, test_session);
	tcase_add_test(tc, test_no_room);
	tcase_add_test(tc, test_guest);
	return suite;
}
