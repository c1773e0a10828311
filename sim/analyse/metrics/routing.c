/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the routers did, and what they believed over time. */
#include "sim/analyse/metric.h"
#include "sim/record/rows.h"
#include "sim/world/world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FORWARDED,
    RETRIED,
    TIMED_OUT,
    REFUSED,
    HEDGED,
    FAILED,
    ANTS,
    SUSPICIONS,
    RELAYED,
    CARRIED,
    PER_QUERY
};

static const struct sim_metric metrics[] = {
    [FORWARDED] = { "route.forwarded", "", "queries handed to another node, first attempts",
                    false },
    [RETRIED] = { "route.retried", "", "further attempts of such queries", false },
    [TIMED_OUT] = { "route.timeouts", "", "attempts that were given up", false },
    [REFUSED] = { "route.refused", "", "attempts that a busy node refused", false },
    [HEDGED] = { "route.hedged", "",
                 "queries asked of a second node because the first was slow; they count as "
                 "route.retried, too",
                 false },
    [FAILED] = { "route.failed", "", "queries that no node answered", false },
    [ANTS] = { "route.ants", "", "probes sent", false },
    [SUSPICIONS] = { "route.suspicions", "", "times a node began to suspect another", false },
    [RELAYED] = { "route.relayed", "", "attempts that went to a relay", false },
    [CARRIED] = { "route.carried", "", "queries and probes that relays handed on", false },
    [PER_QUERY] = { "route.per_query", "",
                    "requests and probes sent to other nodes, those that relays hand on included, "
                    "for every query that a client asked: "
                    "what routing costs; the whole run",
                    false },
};

/* A trail is recorded when it moved by this much since the last time. */
#define CHANGE 0.005

/* A node's, to each peer in their order, as last recorded; NaN never. */
struct trails {
    double *v;
    size_t n;
};

struct routing {
    uint64_t counts[SW_LEN(metrics)];
    uint64_t asked;        /* by clients */
    size_t n;              /* nodes */
    struct trails *trails; /* a node */
    struct sw_route_info *routes;
    struct sim_rows series;
};

static void stop(void *self)
{
    struct routing *m = self;
    for (size_t i = 0; i < m->n && m->trails != NULL; i++) {
        free(m->trails[i].v);
    }
    free(m->trails);
    free(m->routes);
    sw_blob_fini(&m->series.blob);
    free(m);
}

static int start(struct sim_world *w, void **self)
{
    struct routing *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return SW_ERR_NOMEM;
    }
    m->n = sim_world_scenario(w)->n_nodes;
    m->trails = calloc(m->n, sizeof *m->trails);
    m->routes = malloc(m->n * sizeof *m->routes);
    if (m->trails == NULL || m->routes == NULL) {
        stop(m);
        return SW_ERR_NOMEM;
    }
    *self = m;
    return 0;
}

static void on_trace(void *self, struct sim_world *w, uint32_t node, const struct sw_trace *t)
{
    struct routing *m = self;
    (void)w;
    (void)node;
    switch (t->kind) {
    case SW_TRACE_ROUTED:
        m->counts[t->a == 0 ? FORWARDED : RETRIED]++;
        m->counts[RELAYED] += t->b;
        break;
    case SW_TRACE_ROUTE_TIMEOUT:
        m->counts[TIMED_OUT]++;
        break;
    case SW_TRACE_ROUTE_REFUSED:
        m->counts[REFUSED]++;
        break;
    case SW_TRACE_HEDGED:
        m->counts[HEDGED]++;
        break;
    case SW_TRACE_QUERY_FAILED:
        m->counts[FAILED]++;
        break;
    case SW_TRACE_ANT:
        m->counts[ANTS]++;
        break;
    case SW_TRACE_CARRIED:
        m->counts[CARRIED]++;
        break;
    case SW_TRACE_SUSPECT:
        m->counts[SUSPICIONS]++;
        break;
    default:
        break;
    }
}

static void on_query(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    struct routing *m = self;
    (void)w;
    (void)q;
    m->asked++;
}

/* Room for @n peers; false when memory is out. */
static bool grow(struct trails *t, size_t n)
{
    double *v = n > t->n ? realloc(t->v, n * sizeof *v) : t->v;
    if (n > t->n && v != NULL) {
        for (; t->n < n; t->n++) {
            v[t->n] = NAN;
        }
        t->v = v;
    }
    return n == 0 || v != NULL;
}

static void sample_node(struct routing *m, struct sim_world *w, uint32_t i)
{
    const struct sw_node *node = sim_world_node(w, i);
    const char *name = sim_world_scenario(w)->nodes[i].config.name.s;
    struct sw_node_counts c = { 0 };
    if (node != NULL) {
        sw_node_counts(node, &c);
    }
    if (c.forwarded == 0) {
        return; /* nobody was ever asked */
    }
    const size_t n = sw_node_routes(node, m->routes, m->n);
    if (!grow(&m->trails[i], n)) {
        m->series.failed = true;
        return;
    }
    for (size_t k = 0; k < n && k < m->n; k++) {
        /* a peer that was never asked is no alternative: it holds nothing that is wanted */
        const double trail = m->routes[k].sent > 0 ? m->routes[k].trail : NAN;
        double *last = &m->trails[i].v[k];
        if (isnan(trail) || fabs(trail - *last) < CHANGE) {
            continue;
        }
        *last = trail;
        char entity[2 * SW_NAME_MAX + 2];
        (void)snprintf(entity, sizeof entity, "%s>%s", name, m->routes[k].peer.s);
        sim_rows_sample(&m->series, "route.trail", entity, sim_world_now(w), trail);
    }
}

static void on_sample(void *self, struct sim_world *w)
{
    struct routing *m = self;
    for (uint32_t i = 0; i < m->n; i++) {
        sample_node(m, w, i);
    }
}

static double value(void *self, struct sim_world *w, size_t i, const char *during)
{
    const struct routing *m = self;
    (void)w;
    (void)during;
    if (i == PER_QUERY) {
        const uint64_t sent =
            m->counts[FORWARDED] + m->counts[RETRIED] + m->counts[ANTS] + m->counts[CARRIED];
        return m->asked > 0 ? (double)sent / (double)m->asked : NAN;
    }
    return (double)m->counts[i];
}

static void emit(void *self, struct sim_world *w, struct sim_rows *rows)
{
    const struct routing *m = self;
    (void)w;
    sim_rows_append(rows, &m->series);
}

extern const struct sim_metric_group sim_metric_group_routing;
const struct sim_metric_group sim_metric_group_routing = {
    .name = "routing",
    .metrics = metrics,
    .n_metrics = SW_LEN(metrics),
    .watcher = { .name = "routing",
                 .help = "what the routers did and believed",
                 .start = start,
                 .on_query = on_query,
                 .on_trace = on_trace,
                 .on_sample = on_sample,
                 .stop = stop },
    .value = value,
    .emit = emit,
};
