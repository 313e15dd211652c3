/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sixteen bytes at a time: table[k][b] is what byte b becomes when k bytes of
 * zero follow it.  The tables live on the stack and are made anew for each
 * call, which takes some microseconds: a checksum is taken over megabytes, and
 * once, so that is cheaper than global state and 350 lines of numbers.
 */
#include "state/crc32c.h"

#define POLYNOMIAL 0x82f63b78u /* bits reversed */
#define STEP	   16

static void fill(uint32_t table[STEP][256])
{
	uint32_t b, c;
	int i;

	for (b = 0; b < 256; b++) {
		c = b;
		for (i = 0; i < 8; i++)
			c = c >> 1 ^ (POLYNOMIAL & (0u - (c & 1u)));
		table[0][b] = c;
	}
	for (i = 1; i < STEP; i++) {
		for (b = 0; b < 256; b++) {
			c = table[i - 1][b];
			table[i][b] = c >> 8 ^ table[0][c & 0xff];
		}
	}
}

static inline uint32_t load(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/* What four bytes become when so many others of the step follow them. */
static inline uint32_t four(uint32_t (*table)[256], uint32_t x, int behind)
{
	return table[behind + 3][x & 0xff] ^ table[behind + 2][x >> 8 & 0xff] ^
	       table[behind + 1][x >> 16 & 0xff] ^ table[behind][x >> 24];
}

/* Goes on from crc, 0 at the beginning. */
uint32_t xs_crc32c(uint32_t crc, const void *data, size_t len)
{
	uint32_t table[STEP][256];
	const uint8_t *p = data;

	fill(table);
	crc = ~crc;
	for (; len >= STEP; len -= STEP, p += STEP)
		crc = four(table, crc ^ load(p), 12) ^
		      four(table, load(p + 4), 8) ^
		      four(table, load(p + 8), 4) ^
		      four(table, load(p + 12), 0);
	for (; len; len--, p++)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
	return ~crc;
}
