/* SPDX-License-Identifier: GPL-3.0-or-later
 * Stub resolvers: what they ask, and what they do when the answer is late, bad or truncated. */
#include "sim/world/question.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

static const struct small_world usual = {
    .nodes_a_region = 1, .holders = 3, .rate = 100, .duration = 20 * SW_SEC, .service = 100 * SW_US
};

static struct sim_result run_to_end(struct sim_world *w)
{
    struct sim_result r;
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    CHECK_STR(r.complaint, "");
    return r;
}

static void questions_have_the_stated_shares(void)
{
    const struct sim_clients spec = { .zone = small_text("example.org"),
                                      .zipf = 1.0,
                                      .nonexistent = 0.1 };
    const struct sw_bytes text = { (const uint8_t *)small_zone_text, sizeof small_zone_text - 1 };
    const struct sw_rng_key key = sw_rng_key(1, "test", "");
    struct sim_truth *t = NULL;
    struct sim_questions *q = NULL;
    CHECK_I64(sim_truth_new("example.org", text, &t, NULL), 0);
    CHECK_I64(sim_questions_new(&spec, t, 1, &q, NULL), 0);
    const unsigned n = 200000;
    double gap = 0;
    unsigned a = 0;
    unsigned edns = 0;
    unsigned made_up = 0;
    unsigned by_name[9] = { 0 };
    unsigned by_client[10] = { 0 };
    for (uint64_t i = 0; i < n; i++) {
        struct sim_demand d;
        struct sim_demand again;
        sim_demand_draw(q, key, i, 1e6, 10, &d);
        sim_demand_draw(q, key, i, 1e6, 10, &again);
        CHECK(d.gap == again.gap && d.question.name == again.question.name);
        gap += (double)d.gap;
        a += d.question.type == 1;
        edns += d.question.edns;
        made_up += d.question.made_up != 0;
        by_name[d.question.name]++;
        by_client[d.client]++;
    }
    CHECK_NEAR(gap / n, 1e6, 1e4);
    CHECK_NEAR((double)a / n, 0.86, 0.005);
    CHECK_NEAR((double)edns / n, 0.69, 0.005);
    CHECK_NEAR((double)made_up / n, 0.1, 0.005);
    for (unsigned i = 0; i < 9; i++) {
        /* Zipf with exponent 1 over 9 names: 1/rank over H_9 = 2.82897 */
        CHECK_NEAR((double)by_name[i] / n, 1 / (2.82897 * (i + 1)), 0.005);
    }
    for (unsigned i = 0; i < 10; i++) {
        CHECK_NEAR((double)by_client[i] / n, 0.1, 0.005);
    }
    sim_questions_free(q);
    sim_truth_free(t);
}

static void a_query_on_the_wire_is_header_question_and_opt(void)
{
    const struct sim_clients spec = { .zone = small_text("example.org"), .zipf = 1.0 };
    static const char one[] = "$TTL 60\n@ SOA a b 1 2 3 4 5\n";
    struct sim_truth *t = NULL;
    struct sim_questions *q = NULL;
    CHECK_I64(sim_truth_new("example.org",
                            (struct sw_bytes){ (const uint8_t *)one, sizeof one - 1 }, &t, NULL),
              0);
    CHECK_I64(sim_questions_new(&spec, t, 1, &q, NULL), 0);
    static const uint8_t expected[] = "\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"
                                      "\007example\003org\0\x00\x1c\x00\x01"
                                      "\0\0\x29\x04\xd0\0\0\0\0\0";
    uint8_t m[SIM_QUERY_MAX];
    const struct sim_question plain = { .type = 28, .id = 0xabcd, .edns = true };
    CHECK_U64(sim_question_write(q, &plain, m), sizeof expected);
    CHECK(memcmp(m, expected, sizeof expected) == 0);
    const struct sim_question made_up = { .made_up = 33, .type = 1, .id = 1 };
    CHECK_U64(sim_question_write(q, &made_up, m), 12 + 14 + 13 + 4);
    CHECK(memcmp(m + 12, "\015bbaaaaaaaaaaa\007example\003org", 26) == 0);
    sim_questions_free(q);
    sim_truth_free(t);
}

static void a_refusal_sends_the_stub_to_the_next_server_at_once(void)
{
    struct small_scenario *x = small_scenario(&usual);
    for (unsigned i = 0; i < 3; i++) {
        x->nodes[i].config.n_peers = 0; /* nobody to forward to */
        x->clients[i].servers[0] = x->nodes[0].config.name;
        x->clients[i].servers[1] = x->nodes[1].config.name;
    }
    x->nodes[0].config.n_zones = 0;
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, SW_SEC, 19 * SW_SEC);
    (void)run_to_end(w);
    CHECK_U64(c->failed, 0);
    CHECK(c->answered > 5000);
    CHECK_U64(c->transmissions, 2 * c->answered);
    CHECK_U64(c->by_server[1], c->answered);
    CHECK(c->slowest < 200 * SW_MS);
    sim_world_free(w);
    free(x);
}

static void a_stub_gives_up_after_its_rounds(void)
{
    struct small_scenario *x = small_scenario(&usual);
    x->s.duration = 40 * SW_SEC;
    for (unsigned i = 0; i < 3; i++) {
        const char *const params[] = { "node", x->nodes[i].config.name.s, NULL };
        small_fault(x, "crash", SW_SEC, 0, params);
        x->clients[i].n_servers = 2;
    }
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, 2 * SW_SEC, 19 * SW_SEC);
    (void)run_to_end(w);
    CHECK_U64(c->answered, 0);
    CHECK(c->failed > 4500);
    CHECK_U64(c->transmissions, 4 * c->failed); /* two servers, two rounds */
    sim_world_free(w);
    free(x);
}

static void rotation_spreads_queries_over_the_list(void)
{
    struct small_scenario *x = small_scenario(&usual);
    for (unsigned i = 0; i < 3; i++) {
        x->clients[i].rotation = SIM_ROTATE;
    }
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, SW_SEC, 19 * SW_SEC);
    (void)run_to_end(w);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_NEAR((double)c->by_server[i] / (double)c->answered, 1 / 3.0, 0.03);
    }
    sim_world_free(w);
    free(x);
}

static void a_truncated_answer_is_asked_for_again_by_tcp(void)
{
    /* Four strings of 250 bytes, twice: 2 kB, more than any datagram of ours. */
    static char text[4000];
    size_t n =
        (size_t)snprintf(text, sizeof text, "$TTL 60\n@ SOA ns1 hostmaster 1 2 3 4 5\n@ NS ns1\n");
    for (unsigned i = 0; i < 2; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "@ TXT");
        for (unsigned j = 0; j < 4; j++) {
            n += (size_t)snprintf(text + n, sizeof text - n, " \"%u%0249u\"", i, j);
        }
        n += (size_t)snprintf(text + n, sizeof text - n, "\n");
    }
    struct small_scenario *x = small_scenario(&usual);
    x->zone.text = text;
    x->zone.len = n;
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, SW_SEC, 14 * SW_SEC);
    (void)run_to_end(w);
    CHECK_U64(c->failed, 0);
    CHECK(c->answered > 3500); /* TXT, a fiftieth of them, among them */
    CHECK_U64(c->transmissions, c->answered);
    CHECK(c->slowest < SW_SEC);
    sim_world_free(w);
    free(x);
}

/* Outages of the clients' region, [begins, ends) s: one, two that overlap, and one that is over
 * before those who wait for a dead server know. */
static const double outages[][2] = { { 10, 20 }, { 30, 36 }, { 33, 45 }, { 52, 52.5 } };

struct dark_counts {
    uint64_t wrong;
    uint64_t clear;
    uint64_t across, after; /* the last outage: sent before, or in it, and ended after it */
};

static int start_dark(struct sim_world *w, void **self)
{
    (void)w;
    *self = calloc(1, sizeof(struct dark_counts));
    return *self == NULL ? SW_ERR_NOMEM : 0;
}

static void on_dark_query(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    struct dark_counts *c = self;
    const double sent = (double)q->sent_at * 1e-9;
    const double done = (double)q->done_at * 1e-9;
    bool dark = false;
    (void)w;
    for (size_t i = 0; i < SW_LEN(outages); i++) {
        dark = dark || (sent < outages[i][1] && done >= outages[i][0]);
    }
    c->wrong += q->client_dark != dark;
    c->clear += !dark;
    c->across += sent < 52 && done >= 52.5;
    c->after += sent >= 52 && sent < 52.5 && done >= 52.5;
}

static void a_client_is_dark_when_its_region_was_out_while_its_query_waited(void)
{
    static const struct sim_watcher watcher = {
        .name = "dark", .start = start_dark, .on_query = on_dark_query, .stop = free
    };
    struct small_scenario *x = small_scenario(&usual);
    x->s.duration = 70 * SW_SEC;
    x->s.n_clients = 1;
    x->clients[0].timeout = SW_SEC;
    x->clients[0].servers[0] = x->nodes[1].config.name; /* Dublin, for clients in Frankfurt */
    x->clients[0].servers[1] = x->nodes[2].config.name;
    x->clients[0].n_servers = 2;
    for (size_t i = 0; i < SW_LEN(outages); i++) {
        const char *const params[] = { "region", "frankfurt", NULL };
        small_fault(x, "regional_outage", (sw_time)(outages[i][0] * 1e9),
                    (sw_dur)((outages[i][1] - outages[i][0]) * 1e9), params);
    }
    const char *const params[] = { "node", "n1", NULL };
    small_fault(x, "crash", 48 * SW_SEC, 8 * SW_SEC, params);
    struct sim_world *w = small_start_world(x, 1);
    void *self = NULL;
    REQUIRE(sim_world_watch(w, &watcher, &self) == 0);
    (void)run_to_end(w);
    const struct dark_counts *c = self;
    CHECK_U64(c->wrong, 0);
    CHECK(c->clear > 2000);
    CHECK(c->across > 40 && c->after > 20); /* waited through it; sent in it and answered later */
    sim_world_free(w);
    free(x);
}

static void types_come_in_the_shares_that_the_scenario_says(void)
{
    struct sim_type_share types[] = { { 1, 0.5 }, { 65, 0.3 }, { 16, 0.2 } };
    const struct sim_clients spec = {
        .zone = small_text("example.org"), .zipf = 1.0, .types = types, .n_types = 3
    };
    const struct sw_bytes text = { (const uint8_t *)small_zone_text, sizeof small_zone_text - 1 };
    struct sim_truth *t = NULL;
    struct sim_questions *q = NULL;
    CHECK_I64(sim_truth_new("example.org", text, &t, NULL), 0);
    CHECK_I64(sim_questions_new(&spec, t, 1, &q, NULL), 0);
    unsigned count[66] = { 0 };
    const unsigned n = 100000;
    for (uint64_t i = 0; i < n; i++) {
        struct sim_demand d;
        sim_demand_draw(q, sw_rng_key(1, "test", ""), i, 1e6, 10, &d);
        REQUIRE(d.question.type < SW_LEN(count));
        count[d.question.type]++;
    }
    CHECK_NEAR((double)count[1] / n, 0.5, 0.01);
    CHECK_NEAR((double)count[65] / n, 0.3, 0.01);
    CHECK_NEAR((double)count[16] / n, 0.2, 0.01);
    CHECK_U64(count[1] + count[65] + count[16], n);
    sim_questions_free(q);
    sim_truth_free(t);
}

static void a_daily_curve_moves_arrivals_and_keeps_their_mean(void)
{
    uint64_t answered[2];
    uint64_t late[2];
    for (unsigned i = 0; i < 2; i++) {
        struct small_scenario *x = small_scenario(&usual);
        x->clients[0].diurnal = (struct sim_diurnal){ .amplitude = i == 0 ? 0 : 1,
                                                      .peak_at = 5 * SW_SEC,
                                                      .period = 20 * SW_SEC };
        x->s.n_clients = 1;
        struct sim_world *w = small_start_world(x, 1);
        const struct small_counts *all = small_watch(w, 0, 20 * SW_SEC);
        const struct small_counts *second = small_watch(w, 10 * SW_SEC, 20 * SW_SEC);
        (void)run_to_end(w);
        answered[i] = all->answered;
        late[i] = second->answered;
        sim_world_free(w);
        free(x);
    }
    CHECK_NEAR((double)answered[1], (double)answered[0], 5); /* the same mean */
    CHECK_NEAR((double)late[0] / (double)answered[0], 0.5, 0.05);
    /* 1/2 - 1/pi of a cosine's mass lies in the half around its trough */
    CHECK_NEAR((double)late[1] / (double)answered[1], 0.5 - 1 / 3.14159265, 0.05);
}

extern CU_TestInfo tests_client[];
CU_TestInfo tests_client[] = {
    { "questions have the stated shares", questions_have_the_stated_shares },
    { "a query on the wire is header, question and OPT",
      a_query_on_the_wire_is_header_question_and_opt },
    { "a refusal sends the stub to the next server at once",
      a_refusal_sends_the_stub_to_the_next_server_at_once },
    { "a stub gives up after its rounds", a_stub_gives_up_after_its_rounds },
    { "rotation spreads queries over the list", rotation_spreads_queries_over_the_list },
    { "a truncated answer is asked for again by TCP",
      a_truncated_answer_is_asked_for_again_by_tcp },
    { "a client is dark when its region was out while its query waited",
      a_client_is_dark_when_its_region_was_out_while_its_query_waited },
    { "types come in the shares that the scenario says",
      types_come_in_the_shares_that_the_scenario_says },
    { "a daily curve moves arrivals and keeps their mean",
      a_daily_curve_moves_arrivals_and_keeps_their_mean },
    CU_TEST_INFO_NULL,
};
