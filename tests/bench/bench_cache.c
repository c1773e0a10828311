/* SPDX-License-Identifier: GPL-3.0-or-later
 * What a question costs a cache that holds 100,000 answers: found and answered, not found, kept.
 * And the hit ratio of its evictions beside LRU's, for Zipf's law and a tenth of the names. */
#define _POSIX_C_SOURCE 200809L
#include "node/core/cache/cache.h"
#include "node/core/dns/answer.h"
#include "tests/bench/bench.h"
#include "tests/lib/answer_kit.h"

#include <stdio.h>

#define NAMES 100000U
#define ROUNDS 1000000U
#define NOW (1000 * SW_SEC)

struct asked {
    uint8_t bytes[64];
    size_t len;
};

static struct asked *asked;

static struct sw_bytes query(uint32_t i)
{
    return (struct sw_bytes){ asked[i].bytes, asked[i].len };
}

static void make_queries(void)
{
    asked = calloc(NAMES, sizeof *asked);
    for (uint32_t i = 0; asked != NULL && i < NAMES; i++) {
        char text[32];
        uint8_t name[SW_DNAME_MAX];
        struct sw_wr w = { .buf = asked[i].bytes, .cap = sizeof asked[i].bytes };
        (void)snprintf(text, sizeof text, "host%u.example", i);
        (void)sw_dname_from_text(text, name);
        sw_query_write(
            &w,
            &(struct sw_query){
                .id = 7, .type = SW_TYPE_A, .name = name, .udp_size = 1232, .recursion = true });
        asked[i].len = w.len;
    }
}

static void keep(struct sw_cache *c, uint32_t i)
{
    static uint8_t into[4096];
    static struct sw_kept kept;
    struct answer_kit k;
    struct sw_question q;
    kit_begin(&k, query(i), 0);
    kit_a(&k, NULL, 3600, 1);
    (void)sw_question_parse(query(i), &q);
    const struct sw_cache_key key = sw_cache_key(&q, false);
    (void)sw_kept_take(kit_bytes(&k), &q, &c->limits.kept, into, &kept);
    (void)sw_cache_keep(c, &key, &kept, SW_SOURCE_UPSTREAM, NOW);
}

static bool look(struct sw_cache *c, uint32_t i, size_t *bytes)
{
    uint8_t out[1024];
    struct sw_question q;
    (void)sw_question_parse(query(i), &q);
    const struct sw_cache_key key = sw_cache_key(&q, false);
    const struct sw_recall r = sw_cache_recall(c, &key, NOW + SW_SEC, true);
    if (r.known != SW_KNOWN_FRESH) {
        return false;
    }
    struct sw_kept_answer a = {
        .query = query(i), .q = &q, .ede = SW_EDE_NONE, .udp_size = 1232, .limit = q.udp_size
    };
    *bytes += sw_cache_answer(c, r.entry, NOW + SW_SEC, &a, out);
    return true;
}

static void times(struct sw_cache *c)
{
    uint64_t x = 88172645463325252U;
    size_t bytes = 0;
    double began = bench_cpu();
    for (uint32_t i = 0; i < NAMES; i++) {
        keep(c, i);
    }
    (void)printf("kept       %6.0f ns\n", 1e9 * (bench_cpu() - began) / NAMES);
    uint32_t found = 0;
    began = bench_cpu();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        found += look(c, (uint32_t)(bench_draw(&x) % NAMES), &bytes);
    }
    (void)printf("answered   %6.0f ns, question parsed (%u of %u; any of 100,000 names)\n",
                 1e9 * (bench_cpu() - began) / ROUNDS, found, ROUNDS);
    began = bench_cpu();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        found += look(c, (uint32_t)(bench_draw(&x) % 100), &bytes);
    }
    (void)printf("answered   %6.0f ns, of 100 names\n", 1e9 * (bench_cpu() - began) / ROUNDS);
    for (uint32_t i = 0; i < NAMES; i++) {
        asked[i].bytes[SW_DNS_HEADER + 1] = 'x'; /* names that it has not */
    }
    began = bench_cpu();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        found += look(c, (uint32_t)(bench_draw(&x) % NAMES), &bytes);
    }
    (void)printf("not found  %6.0f ns\n", 1e9 * (bench_cpu() - began) / ROUNDS);
}

/* Least recently used, by age; slow, and only counted. */
struct lru {
    uint32_t *used_at, clock, n, cap;
    uint32_t *held; /* names */
};

static bool lru_ask(struct lru *l, uint32_t i)
{
    const bool hit = l->used_at[i] != 0;
    if (!hit && l->n == l->cap) {
        uint32_t oldest = 0;
        for (uint32_t k = 1; k < l->n; k++) {
            oldest = l->used_at[l->held[k]] < l->used_at[l->held[oldest]] ? k : oldest;
        }
        l->used_at[l->held[oldest]] = 0;
        l->held[oldest] = i;
    } else if (!hit) {
        l->held[l->n++] = i;
    }
    l->used_at[i] = ++l->clock;
    return hit;
}

static void ratios(void)
{
    enum { CATALOGUE = 4000, ASKED = 200000 };
    static double sum[CATALOGUE + 1];
    struct sw_cache c = { 0 };
    const struct sw_cache_limits limits = { .kept = { 86400, 3600 } };
    uint64_t x = 88172645463325252U;
    if (sw_cache_set(&c, SW_SIEVE_MIN, &limits) != 0) {
        return;
    }
    struct lru l = { .cap = c.store.n_blocks }; /* such an answer takes one */
    l.used_at = calloc(CATALOGUE, sizeof *l.used_at);
    l.held = calloc(l.cap, sizeof *l.held);
    for (uint32_t i = 0; i < CATALOGUE; i++) {
        sum[i + 1] = sum[i] + pow(i + 1.0, -0.91);
    }
    uint32_t sieve = 0;
    uint32_t lru = 0;
    size_t bytes = 0;
    for (uint32_t k = 0; k < ASKED; k++) {
        const double u = (double)(bench_draw(&x) >> 11) * 0x1p-53 * sum[CATALOGUE];
        uint32_t low = 0;
        uint32_t high = CATALOGUE;
        while (high - low > 1) {
            const uint32_t middle = (low + high) / 2;
            *(sum[middle] <= u ? &low : &high) = middle;
        }
        if (look(&c, low, &bytes)) {
            sieve++;
        } else {
            keep(&c, low);
        }
        lru += lru_ask(&l, low);
    }
    (void)printf("hit ratio  %.3f SIEVE, %.3f LRU (%u of %u names fit, Zipf 0.91)\n",
                 (double)sieve / ASKED, (double)lru / ASKED, l.cap, (unsigned)CATALOGUE);
    free(l.used_at);
    free(l.held);
    sw_cache_fini(&c);
}

int main(void)
{
    struct sw_cache c = { 0 };
    const struct sw_cache_limits limits = { .kept = { 86400, 3600 } };
    make_queries();
    if (asked == NULL || sw_cache_set(&c, 64 * SW_MIB, &limits) != 0) {
        return 1;
    }
    ratios();
    times(&c);
    sw_cache_fini(&c);
    free(asked);
    return 0;
}
