/* SPDX-License-Identifier: GPL-3.0-or-later
 * `knows`: whom each node knows from the start.  Knowing is mutual: a node accepts nobody it has
 * never heard of. */
#define _POSIX_C_SOURCE 200809L
#include "sim/scenario/load.h"

#include <stdlib.h>
#include <string.h>

/* Each pair costs both nodes about a kilobyte, and the simulator as much. */
#define MAX_PEERINGS (UINT64_C(1) << 22)

/* A square of bits: does row know column? */
struct square {
    uint64_t *bits;
    size_t n, words; /* words a row */
};

static void mark(struct square *q, size_t a, size_t b)
{
    if (a != b) {
        q->bits[a * q->words + b / 64] |= UINT64_C(1) << b % 64;
        q->bits[b * q->words + a / 64] |= UINT64_C(1) << a % 64;
    }
}

static bool marked(const struct square *q, size_t a, size_t b)
{
    return (q->bits[a * q->words + b / 64] >> b % 64 & 1) != 0;
}

/* Does node @a learn of the others by itself? */
static bool joins(const struct sim_loader *l, size_t a)
{
    return l->f->entries[a].node.config.n_join > 0;
}

static void mark_all(const struct sim_loader *l, struct square *q, size_t a)
{
    for (size_t k = 0; k < q->n && !joins(l, a); k++) {
        if (!joins(l, k)) {
            mark(q, a, k);
        }
    }
}

/* Node @a's address is its name.  Are the addresses that it joins by nodes?  Where one node says
 * whom it knows, nobody learns of others: the scenario says it all. */
static int address(struct sim_loader *l, size_t a, bool all_said)
{
    struct sw_config *c = &l->f->s.nodes[a].config;
    c->address = c->name.s;
    c->membership.open = c->membership.open && !all_said;
    for (size_t i = 0; i < c->n_join; i++) {
        const struct sw_yaml_node *at = sw_yaml_get(l->f->entries[a].at, "join");
        if (sim_node_index(&l->f->s, c->join[i]) == SIZE_MAX) {
            return sw_yaml_fail(l->y, sw_yaml_item(at, i), "join", SW_ERR_NOTFOUND, l->d,
                                "no node is called '%.40s'", c->join[i]);
        }
    }
    return 0;
}

static void mark_region(struct square *q, const struct sim_scenario *s, size_t a, const char *name)
{
    for (size_t k = 0; k < q->n; k++) {
        if (strcmp(s->nodes[k].config.region.s, name) == 0) {
            mark(q, a, k);
        }
    }
}

/* What item @k of node @a's list says. */
static int mark_named(struct sim_loader *l, struct square *q, size_t a, size_t k)
{
    const struct sim_scenario *s = &l->f->s;
    const struct sim_node_entry *e = &l->f->entries[a];
    const char *name = e->knows[k].s;
    const size_t node = sim_node_index(s, name);
    const bool region = sim_region_index(s, name) != SIZE_MAX;
    const struct sw_yaml_node *at = sw_yaml_item(sw_yaml_get(e->at, "knows"), k);
    if (node != SIZE_MAX && region) {
        return sw_yaml_fail(l->y, at, "knows", SW_ERR_MALFORMED, l->d,
                            "'%s' is both a node and a region", name);
    }
    if (node != SIZE_MAX) {
        mark(q, a, node);
    } else if (region) {
        mark_region(q, s, a, name);
    } else {
        return sw_yaml_fail(l->y, at, "knows", SW_ERR_NOTFOUND, l->d,
                            "no node and no region is called '%s'", name);
    }
    return 0;
}

static uint64_t count(const struct square *q)
{
    uint64_t n = 0;
    for (size_t i = 0; i < q->n * q->words; i++) {
        n += (uint64_t)__builtin_popcountll(q->bits[i]);
    }
    return n;
}

static int too_many(struct sim_loader *l, uint64_t n)
{
    return sw_yaml_fail(l->y, sw_yaml_get(l->root, "nodes"), "nodes", SW_ERR_RANGE, l->d,
                        "%zu nodes know %.0f others in all (at most %.0f; see `knows`)",
                        l->f->n_entries, (double)n, (double)MAX_PEERINGS);
}

/* Node @i's peers, in the order of the scenario. */
static int list_peers(struct sim_loader *l, const struct square *q, size_t i)
{
    struct sim_scenario *s = &l->f->s;
    struct sw_config *c = &s->nodes[i].config;
    size_t n = 0;
    for (size_t k = 0; k < q->words; k++) {
        n += (size_t)__builtin_popcountll(q->bits[i * q->words + k]);
    }
    c->peers = calloc(n + 1, sizeof *c->peers);
    for (size_t k = 0; k < q->n && c->peers != NULL; k++) {
        if (!marked(q, i, k)) {
            continue;
        }
        const struct sw_config *other = &s->nodes[k].config;
        struct sw_peer_config *p = &c->peers[c->n_peers++];
        *p = (struct sw_peer_config){ .name = other->name,
                                      .region = other->region,
                                      .address = strdup(other->name.s) };
        if (p->address == NULL) {
            return SW_ERR_NOMEM;
        }
    }
    return c->peers != NULL ? 0 : SW_ERR_NOMEM;
}

int sim_acquaint(struct sim_loader *l)
{
    const size_t n = l->f->n_entries;
    struct square q = { .n = n, .words = (n + 63) / 64 };
    q.bits = calloc(n * q.words + 1, sizeof *q.bits);
    int err = q.bits != NULL ? 0 : SW_ERR_NOMEM;
    bool all_said = false;
    for (size_t i = 0; i < n && err == 0; i++) {
        const struct sim_node_entry *e = &l->f->entries[i];
        all_said = all_said || sw_yaml_get(e->at, "knows") != NULL;
        if (sw_yaml_get(e->at, "knows") == NULL) {
            mark_all(l, &q, i);
        }
        for (size_t k = 0; k < e->n_knows && err == 0; k++) {
            err = mark_named(l, &q, i, k);
        }
    }
    const uint64_t peerings = err == 0 ? count(&q) : 0;
    if (peerings > MAX_PEERINGS) {
        err = too_many(l, peerings);
    }
    for (size_t i = 0; i < n && err == 0; i++) {
        err = address(l, i, all_said);
        err = err == 0 ? list_peers(l, &q, i) : err;
    }
    free(q.bits);
    return err != SW_ERR_NOMEM ? err : sw_diag_set(l->d, err, "%s: out of memory", l->y->file);
}
