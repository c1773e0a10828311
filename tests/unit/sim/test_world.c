/* SPDX-License-Identifier: GPL-3.0-or-later
 * Whole small worlds: real nodes, virtual everything else. */
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

static const struct small_world usual = { .nodes_a_region = 1,
                                          .holders = 3,
                                          .rate = 100,
                                          .duration = 10 * SW_SEC,
                                          .nonexistent = 0.05,
                                          .service = 100 * SW_US };

static struct sim_result run_to_end(struct sim_world *w)
{
    struct sim_result r;
    CHECK_I64(sim_world_run(w, SW_TIME_NEVER, &r), 0);
    CHECK_STR(r.complaint, "");
    return r;
}

static void clients_are_answered_by_nodes_that_hold_the_zone(void)
{
    struct small_scenario *x = small_scenario(&usual);
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, SW_SEC, 9 * SW_SEC);
    const struct sim_result r = run_to_end(w);
    CHECK_U64(c->failed, 0);
    CHECK(c->answered > 2000 && c->answered < 2800); /* Poisson, mean 2400 */
    CHECK_U64(c->transmissions, c->answered);
    CHECK(c->slowest < 100 * SW_MS);
    CHECK_U64(r.ended_at, 10 * SW_SEC);
    CHECK(r.events > 4 * c->answered);
    sim_world_free(w);
    free(x);
}

static void a_node_without_the_zone_asks_one_that_has_it(void)
{
    struct small_world o = usual;
    o.nodes_a_region = 2;
    o.holders = 3;
    o.forward = true;
    struct small_scenario *x = small_scenario(&o);
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, 2 * SW_SEC, 9 * SW_SEC);
    (void)run_to_end(w);
    CHECK_U64(c->failed, 0);
    CHECK(c->answered > 1800);
    CHECK_U64(c->by_server[0] + c->by_server[1] + c->by_server[2], 0);
    for (uint32_t i = 3; i < 6; i++) {
        struct sw_node_counts n;
        sw_node_counts(sim_world_node(w, i), &n);
        CHECK(n.forwarded >= c->by_server[i]);
        CHECK(c->by_server[i] > 0);
    }
    sim_world_free(w);
    free(x);
}

static void an_outage_of_a_region_does_not_touch_clients_elsewhere(void)
{
    struct small_world o = usual;
    o.duration = 60 * SW_SEC;
    struct small_scenario *x = small_scenario(&o);
    const char *const params[] = { "region", "frankfurt", NULL };
    small_fault(x, "regional_outage", 10 * SW_SEC, 20 * SW_SEC, params);
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, SW_SEC, 29 * SW_SEC);
    struct sim_result r;
    (void)sim_world_run(w, 15 * SW_SEC, &r);
    CHECK(sim_world_region_dark(w, 0));
    CHECK(!sim_world_region_dark(w, 1));
    CHECK(sim_world_node(w, 0) == NULL);
    (void)run_to_end(w);
    CHECK(!sim_world_region_dark(w, 0));
    CHECK(sim_world_node(w, 0) != NULL);
    CHECK_I64(sw_node_state(sim_world_node(w, 0)), SW_STATE_READY);
    CHECK_U64(c->failed, 0); /* Dublin and Stockholm have nodes of their own */
    CHECK(c->dark > 1500);   /* about 1900 were asked in Frankfurt meanwhile */
    CHECK(c->answered > 5500);
    sim_world_free(w);
    free(x);
}

static void a_stub_whose_server_died_waits_and_asks_the_next(void)
{
    struct small_world o = usual;
    o.duration = 30 * SW_SEC;
    struct small_scenario *x = small_scenario(&o);
    const char *const params[] = { "node", "n0", NULL };
    small_fault(x, "crash", 5 * SW_SEC, 0, params);
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *c = small_watch(w, 6 * SW_SEC, 20 * SW_SEC);
    (void)run_to_end(w);
    CHECK_U64(c->failed, 0);
    CHECK_U64(c->by_server[0], 0);
    CHECK(c->transmissions > c->answered); /* Frankfurt's ask twice */
    CHECK(c->slowest > 5 * SW_SEC && c->slowest < 5500 * SW_MS);
    sim_world_free(w);
    free(x);
}

static uint64_t hash_of(const struct small_world *o, uint64_t seed, bool watched, bool in_pieces)
{
    struct small_scenario *x = small_scenario(o);
    const char *const params[] = { "region", "dublin", NULL };
    small_fault(x, "regional_outage", 3 * SW_SEC, 2 * SW_SEC, params);
    struct sim_world *w = small_start_world(x, seed);
    struct sim_result r = { .trace_hash = 0 };
    if (watched) {
        (void)small_watch(w, 0, SW_TIME_NEVER);
    }
    for (sw_time t = SW_SEC; in_pieces && t < o->duration; t += 777 * SW_MS) {
        (void)sim_world_run(w, t, &r);
    }
    r = run_to_end(w);
    sim_world_free(w);
    free(x);
    return r.trace_hash;
}

static void equal_seeds_give_equal_hashes_and_others_others(void)
{
    struct small_world o = usual;
    o.nodes_a_region = 2;
    o.policy = "ant_colony";
    o.loss = 0.01;
    const uint64_t one = hash_of(&o, 7, false, false);
    CHECK_U64(hash_of(&o, 7, false, false), one);
    CHECK_U64(hash_of(&o, 7, true, false), one);
    CHECK_U64(hash_of(&o, 7, false, true), one);
    CHECK(hash_of(&o, 8, false, false) != one);
}

static uint64_t arrivals_of(bool outage, const char *policy)
{
    struct small_world o = usual;
    o.rate = 20;
    o.duration = 60 * SW_SEC;
    o.nodes_a_region = 2;
    o.forward = true;
    o.policy = policy;
    struct small_scenario *x = small_scenario(&o);
    const char *const crash[] = { "node", "n1", NULL };
    const char *const params[] = { "region", "dublin", NULL };
    small_fault(x, "crash", 4 * SW_SEC, 3 * SW_SEC, crash);
    if (outage) {
        small_fault(x, "regional_outage", 5 * SW_SEC, 5 * SW_SEC, params);
    }
    struct sim_world *w = small_start_world(x, 3);
    const struct small_counts *c = small_watch(w, 0, 15 * SW_SEC);
    (void)run_to_end(w);
    const uint64_t digest = c->arrivals;
    CHECK(c->answered + c->failed + c->dark > 700);
    sim_world_free(w);
    free(x);
    return digest;
}

/* Trace hash and number of events of a world with an outage, run to the end in silence. */
static struct sim_result run_with(const struct sim_world_options *options, uint64_t seed)
{
    struct small_world o = usual;
    o.nodes_a_region = 2;
    o.forward = true;
    struct small_scenario *x = small_scenario(&o);
    const char *const params[] = { "region", "dublin", NULL };
    small_fault(x, "regional_outage", 3 * SW_SEC, 2 * SW_SEC, params);
    struct sim_world *w = NULL;
    CHECK_I64(sim_world_new_with(&x->s, seed, options, &w, NULL), 0);
    const struct sim_result r = run_to_end(w);
    sim_world_free(w);
    free(x);
    return r;
}

static void no_result_depends_on_the_event_queue(void)
{
    for (int shuffled = 0; shuffled < 2; shuffled++) {
        const struct sim_world_options heap = { .queue = SIM_QUEUE_HEAP,
                                                .shuffle_ties = shuffled != 0 };
        const struct sim_world_options wheel = { .queue = SIM_QUEUE_WHEEL,
                                                 .shuffle_ties = shuffled != 0 };
        const struct sim_result a = run_with(&heap, 7);
        const struct sim_result b = run_with(&wheel, 7);
        CHECK_U64(b.trace_hash, a.trace_hash);
        CHECK_U64(b.events, a.events);
        CHECK(a.events > 5000);
    }
}

static void no_oracle_complains_when_ties_are_shuffled(void)
{
    const struct sim_world_options options = { .queue = SIM_QUEUE_WHEEL, .shuffle_ties = true };
    for (uint64_t seed = 1; seed <= 5; seed++) {
        (void)run_with(&options, seed);
    }
}

static void arrivals_stay_when_a_fault_or_the_policy_changes(void)
{
    const uint64_t with = arrivals_of(true, "random");
    CHECK_U64(arrivals_of(false, "random"), with);
    CHECK_U64(arrivals_of(true, "ant_colony"), with);
}

/* ---- planted errors ---- */

struct plant {
    uint64_t replies;
    uint64_t spoil; /* which one */
    size_t from_end;
};

static void spoil(void *self, uint32_t node, uint8_t *message, size_t len)
{
    struct plant *p = self;
    (void)node;
    if (++p->replies == p->spoil) {
        message[len - p->from_end] ^= 0x01;
    }
}

static void one_wrong_answer_ends_the_run_with_a_complaint(void)
{
    struct small_world o = usual;
    o.nonexistent = 0;
    struct small_scenario *x = small_scenario(&o);
    for (size_t i = 0; i < x->s.n_clients; i++) {
        x->clients[i].zipf = 3; /* nearly always the same name: the error can't hide */
    }
    struct sim_world *w = small_start_world(x, 1);
    struct plant p = { .spoil = 1000, .from_end = 15 }; /* in the last record or its OPT's owner */
    const struct sim_hooks hooks = { .self = &p, .on_reply = spoil };
    sim_world_hook(w, &hooks);
    struct sim_result r;
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    CHECK_STR(r.oracle, "answers");
    CHECK(r.complaint[0] != '\0');
    CHECK(r.complained_at > 2 * SW_SEC && r.complained_at < 5 * SW_SEC);
    CHECK_U64(r.ended_at, r.complained_at);
    sim_world_free(w);
    free(x);
}

static void an_oracle_that_the_scenario_leaves_out_is_silent(void)
{
    struct small_scenario *x = small_scenario(&usual);
    static char snapshots[] = "snapshots";
    char *names[] = { snapshots };
    x->s.oracles = names;
    x->s.n_oracles = 1;
    struct sim_world *w = small_start_world(x, 1);
    struct plant p = { .spoil = 1000, .from_end = 15 };
    const struct sim_hooks hooks = { .self = &p, .on_reply = spoil };
    sim_world_hook(w, &hooks);
    (void)run_to_end(w);
    CHECK(p.replies > p.spoil);
    sim_world_free(w);
    free(x);
}

/* ---- what a scenario may get wrong ---- */

static void check_refused(const struct small_scenario *x, int expected, const char *says)
{
    struct sim_world *w = NULL;
    struct sw_diag d = { "" };
    CHECK_I64(sim_world_new(&x->s, 1, &w, &d), expected);
    CHECK(w == NULL);
    if (strstr(d.text, says) == NULL) {
        CHECK_STR(d.text, says);
    }
}

static void names_that_a_scenario_lacks_are_refused_with_the_name(void)
{
    struct small_scenario *x = small_scenario(&usual);
    static char other[] = "example.net";
    static char nothing[] = "nothing";
    char *names[] = { nothing };

    x->zone_config.name = other;
    check_refused(x, SW_ERR_NOTFOUND, "example.net");
    x->zone_config.name = x->names[0];

    x->clients[1].zone = other;
    check_refused(x, SW_ERR_NOTFOUND, "example.net");
    x->clients[1].zone = x->names[0];

    x->servers[2][1].s[1] = '8';
    check_refused(x, SW_ERR_NOTFOUND, "n8");
    x->servers[2][1].s[1] = '0';

    x->s.oracles = names;
    x->s.n_oracles = 1;
    check_refused(x, SW_ERR_NOTFOUND, "nothing");
    x->s.oracles = NULL;

    const char *const params[] = { "region", "paris", NULL };
    small_fault(x, "regional_outage", SW_SEC, SW_SEC, params);
    check_refused(x, SW_ERR_NOTFOUND, "2:3: region: 'paris' is no region");
    free(x);
}

extern CU_TestInfo tests_world[];
CU_TestInfo tests_world[] = {
    { "clients are answered by nodes that hold the zone",
      clients_are_answered_by_nodes_that_hold_the_zone },
    { "a node without the zone asks one that has it",
      a_node_without_the_zone_asks_one_that_has_it },
    { "an outage of a region does not touch clients elsewhere",
      an_outage_of_a_region_does_not_touch_clients_elsewhere },
    { "a stub whose server died waits and asks the next",
      a_stub_whose_server_died_waits_and_asks_the_next },
    { "equal seeds give equal hashes and others others",
      equal_seeds_give_equal_hashes_and_others_others },
    { "no result depends on the event queue", no_result_depends_on_the_event_queue },
    { "no oracle complains when ties are shuffled", no_oracle_complains_when_ties_are_shuffled },
    { "arrivals stay when a fault or the policy changes",
      arrivals_stay_when_a_fault_or_the_policy_changes },
    { "one wrong answer ends the run with a complaint",
      one_wrong_answer_ends_the_run_with_a_complaint },
    { "an oracle that the scenario leaves out is silent",
      an_oracle_that_the_scenario_leaves_out_is_silent },
    { "names that a scenario lacks are refused with the name",
      names_that_a_scenario_lacks_are_refused_with_the_name },
    CU_TEST_INFO_NULL,
};
