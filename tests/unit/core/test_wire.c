/* SPDX-License-Identifier: GPL-3.0-or-later
 * Odd messages: what RFC 8906 asks servers, and what attackers send. */
#include "node/core/dns/wire.h"

#include "tests/lib/check.h"
#include "tests/lib/dns_text.h"

extern CU_TestInfo tests_wire[];

/* Bytes from hex digits; blanks are skipped. */
static size_t unhex(const char *hex, uint8_t *out)
{
    size_t n = 0;
    for (; *hex != '\0'; hex++) {
        if (*hex == ' ') {
            continue;
        }
        char two[3] = { hex[0], hex[1], '\0' };
        out[n++] = (uint8_t)strtoul(two, NULL, 16);
        hex++;
    }
    return n;
}

#define ID "1234 "
#define Q1 " 0001 0000 0000 0000 "
#define Q1OPT " 0001 0000 0000 0001 "
#define A_TEST "0161 0474657374 00 0001 0001 "
#define SOA "ns test. 60 SOA a.test. b.test. 1 1 1 1 60\n"
#define OPT "00 0029 04d0 00000000 0000"

/* What the zone "test" with one address "a" says to each. */
static void odd_messages_get_what_they_deserve(void)
{
    static const struct {
        const char *hex;
        const char *want; /* "": silence */
    } cases[] = {
        { ID "0000" Q1 A_TEST, "NOERROR aa\nan a.test. 60 A 192.0.2.1\n" },
        { ID "0000" Q1OPT A_TEST OPT, "NOERROR aa\nan a.test. 60 A 192.0.2.1\nopt 1232\n" },
        /* silence: nothing, too little, responses (two servers must not talk for ever) */
        { "", "" },
        { "1234 0000 0001 0000 0000 00", "" },
        { ID "8000" Q1 A_TEST, "" },
        { ID "8000", "" },
        { ID "f800" Q1 A_TEST, "" },
        /* RFC 8906, 3.1.4 and 7.1.5: header flags that mean nothing here */
        { ID "0040" Q1 A_TEST, "NOERROR aa\nan a.test. 60 A 192.0.2.1\n" },
        { ID "0030" Q1 A_TEST, "NOERROR aa\nan a.test. 60 A 192.0.2.1\n" },
        { ID "0100" Q1 A_TEST, "NOERROR aa rd\nan a.test. 60 A 192.0.2.1\n" },
        { ID "0680" Q1 A_TEST, "NOERROR aa\nan a.test. 60 A 192.0.2.1\n" },
        /* 7.1.4: other opcodes */
        { ID "7800" Q1 A_TEST, "NOTIMP no question\n" },
        { ID "7800 0000 0000 0000 0000", "NOTIMP no question\n" },
        { ID "2100" Q1 A_TEST, "NOTIMP rd no question\n" }, /* NOTIFY */
        { ID "2800" Q1 A_TEST, "NOTIMP no question\n" },    /* UPDATE */
        /* 7.1.2: types nobody knows */
        { ID "0000" Q1 "0161 0474657374 00 03e8 0001", "NOERROR aa\n" SOA },
        /* not one question: RFC 9619 */
        { ID "0000 0000 0000 0000 0000", "FORMERR no question\n" },
        { ID "0000 0002 0000 0000 0000" A_TEST A_TEST, "FORMERR no question\n" },
        { ID "0000 ffff 0000 0000 0000" A_TEST, "FORMERR no question\n" },
        /* questions cut short, or with more behind them */
        { ID "0000" Q1, "FORMERR no question\n" },
        { ID "0000" Q1 "01", "FORMERR no question\n" },
        { ID "0000" Q1 "0161 0474657374", "FORMERR no question\n" },
        { ID "0000" Q1 "0161 0474657374 00 0001 00", "FORMERR no question\n" },
        { ID "0000" Q1 A_TEST "00", "FORMERR no question\n" },
        { ID "0000" Q1 "c00c 0001 0001", "FORMERR no question\n" },
        { ID "0000" Q1 "0161 c00c 0001 0001", "FORMERR no question\n" },
        { ID "0000" Q1 "4161 0474657374 00 0001 0001", "FORMERR no question\n" },
        { ID "0000" Q1 "8161 0474657374 00 0001 0001", "FORMERR no question\n" },
        /* records that a query has no business with */
        { ID "0000 0001 0001 0000 0000" A_TEST "00 0001 0001 00000000 0004 01020304",
          "FORMERR no question\n" },
        { ID "0000 0001 0000 0001 0000" A_TEST "00 0001 0001 00000000 0004 01020304",
          "FORMERR no question\n" },
        { ID "0000 0001 0000 0000 0001" A_TEST "00 0001 0001 00000000 0004 01020304",
          "NOERROR aa\nan a.test. 60 A 192.0.2.1\n" },
        { ID "0000 0001 0000 0000 0001" A_TEST "c00c 0001 0001 00000000 0004 01020304",
          "NOERROR aa\nan a.test. 60 A 192.0.2.1\n" },
        { ID "0000 0001 0000 0000 0001" A_TEST "c018 0001 0001 00000000 0004 01020304",
          "FORMERR no question\n" }, /* points at itself */
        { ID "0000 0001 0000 0000 0001" A_TEST "c000 0001 0001 00000000 0004 01020304",
          "FORMERR no question\n" }, /* points into the header */
        { ID "0000 0001 0000 0000 0001" A_TEST "00 0001 0001 00000000 0005 01020304",
          "FORMERR no question\n" },
        { ID "0000 0001 0000 0000 0002" A_TEST "00 0001 0001 00000000 0004 01020304",
          "FORMERR no question\n" },
        { ID "0000 0001 0000 0000 ffff" A_TEST OPT, "FORMERR no question\n" },
        /* OPT: RFC 6891 */
        { ID "0000" Q1OPT A_TEST "00 0029 0000 00000000 0000", /* 6.2.3: size below 512 */
          "NOERROR aa\nan a.test. 60 A 192.0.2.1\nopt 1232\n" },
        { ID "0000" Q1OPT A_TEST "00 0029 04d0 00008000 0000",
          "NOERROR aa\nan a.test. 60 A 192.0.2.1\nopt 1232 do\n" },
        { ID "0000" Q1OPT A_TEST "00 0029 04d0 00007fff 0000", /* 8906, 7.2.3: unknown flags */
          "NOERROR aa\nan a.test. 60 A 192.0.2.1\nopt 1232\n" },
        { ID "0000" Q1OPT A_TEST "00 0029 04d0 00000000 0008 0064 0004 01020304", /* 7.2.2 */
          "NOERROR aa\nan a.test. 60 A 192.0.2.1\nopt 1232\n" },
        { ID "0000" Q1OPT A_TEST "00 0029 04d0 00010000 0000", /* 7.2.1: version 1 */
          "NOERROR\nopt 1232 rcode+16\n" },
        { ID "0000" Q1OPT A_TEST "00 0029 04d0 00640000 0003 010203",
          "NOERROR\nopt 1232 rcode+16\n" },
        { ID "0000" Q1OPT A_TEST "00 0029 04d0 00000000 0003 010203", "FORMERR no question\n" },
        { ID "0000" Q1OPT A_TEST "00 0029 04d0 00000000 0008 0064 0005 01020304",
          "FORMERR no question\n" },
        { ID "0000" Q1OPT A_TEST "00 0029 04d0 00000000 0009 0064 0004 01020304",
          "FORMERR no question\n" },
        { ID "0000 0001 0000 0000 0002" A_TEST OPT OPT, "FORMERR no question\n" },
        { ID "0000" Q1OPT A_TEST "0161 00 0029 04d0 00000000 0000", "FORMERR no question\n" },
        { ID "0000" Q1OPT A_TEST "c00e 0029 04d0 00000000 0000", "FORMERR no question\n" },
        /* IXFR may say what it has (RFC 1995, 3), but OPT belongs elsewhere */
        { ID "0000 0001 0000 0001 0000"
             "0474657374 00 00fb 0001"
             "c00c 0006 0001 00000000 0016 00 00 00000001 00000001 00000001 00000001 00000001",
          "REFUSED\n" },
        { ID "0000 0001 0000 0001 0000"
             "0474657374 00 00fb 0001" OPT,
          "FORMERR no question\n" },
        /* types and classes that are not for asking, or not asked here */
        { ID "0000" Q1 "0474657374 00 0029 0001", "FORMERR\n" },
        { ID "0000" Q1 "0474657374 00 00fa 0001", "FORMERR\n" },
        { ID "0000" Q1 "0474657374 00 00fc 0001", "REFUSED\n" },
        { ID "0000" Q1 "0474657374 00 00fe 0001", "NOTIMP\n" },
        { ID "0000" Q1 "0161 0474657374 00 0001 0003", "REFUSED\n" }, /* CH */
        { ID "0000" Q1 "0161 0474657374 00 0001 00ff", "REFUSED\n" },
        { ID "0000" Q1 "0161 0474657374 00 0001 0000", "REFUSED\n" },
        { ID "0000" Q1 "0161 0474657374 00 0000 0001", "NOERROR aa\n" SOA },
        { ID "0000" Q1 "00 0002 0001", "REFUSED\n" },
    };
    struct sw_zone *zone =
        dns_zone("test", "$TTL 60\n@ SOA a b 1 1 1 1 60\n@ NS a.other.\na A 192.0.2.1\n");
    REQUIRE(zone != NULL);
    const struct sw_zone *zones[] = { zone };
    const struct sw_view view = { .zones = zones, .n_zones = 1, .udp_size = 1232 };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        uint8_t query[512];
        uint8_t answer[512];
        char text[512] = "";
        const struct sw_bytes message = { query, unhex(cases[i].hex, query) };
        struct sw_wr a = { .buf = answer, .cap = sizeof answer };
        if (sw_answer(&view, message, false, &a) == SW_VERDICT_REPLY) {
            dns_text((struct sw_bytes){ answer, a.len }, text, sizeof text);
            CHECK(memcmp(answer, query, 2) == 0);
        }
        if (strcmp(text, cases[i].want) != 0) {
            (void)fprintf(stderr, "%s\n", cases[i].hex);
        }
        CHECK_STR(text, cases[i].want);
    }
    sw_zone_free(zone);
}

static void the_longest_name_is_answered_and_one_longer_is_not(void)
{
    uint8_t query[400] = { 0x12, 0x34, 0, 0, 0, 1 };
    struct sw_question q;
    for (unsigned last = 61; last <= 62; last++) { /* three labels of 63 and one of @last */
        size_t at = SW_DNS_HEADER;
        for (unsigned i = 0; i < 4; i++) {
            const unsigned len = i < 3 ? 63 : last;
            query[at] = (uint8_t)len;
            memset(query + at + 1, 'A', len);
            at += 1 + len;
        }
        static const uint8_t end[] = { 0, 0, 1, 0, 1 };
        memcpy(query + at, end, sizeof end);
        const int want = last == 61 ? SW_RCODE_NOERROR : SW_RCODE_FORMERR;
        CHECK_I64(sw_question_parse((struct sw_bytes){ query, at + 5 }, &q), want);
    }
    CHECK_U64(q.edns, 0);
}

static void a_message_is_whole_or_it_is_not(void)
{
    static const struct {
        const char *hex;
        bool whole;
        size_t opt;
    } cases[] = {
        { ID "8000 0001 0001 0000 0000" A_TEST "c00c 0001 0001 00000000 0004 01020304", true, 0 },
        { ID "8000 0000 0000 0000 0000", true, 0 },
        { ID "8000 0001 0000 0000 0001" A_TEST OPT, true, 12 + 12 },
        { ID "8000 0001 0001 0000 0000" A_TEST "c00c 0001 0001 00000000 0004 010203", false, 0 },
        { ID "8000 0001 0001 0000 0000" A_TEST, false, 0 },
        { ID "8000 0001 0000 0000 0000" A_TEST "00", false, 0 },
        { ID "8000 0001 0001 0000 0000" A_TEST "c018 0001 0001 00000000 0000", false, 0 },
        { ID "8000 0001 0001 0000 0000" A_TEST "c01a 0001 0001 00000000 0000", false, 0 },
        { ID "8000 0001 0001 0000 0000" A_TEST "0161 c018 0001 0001 00000000 0000", false, 0 },
        { ID "8000 0001 0001 0000 0000" A_TEST "0161 c00e 0001 0001 00000000 0000", true, 0 },
        { ID "8000 0001 0001 0000 0000" A_TEST "c0", false, 0 },
        { ID "80", false, 0 },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        uint8_t message[512];
        size_t opt = 99;
        const size_t len = unhex(cases[i].hex, message);
        CHECK_U64(sw_message_check((struct sw_bytes){ message, len }, &opt), cases[i].whole);
        CHECK(!cases[i].whole || opt == cases[i].opt);
    }
}

/* Pointers to pointers: each leads back, so there is an end, and 255 bytes are the limit. */
static void chains_of_pointers_end(void)
{
    uint8_t m[SW_DNS_HEADER + 3 + 600 * 14] = { 0x12, 0x34, 0x80, 0, 0, 0, 0, 0 };
    size_t at = SW_DNS_HEADER;
    for (unsigned records = 1; records <= 600; records++) {
        m[at++] = 1;
        m[at++] = 'a';
        if (records == 1) {
            m[at++] = 0;
        } else {
            const size_t before = at - 2 - (records == 2 ? 13 : 14);
            m[at++] = (uint8_t)(0xC0 | before >> 8);
            m[at++] = (uint8_t)before;
        }
        at += 10;
        m[6] = (uint8_t)(records >> 8);
        m[7] = (uint8_t)records;
        CHECK_U64(sw_message_check((struct sw_bytes){ m, at }, NULL), records <= 127);
        if (records > 130) {
            break;
        }
    }
}

static void queries_are_written_as_they_are_read(void)
{
    uint8_t name[SW_DNAME_MAX];
    (void)sw_dname_from_text("A.Test", name);
    uint8_t buf[64];
    struct sw_wr w = { .buf = buf, .cap = sizeof buf };
    const struct sw_query ask = { 0x1234, SW_TYPE_AAAA, name, 1400, true, true, true };
    sw_query_write(&w, &ask);
    uint8_t want[64];
    const size_t len = unhex("1234 0110 0001 0000 0000 0001 0141 0454657374 00 001c 0001"
                             "00 0029 0578 00008000 0000",
                             want);
    CHECK_U64(w.len, len);
    CHECK(memcmp(buf, want, len) == 0);
    struct sw_question q;
    CHECK_I64(sw_question_parse((struct sw_bytes){ buf, w.len }, &q), SW_RCODE_NOERROR);
    CHECK_U64(q.type, SW_TYPE_AAAA);
    CHECK_U64(q.class, SW_DNS_CLASS_IN);
    CHECK_U64(q.udp_size, 1400);
    CHECK(q.edns);
    CHECK(q.dnssec_ok);
    CHECK_U64(q.name.labels, 2);
    CHECK(memcmp(q.name.name, "\1a\4test", 8) == 0);
}

CU_TestInfo tests_wire[] = {
    { "odd messages get what they deserve", odd_messages_get_what_they_deserve },
    { "the longest name is answered and one longer is not",
      the_longest_name_is_answered_and_one_longer_is_not },
    { "a message is whole or it is not", a_message_is_whole_or_it_is_not },
    { "chains of pointers end", chains_of_pointers_end },
    { "queries are written as they are read", queries_are_written_as_they_are_read },
    CU_TEST_INFO_NULL,
};
