/* SPDX-License-Identifier: GPL-3.0-or-later
 * Fault storms: as many faults as the rates say, by the seed, each kind on its own. */
#include "node/base/rng.h"
#include "sim/faults/fault.h"
#include "sim/world/pool.h"
#include "tests/lib/check.h"
#include "tests/lib/small_world.h"

#define HOUR (3600 * SW_SEC)

static struct small_scenario *world(void)
{
    const struct small_world o = {
        .nodes_a_region = 1, .holders = 3, .rate = 1, .duration = HOUR, .service = 100 * SW_US
    };
    return small_scenario(&o);
}

static struct sim_storm_kind kind(const char *name, double an_hour)
{
    return (struct sim_storm_kind){ .fixed = { .kind = small_text(name) },
                                    .rate = an_hour / 3600,
                                    .shortest = SW_SEC,
                                    .longest = 100 * SW_SEC };
}

/* A storm of @n kinds on @x, all of which take part. */
static void storm(struct small_scenario *x, struct sim_storm_kind *kinds, size_t n)
{
    x->s.storm = (struct sim_storm){
        .from = 10 * SW_SEC, .until = x->s.duration, .subset = 1, .kinds = kinds, .n_kinds = n
    };
}

static void counts_are_poisson_and_lengths_log_uniform(void)
{
    struct small_scenario *x = world();
    struct sim_storm_kind k[] = { kind("crash", 50), kind("pause", 5) };
    double sum[2] = { 0 };
    double squares[2] = { 0 };
    uint64_t faults = 0;
    uint64_t short_ones = 0;
    storm(x, k, 2);
    x->s.storm.from = 0;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        size_t n;
        unsigned count[2] = { 0 };
        struct sim_fault *v = sim_storm_draw(&x->s, seed, &n);
        for (size_t i = 0; i < n; i++) {
            CHECK(v[i].drawn && v[i].at < HOUR);
            CHECK(v[i].length >= SW_SEC && v[i].length <= 100 * SW_SEC);
            count[strcmp(v[i].kind, "crash") == 0 ? 0 : 1]++;
            short_ones += v[i].length < 10 * SW_SEC;
        }
        for (unsigned i = 0; i < 2; i++) {
            sum[i] += count[i];
            squares[i] += (double)count[i] * count[i];
        }
        faults += n;
        sim_storm_free(v, n);
    }
    /* Of 400 Poisson numbers of mean m: their mean has the standard deviation sqrt(m/400), their
     * variance over their mean that of chi-squared with 399 degrees of freedom over 399, .0708. */
    const double expected[2] = { 50, 5 };
    const double deviation[2] = { 0.354, 0.112 };
    for (unsigned i = 0; i < 2; i++) {
        const double mean = sum[i] / 400;
        const double variance = (squares[i] - 400 * mean * mean) / 399;
        CHECK_NEAR(mean, expected[i], 3 * deviation[i]);
        CHECK_NEAR(variance / mean, 1, 3 * 0.0708);
    }
    /* 10 s is the geometric mean of 1 s and 100 s: half are shorter */
    CHECK_NEAR((double)short_ones / (double)faults, 0.5, 3 * 0.5 / 148); /* sqrt(22000) = 148 */
    free(x);
}

static void a_subset_of_kinds_takes_part_each_on_its_own(void)
{
    struct small_scenario *x = world();
    struct sim_storm_kind k[] = { kind("crash", 100), kind("pause", 100), kind("slow_disk", 100),
                                  kind("crash", 100) };
    unsigned part[3] = { 0 };
    unsigned both = 0;
    storm(x, k, 4);
    x->s.storm.subset = 0.5;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        size_t n;
        unsigned count[3] = { 0 };
        struct sim_fault *v = sim_storm_draw(&x->s, seed, &n);
        for (size_t i = 0; i < n; i++) {
            count[strcmp(v[i].kind, "crash") == 0 ? 0 : strcmp(v[i].kind, "pause") == 0 ? 1 : 2]++;
        }
        for (unsigned i = 0; i < 3; i++) {
            part[i] += count[i] > 0;
        }
        CHECK(count[0] == 0 || count[0] > 140); /* both items of a kind, or none */
        both += count[0] > 0 && count[1] > 0;
        sim_storm_free(v, n);
    }
    for (unsigned i = 0; i < 3; i++) {
        CHECK_NEAR(part[i], 200, 30); /* standard deviation 10 */
    }
    CHECK_NEAR(both, 100, 26); /* 8.7 */
    free(x);
}

static bool same(const struct sim_fault *a, const struct sim_fault *b)
{
    bool equal = strcmp(a->kind, b->kind) == 0 && a->at == b->at && a->length == b->length &&
                 a->n_params == b->n_params;
    for (size_t i = 0; equal && i < a->n_params; i++) {
        equal = strcmp(a->params[i].key, b->params[i].key) == 0 &&
                strcmp(a->params[i].value, b->params[i].value) == 0;
    }
    return equal;
}

static void without_one_kind_the_others_stay_as_they_are(void)
{
    struct small_scenario *x = world();
    struct sim_storm_kind all[] = { kind("crash", 20), kind("latency_spike", 20),
                                    kind("clock_step", 20) };
    struct sim_storm_kind two[] = { all[0], all[2] };
    for (uint64_t seed = 1; seed <= 20; seed++) {
        size_t n;
        size_t m;
        size_t k = 0;
        storm(x, all, 3);
        struct sim_fault *v = sim_storm_draw(&x->s, seed, &n);
        storm(x, two, 2);
        struct sim_fault *w = sim_storm_draw(&x->s, seed, &m);
        for (size_t i = 0; i < n; i++) {
            if (strcmp(v[i].kind, "latency_spike") != 0) {
                CHECK(k < m && same(&v[i], &w[k]));
                k++;
            }
        }
        CHECK_U64(k, m);
        sim_storm_free(v, n);
        sim_storm_free(w, m);
    }
    free(x);
}

static void every_kind_can_be_drawn_and_what_is_fixed_stays(void)
{
    struct small_scenario *x = world();
    struct sim_storm_kind kinds[64];
    struct sim_param fixed = { .key = small_text("node"), .value = small_text("n2") };
    size_t n_kinds = 0;
    uint64_t whole = 0;
    for (; sim_fault_kind_at(n_kinds) != NULL && n_kinds < SW_LEN(kinds); n_kinds++) {
        kinds[n_kinds] = kind(sim_fault_kind_at(n_kinds)->name, 20);
    }
    CHECK(sim_fault_kind_at(n_kinds) == NULL);
    kinds[0].fixed.params = &fixed; /* crash */
    kinds[0].fixed.n_params = 1;
    small_fault(x, "full_disk", SW_SEC, SW_SEC, (const char *const[]){ "node", "n1", NULL });
    storm(x, kinds, n_kinds);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        size_t n;
        struct sim_fault *v = sim_storm_draw(&x->s, seed, &n);
        CHECK(n > 0 && !v[0].drawn); /* the scenario's own come first */
        for (size_t i = 0; i < n; i++) {
            const struct sim_fault_kind *k;
            union sim_fault_value values[SIM_FAULT_PARAMS_MAX];
            struct sw_diag d = { "" };
            CHECK_I64(sim_fault_bind(&x->s, &v[i], &k, values, SW_LEN(values), &d), 0);
            CHECK_STR(d.text, "");
            CHECK(strcmp(v[i].kind, "crash") != 0 || values[0].index == 2);
            whole += v[i].drawn;
        }
        sim_storm_free(v, n);
    }
    CHECK(whole > 20 * 15 * n_kinds);
    free(x);
}

static void a_kind_for_which_there_is_no_room_is_not_drawn(void)
{
    struct small_scenario *x = world();
    struct sim_storm_kind kinds[] = { kind("cable_cut", 20), kind("partition", 20) };
    x->s.n_regions = 1;
    storm(x, kinds, SW_LEN(kinds));
    size_t n;
    struct sim_fault *v = sim_storm_draw(&x->s, 1, &n);
    CHECK(n > 10);
    for (size_t i = 0; i < n; i++) {
        CHECK_STR(v[i].kind, "partition");
    }
    sim_storm_free(v, n);
    free(x);
}

struct told {
    unsigned begun, ended;
};

static int start(struct sim_world *w, void **self)
{
    (void)w;
    *self = sim_calloc(1, sizeof(struct told));
    return 0;
}

static void on_fault(void *self, struct sim_world *w, const struct sim_fault *f, bool begins)
{
    struct told *t = self;
    (void)w;
    (void)f;
    t->begun += begins;
    t->ended += !begins;
}

static const struct sim_watcher watcher = {
    .name = "told", .start = start, .on_fault = on_fault, .stop = free
};

static void a_run_in_a_storm_repeats_and_everybody_is_told(void)
{
    struct small_scenario *x = world();
    struct sim_storm_kind kinds[64];
    size_t n_kinds = 0;
    for (; sim_fault_kind_at(n_kinds) != NULL; n_kinds++) {
        kinds[n_kinds] = kind(sim_fault_kind_at(n_kinds)->name, 60);
        kinds[n_kinds].longest = 10 * SW_SEC;
    }
    x->s.duration = 300 * SW_SEC;
    storm(x, kinds, n_kinds);
    x->s.storm.until = 200 * SW_SEC;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        uint64_t hash[2];
        for (unsigned i = 0; i < 2; i++) {
            struct sim_world *w = small_start_world(x, seed);
            void *self = NULL;
            struct sim_result r;
            REQUIRE(sim_world_watch(w, &watcher, &self) == 0);
            (void)sim_world_run(w, SW_TIME_NEVER, &r);
            const struct told *t = self;
            CHECK_STR(r.complaint, "");
            CHECK_U64(t->begun, sim_world_scenario(w)->n_faults);
            CHECK_U64(t->ended, t->begun);
            CHECK(t->begun > 30);
            hash[i] = r.trace_hash;
            sim_world_free(w);
        }
        CHECK_U64(hash[0], hash[1]);
    }
    free(x);
}

extern CU_TestInfo tests_fault_storm[];
CU_TestInfo tests_fault_storm[] = {
    { "counts are Poisson and lengths log-uniform", counts_are_poisson_and_lengths_log_uniform },
    { "a subset of kinds takes part, each on its own",
      a_subset_of_kinds_takes_part_each_on_its_own },
    { "without one kind the others stay as they are",
      without_one_kind_the_others_stay_as_they_are },
    { "a kind for which there is no room is not drawn",
      a_kind_for_which_there_is_no_room_is_not_drawn },
    { "every kind can be drawn and what is fixed stays",
      every_kind_can_be_drawn_and_what_is_fixed_stays },
    { "a run in a storm repeats and everybody is told",
      a_run_in_a_storm_repeats_and_everybody_is_told },
    CU_TEST_INFO_NULL,
};
