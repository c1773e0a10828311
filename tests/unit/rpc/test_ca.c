/* SPDX-License-Identifier: GPL-3.0-or-later
 * The authority signs what it should, and nothing else. */
#include "node/base/name.h"
#include "tests/lib/check.h"
#include "tests/lib/pki.h"

static void a_certificate_says_who_it_is_for(void)
{
    struct pki pki;
    struct pki_party a;
    struct sw_ca_info info;
    REQUIRE(pki_init(&pki) == 0);
    REQUIRE(pki_issue(&pki, pki_id(SW_ROLE_NODE, "tokyo-1"), -300, 86400, &a) == 0);
    CHECK_I64(sw_ca_show(sw_blob_bytes(&a.certificate), &info, NULL), 0);
    CHECK(!info.authority && !info.request);
    CHECK_STR(info.subject, "CN=tokyo-1");
    CHECK_STR(info.issuer, "CN=test authority");
    CHECK_I64(info.id.role, SW_ROLE_NODE);
    CHECK_STR(info.id.name.s, "tokyo-1");
    CHECK(info.left_s > 86390 && info.left_s <= 86400);
    CHECK_U64(strlen(info.fingerprint), 64);
    CHECK_U64(strlen(info.serial), 32);
    CHECK_I64(sw_ca_show(sw_blob_bytes(&pki.certificate), &info, NULL), 0);
    CHECK(info.authority);
    CHECK_I64(info.id.role, SW_ROLE_NONE);
    pki_party_fini(&a);
    pki_fini(&pki);
}

static void a_request_is_signed_only_for_the_identity_it_names(void)
{
    struct pki pki;
    struct sw_blob key = { 0 };
    struct sw_blob request = { 0 };
    struct sw_blob out = { 0 };
    struct sw_diag d = { "" };
    const struct sw_identity a = pki_id(SW_ROLE_NODE, "a");
    REQUIRE(pki_init(&pki) == 0);
    REQUIRE(sw_ca_request(&a, &key, &request, NULL) == 0);
    struct sw_ca_sign sign = { sw_blob_bytes(&pki.key),
                               sw_blob_bytes(&pki.certificate),
                               sw_blob_bytes(&request),
                               pki_id(SW_ROLE_OPERATOR, "a"),
                               -300,
                               3600 };
    CHECK_I64(sw_ca_sign(&sign, &out, &d), SW_ERR_DENIED);
    CHECK_STR(d.text, "the request is for node a, not for operator a");
    sign.id = pki_id(SW_ROLE_NODE, "b");
    CHECK_I64(sw_ca_sign(&sign, &out, NULL), SW_ERR_DENIED);
    CHECK_U64(out.len, 0);
    sign.id = a;
    CHECK_I64(sw_ca_sign(&sign, &out, NULL), 0);
    sw_blob_fini(&out);
    sw_blob_fini(&request);
    sw_ca_wipe(&key);
    pki_fini(&pki);
}

static void a_damaged_request_is_refused(void)
{
    struct pki pki;
    struct sw_blob key = { 0 };
    struct sw_blob request = { 0 };
    const struct sw_identity a = pki_id(SW_ROLE_NODE, "a");
    REQUIRE(pki_init(&pki) == 0);
    REQUIRE(sw_ca_request(&a, &key, &request, NULL) == 0);
    unsigned refused = 0;
    unsigned tried = 0;
    for (size_t i = 40; i < request.len - 40; i += 7) { /* within the base64 text */
        struct sw_blob out = { 0 };
        const uint8_t was = request.data[i];
        request.data[i] = was == 'A' ? 'B' : 'A';
        const struct sw_ca_sign sign = { sw_blob_bytes(&pki.key),
                                         sw_blob_bytes(&pki.certificate),
                                         sw_blob_bytes(&request),
                                         a,
                                         -300,
                                         3600 };
        tried += was == '\n' ? 0 : 1;
        refused += was != '\n' && sw_ca_sign(&sign, &out, NULL) != 0 ? 1 : 0;
        request.data[i] = was;
        sw_blob_fini(&out);
    }
    CHECK(tried > 30);
    CHECK_U64(refused, tried);
    sw_blob_fini(&request);
    sw_ca_wipe(&key);
    pki_fini(&pki);
}

static void a_foreign_key_can_not_sign(void)
{
    struct pki one;
    struct pki two;
    struct pki_party a;
    REQUIRE(pki_init(&one) == 0 && pki_init(&two) == 0);
    const struct pki mixed = { one.key, two.certificate };
    CHECK_I64(pki_issue(&mixed, pki_id(SW_ROLE_NODE, "a"), -300, 3600, &a), SW_ERR_STATE);
    pki_party_fini(&a);
    pki_fini(&one);
    pki_fini(&two);
}

static void names_are_checked(void)
{
    CHECK(sw_name_valid("a"));
    CHECK(sw_name_valid("node-1234567890-1234567890-1234"));
    CHECK(!sw_name_valid("node-1234567890-1234567890-12345"));
    CHECK(!sw_name_valid(""));
    CHECK(!sw_name_valid("A"));
    CHECK(!sw_name_valid("a.b"));
    CHECK(!sw_name_valid("a/b"));
    CHECK_I64(sw_role_parse("operator"), SW_ROLE_OPERATOR);
    CHECK_I64(sw_role_parse("none"), SW_ROLE_NONE);
    CHECK_I64(sw_role_parse("root"), SW_ROLE_NONE);
    struct sw_ca_info info;
    CHECK_I64(sw_ca_show((struct sw_bytes){ (const uint8_t *)"no PEM", 6 }, &info, NULL),
              SW_ERR_MALFORMED);
}

extern CU_TestInfo tests_ca[];
CU_TestInfo tests_ca[] = {
    { "a_certificate_says_who_it_is_for", a_certificate_says_who_it_is_for },
    { "a_request_is_signed_only_for_the_identity_it_names",
      a_request_is_signed_only_for_the_identity_it_names },
    { "a_damaged_request_is_refused", a_damaged_request_is_refused },
    { "a_foreign_key_can_not_sign", a_foreign_key_can_not_sign },
    { "names_are_checked", names_are_checked },
    CU_TEST_INFO_NULL,
};
