/* SPDX-License-Identifier: GPL-3.0-or-later
 * HPKE against the vectors of RFC 9180, Appendix A.2. */
#include "node/core/backup/hpke.h"

#include <sodium.h>

#include "node/base/err.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_hpke[];

struct vector {
    const char *ikm_e, *enc, *secret_r, *public_r, *psk, *psk_id, *sealed;
};

/* A.2.1 and A.2.2, sequence number 0. */
static const struct vector base = {
    "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b",
    "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
    "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
    "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
    "",
    "",
    "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db"
    "21993c62ce81883d2dd1b51a28",
};
static const struct vector psk = {
    "35706a0b09fb26fb45c39c2f5079c709c7cf98e43afa973f14d88ece7e29c2e3",
    "2261299c3f40a9afc133b969a97f05e95be2c514e54f3de26cbe5644ac735b04",
    "77d114e0212be51cb1d76fa99dd41cfd4d0166b08caa09074430a6c59ef17879",
    "13640af826b722fc04feaa4de2f28fbd5ecc03623b317834e7ff4120dbe73062",
    "0247fd33b913760fa1fa51e1892d9f307fbe65eb171e8132c2af18555a738b82",
    "456e6e796e20447572696e206172616e204d6f726961",
    "4a177f9c0d6f15cfdf533fb65bf84aecdc6ab16b8b85b4cf65a370e07fc1d78d"
    "28fb073214525276f4a89608ff",
};
static const char info_hex[] = "4f6465206f6e2061204772656369616e2055726e";
static const char plain_hex[] = "4265617574792069732074727574682c20747275746820626561757479";
static const char aad_hex[] = "436f756e742d30";

struct bytes {
    uint8_t b[64];
    size_t len;
};

static struct bytes unhex(const char *hex)
{
    struct bytes out = { .len = strlen(hex) / 2 };
    (void)sodium_hex2bin(out.b, sizeof out.b, hex, strlen(hex), NULL, NULL, NULL);
    return out;
}

static struct sw_bytes view(const struct bytes *b)
{
    return (struct sw_bytes){ b->b, b->len };
}

static void check_vector(const struct vector *v)
{
    const struct bytes info = unhex(info_hex);
    const struct bytes aad = unhex(aad_hex);
    const struct bytes plain = unhex(plain_hex);
    const struct bytes key = unhex(v->psk);
    const struct bytes key_id = unhex(v->psk_id);
    const struct bytes ikm = unhex(v->ikm_e);
    const struct bytes want_enc = unhex(v->enc);
    const struct bytes want = unhex(v->sealed);
    const struct sw_hpke_params p = { view(&info), view(&key), view(&key_id), view(&aad) };
    uint8_t enc[32];
    uint8_t sealed[64];
    uint8_t opened[64];
    REQUIRE(sw_hpke_seal(&p, unhex(v->public_r).b, view(&ikm), view(&plain), enc, sealed) == SW_OK);
    CHECK(memcmp(enc, want_enc.b, 32) == 0);
    CHECK(memcmp(sealed, want.b, want.len) == 0);
    REQUIRE(sw_hpke_open(&p, unhex(v->secret_r).b, want_enc.b, view(&want), opened) == SW_OK);
    CHECK(memcmp(opened, plain.b, plain.len) == 0);
}

static void base_mode_gives_the_bytes_of_rfc_9180_a_2_1(void)
{
    check_vector(&base);
}

static void psk_mode_gives_the_bytes_of_rfc_9180_a_2_2(void)
{
    check_vector(&psk);
}

static void key_pairs_derive_as_in_rfc_9180_a_2_1(void)
{
    const struct bytes ikm =
        unhex("1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df"); /* ikmR */
    uint8_t secret[32];
    uint8_t public_key[32];
    sw_hpke_derive(view(&ikm), secret, public_key);
    CHECK(memcmp(secret, unhex(base.secret_r).b, 32) == 0);
    CHECK(memcmp(public_key, unhex(base.public_r).b, 32) == 0);
}

static void nothing_opens_after_any_change(void)
{
    const struct bytes want = unhex(base.sealed);
    const struct bytes info = unhex(info_hex);
    const struct bytes aad = unhex(aad_hex);
    const struct bytes secret = unhex(base.secret_r);
    const struct sw_hpke_params p = { .info = view(&info), .aad = view(&aad) };
    uint8_t out[64];
    for (size_t bit = 0; bit < 8 * want.len; bit++) {
        struct bytes bad = want;
        bad.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        CHECK_I64(sw_hpke_open(&p, secret.b, unhex(base.enc).b, view(&bad), out), SW_ERR_CRYPTO);
    }
    struct sw_hpke_params other = p;
    other.aad.len--;
    CHECK_I64(sw_hpke_open(&other, secret.b, unhex(base.enc).b, view(&want), out), SW_ERR_CRYPTO);
    other = p;
    other.info.len--;
    CHECK_I64(sw_hpke_open(&other, secret.b, unhex(base.enc).b, view(&want), out), SW_ERR_CRYPTO);
    CHECK_I64(sw_hpke_open(&p, unhex(psk.secret_r).b, unhex(base.enc).b, view(&want), out),
              SW_ERR_CRYPTO);
    CHECK_I64(sw_hpke_open(&p, secret.b, unhex(base.enc).b, (struct sw_bytes){ want.b, 15 }, out),
              SW_ERR_CRYPTO);
}

static void a_point_of_small_order_is_refused(void)
{
    const struct bytes ikm = unhex(base.ikm_e);
    const uint8_t zero[32] = { 0 };
    const struct sw_hpke_params p = { .info = { 0 } };
    uint8_t enc[32];
    uint8_t out[64];
    CHECK_I64(sw_hpke_seal(&p, zero, view(&ikm), view(&ikm), enc, out), SW_ERR_CRYPTO);
    CHECK_I64(sw_hpke_open(&p, unhex(base.secret_r).b, zero, view(&ikm), out), SW_ERR_CRYPTO);
}

static void a_psk_without_its_name_is_refused(void)
{
    const struct bytes ikm = unhex(base.ikm_e);
    const struct sw_hpke_params p = { .psk = view(&ikm) };
    uint8_t enc[32];
    uint8_t out[64];
    CHECK_I64(sw_hpke_seal(&p, unhex(base.public_r).b, view(&ikm), view(&ikm), enc, out),
              SW_ERR_CRYPTO);
}

CU_TestInfo tests_hpke[] = {
    { "base mode gives the bytes of RFC 9180 A.2.1", base_mode_gives_the_bytes_of_rfc_9180_a_2_1 },
    { "PSK mode gives the bytes of RFC 9180 A.2.2", psk_mode_gives_the_bytes_of_rfc_9180_a_2_2 },
    { "key pairs derive as in RFC 9180 A.2.1", key_pairs_derive_as_in_rfc_9180_a_2_1 },
    { "nothing opens after any change", nothing_opens_after_any_change },
    { "a point of small order is refused", a_point_of_small_order_is_refused },
    { "a PSK without its name is refused", a_psk_without_its_name_is_refused },
    CU_TEST_INFO_NULL,
};
