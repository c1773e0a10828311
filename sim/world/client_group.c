/* SPDX-License-Identifier: GPL-3.0-or-later
 * Groups of clients, made from the scenario. */
#include "sim/world/client_inside.h"

#include <stdio.h>
#include <stdlib.h>

void sim_clientele_dark(struct sim_clientele *c, uint32_t region, bool begins)
{
    if (!begins) {
        c->dark_until[region] = sim_now(c->w->engine);
    }
}

void sim_clientele_load(struct sim_clientele *c, uint32_t region, double crowd, double attack)
{
    for (size_t i = 0; i < c->n_groups; i++) {
        struct group *g = &c->groups[i];
        if (g->place.region == region) {
            const struct sim_clients *s = g->spec;
            g->mean_gap = 1e9 / (s->rate * (double)s->count) / (crowd + attack);
            sim_questions_nonexistent(g->questions,
                                      (crowd * s->nonexistent + attack) / (crowd + attack));
        }
    }
}

static int truth_of(struct sim_clientele *c, const char *zone, const struct sim_truth **out,
                    struct sw_diag *d)
{
    const struct sim_scenario *s = c->w->s;
    const struct sim_zone *z = sim_find_zone(s, zone);
    if (z == NULL) {
        return sw_diag_set(d, SW_ERR_NOTFOUND, "clients ask for zone %s, which the scenario lacks",
                           zone);
    }
    struct sim_truth **t = &c->truths[z - s->zones];
    int err = 0;
    if (*t == NULL) {
        struct sw_diag inner = { "" };
        err = sim_truth_new(z->name, (struct sw_bytes){ (const uint8_t *)z->text, z->len }, t,
                            &inner);
        if (err != 0) {
            (void)sw_diag_set(d, err, "zone %s: %.200s", z->name, inner.text);
        }
    }
    *out = *t;
    return err;
}

static int group_new(struct sim_clientele *c, uint32_t index, struct sw_diag *d)
{
    const struct sim_scenario *s = c->w->s;
    struct group *g = &c->groups[index];
    g->c = c;
    g->index = index;
    g->spec = &s->clients[index];
    g->place = (struct sim_place){ sim_find_region(s, g->spec->region.s), SIM_NO_HOST };
    if (g->place.region == UINT32_MAX) {
        return sw_diag_set(d, SW_ERR_NOTFOUND,
                           "clients stand in region %s, which the scenario lacks",
                           g->spec->region.s);
    }
    if (g->spec->count == 0 || g->spec->count > UINT32_MAX || !(g->spec->rate > 0) ||
        g->spec->n_servers == 0 || g->spec->attempts == 0) {
        return sw_diag_set(d, SW_ERR_RANGE,
                           "clients of %s: count, rate, servers and attempts must be positive",
                           g->spec->region.s);
    }
    g->servers = sim_alloc(g->spec->n_servers * sizeof *g->servers);
    for (size_t i = 0; i < g->spec->n_servers; i++) {
        g->servers[i] = sim_find_node(s, g->spec->servers[i].s);
        if (g->servers[i] == UINT32_MAX) {
            return sw_diag_set(d, SW_ERR_NOTFOUND,
                               "clients of %s ask node %s, which the scenario lacks",
                               g->spec->region.s, g->spec->servers[i].s);
        }
    }
    char name[64];
    (void)snprintf(name, sizeof name, "%s/%u", g->spec->region.s, index);
    g->key = sw_rng_key(c->w->seed, "clients", name);
    g->mean_gap = 1e9 / (g->spec->rate * (double)g->spec->count);
    const struct sim_truth *truth = NULL;
    int err = truth_of(c, g->spec->zone, &truth, d);
    if (err == 0) {
        err = sim_questions_new(g->spec, truth, c->w->seed, &g->questions, d);
    }
    return err;
}

int sim_clientele_new(struct sim_world *w, struct sim_clientele **out, struct sw_diag *d)
{
    const struct sim_scenario *s = w->s;
    if (s->n_clients > UINT16_MAX) {
        return sw_diag_set(d, SW_ERR_RANGE, "more than 65,535 groups of clients");
    }
    struct sim_clientele *c = sim_calloc(1, sizeof *c);
    c->w = w;
    c->groups = sim_calloc(s->n_clients, sizeof *c->groups);
    c->truths = sim_calloc(s->n_zones, sizeof(struct sim_truth *));
    c->dark_until = sim_calloc(s->n_regions, sizeof *c->dark_until);
    c->n_groups = s->n_clients;
    int err = 0;
    for (uint32_t i = 0; i < s->n_clients && err == 0; i++) {
        err = group_new(c, i, d);
    }
    if (err != 0) {
        sim_clientele_free(c);
        return err;
    }
    *out = c;
    return 0;
}

void sim_clientele_free(struct sim_clientele *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->n_groups; i++) {
        free(c->groups[i].servers);
        sim_questions_free(c->groups[i].questions);
    }
    for (size_t i = 0; i < c->w->s->n_zones; i++) {
        sim_truth_free(c->truths[i]);
    }
    for (uint32_t i = 0; i < c->n_slots / SIM_QUERY_CHUNK; i++) {
        free(c->chunks[i]);
    }
    free(c->chunks);
    free(c->groups);
    free(c->truths);
    free(c->dark_until);
    free(c);
}

void sim_clientele_start(struct sim_clientele *c)
{
    for (size_t i = 0; i < c->n_groups; i++) {
        struct group *g = &c->groups[i];
        sim_demand_draw(g->questions, g->key, 0, g->mean_gap, g->spec->count, &g->demand);
        (void)sim_at(c->w->engine, sim_now(c->w->engine) + g->demand.gap, sim_group_arrival, g, 0);
    }
}
