/* SPDX-License-Identifier: GPL-3.0-or-later
 * `network`: what a link leaves out is as the tables of keys say, or as between other regions. */
#include "sim/scenario/load.h"

#include <string.h>

/* A path has these of `wide`, or of `local` inside a region, unless it has its own. */
static const struct {
    const char *key;
    size_t offset, size;
} inherited[] = {
#define INHERITED(key, member)                                                         \
    {                                                                                  \
        key, offsetof(struct sim_link, member), sizeof(((struct sim_link *)0)->member) \
    }
    INHERITED("latency", latency),
    INHERITED("jitter", jitter),
    INHERITED("loss", loss),
    INHERITED("burst", burst),
    INHERITED("duplication", duplication),
    INHERITED("reordering", reordering),
    INHERITED("reordered_by", reordered_by),
    INHERITED("corruption", corruption),
};

static int check_burst(struct sim_loader *l, const struct sw_yaml_node *link,
                       const struct sim_burst *b)
{
    const struct sw_yaml_node *n = sw_yaml_get(link, "burst");
    if (n == NULL) {
        return 0;
    }
    if (b->r <= 0) {
        return sw_yaml_fail(l->y, sw_yaml_get(n, "r"), "r", SW_ERR_RANGE, l->d,
                            "is 0: the bad state would never end (more than 0)");
    }
    if (b->p + b->r > 1) {
        return sw_yaml_fail(l->y, sw_yaml_get(n, "r"), "r", SW_ERR_RANGE, l->d,
                            "makes more than 1 with p (p + r <= 1)");
    }
    return 0;
}

static int load_link(struct sim_loader *l, const char *key, struct sim_link *link)
{
    const struct sw_yaml_node *n = sw_yaml_get(sw_yaml_get(l->root, "network"), key);
    if (sw_yaml_get(n, "downlink") == NULL) {
        link->downlink = link->bandwidth;
    }
    return check_burst(l, n, &link->burst);
}

static int find_ends(struct sim_loader *l, const struct sw_yaml_node *n, struct sim_path *p)
{
    const struct sw_yaml_node *between = sw_yaml_get(n, "between");
    if (p->n_between != 2) {
        return sw_yaml_fail(l->y, between, "between", SW_ERR_MALFORMED, l->d,
                            "has %zu items (two regions, like [fra, nyc])", p->n_between);
    }
    for (size_t i = 0; i < 2; i++) {
        const size_t r = sim_region_index(&l->f->s, p->between[i].s);
        if (r == SIZE_MAX) {
            return sw_yaml_fail(l->y, sw_yaml_item(between, i), "between", SW_ERR_NOTFOUND, l->d,
                                "no region is called '%s'", p->between[i].s);
        }
        p->region[i] = (uint32_t)r;
    }
    return 0;
}

static bool same_ends(const struct sim_path *a, const struct sim_path *b)
{
    return (a->region[0] == b->region[0] && a->region[1] == b->region[1]) ||
           (a->region[0] == b->region[1] && a->region[1] == b->region[0]);
}

static int load_path(struct sim_loader *l, const struct sw_yaml_node *n, size_t i)
{
    const struct sim_scenario *s = &l->f->s;
    struct sim_path *p = &s->paths[i];
    int err = find_ends(l, n, p);
    for (size_t k = 0; k < i && err == 0; k++) {
        if (same_ends(&s->paths[k], p)) {
            err = sw_yaml_fail(l->y, sw_yaml_get(n, "between"), "between", SW_ERR_EXISTS, l->d,
                               "%s and %s have a path already", p->between[0].s, p->between[1].s);
        }
    }
    const struct sim_link *usual = p->region[0] == p->region[1] ? &s->local : &s->wide;
    for (size_t k = 0; k < SW_LEN(inherited); k++) {
        if (sw_yaml_get(n, inherited[k].key) == NULL) {
            memcpy((char *)&p->link + inherited[k].offset,
                   (const char *)usual + inherited[k].offset, inherited[k].size);
        }
    }
    return err == 0 ? check_burst(l, n, &p->link.burst) : err;
}

int sim_load_network(struct sim_loader *l)
{
    struct sim_scenario *s = &l->f->s;
    const struct sw_yaml_node *paths = sw_yaml_get(sw_yaml_get(l->root, "network"), "paths");
    int err = load_link(l, "wide", &s->wide);
    if (err == 0) {
        err = load_link(l, "local", &s->local);
    }
    for (size_t i = 0; i < s->n_paths && err == 0; i++) {
        err = load_path(l, sw_yaml_item(paths, i), i);
    }
    return err;
}
