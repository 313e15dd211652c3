/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages with the store rings: guests' through their grants, dom0's own
 * through xenfs.
 *
 * I1 master_page tells how a page was mapped, hence how it is unmapped.
 */
#include "plat/linux/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xengnttab.h>
#include <xen/grant_table.h>

#define XSD_KVA	  "/proc/xen/xsd_kva"
#define XSD_PORT  "/proc/xen/xsd_port"
#define RING_SIZE 4096
/* One per domain id there can be. */
#define MAX_RINGS 32752

/* Opens /dev/xen/gntdev. */
int xs_ring_open(struct xs_plat *plat)
{
	errno = 0;
	plat->gnttab = xengnttab_open(NULL, 0);
	if (!plat->gnttab)
		return xs_log_errno(plat, errno, "cannot open",
				    "/dev/xen/gntdev");
	/* Newer kernels have no such limit and refuse to set it. */
	(void)xengnttab_set_max_grants(plat->gnttab, MAX_RINGS);
	return 0;
}

/* Gives back the grant handle with every page still mapped. */
void xs_ring_close(struct xs_plat *plat)
{
	if (plat->master_page)
		munmap(plat->master_page, RING_SIZE);
	if (plat->gnttab)
		xengnttab_close(plat->gnttab);
}

/* See plat.h.  The page stays until plat_ring_unmap(). */
int plat_ring_map(struct xs_plat *plat, xs_domid_t domid, void **pagep)
{
	void *page;

	errno = 0;
	page = xengnttab_map_grant_ref(plat->gnttab, domid,
				       GNTTAB_RESERVED_XENSTORE,
				       PROT_READ | PROT_WRITE);
	if (!page)
		return errno ? -errno : -EINVAL;
	*pagep = page;
	return 0;
}

/* Takes back a page of either mapping function (I1). */
void plat_ring_unmap(struct xs_plat *plat, xs_domid_t domid, void *page)
{
	(void)domid;
	if (!page)
		return;
	if (page != plat->master_page) {
		xengnttab_unmap(plat->gnttab, page, 1);
		return;
	}
	munmap(page, RING_SIZE);
	plat->master_page = NULL;
}

/* The file holds a decimal number, perhaps with a newline. */
static int read_port(struct xs_plat *plat, uint32_t *portp)
{
	char text[24];
	unsigned long port;
	char *end;
	ssize_t n;
	int fd;

	fd = open(XSD_PORT, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return xs_log_errno(plat, errno, "cannot open", XSD_PORT);
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return xs_log_errno(plat, (int)-n, "cannot read", XSD_PORT);
	text[n] = '\0';
	errno = 0;
	port = strtoul(text, &end, 10);
	if (end == text || *(end + strspn(end, " \n")) || errno || !port ||
	    port > INT32_MAX)
		return xs_log_errno(plat, EINVAL, "no port number in",
				    XSD_PORT);
	*portp = (uint32_t)port;
	return 0;
}

/* See plat.h.  Says which file stood in the way. */
int plat_ring_map_master(struct xs_plat *plat, void **pagep,
			 uint32_t *remote_portp)
{
	void *page;
	int fd, err, ret;

	if (plat->master_page)
		return -EBUSY;
	ret = read_port(plat, remote_portp);
	if (ret)
		return ret;
	fd = open(XSD_KVA, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return xs_log_errno(plat, errno, "cannot open", XSD_KVA);
	page = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	err = errno;
	close(fd);
	if (page == MAP_FAILED)
		return xs_log_errno(plat, err, "cannot map", XSD_KVA);
	plat->master_page = page;
	*pagep = page;
	return 0;
}
