/* SPDX-License-Identifier: GPL-3.0-or-later
 * The virtual network's packets.  Everything random is drawn by what the packet belongs to,
 * never by order of use. */
#include "sim/world/network.h"

#include "node/base/fmath.h"
#include "node/base/rng.h"
#include "sim/world/geography.h"

#include <math.h>
#include <stdlib.h>

struct sim_network {
    const struct sim_scenario *s;
    size_t n; /* regions */
    struct sw_rng_key luck;
    sw_dur *latency;    /* n^2, one way */
    uint32_t *cut;      /* n^2, how many faults cut this direction */
    uint32_t *dark;     /* n */
    uint32_t *isolated; /* a host */
    bool hampered;      /* is any of the three above non-zero? */
    sw_time *free_at;   /* two a host: when its uplink to its own region, to others is free */
};

struct sim_luck sim_luck_child(struct sim_luck cause, uint64_t n)
{
    uint64_t x = cause.step * UINT64_C(0x9e3779b97f4a7c15) + n + 1;
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    return (struct sim_luck){ cause.of, x };
}

static void measure(struct sim_network *net)
{
    const struct sim_scenario *s = net->s;
    for (size_t i = 0; i < net->n; i++) {
        for (size_t j = 0; j < net->n; j++) {
            const struct sim_region *a = &s->regions[i];
            const struct sim_region *b = &s->regions[j];
            sw_dur d;
            if (s->rtt != NULL) {
                d = (sw_dur)(s->rtt[i * net->n + j] / 2);
            } else {
                d = sim_fibre_delay(
                    sim_distance(a->latitude, a->longitude, b->latitude, b->longitude), s->stretch);
            }
            net->latency[i * net->n + j] = d + (i == j ? s->local.latency : s->wide.latency);
        }
    }
}

struct sim_network *sim_network_new(const struct sim_scenario *s, uint64_t seed)
{
    struct sim_network *net = calloc(1, sizeof *net);
    if (net == NULL) {
        return NULL;
    }
    net->s = s;
    net->n = s->n_regions;
    net->luck = sw_rng_key(seed, "packet", "");
    net->latency = calloc(net->n * net->n + 1, sizeof *net->latency);
    net->cut = calloc(net->n * net->n + 1, sizeof *net->cut);
    net->dark = calloc(net->n + 1, sizeof *net->dark);
    net->isolated = calloc(s->n_nodes + 1, sizeof *net->isolated);
    net->free_at = calloc(2 * s->n_nodes + 1, sizeof *net->free_at);
    if (net->latency == NULL || net->cut == NULL || net->dark == NULL || net->isolated == NULL ||
        net->free_at == NULL) {
        sim_network_free(net);
        return NULL;
    }
    measure(net);
    return net;
}

void sim_network_free(struct sim_network *net)
{
    if (net == NULL) {
        return;
    }
    free(net->latency);
    free(net->cut);
    free(net->dark);
    free(net->isolated);
    free(net->free_at);
    free(net);
}

static const struct sim_link *link_of(const struct sim_network *net, struct sim_place from,
                                      struct sim_place to)
{
    return from.region == to.region ? &net->s->local : &net->s->wide;
}

sw_dur sim_network_latency(const struct sim_network *net, struct sim_place from,
                           struct sim_place to)
{
    return net->latency[from.region * net->n + to.region];
}

bool sim_network_reaches(const struct sim_network *net, struct sim_place from, struct sim_place to)
{
    if (!net->hampered) {
        return true;
    }
    if (net->dark[from.region] > 0 || net->dark[to.region] > 0 ||
        net->cut[from.region * net->n + to.region] > 0) {
        return false;
    }
    return (from.host == SIM_NO_HOST || net->isolated[from.host] == 0) &&
           (to.host == SIM_NO_HOST || net->isolated[to.host] == 0);
}

bool sim_network_joined(const struct sim_network *net, struct sim_place a, struct sim_place b)
{
    return sim_network_reaches(net, a, b) && sim_network_reaches(net, b, a);
}

/* The draws of one packet: words 0..3 of block @block. */
static void draw(const struct sim_network *net, struct sim_luck luck, uint32_t block,
                 uint64_t out[2])
{
    const uint32_t ctr[4] = { (uint32_t)luck.of, (uint32_t)(luck.of >> 32) ^ (block << 30),
                              (uint32_t)luck.step, (uint32_t)(luck.step >> 32) };
    uint32_t w[4];
    sw_philox(net->luck, ctr, w);
    out[0] = (uint64_t)w[0] << 32 | w[1];
    out[1] = (uint64_t)w[2] << 32 | w[3];
}

/* Log-normal with mean and standard deviation both @scale: sigma^2 = ln 2, mu = ln(scale) -
 * sigma^2 / 2. */
static sw_dur jitter(sw_dur scale, const uint64_t bits[2])
{
    const double sigma = 0.83255461115769769; /* sqrt(ln 2) */
    const double median = (double)scale * 0.70710678118654752;
    return (sw_dur)(median * sw_exp(sigma * sw_normal(bits[0], bits[1])) + 0.5);
}

sw_dur sim_network_flight(const struct sim_network *net, struct sim_place from, struct sim_place to,
                          struct sim_luck luck)
{
    const struct sim_link *l = link_of(net, from, to);
    const sw_dur base = sim_network_latency(net, from, to);
    if (l->jitter == 0) {
        return base;
    }
    uint64_t bits[2];
    draw(net, luck, 0, bits);
    return base + jitter(l->jitter, bits);
}

bool sim_network_loses(const struct sim_network *net, struct sim_place from, struct sim_place to,
                       uint64_t packets, struct sim_luck luck)
{
    const double loss = link_of(net, from, to)->loss;
    if (loss <= 0) {
        return false;
    }
    uint64_t bits[2];
    draw(net, luck, 1, bits);
    const double all_arrive = packets == 1 ? 1 - loss : sw_pow(1 - loss, (double)packets);
    return sw_unit(bits[0]) >= all_arrive;
}

/* How long the uplink needs for @bytes, and which of the host's two it is; NULL: no limit. */
static sw_time *uplink(struct sim_network *net, struct sim_place from, struct sim_place to,
                       size_t bytes, sw_dur *takes)
{
    const struct sim_link *l = link_of(net, from, to);
    if (from.host == SIM_NO_HOST || l->bandwidth == 0) {
        return NULL;
    }
    *takes = (sw_dur)((double)bytes * 8e9 / (double)l->bandwidth + 0.5);
    return &net->free_at[2 * from.host + (from.region == to.region ? 0 : 1)];
}

sw_time sim_network_depart(struct sim_network *net, sw_time now, struct sim_place from,
                           struct sim_place to, size_t bytes)
{
    sw_dur takes = 0;
    sw_time *free_at = uplink(net, from, to, bytes, &takes);
    if (free_at == NULL) {
        return now;
    }
    *free_at = (*free_at > now ? *free_at : now) + takes;
    return *free_at;
}

bool sim_network_datagram(struct sim_network *net, sw_time now, struct sim_place from,
                          struct sim_place to, size_t bytes, struct sim_luck luck, sw_time *at)
{
    const size_t wire = bytes + SIM_UDP_OVERHEAD;
    if (!sim_network_reaches(net, from, to)) {
        return false;
    }
    sw_time leaves = now;
    sw_dur takes = 0;
    sw_time *free_at = uplink(net, from, to, wire, &takes);
    if (free_at != NULL) {
        const sw_dur backlog = *free_at > now ? *free_at - now : 0;
        const double queued = (double)backlog / 8e9 * (double)link_of(net, from, to)->bandwidth;
        if (queued > (double)SIM_UPLINK_QUEUE) {
            return false;
        }
        leaves = now + backlog + takes;
        *free_at = leaves;
    }
    if (sim_network_loses(net, from, to, 1, luck)) {
        return false;
    }
    *at = leaves + sim_network_flight(net, from, to, luck);
    return true;
}

static void count(struct sim_network *net, uint32_t *faults, bool begins)
{
    if (begins) {
        (*faults)++;
    } else if (*faults > 0) {
        (*faults)--;
    }
    bool any = false;
    for (size_t i = 0; i < net->n * net->n; i++) {
        any = any || net->cut[i] > 0;
    }
    for (size_t i = 0; i < net->n; i++) {
        any = any || net->dark[i] > 0;
    }
    for (size_t i = 0; i < net->s->n_nodes; i++) {
        any = any || net->isolated[i] > 0;
    }
    net->hampered = any;
}

void sim_network_cut(struct sim_network *net, uint32_t from, uint32_t to, bool begins)
{
    count(net, &net->cut[from * net->n + to], begins);
}

void sim_network_isolate(struct sim_network *net, uint32_t host, bool begins)
{
    count(net, &net->isolated[host], begins);
}

void sim_network_dark(struct sim_network *net, uint32_t region, bool begins)
{
    count(net, &net->dark[region], begins);
}

bool sim_network_is_dark(const struct sim_network *net, uint32_t region)
{
    return net->dark[region] > 0;
}
