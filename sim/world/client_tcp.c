/* SPDX-License-Identifier: GPL-3.0-or-later
 * A stub that asks again over TCP, because the answer did not fit a datagram. */
#include "sim/world/client_inside.h"

#include <string.h>

void sim_query_by_stream(struct query *q)
{
    struct sim_world *w = q->group->c->w;
    const struct sim_place to = sim_host_place(w->hosts[q->server]);
    if (!sim_network_joined(w->net, q->group->place, to)) {
        return;
    }
    struct sim_datagram *d = sim_query_message(q, true);
    q->stream = ++q->group->c->streams;
    d->client.stream = (uint64_t)q->stream << 32 | (q->slot + 1);
    d->luck = sim_luck_child(d->luck, 1);
    const sw_dur flight = sim_network_flight(w->net, q->group->place, to, d->luck);
    const sw_dur handshake = sim_network_latency(w->net, q->group->place, to) +
                             sim_network_latency(w->net, to, q->group->place);
    (void)sim_at(w->engine, sim_now(w->engine) + handshake + flight, sim_query_arrives, d, 0);
}

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
    const struct query *q = sim_query_slot(c, (uint32_t)stream - 1);
    if (q->group == NULL || q->stream != stream >> 32) {
        note(h, stream, SW_EV_STREAM_CLOSED, now); /* the stub has long gone */
        return;
    }
    const struct sim_place from = sim_host_place(h);
    const struct sim_place to = q->group->place;
    sw_time leaves;
    const sw_time at =
        sim_network_carry(w->net, now, from, to, data.len + SIM_TCP_OVERHEAD, luck, &leaves);
    note(h, stream, SW_EV_STREAM_WRITABLE, leaves);
    if (!sim_network_joined(w->net, from, to)) {
        return;
    }
    struct sim_datagram *d = sim_pool_get(&w->pool, sizeof *d + data.len);
    *d = (struct sim_datagram){
        .host = h, .client = { .stream = stream }, .luck = luck, .len = (uint32_t)data.len
    };
    memcpy(d->data, data.data, data.len);
    (void)sim_at(w->engine, at, sim_reply_arrives, d, 0);
    note(h, stream, SW_EV_STREAM_CLOSED, at + sim_network_latency(w->net, to, from));
}

void sim_clientele_stream_closed(struct sim_clientele *c, uint32_t host, uint64_t stream)
{
    note(c->w->hosts[host], stream, SW_EV_STREAM_CLOSED, sim_now(c->w->engine));
}
