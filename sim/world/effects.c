/* SPDX-License-Identifier: GPL-3.0-or-later
 * What lasting faults do to a node or a region, and what several of them come to. */
#include "sim/world/client.h"
#include "sim/world/host.h"

struct sim_effecting {
    enum sim_effect effect;
    uint32_t where;
    double amount;
    sw_time since;
};

/* What is in effect at @where: sum and product of the amounts, and how many. */
struct total {
    double sum, product;
    size_t n;
};

static struct total total(const struct sim_world *w, enum sim_effect effect, uint32_t where)
{
    struct total t = { 0, 1, 0 };
    for (size_t i = 0; i < w->n_effects; i++) {
        const struct sim_effecting *e = &w->effects[i];
        if (e->effect == effect && e->where == where) {
            t.sum += e->amount;
            t.product *= e->amount;
            t.n++;
        }
    }
    return t;
}

static void apply(struct sim_world *w, enum sim_effect effect, uint32_t where)
{
    const struct total t = total(w, effect, where);
    switch (effect) {
    case SIM_SLOW_PROCESSOR:
        sim_processor_slow(sim_host_processor(w->hosts[where]), t.product);
        break;
    case SIM_LYING_LOAD:
        sim_host_lie(w->hosts[where], t.product);
        break;
    case SIM_SILENT_LOAD:
        sim_host_silence(w->hosts[where], t.n > 0 ? t.sum : 0);
        break;
    case SIM_SLOW_DISK:
        sim_disk_slow(sim_host_disk(w->hosts[where]), t.product);
        break;
    case SIM_FULL_DISK:
        sim_disk_fill(sim_host_disk(w->hosts[where]), t.n > 0);
        break;
    case SIM_UNREADABLE:
        sim_disk_unreadable(sim_host_disk(w->hosts[where]), t.n > 0 ? t.sum : 0);
        break;
    case SIM_CROWD:
    case SIM_ATTACK:
        sim_clientele_load(w->clientele, where, total(w, SIM_CROWD, where).product,
                           total(w, SIM_ATTACK, where).sum);
        break;
    case SIM_CLOCK_STEP:
    case SIM_CLOCK_DRIFT:
        break; /* seen when the clock is read */
    }
}

void sim_world_affect(struct sim_world *w, enum sim_effect effect, uint32_t where, double amount,
                      bool begins)
{
    if (begins) {
        w->effects = sim_realloc(w->effects, (w->n_effects + 1) * sizeof *w->effects);
        w->effects[w->n_effects++] =
            (struct sim_effecting){ effect, where, amount, sim_now(w->engine) };
    }
    for (size_t i = 0; i < w->n_effects && !begins; i++) {
        const struct sim_effecting *e = &w->effects[i];
        if (e->effect == effect && e->where == where && e->amount == amount) {
            w->effects[i] = w->effects[--w->n_effects];
            break;
        }
    }
    apply(w, effect, where);
}

sw_wall sim_world_wall(const struct sim_world *w, uint32_t node)
{
    const sw_time now = sim_now(w->engine);
    const struct sim_clock *clock = &w->s->nodes[node].clock;
    sw_wall wall =
        sim_wall(now) + (sw_wall)clock->offset + (sw_wall)((double)now / 1e6 * clock->drift);
    for (size_t i = 0; i < w->n_effects; i++) {
        const struct sim_effecting *e = &w->effects[i];
        if (e->where != node) {
            continue;
        }
        if (e->effect == SIM_CLOCK_STEP) {
            wall += (sw_wall)e->amount;
        } else if (e->effect == SIM_CLOCK_DRIFT) {
            wall += (sw_wall)((double)(now - e->since) / 1e6 * e->amount);
        }
    }
    return wall;
}
