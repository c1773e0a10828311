/* SPDX-License-Identifier: GPL-3.0-or-later
 * Questions go out: to upstreams, to homes, to whoever may have something stale. */
#include "node/core/cache/ask.h"

#include "node/base/bug.h"
#include "node/core/cache/home.h"
#include "node/core/cache/lookup.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"
#include "node/core/swarm/link.h"

void sw_unask(struct sw_node *n, struct sw_lookup *l, uint32_t i)
{
    struct sw_action *act = l->tries[i].out ? sw_emit(n, SW_ACT_UNASK) : NULL;
    l->tries[i].out = false;
    if (act != NULL) {
        act->u.unask = sw_slots_id(&n->lookups.slots, l->slot) | (uint64_t)i << SW_ASK_TRY_SHIFT;
    }
}

void sw_ask_home_done(struct sw_node *n, struct sw_lookup *l)
{
    if (l->home != SW_PEER_NONE) {
        n->peers.v[l->home]->lookups--;
        l->home = SW_PEER_NONE;
    }
}

size_t sw_ask_write(const struct sw_lookup *l, uint16_t id, uint8_t out[SW_DNS_UDP_MIN])
{
    const struct sw_query q = { .id = id,
                                .type = l->type,
                                .name = l->name,
                                .udp_size = SW_DNS_UDP_DEFAULT,
                                .recursion = true,
                                .dnssec_ok = (l->flags & SW_CACHE_DO) != 0,
                                .checking_disabled = (l->flags & SW_CACHE_CD) != 0 };
    struct sw_wr w = { .buf = out, .cap = SW_DNS_UDP_MIN };
    sw_query_write(&w, &q);
    SW_ASSERT(!w.overflow);
    return w.len;
}

static bool emit_ask(struct sw_node *n, const struct sw_lookup *l, uint32_t i)
{
    const struct sw_try *t = &l->tries[i];
    uint8_t *bytes = sw_emit_bytes(n, SW_DNS_UDP_MIN);
    const char *address = bytes != NULL ? sw_emit_text(n, n->config->upstreams[t->upstream]) : NULL;
    struct sw_action *act = address != NULL ? sw_emit(n, SW_ACT_ASK) : NULL;
    if (act == NULL) {
        return false;
    }
    act->u.ask.id = sw_slots_id(&n->lookups.slots, l->slot) | (uint64_t)i << SW_ASK_TRY_SHIFT;
    act->u.ask.address = address;
    act->u.ask.message = (struct sw_bytes){ bytes, sw_ask_write(l, t->id, bytes) };
    act->u.ask.stream = t->stream;
    return true;
}

static bool ask(struct sw_node *n, struct sw_lookup *l, uint32_t upstream, bool stream)
{
    const uint32_t i = l->n_tries;
    uint8_t id[2];
    if (i == SW_LOOKUP_TRIES || sw_keygen_draw(&n->keygen, id, sizeof id) != SW_OK) {
        return false;
    }
    l->tries[i] = (struct sw_try){ .upstream = upstream,
                                   .epoch = n->upstreams.epoch,
                                   .id = (uint16_t)(id[0] << 8 | id[1]),
                                   .out = true,
                                   .stream = stream,
                                   .sent_at = n->event->now };
    if (!emit_ask(n, l, i)) {
        return false;
    }
    n->lookups.own += i == 0;
    l->n_tries++;
    l->tried |= UINT32_C(1) << upstream;
    n->lookups.upstreams_asked++;
    sw_upstream_sent(n, upstream);
    sw_emit_trace(n, SW_TRACE_UPSTREAM_ASKED, NULL, upstream, i, NULL);
    return true;
}

void sw_ask_upstream(struct sw_node *n, struct sw_lookup *l)
{
    const uint32_t upstream =
        l->n_tries < n->config->query_attempts && n->event->now < l->give_up_at
            ? sw_upstream_choose(n, sw_home_key(l->name, l->name_len), l->tried)
            : SW_UPSTREAM_NONE;
    if (upstream != SW_UPSTREAM_NONE && ask(n, l, upstream, false)) {
        sw_lookup_arm(n, l);
    } else {
        sw_lookup_run_dry(n, l);
    }
}

bool sw_ask_stream(struct sw_node *n, struct sw_lookup *l, uint32_t upstream)
{
    return ask(n, l, upstream, true);
}

void sw_ask_lost(struct sw_node *n, struct sw_lookup *l, uint32_t i)
{
    struct sw_try *t = &l->tries[i];
    if (!t->late && t->epoch == n->upstreams.epoch) {
        sw_upstream_lost(n, t->upstream);
    }
    t->late = true;
}

static bool send_query(struct sw_node *n, const struct sw_lookup *l, uint32_t peer, uint32_t hops,
                       bool cached)
{
    uint8_t bytes[SW_DNS_UDP_MIN];
    struct sw_name origin = n->config->name;
    Swarm__V1__Query query = SWARM__V1__QUERY__INIT;
    query.id = sw_slots_id(&n->lookups.slots, l->slot) | SW_ASK_OURS;
    query.hops = hops;
    query.origin = origin.s;
    query.message = (ProtobufCBinaryData){ sw_ask_write(l, 0, bytes), bytes };
    query.stream = true;
    query.cached = cached;
    Swarm__V1__Envelope e = SWARM__V1__ENVELOPE__INIT;
    e.body_case = SWARM__V1__ENVELOPE__BODY_QUERY;
    e.query = &query;
    return sw_emit_envelope(n, n->peers.v[peer]->link[SW_CLASS_CONTROL].conn, &e);
}

/* Who is home to @key; a better one that is not connected is dialled for the next question. */
static uint32_t home_of(struct sw_node *n, uint64_t key, enum sw_realm realm)
{
    uint32_t absent;
    if (sw_route_wants_classes(&n->router.route)) {
        return sw_home_by_trail(n, key, realm);
    }
    const uint32_t home = sw_home(n, key, realm, &absent);
    if (absent != SW_PEER_NONE) {
        sw_link_want(n, absent, SW_CLASS_CONTROL);
    }
    return home;
}

bool sw_ask_home(struct sw_node *n, struct sw_lookup *l)
{
    const struct sw_cache_config *c = &n->config->cache;
    const uint64_t key = sw_home_key(l->name, l->name_len);
    uint32_t home = SW_PEER_SELF;
    uint32_t hops = 1;
    if (c->cooperate && l->hops == 0) {
        home = home_of(n, key, SW_REALM_REGION);
    }
    if (c->cooperate && c->across && l->hops <= 1 && home == SW_PEER_SELF) {
        home = home_of(n, key, SW_REALM_SWARM);
        hops = 2;
    }
    if (home == SW_PEER_SELF || !send_query(n, l, home, hops, false)) {
        return false;
    }
    l->home = home;
    l->home_at = n->event->now;
    l->realm_hops = hops;
    n->peers.v[home]->lookups++;
    n->lookups.homes_asked++;
    sw_emit_trace(n, SW_TRACE_HOME_ASKED, &n->peers.v[home]->name, hops, 0, NULL);
    return true;
}

bool sw_ask_others(struct sw_node *n, struct sw_lookup *l)
{
    uint32_t peers[SW_OTHERS];
    if (l->asked_others || !n->config->cache.cooperate || n->config->cache.stale == 0 ||
        l->askers == SW_SLOT_NONE) {
        return false;
    }
    const size_t found = sw_home_others(n, sw_home_key(l->name, l->name_len), peers, SW_OTHERS);
    for (size_t i = 0; i < found; i++) {
        l->others += send_query(n, l, peers[i], l->hops + 1, true);
    }
    l->asked_others = l->others > 0;
    l->others_at = n->event->now;
    return l->asked_others;
}
