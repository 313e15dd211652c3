/* SPDX-License-Identifier: GPL-2.0-only */
/* How much memory is left, which here is all the domain was given. */
#include "plat/plat.h"
#include "plat/stubdom/libc/pages.h"

/* See plat.h. */
unsigned int plat_memory_free(struct xs_plat *plat)
{
	(void)plat;
	return xs_pages_free_percent();
}
