/* SPDX-License-Identifier: GPL-3.0-or-later
 * Intervals against worked values and against their own promise, the coverage. */
#include "sim/analyse/stats.h"

#include "node/base/err.h"
#include "node/base/rng.h"
#include "sim/analyse/theory.h"
#include "tests/lib/check.h"

#include <math.h>

extern CU_TestInfo tests_stats[];

static void a_mean_has_students_interval(void)
{
    /* t(0.975; 4) = 2.776445; sd = sqrt(2.5). */
    const double x[] = { 1, 2, 3, 4, 5 };
    struct sim_interval i;
    CHECK_I64(sim_stats_mean(x, 5, 0.95, &i), SW_OK);
    CHECK_NEAR(i.mean, 3, 1e-12);
    CHECK_NEAR(i.high - i.mean, 2.776445105 * 0.7071067812, 1e-8);
    CHECK_NEAR(i.mean - i.low, i.high - i.mean, 1e-12);
    CHECK_I64(sim_stats_mean(x, 1, 0.95, &i), SW_ERR_RANGE);
    CHECK_I64(sim_stats_mean(x, 5, 1, &i), SW_ERR_RANGE);
}

static void large_offsets_do_not_cancel(void)
{
    const double x[] = { 1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16 };
    const double small[] = { 4, 7, 13, 16 };
    struct sim_interval a;
    struct sim_interval b;
    CHECK_I64(sim_stats_mean(x, 4, 0.99, &a), SW_OK);
    CHECK_I64(sim_stats_mean(small, 4, 0.99, &b), SW_OK);
    CHECK_NEAR(a.high - a.low, b.high - b.low, 1e-6);
}

static void pairs_cancel_what_they_share(void)
{
    double a[30];
    double b[30];
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(1, "test", "pairs"));
    for (size_t i = 0; i < SW_LEN(a); i++) {
        const double common = 100 * sw_unit(sw_rng_next(&rng));
        a[i] = common + sw_unit(sw_rng_next(&rng)) + 1;
        b[i] = common + sw_unit(sw_rng_next(&rng));
    }
    struct sim_interval pair;
    struct sim_interval alone;
    CHECK_I64(sim_stats_paired(a, b, SW_LEN(a), 0.95, &pair), SW_OK);
    CHECK_I64(sim_stats_mean(a, SW_LEN(a), 0.95, &alone), SW_OK);
    CHECK(pair.low > 0.7 && pair.high < 1.3);
    CHECK(alone.high - alone.low > 10 * (pair.high - pair.low));
}

static void a_median_of_ten_has_the_tabulated_ranks(void)
{
    /* Binomial(10, 1/2): ranks 2 and 9 cover 97.9 %, ranks 2 and 8 or 3 and 9 only 93.4 %. */
    double x[] = { 10, 3, 7, 1, 9, 2, 8, 4, 6, 5 };
    struct sim_interval i;
    CHECK_I64(sim_stats_quantile(x, 10, 0.5, 0.95, &i), SW_OK);
    CHECK_NEAR(i.mean, 5, 0);
    CHECK_NEAR(i.low, 2, 0);
    CHECK_NEAR(i.high, 9, 0);
    CHECK_I64(sim_stats_quantile(x, 10, 0.99, 0.95, &i), SW_ERR_RANGE);
    CHECK_I64(sim_stats_quantile(x, 10, 0, 0.95, &i), SW_ERR_RANGE);
}

static void quantile_intervals_cover_as_promised(void)
{
    const double quantiles[] = { 0.5, 0.9, 0.99 };
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(1, "test", "quantiles"));
    for (size_t q = 0; q < SW_LEN(quantiles); q++) {
        unsigned covered = 0;
        for (unsigned run = 0; run < 500; run++) {
            double x[600];
            for (size_t k = 0; k < SW_LEN(x); k++) {
                x[k] = sw_unit(sw_rng_next(&rng));
            }
            struct sim_interval i;
            CHECK_I64(sim_stats_quantile(x, SW_LEN(x), quantiles[q], 0.95, &i), SW_OK);
            CHECK(i.low <= i.mean && i.mean <= i.high);
            covered += i.low <= quantiles[q] && quantiles[q] <= i.high;
        }
        CHECK(covered >= 460 && covered < 500); /* 475 promised; 3 standard deviations */
    }
}

static void a_share_has_the_exact_interval(void)
{
    struct sim_interval i;
    CHECK_I64(sim_stats_share(0, 100, 0.95, &i), SW_OK);
    CHECK_NEAR(i.low, 0, 0);
    CHECK_NEAR(i.high, 0.036217, 1e-6); /* 1 - 0.025^(1/100) */
    CHECK_I64(sim_stats_share(100, 100, 0.95, &i), SW_OK);
    CHECK_NEAR(i.low, 1 - 0.036217, 1e-6);
    CHECK_NEAR(i.high, 1, 0);
    CHECK_I64(sim_stats_share(5, 10, 0.95, &i), SW_OK);
    CHECK_NEAR(i.low, 0.187086, 1e-6);
    CHECK_NEAR(i.high, 0.812914, 1e-6);
    CHECK_I64(sim_stats_share(2, 1, 0.95, &i), SW_ERR_RANGE);
    CHECK_I64(sim_stats_share(0, 0, 0.95, &i), SW_ERR_RANGE);
}

static void theory_gives_the_known_values(void)
{
    CHECK_NEAR(1 + sim_theory_mmc_wait(1, .8), 5, 1e-12);
    CHECK_NEAR(1 + sim_theory_mmc_wait(1, .95), 20, 1e-11);
    CHECK_NEAR(sim_theory_mm1_sojourn(.8, .99), 23.03, .005);
    CHECK_NEAR(sim_theory_mm1_sojourn(.95, .99), 92.10, .005);
    CHECK_NEAR(sim_theory_md1_wait(.8), 2, 1e-12);
    /* By hand.  n = 3: P(R > t) falls from 1 to 1/2 at 1, 1/8 at 2, 0 at 3; its square's integral
     * is 7/12 + 7/64 + 1/192. */
    CHECK_NEAR(sim_theory_swim_probed(2), .5, 1e-12);
    CHECK_NEAR(sim_theory_swim_probed(3), 67. / 96, 1e-12);
    CHECK_NEAR(sim_theory_swim_probed(100000), 1, 1e-4); /* the limit: exponential, rate 1 */
    CHECK_NEAR(sim_theory_md1_wait(.95), 9.5, 1e-12);
    CHECK_NEAR(sim_theory_erlang_c(2, .8), .71111, 5e-6);
    CHECK_NEAR(sim_theory_erlang_c(4, .8), .59643, 5e-6);
    CHECK_NEAR(sim_theory_erlang_c(8, .9), .70153, 5e-6);
    CHECK_NEAR(sim_theory_erlang_c(32, .95), .69571, 5e-6);
    CHECK_NEAR(sim_theory_mmc_wait(2, .8), 1.77778, 5e-6);
    CHECK_NEAR(sim_theory_mmc_wait(4, .8), .74554, 5e-6);
    CHECK_NEAR(sim_theory_mmc_wait(8, .9), .87692, 5e-6);
    CHECK_NEAR(sim_theory_mmc_wait(32, .95), .43482, 5e-6);
    CHECK_NEAR(sim_theory_mm1k_loss(.8, 10), .023493, 5e-7);
    CHECK_NEAR(sim_theory_mm1k_loss(.95, 20), .027181, 5e-7);
}

static void theory_of_networks_caches_retries_and_copies_has_the_known_values(void)
{
    const double mu[SIM_STATIONS] = { 2, 2, 1 };
    const double gamma[SIM_STATIONS] = { 1, 0, 0 };
    double p[SIM_STATIONS][SIM_STATIONS] = { { 0, .6, .4 }, { .2, 0, 0 }, { 0, .3, 0 } };
    double l[SIM_STATIONS];
    /* Traffic by hand: r3 = .4 r1, r2 = .72 r1, r1 = 1 / .856. */
    CHECK_NEAR(sim_theory_jackson(3, mu, gamma, p, l), 3.00749, 5e-6);
    CHECK_NEAR(l[0], 1.40449, 5e-6);
    CHECK_NEAR(l[1], .72581, 5e-6);
    CHECK_NEAR(l[2], .87719, 5e-6);
    CHECK_NEAR(sim_theory_cache_hits(.1, 60), .85714, 5e-6);
    CHECK_NEAR(sim_theory_retry_fails(.1, 3), .006859, 1e-12); /* .19 cubed */
    CHECK_NEAR(sim_theory_retry_transmissions(.1, 3), 1.2261, 1e-12);
    CHECK_NEAR(sim_theory_two_copies(.01, .1), 650, 1e-9);
    CHECK_NEAR(sim_theory_two_copies(1, 0), 1.5, 1e-12); /* no repair: 1/2 and then 1 */
}

static void controls_take_off_what_they_explain(void)
{
    /* y = 3 + 2 (x - 5) exactly: the mean where x has its own is 3, however x fell. */
    const double x[] = { 1, 2, 4, 7, 9, 3 };
    const double still[] = { 8, 8, 8, 8, 8, 8 };
    double y[SW_LEN(x)];
    for (size_t i = 0; i < SW_LEN(x); i++) {
        y[i] = 3 + 2 * (x[i] - 5);
    }
    const struct sim_control controls[] = { { x, 5 }, { still, 8 } };
    struct sim_estimate e = { 0 };
    CHECK_I64(sim_stats_controlled(y, SW_LEN(x), controls, 2, &e), SW_OK);
    CHECK_NEAR(e.mean, 3, 1e-12);
    CHECK_NEAR(e.error, 0, 1e-12);
    CHECK_NEAR(e.df, 4, 0); /* the one that never varies costs nothing */
    CHECK_I64(sim_stats_controlled(y, 4, controls, 2, &e), SW_ERR_RANGE);
}

static void without_controls_it_is_students_interval(void)
{
    const double x[] = { 1, 2, 3, 4, 5 };
    struct sim_estimate e = { 0 };
    CHECK_I64(sim_stats_controlled(x, 5, NULL, 0, &e), SW_OK);
    const struct sim_interval i = sim_stats_interval(&e, .95);
    CHECK_NEAR(i.mean, 3, 1e-12);
    CHECK_NEAR(i.high - i.mean, 2.776445105 * 0.7071067812, 1e-8);
}

static void controlled_intervals_cover_as_promised_and_are_shorter(void)
{
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(1, "test", "controls"));
    unsigned covered = 0;
    double plain = 0;
    double controlled = 0;
    for (unsigned run = 0; run < 2000; run++) {
        double x[20];
        double y[20];
        for (size_t i = 0; i < SW_LEN(x); i++) {
            x[i] = sw_normal(sw_rng_next(&rng), sw_rng_next(&rng));
            y[i] = 7 + x[i] + sw_normal(sw_rng_next(&rng), sw_rng_next(&rng));
        }
        const struct sim_control control = { x, 0 };
        struct sim_estimate e;
        CHECK_I64(sim_stats_controlled(y, SW_LEN(y), &control, 1, &e), SW_OK);
        const struct sim_interval i = sim_stats_interval(&e, .95);
        covered += i.low <= 7 && 7 <= i.high ? 1 : 0;
        controlled += e.error * e.error;
        CHECK_I64(sim_stats_controlled(y, SW_LEN(y), NULL, 0, &e), SW_OK);
        plain += e.error * e.error;
    }
    CHECK(covered >= 1871 && covered <= 1929); /* 1900 promised; 3 standard deviations */
    CHECK_NEAR(controlled / plain, .5 * 19 / 18, .05);
}

static void equivalence_holds_exactly_when_the_interval_lies_inside(void)
{
    const struct sim_estimate e = { 10, 1, 5 };
    const struct sim_interval i = sim_stats_interval(&e, .9); /* t(.95; 5) = 2.015048 */
    CHECK_NEAR(i.high, 12.015048, 1e-6);
    CHECK_NEAR(sim_stats_equivalent_p(&e, i.low, 100), .05, 1e-9);
    CHECK_NEAR(sim_stats_equivalent_p(&e, -100, i.high), .05, 1e-9);
    CHECK(sim_stats_equivalent_p(&e, i.low + .01, 100) > .05);
    CHECK(sim_stats_equivalent_p(&e, i.low - .01, i.high + .01) < .05);
    CHECK(sim_stats_equivalent_p(&e, 11, 100) > .5); /* outside */
    const struct sim_estimate exact = { 10, 0, 5 };
    CHECK_NEAR(sim_stats_equivalent_p(&exact, 9, 11), 0, 0);
    CHECK_NEAR(sim_stats_equivalent_p(&exact, 10.5, 11), 1, 0);
}

static void a_bootstrap_resamples_and_needs_six(void)
{
    const double x[] = { 3, 5, 8, 9, 11, 12 };
    const double same[] = { 4, 4, 4, 4, 4, 4 };
    struct sim_interval i;
    struct sim_interval again;
    CHECK_I64(sim_stats_bootstrap(x, 5, .95, 1, &i), SW_ERR_RANGE);
    CHECK_I64(sim_stats_bootstrap(x, 6, .95, 1, &i), SW_OK);
    CHECK_I64(sim_stats_bootstrap(x, 6, .95, 1, &again), SW_OK);
    CHECK_NEAR(i.mean, 8, 1e-12);
    CHECK(i.low >= 3 && i.low < i.mean && i.mean < i.high && i.high <= 12);
    CHECK_NEAR(i.low, again.low, 0);
    CHECK_NEAR(i.high, again.high, 0);
    CHECK_I64(sim_stats_bootstrap(same, 6, .95, 1, &i), SW_OK);
    CHECK_NEAR(i.high - i.low, 0, 0);
}

/* Normal values, and skewed ones, where a bootstrap of ten is known to cover less. */
static void bootstrap_intervals_cover_about_as_promised(void)
{
    static const struct {
        size_t n;
        bool normal;
        unsigned least; /* of 1000 */
    } cases[] = { { 6, true, 900 }, { 10, true, 920 }, { 20, false, 880 } };
    for (size_t k = 0; k < SW_LEN(cases); k++) {
        struct sw_rng rng;
        unsigned covered = 0;
        sw_rng_init(&rng, sw_rng_key(k, "test", "bootstrap"));
        for (unsigned run = 0; run < 100; run++) {
            double x[20];
            for (size_t i = 0; i < cases[k].n; i++) {
                x[i] = cases[k].normal ? 1 + sw_normal(sw_rng_next(&rng), sw_rng_next(&rng))
                                       : sw_exponential(sw_rng_next(&rng), 1);
            }
            struct sim_interval i;
            CHECK_I64(sim_stats_bootstrap(x, cases[k].n, .95, run, &i), SW_OK);
            covered += i.low <= 1 && 1 <= i.high ? 1 : 0;
        }
        /* below what is expected by 3 standard deviations of 100 trials */
        CHECK(covered * 10 + 65 >= cases[k].least);
    }
}

static void a_paired_test_has_students_p(void)
{
    /* Differences 1, 2, 3: t = 2 / sqrt(1/3) = 3.4641, 2 degrees: p = 1 - t / sqrt(t^2 + 2). */
    const double a[] = { 5, 7, 9 };
    const double b[] = { 4, 5, 6 };
    double p = -1;
    CHECK_I64(sim_stats_paired_p(a, b, 3, 0, &p), SW_OK);
    CHECK_NEAR(p, 1 - sqrt(12.0 / 14.0), 1e-12);
    CHECK_I64(sim_stats_paired_p(b, a, 3, 0, &p), SW_OK);
    CHECK_NEAR(p, 1 - sqrt(12.0 / 14.0), 1e-12);
    CHECK_I64(sim_stats_paired_p(a, b, 1, 0, &p), SW_ERR_RANGE);
}

static void differences_all_alike_are_judged_by_their_sign(void)
{
    const double a[] = { 5, 7, 9, 1, 2 };
    const double b[] = { 4, 6, 8, 0, 1 };
    double p = -1;
    CHECK_I64(sim_stats_paired_p(a, b, 5, 0, &p), SW_OK);
    CHECK_NEAR(p, 0.0625, 0); /* 5 heads or 5 tails in 5 throws */
    CHECK_I64(sim_stats_paired_p(a, a, 5, 0, &p), SW_OK);
    CHECK_NEAR(p, 1, 0);
}

static void what_was_read_roughly_counts_as_spread(void)
{
    /* Differences 4, 4, 4, read to 1: t = 4 / (1 / sqrt(3)) = 6.9282, 2 degrees. */
    const double a[] = { 5, 7, 9 };
    const double b[] = { 1, 3, 5 };
    double p = -1;
    CHECK_I64(sim_stats_paired_p(a, b, 3, 1, &p), SW_OK);
    CHECK_NEAR(p, 1 - sqrt(48.0 / 50.0), 1e-12);
}

static void a_paired_test_is_wrong_as_often_as_it_says(void)
{
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(1, "test", "paired p"));
    unsigned wrong = 0;
    for (unsigned run = 0; run < 4000; run++) {
        double a[10];
        double b[10];
        for (size_t i = 0; i < SW_LEN(a); i++) {
            a[i] = sw_unit(sw_rng_next(&rng));
            b[i] = sw_unit(sw_rng_next(&rng));
        }
        double p = 1;
        CHECK_I64(sim_stats_paired_p(a, b, SW_LEN(a), 0, &p), SW_OK);
        wrong += p < 0.05;
    }
    CHECK(wrong > 150 && wrong < 250); /* 200 promised; 3.6 standard deviations */
}

static void holm_steps_down_and_never_back(void)
{
    /* Sorted .005 .01 .03 .04, times 4 3 2 1: .02 .03 .06 .04, and .04 is raised to .06. */
    const double p[] = { 0.01, 0.04, NAN, 0.03, 0.005 };
    double out[SW_LEN(p)];
    sim_stats_holm(p, SW_LEN(p), out);
    CHECK_NEAR(out[0], 0.03, 1e-15);
    CHECK_NEAR(out[1], 0.06, 1e-15);
    CHECK(isnan(out[2]));
    CHECK_NEAR(out[3], 0.06, 1e-15);
    CHECK_NEAR(out[4], 0.02, 1e-15);
    const double high[] = { 0.5, 0.5, 0.9 };
    sim_stats_holm(high, SW_LEN(high), out);
    CHECK_NEAR(out[0], 1, 0);
    CHECK_NEAR(out[1], 1, 0);
    CHECK_NEAR(out[2], 1, 0);
}

static void what_never_happened_is_bounded_by_three_over_n(void)
{
    CHECK_NEAR(sim_stats_never(1), 1, 0);
    CHECK_NEAR(sim_stats_never(3), 1, 0);
    CHECK_NEAR(sim_stats_never(20), 0.15, 1e-15);
    for (uint64_t n = 1; n < 10000; n = n * 3 / 2 + 1) { /* never below the exact bound */
        CHECK(sim_stats_never(n) >= 1 - pow(0.05, 1 / (double)n));
    }
}

static void mser_cuts_where_a_series_settles(void)
{
    /* Batch means 9, 6, then 1 and 3 in turn: with 0, 1, 2, 3 of the 12 left out the rest has
     * squares 64.92, 24.55, 10, 8.89 about its mean; over 12^2, 11^2, 10^2, 9^2 that is .451,
     * .203, .1, .110. */
    const double level[] = { 9, 6, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3 };
    double x[5 * SW_LEN(level)];
    for (size_t i = 0; i < SW_LEN(x); i++) {
        x[i] = level[i / 5] + (double)(i % 5) - 2;
    }
    size_t skip = 99;
    CHECK_I64(sim_stats_mser5(x, SW_LEN(x), &skip), SW_OK);
    CHECK_U64(skip, 10);
    CHECK_I64(sim_stats_mser5(x + 10, 50, &skip), SW_OK);
    CHECK_U64(skip, 0);
    CHECK_I64(sim_stats_mser5(x, 49, &skip), SW_ERR_RANGE);
}

static void mser_refuses_a_series_that_does_not_settle(void)
{
    double x[100];
    for (size_t i = 0; i < SW_LEN(x); i++) {
        x[i] = i < 70 ? (double)i : 70;
    }
    size_t skip = 99;
    CHECK_I64(sim_stats_mser5(x, SW_LEN(x), &skip), SW_ERR_RANGE);
    CHECK_U64(skip, 99);
    for (size_t i = 0; i < SW_LEN(x); i++) {
        x[i] = 4;
    }
    CHECK_I64(sim_stats_mser5(x, SW_LEN(x), &skip), SW_OK);
    CHECK_U64(skip, 0);
}

CU_TestInfo tests_stats[] = {
    { "a mean has Student's interval", a_mean_has_students_interval },
    { "large offsets do not cancel", large_offsets_do_not_cancel },
    { "pairs cancel what they share", pairs_cancel_what_they_share },
    { "a median of ten has the tabulated ranks", a_median_of_ten_has_the_tabulated_ranks },
    { "quantile intervals cover as promised", quantile_intervals_cover_as_promised },
    { "a share has the exact interval", a_share_has_the_exact_interval },
    { "theory gives the known values", theory_gives_the_known_values },
    { "theory of networks, caches, retries and copies has the known values",
      theory_of_networks_caches_retries_and_copies_has_the_known_values },
    { "controls take off what they explain", controls_take_off_what_they_explain },
    { "without controls it is Student's interval", without_controls_it_is_students_interval },
    { "controlled intervals cover as promised and are shorter",
      controlled_intervals_cover_as_promised_and_are_shorter },
    { "equivalence holds exactly when the interval lies inside",
      equivalence_holds_exactly_when_the_interval_lies_inside },
    { "a bootstrap resamples, and needs six", a_bootstrap_resamples_and_needs_six },
    { "bootstrap intervals cover about as promised", bootstrap_intervals_cover_about_as_promised },
    { "a paired test has Student's p", a_paired_test_has_students_p },
    { "differences all alike are judged by their sign",
      differences_all_alike_are_judged_by_their_sign },
    { "what was read roughly counts as spread", what_was_read_roughly_counts_as_spread },
    { "a paired test is wrong as often as it says", a_paired_test_is_wrong_as_often_as_it_says },
    { "Holm steps down and never back", holm_steps_down_and_never_back },
    { "what never happened is bounded by three over n",
      what_never_happened_is_bounded_by_three_over_n },
    { "MSER-5 cuts where a series settles", mser_cuts_where_a_series_settles },
    { "MSER-5 refuses a series that does not settle", mser_refuses_a_series_that_does_not_settle },
    CU_TEST_INFO_NULL,
};
