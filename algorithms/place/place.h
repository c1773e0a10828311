/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where copies of an object go: nodes in as many different regions as can be, the same for
 * everybody who knows the same nodes, and spread evenly over many objects. */
#ifndef SW_PLACE_PLACE_H
#define SW_PLACE_PLACE_H

#include "node/base/types.h"

#define SW_PLACE_MAX 16 /* copies */

struct sw_place_node {
    struct sw_name name; /* unique among the nodes given */
    struct sw_name region;
    bool stores;   /* keeps other nodes' objects, and can be reached */
    uint64_t free; /* bytes it has left; UINT64_MAX: not known, assumed enough */
};

struct sw_place_request {
    struct sw_digest object;
    uint64_t size;         /* bytes */
    struct sw_name self;   /* holds the object already; never chosen */
    struct sw_name region; /* of self: what burns together with it, so chosen last */
    uint32_t copies;       /* 1..SW_PLACE_MAX */
};

struct sw_place {
    uint32_t chosen[SW_PLACE_MAX]; /* indices of nodes, the most preferred first */
    uint32_t n;
    uint32_t missing;  /* copies for which no node is left */
    uint32_t too_full; /* nodes passed over because they lack the room */
    uint32_t crowded;  /* chosen nodes that share their region with one chosen before */
    bool own_region;   /* a chosen node lies in self's region */
};

/* Choose nodes one after the other.  Each time the best is the one whose region holds the fewest
 * copies so far; then one outside self's region; then the one with the highest score, which is
 * the first 8 bytes of BLAKE2b-256(object || name).  So
 * - regions differ as long as there are regions left,
 * - the order of @nodes does not matter,
 * - when a node goes that holds no copy, nothing moves; when one comes, only what it gets.
 * Source: highest random weight, Thaler and Ravishankar 1998. */
void sw_place_choose(const struct sw_place_request *q, const struct sw_place_node *nodes,
                     size_t n_nodes, struct sw_place *out);

#endif
