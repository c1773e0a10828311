/* SPDX-License-Identifier: GPL-3.0-or-later
 * The tuner's search: screening, halving, optimiser, race. */
#define _POSIX_C_SOURCE 200809L
#include "sim/search/tune.h"
#include "sim/search/race.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define HALVING_SHARE 0.35 /* of the budget */
#define RACE_SHARE 0.20
#define SCREENED_MOST 128U /* Sobol points */
#define SCREENED_LEAST 8U
#define SURVIVORS 4U /* of the halving, and as many of the optimiser's, that race */
#define RACE_SEEDS 8U
#define SWARM 12.0 /* particles, or what an optimiser has in their place: budgets are small */

static int no_memory(struct sw_diag *d)
{
    return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
}

static void say(const struct sim_tune *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static void say(const struct sim_tune *t, const char *fmt, ...)
{
    char words[300];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(words, sizeof words, fmt, args);
    va_end(args);
    if (t->tell != NULL) {
        t->tell(t->self, words);
    }
}

/* ---- ranking ---- */

struct ranked {
    size_t candidate;
    double value;
};

/* Lower first, NaN last, ties by number: the same order everywhere. */
static int by_value(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;
    if (isnan(x->value) != isnan(y->value)) {
        return isnan(x->value) ? 1 : -1;
    }
    if (x->value < y->value || x->value > y->value) {
        return x->value < y->value ? -1 : 1;
    }
    return x->candidate < y->candidate ? -1 : x->candidate > y->candidate ? 1 : 0;
}

/* Sort @who by its mean over the first @blocks blocks. */
static int rank(const struct sim_tune *t, size_t *who, size_t n, size_t blocks, struct sw_diag *d)
{
    struct ranked *r = calloc(n + 1, sizeof *r);
    if (r == NULL) {
        return no_memory(d);
    }
    for (size_t i = 0; i < n; i++) {
        r[i] = (struct ranked){ who[i], sim_tune_mean(t, who[i], 0, blocks) };
    }
    qsort(r, n, sizeof *r, by_value);
    for (size_t i = 0; i < n; i++) {
        who[i] = r[i].candidate;
    }
    free(r);
    return 0;
}

/* ---- 1 and 2: screening and halving ---- */

static struct sim_halving halving(const struct sim_tune *t)
{
    const size_t s = sim_tune_family(t);
    return (
        struct sim_halving){ .eta = 4, .first = s < 3 ? s : 3, .most = 4 * s, .least = SURVIVORS };
}

/* As many points as the share of the budget pays for, the defaults among them. */
static size_t screened(const struct sim_tune *t)
{
    const struct sim_halving h = halving(t);
    size_t n = SCREENED_LEAST;
    while (n < SCREENED_MOST &&
           (double)sim_halving_cost(&h, n + 1) <= HALVING_SHARE * (double)t->budget) {
        n++;
    }
    return n;
}

/* Which parameters explain the screening's differences. */
static int find_sensitive(struct sim_tune *t, size_t n, size_t blocks, struct sw_diag *d)
{
    const size_t dim = t->file.n_dims;
    struct ranked r[SIM_DIMENSIONS];
    double *u = calloc(2 * n, sizeof *u);
    if (u == NULL) {
        return no_memory(d);
    }
    for (size_t k = 0; k < dim; k++) {
        for (size_t i = 0; i < n; i++) {
            u[i] = t->candidates[i].u != NULL ? t->candidates[i].u[k] : (double)NAN;
            u[n + i] = sim_tune_mean(t, i, 0, blocks);
        }
        const size_t levels = t->file.dims[k].n_values;
        t->share[k] = sim_effect(u, u + n, n, levels > 0 ? levels : 4).share;
        r[k] = (struct ranked){ k, -t->share[k] };
    }
    free(u);
    qsort(r, dim, sizeof *r, by_value);
    for (size_t k = 0; k < dim && k < t->sensitive; k++) {
        t->searched[r[k].candidate] = true;
    }
    return 0;
}

static int screen(struct sim_tune *t, size_t n, struct sw_diag *d)
{
    double *u = sim_design_sobol(t->file.n_dims, n, t->search_seed);
    if (u == NULL) {
        return no_memory(d);
    }
    size_t last = sim_tune_add(t, NULL, SIM_FROM_DEFAULTS, d);
    for (size_t i = 0; i + 1 < n && last != SIZE_MAX; i++) {
        last = sim_tune_add(t, &u[i * t->file.n_dims], SIM_FROM_SCREENING, d);
    }
    free(u);
    return last != SIZE_MAX ? 0 : SW_ERR_NOMEM;
}

/* Leaves the survivors, best first, in @who; returns how many, or an error. */
static int64_t halve(struct sim_tune *t, size_t *who, size_t n, struct sw_diag *d)
{
    const struct sim_halving h = halving(t);
    struct sim_rung rungs[SIM_RUNGS];
    const size_t count = sim_halving_rungs(&h, n, rungs);
    int err = 0;
    for (size_t i = 0; i < count && err == 0; i++) {
        static const size_t defaults = 0; /* whoever leaves, they are measured on */
        err = sim_tune_try(t, who, rungs[i].candidates, 0, rungs[i].blocks, d);
        err = err == 0 ? sim_tune_try(t, &defaults, 1, 0, rungs[i].blocks, d) : err;
        if (err == 0 && i == 0) {
            err = find_sensitive(t, n, rungs[0].blocks, d);
        }
        if (err == 0) {
            err = rank(t, who, rungs[i].candidates, rungs[i].blocks, d);
        }
        say(t, "%zu candidates on %zu blocks, best %.4f (defaults %.4f on those)",
            rungs[i].candidates, rungs[i].blocks, sim_tune_mean(t, who[0], 0, rungs[i].blocks),
            sim_tune_mean(t, 0, 0, rungs[i].blocks));
    }
    return err == 0 ? (int64_t)rungs[count - 1].candidates : err;
}

/* ---- 3: the optimiser ---- */

static uint64_t race_reserve(const struct sim_tune *t)
{
    return (uint64_t)(RACE_SHARE * (double)t->budget);
}

/* The coordinates of the incumbent, with those that are searched from @x. */
static void fill(const struct sim_tune *t, const struct sim_candidate *incumbent, const double *x,
                 double *u)
{
    size_t k = 0;
    for (size_t i = 0; i < t->file.n_dims; i++) {
        u[i] = t->searched[i] ? x[k++] : incumbent->u[i];
    }
}

/* Mean over the family, on seed number @seed, of the difference to the defaults. */
static double difference(const struct sim_tune *t, size_t candidate, size_t seed)
{
    return sim_tune_mean(t, candidate, seed * sim_tune_family(t), sim_tune_family(t)) -
           sim_tune_mean(t, 0, seed * sim_tune_family(t), sim_tune_family(t));
}

/* One batch of points on a seed of its own; false when the budget does not reach for it. */
static int generation(struct sim_tune *t, struct sw_search *s, size_t incumbent, bool *more,
                      struct sw_diag *d)
{
    const double *x;
    const size_t n = sw_search_ask(s, &x);
    const uint64_t cost = (n + 1) * sim_tune_family(t);
    *more = n > 0 && t->spent + cost + race_reserve(t) <= t->budget;
    if (!*more) {
        return n > 0 ? 0 : no_memory(d);
    }
    const size_t seed = (size_t)t->next_seed;
    size_t *who = calloc(n + 1, sizeof *who);
    double *told = calloc(n, sizeof *told);
    int err = who == NULL || told == NULL ? no_memory(d) : 0;
    for (size_t i = 0; i < n && err == 0; i++) {
        double u[SIM_DIMENSIONS];
        fill(t, &t->candidates[incumbent], &x[i * s->dim], u);
        who[i + 1] = sim_tune_add(t, u, SIM_FROM_OPTIMISER, d);
        err = who[i + 1] == SIZE_MAX ? SW_ERR_NOMEM : 0;
    }
    err = err == 0 ? sim_tune_try(t, who, n + 1, seed * sim_tune_family(t), sim_tune_family(t), d)
                   : err;
    for (size_t i = 0; i < n && err == 0; i++) {
        told[i] = difference(t, who[i + 1], seed);
        t->candidates[who[i + 1]].told = told[i];
    }
    if (err == 0) {
        sw_search_tell(s, told);
        t->generations++;
    }
    free(who);
    free(told);
    return err;
}

static int optimise(struct sim_tune *t, size_t incumbent, struct sw_diag *d)
{
    static const char *const sizes[] = { "particles", "batch", "archive" };
    struct sw_search s;
    size_t dim = 0;
    for (size_t i = 0; i < t->file.n_dims; i++) {
        dim += t->searched[i] ? 1 : 0;
    }
    const uint64_t left = t->spent + race_reserve(t) < t->budget
                              ? (t->budget - t->spent - race_reserve(t)) / sim_tune_family(t)
                              : 0;
    int err = sw_search_init(&s, t->optimiser, dim, left > 0 ? left : 1, t->search_seed);
    for (size_t i = 0; i < SW_LEN(sizes) && err == 0; i++) {
        (void)sw_search_set(&s, sizes[i], SWARM);
    }
    bool more = err == 0;
    err = err == 0 ? 0 : no_memory(d);
    while (more && err == 0) {
        err = generation(t, &s, incumbent, &more, d);
    }
    say(t, "%zu generations of %s over %zu parameters, best difference to the defaults %.4f",
        t->generations, t->optimiser->name, dim, s.best_value);
    sw_search_fini(&s);
    return err;
}

/* ---- 4: the race ---- */

/* The optimiser's best by what it was told, after those in @who. */
static int enter(const struct sim_tune *t, size_t *who, size_t *n, struct sw_diag *d)
{
    struct ranked *r = calloc(t->n + 1, sizeof *r);
    size_t count = 0;
    for (size_t i = 0; r != NULL && i < t->n; i++) {
        if (t->candidates[i].origin == SIM_FROM_OPTIMISER) {
            r[count++] = (struct ranked){ i, t->candidates[i].told };
        }
    }
    if (r == NULL) {
        return no_memory(d);
    }
    qsort(r, count, sizeof *r, by_value);
    for (size_t i = 0; i < count && i < SURVIVORS; i++) {
        who[(*n)++] = r[i].candidate;
    }
    free(r);
    return 0;
}

static size_t count_alive(const bool *alive, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        count += alive[i] ? 1 : 0;
    }
    return count;
}

static int race(struct sim_tune *t, const size_t *who, size_t n, struct sw_diag *d)
{
    const size_t s = sim_tune_family(t);
    const size_t first = (size_t)t->next_seed * s;
    const size_t stride = RACE_SEEDS * s;
    bool alive[2 * SURVIVORS + 1];
    double *values = calloc(n * stride, sizeof *values);
    int err = values == NULL ? no_memory(d) : 0;
    size_t best = 0;
    memset(alive, true, sizeof alive);
    t->racers = n;
    t->left = n;
    for (size_t blocks = 0; blocks < stride && err == 0 && t->left > 1; blocks += s) {
        size_t here[2 * SURVIVORS + 1];
        size_t count = 0;
        for (size_t i = 0; i < n; i++) {
            here[count] = who[i];
            count += alive[i] ? 1 : 0;
        }
        if (blocks > 0 && t->spent + count * s > t->budget) {
            break;
        }
        err = sim_tune_try(t, here, count, first + blocks, s, d);
        for (size_t i = 0; i < n * s && err == 0; i++) {
            const struct sim_known *k =
                sim_tune_known(&t->candidates[who[i / s]], first + blocks + i % s);
            values[i / s * stride + blocks + i % s] = k != NULL ? k->objective : (double)NAN;
        }
        if (err == 0) {
            best = sim_race_step(values, n, stride, blocks + s, alive);
            t->left = count_alive(alive, n);
            t->trained = sim_tune_mean(t, who[best], first, blocks + s);
        }
    }
    t->winner = who[best];
    say(t, "%zu raced on seeds that nobody had met, %zu left; best: candidate %zu, %.4f", n,
        t->left, t->winner, t->trained);
    free(values);
    return err;
}

int sim_tune_search(struct sim_tune *t, struct sw_diag *d)
{
    const size_t n = screened(t);
    size_t *who = calloc(n + 1, sizeof *who);
    size_t racers[2 * SURVIVORS + 1] = { 0 }; /* the defaults first */
    size_t entered = 1;
    int64_t left = who == NULL ? no_memory(d) : screen(t, n, d);
    for (size_t i = 0; i < n && left >= 0; i++) {
        who[i] = i;
    }
    left = left == 0 ? halve(t, who, n, d) : left;
    int err = left < 0 ? (int)left : 0;
    size_t incumbent = 0; /* the best that has coordinates */
    for (size_t i = 0; err == 0 && i < (size_t)left; i++) {
        incumbent = incumbent == 0 ? who[i] : incumbent;
        racers[entered] = who[i];
        entered += who[i] != 0 ? 1 : 0;
    }
    err = err == 0 ? optimise(t, incumbent, d) : err;
    err = err == 0 ? enter(t, racers, &entered, d) : err;
    err = err == 0 ? race(t, racers, entered, d) : err;
    free(who);
    return err;
}
