/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Least privilege: no capabilities, and a filter of system calls.  What the
 * filter lets through is in filter/generate.c, which made it.
 *
 * I1  Nothing is undone by exec: neither the filter nor the capabilities come
 *     back for a program that takes this one's place, be it root's or setuid.
 * I2  What is refused fails; it never kills.  The store has no second copy: a
 *     daemon that is killed takes the toolstack of the whole host with it, and
 *     a wrong guess in the lists must not do that.  A kernel that audits
 *     logs it.
 * I3  A process has one such filter, however many programs it has run: it
 *     answers a question nobody else asks, by which they know.
 */
#include "plat/linux/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "plat/linux/filter.h"

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

static const struct sock_filter instructions[] = {
#include "plat/linux/filter.inc"
};

static bool is_marked(void)
{
	return prctl((int)FILTER_MARK_OPTION, 0, 0, 0, 0) &&
	       errno == FILTER_MARK_ERRNO;
}

static int set_filter(void)
{
	struct sock_filter own[N_OF(instructions)];
	struct sock_fprog program = {N_OF(own), own};
	size_t i;

	memcpy(own, instructions, sizeof(own));
	for (i = 0; i < N_OF(own); i++) {
		if (own[i].k == FILTER_PID)
			own[i].k = (uint32_t)getpid();
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	/* Old kernels cannot log (I2) or spare a process that runs nobody's
	 * code the slow defence against its own speculation; all the same.
	 */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		    SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		    &program) &&
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		return -errno;
	return 0;
}

/* Without the bounding set exec gives none to root either. */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {
		{0}};
	unsigned long cap;

	/* Fails where this process could not use any: it is not root's. */
	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	return syscall(SYS_capset, &header, none) ? -errno : 0;
}

/*
 * Gives up what a running xenstored does not need, for this process and all
 * programs it will ever run.  May be called again.  At an error, a negative
 * errno value, part of it may be given up already.
 */
int xs_confine(void)
{
	int ret;

	if (is_marked())
		return 0;
	ret = drop_capabilities();
	return ret ? ret : set_filter();
}
