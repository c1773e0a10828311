/* SPDX-License-Identifier: GPL-3.0-or-later
 * Domain names. */
#include "node/core/dns/name.h"

#include "node/base/err.h"
#include "node/base/rng.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_name[];

static void text_goes_to_wire_and_back(void)
{
    static const struct {
        const char *text;
        const char *back;
        int len;
    } good[] = {
        { ".", ".", 1 },
        { "org", "org.", 5 },
        { "Example.ORG.", "Example.ORG.", 13 },
        { "a\\.b.c", "a\\.b.c.", 7 },
        { "a\\032b", "a\\032b.", 5 },
        { "\\000\\255.x", "\\000\\255.x.", 6 },
        { "*.example", "*.example.", 11 },
        { "_sip._tcp", "_sip._tcp.", 11 },
        { "a\\@b", "a\\@b.", 5 },
    };
    for (size_t i = 0; i < SW_LEN(good); i++) {
        uint8_t wire[SW_DNAME_MAX];
        char text[SW_DNAME_TEXT_MAX];
        CHECK_I64(sw_dname_from_text(good[i].text, wire), good[i].len);
        CHECK_U64(sw_dname_check(wire, sizeof wire), (uint64_t)good[i].len);
        CHECK_U64(sw_dname_len(wire), (uint64_t)good[i].len);
        sw_dname_to_text(wire, text);
        CHECK_STR(text, good[i].back);
    }
}

static void bad_text_is_refused(void)
{
    char label[66];
    char name[300];
    memset(label, 'a', 64);
    label[64] = '\0';
    for (size_t i = 0; i < 256; i++) { /* 128 labels */
        name[i] = i % 2 == 0 ? 'a' : '.';
    }
    name[256] = '\0';
    const char *bad[] = { "",     "..",     ".a",     "a..b", "a..", "a\\",
                          "a\\1", "a\\12x", "a\\256", label,  name };
    uint8_t wire[SW_DNAME_MAX];
    for (size_t i = 0; i < SW_LEN(bad); i++) {
        CHECK_I64(sw_dname_from_text(bad[i], wire), SW_ERR_MALFORMED);
    }
    name[254] = '\0'; /* one label fewer is the longest name there is */
    CHECK_I64(sw_dname_from_text(name, wire), 255);
    CHECK_U64(sw_dname_labels(wire), 127);
    label[63] = '\0';
    CHECK_I64(sw_dname_from_text(label, wire), 65);
}

static void names_end_within_their_bytes(void)
{
    static const uint8_t good[] = { 1, 'a', 0 };
    static const uint8_t pointer[] = { 1, 'a', 0xC0, 12 };
    static const uint8_t extended[] = { 0x41, 1, 0 };
    CHECK_U64(sw_dname_check(good, 3), 3);
    CHECK_U64(sw_dname_check(good, 2), 0);
    CHECK_U64(sw_dname_check(good, 1), 0);
    CHECK_U64(sw_dname_check(good, 0), 0);
    CHECK_U64(sw_dname_check(pointer, sizeof pointer), 0);
    CHECK_U64(sw_dname_check(extended, sizeof extended), 0);
    uint8_t endless[300];
    memset(endless, 1, sizeof endless);
    CHECK_U64(sw_dname_check(endless, sizeof endless), 0);
}

/* The example of RFC 4034, 6.1, with the bytes it writes as \001 and \200. */
static void order_is_canonical(void)
{
    static const char *const sorted[] = { "example",         "a.example",      "yljkjljk.a.example",
                                          "Z.a.example",     "zABC.a.EXAMPLE", "z.example",
                                          "\\001.z.example", "*.z.example",    "\\200.z.example" };
    for (size_t i = 0; i < SW_LEN(sorted); i++) {
        for (size_t k = 0; k < SW_LEN(sorted); k++) {
            uint8_t a[SW_DNAME_MAX];
            uint8_t b[SW_DNAME_MAX];
            (void)sw_dname_from_text(sorted[i], a);
            (void)sw_dname_from_text(sorted[k], b);
            const int c = sw_dname_compare(a, b);
            CHECK_I64(c < 0 ? -1 : c > 0, i < k ? -1 : i > k);
        }
    }
}

static void a_name_is_under_its_ancestors_only(void)
{
    static const struct {
        const char *name, *zone;
        bool under;
    } cases[] = {
        { "example.org", "example.org", true },
        { "A.Example.Org", "example.ORG", true },
        { "org", "example.org", false },
        { "badexample.org", "example.org", false },
        { "example.org.evil", "example.org", false },
        { "x.y.z", ".", true },
        { "a.exampld.org", "example.org", false },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        uint8_t name[SW_DNAME_MAX];
        uint8_t zone[SW_DNAME_MAX];
        (void)sw_dname_from_text(cases[i].name, name);
        (void)sw_dname_from_text(cases[i].zone, zone);
        CHECK_U64(sw_dname_under(name, zone), cases[i].under);
    }
}

static void taking_a_name_apart_finds_its_labels_in_lower_case(void)
{
    /* every byte that a careless trick with eight at once would change too */
    uint8_t wire[SW_DNAME_MAX];
    for (unsigned c = 0; c < 256; c++) {
        struct sw_qname q;
        memset(&q, 0xff, sizeof q);
        memset(wire, 0, sizeof wire);
        wire[0] = 5;
        memset(wire + 1, (int)c, 5);
        wire[6] = 2;
        memset(wire + 7, (int)c, 2);
        CHECK_U64(sw_qname_set(&q, wire, sizeof wire), 10);
        CHECK_U64(q.len, 10);
        CHECK_U64(q.labels, 2);
        CHECK_U64(q.at[0], 0);
        CHECK_U64(q.at[1], 6);
        CHECK_U64(q.at[2], 9);
        const unsigned want = c >= 'A' && c <= 'Z' ? c + 32 : c;
        CHECK_U64(q.name[0], 5);
        for (unsigned i = 1; i <= 8; i++) {
            CHECK_U64(q.name[i], i == 6 ? 2 : want);
        }
        for (unsigned i = 9; i < 18; i++) {
            CHECK_U64(i < 17 ? q.name[i] : 0, 0);
        }
    }
    struct sw_qname q;
    CHECK_U64(sw_qname_set(&q, (const uint8_t *)"\1a", 2), 0);
    CHECK_U64(sw_qname_set(&q, (const uint8_t *)"", 0), 0);
    CHECK_U64(sw_qname_set(&q, (const uint8_t *)"\300\14", 2), 0);
    uint8_t endless[300];
    memset(endless, 1, sizeof endless);
    CHECK_U64(sw_qname_set(&q, endless, sizeof endless), 0);
}

static const uint8_t *name_at(const void *self, size_t i)
{
    return (const uint8_t *)self + i * SW_DNAME_MAX;
}

/* A name of up to 5 labels out of "a", "b" and "c", which makes neighbours and gaps. */
static void draw_name(struct sw_rng *rng, uint8_t out[SW_DNAME_MAX])
{
    size_t n = 0;
    for (uint64_t labels = sw_rng_below(rng, 6); labels > 0; labels--) {
        out[n++] = 1;
        out[n++] = (uint8_t)('a' + sw_rng_below(rng, 3));
    }
    out[n] = 0;
}

static void the_closest_ancestor_is_what_a_plain_search_finds(void)
{
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(1, "test", "closest"));
    for (int round = 0; round < 2000; round++) {
        uint8_t names[24][SW_DNAME_MAX];
        size_t n = sw_rng_below(&rng, SW_LEN(names));
        for (size_t i = 0; i < n; i++) { /* insert in order, once each */
            uint8_t name[SW_DNAME_MAX];
            draw_name(&rng, name);
            size_t at = 0;
            while (at < i && sw_dname_compare(names[at], name) < 0) {
                at++;
            }
            if (at < i && sw_dname_compare(names[at], name) == 0) {
                n--;
                i--;
                continue;
            }
            memmove(names[at + 1], names[at], (i - at) * SW_DNAME_MAX);
            memcpy(names[at], name, SW_DNAME_MAX);
        }
        uint8_t name[SW_DNAME_MAX];
        draw_name(&rng, name);
        size_t want = n;
        for (size_t i = 0; i < n; i++) {
            if (sw_dname_under(name, names[i]) &&
                (want == n || sw_dname_len(names[i]) > sw_dname_len(names[want]))) {
                want = i;
            }
        }
        const struct sw_dname_list list = { names, n, name_at };
        CHECK_U64(sw_dname_closest(&list, name), want);
    }
}

CU_TestInfo tests_name[] = {
    { "text goes to wire and back", text_goes_to_wire_and_back },
    { "bad text is refused", bad_text_is_refused },
    { "names end within their bytes", names_end_within_their_bytes },
    { "order is canonical", order_is_canonical },
    { "a name is under its ancestors only", a_name_is_under_its_ancestors_only },
    { "taking a name apart finds its labels in lower case",
      taking_a_name_apart_finds_its_labels_in_lower_case },
    { "the closest ancestor is what a plain search finds",
      the_closest_ancestor_is_what_a_plain_search_finds },
    CU_TEST_INFO_NULL,
};
