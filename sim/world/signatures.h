/* SPDX-License-Identifier: GPL-3.0-or-later
 * Signatures that any node of a world has checked: each is checked once, as all nodes get the same
 * result.  In a swarm of a thousand members a million checks are a thousand. */
#ifndef SIM_SIGNATURES_H
#define SIM_SIGNATURES_H

#include "node/core/node.h"

struct sim_signatures {
    struct sw_verifier verifier; /* for nodes' options */
    struct sim_signature *v;     /* open addressing; a power of two */
    size_t n, cap;
};

void sim_signatures_init(struct sim_signatures *s);
void sim_signatures_fini(struct sim_signatures *s);

#endif
