/* SPDX-License-Identifier: GPL-3.0-or-later
 * Stubs like systemd-resolved: which server they stay with, when they turn to another, and what
 * they answer themselves. */
#include "sim/scenario/replay.h"
#include "sim/world/inside.h"
#include "sim/world/stub_cache.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

/* Made-up names: no two questions are equal, so that no cache answers. */
static const struct small_world usual = { .nodes_a_region = 1,
                                          .holders = 3,
                                          .rate = 50,
                                          .duration = 40 * SW_SEC,
                                          .nonexistent = 1,
                                          .service = 100 * SW_US };

/* One group of @count such stubs, with the servers n0 and n1. */
static struct small_scenario *stubs(const struct small_world *o, uint64_t count)
{
    struct small_scenario *x = small_scenario(o);
    struct sim_clients *c = &x->clients[0];
    x->s.n_clients = 1;
    c->stub = SIM_STUB_RESOLVED;
    c->attempts = 24;
    c->count = count;
    c->rate = o->rate / (double)count;
    c->n_servers = 2;
    c->servers[0] = x->nodes[0].config.name;
    c->servers[1] = x->nodes[1].config.name;
    return x;
}

static void crash(struct small_scenario *x, unsigned node, sw_time at, sw_dur length)
{
    const char *const params[] = { "node", x->nodes[node].config.name.s, NULL };
    small_fault(x, "crash", at, length, params);
}

static struct sim_result finish(struct sim_world *w)
{
    struct sim_result r;
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    CHECK_STR(r.complaint, "");
    return r;
}

/* What a run of @x shows of the queries sent from @from on and before @until. */
static struct small_counts watch(const struct small_scenario *x, sw_time from, sw_time until)
{
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, from, until);
    (void)finish(w);
    const struct small_counts out = *c;
    sim_world_free(w);
    return out;
}

static void a_time_out_makes_the_next_server_current_for_good(void)
{
    struct small_scenario *x = stubs(&usual, 1);
    crash(x, 0, SW_SEC, 10 * SW_SEC);
    const struct small_counts before = watch(x, 200 * SW_MS, 900 * SW_MS);
    CHECK_U64(before.by_server[0], before.answered);
    /* Sent into the silence: the first of them waits 5 s, and turns all the others as well. */
    const struct small_counts lost = watch(x, 1100 * SW_MS, 4900 * SW_MS);
    CHECK_U64(lost.by_server[1], lost.answered);
    CHECK_U64(lost.transmissions, 2 * lost.answered);
    CHECK(lost.slowest > 5 * SW_SEC && lost.slowest < 5200 * SW_MS);
    /* Nobody goes back, though n0 has been there again since 11 s. */
    const struct small_counts after = watch(x, 6200 * SW_MS, 30 * SW_SEC);
    CHECK_U64(after.by_server[1], after.answered);
    CHECK_U64(after.transmissions, after.answered);
    CHECK(after.answered > 1000 && after.slowest < 200 * SW_MS);
    free(x);
}

static void without_any_answer_it_goes_down_to_tcp_and_ends_after_two_minutes(void)
{
    /* Both servers three times with EDNS, three times without: 12 x 5 s; and then three times each
     * by TCP, 6 x 10 s: 18 transmissions in 120 s, when resolved ends the query. */
    struct small_world o = usual;
    o.rate = 1;
    o.duration = 160 * SW_SEC;
    struct small_scenario *x = stubs(&o, 10000000);
    crash(x, 0, SW_SEC, 0);
    crash(x, 1, SW_SEC, 0);
    const struct small_counts c = watch(x, SW_SEC, 30 * SW_SEC);
    CHECK_U64(c.answered, 0);
    CHECK(c.failed > 15);
    CHECK_U64(c.transmissions, 18 * c.failed);
    free(x);
}

static void spoil(void *self, uint32_t node, uint8_t *message, size_t len)
{
    const unsigned rcode = *(const unsigned *)self;
    if (node == 0 && len >= 12) {
        message[3] = (uint8_t)((message[3] & 0xf0) | rcode);
    }
}

static void a_failing_server_is_asked_again_before_the_next_one(void)
{
    static const struct {
        unsigned rcode, transmissions;
    } rules[] = {
        { 2, 4 }, /* SERVFAIL: again, without EDNS, and then n1 */
        { 1, 3 }, /* FORMERR: without EDNS, and then n1 */
        { 4, 3 }, /* NOTIMP: the same */
        { 5, 2 }, /* REFUSED: n1 at once */
    };
    for (size_t i = 0; i < SW_LEN(rules); i++) {
        struct small_scenario *x = stubs(&usual, 10000000); /* everybody asks once */
        struct sim_world *w = small_start_world(x, 1);
        unsigned rcode = rules[i].rcode;
        const struct sim_hooks hooks = { .self = &rcode, .on_reply = spoil };
        sim_world_hook(w, &hooks);
        const struct small_counts *c = small_watch(w, SW_SEC, 20 * SW_SEC);
        (void)finish(w);
        CHECK_U64(c->failed, 0);
        CHECK(c->answered > 800);
        CHECK_U64(c->by_server[1], c->answered);
        CHECK_U64(c->transmissions, rules[i].transmissions * c->answered);
        CHECK(c->slowest < 500 * SW_MS);
        sim_world_free(w);
        free(x);
    }
}

static void when_all_servers_fail_the_failure_is_the_answer(void)
{
    struct small_scenario *x = stubs(&usual, 10000000);
    for (unsigned i = 0; i < 3; i++) {
        x->nodes[i].config.n_zones = 0;
        x->nodes[i].config.n_peers = 0;
    }
    const struct small_counts c = watch(x, SW_SEC, 20 * SW_SEC);
    CHECK_U64(c.answered, 0);
    CHECK(c.failed > 800); /* all of them, and long before a time-out */
    CHECK_U64(c.transmissions, 2 * c.failed);
    free(x);
}

/* A server that takes a query with EDNS for malformed. */
static void refuse_edns(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)self;
    (void)node;
    if (len >= 12 && message[11] != 0) {
        message[3] = (uint8_t)((message[3] & 0xf0) | 1);
    }
}

struct sent {
    uint32_t transmissions[6];
    size_t n;
};

static int start_sent(struct sim_world *w, void **self)
{
    (void)w;
    *self = calloc(1, sizeof(struct sent));
    return *self == NULL ? SW_ERR_NOMEM : 0;
}

static void on_sent(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    struct sent *s = self;
    (void)w;
    CHECK(q->answered);
    if (s->n < SW_LEN(s->transmissions)) {
        s->transmissions[s->n++] = q->transmissions;
    }
}

static void edns_is_tried_again_five_minutes_after_the_last_answer_then_after_ten(void)
{
    static const struct sim_watcher watcher = {
        .name = "sent", .start = start_sent, .on_query = on_sent, .stop = free
    };
    static const struct {
        unsigned at; /* s */
        uint32_t transmissions;
    } asked[] = {
        { 1, 2 },    /* with EDNS, which fails, and without */
        { 2, 1 },    /* without */
        { 202, 1 },  /* 200 s after an answer */
        { 503, 2 },  /* 301 s: once more with EDNS */
        { 804, 1 },  /* 301 s again, but now 600 s are waited for */
        { 1405, 2 }, /* 601 s */
    };
    static const uint8_t names[2][15] = { "\1a\7example\3org", "\1b\7example\3org" };
    struct sim_replay r = { .sources = 1 };
    for (size_t i = 0; i < SW_LEN(asked); i++) {
        const unsigned before = i > 0 ? asked[i - 1].at : 0;
        const struct sim_asked a = { .after = (asked[i].at - before) * SW_SEC, .type = 1 };
        CHECK_I64(sim_replay_add(&r, names[i % 2], 15, a), 0); /* not what the cache holds */
    }
    struct small_world o = usual;
    o.duration = 1500 * SW_SEC;
    struct small_scenario *x = stubs(&o, 1);
    x->clients[0].rate = 0;
    x->clients[0].replay = &r;
    x->clients[0].speed = 1;
    x->clients[0].nonexistent = 0;
    x->clients[0].n_servers = 1;
    struct sim_world *w = small_start_world(x, 1);
    const struct sim_hooks hooks = { .on_reply = refuse_edns };
    sim_world_hook(w, &hooks);
    void *self = NULL;
    REQUIRE(sim_world_watch(w, &watcher, &self) == 0);
    (void)finish(w);
    const struct sent *s = self;
    REQUIRE(s->n == SW_LEN(asked));
    for (size_t i = 0; i < s->n; i++) {
        CHECK_U64(s->transmissions[i], asked[i].transmissions);
    }
    sim_world_free(w);
    sim_replay_fini(&r);
    free(x);
}

struct cached {
    uint64_t asked, cached;
};

static int start_cached(struct sim_world *w, void **self)
{
    (void)w;
    *self = calloc(1, sizeof(struct cached));
    return *self == NULL ? SW_ERR_NOMEM : 0;
}

static void on_query(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    (void)w;
    (void)q;
    ((struct cached *)self)->asked++;
}

static void on_cached(void *self, struct sim_world *w, uint32_t group)
{
    (void)w;
    (void)group;
    ((struct cached *)self)->cached++;
}

/* What is traced of the cache's answers; the hash is of all that is traced. */
static uint64_t traced;

static void count_traced(void *self, uint32_t entity, uint32_t kind, uint64_t hash)
{
    (void)self;
    (void)hash;
    traced += kind == SIM_KIND_CACHED && entity == UINT32_C(0x80000000);
}

static void what_the_cache_holds_is_not_asked_again_until_its_ttl_ends(void)
{
    static const struct sim_watcher watcher = { .name = "cached",
                                                .start = start_cached,
                                                .on_query = on_query,
                                                .on_cached = on_cached,
                                                .stop = free };
    static const char zone[] = "$TTL 300\n@ SOA a b 1 2 3 4 5\n@ NS a\na 2 A 192.0.2.1\n";
    static const struct sim_type_share only_a[] = { { 1, 1 } };
    struct small_world o = usual;
    o.nonexistent = 0;
    o.rate = 500;
    struct small_scenario *x = stubs(&o, 1);
    x->zone.text = small_text(zone);
    x->zone.len = sizeof zone - 1;
    struct sim_type_share types[1] = { only_a[0] };
    x->clients[0].types = types;
    x->clients[0].n_types = 1;
    struct sim_world *w = small_start_world(x, 1);
    void *self = NULL;
    REQUIRE(sim_world_watch(w, &watcher, &self) == 0);
    traced = 0;
    sim_world_tell_trace(w, count_traced, NULL);
    (void)finish(w);
    const struct cached *c = self;
    CHECK_U64(traced, c->cached);
    /* 20,000 lookups by one client in 40 s.  The name a is asked for every 2 s, the apex, which has
     * no A, every 5 s (the SOA's MINIMUM): 20 and 8 times, and while an answer is on its way. */
    CHECK(c->asked + c->cached > 19000);
    CHECK(c->asked >= 27 && c->asked < 1000);
    sim_world_free(w);
    free(x);
}

/* Header with the counts @an and @ns, question "a." A IN, and then @rest. */
static uint32_t ttl(unsigned an, unsigned ns, const char *rest, size_t len)
{
    uint8_t m[200] = { 0, 0, 0x84, 0,   0, 1, 0, (uint8_t)an, 0, (uint8_t)ns,
                       0, 0, 1,    'a', 0, 0, 1, 0,           1 };
    memcpy(m + 19, rest, len);
    return sim_stub_cache_ttl((struct sw_bytes){ m, 19 + len });
}

static void an_answer_is_kept_for_its_smallest_ttl_and_a_denial_as_its_soa_says(void)
{
#define A(t) "\xc0\x0c\0\1\0\1\0\0" t "\0\4\300\0\2\1"
#define SOA(t, minimum) "\0\0\6\0\1\0\0" t "\0\x16\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0" minimum
#define TTL(an, ns, rest) ttl((an), (ns), (rest), sizeof(rest) - 1)
    CHECK_U64(TTL(1, 0, A("\0\x3c")), 60);
    CHECK_U64(TTL(2, 0, A("\0\x3c") A("\0\x1e")), 30);
    CHECK_U64(TTL(1, 0, A("\x7f\xff")), 7200); /* 2 h at most */
    CHECK_U64(TTL(1, 0, A("\0\0")), 0);
    CHECK_U64(TTL(0, 1, SOA("\0\x64", "\0\x32")), 50);
    CHECK_U64(TTL(0, 1, SOA("\0\x64", "\0\xc8")), 100);
    CHECK_U64(TTL(0, 0, ""), 0);
    CHECK_U64(TTL(1, 0, "\xc0"), 0);         /* ends in the name */
    CHECK_U64(TTL(1, 0, "\xc0\x0c\0\1"), 0); /* ends in the record */
    CHECK_U64(TTL(2, 0, A("\0\x3c")), 0);    /* ends before the second */
#undef A
#undef SOA
#undef TTL
}

extern CU_TestInfo tests_resolved[];
CU_TestInfo tests_resolved[] = {
    { "a time-out makes the next server current for good",
      a_time_out_makes_the_next_server_current_for_good },
    { "without any answer it goes down to TCP and ends after two minutes",
      without_any_answer_it_goes_down_to_tcp_and_ends_after_two_minutes },
    { "a failing server is asked again before the next one",
      a_failing_server_is_asked_again_before_the_next_one },
    { "when all servers fail, the failure is the answer",
      when_all_servers_fail_the_failure_is_the_answer },
    { "EDNS is tried again five minutes after the last answer, then after ten",
      edns_is_tried_again_five_minutes_after_the_last_answer_then_after_ten },
    { "what the cache holds is not asked again until its TTL ends",
      what_the_cache_holds_is_not_asked_again_until_its_ttl_ends },
    { "an answer is kept for its smallest TTL, and a denial as its SOA says",
      an_answer_is_kept_for_its_smallest_ttl_and_a_denial_as_its_soa_says },
    CU_TEST_INFO_NULL,
};
