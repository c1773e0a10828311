/* SPDX-License-Identifier: GPL-3.0-or-later
 * When nothing is broken any longer, every client is served again: a minute after the last fault
 * has ended, and until the next begins, no group of clients fails many times in a row without an
 * answer.  A fault for good promises nothing, so nothing is held against the nodes then. */
#include "sim/world/pool.h"
#include "sim/world/world.h"

#include <stdlib.h>

/* Time to find out, dial, load zones and trust again: stubs give up after 20 s or more, and
 * dials back off to as much. */
#define BOUND (60 * SW_SEC)
/* Failures in a row, over so long, that chance does not explain: one lost segment of a peer's only
 * connection stalls it for seconds, longer than queries wait, and all asked meanwhile fail. */
#define STREAK 8U
#define STALL (20 * SW_SEC)

struct liveness {
    uint32_t active;  /* faults in effect */
    sw_time quiet;    /* since when there is none */
    bool any;         /* there was one */
    uint32_t *failed; /* a group of clients: in a row, since then and the bound */
    sw_time *since;   /* the first of those was sent */
    bool judged;      /* a query was sent in such a time */
};

static int start(struct sim_world *w, void **self)
{
    struct liveness *l = sim_calloc(1, sizeof *l);
    l->failed = sim_calloc(sim_world_scenario(w)->n_clients + 1, sizeof *l->failed);
    l->since = sim_calloc(sim_world_scenario(w)->n_clients + 1, sizeof *l->since);
    *self = l;
    return 0;
}

static void stop(void *self)
{
    struct liveness *l = self;
    free(l->failed);
    free(l->since);
    free(l);
}

static void on_fault(void *self, struct sim_world *w, const struct sim_fault *f, bool begins)
{
    struct liveness *l = self;
    (void)f;
    l->any = true;
    if (begins) {
        l->active++;
    } else if (l->active > 0 && --l->active == 0) {
        l->quiet = sim_world_now(w);
    }
}

static void complain(const struct liveness *l, struct sim_world *w, const struct sim_query_done *q)
{
    const char *region = sim_world_scenario(w)->regions[q->region].name.s;
    const double quiet = (double)(q->sent_at - l->quiet) / 1e9;
    if (l->any) {
        sim_complain(w, "liveness",
                     "clients of %s (group %u) got no answer %u times in a row, though the last "
                     "fault ended %.0f s before",
                     region, q->group, l->failed[q->group], quiet);
    } else {
        sim_complain(w, "liveness",
                     "clients of %s (group %u) got no answer %u times in a row, and no fault since "
                     "the run began %.0f s before (if the network, the load or the zones are meant "
                     "to be so, leave liveness out of `oracles`)",
                     region, q->group, l->failed[q->group], quiet);
    }
}

static void on_query(void *self, struct sim_world *w, const struct sim_query_done *q)
{
    struct liveness *l = self;
    l->judged = l->judged || (l->active == 0 && q->sent_at >= l->quiet + BOUND);
    if (q->answered || l->active > 0 || q->sent_at < l->quiet + BOUND) {
        l->failed[q->group] = 0;
        return;
    }
    if (l->failed[q->group]++ == 0) {
        l->since[q->group] = q->sent_at;
    }
    if (l->failed[q->group] >= STREAK && q->sent_at >= l->since[q->group] + STALL) {
        complain(l, w, q);
    }
}

static bool judged(const void *self)
{
    return ((const struct liveness *)self)->judged;
}

extern const struct sim_watcher sim_oracle_liveness;
const struct sim_watcher sim_oracle_liveness = {
    .name = "liveness",
    .help = "a minute after the last fault ended, all clients are served",
    .oracle = true,
    .start = start,
    .on_query = on_query,
    .on_fault = on_fault,
    .judged = judged,
    .stop = stop,
};
