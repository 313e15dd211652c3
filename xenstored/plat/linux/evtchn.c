/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event channels, through the public interface of libxenevtchn.
 *
 * I1 The descriptor is non-blocking, so that all signalled ports are fetched
 *    at one waking up.
 * I2 A port is unmasked before it is reported: what the domain does after that
 *    signals again, so nothing it put into its ring can be missed.
 */
#include "plat/linux/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <xenevtchn.h>
#include <xen/xen.h>

static int set_up(struct xs_plat *plat)
{
	int flags;

	if (!plat->evtchn)
		return xs_log_errno(plat, errno, "cannot open",
				    "/dev/xen/evtchn");
	plat->evtchn_fd = xenevtchn_fd(plat->evtchn);
	flags = fcntl(plat->evtchn_fd, F_GETFL);
	if (flags < 0 ||
	    fcntl(plat->evtchn_fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return xs_log_errno(plat, errno, "cannot set up",
				    "/dev/xen/evtchn");
	return xs_wait_add(plat, plat->evtchn_fd);
}

/* Opens /dev/xen/evtchn and has it waited for. */
int xs_evtchn_open(struct xs_plat *plat)
{
	errno = 0;
	plat->evtchn = xenevtchn_open(NULL, 0);
	return set_up(plat);
}

/*
 * Goes on with the device that another program had open in this process, and
 * with the ports bound there.
 */
int xs_evtchn_adopt(struct xs_plat *plat, int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0)
		return xs_log_errno(plat, errno, "cannot take over",
				    "/dev/xen/evtchn");
	errno = 0;
	plat->evtchn = xenevtchn_fdopen(NULL, fd, 0);
	return set_up(plat);
}

/* Unbinds everything at once. */
void xs_evtchn_close(struct xs_plat *plat)
{
	if (plat->evtchn)
		xenevtchn_close(plat->evtchn);
}

/*
 * Reports up to max signalled ports; returns their number or a negative errno
 * value when the device is broken.
 */
int xs_evtchn_drain(struct xs_plat *plat, struct xs_plat_event *events,
		    size_t max)
{
	size_t n;

	for (n = 0; n < max; n++) {
		xenevtchn_port_or_error_t port;

		errno = 0;
		port = xenevtchn_pending(plat->evtchn);
		if (port < 0) {
			/* 0: the library saw less than a whole number. */
			if (!errno || errno == EAGAIN || errno == EINTR)
				break;
			return xs_log_errno(plat, errno, "cannot read",
					    "/dev/xen/evtchn");
		}
		/* Fails for a port unbound meanwhile, which is all right. */
		xenevtchn_unmask(plat->evtchn, (evtchn_port_t)port);
		events[n] = (struct xs_plat_event){
			.kind = XS_PLAT_PORT,
			.port = (uint32_t)port,
		};
	}
	return (int)n;
}

static int bound(xenevtchn_port_or_error_t port, uint32_t *local_portp)
{
	if (port < 0)
		return errno ? -errno : -EINVAL;
	*local_portp = (uint32_t)port;
	return 0;
}

/* Binds a local port to the one a domain offers, until plat_port_unbind(). */
int plat_port_bind(struct xs_plat *plat, xs_domid_t domid, uint32_t remote_port,
		   uint32_t *local_portp)
{
	errno = 0;
	return bound(
		xenevtchn_bind_interdomain(plat->evtchn, domid, remote_port),
		local_portp);
}

/* See plat.h.  Xen lets one domain have it, once. */
int plat_port_bind_dom_exc(struct xs_plat *plat, uint32_t *local_portp)
{
	int ret;

	errno = 0;
	ret = bound(xenevtchn_bind_virq(plat->evtchn, VIRQ_DOM_EXC),
		    local_portp);
	return ret ? xs_log_errno(plat, -ret, "cannot bind", "VIRQ_DOM_EXC")
		   : 0;
}

/* The port's number may be given to another binding from now on. */
void plat_port_unbind(struct xs_plat *plat, uint32_t local_port)
{
	xenevtchn_unbind(plat->evtchn, local_port);
}

/* Wakes the other side; if it is gone, nobody is left to be told. */
void plat_port_notify(struct xs_plat *plat, uint32_t local_port)
{
	xenevtchn_notify(plat->evtchn, local_port);
}
