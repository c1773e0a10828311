/* SPDX-License-Identifier: GPL-3.0-or-later
 * Our wire code against libknot: both must accept and refuse the same queries, read the same
 * question and EDNS from them, and order and print names alike.  Where we differ on purpose
 * stands in excused(), each with its reason; nothing else may differ. */
#define _GNU_SOURCE
#include <dirent.h>
#include <libknot/libknot.h>
#include <stdlib.h>

#include "node/base/rng.h"
#include "tests/lib/check.h"
#include "tests/lib/dns_text.h"

extern CU_TestInfo tests_libknot[];

enum { MUTATIONS = 20000, MESSAGE_MAX = 2048 };

/* ---- queries ---- */

/* What one reader makes of a message. */
struct reading {
    bool accepted;
    uint16_t type, class, udp_size;
    bool edns, dnssec_ok;
    uint8_t version;
    uint8_t name[SW_DNAME_MAX];
};

static struct reading read_ours(struct sw_bytes m)
{
    struct sw_question q;
    const int rcode = sw_question_parse(m, &q);
    struct reading r = { .accepted = rcode == SW_RCODE_NOERROR || rcode == SW_RCODE_BADVERS };
    if (r.accepted) {
        r.type = q.type;
        r.class = q.class;
        r.edns = q.edns;
        r.dnssec_ok = q.dnssec_ok;
        r.udp_size = q.udp_size;
        r.version = rcode == SW_RCODE_BADVERS; /* other than 0 */
        memcpy(r.name, q.name.name, q.name.len);
    }
    return r;
}

static struct reading read_theirs(struct sw_bytes m)
{
    uint8_t copy[MESSAGE_MAX];
    memcpy(copy, m.data, m.len);
    struct reading r = { .udp_size = 512 };
    knot_pkt_t *pkt = knot_pkt_new(copy, (uint16_t)m.len, NULL);
    r.accepted = knot_pkt_parse(pkt, 0) == KNOT_EOK && knot_wire_get_qdcount(copy) == 1;
    if (r.accepted) {
        r.type = knot_pkt_qtype(pkt);
        r.class = knot_pkt_qclass(pkt);
        memcpy(r.name, pkt->lower_qname, knot_dname_size(pkt->lower_qname));
        if (pkt->opt_rr != NULL) {
            r.edns = true;
            r.dnssec_ok = knot_edns_do(pkt->opt_rr);
            r.version = knot_edns_get_version(pkt->opt_rr) != 0;
            const uint16_t size = knot_edns_get_payload(pkt->opt_rr);
            r.udp_size = size < 512 ? 512 : size;
        }
    }
    knot_pkt_free(pkt);
    return r;
}

/* A walk that knows only lengths, to see what a message holds. */
struct contents {
    bool others;      /* records that are not OPT */
    bool odd_version; /* an OPT of a version that nobody knows */
    bool odd_owner;   /* an OPT that is not of the root */
};

static struct contents look_into(struct sw_bytes m)
{
    struct contents c = { false, false, false };
    size_t at = 12 + sw_dname_check(m.data + 12, m.len - 12) + 4;
    while (at < m.len) {
        const size_t owner = at;
        while (at < m.len && m.data[at] != 0 && m.data[at] <= 63) {
            at += 1U + m.data[at];
        }
        at += at < m.len && m.data[at] > 63 ? 2 : 1;
        if (at + 10 > m.len) {
            break;
        }
        const bool opt = m.data[at] == 0 && m.data[at + 1] == SW_TYPE_OPT;
        c.others = c.others || !opt;
        c.odd_owner = c.odd_owner || (opt && m.data[owner] != 0);
        c.odd_version = c.odd_version || (opt && m.data[at + 5] != 0);
        at += 10U + (size_t)(m.data[at + 8] << 8 | m.data[at + 9]);
    }
    return c;
}

/* Why we may judge @m otherwise; NULL: we may not. */
static const char *excused(struct sw_bytes m, bool ours, bool theirs)
{
    if (m.len < 12 || (m.data[2] & 0xf8) != 0) {
        return "responses and other opcodes are turned away before they are read";
    }
    const struct contents c = look_into(m);
    if (theirs && !ours && (m.data[6] | m.data[7] | m.data[8] | m.data[9]) != 0) {
        return "a query has no answers, and only IXFR has an authority section";
    }
    if (c.others) {
        return "libknot reads the data of records that we only step over, TSIG among them";
    }
    if (theirs && !ours && c.odd_owner) {
        return "OPT is of the root (RFC 6891, 6.1.2); libknot does not look";
    }
    if (ours && !theirs && c.odd_version) {
        return "of an unknown EDNS version the options may look like anything (BADVERS)";
    }
    return NULL;
}

static bool same_reading(const struct reading *a, const struct reading *b)
{
    return a->accepted == b->accepted && a->type == b->type && a->class == b->class &&
           a->edns == b->edns && a->dnssec_ok == b->dnssec_ok && a->udp_size == b->udp_size &&
           a->version == b->version && memcmp(a->name, b->name, sizeof a->name) == 0;
}

struct tally {
    uint64_t accepted, refused, excused;
};

static void compare_message(struct sw_bytes m, struct tally *t)
{
    const struct reading ours = read_ours(m);
    const struct reading theirs = read_theirs(m);
    t->accepted += ours.accepted && theirs.accepted;
    t->refused += !ours.accepted && !theirs.accepted;
    if (ours.accepted != theirs.accepted && excused(m, ours.accepted, theirs.accepted) != NULL) {
        t->excused++;
        return;
    }
    const bool same = ours.accepted || theirs.accepted ? same_reading(&ours, &theirs) : true;
    if (!same) {
        (void)fprintf(stderr, "ours %d, libknot's %d: ", ours.accepted, theirs.accepted);
        for (size_t i = 0; i < m.len; i++) {
            (void)fprintf(stderr, "%02x", m.data[i]);
        }
        (void)fprintf(stderr, "\n");
    }
    CHECK(same);
}

static size_t mutate(struct sw_rng *rng, uint8_t *m, size_t len)
{
    for (uint64_t edits = 1 + sw_rng_below(rng, 3); edits > 0 && len > 1; edits--) {
        const size_t at = sw_rng_below(rng, len);
        static const uint8_t telling[] = { 0, 1, 0x29, 0x3f, 0x40, 0xC0, 0xff, 12 };
        switch (sw_rng_below(rng, 6)) {
        case 0:
            m[at] ^= (uint8_t)(1U << sw_rng_below(rng, 8));
            break;
        case 1:
            m[at] = telling[sw_rng_below(rng, sizeof telling)];
            break;
        case 2:
            m[4 + sw_rng_below(rng, 8)] = (uint8_t)sw_rng_below(rng, 3); /* the counts */
            break;
        case 3:
            len = at + 1;
            break;
        case 4:
            memmove(m + at + 1, m + at, len - at);
            m[at] = (uint8_t)sw_rng_next(rng);
            len++;
            break;
        default: /* say the end again */
            memmove(m + len, m + at, len - at);
            len += len - at;
        }
        len = len > MESSAGE_MAX / 4 ? MESSAGE_MAX / 4 : len;
        if (len < 12) {
            break;
        }
    }
    return len;
}

static void queries_are_accepted_and_read_alike(void)
{
    struct tally t = { 0, 0, 0 };
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(1, "test", "libknot"));
    static const char folder[] = SW_SOURCE_DIR "/tests/fuzz/corpus/wire";
    struct dirent **entries = NULL;
    const int n = scandir(folder, &entries, NULL, alphasort);
    REQUIRE(n > 2);
    for (int i = 0; i < n; i++) {
        char path[1024];
        uint8_t seed[MESSAGE_MAX];
        (void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        FILE *f = entries[i]->d_name[0] == '.' ? NULL : fopen(path, "rb");
        free(entries[i]);
        if (f == NULL) {
            continue;
        }
        const size_t len = fread(seed, 1, MESSAGE_MAX / 4, f);
        (void)fclose(f);
        compare_message((struct sw_bytes){ seed, len }, &t);
        for (int k = 0; k < MUTATIONS; k++) {
            uint8_t m[MESSAGE_MAX];
            memcpy(m, seed, len);
            const size_t mutant = mutate(&rng, m, len);
            compare_message((struct sw_bytes){ m, mutant }, &t);
        }
    }
    free(entries);
    (void)printf("both accept %llu, both refuse %llu, differ with a reason %llu ... ",
                 (unsigned long long)t.accepted, (unsigned long long)t.refused,
                 (unsigned long long)t.excused);
    CHECK(t.accepted > 1000);
    CHECK(t.refused > 1000);
}

/* ---- answers ---- */

static void answers_are_well_formed_to_libknot(void)
{
    static char text[1 << 16];
    FILE *f = fopen(SW_SOURCE_DIR "/scenarios/zones/example.org.zone", "rb");
    REQUIRE(f != NULL);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    (void)fclose(f);
    struct sw_zone *zone = dns_zone("example.org", text);
    REQUIRE(zone != NULL);
    const struct sw_zone *zones[] = { zone };
    const struct sw_view view = { .zones = zones, .n_zones = 1, .udp_size = 1232 };
    static const char *const names[] = { "example.org",
                                         "www.example.org",
                                         "old-web.example.org",
                                         "x.lab.example.org",
                                         "a.research.example.org",
                                         "no.example.org",
                                         "_imaps._tcp.example.org",
                                         "x.pages.example.org",
                                         "2024._domainkey.example.org" };
    static const uint16_t types[] = { SW_TYPE_A,   SW_TYPE_NS,  SW_TYPE_SOA,
                                      SW_TYPE_MX,  SW_TYPE_TXT, SW_TYPE_AAAA,
                                      SW_TYPE_SRV, SW_TYPE_ANY, 65 };
    for (size_t i = 0; i < SW_LEN(names) * SW_LEN(types) * 2; i++) {
        uint8_t query[300];
        uint8_t answer[1232];
        struct sw_wr q = { .buf = query, .cap = sizeof query };
        struct sw_wr a = { .buf = answer, .cap = sizeof answer };
        dns_query(&q, names[i % SW_LEN(names)], types[i / SW_LEN(names) % SW_LEN(types)],
                  i % 2 == 0 ? 0 : 1232);
        CHECK_U64(sw_answer(&view, (struct sw_bytes){ query, q.len }, false, &a), SW_VERDICT_REPLY);
        knot_pkt_t *pkt = knot_pkt_new(answer, (uint16_t)a.len, NULL);
        CHECK_I64(knot_pkt_parse(pkt, 0), KNOT_EOK);
        CHECK_U64(pkt->parsed, a.len);
        knot_pkt_free(pkt);
    }
    sw_zone_free(zone);
}

/* ---- names ---- */

static void draw_name(struct sw_rng *rng, uint8_t out[SW_DNAME_MAX])
{
    size_t n = 0;
    for (uint64_t labels = sw_rng_below(rng, 5); labels > 0; labels--) {
        const uint64_t len = 1 + sw_rng_below(rng, 3);
        out[n++] = (uint8_t)len;
        for (uint64_t i = 0; i < len; i++) {
            out[n++] = sw_rng_below(rng, 4) == 0 ? (uint8_t)sw_rng_next(rng)
                                                 : (uint8_t)("aAbBzZ*-"[sw_rng_below(rng, 8)]);
        }
    }
    out[n] = 0;
}

/* Has a label a zero byte?  libknot takes that for the label's end when it compares: "z" comes
 * before "z\000a" (RFC 4034, 6.1), but not where another label follows. */
static bool holds_zero(const uint8_t *name)
{
    for (; *name != 0; name += 1 + *name) {
        if (memchr(name + 1, 0, *name) != NULL) {
            return true;
        }
    }
    return false;
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void names_are_ordered_and_written_alike(void)
{
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(2, "test", "libknot"));
    for (int i = 0; i < 50000; i++) {
        uint8_t a[SW_DNAME_MAX];
        uint8_t b[SW_DNAME_MAX];
        draw_name(&rng, a);
        draw_name(&rng, b);
        uint8_t low_a[SW_DNAME_MAX]; /* libknot compares lower case only */
        uint8_t low_b[SW_DNAME_MAX];
        memcpy(low_a, a, sizeof a);
        memcpy(low_b, b, sizeof b);
        knot_dname_to_lower(low_a);
        knot_dname_to_lower(low_b);
        if (!holds_zero(a) && !holds_zero(b)) {
            CHECK_I64(sign(sw_dname_compare(a, b)), sign(knot_dname_cmp(low_a, low_b)));
        }
        CHECK_U64(sw_dname_under(a, b), knot_dname_in_bailiwick(low_a, low_b) >= 0);

        char ours[SW_DNAME_TEXT_MAX];
        uint8_t back[SW_DNAME_MAX];
        sw_dname_to_text(a, ours);
        uint8_t *theirs = knot_dname_from_str_alloc(ours);
        REQUIRE(theirs != NULL);
        CHECK(memcmp(theirs, a, sw_dname_len(a)) == 0);
        knot_dname_free(theirs, NULL);
        char *text = knot_dname_to_str_alloc(a);
        CHECK_I64(sw_dname_from_text(text, back), (int64_t)sw_dname_len(a));
        CHECK(memcmp(back, a, sw_dname_len(a)) == 0);
        free(text);
    }
}

CU_TestInfo tests_libknot[] = {
    { "queries are accepted and read alike", queries_are_accepted_and_read_alike },
    { "answers are well-formed to libknot", answers_are_well_formed_to_libknot },
    { "names are ordered and written alike", names_are_ordered_and_written_alike },
    CU_TEST_INFO_NULL,
};
