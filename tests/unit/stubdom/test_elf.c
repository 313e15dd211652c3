/* SPDX-License-Identifier: GPL-2.0-only */
/* Files that are sent as the next image: a good one, and what is not one. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plat/stubdom/elf.h"
#include "plat/stubdom/layout.h"
#include "unit/support/suite.h"

#define ENTRY	  (IMAGE_BASE + 0x1000)
#define TEXT_LEN  5000
#define NOTE_TYPE 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
#define MUTATIONS 200000

struct file {
	Elf64_Ehdr header;
	Elf64_Phdr load, note;
	struct {
		Elf64_Nhdr header;
		char name[4];
		uint64_t value;
	} entry;
	uint8_t text[TEXT_LEN];
};

static struct file file;

static void set_up(void)
{
	memset(&file, 0, sizeof(file));
	memcpy(file.header.e_ident, ELFMAG, SELFMAG);
	file.header.e_ident[EI_CLASS] = ELFCLASS64;
	file.header.e_ident[EI_DATA] = ELFDATA2LSB;
	file.header.e_ident[EI_VERSION] = EV_CURRENT;
	file.header.e_phoff = offsetof(struct file, load);
	file.header.e_phentsize = sizeof(Elf64_Phdr);
	file.header.e_phnum = 2;
	file.load.p_type = PT_LOAD;
	file.load.p_offset = offsetof(struct file, text);
	file.load.p_paddr = IMAGE_BASE;
	file.load.p_filesz = TEXT_LEN;
	file.load.p_memsz = 3 * TEXT_LEN;
	file.note.p_type = PT_NOTE;
	file.note.p_offset = offsetof(struct file, entry);
	file.note.p_filesz = sizeof(file.entry);
	file.entry.header.n_namesz = 4;
	file.entry.header.n_descsz = 8;
	file.entry.header.n_type = NOTE_TYPE;
	memcpy(file.entry.name, "Xen", 4);
	file.entry.value = ENTRY;
}

static int read_file(struct xs_elf_image *image)
{
	return xs_elf_read(image, &file, sizeof(file));
}

static void refused(void)
{
	struct xs_elf_image image;

	ck_assert_int_eq(read_file(&image), -EINVAL);
	set_up();
}

START_TEST(test_good)
{
	struct xs_elf_image image;

	set_up();
	ck_assert_int_eq(read_file(&image), 0);
	ck_assert_ptr_eq(image.data, file.text);
	ck_assert_uint_eq(image.to, IMAGE_BASE);
	ck_assert_uint_eq(image.file_len, TEXT_LEN);
	ck_assert_uint_eq(image.mem_len, 3 * TEXT_LEN);
	ck_assert_uint_eq(image.entry, ENTRY);
}
END_TEST

START_TEST(test_refused)
{
	set_up();
	file.header.e_ident[EI_MAG0] = 0;
	refused();
	file.header.e_ident[EI_CLASS] = ELFCLASS32;
	refused();
	file.header.e_phentsize = sizeof(Elf32_Phdr);
	refused();
	file.header.e_phoff = UINT64_MAX - 8;
	refused();
	file.header.e_phnum = UINT16_MAX;
	refused();
	file.header.e_phnum = 1; /* the note is missing */
	refused();
	file.note.p_type = PT_LOAD; /* two to load */
	refused();
	file.load.p_type = PT_NOTE; /* none to load */
	refused();
	file.load.p_offset = sizeof(file) - TEXT_LEN + 1;
	refused();
	file.load.p_offset = UINT64_MAX;
	refused();
	file.load.p_filesz = UINT64_MAX;
	refused();
	file.load.p_paddr = IMAGE_BASE + PAGE_SIZE;
	refused();
	file.load.p_memsz = TEXT_LEN - 1;
	refused();
	file.load.p_memsz = IMAGE_LIMIT;
	refused();
	file.load.p_memsz = UINT64_MAX;
	refused();
	file.entry.header.n_type = NOTE_TYPE - 1;
	refused();
	file.entry.value = 0;
	refused();
	file.entry.value = IMAGE_BASE + 3 * TEXT_LEN;
	refused();
	file.entry.value = (uint64_t)1 << 32 | ENTRY;
	refused();
	file.note.p_filesz = sizeof(file.entry) - 1;
	refused();
}
END_TEST

/* Cut anywhere: each length in memory of its own, so that a look beyond it is
 * found by the sanitizer. */
START_TEST(test_cut)
{
	struct xs_elf_image image;
	size_t len;

	set_up();
	for (len = 0; len < sizeof(file); len++) {
		uint8_t *copy = malloc(len + 1);

		memcpy(copy, &file, len);
		ck_assert_int_eq(xs_elf_read(&image, copy, len), -EINVAL);
		free(copy);
	}
}
END_TEST

/* Whatever is accepted can be loaded. */
START_TEST(test_mutated)
{
	struct xs_elf_image image;
	struct rng rng;
	int i, n, good = 0;

	rng_init(&rng, 1);
	for (i = 0; i < MUTATIONS; i++) {
		uint8_t *bytes = (uint8_t *)&file;
		size_t end = offsetof(struct file, text);

		set_up();
		for (n = (int)rng_below(&rng, 3); n >= 0; n--)
			bytes[rng_below(&rng, (uint32_t)end)] =
				(uint8_t)rng_next(&rng);
		if (read_file(&image))
			continue;
		good++;
		ck_assert(image.data >= bytes);
		ck_assert_uint_le(image.file_len, sizeof(file));
		ck_assert(image.data + image.file_len <= bytes + sizeof(file));
		ck_assert_uint_le(image.file_len, image.mem_len);
		ck_assert_uint_le(image.to + image.mem_len, IMAGE_LIMIT);
		ck_assert_uint_ge(image.entry, image.to);
		ck_assert_uint_lt(image.entry, image.to + image.file_len);
	}
	ck_assert_int_gt(good, 0);
	ck_assert_int_lt(good, MUTATIONS);
}
END_TEST

Suite *test_suite(void)
{
	Suite *suite = suite_create("stubdom/elf");
	TCase *tc = suite_case(suite, "elf");

	tcase_add_test(tc, test_good);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_cut);
	tcase_add_test(tc, test_mutated);
	return suite;
}
