/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes as a save image of libxc, libxl or xl, judged as xsdump does it:
 * the records, the states of stores in them, the context and the offer.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "xsdump/move.h"

static int judge(const uint8_t *data, size_t size, size_t piece,
		 unsigned int *n_wrongp)
{
	const struct xsd_options opts = {.salvage = data[size - 1] >> 7};
	struct xsd_move move;
	size_t at, n;
	int rc;

	fuzz_require(!xsd_move_begin(&move, "fuzz", &opts), "memory");
	move.silent = true;
	for (at = 0; at < size; at += n) {
		n = piece < size - at ? piece : size - at;
		xsd_move_feed(&move, data + at, n);
	}
	rc = xsd_move_end(&move, NULL);
	*n_wrongp = move.n_wrong;
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int n_whole, n_pieces;
	int whole, pieces;

	if (!size || !xcr_stream_is(data, size))
		return 0;
	whole = judge(data, size, size | 1, &n_whole);
	pieces = judge(data, size, data[size - 1] % 31 | 1, &n_pieces);
	fuzz_require(whole == pieces && n_whole == n_pieces,
		     "different in pieces");
	fuzz_require(!whole == !n_whole, "verdict");
	return 0;
}
