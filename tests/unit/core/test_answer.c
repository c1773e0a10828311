/* SPDX-License-Identifier: GPL-3.0-or-later
 * Answers from zones: each row is a question, the whole answer that the RFC named beside it
 * demands, and why. */
#include "node/core/dns/answer.h"
#include "node/core/dns/bytes.h"

#include "tests/lib/check.h"
#include "tests/lib/dns_text.h"
#include "tests/lib/fail_alloc.h"

extern CU_TestInfo tests_answer[];

#define ANY SW_TYPE_ANY

/* The zone of RFC 4592, 2.2.1; what it leaves open is filled in. */
static const char wildcard_zone[] =
    "$ORIGIN example.\n"
    "example. 3600 IN SOA ns.example.com. admin.example. 1 7200 900 1209600 300\n"
    "example. 3600 NS ns.example.com.\n"
    "example. 3600 NS ns.example.net.\n"
    "*.example. 3600 TXT \"this is a wildcard\"\n"
    "*.example. 3600 MX 10 host1.example.\n"
    "sub.*.example. 3600 TXT \"this is not a wildcard\"\n"
    "host1.example. 3600 A 192.0.2.1\n"
    "_ssh._tcp.host1.example. 3600 SRV 0 0 22 host1.example.\n"
    "_ssh._tcp.host2.example. 3600 SRV 0 0 22 host2.example.\n"
    "subdel.example. 3600 NS ns.example.com.\n"
    "subdel.example. 3600 NS ns.example.net.\n";
#define WILDCARD_SOA "ns example. 300 SOA ns.example.com. admin.example. 1 7200 900 1209600 300\n"

static const char plain_zone[] =
    "$ORIGIN test.\n$TTL 600\n"
    "@ 3600 SOA ns1 admin 7 7200 900 1209600 86400\n"
    "@ NS ns1\n@ NS ns.other.\n"
    "@ MX 10 mail\n@ MX 20 mail\n@ MX 30 far.other.\n"
    "ns1 A 192.0.2.1\nns1 AAAA 2001:db8::1\n"
    "mail 60 A 192.0.2.25\n"
    "two 300 A 192.0.2.3\ntwo 120 A 192.0.2.2\n" /* two TTLs in one RRset */
    "text TXT \"a\" \"b c\"\n"
    "odd TYPE65280 \\# 3 010203\n"
    "svc SRV 1 2 443 host.deep\n"
    "host.deep A 192.0.2.4\n"
    /* aliases */
    "www CNAME two\n"
    "chain1 CNAME chain2\nchain2 CNAME chain3\nchain3 CNAME mail\n"
    "out CNAME www.elsewhere.\n"
    "dangling CNAME nothing\n"
    "nodata CNAME text\n"
    "loop1 CNAME loop2\nloop2 CNAME loop1\n"
    "self CNAME self\n"
    "into-cut CNAME x.cut\n"
    "*.alias CNAME two\n"
    "*.circle CNAME a.circle\n"
    /* delegations */
    "cut NS ns.cut\ncut NS ns1\ncut NS ns.other.\n"
    "cut DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000\n"
    "cut TXT \"not ours to tell\"\n"
    "ns.cut A 192.0.2.9\nns.cut AAAA 2001:db8::9\n"
    "deeper.cut NS ns.deeper.cut\nns.deeper.cut A 192.0.2.10\n"
    "lame NS ns.nowhere.\n"
    "mx-in-cut MX 5 ns.cut\n"
    "\\*.escaped A 192.0.2.11\n"
    "dot\\.ted A 192.0.2.12\n";
#define PLAIN_SOA "ns test. 3600 SOA ns1.test. admin.test. 7 7200 900 1209600 86400\n"

struct row {
    const char *name;
    uint16_t type;
    const char *want;
};

/* Ask @view for @name, and put the answer into @text. */
static enum sw_verdict ask(const struct sw_view *view, const char *name, uint16_t type, char *text,
                           size_t cap)
{
    uint8_t query[512];
    uint8_t answer[4096];
    struct sw_wr q = { .buf = query, .cap = sizeof query };
    struct sw_wr a = { .buf = answer, .cap = sizeof answer };
    dns_query(&q, name, type, 4096);
    text[0] = '\0';
    const enum sw_verdict v = sw_answer(view, (struct sw_bytes){ query, q.len }, false, &a);
    if (v == SW_VERDICT_REPLY) {
        dns_text((struct sw_bytes){ answer, a.len }, text, cap);
    }
    return v;
}

static void check_rows(const char *origin, const char *zone_text, const struct row *rows, size_t n)
{
    struct sw_zone *zone = dns_zone(origin, zone_text);
    REQUIRE(zone != NULL);
    const struct sw_zone *zones[] = { zone };
    const struct sw_view view = { .zones = zones, .n_zones = 1, .udp_size = 4096 };
    for (size_t i = 0; i < n; i++) {
        char text[4096];
        char want[4096];
        CHECK_U64(ask(&view, rows[i].name, rows[i].type, text, sizeof text), SW_VERDICT_REPLY);
        (void)snprintf(want, sizeof want, "%s%sopt 4096\n", rows[i].want,
                       strchr(rows[i].want, '\n') != NULL ? "" : "\n");
        if (strcmp(text, want) != 0) {
            (void)fprintf(stderr, "%s %u\n", rows[i].name, rows[i].type);
        }
        CHECK_STR(text, want);
    }
    sw_zone_free(zone);
}

static void wildcards_answer_as_in_rfc_4592(void)
{
    static const struct row rows[] = {
        /* "responses are synthesized from a wildcard" */
        { "host3.example", SW_TYPE_MX,
          "NOERROR aa\nan host3.example. 3600 MX 10 host1.example.\n"
          "ar host1.example. 3600 A 192.0.2.1\n" },
        { "host3.example", SW_TYPE_A, "NOERROR aa\n" WILDCARD_SOA },
        { "foo.bar.example", SW_TYPE_TXT,
          "NOERROR aa\nan foo.bar.example. 3600 TXT \"this is a wildcard\"\n" },
        /* "would not be synthesized" */
        { "host1.example", SW_TYPE_MX, "NOERROR aa\n" WILDCARD_SOA },
        { "sub.*.example", SW_TYPE_MX, "NOERROR aa\n" WILDCARD_SOA },
        { "_telnet._tcp.host1.example", SW_TYPE_SRV, "NXDOMAIN aa\n" WILDCARD_SOA },
        { "host.subdel.example", SW_TYPE_A,
          "NOERROR\nns subdel.example. 3600 NS ns.example.com.\n"
          "ns subdel.example. 3600 NS ns.example.net.\n" },
        { "ghost.*.example", SW_TYPE_MX, "NXDOMAIN aa\n" WILDCARD_SOA },
        /* 2.2.2: empty non-terminals exist */
        { "host2.example", SW_TYPE_MX, "NOERROR aa\n" WILDCARD_SOA },
        { "_tcp.host2.example", SW_TYPE_TXT, "NOERROR aa\n" WILDCARD_SOA },
        /* 2.1.1 and 2.2: asked by its own name, a wildcard is a name like others */
        { "*.example", SW_TYPE_TXT, "NOERROR aa\nan *.example. 3600 TXT \"this is a wildcard\"\n" },
        { "sub.*.example", SW_TYPE_TXT,
          "NOERROR aa\nan sub.*.example. 3600 TXT \"this is not a wildcard\"\n" },
    };
    check_rows("example", wildcard_zone, rows, SW_LEN(rows));
}

static void names_and_types_answer(void)
{
    static const struct row rows[] = {
        { "two.test", SW_TYPE_A,
          "NOERROR aa\nan two.test. 120 A 192.0.2.2\nan two.test. 120 A 192.0.2.3\n" },
        { "test", SW_TYPE_SOA,
          "NOERROR aa\nan test. 3600 SOA ns1.test. admin.test. 7 7200 900 1209600 86400\n" },
        { "test", SW_TYPE_NS,
          "NOERROR aa\nan test. 600 NS ns.other.\nan test. 600 NS ns1.test.\n"
          "ar ns1.test. 600 A 192.0.2.1\nar ns1.test. 600 AAAA 2001:db8:0:0:0:0:0:1\n" },
        { "test", SW_TYPE_MX, /* addresses once, though two records name them */
          "NOERROR aa\nan test. 600 MX 10 mail.test.\nan test. 600 MX 20 mail.test.\n"
          "an test. 600 MX 30 far.other.\nar mail.test. 60 A 192.0.2.25\n" },
        { "svc.test", SW_TYPE_SRV,
          "NOERROR aa\nan svc.test. 600 SRV 1 2 443 host.deep.test.\n"
          "ar host.deep.test. 600 A 192.0.2.4\n" },
        { "text.test", SW_TYPE_TXT, "NOERROR aa\nan text.test. 600 TXT \"a\" \"b c\"\n" },
        { "odd.test", 65280, "NOERROR aa\nan odd.test. 600 TYPE65280 \\# 3 010203\n" },
        { "odd.test", 65281, "NOERROR aa\n" PLAIN_SOA },
        { "ns1.test", SW_TYPE_AAAA, "NOERROR aa\nan ns1.test. 600 AAAA 2001:db8:0:0:0:0:0:1\n" },
        { "two.test", SW_TYPE_AAAA, "NOERROR aa\n" PLAIN_SOA },
        { "deep.test", SW_TYPE_A, "NOERROR aa\n" PLAIN_SOA },
        { "nothing.test", SW_TYPE_A, "NXDOMAIN aa\n" PLAIN_SOA },
        { "a.b.c.nothing.test", SW_TYPE_A, "NXDOMAIN aa\n" PLAIN_SOA },
        { "a.b.host.deep.test", SW_TYPE_A, "NXDOMAIN aa\n" PLAIN_SOA },
        { "x.escaped.test", SW_TYPE_A, "NOERROR aa\nan x.escaped.test. 600 A 192.0.2.11\n" },
        { "dot\\.ted.test", SW_TYPE_A, "NOERROR aa\nan dot.ted.test. 600 A 192.0.2.12\n" },
        { "dot.ted.test", SW_TYPE_A, "NXDOMAIN aa\n" PLAIN_SOA },
        /* RFC 8482, 4.1: one RRset is enough for ANY */
        { "ns1.test", ANY, "NOERROR aa\nan ns1.test. 600 A 192.0.2.1\n" },
        { "deep.test", ANY, "NOERROR aa\n" PLAIN_SOA },
        { "www.test", ANY, "NOERROR aa\nan www.test. 600 CNAME two.test.\n" },
    };
    check_rows("test", plain_zone, rows, SW_LEN(rows));
}

static void aliases_are_followed_within_the_zone(void)
{
    static const struct row rows[] = {
        { "www.test", SW_TYPE_A,
          "NOERROR aa\nan www.test. 600 CNAME two.test.\nan two.test. 120 A 192.0.2.2\n"
          "an two.test. 120 A 192.0.2.3\n" },
        { "www.test", SW_TYPE_CNAME, "NOERROR aa\nan www.test. 600 CNAME two.test.\n" },
        { "chain1.test", SW_TYPE_A,
          "NOERROR aa\nan chain1.test. 600 CNAME chain2.test.\n"
          "an chain2.test. 600 CNAME chain3.test.\nan chain3.test. 600 CNAME mail.test.\n"
          "an mail.test. 60 A 192.0.2.25\n" },
        { "out.test", SW_TYPE_A, "NOERROR aa\nan out.test. 600 CNAME www.elsewhere.\n" },
        /* the rcode is that of the last name: RFC 6604, 3 */
        { "dangling.test", SW_TYPE_A,
          "NXDOMAIN aa\nan dangling.test. 600 CNAME nothing.test.\n" PLAIN_SOA },
        { "nodata.test", SW_TYPE_A,
          "NOERROR aa\nan nodata.test. 600 CNAME text.test.\n" PLAIN_SOA },
        { "loop1.test", SW_TYPE_A,
          "NOERROR aa\nan loop1.test. 600 CNAME loop2.test.\n"
          "an loop2.test. 600 CNAME loop1.test.\n" },
        { "self.test", SW_TYPE_A, "NOERROR aa\nan self.test. 600 CNAME self.test.\n" },
        { "b.circle.test", SW_TYPE_A, "NOERROR aa\nan b.circle.test. 600 CNAME a.circle.test.\n" },
        { "any.thing.alias.test", SW_TYPE_A,
          "NOERROR aa\nan any.thing.alias.test. 600 CNAME two.test.\n"
          "an two.test. 120 A 192.0.2.2\nan two.test. 120 A 192.0.2.3\n" },
        { "into-cut.test", SW_TYPE_A,
          "NOERROR aa\nan into-cut.test. 600 CNAME x.cut.test.\n"
          "ns cut.test. 600 NS ns.cut.test.\nns cut.test. 600 NS ns.other.\n"
          "ns cut.test. 600 NS ns1.test.\n"
          "ar ns.cut.test. 600 A 192.0.2.9\nar ns.cut.test. 600 AAAA 2001:db8:0:0:0:0:0:9\n"
          "ar ns1.test. 600 A 192.0.2.1\nar ns1.test. 600 AAAA 2001:db8:0:0:0:0:0:1\n" },
    };
    check_rows("test", plain_zone, rows, SW_LEN(rows));
}

static void delegations_refer_with_glue(void)
{
#define REFERRAL                                                                       \
    "NOERROR\nns cut.test. 600 NS ns.cut.test.\nns cut.test. 600 NS ns.other.\n"       \
    "ns cut.test. 600 NS ns1.test.\n"                                                  \
    "ar ns.cut.test. 600 A 192.0.2.9\nar ns.cut.test. 600 AAAA 2001:db8:0:0:0:0:0:9\n" \
    "ar ns1.test. 600 A 192.0.2.1\nar ns1.test. 600 AAAA 2001:db8:0:0:0:0:0:1\n"
    static const struct row rows[] = {
        { "cut.test", SW_TYPE_A, REFERRAL },
        { "cut.test", SW_TYPE_NS, REFERRAL },
        { "cut.test", SW_TYPE_TXT, REFERRAL },
        { "cut.test", ANY, REFERRAL },
        { "a.b.cut.test", SW_TYPE_A, REFERRAL },
        { "ns.cut.test", SW_TYPE_A, REFERRAL }, /* glue is no answer */
        { "deeper.cut.test", SW_TYPE_NS, REFERRAL },
        { "x.deeper.cut.test", SW_TYPE_DS, REFERRAL },
        /* the parent answers for DS: RFC 4035, 3.1.4.1 */
        { "cut.test", SW_TYPE_DS,
          "NOERROR aa\nan cut.test. 600 TYPE43 \\# 36 00010802"
          "0000000000000000000000000000000000000000000000000000000000000000\n" },
        { "lame.test", SW_TYPE_DS, "NOERROR aa\n" PLAIN_SOA },
        { "lame.test", SW_TYPE_A, "NOERROR\nns lame.test. 600 NS ns.nowhere.\n" },
        /* what lies below a cut is not told in passing either */
        { "mx-in-cut.test", SW_TYPE_MX, "NOERROR aa\nan mx-in-cut.test. 600 MX 5 ns.cut.test.\n" },
    };
    check_rows("test", plain_zone, rows, SW_LEN(rows));
}

static void the_closest_zone_answers_and_others_forward_or_refuse(void)
{
    struct sw_zone *test = dns_zone("test", plain_zone);
    struct sw_zone *sub = dns_zone("two.test", "@ SOA a b 1 1 1 1 60\n@ NS ns\nx A 192.0.2.77\n");
    REQUIRE(test != NULL && sub != NULL);
    const struct sw_zone *zones[] = { test, sub };
    uint8_t away_names[3][SW_DNAME_MAX];
    (void)sw_dname_from_text("away", away_names[0]);
    (void)sw_dname_from_text("gone.test", away_names[1]);
    (void)sw_dname_from_text("b.two.test", away_names[2]);
    const uint8_t *away[] = { away_names[0], away_names[1], away_names[2] };
    const struct sw_view view = { zones, 2, away, 3, 4096, NULL, 0 };
    static const struct {
        const char *name;
        uint16_t type;
        enum sw_verdict verdict;
        const char *want;
    } cases[] = {
        { "x.two.test", SW_TYPE_A, SW_VERDICT_REPLY,
          "NOERROR aa\nan x.two.test. 3600 A 192.0.2.77\nopt 4096\n" },
        { "two.test", SW_TYPE_A, SW_VERDICT_REPLY,
          "NOERROR aa\nns two.test. 60 SOA a.two.test. b.two.test. 1 1 1 1 60\nopt 4096\n" },
        /* DS is the parent's to answer even where the child is held as well */
        { "two.test", SW_TYPE_DS, SW_VERDICT_REPLY, "NOERROR aa\n" PLAIN_SOA "opt 4096\n" },
        { "b.two.test", SW_TYPE_A, SW_VERDICT_FORWARD, "" },
        { "x.b.two.test", SW_TYPE_A, SW_VERDICT_FORWARD, "" },
        { "a.gone.test", SW_TYPE_A, SW_VERDICT_FORWARD, "" },
        { "WWW.Away", SW_TYPE_A, SW_VERDICT_FORWARD, "" },
        { "gone.test", SW_TYPE_DS, SW_VERDICT_REPLY, "NXDOMAIN aa\n" PLAIN_SOA "opt 4096\n" },
        { "away", SW_TYPE_DS, SW_VERDICT_FORWARD, "" },
        { "notest", SW_TYPE_A, SW_VERDICT_REPLY, "REFUSED\nopt 4096 ede 20\n" },
        { ".", SW_TYPE_NS, SW_VERDICT_REPLY, "REFUSED\nopt 4096 ede 20\n" },
        { "x.test.example", SW_TYPE_A, SW_VERDICT_REPLY, "REFUSED\nopt 4096 ede 20\n" },
        { "away", SW_TYPE_AXFR, SW_VERDICT_REPLY, "REFUSED\nopt 4096\n" },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        char text[4096];
        CHECK_U64(ask(&view, cases[i].name, cases[i].type, text, sizeof text), cases[i].verdict);
        CHECK_STR(text, cases[i].want);
    }
    uint8_t name[SW_DNAME_MAX];
    (void)sw_dname_from_text("y.b.two.test", name);
    CHECK(sw_view_zone(&view, name) == sub);
    CHECK(sw_view_elsewhere(&view, name) == away[2]);
    (void)sw_dname_from_text("example", name);
    CHECK(sw_view_zone(&view, name) == NULL);
    CHECK(sw_view_elsewhere(&view, name) == NULL);
    sw_zone_free(test);
    sw_zone_free(sub);
}

static void the_root_zone_covers_everything(void)
{
    struct sw_zone *root = dns_zone(".", "@ SOA a. b. 1 1 1 1 60\n@ NS a.\norg NS ns.org\n"
                                         "ns.org A 192.0.2.1\n");
    REQUIRE(root != NULL);
    const struct sw_zone *zones[] = { root };
    const struct sw_view view = { .zones = zones, .n_zones = 1, .udp_size = 4096 };
    char text[4096];
    (void)ask(&view, "www.example.org", SW_TYPE_A, text, sizeof text);
    CHECK_STR(text, "NOERROR\nns org. 3600 NS ns.org.\nar ns.org. 3600 A 192.0.2.1\nopt 4096\n");
    (void)ask(&view, ".", SW_TYPE_NS, text, sizeof text);
    CHECK_STR(text, "NOERROR aa\nan . 3600 NS a.\nopt 4096\n");
    (void)ask(&view, "nothing", SW_TYPE_A, text, sizeof text);
    CHECK_STR(text, "NXDOMAIN aa\nns . 60 SOA a. b. 1 1 1 1 60\nopt 4096\n");
    sw_zone_free(root);
}

/* A zone whose answers have every size. */
static struct sw_zone *sizes_zone(void)
{
    static char text[16384];
    int n = snprintf(text, sizeof text, "@ SOA a b 1 1 1 1 60\n@ NS a\n");
    for (int i = 0; i < 60; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n, "big A 192.0.2.%d\n", i + 1);
        n += snprintf(text + n, sizeof text - (size_t)n, "mx MX %d m%d\nm%d A 192.0.2.%d\n", i, i,
                      i, i + 1);
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "cut NS n%d.cut\nn%d.cut A 192.0.2.%d\nfar NS n%d.other.\n", i, i, i + 1, i);
    }
    (void)snprintf(text + n, sizeof text - (size_t)n, "alias CNAME big\n");
    return dns_zone("size", text);
}

static size_t ask_size(const struct sw_view *view, const char *name, uint16_t type, uint16_t client,
                       bool stream, uint8_t answer[static 65535])
{
    uint8_t query[512];
    struct sw_wr q = { .buf = query, .cap = sizeof query };
    struct sw_wr a = { .buf = answer, .cap = 65535 };
    dns_query(&q, name, type, client);
    CHECK_U64(sw_answer(view, (struct sw_bytes){ query, q.len }, stream, &a), SW_VERDICT_REPLY);
    CHECK(sw_answer_matches((struct sw_bytes){ query, q.len }, (struct sw_bytes){ answer, a.len }));
    return a.len;
}

static void what_a_datagram_cannot_hold_is_truncated(void)
{
    struct sw_zone *zone = sizes_zone();
    REQUIRE(zone != NULL);
    const struct sw_zone *zones[] = { zone };
    const struct sw_view view = { .zones = zones, .n_zones = 1, .udp_size = 1232 };
    static uint8_t answer[65535];
    static const struct {
        const char *name;
        uint16_t type;
        uint16_t client; /* its EDNS size, 0: none */
        bool stream;
        bool truncated;
        size_t len;
    } cases[] = {
        { "big.size", SW_TYPE_A, 0, false, true, 12 + 14 },
        { "big.size", SW_TYPE_A, 512, false, true, 12 + 14 + 11 },
        { "big.size", SW_TYPE_A, 100, false, true, 12 + 14 + 11 }, /* RFC 6891, 6.2.3: means 512 */
        { "big.size", SW_TYPE_A, 12 + 14 + 60 * 16 + 11, false, false, 12 + 14 + 60 * 16 + 11 },
        { "big.size", SW_TYPE_A, 12 + 14 + 60 * 16 + 10, false, true, 12 + 14 + 11 },
        { "big.size", SW_TYPE_A, 4096, false, false, 12 + 14 + 60 * 16 + 11 },
        { "big.size", SW_TYPE_A, 0, true, false, 12 + 14 + 60 * 16 },
        { "alias.size", SW_TYPE_A, 512, false, true, 12 + 16 + 11 }, /* nor half a chain */
        { "mx.size", SW_TYPE_MX, 4096, true, false, 12 + 13 + 60 * (12 + 2 + 9 + 16) + 50 + 11 },
        { "cut.size", SW_TYPE_A, 4096, false, true, 12 + 14 + 11 },
        { "cut.size", SW_TYPE_A, 4096, true, false, 12 + 14 + 60 * (12 + 13 + 16) + 50 + 11 },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        CHECK_U64(
            ask_size(&view, cases[i].name, cases[i].type, cases[i].client, cases[i].stream, answer),
            cases[i].len);
        CHECK_U64((answer[2] & SW_DNS_TC) != 0, cases[i].truncated);
        CHECK_U64(answer[7] == 0 && answer[9] == 0, cases[i].truncated);
    }
    /* addresses that only save a question are left out without TC (RFC 2181, 9) */
    const struct sw_view wide = { .zones = zones, .n_zones = 1, .udp_size = 1600 };
    (void)ask_size(&wide, "mx.size", SW_TYPE_MX, 1600, false, answer);
    CHECK_U64(answer[2] & SW_DNS_TC, 0);
    CHECK_U64(answer[7], 60);
    CHECK(answer[11] > 1 && answer[11] < 61);
    /* but glue is needed: TC without it (RFC 9471, 3) */
    const uint16_t short_of_glue = 12 + 14 + 60 * (12 + 13) + 50 + 30 * 16;
    const struct sw_view tight = { .zones = zones, .n_zones = 1, .udp_size = short_of_glue };
    (void)ask_size(&tight, "cut.size", SW_TYPE_A, 4096, false, answer);
    CHECK_U64(answer[2] & SW_DNS_TC, SW_DNS_TC);
    sw_zone_free(zone);
}

static void truncation_keeps_question_and_opt(void)
{
    struct sw_zone *zone = sizes_zone();
    REQUIRE(zone != NULL);
    const struct sw_zone *zones[] = { zone };
    const struct sw_view view = { .zones = zones, .n_zones = 1, .udp_size = 1232 };
    static uint8_t answer[65535];
    char text[256];
    size_t len = ask_size(&view, "big.size", SW_TYPE_A, 4096, false, answer);
    len = sw_answer_truncate(answer, len);
    CHECK_U64(len, 12 + 14 + 11);
    dns_text((struct sw_bytes){ answer, len }, text, sizeof text);
    CHECK_STR(text, "NOERROR aa tc\nopt 1232\n");
    /* a peer's OPT may have any length: its options go (RFC 6891, 6.1.2) */
    sw_put_be16(answer + len - 2, 4 + 2000);
    sw_put_be16(answer + len, 65001);
    sw_put_be16(answer + len + 2, 2000);
    memset(answer + len + 4, 0, 2000);
    CHECK_U64(sw_answer_truncate(answer, len + 4 + 2000), 12 + 14 + 11);
    dns_text((struct sw_bytes){ answer, 12 + 14 + 11 }, text, sizeof text);
    CHECK_STR(text, "NOERROR aa tc\nopt 1232\n");
    len = ask_size(&view, "big.size", SW_TYPE_A, 0, true, answer);
    len = sw_answer_truncate(answer, len);
    dns_text((struct sw_bytes){ answer, len }, text, sizeof text);
    CHECK_STR(text, "NOERROR aa tc\n");
    len = ask_size(&view, "big.size", SW_TYPE_A, 0, true, answer);
    CHECK_U64(sw_answer_truncate(answer, len - 1), SW_DNS_HEADER); /* not well-formed */
    dns_text((struct sw_bytes){ answer, SW_DNS_HEADER }, text, sizeof text);
    CHECK_STR(text, "NOERROR aa tc no question\n");
    sw_zone_free(zone);
}

static void case_of_the_question_and_rd_come_back(void)
{
    struct sw_zone *zone = dns_zone("test", plain_zone);
    REQUIRE(zone != NULL);
    const struct sw_zone *zones[] = { zone };
    const struct sw_view view = { .zones = zones, .n_zones = 1, .udp_size = 1232 };
    uint8_t name[SW_DNAME_MAX];
    (void)sw_dname_from_text("tWo.TesT", name);
    uint8_t query[512];
    uint8_t answer[512];
    struct sw_wr q = { .buf = query, .cap = sizeof query };
    struct sw_wr a = { .buf = answer, .cap = sizeof answer };
    const struct sw_query ask = {
        .id = 0xabcd, .type = SW_TYPE_A, .name = name, .recursion = true
    };
    sw_query_write(&q, &ask);
    query[3] |= 0x70; /* Z, AD and CD are no business of an authority: cleared */
    CHECK_U64(sw_answer(&view, (struct sw_bytes){ query, q.len }, false, &a), SW_VERDICT_REPLY);
    CHECK(memcmp(answer + SW_DNS_HEADER, query + SW_DNS_HEADER, q.len - SW_DNS_HEADER) == 0);
    char text[512];
    dns_text((struct sw_bytes){ answer, a.len }, text, sizeof text);
    CHECK_STR(text, "NOERROR aa rd\nan tWo.TesT. 120 A 192.0.2.2\nan tWo.TesT. 120 A 192.0.2.3\n");
    CHECK_U64(answer[0], 0xab);
    CHECK_U64(answer[1], 0xcd);
    sw_zone_free(zone);
}

static void answering_allocates_nothing(void)
{
    struct sw_zone *zone = dns_zone("test", plain_zone);
    REQUIRE(zone != NULL);
    const struct sw_zone *zones[] = { zone };
    const struct sw_view view = { .zones = zones, .n_zones = 1, .udp_size = 4096 };
    static const char *const names[] = { "two.test",   "nothing.test", "chain1.test",
                                         "a.cut.test", "x.alias.test", "other",
                                         "test" };
    static const uint16_t types[] = { SW_TYPE_A, SW_TYPE_MX, SW_TYPE_NS, ANY };
    fail_alloc_from(0);
    for (size_t i = 0; i < SW_LEN(names) * SW_LEN(types); i++) {
        char text[4096];
        CHECK_U64(ask(&view, names[i % SW_LEN(names)], types[i / SW_LEN(names)], text, sizeof text),
                  SW_VERDICT_REPLY);
    }
    CHECK_U64(fail_alloc_stop(), 0);
    sw_zone_free(zone);
}

static void errors_say_why_where_the_client_listens(void)
{
    uint8_t query[512];
    uint8_t answer[512];
    char text[512];
    struct sw_wr q = { .buf = query, .cap = sizeof query };
    dns_query(&q, "a.test", SW_TYPE_A, 1232);
    struct sw_wr a = { .buf = answer, .cap = sizeof answer };
    const struct sw_bytes message = { query, q.len };
    CHECK(sw_answer_error(message, SW_RCODE_SERVFAIL, SW_EDE_NO_REACHABLE_AUTHORITY, &a));
    dns_text((struct sw_bytes){ answer, a.len }, text, sizeof text);
    CHECK_STR(text, "SERVFAIL\nopt 1232 ede 22\n");
    CHECK(sw_answer_matches(message, (struct sw_bytes){ answer, a.len }));

    q.len = 0;
    dns_query(&q, "a.test", SW_TYPE_A, 0);
    a.len = 0;
    CHECK(sw_answer_error((struct sw_bytes){ query, q.len }, SW_RCODE_SERVFAIL, SW_EDE_OTHER, &a));
    dns_text((struct sw_bytes){ answer, a.len }, text, sizeof text);
    CHECK_STR(text, "SERVFAIL\n");

    a.len = 0;
    query[2] |= SW_DNS_QR;
    CHECK(!sw_answer_error((struct sw_bytes){ query, q.len }, SW_RCODE_SERVFAIL, SW_EDE_NONE, &a));
    CHECK_U64(a.len, 0);
}

static void a_peers_answer_must_belong_to_the_query(void)
{
    struct sw_zone *zone = dns_zone("test", plain_zone);
    REQUIRE(zone != NULL);
    const struct sw_zone *zones[] = { zone };
    const struct sw_view view = { .zones = zones, .n_zones = 1, .udp_size = 4096 };
    uint8_t query[512];
    uint8_t good[512];
    struct sw_wr q = { .buf = query, .cap = sizeof query };
    struct sw_wr a = { .buf = good, .cap = sizeof good };
    dns_query(&q, "www.test", SW_TYPE_A, 1232);
    const struct sw_bytes ours = { query, q.len };
    CHECK_U64(sw_answer(&view, ours, false, &a), SW_VERDICT_REPLY);
    CHECK(sw_answer_matches(ours, (struct sw_bytes){ good, a.len }));
    CHECK(!sw_answer_matches(ours, ours));
    for (size_t len = 0; len < a.len; len++) { /* no part of it will do */
        CHECK(!sw_answer_matches(ours, (struct sw_bytes){ good, len }));
    }
    for (size_t i = 0; i < 12 + 14; i++) { /* ID, opcode, counts, name, type, class: all count */
        if (i == 3) {
            continue; /* its rcode may be anything */
        }
        uint8_t bad[512] = { 0 };
        memcpy(bad, good, a.len);
        bad[i] ^= i == 2 ? SW_DNS_QR : 0x20;
        CHECK(!sw_answer_matches(ours, (struct sw_bytes){ bad, a.len }));
    }
    sw_zone_free(zone);
}

CU_TestInfo tests_answer[] = {
    { "wildcards answer as in RFC 4592", wildcards_answer_as_in_rfc_4592 },
    { "names and types answer", names_and_types_answer },
    { "aliases are followed within the zone", aliases_are_followed_within_the_zone },
    { "delegations refer with glue", delegations_refer_with_glue },
    { "the closest zone answers and others forward or refuse",
      the_closest_zone_answers_and_others_forward_or_refuse },
    { "the root zone covers everything", the_root_zone_covers_everything },
    { "what a datagram cannot hold is truncated", what_a_datagram_cannot_hold_is_truncated },
    { "truncation keeps question and OPT", truncation_keeps_question_and_opt },
    { "case of the question and RD come back", case_of_the_question_and_rd_come_back },
    { "answering allocates nothing", answering_allocates_nothing },
    { "errors say why where the client listens", errors_say_why_where_the_client_listens },
    { "a peer's answer must belong to the query", a_peers_answer_must_belong_to_the_query },
    CU_TEST_INFO_NULL,
};
