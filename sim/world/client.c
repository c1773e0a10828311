/* SPDX-License-Identifier: GPL-3.0-or-later
 * The life of a stub's query, from its arrival to an answer or giving up. */
#include "sim/world/client.h"

#include "node/base/bug.h"
#include "sim/world/question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_PORT 1024U
#define PORTS 60000U /* source ports from there on */
#define CHUNK 1024U  /* queries allocated at once */

enum { RCODE_FORMERR = 1, RCODE_SERVFAIL = 2, RCODE_NOTIMP = 4, RCODE_REFUSED = 5 };

struct group;

/* A query that waits for its answer.  Its slot follows from the source port. */
struct query {
    struct query *next, *previous; /* by deadline, among the group's; next free one */
    struct group *group;           /* NULL: the slot is free */
    uint64_t number;
    sw_time sent_at;  /* first transmission */
    sw_time deadline; /* of the present attempt */
    uint32_t slot;
    uint32_t client;
    uint32_t server;        /* node that it waits for */
    uint32_t transmissions; /* so far */
    uint32_t stream;        /* the clientele's number of its TCP connection; 0: by datagram */
    uint16_t start;
    struct sim_question question;
};

struct group {
    struct sim_clientele *c;
    const struct sim_clients *spec;
    uint32_t index;
    struct sim_place place;
    uint32_t *servers;
    struct sim_questions *questions;
    struct sw_rng_key key;
    double mean_gap; /* ns between the group's arrivals */
    uint64_t number; /* of the next query */
    struct sim_demand demand;
    struct query *head, *tail; /* equal time-outs: in order of deadline */
    bool armed;                /* an event will look at head */
};

struct sim_clientele {
    struct sim_world *w;
    struct group *groups;
    size_t n_groups;
    struct sim_truth **truths; /* a zone of the scenario; NULL: nobody asks for it */
    sw_time *dark_until;       /* a region: end of its latest darkness */
    struct query **chunks;
    uint32_t n_slots, cap_chunks;
    struct query *unused;
    uint32_t streams; /* connections so far */
};

/* ---- slots ---- */

static struct query *slot(const struct sim_clientele *c, uint32_t i)
{
    return &c->chunks[i / CHUNK][i % CHUNK];
}

static void add_chunk(struct sim_clientele *c)
{
    const uint32_t n = c->n_slots / CHUNK;
    if (n == c->cap_chunks) {
        c->cap_chunks = c->cap_chunks == 0 ? 16 : 2 * c->cap_chunks;
        c->chunks = sim_realloc(c->chunks, c->cap_chunks * sizeof(struct query *));
    }
    c->chunks[n] = sim_calloc(CHUNK, sizeof(struct query));
    c->n_slots += CHUNK;
    for (uint32_t i = CHUNK; i > 0; i--) {
        struct query *q = &c->chunks[n][i - 1];
        q->slot = n * CHUNK + i - 1;
        q->next = c->unused;
        c->unused = q;
    }
}

static struct query *take_slot(struct sim_clientele *c)
{
    if (c->unused == NULL) {
        add_chunk(c);
    }
    struct query *q = c->unused;
    c->unused = q->next;
    return q;
}

static void wait_in_line(struct query *q)
{
    struct group *g = q->group;
    q->next = NULL;
    q->previous = g->tail;
    if (g->tail != NULL) {
        g->tail->next = q;
    } else {
        g->head = q;
    }
    g->tail = q;
}

static void leave_line(struct query *q)
{
    struct group *g = q->group;
    SW_ASSERT(g != NULL); /* only a query that waits has a place in the line */
    if (q->previous != NULL) {
        q->previous->next = q->next;
    } else {
        g->head = q->next;
    }
    if (q->next != NULL) {
        q->next->previous = q->previous;
    } else {
        g->tail = q->previous;
    }
}

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
        struct query *q = slot(c, i);
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
        .answer = answer,
    };
    const uint32_t entity = UINT32_C(0x80000000) | g->index;
    if (done.answered) {
        sim_trace(c->w->engine, entity, SIM_KIND_REPLY, answer.data, answer.len);
    } else {
        sim_trace(c->w->engine, entity, SIM_KIND_GAVE_UP, &q->number, sizeof q->number);
    }
    q->group = NULL;
    q->next = c->unused;
    c->unused = q;
    sim_tell_query(c->w, &done);
}

/* ---- sending ---- */

static struct sim_luck luck_of(const struct query *q)
{
    return (struct sim_luck){ ((uint64_t)q->group->index + 1) << 44 ^ q->number,
                              (uint64_t)q->transmissions << 32 };
}

static void datagram_arrives(void *self, uint64_t arg)
{
    (void)arg;
    struct sim_datagram *d = self;
    sim_host_datagram(d->host, d);
}

/* The query's message, ready to travel; @framed: with its length before it. */
static struct sim_datagram *message_of(struct query *q, bool framed)
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

static void on_timeouts(void *self, uint64_t arg);

static void arm(struct group *g)
{
    if (!g->armed && g->head != NULL) {
        g->armed = true;
        (void)sim_at(g->c->w->engine, g->head->deadline, on_timeouts, g, 0);
    }
}

/* Send to the next server of the list, or give up. */
static void transmit(struct query *q)
{
    struct group *g = q->group;
    struct sim_world *w = g->c->w;
    const size_t n = g->spec->n_servers;
    const sw_time now = sim_now(w->engine);
    if (q->transmissions >= (uint64_t)n * g->spec->attempts) {
        finish(q, UINT32_MAX, (struct sw_bytes){ NULL, 0 });
        return;
    }
    q->server = g->servers[(q->start + q->transmissions) % n];
    q->transmissions++;
    q->stream = 0;
    q->deadline = now + g->spec->timeout;
    wait_in_line(q);
    arm(g);
    struct sim_datagram *d = message_of(q, false);
    sw_time at;
    if (sim_network_datagram(w->net, now, g->place, sim_host_place(d->host), d->len, d->luck,
                             &at)) {
        (void)sim_at(w->engine, at, datagram_arrives, d, 0);
    } else {
        sim_pool_put(&w->pool, d, sizeof *d + d->len);
    }
}

static void on_timeouts(void *self, uint64_t arg)
{
    (void)arg;
    struct group *g = self;
    const sw_time now = sim_now(g->c->w->engine);
    g->armed = false;
    while (g->head != NULL && g->head->deadline <= now && !g->c->w->closing) {
        struct query *q = g->head;
        leave_line(q);
        transmit(q);
    }
    arm(g);
}

static void on_arrival(void *self, uint64_t arg)
{
    (void)arg;
    struct group *g = self;
    struct sim_clientele *c = g->c;
    const sw_time now = sim_now(c->w->engine);
    struct query *q = take_slot(c);
    q->group = g;
    q->number = g->number;
    q->sent_at = now;
    q->client = g->demand.client;
    q->transmissions = 0;
    q->question = g->demand.question;
    q->start = 0;
    if (g->spec->rotation == SIM_ROTATE) {
        q->start = (uint16_t)(g->demand.start % g->spec->n_servers);
    }
    transmit(q);
    g->number++;
    sim_demand_draw(g->questions, g->key, g->number, g->mean_gap, g->spec->count, &g->demand);
    (void)sim_at(c->w->engine, now + g->demand.gap, on_arrival, g, 0);
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

/* TCP: the query arrives one and a half round trips from now. */
static void ask_by_stream(struct query *q)
{
    struct sim_world *w = q->group->c->w;
    const struct sim_place to = sim_host_place(w->hosts[q->server]);
    if (!sim_network_joined(w->net, q->group->place, to)) {
        return;
    }
    struct sim_datagram *d = message_of(q, true);
    q->stream = ++q->group->c->streams;
    d->client.stream = (uint64_t)q->stream << 32 | (q->slot + 1);
    d->luck = sim_luck_child(d->luck, 1);
    const sw_dur flight = sim_network_flight(w->net, q->group->place, to, d->luck);
    const sw_dur handshake = sim_network_latency(w->net, q->group->place, to) +
                             sim_network_latency(w->net, to, q->group->place);
    (void)sim_at(w->engine, sim_now(w->engine) + handshake + flight, datagram_arrives, d, 0);
}

/* A whole message came from the server that @q waits for. */
static void receive(struct query *q, struct sw_bytes m, uint32_t server)
{
    if (!echoes(q, m)) {
        return;
    }
    const unsigned rcode = m.data[3] & 15U;
    if (rcode == RCODE_SERVFAIL || rcode == RCODE_NOTIMP || rcode == RCODE_REFUSED ||
        rcode == RCODE_FORMERR) {
        leave_line(q);
        transmit(q);
        return;
    }
    if ((m.data[2] & 0x02) != 0 && q->stream == 0) {
        ask_by_stream(q);
        return;
    }
    leave_line(q);
    finish(q, server, m);
}

static void reply_arrives(void *self, uint64_t arg)
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
        q = slot(c, (uint32_t)d->client.stream - 1);
        q = q->group != NULL && q->stream == d->client.stream >> 32 ? q : NULL;
        m = d->len < 2 ? (struct sw_bytes){ NULL, 0 }
                       : (struct sw_bytes){ d->data + 2, d->len - 2U };
    }
    if (q != NULL && q->server == server && m.len >= 12 && m.data[0] == q->question.id >> 8 &&
        m.data[1] == (q->question.id & 255) && !w->closing) {
        receive(q, m, server);
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
        (void)sim_at(w->engine, at, reply_arrives, d, 0);
    } else {
        sim_pool_put(&w->pool, d, sizeof *d + d->len);
    }
}

/* ---- streams ---- */

struct stream_note {
    struct sim_host *host;
    uint64_t stream;
    enum sw_event_kind kind;
};

static void note_arrives(void *self, uint64_t arg)
{
    (void)arg;
    const struct stream_note n = *(struct stream_note *)self;
    sim_pool_put(&sim_host_world(n.host)->pool, self, sizeof n);
    sim_host_stream_event(n.host, n.kind, n.stream);
}

static void note(struct sim_host *h, uint64_t stream, enum sw_event_kind kind, sw_time at)
{
    struct sim_world *w = sim_host_world(h);
    struct stream_note *n = sim_pool_get(&w->pool, sizeof *n);
    *n = (struct stream_note){ h, stream, kind };
    (void)sim_at(w->engine, at, note_arrives, n, 0);
}

void sim_clientele_stream(struct sim_clientele *c, uint32_t host, uint64_t stream,
                          struct sw_bytes data, struct sim_luck luck)
{
    struct sim_world *w = c->w;
    struct sim_host *h = w->hosts[host];
    const sw_time now = sim_now(w->engine);
    const struct query *q = slot(c, (uint32_t)stream - 1);
    if (q->group == NULL || q->stream != stream >> 32) {
        note(h, stream, SW_EV_STREAM_CLOSED, now); /* the stub has long gone */
        return;
    }
    const struct sim_place from = sim_host_place(h);
    const struct sim_place to = q->group->place;
    const sw_time leaves = sim_network_depart(w->net, now, from, to, data.len + SIM_TCP_OVERHEAD);
    const sw_time at = leaves + sim_network_flight(w->net, from, to, luck);
    note(h, stream, SW_EV_STREAM_WRITABLE, leaves);
    if (!sim_network_joined(w->net, from, to)) {
        return;
    }
    struct sim_datagram *d = sim_pool_get(&w->pool, sizeof *d + data.len);
    *d = (struct sim_datagram){
        .host = h, .client = { .stream = stream }, .luck = luck, .len = (uint32_t)data.len
    };
    memcpy(d->data, data.data, data.len);
    (void)sim_at(w->engine, at, reply_arrives, d, 0);
    note(h, stream, SW_EV_STREAM_CLOSED, at + sim_network_latency(w->net, to, from));
}

void sim_clientele_stream_closed(struct sim_clientele *c, uint32_t host, uint64_t stream)
{
    note(c->w->hosts[host], stream, SW_EV_STREAM_CLOSED, sim_now(c->w->engine));
}

/* ---- making ---- */

void sim_clientele_dark(struct sim_clientele *c, uint32_t region, bool begins)
{
    if (!begins) {
        c->dark_until[region] = sim_now(c->w->engine);
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
    for (uint32_t i = 0; i < c->n_slots / CHUNK; i++) {
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
        (void)sim_at(c->w->engine, sim_now(c->w->engine) + g->demand.gap, on_arrival, g, 0);
    }
}
