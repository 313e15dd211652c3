/* SPDX-License-Identifier: GPL-2.0-only */
/* Files: images, and the state while no domain has it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replace.h"
#include "state/crc32c.h"

#define SIZE_MAX_OF_FILE (1u << 30)

/* -1 and errno. */
int file_read(const char *path, struct bytes *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = 1;

	*bytes = (struct bytes){NULL, 0};
	if (fd < 0 || fstat(fd, &st))
		return -1;
	errno = EFBIG;
	if (S_ISREG(st.st_mode) && st.st_size <= SIZE_MAX_OF_FILE)
		bytes->data = malloc((size_t)st.st_size + 1);
	while (bytes->data && n > 0 && bytes->len < (size_t)st.st_size) {
		n = read(fd, (char *)bytes->data + bytes->len,
			 (size_t)st.st_size - bytes->len);
		if (n > 0)
			bytes->len += (size_t)n;
	}
	close(fd);
	return bytes->data && n >= 0 ? 0 : -1;
}

static int write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* All of it or nothing; what guests keep in xenstore is nobody else's. */
int file_save(const char *path, const struct facts *facts,
	      const struct bytes *state)
{
	struct facts head = *facts;
	char *fresh = NULL;
	int fd = -1, rc = -1;

	head.crc = xs_crc32c(0, state->data, state->len);
	if (asprintf(&fresh, "%s.new", path) >= 0) {
		unlink(fresh);
		fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			  S_IRUSR | S_IWUSR);
	}
	if (fd >= 0) {
		rc = write_all(fd, &head, sizeof(head)) ||
				     write_all(fd, state->data, state->len) ||
				     fsync(fd)
			     ? -1
			     : 0;
		rc = close(fd) || rc || rename(fresh, path) ? -1 : 0;
	}
	if (rc)
		say("the state cannot be kept in %s: %s", path,
		    strerror(errno));
	free(fresh);
	return rc;
}

static bool is_consoled(const struct consoled *c)
{
	return c->len <= sizeof(c->words) &&
	       (!c->len || !c->words[c->len - 1]) &&
	       memchr(c->path, 0, sizeof(c->path));
}

int file_load(const char *path, struct facts *facts, struct bytes *state)
{
	struct bytes all;

	if (file_read(path, &all) || all.len <= sizeof(*facts))
		return -1;
	memcpy(facts, all.data, sizeof(*facts));
	state->data = (char *)all.data + sizeof(*facts);
	state->len = all.len - sizeof(*facts);
	if (memcmp(facts->magic, FACTS_MAGIC, sizeof(facts->magic)) ||
	    !memchr(facts->note.cmdline, 0, sizeof(facts->note.cmdline)) ||
	    !is_consoled(&facts->consoled) ||
	    facts->crc != xs_crc32c(0, state->data, state->len))
		return -1;
	return 0;
}
