/* SPDX-License-Identifier: GPL-3.0-or-later
 * What nodes think of each other, against the truth: who is found to be gone and how soon, who is
 * taken for gone and is not, and what it costs. */
#include "node/core/proto/swarm.pb-c.h"
#include "node/core/swarm/lane.h"
#include "sim/analyse/metric.h"
#include "sim/record/rows.h"
#include "sim/world/pool.h"
#include "sim/world/world.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DETECTION, DEATH, FALSE_SUSPICIONS, FALSE_POSITIVES, OF_HEALTHY, REFUTED, MESSAGES, BYTES };

static const struct sim_metric metrics[] = {
    [DETECTION] = { "member.detection", "s",
                    "from a node's end to the first other that takes it for suspect, the mean over "
                    "all that ended and were found",
                    false },
    [DEATH] = { "member.death", "s", "the same, to the first other that takes it for dead", false },
    [FALSE_SUSPICIONS] = { "member.false_suspicions", "",
                           "failed probes of a node whose process was up, partitions included",
                           false },
    [FALSE_POSITIVES] = { "member.false_positives", "",
                          "suspicions that ran out at a node, of another whose process was up, "
                          "partitions included",
                          false },
    [OF_HEALTHY] = { "member.false_positives.healthy", "",
                     "of those, the ones of nodes that no fault was named for at the time", false },
    [REFUTED] = { "member.refuted", "", "suspicions that the node itself refuted", false },
    [MESSAGES] = { "member.messages", "",
                   "messages of the failure detector and of anti-entropy, a node and second",
                   false },
    [BYTES] = { "member.bytes", "B",
                "the same messages' bytes as packed, without what TLS and TCP add, a node and "
                "second",
                false },
};

/* A node, as the truth has it. */
struct truth {
    bool up, suspected, dead; /* the last two: since it ended, by somebody */
    sw_time ended_at;
    uint32_t hit; /* faults in effect that name it */
    uint64_t sent;
};

struct member {
    struct truth *nodes;
    double sum[SW_LEN(metrics)];
    uint64_t n[SW_LEN(metrics)];
};

static int start(struct sim_world *w, void **self)
{
    struct member *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return SW_ERR_NOMEM;
    }
    m->nodes = sim_calloc(sim_world_scenario(w)->n_nodes + 1, sizeof *m->nodes);
    *self = m;
    return 0;
}

static void stop(void *self)
{
    struct member *m = self;
    free(m->nodes);
    free(m);
}

static void look(struct member *m, struct sim_world *w)
{
    const sw_time now = sim_world_now(w);
    for (uint32_t i = 0; i < sim_world_scenario(w)->n_nodes; i++) {
        struct truth *t = &m->nodes[i];
        const bool up = sim_world_node(w, i) != NULL;
        if (t->up && !up) {
            *t = (struct truth){ .ended_at = now, .hit = t->hit };
        }
        t->up = up;
    }
}

static void on_fault(void *self, struct sim_world *w, const struct sim_fault *f, bool begins)
{
    struct member *m = self;
    look(m, w);
    for (size_t i = 0; i < f->n_params; i++) {
        const size_t node = strcmp(f->params[i].key, "node") == 0
                                ? sim_node_index(sim_world_scenario(w), f->params[i].value)
                                : SIZE_MAX;
        if (node == SIZE_MAX) {
            continue;
        }
        if (begins) {
            m->nodes[node].hit++;
        } else if (m->nodes[node].hit > 0) {
            m->nodes[node].hit--;
        }
    }
}

/* Messages since the last sample; a node that has started anew counts from 0. */
static void on_sample(void *self, struct sim_world *w)
{
    struct member *m = self;
    const struct sim_scenario *s = sim_world_scenario(w);
    look(m, w);
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        const struct sw_node *node = sim_world_node(w, i);
        if (node == NULL) {
            continue;
        }
        struct sw_node_counts c;
        sw_node_counts(node, &c);
        const uint64_t all = c.probes + c.syncs;
        const uint64_t since = all >= m->nodes[i].sent ? all - m->nodes[i].sent : all;
        m->nodes[i].sent = all;
        if (sim_world_now(w) > s->warmup) {
            m->sum[MESSAGES] += (double)since / ((double)s->interval * 1e-9);
            m->n[MESSAGES]++;
        }
    }
}

static void on_message(void *self, struct sim_world *w, uint32_t node, struct sw_bytes message)
{
    struct member *m = self;
    const uint32_t body = sw_envelope_first_field(message);
    (void)node;
    if (sim_world_now(w) > sim_world_scenario(w)->warmup &&
        (body == SWARM__V1__ENVELOPE__BODY_PROBE || body == SWARM__V1__ENVELOPE__BODY_SYNC)) {
        m->sum[BYTES] += (double)message.len;
    }
}

static void measure(struct member *m, size_t metric, const struct truth *t, sw_time now)
{
    m->sum[metric] += (double)(now - t->ended_at) * 1e-9;
    m->n[metric]++;
}

static void on_trace(void *self, struct sim_world *w, uint32_t node, const struct sw_trace *t)
{
    struct member *m = self;
    const struct sim_scenario *s = sim_world_scenario(w);
    const bool suspect = t->kind == SW_TRACE_MEMBER_SUSPECT;
    m->n[REFUTED] += t->kind == SW_TRACE_REFUTED && sim_world_now(w) >= s->warmup;
    if (!suspect && t->kind != SW_TRACE_MEMBER_DEAD) {
        return;
    }
    const size_t who = sim_node_index(s, t->peer.s);
    if (who == SIZE_MAX || sim_world_now(w) < s->warmup) {
        return;
    }
    struct truth *of = &m->nodes[who];
    if (sim_world_node(w, (uint32_t)who) != NULL) {
        const bool own = strcmp(t->text, s->nodes[node].config.name.s) == 0;
        m->n[FALSE_SUSPICIONS] += suspect && own;
        m->n[FALSE_POSITIVES] += !suspect && own;
        m->n[OF_HEALTHY] += !suspect && own && of->hit == 0;
    } else if (suspect && !of->suspected && of->ended_at != 0) {
        of->suspected = true;
        measure(m, DETECTION, of, sim_world_now(w));
    } else if (!suspect && !of->dead && of->ended_at != 0) {
        of->dead = true;
        measure(m, DEATH, of, sim_world_now(w));
    }
}

static double value(void *self, struct sim_world *w, size_t i, const char *during)
{
    const struct member *m = self;
    (void)during;
    if (i == BYTES) {
        const double s = (double)sim_world_scenario(w)->interval * 1e-9;
        return m->n[MESSAGES] > 0 ? m->sum[BYTES] / ((double)m->n[MESSAGES] * s) : NAN;
    }
    if (i == DETECTION || i == DEATH || i == MESSAGES) {
        return m->n[i] > 0 ? m->sum[i] / (double)m->n[i] : NAN;
    }
    return (double)m->n[i];
}

extern const struct sim_metric_group sim_metric_group_member;
const struct sim_metric_group sim_metric_group_member = {
    .name = "member",
    .metrics = metrics,
    .n_metrics = SW_LEN(metrics),
    .watcher = { .name = "member",
                 .help = "what nodes think of each other",
                 .start = start,
                 .on_trace = on_trace,
                 .on_fault = on_fault,
                 .on_message = on_message,
                 .on_sample = on_sample,
                 .stop = stop },
    .value = value,
};
