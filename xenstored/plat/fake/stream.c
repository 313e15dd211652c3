/* SPDX-License-Identifier: GPL-2.0-only */
/* Byte streams, waiting, and text out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plat/fake/internal.h"

/* ---- The clients' side ------------------------------------------------ */

struct stream *fake_client(struct xs_plat *plat, int client)
{
	if (client < 0 || (size_t)client >= plat->n_streams)
		abort();
	return &plat->streams[client];
}

int fake_connect(struct xs_plat *plat)
{
	struct stream *s = &plat->streams[plat->n_streams];

	if (plat->n_streams == MAX_STREAMS)
		abort();
	s->used = true;
	s->read_max = s->write_max = s->room = ALL_BYTES;
	return (int)plat->n_streams++;
}

void fake_send(struct xs_plat *plat, int client, const void *data, size_t len)
{
	fake_bytes_add(&fake_client(plat, client)->to_daemon, data, len);
}

size_t fake_unread(struct xs_plat *plat, int client)
{
	struct stream *s = fake_client(plat, client);

	return s->to_client.len - s->to_client.taken;
}

static size_t take(struct bytes *from, void *buf, size_t max)
{
	size_t n = from->len - from->taken;

	if (n > max)
		n = max;
	if (n)
		memcpy(buf, from->data + from->taken, n);
	from->taken += n;
	if (from->taken == from->len)
		from->taken = from->len = 0;
	return n;
}

size_t fake_recv(struct xs_plat *plat, int client, void *buf, size_t max)
{
	return take(&fake_client(plat, client)->to_client, buf, max);
}

void fake_shutdown_write(struct xs_plat *plat, int client)
{
	fake_client(plat, client)->eof = true;
}

void fake_hangup(struct xs_plat *plat, int client)
{
	struct stream *s = fake_client(plat, client);

	s->eof = s->hung_up = true;
}

bool fake_is_closed(struct xs_plat *plat, int client)
{
	return fake_client(plat, client)->closed;
}

void fake_stream_limits(struct xs_plat *plat, int client, size_t read_max,
			size_t write_max, size_t room)
{
	struct stream *s = fake_client(plat, client);

	s->read_max = read_max;
	s->write_max = write_max;
	s->room = room;
}

void fake_stream_error(struct xs_plat *plat, int client, int error)
{
	fake_client(plat, client)->error = error;
}

/* ---- The daemon's side ------------------------------------------------ */

static struct stream *next_waiting(struct xs_plat *plat)
{
	size_t i;

	for (i = 0; i < plat->n_streams; i++) {
		if (plat->streams[i].used && !plat->streams[i].accepted)
			return &plat->streams[i];
	}
	return NULL;
}

int plat_stream_accept(struct xs_plat *plat, int *streamp)
{
	int rc = fake_may_fail(plat, FAKE_ACCEPT);
	struct stream *s = next_waiting(plat);

	if (rc)
		return rc;
	if (!s)
		return -EAGAIN;
	s->accepted = true;
	*streamp = (int)(s - plat->streams);
	return 0;
}

static struct stream *open_stream(struct xs_plat *plat, int stream)
{
	struct stream *s = fake_client(plat, stream);

	if (!s->accepted || s->closed)
		abort(); /* the daemon uses what it has closed */
	return s;
}

int plat_stream_watch(struct xs_plat *plat, int stream, bool readable,
		      bool writable, void *cookie)
{
	struct stream *s = open_stream(plat, stream);
	int rc = fake_may_fail(plat, FAKE_WATCH);

	if (rc)
		return rc;
	s->watch_read = readable;
	s->watch_write = writable;
	s->cookie = cookie;
	return 0;
}

static bool has_bytes(const struct bytes *b)
{
	return b->len > b->taken;
}

int plat_stream_read(struct xs_plat *plat, int stream, void *buf, size_t len)
{
	struct stream *s = open_stream(plat, stream);
	int rc = fake_may_fail(plat, FAKE_READ);

	if (rc || s->error)
		return rc ? rc : -s->error;
	if (!has_bytes(&s->to_daemon))
		return s->eof ? 0 : -EAGAIN;
	if (!s->read_max)
		return -EAGAIN;
	return (int)take(&s->to_daemon, buf,
			 len < s->read_max ? len : s->read_max);
}

static size_t room_left(const struct stream *s)
{
	size_t n = s->to_client.len - s->to_client.taken;

	return n < s->room ? s->room - n : 0;
}

int plat_stream_write(struct xs_plat *plat, int stream,
		      const struct xs_iov *iov, size_t n_iov)
{
	struct stream *s = open_stream(plat, stream);
	int rc = fake_may_fail(plat, FAKE_WRITE);
	size_t room = room_left(s), done = 0, i;

	if (rc || s->error)
		return rc ? rc : -s->error;
	if (s->hung_up)
		return -EPIPE;
	if (room > s->write_max)
		room = s->write_max;
	if (!room)
		return -EAGAIN;
	for (i = 0; i < n_iov && done < room; i++) {
		size_t n = iov[i].len;

		if (n > room - done)
			n = room - done;
		fake_bytes_add(&s->to_client, iov[i].base, n);
		done += n;
	}
	return (int)done;
}

void plat_stream_close(struct xs_plat *plat, int stream)
{
	open_stream(plat, stream)->closed = true;
}

/* ---- Waiting ---------------------------------------------------------- */

void fake_quit(struct xs_plat *plat)
{
	plat->quit = true;
}

void fake_reopen(struct xs_plat *plat)
{
	plat->reopen = true;
}

struct events {
	struct xs_plat_event *at;
	size_t n, max;
};

static struct xs_plat_event *add(struct events *e, enum xs_plat_event_kind kind)
{
	struct xs_plat_event *event;

	if (e->n == e->max)
		return NULL;
	event = &e->at[e->n++];
	memset(event, 0, sizeof(*event));
	event->kind = kind;
	return event;
}

static void add_ports(struct xs_plat *plat, struct events *e)
{
	struct xs_plat_event *event;
	uint32_t i;

	for (i = 1; i < MAX_PORTS; i++) {
		struct port *p = &plat->ports[i];

		if (!p->bound || !p->pending)
			continue;
		event = add(e, XS_PLAT_PORT);
		if (!event)
			return;
		event->port = i;
		p->pending = false;
	}
}

static void add_streams(struct xs_plat *plat, struct events *e)
{
	struct xs_plat_event *event;
	bool readable, writable;
	size_t i;

	for (i = 0; i < plat->n_streams; i++) {
		struct stream *s = &plat->streams[i];

		if (!s->accepted || s->closed)
			continue;
		readable = s->watch_read &&
			   (has_bytes(&s->to_daemon) || s->eof || s->error);
		writable = s->watch_write &&
			   (room_left(s) || s->hung_up || s->error);
		if (!readable && !writable)
			continue;
		event = add(e, XS_PLAT_STREAM);
		if (!event)
			return;
		event->cookie = s->cookie;
		event->readable = readable;
		event->writable = writable;
	}
}

/* Never waits: time passes when the test says so. */
int plat_wait(struct xs_plat *plat, int timeout_ms,
	      struct xs_plat_event *events, size_t max)
{
	struct events e = {.at = events, .max = max};
	int rc = fake_may_fail(plat, FAKE_WAIT);

	(void)timeout_ms;
	if (rc)
		return rc;
	add_ports(plat, &e);
	if (next_waiting(plat))
		add(&e, XS_PLAT_ACCEPT);
	add_streams(plat, &e);
	if (plat->reopen && add(&e, XS_PLAT_REOPEN))
		plat->reopen = false;
	if (plat->quit && add(&e, XS_PLAT_QUIT))
		plat->quit = false;
	return (int)e.n;
}

/* ---- Text out --------------------------------------------------------- */

void plat_log(struct xs_plat *plat, enum xs_log_level level, const char *line)
{
	static const char *const names[] = {"error ", "warn ", "info ",
					    "trace "};

	fake_bytes_add(&plat->log, names[level], strlen(names[level]));
	fake_bytes_add(&plat->log, line, strlen(line));
	fake_bytes_add(&plat->log, "\n", 1);
}

const char *fake_log(struct xs_plat *plat)
{
	return plat->log.data ? plat->log.data : "";
}

void fake_log_clear(struct xs_plat *plat)
{
	fake_bytes_free(&plat->log);
}

int plat_log_file(struct xs_plat *plat, const char *path)
{
	int rc = fake_may_fail(plat, FAKE_LOG_FILE);

	if (rc)
		return rc;
	free(plat->trace_path);
	plat->trace_path = path ? fake_need(strdup(path)) : NULL;
	return 0;
}

const char *fake_trace_path(struct xs_plat *plat)
{
	return plat->trace_path;
}

static struct file *find_file(struct xs_plat *plat, const char *path)
{
	size_t i;

	for (i = 0; i < MAX_FILES; i++) {
		if (!plat->files[i].path || !strcmp(plat->files[i].path, path))
			return &plat->files[i];
	}
	return NULL;
}

int plat_file_append(struct xs_plat *plat, const char *path, const void *data,
		     size_t len)
{
	int rc = fake_may_fail(plat, FAKE_APPEND);
	struct file *f;

	if (rc)
		return rc;
	if (!path)
		path = plat->trace_path;
	if (!path)
		return -EBADF;
	f = find_file(plat, path);
	if (!f)
		return -ENOSPC;
	if (!f->path)
		f->path = fake_need(strdup(path));
	fake_bytes_add(&f->text, data, len);
	return 0;
}

const char *fake_file(struct xs_plat *plat, const char *path)
{
	struct file *f = find_file(plat, path);

	return f && f->path ? f->text.data : NULL;
}
