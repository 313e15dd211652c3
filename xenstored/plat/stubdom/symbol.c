/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of functions by address, for backtraces.  The table is made from the
 * linked image and linked behind it (mk/stubdom.mk): addresses in ascending
 * order, the names as consecutive strings in the same order.
 */
#include "plat/stubdom/internal.h"

#include <string.h>

extern const uint32_t xs_symbol_count;
extern const uint32_t xs_symbol_addresses[];
extern const char xs_symbol_names[];

/*
 * The function that the address is in, and how far; NULL: there is none.
 * Whatever is behind the last function is taken to be in it.
 */
const char *xs_symbol_find(uintptr_t address, uintptr_t *offsetp)
{
	const char *name = xs_symbol_names;
	uint32_t i;

	if (!xs_symbol_count || address < xs_symbol_addresses[0])
		return NULL;
	for (i = 1; i < xs_symbol_count; i++) {
		if (xs_symbol_addresses[i] > address)
			break;
		name += strlen(name) + 1;
	}
	*offsetp = address - xs_symbol_addresses[i - 1];
	return name;
}
