/* SPDX-License-Identifier: GPL-3.0-or-later
 * Progressive filling. */
#include "sim/world/maxmin.h"

#include "sim/world/pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define END UINT32_MAX

/* A link while it fills. */
struct sim_filling {
    double left;    /* capacity that nobody has yet */
    uint32_t flows; /* that share it */
    uint32_t first; /* flow * SIM_FLOW_LINKS + which of its links this is */
};

/* When a link, or what a flow can use, is full: links first, then flows. */
struct sim_level {
    double at;
    size_t what;
};

static bool before(struct sim_level a, struct sim_level b)
{
    return a.at < b.at || (a.at == b.at && a.what < b.what);
}

static void push(struct sim_maxmin *m, double at, size_t what)
{
    const struct sim_level x = { at, what };
    size_t i = m->levels++;
    while (i > 0 && before(x, m->level[(i - 1) / 2])) {
        m->level[i] = m->level[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    m->level[i] = x;
}

static struct sim_level pop(struct sim_maxmin *m)
{
    const struct sim_level top = m->level[0];
    const struct sim_level x = m->level[--m->levels];
    size_t i = 0;
    for (size_t child = 1; child < m->levels; child = 2 * i + 1) {
        child += child + 1 < m->levels && before(m->level[child + 1], m->level[child]);
        if (!before(m->level[child], x)) {
            break;
        }
        m->level[i] = m->level[child];
        i = child;
    }
    m->level[i] = x;
    return top;
}

static void make_room(struct sim_maxmin *m, size_t n_links, size_t n_flows)
{
    if (m->n_links < n_links) {
        m->link = sim_realloc(m->link, n_links * sizeof *m->link);
        memset(m->link, 0, n_links * sizeof *m->link); /* nobody shares any */
        m->n_links = n_links;
    }
    if (m->n_flows < n_flows) {
        m->n_flows = 2 * n_flows;
        m->next = sim_realloc(m->next, SIM_FLOW_LINKS * m->n_flows * sizeof *m->next);
        m->settled = sim_realloc(m->settled, m->n_flows * sizeof *m->settled);
        m->level = sim_realloc(m->level, (SIM_FLOW_LINKS + 1) * m->n_flows * sizeof *m->level);
    }
}

/* Every flow joins its links; then each link and each flow's own limit has a level. */
static void begin(struct sim_maxmin *m, double (*capacity)(void *self, uint32_t link), void *self,
                  struct sim_share *const *flows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        m->settled[i] = false;
        flows[i]->rate = INFINITY;
        for (uint32_t k = 0; k < flows[i]->links; k++) {
            struct sim_filling *l = &m->link[flows[i]->link[k]];
            if (l->flows == 0) {
                *l =
                    (struct sim_filling){ .left = capacity(self, flows[i]->link[k]), .first = END };
            }
            m->next[SIM_FLOW_LINKS * i + k] = l->first;
            l->first = (uint32_t)(SIM_FLOW_LINKS * i + k);
            l->flows++;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (flows[i]->cap < INFINITY) {
            push(m, flows[i]->cap, m->n_links + i);
        }
        for (uint32_t k = 0; k < flows[i]->links; k++) {
            const struct sim_filling *l = &m->link[flows[i]->link[k]];
            if (l->first == SIM_FLOW_LINKS * i + k) { /* once a link */
                push(m, l->left / l->flows, flows[i]->link[k]);
            }
        }
    }
}

static void settle(struct sim_maxmin *m, struct sim_share *const *flows, size_t i, double rate)
{
    m->settled[i] = true;
    flows[i]->rate = rate;
    for (uint32_t k = 0; k < flows[i]->links; k++) {
        struct sim_filling *l = &m->link[flows[i]->link[k]];
        l->left = l->left > rate ? l->left - rate : 0;
        l->flows--;
    }
}

void sim_maxmin(struct sim_maxmin *m, size_t n_links, double (*capacity)(void *self, uint32_t link),
                void *self, struct sim_share *const *flows, size_t n)
{
    make_room(m, n_links, n);
    begin(m, capacity, self, flows, n);
    while (m->levels > 0) {
        const struct sim_level e = pop(m);
        if (e.what >= m->n_links) {
            if (!m->settled[e.what - m->n_links]) {
                settle(m, flows, e.what - m->n_links, e.at);
            }
            continue;
        }
        struct sim_filling *l = &m->link[e.what];
        if (l->flows == 0) {
            continue;
        }
        const double level = l->left / l->flows;
        if (level > e.at) { /* others left it more meanwhile */
            push(m, level, e.what);
            continue;
        }
        for (uint32_t at = l->first; at != END; at = m->next[at]) {
            if (!m->settled[at / SIM_FLOW_LINKS]) {
                settle(m, flows, at / SIM_FLOW_LINKS, level);
            }
        }
    }
}

void sim_maxmin_fini(struct sim_maxmin *m)
{
    free(m->link);
    free(m->next);
    free(m->settled);
    free(m->level);
}
