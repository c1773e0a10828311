/* SPDX-License-Identifier: GPL-3.0-or-later
 * Placement of copies by region and highest random weight. */
#include "algorithms/place/place.h"

#include "node/base/bug.h"

#include <sodium.h>
#include <string.h>

static uint64_t score(const struct sw_digest *object, const struct sw_name *name)
{
    crypto_generichash_state state;
    uint8_t digest[SW_DIGEST_LEN];
    uint64_t first = 0;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof digest);
    (void)crypto_generichash_update(&state, object->b, sizeof object->b);
    (void)crypto_generichash_update(&state, (const uint8_t *)name->s, strlen(name->s));
    (void)crypto_generichash_final(&state, digest, sizeof digest);
    for (size_t i = 0; i < 8; i++) {
        first = first << 8 | digest[i];
    }
    return first;
}

static bool same(const struct sw_name *a, const struct sw_name *b)
{
    return strcmp(a->s, b->s) == 0;
}

/* How good a node is as the next holder: fewer copies in its region, not in self's, higher score,
 * and, should two scores be equal, the smaller name. */
struct rank {
    uint32_t copies;
    bool own;
    uint64_t score;
    const struct sw_name *name;
};

static bool better(const struct rank *a, const struct rank *b)
{
    if (a->copies != b->copies) {
        return a->copies < b->copies;
    }
    if (a->own != b->own) {
        return b->own;
    }
    if (a->score != b->score) {
        return a->score > b->score;
    }
    return strcmp(a->name->s, b->name->s) < 0;
}

static bool is_chosen(const struct sw_place *p, uint32_t i)
{
    for (uint32_t c = 0; c < p->n; c++) {
        if (p->chosen[c] == i) {
            return true;
        }
    }
    return false;
}

static struct rank rank_of(const struct sw_place_request *q, const struct sw_place_node *nodes,
                           const struct sw_place *p, uint32_t i)
{
    struct rank r = {
        .own = same(&nodes[i].region, &q->region),
        .score = score(&q->object, &nodes[i].name),
        .name = &nodes[i].name,
    };
    for (uint32_t c = 0; c < p->n; c++) {
        r.copies += same(&nodes[i].region, &nodes[p->chosen[c]].region);
    }
    return r;
}

static bool may_hold(const struct sw_place_request *q, const struct sw_place_node *node)
{
    return node->stores && !same(&node->name, &q->self);
}

/* Choose one more; false when nobody is left. */
static bool choose_one(const struct sw_place_request *q, const struct sw_place_node *nodes,
                       uint32_t n, struct sw_place *p)
{
    struct rank best = { 0 };
    uint32_t at = n;
    for (uint32_t i = 0; i < n; i++) {
        if (!may_hold(q, &nodes[i]) || nodes[i].free < q->size || is_chosen(p, i)) {
            continue;
        }
        const struct rank r = rank_of(q, nodes, p, i);
        if (at == n || better(&r, &best)) {
            best = r;
            at = i;
        }
    }
    if (at == n) {
        return false;
    }
    p->chosen[p->n++] = at;
    p->crowded += best.copies > 0;
    p->own_region = p->own_region || best.own;
    return true;
}

void sw_place_choose(const struct sw_place_request *q, const struct sw_place_node *nodes,
                     size_t n_nodes, struct sw_place *out)
{
    SW_ASSERT(q->copies >= 1 && q->copies <= SW_PLACE_MAX && n_nodes < UINT32_MAX);
    *out = (struct sw_place){ 0 };
    for (size_t i = 0; i < n_nodes; i++) {
        out->too_full += may_hold(q, &nodes[i]) && nodes[i].free < q->size;
    }
    while (out->n < q->copies && choose_one(q, nodes, (uint32_t)n_nodes, out)) {
    }
    out->missing = q->copies - out->n;
}
