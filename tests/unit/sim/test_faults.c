/* SPDX-License-Identifier: GPL-3.0-or-later
 * Each kind of fault does what it says while it lasts, and nothing afterwards. */
#include "sim/world/disk.h"
#include "sim/world/host_inside.h"
#include "sim/world/inside.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

static const struct small_world usual = {
    .nodes_a_region = 1, .holders = 3, .rate = 20, .duration = 100 * SW_SEC, .service = 100 * SW_US
};

/* From 30 s to 60 s; clients of one region, counted before, meanwhile, and long after. */
struct seen {
    struct small_counts before, meanwhile, after;
    struct sim_result r;
};

static struct seen run(const char *kind, const char *const params[])
{
    struct small_scenario *x = small_scenario(&usual);
    struct seen s;
    small_fault(x, kind, 30 * SW_SEC, 30 * SW_SEC, params);
    struct sim_world *w = small_start_world(x, 1);
    const struct small_counts *a = small_watch(w, 5 * SW_SEC, 29 * SW_SEC);
    const struct small_counts *b = small_watch(w, 31 * SW_SEC, 55 * SW_SEC);
    const struct small_counts *c = small_watch(w, 65 * SW_SEC, 89 * SW_SEC);
    (void)sim_world_run(w, SW_TIME_NEVER, &s.r);
    s.before = *a;
    s.meanwhile = *b;
    s.after = *c;
    sim_world_free(w);
    free(x);
    return s;
}

static uint64_t asked(const struct small_counts *c)
{
    return c->answered + c->failed;
}

/* Queries sent more than once. */
static uint64_t repeated(const struct small_counts *c)
{
    return c->transmissions - asked(c);
}

/* Calm before and after. */
static void check_calm(const struct seen *s)
{
    CHECK_STR(s->r.complaint, "");
    CHECK_U64(repeated(&s->before), 0);
    CHECK_U64(repeated(&s->after), 0);
    CHECK(s->before.slowest < 100 * SW_MS);
    CHECK(s->after.slowest < 100 * SW_MS);
}

static void lost_and_altered_packets_are_sent_again(void)
{
    static const char *const kinds[] = { "packet_loss", "corruption" };
    const char *const params[] = { "share", "0.2", NULL };
    for (size_t i = 0; i < SW_LEN(kinds); i++) {
        const struct seen s = run(kinds[i], params);
        check_calm(&s);
        CHECK(repeated(&s.meanwhile) > asked(&s.meanwhile) / 5);
    }
}

static void packets_lost_in_bursts_are_sent_again_and_as_many_are_lost(void)
{
    const char *const params[] = { "share", "0.2", "burst", "100ms", NULL };
    const struct seen s = run("packet_loss", params);
    check_calm(&s);
    /* a query or its answer meets a burst: not much more than the share, since one burst mostly
     * takes both; each direction has its own */
    CHECK(repeated(&s.meanwhile) > asked(&s.meanwhile) / 5);
    CHECK(repeated(&s.meanwhile) < asked(&s.meanwhile));
}

static void a_fault_between_two_regions_leaves_the_others_alone(void)
{
    const char *const params[] = { "region", "dublin", "other", "stockholm", "by", "5s", NULL };
    const struct seen s = run("latency_spike", params);
    check_calm(&s);
    CHECK(s.meanwhile.slowest < 100 * SW_MS); /* clients ask in their own region */
}

static void altered_answers_that_no_checksum_catches_are_seen_by_the_oracle(void)
{
    const char *const params[] = { "share", "0.5", "checksum", "misses", NULL };
    const struct seen s = run("corruption", params);
    CHECK_STR(s.r.oracle, "answers");
}

static void a_path_or_a_node_that_is_slow_answers_late(void)
{
    const char *const by[] = { "region", "dublin", "by", "300ms", NULL };
    const char *const late[] = { "share", "0.5", "by", "200ms", NULL };
    const char *const factor[] = { "node", "n0", "factor", "1000", NULL };
    struct seen s = run("latency_spike", by);
    check_calm(&s);
    CHECK(s.meanwhile.slowest > 600 * SW_MS);
    s = run("reordering", late);
    check_calm(&s);
    CHECK(s.meanwhile.slowest > 400 * SW_MS);
    s = run("slow_node", factor);
    CHECK_STR(s.r.complaint, "");
    CHECK(s.meanwhile.slowest > 100 * SW_MS);
    CHECK(s.before.slowest < 100 * SW_MS);
}

/* What a policy that is shown the truth sees of node @i is what its processor has. */
static void check_truth(struct sim_world *w, uint32_t i)
{
    struct sw_load shown = { 0 };
    CHECK(w->truth.load(w->truth.self, &w->s->nodes[i].config.name, &shown));
    CHECK_U64(shown.service, sim_processor_service(w->hosts[i]->processor));
}

/* What node 1 tells of its load, times @factor, is its load. */
static void check_load(struct sim_world *w, double factor)
{
    const struct sim_host *h = w->hosts[1];
    const struct sw_load said = sim_host_event(h, SW_EV_TICK).load;
    const double service = (double)sim_processor_service(h->processor);
    CHECK_NEAR((double)said.service * factor, service, factor);
    CHECK_U64(said.cores, w->s->nodes[1].processor.cores);
    check_truth(w, 1);
}

static void a_liar_claims_to_be_fast_until_it_stops_lying(void)
{
    const char *const params[] = { "node", "n1", "factor", "20", NULL };
    const char *const more[] = { "node", "n1", "factor", "2", NULL };
    struct small_scenario *x = small_scenario(&usual);
    small_fault(x, "lying_telemetry", 30 * SW_SEC, 30 * SW_SEC, params);
    small_fault(x, "lying_telemetry", 40 * SW_SEC, 10 * SW_SEC, more);
    struct sim_world *w = small_start_world(x, 1);
    struct sim_result r;
    static const struct {
        sw_time at;
        double factor;
    } want[] = { { 29, 1 }, { 39, 20 }, { 45, 40 }, { 55, 20 }, { 61, 1 } };
    for (size_t i = 0; i < SW_LEN(want); i++) {
        (void)sim_world_run(w, want[i].at * SW_SEC, &r);
        check_load(w, want[i].factor);
    }
    CHECK_STR(r.complaint, "");
    sim_world_free(w);
    free(x);
}

static void lost_reports_of_load_are_as_many_as_the_fault_says(void)
{
    const char *const half[] = { "share", "0.5", NULL };
    const char *const one[] = { "node", "n2", NULL };
    struct small_scenario *x = small_scenario(&usual);
    small_fault(x, "lost_telemetry", 30 * SW_SEC, 30 * SW_SEC, half);
    small_fault(x, "lost_telemetry", 70 * SW_SEC, 10 * SW_SEC, one);
    struct sim_world *w = small_start_world(x, 1);
    struct sim_result r;
    unsigned told[3] = { 0 };
    for (unsigned i = 0; i < 1000; i++) {
        (void)sim_world_run(w, 31 * SW_SEC + i * SW_MS, &r);
        told[1] += sim_host_event(w->hosts[1], SW_EV_TICK).load.service > 0;
    }
    CHECK_NEAR(told[1], 500, 64); /* four standard deviations */
    (void)sim_world_run(w, 75 * SW_SEC, &r);
    CHECK(sim_host_event(w->hosts[1], SW_EV_TICK).load.service > 0);
    CHECK_U64(sim_host_event(w->hosts[2], SW_EV_TICK).load.service, 0);
    check_truth(w, 2);
    (void)sim_world_run(w, 85 * SW_SEC, &r);
    CHECK(sim_host_event(w->hosts[2], SW_EV_TICK).load.service > 0);
    CHECK_STR(r.complaint, "");
    sim_world_free(w);
    free(x);
}

static void datagrams_that_come_twice_harm_nobody(void)
{
    const char *const params[] = { "share", "1", NULL };
    const struct seen s = run("duplication", params);
    check_calm(&s);
    CHECK_U64(s.meanwhile.failed, 0);
    CHECK_U64(repeated(&s.meanwhile), 0);
}

static void crowds_and_attacks_ask_more_while_they_last(void)
{
    static const char *const kinds[] = { "flash_crowd", "random_subdomain" };
    const char *const params[] = { "region", "dublin", "factor", "10", NULL };
    for (size_t i = 0; i < SW_LEN(kinds); i++) {
        const struct seen s = run(kinds[i], params);
        CHECK_STR(s.r.complaint, "");
        CHECK(asked(&s.meanwhile) > 3 * asked(&s.before));
        CHECK(asked(&s.after) < 2 * asked(&s.before));
        CHECK_U64(s.meanwhile.failed, 0);
    }
}

static void a_wall_clock_goes_wrong_and_is_set_right(void)
{
    static const char *const kinds[] = { "clock_step", "clock_skew" };
    const char *const step[] = { "node", "n1", "by", "1h", "to", "past", NULL };
    const char *const skew[] = { "node", "n1", "ppm", "100000", NULL };
    for (size_t i = 0; i < SW_LEN(kinds); i++) {
        struct small_scenario *x = small_scenario(&usual);
        struct sim_result r;
        small_fault(x, kinds[i], 30 * SW_SEC, 30 * SW_SEC, i == 0 ? step : skew);
        struct sim_world *w = small_start_world(x, 1);
        (void)sim_world_run(w, 50 * SW_SEC, &r);
        const sw_wall off = sim_world_wall(w, 1) - sim_wall(50 * SW_SEC);
        CHECK_I64(off, i == 0 ? -3600 * (sw_wall)SW_SEC : 2 * (sw_wall)SW_SEC);
        CHECK_I64(sim_world_wall(w, 0), sim_wall(50 * SW_SEC));
        (void)sim_world_run(w, SW_TIME_NEVER, &r);
        CHECK_STR(r.complaint, "");
        CHECK_I64(sim_world_wall(w, 1), sim_wall(100 * SW_SEC));
        sim_world_free(w);
        free(x);
    }
}

static void clocks_go_as_their_nodes_say(void)
{
    struct small_scenario *x = small_scenario(&usual);
    const char *const step[] = { "node", "n1", "by", "1h", NULL };
    struct sim_result r;
    x->nodes[1].clock = (struct sim_clock){ .offset = -5e9, .drift = 200 };
    x->nodes[2].clock = (struct sim_clock){ .drift = -100000 };
    small_fault(x, "clock_step", 30 * SW_SEC, 30 * SW_SEC, step);
    struct sim_world *w = small_start_world(x, 1);
    (void)sim_world_run(w, 20 * SW_SEC, &r);
    /* 200 ppm of 20 s are 4 ms; 10 % of 20 s are 2 s */
    CHECK_I64(sim_world_wall(w, 0), sim_wall(20 * SW_SEC));
    CHECK_I64(sim_world_wall(w, 1) - sim_wall(20 * SW_SEC), -4996 * (sw_wall)SW_MS);
    CHECK_I64(sim_world_wall(w, 2) - sim_wall(20 * SW_SEC), -2 * (sw_wall)SW_SEC);
    (void)sim_world_run(w, 50 * SW_SEC, &r);
    CHECK_I64(sim_world_wall(w, 1) - sim_wall(50 * SW_SEC),
              (3600 - 5) * (sw_wall)SW_SEC + 10 * (sw_wall)SW_MS);
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    CHECK_STR(r.complaint, "");
    sim_world_free(w);
    free(x);
}

/* When is a snapshot safe that begins at 35 s, while a disk has @kind? */
static struct small_outcome snapshot(const char *kind, const char *const params[])
{
    struct small_world size = usual;
    size.nodes_a_region = 2;
    size.holders = 6;
    struct small_scenario *x = small_scenario(&size);
    struct sim_result r;
    small_set(x, 20, 20000, 0);
    small_operation(x, 35 * SW_SEC, "snapshot", "n0", "", NULL);
    if (kind != NULL) {
        small_fault(x, kind, 30 * SW_SEC, 30 * SW_SEC, params);
    }
    const struct small_outcome o = small_run(x, 1, NULL, &r);
    CHECK_STR(r.complaint, "");
    free(x);
    return o;
}

static void slow_and_full_disks_and_narrow_uplinks_delay_a_snapshot(void)
{
    const char *const slow[] = { "node", "n0", "factor", "100", NULL };
    const char *const full[] = { "node", "n0", NULL };
    const struct small_outcome healthy = snapshot(NULL, NULL);
    CHECK_U64(healthy.safe, 1);
    const struct small_outcome late = snapshot("slow_disk", slow);
    CHECK_U64(late.safe, 1);
    CHECK(late.safe_at > healthy.safe_at + SW_SEC);
    const char *const narrow[] = { "factor", "100", NULL };
    CHECK(snapshot("bandwidth_drop", narrow).safe_at > healthy.safe_at + 100 * SW_MS);
    const struct small_outcome none = snapshot("full_disk", full);
    CHECK(none.failed > 0 || none.safe_at > 60 * SW_SEC);
}

static void a_cut_cable_parts_two_regions_only(void)
{
    struct small_world o = usual;
    o.nodes_a_region = 2;
    o.holders = 1;
    o.forward = true;
    struct small_scenario *x = small_scenario(&o);
    const char *const params[] = { "from", "dublin", "to", "frankfurt", NULL };
    struct sim_result r;
    small_fault(x, "cable_cut", 30 * SW_SEC, 30 * SW_SEC, params);
    struct sim_world *w = small_start_world(x, 1);
    (void)sim_world_run(w, 50 * SW_SEC, &r);
    const struct sim_place at[] = { { 0, SIM_NO_HOST }, { 1, SIM_NO_HOST }, { 2, SIM_NO_HOST } };
    CHECK(!sim_network_reaches(w->net, at[0], at[1]) && !sim_network_reaches(w->net, at[1], at[0]));
    CHECK(sim_network_joined(w->net, at[0], at[2]) && sim_network_joined(w->net, at[1], at[2]));
    (void)sim_world_run(w, SW_TIME_NEVER, &r);
    CHECK_STR(r.complaint, "");
    CHECK(sim_network_joined(w->net, at[0], at[1]));
    sim_world_free(w);
    free(x);
}

extern CU_TestInfo tests_faults[];
CU_TestInfo tests_faults[] = {
    { "packets lost in bursts are sent again and as many are lost",
      packets_lost_in_bursts_are_sent_again_and_as_many_are_lost },
    { "a fault between two regions leaves the others alone",
      a_fault_between_two_regions_leaves_the_others_alone },
    { "lost and altered packets are sent again", lost_and_altered_packets_are_sent_again },
    { "altered answers that no checksum catches are seen by the oracle",
      altered_answers_that_no_checksum_catches_are_seen_by_the_oracle },
    { "a path or a node that is slow answers late", a_path_or_a_node_that_is_slow_answers_late },
    { "a liar claims to be fast until it stops lying",
      a_liar_claims_to_be_fast_until_it_stops_lying },
    { "lost reports of load are as many as the fault says",
      lost_reports_of_load_are_as_many_as_the_fault_says },
    { "datagrams that come twice harm nobody", datagrams_that_come_twice_harm_nobody },
    { "crowds and attacks ask more while they last", crowds_and_attacks_ask_more_while_they_last },
    { "a wall clock goes wrong and is set right", a_wall_clock_goes_wrong_and_is_set_right },
    { "clocks go as their nodes say", clocks_go_as_their_nodes_say },
    { "a disk that is slow or full, and a narrow uplink, delay a snapshot",
      slow_and_full_disks_and_narrow_uplinks_delay_a_snapshot },
    { "a cut cable parts two regions only", a_cut_cable_parts_two_regions_only },
    CU_TEST_INFO_NULL,
};
