/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where an address leads that is not one node's: to the nearest of those that are up, or to the
 * first.  The network learns that a node went, out of life or out of the clients' reach, when that
 * has lasted for @withdrawal, and what is sent meanwhile is lost.  It learns as late that one came
 * back (a router that returns waits for as long before it preempts, RFC 9568, 6.4.2), or at once
 * when there is no other. */
#include "sim/world/client_inside.h"

struct sim_route {
    struct sim_host *host;
    sw_time since; /* it is up, or down, for so long */
    bool up;       /* and within reach */
    bool believed; /* up, as the network sees it */
};

/* Who is up, as the network sees it now? */
static void learn(struct group *g)
{
    const sw_time now = sim_now(g->c->w->engine);
    bool any = false;
    for (size_t i = 0; i < g->spec->n_servers; i++) {
        struct sim_route *r = &g->routes[i];
        if (now >= r->since + g->spec->withdrawal) {
            r->believed = r->up;
        }
        any = any || r->believed;
    }
    for (size_t i = 0; i < g->spec->n_servers && !any; i++) {
        g->routes[i].believed = g->routes[i].up;
    }
}

static void settle(struct group *g)
{
    const struct sim_network *net = g->c->w->net;
    sw_dur nearest = 0;
    learn(g);
    g->leads_to = UINT32_MAX;
    for (size_t i = 0; i < g->spec->n_servers; i++) {
        const struct sim_route *r = &g->routes[i];
        if (!r->believed) {
            continue;
        }
        const sw_dur away = g->spec->entry == SIM_ENTRY_ANYCAST
                                ? sim_network_latency(net, g->place, sim_host_place(r->host))
                                : 0;
        if (g->leads_to == UINT32_MAX || away < nearest) {
            g->leads_to = sim_host_index(r->host);
            nearest = away;
        }
    }
}

static void on_settle(void *self, uint64_t arg)
{
    (void)arg;
    settle(self);
}

static void look(struct group *g)
{
    struct sim_world *w = g->c->w;
    const sw_time now = sim_now(w->engine);
    bool changed = false;
    for (size_t i = 0; i < g->spec->n_servers; i++) {
        struct sim_route *r = &g->routes[i];
        const bool up = sim_host_node(r->host) != NULL &&
                        sim_network_joined(w->net, g->place, sim_host_place(r->host));
        if (up != r->up) {
            r->up = up;
            r->since = now;
            changed = true;
        }
    }
    settle(g);
    if (changed && g->spec->withdrawal > 0) {
        (void)sim_at(w->engine, now + g->spec->withdrawal, on_settle, g, 0);
    }
}

static void on_look(void *self, uint64_t arg)
{
    (void)arg;
    struct sim_clientele *c = self;
    c->looking = false;
    for (size_t i = 0; i < c->n_groups; i++) {
        if (c->groups[i].routes != NULL) {
            look(&c->groups[i]);
        }
    }
}

void sim_clientele_paths_changed(struct sim_clientele *c)
{
    /* Many nodes go at once: one look after the last of them. */
    if (c->routed && !c->looking && !c->w->closing) {
        c->looking = true;
        (void)sim_at(c->w->engine, sim_now(c->w->engine), on_look, c, 0);
    }
}

void sim_group_routes(struct group *g)
{
    g->routes = sim_calloc(g->spec->n_servers, sizeof *g->routes);
    for (size_t i = 0; i < g->spec->n_servers; i++) {
        g->routes[i] = (struct sim_route){ .host = g->c->w->hosts[g->servers[i]],
                                           .up = true,
                                           .believed = true };
    }
    g->c->routed = true;
    settle(g);
}
