/* SPDX-License-Identifier: GPL-3.0-or-later
 * Secret bytes by fast key erasure (Bernstein 2017): each draw overwrites the key, so that what
 * was drawn can't be recomputed from a later state.  Fed by ENTROPY events only. */
#ifndef SW_BASE_KEYGEN_H
#define SW_BASE_KEYGEN_H

#include "node/base/types.h"

struct sw_keygen {
    uint8_t key[32];
    bool seeded;
};

/* Mix in entropy: key = BLAKE2b-256(key || @data). */
void sw_keygen_feed(struct sw_keygen *g, const uint8_t *data, size_t len);
/* Fill @out.  Errors: SW_ERR_STATE: never fed; @out untouched. */
int sw_keygen_draw(struct sw_keygen *g, uint8_t *out, size_t len);
/* Forget the key. */
void sw_keygen_wipe(struct sw_keygen *g);

#endif
