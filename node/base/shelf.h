/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where a host keeps bytes that never change, once for all who have the same. */
#ifndef SW_BASE_SHELF_H
#define SW_BASE_SHELF_H

#include "node/base/types.h"

struct sw_shelf {
    void *self;
    /* The same bytes, the taker's until it gives them back; NULL: no room. */
    const uint8_t *(*take)(void *self, struct sw_bytes bytes);
    void (*give)(void *self, const uint8_t *bytes);
};

#endif
