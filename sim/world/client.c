/* SPDX-License-Identifier: GPL-3.0-or-later
 * The life of a stub's query, from its arrival to an answer or giving up. */
#include "sim/world/client.h"

#include "sim/scenario/replay.h"
#include "sim/world/client_inside.h"

#include <string.h>

#define FIRST_PORT 1024U
#define PORTS 60000U /* source ports from there on */

enum { RCODE_FORMERR = 1, RCODE_SERVFAIL = 2, RCODE_NOTIMP = 4, RCODE_REFUSED = 5 };

/* ---- addresses ---- */

/* fdGG:GGCC:CCCC:CC00::1: every client has a /56 of its own, as limits by prefix expect. */
static struct sw_client address(const struct query *q)
{
    const uint32_t g = q->group->index;
    const uint32_t i = q->client;
    struct sw_client a = { .port = (uint16_t)(FIRST_PORT + q->slot % PORTS) };
    const uint8_t prefix[7] = { 0xfd,
                                (uint8_t)(g >> 8),
                                (uint8_t)g,
                                (uint8_t)(i >> 24),
                                (uint8_t)(i >> 16),
                                (uint8_t)(i >> 8),
                                (uint8_t)i };
    memcpy(a.addr, prefix, sizeof prefix);
    a.addr[15] = 1;
    return a;
}

static uint32_t group_of(const struct sw_client *a)
{
    return (uint32_t)a->addr[1] << 8 | a->addr[2];
}

/* The waiting query that owns this address and port, or NULL. */
static struct query *query_at(const struct sim_clientele *c, const struct sw_client *a)
{
    const uint32_t client = (uint32_t)a->addr[3] << 24 | (uint32_t)a->addr[4] << 16 |
                            (uint32_t)a->addr[5] << 8 | a->addr[6];
    for (uint32_t i = a->port - FIRST_PORT; i < c->n_slots; i += PORTS) {
        struct query *q = sim_query_slot(c, i);
        if (q->group != NULL && q->client == client && q->group->index == group_of(a)) {
            return q;
        }
    }
    return NULL;
}

/* ---- ends of a query ---- */

static bool was_dark(const struct query *q)
{
    const struct sim_clientele *c = q->group->c;
    const uint32_t region = q->group->place.region;
    return sim_network_is_dark(c->w->net, region) || c->dark_until[region] > q->sent_at;
}

/* Is REFUSED the right answer to @q? */
static bool is_outside(const struct query *q)
{
    const struct sim_replay *r = q->group->spec->replay;
    return r != NULL && q->question.made_up == 0 && r->names[q->question.name].outside;
}

/* As traces have it: nodes have the lower numbers. */
static uint32_t entity_of(const struct group *g)
{
    return UINT32_C(0x80000000) | g->index;
}

static void finish(struct query *q, uint32_t server, struct sw_bytes answer)
{
    struct group *g = q->group;
    struct sim_clientele *c = g->c;
    uint8_t scratch[256];
    size_t len;
    const struct sim_query_done done = {
        .group = g->index,
        .region = g->place.region,
        .client_dark = was_dark(q),
        .sent_at = q->sent_at,
        .done_at = sim_now(c->w->engine),
        .answered = server != UINT32_MAX,
        .transmissions = q->transmissions,
        .server = server,
        .question = sim_question_name(g->questions, &q->question, scratch, &len),
        .type = q->question.type,
        .outside = is_outside(q),
        .answer = answer,
    };
    if (done.answered) {
        sim_trace(c->w->engine, entity_of(g), SIM_KIND_REPLY, answer.data, answer.len);
    } else {
        sim_trace(c->w->engine, entity_of(g), SIM_KIND_GAVE_UP, &q->number, sizeof q->number);
    }
    sim_query_release(q);
    sim_tell_query(c->w, &done);
}

/* ---- sending ---- */

static struct sim_luck luck_of(const struct query *q)
{
    return (struct sim_luck){ ((uint64_t)q->group->index + 1) << 44 ^ q->number,
                              (uint64_t)q->transmissions << 32 };
}

/* @d arrives at @at, or what its fate makes of it. */
static void land(struct sim_world *w, struct sim_datagram *d, struct sim_fate fate, sw_time at,
                 sim_fn arrives)
{
    const size_t size = sizeof *d + d->len;
    if (fate.dropped) {
        sim_pool_put(&w->pool, d, size);
        return;
    }
    if (fate.altered && d->len > 0) {
        d->data[fate.bit / 8 % d->len] ^= (uint8_t)(1U << (fate.bit % 8));
    }
    if (fate.twice) {
        struct sim_datagram *second = sim_pool_get(&w->pool, size);
        memcpy(second, d, size);
        (void)sim_at(w->engine, at + fate.later, arrives, second, 0);
    }
    (void)sim_at(w->engine, at, arrives, d, 0);
}

void sim_query_arrives(void *self, uint64_t arg)
{
    (void)arg;
    struct sim_datagram *d = self;
    sim_host_datagram(d->host, d);
}

struct sim_datagram *sim_query_message(struct query *q, bool framed)
{
    struct sim_world *w = q->group->c->w;
    uint8_t bytes[2 + SIM_QUERY_MAX];
    size_t len = sim_question_write(q->group->questions, &q->question, bytes + 2);
    bytes[0] = (uint8_t)(len >> 8);
    bytes[1] = (uint8_t)len;
    len += framed ? 2 : 0;
    struct sim_datagram *d = sim_pool_get(&w->pool, sizeof *d + len);
    *d = (struct sim_datagram){
        .host = w->hosts[q->server], .client = address(q), .luck = luck_of(q), .len = (uint32_t)len
    };
    memcpy(d->data, bytes + (framed ? 0 : 2), len);
    return d;
}

static void send(struct query *q)
{
    struct group *g = q->group;
    struct sim_world *w = g->c->w;
    struct sim_datagram *d = sim_query_message(q, false);
    sw_time at;
    if (sim_network_datagram(w->net, sim_now(w->engine), g->place, sim_host_place(d->host), d->len,
                             d->luck, &at)) {
        land(w, d, sim_network_fate(w->net, g->place, sim_host_place(d->host), d->luck), at,
             sim_query_arrives);
    } else {
        sim_pool_put(&w->pool, d, sizeof *d + d->len);
    }
}

/* Which address comes next; UINT32_MAX: the stub gives up. */
static uint32_t choose(struct query *q)
{
    const struct group *g = q->group;
    if (g->resolved != NULL) {
        return sim_resolved_choose(q, sim_now(g->c->w->engine));
    }
    return q->transmissions < (uint64_t)g->n_addresses * g->spec->attempts
               ? (q->start + q->transmissions) % g->n_addresses
               : UINT32_MAX;
}

/* Send to the next server, or give up: with @refusal of server @q->server as the answer when it is
 * the right one. */
static void transmit(struct query *q, struct sw_bytes refusal)
{
    struct group *g = q->group;
    const uint32_t choice = choose(q);
    if (choice == UINT32_MAX) {
        finish(q, refusal.len > 0 ? q->server : UINT32_MAX, refusal);
        return;
    }
    q->server = g->routes == NULL ? g->servers[choice] : g->leads_to;
    q->transmissions++;
    q->stream = 0;
    sim_query_wait(q, q->by_stream ? &g->streams : &g->datagrams);
    if (q->server == UINT32_MAX) {
        return; /* the address leads nowhere */
    }
    if (q->by_stream) {
        sim_query_by_stream(q);
    } else {
        send(q);
    }
}

void sim_queries_late(void *self, uint64_t arg)
{
    (void)arg;
    struct line *l = self;
    const sw_time now = sim_now(l->group->c->w->engine);
    l->armed = false;
    while (l->head != NULL && l->head->deadline <= now && !l->group->c->w->closing) {
        struct query *q = l->head;
        sim_query_leave(q);
        if (l->group->resolved != NULL) {
            sim_resolved_lost(q);
        }
        transmit(q, (struct sw_bytes){ NULL, 0 });
    }
    sim_line_arm(l);
}

void sim_group_arrival(void *self, uint64_t arg)
{
    (void)arg;
    struct group *g = self;
    struct sim_clientele *c = g->c;
    const sw_time now = sim_now(c->w->engine);
    if (g->resolved != NULL &&
        sim_resolved_knows(g->resolved, g->demand.client, &g->demand.question, now)) {
        sim_trace(c->w->engine, entity_of(g), SIM_KIND_CACHED, &g->number, sizeof g->number);
        sim_tell_cached(c->w, g->index);
    } else {
        struct query *q = sim_query_take(c);
        q->group = g;
        q->number = g->number;
        q->sent_at = now;
        q->client = g->demand.client;
        q->transmissions = 0;
        q->by_stream = false;
        q->question = g->demand.question;
        q->start = 0;
        if (g->spec->rotation == SIM_ROTATE) {
            q->start = (uint16_t)(g->demand.start % g->n_addresses);
        }
        transmit(q, (struct sw_bytes){ NULL, 0 });
    }
    g->number++;
    sim_group_next(g);
}

/* ---- receiving ---- */

/* Does @m echo the question asked? */
static bool echoes(const struct query *q, struct sw_bytes m)
{
    uint8_t scratch[256];
    size_t len;
    const uint8_t *name = sim_question_name(q->group->questions, &q->question, scratch, &len);
    if (m.len < 12 + len + 4 || (m.data[2] & 0x80) == 0 || m.data[4] != 0 || m.data[5] != 1 ||
        memcmp(m.data + 12, name, len) != 0) {
        return false;
    }
    const uint8_t *p = m.data + 12 + len;
    return p[0] == q->question.type >> 8 && p[1] == (q->question.type & 255) && p[2] == 0 &&
           p[3] == 1;
}

/* The server that @q waits for failed with @rcode. */
static void receive_failure(struct query *q, struct sw_bytes m, unsigned rcode)
{
    const bool right = rcode == RCODE_REFUSED && is_outside(q);
    const struct sw_bytes refusal = right ? m : (struct sw_bytes){ NULL, 0 };
    sim_query_leave(q);
    if (q->group->resolved == NULL || sim_resolved_failed(q, rcode)) {
        transmit(q, refusal);
    } else {
        finish(q, right ? q->server : UINT32_MAX, refusal);
    }
}

/* A whole message came from the server that @q waits for. */
static void receive(struct query *q, struct sw_bytes m)
{
    struct sim_resolved *resolved = q->group->resolved;
    if (!echoes(q, m)) {
        return;
    }
    const unsigned rcode = m.data[3] & 15U;
    if (rcode == RCODE_SERVFAIL || rcode == RCODE_NOTIMP || rcode == RCODE_REFUSED ||
        rcode == RCODE_FORMERR) {
        receive_failure(q, m, rcode);
        return;
    }
    if ((m.data[2] & 0x02) != 0 && q->stream == 0) {
        if (resolved != NULL) {
            sim_resolved_truncated(q);
            sim_query_leave(q);
            sim_query_wait(q, &q->group->streams);
        }
        sim_query_by_stream(q);
        return;
    }
    if (resolved != NULL) {
        sim_resolved_answered(q, m, sim_now(q->group->c->w->engine));
    }
    sim_query_leave(q);
    finish(q, q->server, m);
}

void sim_reply_arrives(void *self, uint64_t arg)
{
    (void)arg;
    struct sim_datagram *d = self;
    struct sim_world *w = sim_host_world(d->host);
    struct sim_clientele *c = w->clientele;
    const uint32_t server = sim_host_index(d->host);
    struct sw_bytes m = { d->data, d->len };
    struct query *q = NULL;
    if (d->client.stream == 0) {
        q = query_at(c, &d->client);
        q = q != NULL && q->stream == 0 ? q : NULL;
    } else {
        q = sim_query_slot(c, (uint32_t)d->client.stream - 1);
        q = q->group != NULL && q->stream == d->client.stream >> 32 ? q : NULL;
        m = d->len < 2 ? (struct sw_bytes){ NULL, 0 }
                       : (struct sw_bytes){ d->data + 2, d->len - 2U };
    }
    if (q != NULL && (q->server == server || q->group->routes != NULL) && m.len >= 12 &&
        m.data[0] == q->question.id >> 8 && m.data[1] == (q->question.id & 255) && !w->closing) {
        q->server = server; /* one address: whoever it led to */
        receive(q, m);
    }
    sim_pool_put(&w->pool, d, sizeof *d + d->len);
}

void sim_clientele_reply(struct sim_clientele *c, struct sim_datagram *d)
{
    struct sim_world *w = c->w;
    const uint32_t group = group_of(&d->client);
    sw_time at;
    if (group < c->n_groups &&
        sim_network_datagram(w->net, sim_now(w->engine), sim_host_place(d->host),
                             c->groups[group].place, d->len, d->luck, &at)) {
        land(w, d,
             sim_network_fate(w->net, sim_host_place(d->host), c->groups[group].place, d->luck), at,
             sim_reply_arrives);
    } else {
        sim_pool_put(&w->pool, d, sizeof *d + d->len);
    }
}
