/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Eight bytes at a time: table[k][b] is what byte b becomes when k bytes of
 * zero follow it.  The tables live on the stack and are made anew for each
 * call, which takes some microseconds: a checksum is taken over megabytes, and
 * once, so that is cheaper than global state and 350 lines of numbers.
 */
#include "state/crc32c.h"

#define POLYNOMIAL 0x82f63b78u /* bits reversed */

static void fill(uint32_t table[8][256])
{
	uint32_t b, c;
	int i;

	for (b = 0; b < 256; b++) {
		c = b;
		for (i = 0; i < 8; i++)
			c = c >> 1 ^ (POLYNOMIAL & (0u - (c & 1u)));
		table[0][b] = c;
	}
	for (i = 1; i < 8; i++) {
		for (b = 0; b < 256; b++) {
			c = table[i - 1][b];
			table[i][b] = c >> 8 ^ table[0][c & 0xff];
		}
	}
}

/* Goes on from crc, 0 at the beginning. */
uint32_t xs_crc32c(uint32_t crc, const void *data, size_t len)
{
	uint32_t table[8][256];
	const uint8_t *p = data;

	fill(table);
	crc = ~crc;
	for (; len >= 8; len -= 8, p += 8) {
		crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 |
		       (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
		crc = table[7][crc & 0xff] ^ table[6][crc >> 8 & 0xff] ^
		      table[5][crc >> 16 & 0xff] ^ table[4][crc >> 24] ^
		      table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^
		      table[0][p[7]];
	}
	for (; len; len--, p++)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
	return ~crc;
}
