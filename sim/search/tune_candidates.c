/* SPDX-License-Identifier: GPL-3.0-or-later
 * A search's candidates, and what is known of them block by block. */
#include "sim/search/tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int no_memory(struct sw_diag *d)
{
    return sw_diag_set(d, SW_ERR_NOMEM, "out of memory");
}

size_t sim_tune_add(struct sim_tune *t, const double *u, enum sim_origin origin, struct sw_diag *d)
{
    const size_t dim = t->file.n_dims;
    if (t->n == t->cap) {
        const size_t cap = t->cap > 0 ? 2 * t->cap : 64;
        struct sim_candidate *more = realloc(t->candidates, cap * sizeof *more);
        if (more == NULL) {
            (void)no_memory(d);
            return SIZE_MAX;
        }
        t->candidates = more;
        t->cap = cap;
    }
    struct sim_candidate *c = &t->candidates[t->n];
    *c = (struct sim_candidate){ .point = t->file.defaults, .origin = origin, .told = NAN };
    if (u != NULL) {
        c->u = malloc(dim * sizeof *c->u);
        if (c->u == NULL) {
            (void)no_memory(d);
            return SIZE_MAX;
        }
        memcpy(c->u, u, dim * sizeof *c->u);
        if (sim_space_place(t->file.dims, dim, u, &c->point, d) != 0) {
            free(c->u);
            return SIZE_MAX;
        }
    }
    return t->n++;
}

const struct sim_known *sim_tune_known(const struct sim_candidate *c, size_t block)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->known[i].block == block) {
            return &c->known[i];
        }
    }
    return NULL;
}

static int learn(struct sim_candidate *c, size_t block, double objective)
{
    if (c->n == c->cap) {
        const size_t cap = c->cap > 0 ? 2 * c->cap : 8;
        struct sim_known *more = realloc(c->known, cap * sizeof *more);
        if (more == NULL) {
            return SW_ERR_NOMEM;
        }
        c->known = more;
        c->cap = cap;
    }
    c->known[c->n++] = (struct sim_known){ block, objective };
    return 0;
}

/* Block number b: scenario b modulo their number, with the next seed after all of them. */
static struct sim_trial trial_of(const struct sim_tune *t, size_t candidate, size_t block)
{
    return (struct sim_trial){ .point = &t->candidates[candidate].point,
                               .number = candidate,
                               .scenario = block % sim_tune_family(t),
                               .seed = t->file.seed + block / sim_tune_family(t) };
}

int sim_tune_try(struct sim_tune *t, const size_t *who, size_t n, size_t first, size_t blocks,
                 struct sw_diag *d)
{
    struct sim_trial *trials = calloc(n * blocks + 1, sizeof *trials);
    size_t *block = calloc(n * blocks + 1, sizeof *block);
    size_t count = 0;
    int err = trials == NULL || block == NULL ? no_memory(d) : 0;
    for (size_t i = 0; i < n * blocks && err == 0; i++) {
        const size_t b = first + i % blocks;
        if (sim_tune_known(&t->candidates[who[i / blocks]], b) == NULL) {
            block[count] = b;
            trials[count++] = trial_of(t, who[i / blocks], b);
        }
    }
    err = err == 0 ? sim_lab_try(&t->lab, trials, count, d) : err;
    for (size_t i = 0; i < count && err == 0; i++) {
        err = learn(&t->candidates[trials[i].number], block[i], trials[i].objective);
        err = err == 0 ? 0 : no_memory(d);
    }
    t->spent += err == 0 ? count : 0;
    const uint64_t next = (first + blocks + sim_tune_family(t) - 1) / sim_tune_family(t);
    t->next_seed = next > t->next_seed ? next : t->next_seed;
    free(trials);
    free(block);
    return err;
}

double sim_tune_mean(const struct sim_tune *t, size_t candidate, size_t first, size_t blocks)
{
    double sum = 0;
    for (size_t b = first; b < first + blocks; b++) {
        const struct sim_known *k = sim_tune_known(&t->candidates[candidate], b);
        sum += k != NULL ? k->objective : (double)NAN;
    }
    return isfinite(sum) ? sum / (double)blocks : (double)NAN;
}
