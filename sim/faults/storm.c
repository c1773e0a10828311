/* SPDX-License-Identifier: GPL-3.0-or-later
 * A fault storm: faults of several kinds, each kind a Poisson process, all by the seed.  A seed may
 * leave kinds out (swarm testing: Groce, Zhang, Eide, Chen, Regehr 2012). */
#include "sim/faults/fault.h"
#include "sim/world/pool.h"

#include <stdlib.h>
#include <string.h>

struct drawing {
    const struct sim_scenario *s;
    uint64_t seed;
    struct sim_fault *v;
    size_t n, cap;
};

static struct sim_fault *next_fault(struct drawing *d)
{
    if (d->n == d->cap) {
        d->cap = 2 * d->cap + 16;
        d->v = sim_realloc(d->v, d->cap * sizeof *d->v);
    }
    return &d->v[d->n++];
}

/* A list of @fixed's parameters for another fault: keys and values stay @fixed's. */
static void borrow_params(struct sim_fault *f, const struct sim_fault *fixed)
{
    f->params = sim_alloc((fixed->n_params + 1) * sizeof *f->params);
    for (size_t i = 0; i < fixed->n_params; i++) {
        f->params[i] = fixed->params[i];
    }
    f->n_params = fixed->n_params;
    f->n_lent = fixed->n_params;
}

/* Fault number @number of kind @k, which is called @name among the storm's kinds; none where the
 * scenario has no room for one, a cut cable with one region. */
static void draw_fault(struct drawing *d, const struct sim_storm_kind *k, const char *name,
                       uint64_t number, sw_time at)
{
    struct sim_fault *f = next_fault(d);
    struct sw_rng rng;
    char stream[128];
    (void)snprintf(stream, sizeof stream, "%s, %llu", name, (unsigned long long)number);
    sw_rng_init(&rng, sw_rng_key(d->seed, "storm", stream));
    *f =
        (struct sim_fault){ .kind = k->fixed.kind, .at = at, .line = k->fixed.line, .drawn = true };
    f->length = (sw_dur)sim_draw_log_uniform(&rng, (double)k->shortest, (double)k->longest);
    borrow_params(f, &k->fixed);
    if (!sim_fault_draw(f, sim_fault_kind_find(f->kind), d->s, &rng)) {
        free(f->params);
        d->n--;
    }
}

static bool takes_part(const struct drawing *d, const struct sim_storm_kind *k)
{
    const struct sw_rng_key key = sw_rng_key(d->seed, "storm subset", k->fixed.kind);
    return sw_unit(sw_rng_at(key, 0, 0)) < d->s->storm.subset;
}

/* Kind number @index; of several items of one kind, each has a name of its own. */
static void draw_kind(struct drawing *d, size_t index)
{
    const struct sim_storm *m = &d->s->storm;
    const struct sim_storm_kind *k = &m->kinds[index];
    unsigned same = 0;
    char name[80];
    for (size_t i = 0; i < index; i++) {
        same += strcmp(m->kinds[i].fixed.kind, k->fixed.kind) == 0;
    }
    if (!takes_part(d, k)) {
        return;
    }
    (void)snprintf(name, sizeof name, "%s %u", k->fixed.kind, same);
    const struct sw_rng_key gaps = sw_rng_key(d->seed, "storm gaps", name);
    double at = (double)m->from;
    for (uint64_t i = 0;; i++) {
        at += sw_exponential(sw_rng_at(gaps, i, 0), 1e9 / k->rate);
        if (at >= (double)m->until) {
            return;
        }
        draw_fault(d, k, name, i, (sw_time)at);
    }
}

struct sim_fault *sim_storm_draw(const struct sim_scenario *s, uint64_t seed, size_t *n)
{
    struct drawing d = { .s = s, .seed = seed };
    for (size_t i = 0; i < s->n_faults; i++) {
        *next_fault(&d) = s->faults[i];
    }
    for (size_t i = 0; i < s->storm.n_kinds; i++) {
        draw_kind(&d, i);
    }
    *n = d.n;
    return d.v;
}

void sim_storm_free(struct sim_fault *faults, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct sim_fault *f = &faults[i];
        for (size_t k = f->n_lent; k < f->n_params && f->drawn; k++) {
            free(f->params[k].value);
        }
        if (f->drawn) {
            free(f->params);
        }
    }
    free(faults);
}
