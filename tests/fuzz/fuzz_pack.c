/* SPDX-License-Identifier: GPL-3.0-or-later
 * Packs from anybody.  The first byte chooses: 0, the input is a whole pack; otherwise it is what
 * stands in a footer, sealed here with the right key, so that what lies behind the AEAD is
 * reached too: a holder of the key may be hostile or broken. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "node/base/bug.h"
#include "node/core/backup/pack_format.h"
#include "tests/lib/pack_kit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_all(struct sw_bytes pack, const struct sw_epoch *e, const struct sw_digest *repo)
{
    struct sw_pack_reader r;
    if (sw_pack_open_whole(&r, pack, e, repo) != SW_OK) {
        return;
    }
    uint8_t *plain = malloc(SW_SEGMENT_MAX);
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    for (uint32_t i = 0; plain != NULL && zstd != NULL && i < r.n_segments; i++) {
        SW_ASSERT(r.segments[i].offset + r.segments[i].sealed <= pack.len);
        (void)sw_pack_segment(&r, zstd, i, pack.data + r.segments[i].offset, plain);
    }
    for (uint32_t i = 0; i < r.n_chunks; i++) {
        SW_ASSERT(r.chunks[i].offset + r.chunks[i].len <= r.segments[r.chunks[i].segment].plain);
    }
    (void)ZSTD_freeDCtx(zstd);
    free(plain);
    sw_pack_close(&r);
}

/* header | @body up to @cut | sealed rest | length */
static void forge(const uint8_t *body, size_t len, size_t cut, const struct sw_epoch *e,
                  const struct sw_digest *repo)
{
    const uint8_t nonce[32] = { 3 };
    struct sw_pack_writer w;
    struct sw_pack_aead p;
    if (sw_pack_begin(&w, e, repo, nonce) != SW_OK) {
        return;
    }
    cut = cut > len ? len : cut;
    memcpy(w.buf + w.len, body, cut);
    const size_t at = w.len + cut;
    sw_pack_seal_params(w.buf, repo, PACK_FOOTER_NUMBER, PACK_TYPE_FOOTER, &p);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(w.buf + at, NULL, body + cut, len - cut, p.aad,
                                                     sizeof p.aad, NULL, p.nonce, w.key);
    struct sw_wr t = { w.buf + at + (len - cut) + SW_TAG_LEN, PACK_TRAILER, 0, false };
    sw_wr_u32(&t, (uint32_t)(len - cut + SW_TAG_LEN));
    open_all((struct sw_bytes){ w.buf, at + (len - cut) + SW_TAG_LEN + PACK_TRAILER }, e, repo);
    sw_pack_fini(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_epoch e;
    struct sw_digest repo;
    if (size < 3 || size > SW_PACK_SIZE / 2) {
        return 0;
    }
    pack_kit_keys(&e, &repo);
    if (data[0] == 0) {
        open_all((struct sw_bytes){ data + 1, size - 1 }, &e, &repo);
    } else {
        forge(data + 3, size - 3, (size_t)data[1] << 8 | data[2], &e, &repo);
    }
    return 0;
}
