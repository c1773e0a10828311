/* SPDX-License-Identifier: GPL-3.0-or-later
 * Manifests, built and read: fixed fields, then the epochs, the packs, the sealed root and a
 * signature over all of it. */
#include "node/core/backup/manifest.h"

#include "node/base/bug.h"
#include "node/base/err.h"
#include "node/base/name.h"
#include "node/core/backup/pack.h"

#include <sodium.h>
#include <string.h>

#define VERSION 1
#define EPOCH_LEN (SW_EPOCH_ID_LEN + SW_SEALED_EPOCH_LEN)
#define PACK_LEN (SW_DIGEST_LEN + 4 + 4)
#define SEALED_ROOT (24 + SW_ROOT_LEN + SW_TAG_LEN)
#define SIGNATURE 64
#define FIXED_MAX (8 + 4 + 32 + 2 * (1 + SW_NAME_MAX) + 8 + 8 + 32 + 4 + 4)

static const uint8_t magic[8] = { 'Q', 'B', 'M', 'A', 'N', 'I', '\r', '\n' };
static const char sign_domain[] = "QBmanifest-1";

/* What is signed: a label, so that a signature serves no other purpose, and a digest. */
static void to_sign(struct sw_bytes body, uint8_t out[sizeof sign_domain + SW_DIGEST_LEN])
{
    struct sw_digest d;
    sw_object_name(body, &d);
    memcpy(out, sign_domain, sizeof sign_domain);
    memcpy(out + sizeof sign_domain, d.b, SW_DIGEST_LEN);
}

static void put_name(struct sw_wr *w, const char *name)
{
    const size_t len = strlen(name);
    sw_wr_u8(w, (uint8_t)len);
    sw_wr_bytes(w, name, len);
}

static int put_fixed(const struct sw_manifest_parts *p, const uint8_t identity[32],
                     struct sw_blob *out)
{
    uint8_t buf[FIXED_MAX];
    struct sw_wr w = { buf, sizeof buf, 0, false };
    sw_wr_bytes(&w, magic, sizeof magic);
    sw_wr_u8(&w, VERSION);
    sw_wr_u8(&w, SW_SUITE_1);
    sw_wr_u16(&w, 0);
    sw_wr_bytes(&w, identity, 32);
    put_name(&w, p->node);
    put_name(&w, p->set);
    sw_wr_u64(&w, p->sequence);
    sw_wr_u64(&w, (uint64_t)p->taken_at);
    sw_wr_bytes(&w, p->previous.b, SW_DIGEST_LEN);
    sw_wr_u32(&w, (uint32_t)p->n_epochs);
    sw_wr_u32(&w, (uint32_t)p->n_packs);
    SW_ASSERT(!w.overflow);
    return sw_blob_append(out, w.buf, w.len);
}

static int put_lists(const struct sw_manifest_parts *p, struct sw_blob *out)
{
    int err = SW_OK;
    for (size_t i = 0; err == SW_OK && i < p->n_epochs; i++) {
        err = sw_blob_append(out, p->epochs[i].id, SW_EPOCH_ID_LEN);
        if (err == SW_OK) {
            err = sw_blob_append(out, p->epochs[i].sealed, SW_SEALED_EPOCH_LEN);
        }
    }
    for (size_t i = 0; err == SW_OK && i < p->n_packs; i++) {
        uint8_t entry[PACK_LEN];
        struct sw_wr w = { entry, sizeof entry, 0, false };
        sw_wr_bytes(&w, p->packs[i].name.b, SW_DIGEST_LEN);
        sw_wr_u32(&w, p->packs[i].size);
        sw_wr_u32(&w, p->packs[i].epoch);
        err = sw_blob_append(out, entry, sizeof entry);
    }
    return err;
}

static void root_key(const struct sw_epoch *epoch, uint8_t key[SW_KEY_LEN])
{
    sw_derive(epoch->key, "QBroot", 0, key);
}

static void root_aad(const struct sw_digest *repo, uint64_t sequence,
                     uint8_t aad[SW_DIGEST_LEN + 8])
{
    struct sw_wr w = { aad, SW_DIGEST_LEN + 8, 0, false };
    sw_wr_bytes(&w, repo->b, SW_DIGEST_LEN);
    sw_wr_u64(&w, sequence);
}

static int put_root(const struct sw_manifest_parts *p, const struct sw_epoch *epoch,
                    const struct sw_digest *repo, struct sw_blob *out)
{
    uint8_t plain[SW_ROOT_LEN];
    uint8_t sealed[SEALED_ROOT];
    uint8_t aad[SW_DIGEST_LEN + 8];
    uint8_t key[SW_KEY_LEN];
    struct sw_wr w = { plain, sizeof plain, 0, false };
    sw_wr_bytes(&w, p->root.id.b, SW_DIGEST_LEN);
    sw_wr_u8(&w, p->root.levels);
    sw_wr_u32(&w, p->root.len);
    sw_wr_u64(&w, p->root.tree_bytes);
    sw_wr_u64(&w, p->root.files);
    sw_wr_u64(&w, p->root.bytes);
    root_key(epoch, key);
    root_aad(repo, p->sequence, aad);
    memcpy(sealed, p->root_nonce, 24);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + 24, NULL, plain, sizeof plain, aad,
                                                     sizeof aad, NULL, p->root_nonce, key);
    sodium_memzero(key, sizeof key);
    return sw_blob_append(out, sealed, sizeof sealed);
}

static int sign(const uint8_t secret[64], struct sw_blob *out)
{
    uint8_t message[sizeof sign_domain + SW_DIGEST_LEN];
    uint8_t signature[SIGNATURE];
    to_sign(sw_blob_bytes(out), message);
    (void)crypto_sign_detached(signature, NULL, message, sizeof message, secret);
    return sw_blob_append(out, signature, sizeof signature);
}

int sw_manifest_build(const struct sw_manifest_parts *p, const struct sw_epoch *epoch,
                      const struct sw_digest *repo, const uint8_t seed[32], struct sw_blob *out)
{
    uint8_t identity[32];
    uint8_t secret[64];
    SW_ASSERT(p->n_epochs > 0);
    const size_t size =
        FIXED_MAX + p->n_epochs * EPOCH_LEN + p->n_packs * PACK_LEN + SEALED_ROOT + SIGNATURE;
    if (p->n_epochs > SW_MANIFEST_EPOCHS_MAX || size > SW_MANIFEST_MAX) {
        return SW_ERR_FULL;
    }
    (void)crypto_sign_seed_keypair(identity, secret, seed);
    int err = put_fixed(p, identity, out);
    if (err == SW_OK) {
        err = put_lists(p, out);
    }
    if (err == SW_OK) {
        err = put_root(p, epoch, repo, out);
    }
    if (err == SW_OK) {
        err = sign(secret, out);
    }
    sodium_memzero(secret, sizeof secret);
    return err;
}

static int take_name(struct sw_rd *r, struct sw_name *out)
{
    const size_t len = sw_rd_u8(r);
    const uint8_t *s = sw_rd_bytes(r, len);
    if (s == NULL || !sw_name_valid_bytes(s, len)) {
        return SW_ERR_MALFORMED;
    }
    memset(out, 0, sizeof *out);
    memcpy(out->s, s, len);
    return SW_OK;
}

static int take_fixed(struct sw_rd *r, struct sw_manifest *m)
{
    const uint8_t *head = sw_rd_bytes(r, sizeof magic);
    if (head == NULL || memcmp(head, magic, sizeof magic) != 0) {
        return SW_ERR_MALFORMED;
    }
    const uint8_t version = sw_rd_u8(r);
    const uint8_t suite = sw_rd_u8(r);
    const uint16_t flags = sw_rd_u16(r);
    const uint8_t *identity = sw_rd_bytes(r, 32);
    if (version != VERSION || suite != SW_SUITE_1 || flags != 0) {
        return SW_ERR_UNSUPPORTED;
    }
    if (identity == NULL || take_name(r, &m->node) != SW_OK || take_name(r, &m->set) != SW_OK) {
        return SW_ERR_MALFORMED;
    }
    memcpy(m->identity, identity, 32);
    m->sequence = sw_rd_u64(r);
    m->taken_at = (sw_wall)sw_rd_u64(r);
    const uint8_t *previous = sw_rd_bytes(r, SW_DIGEST_LEN);
    m->n_epochs = sw_rd_u32(r);
    m->n_packs = sw_rd_u32(r);
    if (r->fail || m->n_epochs == 0 || m->n_epochs > SW_MANIFEST_EPOCHS_MAX ||
        m->n_packs > SW_MANIFEST_MAX / PACK_LEN) {
        return SW_ERR_MALFORMED;
    }
    memcpy(m->previous.b, previous, SW_DIGEST_LEN);
    return SW_OK;
}

static int check_packs(const struct sw_manifest *m)
{
    for (uint32_t i = 0; i < m->n_packs; i++) {
        struct sw_manifest_pack p;
        sw_manifest_pack(m, i, &p);
        const uint8_t *at = m->packs + (size_t)i * PACK_LEN;
        if (p.epoch >= m->n_epochs || p.size > SW_PACK_SIZE || p.size < SW_PACK_HEADER ||
            (i > 0 && memcmp(at - PACK_LEN, at, SW_DIGEST_LEN) >= 0)) {
            return SW_ERR_MALFORMED;
        }
    }
    return SW_OK;
}

int sw_manifest_parse(struct sw_bytes bytes, struct sw_manifest *out)
{
    struct sw_rd r = { bytes.data, bytes.len, 0, false };
    *out = (struct sw_manifest){ .bytes = bytes };
    if (bytes.len > SW_MANIFEST_MAX) {
        return SW_ERR_MALFORMED;
    }
    const int err = take_fixed(&r, out);
    if (err != SW_OK) {
        return err;
    }
    out->epochs = sw_rd_bytes(&r, (size_t)out->n_epochs * EPOCH_LEN);
    out->packs = sw_rd_bytes(&r, (size_t)out->n_packs * PACK_LEN);
    out->root = sw_rd_bytes(&r, SEALED_ROOT);
    if (r.fail || sw_rd_left(&r) != SIGNATURE) {
        return SW_ERR_MALFORMED;
    }
    return check_packs(out);
}

int sw_manifest_verify(const struct sw_manifest *m)
{
    uint8_t message[sizeof sign_domain + SW_DIGEST_LEN];
    const size_t body = m->bytes.len - SIGNATURE;
    to_sign((struct sw_bytes){ m->bytes.data, body }, message);
    return crypto_sign_verify_detached(m->bytes.data + body, message, sizeof message,
                                       m->identity) == 0
               ? SW_OK
               : SW_ERR_CRYPTO;
}

void sw_manifest_epoch(const struct sw_manifest *m, uint32_t i, struct sw_manifest_epoch *out)
{
    const uint8_t *at = m->epochs + (size_t)i * EPOCH_LEN;
    memcpy(out->id, at, SW_EPOCH_ID_LEN);
    memcpy(out->sealed, at + SW_EPOCH_ID_LEN, SW_SEALED_EPOCH_LEN);
}

void sw_manifest_pack(const struct sw_manifest *m, uint32_t i, struct sw_manifest_pack *out)
{
    struct sw_rd r = { m->packs + (size_t)i * PACK_LEN, PACK_LEN, 0, false };
    memcpy(out->name.b, sw_rd_bytes(&r, SW_DIGEST_LEN), SW_DIGEST_LEN);
    out->size = sw_rd_u32(&r);
    out->epoch = sw_rd_u32(&r);
}

int sw_manifest_root(const struct sw_manifest *m, const struct sw_epoch *epoch,
                     const struct sw_digest *repo, struct sw_root *out)
{
    uint8_t plain[SW_ROOT_LEN];
    uint8_t aad[SW_DIGEST_LEN + 8];
    uint8_t key[SW_KEY_LEN];
    root_key(epoch, key);
    root_aad(repo, m->sequence, aad);
    const int bad = crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, NULL, NULL, m->root + 24, SW_ROOT_LEN + SW_TAG_LEN, aad, sizeof aad, m->root, key);
    sodium_memzero(key, sizeof key);
    if (bad != 0) {
        return SW_ERR_CRYPTO;
    }
    struct sw_rd r = { plain, sizeof plain, 0, false };
    memcpy(out->id.b, sw_rd_bytes(&r, SW_DIGEST_LEN), SW_DIGEST_LEN);
    out->levels = sw_rd_u8(&r);
    out->len = sw_rd_u32(&r);
    out->tree_bytes = sw_rd_u64(&r);
    out->files = sw_rd_u64(&r);
    out->bytes = sw_rd_u64(&r);
    return out->len > 0 && out->len <= SW_CHUNK_MAX ? SW_OK : SW_ERR_MALFORMED;
}
