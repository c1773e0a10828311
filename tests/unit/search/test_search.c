/* SPDX-License-Identifier: GPL-3.0-or-later
 * Optimisers: what all of them keep to, what each is known to reach, and their update rules on
 * worked vectors. */
#include "algorithms/search/search.h"
#include "algorithms/search/swarm.h"
#include "node/base/err.h"
#include "tests/lib/check.h"
#include "tests/lib/functions.h"

#include <stdio.h>
#include <string.h>

extern CU_TestInfo tests_search[];

static void names_are_unique_and_settings_sound(void)
{
    for (size_t i = 0; sw_optimiser_at(i) != NULL; i++) {
        const struct sw_optimiser *o = sw_optimiser_at(i);
        struct sw_search s;
        CHECK(sw_optimiser_find(o->name) == o && o->help[0] != '\0' && o->source[0] != '\0');
        REQUIRE(sw_search_init(&s, o, 3, 100, 1) == SW_OK);
        for (size_t p = 0; p < o->n_params; p++) {
            const struct sw_search_param *k = &o->params[p];
            CHECK(k->low <= k->fallback && k->fallback <= k->high);
            CHECK_I64(sw_search_set(&s, k->name, k->high), SW_OK);
            CHECK_I64(sw_search_set(&s, k->name, k->low), SW_OK);
            CHECK_I64(sw_search_set(&s, k->name, k->high * 2 + 1), SW_ERR_RANGE);
            CHECK_I64(sw_search_set(&s, k->name, (double)NAN), SW_ERR_RANGE);
        }
        CHECK_I64(sw_search_set(&s, "no such setting", 1), SW_ERR_NOTFOUND);
        sw_search_fini(&s);
        CHECK_I64(sw_search_init(&s, o, 0, 1, 1), SW_ERR_RANGE);
        CHECK_I64(sw_search_init(&s, o, SW_SEARCH_DIMENSIONS + 1, 1, 1), SW_ERR_RANGE);
        CHECK_I64(sw_search_init(&s, o, 1, 0, 1), SW_ERR_RANGE);
    }
    CHECK(sw_optimiser_find("no such optimiser") == NULL);
}

/* A hash over all points asked, with values that are partly no numbers. */
static uint64_t history(const struct sw_optimiser *o, size_t dim, uint64_t seed)
{
    struct sw_search s;
    uint64_t hash = 0;
    if (sw_search_init(&s, o, dim, 1000, seed) != SW_OK) {
        return 0;
    }
    for (uint64_t k = 0; s.spent < 1000; k++) {
        const double *x;
        double values[256];
        const size_t n = sw_search_ask(&s, &x);
        CHECK(n > 0 && n <= SW_LEN(values));
        if (n == 0 || n > SW_LEN(values)) {
            break;
        }
        for (size_t i = 0; i < n * dim; i++) {
            uint64_t bits;
            CHECK(x[i] >= 0 && x[i] <= 1);
            memcpy(&bits, &x[i], sizeof bits);
            hash = (hash ^ bits) * UINT64_C(0x100000001b3);
        }
        for (size_t i = 0; i < n; i++) {
            const bool odd = (k + i) % 7 == 0;
            values[i] = odd ? (double)NAN : f_sphere(&x[i * dim], dim);
        }
        sw_search_tell(&s, values);
    }
    CHECK(s.best_value < 1e300 && s.best_value >= 0);
    CHECK_NEAR(f_sphere(s.best, dim), s.best_value, 0);
    sw_search_fini(&s);
    return hash;
}

static void all_stay_in_the_cube_repeat_by_seed_and_bear_what_is_no_number(void)
{
    for (size_t i = 0; sw_optimiser_at(i) != NULL; i++) {
        const struct sw_optimiser *o = sw_optimiser_at(i);
        for (size_t dim = 1; dim <= 20; dim += 19) {
            const uint64_t once = history(o, dim, 1);
            CHECK_U64(history(o, dim, 1), once);
            CHECK(history(o, dim, 2) != once);
        }
    }
}

static double run(const char *optimiser, const char *function, size_t dim, uint64_t budget,
                  uint64_t seed)
{
    struct sw_search s;
    double best = (double)NAN;
    for (size_t i = 0; i < SW_LEN(test_functions); i++) {
        if (strcmp(test_functions[i].name, function) == 0 &&
            sw_search_init(&s, sw_optimiser_find(optimiser), dim, budget, seed) == SW_OK) {
            best = minimise(&s, &test_functions[i]);
            sw_search_fini(&s);
        }
    }
    return best;
}

/* What each must reach in all of five seeds: far from what luck gives, with room to what it does.
 */
static void each_reaches_what_it_is_known_for(void)
{
    static const struct {
        const char *optimiser, *function;
        size_t dim;
        uint64_t budget;
        double below;
    } rows[] = {
        { "cma_es", "sphere", 10, 3000, 1e-8 },     { "cma_es", "rosenbrock", 10, 20000, 5 },
        { "cma_es", "ackley", 10, 5000, 1e-6 },     { "pso", "sphere", 10, 20000, 1e-8 },
        { "pso", "ackley", 10, 30000, 1e-5 },       { "spso2011", "sphere", 10, 20000, 1e-8 },
        { "spso2011", "ackley", 10, 30000, 1e-5 },  { "qpso", "sphere", 10, 20000, 1e-8 },
        { "qpso", "rastrigin", 10, 50000, 12 },     { "aco_r", "sphere", 10, 20000, 1e-4 },
        { "nelder_mead", "sphere", 4, 2000, 1e-6 }, { "nelder_mead", "rosenbrock", 2, 2000, 1e-6 },
        { "sobol", "sphere", 2, 2000, 60 },         { "random_search", "sphere", 2, 2000, 100 },
    };
    for (size_t r = 0; r < SW_LEN(rows); r++) {
        for (uint64_t seed = 1; seed <= 5; seed++) {
            const double best =
                run(rows[r].optimiser, rows[r].function, rows[r].dim, rows[r].budget, seed);
            if (!(best < rows[r].below)) {
                (void)printf("%s on %s, seed %d: %g\n", rows[r].optimiser, rows[r].function,
                             (int)seed, best);
            }
            CHECK(best < rows[r].below);
        }
    }
}

static void all_that_learn_beat_random_points(void)
{
    for (size_t i = 0; sw_optimiser_at(i) != NULL; i++) {
        const char *name = sw_optimiser_at(i)->name;
        if (strcmp(name, "random_search") == 0 || strcmp(name, "sobol") == 0) {
            continue;
        }
        double reached = 0;
        double by_luck = 0;
        for (uint64_t seed = 1; seed <= 5; seed++) {
            reached += run(name, "sphere", 5, 1000, seed);
            by_luck += run("random_search", "sphere", 5, 1000, seed);
        }
        CHECK(reached < by_luck / 10);
    }
}

/* After the first tell every own best is the present position, so that the best particle, which
 * leads itself in a ring, has no pull: v becomes chi v, chi = .72984 (Clerc and Kennedy 2002). */
static void a_constricted_particle_without_pull_slows_by_chi(void)
{
    struct sw_search s;
    const double *x;
    double values[40];
    double v[2];
    REQUIRE(sw_search_init(&s, sw_optimiser_find("pso"), 2, 1000, 3) == SW_OK);
    REQUIRE(sw_search_ask(&s, &x) == 40);
    const struct sw_swarm *w = s.state;
    memcpy(v, &w->v[2 * 7], sizeof v);
    const double at[2] = { x[14], x[15] };
    for (size_t i = 0; i < 40; i++) {
        values[i] = i == 7 ? 0 : 1;
    }
    sw_search_tell(&s, values);
    for (size_t d = 0; d < 2; d++) {
        CHECK_NEAR(w->v[14 + d], 0.7298437881283576 * v[d], 1e-12);
        CHECK_NEAR(w->x[14 + d], at[d] + 0.7298437881283576 * v[d], 1e-12);
    }
    sw_search_fini(&s);
}

/* A wall stops a particle and throws it back with half its speed (SPSO-2011, 3.6). */
static void walls_throw_particles_back(void)
{
    struct sw_search s;
    const double *x;
    REQUIRE(sw_search_init(&s, sw_optimiser_find("pso"), 1, 1000, 3) == SW_OK);
    REQUIRE(sw_search_ask(&s, &x) == 40);
    struct sw_swarm *w = s.state;
    w->x[0] = 0.9;
    w->v[0] = 0.4;
    sw_swarm_move(&s, 0);
    CHECK_NEAR(w->x[0], 1, 0);
    CHECK_NEAR(w->v[0], -0.2, 1e-15);
    sw_swarm_move(&s, 0);
    CHECK_NEAR(w->x[0], 0.8, 1e-15);
    sw_search_fini(&s);
}

/* Two-dimensional simplex on z1 + z2 from worked corners: a reflection, an expansion. */
static void a_simplex_goes_downhill(void)
{
    struct sw_search s;
    const double *x;
    REQUIRE(sw_search_init(&s, sw_optimiser_find("nelder_mead"), 2, 1000, 1) == SW_OK);
    REQUIRE(sw_search_ask(&s, &x) == 3);
    const double values[3] = { 2, 1, 3 };
    const double worst[2] = { x[4], x[5] };
    const double centre[2] = { (x[0] + x[2]) / 2, (x[1] + x[3]) / 2 };
    sw_search_tell(&s, values);
    REQUIRE(sw_search_ask(&s, &x) == 1);
    for (size_t d = 0; d < 2; d++) {
        CHECK_NEAR(x[d], sw_clamp01(2 * centre[d] - worst[d]), 1e-12);
    }
    const double reflected[2] = { x[0], x[1] };
    const double better = 0.5; /* than the best: try twice as far */
    sw_search_tell(&s, &better);
    REQUIRE(sw_search_ask(&s, &x) == 1);
    for (size_t d = 0; d < 2; d++) {
        CHECK_NEAR(x[d], sw_clamp01(centre[d] + 2 * (reflected[d] - centre[d])), 1e-12);
    }
    sw_search_fini(&s);
}

CU_TestInfo tests_search[] = {
    { "names are unique and settings sound", names_are_unique_and_settings_sound },
    { "all stay in the cube, repeat by seed, and bear what is no number",
      all_stay_in_the_cube_repeat_by_seed_and_bear_what_is_no_number },
    { "each reaches what it is known for", each_reaches_what_it_is_known_for },
    { "all that learn beat random points", all_that_learn_beat_random_points },
    { "a constricted particle without pull slows by chi",
      a_constricted_particle_without_pull_slows_by_chi },
    { "walls throw particles back", walls_throw_particles_back },
    { "a simplex goes downhill", a_simplex_goes_downhill },
    CU_TEST_INFO_NULL,
};
