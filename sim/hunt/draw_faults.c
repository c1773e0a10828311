/* SPDX-License-Identifier: GPL-3.0-or-later
 * Faults drawn from a seed, for any world and all registered kinds: their tables say what their
 * parameters may be. */
#include "node/base/rng.h"
#include "sim/hunt/draw.h"

#include "node/base/fmath.h"

#include <string.h>

#define MOST_KINDS 64U
#define MOST_FAULTS 12U
#define FIRST (2 * SW_SEC)    /* nothing goes wrong before nodes have started */
#define SHORTEST (10 * SW_MS) /* of a fault */
#define LONGEST (30 * SW_SEC) /* and no longer than a third of the run */
#define FOR_GOOD 8U           /* one in so many has no end, where a seed has such faults */
#define DELAY_LOW (SW_MS)     /* of durations without a range */
#define DELAY_HIGH (10 * SW_SEC)

struct sim_world_options sim_draw_options(uint64_t seed)
{
    return (struct sim_world_options){
        .queue = SIM_QUEUE_WHEEL,
        .shuffle_ties = (sw_rng_at(sw_rng_key(seed, "hunt", "shuffle"), 0, 0) & 1) != 0,
        .buggify = (sw_rng_at(sw_rng_key(seed, "hunt", "buggify"), 0, 0) & 1) != 0,
    };
}

/* As likely between 1 and 10 as between 10 and 100. */
static double log_uniform(struct sw_rng *rng, double low, double high)
{
    return low * sw_exp(sw_unit(sw_rng_next(rng)) * sw_log(high / low));
}

static void draw_number(FILE *to, struct sw_rng *rng, const struct sim_fault_param *p)
{
    const bool bounded = p->high > p->low;
    const double low = bounded ? p->low : 0;
    const double high = bounded ? p->high : 1;
    const double v = low > 0 && high / low > 50 ? log_uniform(rng, low, high)
                                                : low + (high - low) * sw_unit(sw_rng_next(rng));
    (void)fprintf(to, "%.4f", v);
}

static void draw_duration(FILE *to, struct sw_rng *rng, const struct sim_fault_param *p)
{
    const bool bounded = p->high > p->low;
    double low = bounded && p->low > (double)DELAY_LOW ? p->low : (double)DELAY_LOW;
    const double high = bounded && p->high < (double)DELAY_HIGH ? p->high : (double)DELAY_HIGH;
    low = low < high ? low : high;
    (void)fprintf(to, "%.0fns", log_uniform(rng, low, high));
}

static void draw_choice(FILE *to, struct sw_rng *rng, const char *choices)
{
    size_t n = 1;
    for (const char *c = choices; *c != '\0'; c++) {
        n += *c == '|';
    }
    for (uint64_t skip = sw_rng_below(rng, n); skip > 0; skip--) {
        choices = strchr(choices, '|') + 1;
    }
    (void)fprintf(to, "%.*s", (int)strcspn(choices, "|"), choices);
}

static void draw_param(FILE *to, struct sw_rng *rng, const struct sim_fault_param *p,
                       const struct sim_scenario *s)
{
    (void)fprintf(to, ", %s: ", p->key);
    switch (p->type) {
    case SIM_PARAM_NODE:
        (void)fputs(s->nodes[sw_rng_below(rng, s->n_nodes)].config.name.s, to);
        break;
    case SIM_PARAM_REGION:
        (void)fputs(s->regions[sw_rng_below(rng, s->n_regions)].name.s, to);
        break;
    case SIM_PARAM_DURATION:
        draw_duration(to, rng, p);
        break;
    case SIM_PARAM_NUMBER:
        draw_number(to, rng, p);
        break;
    case SIM_PARAM_FLAG:
        (void)fputs(sw_rng_below(rng, 2) == 0 ? "false" : "true", to);
        break;
    case SIM_PARAM_CHOICE:
        draw_choice(to, rng, p->choices);
        break;
    }
}

/* A fault draws from its own stream: the others stay as they are whatever it needs. */
static void draw_fault(FILE *to, uint64_t seed, uint32_t number, const struct sim_fault_kind *kind,
                       const struct sim_scenario *s)
{
    /* Half of the seeds leave time for all to heal, which is when liveness is looked at. */
    const uint64_t moods = sw_rng_at(sw_rng_key(seed, "hunt", "moods"), 0, 0);
    const sw_time last = (moods & 1) != 0 ? s->duration * 2 / 5 : s->duration * 2 / 3;
    const bool endless = (moods >> 1 & 3) == 0;
    char name[32];
    struct sw_rng rng;
    (void)snprintf(name, sizeof name, "fault %u", number);
    sw_rng_init(&rng, sw_rng_key(seed, "hunt", name));
    const sw_time at = last > FIRST ? FIRST + sw_rng_below(&rng, last - FIRST) : 0;
    const sw_dur most = s->duration / 3 < LONGEST ? s->duration / 3 : LONGEST;
    const double length = log_uniform(&rng, (double)SHORTEST, (double)most);
    const bool for_good = endless && sw_rng_below(&rng, FOR_GOOD) == 0;
    (void)fprintf(to, "  - {kind: %s, at: %.3fs, for: %.0fms", kind->name, (double)at * 1e-9,
                  for_good ? 0.0 : length * 1e-6 + 1);
    for (size_t i = 0; i < kind->n_params; i++) {
        if (kind->params[i].tame) {
            continue;
        }
        if (kind->params[i].required || sw_rng_below(&rng, 2) == 0) {
            draw_param(to, &rng, &kind->params[i], s);
        }
    }
    (void)fputs("}\n", to);
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
    (void)fputs(faults > 0 && heading ? "faults:\n" : "", to);
    for (uint32_t i = 0; i < faults; i++) {
        draw_fault(to, seed, i, enabled[sw_rng_below(&rng, n)], s);
    }
}
