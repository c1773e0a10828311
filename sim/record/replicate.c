/* SPDX-License-Identifier: GPL-3.0-or-later
 * Running one replication. */
#define _POSIX_C_SOURCE 200809L
#include "sim/record/replicate.h"
#include "sim/analyse/metric.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_GROUPS 32
#define SLICES 500 /* how often a run stops to say how far it is */

struct replication {
    const struct sim_scenario *s;
    struct sim_world *w;
    void *groups[MAX_GROUPS]; /* what each group's start made */
    struct sim_run_info info;
};

static double clock_seconds(clockid_t id)
{
    struct timespec t;
    return clock_gettime(id, &t) == 0 ? (double)t.tv_sec + 1e-9 * (double)t.tv_nsec : 0;
}

static int watch(struct replication *r, struct sw_diag *d)
{
    const struct sim_metric_group *g;
    for (size_t i = 0; i < MAX_GROUPS && (g = sim_metric_group_at(i)) != NULL; i++) {
        const int err = sim_world_watch(r->w, &g->watcher, &r->groups[i]);
        if (err != 0) {
            return sw_diag_set(d, err, "metrics of '%s': %s", g->name, sw_strerror(err));
        }
    }
    return 0;
}

static int run(struct replication *r, const struct sim_progress *progress, struct sw_diag *d)
{
    const sw_dur slice = r->s->duration / SLICES + 1;
    sw_time until = 0;
    int err = 0;
    while (err == 0 && until < r->s->duration && r->info.result.complaint[0] == '\0') {
        until = until + slice < r->s->duration ? until + slice : r->s->duration;
        err = sim_world_run(r->w, until, &r->info.result);
        if (progress != NULL) {
            progress->tell(progress->self, sim_world_now(r->w), sim_world_events(r->w));
        }
    }
    return err == 0 ? 0 : sw_diag_set(d, err, "the run stopped: %s", sw_strerror(err));
}

/* The kinds of faults in the scenario, each once; "" stands for the whole run. */
static bool first_of_kind(const struct sim_scenario *s, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (strcmp(s->faults[k].kind, s->faults[i].kind) == 0) {
            return false;
        }
    }
    return true;
}

static void measure(struct replication *r, const struct sim_metric_group *g, void *self,
                    struct sim_rows *rows)
{
    const struct sim_scenario *s = sim_world_scenario(r->w); /* with what its storm drew */
    for (size_t i = 0; i < g->n_metrics; i++) {
        const char *name = g->metrics[i].name;
        sim_rows_metric(rows, name, "", g->value(self, r->w, i, NULL));
        for (size_t f = 0; g->metrics[i].windowed && f < s->n_faults; f++) {
            if (first_of_kind(s, f)) {
                const char *kind = s->faults[f].kind;
                sim_rows_metric(rows, name, kind, g->value(self, r->w, i, kind));
            }
        }
    }
    if (g->emit != NULL) {
        g->emit(self, r->w, rows);
    }
}

static int collect(struct replication *r, struct sim_rows *rows, struct sw_diag *d)
{
    r->info.sim_seconds = (double)r->info.result.ended_at / 1e9;
    sim_rows_info(rows, &r->info);
    const struct sim_metric_group *g;
    for (size_t i = 0; i < MAX_GROUPS && (g = sim_metric_group_at(i)) != NULL; i++) {
        measure(r, g, r->groups[i], rows);
    }
    return rows->failed ? sw_diag_set(d, SW_ERR_NOMEM, "out of memory for a run's results") : 0;
}

int sim_replicate(const struct sim_scenario *s, uint64_t seed, const struct sim_progress *progress,
                  struct sim_rows *rows, struct sw_diag *d)
{
    struct replication r = { .s = s };
    const double wall = clock_seconds(CLOCK_MONOTONIC);
    const double cpu = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
    int err = sim_world_new(s, seed, &r.w, d);
    if (err != 0) {
        return err;
    }
    err = watch(&r, d);
    if (err == 0) {
        err = run(&r, progress, d);
    }
    if (err == 0) {
        r.info.result.seed = seed;
        r.info.wall_seconds = clock_seconds(CLOCK_MONOTONIC) - wall;
        r.info.cpu_seconds = clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        err = collect(&r, rows, d);
    }
    sim_world_free(r.w);
    return err;
}
