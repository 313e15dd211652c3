/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What such a domain has none of: sockets, files, programs in files.  The
 * daemon asks and is told so, as on a host where they cannot be had.
 */
#include "plat/plat.h"

#include <errno.h>

/* ---- Streams ---------------------------------------------------------- */

int plat_stream_accept(struct xs_plat *plat, int *streamp)
{
	(void)plat;
	(void)streamp;
	return -EAGAIN;
}

int plat_stream_adopt(struct xs_plat *plat, int stream)
{
	(void)plat;
	(void)stream;
	return -EBADF;
}

int plat_stream_watch(struct xs_plat *plat, int stream, bool readable,
		      bool writable, void *cookie)
{
	(void)plat;
	(void)stream;
	(void)readable;
	(void)writable;
	(void)cookie;
	return -EBADF;
}

int plat_stream_read(struct xs_plat *plat, int stream, void *buf, size_t len)
{
	(void)plat;
	(void)stream;
	(void)buf;
	(void)len;
	return -EBADF;
}

int plat_stream_write(struct xs_plat *plat, int stream,
		      const struct xs_iov *iov, size_t n_iov)
{
	(void)plat;
	(void)stream;
	(void)iov;
	(void)n_iov;
	return -EBADF;
}

void plat_stream_close(struct xs_plat *plat, int stream)
{
	(void)plat;
	(void)stream;
}

/* ---- Another program -------------------------------------------------- */

void plat_live_get(struct xs_plat *plat, struct xs_plat_live *live)
{
	(void)plat;
	*live = (struct xs_plat_live){.listener = -1, .event_channels = -1};
}

int plat_program_find(struct xs_plat *plat, const char *path)
{
	(void)plat;
	(void)path;
	return -ENOENT;
}

/* ---- Files ------------------------------------------------------------ */

/* Trace lines go to the console, whatever the name. */
int plat_log_file(struct xs_plat *plat, const char *path)
{
	(void)plat;
	(void)path;
	return -EROFS;
}

int plat_file_append(struct xs_plat *plat, const char *path, const void *data,
		     size_t len)
{
	(void)plat;
	(void)data;
	(void)len;
	return path ? -EROFS : -EBADF;
}
