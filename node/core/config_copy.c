/* SPDX-License-Identifier: GPL-3.0-or-later
 * A configuration of the node's own. */
#include "node/core/config_copy.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Put a copy of @text in its place; false when memory is out, and then NULL is there. */
static bool own_text(char **text)
{
    if (*text == NULL) {
        return true;
    }
    const size_t size = strlen(*text) + 1;
    char *copy = malloc(size);
    if (copy != NULL) {
        memcpy(copy, *text, size);
    }
    *text = copy;
    return copy != NULL;
}

/* A copy of @n items of @size bytes whose pointers are still the original's; NULL for none. */
static bool own_array(void **items, size_t n, size_t size)
{
    void *copy = n > 0 ? malloc(n * size) : NULL;
    if (copy != NULL) {
        memcpy(copy, *items, n * size);
    }
    *items = copy;
    return n == 0 || copy != NULL;
}

/* Own the list @items of @c, or leave it empty. */
#define OWN_ARRAY(c, items, count, ok)                            \
    do {                                                          \
        void *list_ = (void *)(c)->items;                         \
        if (!own_array(&list_, (c)->count, sizeof *(c)->items)) { \
            (c)->count = 0;                                       \
            (ok) = false;                                         \
        }                                                         \
        (c)->items = list_;                                       \
    } while (0)

struct sw_config *sw_config_copy(const struct sw_config *original)
{
    struct sw_config *c = malloc(sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    *c = *original;
    bool ok = true;
    OWN_ARRAY(c, zones, n_zones, ok);
    OWN_ARRAY(c, peers, n_peers, ok);
    OWN_ARRAY(c, join, n_join, ok);
    OWN_ARRAY(c, upstreams, n_upstreams, ok);
    OWN_ARRAY(c, clients, n_clients, ok);
    OWN_ARRAY(c, params, n_params, ok);
    OWN_ARRAY(c, sets, n_sets, ok);
    /* Every text is owned or NULL from here on, whatever failed. */
    for (size_t i = 0; i < c->n_zones; i++) {
        ok = own_text(&c->zones[i].name) && ok;
        ok = own_text(&c->zones[i].file) && ok;
    }
    for (size_t i = 0; i < c->n_peers; i++) {
        ok = own_text(&c->peers[i].address) && ok;
    }
    for (size_t i = 0; i < c->n_join; i++) {
        ok = own_text(&c->join[i]) && ok;
    }
    for (size_t i = 0; i < c->n_upstreams; i++) {
        ok = own_text(&c->upstreams[i]) && ok;
    }
    for (size_t i = 0; i < c->n_clients; i++) {
        ok = own_text(&c->clients[i]) && ok;
    }
    for (size_t i = 0; i < c->n_params; i++) {
        ok = own_text(&c->params[i].name) && ok;
    }
    for (size_t i = 0; i < c->n_sets; i++) {
        ok = own_text(&c->sets[i].path) && ok;
    }
    ok = own_text(&c->address) && ok;
    ok = own_text(&c->policy) && ok;
    ok = own_text(&c->store) && ok;
    if (!ok) {
        sw_config_copy_free(c);
        return NULL;
    }
    return c;
}

void sw_config_copy_free(struct sw_config *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->n_zones; i++) {
        free(c->zones[i].name);
        free(c->zones[i].file);
    }
    for (size_t i = 0; i < c->n_peers; i++) {
        free(c->peers[i].address);
    }
    for (size_t i = 0; i < c->n_join; i++) {
        free(c->join[i]);
    }
    for (size_t i = 0; i < c->n_upstreams; i++) {
        free(c->upstreams[i]);
    }
    for (size_t i = 0; i < c->n_clients; i++) {
        free(c->clients[i]);
    }
    for (size_t i = 0; i < c->n_params; i++) {
        free(c->params[i].name);
    }
    for (size_t i = 0; i < c->n_sets; i++) {
        free(c->sets[i].path);
    }
    free(c->zones);
    free(c->peers);
    free((void *)c->join);
    free((void *)c->upstreams);
    free((void *)c->clients);
    free(c->params);
    free(c->sets);
    free(c->address);
    free(c->policy);
    free(c->store);
    sodium_memzero(c->identity, sizeof c->identity);
    free(c);
}
