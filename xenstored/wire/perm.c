/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Permission entries as text. */
#include "wire/perm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char letters[] = "nrwb"; /* index: READ | WRITE */

/*
 * Reads a letter and a domid.  The number may have a base prefix and leading
 * blanks, as the existing daemons accept.  -EINVAL.
 */
int xs_perm_parse(const char *text, struct xs_perm *permp)
{
	const char *letter = text[0] ? strchr(letters, text[0]) : NULL;
	char *end;
	long domid;

	if (!letter)
		return -EINVAL;
	errno = 0;
	domid = strtol(text + 1, &end, 0);
	if (errno || end == text + 1 || *end || domid < 0 || domid > UINT16_MAX)
		return -EINVAL;
	permp->access = (uint8_t)(letter - letters);
	permp->flags = 0;
	permp->domid = (uint16_t)domid;
	return 0;
}

/* Writes the entry with its NUL; returns the length without it. */
size_t xs_perm_format(const struct xs_perm *perm, char text[XS_PERM_TEXT_MAX])
{
	return (size_t)snprintf(text, XS_PERM_TEXT_MAX, "%c%u",
				letters[perm->access & 3], perm->domid);
}
