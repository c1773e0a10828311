/* SPDX-License-Identifier: GPL-3.0-or-later
 * A pack and a manifest with fixed keys, for tests and for seeds of fuzzers. */
#ifndef SW_TESTS_LIB_PACK_KIT_H
#define SW_TESTS_LIB_PACK_KIT_H

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "node/base/err.h"
#include "node/core/backup/manifest.h"
#include "node/core/backup/pack.h"

static inline void pack_kit_keys(struct sw_epoch *epoch, struct sw_digest *repo)
{
    uint8_t entropy[32];
    uint8_t seed[32];
    uint8_t identity[32];
    uint8_t secret[64];
    memset(entropy, 1, sizeof entropy);
    memset(seed, 2, sizeof seed);
    (void)crypto_sign_seed_keypair(identity, secret, seed);
    sw_repo_id("node-a", "etc", identity, repo);
    sw_epoch_make(epoch, entropy, seed, repo);
}

/* A pack of three segments: text, noise, text.  @out is the caller's to fini. */
static inline bool pack_kit_make(const struct sw_epoch *epoch, const struct sw_digest *repo,
                                 struct sw_blob *out, struct sw_digest *name)
{
    static uint8_t room[SW_SEGMENT_MAX];
    static uint8_t noise[3000];
    const uint8_t nonce[32] = { 3 };
    const uint8_t key[randombytes_SEEDBYTES] = { 4 };
    struct sw_group g;
    struct sw_pack_writer w;
    struct sw_segment s = { .data = room };
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    randombytes_buf_deterministic(noise, sizeof noise, key);
    bool good = zstd != NULL && sw_group_init(&g) == SW_OK &&
                sw_pack_begin(&w, epoch, repo, nonce) == SW_OK;
    for (int i = 0; good && i < 3; i++) {
        for (size_t k = 0; good && k < 4; k++) {
            char text[200];
            struct sw_digest id;
            memset(text, 'a' + i, sizeof text);
            const struct sw_bytes c = { i == 1 ? noise + 500 * k : (const uint8_t *)text,
                                        150 + 10 * k };
            sw_chunk_id(epoch, c, &id);
            good = sw_group_add(&g, &id, c) == SW_OK;
        }
        good =
            good && sw_segment_compress(zstd, &g, &s) == SW_OK && sw_pack_add(&w, &g, &s) == SW_OK;
        g.n = 0;
        g.len = 0;
    }
    good = good && sw_pack_finish(&w, false, name) == SW_OK &&
           sw_blob_append(out, w.buf, w.len) == SW_OK;
    sw_pack_fini(&w);
    sw_group_fini(&g);
    (void)ZSTD_freeCCtx(zstd);
    return good;
}

/* A manifest of two epochs and three packs. */
static inline bool manifest_kit_make(const struct sw_epoch *epoch, const struct sw_digest *repo,
                                     struct sw_blob *out)
{
    struct sw_manifest_epoch epochs[2];
    struct sw_manifest_pack packs[3];
    uint8_t seed[32];
    memset(seed, 2, sizeof seed);
    memset(epochs, 5, sizeof epochs);
    memcpy(epochs[1].id, epoch->id, SW_EPOCH_ID_LEN);
    for (uint32_t i = 0; i < 3; i++) {
        memset(packs[i].name.b, (int)(10 * i), SW_DIGEST_LEN);
        packs[i].size = 4096 * (i + 1);
        packs[i].epoch = i % 2;
    }
    const struct sw_manifest_parts p = {
        .node = "node-a",
        .set = "etc",
        .sequence = 7,
        .taken_at = 1234567890,
        .epochs = epochs,
        .n_epochs = 2,
        .packs = packs,
        .n_packs = 3,
        .root = { .levels = 1, .len = 100, .tree_bytes = 5000, .files = 3, .bytes = 999 },
        .root_nonce = { 9 },
    };
    return sw_manifest_build(&p, epoch, repo, seed, out) == SW_OK;
}

#endif
