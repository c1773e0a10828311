/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim verify: where two runs part. */
#define _POSIX_C_SOURCE 200809L
#include "sim/verbs/checkpoint.h"
#include "sim/verbs/verb.h"
#include "tests/lib/check.h"

#include <stdlib.h>

extern CU_TestInfo tests_checkpoint[];

static int compare(const char *one, const char *other, char said[256])
{
    char a[256];
    char b[256];
    (void)snprintf(a, sizeof a, "%s", one);
    (void)snprintf(b, sizeof b, "%s", other);
    memset(said, 0, 256);
    FILE *fa = fmemopen(a, sizeof a, "r");
    FILE *fb = fmemopen(b, sizeof b, "r");
    FILE *to = fmemopen(said, 256, "w");
    const int code =
        fa != NULL && fb != NULL && to != NULL ? sim_compare_checkpoints(fa, fb, "7", to) : -1;
    (void)fclose(fa);
    (void)fclose(fb);
    (void)fclose(to);
    return code;
}

#define LONG_ENOUGH "0.060000000 5 00000000000000aa\n0.120000000 9 00000000000000bb\n"

static void equal_runs_are_told_with_their_hash(void)
{
    char said[256];
    CHECK_I64(compare(LONG_ENOUGH, LONG_ENOUGH, said), SIM_EXIT_OK);
    CHECK_STR(said, "seed 7: equal, trace hash 00000000000000bb after 9 events\n");
}

static void different_runs_are_told_between_two_times(void)
{
    char said[256];
    CHECK_I64(compare(LONG_ENOUGH,
                      "0.060000000 5 00000000000000aa\n0.120000000 9 00000000000000bc\n", said),
              SIM_EXIT_FAILED);
    CHECK_STR(said, "seed 7: DIFFERENT between 0.060000000 s (event 5, the last equal hash) and "
                    "0.120000000 s\n");
    CHECK_I64(compare(LONG_ENOUGH, "0.060000000 6 00000000000000aa\n", said), SIM_EXIT_FAILED);
    CHECK(strstr(said, "between 0 s") != NULL);
}

static void a_run_that_stops_early_is_different(void)
{
    char said[256];
    CHECK_I64(compare(LONG_ENOUGH, "0.060000000 5 00000000000000aa\n", said), SIM_EXIT_FAILED);
    CHECK(strstr(said, "and 0.120000000 s") != NULL);
}

static void nothing_to_compare_is_no_success(void)
{
    char said[256];
    CHECK_I64(compare("nonsense\n", "nonsense\n", said), SIM_EXIT_INTERNAL);
}

CU_TestInfo tests_checkpoint[] = {
    { "equal runs are told with their hash", equal_runs_are_told_with_their_hash },
    { "different runs are told between two times", different_runs_are_told_between_two_times },
    { "a run that stops early is different", a_run_that_stops_early_is_different },
    { "nothing to compare is no success", nothing_to_compare_is_no_success },
    CU_TEST_INFO_NULL,
};
