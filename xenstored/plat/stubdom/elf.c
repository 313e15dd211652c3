/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An image as a file: ELF for 64 bits with one segment to be loaded where this
 * image is as well, and the note that names its 32-bit entry.
 *
 * I1 Every offset and length is checked against the file before it is used, and
 *    what is read is copied out first, for nothing in the file is aligned.
 */
#include "plat/stubdom/elf.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <xen/xen.h>
#include <xen/elfnote.h>

#include "plat/stubdom/layout.h"

/* The parts of an ELF file that are looked at (System V ABI, chapter 4). */
struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_note {
	uint32_t name_len, value_len, type;
	char name[4];
	uint64_t value;
};

#define ELF_MAGIC "\177ELF\2\1\1" /* 64 bit, little endian, version 1 */
#define PT_LOAD	  1
#define PT_NOTE	  4

static bool is_inside(uint64_t offset, uint64_t n, size_t len)
{
	return offset <= len && n <= len - offset;
}

static int take_segment(struct xs_elf_image *image, const uint8_t *data,
			size_t len, const struct elf_segment *segment)
{
	struct elf_note note;

	if (!is_inside(segment->offset, segment->filesz, len))
		return -EINVAL;
	if (segment->type == PT_LOAD) {
		if (image->data || segment->paddr != IMAGE_BASE ||
		    segment->filesz > segment->memsz ||
		    segment->memsz > IMAGE_LIMIT - IMAGE_BASE)
			return -EINVAL;
		image->data = data + segment->offset;
		image->to = segment->paddr;
		image->file_len = segment->filesz;
		image->mem_len = segment->memsz;
	} else if (segment->type == PT_NOTE &&
		   segment->filesz >= sizeof(note)) {
		memcpy(&note, data + segment->offset, sizeof(note));
		if (note.type == XEN_ELFNOTE_PHYS32_ENTRY &&
		    note.value < IMAGE_LIMIT)
			image->entry = (uint32_t)note.value;
	}
	return 0;
}

/*
 * Looks at a file of len bytes that anybody may have sent.  -EINVAL: it cannot
 * be started here.  The image borrows from data.
 */
int xs_elf_read(struct xs_elf_image *image, const void *data, size_t len)
{
	struct elf_header header;
	struct elf_segment segment;
	unsigned int i;

	memset(image, 0, sizeof(*image));
	if (len < sizeof(header))
		return -EINVAL;
	memcpy(&header, data, sizeof(header));
	if (memcmp(header.ident, ELF_MAGIC, strlen(ELF_MAGIC)) ||
	    header.phentsize != sizeof(segment))
		return -EINVAL;
	for (i = 0; i < header.phnum; i++) {
		uint64_t offset = header.phoff + i * sizeof(segment);
		int ret;

		if (!is_inside(offset, sizeof(segment), len))
			return -EINVAL;
		memcpy(&segment, (const uint8_t *)data + offset,
		       sizeof(segment));
		ret = take_segment(image, data, len, &segment);
		if (ret)
			return ret;
	}
	if (!image->data || image->entry < image->to ||
	    image->entry - image->to >= image->file_len)
		return -EINVAL;
	return 0;
}
