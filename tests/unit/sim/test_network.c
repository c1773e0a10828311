/* SPDX-License-Identifier: GPL-3.0-or-later
 * Distances, latencies, and packets whose chances belong to them. */
#include "sim/world/geography.h"
#include "sim/world/network.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

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
    CHECK_U64(sent, SIM_UPLINK_QUEUE / 1000 + 1);
    /* a second later it is empty again; clients have no such queue */
    CHECK(sim_network_datagram(net, SW_SEC, far_host, near_host, 100, (struct sim_luck){ 0, 0 },
                               &at));
    for (uint64_t i = 0; i < 1000; i++) {
        CHECK(sim_network_datagram(net, 0, client, far_host, 1000, (struct sim_luck){ i, 0 }, &at));
    }
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
    { "an uplink serialises and drops when its queue is full",
      an_uplink_serialises_and_drops_when_its_queue_is_full },
    { "cuts count and heal one by one", cuts_count_and_heal_one_by_one },
    CU_TEST_INFO_NULL,
};
