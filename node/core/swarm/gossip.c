/* SPDX-License-Identifier: GPL-3.0-or-later
 * Dissemination. */
#include "node/core/swarm/gossip.h"

#include "node/base/bug.h"
#include "node/core/node_state.h"

#include <stdlib.h>
#include <string.h>

/* ---- the ring ---- */

int sw_gossip_reserve(struct sw_gossip *g, uint32_t n_peers)
{
    const uint32_t cap = n_peers + 1;
    if (cap <= g->cap) {
        return SW_OK;
    }
    uint32_t *v = malloc(cap * sizeof *v);
    if (v == NULL) {
        return SW_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < g->n; i++) {
        v[i] = g->v[(g->first + i) % g->cap];
    }
    free(g->v);
    *g = (struct sw_gossip){ .v = v, .n = g->n, .urgent = g->urgent, .cap = cap };
    return SW_OK;
}

void sw_gossip_fini(struct sw_gossip *g)
{
    free(g->v);
    *g = (struct sw_gossip){ 0 };
}

static uint32_t *news_of(struct sw_node *n, uint32_t who)
{
    return who == SW_PEER_SELF ? &n->self.news : &n->peers.v[who]->member.news;
}

static uint32_t times(const struct sw_node *n)
{
    uint32_t log2 = 0;
    for (uint32_t m = sw_member_count(n); m > 0; m >>= 1) {
        log2++; /* ends as ceil(log2(n + 1)) */
    }
    return SW_GOSSIP_LAMBDA * log2;
}

static uint32_t *at(const struct sw_gossip *g, uint32_t i)
{
    return &g->v[(g->first + i) % g->cap];
}

/* Take out whoever is in place @i. */
static uint32_t take(struct sw_gossip *g, uint32_t i)
{
    const uint32_t who = *at(g, i);
    g->urgent -= i < g->urgent;
    for (; i > 0; i--) { /* those before it move up */
        *at(g, i) = *at(g, i - 1);
    }
    g->first = (g->first + 1) % g->cap;
    g->n--;
    return who;
}

static uint32_t find(const struct sw_gossip *g, uint32_t who)
{
    uint32_t i = 0;
    while (i < g->n && *at(g, i) != who) {
        i++;
    }
    return i;
}

/* Before all others of its kind. */
static void prepend(struct sw_gossip *g, uint32_t who, bool urgent)
{
    SW_ASSERT(g->n < g->cap);
    g->first = (g->first + g->cap - 1) % g->cap;
    g->n++;
    if (urgent) {
        g->urgent++;
        g->v[g->first] = who;
        return;
    }
    for (uint32_t i = 0; i < g->urgent; i++) {
        *at(g, i) = *at(g, i + 1);
    }
    *at(g, g->urgent) = who;
}

/* Behind all others of its kind. */
static void append(struct sw_gossip *g, uint32_t who, bool urgent)
{
    uint32_t i = g->n++;
    for (; urgent && i > g->urgent; i--) {
        *at(g, i) = *at(g, i - 1);
    }
    g->urgent += urgent;
    *at(g, i) = who;
}

static bool is_accused(const struct sw_node *n, uint32_t who)
{
    const enum sw_member_state state =
        who != SW_PEER_SELF ? n->peers.v[who]->member.state : SW_MEMBER_ALIVE;
    return state == SW_MEMBER_SUSPECT || state == SW_MEMBER_DEAD;
}

void sw_gossip_news(struct sw_node *n, uint32_t who)
{
    struct sw_gossip *g = &n->gossip;
    uint32_t *left = news_of(n, who);
    bool urgent = is_accused(n, who) || who == SW_PEER_SELF;
    if (*left > 0) {
        const uint32_t i = find(g, who);
        SW_ASSERT(i < g->n);
        urgent = urgent || i < g->urgent; /* it was accused: now it is not */
        (void)take(g, i);
    }
    prepend(g, who, urgent);
    *left = times(n);
}

void sw_gossip_forget(struct sw_node *n, uint32_t peer)
{
    const uint32_t i = find(&n->gossip, peer);
    if (i < n->gossip.n) {
        (void)take(&n->gossip, i);
    }
    *news_of(n, peer) = 0;
}

/* ---- messages ---- */

Swarm__V1__Gossip *sw_gossip_new(struct sw_node *n, size_t cap)
{
    Swarm__V1__Gossip *g = sw_arena_alloc(&n->scratch, sizeof *g);
    Swarm__V1__SignedRecord **records = sw_arena_alloc(&n->scratch, cap * sizeof *records);
    Swarm__V1__Claim **claims = sw_arena_alloc(&n->scratch, cap * sizeof *claims);
    if (g == NULL || records == NULL || claims == NULL) {
        n->out_of_memory = true;
        return NULL;
    }
    swarm__v1__gossip__init(g);
    g->records = records;
    g->claims = claims;
    return g;
}

static bool add_record(struct sw_node *n, Swarm__V1__Gossip *g, uint32_t who)
{
    Swarm__V1__SignedRecord *r = sw_arena_alloc(&n->scratch, sizeof *r);
    if (r == NULL) {
        n->out_of_memory = true;
        return false;
    }
    if (who == SW_PEER_SELF) {
        sw_record_own(n, r);
    } else {
        sw_member_record(&n->peers.v[who]->member, r);
    }
    g->records[g->n_records++] = r;
    return true;
}

bool sw_gossip_add(struct sw_node *n, Swarm__V1__Gossip *g, uint32_t who)
{
    const enum sw_member_state state =
        who == SW_PEER_SELF ? SW_MEMBER_ALIVE : n->peers.v[who]->member.state;
    if (state != SW_MEMBER_SUSPECT && state != SW_MEMBER_DEAD) {
        return add_record(n, g, who);
    }
    Swarm__V1__Claim *c = sw_member_claim(n, who);
    if (c != NULL) {
        g->claims[g->n_claims++] = c;
    }
    return c != NULL;
}

#define MOST 32U /* states in a message */

/* Bytes that what was added since @before takes, its tag and length included. */
static size_t size_of_last(const Swarm__V1__Gossip *g, const Swarm__V1__Gossip *before)
{
    const size_t len = g->n_records > before->n_records
                           ? swarm__v1__signed_record__get_packed_size(g->records[g->n_records - 1])
                           : swarm__v1__claim__get_packed_size(g->claims[g->n_claims - 1]);
    return 1 + (len < 0x80 ? 1U : len < 0x4000 ? 2U : 3U) + len;
}

Swarm__V1__Gossip *sw_gossip_for(struct sw_node *n, uint32_t to)
{
    struct sw_gossip *q = &n->gossip;
    const bool accused =
        n->config->membership.lifeguard && n->peers.v[to]->member.state == SW_MEMBER_SUSPECT;
    if (q->n == 0 && !accused) {
        return NULL;
    }
    Swarm__V1__Gossip *g = sw_gossip_new(n, MOST + 1);
    if (g == NULL || (accused && !sw_gossip_add(n, g, to))) {
        return NULL;
    }
    size_t size = swarm__v1__gossip__get_packed_size(g);
    const uint32_t candidates = q->n < MOST ? q->n : MOST;
    uint32_t urgent = q->urgent; /* of the candidates that are left */
    for (uint32_t i = 0; i < candidates; i++) {
        /* Those that were urgent and are told already have gone behind the rest of their kind. */
        const uint32_t place = urgent > 0 ? 0 : q->urgent;
        const bool is_urgent = urgent > 0;
        const uint32_t who = *at(q, place);
        urgent -= is_urgent;
        const Swarm__V1__Gossip before = *g;
        if ((who == to && accused) || !sw_gossip_add(n, g, who)) {
            append(q, take(q, place), is_urgent); /* it was told so above */
            continue;
        }
        size += size_of_last(g, &before);
        if (size > SW_GOSSIP_BYTES && before.n_records + before.n_claims > 0) {
            *g = before;
            break;
        }
        (void)take(q, place);
        if (--*news_of(n, who) > 0) {
            append(q, who, is_urgent);
        }
    }
    return g;
}

int sw_gossip_take(struct sw_node *n, const Swarm__V1__Gossip *gossip)
{
    int err = SW_OK;
    for (size_t i = 0; gossip != NULL && i < gossip->n_records; i++) {
        const struct sw_arena_mark mark = sw_arena_mark(&n->scratch); /* there may be thousands */
        (void)sw_member_take_record(n, gossip->records[i], SW_PEER_NONE);
        sw_arena_rewind(&n->scratch, mark);
    }
    for (size_t i = 0; gossip != NULL && i < gossip->n_claims && err == SW_OK; i++) {
        err = sw_member_take_claim(n, gossip->claims[i]);
    }
    return err;
}
