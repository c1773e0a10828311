/* SPDX-License-Identifier: GPL-3.0-or-later
 * Which versions of a zone nodes serve, seen from outside. */
#include "sim/oracles/holders.h"

#include "sim/world/pool.h"

#include <stdlib.h>
#include <string.h>

bool sim_node_reached(const struct sim_world *w, uint32_t node)
{
    const struct sw_node *n = sim_world_node(w, node);
    const struct sim_scenario *s = sim_world_scenario(w);
    for (uint32_t r = 0; r < s->n_regions; r++) {
        if (strcmp(s->regions[r].name.s, s->nodes[node].config.region.s) == 0 &&
            sim_world_region_dark(w, r)) {
            return false;
        }
    }
    return n != NULL && sw_node_state(n) == SW_STATE_READY;
}

bool sim_node_zone(const struct sim_world *w, uint32_t node, const char *zone,
                   struct sw_zone_info *out)
{
    uint8_t name[SW_DNAME_MAX];
    const int len = sw_dname_from_text(zone, name);
    if (len <= 0 || !sim_node_reached(w, node)) {
        return false;
    }
    sw_dname_lower(name, (size_t)len);
    const size_t n = sw_node_zones(sim_world_node(w, node), NULL, 0);
    struct sw_zone_info *info = sim_calloc(n + 1, sizeof *info);
    (void)sw_node_zones(sim_world_node(w, node), info, n);
    size_t i = 0;
    while (i < n && sw_dname_compare(info[i].name, name) != 0) {
        i++;
    }
    *out = info[i];
    free(info);
    return i < n;
}

bool sim_zone_newest(const struct sim_world *w, const char *zone, struct sw_zone_version *out)
{
    bool some = false;
    struct sw_zone_info z;
    for (uint32_t i = 0; i < sim_world_scenario(w)->n_nodes; i++) {
        if (!sim_node_zone(w, i, zone, &z) || !z.loaded) {
            continue;
        }
        const struct sw_zone_version v = { .epoch = z.epoch, .serial = z.serial };
        if (!some || sw_version_newer(&v, out)) {
            *out = v;
        }
        some = true;
    }
    return some;
}
