/* SPDX-License-Identifier: GPL-3.0-or-later
 * What is kept of answers, for how long, and what clients get of it. */
#include "node/core/cache/cache.h"

#include "node/base/err.h"
#include "node/base/rng.h"
#include "node/core/dns/answer.h"
#include "tests/lib/answer_kit.h"
#include "tests/lib/check.h"
#include "tests/lib/dns_text.h"
#include "tests/lib/fail_alloc.h"

#include <math.h>

#define T0 (100 * SW_SEC)

static const struct sw_cache_limits usual = {
    .kept = { .max_ttl = 86400, .max_negative = 3600 },
    .max_stale = 3600 * SW_SEC,
    .prefetch = true,
};

struct asked {
    uint8_t bytes[SW_DNS_UDP_MIN];
    struct sw_bytes message;
    struct sw_question q;
    struct sw_cache_key key;
};

static void ask(struct asked *a, const char *name, uint16_t type, uint16_t udp_size)
{
    struct sw_wr w = { .buf = a->bytes, .cap = sizeof a->bytes };
    dns_query(&w, name, type, udp_size);
    a->message = (struct sw_bytes){ a->bytes, w.len };
    CHECK_I64(sw_question_parse(a->message, &a->q), 0);
    a->key = sw_cache_key(&a->q, false);
}

/* Take in what @k says to @a, and keep it when it is worth it. */
static enum sw_worth take(struct sw_cache *c, const struct asked *a, const struct answer_kit *k,
                          sw_time now, struct sw_kept *out)
{
    static uint8_t room[sizeof k->bytes];
    CHECK(sw_answer_matches(a->message, kit_bytes(k)));
    const enum sw_worth worth = sw_kept_take(kit_bytes(k), &a->q, &c->limits.kept, room, out);
    if (worth == SW_WORTH_KEEPING) {
        sw_cache_keep(c, &a->key, out, SW_SOURCE_UPSTREAM, now);
    }
    return worth;
}

/* What @a's client gets of @e. */
static const char *given(const struct sw_cache *c, const struct asked *a, const struct sw_entry *e,
                         sw_time now, enum sw_ede ede)
{
    static char text[2048];
    static uint8_t out[8192];
    struct sw_kept_answer how = {
        .query = a->message, .q = &a->q, .ede = ede, .udp_size = 1232, .limit = a->q.udp_size
    };
    CHECK(sw_cache_room(e) <= sizeof out);
    const size_t len = sw_cache_answer(c, e, now, &how, out);
    CHECK(sw_answer_matches(a->message, (struct sw_bytes){ out, len }));
    dns_text((struct sw_bytes){ out, len }, text, sizeof text);
    return text;
}

static void a_positive_answer_is_counted_down(void)
{
    struct sw_cache c = { 0 };
    struct asked a;
    struct answer_kit k;
    struct sw_kept kept;
    REQUIRE(sw_cache_set(&c, SW_SIEVE_MIN, &usual) == SW_OK);
    ask(&a, "WWW.example", SW_TYPE_A, 1232);
    kit_begin(&k, a.message, SW_RCODE_NOERROR);
    kit_a(&k, NULL, 300, 1);
    kit_a(&k, NULL, 60, 2);
    kit_opt(&k);
    CHECK_I64(take(&c, &a, &k, T0, &kept), SW_WORTH_KEEPING);
    CHECK_U64(kept.ttl, 60);

    ask(&a, "www.EXAMPLE", SW_TYPE_A, 0); /* another client: other case, no EDNS */
    struct sw_recall r = sw_cache_recall(&c, &a.key, T0 + 10 * SW_SEC + 1, true);
    CHECK_I64(r.known, SW_KNOWN_FRESH);
    CHECK_U64(r.left, 49);
    /* AA and AD are gone, RA is set; the eleventh second has begun */
    CHECK_STR(given(&c, &a, r.entry, T0 + 10 * SW_SEC + 1, SW_EDE_NONE),
              "NOERROR ra, z, ad or cd\n"
              "an www.EXAMPLE. 289 A 192.0.2.1\n"
              "an www.EXAMPLE. 49 A 192.0.2.2\n");
    /* the last nanosecond, and the first after it */
    CHECK_I64(sw_cache_recall(&c, &a.key, T0 + 60 * SW_SEC - 1, false).known, SW_KNOWN_FRESH);
    CHECK_I64(sw_cache_recall(&c, &a.key, T0 + 60 * SW_SEC, false).known, SW_KNOWN_STALE);
    sw_cache_fini(&c);
}

/* RFC 2308, 3 and 5; what is believed of each, worked by hand. */
static void denials_are_kept_for_the_minimum_of_their_soa(void)
{
    static const struct {
        unsigned rcode;
        uint32_t ttl, minimum;
        uint32_t kept;
    } rows[] = {
        { SW_RCODE_NXDOMAIN, 3600, 900, 900 },     /* the minimum */
        { SW_RCODE_NXDOMAIN, 300, 900, 300 },      /* the SOA's own TTL is less */
        { SW_RCODE_NOERROR, 3600, 60, 60 },        /* NODATA alike */
        { SW_RCODE_NXDOMAIN, 86400, 86400, 3600 }, /* the cap */
        { SW_RCODE_NXDOMAIN, 900, 0, 0 },          /* not at all */
    };
    struct sw_cache c = { 0 };
    struct sw_kept kept;
    REQUIRE(sw_cache_set(&c, SW_SIEVE_MIN, &usual) == SW_OK);
    for (size_t i = 0; i < SW_LEN(rows); i++) {
        struct asked a;
        struct answer_kit k;
        ask(&a, "none.example", SW_TYPE_A, 1232);
        kit_begin(&k, a.message, rows[i].rcode);
        kit_soa(&k, rows[i].ttl, rows[i].minimum);
        CHECK_I64(take(&c, &a, &k, T0, &kept),
                  rows[i].kept > 0 ? SW_WORTH_KEEPING : SW_WORTH_PASSING);
        CHECK(kept.negative);
        CHECK_U64(kept.ttl, rows[i].kept);
        CHECK_U64(sw_be32(kept.data + kept.ttl_at[0]), rows[i].kept); /* the SOA says no more */
    }
    sw_cache_fini(&c);
}

static void what_must_not_be_kept_is_passed_on_or_asked_again(void)
{
    struct sw_cache c = { 0 };
    struct asked a;
    struct answer_kit k;
    struct sw_kept kept;
    REQUIRE(sw_cache_set(&c, SW_SIEVE_MIN, &usual) == SW_OK);
    ask(&a, "www.example", SW_TYPE_A, 1232);

    kit_begin(&k, a.message, SW_RCODE_NOERROR); /* TTL 0: RFC 1035, 3.2.1 */
    kit_a(&k, NULL, 0, 1);
    CHECK_I64(take(&c, &a, &k, T0, &kept), SW_WORTH_PASSING);
    kit_begin(&k, a.message, SW_RCODE_NXDOMAIN); /* no SOA: RFC 2308, 5 */
    CHECK_I64(take(&c, &a, &k, T0, &kept), SW_WORTH_PASSING);
    kit_begin(&k, a.message, SW_RCODE_NOERROR); /* a referral */
    kit_record(&k, KIT_AUTHORITY, "example", SW_TYPE_NS, 600, "\0", 1);
    CHECK_I64(take(&c, &a, &k, T0, &kept), SW_WORTH_PASSING);
    kit_begin(&k, a.message, SW_RCODE_SERVFAIL);
    CHECK_I64(take(&c, &a, &k, T0, &kept), SW_WORTH_NOTHING);
    kit_begin(&k, a.message, SW_RCODE_REFUSED);
    CHECK_I64(take(&c, &a, &k, T0, &kept), SW_WORTH_NOTHING);
    kit_begin(&k, a.message, SW_RCODE_NOERROR);
    kit_a(&k, NULL, 60, 1);
    k.bytes[2] |= SW_DNS_TC;
    CHECK_I64(take(&c, &a, &k, T0, &kept), SW_WORTH_STREAM);
    CHECK_U64(c.store.n, 0);
    sw_cache_fini(&c);
}

static void ttls_are_capped_and_never_negative(void)
{
    struct sw_cache c = { 0 };
    struct asked a;
    struct answer_kit k;
    struct sw_kept kept;
    REQUIRE(sw_cache_set(&c, SW_SIEVE_MIN, &usual) == SW_OK);
    ask(&a, "www.example", SW_TYPE_A, 1232);
    kit_begin(&k, a.message, SW_RCODE_NOERROR);
    kit_a(&k, NULL, UINT32_C(0x80000001), 1); /* RFC 8767, 4: a long one, not zero */
    CHECK_I64(take(&c, &a, &k, T0, &kept), SW_WORTH_KEEPING);
    CHECK_U64(kept.ttl, 86400);
    CHECK_U64(sw_be32(kept.data + kept.ttl_at[0]), 86400);
    sw_cache_fini(&c);
}

static void a_chain_is_kept_as_long_as_its_shortest_link(void)
{
    struct sw_cache c = { 0 };
    struct asked a;
    struct answer_kit k;
    struct sw_kept kept;
    REQUIRE(sw_cache_set(&c, SW_SIEVE_MIN, &usual) == SW_OK);
    ask(&a, "www.example", SW_TYPE_A, 1232);
    kit_begin(&k, a.message, SW_RCODE_NOERROR);
    kit_record(&k, KIT_ANSWER, NULL, SW_TYPE_CNAME, 20, "\1x\7example", 11);
    kit_a(&k, "x.example", 300, 1);
    CHECK_I64(take(&c, &a, &k, T0, &kept), SW_WORTH_KEEPING);
    CHECK(!kept.negative);
    CHECK_U64(kept.ttl, 20);
    kit_begin(&k, a.message, SW_RCODE_NXDOMAIN); /* its end does not exist: RFC 2308, 2.1 */
    kit_record(&k, KIT_ANSWER, NULL, SW_TYPE_CNAME, 20, "\1x\7example", 11);
    kit_soa(&k, 900, 900);
    CHECK_I64(take(&c, &a, &k, T0, &kept), SW_WORTH_KEEPING);
    CHECK(kept.negative);
    CHECK_U64(kept.ttl, 20);
    sw_cache_fini(&c);
}

static void a_stale_answer_says_so_and_for_thirty_seconds(void)
{
    struct sw_cache c = { 0 };
    struct asked a;
    struct answer_kit k;
    struct sw_kept kept;
    REQUIRE(sw_cache_set(&c, SW_SIEVE_MIN, &usual) == SW_OK);
    ask(&a, "www.example", SW_TYPE_A, 1232);
    kit_begin(&k, a.message, SW_RCODE_NOERROR);
    kit_a(&k, NULL, 60, 1);
    (void)take(&c, &a, &k, T0, &kept);
    const sw_time expired = T0 + 60 * SW_SEC;
    struct sw_recall r = sw_cache_recall(&c, &a.key, expired + 5 * SW_SEC, true);
    CHECK_I64(r.known, SW_KNOWN_STALE);
    CHECK(!r.wait);
    CHECK_STR(given(&c, &a, r.entry, expired + 5 * SW_SEC, SW_EDE_STALE_ANSWER),
              "NOERROR ra, z, ad or cd\n"
              "an www.example. 30 A 192.0.2.1\n"
              "opt 1232 ede 3\n");
    CHECK_I64(sw_cache_recall(&c, &a.key, expired + usual.max_stale - 1, true).known,
              SW_KNOWN_STALE);
    CHECK_I64(sw_cache_recall(&c, &a.key, expired + usual.max_stale, true).known, SW_KNOWN_NOTHING);
    /* the recheck timer: RFC 8767, 5 */
    sw_cache_fail(&c, &a.key, expired + 5 * SW_SEC);
    CHECK(sw_cache_recall(&c, &a.key, expired + 34 * SW_SEC, true).wait);
    CHECK(!sw_cache_recall(&c, &a.key, expired + 35 * SW_SEC, true).wait);
    sw_cache_fini(&c);
}

static void failures_are_kept_the_longer_the_more_there_are(void)
{
    static const unsigned waits[] = { 5, 10, 20, 40, 80, 160, 300, 300 }; /* s: RFC 9520, 3.2 */
    struct sw_cache c = { 0 };
    struct asked a;
    REQUIRE(sw_cache_set(&c, SW_SIEVE_MIN, &usual) == SW_OK);
    ask(&a, "www.example", SW_TYPE_A, 1232);
    sw_time now = T0;
    for (size_t i = 0; i < SW_LEN(waits); i++) {
        CHECK_I64(sw_cache_recall(&c, &a.key, now, true).known, SW_KNOWN_NOTHING);
        sw_cache_fail(&c, &a.key, now);
        CHECK_I64(sw_cache_recall(&c, &a.key, now + waits[i] * SW_SEC - 1, true).known,
                  SW_KNOWN_FAILURE);
        now += waits[i] * SW_SEC;
    }
    struct answer_kit k; /* success ends it */
    struct sw_kept kept;
    kit_begin(&k, a.message, SW_RCODE_NOERROR);
    kit_a(&k, NULL, 60, 1);
    (void)take(&c, &a, &k, now, &kept);
    const struct sw_recall r = sw_cache_recall(&c, &a.key, now, true);
    CHECK_I64(r.known, SW_KNOWN_FRESH);
    CHECK_U64(r.entry->failures, 0);
    sw_cache_fini(&c);
}

static void a_popular_answer_is_renewed_once_in_its_last_tenth(void)
{
    struct sw_cache c = { 0 };
    struct asked a;
    struct answer_kit k;
    struct sw_kept kept;
    REQUIRE(sw_cache_set(&c, SW_SIEVE_MIN, &usual) == SW_OK);
    ask(&a, "www.example", SW_TYPE_A, 1232);
    kit_begin(&k, a.message, SW_RCODE_NOERROR);
    kit_a(&k, NULL, 100, 1);
    (void)take(&c, &a, &k, T0, &kept);
    CHECK(!sw_cache_recall(&c, &a.key, T0 + 91 * SW_SEC, true).renew); /* not popular yet */
    CHECK(sw_cache_recall(&c, &a.key, T0 + 92 * SW_SEC, true).renew);
    CHECK(!sw_cache_recall(&c, &a.key, T0 + 93 * SW_SEC, true).renew); /* said before */
    (void)take(&c, &a, &k, T0 + 95 * SW_SEC, &kept);
    (void)sw_cache_recall(&c, &a.key, T0 + 96 * SW_SEC, true);
    CHECK(!sw_cache_recall(&c, &a.key, T0 + 97 * SW_SEC, true).renew); /* nine tenths are left */
    sw_cache_fini(&c);
}

static void an_answer_that_is_too_large_is_truncated(void)
{
    struct sw_cache c = { 0 };
    struct asked a;
    struct answer_kit k;
    struct sw_kept kept;
    REQUIRE(sw_cache_set(&c, SW_SIEVE_MIN, &usual) == SW_OK);
    ask(&a, "www.example", SW_TYPE_A, 512);
    kit_begin(&k, a.message, SW_RCODE_NOERROR);
    for (uint8_t i = 0; i < 40; i++) {
        kit_a(&k, NULL, 60, i);
    }
    (void)take(&c, &a, &k, T0, &kept);
    const struct sw_recall r = sw_cache_recall(&c, &a.key, T0, true);
    REQUIRE(r.entry != NULL);
    CHECK_STR(given(&c, &a, r.entry, T0, SW_EDE_NONE), "NOERROR tc ra, z, ad or cd\nopt 1232\n");
    sw_cache_fini(&c);
}

static void another_size_empties_it_and_the_same_does_not(void)
{
    struct sw_cache c = { 0 };
    struct asked a;
    struct answer_kit k;
    struct sw_kept kept;
    REQUIRE(sw_cache_set(&c, SW_SIEVE_MIN, &usual) == SW_OK);
    ask(&a, "www.example", SW_TYPE_A, 512);
    kit_begin(&k, a.message, SW_RCODE_NOERROR);
    kit_a(&k, NULL, 60, 1);
    (void)take(&c, &a, &k, T0, &kept);
    CHECK_I64(sw_cache_set(&c, SW_SIEVE_MIN, &usual), SW_OK);
    CHECK_U64(c.store.n, 1);
    fail_alloc_only(0);
    CHECK_I64(sw_cache_set(&c, 2 * SW_SIEVE_MIN, &usual), SW_ERR_NOMEM);
    (void)fail_alloc_stop();
    CHECK_U64(c.store.n, 1);
    CHECK_I64(sw_cache_set(&c, 2 * SW_SIEVE_MIN, &usual), SW_OK);
    CHECK_U64(c.store.n, 0);
    CHECK_I64(sw_cache_set(&c, 0, &usual), SW_OK);
    CHECK_I64(sw_cache_recall(&c, &a.key, T0, true).known, SW_KNOWN_NOTHING);
    sw_cache_fini(&c);
}

static void nothing_is_allocated_once_it_stands(void)
{
    struct sw_cache c = { 0 };
    struct answer_kit k;
    struct sw_kept kept;
    REQUIRE(sw_cache_set(&c, SW_SIEVE_MIN, &usual) == SW_OK);
    fail_alloc_from(0);
    for (unsigned i = 0; i < 3000; i++) {
        struct asked a;
        char name[32];
        (void)snprintf(name, sizeof name, "n%u.example", i % 1000);
        ask(&a, name, SW_TYPE_A, 1232);
        kit_begin(&k, a.message, SW_RCODE_NOERROR);
        kit_a(&k, NULL, 60, 1);
        const sw_time now = T0 + i * SW_MS;
        const struct sw_recall r = sw_cache_recall(&c, &a.key, now, true);
        if (r.known == SW_KNOWN_FRESH) {
            (void)given(&c, &a, r.entry, now, SW_EDE_NONE);
        } else {
            (void)take(&c, &a, &k, now, &kept);
        }
    }
    CHECK_U64(fail_alloc_stop(), 0);
    CHECK(c.store.evicted > 0);
    CHECK(sw_sieve_is_sound(&c.store));
    sw_cache_fini(&c);
}

/* Requests that come as a Poisson process of rate L find an answer of TTL T with probability
 * L T / (1 + L T): each miss is followed by L T hits on average (Jung, Berger, Balakrishnan:
 * Modeling TTL-based Internet caches, INFOCOM 2003, eq. 3). */
static void poisson_requests_hit_as_often_as_theory_says(void)
{
    static const double rates[] = { 0.005, 0.05, 0.5, 5 }; /* requests/s, with a TTL of 60 s */
    for (size_t i = 0; i < SW_LEN(rates); i++) {
        struct sw_cache_limits plain = usual;
        plain.prefetch = false;
        struct sw_cache c = { 0 };
        struct asked a;
        struct answer_kit k;
        struct sw_kept kept;
        struct sw_rng rng;
        REQUIRE(sw_cache_set(&c, SW_SIEVE_MIN, &plain) == SW_OK);
        sw_rng_init(&rng, sw_rng_key(i, "cache", "poisson"));
        ask(&a, "www.example", SW_TYPE_A, 1232);
        kit_begin(&k, a.message, SW_RCODE_NOERROR);
        kit_a(&k, NULL, 60, 1);
        sw_time now = T0;
        const unsigned n = 40000;
        unsigned hits = 0;
        for (unsigned j = 0; j < n; j++) {
            now += (sw_time)sw_exponential(sw_rng_next(&rng), 1e9 / rates[i]);
            if (sw_cache_recall(&c, &a.key, now, true).known == SW_KNOWN_FRESH) {
                hits++;
            } else {
                (void)take(&c, &a, &k, now, &kept);
            }
        }
        const double theory = rates[i] * 60 / (1 + rates[i] * 60);
        /* Misses are a renewal process: four standard deviations, by h (1 - h) at most. */
        const double sd = sqrt(theory * (1 - theory) / n);
        CHECK_NEAR((double)hits / n, theory, 4 * sd);
        sw_cache_fini(&c);
    }
}

extern CU_TestInfo tests_cache[];
CU_TestInfo tests_cache[] = {
    { "a_positive_answer_is_counted_down", a_positive_answer_is_counted_down },
    { "denials_are_kept_for_the_minimum_of_their_soa",
      denials_are_kept_for_the_minimum_of_their_soa },
    { "what_must_not_be_kept_is_passed_on_or_asked_again",
      what_must_not_be_kept_is_passed_on_or_asked_again },
    { "ttls_are_capped_and_never_negative", ttls_are_capped_and_never_negative },
    { "a_chain_is_kept_as_long_as_its_shortest_link",
      a_chain_is_kept_as_long_as_its_shortest_link },
    { "a_stale_answer_says_so_and_for_thirty_seconds",
      a_stale_answer_says_so_and_for_thirty_seconds },
    { "failures_are_kept_the_longer_the_more_there_are",
      failures_are_kept_the_longer_the_more_there_are },
    { "a_popular_answer_is_renewed_once_in_its_last_tenth",
      a_popular_answer_is_renewed_once_in_its_last_tenth },
    { "an_answer_that_is_too_large_is_truncated", an_answer_that_is_too_large_is_truncated },
    { "another_size_empties_it_and_the_same_does_not",
      another_size_empties_it_and_the_same_does_not },
    { "nothing_is_allocated_once_it_stands", nothing_is_allocated_once_it_stands },
    { "poisson_requests_hit_as_often_as_theory_says",
      poisson_requests_hit_as_often_as_theory_says },
    CU_TEST_INFO_NULL,
};
