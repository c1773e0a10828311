/* SPDX-License-Identifier: GPL-3.0-or-later
 * Distances, latencies, and packets whose chances belong to them. */
#include "sim/world/geography.h"
#include "sim/world/network_inside.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

#include <math.h>

static void distances_are_those_of_a_sphere(void)
{
    static const struct {
        double lat_a, lon_a, lat_b, lon_b, metres;
    } cases[] = {
        /* R times the angle, worked out by hand for the simple angles */
        { 0, 0, 0, 0, 0 },
        { 0, 0, 0, 90, 10007557.22 },
        { 0, 0, 0, -180, 20015114.44 },
        { 90, 0, -90, 0, 20015114.44 },
        { 10, 20, 10, 380, 0 },
        { 0, 0, 1, 0, 111195.08 },
        /* haversine, R = 6,371,008.8 m: Nashville to Los Angeles, and Sydney to London */
        { 36.12, -86.67, 33.94, -118.40, 2886448.43 },
        { -33.87, 151.21, 51.51, -0.13, 16994091.51 },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        CHECK_NEAR(sim_distance(cases[i].lat_a, cases[i].lon_a, cases[i].lat_b, cases[i].lon_b),
                   cases[i].metres, 1);
    }
    CHECK_U64(sim_fibre_delay(199861638.67, 1), SW_SEC); /* 2/3 c for a second */
    CHECK_U64(sim_fibre_delay(100000, 1.6), 800554);
}

static struct sim_scenario *scenario(struct small_scenario **x, double loss, uint64_t bandwidth)
{
    const struct small_world o = {
        .nodes_a_region = 1, .holders = 3, .rate = 1, .duration = SW_SEC, .service = SW_US
    };
    *x = small_scenario(&o);
    (*x)->s.wide.loss = loss;
    (*x)->s.wide.bandwidth = bandwidth;
    (*x)->s.wide.downlink = 0;
    return &(*x)->s;
}

static const struct sim_place client = { 0, SIM_NO_HOST };
static const struct sim_place near_host = { 0, 0 };
static const struct sim_place far_host = { 1, 1 };

static void a_matrix_replaces_geography(void)
{
    struct small_scenario *x;
    struct sim_scenario *s = scenario(&x, 0, 0);
    double rtt[9] = { 0, 10e6, 20e6, 30e6, 0, 40e6, 50e6, 60e6, 0 };
    s->rtt = rtt;
    struct sim_network *net = sim_network_new(s, 1);
    CHECK_U64(sim_network_latency(net, near_host, far_host), 5 * SW_MS + s->wide.latency);
    CHECK_U64(sim_network_latency(net, far_host, near_host), 15 * SW_MS + s->wide.latency);
    CHECK_U64(sim_network_latency(net, client, near_host), s->local.latency);
    sim_network_free(net);
    free(x);
}

static void a_packets_fate_belongs_to_it_and_not_to_the_order_of_sending(void)
{
    struct small_scenario *x;
    struct sim_scenario *s = scenario(&x, 0.3, 0);
    struct sim_network *a = sim_network_new(s, 5);
    struct sim_network *b = sim_network_new(s, 5);
    struct sim_network *c = sim_network_new(s, 6);
    unsigned lost = 0;
    unsigned differs = 0;
    sw_time at_a[200] = { 0 };
    for (uint64_t i = 0; i < 200; i++) {
        if (!sim_network_datagram(a, 0, client, far_host, 100, (struct sim_luck){ i, 1 },
                                  &at_a[i])) {
            lost++;
        }
    }
    for (uint64_t i = 200; i-- > 0;) {
        sw_time at = 0;
        (void)sim_network_datagram(b, 0, client, far_host, 100, (struct sim_luck){ i, 1 }, &at);
        CHECK_U64(at, at_a[i]);
        at = 0;
        (void)sim_network_datagram(c, 0, client, far_host, 100, (struct sim_luck){ i, 1 }, &at);
        differs += at != at_a[i];
    }
    CHECK(lost > 35 && lost < 85); /* 60 expected, 6.5 the standard deviation */
    CHECK(differs > 150);
    sim_network_free(a);
    sim_network_free(b);
    sim_network_free(c);
    free(x);
}

static void jitter_has_the_stated_mean_and_deviation(void)
{
    struct small_scenario *x;
    struct sim_scenario *s = scenario(&x, 0, 0);
    s->wide.jitter = SW_MS;
    struct sim_network *net = sim_network_new(s, 1);
    const double base = (double)sim_network_latency(net, client, far_host);
    double sum = 0;
    double squares = 0;
    const unsigned n = 200000;
    for (uint64_t i = 0; i < n; i++) {
        const double j =
            (double)sim_network_flight(net, client, far_host, (struct sim_luck){ i, 0 }) - base;
        CHECK(j >= 0);
        sum += j;
        squares += j * j;
    }
    const double mean = sum / n;
    CHECK_NEAR(mean, 1e6, 1e4); /* 4.5 standard errors */
    CHECK_NEAR(squares / n - mean * mean, 1e12, 6e10);
    sim_network_free(net);
    free(x);
}

/* R: qnorm(p), and exp(sqrt(log 2) * z) / sqrt 2. */
static void jitter_has_the_log_normals_quantiles(void)
{
    static const struct {
        double p, z;
    } known[] = {
        { 1e-9, -5.997807015007686 },      { 1e-6, -4.753424308822899 },
        { 0.001, -3.090232306167813 },     { 0.025, -1.959963984540054 },
        { 0.1, -1.281551565544601 },       { 0.25, -0.6744897501960817 },
        { 0.4, -0.2533471031357998 },      { 0.49999999, -2.506628274631e-8 },
        { 0.50000001, 2.506628274631e-8 }, { 0.75, 0.6744897501960817 },
        { 0.9, 1.281551565544601 },        { 0.975, 1.959963984540054 },
        { 0.999, 3.090232306167813 },      { 0.999999, 4.753424308822899 },
    };
    struct sim_jitter j;
    sim_jitter_init(&j);
    for (size_t i = 0; i < SW_LEN(known); i++) {
        const double p = known[i].p;
        /* the first bit names the end, the others how far it is from there */
        const uint64_t bits =
            p < 0.5 ? (uint64_t)(p * 0x1p64) : UINT64_C(1) << 63 | (uint64_t)((1 - p) * 0x1p64);
        const double quantile = exp(sqrt(log(2)) * known[i].z) / sqrt(2);
        CHECK_NEAR(sim_jitter_at(&j, bits), quantile, 1e-5 * quantile);
    }
    CHECK(sim_jitter_at(&j, 0) > 0); /* beyond the table: its end */
    CHECK(sim_jitter_at(&j, UINT64_C(1) << 63) < 150);
    for (int end = 0; end < 2; end++) { /* no step between neighbours */
        for (uint64_t i = 1; i < 4096; i++) {
            const uint64_t at = (uint64_t)end << 63 | i << 51;
            CHECK_NEAR(sim_jitter_at(&j, at) / sim_jitter_at(&j, at - 1), 1, 1e-9);
        }
    }
}

static void an_uplink_serialises_and_drops_when_its_queue_is_full(void)
{
    struct small_scenario *x;
    struct sim_scenario *s = scenario(&x, 0, 8000000); /* a byte a microsecond */
    s->wide.jitter = 0;
    struct sim_network *net = sim_network_new(s, 1);
    const sw_dur flight = sim_network_latency(net, far_host, near_host);
    sw_time at;
    unsigned sent = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        if (sim_network_datagram(net, 0, far_host, near_host, 1000 - SIM_UDP_OVERHEAD,
                                 (struct sim_luck){ i, 0 }, &at)) {
            sent++;
            CHECK_U64(at, (sw_time)sent * SW_MS + flight);
        }
    }
    CHECK_U64(sent, 256 * SW_KIB / 1000 + 1);
    /* a second later it is empty again; clients have no such queue */
    CHECK(sim_network_datagram(net, SW_SEC, far_host, near_host, 100, (struct sim_luck){ 0, 0 },
                               &at));
    for (uint64_t i = 0; i < 1000; i++) {
        CHECK(sim_network_datagram(net, 0, client, far_host, 1000, (struct sim_luck){ i, 0 }, &at));
    }
    sim_network_free(net);
    free(x);
}

static void trunks_are_shared_and_downlinks_serialise(void)
{
    struct small_scenario *x;
    struct sim_scenario *s = scenario(&x, 0, 0);
    struct sim_path path = { .region = { 0, 1 }, .link = s->wide };
    path.link.jitter = 0;
    path.link.bandwidth = 8000000; /* a byte a microsecond, between regions 0 and 1 */
    path.link.queue = 10000;
    s->paths = &path;
    s->n_paths = 1;
    s->wide.jitter = 0;
    s->wide.downlink = 80000000; /* ten of them */
    struct sim_network *net = sim_network_new(s, 1);
    const sw_dur flight = sim_network_latency(net, client, far_host);
    const size_t bytes = 1000 - SIM_UDP_OVERHEAD;
    const struct sim_place third = { 2, 2 };
    sw_time at;
    /* clients and hosts of region 0 queue for one line; each then waits for the downlink, where
     * packets are sent to a tenth of the time apart */
    unsigned sent = 0;
    for (uint64_t i = 0; i < 100; i++) {
        if (sim_network_datagram(net, 0, i % 2 == 0 ? client : near_host, far_host, bytes,
                                 (struct sim_luck){ i, 0 }, &at)) {
            sent++;
            CHECK_U64(at, sent * SW_MS + sent * 100 * SW_US + flight);
        }
    }
    CHECK_U64(sent, 11); /* ten wait while one passes */
    /* the other direction, and other paths, are free */
    CHECK(sim_network_datagram(net, 0, far_host, near_host, bytes, (struct sim_luck){ 0, 0 }, &at));
    CHECK_U64(at, SW_MS + 100 * SW_US + flight);
    CHECK(sim_network_datagram(net, 0, third, near_host, bytes, (struct sim_luck){ 0, 0 }, &at));
    CHECK_U64(at, 200 * SW_US + sim_network_latency(net, third, near_host));
    /* bulk sees the same lines: uplinks have no limit here */
    uint32_t link[3];
    CHECK_U64(sim_network_links(net, near_host, far_host, link), 2);
    CHECK_NEAR(sim_network_capacity(net, link[0]), 1e6, 0);
    CHECK_NEAR(sim_network_capacity(net, link[1]), 1e7, 0);
    /* a fault on that line narrows it, and nothing else */
    const struct sim_impairment line = { .region = 1, .other = 0, .host = SIM_ANY, .narrowing = 4 };
    sim_network_impair(net, &line, true);
    CHECK_NEAR(sim_network_capacity(net, link[0]), 2.5e5, 0);
    CHECK_NEAR(sim_network_capacity(net, link[1]), 1e7, 0);
    sim_network_impair(net, &line, false);
    CHECK_NEAR(sim_network_capacity(net, link[0]), 1e6, 0);
    sim_network_free(net);
    free(x);
}

/* Gilbert-Elliott in the long run: p / (p + r) of the time is bad, runs of it last 1 / r steps on
 * average, and the share lost is (p bad + r good) / (p + r). */
static void bursts_have_the_mean_loss_and_length_of_theory(void)
{
    static const struct sim_burst cases[] = {
        { .p = 0.01, .r = 0.1, .good = 0, .bad = 1, .slot = SW_MS },
        { .p = 0.002, .r = 0.05, .good = 0.001, .bad = 0.6, .slot = SW_MS },
        { .p = 0.3, .r = 0.7, .good = 0, .bad = 1, .slot = SW_SEC }, /* no memory at all */
        { .p = 0.5, .r = 0.25, .good = 0.1, .bad = 0.9, .slot = SW_US },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        const struct sim_burst *b = &cases[i];
        struct small_scenario *x;
        struct sim_scenario *s = scenario(&x, 0, 0);
        s->wide.burst = *b;
        struct sim_network *net = sim_network_new(s, 1);
        const struct sw_rng_key key = sw_rng_key(1, "burst", "");
        const uint64_t n = 400000;
        uint64_t bad = 0;
        uint64_t bursts = 0;
        uint64_t lost = 0;
        bool before = false;
        for (uint64_t slot = 1; slot <= n; slot++) {
            const sw_time at = slot * (sw_time)b->slot + slot % (sw_time)b->slot;
            const bool now = sim_burst_is_bad(key, b, 1, 0, at);
            bad += now;
            bursts += now && !before;
            before = now;
            lost += sim_network_loses(net, at, client, far_host, 1, (struct sim_luck){ slot, 0 });
        }
        const double share = b->p / (b->p + b->r);
        /* standard error of the share: its variance times the chain's sum of correlations,
         * (1 + c) / (1 - c) with c = 1 - p - r; of a run's length: sqrt(1 - r) / r a run */
        const double c = 1 - b->p - b->r;
        const double error = sqrt(share * (1 - share) / (double)n * (1 + c) / (1 - c));
        CHECK_NEAR((double)bad / (double)n, share, 4 * error);
        CHECK_NEAR((double)bad / (double)bursts, 1 / b->r,
                   4 * sqrt(1 - b->r) / b->r / sqrt((double)bursts));
        const double mean = (b->p * b->bad + b->r * b->good) / (b->p + b->r);
        CHECK_NEAR(sim_network_mean_loss(net, client, far_host), mean, 1e-12);
        CHECK_NEAR((double)lost / (double)n, mean, 4 * error + 4 * sqrt(mean / (double)n));
        sim_network_free(net);
        free(x);
    }
}

static void bursts_belong_to_the_path_and_the_time(void)
{
    struct small_scenario *x;
    struct sim_scenario *s = scenario(&x, 0, 0);
    s->wide.burst = (struct sim_burst){ .p = 0.05, .r = 0.05, .good = 0, .bad = 1, .slot = SW_MS };
    struct sim_network *a = sim_network_new(s, 5);
    struct sim_network *b = sim_network_new(s, 5);
    const struct sim_place other_client = { 0, SIM_NO_HOST };
    const struct sim_place third = { 2, 2 };
    bool lost[1000];
    unsigned same_back = 0;
    unsigned same_third = 0;
    for (unsigned i = 0; i < 1000; i++) {
        lost[i] = sim_network_loses(a, i * SW_MS, client, far_host, 1, (struct sim_luck){ i, 0 });
    }
    for (unsigned i = 1000; i-- > 0;) { /* others, backwards: the same bursts */
        const sw_time at = i * SW_MS + 1;
        CHECK(sim_network_loses(b, at, other_client, far_host, 1, (struct sim_luck){ 7, i }) ==
              lost[i]);
        CHECK(sim_network_loses(b, at, near_host, far_host, 40, (struct sim_luck){ 8, i }) ==
              lost[i]);
        same_back +=
            sim_network_loses(b, at, far_host, client, 1, (struct sim_luck){ 9, i }) == lost[i];
        same_third +=
            sim_network_loses(b, at, client, third, 1, (struct sim_luck){ 9, i }) == lost[i];
    }
    CHECK(same_back > 300 && same_back < 700);
    CHECK(same_third > 300 && same_third < 700);
    sim_network_free(a);
    sim_network_free(b);
    free(x);
}

static void a_link_duplicates_reorders_and_alters_as_often_as_it_says(void)
{
    struct small_scenario *x;
    struct sim_scenario *s = scenario(&x, 0, 0);
    s->wide.jitter = 0;
    s->wide.duplication = 0.05;
    s->wide.reordering = 0.1;
    s->wide.reordered_by = 7 * SW_MS;
    s->wide.corruption = 0.02;
    struct sim_network *net = sim_network_new(s, 1);
    const struct sim_impairment fault = { .region = 1,
                                          .other = SIM_ANY,
                                          .host = SIM_ANY,
                                          .add = { .corruption = 1 },
                                          .checksum = SIM_CHECKSUM_MISSES };
    const sw_dur latency = sim_network_latency(net, client, far_host);
    const unsigned n = 100000;
    unsigned twice = 0;
    unsigned late = 0;
    unsigned dropped = 0;
    for (uint64_t i = 0; i < n; i++) {
        const struct sim_luck luck = { i, 0 };
        const struct sim_fate fate = sim_network_fate(net, client, far_host, luck);
        const sw_dur flight = sim_network_flight(net, client, far_host, luck);
        CHECK(flight == latency || flight == latency + 7 * SW_MS);
        CHECK(!fate.altered && (!fate.twice || fate.later <= 11 * SW_MS));
        twice += fate.twice;
        late += flight != latency;
        dropped += fate.dropped;
    }
    CHECK_NEAR(twice / (double)n, 0.05, 0.003); /* four standard errors */
    CHECK_NEAR(late / (double)n, 0.1, 0.004);
    CHECK_NEAR(dropped / (double)n, 0.02, 0.002);
    const struct sim_fate inside =
        sim_network_fate(net, client, near_host, (struct sim_luck){ 1, 0 });
    CHECK(!inside.twice && !inside.dropped);
    sim_network_impair(net, &fault, true);
    CHECK(sim_network_fate(net, client, far_host, (struct sim_luck){ 1, 0 }).altered);
    sim_network_impair(net, &fault, false);
    CHECK(!sim_network_fate(net, client, far_host, (struct sim_luck){ 1, 0 }).altered);
    sim_network_free(net);
    free(x);
}

static void an_impairment_hits_the_path_it_names(void)
{
    static const struct {
        uint32_t region, other, host;
        bool hits[4]; /* client 0 to host 1, host 1 to 0, host 0 to 2, client 1 to host 1 */
    } cases[] = {
        { SIM_ANY, SIM_ANY, SIM_ANY, { true, true, true, true } },
        { 0, SIM_ANY, SIM_ANY, { true, true, true, false } },
        { 0, 1, SIM_ANY, { true, true, false, false } },
        { 1, 0, SIM_ANY, { true, true, false, false } },
        { SIM_ANY, 2, SIM_ANY, { false, false, true, false } },
        { SIM_ANY, SIM_ANY, 1, { true, true, false, true } },
        { 2, SIM_ANY, 1, { false, false, false, false } },
    };
    const struct sim_place far_client = { 1, SIM_NO_HOST };
    const struct sim_place third = { 2, 2 };
    const struct sim_place ends[4][2] = { { client, far_host },
                                          { far_host, near_host },
                                          { near_host, third },
                                          { far_client, far_host } };
    struct small_scenario *x;
    struct sim_scenario *s = scenario(&x, 0, 0);
    struct sim_network *net = sim_network_new(s, 1);
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        const struct sim_impairment slow = { .region = cases[i].region,
                                             .other = cases[i].other,
                                             .host = cases[i].host,
                                             .add = { .latency = SW_SEC } };
        sim_network_impair(net, &slow, true);
        for (size_t k = 0; k < 4; k++) {
            CHECK((sim_network_latency(net, ends[k][0], ends[k][1]) >= SW_SEC) == cases[i].hits[k]);
        }
        sim_network_impair(net, &slow, false);
        CHECK(sim_network_latency(net, client, far_host) < SW_SEC);
    }
    sim_network_free(net);
    free(x);
}

static void a_division_parts_two_sets_and_leaves_both_to_all_others(void)
{
    struct small_scenario *x;
    struct sim_scenario *s = scenario(&x, 0, 0);
    struct sim_network *net = sim_network_new(s, 1);
    const struct sim_place third = { 2, 2 };
    const bool a[3] = { true, false, false };
    const bool b[3] = { false, true, false };
    sim_network_divide(net, a, b, true);
    CHECK(!sim_network_reaches(net, near_host, far_host));
    CHECK(sim_network_reaches(net, far_host, near_host)); /* one way */
    CHECK(!sim_network_joined(net, far_host, near_host));
    sim_network_divide(net, b, a, true);
    CHECK(!sim_network_reaches(net, far_host, near_host));
    CHECK(sim_network_joined(net, near_host, third));
    CHECK(sim_network_joined(net, far_host, third));
    CHECK(sim_network_joined(net, client, far_host));
    sim_network_divide(net, a, b, true); /* they count */
    sim_network_divide(net, a, b, false);
    CHECK(!sim_network_reaches(net, near_host, far_host));
    sim_network_divide(net, a, b, false);
    sim_network_divide(net, b, a, false);
    sim_network_divide(net, b, a, false); /* an end without a beginning */
    CHECK(sim_network_joined(net, near_host, far_host));
    sim_network_free(net);
    free(x);
}

static void cuts_count_and_heal_one_by_one(void)
{
    struct small_scenario *x;
    struct sim_scenario *s = scenario(&x, 0, 0);
    struct sim_network *net = sim_network_new(s, 1);
    CHECK(sim_network_joined(net, near_host, far_host));
    sim_network_cut(net, 0, 1, true);
    sim_network_cut(net, 0, 1, true);
    CHECK(!sim_network_reaches(net, near_host, far_host));
    CHECK(sim_network_reaches(net, far_host, near_host));
    CHECK(!sim_network_joined(net, far_host, near_host));
    sim_network_cut(net, 0, 1, false);
    CHECK(!sim_network_reaches(net, near_host, far_host));
    sim_network_cut(net, 0, 1, false);
    CHECK(sim_network_reaches(net, near_host, far_host));
    sim_network_dark(net, 0, true);
    CHECK(!sim_network_reaches(net, client, near_host)); /* inside the region, too */
    CHECK(sim_network_is_dark(net, 0));
    sim_network_isolate(net, 1, true);
    sim_network_dark(net, 0, false);
    CHECK(sim_network_reaches(net, client, near_host));
    CHECK(!sim_network_reaches(net, client, far_host));
    sim_network_isolate(net, 1, false);
    CHECK(sim_network_reaches(net, client, far_host));
    sim_network_free(net);
    free(x);
}

extern CU_TestInfo tests_network[];
CU_TestInfo tests_network[] = {
    { "distances are those of a sphere", distances_are_those_of_a_sphere },
    { "a matrix replaces geography", a_matrix_replaces_geography },
    { "a packet's fate belongs to it and not to the order of sending",
      a_packets_fate_belongs_to_it_and_not_to_the_order_of_sending },
    { "jitter has the stated mean and deviation", jitter_has_the_stated_mean_and_deviation },
    { "jitter has the log-normal's quantiles", jitter_has_the_log_normals_quantiles },
    { "an uplink serialises and drops when its queue is full",
      an_uplink_serialises_and_drops_when_its_queue_is_full },
    { "trunks are shared and downlinks serialise", trunks_are_shared_and_downlinks_serialise },
    { "bursts have the mean loss and length of theory",
      bursts_have_the_mean_loss_and_length_of_theory },
    { "bursts belong to the path and the time", bursts_belong_to_the_path_and_the_time },
    { "a link duplicates, reorders and alters as often as it says",
      a_link_duplicates_reorders_and_alters_as_often_as_it_says },
    { "an impairment hits the path it names", an_impairment_hits_the_path_it_names },
    { "a division parts two sets and leaves both to all others",
      a_division_parts_two_sets_and_leaves_both_to_all_others },
    { "cuts count and heal one by one", cuts_count_and_heal_one_by_one },
    CU_TEST_INFO_NULL,
};
