/* SPDX-License-Identifier: GPL-3.0-or-later
 * What DNS clients got: availability, latency, and who answered. */
#include "node/base/map.h"
#include "sim/analyse/metric.h"
#include "sim/analyse/timeline.h"
#include "sim/record/rows.h"
#include "sim/world/world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    P50,
    P90,
    P99,
    P999,
    MEAN,
    SLOW,
    AVAILABILITY,
    DARK,
    QUERIES,
    CACHED,
    RECOVERY,
    BLENDED,
};

static const struct sim_metric metrics[] = {
    [P50] = { "dns.latency.p50", "s",
              "median time from a stub's first transmission to the answer it accepts; a failed "
              "query counts with the time its stub gave up after; clients in a failed region "
              "apart",
              true },
    [P90] = { "dns.latency.p90", "s", "the same, 90th percentile", true },
    [P99] = { "dns.latency.p99", "s", "the same, 99th percentile", true },
    [P999] = { "dns.latency.p99.9", "s", "the same, 99.9th percentile", true },
    [MEAN] = { "dns.latency.mean", "s", "the same, mean", true },
    [SLOW] = { "dns.slow", "1", "share of queries that took longer than 1 s, or failed", true },
    [AVAILABILITY] = { "availability", "1",
                       "share of queries that got a correct answer before their stub gave up; "
                       "clients in a failed region apart",
                       true },
    [DARK] = { "availability.dark", "1", "the same, of clients in a failed region", true },
    [QUERIES] = { "dns.queries", "", "queries asked by clients outside failed regions", true },
    [CACHED] = { "dns.cached", "1",
                 "share of lookups that stubs answered from their own caches: no queries, and in "
                 "no "
                 "other metric",
                 true },
    [RECOVERY] = { "service.recovery", "s",
                   "from a fault's start to the first of 10 s in a row with availability >= 99.9 % "
                   "and p99 <= 1.5 x its value before; with several faults the longest; never: "
                   "not until 30 s or more after its end, when measuring ends; with less left, not "
                   "measured",
                   true },
    [BLENDED] = { "dns.blended", "",
                  "1/4 ln p50 + 1/4 ln mean + 0.35 ln p99 + 0.15 ln p99.9 of the latency in ms, + "
                  "20 x "
                  "the share that failed: one figure to compare routers by; a difference of -0.1 "
                  "is "
                  "10 % less latency",
                  true },
};

/* What a group of clients got, outside failed regions. */
struct served {
    uint64_t asked, answered, slow;
    double waited; /* ns, all together */
};

struct dns {
    struct sim_timeline t;
    size_t n_groups;
    struct served *served; /* slot x group */
    size_t n_regions;
    uint32_t *region;      /* of each node */
    struct sw_map by_name; /* node name to its element of @region */
    uint64_t *entered;     /* slot x region: answered by an entry node there */
    uint64_t *forwarded;   /* slot x region: of those, asked of a peer */
    uint64_t *resolved;    /* slot x region: answered by a peer there */
    bool out_of_memory;
};

static void stop(void *self)
{
    struct dns *m = self;
    sim_timeline_fini(&m->t);
    sw_map_fini(&m->by_name);
    free(m->served);
    free(m->region);
    free(m->entered);
    free(m->forwarded);
    free(m->resolved);
    free(m);
}

static uint32_t region_of(const struct sim_scenario *s, const char *name)
{
    for (uint32_t i = 0; i < s->n_regions; i++) {
        if (strcmp(s->regions[i].name.s, name) == 0) {
            return i;
        }
    }
    return 0; /* the loader lets no other name through */
}

static struct sw_bytes key_of(const char *name)
{
    return (struct sw_bytes){ (const uint8_t *)name, strlen(name) };
}

static int allocate(struct dns *m, const struct sim_scenario *s)
{
    const size_t cells = m->t.n * s->n_regions;
    m->n_regions = s->n_regions;
    m->n_groups = s->n_clients;
    m->served = calloc(m->t.n * m->n_groups + 1, sizeof *m->served);
    m->region = calloc(s->n_nodes, sizeof *m->region);
    m->entered = calloc(cells, sizeof *m->entered);
    m->forwarded = calloc(cells, sizeof *m->forwarded);
    m->resolved = calloc(cells, sizeof *m->resolved);
    if (m->served == NULL || m->region == NULL || m->entered == NULL || m->forwarded == NULL ||
        m->resolved == NULL) {
        return SW_ERR_NOMEM;
    }
    int err = 0;
    for (size_t i = 0; i < s->n_nodes && err == 0; i++) {
        const struct sw_config *c = &s->nodes[i].config;
        m->region[i] = region_of(s, c->region.s);
        err = sw_map_put(&m->by_name, key_of(c->name.s), &m->region[i], NULL);
    }
    return err;
}

static int start(struct sim_world *w, void **self)
{
    const struct sim_scenario *s = sim_world_scenario(w);
    struct dns *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return SW_ERR_NOMEM;
    }
    int err = sim_timeline_init(&m->t, s);
    if (err == 0) {
        err = allocate(m, s);
    }
    if (err != 0) {
        stop(m);
        return err;
    }
    *self = m;
    return 0;
}

/* An answer, and not a server's excuse: NOERROR or NXDOMAIN (RFC 1035, 4.1.1), and REFUSED for
 * what is no zone's.  That it is the zone's truth is the oracle's to say. */
static bool is_answer(const struct sim_query_done *q)
{
    const uint8_t rcode = q->answer.len >= 12 ? q->answer.data[3] & 0x0f : 2;
    return q->answered && (rcode == 0 || rcode == 3 || (rcode == 5 && q->outside));
}

static void on_query(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    struct dns *m = self;
    (void)w;
    const size_t asked_in = sim_timeline_slot(&m->t, q->sent_at);
    struct sim_slot *slot = &m->t.slots[asked_in];
    const bool ok = is_answer(q);
    const sw_dur took = q->done_at - q->sent_at;
    if (ok && q->server != UINT32_MAX) {
        const size_t row = sim_timeline_slot(&m->t, q->done_at) * m->n_regions;
        m->entered[row + m->region[q->server]]++;
    }
    if (q->client_dark) {
        slot->dark_asked++;
        slot->dark_answered += ok;
        return;
    }
    const bool slow = !ok || took > SW_SEC;
    struct served *group = &m->served[asked_in * m->n_groups + q->group];
    group->asked++;
    group->answered += ok;
    group->slow += slow;
    group->waited += (double)took;
    slot->asked++;
    slot->answered += ok;
    slot->slow += slow;
    m->out_of_memory = sim_hist_add(&slot->latency, took) != 0 || m->out_of_memory;
}

static void on_cached(void *self, struct sim_world *w, uint32_t group)
{
    struct dns *m = self;
    (void)group;
    m->t.slots[sim_timeline_slot(&m->t, sim_world_now(w))].cached++;
}

static void on_trace(void *self, struct sim_world *w, uint32_t node, const struct sw_trace *t)
{
    struct dns *m = self;
    if (t->kind != SW_TRACE_ROUTE_REPLY) {
        return;
    }
    const size_t row = sim_timeline_slot(&m->t, sim_world_now(w)) * m->n_regions;
    const uint32_t *by = sw_map_get(&m->by_name, key_of(t->peer.s));
    m->forwarded[row + m->region[node]]++;
    if (by != NULL) {
        m->resolved[row + *by]++;
    }
}

/* ---- values ---- */

struct total {
    struct sim_hist latency;
    uint64_t asked, answered, slow, dark_asked, dark_answered, cached;
};

static struct total add_up(const struct dns *m, struct sim_stretch over)
{
    struct total sum = { 0 };
    for (size_t i = over.from; i < over.until; i++) {
        const struct sim_slot *slot = &m->t.slots[i];
        if (sim_hist_merge(&sum.latency, &slot->latency) != 0) {
            break;
        }
        sum.asked += slot->asked;
        sum.answered += slot->answered;
        sum.slow += slot->slow;
        sum.dark_asked += slot->dark_asked;
        sum.dark_answered += slot->dark_answered;
        sum.cached += slot->cached;
    }
    return sum;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : NAN;
}

static double blended(const struct sim_hist *latency, double failed)
{
    const double ms = 1e-6;
    return 0.25 * log(sim_hist_quantile(latency, 0.5) * ms) +
           0.25 * log(sim_hist_mean(latency) * ms) +
           0.35 * log(sim_hist_quantile(latency, 0.99) * ms) +
           0.15 * log(sim_hist_quantile(latency, 0.999) * ms) + 20 * failed;
}

static double value(void *self, struct sim_world *w, size_t i, const char *during)
{
    const struct dns *m = self;
    const struct sim_scenario *s = sim_world_scenario(w);
    if (m->out_of_memory) {
        return NAN;
    }
    if (i == RECOVERY) {
        return sim_timeline_recovery(&m->t, s, during);
    }
    struct total sum = add_up(m, sim_timeline_stretch(&m->t, s, during));
    static const double quantiles[] = { [P50] = 0.5, [P90] = 0.9, [P99] = 0.99, [P999] = 0.999 };
    double out = NAN;
    switch (i) {
    case MEAN:
        out = sim_hist_mean(&sum.latency) * 1e-9;
        break;
    case SLOW:
        out = share(sum.slow, sum.asked);
        break;
    case AVAILABILITY:
        out = share(sum.answered, sum.asked);
        break;
    case DARK:
        out = share(sum.dark_answered, sum.dark_asked);
        break;
    case CACHED:
        out = share(sum.cached, sum.cached + sum.asked + sum.dark_asked);
        break;
    case BLENDED:
        out = blended(&sum.latency, share(sum.asked - sum.answered, sum.asked));
        break;
    case QUERIES:
        out = (double)sum.asked;
        break;
    default:
        out = sim_hist_quantile(&sum.latency, quantiles[i]) * 1e-9;
    }
    sim_hist_fini(&sum.latency);
    return out;
}

/* ---- series ---- */

static void sample(struct sim_rows *rows, const char *metric, const char *entity, sw_time at,
                   double v)
{
    if (!isnan(v)) {
        sim_rows_sample(rows, metric, entity, at, v);
    }
}

static void emit_slot(const struct dns *m, const struct sim_scenario *s, size_t i,
                      struct sim_rows *rows)
{
    const struct sim_slot *slot = &m->t.slots[i];
    const sw_time at = i * m->t.interval;
    const double seconds = (double)m->t.interval * 1e-9;
    sample(rows, "dns.latency.p50", "", at, sim_hist_quantile(&slot->latency, 0.5) * 1e-9);
    sample(rows, "dns.latency.p99", "", at, sim_hist_quantile(&slot->latency, 0.99) * 1e-9);
    sample(rows, "dns.latency.p99.9", "", at, sim_hist_quantile(&slot->latency, 0.999) * 1e-9);
    sample(rows, "availability", "", at, share(slot->answered, slot->asked));
    sample(rows, "availability.dark", "", at, share(slot->dark_answered, slot->dark_asked));
    sample(rows, "dns.slow", "", at, share(slot->slow, slot->asked));
    sample(rows, "dns.rate", "", at, (double)(slot->asked + slot->dark_asked) / seconds);
    for (size_t r = 0; r < m->n_regions; r++) {
        const size_t cell = i * m->n_regions + r;
        const double local = (double)m->entered[cell] - (double)m->forwarded[cell];
        const double all = (local > 0 ? local : 0) + (double)m->resolved[cell];
        sample(rows, "dns.entered", s->regions[r].name.s, at, (double)m->entered[cell] / seconds);
        sample(rows, "dns.answered", s->regions[r].name.s, at, all / seconds);
    }
}

/* By group of clients: REGION/NUMBER, as in the scenario, from 0. */
static void emit_groups(const struct dns *m, const struct sim_scenario *s, size_t i,
                        struct sim_rows *rows)
{
    const sw_time at = i * m->t.interval;
    for (size_t g = 0; g < m->n_groups; g++) {
        const struct served *v = &m->served[i * m->n_groups + g];
        char entity[80];
        if (v->asked == 0) {
            continue;
        }
        (void)snprintf(entity, sizeof entity, "%s/%zu", s->clients[g].region.s, g);
        sample(rows, "availability", entity, at, share(v->answered, v->asked));
        sample(rows, "dns.slow", entity, at, share(v->slow, v->asked));
        sample(rows, "dns.latency.mean", entity, at, v->waited / (double)v->asked * 1e-9);
        sample(rows, "dns.rate", entity, at, (double)v->asked / ((double)m->t.interval * 1e-9));
    }
}

static void emit(void *self, struct sim_world *w, struct sim_rows *rows)
{
    const struct dns *m = self;
    const struct sim_scenario *s = sim_world_scenario(w);
    for (size_t i = 0; i < m->t.last; i++) {
        emit_slot(m, s, i, rows);
        emit_groups(m, s, i, rows);
    }
    struct total all = add_up(m, sim_timeline_stretch(&m->t, s, NULL));
    sim_rows_hist(rows, "dns.latency", "", &all.latency);
    sim_hist_fini(&all.latency);
    for (size_t f = 0; f < s->n_faults; f++) {
        bool first = true; /* each kind once */
        for (size_t k = 0; k < f; k++) {
            first = first && strcmp(s->faults[k].kind, s->faults[f].kind) != 0;
        }
        if (first) {
            const char *kind = s->faults[f].kind;
            struct total some = add_up(m, sim_timeline_stretch(&m->t, s, kind));
            sim_rows_hist(rows, "dns.latency", kind, &some.latency);
            sim_hist_fini(&some.latency);
        }
    }
}

extern const struct sim_metric_group sim_metric_group_dns;
const struct sim_metric_group sim_metric_group_dns = {
    .name = "dns",
    .metrics = metrics,
    .n_metrics = SW_LEN(metrics),
    .n_quantiles = P999 + 1,
    .watcher = { .name = "dns",
                 .help = "what DNS clients got",
                 .start = start,
                 .on_query = on_query,
                 .on_cached = on_cached,
                 .on_trace = on_trace,
                 .stop = stop },
    .value = value,
    .emit = emit,
};
