/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who sends how much to whom, and what the holders of zones are asked for against what they can
 * give. */
#include "sim/analyse/metric.h"
#include "sim/record/rows.h"
#include "sim/world/control.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PER_QUERY };

static const struct sim_metric metrics[] = {
    [PER_QUERY] = { "load.per_query", "s",
                    "processor time that all nodes together are asked for by requests, for every "
                    "query that a client asked; the whole run",
                    false },
};

struct load {
    size_t regions;
    uint64_t *sent; /* region x region: queries, since the last sample */
    double *asked;  /* a region: core time of its holders up to the last sample, ns */
    uint64_t queries;
    sw_time sampled_at;
    struct sim_rows series;
};

static void stop(void *self)
{
    struct load *m = self;
    free(m->sent);
    free(m->asked);
    sw_blob_fini(&m->series.blob);
    free(m);
}

static int start(struct sim_world *w, void **self)
{
    struct load *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return SW_ERR_NOMEM;
    }
    m->regions = sim_world_scenario(w)->n_regions;
    m->sent = calloc(m->regions * m->regions + 1, sizeof *m->sent);
    m->asked = calloc(m->regions + 1, sizeof *m->asked);
    if (m->sent == NULL || m->asked == NULL) {
        stop(m);
        return SW_ERR_NOMEM;
    }
    *self = m;
    return 0;
}

static void on_trace(void *self, struct sim_world *w, uint32_t node, const struct sw_trace *t)
{
    struct load *m = self;
    if (t->kind != SW_TRACE_ROUTED) {
        return;
    }
    const size_t peer = sim_node_index(sim_world_scenario(w), t->peer.s);
    if (peer != SIZE_MAX) {
        const size_t from = sim_world_region_of(w, node);
        m->sent[from * m->regions + sim_world_region_of(w, (uint32_t)peer)]++;
    }
}

static void on_query(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    struct load *m = self;
    (void)w, (void)q;
    m->queries++;
}

static void sample_sent(struct load *m, const struct sim_scenario *s, double seconds)
{
    for (size_t i = 0; i < m->regions * m->regions; i++) {
        char entity[2 * SW_NAME_MAX + 2];
        if (m->sent[i] > 0) {
            (void)snprintf(entity, sizeof entity, "%s>%s", s->regions[i / m->regions].name.s,
                           s->regions[i % m->regions].name.s);
            sim_rows_sample(&m->series, "route.sent", entity, m->sampled_at,
                            (double)m->sent[i] / seconds);
            m->sent[i] = 0;
        }
    }
}

/* Its holders together. */
static void sample_region(struct load *m, struct sim_world *w, size_t region, double seconds)
{
    const struct sim_scenario *s = sim_world_scenario(w);
    const char *name = s->regions[region].name.s;
    double asked = 0;
    double speed = 0;
    uint64_t waiting = 0;
    bool any = false;
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        if (s->nodes[i].config.n_zones > 0 && sim_world_region_of(w, i) == region) {
            asked += (double)sim_world_asked(w, i);
            speed += sim_world_speed(w, i);
            waiting += sim_world_waiting(w, i);
            any = true;
        }
    }
    if (any) {
        sim_rows_sample(&m->series, "load.asked", name, m->sampled_at,
                        (asked - m->asked[region]) * 1e-9 / seconds);
        sim_rows_sample(&m->series, "load.capacity", name, sim_world_now(w), speed);
        sim_rows_sample(&m->series, "load.waiting", name, sim_world_now(w), (double)waiting);
        m->asked[region] = asked;
    }
}

static void on_sample(void *self, struct sim_world *w)
{
    struct load *m = self;
    const double seconds = (double)(sim_world_now(w) - m->sampled_at) * 1e-9;
    if (seconds > 0) {
        sample_sent(m, sim_world_scenario(w), seconds);
        for (size_t i = 0; i < m->regions; i++) {
            sample_region(m, w, i, seconds);
        }
    }
    m->sampled_at = sim_world_now(w);
}

static double value(void *self, struct sim_world *w, size_t i, const char *during)
{
    const struct load *m = self;
    double asked = 0;
    (void)i, (void)during;
    for (uint32_t k = 0; k < sim_world_scenario(w)->n_nodes; k++) {
        asked += (double)sim_world_asked(w, k);
    }
    return m->queries > 0 ? asked * 1e-9 / (double)m->queries : NAN;
}

static void emit(void *self, struct sim_world *w, struct sim_rows *rows)
{
    const struct load *m = self;
    (void)w;
    sim_rows_append(rows, &m->series);
}

extern const struct sim_metric_group sim_metric_group_load;
const struct sim_metric_group sim_metric_group_load = {
    .name = "load",
    .metrics = metrics,
    .n_metrics = SW_LEN(metrics),
    .watcher = { .name = "load",
                 .help = "who sent how much to whom, and the holders' load",
                 .start = start,
                 .on_query = on_query,
                 .on_trace = on_trace,
                 .on_sample = on_sample,
                 .stop = stop },
    .value = value,
    .emit = emit,
};
