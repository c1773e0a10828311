/* SPDX-License-Identifier: GPL-3.0-or-later
 * The round-trip estimate, worked by hand after RFC 6298. */
#include "algorithms/route/rtt.h"
#include "tests/lib/check.h"

extern CU_TestInfo tests_rtt[];

#define MS ((double)SW_MS)

static void the_first_sample_sets_both_estimates(void)
{
    struct sw_rtt rtt = { 0 };
    CHECK_U64(sw_rtt_patience(&rtt), SW_RTT_PATIENCE_UNKNOWN);
    sw_rtt_sample(&rtt, 100 * MS);
    CHECK_NEAR(rtt.srtt, 100 * MS, 1e-6);
    CHECK_NEAR(rtt.rttvar, 50 * MS, 1e-6);
    CHECK_U64(sw_rtt_patience(&rtt), 300 * SW_MS); /* 100 + 4 * 50 */
}

static void later_samples_move_them_by_an_eighth_and_a_quarter(void)
{
    struct sw_rtt rtt = { 0 };
    sw_rtt_sample(&rtt, 100 * MS);
    sw_rtt_sample(&rtt, 60 * MS); /* rttvar = 3/4 50 + 1/4 40, srtt = 7/8 100 + 1/8 60 */
    CHECK_NEAR(rtt.rttvar, 47.5 * MS, 1e-6);
    CHECK_NEAR(rtt.srtt, 95 * MS, 1e-6);
    CHECK_U64(sw_rtt_patience(&rtt), 285 * SW_MS);
}

static void a_steady_path_keeps_a_margin(void)
{
    const struct sw_rtt steady = { .srtt = 80 * MS, .rttvar = 0.1 * MS };
    CHECK_U64(sw_rtt_patience(&steady), 95 * SW_MS); /* 80 + 80 / 8 + 5 */
    const struct sw_rtt lively = { .srtt = 80 * MS, .rttvar = 4 * MS };
    CHECK_U64(sw_rtt_patience(&lively), 96 * SW_MS); /* 80 + 4 * 4 */
}

static void patience_keeps_to_its_bounds(void)
{
    struct sw_rtt near = { 0 };
    struct sw_rtt far = { 0 };
    sw_rtt_sample(&near, 1 * MS);
    CHECK_U64(sw_rtt_patience(&near), SW_RTT_PATIENCE_LOW);
    sw_rtt_sample(&far, 5000 * MS);
    CHECK_U64(sw_rtt_patience(&far), SW_RTT_PATIENCE_HIGH);
}

static void backing_off_widens_by_half_up_to_the_cap(void)
{
    struct sw_rtt rtt = { 0 };
    sw_rtt_back_off(&rtt);
    CHECK_U64(sw_rtt_patience(&rtt), SW_RTT_PATIENCE_UNKNOWN);
    sw_rtt_sample(&rtt, 100 * MS);
    sw_rtt_back_off(&rtt);
    CHECK_NEAR(rtt.rttvar, 75 * MS, 1e-6);
    for (int i = 0; i < 10; i++) {
        sw_rtt_back_off(&rtt);
    }
    CHECK_NEAR(rtt.rttvar, 300 * MS, 1e-6);
}

static void a_round_trip_of_no_time_still_counts_as_measured(void)
{
    struct sw_rtt rtt = { 0 };
    sw_rtt_sample(&rtt, 0);
    CHECK(rtt.srtt > 0);
    CHECK_U64(sw_rtt_patience(&rtt), SW_RTT_PATIENCE_LOW);
}

CU_TestInfo tests_rtt[] = {
    { "the first sample sets both estimates", the_first_sample_sets_both_estimates },
    { "later samples move them by an eighth and a quarter",
      later_samples_move_them_by_an_eighth_and_a_quarter },
    { "a steady path keeps a margin", a_steady_path_keeps_a_margin },
    { "patience keeps to its bounds", patience_keeps_to_its_bounds },
    { "backing off widens by half up to the cap", backing_off_widens_by_half_up_to_the_cap },
    { "a round trip of no time still counts as measured",
      a_round_trip_of_no_time_still_counts_as_measured },
    CU_TEST_INFO_NULL,
};
