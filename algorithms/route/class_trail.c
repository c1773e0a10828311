/* SPDX-License-Identifier: GPL-3.0-or-later
 * Who answers which names from its cache. */
#include "algorithms/route/class_trail.h"

#include "algorithms/route/candidates.h"
#include "node/base/fmath.h"

#define DRIFT (60.0 * (double)SW_SEC)
#define RHO 0.05
#define GAIN 0.05
#define MISS_UNKNOWN (100.0 * (double)SW_MS)
#define MISS_LEAST ((double)SW_MS)

_Static_assert(sizeof(struct sw_class_trails) <= 4096, "a node's class trails fit a page");

static size_t class_of(uint64_t query_class)
{
    return (size_t)(sw_rendezvous(query_class, 0) % SW_CLASSES);
}

double sw_class_drifted(const struct sw_class_trail *e, sw_time now)
{
    const double age = (double)(now - e->at) / DRIFT;
    const double seed = (double)e->seed;
    return seed + ((double)e->strength - seed) * sw_exp(-age);
}

const struct sw_class_trail *sw_class_row(const struct sw_class_trails *t, uint64_t query_class)
{
    return t->v[class_of(query_class)];
}

void sw_class_enter(struct sw_class_trails *t, uint64_t query_class, uint32_t peer, double seed,
                    sw_time now)
{
    struct sw_class_trail *of = t->v[class_of(query_class)];
    size_t weakest = 0;
    double least = 2;
    if (sw_class_find(of, peer) < SW_CLASS_PEERS) {
        return;
    }
    for (size_t i = 0; i < SW_CLASS_PEERS; i++) {
        const double h = of[i].at == 0 ? -1 : sw_class_drifted(&of[i], now);
        if (h < least) {
            least = h;
            weakest = i;
        }
    }
    of[weakest] = (struct sw_class_trail){ now, peer, (float)seed, (float)seed };
}

static void average(double *mean, double x)
{
    *mean += *mean == 0 ? x : GAIN * (x - *mean);
}

void sw_class_learn(struct sw_class_trails *t, uint64_t query_class, uint32_t peer, sw_time now,
                    sw_dur rtt, bool hit)
{
    struct sw_class_trail *of = t->v[class_of(query_class)];
    const size_t i = sw_class_find(of, peer);
    average(hit ? &t->hit : &t->miss, (double)rtt);
    if (i < SW_CLASS_PEERS) {
        const double h = sw_class_drifted(&of[i], now);
        of[i].strength = (float)(h + RHO * ((hit ? 1 : 0) - h));
        of[i].at = now;
    }
}

double sw_class_miss(const struct sw_class_trails *t)
{
    if (t->hit == 0 || t->miss == 0) {
        return MISS_UNKNOWN;
    }
    return t->miss - t->hit > MISS_LEAST ? t->miss - t->hit : MISS_LEAST;
}

size_t sw_class_seed(const struct sw_choice *c)
{
    const uint64_t key = class_of(c->query_class);
    uint64_t least = UINT64_MAX;
    size_t best = 0;
    for (size_t i = 0; i < c->n; i++) {
        const uint64_t score = sw_rendezvous(key, c->candidates[i].id);
        if (score < least) {
            least = score;
            best = i;
        }
    }
    return best;
}
