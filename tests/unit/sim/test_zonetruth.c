/* SPDX-License-Identifier: GPL-3.0-or-later
 * The oracle's reading of a zone, against hand-made messages and against the node's answers. */
#include "node/core/dns/answer.h"
#include "node/core/dns/zone.h"
#include "sim/oracles/zonetruth.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

static struct sim_truth *truth(void)
{
    struct sim_truth *t = NULL;
    struct sw_diag d = { "" };
    const struct sw_bytes text = { (const uint8_t *)small_zone_text, sizeof small_zone_text - 1 };
    if (sim_truth_new("example.org", text, &t, &d) != 0) {
        CHECK_STR(d.text, "");
        abort();
    }
    return t;
}

/* The node's answer to a question. */
struct served {
    uint8_t name[SW_DNAME_MAX];
    uint16_t type;
    uint8_t bytes[1232];
    size_t len;
};

struct node_side {
    struct sw_zone *zone;
    const struct sw_zone *zones[1];
    struct sw_view view;
};

static void node_side_init(struct node_side *n)
{
    const struct sw_bytes text = { (const uint8_t *)small_zone_text, sizeof small_zone_text - 1 };
    struct sw_blob image = { NULL, 0, 0 };
    struct sw_diag d = { "" };
    CHECK_I64(sw_zone_compile("example.org", text, &image, &d), 0);
    CHECK_I64(sw_zone_new(&image, &n->zone), 0);
    n->zones[0] = n->zone;
    n->view = (struct sw_view){ .zones = n->zones, .n_zones = 1, .udp_size = 1232 };
}

static void serve(const struct node_side *n, const char *name, uint16_t type, bool edns,
                  struct served *out)
{
    uint8_t query[512];
    struct sw_wr w = { .buf = query, .cap = sizeof query };
    CHECK(sw_dname_from_text(name, out->name) > 0);
    out->type = type;
    sw_query_write(&w, &(struct sw_query){
                           .id = 7, .type = type, .name = out->name, .udp_size = edns ? 1232 : 0 });
    struct sw_wr a = { .buf = out->bytes, .cap = sizeof out->bytes };
    CHECK_I64(sw_answer(&n->view, (struct sw_bytes){ query, w.len }, false, &a), SW_VERDICT_REPLY);
    out->len = a.len;
}

static const char *const asked[] = {
    "example.org",          "www.example.org",      "WWW.Example.ORG",     "alias.example.org",
    "far.example.org",      "a.b.c.example.org",    "b.c.example.org",     "c.example.org",
    "x.wild.example.org",   "x.y.wild.example.org", "wild.example.org",    "sub.example.org",
    "host.sub.example.org", "ns.sub.example.org",   "nothing.example.org", "mail.example.org",
    "a.www.example.org",
};
static const uint16_t types[] = { 1, 28, 15, 16, 2, 5, 6, 99 };

static void what_the_node_answers_is_what_the_oracle_expects(void)
{
    struct sim_truth *t = truth();
    struct node_side n;
    node_side_init(&n);
    for (size_t i = 0; i < SW_LEN(asked); i++) {
        for (size_t j = 0; j < SW_LEN(types); j++) {
            struct served s;
            serve(&n, asked[i], types[j], j % 2 == 0, &s);
            const char *wrong =
                sim_truth_check(t, s.name, s.type, (struct sw_bytes){ s.bytes, s.len });
            if (wrong != NULL) {
                char text[200];
                (void)snprintf(text, sizeof text, "%s %u: %s", asked[i], types[j], wrong);
                CHECK_STR(text, "");
            }
        }
    }
    sw_zone_free(n.zone);
    sim_truth_free(t);
}

/* Bits of a response that say nothing about the zone: the ID, RD, and RA with its two
 * neighbours. */
static bool says_nothing(size_t byte, unsigned bit)
{
    return byte < 2 || (byte == 2 && bit == 0) || (byte == 3 && bit >= 4);
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void flip_every_bit(struct sim_truth *t, const struct served *s, uint64_t *cleared,
                           uint64_t *missed)
{
    for (size_t at = 0; at < s->len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct served spoilt = *s;
            spoilt.bytes[at] ^= (uint8_t)(1U << bit);
            if (says_nothing(at, bit) || (bit == 5 && is_letter(s->bytes[at])) ||
                sim_truth_check(t, s->name, s->type, (struct sw_bytes){ spoilt.bytes, s->len }) !=
                    NULL) {
                continue;
            }
            /* A cache counts TTLs down: a bit of one may be cleared, never set. */
            *cleared += (s->bytes[at] >> bit & 1) != 0;
            *missed += (s->bytes[at] >> bit & 1) == 0;
        }
    }
}

static void no_flipped_bit_of_an_answer_goes_unnoticed(void)
{
    struct sim_truth *t = truth();
    struct node_side n;
    node_side_init(&n);
    uint64_t cleared = 0;
    uint64_t missed = 0;
    for (size_t i = 0; i < SW_LEN(asked); i++) {
        for (size_t j = 0; j < 4; j++) {
            struct served s;
            serve(&n, asked[i], types[j], false, &s);
            flip_every_bit(t, &s, &cleared, &missed);
        }
    }
    CHECK_U64(missed, 0);
    CHECK(cleared > 0 && cleared < 1000); /* the TTLs */
    sw_zone_free(n.zone);
    sim_truth_free(t);
}

static void cut_or_extended_messages_are_wrong(void)
{
    struct sim_truth *t = truth();
    struct node_side n;
    struct served s;
    node_side_init(&n);
    serve(&n, "www.example.org", 1, true, &s);
    for (size_t len = 0; len < s.len; len++) {
        CHECK(sim_truth_check(t, s.name, s.type, (struct sw_bytes){ s.bytes, len }) != NULL);
    }
    s.bytes[s.len] = 0;
    CHECK(sim_truth_check(t, s.name, s.type, (struct sw_bytes){ s.bytes, s.len + 1 }) != NULL);
    sw_zone_free(n.zone);
    sim_truth_free(t);
}

/* Header and question of a response to www.example.org. */
static size_t begin(uint8_t *m, uint8_t flags, uint8_t rcode, uint16_t type, uint8_t answers,
                    uint8_t authority)
{
    static const uint8_t name[] = "\003www\007example\003org";
    const uint8_t header[12] = { 0, 7, flags, rcode, 0, 1, 0, answers, 0, authority, 0, 0 };
    memcpy(m, header, 12);
    memcpy(m + 12, name, sizeof name);
    m[12 + sizeof name] = (uint8_t)(type >> 8);
    m[13 + sizeof name] = (uint8_t)type;
    m[14 + sizeof name] = 0;
    m[15 + sizeof name] = 1;
    return 16 + sizeof name;
}

static size_t put_a(uint8_t *m, size_t n, uint8_t ttl, uint8_t last)
{
    const uint8_t rr[16] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, ttl, 0, 4, 192, 0, 2, last };
    memcpy(m + n, rr, sizeof rr);
    return n + sizeof rr;
}

static void messages_made_by_hand_are_judged_as_the_zone_says(void)
{
    static const uint8_t name[] = "\003www\007example\003org";
    struct sim_truth *t = truth();
    uint8_t m[512];
    struct {
        uint8_t flags, rcode, answers;
        uint8_t ttl, a, b;
        const char *wrong; /* NULL: right */
    } const cases[] = {
        { 0x84, 0, 2, 60, 5, 6, NULL },
        { 0x84, 0, 2, 60, 6, 5, NULL }, /* RRsets have no order */
        { 0x84, 0, 2, 1, 5, 6, NULL },
        { 0x84, 0, 2, 61, 5, 6, "a TTL is larger than the zone's" },
        { 0x84, 0, 2, 60, 5, 5, "a record is not what the zone says" },
        { 0x84, 0, 2, 60, 5, 7, "a record is not what the zone says" },
        { 0x84, 0, 1, 60, 5, 0, "the answer lacks records" },
        { 0x80, 0, 2, 60, 5, 6, "the answer is not marked authoritative" },
        { 0x86, 0, 2, 60, 5, 6, "a truncated answer was accepted" },
        { 0x04, 0, 2, 60, 5, 6, "no response to a query" },
        { 0x84, 3, 0, 60, 0, 0, "NXDOMAIN for a name that exists" },
        { 0x84, 0, 0, 60, 0, 0, "the answer lacks records" },
        { 0x84, 2, 0, 60, 0, 0, "the response code is wrong" },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        size_t n = begin(m, cases[i].flags, cases[i].rcode, 1, cases[i].answers, 0);
        n = cases[i].answers > 0 ? put_a(m, n, cases[i].ttl, cases[i].a) : n;
        n = cases[i].answers > 1 ? put_a(m, n, cases[i].ttl, cases[i].b) : n;
        const char *wrong = sim_truth_check(t, name, 1, (struct sw_bytes){ m, n });
        CHECK_STR(wrong == NULL ? "right" : wrong,
                  cases[i].wrong == NULL ? "right" : cases[i].wrong);
    }
    /* NODATA without the SOA: a resolver could not cache it (RFC 2308, 3). */
    const size_t n = begin(m, 0x84, 0, 15, 0, 0);
    CHECK_STR(sim_truth_check(t, name, 15, (struct sw_bytes){ m, n }),
              "a denial lacks the zone's SOA");
    sim_truth_free(t);
}

static void names_to_ask_for_leave_out_wildcards_and_glue(void)
{
    struct sim_truth *t = truth();
    const size_t n = sim_truth_names(t);
    CHECK_U64(n, 9); /* @ ns1 ns2 mail www alias far a.b.c sub */
    for (size_t i = 0; i < n; i++) {
        char text[SW_DNAME_TEXT_MAX];
        sw_dname_to_text(sim_truth_name(t, i), text);
        CHECK(strchr(text, '*') == NULL);
        CHECK(strcmp(text, "ns.sub.example.org.") != 0);
        CHECK(sim_truth_covers(t, sim_truth_name(t, i)));
    }
    CHECK(!sim_truth_covers(t, (const uint8_t *)"\003org"));
    CHECK(!sim_truth_covers(t, (const uint8_t *)"\011xexample1\003org"));
    sim_truth_free(t);
}

static void a_bad_zone_is_refused_with_its_line(void)
{
    static const struct {
        const char *text, *says;
        int err;
    } cases[] = {
        { "@ A 192.0.2.1\n", "no SOA", SW_ERR_MALFORMED },
        { "@ SOA a b 1 2 3 4 5\nx A 1.2.3\n", "line 2", SW_ERR_MALFORMED },
        { "@ SOA a b 1 2 3 4 5\n$INCLUDE other\n", "INCLUDE", SW_ERR_UNSUPPORTED },
        { "@ SOA a b 1 2 3 4 5\nx DNAME y\n", "DNAME", SW_ERR_UNSUPPORTED },
        { "@ SOA a b 1 2 3 4 5\nother.net. A 192.0.2.1\n", "outside", SW_ERR_MALFORMED },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        struct sim_truth *t = NULL;
        struct sw_diag d = { "" };
        const struct sw_bytes text = { (const uint8_t *)cases[i].text, strlen(cases[i].text) };
        CHECK_I64(sim_truth_new("example.org", text, &t, &d), cases[i].err);
        if (strstr(d.text, cases[i].says) == NULL) {
            CHECK_STR(d.text, cases[i].says);
        }
    }
}

extern CU_TestInfo tests_zonetruth[];
CU_TestInfo tests_zonetruth[] = {
    { "what the node answers is what the oracle expects",
      what_the_node_answers_is_what_the_oracle_expects },
    { "no flipped bit of an answer goes unnoticed", no_flipped_bit_of_an_answer_goes_unnoticed },
    { "cut or extended messages are wrong", cut_or_extended_messages_are_wrong },
    { "messages made by hand are judged as the zone says",
      messages_made_by_hand_are_judged_as_the_zone_says },
    { "names to ask for leave out wildcards and glue",
      names_to_ask_for_leave_out_wildcards_and_glue },
    { "a bad zone is refused with its line", a_bad_zone_is_refused_with_its_line },
    CU_TEST_INFO_NULL,
};
