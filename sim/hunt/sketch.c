/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reading a scenario into parts. */
#define _GNU_SOURCE
#include "sim/hunt/sketch_inside.h"

#include "sim/world/pool.h"

#include <stdlib.h>
#include <string.h>

const struct sw_yaml_node *sim_sketch_key(const struct sim_sketch *s, const char *key)
{
    const struct sw_yaml_node *over = sw_yaml_get(s->overlay, key);
    return over != NULL ? over : sw_yaml_get(s->yaml.root, key);
}

const char *sim_sketch_text(const struct sw_yaml_node *n, const char *key)
{
    const struct sw_yaml_node *v = sw_yaml_get(n, key);
    return v != NULL && v->kind == SW_YAML_IS_SCALAR ? v->text : "";
}

static struct sim_part *add(struct sim_sketch *s, enum sim_part_kind kind,
                            const struct sw_yaml_node *node)
{
    s->parts = sim_realloc(s->parts, (s->n + 1) * sizeof *s->parts);
    struct sim_part *p = &s->parts[s->n++];
    *p = (struct sim_part){ .kind = kind, .node = node };
    return p;
}

static void add_list(struct sim_sketch *s, enum sim_part_kind kind, const char *key)
{
    const struct sw_yaml_node *list = sim_sketch_key(s, key);
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        struct sim_part *p = add(s, kind, list->items[i]);
        if (kind == SIM_PART_REGION || kind == SIM_PART_UPSTREAM) {
            (void)snprintf(p->name.s, sizeof p->name.s, "%s",
                           sim_sketch_text(list->items[i], "name"));
        }
    }
}

/* The number of the next node of @region that has no name of its own. */
static size_t next_number(const struct sim_sketch *s, const char *region)
{
    size_t n = 1;
    for (size_t i = 0; i < s->n; i++) {
        const struct sim_part *p = &s->parts[i];
        n += p->kind == SIM_PART_NODE && sim_sketch_text(p->node, "name")[0] == '\0' &&
             strcmp(sim_sketch_text(p->node, "region"), region) == 0;
    }
    return n;
}

/* Each of a group's nodes is a part, named as the loader names it. */
static void add_nodes(struct sim_sketch *s)
{
    const struct sw_yaml_node *list = sim_sketch_key(s, "nodes");
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        const struct sw_yaml_node *item = list->items[i];
        const char *name = sim_sketch_text(item, "name");
        const char *region = sim_sketch_text(item, "region");
        const unsigned long count = strtoul(sim_sketch_text(item, "count"), NULL, 10);
        for (unsigned long k = 0; k < (count > 0 ? count : 1); k++) {
            const size_t number = next_number(s, region);
            struct sim_part *p = add(s, SIM_PART_NODE, item);
            if (name[0] != '\0') {
                (void)snprintf(p->name.s, sizeof p->name.s, "%s", name);
            } else {
                (void)snprintf(p->name.s, sizeof p->name.s, "%.20s-%zu", region, number);
            }
        }
    }
}

int sim_sketch_parse(const char *path, const char *text, size_t len, const char *name,
                     struct sim_sketch *out, struct sw_diag *d)
{
    *out = (struct sim_sketch){ .n = 0 };
    const int err = sw_yaml_parse(path, text, len, &out->yaml, d);
    if (err != 0) {
        return err;
    }
    if (name != NULL && name[0] != '\0') {
        out->overlay = sw_yaml_get(sw_yaml_get(out->yaml.root, "configurations"), name);
        if (out->overlay == NULL) {
            sim_sketch_fini(out);
            return sw_diag_set(d, SW_ERR_NOTFOUND, "%.150s: no configuration is called '%.31s'",
                               path, name);
        }
    }
    add_list(out, SIM_PART_FAULT, "faults");
    add_list(out, SIM_PART_OPERATION, "operations");
    add_list(out, SIM_PART_CLIENTS, "clients");
    add_list(out, SIM_PART_REGION, "regions");
    add_nodes(out);
    add_list(out, SIM_PART_UPSTREAM, "upstreams");
    return 0;
}

sw_dur sim_sketch_duration(const struct sim_sketch *s)
{
    static const struct sw_yaml_field f = { .type = SW_YAML_DURATION };
    const struct sw_yaml_node *own = sim_sketch_key(s, "duration");
    sw_dur duration = 0;
    if (own != NULL && own->kind == SW_YAML_IS_SCALAR) {
        (void)sw_yaml_scalar(&f, NULL, own->text, &duration);
    }
    return duration;
}

void sim_sketch_fini(struct sim_sketch *s)
{
    sw_yaml_fini(&s->yaml);
    free(s->parts);
    *s = (struct sim_sketch){ .n = 0 };
}
