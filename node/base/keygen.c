/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fast key erasure over ChaCha20.  Block 0 of the key's stream gives the next key, blocks 1...
 * the output: all of one draw comes from one key, and that key is gone when the draw returns. */
#include "node/base/keygen.h"

#include "node/base/err.h"

#include <sodium.h>
#include <string.h>

static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES]; /* each key is used once */

void sw_keygen_feed(struct sw_keygen *g, const uint8_t *data, size_t len)
{
    crypto_generichash_state state;
    uint8_t key[sizeof g->key];
    (void)crypto_generichash_init(&state, NULL, 0, sizeof key);
    (void)crypto_generichash_update(&state, g->key, sizeof g->key);
    (void)crypto_generichash_update(&state, data, len);
    (void)crypto_generichash_final(&state, key, sizeof key);
    memcpy(g->key, key, sizeof key);
    g->seeded = true;
    sodium_memzero(key, sizeof key);
    sodium_memzero(&state, sizeof state);
}

int sw_keygen_draw(struct sw_keygen *g, uint8_t *out, size_t len)
{
    uint8_t next[sizeof g->key];
    if (!g->seeded) {
        return SW_ERR_STATE;
    }
    (void)crypto_stream_chacha20(next, sizeof next, nonce, g->key);
    if (len > 0) {
        memset(out, 0, len);
        (void)crypto_stream_chacha20_xor_ic(out, out, len, nonce, 1, g->key);
    }
    memcpy(g->key, next, sizeof next);
    sodium_memzero(next, sizeof next);
    return SW_OK;
}

void sw_keygen_wipe(struct sw_keygen *g)
{
    sodium_memzero(g, sizeof *g);
}
