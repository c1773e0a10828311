/* SPDX-License-Identifier: GPL-3.0-or-later
 * `nodes`: groups expanded, named, and told about each other. */
#define _POSIX_C_SOURCE 200809L
#include "node/conf/config.h"
#include "sim/scenario/keys.h"
#include "sim/scenario/load.h"
#include "sim/scenario/profile.h"

#include <stdlib.h>
#include <string.h>

#define MAX_NODES 16384U

size_t sim_region_index(const struct sim_scenario *s, const char *name)
{
    for (size_t i = 0; i < s->n_regions; i++) {
        if (strcmp(s->regions[i].name.s, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* ---- names ---- */

struct named {
    const char *name;
    uint32_t node;
};

static int by_name(const void *a, const void *b)
{
    const struct named *x = a;
    const struct named *y = b;
    const int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->node > y->node) - (x->node < y->node);
}

size_t sim_node_index(const struct sim_scenario *s, const char *name)
{
    if (s->by_name != NULL) {
        size_t low = 0;
        size_t high = s->n_nodes;
        while (low < high) {
            const size_t middle = low + (high - low) / 2;
            const int order = strcmp(s->nodes[s->by_name[middle]].config.name.s, name);
            if (order == 0) {
                return s->by_name[middle];
            }
            low = order < 0 ? middle + 1 : low;
            high = order < 0 ? high : middle;
        }
        return SIZE_MAX;
    }
    for (size_t i = 0; i < s->n_nodes; i++) {
        if (strcmp(s->nodes[i].config.name.s, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static int no_memory(const struct sim_loader *l)
{
    (void)sw_diag_set(l->d, SW_ERR_NOMEM, "%s: out of memory", l->y->file);
    return SW_ERR_NOMEM;
}

/* What @n does not say of the processor's costs, its profile does. */
static int apply_profile(struct sim_loader *l, const struct sw_yaml_node *n,
                         struct sim_processor *p)
{
    const struct sw_yaml_node *at = sw_yaml_get(n, "processor");
    struct sim_profile profile;
    char path[4096];
    if (p->profile == NULL) {
        return 0;
    }
    const bool absolute = p->profile[0] == '/';
    (void)snprintf(path, sizeof path, "%s%s%s", absolute ? "" : l->y->folder, absolute ? "" : "/",
                   p->profile);
    struct sw_diag d = { 0 };
    int err = sim_profile_read(path, &profile, &d);
    if (err != 0 && err != SW_ERR_NOMEM) {
        err =
            sw_yaml_fail(l->y, sw_yaml_get(at, "profile"), "profile", err, l->d, "%.200s", d.text);
    } else if (err != 0) {
        err = no_memory(l);
    } else {
        p->service = sw_yaml_get(at, "service") != NULL ? p->service : profile.query;
        p->forward = sw_yaml_get(at, "forward") != NULL ? p->forward : profile.forward;
        p->peer = sw_yaml_get(at, "peer") != NULL ? p->peer : profile.peer;
        p->urgent = profile.urgent;
        memcpy(p->cost, profile.work, sizeof p->cost);
    }
    sim_profile_release(&profile);
    return err;
}

/* Upstreams are the scenario's. */
static int check_upstreams(struct sim_loader *l, const struct sw_yaml_node *n,
                           const struct sw_config *c)
{
    const struct sim_scenario *s = &l->f->s;
    const struct sw_yaml_node *list = sw_yaml_get(sw_yaml_get(n, "forwarding"), "upstreams");
    for (size_t i = 0; i < c->n_upstreams; i++) {
        size_t k = 0;
        while (k < s->n_upstreams && strcmp(s->upstreams[k].name.s, c->upstreams[i]) != 0) {
            k++;
        }
        if (k == s->n_upstreams) {
            return sw_yaml_fail(l->y, sw_yaml_item(list, i), "upstreams", SW_ERR_NOTFOUND, l->d,
                                "no upstream is called '%.40s'", c->upstreams[i]);
        }
    }
    return 0;
}

/* Bind @n, with paths as written: they lie on the node's own disk. */
static int bind(struct sim_loader *l, const struct sw_yaml_node *n, struct sim_node_entry *e)
{
    char here[] = ".";
    struct sw_yaml y = *l->y;
    y.folder = here;
    int err = sw_yaml_bind(&y, n, &sim_node_table, e, l->d);
    if (err == 0) {
        err = sw_config_routing(&y, n, &e->node.config, l->d);
    }
    if (err == 0) {
        err = sw_config_membership(&y, n, &e->node.config, l->d);
    }
    if (err == 0) {
        err = sw_config_forwarding(&y, n, &e->node.config, l->d);
    }
    if (err == 0) {
        err = check_upstreams(l, n, &e->node.config);
    }
    if (err == 0) {
        err = sw_config_sets(&y, n, &e->node.config, l->d);
    }
    if (err == 0) {
        err = apply_profile(l, n, &e->node.processor);
    }
    const double offset = (double)e->clock_offset;
    e->node.clock = (struct sim_clock){ .offset = e->clock_is == 0 ? offset : -offset,
                                        .drift = e->clock_drift };
    if (sw_yaml_get(n, "cores") == NULL) {
        e->node.config.cores = e->node.processor.cores; /* it tells the truth about itself */
    }
    return err;
}

/* The next free name of the region: fra-1, fra-2, ... */
static int make_name(struct sim_loader *l, const struct sw_yaml_node *at, struct sim_node_entry *e,
                     size_t *numbers)
{
    const size_t region = sim_region_index(&l->f->s, e->region.s);
    char name[64];
    (void)snprintf(name, sizeof name, "%s-%zu", e->region.s, ++numbers[region]);
    static const struct sw_yaml_field f = { .type = SW_YAML_NAME };
    if (sw_yaml_scalar(&f, NULL, name, &e->name) != 0) {
        return sw_yaml_fail(l->y, at, "region", SW_ERR_RANGE, l->d, "'%s' is too long a name",
                            name);
    }
    return 0;
}

static int keys(struct sw_config *c)
{
    sim_identity_seed(c->name.s, c->identity);
    static const uint8_t none[32];
    for (size_t i = 0; i < c->n_sets; i++) {
        uint8_t secret[32];
        if (memcmp(c->sets[i].recipient, none, sizeof none) == 0) {
            sim_recipient_pair(c->name.s, c->sets[i].name.s, c->sets[i].recipient, secret);
        }
    }
    return 0;
}

static int add_node(struct sim_loader *l, const struct sw_yaml_node *n, size_t *numbers)
{
    struct sim_file *f = l->f;
    if (f->n_entries == MAX_NODES) {
        return sw_yaml_fail(l->y, n, "nodes", SW_ERR_RANGE, l->d, "more than %u nodes", MAX_NODES);
    }
    struct sim_node_entry *grown = realloc(f->entries, (f->n_entries + 1) * sizeof *grown);
    if (grown == NULL) {
        return no_memory(l);
    }
    f->entries = grown;
    struct sim_node_entry *e = &f->entries[f->n_entries++];
    memset(e, 0, sizeof *e);
    int err = bind(l, n, e);
    if (err != 0) {
        return err;
    }
    if (sim_region_index(&f->s, e->region.s) == SIZE_MAX) {
        return sw_yaml_fail(l->y, sw_yaml_get(n, "region"), "region", SW_ERR_NOTFOUND, l->d,
                            "no region is called '%s'", e->region.s);
    }
    if (e->name.s[0] == '\0') {
        err = make_name(l, n, e, numbers);
    } else if (e->count > 1) {
        err = sw_yaml_fail(l->y, sw_yaml_get(n, "name"), "name", SW_ERR_MALFORMED, l->d,
                           "%u nodes can't share a name (leave it out: %s-1, %s-2, ...)", e->count,
                           e->region.s, e->region.s);
    }
    e->at = n;
    e->node.config.name = e->name;
    e->node.config.region = e->region;
    return err != 0 ? err : keys(&e->node.config);
}

/* The second node of one name, in the order of the file. */
static int same_name(struct sim_loader *l, const struct sim_node_entry *e)
{
    return sw_yaml_fail(l->y, sw_yaml_get(e->at, "name"), "name", SW_ERR_EXISTS, l->d,
                        "two nodes are called '%s'", e->name.s);
}

static int sort_names(struct sim_loader *l)
{
    struct sim_scenario *s = &l->f->s;
    struct named *v = calloc(s->n_nodes, sizeof *v);
    uint32_t *sorted = calloc(s->n_nodes, sizeof *sorted);
    if (v == NULL || sorted == NULL) {
        free(v);
        free(sorted);
        return no_memory(l);
    }
    for (uint32_t i = 0; i < s->n_nodes; i++) {
        v[i] = (struct named){ s->nodes[i].config.name.s, i };
    }
    qsort(v, s->n_nodes, sizeof *v, by_name);
    uint32_t twice = UINT32_MAX;
    for (size_t i = 0; i < s->n_nodes; i++) {
        sorted[i] = v[i].node;
        if (i > 0 && strcmp(v[i - 1].name, v[i].name) == 0 && v[i].node < twice) {
            twice = v[i].node;
        }
    }
    free(v);
    s->by_name = sorted;
    return twice == UINT32_MAX ? 0 : same_name(l, &l->f->entries[twice]);
}

int sim_load_nodes(struct sim_loader *l)
{
    struct sim_scenario *s = &l->f->s;
    const struct sw_yaml_node *list = sw_yaml_get(l->root, "nodes");
    const struct sw_yaml_node *defaults = sw_yaml_get(sw_yaml_get(l->root, "defaults"), "node");
    if (list->kind != SW_YAML_IS_LIST || list->n == 0) {
        return sw_yaml_fail(l->y, list, "nodes", SW_ERR_MALFORMED, l->d,
                            "expected a list with at least one node (like - {region: fra})");
    }
    size_t *numbers = calloc(s->n_regions + 1, sizeof *numbers);
    int err = numbers == NULL ? no_memory(l) : 0;
    for (size_t i = 0; i < list->n && err == 0; i++) {
        const struct sw_yaml_node *n = sim_merge(&l->arena, defaults, list->items[i]);
        if (n == NULL) {
            err = no_memory(l);
            break;
        }
        uint32_t copies = 1;
        for (uint32_t k = 0; k < copies && err == 0; k++) {
            err = add_node(l, n, numbers);
            copies = err == 0 ? l->f->entries[l->f->n_entries - 1].count : 0;
        }
    }
    free(numbers);
    if (err != 0) {
        return err;
    }
    s->nodes = calloc(l->f->n_entries + 1, sizeof *s->nodes);
    if (s->nodes == NULL) {
        return no_memory(l);
    }
    s->n_nodes = l->f->n_entries;
    for (size_t i = 0; i < s->n_nodes; i++) {
        s->nodes[i] = l->f->entries[i].node;
    }
    err = sort_names(l);
    return err == 0 ? sim_acquaint(l) : err;
}
