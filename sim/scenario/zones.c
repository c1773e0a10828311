/* SPDX-License-Identifier: GPL-3.0-or-later
 * `zones`: master files read, and nodes told which they hold. */
#define _POSIX_C_SOURCE 200809L
#include "node/core/dns/zone.h"
#include "sim/oracles/zonetruth.h"
#include "sim/scenario/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ZONE_TEXT (64 * SW_MIB)

static int no_memory(const struct sim_loader *l)
{
    (void)sw_diag_set(l->d, SW_ERR_NOMEM, "%s: out of memory", l->y->file);
    return SW_ERR_NOMEM;
}

static int read_text(struct sim_loader *l, const struct sw_yaml_node *at, struct sim_zone *z)
{
    FILE *f = fopen(z->file, "rb");
    if (f == NULL) {
        return sw_yaml_fail(l->y, at, "file", SW_ERR_IO, l->d, "%.90s: %s", z->file,
                            strerror(errno));
    }
    size_t cap = 0;
    int err = 0;
    while (err == 0 && feof(f) == 0) {
        if (z->len == cap) {
            cap = cap == 0 ? 65536 : 2 * cap;
            char *more = cap <= MAX_ZONE_TEXT ? realloc(z->text, cap) : NULL;
            if (more == NULL) {
                err =
                    sw_yaml_fail(l->y, at, "file", SW_ERR_FULL, l->d, "%.90s: too large", z->file);
                break;
            }
            z->text = more;
        }
        z->len += fread(z->text + z->len, 1, cap - z->len, f);
        if (ferror(f) != 0) {
            err = sw_yaml_fail(l->y, at, "file", SW_ERR_IO, l->d, "%.90s: %s", z->file,
                               strerror(errno));
        }
    }
    (void)fclose(f);
    return err;
}

/* `names`: a zone made up, the same for every seed. */
static int make_text(struct sim_loader *l, const struct sim_zone_entry *e, struct sim_zone *z)
{
    static const sw_dur usual[] = { 20 * SW_SEC, 60 * SW_SEC, 300 * SW_SEC, 3600 * SW_SEC };
    const sw_dur *ttls = e->n_ttls > 0 ? e->ttls : usual;
    const size_t n = e->n_ttls > 0 ? e->n_ttls : SW_LEN(usual);
    FILE *f = open_memstream(&z->text, &z->len);
    if (f == NULL) {
        return no_memory(l);
    }
    (void)fprintf(f,
                  "@ 3600 SOA ns hostmaster 1 3600 600 86400 %u\n@ 3600 NS ns\n"
                  "ns 3600 A 192.0.2.53\n",
                  (unsigned)(e->negative_ttl / SW_SEC));
    for (uint32_t i = 0; i < e->names; i++) {
        (void)fprintf(f, "n%u %u A 10.%u.%u.%u\n", i, (unsigned)(ttls[i % n] / SW_SEC),
                      i >> 16 & 255, i >> 8 & 255, i & 255);
    }
    return fclose(f) == 0 ? 0 : no_memory(l);
}

static int no_ttl(struct sim_loader *l, const struct sw_yaml_node *at, const char *key, sw_dur ttl)
{
    return ttl % SW_SEC == 0 && ttl / SW_SEC <= INT32_MAX
               ? 0
               : sw_yaml_fail(l->y, at, key, SW_ERR_RANGE, l->d,
                              "is no TTL (whole seconds below 2^31: RFC 2181, 8)");
}

/* TTLs are those of a zone made up: a file has its own. */
static int check_ttls(struct sim_loader *l, const struct sw_yaml_node *n,
                      const struct sim_zone_entry *e)
{
    static const char *const keys[] = { "ttls", "negative_ttl" };
    for (size_t i = 0; e->names == 0 && i < SW_LEN(keys); i++) {
        const struct sw_yaml_node *said = sw_yaml_get(n, keys[i]);
        if (said != NULL) {
            return sw_yaml_fail(l->y, said, keys[i], SW_ERR_MALFORMED, l->d,
                                "is for a zone of `names` (a file has its own)");
        }
    }
    int err = no_ttl(l, sw_yaml_get(n, "negative_ttl"), "negative_ttl", e->negative_ttl);
    for (size_t i = 0; i < e->n_ttls && err == 0; i++) {
        err = no_ttl(l, sw_yaml_item(sw_yaml_get(n, "ttls"), i), "ttls", e->ttls[i]);
    }
    return err;
}

/* Where it lies, and what it may say of itself. */
static int check_keys(struct sim_loader *l, const struct sw_yaml_node *n,
                      const struct sim_zone_entry *e)
{
    const bool outside = e->primary.s[0] == '\0';
    if (e->file == NULL && e->names == 0) {
        return sw_yaml_fail(l->y, n, "file", SW_ERR_MALFORMED, l->d, "is missing (required here)");
    }
    if (e->file != NULL && e->names > 0) {
        return sw_yaml_fail(l->y, sw_yaml_get(n, "names"), "names", SW_ERR_EXISTS, l->d,
                            "file is given as well (one of the two)");
    }
    if (!outside && e->names > 0) {
        return sw_yaml_fail(l->y, sw_yaml_get(n, "names"), "names", SW_ERR_MALFORMED, l->d,
                            "is for a zone without primary (a file)");
    }
    if (outside && e->n_backups > 0) {
        return sw_yaml_fail(l->y, sw_yaml_get(n, "backups"), "backups", SW_ERR_MALFORMED, l->d,
                            "need a primary");
    }
    if (outside && l->f->s.n_upstreams == 0) {
        return sw_yaml_fail(l->y, n, "primary", SW_ERR_MALFORMED, l->d,
                            "is missing, and there are no upstreams that would know the zone");
    }
    return check_ttls(l, n, e);
}

/* A zone with a mistake is bad input, not a run that fails: say so before anything starts.  Nodes
 * and the oracle `answers` read it each in their own way. */
static int check_text(struct sim_loader *l, const struct sw_yaml_node *at, const struct sim_zone *z)
{
    const struct sw_bytes text = { (const uint8_t *)z->text, z->len };
    struct sw_diag inner = { "" };
    struct sw_blob image = { 0 };
    struct sim_truth *truth = NULL;
    int err = sw_zone_compile(z->name, text, &image, &inner);
    if (err == 0) {
        err = sim_truth_new(z->name, text, &truth, &inner);
    }
    sim_truth_free(truth);
    sw_blob_fini(&image);
    return err == 0
               ? 0
               : sw_yaml_fail(l->y, at, "file", err, l->d, "%.90s: %.90s", z->file, inner.text);
}

/* Node @name holds @z. */
static int hold(struct sim_loader *l, const struct sw_yaml_node *at, const char *key,
                const char *name, const struct sim_zone *z, bool primary)
{
    struct sim_scenario *s = &l->f->s;
    const size_t i = sim_node_index(s, name);
    if (i == SIZE_MAX) {
        return sw_yaml_fail(l->y, at, key, SW_ERR_NOTFOUND, l->d, "no node is called '%s'", name);
    }
    struct sw_config *c = &s->nodes[i].config;
    for (size_t k = 0; k < c->n_zones; k++) {
        if (strcmp(c->zones[k].name, z->name) == 0) {
            return sw_yaml_fail(l->y, at, key, SW_ERR_EXISTS, l->d, "%s holds %.60s already", name,
                                z->name);
        }
    }
    struct sw_zone_config *v = realloc(c->zones, (c->n_zones + 1) * sizeof *v);
    if (v == NULL) {
        return no_memory(l);
    }
    c->zones = v;
    char file[300];
    (void)snprintf(file, sizeof file, "zones/%s.zone", z->name);
    struct sw_zone_config *slot = &c->zones[c->n_zones++];
    *slot = (struct sw_zone_config){ strdup(z->name), strdup(file), primary };
    return slot->name != NULL && slot->file != NULL ? 0 : no_memory(l);
}

static int add_zone(struct sim_loader *l, size_t i)
{
    struct sim_scenario *s = &l->f->s;
    const struct sim_zone_entry *e = &l->f->zones[i];
    const struct sw_yaml_node *n = sw_yaml_item(sw_yaml_get(l->root, "zones"), i);
    struct sim_zone *z = &s->zones[s->n_zones++];
    int err = check_keys(l, n, e);
    if (err != 0) {
        return err;
    }
    z->outside = e->primary.s[0] == '\0';
    z->name = strdup(e->name);
    z->file = strdup(e->file != NULL ? e->file : e->name);
    if (z->name == NULL || z->file == NULL) {
        return no_memory(l);
    }
    for (size_t k = 0; k < i; k++) {
        if (strcmp(l->f->zones[k].name, e->name) == 0) {
            return sw_yaml_fail(l->y, sw_yaml_get(n, "name"), "name", SW_ERR_EXISTS, l->d,
                                "two zones are called '%.60s'", e->name);
        }
    }
    err = e->file != NULL ? read_text(l, sw_yaml_get(n, "file"), z) : make_text(l, e, z);
    if (err == 0) {
        sim_load_input(l, z->text, z->len);
        err = check_text(l, sw_yaml_get(n, "file"), z);
    }
    if (err == 0 && !z->outside) {
        err = hold(l, sw_yaml_get(n, "primary"), "primary", e->primary.s, z, true);
    }
    for (size_t k = 0; k < e->n_backups && err == 0; k++) {
        err = hold(l, sw_yaml_item(sw_yaml_get(n, "backups"), k), "backups", e->backups[k].s, z,
                   false);
    }
    return err;
}

int sim_load_zones(struct sim_loader *l)
{
    struct sim_scenario *s = &l->f->s;
    if (l->f->n_zones == 0) {
        return 0;
    }
    s->zones = calloc(l->f->n_zones, sizeof *s->zones);
    int err = s->zones == NULL ? no_memory(l) : 0;
    for (size_t i = 0; i < l->f->n_zones && err == 0; i++) {
        err = add_zone(l, i);
    }
    return err;
}
