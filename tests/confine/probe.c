// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tries what a confined xenstored must not be able to do, and says what it
 * could.
 *
 *   probe [ANYTHING...]   tries with the rights it was started with
 *   probe --confine       first confines itself as the daemon does, then also
 *                         starts itself, which must not give anything back
 *
 * The last line, and the exit status, tell: "refused all N" and 1, or
 * "could: NAME..." and 2.  Never 0, so that a running daemon that was told to
 * update itself to this program tries it, as a child of its own, and says in
 * its answer what it printed.
 *
 * Each attempt is harmless where it is allowed: it is made in a child, which
 * ends after it, and with arguments that would not change anything.
 */
#define _GNU_SOURCE
#include "plat/linux/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xen/xen.h>
#include <xen/sys/privcmd.h>

#define PAGE 4096

/* What a child's exit status says. */
enum {
	DID,
	REFUSED,
	FAILED
};

/* A bad address or descriptor: the call gets past every check of rights. */
static void *nowhere(void)
{
	return (void *)(uintptr_t)1;
}

static long try_call(int which)
{
	static char text[] = "probe";

	switch (which) {
	case 0:
		return socket(AF_INET, SOCK_STREAM, 0);
	case 1:
		return socket(AF_NETLINK, SOCK_RAW, 0);
	case 2:
		return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	case 3:
		return syscall(SYS_process_vm_readv, getpid(), NULL, 0L, NULL,
			       0L, 0L);
	case 4:
		return mount("none", "/", nowhere(), 0, NULL);
	case 5:
		return umount2(nowhere(), 0);
	case 6:
		return syscall(SYS_unshare, 0);
	case 7:
		return syscall(SYS_setns, -1, 0);
	case 8:
		return syscall(SYS_clone, CLONE_NEWUSER, 0L, 0L, 0L, 0L);
	case 9:
		return syscall(SYS_clone3, nowhere(), 0L);
	case 10:
		return syscall(SYS_kexec_load, 0L, 0L, NULL, 0L);
	case 11:
		return syscall(SYS_init_module, nowhere(), 0L, "");
	case 12:
		return syscall(SYS_bpf, 0, NULL, 0);
	case 13:
		return syscall(SYS_perf_event_open, nowhere(), 0, 0, 0, 0L);
	case 14:
		return syscall(SYS_io_uring_setup, 1, nowhere());
	case 15:
		return syscall(SYS_keyctl, 0, 0, 0, 0, 0);
	case 16:
		return syscall(SYS_userfaultfd, -1);
	case 17:
		return syscall(SYS_execveat, -1, nowhere(), NULL, NULL, 0);
	case 18:
		return syscall(SYS_memfd_create, text, 0);
	case 19:
		return chroot("/");
	case 20:
		return setuid(getuid());
	case 21:
		return chmod(nowhere(), 0);
	case 22:
		return chown(nowhere(), (uid_t)-1, (gid_t)-1);
	case 23:
		return mknod(nowhere(), 0, 0);
	case 24:
		return symlink(nowhere(), nowhere());
	case 25:
		return link(nowhere(), nowhere());
	case 26:
		return kill(getpid(), SIGCONT);
	case 27:
		return ioctl(0, TIOCSTI, nowhere());
	case 28:
		return ioctl(-1, IOCTL_PRIVCMD_MMAPBATCH_V2, nowhere());
	case 29:
		return (long)mmap(NULL, PAGE,
				  PROT_READ | PROT_WRITE | PROT_EXEC,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	case 30:
		return mprotect(NULL, PAGE, PROT_READ | PROT_EXEC);
	case 31:
		return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	case 32:
		return syscall(SYS_prlimit64, getppid(), RLIMIT_CORE, NULL,
			       NULL);
	case 33:
		return syscall(SYS_swapon, nowhere(), 0);
	case 34:
		return syscall(SYS_settimeofday, nowhere(), NULL);
	}
	errno = 0;
	return -1;
}

static const char *const names[] = {
	"socket(AF_INET)",
	"socket(AF_NETLINK)",
	"ptrace",
	"process_vm_readv",
	"mount",
	"umount",
	"unshare",
	"setns",
	"clone(NEWUSER)",
	"clone3",
	"kexec_load",
	"init_module",
	"bpf",
	"perf_event_open",
	"io_uring_setup",
	"keyctl",
	"userfaultfd",
	"execveat",
	"memfd_create",
	"chroot",
	"setuid",
	"chmod",
	"chown",
	"mknod",
	"symlink",
	"link",
	"kill(SIGCONT)",
	"ioctl(TIOCSTI)",
	"ioctl(PRIVCMD_MMAPBATCH_V2)",
	"mmap(W|X)",
	"mprotect(X)",
	"prctl(KEEPCAPS)",
	"prlimit(other)",
	"swapon",
	"settimeofday",
};

#define N_CALLS ((int)(sizeof(names) / sizeof(names[0])))

/* EFAULT, EINVAL and the like: nobody refused it. */
static int attempt(int which)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return FAILED;
	if (!pid) {
		errno = 0;
		_exit(try_call(which) == -1 &&
				      (errno == EPERM || errno == ENOSYS)
			      ? REFUSED
			      : DID);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return FAILED;
	return WEXITSTATUS(status);
}

static bool has_capability(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	unsigned long cap;

	if (syscall(SYS_capget, &header, data) || data[0].permitted ||
	    data[1].permitted || data[0].inheritable || data[1].inheritable)
		return true;
	for (cap = 0; cap <= CAP_LAST_CAP; cap++) {
		if (!geteuid() && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) > 0)
			return true;
	}
	return false;
}

static void note(char *text, size_t len, const char *name)
{
	size_t used = strlen(text);

	snprintf(text + used, len - used, " %s", name);
}

static int try_all(void)
{
	char text[2048] = "could:";
	size_t empty = strlen(text);
	int i;

	for (i = 0; i < N_CALLS; i++) {
		if (attempt(i) != REFUSED)
			note(text, sizeof(text), names[i]);
	}
	if (has_capability())
		note(text, sizeof(text), "capabilities");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		note(text, sizeof(text), "new-privileges");
	if (text[empty]) {
		puts(text);
		return 2;
	}
	printf("refused all %d\n", N_CALLS + 2);
	return 1;
}

/* What the daemon goes on doing must not be in the way of the filter. */
static bool works(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int unix_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return fd >= 0 && unix_fd >= 0 && page != MAP_FAILED;
}

int main(int argc, char **argv)
{
	int ret;

	if (argc != 2 || strcmp(argv[1], "--confine"))
		return try_all();
	/* Twice: the second time nothing is left to do. */
	ret = xs_confine();
	if (!ret)
		ret = xs_confine();
	if (ret || !works()) {
		printf("cannot confine: %s\n", strerror(-ret));
		return 3;
	}
	ret = try_all();
	if (ret != 1)
		return ret;
	fflush(NULL);
	execl("/proc/self/exe", "probe", (char *)NULL);
	perror("exec");
	return 3;
}
