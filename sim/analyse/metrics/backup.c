/* SPDX-License-Identifier: GPL-3.0-or-later
 * What became of protected sets: how fast they came back, and how old they were. */
#include "sim/analyse/metric.h"
#include "sim/record/rows.h"
#include "sim/world/world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RTO, RESTORE, TRANSFER, RPO, LOST, RESTORED, SAFE, PROTECT };

static const struct sim_metric metrics[] = {
    [RTO] = { "backup.rto", "s",
              "from the loss of a set's node to its files restored, verified and durable, the time "
              "people take (`after_loss`) included; the longest of all restores; infinite when one "
              "failed",
              false },
    [RESTORE] = { "backup.restore", "s", "from asking for a restore to its end, the longest of all",
                  false },
    [TRANSFER] = { "backup.rto.transfer", "s",
                   "of that, until every pack was there, the longest of all", false },
    [RPO] = { "backup.rpo", "s",
              "from the source state that was restored to the loss of its node (or to the "
              "restore, where nothing was lost), the longest of all",
              false },
    [LOST] = { "lost_snapshots", "",
               "restores that failed or differed although the set had an "
               "acknowledged snapshot",
               false },
    [RESTORED] = { "backup.restored", "B", "bytes of files that were restored", false },
    [SAFE] = { "backup.snapshots", "", "snapshots acknowledged", false },
    [PROTECT] = { "backup.protect", "s",
                  "from a snapshot's beginning to its acknowledgement, the longest of all", false },
};

#define MAX_BEGUN 1024

/* A snapshot or a restore that has begun. */
struct begun {
    uint32_t node;
    char set[SW_NAME_MAX + 1];
    uint64_t sequence;
    sw_time at;
    bool restore;
};

struct safe_set {
    uint32_t node;
    char set[SW_NAME_MAX + 1];
};

struct backup {
    struct begun begun[MAX_BEGUN];
    size_t n_begun;
    struct safe_set safe[MAX_BEGUN]; /* sets with an acknowledged snapshot */
    size_t n_safe;
    double longest[SW_LEN(metrics)]; /* s; NaN: never happened */
    double counts[SW_LEN(metrics)];
};

static int start(struct sim_world *w, void **self)
{
    (void)w;
    struct backup *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return SW_ERR_NOMEM;
    }
    for (size_t i = 0; i < SW_LEN(metrics); i++) {
        m->longest[i] = NAN;
    }
    *self = m;
    return 0;
}

static void lengthen(struct backup *m, size_t metric, double seconds)
{
    if (isnan(m->longest[metric]) || seconds > m->longest[metric]) {
        m->longest[metric] = seconds;
    }
}

static void begin(struct backup *m, uint32_t node, const struct sw_trace *t, sw_time now,
                  bool restore)
{
    if (m->n_begun < MAX_BEGUN) {
        struct begun *b = &m->begun[m->n_begun++];
        *b = (struct begun){ .node = node, .sequence = t->a, .at = now, .restore = restore };
        (void)snprintf(b->set, sizeof b->set, "%s", t->text);
    }
}

/* Take the matching beginning off the list; NULL when there is none.  A restore matches by node
 * alone: a node restores one set at a time. */
static const struct begun *end(struct backup *m, uint32_t node, const struct sw_trace *t,
                               bool restore, struct begun *out)
{
    for (size_t i = 0; i < m->n_begun; i++) {
        const struct begun *b = &m->begun[i];
        const bool same = restore || (b->sequence == t->a && strcmp(b->set, t->text) == 0);
        if (b->node == node && b->restore == restore && same) {
            *out = *b;
            m->begun[i] = m->begun[--m->n_begun];
            return out;
        }
    }
    return NULL;
}

static void on_trace(void *self, struct sim_world *w, uint32_t node, const struct sw_trace *t)
{
    struct backup *m = self;
    const sw_time now = sim_world_now(w);
    struct begun b;
    switch (t->kind) {
    case SW_TRACE_SNAPSHOT_BEGUN:
        begin(m, node, t, now, false);
        break;
    case SW_TRACE_SNAPSHOT_SAFE:
        m->counts[SAFE]++;
        if (m->n_safe < MAX_BEGUN) {
            struct safe_set *s = &m->safe[m->n_safe++];
            s->node = node;
            (void)snprintf(s->set, sizeof s->set, "%s", t->text);
        }
        if (end(m, node, t, false, &b) != NULL) {
            lengthen(m, PROTECT, (double)(now - b.at) * 1e-9);
        }
        break;
    case SW_TRACE_RESTORE_BEGUN:
        begin(m, node, t, now, true);
        break;
    case SW_TRACE_RESTORE_FETCHED:
        if (end(m, node, t, true, &b) != NULL) {
            lengthen(m, TRANSFER, (double)(now - b.at) * 1e-9);
        }
        break;
    default:
        break;
    }
}

static bool was_safe(const struct backup *m, const struct sim_scenario *s,
                     const struct sim_operation *o)
{
    for (size_t i = 0; i < m->n_safe; i++) {
        if (strcmp(m->safe[i].set, o->set.s) == 0 &&
            strcmp(s->nodes[m->safe[i].node].config.name.s, o->from.s) == 0) {
            return true;
        }
    }
    return false;
}

static void on_restore(void *self, struct sim_world *w, const struct sim_restore_done *r)
{
    struct backup *m = self;
    const double took = (double)(r->done_at - r->asked_at) * 1e-9;
    if (r->status != 0 || r->differs != NULL) {
        const bool snapshot = strcmp(r->operation->kind, "restore") == 0;
        m->counts[LOST] += snapshot && was_safe(m, sim_world_scenario(w), r->operation) ? 1 : 0;
        lengthen(m, RTO, INFINITY);
        lengthen(m, RPO, INFINITY);
        return;
    }
    const bool lost = r->lost_at != SW_TIME_NEVER && r->lost_at <= r->asked_at;
    const sw_dur people = lost ? 0 : r->operation->after_loss; /* lost: between loss and asking */
    const sw_time from = lost ? r->lost_at : r->asked_at;
    lengthen(m, RTO, (double)(r->done_at - from + people) * 1e-9);
    lengthen(m, RESTORE, took);
    const sw_time at = lost ? r->lost_at : r->asked_at;
    if (r->taken_at != SW_TIME_NEVER) {
        lengthen(m, RPO, at > r->taken_at ? (double)(at - r->taken_at) * 1e-9 : 0);
    }
    m->counts[RESTORED] += (double)r->bytes;
}

static double value(void *self, struct sim_world *w, size_t i, const char *during)
{
    const struct backup *m = self;
    (void)w;
    (void)during;
    return i == LOST || i == RESTORED || i == SAFE ? m->counts[i] : m->longest[i];
}

extern const struct sim_metric_group sim_metric_group_backup;
const struct sim_metric_group sim_metric_group_backup = {
    .name = "backup",
    .metrics = metrics,
    .n_metrics = SW_LEN(metrics),
    .watcher = { .name = "backup",
                 .help = "what became of protected sets",
                 .start = start,
                 .on_trace = on_trace,
                 .on_restore = on_restore,
                 .stop = free },
    .value = value,
};
