/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the store holds, as the loop knows it: the inventory and what came since. */
#ifndef SW_CORE_BACKUP_STOCK_H
#define SW_CORE_BACKUP_STOCK_H

#include "node/base/map.h"
#include "node/core/job.h"

struct sw_backup;

struct sw_stocked {
    struct sw_digest name;
    uint64_t size;
    uint32_t kind; /* swarm.v1.ObjectKind */
    /* of a manifest */
    struct sw_name node, set;
    uint64_t sequence;
    sw_wall taken_at;
};

struct sw_stock {
    struct sw_map objects; /* by name */
    struct sw_map heads;   /* manifests by node, set, sequence, name: newest last of a set */
    uint64_t bytes;
};

/* NULL when it is not here. */
const struct sw_stocked *sw_stock_find(const struct sw_stock *s, const struct sw_digest *name);
/* Add a copy of @o; nothing happens when it is here already.  Errors: SW_ERR_NOMEM. */
int sw_stock_add(struct sw_stock *s, const struct sw_stocked *o);
/* Fill @out with up to @cap manifests of a set, the newest first; how many. */
size_t sw_stock_heads(const struct sw_stock *s, const struct sw_name *node,
                      const struct sw_name *set, const struct sw_stocked **out, size_t cap);
/* Take over the result of an INVENTORY job.  Errors: SW_ERR_MALFORMED, SW_ERR_NOMEM. */
int sw_stock_fill(struct sw_stock *s, const struct sw_job *inventory);
void sw_stock_fini(struct sw_stock *s);

/* A name as messages carry it; false when it is none. */
bool sw_name_from(const char *text, struct sw_name *out);
bool sw_name_equal(const struct sw_name *a, const struct sw_name *b);

#endif
