/* SPDX-License-Identifier: GPL-3.0-or-later
 * Packs and manifests: what was sealed opens, and nothing else does. */
#include "tests/lib/check.h"
#include "tests/lib/pack_kit.h"

extern CU_TestInfo tests_pack[];

static void charge(void *self, enum sw_work work, uint64_t units)
{
    (void)self;
    (void)work;
    (void)units;
}

static const struct sw_job_host host = { .charge = charge };

/* Open all of it; 0 when everything in it is what it was. */
static int verify(const struct sw_blob *pack, const struct sw_epoch *e, const struct sw_digest *r)
{
    return sw_pack_verify(sw_blob_bytes(pack), e, r, &host);
}

static void a_pack_opens_to_what_was_put_in(void)
{
    static uint8_t plain[SW_SEGMENT_MAX];
    struct sw_epoch e;
    struct sw_digest repo;
    struct sw_digest name;
    struct sw_digest again;
    struct sw_blob pack = { 0 };
    struct sw_pack_reader r;
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    pack_kit_keys(&e, &repo);
    REQUIRE(pack_kit_make(&e, &repo, &pack, &name));
    CHECK_U64(pack.len, SW_PACK_MIN);
    sw_object_name(sw_blob_bytes(&pack), &again);
    CHECK(memcmp(name.b, again.b, SW_DIGEST_LEN) == 0);
    CHECK_I64(verify(&pack, &e, &repo), SW_OK);
    REQUIRE(sw_pack_open_whole(&r, sw_blob_bytes(&pack), &e, &repo) == SW_OK);
    CHECK_U64(r.n_segments, 3);
    CHECK_U64(r.n_chunks, 12);
    REQUIRE(sw_pack_segment(&r, zstd, 2, pack.data + r.segments[2].offset, plain) == SW_OK);
    CHECK_U64(r.segments[2].plain, 150 + 160 + 170 + 180);
    for (size_t i = 0; i < r.segments[2].plain; i++) {
        CHECK(plain[i] == 'c');
    }
    sw_pack_close(&r);
    (void)ZSTD_freeDCtx(zstd);
    sw_blob_fini(&pack);
}

static void every_flipped_bit_of_a_pack_is_refused(void)
{
    struct sw_epoch e;
    struct sw_digest repo;
    struct sw_digest name;
    struct sw_blob pack = { 0 };
    pack_kit_keys(&e, &repo);
    REQUIRE(pack_kit_make(&e, &repo, &pack, &name));
    for (size_t bit = 0; bit < 8 * pack.len; bit += bit < 8 * 1000 ? 1 : 7) {
        pack.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        CHECK(verify(&pack, &e, &repo) != SW_OK);
        pack.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    CHECK_I64(verify(&pack, &e, &repo), SW_OK);
    sw_blob_fini(&pack);
}

static void every_shortened_pack_is_refused(void)
{
    struct sw_epoch e;
    struct sw_digest repo;
    struct sw_digest name;
    struct sw_blob pack = { 0 };
    pack_kit_keys(&e, &repo);
    REQUIRE(pack_kit_make(&e, &repo, &pack, &name));
    const size_t whole = pack.len;
    for (pack.len = 0; pack.len < whole; pack.len += 13) {
        CHECK(verify(&pack, &e, &repo) != SW_OK);
    }
    sw_blob_fini(&pack);
}

static void a_pack_does_not_open_with_another_key_or_for_another_repository(void)
{
    struct sw_epoch e;
    struct sw_epoch other;
    struct sw_digest repo;
    struct sw_digest name;
    struct sw_blob pack = { 0 };
    pack_kit_keys(&e, &repo);
    REQUIRE(pack_kit_make(&e, &repo, &pack, &name));
    other = e;
    other.key[0] ^= 1;
    CHECK_I64(verify(&pack, &other, &repo), SW_ERR_CRYPTO);
    other = e;
    other.id[0] ^= 1;
    CHECK_I64(verify(&pack, &other, &repo), SW_ERR_CRYPTO);
    other = e;
    other.id_key[0] ^= 1; /* opens, but no chunk is what its name says */
    CHECK_I64(verify(&pack, &other, &repo), SW_ERR_CRYPTO);
    repo.b[0] ^= 1;
    CHECK_I64(verify(&pack, &e, &repo), SW_ERR_CRYPTO);
    sw_blob_fini(&pack);
}

static void epochs_open_for_their_recipient_only(void)
{
    uint8_t secret[32];
    uint8_t recipient[32];
    uint8_t ikm[32];
    uint8_t sealed[SW_SEALED_EPOCH_LEN];
    struct sw_epoch e;
    struct sw_epoch opened;
    struct sw_digest repo;
    memset(secret, 7, sizeof secret);
    memset(ikm, 8, sizeof ikm);
    (void)crypto_scalarmult_base(recipient, secret);
    pack_kit_keys(&e, &repo);
    REQUIRE(sw_epoch_seal(&e, &repo, recipient, ikm, sealed) == SW_OK);
    opened = (struct sw_epoch){ 0 };
    memcpy(opened.id, e.id, SW_EPOCH_ID_LEN);
    CHECK_I64(sw_epoch_open(&opened, &repo, secret, sealed), SW_OK);
    CHECK(memcmp(&opened, &e, sizeof e) == 0);
    secret[0] ^= 8;
    CHECK_I64(sw_epoch_open(&opened, &repo, secret, sealed), SW_ERR_CRYPTO);
    secret[0] ^= 8;
    opened.id[0] ^= 1;
    CHECK_I64(sw_epoch_open(&opened, &repo, secret, sealed), SW_ERR_CRYPTO);
    opened.id[0] ^= 1;
    repo.b[0] ^= 1;
    CHECK_I64(sw_epoch_open(&opened, &repo, secret, sealed), SW_ERR_CRYPTO);
}

static void padding_is_padme(void)
{
    /* Nikitin et al. 2019, table of the paper: at most 12 %, O(log log L) bits leak */
    static const size_t table[][2] = { { 1, 1 },       { 9, 10 },      { 100, 104 },
                                       { 1000, 1024 }, { 4097, 4352 }, { 1000000, 1015808 } };
    for (size_t i = 0; i < SW_LEN(table); i++) {
        CHECK_U64(sw_padme(table[i][0]), table[i][1]);
    }
    for (size_t len = 1; len < 100000; len += 7) {
        const size_t p = sw_padme(len);
        CHECK(p >= len && p - len <= len * 12 / 100 + 1);
    }
}

static void a_pack_takes_groups_until_it_is_full_and_then_has_its_size(void)
{
    static uint8_t room[SW_SEGMENT_MAX];
    const uint8_t nonce[32] = { 3 };
    struct sw_epoch e;
    struct sw_digest repo;
    struct sw_digest name;
    struct sw_group g;
    struct sw_pack_writer w;
    struct sw_segment s = { .data = room };
    uint8_t *noise = malloc(SW_SEGMENT_MAX);
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    REQUIRE(noise != NULL && zstd != NULL);
    pack_kit_keys(&e, &repo);
    REQUIRE(sw_group_init(&g) == SW_OK && sw_pack_begin(&w, &e, &repo, nonce) == SW_OK);
    for (uint8_t i = 0;; i++) {
        const uint8_t key[randombytes_SEEDBYTES] = { i };
        struct sw_digest id;
        randombytes_buf_deterministic(noise, SW_SEGMENT_MAX, key);
        const struct sw_bytes c = { noise, SW_SEGMENT_MAX };
        sw_chunk_id(&e, c, &id);
        g.n = 0;
        g.len = 0;
        REQUIRE(sw_group_fits(&g, c.len) && sw_group_add(&g, &id, c) == SW_OK);
        CHECK(!sw_group_fits(&g, 1));
        REQUIRE(sw_segment_compress(zstd, &g, &s) == SW_OK);
        CHECK_U64(s.method, 0); /* noise does not compress */
        if (!sw_pack_fits(&w, &g, &s)) {
            CHECK_U64(i, 31);
            break;
        }
        REQUIRE(sw_pack_add(&w, &g, &s) == SW_OK);
    }
    REQUIRE(sw_pack_finish(&w, true, &name) == SW_OK);
    CHECK_U64(w.len, SW_PACK_SIZE);
    CHECK_I64(sw_pack_verify((struct sw_bytes){ w.buf, w.len }, &e, &repo, &host), SW_OK);
    sw_pack_fini(&w);
    sw_group_fini(&g);
    (void)ZSTD_freeCCtx(zstd);
    free(noise);
}

static void a_manifest_reads_back(void)
{
    struct sw_epoch e;
    struct sw_digest repo;
    struct sw_blob bytes = { 0 };
    struct sw_manifest m;
    struct sw_manifest_pack p;
    struct sw_manifest_epoch me;
    struct sw_root root;
    pack_kit_keys(&e, &repo);
    REQUIRE(manifest_kit_make(&e, &repo, &bytes));
    REQUIRE(sw_manifest_parse(sw_blob_bytes(&bytes), &m) == SW_OK);
    CHECK_I64(sw_manifest_verify(&m), SW_OK);
    CHECK_STR(m.node.s, "node-a");
    CHECK_STR(m.set.s, "etc");
    CHECK_U64(m.sequence, 7);
    CHECK_I64(m.taken_at, 1234567890);
    CHECK_U64(m.n_epochs, 2);
    CHECK_U64(m.n_packs, 3);
    sw_manifest_pack(&m, 2, &p);
    CHECK_U64(p.name.b[31], 20);
    CHECK_U64(p.size, 12288);
    CHECK_U64(p.epoch, 0);
    sw_manifest_epoch(&m, 1, &me);
    CHECK(memcmp(me.id, e.id, SW_EPOCH_ID_LEN) == 0);
    REQUIRE(sw_manifest_root(&m, &e, &repo, &root) == SW_OK);
    CHECK_U64(root.levels, 1);
    CHECK_U64(root.files, 3);
    CHECK_U64(root.bytes, 999);
    e.key[0] ^= 1;
    CHECK_I64(sw_manifest_root(&m, &e, &repo, &root), SW_ERR_CRYPTO);
    sw_blob_fini(&bytes);
}

static void every_flipped_bit_of_a_manifest_is_refused(void)
{
    struct sw_epoch e;
    struct sw_digest repo;
    struct sw_blob bytes = { 0 };
    struct sw_manifest m;
    pack_kit_keys(&e, &repo);
    REQUIRE(manifest_kit_make(&e, &repo, &bytes));
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        CHECK(sw_manifest_parse(sw_blob_bytes(&bytes), &m) != SW_OK ||
              sw_manifest_verify(&m) != SW_OK);
        bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    const size_t whole = bytes.len;
    for (bytes.len = 0; bytes.len < whole; bytes.len++) {
        CHECK(sw_manifest_parse(sw_blob_bytes(&bytes), &m) != SW_OK);
    }
    sw_blob_fini(&bytes);
}

CU_TestInfo tests_pack[] = {
    { "a pack opens to what was put in", a_pack_opens_to_what_was_put_in },
    { "every flipped bit of a pack is refused", every_flipped_bit_of_a_pack_is_refused },
    { "every shortened pack is refused", every_shortened_pack_is_refused },
    { "a pack does not open with another key or for another repository",
      a_pack_does_not_open_with_another_key_or_for_another_repository },
    { "epochs open for their recipient only", epochs_open_for_their_recipient_only },
    { "padding is Padme", padding_is_padme },
    { "a pack takes groups until it is full and then has its size",
      a_pack_takes_groups_until_it_is_full_and_then_has_its_size },
    { "a manifest reads back", a_manifest_reads_back },
    { "every flipped bit of a manifest is refused", every_flipped_bit_of_a_manifest_is_refused },
    CU_TEST_INFO_NULL,
};
