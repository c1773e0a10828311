/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a zone consists of: its digest by RFC 8976's own examples, its bytes, its differences, its
 * text. */
#include "node/core/dns/content.h"
#include "node/core/dns/master_text.h"
#include "node/core/dns/version.h"
#include "tests/lib/check.h"

static struct sw_bytes bytes_of(const char *text)
{
    return (struct sw_bytes){ (const uint8_t *)text, strlen(text) };
}

static void to_hex(const uint8_t *v, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", v[i]);
    }
}

static void check_digest(const char *origin, const char *text, unsigned hash, const char *want)
{
    struct sw_records r = { 0 };
    struct sw_diag d = { "" };
    uint8_t digest[SW_ZONEMD_MAX];
    char hex[2 * SW_ZONEMD_MAX + 1];
    REQUIRE(sw_records_read(&r, origin, bytes_of(text), &d) == SW_OK);
    REQUIRE(sw_zonemd_digest(&r, hash, digest) == SW_OK);
    to_hex(digest, sw_zonemd_len(hash), hex);
    CHECK_STR(hex, want);
    CHECK_I64(sw_zonemd_verify(&r, &d), SW_OK);
    sw_records_fini(&r);
}

#define SIMPLE_REST                                                      \
    "example. 86400 IN SOA ns1 admin 2018031900 1800 900 604800 86400\n" \
    " 86400 IN NS ns1\n"                                                 \
    " 86400 IN NS ns2\n"                                                 \
    "ns1 3600 IN A 203.0.113.63\n"                                       \
    "ns2 3600 IN AAAA 2001:db8::63\n"
#define SIMPLE_DIGEST                                                                              \
    "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730" \
    "044c"

/* RFC 8976, A.1 */
static void the_simple_example_has_its_digest(void)
{
    check_digest("example.",
                 SIMPLE_REST "example. 86400 IN ZONEMD 2018031900 1 1 " SIMPLE_DIGEST "\n",
                 SW_ZONEMD_SHA384, SIMPLE_DIGEST);
}

/* RFC 8976, A.2, without the record that is not in the zone: this compiler refuses such. */
static void the_complex_example_has_its_digest(void)
{
    static const char text[] =
        "example. 86400 IN SOA ns1 admin 2018031900 1800 900 604800 86400\n"
        " 86400 IN NS ns1\n"
        " 86400 IN NS ns2\n"
        " 86400 IN ZONEMD 2018031900 1 1 a3b69bad980a3504e1cffcb0fd6397f93848071c93151f552ae2f6b171"
        "1d4bd2d8b39808226d7b9db71e34b72077f8fe\n"
        "ns1 3600 IN A 203.0.113.63\n"
        "NS2 3600 IN AAAA 2001:db8::63\n"
        "occluded.sub 7200 IN TXT \"I'm occluded but must be digested\"\n"
        "sub 7200 IN NS ns1\n"
        "duplicate 300 IN TXT \"I must be digested just once\"\n"
        "duplicate 300 IN TXT \"I must be digested just once\"\n"
        "UPPERCASE 3600 IN TXT \"canonicalize uppercase owner names\"\n"
        "* 777 IN PTR dont-forget-about-wildcards\n"
        "mail 3600 IN MX 20 MAIL1\n"
        "mail 3600 IN MX 10 Mail2.Example.\n"
        "sortme 3600 IN AAAA 2001:db8::5:61\n"
        "sortme 3600 IN AAAA 2001:db8::3:62\n"
        "sortme 3600 IN AAAA 2001:db8::4:63\n"
        "sortme 3600 IN AAAA 2001:db8::1:65\n"
        "sortme 3600 IN AAAA 2001:db8::2:64\n"
        "non-apex 900 IN ZONEMD 2018031900 1 1 616c6c6f776564206275742069676e6f7265642e20616c6c6f77"
        "6564206275742069676e6f7265642e20616c6c6f7765\n";
    check_digest("example.", text, SW_ZONEMD_SHA384,
                 "a3b69bad980a3504e1cffcb0fd6397f93848071c93151f552ae2f6b1711d4bd2d8b39808226d7b9db"
                 "71e34b72077f8fe");
}

static void a_zone_with_a_wrong_digest_is_found_out(void)
{
    struct sw_records r = { 0 };
    struct sw_diag d = { "" };
    static const char text[] = SIMPLE_REST
        "more 60 IN A 192.0.2.1\nexample. 86400 IN ZONEMD 2018031900 1 1 " SIMPLE_DIGEST "\n";
    REQUIRE(sw_records_read(&r, "example.", bytes_of(text), &d) == SW_OK);
    CHECK_I64(sw_zonemd_verify(&r, &d), SW_ERR_CRYPTO);
    sw_records_fini(&r);
}

/* RFC 1982, 3.2; the numbers of its section 5.1 (SERIAL_BITS = 2) carried over to 32 bits. */
static void serials_go_round(void)
{
    CHECK(sw_serial_newer(1, 0));
    CHECK(!sw_serial_newer(0, 1));
    CHECK(sw_serial_newer(0, UINT32_MAX));
    CHECK(sw_serial_newer(0x7fffffffU, 0));
    CHECK(!sw_serial_newer(0x80000000U, 0)); /* not defined: neither */
    CHECK(!sw_serial_newer(0, 0x80000000U));
    CHECK(!sw_serial_newer(5, 5));
    const struct sw_zone_version old = { .epoch = 1, .serial = 4000 };
    const struct sw_zone_version next = { .epoch = 2, .serial = 1 };
    CHECK(sw_version_newer(&next, &old)); /* the epoch first */
    CHECK(!sw_version_newer(&old, &next));
}

static void read(struct sw_records *r, const char *text)
{
    struct sw_diag d = { "" };
    *r = (struct sw_records){ 0 };
    CHECK_I64(sw_records_read(r, "example.", bytes_of(text), &d), SW_OK);
}

static struct sw_blob content_of(const struct sw_records *r)
{
    struct sw_blob b = { 0 };
    CHECK_I64(sw_content_put(r, &b), SW_OK);
    return b;
}

static void check_same_content(const struct sw_records *a, const struct sw_records *b)
{
    struct sw_blob x = content_of(a);
    struct sw_blob y = content_of(b);
    CHECK_U64(x.len, y.len);
    CHECK(x.len == y.len && memcmp(x.data, y.data, x.len) == 0);
    sw_blob_fini(&x);
    sw_blob_fini(&y);
}

static void a_difference_makes_the_new_of_the_old(void)
{
    static const char *const versions[] = {
        SIMPLE_REST,
        SIMPLE_REST "new 60 IN A 192.0.2.1\nnew 60 IN A 192.0.2.2\n",
        SIMPLE_REST "new 90 IN A 192.0.2.1\n", /* another TTL */
        "@ 1 IN SOA a b 9 1 1 1 1\n@ 1 IN NS a\n",
    };
    for (size_t i = 0; i < SW_LEN(versions); i++) {
        for (size_t k = 0; k < SW_LEN(versions); k++) {
            struct sw_records from;
            struct sw_records to;
            struct sw_blob difference = { 0 };
            read(&from, versions[i]);
            read(&to, versions[k]);
            CHECK_I64(sw_content_difference(&from, &to, &difference), SW_OK);
            CHECK_I64(sw_content_apply(&from, sw_blob_bytes(&difference)), SW_OK);
            check_same_content(&from, &to);
            sw_records_fini(&from);
            sw_records_fini(&to);
            sw_blob_fini(&difference);
        }
    }
}

static void a_difference_from_something_else_is_refused(void)
{
    struct sw_records a;
    struct sw_records b;
    struct sw_blob difference = { 0 };
    read(&a, SIMPLE_REST "x 60 IN A 192.0.2.1\n");
    read(&b, SIMPLE_REST);
    CHECK_I64(sw_content_difference(&a, &b, &difference), SW_OK);
    CHECK_I64(sw_content_apply(&b, sw_blob_bytes(&difference)), SW_ERR_MALFORMED); /* no x to go */
    sw_records_fini(&b);
    sw_blob_fini(&difference);
    read(&b, SIMPLE_REST);
    CHECK_I64(sw_content_difference(&b, &a, &difference), SW_OK);
    CHECK_I64(sw_content_apply(&a, sw_blob_bytes(&difference)), SW_ERR_MALFORMED); /* x is there */
    sw_records_fini(&a);
    sw_records_fini(&b);
    sw_blob_fini(&difference);
}

static void content_that_was_cut_or_changed_is_refused_or_is_other_content(void)
{
    struct sw_records r;
    read(&r, SIMPLE_REST "x 60 IN TXT \"a\" \"b\"\n");
    struct sw_blob content = content_of(&r);
    for (size_t len = 0; len < content.len; len++) {
        struct sw_records got = { 0 };
        const int err = sw_content_get(&got, r.origin, (struct sw_bytes){ content.data, len });
        CHECK(err == SW_ERR_MALFORMED || got.n < r.n);
        sw_records_fini(&got);
    }
    for (size_t i = 0; i < content.len; i++) {
        struct sw_records got = { 0 };
        content.data[i] ^= 0x80U;
        (void)sw_content_get(&got, r.origin, sw_blob_bytes(&content));
        content.data[i] ^= 0x80U;
        sw_records_fini(&got);
    }
    sw_records_fini(&r);
    sw_blob_fini(&content);
}

static void the_text_says_what_the_records_are(void)
{
    struct sw_records r;
    struct sw_records again;
    struct sw_blob text = { 0 };
    read(
        &r, SIMPLE_REST
        "a\\.b 60 IN CNAME c\\032d\nm 60 IN MX 10 mx\ns 60 IN SRV 1 2 3 t\nt 60 IN TXT \"a \\\"b\" "
        "\"\\200\\\\\" \"\"\nds 60 IN DS 1 8 2 "
        "0000000000000000000000000000000000000000000000000000000000000000\nu 60 IN TYPE65400 \\# 3 "
        "010203\n* 60 IN A 192.0.2.9\np 60 IN PTR q\n");
    REQUIRE(sw_master_text_put(&r, &text) == SW_OK);
    REQUIRE(sw_blob_append(&text, "", 1) == SW_OK);
    read(&again, (const char *)text.data);
    check_same_content(&r, &again);
    sw_records_fini(&r);
    sw_records_fini(&again);
    sw_blob_fini(&text);
}

extern CU_TestInfo tests_zone_content[];
CU_TestInfo tests_zone_content[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(the_simple_example_has_its_digest),
    T(the_complex_example_has_its_digest),
    T(a_zone_with_a_wrong_digest_is_found_out),
    T(serials_go_round),
    T(a_difference_makes_the_new_of_the_old),
    T(a_difference_from_something_else_is_refused),
    T(content_that_was_cut_or_changed_is_refused_or_is_other_content),
    T(the_text_says_what_the_records_are),
    CU_TEST_INFO_NULL,
};
