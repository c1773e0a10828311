/* SPDX-License-Identifier: GPL-3.0-or-later
 * Writing what is left of a sketch as a scenario. */
#define _GNU_SOURCE
#include "sim/faults/fault.h"
#include "sim/hunt/sketch_inside.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- YAML ---- */

static void write_text(FILE *to, const char *s)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-";
    const size_t n = strspn(s, plain);
    if (n > 0 && s[n] == '\0' && strcmp(s, "-") != 0) {
        (void)fputs(s, to);
        return;
    }
    (void)fputc('"', to);
    for (; *s != '\0'; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            (void)fprintf(to, "\\%c", c);
        } else if (c < 0x20) {
            (void)fprintf(to, "\\x%02x", c);
        } else {
            (void)fputc(c, to);
        }
    }
    (void)fputc('"', to);
}

/* ---- what is there ---- */

struct writing {
    const struct sim_sketch *s;
    const struct sim_sketch_way *way;
    FILE *to;
    sw_dur duration;
    bool broken; /* no scenario any longer */
};

/* A path as it may be written anywhere: absolute, when the file is there. */
static void write_path(const struct writing *w, const char *path)
{
    char *joined = NULL;
    char real[PATH_MAX];
    if (path[0] == '/' || asprintf(&joined, "%s/%s", w->s->yaml.folder, path) < 0) {
        joined = NULL;
    }
    write_text(w->to, joined != NULL && realpath(joined, real) != NULL ? real : path);
    free(joined);
}

/* Files that items name, wherever: of clients, of processors, of zones. */
static bool is_file(const struct sw_yaml_pair *p)
{
    return p->value->kind == SW_YAML_IS_SCALAR &&
           (strcmp(p->key, "queries") == 0 || strcmp(p->key, "capture") == 0 ||
            strcmp(p->key, "profile") == 0 || strcmp(p->key, "file") == 0);
}

static void write_value(const struct writing *w, const struct sw_yaml_pair *p);

static void write_flow(const struct writing *w, const struct sw_yaml_node *n)
{
    if (n->kind == SW_YAML_IS_SCALAR) {
        write_text(w->to, n->text);
        return;
    }
    const bool map = n->kind == SW_YAML_IS_MAPPING;
    (void)fputc(map ? '{' : '[', w->to);
    for (size_t i = 0; i < n->n; i++) {
        (void)fputs(i > 0 ? ", " : "", w->to);
        if (map) {
            write_text(w->to, n->pairs[i].key);
            (void)fputs(": ", w->to);
            write_value(w, &n->pairs[i]);
        } else {
            write_flow(w, n->items[i]);
        }
    }
    (void)fputc(map ? '}' : ']', w->to);
}

static bool kept(const struct writing *w, size_t part)
{
    return w->way->keep == NULL || w->way->keep[part];
}

/* Whether the region, node or upstream of that name is there; it needs the region it stands in. */
static bool there(const struct writing *w, enum sim_part_kind kind, const char *name)
{
    for (size_t i = 0; i < w->s->n; i++) {
        const struct sim_part *p = &w->s->parts[i];
        if (p->kind == kind && strcmp(p->name.s, name) == 0) {
            return kept(w, i) && (kind == SIM_PART_REGION ||
                                  there(w, SIM_PART_REGION, sim_sketch_text(p->node, "region")));
        }
    }
    return false;
}

static bool in_time(const struct writing *w, const struct sw_yaml_node *n)
{
    static const struct sw_yaml_field f = { .type = SW_YAML_DURATION };
    sw_dur at = 0;
    return sw_yaml_scalar(&f, NULL, sim_sketch_text(n, "at"), &at) != 0 || at < w->duration;
}

/* The same of all nodes of a list. */
static bool all_there(const struct writing *w, const char *nodes)
{
    size_t len;
    for (; *(nodes += strspn(nodes, " ")) != '\0'; nodes += len) {
        struct sw_name name;
        len = strcspn(nodes, " ");
        (void)snprintf(name.s, sizeof name.s, "%.*s", (int)len, nodes);
        if (!there(w, SIM_PART_NODE, name.s)) {
            return false;
        }
    }
    return true;
}

/* A fault needs the nodes and regions that its parameters name. */
static bool fault_stands(const struct writing *w, const struct sw_yaml_node *n)
{
    const struct sim_fault_kind *kind = sim_fault_kind_find(sim_sketch_text(n, "kind"));
    for (size_t i = 0; kind != NULL && i < kind->n_params; i++) {
        const char *value = sim_sketch_text(n, kind->params[i].key);
        if (value[0] != '\0' &&
            ((kind->params[i].type == SIM_PARAM_NODE && !there(w, SIM_PART_NODE, value)) ||
             (kind->params[i].type == SIM_PARAM_NODES && !all_there(w, value)) ||
             (kind->params[i].type == SIM_PARAM_REGION && !there(w, SIM_PART_REGION, value)))) {
            return false;
        }
    }
    return in_time(w, n);
}

static bool operation_stands(const struct writing *w, const struct sw_yaml_node *n)
{
    const char *from = sim_sketch_text(n, "from");
    return there(w, SIM_PART_NODE, sim_sketch_text(n, "node")) &&
           (from[0] == '\0' || there(w, SIM_PART_NODE, from)) && in_time(w, n);
}

/* Clients need their region and one server. */
static bool clients_stand(const struct writing *w, const struct sw_yaml_node *n)
{
    const struct sw_yaml_node *servers = sw_yaml_get(n, "servers");
    for (size_t i = 0; servers != NULL && i < servers->n; i++) {
        if (there(w, SIM_PART_NODE, servers->items[i]->text)) {
            return there(w, SIM_PART_REGION, sim_sketch_text(n, "region"));
        }
    }
    return false;
}

static bool stands(const struct writing *w, size_t part)
{
    const struct sim_part *p = &w->s->parts[part];
    if (!kept(w, part)) {
        return false;
    }
    switch (p->kind) {
    case SIM_PART_FAULT:
        return fault_stands(w, p->node);
    case SIM_PART_OPERATION:
        return operation_stands(w, p->node);
    case SIM_PART_CLIENTS:
        return clients_stand(w, p->node);
    case SIM_PART_NODE:
    case SIM_PART_UPSTREAM:
        return there(w, p->kind, p->name.s);
    case SIM_PART_REGION:
    case SIM_PART_KINDS:
        break;
    }
    return true;
}

/* ---- sections ---- */

/* A list of names, without those that are gone. */
static void write_names(const struct writing *w, enum sim_part_kind kind,
                        const struct sw_yaml_node *list, const char *but)
{
    bool first = true;
    (void)fputc('[', w->to);
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        const char *name = list->items[i]->text;
        if (there(w, kind, name) && (but == NULL || strcmp(name, but) != 0)) {
            (void)fputs(first ? "" : ", ", w->to);
            write_text(w->to, name);
            first = false;
        }
    }
    (void)fputc(']', w->to);
}

/* What a key has: paths as they are from here; of members to join by and of upstreams to ask, those
 * that are there. */
static void write_value(const struct writing *w, const struct sw_yaml_pair *p)
{
    if (is_file(p)) {
        write_path(w, p->value->text);
    } else if (strcmp(p->key, "join") == 0 && p->value->kind == SW_YAML_IS_LIST) {
        write_names(w, SIM_PART_NODE, p->value, NULL);
    } else if (strcmp(p->key, "upstreams") == 0 && p->value->kind == SW_YAML_IS_LIST) {
        write_names(w, SIM_PART_UPSTREAM, p->value, NULL);
    } else {
        write_flow(w, p->value);
    }
}

/* Who edits @zone: its primary or, when that is gone, the first backup that is left; NULL: nobody,
 * and it is a zone that upstreams know. */
static const char *editor(struct writing *w, const struct sw_yaml_node *zone)
{
    const struct sw_yaml_node *backups = sw_yaml_get(zone, "backups");
    const char *primary = sim_sketch_text(zone, "primary");
    if (primary[0] == '\0') {
        w->broken = w->broken || sim_sketch_count(w->s, w->way, SIM_PART_UPSTREAM) == 0;
        return NULL;
    }
    for (size_t i = 0; !there(w, SIM_PART_NODE, primary); i++) {
        if (backups == NULL || i == backups->n) {
            w->broken = true;
            break;
        }
        primary = backups->items[i]->text;
    }
    return primary;
}

static void write_zone(struct writing *w, const struct sw_yaml_node *zone)
{
    const char *primary = editor(w, zone);
    for (size_t i = 0; i < zone->n; i++) {
        const struct sw_yaml_pair *p = &zone->pairs[i];
        (void)fprintf(w->to, "%s%s: ", i == 0 ? "  - {" : ", ", p->key);
        if (strcmp(p->key, "primary") == 0) {
            write_text(w->to, primary);
        } else if (strcmp(p->key, "backups") == 0) {
            write_names(w, SIM_PART_NODE, p->value, primary);
        } else {
            write_value(w, p);
        }
    }
    (void)fputs("}\n", w->to);
}

/* A node's `backup` with another number of copies. */
static void write_backup(const struct writing *w, const struct sw_yaml_node *n)
{
    (void)fprintf(w->to, "{copies: %u", w->way->copies);
    for (size_t i = 0; i < n->n; i++) {
        if (strcmp(n->pairs[i].key, "copies") != 0) {
            (void)fprintf(w->to, ", %s: ", n->pairs[i].key);
            write_flow(w, n->pairs[i].value);
        }
    }
    (void)fputc('}', w->to);
}

static void write_part(const struct writing *w, const struct sim_part *p)
{
    bool first = true;
    (void)fputs("  - {", w->to);
    if (p->kind == SIM_PART_NODE) {
        (void)fputs("name: ", w->to);
        write_text(w->to, p->name.s);
        first = false;
    }
    for (size_t i = 0; i < p->node->n; i++) {
        const struct sw_yaml_pair *pair = &p->node->pairs[i];
        if (p->kind == SIM_PART_NODE &&
            (strcmp(pair->key, "name") == 0 || strcmp(pair->key, "count") == 0)) {
            continue;
        }
        (void)fputs(first ? "" : ", ", w->to);
        first = false;
        write_text(w->to, pair->key);
        (void)fputs(": ", w->to);
        if (p->kind == SIM_PART_CLIENTS && strcmp(pair->key, "servers") == 0) {
            write_names(w, SIM_PART_NODE, pair->value, NULL);
        } else if (w->way->copies > 0 && p->kind == SIM_PART_NODE &&
                   strcmp(pair->key, "backup") == 0) {
            write_backup(w, pair->value);
        } else {
            write_value(w, pair);
        }
    }
    (void)fputs("}\n", w->to);
}

static void write_parts(const struct writing *w, const char *key, enum sim_part_kind kind)
{
    bool any = false;
    for (size_t i = 0; i < w->s->n; i++) {
        if (w->s->parts[i].kind == kind && stands(w, i)) {
            (void)fprintf(w->to, "%s%s", any ? "" : key, any ? "" : ":\n");
            any = true;
            write_part(w, &w->s->parts[i]);
        }
    }
}

static void write_zones(struct writing *w)
{
    const struct sw_yaml_node *zones = sim_sketch_key(w->s, "zones");
    (void)fputs(zones != NULL && zones->n > 0 ? "zones:\n" : "", w->to);
    for (size_t i = 0; zones != NULL && i < zones->n && !w->broken; i++) {
        write_zone(w, zones->items[i]);
    }
}

static void write_network(const struct writing *w)
{
    const struct sw_yaml_node *network = sim_sketch_key(w->s, "network");
    if (network == NULL || network->n == 0) {
        return;
    }
    (void)fputs("network:\n", w->to);
    for (size_t i = 0; i < network->n; i++) {
        (void)fprintf(w->to, "  %s: ", network->pairs[i].key);
        if (strcmp(network->pairs[i].key, "rtt") == 0) {
            write_path(w, network->pairs[i].value->text);
        } else {
            write_flow(w, network->pairs[i].value);
        }
        (void)fputc('\n', w->to);
    }
}

/* Keys that are written as they are; of those not named anywhere here nothing is lost. */
static bool special(const char *key)
{
    static const char *const keys[] = { "seed",    "replications",   "duration", "warmup",
                                        "regions", "network",        "zones",    "nodes",
                                        "clients", "operations",     "faults",   "expectations",
                                        "oracles", "configurations", "upstreams" };
    for (size_t i = 0; i < SW_LEN(keys); i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void write_keys(const struct writing *w, const struct sw_yaml_node *from, bool base)
{
    for (size_t i = 0; from != NULL && i < from->n; i++) {
        const struct sw_yaml_pair *p = &from->pairs[i];
        if (special(p->key) || (base && sw_yaml_get(w->s->overlay, p->key) != NULL)) {
            continue;
        }
        write_text(w->to, p->key);
        (void)fputs(": ", w->to);
        write_flow(w, p->value);
        (void)fputc('\n', w->to);
    }
}

static void write_oracles(const struct writing *w)
{
    const struct sw_yaml_node *own = sim_sketch_key(w->s, "oracles");
    if (w->way->oracle != NULL) {
        (void)fprintf(w->to, "oracles: [%s]\n", w->way->oracle);
    } else if (own != NULL) {
        (void)fputs("oracles: ", w->to);
        write_flow(w, own);
        (void)fputc('\n', w->to);
    }
}

static sw_dur duration_of(const struct sim_sketch *s, const struct sim_sketch_way *way)
{
    return way->duration > 0 ? way->duration : sim_sketch_duration(s);
}

size_t sim_sketch_count(const struct sim_sketch *s, const struct sim_sketch_way *way,
                        enum sim_part_kind kind)
{
    const struct writing w = { .s = s, .way = way, .duration = duration_of(s, way) };
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        n += s->parts[i].kind == kind && stands(&w, i);
    }
    return n;
}

bool sim_sketch_write(const struct sim_sketch *s, const struct sim_sketch_way *way, FILE *to)
{
    struct writing w = { .s = s, .way = way, .to = to, .duration = duration_of(s, way) };
    if (way->remark != NULL) {
        (void)fprintf(to, "# %s\n", way->remark);
    }
    write_keys(&w, s->yaml.root, true);
    write_keys(&w, s->overlay, false);
    const bool whole = w.duration % SW_MS == 0;
    (void)fprintf(to, "seed: %llu\nduration: %llu%s\n", (unsigned long long)way->seed,
                  (unsigned long long)(whole ? w.duration / SW_MS : w.duration),
                  whole ? "ms" : "ns");
    write_oracles(&w);
    write_parts(&w, "regions", SIM_PART_REGION);
    write_network(&w);
    write_zones(&w);
    write_parts(&w, "upstreams", SIM_PART_UPSTREAM);
    write_parts(&w, "nodes", SIM_PART_NODE);
    write_parts(&w, "clients", SIM_PART_CLIENTS);
    write_parts(&w, "operations", SIM_PART_OPERATION);
    write_parts(&w, "faults", SIM_PART_FAULT);
    return !w.broken && sim_sketch_count(s, way, SIM_PART_NODE) > 0;
}
