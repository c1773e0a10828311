/* SPDX-License-Identifier: GPL-3.0-or-later
 * The virtual network's distances and queues. */
#include "sim/world/geography.h"
#include "sim/world/network_inside.h"

#include <stdlib.h>
#include <string.h>

/* A host's lines, and how many it has. */
enum { UP, UP_LOCAL, DOWN, DOWN_LOCAL, HOST_LINES };

static void measure(struct sim_network *net)
{
    const struct sim_scenario *s = net->s;
    for (uint32_t i = 0; i < net->n; i++) {
        for (uint32_t j = 0; j < net->n; j++) {
            const struct sim_region *a = &s->regions[i];
            const struct sim_region *b = &s->regions[j];
            sw_dur d;
            if (s->rtt != NULL) {
                d = (sw_dur)(s->rtt[i * net->n + j] / 2);
            } else {
                d = sim_fibre_delay(
                    sim_distance(a->latitude, a->longitude, b->latitude, b->longitude), s->stretch);
            }
            net->latency[i * net->n + j] = d + link_between(net, i, j)->latency;
        }
    }
}

/* ---- lines ---- */

static void set_line(struct sim_network *net, size_t i, uint64_t bandwidth, uint64_t queue)
{
    net->lines[i] = (struct line){ .widest = (double)bandwidth, .queue = (double)queue };
}

static size_t line_between(const struct sim_network *net, uint32_t from, uint32_t to)
{
    return HOST_LINES * net->s->n_nodes + from * net->n + to;
}

static bool lay_lines(struct sim_network *net)
{
    const struct sim_scenario *s = net->s;
    bool between = false;
    for (size_t i = 0; i < s->n_paths; i++) {
        between = between || s->paths[i].link.bandwidth > 0;
    }
    net->n_lines = HOST_LINES * s->n_nodes + (between ? net->n * net->n : 0);
    net->lines = calloc(net->n_lines + 1, sizeof *net->lines);
    if (net->lines == NULL) {
        return false;
    }
    for (size_t h = 0; h < s->n_nodes; h++) {
        set_line(net, HOST_LINES * h + UP, s->wide.bandwidth, s->wide.queue);
        set_line(net, HOST_LINES * h + UP_LOCAL, s->local.bandwidth, s->local.queue);
        set_line(net, HOST_LINES * h + DOWN, s->wide.downlink, s->wide.queue);
        set_line(net, HOST_LINES * h + DOWN_LOCAL, s->local.downlink, s->local.queue);
    }
    for (size_t i = 0; i < s->n_paths && between; i++) {
        const struct sim_path *p = &s->paths[i];
        set_line(net, line_between(net, p->region[0], p->region[1]), p->link.bandwidth,
                 p->link.queue);
        set_line(net, line_between(net, p->region[1], p->region[0]), p->link.bandwidth,
                 p->link.queue);
    }
    sim_lines_measure(net);
    return true;
}

/* The regions and host that line @i belongs to. */
static void ends_of(const struct sim_network *net, size_t i, struct sim_place *from,
                    struct sim_place *to)
{
    const size_t hosts = HOST_LINES * net->s->n_nodes;
    if (i >= hosts) {
        *from = (struct sim_place){ (uint32_t)((i - hosts) / net->n), SIM_NO_HOST };
        *to = (struct sim_place){ (uint32_t)((i - hosts) % net->n), SIM_NO_HOST };
        return;
    }
    *from = (struct sim_place){ net->home[i / HOST_LINES], (uint32_t)(i / HOST_LINES) };
    *to = *from;
}

void sim_lines_measure(struct sim_network *net)
{
    for (size_t k = 0; k < net->n_lines; k++) {
        struct line *l = &net->lines[k];
        double bandwidth = l->widest;
        struct sim_place from;
        struct sim_place to;
        ends_of(net, k, &from, &to);
        for (size_t i = 0; i < net->n_impairments; i++) {
            const struct sim_impairment *x = &net->impairments[i];
            if (x->narrowing > 0 && ails(x, from, to)) {
                bandwidth /= x->narrowing;
            }
        }
        l->ns_per_byte = bandwidth > 0 ? 8e9 / bandwidth : 0;
    }
}

uint32_t sim_network_links(const struct sim_network *net, struct sim_place from,
                           struct sim_place to, uint32_t link[3])
{
    const bool local = from.region == to.region;
    const size_t hosts = HOST_LINES * net->s->n_nodes;
    uint32_t n = 0;
    if (from.host != SIM_NO_HOST) {
        link[n] = HOST_LINES * from.host + (local ? UP_LOCAL : UP);
        n += net->lines[link[n]].ns_per_byte > 0;
    }
    if (net->n_lines > hosts) {
        link[n] = (uint32_t)line_between(net, from.region, to.region);
        n += net->lines[link[n]].ns_per_byte > 0;
    }
    if (to.host != SIM_NO_HOST) {
        link[n] = HOST_LINES * to.host + (local ? DOWN_LOCAL : DOWN);
        n += net->lines[link[n]].ns_per_byte > 0;
    }
    return n;
}

double sim_network_capacity(const struct sim_network *net, uint32_t link)
{
    return 1e9 / net->lines[link].ns_per_byte;
}

size_t sim_network_link_count(const struct sim_network *net)
{
    return net->n_lines;
}

/* ---- making ---- */

struct sim_place sim_network_place(const struct sim_network *net, uint32_t host)
{
    return (struct sim_place){ net->home[host], host };
}

static bool find_homes(struct sim_network *net)
{
    const struct sim_scenario *s = net->s;
    net->home = calloc(s->n_nodes + 1, sizeof *net->home);
    for (size_t i = 0; i < s->n_nodes && net->home != NULL; i++) {
        uint32_t r = 0;
        while (r + 1 < s->n_regions &&
               strcmp(s->regions[r].name.s, s->nodes[i].config.region.s) != 0) {
            r++;
        }
        net->home[i] = r;
    }
    return net->home != NULL;
}

static bool find_paths(struct sim_network *net)
{
    const struct sim_scenario *s = net->s;
    if (s->n_paths == 0) {
        return true;
    }
    net->path = calloc(net->n * net->n + 1, sizeof *net->path);
    for (uint32_t i = 0; i < s->n_paths && net->path != NULL; i++) {
        const uint32_t *r = s->paths[i].region;
        net->path[r[0] * net->n + r[1]] = i + 1;
        net->path[r[1] * net->n + r[0]] = i + 1;
    }
    return net->path != NULL;
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
    net->bursts = sw_rng_key(seed, "burst", "");
    sim_jitter_init(&net->jitter);
    net->latency = calloc(net->n * net->n + 1, sizeof *net->latency);
    net->cut = calloc(net->n * net->n + 1, sizeof *net->cut);
    net->dark = calloc(net->n + 1, sizeof *net->dark);
    net->isolated = calloc(s->n_nodes + 1, sizeof *net->isolated);
    if (net->latency == NULL || net->cut == NULL || net->dark == NULL || net->isolated == NULL ||
        !find_homes(net) || !find_paths(net) || !lay_lines(net)) {
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
    for (size_t i = 0; i < net->n_divisions; i++) {
        free(net->divisions[i].side);
    }
    free(net->divisions);
    free(net->latency);
    free(net->home);
    free(net->path);
    free(net->cut);
    free(net->dark);
    free(net->isolated);
    free(net->lines);
    free(net->impairments);
    free(net);
}

/* ---- packets ---- */

sw_dur sim_network_latency(const struct sim_network *net, struct sim_place from,
                           struct sim_place to)
{
    sw_dur d = net->latency[from.region * net->n + to.region];
    for (size_t i = 0; i < net->n_impairments; i++) {
        d += ails(&net->impairments[i], from, to) ? net->impairments[i].add.latency : 0;
    }
    return d;
}

/* @bytes go into the queue of @l: when the last of them has passed it. */
static sw_time pass(struct line *l, sw_time now, double bytes)
{
    l->free_at = (l->free_at > now ? l->free_at : now) + (sw_dur)(bytes * l->ns_per_byte + 0.5);
    return l->free_at;
}

bool sim_network_datagram(struct sim_network *net, sw_time now, struct sim_place from,
                          struct sim_place to, size_t bytes, struct sim_luck luck, sw_time *at)
{
    uint32_t link[3];
    if (net->hampered && !sim_network_reaches(net, from, to)) {
        return false;
    }
    const uint32_t n = sim_network_links(net, from, to, link);
    sw_dur takes = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct line *l = &net->lines[link[i]];
        const sw_dur backlog = l->free_at > now ? l->free_at - now : 0;
        if ((double)backlog > l->queue * l->ns_per_byte) {
            return false;
        }
        takes += pass(l, now, (double)(bytes + SIM_UDP_OVERHEAD)) - now;
    }
    if (sim_network_loses(net, now + takes, from, to, 1, luck)) {
        return false;
    }
    *at = now + takes + sim_network_flight(net, from, to, luck);
    return true;
}

sw_time sim_network_carry(struct sim_network *net, sw_time now, struct sim_place from,
                          struct sim_place to, size_t bytes, struct sim_luck luck, sw_time *leaves)
{
    uint32_t link[3];
    const uint32_t n = sim_network_links(net, from, to, link);
    sw_dur takes = 0;
    if (leaves != NULL) {
        *leaves = now;
    }
    for (uint32_t i = 0; i < n; i++) {
        const sw_dur d = pass(&net->lines[link[i]], now, (double)bytes) - now;
        takes += d;
        if (leaves != NULL && link[i] / HOST_LINES == from.host) {
            *leaves = now + d;
        }
    }
    return now + takes + sim_network_flight(net, from, to, luck);
}
