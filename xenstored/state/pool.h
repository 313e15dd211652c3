/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory that lives as long as an image, for the readers in this room. */
#ifndef XS_STATE_POOL_H
#define XS_STATE_POOL_H

#include <stddef.h>

struct xs_image;

void *xs_image_alloc(struct xs_image *image, size_t size);

#endif
