/* SPDX-License-Identifier: GPL-3.0-or-later
 * Parameters of a fault drawn by its table, as texts that a scenario could hold. */
#include "sim/faults/fault.h"

#include "node/base/fmath.h"
#include "sim/world/pool.h"

#include <stdlib.h>
#include <string.h>

#define DELAY_LOW (SW_MS) /* of durations without a range */
#define DELAY_HIGH (10 * SW_SEC)
#define VALUE_MAX 64
#define DRAWS 64U /* before it is given up */

double sim_draw_log_uniform(struct sw_rng *rng, double low, double high)
{
    return low * sw_exp(sw_unit(sw_rng_next(rng)) * sw_log(high / low));
}

static void draw_number(char *to, struct sw_rng *rng, const struct sim_fault_param *p)
{
    const bool bounded = p->high > p->low;
    const double low = bounded ? p->low : 0;
    const double high = bounded ? p->high : 1;
    const double v = low > 0 && high / low > 50 ? sim_draw_log_uniform(rng, low, high)
                                                : low + (high - low) * sw_unit(sw_rng_next(rng));
    (void)snprintf(to, VALUE_MAX, "%.4f", v);
}

static void draw_duration(char *to, struct sw_rng *rng, const struct sim_fault_param *p)
{
    const bool bounded = p->high > p->low;
    double low = bounded && p->low > (double)DELAY_LOW ? p->low : (double)DELAY_LOW;
    const double high = bounded && p->high < (double)DELAY_HIGH ? p->high : (double)DELAY_HIGH;
    low = low < high ? low : high;
    (void)snprintf(to, VALUE_MAX, "%.0fns", sim_draw_log_uniform(rng, low, high));
}

static void draw_choice(char *to, struct sw_rng *rng, const char *choices)
{
    size_t n = 1;
    for (const char *c = choices; *c != '\0'; c++) {
        n += *c == '|';
    }
    for (uint64_t skip = sw_rng_below(rng, n); skip > 0; skip--) {
        choices = strchr(choices, '|') + 1;
    }
    (void)snprintf(to, VALUE_MAX, "%.*s", (int)strcspn(choices, "|"), choices);
}

/* A node, and each after it with even chances while there is room for its name. */
static void draw_nodes(char *to, struct sw_rng *rng, const struct sim_scenario *s)
{
    size_t len = 0;
    for (size_t i = sw_rng_below(rng, s->n_nodes); i < s->n_nodes; i++) {
        const char *name = s->nodes[i].config.name.s;
        if (len == 0 || (sw_rng_below(rng, 2) == 0 && len + strlen(name) + 2 < VALUE_MAX)) {
            len += (size_t)snprintf(to + len, VALUE_MAX - len, "%s%s", len == 0 ? "" : " ", name);
        }
    }
}

static void draw_value(char *to, struct sw_rng *rng, const struct sim_fault_param *p,
                       const struct sim_scenario *s)
{
    switch (p->type) {
    case SIM_PARAM_NODE:
        (void)snprintf(to, VALUE_MAX, "%s", s->nodes[sw_rng_below(rng, s->n_nodes)].config.name.s);
        break;
    case SIM_PARAM_NODES:
        draw_nodes(to, rng, s);
        break;
    case SIM_PARAM_REGION:
        (void)snprintf(to, VALUE_MAX, "%s", s->regions[sw_rng_below(rng, s->n_regions)].name.s);
        break;
    case SIM_PARAM_DURATION:
        draw_duration(to, rng, p);
        break;
    case SIM_PARAM_NUMBER:
        draw_number(to, rng, p);
        break;
    case SIM_PARAM_FLAG:
        (void)snprintf(to, VALUE_MAX, "%s", sw_rng_below(rng, 2) == 0 ? "false" : "true");
        break;
    case SIM_PARAM_CHOICE:
        draw_choice(to, rng, p->choices);
        break;
    }
}

static bool has(const struct sim_fault *f, const char *key)
{
    for (size_t i = 0; i < f->n_params; i++) {
        if (strcmp(f->params[i].key, key) == 0) {
            return true;
        }
    }
    return false;
}

/* Once; whatever comes of it. */
static void draw_params(struct sim_fault *f, const struct sim_fault_kind *kind,
                        const struct sim_scenario *s, struct sw_rng *rng)
{
    for (size_t i = 0; i < kind->n_params; i++) {
        const struct sim_fault_param *p = &kind->params[i];
        if (p->tame || has(f, p->key) || !(p->required || sw_rng_below(rng, 2) == 0)) {
            continue;
        }
        char *value = sim_alloc(VALUE_MAX);
        char *key;
        draw_value(value, rng, p, s);
        memcpy(&key, &p->key, sizeof key); /* lent: nobody writes to it */
        f->params[f->n_params++] = (struct sim_param){ key, value, f->line, 1, f->line, 1 };
    }
}

bool sim_fault_draw(struct sim_fault *f, const struct sim_fault_kind *kind,
                    const struct sim_scenario *s, struct sw_rng *rng)
{
    const size_t fixed = f->n_params;
    f->params = sim_realloc(f->params, (f->n_params + kind->n_params + 1) * sizeof *f->params);
    for (unsigned i = 0; i < DRAWS; i++) {
        union sim_fault_value values[SIM_FAULT_PARAMS_MAX];
        const struct sim_fault_kind *same;
        struct sim_fault drawn = *f;
        char name[64];
        (void)snprintf(name, sizeof name, "%s", kind->name);
        drawn.kind = name; /* hunts have none in @f */
        draw_params(&drawn, kind, s, rng);
        if (sim_fault_bind(s, &drawn, &same, values, SW_LEN(values), NULL) == 0) {
            f->n_params = drawn.n_params;
            return true;
        }
        while (drawn.n_params > fixed) {
            free(drawn.params[--drawn.n_params].value);
        }
    }
    return false;
}
