/* SPDX-License-Identifier: GPL-3.0-or-later
 * Ordered map as an AA tree (Andersson 1993): a balanced binary search tree whose shape depends
 * on the keys and the order of changes alone.  No hash, so that nobody outside can unbalance it.
 *
 * A node's level is 1 at a leaf; a left child is one level lower than its parent; a right child
 * is one lower or equal; a right grandchild is lower.  Height <= 2 log2(n + 1). */
#include "node/base/map.h"

#include "node/base/bug.h"
#include "node/base/err.h"

#include <stdlib.h>
#include <string.h>

#define MAX_HEIGHT 128

struct sw_map_node {
    struct sw_map_node *left, *right;
    void *value;
    size_t len;
    uint32_t level;
    uint8_t key[];
};

/* The links followed from the root; the last one is where the search ended. */
struct path {
    struct sw_map_node **link[MAX_HEIGHT];
    size_t n;
};

static int compare(struct sw_bytes a, const struct sw_map_node *b)
{
    const size_t common = a.len < b->len ? a.len : b->len;
    const int order = common > 0 ? memcmp(a.data, b->key, common) : 0;
    if (order != 0) {
        return order;
    }
    return a.len < b->len ? -1 : a.len > b->len;
}

static uint32_t level(const struct sw_map_node *n)
{
    return n == NULL ? 0 : n->level;
}

/* Rotate right when the left child is on the same level. */
static struct sw_map_node *skew(struct sw_map_node *n)
{
    if (n == NULL || level(n->left) != n->level) {
        return n;
    }
    struct sw_map_node *l = n->left;
    n->left = l->right;
    l->right = n;
    return l;
}

/* Rotate left and lift when the right grandchild is on the same level. */
static struct sw_map_node *split(struct sw_map_node *n)
{
    if (n == NULL || n->right == NULL || level(n->right->right) != n->level) {
        return n;
    }
    struct sw_map_node *r = n->right;
    n->right = r->left;
    r->left = n;
    r->level++;
    return r;
}

static void push(struct path *p, struct sw_map_node **link)
{
    SW_ASSERT(p->n < MAX_HEIGHT);
    p->link[p->n++] = link;
}

/* Follow @key; true when the last link of @p holds it, else that link is where it belongs. */
static bool find(struct sw_map *m, struct sw_bytes key, struct path *p)
{
    struct sw_map_node **link = &m->root;
    p->n = 0;
    push(p, link);
    while (*link != NULL) {
        const int order = compare(key, *link);
        if (order == 0) {
            return true;
        }
        link = order < 0 ? &(*link)->left : &(*link)->right;
        push(p, link);
    }
    return false;
}

int sw_map_put(struct sw_map *m, struct sw_bytes key, void *value, void **old)
{
    struct path p;
    SW_ASSERT(value != NULL);
    if (find(m, key, &p)) {
        struct sw_map_node *n = *p.link[p.n - 1];
        if (old != NULL) {
            *old = n->value;
        }
        n->value = value;
        return SW_OK;
    }
    if (key.len > SIZE_MAX / 2) {
        return SW_ERR_NOMEM;
    }
    struct sw_map_node *n = malloc(sizeof *n + key.len);
    if (n == NULL) {
        return SW_ERR_NOMEM;
    }
    *n = (struct sw_map_node){ .value = value, .len = key.len, .level = 1 };
    if (key.len > 0) {
        memcpy(n->key, key.data, key.len);
    }
    if (old != NULL) {
        *old = NULL;
    }
    *p.link[p.n - 1] = n;
    m->count++;
    for (size_t i = p.n; i > 0; i--) {
        *p.link[i - 1] = split(skew(*p.link[i - 1]));
    }
    return SW_OK;
}

void *sw_map_get(const struct sw_map *m, struct sw_bytes key)
{
    for (const struct sw_map_node *n = m->root; n != NULL;) {
        const int order = compare(key, n);
        if (order == 0) {
            return n->value;
        }
        n = order < 0 ? n->left : n->right;
    }
    return NULL;
}

/* Restore the levels of @n after a child may have sunk. */
static struct sw_map_node *lower(struct sw_map_node *n)
{
    const uint32_t l = level(n->left);
    const uint32_t r = level(n->right);
    const uint32_t want = (l < r ? l : r) + 1;
    if (want >= n->level) {
        return n;
    }
    n->level = want;
    if (want < r) {
        n->right->level = want;
    }
    n = skew(n);
    n->right = skew(n->right);
    if (n->right != NULL) {
        n->right->right = skew(n->right->right);
    }
    n = split(n);
    n->right = split(n->right);
    return n;
}

void *sw_map_del(struct sw_map *m, struct sw_bytes key)
{
    struct path p;
    if (!find(m, key, &p)) {
        return NULL;
    }
    const size_t at = p.n - 1;
    struct sw_map_node *gone = *p.link[at];
    if (gone->left == NULL) {
        *p.link[at] = gone->right;
    } else { /* both children: the next larger key takes its place */
        struct sw_map_node **link = &gone->right;
        push(&p, link);
        while ((*link)->left != NULL) {
            link = &(*link)->left;
            push(&p, link);
        }
        struct sw_map_node *heir = *link;
        *link = heir->right;
        heir->left = gone->left;
        heir->right = gone->right;
        heir->level = gone->level;
        *p.link[at] = heir;
        p.link[at + 1] = &heir->right;
    }
    for (size_t i = p.n; i > 0; i--) {
        if (*p.link[i - 1] != NULL) {
            *p.link[i - 1] = lower(*p.link[i - 1]);
        }
    }
    void *value = gone->value;
    free(gone);
    m->count--;
    return value;
}

void *sw_map_next(const struct sw_map *m, const struct sw_bytes *after, struct sw_bytes *key)
{
    const struct sw_map_node *best = NULL;
    for (const struct sw_map_node *n = m->root; n != NULL;) {
        if (after == NULL || compare(*after, n) < 0) {
            best = n;
            n = n->left;
        } else {
            n = n->right;
        }
    }
    if (best == NULL) {
        return NULL;
    }
    *key = (struct sw_bytes){ best->key, best->len };
    return best->value;
}

void sw_map_fini(struct sw_map *m)
{
    for (struct sw_map_node *n = m->root; n != NULL;) {
        if (n->left != NULL) { /* rotate right until there is no left: no stack needed */
            struct sw_map_node *l = n->left;
            n->left = l->right;
            l->right = n;
            n = l;
        } else {
            struct sw_map_node *r = n->right;
            free(n);
            n = r;
        }
    }
    *m = (struct sw_map){ 0 };
}
