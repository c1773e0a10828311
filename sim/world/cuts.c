/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which places reach which. */
#include "sim/world/network_inside.h"
#include "sim/world/pool.h"

#include <stdlib.h>
#include <string.h>

static bool divided(const struct sim_network *net, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < net->n_divisions; i++) {
        const uint8_t *side = net->divisions[i].side;
        if ((side[from] & 1) != 0 && (side[to] & 2) != 0) {
            return true;
        }
    }
    return false;
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
    const bool sends = from.host == SIM_NO_HOST || net->isolated[from.host] == 0;
    const bool hears = to.host == SIM_NO_HOST || net->isolated[to.host] == 0;
    return sends && hears &&
           (from.host == SIM_NO_HOST || to.host == SIM_NO_HOST ||
            !divided(net, from.host, to.host));
}

bool sim_network_joined(const struct sim_network *net, struct sim_place a, struct sim_place b)
{
    return sim_network_reaches(net, a, b) && sim_network_reaches(net, b, a);
}

bool sim_network_is_dark(const struct sim_network *net, uint32_t region)
{
    return net->dark[region] > 0;
}

static bool any(const uint32_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (v[i] > 0) {
            return true;
        }
    }
    return false;
}

static void look(struct sim_network *net)
{
    net->hampered = any(net->cut, net->n * net->n) || any(net->dark, net->n) ||
                    any(net->isolated, net->s->n_nodes) || net->n_divisions > 0;
}

static void count(struct sim_network *net, uint32_t *faults, bool begins)
{
    if (begins) {
        (*faults)++;
    } else if (*faults > 0) {
        (*faults)--;
    }
    look(net);
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

void sim_network_divide(struct sim_network *net, const bool *from, const bool *to, bool begins)
{
    const size_t hosts = net->s->n_nodes;
    uint8_t *side = sim_alloc(hosts + 1);
    for (size_t i = 0; i < hosts; i++) {
        side[i] = (uint8_t)((from[i] ? 1 : 0) | (to[i] ? 2 : 0));
    }
    if (begins) {
        net->divisions =
            sim_realloc(net->divisions, (net->n_divisions + 1) * sizeof *net->divisions);
        net->divisions[net->n_divisions++].side = side;
        look(net);
        return;
    }
    for (size_t i = 0; i < net->n_divisions; i++) {
        if (memcmp(net->divisions[i].side, side, hosts) == 0) {
            free(net->divisions[i].side);
            net->divisions[i] = net->divisions[--net->n_divisions];
            break;
        }
    }
    free(side);
    look(net);
}
