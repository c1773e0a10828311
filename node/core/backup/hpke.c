/* SPDX-License-Identifier: GPL-3.0-or-later
 * RFC 9180 on libsodium's HMAC-SHA256, X25519 and ChaCha20-Poly1305. */
#include "node/core/backup/hpke.h"

#include "node/base/err.h"

#include <sodium.h>
#include <string.h>

#define HASH_LEN 32
#define MODE_BASE 0
#define MODE_PSK 1

static const uint8_t kem_suite[] = { 'K', 'E', 'M', 0x00, 0x20 };
static const uint8_t hpke_suite[] = { 'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x03 };
static const struct sw_bytes kem_id = { kem_suite, sizeof kem_suite };
static const struct sw_bytes hpke_id = { hpke_suite, sizeof hpke_suite };
static const struct sw_bytes none;

static void mac(crypto_auth_hmacsha256_state *st, struct sw_bytes b)
{
    if (b.len > 0) {
        (void)crypto_auth_hmacsha256_update(st, b.data, b.len);
    }
}

static void mac_text(crypto_auth_hmacsha256_state *st, const char *text)
{
    (void)crypto_auth_hmacsha256_update(st, (const uint8_t *)text, strlen(text));
}

/* LabeledExtract, RFC 9180, 4. */
static void extract(struct sw_bytes suite, struct sw_bytes salt, const char *label,
                    struct sw_bytes ikm, uint8_t prk[HASH_LEN])
{
    static const uint8_t empty[1];
    crypto_auth_hmacsha256_state st;
    (void)crypto_auth_hmacsha256_init(&st, salt.len > 0 ? salt.data : empty, salt.len);
    mac_text(&st, "HPKE-v1");
    mac(&st, suite);
    mac_text(&st, label);
    mac(&st, ikm);
    (void)crypto_auth_hmacsha256_final(&st, prk);
    sodium_memzero(&st, sizeof st);
}

/* LabeledExpand, RFC 9180, 4, for @len <= 32: one block of HKDF-Expand (RFC 5869, 2.3). */
static void expand(struct sw_bytes suite, const uint8_t prk[HASH_LEN], const char *label,
                   struct sw_bytes info, uint8_t *out, size_t len)
{
    const uint8_t length[2] = { 0, (uint8_t)len };
    const uint8_t block_number = 1;
    uint8_t block[HASH_LEN];
    crypto_auth_hmacsha256_state st;
    (void)crypto_auth_hmacsha256_init(&st, prk, HASH_LEN);
    mac(&st, (struct sw_bytes){ length, sizeof length });
    mac_text(&st, "HPKE-v1");
    mac(&st, suite);
    mac_text(&st, label);
    mac(&st, info);
    mac(&st, (struct sw_bytes){ &block_number, 1 });
    (void)crypto_auth_hmacsha256_final(&st, block);
    memcpy(out, block, len);
    sodium_memzero(block, sizeof block);
    sodium_memzero(&st, sizeof st);
}

void sw_hpke_derive(struct sw_bytes ikm, uint8_t secret[SW_HPKE_KEY_LEN],
                    uint8_t public_key[SW_HPKE_KEY_LEN])
{
    uint8_t prk[HASH_LEN];
    extract(kem_id, none, "dkp_prk", ikm, prk);
    expand(kem_id, prk, "sk", none, secret, SW_HPKE_KEY_LEN);
    (void)crypto_scalarmult_base(public_key, secret);
    sodium_memzero(prk, sizeof prk);
}

/* The KEM's shared secret, RFC 9180, 4.1: @secret is ours, @other theirs. */
static int shared_secret(const uint8_t secret[32], const uint8_t other[32], const uint8_t enc[32],
                         const uint8_t recipient[32], uint8_t out[32])
{
    uint8_t dh[32];
    uint8_t context[64];
    uint8_t prk[HASH_LEN];
    if (crypto_scalarmult(dh, secret, other) != 0) {
        return SW_ERR_CRYPTO; /* all zero: a point of small order */
    }
    memcpy(context, enc, 32);
    memcpy(context + 32, recipient, 32);
    extract(kem_id, none, "eae_prk", (struct sw_bytes){ dh, sizeof dh }, prk);
    expand(kem_id, prk, "shared_secret", (struct sw_bytes){ context, sizeof context }, out, 32);
    sodium_memzero(dh, sizeof dh);
    sodium_memzero(prk, sizeof prk);
    return SW_OK;
}

struct schedule {
    uint8_t key[crypto_aead_chacha20poly1305_ietf_KEYBYTES];
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
};

/* RFC 9180, 5.1. */
static void key_schedule(const struct sw_hpke_params *p, const uint8_t shared[32],
                         struct schedule *out)
{
    uint8_t context[1 + 2 * HASH_LEN];
    uint8_t secret[HASH_LEN];
    const struct sw_bytes ctx = { context, sizeof context };
    context[0] = p->psk.len > 0 ? MODE_PSK : MODE_BASE;
    extract(hpke_id, none, "psk_id_hash", p->psk_id, context + 1);
    extract(hpke_id, none, "info_hash", p->info, context + 1 + HASH_LEN);
    extract(hpke_id, (struct sw_bytes){ shared, 32 }, "secret", p->psk, secret);
    expand(hpke_id, secret, "key", ctx, out->key, sizeof out->key);
    expand(hpke_id, secret, "base_nonce", ctx, out->nonce, sizeof out->nonce);
    sodium_memzero(secret, sizeof secret);
}

static bool psk_consistent(const struct sw_hpke_params *p)
{
    return (p->psk.len > 0) == (p->psk_id.len > 0);
}

int sw_hpke_seal(const struct sw_hpke_params *p, const uint8_t recipient[SW_HPKE_KEY_LEN],
                 struct sw_bytes ikm, struct sw_bytes plain, uint8_t enc[SW_HPKE_KEY_LEN],
                 uint8_t *out)
{
    uint8_t ephemeral[32];
    uint8_t shared[32];
    struct schedule ks;
    if (!psk_consistent(p)) {
        return SW_ERR_CRYPTO;
    }
    sw_hpke_derive(ikm, ephemeral, enc);
    const int err = shared_secret(ephemeral, recipient, enc, recipient, shared);
    sodium_memzero(ephemeral, sizeof ephemeral);
    if (err != SW_OK) {
        return err;
    }
    key_schedule(p, shared, &ks);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain.data, plain.len, p->aad.data,
                                                    p->aad.len, NULL, ks.nonce, ks.key);
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(&ks, sizeof ks);
    return SW_OK;
}

int sw_hpke_open(const struct sw_hpke_params *p, const uint8_t secret[SW_HPKE_KEY_LEN],
                 const uint8_t enc[SW_HPKE_KEY_LEN], struct sw_bytes sealed, uint8_t *out)
{
    uint8_t recipient[32];
    uint8_t shared[32];
    struct schedule ks;
    if (!psk_consistent(p) || sealed.len < SW_HPKE_TAG_LEN) {
        return SW_ERR_CRYPTO;
    }
    (void)crypto_scalarmult_base(recipient, secret);
    int err = shared_secret(secret, enc, enc, recipient, shared);
    if (err != SW_OK) {
        return err;
    }
    key_schedule(p, shared, &ks);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.data, sealed.len,
                                                  p->aad.data, p->aad.len, ks.nonce, ks.key) != 0) {
        err = SW_ERR_CRYPTO;
    }
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(&ks, sizeof ks);
    return err;
}
