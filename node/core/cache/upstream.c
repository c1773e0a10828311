/* SPDX-License-Identifier: GPL-3.0-or-later
 * Upstreams as the routing policy sees them, and verdicts shared. */
#include "node/core/cache/upstream.h"

#include "node/core/cache/home.h"
#include "node/core/dns/wire.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"

#include <stdlib.h>
#include <string.h>

#define PROBE_FIRST SW_SEC
#define PROBE_MOST (8 * SW_SEC)
#define PROBE_PATIENCE (900 * SW_MS) /* less than a beat */

/* ---- configuration ---- */

static bool is_same(const struct sw_node *n, const struct sw_config *c)
{
    const struct sw_config *now = n->config;
    if (now == NULL || now->n_upstreams != c->n_upstreams || strcmp(now->policy, c->policy) != 0 ||
        now->n_params + c->n_params > 0) {
        return false;
    }
    for (size_t i = 0; i < c->n_upstreams; i++) {
        if (strcmp(now->upstreams[i], c->upstreams[i]) != 0) {
            return false;
        }
    }
    return true;
}

static int check(const struct sw_config *c, struct sw_diag *d)
{
    if (c->n_upstreams > SW_UPSTREAMS_MAX) {
        return sw_diag_set(d, SW_ERR_RANGE, "forwarding: more than %u upstreams", SW_UPSTREAMS_MAX);
    }
    for (size_t i = 0; i < c->n_clients; i++) {
        struct sw_prefix p;
        if (sw_prefix_parse(c->clients[i], &p) != SW_OK) {
            return sw_diag_set(d, SW_ERR_RANGE, "forwarding: clients: '%.60s' is no prefix",
                               c->clients[i]);
        }
    }
    return SW_OK;
}

int sw_upstreams_plan(const struct sw_node *n, const struct sw_config *c,
                      struct sw_upstreams_plan *plan, struct sw_diag *d)
{
    *plan = (struct sw_upstreams_plan){ 0 };
    const int err = check(c, d);
    if (err != SW_OK || is_same(n, c)) {
        return err;
    }
    plan->n = (uint32_t)c->n_upstreams;
    plan->v = calloc(plan->n + 1, sizeof *plan->v);
    if (plan->v == NULL ||
        sw_route_init(&plan->route, sw_policy_find(c->policy), plan->n) != SW_OK) {
        free(plan->v);
        return SW_ERR_NOMEM;
    }
    for (size_t i = 0; i < c->n_params; i++) {
        (void)sw_route_set(&plan->route, c->params[i].name, c->params[i].value); /* checked */
    }
    for (uint32_t i = 0; i < plan->n; i++) {
        plan->v[i].id = sw_home_key((const uint8_t *)c->upstreams[i], strlen(c->upstreams[i]));
    }
    return SW_OK;
}

void sw_upstreams_plan_fini(struct sw_upstreams_plan *plan)
{
    if (plan->v != NULL) {
        sw_route_fini(&plan->route);
        free(plan->v);
    }
}

void sw_upstreams_commit(struct sw_node *n, struct sw_upstreams_plan *plan)
{
    struct sw_upstreams *u = &n->upstreams;
    if (plan->v == NULL) {
        return;
    }
    sw_upstreams_fini(u);
    u->route = plan->route;
    u->v = plan->v;
    u->n = plan->n;
    u->epoch++;
}

void sw_upstreams_fini(struct sw_upstreams *u)
{
    if (u->v != NULL) {
        sw_route_fini(&u->route);
        free(u->v);
        u->v = NULL;
    }
    u->n = 0;
}

/* ---- the choice ---- */

static size_t list(const struct sw_upstreams *u, uint32_t tried, bool down_too,
                   struct sw_candidate out[SW_UPSTREAMS_MAX])
{
    size_t n = 0;
    for (uint32_t i = 0; i < u->n; i++) {
        if ((tried >> i & 1) == 0 && (down_too || !u->v[i].down)) {
            out[n++] = (struct sw_candidate){ .peer = i, .same_region = true, .id = u->v[i].id };
        }
    }
    return n;
}

uint32_t sw_upstream_choose(struct sw_node *n, uint64_t query_class, uint32_t tried)
{
    struct sw_upstreams *u = &n->upstreams;
    struct sw_candidate candidates[SW_UPSTREAMS_MAX];
    struct sw_choice c = { .now = n->event->now,
                           .query_class = query_class,
                           .candidates = candidates,
                           .own = { .cores = 1 } };
    c.n = list(u, tried, false, candidates);
    if (c.n == 0) {
        c.n = list(u, tried, true, candidates);
    }
    return c.n == 0 ? SW_UPSTREAM_NONE
                    : candidates[u->route.policy->choose(&u->route, &c, &u->rng)].peer;
}

sw_dur sw_upstream_patience(const struct sw_node *n, uint32_t number)
{
    const struct sw_route *r = &n->upstreams.route;
    const sw_dur p =
        r->policy->patience != NULL ? r->policy->patience(r, number) : SW_PATIENCE_USUAL;
    return p < SW_UPSTREAM_PATIENCE_LEAST  ? SW_UPSTREAM_PATIENCE_LEAST
           : p < SW_UPSTREAM_PATIENCE_MOST ? p
                                           : SW_UPSTREAM_PATIENCE_MOST;
}

void sw_upstream_sent(struct sw_node *n, uint32_t number)
{
    struct sw_route *r = &n->upstreams.route;
    n->upstreams.v[number].asked++;
    if (r->policy->on_send != NULL) {
        r->policy->on_send(r, number, n->event->now);
    }
}

/* ---- verdicts ---- */

static void tell(struct sw_node *n, uint32_t number, bool down)
{
    Swarm__V1__UpstreamState state = SWARM__V1__UPSTREAM_STATE__INIT;
    Swarm__V1__UpstreamState *states[] = { &state };
    Swarm__V1__Upstreams m = SWARM__V1__UPSTREAMS__INIT;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    state.address = n->config->upstreams[number];
    state.down = down;
    m.n_states = 1;
    m.states = states;
    e.body_case = SWARM__V1__ENVELOPE__BODY_UPSTREAMS;
    e.upstreams = &m;
    for (size_t i = 0; n->config->cache.cooperate && i < n->router.n_reachable; i++) {
        const struct sw_candidate *c = &n->router.reachable[i];
        const struct sw_peer *peer = n->peers.v[c->peer];
        if (c->same_region && peer->caches) {
            (void)sw_emit_envelope(n, peer->link[SW_CLASS_CONTROL].conn, &e);
        }
    }
}

static void set_down(struct sw_node *n, uint32_t number, bool told)
{
    struct sw_upstream *s = &n->upstreams.v[number];
    s->down = true;
    s->told = told;
    s->changed_at = n->event->now;
    s->every = PROBE_FIRST;
    s->probe_at = n->event->now; /* with the next beat */
    sw_emit_trace(n, SW_TRACE_UPSTREAM_DOWN, NULL, number, told, n->config->upstreams[number]);
    if (!told) {
        tell(n, number, true);
    }
}

static void set_up(struct sw_node *n, uint32_t number, bool told)
{
    struct sw_upstream *s = &n->upstreams.v[number];
    struct sw_route *r = &n->upstreams.route;
    const struct sw_telemetry blind = { 0 };
    s->down = false;
    s->losses = 0;
    s->changed_at = n->event->now;
    if (told && r->policy->on_reply != NULL) { /* a policy that suspects it waits for a probe */
        r->policy->on_reply(r, number, n->event->now, SW_UPSTREAM_PATIENCE_LEAST, &blind, true,
                            false);
    }
    sw_emit_trace(n, SW_TRACE_UPSTREAM_UP, NULL, number, told, n->config->upstreams[number]);
    if (!told) {
        tell(n, number, false);
    }
}

/* The quickest of the latest answers, @rtt among them. */
static sw_dur quickest(struct sw_upstream *s, sw_dur rtt)
{
    s->rtt[s->n_rtt++ % SW_UPSTREAM_SAMPLES] = rtt;
    for (uint64_t i = 0; i < s->n_rtt && i < SW_UPSTREAM_SAMPLES; i++) {
        rtt = s->rtt[i] < rtt ? s->rtt[i] : rtt;
    }
    return rtt;
}

static void heard_from(struct sw_node *n, uint32_t number, sw_dur rtt, bool probe, bool late)
{
    struct sw_upstream *s = &n->upstreams.v[number];
    struct sw_route *r = &n->upstreams.route;
    const struct sw_telemetry blind = { 0 };
    s->losses = 0;
    s->heard_at = n->event->now;
    rtt = quickest(s, rtt);
    if (r->policy->on_reply != NULL) {
        r->policy->on_reply(r, number, n->event->now, rtt, &blind, probe, late);
    }
    if (s->down) {
        set_up(n, number, false);
    }
}

void sw_upstream_answered(struct sw_node *n, uint32_t number, sw_dur rtt, bool late)
{
    n->upstreams.v[number].answered++;
    heard_from(n, number, rtt, false, late);
}

static void lose(struct sw_node *n, uint32_t number, bool probe)
{
    struct sw_upstream *s = &n->upstreams.v[number];
    struct sw_route *r = &n->upstreams.route;
    s->losses++;
    if (r->policy->on_timeout != NULL) {
        r->policy->on_timeout(r, number, n->event->now, probe);
    }
    if (!s->down && s->losses >= SW_DOWN_LOSSES) {
        set_down(n, number, false);
    }
}

void sw_upstream_lost(struct sw_node *n, uint32_t number)
{
    lose(n, number, false);
}

static uint32_t find(const struct sw_node *n, const char *address)
{
    for (uint32_t i = 0; i < n->upstreams.n; i++) {
        if (strcmp(n->config->upstreams[i], address) == 0) {
            return i;
        }
    }
    return SW_UPSTREAM_NONE;
}

void sw_upstreams_heard(struct sw_node *n, const struct sw_link *link,
                        const Swarm__V1__Upstreams *m)
{
    const struct sw_peer *peer = n->peers.v[link->peer];
    if (!n->config->cache.cooperate || strcmp(peer->region.s, n->config->region.s) != 0) {
        return; /* what it can't reach may be at hand here */
    }
    for (size_t i = 0; i < m->n_states; i++) {
        const uint32_t number = find(n, m->states[i]->address);
        if (number == SW_UPSTREAM_NONE) {
            continue;
        }
        struct sw_upstream *s = &n->upstreams.v[number];
        /* What we heard ourselves a moment ago counts more. */
        if (m->states[i]->down && !s->down && n->event->now - s->heard_at >= SW_SEC) {
            set_down(n, number, true);
        } else if (!m->states[i]->down && s->down) {
            set_up(n, number, true);
        }
    }
}

/* ---- probes ---- */

/* Does it fall to us? */
static bool is_prober(const struct sw_node *n, const struct sw_upstream *s)
{
    return !n->config->cache.cooperate ||
           sw_home(n, s->id, SW_REALM_REGION, NULL) == SW_PEER_SELF ||
           n->event->now - s->changed_at >= SW_DOWN_BELIEVED;
}

static void ask_root(struct sw_node *n, uint32_t number)
{
    struct sw_upstream *s = &n->upstreams.v[number];
    const struct sw_query q = { .type = SW_TYPE_NS,
                                .name = (const uint8_t *)"",
                                .udp_size = SW_DNS_UDP_DEFAULT,
                                .recursion = true };
    uint8_t *bytes = sw_emit_bytes(n, SW_DNS_UDP_MIN);
    struct sw_action *act = bytes != NULL ? sw_emit(n, SW_ACT_ASK) : NULL;
    const char *address = act != NULL ? sw_emit_text(n, n->config->upstreams[number]) : NULL;
    if (act == NULL) {
        return;
    }
    struct sw_wr w = { .buf = bytes, .cap = SW_DNS_UDP_MIN };
    sw_query_write(&w, &q);
    s->probe = SW_UPSTREAM_PROBE | (n->upstreams.probes++ << 8 | number);
    s->probed_at = n->event->now;
    act->u.ask.id = s->probe;
    act->u.ask.address = address != NULL ? address : "";
    act->u.ask.message = (struct sw_bytes){ bytes, w.len };
}

static void unask(struct sw_node *n, struct sw_upstream *s)
{
    struct sw_action *act = sw_emit(n, SW_ACT_UNASK);
    if (act != NULL) {
        act->u.unask = s->probe;
    }
    s->probed_at = 0;
}

void sw_upstream_probe_back(struct sw_node *n)
{
    const uint32_t number = (uint32_t)(n->event->u.upstream.id & 0xff);
    const struct sw_bytes m = n->event->u.upstream.message;
    struct sw_upstream *s = number < n->upstreams.n ? &n->upstreams.v[number] : NULL;
    if (s == NULL || s->probed_at == 0 || s->probe != n->event->u.upstream.id ||
        m.len < SW_DNS_HEADER || (m.data[2] & SW_DNS_QR) == 0) {
        return;
    }
    const sw_dur rtt = n->event->now - s->probed_at;
    unask(n, s);
    heard_from(n, number, rtt, true, false);
}

void sw_upstreams_beat(struct sw_node *n)
{
    const sw_time now = n->event->now;
    for (uint32_t i = 0; i < n->upstreams.n; i++) {
        struct sw_upstream *s = &n->upstreams.v[i];
        const struct sw_route *r = &n->upstreams.route;
        if (s->probed_at != 0 && now - s->probed_at >= PROBE_PATIENCE) {
            unask(n, s);
            lose(n, i, true);
        }
        const bool doubted =
            s->losses > 0 || (r->policy->suspected != NULL && r->policy->suspected(r, i));
        if (s->probed_at == 0 && now >= s->probe_at && (s->down ? is_prober(n, s) : doubted)) {
            s->every = s->every < PROBE_FIRST ? PROBE_FIRST : s->every;
            s->probe_at = now + s->every;
            s->every = s->down && 2 * s->every < PROBE_MOST ? 2 * s->every : s->every;
            ask_root(n, i);
        }
    }
}
