/* SPDX-License-Identifier: GPL-3.0-or-later
 * What tables can't check: names that must refer to something, times that must lie in the run. */
#include "sim/analyse/metric.h"
#include "sim/scenario/load.h"
#include "sim/world/world.h"

#include <stdlib.h>
#include <string.h>

static int no_node(struct sim_loader *l, const struct sw_yaml_node *at, const char *key,
                   const char *name)
{
    return sw_yaml_fail(l->y, at, key, SW_ERR_NOTFOUND, l->d, "no node is called '%s'", name);
}

static int too_late(struct sim_loader *l, const struct sw_yaml_node *n, const char *key)
{
    return sw_yaml_fail(l->y, sw_yaml_get(n, key), key, SW_ERR_RANGE, l->d,
                        "lies after the end of the run (duration)");
}

int sim_check_regions(struct sim_loader *l)
{
    const struct sim_scenario *s = &l->f->s;
    const struct sw_yaml_node *list = sw_yaml_get(l->root, "regions");
    if (s->n_regions == 0) {
        return sw_yaml_fail(l->y, list, "regions", SW_ERR_MALFORMED, l->d,
                            "is empty (at least one region)");
    }
    for (size_t i = 0; i < s->n_regions; i++) {
        const struct sw_yaml_node *n = sw_yaml_item(list, i);
        if (sim_region_index(s, s->regions[i].name.s) != i) {
            return sw_yaml_fail(l->y, sw_yaml_get(n, "name"), "name", SW_ERR_EXISTS, l->d,
                                "two regions are called '%s'", s->regions[i].name.s);
        }
        if (l->f->rtt_file == NULL && s->n_regions > 1 &&
            (sw_yaml_get(n, "latitude") == NULL || sw_yaml_get(n, "longitude") == NULL)) {
            return sw_yaml_fail(l->y, n, "latitude", SW_ERR_MALFORMED, l->d,
                                "is missing, and longitude (needed without network.rtt)");
        }
    }
    return 0;
}

static int check_upstreams(struct sim_loader *l)
{
    const struct sim_scenario *s = &l->f->s;
    for (size_t i = 0; i < s->n_upstreams; i++) {
        const struct sim_upstream *u = &s->upstreams[i];
        const struct sw_yaml_node *n = sw_yaml_item(sw_yaml_get(l->root, "upstreams"), i);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(s->upstreams[k].name.s, u->name.s) == 0) {
                return sw_yaml_fail(l->y, sw_yaml_get(n, "name"), "name", SW_ERR_EXISTS, l->d,
                                    "two upstreams are called '%s'", u->name.s);
            }
        }
        if (sim_region_index(s, u->region.s) == SIZE_MAX) {
            return sw_yaml_fail(l->y, sw_yaml_get(n, "region"), "region", SW_ERR_NOTFOUND, l->d,
                                "no region is called '%s'", u->region.s);
        }
    }
    return 0;
}

static bool has_set(const struct sim_scenario *s, size_t node, const char *set)
{
    const struct sw_config *c = &s->nodes[node].config;
    for (size_t i = 0; i < c->n_sets; i++) {
        if (strcmp(c->sets[i].name.s, set) == 0) {
            return true;
        }
    }
    return false;
}

static const char *const kinds[] = { "snapshot",  "restore",   "copy",
                                     "copy_back", "edit_zone", "promote" };

static int check_kind(struct sim_loader *l, const struct sw_yaml_node *n,
                      const struct sim_operation *o)
{
    for (size_t i = 0; i < SW_LEN(kinds); i++) {
        if (strcmp(o->kind, kinds[i]) == 0) {
            return 0;
        }
    }
    const char *near = sw_yaml_nearest(o->kind, kinds, SW_LEN(kinds));
    return sw_yaml_fail(l->y, sw_yaml_get(n, "kind"), "kind", SW_ERR_NOTFOUND, l->d,
                        "'%.40s' is not one of: snapshot, restore, copy, copy_back, "
                        "edit_zone, promote%s%s%s",
                        o->kind, near != NULL ? " (did you mean '" : "", near != NULL ? near : "",
                        near != NULL ? "'?)" : "");
}

/* An operation on a zone that the node holds. */
static int check_zone(struct sim_loader *l, const struct sw_yaml_node *n,
                      const struct sim_operation *o, size_t node)
{
    const struct sw_config *c = &l->f->s.nodes[node].config;
    if (o->zone == NULL) {
        return sw_yaml_fail(l->y, n, "zone", SW_ERR_MALFORMED, l->d, "is missing (whose)");
    }
    for (size_t i = 0; i < c->n_zones; i++) {
        if (strcmp(c->zones[i].name, o->zone) == 0) {
            return 0;
        }
    }
    return sw_yaml_fail(l->y, sw_yaml_get(n, "zone"), "zone", SW_ERR_NOTFOUND, l->d,
                        "%s holds no zone '%.60s'", c->name.s, o->zone);
}

/* Does @path climb: has it a part ".."? */
static bool climbs(const char *path)
{
    for (const char *p = path; (p = strstr(p, "..")) != NULL; p += 2) {
        if ((p == path || p[-1] == '/') && (p[2] == '\0' || p[2] == '/')) {
            return true;
        }
    }
    return false;
}

static int check_operation(struct sim_loader *l, const struct sw_yaml_node *n,
                           const struct sim_operation *o)
{
    const struct sim_scenario *s = &l->f->s;
    const size_t node = sim_node_index(s, o->node.s);
    const bool own = strcmp(o->kind, "snapshot") == 0;
    const bool any = strcmp(o->kind, "copy_back") == 0; /* `from` holds the copy, not the set */
    int err = check_kind(l, n, o);
    if (err != 0) {
        return err;
    }
    if (node == SIZE_MAX) {
        return no_node(l, sw_yaml_get(n, "node"), "node", o->node.s);
    }
    if (o->at > s->duration || o->after_loss > s->duration - o->at) {
        return too_late(l, n, "at");
    }
    if (strcmp(o->kind, "edit_zone") == 0 || strcmp(o->kind, "promote") == 0) {
        return check_zone(l, n, o, node);
    }
    if (!own && o->from.s[0] == '\0') {
        return sw_yaml_fail(l->y, n, "from", SW_ERR_MALFORMED, l->d,
                            "is missing (the node whose set it is)");
    }
    if (!own && (o->target == NULL)) {
        return sw_yaml_fail(l->y, n, "target", SW_ERR_MALFORMED, l->d,
                            "is missing (the folder to write to)");
    }
    if (o->target != NULL && climbs(o->target)) {
        return sw_yaml_fail(l->y, sw_yaml_get(n, "target"), "target", SW_ERR_MALFORMED, l->d,
                            "'%.60s' has a part '..' (a folder on the node's disk, like restored)",
                            o->target);
    }
    const size_t source = own ? node : sim_node_index(s, o->from.s);
    if (source == SIZE_MAX) {
        return no_node(l, sw_yaml_get(n, "from"), "from", o->from.s);
    }
    bool known = has_set(s, source, o->set.s);
    for (size_t i = 0; any && i < s->n_nodes; i++) {
        known = known || has_set(s, i, o->set.s);
    }
    if (!known) {
        return sw_yaml_fail(l->y, sw_yaml_get(n, "set"), "set", SW_ERR_NOTFOUND, l->d,
                            "%s protects no set '%s'", s->nodes[source].config.name.s, o->set.s);
    }
    return 0;
}

static int check_times(struct sim_loader *l)
{
    const struct sim_scenario *s = &l->f->s;
    if (s->warmup >= s->duration) {
        return sw_yaml_fail(l->y, sw_yaml_get(l->root, "warmup"), "warmup", SW_ERR_RANGE, l->d,
                            "is not shorter than the run (duration)");
    }
    if (s->interval > s->duration) {
        return sw_yaml_fail(l->y, sw_yaml_get(l->root, "interval"), "interval", SW_ERR_RANGE, l->d,
                            "is longer than the run (duration)");
    }
    for (size_t i = 0; i < s->n_faults; i++) {
        if (s->faults[i].at >= s->duration) {
            return too_late(l, sw_yaml_item(sw_yaml_get(l->root, "faults"), i), "at");
        }
    }
    return 0;
}

/* What is asked of clients needs time between warm-up and the last query that is decided. */
static int check_measured(struct sim_loader *l)
{
    const struct sim_scenario *s = &l->f->s;
    const sw_time decided = sim_scenario_decided(s) / s->interval * s->interval;
    for (size_t i = 0; i < s->n_expectations && decided <= s->warmup; i++) {
        const struct sim_metric *m = sim_metric_find(s->expectations[i].metric, NULL, NULL);
        if (m != NULL && m->windowed) {
            return sw_yaml_fail(l->y, sw_yaml_get(l->root, "duration"), "duration", SW_ERR_RANGE,
                                l->d,
                                "leaves nothing to measure: the stubs may wait %.9g s for the last "
                                "answers, and warmup takes %.9g s (a longer run, or another stub, "
                                "timeout or attempts)",
                                (double)sim_scenario_patience(s) * 1e-9, (double)s->warmup * 1e-9);
        }
    }
    return 0;
}

static int check_oracles(struct sim_loader *l)
{
    const struct sim_scenario *s = &l->f->s;
    const char *names[64];
    size_t n = 0;
    for (const struct sim_watcher *o; n < SW_LEN(names) && (o = sim_oracle_at(n)) != NULL; n++) {
        names[n] = o->name;
    }
    if (sw_yaml_get(l->root, "oracles") != NULL && s->n_oracles == 0) {
        l->f->s.oracles = calloc(1, sizeof *l->f->s.oracles); /* an empty list: none */
        return l->f->s.oracles != NULL ? 0 : SW_ERR_NOMEM;
    }
    for (size_t i = 0; i < s->n_oracles; i++) {
        bool known = false;
        for (size_t k = 0; k < n; k++) {
            known = known || strcmp(names[k], s->oracles[i]) == 0;
        }
        if (!known) {
            const char *near = sw_yaml_nearest(s->oracles[i], names, n);
            return sw_yaml_fail(l->y, sw_yaml_item(sw_yaml_get(l->root, "oracles"), i), "oracles",
                                SW_ERR_NOTFOUND, l->d, "no oracle is called '%.40s' (%s%s%s",
                                s->oracles[i],
                                near != NULL ? "did you mean '" : "see swarmsim list oracles",
                                near != NULL ? near : "", near != NULL ? "'?)" : ")");
        }
    }
    return 0;
}

int sim_check(struct sim_loader *l)
{
    const struct sim_scenario *s = &l->f->s;
    int err = check_times(l);
    if (err == 0) {
        err = check_upstreams(l);
    }
    for (size_t i = 0; i < s->n_operations && err == 0; i++) {
        err = check_operation(l, sw_yaml_item(sw_yaml_get(l->root, "operations"), i),
                              &s->operations[i]);
    }
    if (err == 0) {
        err = check_measured(l);
    }
    return err == 0 ? check_oracles(l) : err;
}
