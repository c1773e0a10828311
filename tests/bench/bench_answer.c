/* SPDX-License-Identifier: GPL-3.0-or-later
 * Processor time and allocations an answer: 10,000 records, 95 % hits, 5 % NXDOMAIN, EDNS 1232,
 * from query bytes to answer bytes.  Beside it the same answers made with libknot, in turns, so
 * that both meet the same machine. */
#define _GNU_SOURCE
#include "tests/bench/bench.h"

#include <libknot/libknot.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/dns_text.h"
#include "tests/lib/fail_alloc.h"

enum { HOSTS = 10000, QUERIES = 50000, ROUNDS = 11, PASSES = 10 };

struct queries {
    uint8_t bytes[QUERIES][96];
    size_t len[QUERIES];
};

/* What a way of answering is measured by. */
struct figures {
    double ns[ROUNDS];
    uint64_t bytes, nxdomain, answers, allocations;
};

static struct queries queries;

static char *zone_text(void)
{
    const size_t cap = (size_t)HOSTS * 40 + 200;
    char *text = malloc(cap);
    if (text == NULL) {
        abort();
    }
    size_t n = (size_t)snprintf(text, cap,
                                "$TTL 300\n@ SOA ns1 hostmaster 1 7200 900 1209600 60\n@ NS ns1\n"
                                "ns1 A 192.0.2.2\n");
    for (unsigned i = 3; i < HOSTS; i++) {
        n += (size_t)snprintf(text + n, cap - n, "h%05u A 192.0.%u.%u\n", i, i / 250, i % 250 + 1);
    }
    return text;
}

static void make_queries(void)
{
    uint64_t x = 1;
    for (size_t i = 0; i < QUERIES; i++) {
        char name[64];
        const bool miss = bench_draw(&x) % 100 < 5;
        (void)snprintf(name, sizeof name, "%s%05u.example.org", miss ? "no" : "h",
                       3 + (unsigned)(bench_draw(&x) % (HOSTS - 3)));
        struct sw_wr w = { .buf = queries.bytes[i], .cap = sizeof queries.bytes[i] };
        dns_query(&w, name, SW_TYPE_A, 1232);
        queries.len[i] = w.len;
    }
}

/* ---- ours ---- */

static struct sw_zone *zone;

static size_t answer(const uint8_t *query, size_t len, uint8_t *out, size_t cap)
{
    const struct sw_zone *zones[] = { zone };
    const struct sw_view view = { .zones = zones, .n_zones = 1, .udp_size = 1232 };
    struct sw_wr w = { .buf = out, .cap = cap };
    (void)sw_answer(&view, (struct sw_bytes){ query, len }, false, &w);
    return w.len;
}

/* ---- libknot's: its messages and RRsets, over a hash table as ours ---- */

#define KNOT_SLOTS 32768U

struct knot_arena {
    _Alignas(16) uint8_t bytes[16384];
    size_t used;
    uint64_t allocations;
};

static knot_rrset_t knot_table[KNOT_SLOTS];
static knot_rrset_t *knot_soa;
static struct knot_arena knot_arena;

static void *knot_take(void *ctx, size_t len)
{
    struct knot_arena *a = ctx;
    const size_t at = a->used;
    a->used += (len + 15) & ~(size_t)15;
    a->allocations++;
    return a->used <= sizeof a->bytes ? a->bytes + at : NULL;
}

static void knot_leave(void *p)
{
    (void)p;
}

static knot_rrset_t *knot_slot(const knot_dname_t *name, uint16_t type)
{
    const size_t len = knot_dname_size(name);
    uint32_t h = 2166136261U ^ type; /* FNV-1a */
    for (size_t i = 0; i < len; i++) {
        h = (h ^ name[i]) * 16777619U;
    }
    for (uint32_t i = h % KNOT_SLOTS;; i = (i + 1) % KNOT_SLOTS) {
        knot_rrset_t *rr = &knot_table[i];
        if (rr->owner == NULL || (rr->type == type && knot_dname_is_equal(rr->owner, name))) {
            return rr;
        }
    }
}

/* Fill the table with what our own zone answers, which spares a second reader of zones. */
static void knot_fill(void)
{
    for (unsigned i = 0; i < HOSTS; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, i < 3 ? "example.org" : "h%05u.example.org", i);
        uint8_t query[96];
        uint8_t out[512];
        struct sw_wr w = { .buf = query, .cap = sizeof query };
        dns_query(&w, name, i < 3 ? SW_TYPE_SOA : SW_TYPE_A, 0);
        knot_pkt_t *pkt = knot_pkt_new(out, (uint16_t)answer(query, w.len, out, sizeof out), NULL);
        if (pkt == NULL || knot_pkt_parse(pkt, 0) != KNOT_EOK) {
            abort();
        }
        const knot_rrset_t *rr = knot_pkt_rr(knot_pkt_section(pkt, KNOT_ANSWER), 0);
        knot_rrset_t *slot = knot_slot(rr->owner, rr->type);
        if (slot->owner == NULL) {
            knot_rrset_t *copy = knot_rrset_copy(rr, NULL);
            *slot = *copy;
        }
        knot_soa = rr->type == SW_TYPE_SOA ? slot : knot_soa;
        knot_pkt_free(pkt);
    }
}

static size_t knot_answer(const uint8_t *query, size_t len, uint8_t *out, size_t cap)
{
    knot_arena.used = 0;
    knot_mm_t mm = { &knot_arena, knot_take, knot_leave };
    knot_pkt_t *q = knot_pkt_new(/* only read */ (uint8_t *)query, (uint16_t)len, &mm);
    knot_pkt_t *r = knot_pkt_new(out, (uint16_t)cap, &mm);
    knot_rrset_t opt;
    if (knot_pkt_parse(q, 0) != KNOT_EOK || knot_pkt_init_response(r, q) != KNOT_EOK) {
        return 0;
    }
    (void)knot_edns_init(&opt, 1232, 0, 0, &mm);
    (void)knot_pkt_reserve(r, (uint16_t)knot_edns_wire_size(&opt));
    knot_wire_set_aa(r->wire);
    const knot_rrset_t *rr = knot_slot(q->lower_qname, knot_pkt_qtype(q));
    (void)knot_pkt_begin(r, KNOT_ANSWER);
    if (rr->owner != NULL) {
        (void)knot_pkt_put(r, KNOT_COMPR_HINT_QNAME, rr, 0);
    } else {
        knot_wire_set_rcode(r->wire, KNOT_RCODE_NXDOMAIN);
        (void)knot_pkt_begin(r, KNOT_AUTHORITY);
        (void)knot_pkt_put(r, KNOT_COMPR_HINT_NONE, knot_soa, 0);
    }
    (void)knot_pkt_begin(r, KNOT_ADDITIONAL);
    (void)knot_pkt_reclaim(r, (uint16_t)knot_edns_wire_size(&opt));
    (void)knot_pkt_put(r, KNOT_COMPR_HINT_NONE, &opt, 0);
    return r->size;
}

/* ---- measuring ---- */

static void measure(size_t (*how)(const uint8_t *, size_t, uint8_t *, size_t), struct figures *f,
                    int round)
{
    uint8_t out[1232];
    fail_alloc_from(FAIL_ALLOC_NEVER);
    const double start = bench_cpu();
    for (int pass = 0; pass < PASSES; pass++) {
        for (size_t i = 0; i < QUERIES; i++) {
            f->bytes += how(queries.bytes[i], queries.len[i], out, sizeof out);
            f->nxdomain += (out[3] & SW_DNS_RCODE) == SW_RCODE_NXDOMAIN;
        }
    }
    f->ns[round] = (bench_cpu() - start) * 1e9 / ((double)PASSES * QUERIES);
    f->allocations += fail_alloc_stop();
    f->answers += (uint64_t)PASSES * QUERIES;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double print(const char *what, struct figures *f)
{
    qsort(f->ns, ROUNDS, sizeof f->ns[0], by_value);
    const double n = (double)f->answers;
    (void)printf("%-8s %6.1f ns an answer (median of %d; least %.1f), %.2f allocations, "
                 "%.1f bytes, %.1f %% NXDOMAIN\n",
                 what, f->ns[ROUNDS / 2], (int)ROUNDS, f->ns[0], (double)f->allocations / n,
                 (double)f->bytes / n, 100 * (double)f->nxdomain / n);
    return f->ns[ROUNDS / 2];
}

int main(void)
{
    char *text = zone_text();
    const double start = bench_cpu();
    zone = dns_zone("example.org", text);
    const double compiled = bench_cpu() - start;
    if (zone == NULL) {
        return 1;
    }
    (void)printf("zone     %d records compiled and checked in %.1f ms, image %.2f MB\n", HOSTS,
                 1e3 * compiled, (double)sw_zone_image(zone).len / 1e6);
    free(text);
    make_queries();
    knot_fill();
    static struct figures ours;
    static struct figures theirs;
    for (int round = 0; round < ROUNDS; round++) {
        measure(answer, &ours, round);
        measure(knot_answer, &theirs, round);
    }
    theirs.allocations = knot_arena.allocations; /* of its memory context */
    const double a = print("ours", &ours);
    const double b = print("libknot", &theirs);
    (void)printf("ratio    %.2f\n", b / a);
    sw_zone_free(zone);
    return 0;
}
