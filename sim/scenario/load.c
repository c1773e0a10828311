/* SPDX-License-Identifier: GPL-3.0-or-later
 * Reading a scenario file, step by step. */
#define _POSIX_C_SOURCE 200809L
#include "sim/scenario/load.h"
#include "node/conf/config.h"
#include "sim/engine/xxh64.h"

#include <stdlib.h>
#include <string.h>

void sim_load_input(struct sim_loader *l, const void *data, size_t len)
{
    l->f->s.inputs = sim_xxh64(data, len, l->f->s.inputs);
}

static int fill_basics(struct sim_loader *l, const char *path, const char *configuration)
{
    struct sim_scenario *s = &l->f->s;
    s->path = strdup(path);
    s->name = strdup(l->f->study.s);
    char *text = malloc(l->y->len + 1);
    if (s->path == NULL || s->name == NULL || text == NULL) {
        free(text);
        return sw_diag_set(l->d, SW_ERR_NOMEM, "%s: out of memory", path);
    }
    memcpy(text, l->y->text, l->y->len + 1);
    s->text = (struct sw_bytes){ (const uint8_t *)text, l->y->len };
    if (configuration != NULL) {
        (void)snprintf(s->configuration.s, sizeof s->configuration.s, "%s", configuration);
    }
    return 0;
}

static int load(struct sim_loader *l, const char *path, const char *configuration,
                const struct sim_overrides *o)
{
    int err = sim_overlay(l, configuration);
    if (err == 0 && o != NULL) {
        err = sim_override(l, o->items, o->n);
    }
    if (err == 0) {
        err = sw_yaml_bind(l->y, l->root, &sim_file_table, l->f, l->d);
    }
    if (err == 0) {
        err = fill_basics(l, path, configuration);
    }
    static int (*const steps[])(struct sim_loader *) = {
        sim_check_regions, sim_load_network, sim_load_nodes, sim_load_zones,        sim_load_rtt,
        sim_load_clients,  sim_load_faults,  sim_load_storm, sim_load_expectations, sim_check,
    };
    for (size_t i = 0; i < SW_LEN(steps) && err == 0; i++) {
        err = steps[i](l);
    }
    return err;
}

/* From the tree @y, which is freed. */
static int finish_load(struct sw_yaml *y, const char *path, const char *configuration,
                       const struct sim_overrides *o, struct sim_scenario **out, struct sw_diag *d)
{
    int err = 0;
    struct sim_loader l = { .y = y, .f = calloc(1, sizeof *l.f), .d = d };
    if (l.f == NULL) {
        err = sw_diag_set(d, SW_ERR_NOMEM, "%s: out of memory", path);
    } else {
        err = load(&l, path, configuration, o);
    }
    sw_arena_fini(&l.arena);
    sw_yaml_fini(y);
    if (err != 0 && l.f != NULL) {
        sim_scenario_free(&l.f->s);
    } else if (err == 0) {
        *out = &l.f->s;
    }
    return err;
}

int sim_scenario_load(const char *path, const char *configuration, struct sim_scenario **out,
                      struct sw_diag *d)
{
    return sim_scenario_vary(path, configuration, NULL, out, d);
}

int sim_scenario_vary(const char *path, const char *configuration, const struct sim_overrides *o,
                      struct sim_scenario **out, struct sw_diag *d)
{
    struct sw_yaml y;
    *out = NULL;
    const int err = sw_yaml_read(path, &y, d);
    return err != 0 ? err : finish_load(&y, path, configuration, o, out, d);
}

int sim_scenario_vary_text(const char *path, struct sw_bytes text, const char *configuration,
                           const struct sim_overrides *o, struct sim_scenario **out,
                           struct sw_diag *d)
{
    struct sw_yaml y;
    *out = NULL;
    const int err = sw_yaml_parse(path, (const char *)text.data, text.len, &y, d);
    return err != 0 ? err : finish_load(&y, path, configuration, o, out, d);
}

int sim_scenario_parse(const char *path, const char *text, size_t len, const char *configuration,
                       struct sim_scenario **out, struct sw_diag *d)
{
    return sim_scenario_vary_text(path, (struct sw_bytes){ (const uint8_t *)text, len },
                                  configuration, NULL, out, d);
}

static void free_params(struct sw_param_config *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(p[i].name);
    }
    free(p);
}

static void free_nodes(struct sim_file *f)
{
    for (size_t i = 0; i < f->s.n_nodes; i++) {
        struct sw_config *c = &f->s.nodes[i].config;
        for (size_t k = 0; k < c->n_zones; k++) {
            free(c->zones[k].name);
            free(c->zones[k].file);
        }
        free(c->zones);
        for (size_t k = 0; k < c->n_peers; k++) {
            free(c->peers[k].address);
        }
        free(c->peers);
    }
    free(f->s.nodes);
    free(f->s.by_name);
    for (size_t i = 0; i < f->n_entries; i++) {
        sw_config_routing_free(&f->entries[i].node.config);
        sw_yaml_release(&sim_node_table, &f->entries[i]);
    }
    free(f->entries);
    free(f->policy);
    free_params(f->params, f->n_params);
}

static void free_fault(struct sim_fault *f)
{
    for (size_t k = 0; k < f->n_params; k++) {
        free(f->params[k].key);
        free(f->params[k].value);
    }
    free(f->params);
    free(f->kind);
}

static void free_faults(struct sim_scenario *s)
{
    for (size_t i = 0; i < s->n_faults; i++) {
        free_fault(&s->faults[i]);
    }
    free(s->faults);
    for (size_t i = 0; i < s->storm.n_kinds; i++) {
        free_fault(&s->storm.kinds[i].fixed);
    }
    free(s->storm.kinds);
}

void sim_scenario_free(struct sim_scenario *s)
{
    if (s == NULL) {
        return;
    }
    struct sim_file *f = (struct sim_file *)s; /* its first member */
    free_nodes(f);
    free_faults(s);
    sim_free_clients(s);
    for (size_t i = 0; i < s->n_zones; i++) {
        free(s->zones[i].name);
        free(s->zones[i].file);
        free(s->zones[i].text);
    }
    free(s->zones);
    for (size_t i = 0; i < s->n_expectations; i++) {
        sim_expectation_free(&s->expectations[i]);
    }
    free(s->expectations);
    free(s->rtt);
    free(s->path);
    free(s->name);
    uint8_t *text;
    memcpy(&text, &s->text.data, sizeof text);
    free(text);
    sw_yaml_release(&sim_file_table, f);
    free(f);
}
