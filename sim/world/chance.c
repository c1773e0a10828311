/* SPDX-License-Identifier: GPL-3.0-or-later
 * What chance does to packets: jitter, losses, reordering, duplication, altered bits.  Everything
 * is drawn by what the packet belongs to, never by order of use. */
#include "sim/world/network_inside.h"
#include "sim/world/pool.h"

#include "node/base/fmath.h"

struct sim_luck sim_luck_child(struct sim_luck cause, uint64_t n)
{
    uint64_t x = cause.step * UINT64_C(0x9e3779b97f4a7c15) + n + 1;
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    return (struct sim_luck){ cause.of, x };
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

/* ---- delay ---- */

static sw_dur held_up(const struct sim_network *net, const struct sim_link *l, struct sim_luck luck)
{
    uint64_t bits[2];
    if (l->reordering <= 0) {
        return 0;
    }
    draw(net, luck, 2, bits);
    return sw_unit(bits[0]) < l->reordering ? l->reordered_by : 0;
}

sw_dur sim_network_flight(const struct sim_network *net, struct sim_place from, struct sim_place to,
                          struct sim_luck luck)
{
    const struct sim_link *l = link_between(net, from.region, to.region);
    sw_dur d = sim_network_latency(net, from, to) + held_up(net, l, luck);
    for (size_t i = 0; i < net->n_impairments; i++) {
        if (ails(&net->impairments[i], from, to)) {
            d += held_up(net, &net->impairments[i].add, luck);
        }
    }
    if (l->jitter > 0) {
        uint64_t bits[2];
        draw(net, luck, 0, bits);
        d += (sw_dur)((double)l->jitter * sim_jitter_at(&net->jitter, bits[0]) + 0.5);
    }
    return d;
}

/* ---- loss ---- */

/* The share that arrives, of packets on their way at @at. */
static double arrives(const struct sim_network *net, const struct sim_link *l, uint64_t path,
                      uint32_t salt, sw_time at)
{
    if (l->burst.p <= 0) {
        return 1 - l->loss;
    }
    const bool bad = sim_burst_is_bad(net->bursts, &l->burst, path, salt, at);
    return (1 - l->loss) * (1 - (bad ? l->burst.bad : l->burst.good));
}

/* Tells the bursts of faults from those of links, and of other places. */
static uint32_t salt_of(const struct sim_impairment *i)
{
    return 1 + (i->region + 1) * 2654435761U + (i->other + 1) * 2246822519U +
           (i->host + 1) * 3266489917U;
}

bool sim_network_loses(const struct sim_network *net, sw_time at, struct sim_place from,
                       struct sim_place to, uint64_t packets, struct sim_luck luck)
{
    const struct sim_link *l = link_between(net, from.region, to.region);
    if (l->loss <= 0 && l->burst.p <= 0 && net->n_impairments == 0) {
        return false;
    }
    const uint64_t path = from.region * net->n + to.region;
    double p = arrives(net, l, path, 0, at);
    for (size_t i = 0; i < net->n_impairments; i++) {
        const struct sim_impairment *x = &net->impairments[i];
        if (ails(x, from, to)) {
            p *= arrives(net, &x->add, path, salt_of(x), at);
        }
    }
    if (p >= 1) {
        return false;
    }
    uint64_t bits[2];
    draw(net, luck, 1, bits);
    return sw_unit(bits[0]) >= (packets == 1 || p <= 0 ? p : sw_pow(p, (double)packets));
}

static double mean_arrives(const struct sim_link *l)
{
    const struct sim_burst *b = &l->burst;
    const double bursts = b->p > 0 ? (b->p * b->bad + b->r * b->good) / (b->p + b->r) : 0;
    return (1 - l->loss) * (1 - bursts);
}

double sim_network_mean_loss(const struct sim_network *net, struct sim_place from,
                             struct sim_place to)
{
    double p = mean_arrives(link_between(net, from.region, to.region));
    for (size_t i = 0; i < net->n_impairments; i++) {
        p *= ails(&net->impairments[i], from, to) ? mean_arrives(&net->impairments[i].add) : 1;
    }
    return 1 - p;
}

/* ---- what happens to a datagram that arrives ---- */

static void meet(const struct sim_network *net, const struct sim_link *l, bool checksum_misses,
                 struct sim_luck luck, struct sim_fate *fate)
{
    uint64_t bits[2];
    if (l->duplication > 0) {
        draw(net, luck, 2, bits);
        if (sw_unit(bits[1]) < l->duplication) {
            fate->twice = true;
            fate->later = SW_US + bits[1] % (10 * SW_MS);
        }
    }
    if (l->corruption > 0) {
        draw(net, luck, 3, bits);
        if (sw_unit(bits[0]) < l->corruption) {
            fate->altered = fate->altered || checksum_misses;
            fate->dropped = fate->dropped || !checksum_misses;
            fate->bit = bits[1];
        }
    }
}

struct sim_fate sim_network_fate(const struct sim_network *net, struct sim_place from,
                                 struct sim_place to, struct sim_luck luck)
{
    struct sim_fate fate = { .twice = false };
    meet(net, link_between(net, from.region, to.region), false, luck, &fate);
    for (size_t i = 0; i < net->n_impairments; i++) {
        const struct sim_impairment *x = &net->impairments[i];
        if (ails(x, from, to)) {
            meet(net, &x->add,
                 x->checksum == SIM_CHECKSUM_MISSES ||
                     (x->checksum == SIM_CHECKSUM_MISSES_AT_NODES && to.host != SIM_NO_HOST),
                 luck, &fate);
        }
    }
    return fate;
}

/* ---- faults ---- */

static bool same_link(const struct sim_link *a, const struct sim_link *b)
{
    return a->latency == b->latency && a->loss == b->loss && a->burst.p == b->burst.p &&
           a->burst.r == b->burst.r && a->burst.slot == b->burst.slot &&
           a->duplication == b->duplication && a->reordering == b->reordering &&
           a->reordered_by == b->reordered_by && a->corruption == b->corruption;
}

static bool same(const struct sim_impairment *a, const struct sim_impairment *b)
{
    return a->region == b->region && a->other == b->other && a->host == b->host &&
           a->narrowing == b->narrowing && a->checksum == b->checksum &&
           same_link(&a->add, &b->add);
}

void sim_network_impair(struct sim_network *net, const struct sim_impairment *what, bool begins)
{
    if (begins) {
        net->impairments =
            sim_realloc(net->impairments, (net->n_impairments + 1) * sizeof *net->impairments);
        net->impairments[net->n_impairments++] = *what;
    }
    for (size_t i = 0; i < net->n_impairments && !begins; i++) {
        if (same(&net->impairments[i], what)) {
            net->impairments[i] = net->impairments[--net->n_impairments];
            break;
        }
    }
    if (what->narrowing > 0) {
        sim_lines_measure(net);
    }
}
