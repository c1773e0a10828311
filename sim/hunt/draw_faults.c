/* SPDX-License-Identifier: GPL-3.0-or-later
 * Faults drawn from a seed, for any world and all registered kinds: their tables say what their
 * parameters may be. */
#include "node/base/rng.h"
#include "sim/hunt/draw.h"

#include <stdlib.h>

#define MOST_KINDS 64U
#define MOST_FAULTS 12U
#define FIRST (2 * SW_SEC)    /* nothing goes wrong before nodes have started */
#define SHORTEST (10 * SW_MS) /* of a fault */
#define LONGEST (30 * SW_SEC) /* and no longer than a third of the run */
#define FOR_GOOD 8U           /* one in so many has no end, where a seed has such faults */
#define FLAPPING 4U           /* one seed in so many has a node that goes and comes */
#define FLAPS 16U             /* so often at most */

struct sim_world_options sim_draw_options(uint64_t seed)
{
    return (struct sim_world_options){
        .queue = SIM_QUEUE_WHEEL,
        .shuffle_ties = (sw_rng_at(sw_rng_key(seed, "hunt", "shuffle"), 0, 0) & 1) != 0,
        .buggify = (sw_rng_at(sw_rng_key(seed, "hunt", "buggify"), 0, 0) & 1) != 0,
    };
}

static uint64_t moods_of(uint64_t seed)
{
    return sw_rng_at(sw_rng_key(seed, "hunt", "moods"), 0, 0);
}

/* Half of the seeds leave time for all to heal, which is when liveness is looked at. */
static sw_time last_begin(uint64_t seed, const struct sim_scenario *s)
{
    return (moods_of(seed) & 1) != 0 ? s->duration * 2 / 5 : s->duration * 2 / 3;
}

/* Where items go, and what the first one is written behind. */
struct items {
    FILE *to;
    const char *heading;
};

static FILE *next_item(struct items *x)
{
    (void)fputs(x->heading, x->to);
    x->heading = "";
    return x->to;
}

/* A fault draws from its own stream: the others stay as they are whatever it needs. */
static void draw_fault(struct items *x, uint64_t seed, uint32_t number,
                       const struct sim_fault_kind *kind, const struct sim_scenario *s)
{
    const sw_time last = last_begin(seed, s);
    const bool endless = (moods_of(seed) >> 1 & 3) == 0;
    char name[32];
    struct sw_rng rng;
    (void)snprintf(name, sizeof name, "fault %u", number);
    sw_rng_init(&rng, sw_rng_key(seed, "hunt", name));
    const sw_time at = last > FIRST ? FIRST + sw_rng_below(&rng, last - FIRST) : 0;
    const sw_dur most = s->duration / 3 < LONGEST ? s->duration / 3 : LONGEST;
    const double length = sim_draw_log_uniform(&rng, (double)SHORTEST, (double)most);
    const bool for_good = endless && sw_rng_below(&rng, FOR_GOOD) == 0;
    struct sim_fault f = { .length = 0 };
    if (!sim_fault_draw(&f, kind, s, &rng)) {
        free(f.params);
        return;
    }
    FILE *to = next_item(x);
    (void)fprintf(to, "  - {kind: %s, at: %.3fs, for: %.0fms", kind->name, (double)at * 1e-9,
                  for_good ? 0.0 : length * 1e-6 + 1);
    for (size_t i = 0; i < f.n_params; i++) {
        (void)fprintf(to, ", %s: %s", f.params[i].key, f.params[i].value);
        free(f.params[i].value);
    }
    free(f.params);
    (void)fputs("}\n", to);
}

/* One node is gone for a moment, again and again, in one way or in all of them. */
static void draw_flapping(struct items *x, uint64_t seed, const struct sim_scenario *s,
                          struct sw_rng *rng)
{
    static const char *const ways[] = {
        "kind: crash",
        "kind: crash, of: process",
        "kind: crash, disk: lost",
        "kind: pause",
        "kind: restart",
        "kind: partition",
        "kind: partition, one_way: true",
    };
    const char *node = s->nodes[sw_rng_below(rng, s->n_nodes)].config.name.s;
    const uint64_t only = sw_rng_below(rng, 2 * SW_LEN(ways));
    const uint64_t flaps = 3 + sw_rng_below(rng, FLAPS - 2);
    sw_time at = FIRST;
    for (uint64_t i = 0; i < flaps; i++) {
        const uint64_t way = only < SW_LEN(ways) ? only : sw_rng_below(rng, SW_LEN(ways));
        const double length = sim_draw_log_uniform(rng, 2e8, 2e10);
        at += (sw_dur)sim_draw_log_uniform(rng, 2e8, 2e10);
        if (at >= last_begin(seed, s)) {
            if (i > 0) {
                return;
            }
            at = 0; /* the run is short; once it is gone all the same */
        }
        (void)fprintf(next_item(x), "  - {%s, node: %s, at: %.3fs, for: %.0fms}\n", ways[way], node,
                      (double)at * 1e-9, length * 1e-6);
        at += (sw_dur)length;
    }
}

void sim_draw_faults(FILE *to, uint64_t seed, const struct sim_scenario *s, bool heading)
{
    const struct sim_fault_kind *enabled[MOST_KINDS];
    const struct sim_fault_kind *kind;
    size_t n = 0;
    struct sw_rng rng;
    sw_rng_init(&rng, sw_rng_key(seed, "hunt", "kinds"));
    for (size_t i = 0; n < MOST_KINDS && (kind = sim_fault_kind_at(i)) != NULL; i++) {
        if (sw_rng_below(&rng, 2) == 0) {
            enabled[n++] = kind;
        }
    }
    const uint64_t faults = n > 0 ? sw_rng_below(&rng, MOST_FAULTS + 1) : 0;
    struct sw_rng own;
    sw_rng_init(&own, sw_rng_key(seed, "hunt", "flapping"));
    const bool flaps = s->n_nodes > 0 && sw_rng_below(&own, FLAPPING) == 0;
    struct items x = { to, heading ? "faults:\n" : "" };
    for (uint32_t i = 0; i < faults; i++) {
        draw_fault(&x, seed, i, enabled[sw_rng_below(&rng, n)], s);
    }
    if (flaps) {
        draw_flapping(&x, seed, s, &own);
    }
}
