/* SPDX-License-Identifier: GPL-3.0-or-later
 * Designs, ranges, paired differences and main effects, on cases worked by hand. */
#include "node/base/types.h"
#include "sim/search/paired.h"
#include "sim/search/space.h"
#include "tests/lib/check.h"

#include <math.h>
#include <stdlib.h>

extern CU_TestInfo tests_design[];

static char *text(const char *s)
{
    char *out;
    memcpy(&out, &s, sizeof out); /* tables own their text; these borrow it */
    return out;
}

/* Every n-th part of every dimension is used once. */
static void a_latin_hypercube_has_one_point_in_each_stratum(void)
{
    const size_t dim = 5;
    const size_t n = 23;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        double *u = sim_design_latin(dim, n, seed);
        REQUIRE(u != NULL);
        for (size_t d = 0; d < dim; d++) {
            uint32_t seen = 0;
            for (size_t i = 0; i < n; i++) {
                CHECK(u[i * dim + d] >= 0 && u[i * dim + d] < 1);
                seen |= UINT32_C(1) << (uint32_t)(u[i * dim + d] * (double)n);
            }
            CHECK_U64(seen, (UINT32_C(1) << n) - 1);
        }
        double *again = sim_design_latin(dim, n, seed);
        double *other = sim_design_latin(dim, n, seed + 100);
        REQUIRE(again != NULL && other != NULL);
        CHECK(memcmp(u, again, n * dim * sizeof *u) == 0);
        CHECK(memcmp(u, other, n * dim * sizeof *u) != 0);
        free(u);
        free(again);
        free(other);
    }
}

/* The first points of the sequence in Bratley and Fox 1988, without the origin. */
static void sobols_first_points_are_those_of_the_paper(void)
{
    static const double want[][2] = { { .5, .5 },     { .75, .25 },   { .25, .75 },  { .375, .375 },
                                      { .875, .875 }, { .625, .125 }, { .125, .625 } };
    double *u = sim_design_sobol(2, SW_LEN(want), 0);
    double *shifted = sim_design_sobol(2, SW_LEN(want), 7);
    REQUIRE(u != NULL && shifted != NULL);
    for (size_t i = 0; i < 2 * SW_LEN(want); i++) {
        CHECK_NEAR(u[i], want[i / 2][i % 2], 0);
        /* round the cube, all by the same */
        const double by = shifted[i] - u[i] + (shifted[i] < u[i] ? 1 : 0);
        const double first = shifted[i % 2] - u[i % 2] + (shifted[i % 2] < u[i % 2] ? 1 : 0);
        CHECK_NEAR(by, first, 1e-12);
    }
    free(u);
    free(shifted);
    CHECK(sim_design_sobol(41, 4, 0) == NULL);
}

static void a_grid_has_every_combination_once_with_both_ends(void)
{
    char *values[] = { text("a"), text("b") };
    const struct sim_dimension x[] = { { .key = text("p") },
                                       { .key = text("q"), .values = values, .n_values = 2 } };
    static const double want[][2] = { { 0, .25 },  { 0, .75 }, { .5, .25 },
                                      { .5, .75 }, { 1, .25 }, { 1, .75 } };
    double *u = NULL;
    REQUIRE(sim_design_grid(x, 2, 3, &u) == 6);
    for (size_t i = 0; i < 12; i++) {
        CHECK_NEAR(u[i], want[i / 2][i % 2], 0);
    }
    free(u);
    CHECK_U64(sim_design_grid(x, 1, SIM_DESIGN_MOST + 1, &u), 0);
}

static void coordinates_become_values_that_a_scenario_reads(void)
{
    static const struct {
        const char *low, *high, *scale;
        bool whole;
        double u;
        const char *value;
    } row[] = {
        { "0", "10", "linear", false, .25, "2.5" },
        { "0", "10", "linear", true, .26, "3" },
        { "1ms", "100ms", "log", false, .5, "10ms" },
        { "0.1%", "10%", "log", false, 1, "10%" },
        { "0.001", "1000", "log", false, 0, "0.001" },
        { "1000000", "3000000", "linear", false, .5, "2000000" },
        { "0", "1", "linear", false, 1.0 / 3, "0.3333" },
        { "0.12345", "2", "linear", false, 0, "0.123450000" }, /* 0.1235 lies inside, 0.1234 not */
    };
    for (size_t i = 0; i < SW_LEN(row); i++) {
        struct sw_diag d = { 0 };
        char value[SIM_VALUE];
        struct sim_dimension x = { .key = text("a.b"),
                                   .low = text(row[i].low),
                                   .high = text(row[i].high),
                                   .scale = text(row[i].scale),
                                   .whole = row[i].whole };
        CHECK_I64(sim_dimension_settle(&x, "", &d), SW_OK);
        sim_dimension_value(&x, row[i].u, value);
        if (i + 1 < SW_LEN(row)) {
            CHECK_STR(value, row[i].value);
        }
        CHECK(strtod(value, NULL) >= x.from && strtod(value, NULL) <= x.until);
    }
}

static void a_policys_parameter_brings_its_range_and_scale(void)
{
    struct sw_diag d = { 0 };
    char value[SIM_VALUE];
    struct sim_dimension x = { .key = text("evaporation") }; /* 50 ms to 3 s, logarithmic */
    CHECK_I64(sim_dimension_settle(&x, "ant_colony", &d), SW_OK);
    sim_dimension_value(&x, 0, value);
    CHECK_STR(value, "50ms");
    sim_dimension_value(&x, 1, value);
    CHECK_STR(value, "3000ms");
    sim_dimension_value(&x, .5, value);
    CHECK_STR(value, "387.3ms"); /* sqrt(50 x 3000) */
}

static void impossible_ranges_are_refused(void)
{
    static const struct {
        const char *key, *low, *high, *scale;
        int err;
    } bad[] = {
        { "a.b", NULL, NULL, NULL, SW_ERR_MALFORMED },
        { "a.b", "1", NULL, NULL, SW_ERR_MALFORMED },
        { "a.b", "1ms", "2s", NULL, SW_ERR_MALFORMED },
        { "a.b", "x", "2", NULL, SW_ERR_MALFORMED },
        { "a.b", "2", "1", NULL, SW_ERR_RANGE },
        { "a.b", "0", "1", "log", SW_ERR_RANGE },
        { "a.b", "1", "2", "cubic", SW_ERR_MALFORMED },
        { "prices", NULL, NULL, NULL, SW_ERR_NOTFOUND },
    };
    for (size_t i = 0; i < SW_LEN(bad); i++) {
        struct sw_diag d = { 0 };
        struct sim_dimension x = { .key = text(bad[i].key),
                                   .low = text(bad[i].low),
                                   .high = text(bad[i].high),
                                   .scale = text(bad[i].scale) };
        CHECK_I64(sim_dimension_settle(&x, "ant_colony", &d), bad[i].err);
    }
}

/* Two scenarios, three seeds.  Differences 1, 2, 3: mean 2, s^2 = 1; 0, 0, 6: mean 2, s^2 = 12.
 * Mean of means 2; error = sqrt(1/3 + 12/3) / 2 = 1.0408; df = (13/3)^2 / ((1/3)^2/2 + 4^2/2)
 * = 18.778 / 8.0556 = 2.331. */
static void paired_differences_are_stratified_by_scenario(void)
{
    const double a[] = { 11, 12, 13, 100, 100, 106 };
    const double b[] = { 10, 10, 10, 100, 100, 100 };
    const struct sim_paired p = sim_paired(a, b, 2, 3);
    CHECK_NEAR(p.change.mean, 2, 1e-12);
    const struct sim_estimate e = { 2, 1.0408329997, 2.3310345 };
    const struct sim_interval want = sim_stats_interval(&e, .95);
    CHECK_NEAR(p.change.low, want.low, 1e-5);
    CHECK_NEAR(p.change.high, want.high, 1e-5);
    CHECK(p.p > .15 && p.p < .25); /* t = 1.92 with about 2 degrees of freedom */
    const struct sim_paired one = sim_paired(a, b, 6, 1);
    CHECK_NEAR(one.change.mean, 2, 1e-12);
    CHECK(isnan(one.change.low) && isnan(one.p));
    const struct sim_paired same = sim_paired(a, a, 2, 3);
    CHECK(same.change.mean == 0 && isnan(same.p));
}

/* Two bins of three: y = 1, 2, 3 and 4, 5, 6.  SST = 17.5, SSW = 4: 1 - (4/4)/(17.5/5) = 5/7. */
static void a_main_effect_is_the_corrected_correlation_ratio(void)
{
    const double u[] = { 0, .1, .49, .5, .9, 1, NAN };
    const double y[] = { 1, 2, 3, 4, 5, 6, 99 };
    const struct sim_effect e = sim_effect(u, y, 7, 2);
    CHECK_NEAR(e.share, 5.0 / 7, 1e-12);
    CHECK_NEAR(e.mean[0], 2, 1e-12);
    CHECK_NEAR(e.mean[1], 5, 1e-12);
    CHECK_U64(e.n[0], 3);
    CHECK_U64(e.n[1], 3);
    const double flat[] = { 1, 2, 3, 1, 2, 3 };
    CHECK_NEAR(sim_effect(u, flat, 6, 2).share, 0, 0);
    CHECK(isnan(sim_effect(u, y, 2, 2).share));
}

CU_TestInfo tests_design[] = {
    { "a latin hypercube has one point in each stratum",
      a_latin_hypercube_has_one_point_in_each_stratum },
    { "sobols first points are those of the paper", sobols_first_points_are_those_of_the_paper },
    { "a grid has every combination once with both ends",
      a_grid_has_every_combination_once_with_both_ends },
    { "coordinates become values that a scenario reads",
      coordinates_become_values_that_a_scenario_reads },
    { "a policys parameter brings its range and scale",
      a_policys_parameter_brings_its_range_and_scale },
    { "impossible ranges are refused", impossible_ranges_are_refused },
    { "paired differences are stratified by scenario",
      paired_differences_are_stratified_by_scenario },
    { "a main effect is the corrected correlation ratio",
      a_main_effect_is_the_corrected_correlation_ratio },
    CU_TEST_INFO_NULL,
};
