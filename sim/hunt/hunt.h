/* SPDX-License-Identifier: GPL-3.0-or-later
 * The hunt: worlds, loads and troubles drawn from seeds, run under all oracles until the time is
 * up or one of them complains; what is found is shrunk and written down. */
#ifndef SIM_HUNT_H
#define SIM_HUNT_H

#include "sim/hunt/shrink.h"

struct sim_hunt_progress {
    uint64_t seeds;   /* run clean */
    double simulated; /* s, of those */
    double seconds;   /* since the hunt began */
    uint32_t trials;  /* of the shrinker, once something was found */
    size_t faults, nodes;
};

struct sim_hunt {
    const char *const
        *scenarios; /* paths; each seed adds faults to one of them; none: drawn worlds */
    size_t n_scenarios;
    uint64_t first, last;          /* seeds; SIZE_MAX: as long as there is time */
    double seconds;                /* wall clock */
    uint32_t jobs;                 /* processes at once; >= 1 */
    const char *out;               /* folder for what is found; made when missing */
    const struct sim_hooks *plant; /* errors that tests plant; NULL: none.  No scenario or command
                                    * line reaches it */
    void (*on_progress)(void *self, const struct sim_hunt_progress *p); /* may be NULL */
    void *self;
};

struct sim_hunt_result {
    uint64_t seeds;      /* run clean */
    uint64_t unusable;   /* drawn scenarios that could not be made: an error of ours */
    double simulated;    /* s, of the clean ones */
    uint64_t buggified;  /* of the clean ones, with unlucky nodes */
    uint64_t judged[32]; /* by oracle: in so many of @seeds */
    struct sw_site_count sites[SW_SITE_COUNT]; /* of the core, in those */
    bool found;
    uint64_t seed;
    struct sim_world_options how; /* the drawn scenario was run so */
    struct sim_finding finding;   /* in the scenario as drawn; when unusable, why */
    char scenario[640];           /* as drawn: a file in @out */
    char minimal[640];            /* shrunk; "" when shrinking failed */
    struct sim_shrunk shrunk;     /* its text is freed already */
};

/* Errors: SW_ERR_IO (folder, files, processes), those of sim_scenario_load for @scenarios. */
int sim_hunt(const struct sim_hunt *h, struct sim_hunt_result *out, struct sw_diag *d);

#endif
