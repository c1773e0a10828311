/* SPDX-License-Identifier: GPL-3.0-or-later
 * The virtual network's packets.  Everything random is drawn by what the packet belongs to,
 * never by order of use. */
#include "sim/world/network.h"

#include "node/base/fmath.h"
#include "node/base/rng.h"
#include "sim/world/geography.h"
#include "sim/world/pool.h"

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
    struct sim_impairment *impairments;
    size_t n_impairments;
    sw_time *free_at; /* two a host: when its uplink to its own region, to others is free */
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
    free(net->impairments);
    free(net);
}

static const struct sim_link *link_of(const struct sim_network *net, struct sim_place from,
                                      struct sim_place to)
{
    return from.region == to.region ? &net->s->local : &net->s->wide;
}

/* Does @i ail packets from @from to @to? */
static bool ails(const struct sim_impairment *i, struct sim_place from, struct sim_place to)
{
    return (i->region == UINT32_MAX || i->region == from.region || i->region == to.region) &&
           (i->host == UINT32_MAX || i->host == from.host || i->host == to.host);
}

sw_dur sim_network_latency(const struct sim_network *net, struct sim_place from,
                           struct sim_place to)
{
    sw_dur d = net->latency[from.region * net->n + to.region];
    for (size_t i = 0; i < net->n_impairments; i++) {
        d += ails(&net->impairments[i], from, to) ? net->impairments[i].latency : 0;
    }
    return d;
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

/* How much later than the others a packet comes. */
static sw_dur held_up(const struct sim_network *net, struct sim_place from, struct sim_place to,
                      struct sim_luck luck)
{
    sw_dur d = 0;
    for (size_t i = 0; i < net->n_impairments; i++) {
        const struct sim_impairment *x = &net->impairments[i];
        uint64_t bits[2];
        if (x->reordering > 0 && ails(x, from, to)) {
            draw(net, luck, 2, bits);
            d += sw_unit(bits[0]) < x->reordering ? x->delay : 0;
        }
    }
    return d;
}

sw_dur sim_network_flight(const struct sim_network *net, struct sim_place from, struct sim_place to,
                          struct sim_luck luck)
{
    const struct sim_link *l = link_of(net, from, to);
    const sw_dur base = sim_network_latency(net, from, to) + held_up(net, from, to, luck);
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
    double loss = link_of(net, from, to)->loss;
    for (size_t i = 0; i < net->n_impairments; i++) {
        if (ails(&net->impairments[i], from, to)) {
            loss = 1 - (1 - loss) * (1 - net->impairments[i].loss);
        }
    }
    if (loss <= 0) {
        return false;
    }
    uint64_t bits[2];
    draw(net, luck, 1, bits);
    const double all_arrive = packets == 1 ? 1 - loss : sw_pow(1 - loss, (double)packets);
    return sw_unit(bits[0]) >= all_arrive;
}

/* Bits/s of @from's uplink towards @to; 0: no limit. */
static double bandwidth(const struct sim_network *net, struct sim_place from, struct sim_place to)
{
    double b = (double)link_of(net, from, to)->bandwidth;
    for (size_t i = 0; i < net->n_impairments; i++) {
        const struct sim_impairment *x = &net->impairments[i];
        if (x->narrowing > 0 && ails(x, from, to)) {
            b /= x->narrowing;
        }
    }
    return b;
}

/* How long the uplink needs for @bytes, and which of the host's two it is; NULL: no limit. */
static sw_time *uplink(struct sim_network *net, struct sim_place from, struct sim_place to,
                       size_t bytes, sw_dur *takes)
{
    const double b = bandwidth(net, from, to);
    if (from.host == SIM_NO_HOST || b <= 0) {
        return NULL;
    }
    *takes = (sw_dur)((double)bytes * 8e9 / b + 0.5);
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
        const double queued = (double)backlog / 8e9 * bandwidth(net, from, to);
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

static bool same(const struct sim_impairment *a, const struct sim_impairment *b)
{
    return a->region == b->region && a->host == b->host && a->loss == b->loss &&
           a->latency == b->latency && a->narrowing == b->narrowing &&
           a->duplication == b->duplication && a->reordering == b->reordering &&
           a->delay == b->delay && a->corruption == b->corruption && a->checksum == b->checksum;
}

void sim_network_impair(struct sim_network *net, const struct sim_impairment *what, bool begins)
{
    if (begins) {
        net->impairments =
            sim_realloc(net->impairments, (net->n_impairments + 1) * sizeof *net->impairments);
        net->impairments[net->n_impairments++] = *what;
        return;
    }
    for (size_t i = 0; i < net->n_impairments; i++) {
        if (same(&net->impairments[i], what)) {
            net->impairments[i] = net->impairments[--net->n_impairments];
            return;
        }
    }
}

struct sim_fate sim_network_fate(const struct sim_network *net, struct sim_place from,
                                 struct sim_place to, struct sim_luck luck)
{
    struct sim_fate fate = { .twice = false };
    for (size_t i = 0; i < net->n_impairments; i++) {
        const struct sim_impairment *x = &net->impairments[i];
        uint64_t bits[2];
        if (!ails(x, from, to)) {
            continue;
        }
        draw(net, luck, 2, bits);
        if (sw_unit(bits[1]) < x->duplication) {
            fate.twice = true;
            fate.later = SW_US + bits[1] % (10 * SW_MS);
        }
        draw(net, luck, 3, bits);
        if (sw_unit(bits[0]) < x->corruption) {
            const bool missed =
                x->checksum == SIM_CHECKSUM_MISSES ||
                (x->checksum == SIM_CHECKSUM_MISSES_AT_NODES && to.host != SIM_NO_HOST);
            fate.altered = fate.altered || missed;
            fate.dropped = fate.dropped || !missed;
            fate.bit = bits[1];
        }
    }
    return fate;
}
