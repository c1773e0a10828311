/* SPDX-License-Identifier: GPL-3.0-or-later
 * Ordered map from byte strings to pointers.  Iteration is in key order (memcmp, then length)
 * and nothing else, so that no result depends on addresses or hashing. */
#ifndef SW_BASE_MAP_H
#define SW_BASE_MAP_H

#include "node/base/types.h"

struct sw_map_node;

/* Zero-initialised is a valid empty map. */
struct sw_map {
    struct sw_map_node *root;
    size_t count;
};

/* Bind @key (copied) to @value (not owned), which must not be NULL.  @old, when not NULL,
 * gets the value that was replaced, or NULL.  Errors: SW_ERR_NOMEM: map unchanged. */
int sw_map_put(struct sw_map *m, struct sw_bytes key, void *value, void **old);
/* The value of @key, or NULL. */
void *sw_map_get(const struct sw_map *m, struct sw_bytes key);
/* Remove @key; its value, or NULL when absent. */
void *sw_map_del(struct sw_map *m, struct sw_bytes key);

/* The smallest entry whose key is > @after (>= the empty key when @after is NULL).  Returns
 * its value and lends its key in @key until the map changes; NULL at the end. */
void *sw_map_next(const struct sw_map *m, const struct sw_bytes *after, struct sw_bytes *key);
/* Free all nodes; values are the caller's. */
void sw_map_fini(struct sw_map *m);

#endif
