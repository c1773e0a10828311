/* SPDX-License-Identifier: GPL-3.0-or-later
 * Bulk flows: when they are done by hand computation, what they cost in events, and what becomes
 * of them when the network changes under way. */
#include "sim/world/bulk.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

#define RTT (20 * SW_MS)
#define MBIT UINT64_C(1000000)

extern CU_TestInfo tests_bulk[];

struct rig {
    struct small_scenario *x;
    double rtt[9];
    struct sim_path path;
    struct sim_engine *engine;
    struct sim_network *net;
    struct sim_bulk *bulk;
};

/* Hosts 0 and 3 in region 0, 1 and 4 in region 1, 2 and 5 in region 2, 20 ms of round trip apart;
 * up- and downlinks of @bandwidth, and between regions 0 and 1 a line of @trunk. */
static void rig_init(struct rig *r, uint64_t bandwidth, uint64_t trunk, double loss)
{
    const struct small_world o = {
        .nodes_a_region = 2, .holders = 3, .rate = 1, .duration = SW_SEC, .service = SW_US
    };
    *r = (struct rig){ .x = small_scenario(&o) };
    for (unsigned i = 0; i < 9; i++) {
        r->rtt[i] = i % 4 == 0 ? 0 : (double)RTT;
    }
    struct sim_scenario *s = &r->x->s;
    s->rtt = r->rtt;
    s->wide = (struct sim_link){
        .loss = loss, .bandwidth = bandwidth, .downlink = bandwidth, .queue = 256 * SW_KIB
    };
    s->local = s->wide;
    r->path = (struct sim_path){ .region = { 0, 1 }, .link = s->wide };
    r->path.link.bandwidth = trunk;
    s->paths = &r->path;
    s->n_paths = trunk > 0;
    r->engine = sim_engine_new();
    r->net = sim_network_new(s, 1);
    r->bulk = sim_bulk_new(r->engine, r->net);
}

static void rig_fini(struct rig *r)
{
    sim_bulk_free(r->bulk);
    sim_network_free(r->net);
    sim_engine_free(r->engine);
    free(r->x);
}

struct transfer {
    struct sim_flow flow; /* first */
    struct rig *rig;
    sw_time done_at;
    double piece; /* sent again as often as @more says */
    uint64_t more, pieces;
};

static void left(struct sim_flow *f)
{
    struct transfer *t = (struct transfer *)f;
    t->done_at = sim_now(t->rig->engine);
    t->pieces++;
    if (t->more > 0) {
        t->more--;
        sim_flow_send(f, t->piece);
    }
}

static void init(struct rig *r, struct transfer *t, uint32_t from, uint32_t to)
{
    *t = (struct transfer){ .rig = r };
    sim_flow_init(&t->flow, r->bulk, sim_network_place(r->net, from), sim_network_place(r->net, to),
                  left);
}

/* Slow start at 10 MB/s and 20 ms: 14, 28, 56, 112 kB in the first four round trips, each at once
 * at the full rate; then 200 kB a round trip are fewer than the 224 kB allowed.  The pauses are
 * 20 ms less 1.4, 2.8, 5.6 and 11.2 ms. */
#define PAUSES (80 * SW_MS - 21 * SW_MS)

static void a_lone_transfer_takes_its_slow_start_and_its_bytes(void)
{
    static const struct {
        double bytes;
        sw_dur takes;
    } cases[] = {
        { 1000, 100 * SW_US },                        /* in the first window */
        { 14000, 1400 * SW_US },                      /* fills it */
        { 15000, RTT + 100 * SW_US },                 /* and one packet in the second */
        { 100000, 3 * RTT + 200 * SW_US },            /* 14 + 28 + 56 + 2 kB */
        { 210000, 3 * RTT + 11200 * SW_US },          /* fills the fourth */
        { 10e6, SW_SEC + PAUSES },                    /* 10 MB at 10 MB/s */
        { 1e12, UINT64_C(100000) * SW_SEC + PAUSES }, /* a terabyte: 28 hours */
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        struct rig r;
        struct transfer t;
        rig_init(&r, 80 * MBIT, 0, 0);
        init(&r, &t, 0, 1);
        sim_flow_send(&t.flow, cases[i].bytes);
        sim_run(r.engine, SW_TIME_NEVER);
        CHECK_U64(t.pieces, 1);
        CHECK_NEAR((double)t.done_at, (double)cases[i].takes, 2e3); /* roundings up to 1 ns */
        CHECK(sim_events(r.engine) < 25);                           /* whatever its size */
        rig_fini(&r);
    }
}

static void a_pause_of_a_time_out_brings_slow_start_back_and_a_shorter_one_does_not(void)
{
    struct rig r;
    struct transfer t;
    rig_init(&r, 80 * MBIT, 0, 0);
    init(&r, &t, 0, 1);
    sim_flow_send(&t.flow, 10e6);
    sim_run(r.engine, 2 * SW_SEC);
    sim_flow_send(&t.flow, 10e6);
    sim_run(r.engine, 3 * SW_SEC + PAUSES + SW_MS);
    CHECK_NEAR((double)t.done_at, (double)(3 * SW_SEC + PAUSES), 2e3);
    const sw_time soon = 3 * SW_SEC + PAUSES + 100 * SW_MS;
    sim_run(r.engine, soon);
    sim_flow_send(&t.flow, 1e6);
    sim_run(r.engine, soon + SW_SEC);
    CHECK_NEAR((double)t.done_at, (double)(soon + 100 * SW_MS), 2e3);
    rig_fini(&r);
}

static void three_flows_over_a_trunk_share_what_the_narrow_one_leaves(void)
{
    struct rig r;
    struct transfer t[3];
    rig_init(&r, 800 * MBIT, 960 * MBIT, 0); /* hosts 100 MB/s, trunk 120 MB/s */
    r.x->s.local.bandwidth = 0;
    /* host 0 sends one flow over the trunk, host 3 two: 40 MB/s each.  They are out of slow start
     * after a second, long before any is done. */
    init(&r, &t[0], 0, 1);
    init(&r, &t[1], 3, 1);
    init(&r, &t[2], 3, 4);
    sim_flow_send(&t[0].flow, 4e9);
    sim_flow_send(&t[1].flow, 4e9);
    sim_flow_send(&t[2].flow, 8e9);
    sim_run(r.engine, 2 * SW_SEC);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_NEAR(t[i].flow.share.rate, 40e6, 1);
    }
    sim_run(r.engine, SW_TIME_NEVER);
    /* two are done together after 4e9 / 40e6 = 100 s, and slow start; the third has 4 GB left at
     * its uplink's 100 MB/s: 40 s more */
    CHECK_NEAR((double)t[0].done_at / 1e9, 100, 0.2);
    CHECK_NEAR((double)t[1].done_at / 1e9, 100, 0.2);
    CHECK_NEAR((double)(t[2].done_at - t[1].done_at) / 1e9, 40, 0.2);
    /* 16 GB went through: the trunk was full for 100 s, and then the uplink: nothing is lost */
    CHECK_NEAR((double)t[2].done_at / 1e9, 140, 0.2);
    CHECK(sim_events(r.engine) < 150);
    rig_fini(&r);
}

static void a_fault_narrows_a_transfer_under_way_and_leaves_it_its_bytes(void)
{
    struct rig r;
    struct transfer t;
    rig_init(&r, 80 * MBIT, 400 * MBIT, 0);
    init(&r, &t, 0, 1);
    sim_flow_send(&t.flow, 100e6); /* 10 s, and slow start */
    sim_run(r.engine, 4 * SW_SEC + PAUSES);
    const struct sim_impairment host = {
        .region = SIM_ANY, .other = SIM_ANY, .host = 1, .narrowing = 10
    };
    sim_network_impair(r.net, &host, true); /* its receiver's downlink: 1 MB/s */
    sim_bulk_changed(r.bulk);
    sim_run(r.engine, 24 * SW_SEC + PAUSES); /* 20 MB of the 60 that are left */
    CHECK_U64(t.pieces, 0);
    CHECK_NEAR(t.flow.share.rate, 1e6, 1e-3);
    sim_network_impair(r.net, &host, false);
    const struct sim_impairment line = {
        .region = 0, .other = 1, .host = SIM_ANY, .narrowing = 10
    };
    sim_network_impair(r.net, &line, true); /* the line between the regions: 5 MB/s */
    sim_bulk_changed(r.bulk);
    sim_run(r.engine, SW_TIME_NEVER);
    CHECK_NEAR((double)t.done_at, (double)(32 * SW_SEC + PAUSES), 1e4);
    rig_fini(&r);
}

static void a_held_flow_keeps_its_bytes_and_a_stopped_one_forgets_them(void)
{
    struct rig r;
    struct transfer t[2];
    rig_init(&r, 80 * MBIT, 0, 0);
    init(&r, &t[0], 0, 1);
    init(&r, &t[1], 0, 2);
    sim_flow_send(&t[0].flow, 100e6);
    sim_flow_send(&t[1].flow, 100e6);
    sim_run(r.engine, 2 * SW_SEC);
    const double todo = t[0].flow.todo;
    sim_flow_hold(&t[0].flow, true);
    sim_run(r.engine, 3 * SW_SEC);
    CHECK_NEAR(t[1].flow.share.rate, 10e6, 1e-3); /* alone */
    CHECK(t[0].flow.todo <= todo);
    const double kept = t[0].flow.todo;
    sim_run(r.engine, 4 * SW_SEC);
    sim_flow_stop(&t[1].flow);
    sim_flow_hold(&t[0].flow, false);
    sim_run(r.engine, SW_TIME_NEVER);
    CHECK_U64(t[1].pieces, 0);
    CHECK_U64(t[0].pieces, 1);
    /* from slow start, again */
    CHECK_NEAR((double)t[0].done_at, (double)(4 * SW_SEC + PAUSES) + kept / 10e6 * 1e9, 1e4);
    rig_fini(&r);
}

static void bytes_are_conserved_whoever_comes_and_goes(void)
{
    struct rig r;
    struct transfer t[12];
    rig_init(&r, 80 * MBIT, 100 * MBIT, 0);
    double bytes = 0;
    for (uint32_t i = 0; i < 12; i++) {
        init(&r, &t[i], i % 6, (i % 6 + 1 + i / 6) % 6);
        t[i].piece = 1000 + 37000.0 * i;
        t[i].more = 20 + i;
        bytes += (double)(t[i].more + 1) * t[i].piece;
        sim_run(r.engine, i * 7 * SW_MS);
        sim_flow_send(&t[i].flow, t[i].piece);
    }
    double seen = 0;
    sim_run(r.engine, SW_TIME_NEVER);
    for (unsigned i = 0; i < 12; i++) {
        CHECK_U64(t[i].pieces, 21 + i);
        CHECK(t[i].flow.todo == 0);
        seen += (double)t[i].pieces * t[i].piece;
        /* no flow is faster than its uplink of 10 MB/s */
        CHECK((double)t[i].done_at - i * 7e6 >= (double)t[i].pieces * t[i].piece * 100 - 1e3);
    }
    CHECK_NEAR(seen, bytes, 0);
    rig_fini(&r);
}

/* Worked out by hand from the formulas of bulk.h. */
static void losses_limit_a_flow_as_published_formulas_say(void)
{
    static const struct {
        double loss;
        sw_dur rtt;
        double packets, tolerance;
    } cases[] = {
        { 1e-4, 240 * SW_MS, 361.4 / (1 + 361.4 * 1.837e-6 * 0.48 / 0.24), 1 },  /* CUBIC */
        { 1e-3, 100 * SW_MS, 38.73 / (1 + 38.73 * 5.809e-5 * 0.2 / 0.1), 0.05 }, /* Mathis */
        { 1e-2, 20 * SW_MS, 12.247 / (1 + 12.247 * 1.843e-3 * 2), 0.01 },
        { 0.25, 20 * SW_MS, 2.4495 / (1 + 2.4495 * 0.9186 * 0.25 * 3 * 2), 0.01 },
    };
    CHECK_NEAR(sim_bulk_limit(0, RTT), 4.0 * SW_MIB, 0);
    CHECK_NEAR(sim_bulk_limit(1e-12, RTT), 4.0 * SW_MIB, 0);
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        CHECK_NEAR(sim_bulk_limit(cases[i].loss, cases[i].rtt) / SIM_SEGMENT, cases[i].packets,
                   cases[i].tolerance);
    }
    CHECK(sim_bulk_limit(0.5, 0) > 0);
}

static void a_flow_over_a_lossy_path_gets_no_more_than_its_limit(void)
{
    struct rig r;
    struct transfer t;
    rig_init(&r, 0, 0, 0.01);
    init(&r, &t, 0, 1);
    sim_flow_send(&t.flow, 8.2e6);
    sim_run(r.engine, SW_TIME_NEVER);
    const double rate = sim_bulk_limit(0.01, RTT) / 0.02; /* 0.82 MB/s */
    CHECK_NEAR((double)t.done_at / 1e9, 8.2e6 / rate, 0.05);
    rig_fini(&r);
}

CU_TestInfo tests_bulk[] = {
    { "a lone transfer takes its slow start and its bytes",
      a_lone_transfer_takes_its_slow_start_and_its_bytes },
    { "a pause of a time-out brings slow start back and a shorter one does not",
      a_pause_of_a_time_out_brings_slow_start_back_and_a_shorter_one_does_not },
    { "three flows over a trunk share what the narrow one leaves",
      three_flows_over_a_trunk_share_what_the_narrow_one_leaves },
    { "a fault narrows a transfer under way and leaves it its bytes",
      a_fault_narrows_a_transfer_under_way_and_leaves_it_its_bytes },
    { "a held flow keeps its bytes and a stopped one forgets them",
      a_held_flow_keeps_its_bytes_and_a_stopped_one_forgets_them },
    { "bytes are conserved whoever comes and goes", bytes_are_conserved_whoever_comes_and_goes },
    { "losses limit a flow as published formulas say",
      losses_limit_a_flow_as_published_formulas_say },
    { "a flow over a lossy path gets no more than its limit",
      a_flow_over_a_lossy_path_gets_no_more_than_its_limit },
    CU_TEST_INFO_NULL,
};
