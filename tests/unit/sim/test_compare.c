/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which differences hold, by hand-worked values. */
#include "sim/analyse/compare.h"

#include "node/base/err.h"
#include "sim/analyse/hist.h"
#include "tests/lib/check.h"

#include <math.h>
#include <stdlib.h>

extern CU_TestInfo tests_compare[];

#define RUNS 5U

/* Arms "a", "b", "c" and one measure with the values given, judged; baseline "a". */
static struct sim_comparison judged(const char *measure, const double (*values)[RUNS])
{
    struct sim_comparison c = { .arms = { "a", "b", "c" }, .n_arms = 3, .runs = RUNS };
    struct sw_diag d = { 0 };
    size_t index = 9;
    CHECK_I64(sim_comparison_add(&c, measure, &index, &d), 0);
    CHECK_U64(index, 0);
    c.values = malloc(3 * RUNS * sizeof *c.values);
    c.cells = calloc(3, sizeof *c.cells);
    CHECK(c.values != NULL && c.cells != NULL);
    if (c.values != NULL && c.cells != NULL) {
        memcpy(c.values, values, 3 * RUNS * sizeof *c.values);
        c.counted[0] = RUNS;
        sim_comparison_judge(&c);
    }
    return c;
}

static bool claim_holds(struct sim_comparison *c, const char *text)
{
    struct sim_claim claim;
    struct sw_diag d = { 0 };
    CHECK_I64(sim_claim_parse(&claim, text, c, &d), 0);
    sim_claim_judge(&claim, c);
    return claim.holds;
}

static void a_paired_difference_holds_where_intervals_overlap(void)
{
    static const double values[3][RUNS] = {
        { 1, 2, 3, 4, 5 },
        { 1.5, 2.6, 3.4, 4.5, 5.5 }, /* differences .5 .6 .4 .5 .5: sd .0707107, t 2.776445 */
        { 5, 1, 4, 2, 3 },
    };
    struct sim_comparison c = judged("route.per_query", values);
    const struct sim_cell *b = sim_comparison_cell(&c, 0, 1);
    CHECK_NEAR(b->value.mean, 3.5, 1e-12);
    CHECK_NEAR(b->change.mean, 0.5, 1e-12);
    CHECK_NEAR(b->change.high - b->change.mean, 2.776445105 * 0.0707106781 / sqrt(5), 1e-8);
    CHECK_I64(b->verdict, SIM_HIGHER);
    CHECK_I64(sim_comparison_cell(&c, 0, 0)->verdict, SIM_IS_BASELINE);
    CHECK_I64(sim_comparison_cell(&c, 0, 2)->verdict, SIM_NOT_APART);
    CHECK_U64(c.tests, 2);
    CHECK_NEAR(b->holm, 2 * b->p, 1e-15);
    /* a claim asks for more: the systems' own intervals must lie apart too */
    CHECK(!claim_holds(&c, "route.per_query: a < b"));
    sim_comparison_fini(&c);
}

static void a_claim_holds_when_all_intervals_lie_apart(void)
{
    static const double values[3][RUNS] = {
        { 1, 1.1, 1.2, 1.1, 1 },
        { 2, 2.1, 2.1, 2, 1.9 },
        { 1, 1, 1, 1, 1.1 },
    };
    struct sim_comparison c = judged("route.per_query", values);
    CHECK(claim_holds(&c, "route.per_query: a < b"));
    CHECK(claim_holds(&c, "route.per_query: b > a"));
    CHECK(!claim_holds(&c, "route.per_query: b < a"));
    CHECK(!claim_holds(&c, "route.per_query: a > b"));
    CHECK(!claim_holds(&c, "route.per_query: c < a"));
    CHECK(!claim_holds(&c, "route.per_query: a < a"));
    sim_comparison_fini(&c);
}

static void less_than_the_error_of_reading_is_no_difference(void)
{
    static const double values[3][RUNS] = {
        { .200, .200, .200, .200, .200 },
        { .201, .201, .201, .201, .201 }, /* one bucket of the histogram further */
        { .210, .210, .210, .210, .210 },
    };
    struct sim_comparison c = judged("dns.latency.p99", values);
    const struct sim_cell *b = sim_comparison_cell(&c, 0, 1);
    CHECK_NEAR(b->value.high, .201 * (1 + SIM_HIST_ERROR), 1e-12);
    CHECK_NEAR(b->change.high, .001 + .401 * SIM_HIST_ERROR, 1e-12);
    CHECK_I64(b->verdict, SIM_NOT_APART);
    CHECK_I64(sim_comparison_cell(&c, 0, 2)->verdict, SIM_HIGHER);
    CHECK(claim_holds(&c, "dns.latency.p99: b < c"));
    CHECK(!claim_holds(&c, "dns.latency.p99: a < b"));
    sim_comparison_fini(&c);
}

static void what_a_run_did_not_measure_has_no_verdict(void)
{
    static const double values[3][RUNS] = {
        { 1, 2, 3, 4, 5 },
        { 7, 8, INFINITY, 7, 9 }, /* never recovered */
        { 7, 8, NAN, 7, 9 },
    };
    struct sim_comparison c = judged("service.recovery", values);
    CHECK_I64(sim_comparison_cell(&c, 0, 1)->verdict, SIM_NO_VERDICT);
    CHECK(isinf(sim_comparison_cell(&c, 0, 1)->value.mean) != 0);
    CHECK_U64(sim_comparison_cell(&c, 0, 1)->measured, 4);
    CHECK_I64(sim_comparison_cell(&c, 0, 2)->verdict, SIM_NO_VERDICT);
    CHECK_U64(c.tests, 0);
    CHECK(!claim_holds(&c, "service.recovery: a < b"));
    sim_comparison_fini(&c);
}

/* The last two runs had no such fault: whatever stands there says nothing. */
static void only_runs_with_the_fault_count(void)
{
    static const double values[3][RUNS] = {
        { 1, 2, 3, NAN, 900 },
        { 2, 3.1, 3.9, NAN, 0 }, /* differences 1, 1.1, .9: mean 1, sd .1, t(.975; 2) 4.302653 */
        { 2, NAN, 4, 2, 2 },
    };
    struct sim_comparison c = judged("dns.queries during crash", values);
    c.counted[0] = 3;
    sim_comparison_judge(&c);
    const struct sim_cell *b = sim_comparison_cell(&c, 0, 1);
    CHECK_U64(b->measured, 3);
    CHECK_NEAR(b->value.mean, 3, 1e-12);
    CHECK_NEAR(b->change.mean, 1, 1e-12);
    CHECK_NEAR(b->change.high, 1 + 4.302652730 * .1 / sqrt(3), 1e-8);
    CHECK_I64(b->verdict, SIM_HIGHER);
    CHECK_I64(sim_comparison_cell(&c, 0, 2)->verdict, SIM_NO_VERDICT);
    c.counted[0] = 0;
    sim_comparison_judge(&c);
    CHECK_I64(sim_comparison_cell(&c, 0, 1)->verdict, SIM_NO_VERDICT);
    CHECK(!claim_holds(&c, "dns.queries during crash: a < b"));
    sim_comparison_fini(&c);
}

static void equal_runs_are_called_equal_and_shares_stay_shares(void)
{
    static const double values[3][RUNS] = {
        { 1, 1, .9, 1, 1 },
        { 1, 1, .9, 1, 1 },
        { 0, 0, .1, 0, 0 },
    };
    struct sim_comparison c = judged("availability", values);
    CHECK_I64(sim_comparison_cell(&c, 0, 1)->verdict, SIM_ALIKE);
    CHECK_NEAR(sim_comparison_cell(&c, 0, 1)->value.high, 1, 0);
    CHECK_NEAR(sim_comparison_cell(&c, 0, 2)->value.low, 0, 0);
    CHECK_I64(sim_comparison_cell(&c, 0, 2)->verdict, SIM_LOWER);
    sim_comparison_fini(&c);
}

static void the_same_difference_in_few_runs_may_be_chance(void)
{
    static const double values[3][RUNS] = {
        { 1, 1, 1, 1, 1 },
        { 0, 0, 0, 0, 0 },
        { 1, 1, 1, 1, 1 },
    };
    struct sim_comparison c = judged("availability", values);
    CHECK_NEAR(sim_comparison_cell(&c, 0, 1)->p, 0.0625, 0); /* 5 of 5: the sign test */
    CHECK_I64(sim_comparison_cell(&c, 0, 1)->verdict, SIM_TOO_FEW);
    CHECK_I64(sim_comparison_cell(&c, 0, 2)->verdict, SIM_ALIKE);
    sim_comparison_fini(&c);
}

static void claims_and_measures_that_make_no_sense_are_refused(void)
{
    static const struct {
        const char *text;
        int err;
        const char *words;
    } cases[] = {
        { "dns.latency.p99", SW_ERR_MALFORMED, "expected METRIC" },
        { "dns.latency.p99: a", SW_ERR_MALFORMED, "expected METRIC" },
        { "dns.latency.p99: a <= b", SW_ERR_MALFORMED, "expected METRIC" },
        { "dns.latency.p99: a < b c", SW_ERR_MALFORMED, "expected METRIC" },
        { "dns.latency.p99: a < d", SW_ERR_NOTFOUND, "'d' is not among those compared" },
        { "dns.latency.p98: a < b", SW_ERR_NOTFOUND, "did you mean 'dns.latency.p9" },
        { "backup.rto during crash: a < b", SW_ERR_NOTFOUND, "no value during a fault" },
        { "dns.slow under crash: a < b", SW_ERR_NOTFOUND, "expected METRIC [during FAULT]" },
        { "dns.slow during: a < b", SW_ERR_NOTFOUND, "expected METRIC [during FAULT]" },
    };
    for (size_t i = 0; i < SW_LEN(cases); i++) {
        struct sim_comparison c = { .arms = { "a", "b" }, .n_arms = 2, .runs = 2 };
        struct sim_claim claim;
        struct sw_diag d = { 0 };
        CHECK_I64(sim_claim_parse(&claim, cases[i].text, &c, &d), cases[i].err);
        CHECK(strstr(d.text, cases[i].words) != NULL);
        CHECK_U64(c.n_measures, 0);
    }
}

static void a_claim_adds_its_measure_once(void)
{
    struct sim_comparison c = { .arms = { "a", "b" }, .n_arms = 2, .runs = 2 };
    struct sim_claim claim;
    struct sw_diag d = { 0 };
    size_t index;
    CHECK_I64(sim_comparison_add(&c, "dns.slow", &index, &d), 0);
    CHECK_I64(sim_claim_parse(&claim, "dns.slow: a<b", &c, &d), 0);
    CHECK_U64(claim.measure, 0);
    CHECK_I64(sim_claim_parse(&claim, " dns.slow during crash : b > a ", &c, &d), 0);
    CHECK_U64(claim.measure, 1);
    CHECK_U64(claim.left, 1);
    CHECK_U64(c.n_measures, 2);
}

CU_TestInfo tests_compare[] = {
    { "a paired difference holds where intervals overlap",
      a_paired_difference_holds_where_intervals_overlap },
    { "a claim holds when all intervals lie apart", a_claim_holds_when_all_intervals_lie_apart },
    { "less than the error of reading is no difference",
      less_than_the_error_of_reading_is_no_difference },
    { "what a run did not measure has no verdict", what_a_run_did_not_measure_has_no_verdict },
    { "only runs with the fault count", only_runs_with_the_fault_count },
    { "equal runs are called equal, and shares stay shares",
      equal_runs_are_called_equal_and_shares_stay_shares },
    { "the same difference in few runs may be chance",
      the_same_difference_in_few_runs_may_be_chance },
    { "claims and measures that make no sense are refused",
      claims_and_measures_that_make_no_sense_are_refused },
    { "a claim adds its measure once", a_claim_adds_its_measure_once },
    CU_TEST_INFO_NULL,
};
