/* SPDX-License-Identifier: GPL-3.0-or-later
 * No holder's version of a zone ever goes back, while its disk lives; and some time after the last
 * edit, promotion and fault all holders that are up and reached serve the newest that any has. */
#include "sim/oracles/holders.h"
#include "sim/oracles/quiet.h"
#include "sim/world/pool.h"

#include <stdlib.h>

/* What a node served last of a zone. */
struct last {
    bool some;
    uint32_t disk; /* which of its disks */
    struct sw_zone_version version;
};

struct convergence {
    struct sim_quiet quiet;
    struct last *last; /* a node, a zone of the scenario */
    bool *up;          /* a node, at the last sample */
    size_t n_zones;
    bool judged; /* it was quiet for long enough, once */
};

static int start(struct sim_world *w, void **self)
{
    const struct sim_scenario *s = sim_world_scenario(w);
    struct convergence *c = sim_calloc(1, sizeof *c);
    c->n_zones = s->n_zones;
    c->last = sim_calloc(s->n_nodes * s->n_zones + 1, sizeof *c->last);
    c->up = sim_calloc(s->n_nodes + 1, sizeof *c->up);
    *self = c;
    return 0;
}

static void stop(void *self)
{
    struct convergence *c = self;
    free(c->last);
    free(c->up);
    free(c);
}

static void on_fault(void *self, struct sim_world *w, const struct sim_fault *f, bool begins)
{
    struct convergence *c = self;
    sim_quiet_fault(&c->quiet, w, f, begins);
}

static void on_zone(void *self, struct sim_world *w, uint32_t node,
                    const struct sim_zone_version *v)
{
    struct convergence *c = self;
    (void)node;
    (void)v;
    sim_quiet_break(&c->quiet, w);
}

/* Node @node serves another version. */
static void serves(struct convergence *c, struct sim_world *w, uint32_t node, size_t zone,
                   const struct sw_trace *t)
{
    struct last *l = &c->last[node * c->n_zones + zone];
    const struct sw_zone_version v = { .epoch = t->b, .serial = (uint32_t)t->a };
    const struct sim_scenario *s = sim_world_scenario(w);
    if (l->some && l->disk == sim_world_disk_number(w, node) &&
        !sw_version_equal(&v, &l->version) && !sw_version_newer(&v, &l->version)) {
        sim_complain(w, "convergence",
                     "%s went back from serial %u of epoch %llu to serial %u of epoch %llu of %s",
                     s->nodes[node].config.name.s, l->version.serial,
                     (unsigned long long)l->version.epoch, v.serial, (unsigned long long)v.epoch,
                     s->zones[zone].name);
    }
    *l = (struct last){ true, sim_world_disk_number(w, node), v };
}

static void on_trace(void *self, struct sim_world *w, uint32_t node, const struct sw_trace *t)
{
    struct convergence *c = self;
    const struct sim_scenario *s = sim_world_scenario(w);
    if (t->kind != SW_TRACE_ZONE_SWAPPED && t->kind != SW_TRACE_ZONE_REFUSED) {
        return;
    }
    for (size_t i = 0; i < c->n_zones; i++) {
        const char *name = s->zones[i].name;
        if (t->kind == SW_TRACE_ZONE_SWAPPED && strcmp(t->text, name) == 0) {
            serves(c, w, node, i, t);
        }
        /* It serves something, and says what is wrong: perhaps that its copy was damaged. */
        if (t->kind == SW_TRACE_ZONE_REFUSED && t->a == 0 &&
            strncmp(t->text, name, strlen(name)) == 0) {
            c->last[node * c->n_zones + i].some = false;
        }
    }
}

static void check(struct convergence *c, struct sim_world *w, const char *zone)
{
    const struct sim_scenario *s = sim_world_scenario(w);
    struct sw_zone_version newest;
    struct sw_zone_info z;
    const bool some = sim_zone_newest(w, zone, &newest);
    for (uint32_t i = 0; i < s->n_nodes && some; i++) {
        if (!sim_node_zone(w, i, zone, &z)) {
            continue;
        }
        const struct sw_zone_version v = { .epoch = z.epoch, .serial = z.serial };
        if (!z.loaded || !sw_version_equal(&v, &newest)) {
            sim_complain(w, "convergence",
                         "%s serves serial %u of epoch %llu of %s, and not %u of %llu, though "
                         "nothing happened for %.0f s",
                         s->nodes[i].config.name.s, v.serial, (unsigned long long)v.epoch, zone,
                         newest.serial, (unsigned long long)newest.epoch,
                         (double)sim_quiet_for(&c->quiet, w) / 1e9);
        }
    }
}

static void on_sample(void *self, struct sim_world *w)
{
    struct convergence *c = self;
    const struct sim_scenario *s = sim_world_scenario(w);
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        const bool up = sim_node_reached(w, i);
        if (up != c->up[i]) {
            c->up[i] = up;
            sim_quiet_break(&c->quiet, w);
        }
    }
    for (size_t i = 0; i < c->n_zones && sim_quiet_for(&c->quiet, w) >= SIM_ZONE_BOUND; i++) {
        check(c, w, s->zones[i].name);
        c->judged = true;
    }
}

static bool judged(const void *self)
{
    return ((const struct convergence *)self)->judged;
}

extern const struct sim_watcher sim_oracle_convergence;
const struct sim_watcher sim_oracle_convergence = {
    .name = "convergence",
    .help = "no version of a zone goes back, and once nothing changes all holders serve the newest",
    .oracle = true,
    .start = start,
    .on_fault = on_fault,
    .on_trace = on_trace,
    .on_zone = on_zone,
    .on_sample = on_sample,
    .judged = judged,
    .stop = stop,
};
