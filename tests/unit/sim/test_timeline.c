/* SPDX-License-Identifier: GPL-3.0-or-later
 * Windows, recovery and verdicts, worked by hand. */
#include "sim/analyse/timeline.h"
#include "sim/analyse/verdict.h"
#include "tests/lib/check.h"

#include <math.h>

extern CU_TestInfo tests_timeline[];

static char outage[] = "regional_outage";

/* 100 s, warm-up 10 s, a fault from 40 to 60 s, clients that give up after 10 s. */
static struct sim_scenario scenario(struct sim_fault *fault, struct sim_clients *clients)
{
    *fault = (struct sim_fault){ .kind = outage, .at = 40 * SW_SEC, .length = 20 * SW_SEC };
    *clients = (struct sim_clients){ .timeout = 5 * SW_SEC, .attempts = 2, .n_servers = 1 };
    return (struct sim_scenario){ .duration = 100 * SW_SEC,
                                  .warmup = 10 * SW_SEC,
                                  .interval = SW_SEC,
                                  .faults = fault,
                                  .n_faults = 1,
                                  .clients = clients,
                                  .n_clients = 1 };
}

/* 1000 queries in slot @i: @failed of them fail, the rest take @latency. */
static void fill(struct sim_timeline *t, size_t i, uint64_t failed, sw_dur latency)
{
    struct sim_slot *s = &t->slots[i];
    s->asked = 1000;
    s->answered = 1000 - failed;
    for (uint64_t k = 0; k < 1000; k++) {
        (void)sim_hist_add(&s->latency, k < failed ? 10 * SW_SEC : latency);
    }
}

static void the_last_slots_are_left_out_until_clients_have_given_up(void)
{
    struct sim_fault f;
    struct sim_clients c;
    const struct sim_scenario s = scenario(&f, &c);
    struct sim_timeline t;
    REQUIRE(sim_timeline_init(&t, &s) == 0);
    CHECK_U64(t.n, 100);
    CHECK_U64(t.first, 10);
    CHECK_U64(t.last, 90);
    const struct sim_stretch all = sim_timeline_stretch(&t, &s, NULL);
    CHECK_U64(all.from, 10);
    CHECK_U64(all.until, 90);
    CHECK_U64(sim_timeline_stretch(&t, &s, "crash").until, 0);
    sim_timeline_fini(&t);
}

static void recovery_begins_ten_good_seconds(void)
{
    struct sim_fault f;
    struct sim_clients c;
    const struct sim_scenario s = scenario(&f, &c);
    struct sim_timeline t;
    REQUIRE(sim_timeline_init(&t, &s) == 0);
    for (size_t i = 0; i < 100; i++) {
        /* bad from 40 to 49; good for five seconds; one more bad second at 55 */
        const bool bad = (i >= 40 && i < 50) || i == 55;
        fill(&t, i, bad ? 2 : 0, 20 * SW_MS);
    }
    CHECK_NEAR(sim_timeline_recovery(&t, &s, outage), 16, 1e-9);
    const struct sim_stretch w = sim_timeline_stretch(&t, &s, outage);
    CHECK_U64(w.from, 40);
    CHECK_U64(w.until, 60); /* good again before the fault ended */
    CHECK(isnan(sim_timeline_recovery(&t, &s, "crash")));
    sim_timeline_fini(&t);
}

static void one_failure_in_a_thousand_is_as_good_as_before(void)
{
    struct sim_fault f;
    struct sim_clients c;
    const struct sim_scenario s = scenario(&f, &c);
    struct sim_timeline t;
    REQUIRE(sim_timeline_init(&t, &s) == 0);
    fill(&t, 20, 1, 20 * SW_MS);
    fill(&t, 21, 2, 20 * SW_MS);
    CHECK(sim_timeline_good(&t, 20, NAN));
    CHECK(!sim_timeline_good(&t, 21, NAN));
    fill(&t, 22, 0, 20 * SW_MS);
    CHECK(sim_timeline_good(&t, 22, 14e6));  /* 20 ms <= 1.5 x 14 ms */
    CHECK(!sim_timeline_good(&t, 22, 13e6)); /* 20 ms > 1.5 x 13 ms */
    CHECK(sim_timeline_good(&t, 23, 13e6));  /* nobody asked */
    sim_timeline_fini(&t);
}

static void service_that_stays_slow_never_recovers(void)
{
    struct sim_fault f;
    struct sim_clients c;
    const struct sim_scenario s = scenario(&f, &c);
    struct sim_timeline t;
    REQUIRE(sim_timeline_init(&t, &s) == 0);
    for (size_t i = 0; i < 100; i++) {
        fill(&t, i, 0, i < 40 ? 20 * SW_MS : 40 * SW_MS);
    }
    CHECK(isinf(sim_timeline_recovery(&t, &s, NULL)));
    CHECK_U64(sim_timeline_stretch(&t, &s, outage).until, 90);
    sim_timeline_fini(&t);
}

static void a_fault_too_near_the_end_has_no_recovery_rather_than_none(void)
{
    struct sim_fault f;
    struct sim_clients c;
    struct sim_scenario s = scenario(&f, &c);
    struct sim_timeline t;
    REQUIRE(sim_timeline_init(&t, &s) == 0);
    for (size_t i = 0; i < 100; i++) {
        fill(&t, i, i < 40 ? 0 : 2, 20 * SW_MS);
    }
    CHECK(isinf(sim_timeline_recovery(&t, &s, NULL))); /* 60 + 30 s are seen */
    f.length = 21 * SW_SEC;
    CHECK(isnan(sim_timeline_recovery(&t, &s, NULL)));
    f.at = 95 * SW_SEC; /* behind the last query that counts */
    CHECK(isnan(sim_timeline_recovery(&t, &s, NULL)));
    sim_timeline_fini(&t);
}

static struct sim_verdict judge(const char *op, double threshold, const double *v, size_t n)
{
    static char metric[] = "backup.rto";
    struct sim_expectation e = { .metric = metric, .value = threshold };
    (void)snprintf(e.op, sizeof e.op, "%s", op);
    return sim_judge(&e, v, n);
}

static void a_verdict_is_the_mean_with_students_interval(void)
{
    static const double v[] = { 9, 10, 11, 12, 13 };
    const struct sim_verdict a = judge("<=", 12, v, 5);
    CHECK_NEAR(a.value, 11, 1e-12);
    /* t(0.975, 4) = 2.776445; s / sqrt(5) = sqrt(0.5) */
    CHECK_NEAR(a.high - a.value, 2.776445 * 0.70710678, 1e-6);
    CHECK_NEAR(a.margin, 1, 1e-12);
    CHECK(a.holds);
    CHECK(!judge("<", 11, v, 5).holds);
    CHECK(judge("==", 11, v, 5).holds);
    CHECK_NEAR(judge(">=", 12, v, 5).margin, -1, 1e-12);
}

/* Of ten runs three never came back: no mean, but a median with ranks 2 and 9 (David and Nagaraja),
 * and 7 of 10 below 8 (Clopper and Pearson: .3475 to .9333). */
static void where_a_mean_is_infinite_the_median_and_the_share_of_runs_are_not(void)
{
    static const double v[] = { 7, 1, INFINITY, 3, 2, INFINITY, 6, 5, INFINITY, 4 };
    const struct sim_verdict a = judge("<=", 8, v, 10);
    CHECK(isinf(a.value) && !a.holds);
    CHECK_NEAR(a.median.mean, 5, 0);
    CHECK_NEAR(a.median.low, 2, 0);
    CHECK(isinf(a.median.high));
    CHECK_NEAR(a.met.mean, .7, 1e-12);
    CHECK_NEAR(a.met.low, .3475, 5e-5);
    CHECK_NEAR(a.met.high, .9333, 5e-5);
    static const double some[] = { 1, NAN, 3, 4, 5 };
    CHECK_NEAR(judge("<=", 3, some, 5).met.mean, .4, 1e-12); /* nothing measured, nothing met */
    CHECK(isnan(judge("<=", 3, some, 5).median.mean));       /* of four: no interval */
    CHECK(isnan(judge("<=", 3, NULL, 0).met.mean));
}

/* The same interval as in a comparison: t(.975; 1) = 12.706205 times sd / sqrt(2) = .05, and what a
 * histogram's quantile may be off. */
static void a_quantile_is_read_as_roughly_as_its_histogram(void)
{
    static char metric[] = "dns.latency.p99";
    static const double v[] = { 1, 1.1 };
    const struct sim_expectation e = { .metric = metric, .op = "<", .value = 2 };
    const struct sim_verdict a = sim_judge(&e, v, 2);
    CHECK_NEAR(a.high, 1.05 + 12.706205 * .05 + 1.05 * SIM_HIST_ERROR, 1e-6);
}

static void what_was_not_measured_or_never_came_does_not_hold(void)
{
    static const double none[] = { NAN, NAN };
    static const double some[] = { 1, NAN };
    static const double never[] = { 1, INFINITY };
    CHECK(!judge("<=", 5, none, 2).holds);
    CHECK(isnan(judge("<=", 5, none, 2).value));
    CHECK(!judge("<=", 5, some, 2).holds);
    CHECK_NEAR(judge("<=", 5, some, 2).value, 1, 0);
    CHECK(!judge("<=", 5, never, 2).holds);
    CHECK_U64(judge("<=", 5, never, 2).never, 1);
    CHECK_NEAR(judge("<=", 5, never, 2).otherwise, 1, 0);
    CHECK_U64(judge("<=", 5, never, 2).worst, 1);
    CHECK_U64(judge("<=", 5, some, 2).worst, 1);
    CHECK(!judge("<=", 5, NULL, 0).holds);
}

static void values_are_shown_with_units_people_read(void)
{
    static const struct {
        const char *unit;
        double v;
        const char *shown;
    } table[] = {
        { "s", 0.0234, "23.4 ms" },
        { "s", 61, "61 s" },
        { "s", 900, "15 min" },
        { "s", 86400, "24 h" },
        { "s", 0.0000123, "12.3 us" },
        { "1", 0.99987, "99.987 %" },
        { "1", 1, "100 %" },
        { "1", 0.9999999624, "99.99999624 %" },
        { "1", 0, "0 %" },
        { "1", 3.7613e-7, "0.0000376 %" },
        { "1", -0.024016, "-2.4 %" },
        { "B", 1536, "1.5 KiB" },
        { "", 12, "12" },
        { "s", INFINITY, "never" },
        { "s", NAN, "not measured" },
    };
    for (size_t i = 0; i < SW_LEN(table); i++) {
        char text[40];
        sim_show_value(text, sizeof text, table[i].unit, table[i].v);
        CHECK_STR(text, table[i].shown);
    }
    char text[40];
    sim_show_difference(text, sizeof text, "1", -0.024016);
    CHECK_STR(text, "-2.4 points");
    sim_show_difference(text, sizeof text, "s", -0.5);
    CHECK_STR(text, "-500 ms");
    sim_show_difference(text, sizeof text, "1", NAN);
    CHECK_STR(text, "not measured");
}

CU_TestInfo tests_timeline[] = {
    { "the last slots are left out until clients have given up",
      the_last_slots_are_left_out_until_clients_have_given_up },
    { "recovery begins ten good seconds", recovery_begins_ten_good_seconds },
    { "one failure in a thousand is as good as before",
      one_failure_in_a_thousand_is_as_good_as_before },
    { "service that stays slow never recovers", service_that_stays_slow_never_recovers },
    { "a fault too near the end has no recovery, rather than none",
      a_fault_too_near_the_end_has_no_recovery_rather_than_none },
    { "a verdict is the mean with Student's interval",
      a_verdict_is_the_mean_with_students_interval },
    { "where a mean is infinite the median and the share of runs are not",
      where_a_mean_is_infinite_the_median_and_the_share_of_runs_are_not },
    { "a quantile is read as roughly as its histogram",
      a_quantile_is_read_as_roughly_as_its_histogram },
    { "what was not measured or never came does not hold",
      what_was_not_measured_or_never_came_does_not_hold },
    { "values are shown with units people read", values_are_shown_with_units_people_read },
    CU_TEST_INFO_NULL,
};
