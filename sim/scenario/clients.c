/* SPDX-License-Identifier: GPL-3.0-or-later
 * `clients`: groups moved into the scenario, what they left to us filled in, their files read. */
#define _POSIX_C_SOURCE 200809L
#include "node/core/dns/name.h"
#include "sim/scenario/load.h"
#include "sim/scenario/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS_RESOLV_CONF 2U              /* resolv.conf(5) */
#define ATTEMPTS_RESOLVED 24U                /* DNS_TRANSACTION_ATTEMPTS_MAX of systemd */
#define WITHDRAWAL_ANYCAST (90 * SW_SEC)     /* RFC 4271, 10: suggested HoldTime */
#define WITHDRAWAL_VIRTUAL (3609375 * SW_US) /* RFC 9568, 6.1: priority 100, 1 s */

struct loading {
    struct sim_loader *l;
    const struct sw_yaml_node *n;
    struct sim_clients_entry *e;
    struct sim_clients *c;
};

static int fail(const struct loading *g, const char *key, int err, const char *what)
{
    const struct sw_yaml_node *at = sw_yaml_get(g->n, key);
    return sw_yaml_fail(g->l->y, at != NULL ? at : g->n, key, err, g->l->d, "%s", what);
}

static bool given(const struct loading *g, const char *key)
{
    return sw_yaml_get(g->n, key) != NULL;
}

static int no_memory(const struct loading *g)
{
    return sw_diag_set(g->l->d, SW_ERR_NOMEM, "%s: out of memory", g->l->y->file);
}

/* ---- names that must refer to something ---- */

static bool has_zone(const struct sim_scenario *s, const char *name)
{
    for (size_t i = 0; i < s->n_zones; i++) {
        if (strcmp(s->zones[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static int check_names(const struct loading *g)
{
    const struct sim_scenario *s = &g->l->f->s;
    const struct sim_clients *c = g->c;
    const struct sw_yaml_node *servers = sw_yaml_get(g->n, "servers");
    if (sim_region_index(s, c->region.s) == SIZE_MAX) {
        return sw_yaml_fail(g->l->y, sw_yaml_get(g->n, "region"), "region", SW_ERR_NOTFOUND,
                            g->l->d, "no region is called '%s'", c->region.s);
    }
    if (c->n_servers == 0) {
        return fail(g, "servers", SW_ERR_MALFORMED, "is empty (at least one node)");
    }
    for (size_t k = 0; k < c->n_servers; k++) {
        if (sim_node_index(s, c->servers[k].s) == SIZE_MAX) {
            return sw_yaml_fail(g->l->y, sw_yaml_item(servers, k), "servers", SW_ERR_NOTFOUND,
                                g->l->d, "no node is called '%s'", c->servers[k].s);
        }
    }
    if (c->zone != NULL && !has_zone(s, c->zone)) {
        return sw_yaml_fail(g->l->y, sw_yaml_get(g->n, "zone"), "zone", SW_ERR_NOTFOUND, g->l->d,
                            "no zone is called '%.60s'", c->zone);
    }
    return 0;
}

/* ---- keys that need or exclude others ---- */

static const char required[] = "is missing (required here)";

static int check_load(const struct loading *g)
{
    const struct sim_clients_entry *e = g->e;
    static const char *const drawn[] = { "types", "zipf", "nonexistent" };
    if (e->queries != NULL && e->capture != NULL) {
        return fail(g, "capture", SW_ERR_EXISTS, "queries is given as well (one of the two)");
    }
    if (e->capture != NULL) {
        static const char *const own[] = { "rate", "diurnal" };
        for (size_t i = 0; i < SW_LEN(own); i++) {
            if (given(g, own[i])) {
                return fail(g, own[i], SW_ERR_EXISTS, "a capture has its own times (leave it out)");
            }
        }
    } else if (given(g, "speed")) {
        return fail(g, "speed", SW_ERR_MALFORMED, "is for a capture (there is none)");
    }
    for (size_t i = 0; i < SW_LEN(drawn) && (e->queries != NULL || e->capture != NULL); i++) {
        if (given(g, drawn[i])) {
            return fail(g, drawn[i], SW_ERR_EXISTS, "the file says what is asked (leave it out)");
        }
    }
    if (e->capture == NULL && !given(g, "count")) {
        return fail(g, "count", SW_ERR_MALFORMED, required);
    }
    if (e->capture == NULL && !given(g, "rate")) {
        return fail(g, "rate", SW_ERR_MALFORMED, required);
    }
    if (e->capture == NULL && e->queries == NULL && g->c->zone == NULL) {
        return fail(g, "zone", SW_ERR_MALFORMED, required);
    }
    return 0;
}

static int fill_stub(const struct loading *g)
{
    struct sim_clients *c = g->c;
    if (c->stub == SIM_STUB_RESOLVED && c->rotation == SIM_ROTATE) {
        return fail(g, "rotation", SW_ERR_MALFORMED,
                    "systemd-resolved stays with a server that answers (in_order)");
    }
    if (c->entry != SIM_ENTRY_LIST && c->rotation == SIM_ROTATE) {
        return fail(g, "rotation", SW_ERR_MALFORMED,
                    "there is one address, and nothing to rotate (in_order, or entry: list)");
    }
    if (c->entry == SIM_ENTRY_LIST && given(g, "withdrawal")) {
        return fail(g, "withdrawal", SW_ERR_MALFORMED,
                    "is for an address that leads elsewhere (entry: anycast or virtual)");
    }
    if (!given(g, "attempts")) {
        c->attempts = c->stub == SIM_STUB_RESOLVED ? ATTEMPTS_RESOLVED : ATTEMPTS_RESOLV_CONF;
    }
    if (!given(g, "withdrawal")) {
        c->withdrawal = c->entry == SIM_ENTRY_ANYCAST   ? WITHDRAWAL_ANYCAST
                        : c->entry == SIM_ENTRY_VIRTUAL ? WITHDRAWAL_VIRTUAL
                                                        : 0;
    }
    return 0;
}

static int check_diurnal(const struct loading *g)
{
    const struct sim_diurnal *u = &g->c->diurnal;
    const struct sw_yaml_node *n = sw_yaml_get(g->n, "diurnal");
    const struct sw_yaml_node *curve = sw_yaml_get(n, "curve");
    double sum = 0;
    for (size_t i = 0; i < u->n_curve; i++) {
        if (!(u->curve[i] >= 0 && u->curve[i] <= 1000)) {
            return sw_yaml_fail(g->l->y, sw_yaml_item(curve, i), "curve", SW_ERR_RANGE, g->l->d,
                                "a factor of the rate lies between 0 and 1000");
        }
        sum += u->curve[i];
    }
    if (curve != NULL && sum <= 0) {
        return sw_yaml_fail(g->l->y, curve, "curve", SW_ERR_RANGE, g->l->d,
                            "nothing is ever asked (at least one factor above 0)");
    }
    if (curve != NULL &&
        (sw_yaml_get(n, "amplitude") != NULL || sw_yaml_get(n, "peak_at") != NULL)) {
        return sw_yaml_fail(g->l->y, curve, "curve", SW_ERR_EXISTS, g->l->d,
                            "a cosine is given as well (either curve, or amplitude and peak_at)");
    }
    return 0;
}

/* ---- types ---- */

static int fill_types(const struct loading *g)
{
    static const struct sw_yaml_field share = { .type = SW_YAML_PROBABILITY };
    const struct sw_yaml_node *map = sw_yaml_get(g->n, "types");
    double sum = 0;
    if (map == NULL) {
        return 0;
    }
    g->c->types = calloc(g->e->n_types + 1, sizeof *g->c->types);
    if (g->c->types == NULL) {
        return no_memory(g);
    }
    for (size_t i = 0; i < g->e->n_types; i++) {
        const struct sw_yaml_param *p = &g->e->types[i];
        const struct sw_yaml_node *at = sw_yaml_get(map, p->key);
        struct sim_type_share *t = &g->c->types[g->c->n_types++];
        if (sim_type_from_text(p->key, &t->type) != 0) {
            return sw_yaml_fail(g->l->y, at, p->key, SW_ERR_NOTFOUND, g->l->d,
                                "is no record type (like A, MX, TYPE65)");
        }
        if (sw_yaml_scalar(&share, NULL, p->value, &t->share) != 0) {
            return sw_yaml_fail(g->l->y, at, p->key, SW_ERR_MALFORMED, g->l->d,
                                "'%.40s' is not a share (like 0.7, 70%%)", p->value);
        }
        sum += t->share;
    }
    if (sum < 0.9999 || sum > 1.0001) {
        return sw_yaml_fail(g->l->y, map, "types", SW_ERR_RANGE, g->l->d,
                            "shares add up to %.6g %% (100 %% expected)", 100 * sum);
    }
    return 0;
}

/* ---- files ---- */

/* Which names lie in no zone? */
static void find_outsiders(const struct sim_scenario *s, struct sim_replay *r)
{
    uint8_t zone[SW_DNAME_MAX];
    for (size_t i = 0; i < r->n_names; i++) {
        r->names[i].outside = true;
    }
    for (size_t z = 0; z < s->n_zones; z++) {
        if (sw_dname_from_text(s->zones[z].name, zone) < 0) {
            continue; /* no node would load it */
        }
        for (size_t i = 0; i < r->n_names; i++) {
            if (sw_dname_under(r->names[i].wire, zone)) {
                r->names[i].outside = false;
            }
        }
    }
}

/* What is asked, however the file says it (struct sim_asked has padding, which says nothing). */
static void note_input(const struct loading *g)
{
    const struct sim_replay *r = g->c->replay;
    for (size_t i = 0; i < r->n; i++) {
        const struct sim_asked *a = &r->asked[i];
        const uint64_t words[] = { a->after, (uint64_t)a->source << 32 | a->name,
                                   (uint64_t)a->edns << 16 | a->type };
        sim_load_input(g->l, words, sizeof words);
    }
    for (size_t i = 0; i < r->n_names; i++) {
        sim_load_input(g->l, r->names[i].wire, sw_dname_len(r->names[i].wire));
    }
}

static int read_replay(const struct loading *g)
{
    const char *key = g->e->capture != NULL ? "capture" : "queries";
    const char *path = g->e->capture != NULL ? g->e->capture : g->e->queries;
    if (path == NULL) {
        return 0;
    }
    g->c->replay = calloc(1, sizeof *g->c->replay);
    if (g->c->replay == NULL) {
        return no_memory(g);
    }
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return sw_yaml_fail(g->l->y, sw_yaml_get(g->n, key), key, SW_ERR_IO, g->l->d, "%.90s: %s",
                            path, strerror(errno));
    }
    int err;
    if (g->e->capture != NULL) {
        err = sim_capture_read(f, path, g->c->replay, g->l->d);
    } else {
        err = sim_queries_read(f, path, g->c->replay, g->l->d);
        (void)fclose(f);
    }
    g->c->nonexistent = 0;
    g->c->count = g->c->count == 0 ? g->c->replay->sources : g->c->count;
    find_outsiders(&g->l->f->s, g->c->replay);
    note_input(g);
    return err;
}

int sim_load_clients(struct sim_loader *l)
{
    static int (*const steps[])(const struct loading *) = {
        check_names, check_load, fill_stub, check_diurnal, fill_types, read_replay,
    };
    struct sim_scenario *s = &l->f->s;
    s->clients = calloc(l->f->n_clients + 1, sizeof *s->clients);
    int err = s->clients == NULL ? SW_ERR_NOMEM : 0;
    for (size_t i = 0; i < l->f->n_clients && err == 0; i++) {
        const struct loading g = { l, sw_yaml_item(sw_yaml_get(l->root, "clients"), i),
                                   &l->f->clients[i], &s->clients[i] };
        *g.c = g.e->clients;
        s->n_clients++;
        for (size_t k = 0; k < SW_LEN(steps) && err == 0; k++) {
            err = steps[k](&g);
        }
    }
    return err == SW_ERR_NOMEM ? sw_diag_set(l->d, err, "%s: out of memory", l->y->file) : err;
}

void sim_free_clients(struct sim_scenario *s)
{
    for (size_t i = 0; i < s->n_clients; i++) {
        free(s->clients[i].types);
        if (s->clients[i].replay != NULL) {
            sim_replay_fini(s->clients[i].replay);
            free(s->clients[i].replay);
        }
    }
    free(s->clients);
}

sw_dur sim_scenario_patience(const struct sim_scenario *s)
{
    sw_dur longest = 0;
    for (size_t i = 0; i < s->n_clients; i++) {
        const sw_dur wait = sim_clients_patience(&s->clients[i]);
        longest = wait > longest ? wait : longest;
    }
    return longest;
}

sw_time sim_scenario_decided(const struct sim_scenario *s)
{
    const sw_dur wait = sim_scenario_patience(s);
    return wait < s->duration ? s->duration - wait : 0;
}
