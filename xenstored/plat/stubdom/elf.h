/* SPDX-License-Identifier: GPL-2.0-only */
/* What is in the file of an image. */
#ifndef XS_PLAT_STUBDOM_ELF_H
#define XS_PLAT_STUBDOM_ELF_H

#include <stddef.h>
#include <stdint.h>

struct xs_elf_image {
	const uint8_t *data; /* what is to be loaded, in the file */
	uint64_t to;	     /* where */
	uint64_t file_len;
	uint64_t mem_len; /* with the zeros behind it */
	uint32_t entry;	  /* for 32-bit mode */
};

int xs_elf_read(struct xs_elf_image *image, const void *data, size_t len);

#endif
