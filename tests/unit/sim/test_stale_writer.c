/* SPDX-License-Identifier: GPL-3.0-or-later
 * A writer that was held up can't put an old zone over a new one; without the guard it does, and
 * the oracle says so. */
#include "sim/scenario/load.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

#define STALE_WRITER SW_SOURCE_DIR "/scenarios/stale-writer.yaml"

static struct sim_result run(const struct sim_scenario *s, uint64_t seed, unsigned planted)
{
    struct sim_world *w = NULL;
    struct sw_diag d = { "" };
    struct sim_result r = { 0 };
    const struct sim_hooks hooks = { .planted = planted };
    if (sim_world_new(s, seed, &w, &d) != 0) {
        CHECK_STR(d.text, "");
        return r;
    }
    sim_world_hook(w, &hooks);
    CHECK_I64(sim_world_run(w, SW_TIME_NEVER, &r), 0);
    sim_world_free(w);
    return r;
}

/* The incident of 2025-10-19, as the file says it. */
static void a_stale_writer_loses_and_without_the_guard_convergence_sees_it_win(void)
{
    struct sim_scenario *s = NULL;
    struct sw_diag d = { "" };
    REQUIRE(sim_scenario_load(STALE_WRITER, NULL, &s, &d) == 0);
    char *oracles[] = { small_text("convergence"), small_text("answers") };
    char **own = s->oracles;
    const size_t n_own = s->n_oracles;
    s->oracles = oracles;
    s->n_oracles = 2;
    CHECK_STR(run(s, 1, 0).complaint, "");
    s->n_oracles = 1;
    const struct sim_result r = run(s, 1, SW_PLANTED_LAST_WRITER);
    CHECK_STR(r.oracle, "convergence");
    CHECK(strstr(r.complaint, "went back") != NULL);
    s->oracles = own;
    s->n_oracles = n_own;
    sim_scenario_free(s);
}

extern CU_TestInfo tests_stale_writer[];
CU_TestInfo tests_stale_writer[] = {
#define T(name)     \
    {               \
#name, name \
    }
    T(a_stale_writer_loses_and_without_the_guard_convergence_sees_it_win),
    CU_TEST_INFO_NULL,
};
