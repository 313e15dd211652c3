/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes the filter of system calls that confine.c loads: run when the daemon
 * is built, since libseccomp takes longer to work it out than the daemon takes
 * to start.  Standard output gets the instructions, as initialisers in C.
 *
 * I1  Nothing is undone by exec (confine.c, I1), so what another xenstored
 *     needs to start in this process is allowed.
 * I2  A refused call that this libseccomp knows fails with EPERM, one that it
 *     does not know with ENOSYS: the C library of a later program then takes
 *     the older call that does the same.
 * I3  One instruction holds FILTER_PID; the daemon puts its own number there.
 */
#define _GNU_SOURCE 1 /* CLONE_NEWNS */
#include <errno.h>
#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xen/xen.h>
#include <xen/sys/evtchn.h>
#include <xen/sys/gntdev.h>
#include <xen/sys/privcmd.h>

#include "plat/linux/filter.h"

/* Linux gets a handful of calls a year; I2 holds for so many. */
#define MAX_CALL    1024
#define NEWER_CALLS 64

#define N_OF(a)	    (sizeof(a) / sizeof((a)[0]))

#define NAMESPACES                                                 \
	((uint32_t)(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
		    CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
		    CLONE_NEWNET))

static const int allowed[] = {
	/* every request */
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(recvfrom),
	SCMP_SYS(sendmsg), SCMP_SYS(read), SCMP_SYS(write),
	/* its memory */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(mlock), SCMP_SYS(mlock2), SCMP_SYS(munlock), SCMP_SYS(msync),
	SCMP_SYS(membarrier), SCMP_SYS(mincore),
	/* its descriptors */
	SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
	SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(_llseek), SCMP_SYS(close),
	SCMP_SYS(close_range), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
	SCMP_SYS(fcntl), SCMP_SYS(fcntl64), SCMP_SYS(flock), SCMP_SYS(fstat),
	SCMP_SYS(fstat64), SCMP_SYS(fstatfs), SCMP_SYS(ftruncate),
	SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(fadvise64),
	SCMP_SYS(copy_file_range), SCMP_SYS(sendfile), SCMP_SYS(fallocate),
	SCMP_SYS(getdents), SCMP_SYS(getdents64), SCMP_SYS(pipe),
	SCMP_SYS(pipe2), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select),
	SCMP_SYS(pselect6), SCMP_SYS(epoll_create), SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl), SCMP_SYS(eventfd2), SCMP_SYS(signalfd4),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_gettime),
	/* files: state, log, pid, run directory, the next program's */
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(stat64),
	SCMP_SYS(lstat), SCMP_SYS(lstat64), SCMP_SYS(newfstatat),
	SCMP_SYS(fstatat64), SCMP_SYS(statx), SCMP_SYS(statfs),
	SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
	SCMP_SYS(chdir), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir),
	SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename),
	SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(umask),
	/* the socket, syslog, the service manager */
	SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept),
	SCMP_SYS(accept4), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(recvmsg),
	SCMP_SYS(sendto), SCMP_SYS(sendmmsg), SCMP_SYS(shutdown),
	/* the next program, on trial and for good (I1) */
	SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(execve), SCMP_SYS(wait4),
	SCMP_SYS(waitid), SCMP_SYS(setpgid), SCMP_SYS(setsid), SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	/* signals and time */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigpending),
	SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall), SCMP_SYS(pause), SCMP_SYS(alarm),
	SCMP_SYS(setitimer), SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64),
	SCMP_SYS(clock_getres), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times),
	/* who and where it is, and what the C library does for itself */
	SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid),
	SCMP_SYS(getpgrp), SCMP_SYS(getpgid), SCMP_SYS(getsid),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid),
	SCMP_SYS(getegid), SCMP_SYS(getresuid), SCMP_SYS(getresgid),
	SCMP_SYS(getgroups), SCMP_SYS(uname), SCMP_SYS(sysinfo),
	SCMP_SYS(getrusage), SCMP_SYS(getrlimit), SCMP_SYS(setrlimit),
	SCMP_SYS(ugetrlimit), SCMP_SYS(getrandom), SCMP_SYS(futex),
	SCMP_SYS(futex_time64), SCMP_SYS(set_robust_list),
	SCMP_SYS(set_tid_address), SCMP_SYS(rseq), SCMP_SYS(arch_prctl),
	SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	/* giving up more */
	SCMP_SYS(capget), SCMP_SYS(capset), SCMP_SYS(seccomp)};

/* What the libraries of 4.17 ask of the devices, and isatty(). */
static const uint32_t requests[] = {
	IOCTL_EVTCHN_BIND_VIRQ,
	IOCTL_EVTCHN_BIND_INTERDOMAIN,
	IOCTL_EVTCHN_UNBIND,
	IOCTL_EVTCHN_NOTIFY,
	IOCTL_GNTDEV_MAP_GRANT_REF,
	IOCTL_GNTDEV_UNMAP_GRANT_REF,
	IOCTL_GNTDEV_GET_OFFSET_FOR_VADDR,
	IOCTL_GNTDEV_SET_MAX_GRANTS,
	IOCTL_GNTDEV_SET_UNMAP_NOTIFY,
	IOCTL_PRIVCMD_HYPERCALL,
	TCGETS,
	FIONREAD,
	FIONBIO,
	FIOCLEX,
};

/* What concerns nobody else, and cannot make it stronger. */
static const uint32_t options[] = {
	PR_GET_SECCOMP,	     PR_SET_SECCOMP,  PR_SET_NO_NEW_PRIVS,
	PR_GET_NO_NEW_PRIVS, PR_SET_NAME,     PR_GET_NAME,
	PR_GET_DUMPABLE,     PR_CAPBSET_READ, PR_SET_PDEATHSIG,
};

/* An argument of a call as the kernel sees it: 32 bits of it. */
static struct scmp_arg_cmp has(unsigned int arg, uint32_t mask, uint32_t value)
{
	return (struct scmp_arg_cmp){arg, SCMP_CMP_MASKED_EQ, mask, value};
}

/* Calls that this architecture has not are left out. */
static int add(scmp_filter_ctx ctx, uint32_t action, int nr,
	       const struct scmp_arg_cmp *cmp)
{
	int ret = seccomp_rule_add_array(ctx, action, nr, cmp ? 1 : 0, cmp);

	return ret == -EDOM || ret == -EEXIST ? 0 : ret;
}

static int allow_if(scmp_filter_ctx ctx, int nr, unsigned int arg,
		    uint32_t mask, uint32_t value)
{
	const struct scmp_arg_cmp cmp = has(arg, mask, value);

	return add(ctx, SCMP_ACT_ALLOW, nr, &cmp);
}

static int allow_these(scmp_filter_ctx ctx, int nr, unsigned int arg,
		       const uint32_t *values, size_t n)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < n; i++)
		ret = allow_if(ctx, nr, arg, UINT32_MAX, values[i]);
	return ret;
}

/* Memory is for writing or for running. */
static int allow_memory(scmp_filter_ctx ctx)
{
	static const uint32_t prots[] = {0, PROT_WRITE, PROT_EXEC};
	int ret = 0;
	size_t i;

	for (i = 0; !ret && i < N_OF(prots); i++) {
		ret = allow_if(ctx, SCMP_SYS(mmap), 2, PROT_WRITE | PROT_EXEC,
			       prots[i]);
		if (!ret)
			ret = allow_if(ctx, SCMP_SYS(mmap2), 2,
				       PROT_WRITE | PROT_EXEC, prots[i]);
	}
	return ret ? ret : allow_if(ctx, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
}

static int allow_some(scmp_filter_ctx ctx)
{
	int ret = allow_memory(ctx);

	if (!ret)
		ret = allow_these(ctx, SCMP_SYS(ioctl), 1, requests,
				  N_OF(requests));
	if (!ret)
		ret = allow_these(ctx, SCMP_SYS(prctl), 0, options,
				  N_OF(options));
	if (!ret)
		ret = allow_if(ctx, SCMP_SYS(socket), 0, UINT32_MAX, AF_UNIX);
	if (!ret)
		ret = allow_if(ctx, SCMP_SYS(socketpair), 0, UINT32_MAX,
			       AF_UNIX);
	if (!ret)
		ret = allow_if(ctx, SCMP_SYS(clone), 0, NAMESPACES, 0);
	/* Its own limits; the trial's end; its own end by abort(). */
	if (!ret)
		ret = allow_if(ctx, SCMP_SYS(prlimit64), 0, UINT32_MAX, 0);
	if (!ret)
		ret = allow_if(ctx, SCMP_SYS(kill), 1, UINT32_MAX, SIGKILL);
	if (!ret)
		ret = allow_if(ctx, SCMP_SYS(tgkill), 0, UINT32_MAX,
			       FILTER_PID);
	return ret;
}

static int allow_all(scmp_filter_ctx ctx)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < N_OF(allowed); i++)
		ret = add(ctx, SCMP_ACT_ALLOW, allowed[i], NULL);
	return ret ? ret : allow_some(ctx);
}

/* I2.  clone3() has its arguments in memory, where no filter can see them. */
static int set_newer(scmp_filter_ctx ctx)
{
	const uint32_t action = SCMP_ACT_ERRNO(ENOSYS);
	int ret = add(ctx, action, SCMP_SYS(clone3), NULL);
	int last = MAX_CALL;
	int i;

	for (; last > 0; last--) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE,
							      last);
		if (name) {
			free(name);
			break;
		}
	}
	for (i = 1; !ret && i <= NEWER_CALLS; i++)
		ret = add(ctx, action, last + i, NULL);
	return ret;
}

static int set_mark(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp cmp = has(0, UINT32_MAX, FILTER_MARK_OPTION);

	return add(ctx, SCMP_ACT_ERRNO(FILTER_MARK_ERRNO), SCMP_SYS(prctl),
		   &cmp);
}

static int fill(scmp_filter_ctx ctx)
{
	int ret = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
				   SCMP_ACT_ERRNO(EPERM));

	/* A tree of comparisons, not a list. */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!ret)
		ret = allow_all(ctx);
	if (!ret)
		ret = set_newer(ctx);
	return ret ? ret : set_mark(ctx);
}

/* The library writes to descriptors only. */
static int export(scmp_filter_ctx ctx, FILE *file)
{
	int ret = seccomp_export_bpf(ctx, fileno(file));

	rewind(file);
	return ret;
}

static int print(FILE *file)
{
	struct sock_filter insn;
	int n_pids = 0;

	while (fread(&insn, sizeof(insn), 1, file) == 1) {
		printf("{0x%02x, %u, %u, 0x%08x},\n", insn.code, insn.jt,
		       insn.jf, insn.k);
		n_pids += insn.k == FILTER_PID;
	}
	if (ferror(file) || fflush(stdout))
		return -EIO;
	return n_pids == 1 ? 0 : -EINVAL; /* I3 */
}

int main(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	FILE *file = tmpfile();
	int ret = ctx && file ? fill(ctx) : -ENOMEM;

	if (!ret)
		ret = export(ctx, file);
	if (!ret)
		ret = print(file);
	if (ret)
		fprintf(stderr, "filter: %s\n", strerror(-ret));
	if (file)
		fclose(file);
	seccomp_release(ctx);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
