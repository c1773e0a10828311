/* SPDX-License-Identifier: GPL-3.0-or-later
 * Groups of clients, made from the scenario. */
#include "sim/scenario/replay.h"
#include "sim/world/client_inside.h"

#include <stdio.h>
#include <stdlib.h>

void sim_clientele_dark(struct sim_clientele *c, uint32_t region, bool begins)
{
    if (!begins) {
        c->dark_until[region] = sim_now(c->w->engine);
    }
}

/* ns between arrivals as the scenario has them; 0 when a capture says when. */
static double usual_gap(const struct sim_clients *s)
{
    return s->rate > 0 ? 1e9 / (s->rate * (double)s->count) : 0;
}

void sim_clientele_load(struct sim_clientele *c, uint32_t region, double crowd, double attack)
{
    for (size_t i = 0; i < c->n_groups; i++) {
        struct group *g = &c->groups[i];
        if (g->place.region == region) {
            const struct sim_clients *s = g->spec;
            const double beside = s->zone != NULL ? attack : 0; /* no zone, no names in it */
            g->crowd = crowd;
            g->pace = crowd + beside;
            g->mean_gap = usual_gap(s) / g->pace;
            sim_questions_nonexistent(g->questions, (crowd * s->nonexistent + beside) / g->pace);
        }
    }
}

/* ---- what comes next ---- */

/* On to a capture's next question, or in a crowd a part of the way.  Which one is asked, and in @ns
 * how long the capture took for that way; @g stays where it is unless @goes. */
static const struct sim_asked *on_the_way(struct group *g, bool goes, double *ns)
{
    const struct sim_replay *r = g->spec->replay;
    const struct sim_asked *a = NULL;
    size_t at = g->position;
    double share = g->share;
    double left = 1 / g->crowd;
    for (*ns = 0; left > 1e-9 && at < r->n;) {
        const double part = left < 1 - share ? left : 1 - share;
        a = &r->asked[at];
        *ns += part * (double)a->after;
        left -= part;
        share += part;
        if (share > 1 - 1e-9) {
            share = 0;
            at++;
            left = g->crowd < 1 ? left : 0; /* the rest would be the next one's */
        }
    }
    if (goes) {
        g->position = at;
        g->share = share;
    }
    return a;
}

/* A capture lasts as long as it did: in a crowd each of its questions is asked so many times, on
 * its way from the one before, and only at last by its own client. */
static bool replay_capture(struct group *g, sw_time *at)
{
    struct sim_demand *d = &g->demand;
    const bool goes = d->question.made_up == 0;
    double ns;
    if (g->position == g->spec->replay->n) {
        return false;
    }
    const struct sim_asked *a = on_the_way(g, goes, &ns);
    *at = sim_now(g->c->w->engine) + sim_rounded(ns * g->crowd / (g->spec->speed * g->pace));
    if (goes) {
        d->question.name = a->name;
        d->question.type = a->type;
        d->question.edns = a->edns;
        d->client = g->share > 0 ? d->client : (uint32_t)(a->source % g->spec->count);
    }
    return true;
}

/* What the file says in place of what was drawn; false when it has no more to say.  Names that a
 * fault makes up come between its questions. */
static bool replay(struct group *g, sw_time *at)
{
    const struct sim_replay *r = g->spec->replay;
    struct sim_question *q = &g->demand.question;
    if (r->sources > 0) {
        return replay_capture(g, at);
    }
    if (q->made_up == 0) {
        const struct sim_asked *a = &r->asked[g->position];
        g->position = (g->position + 1) % r->n;
        q->name = a->name;
        q->type = a->type;
    }
    return true;
}

void sim_group_next(struct group *g)
{
    const sw_time now = sim_now(g->c->w->engine);
    sim_demand_draw(g->questions, g->key, g->number, g->mean_gap, g->spec->count, &g->demand);
    sw_time at = g->day != NULL ? sim_day_after(g->day, now, g->demand.gap) : now + g->demand.gap;
    if (g->spec->replay == NULL || replay(g, &at)) {
        (void)sim_at(g->c->w->engine, at, sim_group_arrival, g, 0);
    }
}

/* ---- making ---- */

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
    const bool capture = g->spec->replay != NULL && g->spec->replay->sources > 0;
    if (g->spec->count == 0 || g->spec->count > UINT32_MAX || (!(g->spec->rate > 0) && !capture) ||
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
    g->mean_gap = usual_gap(g->spec);
    g->pace = 1;
    g->crowd = 1;
    g->day = sim_day_new(&g->spec->diurnal);
    g->n_addresses = (uint32_t)sim_clients_addresses(g->spec);
    g->datagrams = (struct line){ .group = g, .timeout = g->spec->timeout };
    g->streams = (struct line){ .group = g, .timeout = SIM_RESOLVED_STREAM_TIMEOUT };
    if (g->spec->stub == SIM_STUB_RESOLVED) {
        g->resolved = sim_resolved_new(g->spec->count, g->n_addresses);
    }
    if (g->spec->entry != SIM_ENTRY_LIST) {
        sim_group_routes(g);
    }
    const struct sim_truth *truth = NULL;
    int err = g->spec->zone != NULL ? truth_of(c, g->spec->zone, &truth, d) : 0;
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
        free(c->groups[i].routes);
        sim_resolved_free(c->groups[i].resolved);
        sim_day_free(c->groups[i].day);
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
        sim_group_next(&c->groups[i]);
    }
}
