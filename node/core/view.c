/* SPDX-License-Identifier: GPL-3.0-or-later
 * Making views, publishing them, and freeing those that no front uses any longer. */
#include "node/core/view.h"

#include "node/base/bug.h"
#include "node/core/emit.h"
#include "node/core/node_state.h"

#include <stdlib.h>
#include <string.h>

#define LOOPBACKS 2U

/* A view and what it keeps alive: one block of memory, the arrays behind the struct. */
struct sw_published {
    struct sw_view view; /* first: fronts hold its address */
    struct sw_published *older;
    bool retired;
    struct sw_zone_box **boxes;   /* of view.zones */
    const struct sw_zone **zones; /* view.zones, to write */
    const uint8_t **elsewhere;    /* view.elsewhere, to write */
    struct sw_prefix *clients;    /* view.clients, to write */
    uint8_t *names;               /* where elsewhere points */
};

static void drop(struct sw_published *p)
{
    for (size_t i = 0; i < p->view.n_zones; i++) {
        sw_zone_box_drop(p->boxes[i]);
    }
    free(p);
}

/* Room for @zones held zones and @others names of @bytes in all; NULL when memory is out. */
static struct sw_published *make(size_t zones, size_t others, size_t clients, size_t bytes)
{
    const size_t size = sizeof(struct sw_published) +
                        zones * (sizeof(struct sw_zone_box *) + sizeof(struct sw_zone *)) +
                        others * sizeof(uint8_t *) + clients * sizeof(struct sw_prefix) + bytes;
    struct sw_published *p = calloc(1, size);
    if (p == NULL) {
        return NULL;
    }
    p->boxes = (struct sw_zone_box **)(void *)(p + 1);
    p->zones = (const struct sw_zone **)(void *)(p->boxes + zones);
    p->elsewhere = (const uint8_t **)(void *)(p->zones + zones);
    p->clients = (struct sw_prefix *)(void *)(p->elsewhere + others);
    p->names = (uint8_t *)(p->clients + clients);
    p->view.clients = p->clients;
    p->view.zones = p->zones;
    p->view.elsewhere = p->elsewhere;
    return p;
}

static void add_zone(struct sw_published *p, struct sw_zone_box *box)
{
    box->users++;
    p->boxes[p->view.n_zones] = box;
    p->zones[p->view.n_zones++] = box->zone;
}

static void add_elsewhere(struct sw_published *p, const uint8_t *name)
{
    const size_t len = sw_dname_len(name);
    memcpy(p->names, name, len);
    p->elsewhere[p->view.n_elsewhere++] = p->names;
    p->names += len;
}

/* Bytes of every name that may have to be asked elsewhere. */
static size_t names_bytes(const struct sw_node *n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n->held.n; i++) {
        bytes += sw_dname_len(n->held.v[i]->name);
    }
    for (size_t i = 0; i < n->directory.n; i++) {
        bytes += sw_dname_len(n->directory.zones[i]->name);
    }
    return bytes;
}

/* Whoever may ask upstreams: who runs on this machine, unless the configuration says otherwise. */
static void add_clients(struct sw_published *p, const struct sw_config *c)
{
    static const char *const loopback[LOOPBACKS] = { "127.0.0.0/8", "::1/128" };
    const size_t n = c->n_clients > 0 ? c->n_clients : LOOPBACKS;
    for (size_t i = 0; i < n && c->n_upstreams > 0; i++) {
        const int err =
            sw_prefix_parse(c->n_clients > 0 ? c->clients[i] : loopback[i], &p->clients[i]);
        SW_ASSERT(err == SW_OK); /* checked when it was taken */
        p->view.n_clients++;
    }
}

/* Merge two sorted lists: what we hold (loaded: a zone; else it is asked elsewhere until it is)
 * and what peers announced. */
static struct sw_published *build(const struct sw_node *n)
{
    const struct sw_held *held = &n->held;
    const struct sw_directory *known = &n->directory;
    struct sw_published *p =
        make(held->n, held->n + known->n, n->config->n_clients + LOOPBACKS, names_bytes(n));
    if (p == NULL) {
        return NULL;
    }
    size_t h = 0;
    size_t k = 0;
    while (h < held->n || k < known->n) {
        const int order = h == held->n ? 1
                          : k == known->n
                              ? -1
                              : sw_dname_compare(held->v[h]->name, known->zones[k]->name);
        const bool ours = order <= 0;
        if (ours && held->v[h]->box != NULL) {
            add_zone(p, held->v[h]->box);
        } else {
            add_elsewhere(p, ours ? held->v[h]->name : known->zones[k]->name);
        }
        h += order <= 0;
        k += order >= 0;
    }
    p->view.udp_size = (uint16_t)n->config->udp_size;
    add_clients(p, n->config);
    return p;
}

void sw_views_refresh(struct sw_node *n)
{
    struct sw_views *v = &n->views;
    if (n->config == NULL || !(n->held.changed || n->directory.changed) || v->n >= SW_VIEWS_MAX) {
        return;
    }
    struct sw_published *p = build(n);
    struct sw_action *act = p != NULL ? sw_emit(n, SW_ACT_PUBLISH) : NULL;
    if (act == NULL) {
        if (p != NULL) {
            drop(p);
        }
        n->out_of_memory = true;
        return; /* still changed: the next step tries again */
    }
    act->u.publish = &p->view;
    p->older = v->latest;
    v->latest = p;
    v->n++;
    n->held.changed = false;
    n->directory.changed = false;
    if (p->older != NULL && p->older->retired) {
        sw_views_retired(n, &p->older->view);
    }
}

void sw_views_retired(struct sw_node *n, const struct sw_view *view)
{
    struct sw_views *v = &n->views;
    for (struct sw_published **at = &v->latest; *at != NULL; at = &(*at)->older) {
        struct sw_published *p = *at;
        if (&p->view != view) {
            continue;
        }
        p->retired = true;
        if (p != v->latest) { /* the latest one still answers peers */
            *at = p->older;
            v->n--;
            drop(p);
        }
        return;
    }
}

const struct sw_view *sw_views_current(const struct sw_node *n)
{
    return n->views.latest != NULL ? &n->views.latest->view : NULL;
}

void sw_views_fini(struct sw_views *v)
{
    while (v->latest != NULL) {
        struct sw_published *p = v->latest;
        v->latest = p->older;
        drop(p);
    }
    v->n = 0;
}
