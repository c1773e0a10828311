/* SPDX-License-Identifier: GPL-3.0-or-later
 * How fast new versions of zones reach all who hold them, and what that costs. */
#include "node/core/dns/version.h"
#include "sim/analyse/metric.h"
#include "sim/world/pool.h"
#include "sim/world/world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { P50, P99, MOST, VERSIONS, UNFINISHED, BYTES, DIFFERENCES, FETCHES, FAILED, CONFLICTS };

static const struct sim_metric metrics[] = {
    [P50] = { "zone.convergence.p50", "s",
              "from a primary's first serving a version until every holder serves it or a newer "
              "one, "
              "those that were down meanwhile included: median over versions",
              false },
    [P99] = { "zone.convergence.p99", "s", "the same: 99th percentile", false },
    [MOST] = { "zone.convergence.max", "s", "the same: the longest", false },
    [VERSIONS] = { "zone.versions", "", "versions that primaries made after their first", false },
    [UNFINISHED] = { "zone.unfinished", "", "those that some holder never served, nor a newer one",
                     false },
    [BYTES] = { "zone.bytes", "B", "fetched by backups", false },
    [DIFFERENCES] = { "zone.differences", "1",
                      "share of the versions fetched of which only what "
                      "differs was sent",
                      false },
    [FETCHES] = { "zone.fetches", "", "versions fetched", false },
    [FAILED] = { "zone.fetches.failed", "", "attempts to fetch one that failed", false },
    [CONFLICTS] = { "zone.conflicts", "", "times a node found two contents under one serial",
                    false },
};

/* A version that some holder lacks. */
struct pending {
    size_t zone;
    struct sw_zone_version version;
    sw_time at;
    bool *has; /* a node */
};

struct zones {
    size_t n_nodes;
    struct pending *v;
    size_t n;
    struct sw_zone_version *newest; /* a zone: that any node ever served */
    bool *first;                    /* a zone: its first version was seen */
    double *took;                   /* s, of each version that all serve */
    size_t n_took;
    uint64_t counts[SW_LEN(metrics)];
    uint64_t differences;
};

static int start(struct sim_world *w, void **self)
{
    const struct sim_scenario *s = sim_world_scenario(w);
    struct zones *m = sim_calloc(1, sizeof *m);
    m->n_nodes = s->n_nodes;
    m->first = sim_calloc(s->n_zones + 1, sizeof *m->first);
    m->newest = sim_calloc(s->n_zones + 1, sizeof *m->newest);
    *self = m;
    return 0;
}

static void stop(void *self)
{
    struct zones *m = self;
    for (size_t i = 0; i < m->n; i++) {
        free(m->v[i].has);
    }
    free(m->v);
    free(m->first);
    free(m->newest);
    free(m->took);
    free(m);
}

static size_t zone_of(const struct sim_scenario *s, const char *name)
{
    size_t i = 0;
    while (i < s->n_zones && strcmp(s->zones[i].name, name) != 0) {
        i++;
    }
    return i;
}

static bool holds(const struct sim_scenario *s, size_t node, const char *zone)
{
    const struct sw_config *c = &s->nodes[node].config;
    for (size_t i = 0; i < c->n_zones; i++) {
        if (strcmp(c->zones[i].name, zone) == 0) {
            return true;
        }
    }
    return false;
}

/* Node @node serves @version of @zone: whom is waited for, and which versions all have. */
static void serves(struct zones *m, sw_time now, size_t node, size_t zone,
                   const struct sw_zone_version *version)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->n; i++) {
        struct pending *p = &m->v[i];
        bool all = true;
        if (p->zone == zone && !sw_version_newer(&p->version, version)) {
            p->has[node] = true;
        }
        for (size_t k = 0; k < m->n_nodes; k++) {
            all = all && p->has[k];
        }
        if (all) {
            m->took = sim_realloc(m->took, (m->n_took + 1) * sizeof *m->took);
            m->took[m->n_took++] = (double)(now - p->at) / 1e9;
            free(p->has);
        } else {
            m->v[kept++] = *p;
        }
    }
    m->n = kept;
}

static void on_zone(void *self, struct sim_world *w, uint32_t node,
                    const struct sim_zone_version *v)
{
    struct zones *m = self;
    const struct sim_scenario *s = sim_world_scenario(w);
    const size_t zone = zone_of(s, v->zone);
    const struct sw_zone_version version = { .epoch = v->epoch, .serial = v->serial };
    (void)node;
    if (zone == s->n_zones || !m->first[zone]) {
        m->first[zone] = zone < s->n_zones;
        m->newest[zone] = version;
        return;
    }
    if (!sw_version_newer(&version, &m->newest[zone])) {
        return; /* a primary came back, or wrote what must not win */
    }
    m->newest[zone] = version;
    m->v = sim_realloc(m->v, (m->n + 1) * sizeof *m->v);
    struct pending *p = &m->v[m->n++];
    *p = (struct pending){ .zone = zone, .version = version, .at = sim_world_now(w) };
    p->has = sim_calloc(m->n_nodes, sizeof *p->has);
    for (size_t i = 0; i < m->n_nodes; i++) {
        p->has[i] = !holds(s, i, v->zone);
    }
    m->counts[VERSIONS]++;
}

static void on_trace(void *self, struct sim_world *w, uint32_t node, const struct sw_trace *t)
{
    struct zones *m = self;
    switch (t->kind) {
    case SW_TRACE_ZONE_SWAPPED: {
        const struct sw_zone_version v = { .epoch = t->b, .serial = (uint32_t)t->a };
        serves(m, sim_world_now(w), node, zone_of(sim_world_scenario(w), t->text), &v);
        break;
    }
    case SW_TRACE_ZONE_FETCHED:
        m->counts[FETCHES]++;
        m->counts[BYTES] += t->a;
        m->differences += t->b;
        break;
    case SW_TRACE_ZONE_FETCH_FAILED:
        m->counts[FAILED]++;
        break;
    case SW_TRACE_ZONE_CONFLICT:
        m->counts[CONFLICTS]++;
        break;
    default:
        break;
    }
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The smallest value that @share of all do not exceed. */
static double quantile(struct zones *m, double share)
{
    if (m->n_took == 0) {
        return (double)NAN;
    }
    qsort(m->took, m->n_took, sizeof *m->took, by_size);
    size_t rank = (size_t)ceil(share * (double)m->n_took);
    rank = rank < 1 ? 1 : rank;
    return m->took[rank - 1];
}

static double value(void *self, struct sim_world *w, size_t i, const char *during)
{
    struct zones *m = self;
    (void)w;
    (void)during;
    switch (i) {
    case P50:
        return quantile(m, 0.5);
    case P99:
        return quantile(m, 0.99);
    case MOST:
        return quantile(m, 1);
    case UNFINISHED:
        return (double)m->n;
    case DIFFERENCES:
        return m->counts[FETCHES] > 0 ? (double)m->differences / (double)m->counts[FETCHES]
                                      : (double)NAN;
    default:
        return (double)m->counts[i];
    }
}

extern const struct sim_metric_group sim_metric_group_zones;
const struct sim_metric_group sim_metric_group_zones = {
    .name = "zones",
    .metrics = metrics,
    .n_metrics = SW_LEN(metrics),
    .watcher = { .name = "zones",
                 .help = "how fast new versions of zones reach all who hold them",
                 .start = start,
                 .on_trace = on_trace,
                 .on_zone = on_zone,
                 .stop = stop },
    .value = value,
};
