/* SPDX-License-Identifier: GPL-3.0-or-later
 * Hybrid public key encryption, RFC 9180, one message a set-up: base and PSK mode of
 * DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305 (0x0020, 0x0001, 0x0003).
 * The ephemeral key comes from the caller, so that nothing here draws randomness. */
#ifndef SW_CORE_BACKUP_HPKE_H
#define SW_CORE_BACKUP_HPKE_H

#include "node/base/types.h"

#define SW_HPKE_KEY_LEN 32 /* X25519 public and secret keys, and "enc" */
#define SW_HPKE_TAG_LEN 16

/* What both sides must agree on.  Without a PSK (both empty) this is base mode. */
struct sw_hpke_params {
    struct sw_bytes info;
    struct sw_bytes psk; /* at least 32 bytes of entropy, or empty */
    struct sw_bytes psk_id;
    struct sw_bytes aad;
};

/* The X25519 pair that belongs to @ikm (>= 32 secret bytes), RFC 9180, 7.1.3. */
void sw_hpke_derive(struct sw_bytes ikm, uint8_t secret[SW_HPKE_KEY_LEN],
                    uint8_t public_key[SW_HPKE_KEY_LEN]);

/* Seal @plain to @recipient.  @ikm: fresh secret bytes, >= 32, used for nothing else.
 * @out: plain.len + SW_HPKE_TAG_LEN bytes.
 * Errors: SW_ERR_CRYPTO: @recipient is a point of small order, or PSK and PSK id do not go
 * together (one empty, the other not). */
int sw_hpke_seal(const struct sw_hpke_params *p, const uint8_t recipient[SW_HPKE_KEY_LEN],
                 struct sw_bytes ikm, struct sw_bytes plain, uint8_t enc[SW_HPKE_KEY_LEN],
                 uint8_t *out);

/* Open @sealed, sealed.len - SW_HPKE_TAG_LEN bytes go to @out.
 * Errors: SW_ERR_CRYPTO: not sealed so, or not to this key; @out untouched. */
int sw_hpke_open(const struct sw_hpke_params *p, const uint8_t secret[SW_HPKE_KEY_LEN],
                 const uint8_t enc[SW_HPKE_KEY_LEN], struct sw_bytes sealed, uint8_t *out);

#endif
