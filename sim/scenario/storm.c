/* SPDX-License-Identifier: GPL-3.0-or-later
 * `storm`: which kinds of faults come by chance, how often and for how long. */
#define _POSIX_C_SOURCE 200809L /* strdup */
#include "sim/faults/fault.h"
#include "sim/scenario/load.h"

#include <stdlib.h>
#include <string.h>

/* More faults in a run are a mistake in a unit. */
#define MOST_FAULTS 100000.0

static const struct sw_yaml_node *storm_of(const struct sim_loader *l)
{
    return sw_yaml_get(l->root, "storm");
}

static int fill_times(struct sim_loader *l)
{
    struct sim_scenario *s = &l->f->s;
    struct sim_storm *m = &s->storm;
    const struct sw_yaml_node *from = sw_yaml_get(storm_of(l), "from");
    const struct sw_yaml_node *until = sw_yaml_get(storm_of(l), "until");
    m->from = from != NULL ? m->from : s->warmup;
    m->until = until != NULL ? m->until : s->duration;
    if (m->until > s->duration) {
        return sw_yaml_fail(l->y, until, "until", SW_ERR_RANGE, l->d,
                            "lies after the end of the run (duration)");
    }
    if (m->from >= m->until) {
        return sw_yaml_fail(l->y, from != NULL ? from : storm_of(l), "from", SW_ERR_RANGE, l->d,
                            "is not before the storm's end (until, or duration)");
    }
    return 0;
}

/* Rate and lengths, those not given from the storm. */
static int fill_kind(struct sim_loader *l, const struct sw_yaml_node *at, struct sim_storm_kind *k)
{
    const struct sim_storm *m = &l->f->s.storm;
    k->rate = k->rate > 0 ? k->rate : m->rate;
    k->shortest = k->shortest > 0 ? k->shortest : m->shortest;
    k->longest = k->longest > 0 ? k->longest : m->longest;
    if (k->rate <= 0) {
        return sw_yaml_fail(
            l->y, at, "rate", SW_ERR_MALFORMED, l->d,
            "%s has none, and the storm neither (expected one of the two, like 2/h)",
            k->fixed.kind);
    }
    if (k->shortest > k->longest) {
        const bool own = sw_yaml_get(at, "shortest") != NULL || sw_yaml_get(at, "longest") == NULL;
        const char *key = own ? "shortest" : "longest";
        const struct sw_yaml_node *said = sw_yaml_get(at, key);
        return sw_yaml_fail(l->y, said != NULL ? said : at, key, SW_ERR_RANGE, l->d,
                            "a %s would last %.9g s at least and %.9g s at most (expected shortest "
                            "<= longest, the storm's where the kind says nothing)",
                            k->fixed.kind, (double)k->shortest * 1e-9, (double)k->longest * 1e-9);
    }
    return 0;
}

static int load_kind(struct sim_loader *l, size_t i, struct sim_storm_kind *k)
{
    struct sim_storm_entry *e = &l->f->kinds[i];
    const struct sw_yaml_node *at = sw_yaml_item(sw_yaml_get(storm_of(l), "kinds"), i);
    struct sw_diag why = { 0 };
    int err = sim_load_fault(l, at, &e->fault, &k->fixed);
    k->rate = e->rate;
    k->shortest = e->shortest;
    k->longest = e->longest;
    if (err == 0) {
        err = sim_fault_check(&l->f->s, &k->fixed, &why);
        if (err != 0) {
            return sw_diag_set(l->d, err, "%.90s:%s", l->y->file, why.text);
        }
        err = fill_kind(l, at, k);
    }
    return err;
}

static int every_kind(struct sim_loader *l, struct sim_storm *m, size_t n)
{
    int err = 0;
    for (size_t i = 0; i < n && err == 0; i++) {
        struct sim_storm_kind *k = &m->kinds[m->n_kinds++];
        k->fixed.kind = strdup(sim_fault_kind_at(i)->name);
        k->fixed.line = storm_of(l)->line;
        err = k->fixed.kind == NULL ? SW_ERR_NOMEM : fill_kind(l, storm_of(l), k);
    }
    return err;
}

static int check_size(struct sim_loader *l)
{
    const struct sim_storm *m = &l->f->s.storm;
    double rate = 0;
    for (size_t i = 0; i < m->n_kinds; i++) {
        rate += m->kinds[i].rate;
    }
    const double faults = rate * (double)(m->until - m->from) * 1e-9;
    return faults <= MOST_FAULTS
               ? 0
               : sw_yaml_fail(l->y, storm_of(l), "rate", SW_ERR_RANGE, l->d,
                              "would bring about %.0f faults a run (expected at most %.0f)", faults,
                              MOST_FAULTS);
}

int sim_load_storm(struct sim_loader *l)
{
    struct sim_storm *m = &l->f->s.storm;
    size_t n = l->f->n_kinds;
    if (storm_of(l) == NULL) {
        return 0;
    }
    while (l->f->n_kinds == 0 && sim_fault_kind_at(n) != NULL) {
        n++;
    }
    m->kinds = calloc(n + 1, sizeof *m->kinds);
    if (m->kinds == NULL) {
        return sw_diag_set(l->d, SW_ERR_NOMEM, "%s: out of memory", l->y->file);
    }
    int err = fill_times(l);
    if (err == 0 && l->f->n_kinds == 0) {
        err = every_kind(l, m, n);
    }
    for (size_t i = 0; i < l->f->n_kinds && err == 0; i++) {
        err = load_kind(l, i, &m->kinds[m->n_kinds++]);
    }
    return err == 0 ? check_size(l) : err;
}
