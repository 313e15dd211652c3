/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CRC-32C (Castagnoli), as iSCSI and ext4 have it. */
#ifndef XS_STATE_CRC32C_H
#define XS_STATE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t xs_crc32c(uint32_t crc, const void *data, size_t len);

#endif
