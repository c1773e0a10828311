/* SPDX-License-Identifier: GPL-3.0-or-later
 * Shares of demand among regions: two and three regions worked by hand, and what must hold for
 * any.  Where c = 1, Sakasegawa's wait is that of M/M/1: D = s/(1 - rho), and at the least cost of
 * a split the marginal costs s/(1 - rho)^2 + rtt are equal. */
#include "algorithms/route/balance.h"
#include "tests/lib/check.h"

#include <math.h>

extern CU_TestInfo tests_balance[];

#define MS ((double)SW_MS)

/* Regions of one core with 10 ms a query, @far ms apart. */
static struct sw_regions alike(uint32_t n, const double *demand, double far)
{
    struct sw_regions g = { .n = n, .epoch = 1767225600 };
    for (uint32_t r = 0; r < n; r++) {
        g.v[r] =
            (struct sw_region){ .id = r + 1, .demand = demand[r], .capacity = 100, .cores = 1 };
        for (uint32_t k = 0; k < n; k++) {
            g.v[r].rtt[k] = r == k ? 0 : far * MS;
        }
    }
    return g;
}

static void check_rows(const struct sw_regions *g, const struct sw_balance *b)
{
    for (uint32_t r = 0; r < g->n; r++) {
        double sum = 0;
        for (uint32_t k = 0; k < g->n; k++) {
            CHECK(b->w[r][k] >= 0 && b->w[r][k] <= 1 + 1e-12);
            sum += b->w[r][k];
        }
        CHECK_NEAR(sum, 1, 1e-9);
    }
}

static void the_cost_is_travel_and_sakasegawas_stay(void)
{
    const double demand[] = { 60, 20 };
    struct sw_regions g = alike(2, demand, 40);
    struct sw_balance b = { .w = { { 1, 0 }, { 0, 1 } } };
    /* 3/4 of the queries at rho = .6: 10/.4; 1/4 at .2: 10/.8 */
    CHECK_NEAR(sw_balance_cost(&g, &b), (0.75 * 25 + 0.25 * 12.5) * MS, 1);
    b.w[0][0] = 2.0 / 3;
    b.w[0][1] = 1.0 / 3; /* a quarter of all travels 40 ms; both at .4: 10/.6 */
    CHECK_NEAR(sw_balance_cost(&g, &b), (0.25 * 40 + 10 / 0.6) * MS, 1);
    /* s = 40; at rho = .4 it waits 40 .4^(sqrt(10) - 1)/(4 .6) = 2.2982 */
    g.v[0].cores = 4;
    CHECK_NEAR(sw_balance_cost(&g, &b), (0.25 * 40 + 0.5 * 42.2982 + 0.5 * 10 / 0.6) * MS, 100);
}

static void beyond_its_limit_the_delay_is_a_tangent(void)
{
    const double demand[] = { 97 };
    struct sw_regions g = alike(1, demand, 0);
    const struct sw_balance b = { .w = { { 1 } } };
    CHECK_NEAR(sw_balance_cost(&g, &b), 10 / 0.03 * MS, 1);
    g.v[0].demand = 197; /* slope 10/.03^2 for one more rho */
    CHECK_NEAR(sw_balance_cost(&g, &b), (10 / 0.03 + 10 / 0.0009) * MS, 100);
}

static void the_nearest_region_is_filled_first(void)
{
    const double demand[] = { 150, 10, 0 };
    struct sw_regions g = alike(3, demand, 40);
    g.v[0].rtt[2] = 20 * MS;
    g.v[2].rtt[0] = 20 * MS;
    struct sw_balance b;
    sw_balance_fill(&g, 0.7, &b); /* 70 here, 70 next door, 10 far away */
    CHECK_NEAR(b.w[0][0], 70.0 / 150, 1e-12);
    CHECK_NEAR(b.w[0][2], 70.0 / 150, 1e-9);
    CHECK_NEAR(b.w[0][1], 10.0 / 150, 1e-9);
    CHECK_NEAR(b.w[1][1], 1, 1e-12);
    CHECK_NEAR(b.w[2][2], 1, 1e-9); /* asks next to nothing, and its own is the nearest */
    check_rows(&g, &b);
}

static void a_region_fills_its_own_before_others_do(void)
{
    const double demand[] = { 150, 60 };
    const struct sw_regions g = alike(2, demand, 40);
    struct sw_balance b;
    sw_balance_fill(&g, 0.7, &b); /* 70 + 10 find room; 70 do not, and are halved */
    CHECK_NEAR(b.w[1][1], 1, 1e-12);
    CHECK_NEAR(b.w[0][0], (70.0 + 35) / 150, 1e-12);
    CHECK_NEAR(b.w[0][1], (10.0 + 35) / 150, 1e-12);
    check_rows(&g, &b);
}

static void without_capacity_each_keeps_its_own(void)
{
    const double demand[] = { 5, 0 };
    struct sw_regions g = alike(2, demand, 40);
    struct sw_balance b;
    g.v[0].capacity = g.v[1].capacity = 0;
    sw_balance_fill(&g, 0.7, &b);
    CHECK_NEAR(b.w[0][0], 1, 1e-12);
    CHECK_NEAR(b.w[1][1], 1, 1e-12);
    CHECK_NEAR(sw_balance_swarm(&g, &b), 0, 0);
    CHECK_NEAR(b.w[0][0], 1, 1e-12);
}

/* What both searches find, where region 1 asks @here and region 2 @there, 10 ms apart. */
static void finds(double here, double there, double share, double cost)
{
    const double demand[] = { here, there };
    const struct sw_regions g = alike(2, demand, 10);
    struct sw_balance b;
    CHECK_NEAR(sw_balance_swarm(&g, &b), cost * MS, 1e-3 * MS);
    CHECK_NEAR(b.w[0][0], share, 5e-3);
    check_rows(&g, &b);
    CHECK_NEAR(sw_balance_descent(&g, &b), cost * MS, 1e-3 * MS);
    CHECK_NEAR(b.w[0][0], share, 5e-3);
    check_rows(&g, &b);
}

static void both_searches_find_the_split_of_equal_marginal_costs(void)
{
    /* rho = .7539 and .7461: 10/.2461^2 = 10/.2539^2 + 10 */
    finds(150, 0, 0.50260, 44.98698);
    finds(90, 0, 0.54570, 22.95204);
    finds(90, 20, 0.63630, 25.30075);
    finds(25, 0, 1, 10 / 0.75); /* 10/.75^2 < 10 + 10: nobody travels */
}

/* Regions of any size and demand. */
static struct sw_regions drawn(struct sw_rng *rng, uint32_t n)
{
    struct sw_regions g = { .n = n, .epoch = sw_rng_next(rng) % 100000 };
    for (uint32_t r = 0; r < n; r++) {
        g.v[r].id = r + 1;
        g.v[r].demand = (double)sw_rng_below(rng, 400);
        g.v[r].cores = 1 + (double)sw_rng_below(rng, 16);
        g.v[r].capacity = sw_rng_below(rng, 6) == 0 ? 0 : g.v[r].cores * 50;
        for (uint32_t k = 0; k <= r; k++) {
            const double rtt = r == k ? 0 : (1 + (double)sw_rng_below(rng, 200)) * MS;
            g.v[r].rtt[k] = rtt;
            g.v[k].rtt[r] = rtt;
        }
    }
    return g;
}

static void shares_sum_to_one_and_the_swarm_is_no_worse_than_where_it_began(void)
{
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(7, "test balance", ""));
    for (uint32_t i = 0; i < 12; i++) {
        const struct sw_regions g = drawn(&rng, 1 + i % 6);
        struct sw_balance fill;
        struct sw_balance swarm;
        struct sw_balance descent;
        sw_balance_fill(&g, 0.9, &fill);
        const double found = sw_balance_swarm(&g, &swarm);
        const double control = sw_balance_descent(&g, &descent);
        check_rows(&g, &fill);
        check_rows(&g, &swarm);
        check_rows(&g, &descent);
        CHECK_NEAR(found, sw_balance_cost(&g, &swarm), 1e-9 * found);
        CHECK(control <= sw_balance_cost(&g, &fill));
        CHECK(found <= sw_balance_cost(&g, &fill) * 1.001); /* shares of e^-16 aside */
    }
}

static void who_heard_the_same_says_the_same_to_the_bit(void)
{
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(8, "test balance", ""));
    struct sw_regions g = drawn(&rng, 6);
    struct sw_balance one;
    struct sw_balance two;
    (void)sw_balance_swarm(&g, &one);
    g.own = 3; /* another node, of another region */
    (void)sw_balance_swarm(&g, &two);
    CHECK(memcmp(&one, &two, sizeof one) == 0);
    g.epoch++;
    (void)sw_balance_swarm(&g, &two);
    CHECK(memcmp(&one, &two, sizeof one) != 0);
}

CU_TestInfo tests_balance[] = {
    { "the cost is travel and Sakasegawa's stay", the_cost_is_travel_and_sakasegawas_stay },
    { "beyond its limit the delay is a tangent", beyond_its_limit_the_delay_is_a_tangent },
    { "the nearest region is filled first", the_nearest_region_is_filled_first },
    { "a region fills its own before others do", a_region_fills_its_own_before_others_do },
    { "without capacity each keeps its own", without_capacity_each_keeps_its_own },
    { "both searches find the split of equal marginal costs",
      both_searches_find_the_split_of_equal_marginal_costs },
    { "shares sum to one, and the swarm is no worse than where it began",
      shares_sum_to_one_and_the_swarm_is_no_worse_than_where_it_began },
    { "who heard the same says the same, to the bit", who_heard_the_same_says_the_same_to_the_bit },
    CU_TEST_INFO_NULL,
};
