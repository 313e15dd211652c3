/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any bytes as a stream of xl, libxl or libxc.  Whatever the pieces are in
 * which it comes, the same is read and said.
 */
#include <stdlib.h>
#include <string.h>

#include <xcr/stream.h>

#include "fuzz/fuzz.h"

#define N_SAID	  4096
#define N_RECORDS 64

struct said {
	uint64_t hash;
	unsigned int n_wrong;
	uint64_t last; /* offset of the last record */
	size_t len;
	struct {
		uint64_t at, end;
	} records[N_RECORDS];
	unsigned int n_records;
};

static void mix(struct said *said, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--)
		said->hash = (said->hash ^ *p++) * 0x100000001b3;
}

static void on_record(void *arg, const struct xcr_record *record)
{
	struct said *said = arg;

	fuzz_require(record->name, "no name");
	fuzz_require(record->at >= record->offset && record->at <= said->len &&
			     record->length <= said->len - record->at,
		     "body elsewhere");
	fuzz_require(!said->last || record->offset > said->last, "no progress");
	said->last = record->offset;
	mix(said, &record->type, sizeof(record->type));
	mix(said, &record->offset, sizeof(record->offset));
	mix(said, &record->length, sizeof(record->length));
	if (record->body)
		mix(said, record->body, (size_t)record->length);
	if (said->n_records < N_RECORDS) {
		said->records[said->n_records].at = record->offset;
		said->records[said->n_records++].end =
			record->at + ((record->length + 7) & ~7ull);
	}
}

static void on_problem(void *arg, const struct xcr_problem *problem)
{
	struct said *said = arg;

	fuzz_require(problem->rule && *problem->text, "no reason");
	fuzz_require(problem->offset <= said->len, "offset");
	said->n_wrong += !problem->is_note;
	mix(said, problem->rule, strlen(problem->rule));
	mix(said, problem->text, strlen(problem->text));
	mix(said, &problem->offset, sizeof(problem->offset));
}

static void read_it(const uint8_t *data, size_t size, size_t piece,
		    struct said *said)
{
	const struct xcr_ops ops = {on_record, on_problem, said};
	struct xcr_stream *stream = xcr_stream_new(&ops);
	size_t at, n;

	memset(said, 0, sizeof(*said));
	said->len = size;
	fuzz_require(stream, "no memory");
	for (at = 0; at < size; at += n) {
		n = piece < size - at ? piece : size - at;
		if (xcr_stream_feed(stream, data + at, n))
			fuzz_require(said->n_wrong, "nothing is wrong");
	}
	fuzz_require(xcr_stream_end(stream) == said->n_wrong, "count");
	mix(said, xcr_stream_info(stream), sizeof(struct xcr_info));
	xcr_stream_free(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct said whole, pieces;

	read_it(data, size, size, &whole);
	read_it(data, size, size ? 1 + (size_t)data[size - 1] % 61 : 1,
		&pieces);
	fuzz_require(whole.hash == pieces.hash, "different in pieces");
	return 0;
}

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* A record is left out, moved, doubled, or is of another type or length. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
			       unsigned int seed)
{
	uint32_t state = seed;
	struct said said;
	size_t from, to, len;
	uint8_t *copy;

	if (next(&state) % 2)
		return LLVMFuzzerMutate(data, size, max_size);
	read_it(data, size, size, &said);
	if (said.n_records < 2)
		return LLVMFuzzerMutate(data, size, max_size);
	from = (size_t)said.records[next(&state) % said.n_records].at;
	to = (size_t)said.records[next(&state) % said.n_records].at;
	len = 0;
	for (unsigned int i = 0; i < said.n_records; i++)
		if (said.records[i].at == from)
			len = (size_t)said.records[i].end - from;
	if (from + len > size)
		return LLVMFuzzerMutate(data, size, max_size);
	switch (next(&state) % 4) {
	case 0:
		memmove(data + from, data + from + len, size - from - len);
		return size - len;
	case 1:
		if (size + len > max_size)
			break;
		copy = malloc(len + 1);
		memcpy(copy, data + from, len);
		memmove(data + to + len, data + to, size - to);
		memcpy(data + to, copy, len);
		free(copy);
		return size + len;
	case 2:
		data[from] = (uint8_t)(next(&state) % 0x16);
		break;
	default:
		if (size - from > 4)
			data[from + 4] = (uint8_t)(data[from + 4] +
						   8 * (next(&state) % 3) - 8);
		break;
	}
	return size;
}
