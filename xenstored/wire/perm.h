/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One permission entry and its text, such as "r7". */
#ifndef XS_WIRE_PERM_H
#define XS_WIRE_PERM_H

#include <stddef.h>
#include <stdint.h>

#define XS_PERM_NONE  0
#define XS_PERM_READ  1
#define XS_PERM_WRITE 2
#define XS_PERM_OWNER 4 /* only ever computed, never stored */
#define XS_PERM_ALL   (XS_PERM_READ | XS_PERM_WRITE | XS_PERM_OWNER)

/* The entry is shown but grants and denies nothing. */
#define XS_PERM_F_IGNORE 1

struct xs_perm {
	uint8_t access;
	uint8_t flags;
	uint16_t domid;
};

#define XS_PERM_TEXT_MAX 8 /* letter, five digits, NUL */

int xs_perm_parse(const char *text, struct xs_perm *permp);
size_t xs_perm_format(const struct xs_perm *perm, char text[XS_PERM_TEXT_MAX]);

#endif
