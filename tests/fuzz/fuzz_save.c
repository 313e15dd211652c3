/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes as a save image of libxc, libxl or xl. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "state/image.h"
#include "xsdump/savefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct save_record record;
	struct save_iter it;
	size_t at;
	int rc;

	if (!save_is(data, size))
		return 0;
	save_init(&it, data, size);
	do {
		at = it.next;
		rc = save_next(&it, &record);
		fuzz_require(it.next <= size, "beyond the end");
		fuzz_require(rc <= 0 || it.next > at, "no progress");
		fuzz_require(rc >= 0 || it.error, "no reason");
		if (rc <= 0)
			continue;
		fuzz_require(record.body >= data && record.body <= data + size,
			     "body elsewhere");
		fuzz_require(record.len <= (size_t)(data + size - record.body),
			     "body too long");
		fuzz_require(record.name && record.stream, "no name");
	} while (rc > 0);
	return 0;
}
