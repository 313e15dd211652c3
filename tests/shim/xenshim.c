// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pretended Xen for one xenstored process, loaded with LD_PRELOAD.
 *
 * It stands in for the few calls through which a xenstored (ours, Debian's
 * C daemon, Debian's oxenstored) talks to the hypervisor.  The whole machine
 * is a directory, $XENSHIM_DIR, that the test owns:
 *
 *   dom-N      exists = domain N exists.  Text "FLAGS HANDLE": FLAGS is "-"
 *              or some of S (shut down), C (crashed), D (dying), U (its
 *              grant cannot be mapped); HANDLE is 32 hex digits.  Domain 0
 *              always exists.
 *   ring-N     the 4096 byte xenstore page of domain N
 *   evtchn     FIFO, the daemon's event channel device: a test raises local
 *              port P by writing P as a native uint32_t
 *   ports,maps tables of bound ports and mapped pages, see xenshim.h
 *
 * As with Xen, a freshly bound interdomain port is raised once at once, a
 * remote port can be bound only once, and ports get the lowest free number.
 * Bound ports belong to the device's descriptor and so survive exec();
 * mappings do not.
 */
#define _GNU_SOURCE
#include "shim/xenshim.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define PAGE_LEN       4096
#define XENSTORE_GRANT 1   /* GNTTAB_RESERVED_XENSTORE */
#define DOM0_PORT      "1" /* no newline, as the kernel writes it */

struct xenevtchn_handle {
	int fd;
};

static int dummy_handle; /* what opaque libxc and gnttab handles point to */
static struct shim_port *ports;
static struct shim_map *maps;
static int kva_fd = -1;

/* ---- the directory ---------------------------------------------------- */

static void shim_path(char *buf, size_t len, const char *fmt, unsigned int n)
{
	const char *dir = getenv("XENSHIM_DIR");
	int used;

	if (!dir) {
		static const char msg[] = "xenshim: XENSHIM_DIR is not set\n";

		if (write(2, msg, sizeof(msg) - 1) < 0)
			abort();
		abort();
	}
	used = snprintf(buf, len, "%s/", dir);
	snprintf(buf + used, len - (size_t)used, "%s", fmt);
	if (strstr(fmt, "-%"))
		snprintf(strrchr(buf, '%'), 12, "%u", n);
}

static int raw_open(const char *path, int flags, mode_t mode)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static void *raw_mmap(void *addr, size_t len, int prot, int flags, int fd,
		      off_t off)
{
	return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, off);
}

static void *map_file(const char *name, unsigned int n, size_t len, bool make)
{
	char path[4096];
	void *p = MAP_FAILED;
	int fd;

	shim_path(path, sizeof(path), name, n);
	fd = raw_open(path, O_RDWR | O_CLOEXEC | (make ? O_CREAT : 0), 0600);
	if (fd < 0)
		return NULL;
	if (!make || !ftruncate(fd, (off_t)len))
		p = raw_mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			     0);
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static struct shim_port *get_ports(void)
{
	if (!ports)
		ports = map_file("ports", 0, SHIM_PORTS * sizeof(*ports), true);
	if (!ports)
		abort();
	return ports;
}

/* A new process image starts without mappings. */
static struct shim_map *get_maps(void)
{
	if (maps)
		return maps;
	maps = map_file("maps", 0, SHIM_MAPS * sizeof(*maps), true);
	if (!maps)
		abort();
	memset(maps, 0, SHIM_MAPS * sizeof(*maps));
	return maps;
}

static void note_map(unsigned int domid, void *addr)
{
	struct shim_map *m = get_maps();
	size_t i;

	for (i = 0; i < SHIM_MAPS; i++) {
		if (m[i].used)
			continue;
		m[i].domid = domid;
		m[i].addr = (uintptr_t)addr;
		m[i].used = 1;
		return;
	}
}

static void note_unmap(void *addr)
{
	size_t i;

	for (i = 0; maps && i < SHIM_MAPS; i++)
		if (maps[i].used && maps[i].addr == (uintptr_t)addr)
			maps[i].used = 0;
}

/* ---- domains ---------------------------------------------------------- */

struct shim_dom {
	unsigned int domid;
	bool shutdown, crashed, dying, unmappable;
	xen_domain_handle_t handle;
};

static bool read_dom(unsigned int domid, struct shim_dom *d)
{
	char path[4096], text[128], flags[16] = "-", hex[40] = "";
	unsigned int i, byte;
	ssize_t n;
	int fd;

	memset(d, 0, sizeof(*d));
	d->domid = domid;
	shim_path(path, sizeof(path), "dom-%", domid);
	fd = raw_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return domid == 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%15s %39s", flags, hex) < 1)
		return true;
	d->shutdown = strchr(flags, 'S') || strchr(flags, 'C');
	d->crashed = strchr(flags, 'C');
	d->dying = strchr(flags, 'D');
	d->unmappable = strchr(flags, 'U');
	for (i = 0;
	     i < sizeof(d->handle) && sscanf(hex + 2 * i, "%2x", &byte) == 1;
	     i++)
		d->handle[i] = (uint8_t)byte;
	return true;
}

/* The first domain with a number of at least *domid*. */
static bool next_dom(unsigned int domid, struct shim_dom *d)
{
	unsigned int best = ~0U, n;
	struct dirent *ent;
	char path[4096];
	DIR *dir;

	if (read_dom(domid, d))
		return true;
	shim_path(path, sizeof(path), ".", 0);
	dir = opendir(path);
	while (dir && (ent = readdir(dir)))
		if (sscanf(ent->d_name, "dom-%u", &n) == 1 && n >= domid &&
		    n < best)
			best = n;
	if (dir)
		closedir(dir);
	return best != ~0U && read_dom(best, d);
}

xc_interface *xc_interface_open(xentoollog_logger *logger,
				xentoollog_logger *dombuild, unsigned int flags)
{
	(void)logger;
	(void)dombuild;
	(void)flags;
	return (xc_interface *)&dummy_handle;
}

int xc_interface_close(xc_interface *xch)
{
	(void)xch;
	return 0;
}

int xc_domain_getinfo(xc_interface *xch, uint32_t first, unsigned int max,
		      xc_dominfo_t *info)
{
	struct shim_dom d;
	unsigned int n;

	(void)xch;
	for (n = 0; n < max && next_dom(first, &d); n++, first = d.domid + 1) {
		memset(&info[n], 0, sizeof(info[n]));
		info[n].domid = d.domid;
		info[n].shutdown = d.shutdown;
		info[n].crashed = d.crashed;
		info[n].dying = d.dying;
		memcpy(info[n].handle, d.handle, sizeof(d.handle));
	}
	if (!n) {
		errno = ESRCH;
		return max ? -1 : 0;
	}
	return (int)n;
}

static void fill_info(xc_domaininfo_t *info, const struct shim_dom *d)
{
	memset(info, 0, sizeof(*info));
	info->domain = (domid_t)d->domid;
	info->flags = (d->dying ? XEN_DOMINF_dying : 0) |
		      (d->shutdown ? XEN_DOMINF_shutdown : XEN_DOMINF_running);
	if (d->crashed)
		info->flags |= 3U << XEN_DOMINF_shutdownshift;
	memcpy(info->handle, d->handle, sizeof(d->handle));
}

int xc_domain_getinfolist(xc_interface *xch, uint32_t first, unsigned int max,
			  xc_domaininfo_t *info)
{
	struct shim_dom d;
	unsigned int n;

	(void)xch;
	for (n = 0; n < max && next_dom(first, &d); n++, first = d.domid + 1)
		fill_info(&info[n], &d);
	return (int)n;
}

/* The call of Xen 4.18 and later. */
int xc_domain_getinfo_single(xc_interface *xch, uint32_t domid,
			     xc_domaininfo_t *info);
int xc_domain_getinfo_single(xc_interface *xch, uint32_t domid,
			     xc_domaininfo_t *info)
{
	struct shim_dom d;

	(void)xch;
	if (!read_dom(domid, &d)) {
		errno = ESRCH;
		return -1;
	}
	if (info)
		fill_info(info, &d);
	return 0;
}

/* ---- ring pages ------------------------------------------------------- */

static void *map_ring(unsigned int domid)
{
	struct shim_dom d;
	void *p = NULL;

	if (read_dom(domid, &d) && !d.unmappable && !d.dying)
		p = map_file("ring-%", domid, PAGE_LEN, false);
	if (p)
		note_map(domid, p);
	else
		errno = EINVAL;
	return p;
}

void *xc_map_foreign_range(xc_interface *xch, uint32_t dom, int size, int prot,
			   unsigned long mfn)
{
	(void)xch;
	(void)size;
	(void)prot;
	(void)mfn;
	return map_ring(dom);
}

xengnttab_handle *xengnttab_open(xentoollog_logger *logger, unsigned int flags)
{
	(void)logger;
	(void)flags;
	return (xengnttab_handle *)&dummy_handle;
}

int xengnttab_close(xengnttab_handle *xgt)
{
	(void)xgt;
	return 0;
}

int xengnttab_set_max_grants(xengnttab_handle *xgt, uint32_t nr)
{
	(void)xgt;
	(void)nr;
	return 0;
}

void *xengnttab_map_grant_ref(xengnttab_handle *xgt, uint32_t domid,
			      uint32_t ref, int prot)
{
	(void)xgt;
	(void)prot;
	if (ref != XENSTORE_GRANT) {
		errno = EINVAL;
		return NULL;
	}
	return map_ring(domid);
}

int xengnttab_unmap(xengnttab_handle *xgt, void *addr, uint32_t count)
{
	(void)xgt;
	return munmap(addr, (size_t)count * PAGE_LEN);
}

int munmap(void *addr, size_t len)
{
	note_unmap(addr);
	return (int)syscall(SYS_munmap, addr, len);
}

/* Domain 0's page comes by mmap() of a file in /proc. */
void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	void *p = raw_mmap(addr, len, prot, flags, fd, off);

	if (p != MAP_FAILED && fd >= 0 && fd == kva_fd)
		note_map(0, p);
	return p;
}

void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t off)
{
	return mmap(addr, len, prot, flags, fd, off);
}

/* ---- /proc/xen -------------------------------------------------------- */

static int open_port_file(void)
{
	char path[4096];
	int fd;

	shim_path(path, sizeof(path), "xsd_port", 0);
	fd = raw_open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && (write(fd, DOM0_PORT, 1) != 1 || lseek(fd, 0, SEEK_SET)))
		abort();
	return fd;
}

static int shim_openat(int dir, const char *path, int flags, mode_t mode)
{
	char ring[4096];
	int fd;

	if (!strcmp(path, "/proc/xen/xsd_port"))
		return open_port_file();
	if (strcmp(path, "/proc/xen/xsd_kva")) {
		fd = (int)syscall(SYS_openat, dir, path, flags, mode);
		if (fd == kva_fd)
			kva_fd = -1;
		return fd;
	}
	shim_path(ring, sizeof(ring), "ring-%", 0);
	kva_fd = raw_open(ring, flags & ~O_CREAT, mode);
	return kva_fd;
}

#define MODE_ARG(flags, mode)                                                 \
	do {                                                                  \
		va_list ap;                                                   \
                                                                              \
		va_start(ap, flags);                                          \
		mode = (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(ap, mode_t) \
							 : 0;                 \
		va_end(ap);                                                   \
	} while (0)

int open(const char *path, int flags, ...)
{
	mode_t mode;

	MODE_ARG(flags, mode);
	return shim_openat(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	mode_t mode;

	MODE_ARG(flags, mode);
	return shim_openat(AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE_ARG(flags, mode);
	return shim_openat(dir, path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE_ARG(flags, mode);
	return shim_openat(dir, path, flags, mode);
}

typedef FILE *fopen_fn(const char *, const char *);

static FILE *shim_fopen(const char *sym, const char *path, const char *mode)
{
	fopen_fn *real;
	void *p;
	int fd;

	if (!strncmp(path, "/proc/xen/xsd_", 14)) {
		fd = shim_openat(AT_FDCWD, path, O_RDONLY, 0);
		return fd < 0 ? NULL : fdopen(fd, mode);
	}
	p = dlsym(RTLD_NEXT, sym);
	memcpy(&real, &p, sizeof(real));
	return real(path, mode);
}

FILE *fopen(const char *path, const char *mode)
{
	return shim_fopen("fopen", path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	return shim_fopen("fopen64", path, mode);
}

/* ---- event channels --------------------------------------------------- */

static void raise_port(int fd, evtchn_port_t port)
{
	uint32_t p = port;

	/* A full FIFO holds thousands of events: one more says nothing new. */
	if (write(fd, &p, sizeof(p)) != sizeof(p) && errno != EAGAIN)
		abort();
}

static int bind_port(enum shim_port_kind kind, uint32_t domid, uint32_t remote)
{
	struct shim_port *p = get_ports();
	unsigned int i;

	for (i = 1; i < SHIM_PORTS; i++) {
		if (p[i].kind == SHIM_FREE) {
			memset(&p[i], 0, sizeof(p[i]));
			p[i].domid = domid;
			p[i].remote = remote;
			p[i].kind = kind;
			return (int)i;
		}
	}
	errno = ENOSPC;
	return -1;
}

static bool is_bound(enum shim_port_kind kind, uint32_t domid, uint32_t remote)
{
	struct shim_port *p = get_ports();
	unsigned int i;

	for (i = 1; i < SHIM_PORTS; i++)
		if (p[i].kind == kind && p[i].domid == domid &&
		    p[i].remote == remote)
			return true;
	return false;
}

static struct shim_port *get_port(evtchn_port_t port)
{
	struct shim_port *p = get_ports();

	if (port && port < SHIM_PORTS && p[port].kind != SHIM_FREE)
		return &p[port];
	errno = EINVAL;
	return NULL;
}

xenevtchn_handle *xenevtchn_fdopen(xentoollog_logger *logger, int fd,
				   unsigned int flags)
{
	xenevtchn_handle *xce;

	(void)logger;
	if (flags & XENEVTCHN_NO_CLOEXEC) {
		errno = EINVAL;
		return NULL;
	}
	xce = malloc(sizeof(*xce));
	if (xce)
		xce->fd = fd;
	return xce;
}

xenevtchn_handle *xenevtchn_open(xentoollog_logger *logger, unsigned int flags)
{
	char path[4096];
	int fd;

	shim_path(path, sizeof(path), "evtchn", 0);
	if (mkfifo(path, 0600) && errno != EEXIST)
		return NULL;
	fd = raw_open(path,
		      O_RDWR | O_NONBLOCK |
			      (flags & XENEVTCHN_NO_CLOEXEC ? 0 : O_CLOEXEC),
		      0);
	if (fd < 0)
		return NULL;
	memset(get_ports(), 0, SHIM_PORTS * sizeof(*ports));
	return xenevtchn_fdopen(logger, fd, 0);
}

int xenevtchn_close(xenevtchn_handle *xce)
{
	if (!xce)
		return 0;
	memset(get_ports(), 0, SHIM_PORTS * sizeof(*ports));
	close(xce->fd);
	free(xce);
	return 0;
}

int xenevtchn_fd(xenevtchn_handle *xce)
{
	return xce->fd;
}

int xenevtchn_notify(xenevtchn_handle *xce, evtchn_port_t port)
{
	struct shim_port *p = get_port(port);

	(void)xce;
	if (!p)
		return -1;
	__atomic_add_fetch(&p->notified, 1, __ATOMIC_SEQ_CST);
	/* Wakes who waits for it; the real one is a system call as well. */
	syscall(SYS_futex, &p->notified, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *xce,
						     uint32_t domid,
						     evtchn_port_t remote)
{
	struct shim_dom d;
	int port;

	if (!read_dom(domid, &d)) {
		errno = ESRCH;
		return -1;
	}
	if (!remote || remote >= SHIM_PORTS ||
	    is_bound(SHIM_INTERDOMAIN, domid, remote)) {
		errno = EINVAL;
		return -1;
	}
	port = bind_port(SHIM_INTERDOMAIN, domid, remote);
	if (port > 0)
		raise_port(xce->fd, (evtchn_port_t)port);
	return port;
}

xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *xce,
					      unsigned int virq)
{
	(void)xce;
	if (is_bound(SHIM_VIRQ, 0, virq)) {
		errno = EEXIST;
		return -1;
	}
	return bind_port(SHIM_VIRQ, 0, virq);
}

int xenevtchn_unbind(xenevtchn_handle *xce, evtchn_port_t port)
{
	struct shim_port *p = get_port(port);

	(void)xce;
	if (!p)
		return -1;
	p->kind = SHIM_FREE;
	return 0;
}

/* The device is not blocking here: without an event the answer is EAGAIN. */
xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *xce)
{
	struct shim_port *p;
	uint32_t port;

	if (read(xce->fd, &port, sizeof(port)) != sizeof(port))
		return -1;
	p = get_port(port);
	if (p) {
		p->masked = 1;
		__atomic_add_fetch(&p->taken, 1, __ATOMIC_SEQ_CST);
	}
	return (xenevtchn_port_or_error_t)port;
}

int xenevtchn_unmask(xenevtchn_handle *xce, evtchn_port_t port)
{
	struct shim_port *p = get_port(port);

	(void)xce;
	if (!p)
		return -1;
	p->masked = 0;
	return 0;
}

/* ---- limits ----------------------------------------------------------- */

static int clamp_limit(__rlimit_resource_t res, const struct rlimit *want)
{
	struct rlimit now, set;

	if (getrlimit(res, &now))
		return -1;
	set.rlim_cur = want->rlim_cur;
	if (set.rlim_cur > now.rlim_max)
		set.rlim_cur = now.rlim_max;
	set.rlim_max = now.rlim_max;
	return (int)syscall(SYS_prlimit64, 0, (int)res, &set, NULL);
}

/* oxenstored insists on raising its hard limit, which containers forbid. */
int setrlimit(__rlimit_resource_t res, const struct rlimit *want)
{
	return clamp_limit(res, want);
}

int setrlimit64(__rlimit_resource_t res, const struct rlimit64 *want)
{
	struct rlimit lim = {want->rlim_cur, want->rlim_max};

	return clamp_limit(res, &lim);
}
