/* SPDX-License-Identifier: GPL-3.0-or-later
 * Load curves: arrivals by inversion, worked by hand. */
#include "sim/world/diurnal.h"
#include "tests/lib/check.h"

static double points[] = { 1, 3 };

/* Up from 1 to 3 in the first 10 s, and down again: 20 s at the mean rate in each half. */
static const struct sim_diurnal triangle = { .period = 20 * SW_SEC, .curve = points, .n_curve = 2 };

static void a_gap_becomes_the_time_in_which_the_curve_brings_as_much(void)
{
    static const struct {
        double now, gap, then;
    } by_hand[] = {
        { 0, 20, 10 },              /* (1 + 3) / 2 x 10 = 20 */
        { 0, 40, 20 },              /* a whole period */
        { 0, 5.625, 4.0138781887 }, /* y + y^2 / 10 = 5.625: -5 + sqrt(81.25) */
        { 10, 20, 20 },             /* down */
        { 5, 25, 15 },              /* 2..3 brings 12.5 in 5 s, and 3..2 as much */
        { 3, 400, 203 },            /* ten periods */
        { 7, 0, 7 },
    };
    struct sim_day *day = sim_day_new(&triangle);
    REQUIRE(day != NULL);
    for (size_t i = 0; i < SW_LEN(by_hand); i++) {
        const sw_time then =
            sim_day_after(day, (sw_time)(by_hand[i].now * 1e9), (sw_dur)(by_hand[i].gap * 1e9));
        CHECK_NEAR((double)then * 1e-9, by_hand[i].then, 1e-8);
    }
    sim_day_free(day);
}

static void the_cosine_peaks_when_it_is_said_to_and_keeps_the_mean(void)
{
    const struct sim_diurnal u = { .amplitude = 0.5,
                                   .peak_at = 6 * 3600 * SW_SEC,
                                   .period = 24 * 3600 * SW_SEC };
    struct sim_day *day = sim_day_new(&u);
    REQUIRE(day != NULL);
    /* A second of gap: 2/3 s at the peak, 2 s in the trough, 1 s half way. */
    const sw_time hour = 3600 * SW_SEC;
    CHECK_NEAR((double)(sim_day_after(day, 6 * hour, SW_SEC) - 6 * hour), 2e9 / 3, 1e5);
    CHECK_NEAR((double)(sim_day_after(day, 18 * hour, SW_SEC) - 18 * hour), 2e9, 1e5);
    CHECK_NEAR((double)(sim_day_after(day, 0, SW_SEC)), 1e9, 1e5);
    CHECK_NEAR((double)sim_day_after(day, 0, 24 * hour) * 1e-9, 86400, 1e-3);
    sim_day_free(day);
}

static void a_rate_that_pauses_brings_nothing_in_its_pause(void)
{
    double night[] = { 2, 0, 0, 2 };
    const struct sim_diurnal u = { .period = 40 * SW_SEC, .curve = night, .n_curve = 4 };
    struct sim_day *day = sim_day_new(&u);
    REQUIRE(day != NULL);
    /* 0..10 s brings 10, 10..20 s nothing, 20..30 s brings 10: y^2 / 10 = 2.5 after 5 s. */
    CHECK_NEAR((double)sim_day_after(day, 0, 12500 * SW_MS) * 1e-9, 25, 1e-6);
    CHECK_NEAR((double)sim_day_after(day, 15 * SW_SEC, 2500 * SW_MS) * 1e-9, 25, 1e-6);
    sim_day_free(day);
}

/* 1.7 to 0 brings 8.5 in 10 s: all of it, and 1.7^2 - 2 x .17 x 8.5 is -4e-16 in binary. */
static void all_that_a_falling_line_brings_takes_all_of_it(void)
{
    double fall[] = { 1.7, 0 };
    const struct sim_diurnal u = { .period = 20 * SW_SEC, .curve = fall, .n_curve = 2 };
    struct sim_day *day = sim_day_new(&u);
    REQUIRE(day != NULL);
    CHECK_NEAR((double)sim_day_after(day, 0, 8500 * SW_MS) * 1e-9, 10, 1e-6);
    sim_day_free(day);
}

static void a_gap_beyond_all_runs_ends_beyond_all_runs(void)
{
    double little[] = { 1e-9, 0 };
    const struct sim_diurnal u = { .period = 20 * SW_SEC, .curve = little, .n_curve = 2 };
    struct sim_day *day = sim_day_new(&u);
    REQUIRE(day != NULL);
    CHECK_U64(sim_rounded(1e30), SIM_LONG);
    CHECK_U64(sim_rounded(2.5), 3);
    CHECK_U64(sim_day_after(day, 7, SIM_LONG), SIM_LONG + 7);
    sim_day_free(day);
}

static void no_curve_costs_nothing(void)
{
    const struct sim_diurnal flat = { .period = SW_SEC };
    CHECK(sim_day_new(&flat) == NULL);
}

extern CU_TestInfo tests_diurnal[];
CU_TestInfo tests_diurnal[] = {
    { "a gap becomes the time in which the curve brings as much",
      a_gap_becomes_the_time_in_which_the_curve_brings_as_much },
    { "the cosine peaks when it is said to, and keeps the mean",
      the_cosine_peaks_when_it_is_said_to_and_keeps_the_mean },
    { "a rate that pauses brings nothing in its pause",
      a_rate_that_pauses_brings_nothing_in_its_pause },
    { "all that a falling line brings takes all of it",
      all_that_a_falling_line_brings_takes_all_of_it },
    { "a gap beyond all runs ends beyond all runs", a_gap_beyond_all_runs_ends_beyond_all_runs },
    { "no curve costs nothing", no_curve_costs_nothing },
    CU_TEST_INFO_NULL,
};
