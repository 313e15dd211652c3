/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes seeds of gtm, stream and save: seeds_records <directory>. */
#include <stdio.h>
#include <stdlib.h>

#include "unit/records/sample.h"

static void save(const char *top, const char *name, const void *data,
		 size_t len)
{
	char path[512];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	out = fopen(path, "wb");
	if (!out || fwrite(data, 1, len, out) != len || fclose(out)) {
		perror(path);
		exit(EXIT_FAILURE);
	}
}

/* Smaller than the sample, for the fuzzer's sake. */
static void make_smaller(struct sample *s)
{
	s->d.gnttab.version = 1;
	s->d.gnttab.nr_frames = 1;
	s->d.gnttab.nr_status = 0;
}

static void contexts(const char *top)
{
	static struct sample s;
	size_t len;
	void *buf;

	sample_fifo(&s);
	if (xcr_context_encode(&s.d, &buf, &len))
		exit(EXIT_FAILURE);
	save(top, "gtm/fifo", buf, len);
	free(buf);
	make_smaller(&s);
	s.d.ports = s.ports;
	s.d.nr_ports = 11;
	if (xcr_context_encode(&s.d, &buf, &len))
		exit(EXIT_FAILURE);
	save(top, "gtm/fifo-v1", buf, len);
	free(buf);
	sample_two_level(&s);
	if (xcr_context_encode(&s.d, &buf, &len))
		exit(EXIT_FAILURE);
	save(top, "gtm/two-level", buf, len);
	free(buf);
}

static void streams(const char *top)
{
	static const char store[] = "xenstore\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0";
	static const struct {
		const char *name;
		struct stream_parts parts;
	} kinds[] = {
		{"stream/transparent", {.no_content = true}},
		{"stream/transparent-libxc",
		 {.no_content = true, .no_libxl = true}},
		{"stream/co-operative",
		 {.no_content = true, .cooperative = true}},
		{"stream/co-operative-v2",
		 {.cooperative = true, .no_xl = true, .libxc_version = 2}},
	};
	static struct sample s;
	size_t i;

	sample_two_level(&s);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct stream_parts parts = kinds[i].parts;
		struct bytes b = {0};
		void *context;

		if (xcr_context_encode(&s.d, &context, &parts.context_len))
			exit(EXIT_FAILURE);
		parts.context = context;
		parts.store = store;
		parts.store_len = sizeof(store);
		sample_stream(&b, &parts);
		save(top, kinds[i].name, b.data, b.len);
		if (!i)
			save(top, "save/transparent", b.data, b.len);
		bytes_free(&b);
		free(context);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return EXIT_FAILURE;
	contexts(argv[1]);
	streams(argv[1]);
	return EXIT_SUCCESS;
}
