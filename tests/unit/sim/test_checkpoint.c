/* SPDX-License-Identifier: GPL-3.0-or-later
 * swarmsim verify: where two runs part. */
#define _POSIX_C_SOURCE 200809L
#include "sim/verbs/checkpoint.h"
#include "sim/verbs/verb.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

#include <stdlib.h>

extern CU_TestInfo tests_checkpoint[];

static int compare(const char *one, const char *other, char said[256])
{
    char a[256];
    char b[256];
    (void)snprintf(a, sizeof a, "%s", one);
    (void)snprintf(b, sizeof b, "%s", other);
    struct sim_gap gap;
    memset(said, 0, 256);
    FILE *fa = fmemopen(a, sizeof a, "r");
    FILE *fb = fmemopen(b, sizeof b, "r");
    FILE *to = fmemopen(said, 256, "w");
    const int code = fa != NULL && fb != NULL && to != NULL
                         ? sim_compare_checkpoints(fa, fb, "7", to, &gap)
                         : -1;
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
    CHECK_STR(said, "");
}

/* ---- planted nondeterminism ---- */

#define CHANCE_AT (20 * SW_SEC) /* the first peer's message sent after it goes out twice */

static const struct sim_world *watched;
static sw_time doubled_at;

/* What the seed does not decide, in one of the two runs. */
static unsigned by_chance(void *self, uint32_t node, uint8_t *message, size_t len)
{
    (void)message;
    (void)len;
    (void)node;
    if (self == NULL || doubled_at != 0 || sim_world_now(watched) < CHANCE_AT) {
        return 1;
    }
    doubled_at = sim_world_now(watched);
    return 2;
}

/* A file of what @write says of a run of @x; @chance: the one that goes its own way. */
static FILE *written(const struct small_scenario *x, bool chance, const struct sim_gap *gap)
{
    static int itself;
    struct sim_world *w = small_start_world(x, 1);
    const struct sim_hooks hooks = { .self = chance ? &itself : NULL, .on_send = by_chance };
    FILE *to = tmpfile();
    watched = w;
    doubled_at = 0;
    sim_world_hook(w, &hooks);
    CHECK(to != NULL);
    if (to != NULL) {
        CHECK_I64(gap == NULL ? sim_write_checkpoints(w, to) : sim_write_traced(w, gap, to), 0);
        rewind(to);
    }
    sim_world_free(w);
    return to;
}

static void the_first_event_that_differs_is_named(void)
{
    const struct small_world o = { .nodes_a_region = 2,
                                   .holders = 3,
                                   .forward = true,
                                   .rate = 5,
                                   .duration = 60 * SW_SEC,
                                   .service = 100 * SW_US };
    struct small_scenario *x = small_scenario(&o);
    struct sim_gap gap = { 0 };
    char said[512] = "";
    FILE *to = fmemopen(said, sizeof said, "w");
    FILE *one = written(x, false, NULL);
    FILE *other = written(x, true, NULL);
    REQUIRE(to != NULL && one != NULL && other != NULL);
    CHECK_I64(sim_compare_checkpoints(one, other, "1", to, &gap), SIM_EXIT_FAILED);
    CHECK(gap.from >= CHANCE_AT - 60 * SW_MS && gap.until <= CHANCE_AT + SW_SEC);
    CHECK_U64(gap.until - gap.from, 60 * SW_MS);
    (void)fclose(one);
    (void)fclose(other);
    one = written(x, false, &gap);
    other = written(x, true, &gap);
    REQUIRE(one != NULL && other != NULL);
    CHECK(sim_compare_traced(one, other, &x->s, to));
    (void)fclose(to);
    (void)fclose(one);
    (void)fclose(other);
    /* one run goes on with something else where the other's copy arrives */
    const char *named = strstr(said, "the other: at ");
    REQUIRE(named != NULL);
    const double at = strtod(named + strlen("the other: at "), NULL);
    CHECK(at * 1e9 > (double)doubled_at && at * 1e9 < (double)(doubled_at + SW_SEC));
    CHECK(strstr(named, "a peer's message reaches n") != NULL);
    CHECK(strstr(said, "one run: at ") != NULL);
    free(x);
}

static void equal_runs_have_no_event_to_name(void)
{
    char a[] = "1 0 7 00000000000000aa\n";
    char b[] = "1 0 7 00000000000000aa\n";
    struct small_scenario *x = small_scenario(&(struct small_world){ .nodes_a_region = 1 });
    FILE *fa = fmemopen(a, sizeof a - 1, "r");
    FILE *fb = fmemopen(b, sizeof b - 1, "r");
    FILE *to = fopen("/dev/null", "w");
    REQUIRE(fa != NULL && fb != NULL && to != NULL);
    CHECK(!sim_compare_traced(fa, fb, &x->s, to));
    (void)fclose(fa);
    (void)fclose(fb);
    (void)fclose(to);
    free(x);
}

CU_TestInfo tests_checkpoint[] = {
    { "equal runs are told with their hash", equal_runs_are_told_with_their_hash },
    { "different runs are told between two times", different_runs_are_told_between_two_times },
    { "a run that stops early is different", a_run_that_stops_early_is_different },
    { "the first event that differs is named", the_first_event_that_differs_is_named },
    { "equal runs have no event to name", equal_runs_have_no_event_to_name },
    { "nothing to compare is no success", nothing_to_compare_is_no_success },
    CU_TEST_INFO_NULL,
};
