/* SPDX-License-Identifier: GPL-3.0-or-later
 * Halving's schedules and who leaves a race, on cases worked by hand. */
#include "node/base/types.h"
#include "sim/search/race.h"
#include "tests/lib/check.h"

#include <math.h>

extern CU_TestInfo tests_race[];

static void a_quarter_goes_on_with_four_times_the_blocks(void)
{
    static const struct {
        struct sim_halving h;
        size_t n, rungs;
        struct sim_rung want[4];
        size_t cost;
    } row[] = {
        /* 64 x 3 + 16 x (12 - 3) + 4 x (24 - 12): the last rung is capped */
        { { 4, 3, 24, 4 }, 64, 3, { { 64, 3 }, { 16, 12 }, { 4, 24 } }, 192 + 144 + 48 },
        /* rounded up: 18 -> 5 -> 4, the least */
        { { 4, 3, 48, 4 }, 18, 3, { { 18, 3 }, { 5, 12 }, { 4, 48 } }, 54 + 45 + 144 },
        /* nobody is left out of four */
        { { 4, 2, 8, 4 }, 4, 1, { { 4, 2 } }, 8 },
        { { 2, 1, 2, 1 }, 4, 3, { { 4, 1 }, { 2, 2 }, { 1, 2 } }, 4 + 2 + 0 },
    };
    for (size_t i = 0; i < SW_LEN(row); i++) {
        struct sim_rung rungs[SIM_RUNGS];
        CHECK_U64(sim_halving_rungs(&row[i].h, row[i].n, rungs), row[i].rungs);
        for (size_t k = 0; k < row[i].rungs; k++) {
            CHECK_U64(rungs[k].candidates, row[i].want[k].candidates);
            CHECK_U64(rungs[k].blocks, row[i].want[k].blocks);
        }
        CHECK_U64(sim_halving_cost(&row[i].h, row[i].n), row[i].cost);
    }
}

#define STRIDE 6

/* Differences to the best (row 0): row 1 always .1 with spread .01: t = .1/(.0158/sqrt 6) far
 * beyond 5 %; row 2: +1, -1, +1, -1, +1, 0: mean 1/6, t = .41: stays. */
static void who_is_surely_worse_leaves_and_who_may_win_stays(void)
{
    const double values[3][STRIDE] = {
        { 1, 2, 3, 4, 5, 6 },
        { 1.10, 2.12, 3.08, 4.10, 5.12, 6.08 },
        { 2, 1, 4, 3, 6, 6 },
    };
    bool alive[3] = { true, true, true };
    CHECK_U64(sim_race_step(values[0], 3, STRIDE, 6, alive), 0);
    CHECK(alive[0] && !alive[1] && alive[2]);
}

static void nobody_leaves_before_five_blocks(void)
{
    const double values[2][STRIDE] = { { 1, 2, 3, 4, 5, 6 }, { 11, 12.1, 13, 14.1, 15, 16.1 } };
    bool alive[2] = { true, true };
    CHECK_U64(sim_race_step(values[0], 2, STRIDE, 4, alive), 0);
    CHECK(alive[0] && alive[1]);
    CHECK_U64(sim_race_step(values[0], 2, STRIDE, 5, alive), 0);
    CHECK(alive[0] && !alive[1]);
}

/* p of row 1 alone is about .03: it would leave a race of two, and stays in one of five, where
 * Holm asks for .0125 of the smallest of four. */
static void more_racers_need_surer_tests(void)
{
    const double values[5][STRIDE] = {
        { 0, 0, 0, 0, 0, 0 },        { .1, .3, .05, .2, -.02, .25 }, { .1, -.1, .1, -.1, .1, 0 },
        { -.1, .1, .1, -.1, .1, 0 }, { .2, -.2, .2, -.2, .2, 0 },
    };
    bool two[2] = { true, true };
    bool five[5] = { true, true, true, true, true };
    CHECK_U64(sim_race_step(values[0], 2, STRIDE, 6, two), 0);
    CHECK(two[0] && !two[1]);
    CHECK_U64(sim_race_step(values[0], 5, STRIDE, 6, five), 0);
    CHECK(five[0] && five[1] && five[2] && five[3] && five[4]);
}

static void a_run_that_failed_leaves_and_equals_stay(void)
{
    const double values[3][STRIDE] = { { 1, NAN, 1, 1, 1, 1 },
                                       { 2, 2, 2, 2, 2, 2 },
                                       { 2, 2, 2, 2, 2, 2 } };
    bool alive[3] = { true, true, true };
    CHECK_U64(sim_race_step(values[0], 3, STRIDE, 6, alive), 1);
    CHECK(!alive[0] && alive[1] && alive[2]);
}

/* Who left does not come back, and can't be the best. */
static void the_dead_stay_dead(void)
{
    const double values[2][STRIDE] = { { 0, 0, 0, 0, 0, 0 }, { 1, 2, 1, 2, 1, 2 } };
    bool alive[2] = { false, true };
    CHECK_U64(sim_race_step(values[0], 2, STRIDE, 6, alive), 1);
    CHECK(!alive[0] && alive[1]);
}

CU_TestInfo tests_race[] = {
    { "a quarter goes on with four times the blocks",
      a_quarter_goes_on_with_four_times_the_blocks },
    { "who is surely worse leaves and who may win stays",
      who_is_surely_worse_leaves_and_who_may_win_stays },
    { "nobody leaves before five blocks", nobody_leaves_before_five_blocks },
    { "more racers need surer tests", more_racers_need_surer_tests },
    { "a run that failed leaves and equals stay", a_run_that_failed_leaves_and_equals_stay },
    { "the dead stay dead", the_dead_stay_dead },
    CU_TEST_INFO_NULL,
};
