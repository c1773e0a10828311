/* SPDX-License-Identifier: GPL-3.0-or-later
 * What became of questions for what no node holds: caches, homes, upstreams. */
#include "sim/analyse/metric.h"
#include "sim/record/rows.h"
#include "sim/world/world.h"

#include "node/core/cache/lookup.h"

#include <math.h>
#include <stdlib.h>

enum { LOCAL, SWARM, STALE, FAILED, UPSTREAM, HOME, VERDICTS };

static const struct sim_metric metrics[] = {
    [LOCAL] = { "cache.hit_ratio.node", "1",
                "share of outside questions that the node asked had in its own cache, fresh",
                false },
    [SWARM] = { "cache.hit_ratio.swarm", "1",
                "the same, or that the name's home had: no upstream was asked for them", false },
    [STALE] = { "cache.stale", "1", "share that got what had expired", false },
    [FAILED] = { "cache.failed", "1", "share that got SERVFAIL", false },
    [UPSTREAM] = { "cache.upstream_queries", "",
                   "queries to upstreams for each outside question, prefetches and retries "
                   "included",
                   false },
    [HOME] = { "cache.home_queries", "", "queries to homes for each outside question", false },
    [VERDICTS] = { "cache.upstreams_down", "",
                   "times a node held an upstream for down, by itself or as told", false },
};

struct cache {
    sw_time from; /* what came before is warm-up */
    uint64_t uses[SW_USE_COUNT];
    uint64_t upstream, home, verdicts;
    uint64_t sampled, sampled_hits; /* since the latest sample */
    struct sim_rows series;
};

static int start(struct sim_world *w, void **self)
{
    struct cache *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return SW_ERR_NOMEM;
    }
    m->from = sim_world_scenario(w)->warmup;
    *self = m;
    return 0;
}

static void stop(void *self)
{
    struct cache *m = self;
    sw_blob_fini(&m->series.blob);
    free(m);
}

static void on_trace(void *self, struct sim_world *w, uint32_t node, const struct sw_trace *t)
{
    struct cache *m = self;
    const bool counts = sim_world_now(w) >= m->from;
    (void)node;
    switch (t->kind) {
    case SW_TRACE_LOOKED_UP:
        if (t->a < SW_USE_COUNT) {
            m->uses[t->a] += counts;
            m->sampled++;
            m->sampled_hits += t->a == SW_USE_LOCAL || t->a == SW_USE_HOME_HIT;
        }
        break;
    case SW_TRACE_UPSTREAM_ASKED:
        m->upstream += counts;
        break;
    case SW_TRACE_HOME_ASKED:
        m->home += counts;
        break;
    case SW_TRACE_UPSTREAM_DOWN:
        m->verdicts += counts;
        break;
    default:
        break;
    }
}

static void on_sample(void *self, struct sim_world *w)
{
    struct cache *m = self;
    if (m->sampled > 0) {
        sim_rows_sample(&m->series, "cache.hit_ratio", "", sim_world_now(w),
                        (double)m->sampled_hits / (double)m->sampled);
    }
    m->sampled = 0;
    m->sampled_hits = 0;
}

static double value(void *self, struct sim_world *w, size_t i, const char *during)
{
    const struct cache *m = self;
    uint64_t n = 0;
    (void)w;
    (void)during;
    for (size_t k = 0; k < SW_USE_COUNT; k++) {
        n += m->uses[k];
    }
    const uint64_t what[] = {
        [LOCAL] = m->uses[SW_USE_LOCAL], [SWARM] = m->uses[SW_USE_LOCAL] + m->uses[SW_USE_HOME_HIT],
        [STALE] = m->uses[SW_USE_STALE], [FAILED] = m->uses[SW_USE_FAILED],
        [UPSTREAM] = m->upstream,        [HOME] = m->home,
        [VERDICTS] = m->verdicts,
    };
    if (i == VERDICTS) {
        return (double)what[i];
    }
    return n > 0 ? (double)what[i] / (double)n : NAN;
}

static void emit(void *self, struct sim_world *w, struct sim_rows *rows)
{
    const struct cache *m = self;
    (void)w;
    sim_rows_append(rows, &m->series);
}

extern const struct sim_metric_group sim_metric_group_cache;
const struct sim_metric_group sim_metric_group_cache = {
    .name = "cache",
    .metrics = metrics,
    .n_metrics = SW_LEN(metrics),
    .watcher = { .name = "cache",
                 .help = "what became of outside questions",
                 .start = start,
                 .on_trace = on_trace,
                 .on_sample = on_sample,
                 .stop = stop },
    .value = value,
    .emit = emit,
};
