/* SPDX-License-Identifier: GPL-3.0-or-later
 * Keys derived from names. */
#include "sim/scenario/keys.h"
#include "node/base/bug.h"

#include <sodium.h>
#include <string.h>

static void derive(const char *purpose, const char *node, const char *set, uint8_t out[32])
{
    crypto_generichash_state h;
    SW_ASSERT(crypto_generichash_init(&h, NULL, 0, 32) == 0);
    (void)crypto_generichash_update(&h, (const uint8_t *)purpose, strlen(purpose) + 1);
    (void)crypto_generichash_update(&h, (const uint8_t *)node, strlen(node) + 1);
    (void)crypto_generichash_update(&h, (const uint8_t *)set, strlen(set) + 1);
    (void)crypto_generichash_final(&h, out, 32);
}

void sim_identity_seed(const char *node, uint8_t seed[32])
{
    derive("simulated identity", node, "", seed);
}

void sim_recipient_pair(const char *node, const char *set, uint8_t public_key[32],
                        uint8_t secret_key[32])
{
    derive("simulated recipient", node, set, secret_key);
    (void)crypto_scalarmult_base(public_key, secret_key);
}
