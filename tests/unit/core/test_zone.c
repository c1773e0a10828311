/* SPDX-License-Identifier: GPL-3.0-or-later
 * Compiling master files, and refusing blocks of bytes that are no zones. */
#include "node/core/dns/zone.h"

#include "node/base/rng.h"
#include "tests/lib/check.h"
#include "tests/lib/dns_text.h"
#include "tests/lib/fail_alloc.h"

extern CU_TestInfo tests_zone[];

#define APEX "$TTL 300\n@ SOA ns admin 42 7200 900 1209600 300\n@ NS ns\nns A 192.0.2.1\n"

static int compile(const char *origin, const char *text, struct sw_blob *image, struct sw_diag *d)
{
    *d = (struct sw_diag){ { 0 } };
    return sw_zone_compile(origin, (struct sw_bytes){ (const uint8_t *)text, strlen(text) }, image,
                           d);
}

static void errors_name_line_and_reason(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "", "no SOA at the zone's apex" },
        { "; nothing\n", "no SOA at the zone's apex" },
        { "@ 60 NS ns\n", "no SOA at the zone's apex" },
        { "@ SOA a b 1 1 1 1 1\n", "no NS at the zone's apex" },
        { APEX "www A 192.0.2.256\n", "line 5: invalid IPv4 address" },
        { APEX "\n\nwww A x\n", "line 7: invalid address character" },
        { APEX "www TXT (\n\"a\"\n", "line 7: unclosed last multiline block" },
        { APEX "$INCLUDE /etc/passwd\n", "line 5: $INCLUDE is not supported" },
        { APEX "www.other. A 192.0.2.1\n", "line 5: the owner is not in the zone" },
        { APEX "badtest. A 192.0.2.1\n", "line 5: the owner is not in the zone" },
        { APEX "www 2147483648 A 192.0.2.1\n", "line 5: a TTL has 31 bits (RFC 2181, 8)" },
        { APEX "www CNAME a\nwww A 192.0.2.1\n",
          "line 6: www.test.: other data beside a CNAME (RFC 2181, 10.1)" },
        { APEX "www CNAME a\nwww CNAME b\n",
          "line 6: www.test.: more than one record of this type" },
        { APEX "@ CNAME a\n", "line 3: test.: other data beside a CNAME (RFC 2181, 10.1)" },
        { APEX "@ SOA other admin 43 7200 900 1209600 300\n",
          "line 5: test.: more than one record of this type" },
        { APEX "sub SOA ns admin 42 7200 900 1209600 300\n",
          "line 5: sub.test.: SOA below the zone's apex" },
        { APEX "sub DNAME other.\n", "line 5: sub.test.: DNAME is not supported" },
        { APEX "*.sub NS ns\n",
          "line 5: *.sub.test.: NS at a wildcard has no meaning (RFC 4592, 4.2)" },
        { APEX "a A \\# 3 010203\n", "line 5: a.test.: malformed data" },
        { APEX "a AAAA \\# 4 01020304\n", "line 5: a.test.: malformed data" },
        { APEX "a CNAME \\# 2 0161\n", "line 5: a.test.: malformed data" },
        { APEX "a PTR \\# 4 01610000\n", "line 5: a.test.: malformed data" },
        { APEX "a MX \\# 2 0001\n", "line 5: a.test.: malformed data" },
        { APEX "a SRV \\# 6 000100010001\n", "line 5: a.test.: malformed data" },
        { APEX "a NS \\# 2 C00C\n", "line 5: a.test.: malformed data" },
        { APEX "a TYPE250 \\# 0\n",
          "line 5: a.test.: a type that is not for data (RFC 6895, 3.1)" },
        { APEX "a TYPE0 \\# 0\n", "line 5: a.test.: a type that is not for data (RFC 6895, 3.1)" },
        { "@ SOA \\# 22 00 00 0000000100000001000000010000000100000001\n@ NS a\nb SOA \\# 1 00\n",
          "line 3: b.test.: malformed data" },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        struct sw_blob image = { 0 };
        struct sw_diag d;
        CHECK_I64(compile("test", cases[i].text, &image, &d), SW_ERR_MALFORMED);
        CHECK_STR(d.text, cases[i].want);
        CHECK_U64(image.len, 0);
        sw_blob_fini(&image);
    }
    struct sw_blob image = { 0 };
    struct sw_diag d;
    CHECK_I64(compile("not..a.name", APEX, &image, &d), SW_ERR_MALFORMED);
    CHECK_STR(d.text, "\"not..a.name\" is not a domain name");
}

static void an_rrset_that_no_message_holds_is_refused(void)
{
    static char text[1 << 20];
    int n = snprintf(text, sizeof text, "%s", APEX);
    for (int i = 0; i < 300; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "big TXT \"%d %0220d\"\n", i, 0);
    }
    struct sw_blob image = { 0 };
    struct sw_diag d;
    CHECK_I64(compile("test", text, &image, &d), SW_ERR_MALFORMED);
    CHECK(strstr(d.text, "big.test.: the RRset does not fit a message") != NULL);
    *strstr(text, "big TXT \"250 ") = '\0'; /* the first 250 do */
    CHECK_I64(compile("test", text, &image, &d), SW_OK);
    sw_blob_fini(&image);
}

static void a_zone_tells_its_name_serial_and_size(void)
{
    struct sw_zone *z = dns_zone("TeSt", APEX "a A 192.0.2.1\na A 192.0.2.2\na TXT x\n");
    REQUIRE(z != NULL);
    CHECK(memcmp(sw_zone_name(z), "\4test", 6) == 0);
    CHECK_U64(sw_zone_serial(z), 42);
    CHECK_U64(sw_zone_rrsets(z), 5);
    CHECK(sw_zone_image(z).len > 0);
    sw_zone_free(z);
    sw_zone_free(NULL);
}

static void the_same_records_make_the_same_image(void)
{
    struct sw_blob a = { 0 };
    struct sw_blob b = { 0 };
    struct sw_diag d;
    CHECK_I64(compile("test", APEX "a 60 A 192.0.2.1\nb TXT x\nA 60 A 192.0.2.2\n", &a, &d), SW_OK);
    CHECK_I64(compile("TEST.",
                      "$TTL 300\nb.test. TXT x\nb TXT \"x\"\na 90 A 192.0.2.2\n"
                      "A 60 A 192.0.2.1\nns A 192.0.2.1\n@ NS ns\n"
                      "@ SOA ns admin 42 2h 15m 2w 5m",
                      &b, &d),
              SW_OK);
    CHECK_U64(a.len, b.len);
    CHECK(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
    sw_blob_fini(&a);
    sw_blob_fini(&b);
}

static const char rich[] = APEX "www CNAME ns\n*.wild MX 5 ns\nsub NS ns.sub\nns.sub A 192.0.2.9\n"
                                "a.b.c TXT x\n@ MX 10 ns\n_x._tcp SRV 1 2 3 ns\n";

/* An image goes in, comes out unharmed or refused, and whatever is accepted can be answered
 * from without a fault. */
static bool is_accepted(const uint8_t *data, size_t len)
{
    struct sw_blob image = { 0 };
    struct sw_zone *z = NULL;
    (void)sw_blob_append(&image, data, len);
    const int err = sw_zone_new(&image, &z);
    if (err != SW_OK) {
        CHECK_I64(err, SW_ERR_MALFORMED);
        CHECK_U64(image.len, len); /* still ours */
        sw_blob_fini(&image);
        return false;
    }
    CHECK_U64(image.len, 0);
    static const char *const names[] = { "test",   "www.test", "x.wild.test", "y.sub.test",
                                         "c.test", "no.test",  "_x._tcp.test" };
    const struct sw_zone *zones[] = { z };
    const struct sw_view view = { .zones = zones, .n_zones = 1, .udp_size = 1232 };
    for (size_t i = 0; i < SW_LEN(names); i++) {
        static const uint16_t types[] = { SW_TYPE_A, SW_TYPE_MX, SW_TYPE_SRV, SW_TYPE_ANY };
        for (size_t k = 0; k < SW_LEN(types); k++) {
            uint8_t query[300];
            uint8_t answer[1232];
            struct sw_wr q = { .buf = query, .cap = sizeof query };
            struct sw_wr a = { .buf = answer, .cap = sizeof answer };
            dns_query(&q, names[i], types[k], 1232);
            (void)sw_answer(&view, (struct sw_bytes){ query, q.len }, false, &a);
        }
    }
    sw_zone_free(z);
    return true;
}

static void a_damaged_image_is_refused_or_harmless(void)
{
    struct sw_blob image = { 0 };
    struct sw_diag d;
    CHECK_I64(compile("test", rich, &image, &d), SW_OK);
    CHECK(is_accepted(image.data, image.len));
    for (size_t len = 0; len < image.len; len++) {
        CHECK(!is_accepted(image.data, len));
    }
    CHECK_I64(sw_blob_append(&image, "", 1), SW_OK);
    CHECK(!is_accepted(image.data, image.len));
    image.len--;
    for (size_t at = 0; at < image.len; at++) {
        static const uint8_t flips[] = { 0x01, 0x02, 0x10, 0x80, 0xff };
        for (size_t i = 0; i < SW_LEN(flips); i++) {
            image.data[at] ^= flips[i];
            (void)is_accepted(image.data, image.len);
            image.data[at] ^= flips[i];
        }
    }
    sw_blob_fini(&image);
}

/* What a look-up relies on: damage there is always found. */
static void damage_to_structure_is_always_found(void)
{
    struct sw_blob image = { 0 };
    struct sw_diag d;
    CHECK_I64(compile("test", rich, &image, &d), SW_OK);
    const size_t slots = (size_t)image.data[16] | (size_t)image.data[17] << 8;
    const size_t nodes_at = 32 + 8 * slots;
    for (size_t at = 0; at < nodes_at + 16; at++) { /* header, slots, and the apex's fixed part */
        image.data[at] ^= 0x04;
        CHECK(!is_accepted(image.data, image.len));
        image.data[at] ^= 0x04;
    }
    sw_blob_fini(&image);
}

static void running_out_of_memory_is_an_error_and_leaks_nothing(void)
{
    for (uint64_t i = 0;; i++) {
        struct sw_blob image = { 0 };
        struct sw_diag d;
        struct sw_zone *z = NULL;
        fail_alloc_only(i);
        int err = compile("test", rich, &image, &d);
        if (err == SW_OK) {
            err = sw_zone_new(&image, &z);
        }
        const uint64_t asked = fail_alloc_stop();
        sw_blob_fini(&image);
        sw_zone_free(z);
        if (err == SW_OK) {
            CHECK(asked <= i);
            CHECK(i > 5);
            return;
        }
        CHECK_I64(err, SW_ERR_NOMEM);
    }
}

/* d.d. ... .d.test. */
static void put_deep(char out[300], int labels)
{
    int n = 0;
    for (int i = 0; i < labels; i++) {
        n += snprintf(out + n, 300 - (size_t)n, "d.");
    }
    (void)snprintf(out + n, 300 - (size_t)n, "test.");
}

/* Every name that a zone has, and none that it lacks, is found in a zone large enough for long
 * probes; deep names take the search for the closest encloser through every depth. */
static void look_ups_find_what_is_there(void)
{
    enum { HOSTS = 5000, DEEP = 100 };
    static char text[1 << 19];
    int n = snprintf(text, sizeof text, "%s", APEX);
    for (int i = 0; i < HOSTS; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "h%d A 192.0.2.%d\n", i, i % 250);
    }
    char deep[300];
    put_deep(deep, DEEP);
    (void)snprintf(text + n, sizeof text - (size_t)n, "%s TXT x\n", deep);
    struct sw_zone *z = dns_zone("test", text);
    REQUIRE(z != NULL);
    const struct sw_zone *zones[] = { z };
    const struct sw_view view = { .zones = zones, .n_zones = 1, .udp_size = 1232 };
    for (int i = 0; i < 2 * HOSTS + DEEP + 20; i++) {
        char name[300];
        unsigned want = SW_RCODE_NOERROR;
        if (i < 2 * HOSTS) {
            (void)snprintf(name, sizeof name, "h%d.test", i);
            want = i < HOSTS ? SW_RCODE_NOERROR : SW_RCODE_NXDOMAIN;
        } else { /* d.d. ... .d.test, each length, below and above what exists */
            const int labels = i - 2 * HOSTS;
            put_deep(name, labels);
            want = labels <= DEEP ? SW_RCODE_NOERROR : SW_RCODE_NXDOMAIN;
        }
        uint8_t query[300];
        uint8_t answer[1232];
        struct sw_wr q = { .buf = query, .cap = sizeof query };
        struct sw_wr a = { .buf = answer, .cap = sizeof answer };
        dns_query(&q, name, SW_TYPE_A, 0);
        (void)sw_answer(&view, (struct sw_bytes){ query, q.len }, false, &a);
        CHECK_U64(answer[3] & SW_DNS_RCODE, want);
        CHECK_U64(answer[7], i < HOSTS);
    }
    sw_zone_free(z);
}

static void the_example_zone_of_the_scenarios_compiles(void)
{
    static char text[1 << 16];
    FILE *f = fopen(SW_SOURCE_DIR "/scenarios/zones/example.org.zone", "rb");
    REQUIRE(f != NULL);
    const size_t len = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    text[len] = '\0';
    struct sw_zone *z = dns_zone("example.org", text);
    REQUIRE(z != NULL);
    CHECK_U64(sw_zone_serial(z), 2024010101);
    CHECK(sw_zone_rrsets(z) > 800);
    sw_zone_free(z);
}

CU_TestInfo tests_zone[] = {
    { "errors name line and reason", errors_name_line_and_reason },
    { "an RRset that no message holds is refused", an_rrset_that_no_message_holds_is_refused },
    { "a zone tells its name, serial and size", a_zone_tells_its_name_serial_and_size },
    { "the same records make the same image", the_same_records_make_the_same_image },
    { "a damaged image is refused or harmless", a_damaged_image_is_refused_or_harmless },
    { "damage to structure is always found", damage_to_structure_is_always_found },
    { "running out of memory is an error and leaks nothing",
      running_out_of_memory_is_an_error_and_leaks_nothing },
    { "look-ups find what is there", look_ups_find_what_is_there },
    { "the example zone of the scenarios compiles", the_example_zone_of_the_scenarios_compiles },
    CU_TEST_INFO_NULL,
};
