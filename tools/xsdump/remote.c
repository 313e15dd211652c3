/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client side of docs/protocol-extensions.md, over libxenstore as it is.
 *
 * A blob travels in pieces of base64 within one connection, which is what
 * struct xsd_remote is.
 */
#include "remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#include "base/base64.h"

#define PIECE_SIZE 2880
#define NUMBER_MAX 24

struct xsd_remote {
	struct xs_handle *handle;
};

/* Connects to the daemon of this host; -errno. */
int xsd_remote_open(struct xsd_remote **remotep)
{
	struct xsd_remote *remote = calloc(1, sizeof(*remote));
	int rc;

	if (!remote)
		return -ENOMEM;
	remote->handle = xs_open(0);
	if (!remote->handle) {
		rc = errno ? -errno : -EIO;
		free(remote);
		return rc;
	}
	*remotep = remote;
	return 0;
}

void xsd_remote_close(struct xsd_remote *remote)
{
	if (!remote)
		return;
	xs_close(remote->handle);
	free(remote);
}

/*
 * Sends a CONTROL command, args[0] and its arguments; the reply is to be
 * freed.  -errno as the daemon said.
 */
int xsd_remote_ask(struct xsd_remote *remote, const char *const *args, size_t n,
		   char **replyp)
{
	size_t len = 0, i;
	char *data, *p;
	int rc = 0;

	for (i = 1; i < n; i++)
		len += strlen(args[i]) + 1;
	p = data = malloc(len ? len : 1);
	if (!data)
		return -ENOMEM;
	for (i = 1; i < n; i++)
		p = stpcpy(p, args[i]) + 1;
	*replyp = xs_control_command(remote->handle, args[0], data,
				     (unsigned int)len);
	if (!*replyp)
		rc = errno ? -errno : -EIO;
	free(data);
	return rc;
}

/* The same where the reply says no more than that it worked. */
static int tell(struct xsd_remote *remote, const char *const *args, size_t n)
{
	char *reply;
	int rc = xsd_remote_ask(remote, args, n, &reply);

	if (rc)
		return rc;
	free(reply);
	return 0;
}

static int read_piece(struct xsd_remote *remote, uint8_t *blob, size_t len,
		      size_t at, size_t *np)
{
	char offset[NUMBER_MAX];
	const char *args[] = {"export", "read", offset};
	char *reply;
	int rc;

	snprintf(offset, sizeof(offset), "%zu", at);
	rc = xsd_remote_ask(remote, args, 3, &reply);
	if (rc)
		return rc;
	rc = xs_base64_decode(reply, strlen(reply), blob + at, len - at, np);
	free(reply);
	return rc ? -EPROTO : *np ? 0 : -EPROTO;
}

/* The domain's state as it is now, to be freed.  -errno. */
int xsd_remote_capture(struct xsd_remote *remote, unsigned int domid,
		       uint8_t **blobp, size_t *lenp)
{
	const char *end[] = {"export", "end"};
	char text[NUMBER_MAX];
	const char *begin[] = {"export", "begin", text};
	size_t len, at, n;
	uint8_t *blob;
	char *reply;
	int rc;

	snprintf(text, sizeof(text), "%u", domid);
	rc = xsd_remote_ask(remote, begin, 3, &reply);
	if (rc)
		return rc;
	len = strtoul(reply, NULL, 10);
	free(reply);
	blob = malloc(len ? len : 1);
	if (!blob)
		return -ENOMEM;
	for (at = 0; !rc && at < len; at += n)
		rc = read_piece(remote, blob, len, at, &n);
	if (!rc)
		rc = tell(remote, end, 2);
	if (rc) {
		free(blob);
		return rc;
	}
	*blobp = blob;
	*lenp = len;
	return 0;
}

static int send_blob(struct xsd_remote *remote, const uint8_t *blob, size_t len)
{
	char text[XS_BASE64_LEN(PIECE_SIZE) + 1], number[NUMBER_MAX];
	const char *begin[] = {"import", "begin", number};
	const char *write[] = {"import", "write", number, text};
	size_t at, n;
	int rc;

	snprintf(number, sizeof(number), "%zu", len);
	rc = tell(remote, begin, 3);
	for (at = 0; !rc && at < len; at += n) {
		n = len - at < PIECE_SIZE ? len - at : PIECE_SIZE;
		xs_base64_encode(blob + at, n, text);
		text[XS_BASE64_LEN(n)] = '\0';
		snprintf(number, sizeof(number), "%zu", at);
		rc = tell(remote, write, 4);
	}
	return rc;
}

/* "path=value" */
static int send_supply(struct xsd_remote *remote, const char *supply)
{
	const char *equals = strchr(supply, '=');
	char *path;
	int rc;

	if (!equals)
		return -EINVAL;
	path = strndup(supply, (size_t)(equals - supply));
	if (!path)
		return -ENOMEM;
	rc = tell(remote,
		  (const char *[]){"import", "supply", path, equals + 1}, 4);
	free(path);
	return rc;
}

/*
 * Imports a blob, or only checks whether that could be done.  supplies:
 * "path=value" for host-specific nodes.  *reportp, to be freed, is what the
 * daemon says; -ENOEXEC: that it cannot be done.
 */
int xsd_remote_inject(struct xsd_remote *remote, const uint8_t *blob,
		      size_t len, char *const *supplies, size_t n_supplies,
		      bool check_only, char **reportp)
{
	const char *commit[] = {"import", check_only ? "check" : "commit"};
	const char *end[] = {"import", "end"};
	const char *last;
	size_t i;
	int rc = send_blob(remote, blob, len);

	for (i = 0; !rc && i < n_supplies; i++)
		rc = send_supply(remote, supplies[i]);
	if (!rc)
		rc = xsd_remote_ask(remote, commit, 2, reportp);
	if (rc)
		return rc;
	tell(remote, end, 2);
	last = strrchr(*reportp, '\n');
	return strcmp(last ? last + 1 : *reportp, "ok") ? -ENOEXEC : 0;
}
