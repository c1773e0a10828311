/* SPDX-License-Identifier: GPL-3.0-or-later
 * Since when nothing has gone wrong: promises that hold some time after the last fault. */
#ifndef SIM_QUIET_H
#define SIM_QUIET_H

#include "sim/world/world.h"

#include <string.h>

struct sim_quiet {
    uint32_t active; /* faults in effect that promise nothing */
    sw_time since;   /* nothing changed */
};

static inline void sim_quiet_break(struct sim_quiet *q, const struct sim_world *w)
{
    q->since = sim_world_now(w);
}

/* Nodes may be down all the while; any other fault that lasts promises nothing. */
static inline void sim_quiet_fault(struct sim_quiet *q, const struct sim_world *w,
                                   const struct sim_fault *f, bool begins)
{
    sim_quiet_break(q, w);
    if (strcmp(f->kind, "crash") == 0 || strcmp(f->kind, "regional_outage") == 0) {
        return;
    }
    if (begins) {
        q->active++;
    } else if (q->active > 0) {
        q->active--;
    }
}

/* How long it has been quiet; 0 while it is not. */
static inline sw_dur sim_quiet_for(const struct sim_quiet *q, const struct sim_world *w)
{
    return q->active > 0 ? 0 : sim_world_now(w) - q->since;
}

/* A zone's holders agree, and old answers end, so long after the last edit and the last fault: the
 * slowest way there is a connection dialled again (5 s), a holder that says nothing (10 s) and is
 * left alone for up to 32 s. */
#define SIM_ZONE_BOUND (60 * SW_SEC)

#endif
