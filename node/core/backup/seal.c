/* SPDX-License-Identifier: GPL-3.0-or-later
 * Key derivation by keyed BLAKE2b, and the sealing of epoch keys by HPKE. */
#include "node/core/backup/seal.h"

#include "node/base/err.h"
#include "node/core/backup/hpke.h"

#include <sodium.h>
#include <string.h>

_Static_assert(SW_DIGEST_LEN == SW_KEY_LEN, "keys are digests");

static void hash_text(crypto_generichash_state *st, const char *text)
{
    (void)crypto_generichash_update(st, (const uint8_t *)text, strlen(text));
}

static void hash_name(crypto_generichash_state *st, const char *name)
{
    const uint8_t len = (uint8_t)strlen(name);
    (void)crypto_generichash_update(st, &len, 1);
    hash_text(st, name);
}

void sw_repo_id(const char *node, const char *set, const uint8_t identity[32],
                struct sw_digest *out)
{
    crypto_generichash_state st;
    (void)crypto_generichash_init(&st, NULL, 0, SW_DIGEST_LEN);
    hash_text(&st, "QBrepo");
    hash_name(&st, node);
    hash_name(&st, set);
    (void)crypto_generichash_update(&st, identity, 32);
    (void)crypto_generichash_final(&st, out->b, SW_DIGEST_LEN);
}

void sw_derive(const uint8_t key[SW_KEY_LEN], const char *label, uint64_t counter,
               uint8_t out[SW_KEY_LEN])
{
    crypto_generichash_state st;
    uint8_t be[8];
    for (size_t i = 0; i < sizeof be; i++) {
        be[i] = (uint8_t)(counter >> (56 - 8 * i));
    }
    (void)crypto_generichash_init(&st, key, SW_KEY_LEN, SW_KEY_LEN);
    hash_text(&st, label);
    (void)crypto_generichash_update(&st, be, sizeof be);
    (void)crypto_generichash_final(&st, out, SW_KEY_LEN);
    sodium_memzero(&st, sizeof st);
}

static void epoch_id(const uint8_t key[SW_KEY_LEN], uint8_t out[SW_EPOCH_ID_LEN])
{
    uint8_t digest[SW_KEY_LEN];
    sw_derive(key, "QBepoch", 0, digest);
    memcpy(out, digest, SW_EPOCH_ID_LEN);
}

void sw_epoch_make(struct sw_epoch *e, const uint8_t entropy[32], const uint8_t seed[32],
                   const struct sw_digest *repo)
{
    uint8_t node_key[SW_KEY_LEN];
    sw_derive(entropy, "QBek", 0, e->key);
    epoch_id(e->key, e->id);
    sw_derive(seed, "QBidkey", 0, node_key);
    (void)crypto_generichash(e->id_key, SW_KEY_LEN, repo->b, SW_DIGEST_LEN, node_key, SW_KEY_LEN);
    sodium_memzero(node_key, sizeof node_key);
}

void sw_epoch_wipe(struct sw_epoch *e)
{
    sodium_memzero(e, sizeof *e);
}

/* The repository goes into HPKE's info, the epoch into its associated data. */
static struct sw_hpke_params params(uint8_t info[6 + SW_DIGEST_LEN], const struct sw_digest *repo,
                                    const uint8_t id[SW_EPOCH_ID_LEN])
{
    memcpy(info, "QBseal", 6);
    memcpy(info + 6, repo->b, SW_DIGEST_LEN);
    return (struct sw_hpke_params){
        .info = { info, 6 + SW_DIGEST_LEN },
        .aad = { id, SW_EPOCH_ID_LEN },
    };
}

int sw_epoch_seal(const struct sw_epoch *e, const struct sw_digest *repo,
                  const uint8_t recipient[32], const uint8_t ikm[32],
                  uint8_t out[SW_SEALED_EPOCH_LEN])
{
    uint8_t info[6 + SW_DIGEST_LEN];
    uint8_t plain[2 * SW_KEY_LEN];
    const struct sw_hpke_params p = params(info, repo, e->id);
    memcpy(plain, e->key, SW_KEY_LEN);
    memcpy(plain + SW_KEY_LEN, e->id_key, SW_KEY_LEN);
    const int err = sw_hpke_seal(&p, recipient, (struct sw_bytes){ ikm, 32 },
                                 (struct sw_bytes){ plain, sizeof plain }, out, out + 32);
    sodium_memzero(plain, sizeof plain);
    return err;
}

int sw_epoch_open(struct sw_epoch *e, const struct sw_digest *repo, const uint8_t secret[32],
                  const uint8_t sealed[SW_SEALED_EPOCH_LEN])
{
    uint8_t info[6 + SW_DIGEST_LEN];
    uint8_t plain[2 * SW_KEY_LEN];
    uint8_t id[SW_EPOCH_ID_LEN];
    const struct sw_hpke_params p = params(info, repo, e->id);
    int err = sw_hpke_open(&p, secret, sealed,
                           (struct sw_bytes){ sealed + 32, SW_SEALED_EPOCH_LEN - 32 }, plain);
    if (err != SW_OK) {
        return err;
    }
    memcpy(e->key, plain, SW_KEY_LEN);
    memcpy(e->id_key, plain + SW_KEY_LEN, SW_KEY_LEN);
    sodium_memzero(plain, sizeof plain);
    epoch_id(e->key, id);
    if (memcmp(id, e->id, SW_EPOCH_ID_LEN) != 0) {
        sw_epoch_wipe(e);
        err = SW_ERR_CRYPTO;
    }
    return err;
}

void sw_chunk_id(const struct sw_epoch *e, struct sw_bytes data, struct sw_digest *out)
{
    (void)crypto_generichash(out->b, SW_DIGEST_LEN, data.data, data.len, e->id_key, SW_KEY_LEN);
}

void sw_object_name(struct sw_bytes data, struct sw_digest *out)
{
    (void)crypto_generichash(out->b, SW_DIGEST_LEN, data.data, data.len, NULL, 0);
}
